"""Two searches that meet give one plan, in the time allowed, whatever happens to one of them."""

import time
from multiprocessing.connection import Connection
from typing import cast

import pytest

from crmdesk.planning import together
from crmdesk.planning.problem import FixedVisit, ProblemError
from crmdesk.planning.solver import solve
from crmdesk.planning.together import solve_together
from tests.unit.planning.territories import broken_rules, make_problem

POINTS = [(float(x), float(y)) for x in range(-30, 31, 12) for y in range(-24, 25, 12)]


def test_the_plan_keeps_every_rule_and_the_time():
    problem = make_problem(POINTS, 4)
    began = time.monotonic()
    plan = solve_together(problem, seed=3, seconds=0.8)
    assert broken_rules(problem, plan) == []
    assert plan.worth >= solve(problem, iterations=0).worth
    assert time.monotonic() - began < 10.0


def test_the_better_of_the_two_plans_is_taken(monkeypatch):
    """The one at home stops at once; what comes back is what the other has found."""
    problem = make_problem(POINTS, 4)
    monkeypatch.setattr(together, "_PATIENCE", 10.0)
    good = solve(problem, seed=5, iterations=300)

    class Other:
        def send(self, _mine):
            pass

        def poll(self, _seconds):
            return True

        def recv(self):
            return good.worth, good.orders()

        def close(self):
            pass

    partner = together._Partner(cast("Connection", Other()), 1.0)
    monkeypatch.setattr(together._Partner, "begin", lambda *_arguments: partner)
    assert solve_together(problem, seconds=0.0001).orders() == good.orders()


def test_a_partner_that_is_gone_leaves_one_search():
    class Gone:
        def send(self, _mine):
            raise BrokenPipeError

        def close(self):
            pass

    partner = together._Partner(cast("Connection", Gone()), 1.0)
    problem = make_problem(POINTS, 2)
    plan = solve(problem, iterations=60, meeting=partner)
    assert plan == solve(problem, iterations=60)


def test_malformed_problems_are_refused_before_a_process_starts():
    problem = make_problem([(1.0, 1.0), (2.0, 1.0)], fixed=(FixedVisit(9, 9),))
    with pytest.raises(ProblemError):
        solve_together(problem, seconds=1.0)


def test_nothing_to_plan_needs_no_second_process():
    assert solve_together(make_problem([]), seconds=5.0).visit_count == 0


def test_one_core_gets_one_search(monkeypatch):
    monkeypatch.setattr(together, "_cores", lambda: 1)
    begun = together._Partner.begin(make_problem(POINTS, 4), 1, 5.0, None, time.monotonic, 1.0)
    assert begun is None
