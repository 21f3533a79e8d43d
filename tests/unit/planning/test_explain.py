"""Reasons for what is in the plan and for what is not."""

import pytest
from hypothesis import given, settings

from crmdesk.planning.explain import (
    Explainer,
    OmissionCode,
    VisitCode,
    conflict_text,
    explain_omissions,
    explain_visits,
    omission_text,
    visit_text,
)
from crmdesk.planning.plan import Conflict, ConflictCode, plan_from_orders
from crmdesk.planning.problem import FixedKind, FixedVisit, VisitMode, Weights
from crmdesk.planning.solver import solve
from tests.unit.planning.drawn import territories
from tests.unit.planning.territories import make_day, make_problem, make_stop


def money(amount: float) -> str:
    return f"€{amount:.0f}"


def only_omission(point=(5.0, 0.0), *, weights=None, day_list=None, orders=None, **stop):
    """Why the one customer of a one-day problem is left out."""
    days = day_list or (make_day(),)
    customer = make_stop("a", 1, len(days), **stop)
    problem = make_problem([point], stops=(customer,), day_list=days, weights=weights or Weights())
    plan = plan_from_orders(problem, orders or [[] for _day in days])
    return explain_omissions(problem, plan)[0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"opening": ((),)}, OmissionCode.CLOSED),
        ({"opening": (((0.0, 300.0),),)}, OmissionCode.CLOSED),
        ({"point": (200.0, 0.0)}, OmissionCode.TOO_FAR),
        ({"last_visit": -6}, OmissionCode.TOO_SOON),
        ({"last_visit": -10}, OmissionCode.NOT_DUE),
        ({"mode": VisitMode.VIRTUAL}, OmissionCode.VIRTUAL),
        ({"location_known": False}, OmissionCode.UNKNOWN_PLACE),
        ({"weights": Weights(per_km=9.0)}, OmissionCode.CALL_INSTEAD),
        ({}, OmissionCode.NO_TIME),
    ],
)
def test_every_omission_has_its_reason(changes, code):
    omission = only_omission(**changes)
    assert omission.code is code
    assert len(omission_text(omission, money)) > 10


def test_a_call_is_proposed_with_its_break_even():
    omission = only_omission((20.0, 0.0), weights=Weights(per_km=4.0))
    assert omission.code is OmissionCode.CALL_INSTEAD
    assert omission.detour_km == pytest.approx(52.0)
    assert omission.break_even == pytest.approx(208.0)
    assert omission.expected == pytest.approx(71.66, abs=0.01)
    assert omission_text(omission, money) == (
        "call instead: 52 km of driving cost €208, it expects €72; a visit pays from €208 of margin"
    )


def test_visits_tell_due_date_expectation_and_detour():
    stops = (make_stop("a", 1, 1), make_stop("b", 2, 1, last_visit=-20, usual_weekday=0))
    problem = make_problem([(10.0, 0.0), (14.0, 0.0)], stops=stops)
    first, second = explain_visits(problem, plan_from_orders(problem, [[0, 1]]))
    assert (first.code, second.code) == (VisitCode.DUE, VisitCode.OVERDUE)
    assert first.detour_km == pytest.approx(0.0)
    assert second.detour_km == pytest.approx(1.3 * 8.0)
    assert second.travel_cost == pytest.approx(0.3 * 1.3 * 8.0)
    text = visit_text(second, money, {0: "Lucena"}.__getitem__)
    assert text == (
        "overdue, was due Tue 24 Feb, expects €94, "
        "10 km off the route after Lucena, the usual weekday"
    )


def test_fixed_and_early_visits_say_so():
    stops = tuple(make_stop(k, i + 1, 1, last_visit=-9) for i, k in enumerate("abc"))
    fixed = (FixedVisit(0, 0), FixedVisit(1, 0, FixedKind.APPOINTMENT, 700.0))
    points = [(3.0, 0.0), (4.0, 0.0), (2.0, 0.0)]
    problem = make_problem(points, stops=stops, fixed=fixed)
    plan = plan_from_orders(problem, [[0, 1, 2]])
    reasons = explain_visits(problem, plan)
    assert [reason.code for reason in reasons] == [
        VisitCode.LOCKED,
        VisitCode.APPOINTMENT,
        VisitCode.EARLY_ON_THE_WAY,
    ]
    assert reasons[2].due == problem.due_date(2)


def test_why_not_on_a_chosen_day():
    days = (make_day(0), make_day(1))
    stop = make_stop("a", 1, 2, opening=(((540.0, 1080.0),), ()))
    problem = make_problem([(5.0, 0.0)], stops=(stop,), day_list=days)
    explainer = Explainer(problem, plan_from_orders(problem, [[0], []]))
    assert explainer.why_not(0, 0).code is OmissionCode.PLANNED
    assert explainer.why_not(0, 1).code is OmissionCode.CLOSED
    assert explainer.omissions() == []


@pytest.mark.parametrize("code", list(ConflictCode))
def test_every_conflict_has_a_sentence(code):
    assert len(conflict_text(Conflict(0, 0, code))) > 10


@settings(max_examples=40, deadline=None)
@given(territories())
def test_every_customer_of_any_plan_is_accounted_for(problem):
    plan = solve(problem, iterations=10)
    planned = explain_visits(problem, plan)
    omitted = explain_omissions(problem, plan)
    assert len(planned) == plan.visit_count
    stops = {reason.stop for reason in planned} | {omission.stop for omission in omitted}
    assert stops == set(range(len(problem.stops)))
    for reason in planned:
        assert visit_text(reason, money, str)
    for omission in omitted:
        assert omission_text(omission, money)
