"""The plan as it is read: the week, its totals, who is left out and why, filling free time."""

from datetime import date, timedelta

import pytest

from crmdesk.services import fill, plans
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import template

__all__ = ["template", "ws"]

MONDAY = TODAY - timedelta(days=1)
ALWAYS_CLOSED = [[[540, 541]]] * 7


def _week(ws: Workspace) -> queries.WeekRow:
    return queries.week_plan(ws, MONDAY)


def _days(week: queries.WeekRow) -> dict[int, date]:
    return {stop.id: stop.day for day in week.days for stop in day.stops}


def test_a_week_adds_up(ws: Workspace) -> None:
    week = _week(ws)
    assert [day.day for day in week.days] == [MONDAY + timedelta(days=n) for n in range(5)]
    assert week.visits == 25
    assert week.margin_minor == sum(s.margin_minor or 0 for day in week.days for s in day.stops)
    assert week.km == pytest.approx(sum(day.km for day in week.days))
    for day in week.days:
        # Five legs of 4.2 km and the way home.
        assert day.km > 5 * 4.2
        assert day.shift_minutes == (375 if day.day.weekday() == 4 else 525)
        assert 0 < day.work_minutes <= 600
    assert week.usual_share is not None
    assert 0 <= week.usual_share <= 1


def test_work_runs_from_leaving_home_to_being_back_without_lunch(ws: Workspace) -> None:
    day = _week(ws).days[2]
    first, last = day.stops[0], day.stops[-1]
    back = day.drive_minutes - sum(stop.leg_minutes for stop in day.stops)
    assert first.start_minute is not None
    assert last.start_minute is not None
    span = last.start_minute + last.minutes + back - first.start_minute + first.leg_minutes
    assert day.work_minutes == span - 75


def test_leave_and_holidays_are_named_and_have_no_hours(ws: Workspace) -> None:
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO user_leave (uid, user_id, from_date, to_date, kind)"
            " SELECT randomblob(16), id, '2026-12-01', '2026-12-02', 'holiday' FROM app_user"
        )
        tx.connection.exec_driver_sql(
            "INSERT INTO holiday (uid, country, date, name)"
            " VALUES (randomblob(16), 'ES', '2026-12-03', 'Sant Nicolau')"
        )
    week = queries.week_plan(ws, date(2026, 11, 30))
    assert [day.off for day in week.days] == ["", "holiday", "holiday", "Sant Nicolau", ""]
    assert [day.shift_minutes > 0 for day in week.days] == [True, False, False, False, True]


def test_who_is_left_out_is_everybody_else_with_a_reason(ws: Workspace) -> None:
    rows = plan_reasons.left_out(ws, MONDAY)
    planned = {stop.account_id for day in _week(ws).days for stop in day.stops}
    closed = {s.account_id for day in _week(ws).days for s in day.stops if s.status == "closed"}
    assert {row.account_id for row in rows} == set(range(1, 41)) - planned | closed
    assert [row.account_id for row in rows if row.closed_on == MONDAY] == list(closed)
    assert all(row.code for row in rows)
    worth = [row.expected_minor for row in rows]
    assert worth == sorted(worth, reverse=True)
    fits = [row for row in rows if row.fits_on is not None]
    assert fits
    assert all(TODAY <= row.fits_on <= MONDAY + timedelta(days=6) for row in fits if row.fits_on)


def test_nothing_fits_on_a_day_that_cannot_be_driven_as_it_is(ws: Workspace) -> None:
    fitting = [row for row in plan_reasons.left_out(ws, MONDAY) if row.fits_on is not None]
    day = fitting[0].fits_on
    assert day is not None
    # Its second customer is closed all day: the order cannot be driven beyond the first.
    second = [s for s in next(d for d in _week(ws).days if d.day == day).stops if s.in_person][1]
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE account SET opening_hours = ? WHERE id = ?",
            (dump_json(ALWAYS_CLOSED), second.account_id),
        )
    left = plan_reasons.left_out(ws, MONDAY)
    assert left
    assert all(row.fits_on != day for row in left)
    assert not any(one.fits for row in left for one in row.days if one.day == day)


def test_a_week_that_is_over_leaves_nobody_out(ws: Workspace) -> None:
    assert plan_reasons.left_out(ws, MONDAY - timedelta(days=7)) == ()


def test_filling_moves_nobody_to_another_day(ws: Workspace) -> None:
    before = _days(_week(ws))
    proposal = fill.propose_fill(ws, TODAY, 6, seconds=0.4)
    plans.accept_plan(ws, proposal)
    after = _days(_week(ws))
    assert {key: after[key] for key in before} == before
    assert len(after) > len(before)
