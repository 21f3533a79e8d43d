"""What people do without a planner: five simple rules that fill one day after the other.

Owns the rules. A rule picks the next stop among those that can still be reached, seen and left for
home in time; spacing, windows, shift and kilometres are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from crmdesk.planning.problem import Problem
from crmdesk.planning.schedule import visit_windows, work_clock

#: Smaller is taken first; None passes the stop over.
Rule = Callable[["Drive", int], float | None]
#: A stop counts as due when this share of its interval has passed.
_DUE = 1.0
#: Who fills the day when nobody due is left, and how far behind the others they come.
_SOON = 0.7
_LATER = 1000.0


@dataclass(slots=True)
class Drive:
    """Where the rep stands on day `day`: place, clock without breaks, last visit of every stop."""

    problem: Problem
    day: int
    place: int
    clock: float
    km: float
    last: list[int]
    sector: list[int]
    order: list[int] = field(default_factory=list)

    def gap(self, u: int) -> int:
        """Days since the last visit."""
        return self.problem.offset(self.day) - self.last[u]

    def minutes(self, u: int) -> float:
        """Driving, from here to there."""
        return self.problem.travel.leg(self.place, self.problem.stops[u].place)[1]

    def is_due(self, u: int) -> bool:
        """Whether its interval has nearly passed."""
        return self.gap(u) >= _DUE * self.problem.stops[u].interval_days

    def start(self, u: int) -> float | None:
        """When a visit could begin, or None when the day does not allow it any more."""
        problem = self.problem
        stop, day = problem.stops[u], problem.days[self.day]
        if u in self.order or self.gap(u) < problem.spacing_factor * stop.interval_days:
            return None
        km, minutes = problem.travel.leg(self.place, stop.place)
        home_km, home = problem.travel.leg(stop.place, day.end_place)
        arrive = self.clock + minutes
        begin = next(
            (max(arrive, a) for a, b in visit_windows(problem, u, self.day) if arrive <= b), None
        )
        if begin is None or self.km + km + home_km > day.max_km:
            return None
        closes = work_clock(day.end, day.breaks)
        return begin if begin + stop.visit_minutes + home <= closes else None


def by_due_date(drive: Drive, u: int) -> float | None:
    """The longest overdue first, wherever they are."""
    return drive.last[u] + drive.problem.stops[u].interval_days if drive.is_due(u) else None


def nearest_due(drive: Drive, u: int) -> float | None:
    """The soonest reached of those that are due, then of those that soon will be."""
    begin = drive.start(u)
    if begin is None or drive.gap(u) < _SOON * drive.problem.stops[u].interval_days:
        return None
    return begin - drive.clock + (0.0 if drive.is_due(u) else _LATER)


def margin_per_minute(drive: Drive, u: int) -> float | None:
    """The most expected margin for each minute of driving and visiting."""
    stop = drive.problem.stops[u]
    worth = drive.problem.value.visit_value(stop.margin, stop.interval_days, drive.gap(u))
    begin = drive.start(u)
    return None if begin is None else -worth / max(1.0, begin - drive.clock + stop.visit_minutes)


def nearest_due_in_sector(drive: Drive, u: int) -> float | None:
    """Each weekday has its sector of the map; the nearest due there."""
    weekday = drive.problem.days[drive.day].date.weekday()
    return nearest_due(drive, u) if drive.sector[u] == weekday % 5 else None


def best_customers(drive: Drive, u: int) -> float | None:
    """The customers with the most margin first, as soon as they are due."""
    return -drive.problem.stops[u].margin if drive.is_due(u) else None


RULES: dict[str, Rule] = {
    "by due date": by_due_date,
    "nearest among the due": nearest_due,
    "margin per minute": margin_per_minute,
    "weekday sectors, nearest due": nearest_due_in_sector,
    "best customers first": best_customers,
}


def naive_plan(problem: Problem, points: list[tuple[float, float]], rule: Rule) -> list[list[int]]:
    """The orders of all days by one rule; `points` are the stops on the map, home first."""
    last = [stop.last_visit for stop in problem.stops]
    sector = _sectors(points)
    orders = []
    for d, day in enumerate(problem.days):
        drive = Drive(
            problem, d, day.start_place, work_clock(day.start, day.breaks), 0.0, last, sector
        )
        while (u := _next(drive, rule)) is not None:
            begin = drive.start(u)
            if begin is None:
                break
            place = problem.stops[u].place
            drive.km += problem.travel.leg(drive.place, place)[0]
            drive.place, drive.clock = place, begin + problem.stops[u].visit_minutes
            drive.order.append(u)
        for u in drive.order:
            last[u] = problem.offset(d)
        orders.append(drive.order)
    return orders


def _next(drive: Drive, rule: Rule) -> int | None:
    ranked = [
        (rank, u) for u in range(len(drive.problem.stops)) if (rank := rule(drive, u)) is not None
    ]
    return next((u for _rank, u in sorted(ranked) if drive.start(u) is not None), None)


def _sectors(points: list[tuple[float, float]]) -> list[int]:
    """Five slices around home with the same number of stops each."""
    (x, y), stops = points[0], points[1:]
    angles = [math.atan2(b - y, a - x) for a, b in stops]
    ranked = sorted(range(len(stops)), key=angles.__getitem__)
    sector = [0] * len(stops)
    for rank, u in enumerate(ranked):
        sector[u] = rank * 5 // len(stops)
    return sector
