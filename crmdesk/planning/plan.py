"""A plan as the solver returns it: timed visits per day, totals, what could not be kept.

Owns the result values and their computation from an order of stops per day. Leaves the reasons to
`explain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from crmdesk.planning.problem import FixedKind, Problem
from crmdesk.planning.schedule import TimedVisit, Timetable, timetable
from crmdesk.planning.value import carried_value


class ConflictCode(Enum):
    """Why a fixed visit could not be kept."""

    CLOSED = "closed"
    OUTSIDE_SHIFT = "outside_shift"
    NO_TIME = "no_time"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A locked visit or an appointment that cannot be kept beside the others."""

    stop: int
    day: int
    code: ConflictCode


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit of the plan: where it stands, when, and what it is expected to bring."""

    timing: TimedVisit
    day: int
    gap_days: int
    expected: float
    fixed: FixedKind | None

    @property
    def stop(self) -> int:
        """Position of the customer in `Problem.stops`."""
        return self.timing.stop


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day in driving order."""

    day: int
    visits: tuple[PlannedVisit, ...]
    km: float
    drive_minutes: float
    end: float
    slack: float

    @property
    def order(self) -> tuple[int, ...]:
        """The stops in driving order."""
        return tuple(visit.stop for visit in self.visits)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan. `worth` = margin - travel cost - overdue + bonuses + carried over value."""

    days: tuple[DayPlan, ...]
    worth: float
    margin: float
    km: float
    drive_minutes: float
    overdue_cost: float
    conflicts: tuple[Conflict, ...] = ()
    iterations: int = 0
    seed: int = 0

    @property
    def visit_count(self) -> int:
        """Visits of all days."""
        return sum(len(day.visits) for day in self.days)

    def orders(self) -> list[list[int]]:
        """Stops in driving order, day by day."""
        return [list(day.order) for day in self.days]

    def days_of(self, stop: int) -> list[int]:
        """The days on which a stop is visited."""
        return [day.day for day in self.days for visit in day.visits if visit.stop == stop]


class PlanError(ValueError):
    """An order of stops breaks a hard rule."""


def plan_from_orders(
    problem: Problem,
    orders: Sequence[Sequence[int]],
    *,
    conflicts: tuple[Conflict, ...] = (),
    iterations: int = 0,
    seed: int = 0,
) -> Plan:
    """Time and value an order of stops per day; raises `PlanError` when a day cannot be driven."""
    tables = []
    for d, order in enumerate(orders):
        table = timetable(problem, d, order)
        if table is None:
            raise PlanError(f"day {d} cannot be driven in this order")
        tables.append(table)
    gaps, overdue = _gaps(problem, orders)
    kinds = {(visit.stop, visit.day): visit.kind for visit in problem.fixed}
    days = tuple(_day_plan(problem, d, table, gaps, kinds) for d, table in enumerate(tables))
    margin = sum(visit.expected for day in days for visit in day.visits)
    km = sum(day.km for day in days)
    drive = sum(day.drive_minutes for day in days)
    weights = problem.weights
    worth = margin - weights.per_km * km - weights.per_drive_minute * drive
    worth += _bonuses(problem, orders) - weights.overdue * overdue
    worth += weights.carry_over * _carried(problem, orders)
    return Plan(
        days,
        worth,
        margin,
        km,
        drive,
        overdue,
        conflicts=conflicts,
        iterations=iterations,
        seed=seed,
    )


def _visit_days(problem: Problem, orders: Sequence[Sequence[int]]) -> list[list[int]]:
    visits: list[list[int]] = [[] for _stop in problem.stops]
    for d, order in enumerate(orders):
        for u in order:
            visits[u].append(d)
    return visits


def _gaps(
    problem: Problem, orders: Sequence[Sequence[int]]
) -> tuple[dict[tuple[int, int], int], float]:
    """Days since the visit before, for each visit; and the cost of overdue days."""
    gaps: dict[tuple[int, int], int] = {}
    cost = 0.0
    for u, days in enumerate(_visit_days(problem, orders)):
        stop = problem.stops[u]
        last = stop.last_visit
        for d in [*days, None]:
            upto = problem.end_offset if d is None else problem.offset(d)
            gap = upto - last
            late = problem.value.overdue_days(stop.interval_days, gap)
            cost += stop.overdue_per_day * min(late, max(0, upto - max(last, 0)))
            if d is not None:
                gaps[u, d] = gap
                last = upto
    return gaps, cost


def _carried(problem: Problem, orders: Sequence[Sequence[int]]) -> float:
    total = 0.0
    for u, days in enumerate(_visit_days(problem, orders)):
        stop = problem.stops[u]
        last = problem.offset(days[-1]) if days else stop.last_visit
        gap = problem.end_offset - last
        total += carried_value(problem.value, stop.margin, stop.interval_days, gap)
    return total


def _bonuses(problem: Problem, orders: Sequence[Sequence[int]]) -> float:
    total = 0.0
    for d, order in enumerate(orders):
        weekday = problem.days[d].date.weekday()
        for u in order:
            if problem.stops[u].usual_weekday == weekday:
                total += problem.weights.usual_weekday
            if (u, d) in problem.announced:
                total += problem.weights.stability
    return total


def _day_plan(
    problem: Problem,
    d: int,
    table: Timetable,
    gaps: Mapping[tuple[int, int], int],
    kinds: Mapping[tuple[int, int], FixedKind],
) -> DayPlan:
    visits = []
    for timing in table.visits:
        stop = problem.stops[timing.stop]
        gap = gaps[timing.stop, d]
        expected = problem.value.visit_value(stop.margin, stop.interval_days, gap)
        kind = kinds.get((timing.stop, d))
        visits.append(PlannedVisit(timing, d, gap, expected, kind))
    return DayPlan(d, tuple(visits), table.km, table.drive_minutes, table.end, table.slack)
