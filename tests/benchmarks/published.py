"""Published routing problems as problems of the planner: TOPTW, Cordeau's PVRP, Solomon's VRPTW.

Owns reading `$CRMDESK_SHARED/instances` (formats in its README) and what an answer costs or brings,
reckoned apart from the planner.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from crmdesk.planning.model import Model
from crmdesk.planning.problem import Day, Problem, Stop, Weights
from crmdesk.planning.travel import Matrix

_FIRST = date(2024, 1, 1)
_LONG = 1e6


@dataclass(frozen=True, slots=True)
class _Profit:
    """A visit brings its margin whatever the gap."""

    def visit_value(self, margin: float, interval_days: float, gap_days: float) -> float:
        return margin

    def overdue_days(self, interval_days: float, gap_days: float) -> float:
        return 0.0


def best_known(instances: Path, kind: str) -> dict[str, float]:
    """Best known value by name of the problems of one kind."""
    with (instances / "BKS.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["instance"]: float(row["bks"])
            for row in csv.DictReader(file)
            if row["problem"] == kind
        }


def orienteering(path: Path, routes: int) -> Problem:
    """A TOPTW file: each route is a day, each point may be seen once on any of them."""
    rows = [line.split() for line in path.read_text().splitlines()[2:] if line.strip()]
    points = [(float(row[1]), float(row[2])) for row in rows]
    step = 100.0 if path.name.startswith("pr") else 10.0
    closes = float(rows[0][-1])
    days = tuple(Day(_FIRST + timedelta(days=d), 0.0, closes, 0, 0) for d in range(routes))
    stops = tuple(
        Stop(
            key=row[0],
            place=place,
            visit_minutes=float(row[3]),
            # Windows are for the start of the service.
            opening=(((float(row[-2]), float(row[-1]) + float(row[3])),),) * routes,
            interval_days=_LONG,
            last_visit=-int(_LONG),
            margin=float(row[4]),
        )
        for place, row in enumerate(rows)
        if place > 0
    )
    cells = [math.floor(math.dist(a, b) * step + 1e-9) / step for a in points for b in points]
    # A trace of cost on driving: of two ways to the same profit the shorter leaves more room.
    profit = sum(stop.margin for stop in stops) / len(stops)
    weights = Weights(per_km=0.0, per_drive_minute=profit / (20.0 * closes))
    return Problem(
        stops, days, Matrix(len(points), cells, cells), weights, _Profit(), spacing_factor=1.0,
        first_date=_FIRST, horizon_days=routes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Periodic:
    """A Cordeau PVRP: `patterns[i]` are the allowed sets of days of customer i, as bits."""

    vehicles: int
    days: int
    longest: float
    capacity: float
    points: list[tuple[float, float]]
    service: list[float]
    demand: list[float]
    patterns: list[tuple[int, ...]]


def periodic(path: Path) -> Periodic:
    """Read a Cordeau file; point 0 is the depot."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    _kind, vehicles, customers, days = (int(cell) for cell in rows[0])
    longest, capacity = (float(cell) for cell in rows[1])
    places = rows[1 + days : 2 + days + customers]
    return Periodic(
        vehicles, days, longest or _LONG, capacity,
        points=[(float(row[1]), float(row[2])) for row in places],
        service=[float(row[3]) for row in places],
        demand=[float(row[4]) for row in places],
        patterns=[tuple(int(cell) for cell in row[7 : 7 + int(row[6])]) for row in places],
    )  # fmt: skip


def periodic_model(instance: Periodic) -> Model:
    """The planner's model of it: a day of the model is one vehicle on one day."""
    size = len(instance.points)
    cells = [math.dist(a, b) for a in instance.points for b in instance.points]
    routes = instance.days * instance.vehicles
    days = tuple(
        Day(_FIRST + timedelta(days=d), 0.0, instance.longest, 0, 0) for d in range(routes)
    )
    stops = tuple(
        Stop(str(i), i, instance.service[i], (((0.0, 2 * _LONG),),) * routes, _LONG, 0, 1.0)
        for i in range(1, size)
    )
    model = Model(Problem(stops, days, Matrix(size, cells, cells), Weights(per_km=1.0), _Profit()))
    model.load = [float(demand) for demand in instance.demand[1:]]
    model.capacity = [instance.capacity] * routes
    model.day_bits = [1 << (d // instance.vehicles) for d in range(routes)]
    missing = 10.0 * max(cells)
    model.patterns = [
        _worth_of_sets(instance.patterns[i], instance.days, missing) for i in range(1, size)
    ]
    model.alone = [[0.0] * len(stops) for _day in range(routes)]
    near = [sorted(cells[i * size : (i + 1) * size])[1:6] for i in range(size)]
    model.scale = sum(sum(row) / len(row) for row in near) / size
    return model


def _worth_of_sets(allowed: Sequence[int], days: int, missing: float) -> dict[int, float]:
    """Sets of days on the way to an allowed one, and what their missing visits cost."""
    worths: dict[int, float] = {}
    for bits in range(1 << days):
        lacking = [(whole ^ bits).bit_count() for whole in allowed if bits & ~whole == 0]
        if lacking:
            worths[bits] = -missing * min(lacking)
    return worths


def periodic_length(instance: Periodic, routes: Sequence[Sequence[int]]) -> float | None:
    """Length of the routes (customers from 0), vehicle by vehicle; None when a rule is broken."""
    total = 0.0
    seen = [0] * len(instance.points)
    for number, route in enumerate(routes):
        chain = [0, *(u + 1 for u in route), 0]
        length = sum(math.dist(instance.points[a], instance.points[b]) for a, b in pairwise(chain))
        total += length
        if length + sum(instance.service[i] for i in chain) > instance.longest + 1e-6:
            return None
        if sum(instance.demand[i] for i in chain) > instance.capacity + 1e-6:
            return None
        for i in chain[1:-1]:
            if seen[i] & 1 << number // instance.vehicles:
                return None
            seen[i] |= 1 << number // instance.vehicles
    kept = all(seen[i] in instance.patterns[i] for i in range(1, len(instance.points)))
    return total if kept else None
