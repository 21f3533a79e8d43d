"""Fields of the company's own as columns of the list of customers: shown, sorted, filtered.

Owns adding them to the declaration. They are told apart by the field's uid, so that a shared view
means the same on every laptop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Float, cast, func, select

from crmdesk.domain.custom_fields import NO, YES, CustomField, FieldKind
from crmdesk.i18n import _
from crmdesk.services.custom_fields import fields_in
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_KINDS = {
    FieldKind.TEXT: Kind.TEXT, FieldKind.NUMBER: Kind.NUMBER, FieldKind.DATE: Kind.DAY,
    FieldKind.CHOICE: Kind.CHOICE, FieldKind.YES_NO: Kind.CHOICE,
}  # fmt: skip
_WIDTH = 110


def with_own_fields(ws: Workspace, spec: ListSpec) -> ListSpec:
    """The list with a column for every field in use; other lists are as they are."""
    if spec.key != "customers":
        return spec
    with ws.database.read() as connection:
        fields = [one for one in fields_in(connection) if one.active]
        rows = connection.exec_driver_sql("SELECT id, lower(hex(uid)) FROM custom_field")
        uids = {int(row[0]): str(row[1]) for row in rows}
    if not fields:
        return spec
    own = tuple(_column(one, f"own_{uids[one.id]}") for one in fields)
    touched = (*spec.touched, "custom_value", "custom_field")
    return replace(spec, columns=(*spec.columns, *own), touched=touched)


def known_part(spec: ListSpec, query: ListQuery) -> ListQuery:
    """The query without columns that the list has no more."""
    return replace(
        query,
        conditions=tuple(one for one in query.conditions if spec.knows(one.column)),
        sort=query.sort if query.sort is not None and spec.knows(query.sort[0]) else None,
        columns=tuple(pair for pair in query.columns if spec.knows(pair[0])),
    )


def _column(one: CustomField, key: str) -> ListColumn:
    account, value = table("account").c, table("custom_value").c
    # Of two values the newer one holds.
    stored: ColumnElement[str] = (
        select(value.value)
        .where(value.account_id == account.id, value.custom_field_id == one.id)
        .order_by(value.uid.desc())
        .limit(1)
        .scalar_subquery()
    )
    shown: ColumnElement[str] | ColumnElement[float] = func.nullif(stored, "")
    if one.kind is FieldKind.NUMBER:
        shown = cast(func.nullif(stored, ""), Float)
    words = {choice: choice for choice in one.choices}
    if one.kind is FieldKind.YES_NO:
        words = {YES: _("yes"), NO: _("no")}
    kind = _KINDS[one.kind]
    return ListColumn(
        key, lambda: one.name, kind, shown, _WIDTH, shown=False,
        choices=(lambda: words) if kind is Kind.CHOICE else None,
    )  # fmt: skip
