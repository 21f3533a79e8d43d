"""The instances' format, and the quality of plans on the territories given."""

import importlib.util
import json
import math
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.planning.instance import plan_document, problem_from_instance
from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import ProblemError
from crmdesk.planning.solver import solve
from tests.unit.planning.instances import small_instance
from tests.unit.planning.territories import broken_rules

#: Best of five naive planners (BKS.csv) for each territory.
NAIVE = {"E100": 11702, "A150": 16736, "B200": 16452, "C250": 16785, "D300": 21013}


def judge(shared: Path, document, plan):
    """The independent evaluator that comes with the instances."""
    spec = importlib.util.spec_from_file_location("evaluate_plan", shared / "evaluate_plan.py")
    assert spec is not None
    assert spec.loader is not None
    evaluator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluator)
    return evaluator.judge(document, plan["days"])


@pytest.mark.parametrize("name", sorted(NAIVE))
def test_territories_are_planned_well(shared_instances, name):
    document = json.loads((shared_instances / "real" / f"{name}.json").read_text())
    problem = problem_from_instance(document)
    plan = solve(problem, seed=1, iterations=600)
    result = judge(shared_instances, document, plan_document(problem, plan))
    assert (result["infeasible_days"], result["spacing_violations"]) == (0, 0)
    assert result["Z"] == pytest.approx(plan.worth, abs=1.0)
    assert result["Z"] >= 1.10 * NAIVE[name]


def test_an_instance_becomes_a_problem():
    problem = problem_from_instance(small_instance())
    assert [problem.offset(d) for d in range(3)] == [0, 1, 7]
    assert problem.end_offset == 14
    assert problem.travel.leg(0, 1)[0] == pytest.approx(6.5)
    assert problem.stops[1].usual_weekday == 1


def test_explicit_matrices_are_used_as_they_are():
    km = [[0, 5, 6], [7, 0, 8], [9, 10, 0]]
    minutes = [0, 11, 12, 13, 0, 14, 15, 16, 0]
    problem = problem_from_instance(small_instance(km=km, minutes=minutes))
    assert problem.travel.leg(2, 0) == (9.0, 15.0)
    assert not problem.travel.estimated
    assert plan_from_orders(problem, [[0, 1], [], []]).km == 22.0
    assert plan_from_orders(problem, [[1, 0], [], []]).drive_minutes == 12.0 + 16.0 + 13.0


def test_plans_name_days_by_their_offset_and_leave_empty_days_out():
    problem = problem_from_instance(small_instance(workdays=[0, 4]))
    document = plan_document(problem, solve(problem, iterations=30))
    assert set(document["days"]) <= {"0", "4"}
    assert sorted(u for order in document["days"].values() for u in order) == [0, 1]


def changed(**changes):
    """The small instance with other fields of its second customer."""
    document = small_instance()
    document["customers"][1] |= changes
    return document


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "The document"),
        (small_instance(shift=[480]), "shift"),
        (small_instance(home=[math.nan, 0.0]), "home[0]"),
        (small_instance(eur_per_km=-1), "eur_per_km"),
        (small_instance(workdays=[0.5]), "workdays[0]"),
        (small_instance(workdays="01"), "workdays"),
        (small_instance(km=[[0, 1, 2], [3, 0], [4, 5, 0]], minutes=[1] * 9), "km[1]"),
        (changed(x=10**400), "customers[1].x"),
        (changed(days_since_last=math.inf), "customers[1].days_since_last"),
        (changed(rho="dear"), "customers[1].rho"),
        (changed(hours=[[[540, math.nan]]] * 7), "customers[1].hours[0][0][1]"),
        (changed(hours=[[]]), "customers[1].hours"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(document, field):
    with pytest.raises(ProblemError, match="not a planning instance") as caught:
        problem_from_instance(document)
    assert f": {field} " in str(caught.value)


def test_what_no_rep_could_drive_is_refused_before_it_fills_the_memory():
    customer = small_instance()["customers"][0]
    crowd = [customer | {"id": i} for i in range(5000)]
    for document in (
        small_instance(customers=crowd),
        small_instance(workdays=list(range(200)), horizon_days=200),
        small_instance(horizon_days=7),
    ):
        with pytest.raises(ProblemError):
            problem_from_instance(document)


def test_many_faults_are_told_in_a_few_sentences():
    customer = small_instance()["customers"][0]
    document = small_instance(customers=[customer | {"id": i // 2} for i in range(40)])
    with pytest.raises(ProblemError, match="17 faults more") as caught:
        solve(problem_from_instance(document), iterations=0)
    assert len(caught.value.faults) == 20


_WRONG: list[object] = [
    None, True, "x", [], {}, [[]], -1, 0, 2.5, 1e308, -1e308, 1e-320, 10**400, math.nan, math.inf
]  # fmt: skip
_HOSTILE = st.sampled_from(_WRONG)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_hostile_instances_are_planned_or_refused_in_sentences(data):
    document = json.loads(json.dumps(small_instance()))
    for _change in range(data.draw(st.integers(1, 3))):
        place, key = document, data.draw(st.sampled_from(sorted(document)))
        while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = data.draw(st.sampled_from(keys))
        # A copy: what is drawn is shared by all examples, and the next change may reach into it.
        place[key] = deepcopy(data.draw(_HOSTILE))
    try:
        problem = problem_from_instance(document)
        plan = solve(problem, iterations=20)
    except ProblemError as error:
        assert error.faults and all(fault.endswith(".") for fault in error.faults)
    else:
        assert broken_rules(problem, plan) == []
        assert math.isfinite(plan.worth)


@pytest.mark.parametrize(
    "document",
    [
        {},
        small_instance(shift=[480]),
        small_instance(customers=[{"id": 1}]),
        small_instance(km=[[0]], minutes=[[0]]),
        small_instance(home=None),
    ],
)
def test_documents_that_are_no_instances_are_refused(document):
    with pytest.raises(ProblemError, match="not a planning instance"):
        problem_from_instance(document)
