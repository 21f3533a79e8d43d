"""A day under way on the store: skipped, closed, re-planned, mended, driven; each step undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import FieldError, IllegalTransition, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.services import recovery, stops, trips, undo, visits
from crmdesk.services.forecasting import bring_up_to_date
from crmdesk.services.holding import Holding
from crmdesk.services.planning_customers import customers_of
from crmdesk.services.queries.coverage import Outcome, coverage_report
from crmdesk.services.queries.day_travel import day_travel
from crmdesk.services.queries.serving_facts import serving_facts
from crmdesk.services.recovery import Cure
from crmdesk.services.replanning import replan_day_under_way
from crmdesk.services.workspace import Workspace
from crmdesk.storage import upgrading
from tests.db.files import ask


def later(ws: Workspace, **much: int) -> Workspace:
    clock = ws.clock
    assert isinstance(clock, ZoneClock)
    return replace(ws, clock=replace(clock, offset=clock.offset + timedelta(**much)))


def todays(ws: Workspace) -> list[tuple[int, int]]:
    """(planned visit, customer) of today's open visits in person, in their order."""
    return ask(
        ws,
        "SELECT id, account_id FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND status = 'planned' AND mode = 'person' ORDER BY sequence",
        ws.user.id, ws.today().isoformat(),
    )  # fmt: skip


def missed(ws: Workspace, days_ago: int = 1) -> tuple[int, int]:
    """A visit of an earlier day that nobody made, of a customer with nothing planned soon."""
    with ws.database.write() as tx:
        account = tx.connection.exec_driver_sql(
            "SELECT a.id FROM account a WHERE a.status = 'active' AND a.territory_id IN (SELECT"
            " territory_id FROM territory_user WHERE user_id = ?) AND NOT EXISTS (SELECT 1 FROM"
            " planned_visit p WHERE p.account_id = a.id AND p.date >= '2026-11-20')"
            " AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.account_id = a.id"
            " AND v.date >= '2026-11-12') LIMIT 1",
            (ws.user.id,),
        ).scalar()
        if account is None:
            account = tx.connection.exec_driver_sql(
                "SELECT min(id) FROM account WHERE status = 'active'"
            ).scalar_one()
            tx.connection.exec_driver_sql(
                "UPDATE planned_visit SET status = 'cancelled' WHERE account_id = ?"
                " AND date >= '2026-11-20'",
                (account,),
            )
            tx.connection.exec_driver_sql(
                "UPDATE visit SET date = '2026-10-01' WHERE account_id = ?", (account,)
            )
        key = tx.connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date, sequence, start_minute)"
            " VALUES (?, ?, ?, ?, 3, 660) RETURNING id",
            (
                new_uid(), account, ws.user.id,
                (ws.today() - timedelta(days=days_ago)).isoformat(),
            ),
        ).scalar_one()  # fmt: skip
    return int(key), int(account)


_PLAN = "SELECT id, user_id, date, sequence, status, start_minute FROM planned_visit ORDER BY id"


def test_skipping_and_closing_keep_the_reason_and_are_taken_back(ws: Workspace) -> None:
    (stop, _account), (other, _other) = todays(ws)[:2]
    reason = ask(ws, "SELECT id FROM outcome_reason WHERE kind = 'skipped' LIMIT 1")[0][0]
    before = ask(ws, _PLAN)
    steps = [
        stops.skip_stop(ws, stop, reason_id=reason, note=" no bridge "),
        stops.close_stop(ws, other),
    ]
    kept = "SELECT status, reason_id, note FROM planned_visit WHERE id = ?"
    assert ask(ws, kept, stop) == [("missed", reason, "no bridge")]
    assert ask(ws, kept, other) == [("closed", None, None)]
    for step in reversed(steps):
        assert step.undo is not None
        undo.undo(ws, step.undo)
    assert ask(ws, _PLAN) == before


