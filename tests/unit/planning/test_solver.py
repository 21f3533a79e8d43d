"""The solver keeps every hard rule, finds what is best on small problems, and is reproducible."""

import itertools
import pickle
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.planning.model import Model
from crmdesk.planning.plan import ConflictCode, PlanError, plan_from_orders
from crmdesk.planning.problem import (
    Break,
    FixedKind,
    FixedVisit,
    Problem,
    ProblemError,
    Weights,
)
from crmdesk.planning.routes import NO_POSITION, Routes
from crmdesk.planning.schedule import timetable
from crmdesk.planning.solver import Progress, solve
from crmdesk.planning.travel import Matrix
from crmdesk.planning.value import CoverageValue, SaturatingValue
from tests.unit.planning.drawn import territories
from tests.unit.planning.territories import (
    broken_rules,
    make_day,
    make_problem,
    make_stop,
)

RING = [(12.0, 3.0), (11.0, 5.0), (-8.0, 9.0), (-9.0, -7.0), (4.0, -12.0), (6.0, 6.0), (1.0, 2.0)]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(territories(), st.integers(0, 5))
def test_no_plan_breaks_a_hard_rule(problem, seed):
    plan = solve(problem, seed=seed, iterations=40)
    assert broken_rules(problem, plan) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(territories())
def test_insertions_found_are_exactly_the_ones_that_can_be_driven(problem):
    """The O(1) check against rebuilding the timetable at every position."""
    plan = solve(problem, iterations=10)
    model = Model(problem)
    routes = Routes(model)
    routes.load(plan.orders())
    assert routes.worth == pytest.approx(plan.worth, abs=1e-6)
    for d, order in enumerate(plan.orders()):
        for u in range(len(problem.stops)):
            if u in order or not model.can_visit[u * model.days + d]:
                continue
            drivable = [
                k
                for k in range(len(order) + 1)
                if timetable(problem, d, [*order[:k], u, *order[k:]]) is not None
            ]
            position = routes.find(u, d)
            if position != NO_POSITION:
                assert position - 1 in drivable
            else:
                assert drivable == []


@settings(max_examples=25, deadline=None)
@given(territories(absurd=False), st.integers(0, 3))
def test_same_seed_and_iterations_give_the_same_plan(problem, seed):
    assert solve(problem, seed=seed, iterations=30) == solve(problem, seed=seed, iterations=30)


def test_the_best_plan_of_a_small_day_is_found():
    stops = tuple(
        make_stop(f"c{i}", i + 1, 1, margin=20.0 + 9.0 * i, visit_minutes=60.0)
        for i in range(len(RING))
    )
    problem = make_problem(RING, stops=stops, day_list=(make_day(end=840.0),))
    best = 0.0
    for count in range(len(RING) + 1):
        for order in permutations(range(len(RING)), count):
            if timetable(problem, 0, order) is not None:
                best = max(best, plan_from_orders(problem, [order]).worth)
    assert solve(problem, iterations=300).worth == pytest.approx(best)


def test_nothing_to_plan_gives_an_empty_plan():
    assert solve(make_problem([])).visit_count == 0
    no_days = Problem((), (), Matrix(0, [], []))
    assert solve(no_days).days == ()
    closed = make_stop("a", 1, 1, opening=((),))
    assert solve(make_problem([(1.0, 0.0)], stops=(closed,))).visit_count == 0


def test_one_customer_is_visited_when_it_pays():
    assert solve(make_problem([(10.0, 0.0)])).orders() == [[0]]
    dear = make_problem([(10.0, 0.0)], weights=Weights(per_km=10.0))
    assert solve(dear).orders() == [[]]


def test_appointments_and_locks_are_kept_whatever_they_cost():
    fixed = (FixedVisit(3, 0, FixedKind.APPOINTMENT, 900.0), FixedVisit(4, 1))
    problem = make_problem(RING, 2, fixed=fixed, weights=Weights(per_km=50.0))
    plan = solve(problem, iterations=100)
    assert plan.orders() == [[3], [4]]
    assert plan.days[0].visits[0].timing.start == 900.0
    assert plan.days[1].visits[0].fixed is FixedKind.LOCKED


@pytest.mark.parametrize(
    ("fixed", "code"),
    [
        ((FixedVisit(0, 0, FixedKind.APPOINTMENT, 120.0),), ConflictCode.OUTSIDE_SHIFT),
        ((FixedVisit(1, 0),), ConflictCode.CLOSED),
        ((FixedVisit(2, 0),), ConflictCode.TOO_FAR),
        (
            (
                FixedVisit(0, 0, FixedKind.APPOINTMENT, 600.0),
                FixedVisit(3, 0, FixedKind.APPOINTMENT, 605.0),
            ),
            ConflictCode.NO_TIME,
        ),
    ],
)
def test_impossible_fixed_visits_are_told_not_raised(fixed, code):
    stops = (
        make_stop("a", 1, 1),
        make_stop("b", 2, 1, opening=((),)),
        make_stop("c", 3, 1),
        make_stop("d", 4, 1),
    )
    points = [(5.0, 0.0), (0.0, 5.0), (140.0, 0.0), (-5.0, 0.0)]
    problem = make_problem(points, stops=stops, fixed=fixed)
    plan = solve(problem, iterations=20)
    assert [(c.stop, c.code) for c in plan.conflicts] == [(fixed[-1].stop, code)]
    assert broken_rules(problem, plan) == []


