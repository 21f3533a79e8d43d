"""Planning instances as JSON documents: read into a `Problem`, plans written back.

Owns the format judged by the instances' evaluator: coordinates in kilometres on a plane, or
explicit `km` and `minutes` matrices (rows of the home and then the customers). Leaves files to the
caller: everything here works on parsed documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Break, Day, Problem, ProblemError, Stop, Weights
from crmdesk.planning.travel import Matrix, SpeedModel, matrix_from_plane

#: Instances count days from a Monday without saying which.
EPOCH: Final = date(2024, 1, 1)


def problem_from_instance(document: Mapping[str, Any]) -> Problem:
    """The problem of an instance; raises `ProblemError` when the document is not one.

    Place 0 is home, customer i is place i + 1.
    """
    try:
        return _problem(document)
    except (KeyError, TypeError, IndexError, ValueError) as fault:
        if isinstance(fault, ProblemError):
            raise
        raise ProblemError([f"This is not a planning instance: {fault!r}."]) from fault


def _problem(document: Mapping[str, Any]) -> Problem:
    customers = document["customers"]
    workdays = [int(day) for day in document["workdays"]]
    lunch = document.get("lunch")
    breaks: tuple[Break, ...] = ()
    if lunch:
        breaks = (Break(float(lunch["earliest_clock"]), float(lunch["minutes"])),)
    start, end = document["shift"]
    days = tuple(
        Day(
            EPOCH + timedelta(days=day),
            float(start),
            float(end),
            0,
            0,
            float(document["max_km_day"]),
            breaks,
        )
        for day in workdays
    )
    stops = tuple(_stop(i, customer, workdays) for i, customer in enumerate(customers))
    return Problem(
        stops,
        days,
        _travel(document),
        Weights(per_km=float(document["eur_per_km"])),
        spacing_factor=float(document["min_spacing_factor"]),
        first_date=EPOCH,
        horizon_days=int(document["horizon_days"]),
    )


def _stop(position: int, customer: Mapping[str, Any], workdays: Sequence[int]) -> Stop:
    hours = [
        tuple((float(first), float(last)) for first, last in windows)
        for windows in customer["hours"]
    ]
    usual = customer.get("usual_weekday")
    return Stop(
        key=str(customer.get("id", position)),
        place=position + 1,
        visit_minutes=float(customer["visit_min"]),
        opening=tuple(hours[day % 7] for day in workdays),
        interval_days=float(customer["freq"]),
        last_visit=-int(customer["days_since_last"]),
        margin=float(customer["margin"]),
        overdue_per_day=float(customer["rho"]),
        usual_weekday=None if usual is None else int(usual),
    )


def _travel(document: Mapping[str, Any]) -> Matrix:
    if "km" in document and "minutes" in document:
        km, minutes = _flat(document["km"]), _flat(document["minutes"])
        size = len(document["customers"]) + 1
        return Matrix(size, km, minutes, estimated=False)
    points = [tuple(document["home"])]
    points += [(customer["x"], customer["y"]) for customer in document["customers"]]
    return matrix_from_plane([(float(x), float(y)) for x, y in points], SpeedModel())


def _flat(matrix: Sequence[Any]) -> list[float]:
    """A matrix given as rows or already flat."""
    cells: list[float] = []
    for row in matrix:
        if isinstance(row, Sequence):
            cells += [float(cell) for cell in row]
        else:
            cells.append(float(row))
    return cells


def plan_document(problem: Problem, plan: Plan) -> dict[str, Any]:
    """The plan in the instances' format: {"days": {day: [customer positions in driving order]}}."""
    days = {str(problem.offset(day.day)): list(day.order) for day in plan.days if day.visits}
    return {"days": days}