def test_what_is_done_or_runs_is_not_skipped(ws: Workspace) -> None:
    stop, account = todays(ws)[0]
    started = visits.start_visit(ws, account)
    with pytest.raises(UserError):
        stops.skip_stop(ws, stop)
    visits.finish_visit(ws, started.visit_id, VisitOutcome.INFORMATION)
    with pytest.raises(IllegalTransition):
        stops.close_stop(ws, stop)
    with pytest.raises(NotFound):
        stops.skip_stop(ws, 10**9)


def test_a_replan_freezes_the_past_and_what_was_agreed_and_is_one_step(ws: Workspace) -> None:
    rows = todays(ws)
    done, account = rows[0]
    visits.finish_visit(ws, visits.start_visit(ws, account).visit_id, VisitOutcome.INFORMATION)
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET locked = 1 WHERE id = ?", (rows[-1][0],)
        )
    stops.skip_stop(ws, rows[1][0])
    before = ask(ws, _PLAN)
    found = replan_day_under_way(later(ws, minutes=40), seconds=None, iterations=300)
    after = {row[0]: row for row in ask(ws, _PLAN)}
    frozen = {row[0]: row for row in before if row[4] != "planned"}
    assert all(after[key] == row for key, row in frozen.items())
    assert after[done][4] == "done"
    assert after[rows[-1][0]][2] == ws.today().isoformat()
    assert all(move.from_day != move.to_day or move.from_minute != move.to_minute
               for move in found.moves)  # fmt: skip
    names = {move.account_id for move in found.moves}
    changed = {
        ask(ws, "SELECT account_id FROM planned_visit WHERE id = ?", row[0])[0][0]
        for row in after.values()
        for old in [next((b for b in before if b[0] == row[0]), None)]
        if (old is None or old[2] != row[2] or old[4] != row[4]) and row[4] == "planned"
    }
    assert changed <= names
    assert found.changes.undo is not None
    undo.undo(ws, found.changes.undo)
    assert ask(ws, _PLAN) == before


def test_a_skipped_stop_finds_another_day_and_not_today(ws: Workspace) -> None:
    stop, account = todays(ws)[0]
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'cancelled' WHERE account_id = ? AND date > ?"
            " AND status = 'planned'",
            (account, ws.today().isoformat()),
        )
        tx.connection.exec_driver_sql(
            "UPDATE account SET opening_hours = NULL WHERE id = ?", (account,)
        )
    stops.skip_stop(ws, stop)
    found = replan_day_under_way(ws, seconds=None, iterations=300)
    days = ask(
        ws, "SELECT date FROM planned_visit WHERE account_id = ? AND status = 'planned'"
        " AND mode = 'person'", account,
    )  # fmt: skip
    assert days
    assert all(day > ws.today().isoformat() for (day,) in days)
    (move,) = [one for one in found.moves if one.account_id == account]
    assert move.from_day == ws.today()


def test_a_replan_of_the_same_morning_is_the_same(ws: Workspace) -> None:
    found = replan_day_under_way(ws, seconds=None, iterations=200, delay_minutes=30, seed=4)
    assert found.changes.undo is not None
    first = ask(ws, _PLAN)
    undo.undo(ws, found.changes.undo)
    again = replan_day_under_way(ws, seconds=None, iterations=200, delay_minutes=30, seed=4)
    assert [row[1:] for row in ask(ws, _PLAN)] == [row[1:] for row in first]
    assert again.moves == found.moves


def test_a_day_off_is_not_replanned(ws: Workspace) -> None:
    with pytest.raises(UserError):
        replan_day_under_way(later(ws, days=5), seconds=0.1)


