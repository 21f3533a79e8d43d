"""Small territories for the planning tests, and a judge that shares no code with the planner.

The judge walks the clock minute-exactly with its own arithmetic and reports every broken rule.
"""

from datetime import date, timedelta
from typing import Any

from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Break, Day, FixedKind, Problem, Stop, Weights
from crmdesk.planning.travel import Matrix, matrix_from_plane

MONDAY = date(2026, 3, 2)
LUNCH = Break(750.0, 45.0)


def make_day(offset: int = 0, **changes) -> Day:
    """A working day from 8:00 to 17:30 with lunch, home at place 0."""
    values: dict[str, Any] = {
        "date": MONDAY + timedelta(days=offset),
        "start": 480.0,
        "end": 1050.0,
        "start_place": 0,
        "end_place": 0,
        "max_km": 280.0,
        "breaks": (LUNCH,),
    }
    return Day(**(values | changes))


def make_stop(key: str, place: int, days: int, **changes) -> Stop:
    """A fortnightly customer, due, open from 9:00 to 18:00."""
    values: dict[str, Any] = {
        "key": key,
        "place": place,
        "visit_minutes": 30.0,
        "opening": (((540.0, 1080.0),),) * days,
        "interval_days": 14.0,
        "last_visit": -14,
        "margin": 100.0,
        "overdue_per_day": 1.0,
    }
    return Stop(**(values | changes))


def make_problem(points, days=1, *, stops=None, **changes) -> Problem:
    """Home at (0, 0) and one customer at each of `points` (km), on consecutive working days."""
    the_days = changes.pop("day_list", None) or tuple(make_day(d) for d in range(days))
    if stops is None:
        stops = tuple(make_stop(f"c{i}", i + 1, len(the_days)) for i in range(len(points)))
    travel = changes.pop("travel", None) or matrix_from_plane([(0.0, 0.0), *points])
    return Problem(stops, the_days, travel, **({"weights": Weights()} | changes))


def work_minutes(minute: float, breaks) -> float:
    """Minutes worked since midnight at a wall-clock minute, breaks not counted."""
    inside = sum(max(0.0, min(minute, b.at + b.minutes) - b.at) for b in breaks)
    return minute - inside


def leg(matrix: Matrix, a: int, b: int) -> tuple[float, float]:
    """Kilometres and minutes; staying at a place costs nothing."""
    if a == b:
        return 0.0, 0.0
    return matrix.km[a * matrix.size + b], matrix.minutes[a * matrix.size + b]


def broken_rules(problem: Problem, plan: Plan) -> list[str]:
    """Every hard rule the plan breaks, in words."""
    broken = []
    appointments = {
        (f.stop, f.day): f.start for f in problem.fixed if f.kind is FixedKind.APPOINTMENT
    }
    for d, order in enumerate(plan.orders()):
        if order:
            broken += _broken_on(problem, d, order, appointments)
    pinned = {(f.stop, f.day) for f in problem.fixed}
    refused = {(c.stop, c.day) for c in plan.conflicts}
    for u, d in pinned:
        if (d in plan.days_of(u)) == ((u, d) in refused):
            broken.append(f"fixed visit {u} on {d} is neither kept nor refused, or both")
    for u, stop in enumerate(problem.stops):
        last, last_pinned = stop.last_visit, True
        for d in plan.days_of(u):
            day = (problem.days[d].date - problem.origin).days
            both = last_pinned and (u, d) in pinned
            if day - last < problem.spacing_factor * stop.interval_days and not both:
                broken.append(f"stop {u} too soon on {d}")
            last, last_pinned = day, (u, d) in pinned
    return broken


def _broken_on(problem: Problem, d: int, order, appointments) -> list[str]:
    day = problem.days[d]
    broken = []
    if len(set(order)) != len(order):
        broken.append(f"day {d} repeats a stop")
    clock, here, km = work_minutes(day.start, day.breaks), day.start_place, 0.0
    for u in order:
        stop = problem.stops[u]
        leg_km, leg_minutes = leg(problem.travel, here, stop.place)
        clock, km, here = clock + leg_minutes, km + leg_km, stop.place
        if (u, d) in appointments:
            at = work_minutes(appointments[u, d], day.breaks)
            starts = [(at, at)]
        else:
            starts = [
                (work_minutes(a, day.breaks), work_minutes(b, day.breaks) - stop.visit_minutes)
                for a, b in stop.opening[d]
            ]
        possible = [max(clock, a) for a, b in starts if max(clock, a) <= b + 1e-5]
        for pause in (b for b in day.breaks if b.divides and (u, d) not in appointments):
            cut = work_minutes(pause.at, day.breaks)
            again = [cut if s < cut - 1e-5 and s + stop.visit_minutes > cut + 1e-5 else s
                     for s in possible]  # fmt: skip
            possible = [s for s in again if any(a - 1e-5 <= s <= b + 1e-5 for a, b in starts)]
        if not possible:
            broken.append(f"stop {u} on day {d} outside its hours")
            return broken
        clock = min(possible) + stop.visit_minutes
    leg_km, leg_minutes = leg(problem.travel, here, day.end_place)
    if clock + leg_minutes > work_minutes(day.end, day.breaks) + 1e-5:
        broken.append(f"day {d} ends after the shift")
    if km + leg_km > day.max_km + 1e-5:
        broken.append(f"day {d} drives too far")
    return broken
