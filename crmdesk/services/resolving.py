"""Resolving by number what sync brought: keep one side or a value, retry or discard a refusal.

Owns the steps behind ``crmdesk conflicts`` and ``crmdesk refusals``; what the sync centre's
buttons do is :mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.i18n import _
from crmdesk.services import settling
from crmdesk.services.orders import submit_order
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import Entity, Field, Kind, Owner, entity
from crmdesk.storage.rows import Value
from crmdesk.storage.wire_values import local_value


def resolve_conflict(ws: Workspace, number: int, keep: str) -> ChangeSet:
    """Settle a conflict by its number: ``keep`` is mine, theirs, or another value for the field.

    Raises NotFound when it is not open, UserError when HQ decides the field, FieldError for a
    value that the field cannot hold.
    """
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT entity, uid, field, kept, state FROM conflict WHERE id = ?", (number,)
        ).first()
    if row is None or row[4] != "open":
        raise NotFound(_("There is no open conflict {number}.").format(number=number))
    if keep == row[3]:
        return settling.settle(ws, "conflict", [number])
    if keep in ("mine", "theirs"):
        return settling.restore_other(ws, number)
    spec = entity(row[0])
    field = next((f for f in spec.fields if row[2] in (f.name, f.column)), None)
    if field is None:
        raise UserError(_("Keep mine or theirs: this conflict is not about one field."))
    if (field.owner or spec.owner) is Owner.HQ:
        raise UserError(_("HQ decides this field."), _("Keep mine or theirs."))
    value = _typed(field, keep)
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            f"UPDATE {spec.table or spec.name} SET {field.column} = ?"  # noqa: S608 - own names
            " WHERE uid = ? RETURNING id",
            (value, row[1]),
        ).scalar()
        if key is None:
            raise NotFound(_("This is no longer on this computer."))
        tx.connection.exec_driver_sql(
            "UPDATE conflict SET state = 'restored' WHERE id = ?", (number,)
        )
    return ChangeSet({row[0]: frozenset({int(key)}), "conflict": frozenset({number})}, undo=tx.txn)


def _typed(field: Field, text: str) -> Value:
    """What a person typed as the value of a field."""
    try:
        if field.kind in (Kind.INT, Kind.MONEY, Kind.PRICE, Kind.QUANTITY, Kind.BOOL):
            return int(text)
        if field.kind is Kind.REAL:
            return float(text)
        if field.kind is Kind.DATE:
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FieldError(
            field.name,
            _("The field {field} cannot hold {value}.").format(field=field.name, value=text),
        ) from None
    if field.kind is not Kind.TEXT:
        raise FieldError(field.name, _("Keep mine or theirs: this field is not typed by hand."))
    return text


def discard_refusal(ws: Workspace, number: int) -> ChangeSet:
    """Leave a refused change as HQ has it. NotFound when there is no such open refusal."""
    with ws.database.read() as connection:
        _refused(connection, number)
    return settling.settle(ws, "refused", [number])


def retry_refusal(ws: Workspace, number: int) -> ChangeSet:
    """Make a refused change again, so that the next sync sends it.

    Raises NotFound when there is no such open refusal or its row has gone, UserError when the
    change cannot be made again from here.
    """
    with ws.database.read() as connection:
        name, uid, fields, op = _refused(connection, number)
    spec = entity(name)
    if spec.local_while is not None:
        changes = _submit_again(ws, spec, uid)
    else:
        with ws.database.write() as tx:
            key = _again(tx.connection, spec, uid, op, json.loads(fields or "{}"))
        changes = ChangeSet.of(name, [key], undo=tx.txn)
    return changes | settling.settle(ws, "refused", [number])


def _refused(connection: Connection, number: int) -> tuple[str, bytes, str | None, str]:
    row = connection.exec_driver_sql(
        "SELECT r.entity, r.uid, r.fields, r.state, j.op FROM refusal r"
        " LEFT JOIN journal j ON j.seq = r.seq WHERE r.id = ?",
        (number,),
    ).first()
    if row is None or row[3] != "open":
        raise NotFound(_("There is no open refusal {number}.").format(number=number))
    return str(row[0]), bytes(row[1]), row[2], str(row[4] or "U")


def _submit_again(ws: Workspace, spec: Entity, uid: bytes) -> ChangeSet:
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            f"SELECT id, status FROM {spec.table or spec.name} WHERE uid = ?",  # noqa: S608
            (uid,),
        ).first()
    if row is None or row[1] != "draft" or spec.name != "order":
        raise UserError(
            _("This cannot be sent again as it was."), _("Open it, correct it and submit it.")
        )
    return submit_order(ws, int(row[0]))


def _again(
    connection: Connection, spec: Entity, uid: bytes, op: str, fields: dict[str, Any]
) -> int:
    run = connection.exec_driver_sql
    table = spec.table or spec.name
    if op not in ("I", "U"):
        raise UserError(_("This cannot be sent again as it was."), _("Do the step once more."))
    known = {f.column for f in spec.fields}
    cells = {
        column: local_value(connection, spec, column, pair[1])
        for column, pair in fields.items()
        if column in known
    }
    if op == "I":
        marks = ", ".join("?" * (len(cells) + 1))
        found = run(
            f"INSERT INTO {table} (uid, {', '.join(cells)}) VALUES ({marks})"  # noqa: S608
            " ON CONFLICT (uid) DO NOTHING RETURNING id",
            (uid, *cells.values()),
        ).scalar()
    else:
        pairs = ", ".join(f"{column} = ?" for column in cells)
        found = run(
            f"UPDATE {table} SET {pairs} WHERE uid = ? RETURNING id",  # noqa: S608
            (*cells.values(), uid),
        ).scalar()
    if found is None:
        raise NotFound(_("This is no longer on this computer."))
    return int(found)