def test_what_the_office_was_asked_is_mended_before_the_day_begins_in_utc(ws: Workspace) -> None:
    """At eight in the morning in Vladivostok it is still yesterday in UTC."""
    assert isinstance(ws.clock, ZoneClock)
    zone = ZoneInfo("Asia/Vladivostok")
    morning = datetime.combine(ws.today(), time(8), zone).astimezone(UTC)
    early = replace(ws, clock=replace(ws.clock, zone=zone, source=lambda: morning))
    ws.database.clock = early.clock
    assert early.today() == ws.today() > early.now().date()
    _key, account = missed(early)
    (one,) = [m for m in recovery.missed_visits(early) if m.account_id == account]
    asked = recovery.Mending(
        one, Cure.HAND_OVER, (Cure.HAND_OVER,), None, None, 0, 0, None, 0, None, None, ""
    )
    recovery.apply_cures(early, [asked])
    assert account not in {m.account_id for m in recovery.missed_visits(early)}


def test_a_missed_visit_is_mended_once_and_taken_back_as_one_step(ws: Workspace) -> None:
    key, account = missed(ws)
    (one,) = [m for m in recovery.propose_mending(ws) if m.missed.account_id == account]
    assert one.cure is one.cures[0]
    assert (Cure.MOVE in one.cures) == (one.day is not None)
    before = ask(ws, _PLAN)
    for cure in one.cures:
        changes = recovery.apply_cures(ws, [replace(one, cure=cure)])
        assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", key) == [("missed",)]
        new = ask(
            ws,
            "SELECT n.date, n.mode, n.user_id FROM planned_visit n JOIN planned_visit p"
            " ON p.uid = n.moved_from_uid WHERE p.id = ?",
            key,
        )
        if cure is Cure.MOVE:
            assert one.day is not None
            assert new == [(one.day.isoformat(), "person", ws.user.id)]
        elif cure is Cure.CALL:
            assert [(row[0], row[2]) for row in new] == [(ws.today().isoformat(), ws.user.id)]
            assert new[0][1] != "person"
        else:
            assert new == []
        if cure is Cure.HAND_OVER:
            assert ask(ws, "SELECT kind FROM handover WHERE account_id = ?", account) == [
                ("asked",)
            ]
        still = account in {m.account_id for m in recovery.missed_visits(ws)}
        assert still is (cure is Cure.LEAVE)
        assert changes.undo is not None
        undo.undo(ws, changes.undo)
        assert ask(ws, _PLAN) == before


def test_a_colleague_of_the_same_territory_goes_and_reads_why(ws: Workspace) -> None:
    _key, account = missed(ws)
    with ws.database.write() as tx:
        colleague = tx.connection.exec_driver_sql(
            "SELECT id FROM app_user WHERE code = 'R2'"
        ).scalar_one()
        tx.connection.exec_driver_sql(
            "INSERT INTO territory_user (uid, territory_id, user_id) SELECT ?, territory_id, ?"
            " FROM account WHERE id = ?",
            (new_uid(), colleague, account),
        )
    (one,) = [m for m in recovery.propose_mending(ws) if m.missed.account_id == account]
    assert one.colleague_id == colleague
    recovery.apply_cures(ws, [replace(one, cure=Cure.HAND_OVER)])
    assert ask(
        ws, "SELECT user_id FROM planned_visit WHERE account_id = ? AND date = ?"
        " AND status = 'planned'",
        account, ws.today().isoformat(),
    ) == [(colleague,)]  # fmt: skip
    assert ask(ws, "SELECT kind FROM handover WHERE account_id = ?", account) == [("visit",)]


def test_a_closed_door_counts_neither_as_missed_nor_as_seen(ws: Workspace) -> None:
    key, account = missed(ws, 2)
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'closed' WHERE id = ?", (key,)
        )
        tx.connection.exec_driver_sql(
            "INSERT INTO visit (uid, account_id, user_id, planned_visit_id, date, started_at,"
            " ended_at, outcome) VALUES (?, ?, ?, ?, ?, '2026-11-22T09:00:00.000Z',"
            " '2026-11-22T09:03:00.000Z', 'closed')",
            (
                new_uid(), account, ws.user.id, key,
                (ws.today() - timedelta(days=2)).isoformat(),
            ),
        )  # fmt: skip
    (one,) = [m for m in recovery.missed_visits(ws) if m.account_id == account]
    assert one.status == "closed"


