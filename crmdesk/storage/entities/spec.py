"""The shape of an entity specification: fields, owner, scope, lines.

One specification gives two stores: the laptop's tables (integer keys plus uid) and HQ's tables
(account_id, uid), the journal triggers, the wire format and the authorisation matrix. What the
entities are is written in the sibling modules; how tables are made of them is
:mod:`crmdesk.storage.tables` and :mod:`crmdesk.hq.database.tables`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Owner(StrEnum):
    """Who may write, and with it the conflict rule (``data-model.md``)."""

    HQ = "H"
    REP = "R"
    BOTH = "B"
    APPEND = "A"


class Scope(StrEnum):
    """Which set of rows a device must have to hold a row of the entity."""

    ACCOUNT = "account"
    CATALOGUE = "catalogue"
    REFERENCE = "reference"
    USER = "user"
    OFFICE = "office"


class Kind(StrEnum):
    """What a field holds; decides the column type in both stores and the wire form.

    ``MONEY`` minor units, ``PRICE`` 1e-4 of the major unit, ``QUANTITY`` base units (or packs):
    all integers. ``REF`` is a foreign key; ``UID`` names a row without one, across accounts.
    """

    TEXT = "text"
    INT = "int"
    REAL = "real"
    BOOL = "bool"
    DATE = "date"
    INSTANT = "instant"
    JSON = "json"
    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    REF = "ref"
    UID = "uid"


INTEGER_KINDS = frozenset({Kind.INT, Kind.MONEY, Kind.PRICE, Kind.QUANTITY})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``owner`` overrides the entity's owner for this field only.

    ``since`` is the schema version that brought it; an HQ of an older one does not know it.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    default: str | int | None = None
    ref: str | None = None
    owner: Owner | None = None
    indexed: bool = False
    since: int = 1

    @property
    def column(self) -> str:
        """The column's name in both stores."""
        if self.kind is Kind.REF:
            return f"{self.name}_id"
        return f"{self.name}_uid" if self.kind is Kind.UID else self.name


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that live and travel inside their document, keyed by (document, position)."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when there is none."""
        return _named(self.fields, name)


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of row. ``table`` differs from ``name`` only where SQL reserves the word.

    ``local_while`` is a field and value: while it holds the row stays on this laptop (drafts).
    ``unique`` and ``indexes`` name columns; uniqueness is per organisation. ``since`` is the schema
    version that brought the entity. ``office_only``: facts that only the office may add.
    ``named_by`` are the columns that make its uid: two laptops' rows of the same are one.
    """

    name: str
    owner: Owner
    scope: Scope
    fields: tuple[Field, ...]
    table: str = ""
    lines: Lines | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    local_while: tuple[str, str] | None = None
    since: int = 1
    office_only: bool = False
    named_by: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when there is none."""
        return _named(self.fields, name)

    def owner_of(self, name: str) -> Owner:
        """Who owns one field."""
        return self.field(name).owner or self.owner

    @property
    def in_account(self) -> bool:
        """True for rows that belong to an account and move with it."""
        return self.scope is Scope.ACCOUNT and self.name != "account"

    def parents(self) -> tuple[str, ...]:
        """Entities that must be there before a row of this one (itself left out)."""
        every = (*self.fields, *(self.lines.fields if self.lines else ()))
        return tuple(
            dict.fromkeys(f.ref for f in every if f.ref is not None and f.ref != self.name)
        )


def _named(fields: tuple[Field, ...], name: str) -> Field:
    for field in fields:
        if field.name == name:
            return field
    raise KeyError(name)


def text(name: str, default: str | None = None, *, indexed: bool = False) -> Field:
    """Text; with a default it is required."""
    return Field(name, Kind.TEXT, default is not None, default, indexed=indexed)


def integer(name: str, default: int | None = None) -> Field:
    """An integer; with a default it is required."""
    return Field(name, Kind.INT, default is not None, default)


def money(name: str, default: int | None = 0) -> Field:
    """Minor units of the document's or organisation's currency."""
    return Field(name, Kind.MONEY, default is not None, default)


def price(name: str, default: int | None = None) -> Field:
    """A unit price at 1e-4 of the major unit."""
    return Field(name, Kind.PRICE, default is not None, default)


def quantity(name: str, default: int | None = None) -> Field:
    """A whole number of base units or packs."""
    return Field(name, Kind.QUANTITY, default is not None, default)


def real(name: str) -> Field:
    """A measured value that is neither money nor a quantity (coordinates)."""
    return Field(name, Kind.REAL)


def flag(name: str, default: int = 0) -> Field:
    """True or false."""
    return Field(name, Kind.BOOL, required=True, default=default)


def day(name: str, *, indexed: bool = False) -> Field:
    """A local date."""
    return Field(name, Kind.DATE, indexed=indexed)


def instant(name: str) -> Field:
    """An instant in UTC."""
    return Field(name, Kind.INSTANT)


def document(name: str) -> Field:
    """A small JSON document."""
    return Field(name, Kind.JSON)


def ref(name: str, to: str = "", *, required: bool = False, indexed: bool = False) -> Field:
    """A foreign key to another entity (or to the one of the same name)."""
    return Field(name, Kind.REF, required, ref=to or name, indexed=indexed)


def uid(name: str, *, indexed: bool = False) -> Field:
    """The uid of a row that may lie in another account or may have left: no foreign key."""
    return Field(name, Kind.UID, indexed=indexed)


def must(field: Field) -> Field:
    """The same field, required."""
    return replace(field, required=True)


def new(field: Field) -> Field:
    """The same field, brought by schema 2."""
    return replace(field, since=2)


def by_hq(field: Field) -> Field:
    """The same field, written by HQ only."""
    return replace(field, owner=Owner.HQ)


ACCOUNT = ref("account", required=True, indexed=True)
