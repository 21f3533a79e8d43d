"""One field of many rows at once: one transaction, one undo, nothing that the person may not write.

Owns which rows take part. Values are checked as single edits check them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import Role
from crmdesk.i18n import _, format_number
from crmdesk.services.queries.lists.spec import ListColumn, ListSpec
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import Kind, Owner, entity
from crmdesk.storage.rows import Value, storage_form

MOST_ROWS = 5_000
"""HQ takes a transaction whole; more changes than this in one would not fit a request."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BulkEdited:
    """``changed`` rows got the value; ``same`` had it already or are gone."""

    changed: int
    same: int
    changes: ChangeSet


def editable_columns(ws: Workspace, spec: ListSpec) -> tuple[ListColumn, ...]:
    """The columns that this person may change in many rows."""
    return tuple(column for column in spec.columns if column.field and _may(ws, spec, column))


def _may(ws: Workspace, spec: ListSpec, column: ListColumn) -> bool:
    kind = entity(spec.entity)
    if kind.lines is not None or kind.owner is Owner.APPEND:
        return False
    return ws.user.role is not Role.REP or kind.owner_of(column.field) is Owner.BOTH


def edit_rows(
    ws: Workspace, spec: ListSpec, ids: Sequence[int], key: str, value: str | int | None
) -> BulkEdited:
    """Give a column's field one value in all these rows; rows that have it stay untouched.

    Raises UserError when the person may not, FieldError for an impossible value or too many rows.
    """
    column = spec.column(key)
    if column not in editable_columns(ws, spec):
        raise UserError(_("Only the office changes this."))
    if len(ids) > MOST_ROWS:
        raise FieldError(
            key,
            _("These are more than {count} rows.").format(count=format_number(MOST_ROWS)),
            _("Filter the list and change it in parts."),
        )
    cell = _cell(spec, column, value)
    name, field = entity(spec.entity), entity(spec.entity).field(column.field).column
    table = name.table or name.name
    changed: list[int] = []
    with ws.database.write() as tx:
        for start in range(0, len(ids), _AT_ONCE):
            keys = ",".join(str(int(one)) for one in ids[start : start + _AT_ONCE])
            found = tx.connection.exec_driver_sql(
                f'UPDATE {table} SET "{field}" = ? WHERE id IN ({keys})'  # noqa: S608
                f' AND "{field}" IS NOT ? RETURNING id',
                (cell, cell),
            )
            changed += [int(one) for one in found.scalars()]
    changes = ChangeSet.of(spec.entity, changed, undo=tx.txn) if changed else ChangeSet()
    return BulkEdited(len(changed), len(ids) - len(changed), changes)


def _cell(spec: ListSpec, column: ListColumn, value: str | int | None) -> Value:
    field = entity(spec.entity).field(column.field)
    if isinstance(value, str):
        value = value.strip() or None
    if value is None and field.required:
        raise FieldError(column.key, _("This field cannot be empty."))
    if value is not None and column.choices is not None and value not in column.choices():
        raise FieldError(column.key, _("There is no such value."))
    if value is not None and field.kind is Kind.DATE:
        try:
            value = date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise FieldError(column.key, _("This is not a day.")) from error
    if field.kind is Kind.INT and not _is_small(value):
        raise FieldError(column.key, _("This must be a whole number."))
    return storage_form(field, value)


def _is_small(value: str | int | None) -> bool:
    return value is None or (isinstance(value, int) and 0 <= value <= 1_000)
