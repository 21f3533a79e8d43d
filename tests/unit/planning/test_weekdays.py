"""Usual weekdays proposed from a plan, and the share of visits that keep them."""

from dataclasses import replace

from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import Weights
from crmdesk.planning.solver import solve
from crmdesk.planning.weekdays import propose_weekdays, share_on_usual_weekday
from tests.unit.planning.territories import make_day, make_problem, make_stop

OPEN = ((540.0, 1080.0),)


def test_a_customer_keeps_the_day_the_plan_sees_it_and_neighbours_follow():
    stops = (
        make_stop("east", 1, 3),
        make_stop("west", 2, 3),
        make_stop("east, not planned", 3, 3),
        make_stop("east, open on Wednesday only", 4, 3, opening=((), (), OPEN)),
        make_stop("never open", 5, 3, opening=((),) * 3),
    )
    points = [(10.0, 0.0), (-10.0, 0.0), (10.5, 0.0), (9.5, 0.0), (0.0, 1.0)]
    problem = make_problem(points, 3, stops=stops)
    plan = plan_from_orders(problem, [[1], [0], []])
    # A Monday-based week: the plan sees the east on Tuesday and the west on Monday.
    assert propose_weekdays(problem, plan)[:2] == [1, 0]
    assert propose_weekdays(problem, plan)[3:] == [2, None]


def test_regularity_counts_visits_with_a_usual_weekday():
    stops = (
        make_stop("a", 1, 2, usual_weekday=0),
        make_stop("b", 2, 2, usual_weekday=0),
        make_stop("c", 3, 2),
    )
    problem = make_problem([(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)], 2, stops=stops)
    assert share_on_usual_weekday(problem, plan_from_orders(problem, [[0, 2], [1]])) == 0.5
    assert share_on_usual_weekday(problem, plan_from_orders(problem, [[], []])) == 1.0


def test_proposed_weekdays_are_kept_for_a_small_bonus():
    days = tuple(make_day(offset) for offset in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11))
    points = [(float(x), float(y)) for x in (-30, 0, 30) for y in (-20, -18, 18, 20)]
    stops = tuple(
        make_stop(f"c{i}", i + 1, 10, interval_days=7.0, last_visit=-7 + i % 3)
        for i in range(len(points))
    )
    problem = make_problem(points, stops=stops, day_list=days, horizon_days=14)
    free = solve(problem, iterations=300)
    usual = propose_weekdays(problem, free)
    regular = replace(
        problem,
        stops=tuple(replace(s, usual_weekday=w) for s, w in zip(stops, usual, strict=True)),
        weights=Weights(usual_weekday=10.0),
    )
    plan = solve(regular, iterations=600, start=free.orders())
    assert share_on_usual_weekday(regular, plan) >= 0.8
    assert plan_from_orders(problem, plan.orders()).worth >= 0.95 * free.worth
