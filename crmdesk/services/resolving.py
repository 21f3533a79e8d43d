"""Resolving by number what sync brought: keep one side or a value, retry or discard a refusal.

Owns the steps behind ``crmdesk conflicts`` and ``crmdesk refusals``; what the sync centre's
buttons do is :mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _
from crmdesk.services import settling
from crmdesk.services.document_numbers import next_number
from crmdesk.services.orders import submit_order
from crmdesk.services.workspace import Workspace
from crmdesk.storage.entities import Entity, entity
from crmdesk.storage.tables import conflict, journal, refusal
from crmdesk.storage.wire_values import local_value


def resolve_conflict(ws: Workspace, number: int, keep: str) -> ChangeSet:
    """Settle a conflict by its number: ``keep`` is mine, theirs, or another value for the field.

    Raises NotFound when it is not open, UserError when HQ decides the field, FieldError for a
    value that the field cannot hold.
    """
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT kept, state FROM conflict WHERE id = ?", (number,)
        ).first()
    if row is None or row[1] != "open":
        raise NotFound(_("There is no open conflict {number}.").format(number=number))
    if keep == row[0]:
        return settling.settle(ws, "conflict", [number])
    if keep in ("mine", "theirs"):
        return settling.restore_other(ws, number)
    return settling.settle_with(ws, number, keep)


def discard_refusal(ws: Workspace, number: int) -> ChangeSet:
    """Leave a refused change as HQ has it. NotFound when there is no such open refusal."""
    with ws.database.read() as connection:
        parts = _step(connection, _refused(connection, number))
    return settling.settle(ws, "refused", [one.id for one in parts])


def retry_refusal(ws: Workspace, number: int) -> ChangeSet:
    """Make a refused step again, so that the next sync sends it: all its parts, or none.

    Raises NotFound when there is no such open refusal or its row has gone, UserError when the
    step cannot be made again from here.
    """
    with ws.database.read() as connection:
        refused = _refused(connection, number)
        parts = _step(connection, refused)
    documents = [one for one in parts if entity(one.entity).local_while is not None]
    if documents:
        take_up_order(ws, [one.id for one in documents])
        changes = _submit_again(ws, entity(documents[0].entity), documents[0].uid)
        return changes | settling.settle(ws, "refused", [one.id for one in parts])
    changes = ChangeSet()
    with ws.database.write() as tx:
        for one in parts:
            spec = entity(one.entity)
            key = _again(tx.connection, spec, one.uid, one.op, json.loads(one.fields or "{}"))
            changes |= ChangeSet.of(one.entity, [key])
            tx.connection.execute(
                update(refusal)
                .where(refusal.c.id == one.id)
                .values(state="retried", settled_at=format_instant(ws.now()), settled_txn=tx.txn)
            )
    ids = [one.id for one in parts]
    return ChangeSet({**changes.touched, "conflict": frozenset(ids)}, undo=tx.txn)


def take_up_order(ws: Workspace, numbers: Sequence[int]) -> ChangeSet:
    """Make a refused order ready to be changed and submitted: a number that is taken is replaced.

    Refusals of other things, and orders that have a new number already, stay as they are.
    """
    changes = ChangeSet()
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        for number in numbers:
            row = run(
                "SELECT o.id FROM refusal r JOIN sales_order o ON o.uid = r.uid WHERE r.id = ?"
                " AND r.entity = 'order' AND r.code = 'duplicate' AND o.status = 'draft'"
                " AND (o.number = json_extract(r.fields, '$.number[1]') OR o.number LIKE '%~%')",
                (number,),
            ).first()
            if row is not None:
                fresh = next_number(tx.connection, ws, "")
                run("UPDATE sales_order SET number = ? WHERE id = ?", (fresh, row[0]))
                changes |= ChangeSet.of("order", [int(row[0])])
    return changes


def retry_refusals(ws: Workspace, numbers: Sequence[int]) -> ChangeSet:
    """Make the steps behind several refusals again; those of one step count once."""
    changes = ChangeSet()
    for number in numbers:
        with ws.database.read() as connection:
            still_open = bool(_read(connection, refusal.c.id == number))
        if still_open:
            changes |= retry_refusal(ws, number)
    return changes


def reopen_number(ws: Workspace, kind: str, number: int) -> ChangeSet:
    """Take back how a conflict or a refused step was settled, by its number.

    NotFound when it is not settled; raises what :func:`crmdesk.services.settling.reopen` raises.
    """
    source = refusal if kind == "refused" else conflict
    with ws.database.read() as connection:
        row = connection.execute(
            select(source.c.state, source.c.settled_txn).where(source.c.id == number)
        ).first()
        if row is None or row.state == "open":
            raise NotFound(_("{number} is not settled.").format(number=number))
        ids = [number]
        if row.settled_txn is not None:
            same = select(source.c.id).where(source.c.settled_txn == row.settled_txn)
            ids = [int(one) for one in connection.scalars(same)]
    return settling.reopen(ws, kind, ids)


@dataclass(frozen=True, slots=True)
class _Refused:
    id: int
    txn: int
    entity: str
    uid: bytes
    fields: str | None
    op: str


def _refused(connection: Connection, number: int) -> _Refused:
    found = _read(connection, refusal.c.id == number)
    if not found:
        raise NotFound(_("There is no open refusal {number}.").format(number=number))
    return found[0]


def _step(connection: Connection, one: _Refused) -> list[_Refused]:
    """What was refused together with it, in order; commands go with their document."""
    if one.txn == 0:
        return [one]
    return [part for part in _read(connection, refusal.c.txn == one.txn) if part.op != "C"] or [one]


def _read(connection: Connection, where: ColumnElement[bool]) -> list[_Refused]:
    r = refusal.c
    query = (
        select(r.id, r.txn, r.entity, r.uid, r.fields, func.coalesce(journal.c.op, "U"))
        .select_from(refusal.outerjoin(journal, journal.c.seq == r.seq))
        .where(r.state == "open", where)
        .order_by(r.seq)
    )
    return [_Refused(*row) for row in connection.execute(query)]


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
