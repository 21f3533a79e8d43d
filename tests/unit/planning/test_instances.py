"""The instances' format, and the quality of plans on the territories given."""

import importlib.util
import json
import math
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.planning.instance import (
    plan_document,
    problem_from_instance,
    read_instance,
)
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
        (small_instance(km=[[0, 1], [1, 0]], minutes=[[0, 1], [1, 0]]), "km"),
        (small_instance(km=[1] * 9, minutes=[1] * 8 + [-1]), "minutes[8]"),
        (small_instance(km=[1] * 9), "minutes"),
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


def test_more_customers_than_a_plan_weighs_leave_out_those_that_promise_least(monkeypatch):
    """Stops, matrix and document are about the same customers."""
    monkeypatch.setattr("crmdesk.planning.instance.MOST_STOPS", 3)
    one = small_instance()["customers"][0]
    margins = (5.0, 90.0, 70.0, 1.0, 80.0)
    customers = [one | {"id": i, "x": 10.0 * i, "margin": m} for i, m in enumerate(margins)]
    km = [[100.0 * a + b for b in range(6)] for a in range(6)]
    for document in (
        small_instance(customers=customers),
        small_instance(customers=customers, km=km, minutes=km),
    ):
        instance = read_instance(document)
        problem = instance.problem
        assert (instance.positions, instance.beyond) == ((1, 2, 4), (0, 3))
        assert [stop.key for stop in problem.stops] == ["1", "2", "4"]
        assert problem.travel.size == 4
    assert problem.travel.leg(1, 3) == (205.0, 205.0)
    assert problem.travel.leg(2, 0) == (300.0, 300.0)
    plan = solve(read_instance(small_instance(customers=customers)).problem, iterations=20)
    said = plan_document(problem, plan, instance.positions)["days"]
    assert {u for order in said.values() for u in order} == {1, 2, 4}


def test_many_faults_are_told_in_a_few_sentences():
    customer = small_instance()["customers"][0]
    document = small_instance(customers=[customer | {"id": i // 2} for i in range(40)])
    with pytest.raises(ProblemError, match="17 faults more") as caught:
        solve(problem_from_instance(document), iterations=0)
    assert len(caught.value.faults) == 20


ODD = {
    "nobody": small_instance(customers=[]),
    "one": small_instance(customers=small_instance()["customers"][:1]),
    "no days": small_instance(workdays=[]),
    "a shift that ends before it begins": small_instance(shift=[1050, 480]),
    "a shift until the next day": small_instance(shift=[480, 2000]),
    "a lunch longer than the day": small_instance(lunch={"earliest_clock": 750, "minutes": 1e6}),
    "no kilometres": small_instance(max_km_day=0),
    "any kilometres": small_instance(max_km_day=math.inf),
    "drives that take no time": small_instance(km=[0] * 9, minutes=[0] * 9),
    "one-way streets": small_instance(
        km=[[0, 1, 2], [30, 0, 4], [5, 60, 0]], minutes=[[0, 1, 2], [30, 0, 4], [5, 60, 0]]
    ),
    "no road": small_instance(km=[[0, math.inf, 1]] * 3, minutes=[[0, math.inf, 1]] * 3),
    "never open": changed(hours=[[]] * 7),
    "closing before opening": changed(hours=[[[1000, 500]]] * 7),
    "open until one at night": changed(hours=[[[540, 1500]]] * 7),
    "hours that overlap": changed(hours=[[[540, 700], [600, 900], [540, 700]]] * 7),
    "open for less than a visit": changed(hours=[[[540, 545]]] * 7),
    "sixty windows": changed(hours=[[[600 + 7 * i, 603 + 7 * i] for i in range(60)]] * 7),
    "a visit of no time": changed(visit_min=0),
    "a visit of years": changed(visit_min=1e9),
    "always due": changed(freq=1e-9),
    "never due": changed(freq=1e12),
    "seen in the future": changed(days_since_last=-5),
    "worth everything": changed(margin=1e12),
    "costs money": changed(margin=-5, rho=-3),
    "a name from elsewhere": changed(id="Ł\u202eñ 東京 \ud800"),
    "no name": changed(id={"a": [1]}),
    "at the end of the world": changed(x=1e12, y=-1e12),
}


#: Where nobody can be seen at all; everywhere else one customer at least is seen twice.
NOBODY_SEEN = {"nobody", "no days", "a shift that ends before it begins", "no kilometres"}


@pytest.mark.parametrize("name", ODD)
def test_odd_instances_are_planned(name):
    problem = problem_from_instance(json.loads(json.dumps(ODD[name])))
    plan = solve(problem, iterations=40)
    assert broken_rules(problem, plan) == []
    assert math.isfinite(plan.worth)
    most = max((len(plan.days_of(u)) for u in range(len(problem.stops))), default=0)
    assert most >= 2 if name not in NOBODY_SEEN else most == 0


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
