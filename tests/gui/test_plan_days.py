"""What makes a rep's day: leave, holidays, hours and places of its own, covers, agreed hours."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import Role
from crmdesk.gui.views.plan.reasons import unplanned_sentence
from crmdesk.planning.problem import FixedKind
from crmdesk.services import appointments, plans
from crmdesk.services.day_settings import USUAL_DAY, DaySettings, day_settings, set_day
from crmdesk.services.holidays import holidays_between, put_holidays, set_region
from crmdesk.services.leave import Leave, add_leave, leave_between, remove_leave
from crmdesk.services.planning_problem import (
    Objective,
    RepProblem,
    committed_until,
    read_problem,
)
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.rep_days import DayPlace, region_of, rep_days
from crmdesk.services.undo import undo
from crmdesk.services.workspace import Workspace
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import template

__all__ = ["template", "ws"]

MONDAY = TODAY - timedelta(days=1)
NEXT = MONDAY + timedelta(days=7)
HOTEL = DayPlace(42.54, 1.73, "Hotel Canillo")


def run(ws: Workspace, statement: str, *values: Any) -> None:
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(statement, values)


def by_hq(ws: Workspace, statement: str, *values: Any) -> None:
    """As it would come from HQ."""
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE sync_state SET applying = 1 WHERE id = 1")
        connection.exec_driver_sql(statement, values)
        connection.exec_driver_sql("UPDATE sync_state SET applying = 0 WHERE id = 1")


def problem(ws: Workspace, start: date = NEXT, days: int = 7) -> RepProblem:
    return read_problem(ws, ws.user.id, start, days, Objective.MARGIN)


def test_hours_of_leave_are_cut_out_and_whole_days_are_off(ws: Workspace) -> None:
    add_leave(ws, Leave(NEXT, NEXT, from_minute=510, to_minute=660))
    changes = add_leave(ws, Leave(NEXT + timedelta(2), NEXT + timedelta(3), "training"))
    found = problem(ws)
    assert [day.weekday() for day in found.days] == [0, 1, 4]
    assert found.problem.days[0].start == 660
    assert found.problem.days[1].start == 510
    week = queries.week_plan(ws, NEXT)
    assert [day.off for day in week.days] == ["", "", "training", "training", ""]
    assert changes.undo is not None
    undo(ws, changes.undo)
    assert len(problem(ws).days) == 5


def test_leave_that_cannot_be_is_refused(ws: Workspace) -> None:
    add_leave(ws, Leave(NEXT, NEXT + timedelta(1)))
    for wrong, field in (
        (Leave(NEXT + timedelta(1), NEXT + timedelta(3)), "first"),
        (Leave(NEXT + timedelta(9), NEXT + timedelta(8)), "last"),
        (Leave(NEXT + timedelta(8), NEXT + timedelta(9), from_minute=600), "from_minute"),
        (Leave(NEXT, NEXT, from_minute=700, to_minute=600), "to_minute"),
        (Leave(NEXT, NEXT, kind="fishing"), "kind"),
    ):
        with pytest.raises(FieldError) as caught:
            add_leave(ws, wrong)
        assert caught.value.field == field
    (row,) = leave_between(ws, NEXT, NEXT)
    again = remove_leave(ws, row.id)
    assert leave_between(ws, NEXT, NEXT) == ()
    add_leave(ws, again)
    assert leave_between(ws, NEXT, NEXT)[0].leave == row.leave


def test_a_night_away_begins_the_next_day_there(ws: Workspace) -> None:
    set_day(ws, NEXT, DaySettings(end=HOTEL))
    with ws.database.read() as connection:
        days = rep_days(connection, ws.user.id, NEXT, NEXT + timedelta(2), "ES")
    home = days[NEXT].start
    assert home is not None
    assert home.name == ""
    assert days[NEXT].end == HOTEL
    assert (days[NEXT + timedelta(1)].start, days[NEXT + timedelta(1)].end) == (HOTEL, home)
    assert days[NEXT + timedelta(2)].start == home
    first, second, third = problem(ws).problem.days[:3]
    assert first.end_place == second.start_place
    assert first.start_place == second.end_place == third.start_place
    set_day(ws, NEXT, USUAL_DAY)
    first, second = problem(ws).problem.days[:2]
    assert first.end_place == first.start_place == second.start_place


def test_two_shifts_and_kilometres_of_its_own(ws: Workspace) -> None:
    wanted = DaySettings(shifts=((510, 780), (1020, 1200)), max_km=90)
    set_day(ws, NEXT, wanted)
    assert day_settings(ws, NEXT) == wanted
    day = problem(ws).problem.days[0]
    assert (day.start, day.end, day.max_km) == (510, 1200, 90)
    assert [(pause.at, pause.minutes) for pause in day.breaks] == [(780, 240)]
    plan = plans.propose_plan(ws, NEXT, 1, iterations=300).plan
    assert plan.days[0].visits
    assert all(not 780 < visit.timing.start < 1020 for visit in plan.days[0].visits)
    for wrong in (
        DaySettings(shifts=((510, 780), (700, 900))), DaySettings(shifts=((900, 800),)),
        DaySettings(max_km=0), DaySettings(end=DayPlace(91, 0)),
    ):  # fmt: skip
        with pytest.raises(FieldError):
            set_day(ws, NEXT, wrong)


def test_a_holiday_is_that_of_the_country_or_of_the_own_region(ws: Workspace) -> None:
    for day, region in ((0, None), (1, "AN"), (2, "CT")):
        by_hq(
            ws,
            "INSERT INTO holiday (uid, country, region, date, name)"
            " VALUES (randomblob(16), 'ES', ?, ?, 'Fiesta')",
            region, (NEXT + timedelta(day)).isoformat(),
        )  # fmt: skip
    assert [day.weekday() for day in problem(ws).days] == [1, 2, 3, 4]
    by_hq(ws, "UPDATE app_user SET working_week = json_set(working_week, '$.region', 'AN')")
    assert [day.weekday() for day in problem(ws).days] == [2, 3, 4]
    set_day(ws, NEXT, DaySettings(shifts=((540, 780),)))
    assert [day.weekday() for day in problem(ws).days] == [0, 2, 3, 4]


def test_the_office_enters_holidays_and_where_people_live(ws: Workspace) -> None:
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    with pytest.raises(UserError):
        put_holidays(ws, "ES", "", [2026])
    changes = put_holidays(office, "es", "an", [2026])
    assert put_holidays(office, "ES", "AN", [2026]).touched == {}
    rows = holidays_between(ws, date(2026, 1, 1), date(2026, 12, 31))
    assert len(rows) == len(changes.touched["holiday"])
    andalusian = [row.day for row in rows if row.region == "AN"]
    assert date(2026, 2, 28) in andalusian
    with ws.database.read() as connection:
        day = rep_days(connection, ws.user.id, date(2026, 2, 27), date(2026, 3, 2), "ES")
    assert day[date(2026, 3, 2)].off == ""
    set_region(office, ws.user.code, "ES", "AN")
    with ws.database.read() as connection:
        region = region_of(connection, ws.user.id, "FR")
    assert (region.country, region.region) == ("ES", "AN")
    for country, part in (("XX", ""), ("ES", "ZZ")):
        with pytest.raises(FieldError):
            put_holidays(office, country, part, [2026])


def test_customers_abroad_are_closed_on_their_own_holidays(ws: Workspace) -> None:
    by_hq(
        ws, "INSERT INTO holiday (uid, country, date, name)"
        " VALUES (randomblob(16), 'AD', ?, 'Diada')", NEXT.isoformat(),
    )  # fmt: skip
    found = problem(ws).problem
    assert found.days[0].date == NEXT
    assert all(stop.opening[0] == () for stop in found.stops)
    assert any(stop.opening[1] for stop in found.stops)


def test_a_cover_counts_from_its_first_day_to_its_last(ws: Workspace) -> None:
    begins, ends = NEXT + timedelta(2), NEXT + timedelta(3)
    by_hq(
        ws, "UPDATE territory_user SET valid_from = ?, valid_to = ?",
        begins.isoformat(), ends.isoformat(),
    )  # fmt: skip
    found = problem(ws).problem
    assert len(found.stops) == 40
    for stop in found.stops:
        assert [bool(windows) for windows in stop.opening] == [False, False, True, True, False]
    by_hq(ws, "UPDATE territory_user SET valid_from = '2026-12-20', valid_to = NULL")
    assert problem(ws).candidates == ()


def test_a_customer_goes_on_the_day_that_is_written(ws: Workspace) -> None:
    by_hq(ws, "INSERT INTO territory (uid, code, name) VALUES (randomblob(16), 'T9', 'Far')")
    by_hq(
        ws, "INSERT INTO assignment (uid, account_id, territory_id, valid_from)"
        " SELECT randomblob(16), 7, id, ? FROM territory WHERE code = 'T9'",
        (NEXT + timedelta(2)).isoformat(),
    )  # fmt: skip
    stop = next(s for s in problem(ws).problem.stops if s.key == "7")
    assert [bool(windows) for windows in stop.opening] == [True, True, False, False, False]


def test_what_is_planned_before_the_days_counts_as_seen(ws: Workspace) -> None:
    before = {s.key: s.last_visit for s in problem(ws).problem.stops}
    left = plan_reasons.left_out(ws, MONDAY)[0].account_id
    plans.add_visit(ws, left, MONDAY + timedelta(4))
    after = {s.key: s.last_visit for s in problem(ws).problem.stops}
    assert before[str(left)] < -3
    assert after == {**before, str(left): -3}


def test_drives_have_the_company_s_slack(ws: Workspace) -> None:
    with_slack = problem(ws).problem.travel
    by_hq(ws, """UPDATE organisation SET policy = '{"travel_slack_percent": 0}'""")
    bare = problem(ws).problem.travel
    assert with_slack.minutes == pytest.approx([minutes * 1.1 for minutes in bare.minutes])
    assert with_slack.km == bare.km


def test_only_committed_weeks_count_as_announced(ws: Workspace) -> None:
    assert committed_until(TODAY, 2) == NEXT + timedelta(6)
    assert committed_until(TODAY, 1) == MONDAY + timedelta(6)
    assert committed_until(MONDAY + timedelta(4), 1) == NEXT + timedelta(6)
    third = NEXT + timedelta(7)
    plans.add_visit(ws, 3, NEXT + timedelta(1))
    plans.add_visit(ws, 5, third)
    found = problem(ws, NEXT, 14)
    days = {found.days[day] for _stop, day in found.problem.announced}
    assert days == {NEXT + timedelta(1)}
    by_hq(ws, """UPDATE organisation SET policy = '{"plan_weeks": 3}'""")
    found = problem(ws, NEXT, 14)
    assert {found.days[day] for _s, day in found.problem.announced} == {
        NEXT + timedelta(1), third,
    }  # fmt: skip


def _planned(ws: Workspace, account: int, day: date) -> int:
    plans.add_visit(ws, account, day)
    with ws.database.read() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT max(id) FROM planned_visit WHERE account_id = ?", (account,)
            ).scalar_one()
        )


def test_an_agreed_hour_is_kept_by_every_plan(ws: Workspace) -> None:
    visit = _planned(ws, 3, NEXT)
    appointments.agree_hour(ws, visit, NEXT + timedelta(1), 615)
    (fixed,) = problem(ws).problem.fixed
    assert (fixed.kind, fixed.day, fixed.start) == (FixedKind.APPOINTMENT, 1, 615)
    plans.accept_plan(ws, plans.propose_plan(ws, NEXT, 7, iterations=200))
    stop = next(s for d in queries.week_plan(ws, NEXT).days for s in d.stops if s.id == visit)
    assert (stop.day, stop.start_minute, stop.appointment) == (NEXT + timedelta(1), 615, True)
    with pytest.raises(UserError, match="agreed"):
        plans.move_visit(ws, visit, NEXT, 1)
    appointments.withdraw_hour(ws, visit)
    plans.move_visit(ws, visit, NEXT, 1)


def test_an_agreed_window_is_met_even_outside_the_opening_hours(ws: Workspace) -> None:
    visit = _planned(ws, 3, NEXT)
    appointments.agree_hour(ws, visit, NEXT, 900, 960)  # the shop is shut from 14:00 to 17:30
    plan = plans.propose_plan(ws, NEXT, 7, iterations=200)
    assert plan.plan.conflicts == ()
    plans.accept_plan(ws, plan)
    stop = next(s for d in queries.week_plan(ws, NEXT).days for s in d.stops if s.id == visit)
    assert stop.day == NEXT
    assert stop.start_minute is not None
    assert 900 <= stop.start_minute <= 960
    for first, last in ((-1, 20), (700, 600), (1440, 1440)):
        with pytest.raises(FieldError):
            appointments.agree_hour(ws, visit, NEXT, first, last)
    with pytest.raises(FieldError, match="over"):
        appointments.agree_hour(ws, visit, MONDAY, 600)


def test_agreed_visits_on_a_day_off_are_told(ws: Workspace) -> None:
    visit = _planned(ws, 3, NEXT)
    add_leave(ws, Leave(NEXT, NEXT))
    proposal = plans.propose_plan(ws, NEXT, 7, iterations=50)
    assert [day for _name, day in proposal.source.stranded] == [NEXT]
    plans.accept_plan(ws, proposal)
    stop = next(s for d in queries.week_plan(ws, NEXT).days for s in d.stops if s.id == visit)
    assert stop.day == NEXT


def test_more_customers_than_a_plan_weighs_are_named_and_whoever_is_planned_stays(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(problem(ws).candidates)
    monkeypatch.setattr("crmdesk.services.planning_problem.MOST_STOPS", count)
    assert problem(ws).beyond == ()
    some = count - 3
    monkeypatch.setattr("crmdesk.services.planning_problem.MOST_STOPS", some)
    least = problem(ws).beyond[0][0].account_id
    plans.add_visit(ws, least, NEXT)
    found = problem(ws)
    keys = {one.account_id for one in found.candidates}
    out = {one.account_id for one, _due in found.beyond}
    assert least in keys
    assert (len(keys), len(out), len(keys | out)) == (some, 3, count)
    rows = {row.account_id: row for row in plan_reasons.left_out(ws, NEXT)}
    assert {key for key, row in rows.items() if row.code == "beyond"} == out
    assert unplanned_sentence(rows[min(out)], ws.currency, TODAY).startswith("Not weighed: a plan")
    proposal = plans.propose_plan(ws, NEXT, 7, iterations=0)
    assert not out & {
        proposal.candidates[v.stop].account_id for d in proposal.plan.days for v in d.visits
    }
