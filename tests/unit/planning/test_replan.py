"""Re-planning keeps what is done or promised, and recovers most of what was lost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import FixedKind, FixedVisit, Weights
from crmdesk.planning.replan import (
    MOST_CHANGES,
    Situation,
    can_drive,
    remaining_problem,
    replan_day,
    resequence_day,
)
from crmdesk.planning.solver import solve
from tests.benchmarks.wide import wide_territory
from tests.unit.planning.drawn import territories
from tests.unit.planning.territories import (
    broken_rules,
    make_day,
    make_problem,
    make_stop,
    work_minutes,
)

RING = [(12.0, 3.0), (11.0, 5.0), (-8.0, 9.0), (-9.0, -7.0), (4.0, -12.0), (6.0, 6.0), (1.0, 2.0)]


def week():
    """A week of appointments, locks and plain visits, solved."""
    fixed = (FixedVisit(3, 0, FixedKind.APPOINTMENT, 900.0), FixedVisit(4, 2))
    late = {"visit_minutes": 80.0, "last_visit": -40, "interval_days": 28.0}
    stops = tuple(
        make_stop(f"c{i}", i + 1, 3, overdue_per_day=20.0, **late) for i in range(len(RING))
    )
    problem = make_problem(RING, 3, stops=stops, fixed=fixed)
    return problem, solve(problem, iterations=200)


def test_done_and_confirmed_visits_are_never_touched():
    problem, plan = week()
    order = plan.days[0].order
    assert len(order) > 2
    assert order[0] != 3
    done, last = order[:1], problem.stops[order[0]].place
    now = Situation(0, 660.0, last, km_driven=plan.days[0].visits[0].timing.km, done=done)
    later = replan_day(problem, plan, now, iterations=100)
    assert broken_rules(later.problem, later.plan) == []
    assert 3 in later.plan.orders()[0]
    assert 4 in later.plan.orders()[2]
    assert not set(done) & {u for day in later.plan.orders() for u in day}
    starts = [visit.timing.start for visit in later.plan.days[0].visits]
    assert min(starts) >= 660.0
    assert {v.stop: v.timing.start for v in later.plan.days[0].visits}[3] == 900.0


def test_nothing_happened_changes_nothing():
    problem, plan = week()
    later = replan_day(problem, plan, Situation(0, 0.0, 0), iterations=100)
    assert later.changes == ()
    assert later.plan.orders() == plan.orders()
    assert later.plan.worth >= plan.worth


def test_a_closed_shop_moves_to_another_day_and_a_cancelled_one_goes():
    problem, plan = week()
    closed = next(u for u in plan.days[0].order if u != 3)
    later = replan_day(
        problem, plan, Situation(0, 480.0, 0, closed_today=frozenset({closed})), iterations=200
    )
    moved = {change.stop: change for change in later.changes}[closed]
    assert moved.from_days == ()
    assert moved.to_days and 0 not in moved.to_days
    gone = replan_day(
        problem, plan, Situation(0, 480.0, 0, cancelled=frozenset({closed, 3})), iterations=100
    )
    assert not {closed, 3} & {u for day in gone.plan.orders() for u in day}
    assert gone.plan.conflicts == ()


def test_missed_visits_of_yesterday_are_due_again():
    problem, plan = week()
    missed = frozenset((u, 0) for u in plan.days[0].order)
    later = replan_day(problem, plan, Situation(1, 0.0, 0, missed=missed), iterations=200)
    assert later.first_day == 1
    assert len(later.plan.days) == 2
    seen = {u for day in later.plan.orders() for u in day}
    assert set(plan.days[0].order) & seen
    kept = replan_day(problem, plan, Situation(1, 0.0, 0), iterations=200)
    assert not set(plan.days[0].order) & {u for day in kept.plan.orders() for u in day}


def test_an_appointment_that_has_passed_is_told_as_a_conflict():
    problem, plan = week()
    later = replan_day(problem, plan, Situation(0, 930.0, 0), iterations=30)
    assert [(c.stop, c.day) for c in later.plan.conflicts] == [(3, 0)]


@settings(max_examples=60, deadline=None)
@given(territories(), st.data())
def test_no_replanning_breaks_a_hard_rule(problem, data):
    if not problem.days:
        return
    plan = solve(problem, iterations=15)
    day = data.draw(st.integers(0, len(problem.days) - 1))
    order = plan.days[day].order
    done = order[: data.draw(st.integers(0, len(order)))]
    stops = st.integers(0, max(0, len(problem.stops) - 1))
    now = Situation(
        day,
        float(data.draw(st.integers(0, 1300))),
        data.draw(st.integers(0, problem.travel.size - 1)),
        done=done,
        closed_today=data.draw(st.frozensets(stops, max_size=2)) - set(done),
        cancelled=data.draw(st.frozensets(stops, max_size=2)) - set(done),
    )
    later = replan_day(problem, plan, now, iterations=15)
    assert broken_rules(later.problem, later.plan) == []
    today = later.plan.days[0].order
    assert not set(today) & (set(done) | now.closed_today | now.cancelled)
    refused = {(conflict.stop, conflict.day) for conflict in later.plan.conflicts}
    for visit in problem.fixed:
        gone = visit.stop in now.cancelled
        gone |= visit.day == day and visit.stop in {*done, *now.closed_today}
        if visit.day < day or gone:
            continue
        kept = {v.stop: v for v in later.plan.days[visit.day - day].visits}.get(visit.stop)
        assert (kept is None) == ((visit.stop, visit.day - day) in refused)
        if kept is not None and visit.kind is FixedKind.APPOINTMENT:
            agreed, breaks = visit.start, problem.days[visit.day].breaks
            begins = work_minutes(kept.timing.start, breaks)
            assert begins == pytest.approx(work_minutes(agreed, breaks), abs=1e-5)


def test_two_cancelled_visits_are_made_up_for_by_moving_a_few():
    lost = regained = 0.0
    for seed in (3, 4):
        problem = wide_territory(80, seed=seed, weeks=3)
        plan = solve(problem, seed=1, iterations=300)
        gone = frozenset(plan.days[6].order[-2:])
        now = Situation(6, 480.0, 0)
        rest = remaining_problem(problem, plan, now, 0.0)
        orders = [list(day.order) for day in plan.days[6:]]
        without = [[u for u in orders[0] if u not in gone], *orders[1:]]
        floor = plan_from_orders(rest, without).worth
        later = replan_day(problem, plan, replace(now, closed_today=gone), iterations=150)
        lost += plan_from_orders(rest, orders).worth - floor
        regained += plan_from_orders(rest, later.plan.orders()).worth - floor
        assert len(later.changes) <= MOST_CHANGES
    assert regained > 0.5 * lost > 0.0


def visits_moved(later, announced):
    """Visits that left their days, came in or fell out: a visit moved counts once."""
    moved = 0
    orders = later.plan.orders()
    for u in range(len(later.problem.stops)):
        was = {d for d, order in enumerate(announced) if u in order}
        now = {d for d, order in enumerate(orders) if u in order}
        moved += max(len(was - now), len(now - was))
    return moved


@pytest.mark.parametrize("most", [0, 1, 3, 12])
def test_no_more_visits_move_than_are_allowed(most):
    problem = wide_territory(80, seed=5, weeks=3)
    plan = solve(problem, seed=1, iterations=300)
    gone = frozenset(plan.days[6].order[-2:])
    later = replan_day(
        problem, plan, Situation(6, 480.0, 0, closed_today=gone), iterations=100, stability=0.0,
        most_changes=most,
    )  # fmt: skip
    announced = [[u for u in day.order if u not in gone or day.day > 6] for day in plan.days[6:]]
    assert visits_moved(later, announced) <= most
    assert (later.changes == ()) == (most == 0)


def test_a_day_that_has_lost_more_than_twelve_visits_may_find_room_for_them_all():
    problem = wide_territory(80, seed=5, weeks=3)
    plan = solve(problem, seed=1, iterations=200)
    day = max(range(10), key=lambda d: len(plan.days[d].order))
    gone = frozenset(plan.days[day].order)
    assert len(gone) > 6
    now = Situation(day, 480.0, 0, closed_today=gone)
    later = replan_day(problem, plan, now, iterations=150, stability=0.0)
    assert MOST_CHANGES < len(later.changes) <= 2 * len(gone)


def test_what_the_clock_has_dropped_counts_and_nothing_else_moves():
    problem = wide_territory(80, seed=5, weeks=3)
    plan = solve(problem, seed=1, iterations=200)
    day = max(range(10), key=lambda d: len(plan.days[d].order))
    now = Situation(day, 1040.0, 0)
    late = replan_day(problem, plan, now, iterations=50, most_changes=0)
    dropped = set(plan.days[day].order) - set(late.plan.days[0].order)
    assert dropped
    assert visits_moved(late, [list(one.order) for one in plan.days[day:]]) <= len(dropped)


def test_resequencing_finds_the_shortest_order():
    problem = make_problem([(float(x), 0.0) for x in (30, 10, 40, 20)])
    result = resequence_day(problem, 0, [0, 1, 2, 3])
    assert result.left_out == ()
    plan = plan_from_orders(problem, [result.order])
    assert plan.km == pytest.approx(2 * 1.3 * 40.0)


def test_resequencing_keeps_appointments_and_says_who_is_left_out():
    fixed = (FixedVisit(1, 0, FixedKind.APPOINTMENT, 850.0),)
    stops = tuple(make_stop(k, i + 1, 1, visit_minutes=100.0) for i, k in enumerate("abcd"))
    points = [(2.0, 0.0), (3.0, 0.0), (4.0, 0.0), (5.0, 0.0)]
    problem = make_problem(points, stops=stops, fixed=fixed)
    result = resequence_day(problem, 0, range(4))
    assert 1 in result.order
    assert len(result.order) == 3
    assert sorted((*result.order, *result.left_out)) == [0, 1, 2, 3]
    assert can_drive(problem, 0, result.order)
    assert resequence_day(problem, 0, []).order == ()


def test_driving_by_the_minute_when_kilometres_are_free():
    problem = make_problem([(30.0, 0.0), (-10.0, 0.0), (40.0, 0.0)], weights=Weights(per_km=0.0))
    order = resequence_day(problem, 0, [0, 1, 2]).order
    assert order.index(1) in (0, 2)
    shorter = replace(problem, days=(make_day(end=800.0),))
    assert can_drive(shorter, 0, resequence_day(shorter, 0, [0, 1, 2]).order)
