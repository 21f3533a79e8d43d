"""Calls are proposed when attention is due and no visit comes soon."""

from hypothesis import given, settings

from crmdesk.planning.calls import CallCode, propose_calls
from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import VisitMode, Weights
from crmdesk.planning.solver import solve
from tests.unit.planning.drawn import territories
from tests.unit.planning.territories import make_problem, make_stop


def calls_of(stop, orders=None, *, days=5, per_km=0.3, per_day=None):
    problem = make_problem([(5.0, 0.0)], days, stops=(stop,), weights=Weights(per_km=per_km))
    plan = plan_from_orders(problem, orders or [[] for _day in range(days)])
    return [(c.day, c.code) for c in propose_calls(problem, plan, per_day=per_day)]


def test_a_call_falls_on_its_day_or_the_first_one_after():
    fresh = make_stop("a", 1, 5, last_visit=-3, call_due=2)
    assert calls_of(fresh) == [(2, CallCode.BETWEEN_VISITS)]
    assert calls_of(make_stop("a", 1, 5, last_visit=-3, call_due=-4))[0][0] == 0
    assert calls_of(make_stop("a", 1, 5, last_visit=-3, call_due=9)) == []


def test_a_visit_before_or_soon_after_makes_the_call_superfluous():
    stop = make_stop("a", 1, 8, call_due=2)
    assert calls_of(stop, [[0]] + [[]] * 7, days=8) == []
    assert calls_of(stop, [[]] * 5 + [[0], [], []], days=8) == []
    assert calls_of(stop, [[]] * 6 + [[0], []], days=8) == [(2, CallCode.BETWEEN_VISITS)]


def test_closed_days_are_avoided_where_possible():
    hours = ((540.0, 1080.0),)
    stop = make_stop("a", 1, 5, last_visit=-3, call_due=1, opening=((), (), (), hours, hours))
    assert calls_of(stop)[0][0] == 3
    never = make_stop("a", 1, 5, last_visit=-3, call_due=1, opening=((),) * 5)
    assert calls_of(never)[0][0] == 1


def test_a_drive_that_does_not_pay_becomes_a_call_with_its_break_even():
    problem = make_problem([(20.0, 0.0)], weights=Weights(per_km=4.0))
    call = propose_calls(problem, plan_from_orders(problem, [[]]))[0]
    assert call.break_even is not None
    assert (call.code, round(call.break_even)) == (CallCode.INSTEAD_OF_VISIT, 208)


def test_customers_served_by_call_are_called_when_due():
    stop = make_stop("a", 1, 5, last_visit=-11, mode=VisitMode.VIRTUAL)
    assert calls_of(stop) == [(3, CallCode.SERVED_BY_CALL)]
    called = make_stop("a", 1, 5, last_visit=-11, last_contact=-2, mode=VisitMode.VIRTUAL)
    assert calls_of(called) == []


def test_calls_beyond_the_daily_number_move_on():
    stops = tuple(make_stop(k, i + 1, 2, last_visit=-3, call_due=0) for i, k in enumerate("abc"))
    problem = make_problem([(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)], 2, stops=stops)
    plan = plan_from_orders(problem, [[], []])
    calls = propose_calls(problem, plan, per_day=1)
    assert [(c.day, c.stop) for c in calls] == [(0, 0), (1, 1)]


@settings(max_examples=30, deadline=None)
@given(territories())
def test_no_customer_is_called_twice_or_on_top_of_a_visit(problem):
    plan = solve(problem, iterations=5)
    calls = propose_calls(problem, plan)
    assert len({call.stop for call in calls}) == len(calls)
    for call in calls:
        assert call.day not in plan.days_of(call.stop)
