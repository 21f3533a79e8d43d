"""Hours agreed with customers: a planned visit that begins then, or within a window.

Owns ``appointment``, ``window_from`` and ``window_to`` of a planned visit. The planner keeps what
is agreed; what cannot be kept is told with its reason and stays where it is.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.workday import DAY_MINUTES
from crmdesk.i18n import _
from crmdesk.services import plan_steps
from crmdesk.services.queries.locations import POOR_QUALITIES
from crmdesk.services.workspace import Workspace

_LEAST_WINDOW = 120


def agree_hour(
    ws: Workspace, planned_visit_id: int, day: date, first: int, last: int | None = None
) -> ChangeSet:
    """Agree that a visit begins at minute ``first`` of ``day``, or between ``first`` and ``last``.

    The visit takes its place by the clock and stays there in every re-plan. Raises FieldError for
    a time that cannot be, UserError for a visit that is over.
    """
    until = first if last is None else last
    if not 0 <= first <= until < DAY_MINUTES:
        raise FieldError("time", _("The window ends before it begins."))
    if day < ws.today():
        raise FieldError("day", _("That day is over."))
    with ws.database.write() as tx:
        user_id, before = plan_steps.changeable(tx.connection, planned_visit_id)
        _check_place(tx.connection, planned_visit_id, until - first)
        place = plan_steps.place_by_clock(tx.connection, user_id, day, first, planned_visit_id)
        plan_steps.make_room(tx.connection, user_id, day, place, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET date = ?, sequence = ?, appointment = 1, window_from = ?,"
            " window_to = ?, start_minute = ? WHERE id = ?",
            (day.isoformat(), place, first, until, first, planned_visit_id),
        )
        touched = [planned_visit_id]
        for one in sorted({before, day}):
            touched += plan_steps.retime(tx.connection, user_id, one)
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def _check_place(connection: Connection, planned_visit_id: int, window: int) -> None:
    """FieldError for a tight window with a customer of whom only postcode or town are known."""
    row = connection.exec_driver_sql(
        "SELECT a.name, a.location_quality, p.mode FROM planned_visit p"
        " JOIN account a ON a.id = p.account_id WHERE p.id = ?",
        (planned_visit_id,),
    ).one()
    if row.mode == "person" and row.location_quality in POOR_QUALITIES and window < _LEAST_WINDOW:
        raise FieldError(
            "time",
            _(
                "Of {name} only postcode or town are known: agree a window of two hours, or put its"
                " pin on the map first."
            ).format(name=row.name),
        )


def withdraw_hour(ws: Workspace, planned_visit_id: int) -> ChangeSet:
    """The hour no longer holds: the visit may be moved again."""
    with ws.database.write() as tx:
        user_id, day = plan_steps.changeable(tx.connection, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET appointment = 0, window_from = NULL, window_to = NULL"
            " WHERE id = ?",
            (planned_visit_id,),
        )
        touched = [planned_visit_id, *plan_steps.retime(tx.connection, user_id, day)]
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)