def test_the_gap_decides_the_day():
    """A weekly customer is seen twice in a fortnight, about a week apart."""
    days = tuple(make_day(offset) for offset in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11))
    stop = make_stop("a", 1, 10, interval_days=7.0, last_visit=-5)
    problem = make_problem([(5.0, 0.0)], stops=(stop,), day_list=days, horizon_days=14)
    plan = solve(problem, iterations=200)
    offsets = [problem.offset(d) for d in plan.days_of(0)]
    assert len(offsets) == 2
    assert 5 <= offsets[1] - offsets[0] <= 9


def test_carry_over_keeps_early_visits_for_next_week():
    stop = make_stop("a", 1, 5, interval_days=28.0, last_visit=-12, overdue_per_day=0.0)
    closed_period = make_problem([(5.0, 0.0)], 5, stops=(stop,))
    rolling = make_problem([(5.0, 0.0)], 5, stops=(stop,), weights=Weights(carry_over=0.9))
    assert solve(closed_period, iterations=50).visit_count == 1
    assert solve(rolling, iterations=50).visit_count == 0
    late = make_stop("a", 1, 5, interval_days=28.0, last_visit=-40, overdue_per_day=0.0)
    overdue = make_problem([(5.0, 0.0)], 5, stops=(late,), weights=Weights(carry_over=0.9))
    assert solve(overdue, iterations=50).days_of(0) == [0]


def test_the_usual_weekday_draws_a_visit():
    stop = make_stop("a", 1, 5, usual_weekday=3)
    weights = Weights(usual_weekday=30.0)
    plan = solve(make_problem([(5.0, 0.0)], 5, stops=(stop,), weights=weights), iterations=60)
    assert plan.days_of(0) == [3]


def test_coverage_counts_customers_not_margins():
    stops = (
        make_stop("rich", 1, 1, margin=500.0, visit_minutes=240.0),
        make_stop("poor", 2, 1, margin=5.0, visit_minutes=100.0),
        make_stop("poorer", 3, 1, margin=4.0, visit_minutes=100.0),
    )
    points = [(3.0, 0.0), (0.0, 3.0), (1.0, 3.0)]
    day = (make_day(end=840.0),)
    margin = make_problem(points, stops=stops, day_list=day)
    coverage = make_problem(points, stops=stops, day_list=day, value=CoverageValue())
    assert solve(margin, iterations=100).orders() == [[0]]
    assert sorted(solve(coverage, iterations=100).orders()[0]) == [1, 2]


def test_problems_and_plans_travel_to_a_worker_process():
    problem = make_problem(RING, 2, fixed=(FixedVisit(1, 0),))
    plan = solve(problem, iterations=20)
    assert pickle.loads(pickle.dumps((problem, plan))) == (problem, plan)  # noqa: S301  (ours)


def test_progress_is_told_and_never_gets_worse():
    seen: list[Progress] = []
    plan = solve(make_problem(RING, 3), iterations=200, on_progress=seen.append)
    assert seen[-1].share == 1.0
    worths = [progress.worth for progress in seen]
    assert worths == sorted(worths)
    assert plan.worth == pytest.approx(worths[-1])
    assert [list(order) for order in seen[-1].orders] == plan.orders()


def test_cancelling_returns_the_best_so_far():
    calls = itertools.count(1)

    def cancelled() -> bool:
        return next(calls) > 3

    problem = make_problem(RING, 3)
    plan = solve(problem, iterations=100_000, cancelled=cancelled)
    assert 0 < plan.iterations < 200
    assert broken_rules(problem, plan) == []


def test_seconds_end_the_search_by_the_given_clock():
    ticks = iter(range(10_000))
    plan = solve(make_problem(RING, 2), seconds=20.0, clock=lambda: float(next(ticks)))
    assert 0 < plan.iterations < 1000


def test_a_former_plan_is_a_start():
    problem = make_problem(RING, 3)
    good = solve(problem, iterations=400)
    again = solve(problem, iterations=0, start=good.orders())
    assert again.worth >= good.worth - 1e-6


def test_malformed_problems_are_refused_in_sentences():
    stops = (
        make_stop("a", 9, 1),
        make_stop("a", 1, 3, interval_days=0.0, visit_minutes=-1.0, margin=float("nan")),
    )
    day = make_day(
        max_km=-1.0, end_place=7, start=float("nan"), breaks=(Break(700, 60), Break(750, -1))
    )
    problem = make_problem(
        [(1.0, 0.0)],
        stops=stops,
        day_list=(day, make_day()),
        fixed=(FixedVisit(5, 0), FixedVisit(0, 0, FixedKind.APPOINTMENT)),
    )
    with pytest.raises(ProblemError) as caught:
        solve(problem)
    assert len(caught.value.faults) >= 12
    assert all(fault.endswith(".") for fault in caught.value.faults)


def test_orders_that_cannot_be_driven_are_refused():
    with pytest.raises(PlanError):
        plan_from_orders(make_problem([(300.0, 0.0)]), [[0]])


def test_values_grow_with_the_gap_and_saturate():
    value = SaturatingValue()
    worths = [value.visit_value(100.0, 14.0, gap) for gap in range(100)]
    assert worths[0] == 0.0
    assert worths == sorted(worths)
    assert worths[14] == pytest.approx(71.66, abs=0.01)
    assert worths[-1] == pytest.approx(100.0)
    assert value.overdue_days(8.0, 9.0) == 0.0
    assert value.overdue_days(8.0, 12.0) == 2.0
