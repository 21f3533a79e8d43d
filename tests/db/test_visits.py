"""Visits: what a call leaves alone, and what a visit that was never ended comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.services import visits
from crmdesk.services.workspace import Workspace
from tests.db.files import ask


def _planned_stop(ws: Workspace) -> tuple[int, int]:
    (row,) = ask(
        ws,
        "SELECT id, account_id FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND status = 'planned' AND mode = 'person' ORDER BY sequence LIMIT 1",
        ws.user.id,
        ws.today().isoformat(),
    )
    return row


def _tomorrow(ws: Workspace) -> Workspace:
    clock = ws.clock
    assert isinstance(clock, ZoneClock)
    return replace(ws, clock=replace(clock, offset=clock.offset + timedelta(days=1)))


def test_a_call_does_not_make_the_drive_unnecessary(ws: Workspace) -> None:
    stop, account = _planned_stop(ws)
    visits.log_contact(ws, account, VisitMode.CALL, VisitOutcome.INFORMATION)
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", stop) == [("planned",)]
    started = visits.start_visit(ws, account)
    assert ask(ws, "SELECT planned_visit_id FROM visit WHERE id = ?", started.visit_id) == [(stop,)]


def test_a_visit_left_open_is_ended_the_next_day(ws: Workspace) -> None:
    stop, account = _planned_stop(ws)
    visit_id = visits.start_visit(ws, account).visit_id
    assert not visits.end_forgotten_visits(ws).touched
    changes = visits.end_forgotten_visits(_tomorrow(ws))
    assert changes.touched["visit"] == {visit_id}
    outcome, started, ended = ask(
        ws, "SELECT outcome, started_at, ended_at FROM visit WHERE id = ?", visit_id
    )[0]
    assert outcome == "information"
    assert started < ended < started[:11] + "23:59"
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", stop) == [("done",)]
