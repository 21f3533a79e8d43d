"""Planning instances as JSON documents: read into a `Problem`, plans written back.

Owns the format judged by the instances' evaluator: coordinates in kilometres on a plane, or
explicit `km` and `minutes` matrices (rows of the home and then the customers). Leaves files to the
caller: everything here works on parsed documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from crmdesk.i18n import _
from crmdesk.planning.fields import Field
from crmdesk.planning.foremost import MOST_STOPS, foremost
from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Break, Day, Problem, ProblemError, Stop, Weights, Window
from crmdesk.planning.travel import Matrix, SpeedModel, matrix_from_plane

#: Instances count days from a Monday without saying which.
EPOCH: Final = date(2024, 1, 1)
#: One rep's territory and a quarter of a year: beyond, tables would fill a laptop's memory.
MOST_CUSTOMERS: Final = 2000
MOST_WORKDAYS: Final = 92
_MOST_HORIZON: Final = 3660


@dataclass(frozen=True, slots=True)
class Instance:
    """The problem of an instance, and whom it is about.

    `positions` are the customers' positions in the document by stop; `beyond` those of the
    customers that are not weighed, because there are more than one plan can.
    """

    problem: Problem
    positions: tuple[int, ...]
    beyond: tuple[int, ...] = ()


def problem_from_instance(document: Any) -> Problem:
    """The problem of an instance, see `read_instance`."""
    return read_instance(document).problem


def read_instance(document: Any) -> Instance:
    """An instance's problem; raises `ProblemError` when the document is not one.

    Place 0 is home, stop i is place i + 1. A `usual_weekday` that is no weekday counts as none.
    """
    root = Field(document)
    customers = root["customers"].items()
    workdays = [day.whole(0) for day in root["workdays"].items()]
    horizon = root["horizon_days"].whole(0, _MOST_HORIZON)
    _check_sizes(len(customers), workdays, horizon)
    whole = Problem(
        tuple(_stop(i, customer, workdays) for i, customer in enumerate(customers)),
        _days(root, workdays),
        Matrix(0, [], []),
        Weights(per_km=root["eur_per_km"].number(0.0)),
        spacing_factor=root["min_spacing_factor"].number(0.0),
        first_date=EPOCH,
        horizon_days=horizon,
    )
    everybody = range(len(customers))
    chosen = everybody if len(customers) <= MOST_STOPS else foremost(whole, most=MOST_STOPS)
    stops = tuple(replace(whole.stops[i], place=n + 1) for n, i in enumerate(chosen))
    problem = replace(whole, stops=stops, travel=_travel(root, customers, chosen))
    weighed = set(chosen)
    return Instance(problem, tuple(chosen), tuple(i for i in everybody if i not in weighed))


def _check_sizes(customers: int, workdays: list[int], horizon: int) -> None:
    faults = []
    if customers > MOST_CUSTOMERS:
        faults.append(
            _("{count} customers are too many: a plan is for one rep and at most {most}.").format(
                count=customers, most=MOST_CUSTOMERS
            )
        )
    if len(workdays) > MOST_WORKDAYS:
        faults.append(
            _("{count} working days are too many: a plan has at most {most}.").format(
                count=len(workdays), most=MOST_WORKDAYS
            )
        )
    if any(day >= horizon for day in workdays):
        faults.append(
            _("A working day lies after the {days} days of the plan.").format(days=horizon)
        )
    if faults:
        raise ProblemError(faults)


def _days(root: Field, workdays: list[int]) -> tuple[Day, ...]:
    start, end = (edge.number() for edge in root["shift"].items(2))
    breaks: tuple[Break, ...] = ()
    if root.has("lunch"):
        lunch = root["lunch"]
        breaks = (Break(lunch["earliest_clock"].number(), lunch["minutes"].number(0.0)),)
    max_km = root["max_km_day"].number(0.0, endless=True)
    return tuple(
        Day(EPOCH + timedelta(days=day), start, end, 0, 0, max_km, breaks) for day in workdays
    )


def _stop(position: int, customer: Field, workdays: list[int]) -> Stop:
    hours = [_windows(weekday) for weekday in customer["hours"].items(7)]
    usual = customer["usual_weekday"].whole() if customer.has("usual_weekday") else None
    return Stop(
        key=str(customer["id"].value if customer.has("id") else position),
        place=position + 1,
        visit_minutes=customer["visit_min"].number(0.0),
        opening=tuple(hours[day % 7] for day in workdays),
        interval_days=customer["freq"].number(),
        last_visit=-customer["days_since_last"].whole(),
        margin=customer["margin"].number(),
        overdue_per_day=customer["rho"].number(),
        usual_weekday=usual if usual in range(7) else None,
    )


def _windows(weekday: Field) -> tuple[Window, ...]:
    pairs = [window.items(2) for window in weekday.items()]
    return tuple((first.number(), last.number()) for first, last in pairs)


def _travel(root: Field, customers: list[Field], chosen: Sequence[int]) -> Matrix:
    """Home and the chosen customers."""
    if root.has("km") or root.has("minutes"):
        size = len(customers) + 1
        km, minutes = _cells(root["km"], size), _cells(root["minutes"], size)
        if len(chosen) < len(customers):
            km, minutes = _among(km, size, chosen), _among(minutes, size, chosen)
        return Matrix(len(chosen) + 1, km, minutes, estimated=False)
    x, y = (edge.number() for edge in root["home"].items(2))
    points = [(one["x"].number(), one["y"].number()) for one in customers]
    return matrix_from_plane([(x, y), *(points[i] for i in chosen)], SpeedModel())


def _among(cells: list[float], size: int, chosen: Sequence[int]) -> list[float]:
    """The cells between home and the chosen customers."""
    places = [0, *(i + 1 for i in chosen)]
    return [cells[a * size + b] for a in places for b in places]


def _cells(matrix: Field, size: int) -> list[float]:
    """A matrix given as rows or already flat; what cannot be driven may be infinite."""
    if isinstance(matrix.value, list) and len(matrix.value) == size * size > 1:
        return matrix.numbers(size * size, 0.0)
    return [cell for row in matrix.items(size) for cell in row.numbers(size, 0.0)]


def plan_document(
    problem: Problem, plan: Plan, positions: Sequence[int] | None = None
) -> dict[str, Any]:
    """The plan in the instances' format: {"days": {day: [customer positions in driving order]}}.

    `positions` are the customers' positions in the document, where they are not those of the stops.
    """
    days = {
        str(problem.offset(day.day)): [u if positions is None else positions[u] for u in day.order]
        for day in plan.days
        if day.visits
    }
    return {"days": days}
