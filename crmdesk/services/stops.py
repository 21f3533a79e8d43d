"""Stops of the day that do not happen: skipped for a reason, or closed when one was there.

Owns what becomes of the planned visit. A closed customer is not a missed visit: it has a status of
its own and is told apart wherever visits are counted. Visits themselves are
:mod:`crmdesk.services.visits`'.
"""

from __future__ import annotations

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.states import PlanStatus, check_plan_step
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

SKIP_REASONS = "skipped"
CLOSED_REASONS = "closed"


def skip_stop(
    ws: Workspace, planned_visit_id: int, *, reason_id: int | None = None, note: str = ""
) -> ChangeSet:
    """A planned stop is not visited today: it counts as missed, with the reason.

    Raises UserError for one whose visit runs, NotFound for one that has gone. Can be undone.
    """
    return _leave_out(ws, planned_visit_id, PlanStatus.MISSED, reason_id, note)


def close_stop(
    ws: Workspace, planned_visit_id: int, *, reason_id: int | None = None, note: str = ""
) -> ChangeSet:
    """The customer was closed; the stop is over and not missed. Can be undone."""
    return _leave_out(ws, planned_visit_id, PlanStatus.CLOSED, reason_id, note)


def _leave_out(
    ws: Workspace, key: int, status: PlanStatus, reason_id: int | None, note: str
) -> ChangeSet:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run("SELECT status, account_id FROM planned_visit WHERE id = ?", (key,)).first()
        if row is None:
            raise NotFound(_("This stop is no longer in the plan."))
        if row[0] == PlanStatus.STARTED:
            raise UserError(_("The visit has begun."), _("End it with Space and say how it went."))
        check_plan_step(PlanStatus(row[0]), status)
        run(
            "UPDATE planned_visit SET status = ?, reason_id = ?, note = ? WHERE id = ?",
            (status.value, reason_id, note.strip() or None, key),
        )
    return ChangeSet(
        {"planned_visit": frozenset({key}), "account": frozenset({int(row[1])})}, undo=tx.txn
    )
