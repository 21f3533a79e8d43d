"""HQ's tables, made from the entity specification, and the platform's own tables.

Account-scoped rows are keyed by (account_id, uid), so that every key, unique index and foreign key
starts with the distribution column and the schema can be laid on a distributed PostgreSQL as it
is; catalogue, people and value are reference tables keyed by uid. Uniqueness across accounts
(codes, document numbers) is kept in ``unique_value``. Rows are never deleted: ``deleted`` is a
tombstone. How values look on the wire is :mod:`crmdesk.hq.database.wire`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind, Owner, Scope

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(),
    Kind.INT: BigInteger(),
    Kind.REAL: Float(53),
    Kind.BOOL: Boolean(),
    Kind.DATE: Date(),
    Kind.INSTANT: DateTime(timezone=True),
    Kind.JSON: JSONB(none_as_null=True),
    Kind.MONEY: BigInteger(),
    Kind.PRICE: BigInteger(),
    Kind.QUANTITY: BigInteger(),
    Kind.REF: Uuid(),
    Kind.UID: Uuid(),
}

ROW_COLUMNS = ("rev", "deleted", "clocks", "extra")
"""What HQ keeps of a row beside its fields."""


def table_name(entity: Entity) -> str:
    """The name of an entity's table; the same as on the laptop."""
    return entity.table or entity.name


def by_account(entity: Entity) -> bool:
    """True when rows are keyed by (account_id, uid)."""
    return entity.scope is Scope.ACCOUNT


def _default(field: Field) -> Any:
    if field.default is None:
        return None
    if field.kind is Kind.BOOL:
        return text("true" if field.default else "false")
    if field.kind is Kind.TEXT:
        return text("'" + str(field.default).replace("'", "''") + "'")
    return text(str(field.default))


def _column(field: Field) -> Column[Any]:
    return Column(
        field.column,
        _TYPES[field.kind],
        nullable=not field.required,
        server_default=_default(field),
    )


def _foreign_keys(fields: tuple[Field, ...], *, in_account: bool) -> list[ForeignKeyConstraint]:
    keys = []
    for field in fields:
        if field.kind is not Kind.REF or not field.ref:
            continue
        target = ENTITIES[field.ref]
        name = table_name(target)
        if field.ref == "account":
            keys.append(ForeignKeyConstraint([field.column], [f"{name}.account_id"]))
        elif not by_account(target):
            keys.append(ForeignKeyConstraint([field.column], [f"{name}.uid"]))
        elif in_account:
            keys.append(
                ForeignKeyConstraint(
                    ["account_id", field.column], [f"{name}.account_id", f"{name}.uid"]
                )
            )
        else:
            raise ValueError(f"{field.name} refers from a reference table into an account")
    return keys


def _row_columns(entity: Entity) -> list[Column[Any]]:
    columns: list[Column[Any]] = [
        Column("rev", BigInteger, nullable=False, server_default=text("1")),
        Column("deleted", Boolean, nullable=False, server_default=text("false")),
    ]
    if entity.owner is Owner.BOTH:
        columns.append(Column("clocks", JSONB(none_as_null=True)))
    columns.append(Column("extra", JSONB(none_as_null=True)))
    return columns


@cache
def references_to(entity_name: str) -> tuple[tuple[str, str, bool], ...]:
    """Who refers to an entity: (table, column, whether that table holds rows of accounts)."""
    found = []
    for entity in ENTITIES.values():
        every = [(table_name(entity), entity.fields)]
        if entity.lines is not None:
            every.append((entity.lines.name, entity.lines.fields))
        for name, fields in every:
            found += [(name, f.column, by_account(entity)) for f in fields if f.ref == entity_name]
    return tuple(found)


def global_uniques(entity: Entity) -> tuple[tuple[str, ...], ...]:
    """Unique column groups of an account-scoped entity that hold across accounts."""
    if not by_account(entity):
        return ()
    return tuple(columns for columns in entity.unique if "account_id" not in columns)


def _entity_tables(entity: Entity) -> None:
    name = table_name(entity)
    key: list[Any] = [Column("uid", Uuid(), primary_key=True)]
    in_account = by_account(entity)
    fields = tuple(f for f in entity.fields if not (in_account and f.column == "account_id"))
    rules: list[Any] = _foreign_keys(fields, in_account=in_account)
    if in_account:
        key.insert(0, Column("account_id", Uuid(), primary_key=True))
        if entity.name == "account":
            rules.append(UniqueConstraint("account_id"))
            rules.append(CheckConstraint("account_id = uid", name="itself"))
        else:
            rules.append(ForeignKeyConstraint(["account_id"], ["account.account_id"]))
    table = Table(
        name, metadata, *key, *(_column(f) for f in fields), *_row_columns(entity), *rules
    )
    if in_account:
        Index(None, table.c.uid)
    for columns in entity.unique:
        if columns in global_uniques(entity):
            continue
        ordered = sorted(columns, key=lambda column: column != "account_id")
        Index(
            f"uq_{name}_{'_'.join(ordered)}",
            *(table.c[column] for column in ordered),
            unique=True,
            postgresql_where=text("NOT deleted"),
        )
    if entity.lines is None:
        return
    Table(
        entity.lines.name,
        metadata,
        Column("account_id", Uuid(), primary_key=True),
        Column("parent_uid", Uuid(), primary_key=True),
        Column("position", Integer, primary_key=True),
        *(_column(field) for field in entity.lines.fields),
        ForeignKeyConstraint(["account_id", "parent_uid"], [f"{name}.account_id", f"{name}.uid"]),
        *_foreign_keys(entity.lines.fields, in_account=True),
    )


