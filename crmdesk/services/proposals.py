"""Deciding what reps propose: accept writes the value, dismiss tells the rep why not.

Each decision is one local transaction of its own: the field and the proposal's state go to HQ
together or not at all, and one that HQ refuses does not hold up the others. Reading them is
:mod:`crmdesk.services.queries.proposals`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, NotFound, StaleRevision, UserError
from crmdesk.i18n import _
from crmdesk.services import undo
from crmdesk.services.queries.proposals import decides
from crmdesk.services.workspace import Workspace
from crmdesk.storage.engine import Tx
from crmdesk.storage.entities import ENTITIES, Entity, Owner
from crmdesk.storage.tables import table
from crmdesk.storage.wire_values import local_value

MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision touched, and its transactions, to be taken back together."""

    changes: ChangeSet
    txns: tuple[int, ...]


def accept(ws: Workspace, ids: Sequence[int]) -> Decided:
    """Take proposals over: each writes the proposed value and is marked as accepted.

    A proposal about a price only notes that the order stands as it was agreed. UserError for
    somebody who does not decide, NotFound where one or its row is gone, StaleRevision where one
    has been decided; those before it stay accepted.
    """
    return _decide(ws, ids, "accepted", None)


def dismiss(ws: Workspace, ids: Sequence[int], reason: str) -> Decided:
    """Leave things as they are and tell the rep why; FieldError without a reason."""
    reason = reason.strip()
    if not reason:
        raise FieldError("reason", _("Say why: the rep reads it."))
    if len(reason) > MOST_REASON:
        raise FieldError(
            "reason", _("A reason has at most {most} characters.").format(most=MOST_REASON)
        )
    return _decide(ws, ids, "dismissed", reason)


def take_back(ws: Workspace, txns: Sequence[int]) -> ChangeSet:
    """Undo decisions, the last first: values and proposals are as they were before."""
    changes = ChangeSet()
    for txn in sorted(txns, reverse=True):
        changes |= undo.undo(ws, txn)
    return changes


def _decide(ws: Workspace, ids: Sequence[int], status: str, reason: str | None) -> Decided:
    if not decides(ws.user.role):
        raise UserError(_("The office decides proposals."), _("You see its answer after a sync."))
    changes, txns = ChangeSet(), []
    for key in ids:
        with ws.database.write() as tx:
            changes |= _decide_one(tx, ws, key, status, reason)
            txns.append(tx.txn)
    return Decided(changes, tuple(txns))


def _decide_one(tx: Tx, ws: Workspace, key: int, status: str, reason: str | None) -> ChangeSet:
    proposal = table("proposal")
    row = tx.connection.execute(select(proposal).where(proposal.c.id == key)).first()
    if row is None:
        raise NotFound(_("There is no open proposal {number}.").format(number=key))
    if row.status != "open":
        raise StaleRevision(
            _("This proposal has been decided already."), _("Look at it again after a sync.")
        )
    changes = ChangeSet.of("proposal", [key])
    if status == "accepted" and row.kind == "field":
        changes |= _write_value(tx, row)
    tx.connection.exec_driver_sql(
        "UPDATE proposal SET status = ?, answer = ?, decided_by_id = ?, decided_at = ?"
        " WHERE id = ?",
        (status, reason, ws.user.id, format_instant(ws.now()), key),
    )
    return changes


def _write_value(tx: Tx, row: Any) -> ChangeSet:
    """The proposed value into the row: a field that HQ owns, of an entity that we know."""
    spec = ENTITIES.get(row.entity)
    field = None if spec is None else next((f for f in spec.fields if f.column == row.field), None)
    if spec is None or field is None or not _is_hqs(spec, field.name):
        raise UserError(
            _("This version does not know the field {field}.").format(field=row.field),
            _("Dismiss it, or change the value by hand."),
        )
    value = local_value(tx.connection, spec, field.column, row.proposed)
    if row.proposed is not None and value is None:
        raise NotFound(_("What the proposal refers to is not here."))
    key = tx.connection.exec_driver_sql(
        f"UPDATE {spec.table or spec.name} SET {field.column} = ?"  # noqa: S608 - our own names
        " WHERE uid = ? RETURNING id",
        (value, row.row_uid),
    ).scalar()
    if key is None:
        raise NotFound(_("What the proposal is about is no longer here."))
    return ChangeSet.of(row.entity, [int(key)])


def _is_hqs(spec: Entity, name: str) -> bool:
    return spec.owner_of(name) is Owner.HQ and spec.lines is None