@pytest.mark.parametrize("outcome", ["closed", "absent"])
def test_a_visit_at_which_nobody_was_met_leaves_everything_as_due_as_before(
    ws: Workspace, outcome: str
) -> None:
    stop, account = todays(ws)[0]
    before = _contact_figures(ws, account)
    visit = visits.start_visit(ws, account).visit_id
    visits.finish_visit(ws, visit, VisitOutcome(outcome))
    visits.log_contact(ws, account, VisitMode.CALL, VisitOutcome(outcome))
    assert ask(ws, "SELECT status FROM planned_visit WHERE id = ?", stop) == [("closed",)]
    assert _contact_figures(ws, account) == before
    (line,) = [one for one in coverage_report(ws, ws.today(), ws.today()).planned if one.id == stop]
    assert line.outcome is Outcome.CLOSED
    tomorrow = later(ws, days=1)
    assert account in {one.account_id for one in recovery.missed_visits(tomorrow)}
    with ws.database.write() as tx:
        # A profile from before has counted it.
        tx.connection.exec_driver_sql(
            "UPDATE summary_account SET last_visit_on = ? WHERE account_id = ?",
            (ws.today().isoformat(), account),
        )
        upgrading.after_upgrade(tx.connection, 1)
    assert bring_up_to_date(ws)
    assert _contact_figures(ws, account) == before


def _contact_figures(ws: Workspace, account: int) -> tuple[object, ...]:
    """What every reader of visits says of a customer: planner, coverage, attention, summary."""
    today = ws.today()
    with ws.database.read() as connection:
        holding = Holding(connection, ws.user.id, today, [today])
        (row,) = [c for c in customers_of(connection, holding, today, today) if c.id == account]
    report = coverage_report(ws, today - timedelta(days=27), today)
    (line,) = [one for one in report.customers if one.account_id == account]
    facts = serving_facts(ws).customers[account]
    summary = ask(ws, "SELECT last_visit_on FROM summary_account WHERE account_id = ?", account)
    return row.last_visit, row.last_contact, line, facts, summary


def test_nothing_missed_nothing_proposed(alone: Workspace) -> None:
    assert recovery.propose_mending(alone) == ()


def test_legs_are_kept_with_the_visit_and_make_the_day(ws: Workspace) -> None:
    before = day_travel(ws)
    _stop, account = todays(ws)[0]
    visit = visits.start_visit(ws, account).visit_id
    visits.finish_visit(later(ws, minutes=25), visit, VisitOutcome.INFORMATION)
    after = day_travel(ws)
    assert len(after.rows) == len(before.rows) + 1
    leg = ask(ws, "SELECT travel_m FROM visit WHERE id = ?", visit)[0][0]
    assert after.driven_m - before.driven_m == leg
    assert after.visit_minutes - before.visit_minutes == 25
    changes = trips.take_legs(ws)
    assert day_travel(ws).trip_m == after.driven_m + after.home_m
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert day_travel(ws).trip_m is None


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(-1, None, "start"), (10**8, None, "start"), (100, 99, "end"), (100, 5_000, "end")],
)
def test_an_odometer_that_cannot_be_is_said_at_its_field(
    ws: Workspace, start: int, end: int | None, field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        trips.record_odometer(ws, trips.Odometer(start, end))
    assert refused.value.field == field
    day: date = ws.today()
    assert ask(ws, "SELECT count(*) FROM trip WHERE date = ?", day.isoformat()) == [(0,)]


def test_the_odometer_is_written_down_twice_a_day_in_one_row(ws: Workspace) -> None:
    trips.record_odometer(ws, trips.Odometer(48_210))
    trips.record_odometer(ws, trips.Odometer(48_210, 48_297))
    day = ws.today().isoformat()
    assert ask(ws, "SELECT distance_m FROM trip WHERE date = ?", day) == [(87_000,)]
    assert day_travel(ws).trip_m == 87_000