for _entity in ENTITIES.values():
    _entity_tables(_entity)

_account = metadata.tables["account"]
Index("ix_account_territory", _account.c.territory_id)
# Who names a digest decides who may have its bytes.
Index("ix_attachment_sha256", metadata.tables["attachment"].c.sha256)

# -- platform ------------------------------------------------------------------------------

_NOW = func.now()
_AT = DateTime(timezone=True)


def _platform(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts)


hq_state = _platform(
    "hq_state", Column("key", Text, primary_key=True), Column("value", Text, nullable=False)
)
"""Facts of this HQ: epoch, signing secret, schema version."""

credential = _platform(
    "credential",
    Column("user_id", Uuid(), primary_key=True),
    Column("password_hash", Text, nullable=False),
    ForeignKeyConstraint(["user_id"], ["app_user.uid"]),
)

hq_device = _platform(
    "hq_device",
    Column("device_id", Uuid(), primary_key=True),
    Column("user_id", Uuid(), nullable=False, index=True),
    Column("key_hash", LargeBinary, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'active'")),
    Column("enrolled_at", _AT, nullable=False, server_default=_NOW),
    Column("last_seen_at", _AT),
    Column("schema_version", Integer, nullable=False, server_default=text("1")),
    Column("clock_offset_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("program", Text),
    Column("waiting", BigInteger),
    ForeignKeyConstraint(["user_id"], ["app_user.uid"]),
    ForeignKeyConstraint(["device_id"], ["device.uid"]),
)
"""What HQ alone knows of a device. status: active, retiring, retired, wiped, cloned.
``waiting`` is how many changes it last said had not been sent yet."""

attempt = _platform(
    "attempt",
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("first_at", _AT, nullable=False, server_default=_NOW),
    Column("locked_until", _AT),
)
"""Failed sign-ins by what was tried (a device, an address, a user): the rate limit's memory."""

enrolment = _platform(
    "enrolment",
    Column("code_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid(), nullable=False),
    Column("device_id", Uuid()),
    Column("expires_at", _AT, nullable=False),
    Column("used_at", _AT),
    ForeignKeyConstraint(["user_id"], ["app_user.uid"]),
)

op_result = _platform(
    "op_result",
    Column("device_id", Uuid(), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("answer", Text, nullable=False),
)
"""The stored answer to every op: a retry is told the same, a clone is found out."""

change = _platform(
    "change",
    Column("account_id", Uuid(), primary_key=True),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("entity", Text, nullable=False),
    Column("uid", Uuid(), nullable=False),
    Column("op", Text, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("fields", JSONB(none_as_null=True)),
    Column("user_id", Uuid()),
    Column("device_id", Uuid()),
    Column("txn", BigInteger),
    Column("hlc", BigInteger),
    Column("at", _AT, nullable=False, server_default=_NOW),
)
"""Who changed what and when; of rows outside accounts under the zero account."""

outbox = _platform(
    "outbox",
    Column("scope", Text, primary_key=True),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("entity", Text, nullable=False),
    Column("uid", Uuid(), nullable=False),
    Column("account_id", Uuid()),
    Column("device_id", Uuid()),
    Column("at", _AT, nullable=False, server_default=_NOW),
)
"""Committed changes on their way into the feed."""

feed = _platform(
    "feed",
    Column("scope", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("uid", Uuid(), primary_key=True),
    Column("account_id", Uuid()),
    Column("device_id", Uuid()),
    Column("position", BigInteger, nullable=False),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Index("uq_feed_position", "scope", "position", unique=True),
)
"""The latest position of every changed row per scope; the row itself is read where it lives.
``device_id`` is who changed it last: that device has it already."""

scope_head = _platform(
    "scope_head",
    Column("scope", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("horizon", BigInteger, nullable=False, server_default=text("0")),
)
"""``horizon``: up to here tombstones have been forgotten; who stands before it starts anew."""

scope_sum = _platform(
    "scope_sum",
    Column("scope", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("buckets", LargeBinary, nullable=False),
    Column("at", _AT, nullable=False, server_default=_NOW),
)
"""Checksums of a scope as of a position: 256 sums of 8 bytes, and as many counts."""

blob = _platform(
    "blob",
    Column("sha256", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    Column("user_id", Uuid(), index=True),
    Column("device_id", Uuid()),
    Column("at", _AT, nullable=False, server_default=_NOW),
)
"""Bytes of attachments, by their digest: who may have them is decided by the attachment's row."""

blob_chunk = _platform(
    "blob_chunk",
    Column("sha256", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    ForeignKeyConstraint(["sha256"], ["blob.sha256"]),
)

quarantine = _platform(
    "quarantine",
    Column("device_id", Uuid(), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("txn", BigInteger, nullable=False),
    Column("op", Text, nullable=False),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("state", Text, nullable=False, server_default=text("'held'")),
)
"""Unsent work of a device that is retiring. state: held, taken, dismissed."""

audit = _platform(
    "audit",
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("user_id", Uuid()),
    Column("device_id", Uuid()),
    Column("action", Text, nullable=False),
    Column("detail", JSONB(none_as_null=True)),
)

unique_value = _platform(
    "unique_value",
    Column("entity", Text, primary_key=True),
    Column("columns", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("account_id", Uuid(), nullable=False),
    Column("uid", Uuid(), nullable=False),
)
"""Account codes and document numbers: unique across accounts."""


def table(entity_name: str) -> Table:
    """HQ's table of an entity, or of its lines (``order_line``)."""
    entity = ENTITIES.get(entity_name)
    return metadata.tables[table_name(entity) if entity else entity_name]
