"""Of too many customers those stay that promise most, and whoever is in a plan already."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.planning.foremost import foremost
from crmdesk.planning.problem import FixedVisit, VisitMode
from tests.unit.planning.drawn import territories
from tests.unit.planning.territories import make_problem, make_stop


def problem_of(*changes, **more):
    stops = tuple(make_stop(f"c{i}", i + 1, 3, **one) for i, one in enumerate(changes))
    return make_problem([(float(i), 1.0) for i in range(len(stops))], 3, stops=stops, **more)


def test_worth_urgency_and_the_length_of_the_visit_decide():
    problem = problem_of(
        {"margin": 50.0}, {"margin": 100.0}, {"margin": 100.0, "visit_minutes": 200.0},
        {"margin": 50.0, "last_visit": -40, "overdue_per_day": 30.0},
    )  # fmt: skip
    assert foremost(problem, most=1) == [3]
    assert foremost(problem, most=2) == [1, 3]
    assert foremost(problem, most=3) == [0, 1, 3]


def test_whoever_cannot_be_seen_comes_last_and_calls_that_are_due_before_none():
    problem = problem_of(
        {"margin": 900.0, "opening": ((),) * 3}, {"margin": 900.0, "last_visit": 0},
        {"margin": 900.0, "location_known": False}, {"margin": 1.0},
        {"margin": 900.0, "mode": VisitMode.VIRTUAL, "call_due": 1},
        {"margin": 900.0, "mode": VisitMode.VIRTUAL, "call_due": 90},
    )  # fmt: skip
    assert foremost(problem, most=1) == [3]
    assert foremost(problem, most=2) == [3, 4]


def test_whoever_is_fixed_announced_or_asked_for_stays_whatever_they_promise():
    problem = problem_of({"margin": 1.0}, {"margin": 2.0}, {"margin": 3.0}, {"margin": 400.0})
    fixed = replace(problem, fixed=(FixedVisit(0, 1),))
    assert foremost(fixed, most=2) == [0, 3]
    assert foremost(replace(problem, announced=frozenset({(1, 2)})), most=1) == [1]
    assert foremost(problem, {0, 1, 2}, most=1) == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(territories(), st.integers(0, 12))
def test_the_limit_is_kept_and_more_room_drops_nobody(problem, most):
    held = {v.stop for v in problem.fixed} | {u for u, _day in problem.announced}
    found = foremost(problem, most=most)
    assert found == sorted(set(found))
    assert len(found) == min(len(problem.stops), max(most, len(held)))
    assert held <= set(found) <= set(foremost(problem, most=most + 1))
