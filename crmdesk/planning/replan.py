"""Re-planning: a day under way, and the best order of one day.

Owns warm starts: what has happened is taken over, appointments and locked visits stay, what was
announced moves only for a reason. Leaves the search itself to `solver`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import FixedVisit, Problem, Stop, Weights
from crmdesk.planning.schedule import timetable
from crmdesk.planning.solver import ProgressCallback, solve

#: What moving an announced visit must bring at least, as a share of the typical visit's worth.
STABILITY_SHARE = 0.03
#: More visits than this are not moved for what happens on one day, unless so many fell out of it.
MOST_CHANGES = 12
#: How the time is shared among attempts, each from the best plan so far.
_ATTEMPTS = (1 / 3, 1 / 3, 1 / 3)
#: An attempt with fewer steps than this was short of time: another one would only be set up.
_STARVED = 100
#: How many neighbours of today's stops the search begins from too.
_NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the rep stands: day by position, minute on the clock, place, kilometres driven today.

    `done` are the stops visited today; stops of earlier days count as visited unless in `missed`.
    `closed_today` may be seen on another day; `cancelled` not within the plan at all.
    """

    day: int
    minute: float
    place: int
    km_driven: float = 0.0
    done: tuple[int, ...] = ()
    missed: frozenset[tuple[int, int]] = frozenset()
    closed_today: frozenset[int] = frozenset()
    cancelled: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """A visit that moved: days by position in the original problem, None for not planned."""

    stop: int
    from_days: tuple[int, ...]
    to_days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replanned:
    """The rest of the plan: day 0 is the original day `first_day`, stops keep their positions."""

    problem: Problem
    plan: Plan
    first_day: int
    changes: tuple[Change, ...]


def replan_day(
    problem: Problem,
    plan: Plan,
    now: Situation,
    *,
    seed: int = 0,
    iterations: int | None = None,
    seconds: float | None = None,
    stability: float | None = None,
    most_changes: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Replanned:
    """Re-plan from `now` on, with the past frozen and the rest of `plan` as the start.

    Visits done, appointments and locked visits are never touched. `stability` is the bonus for
    each visit left on its announced day, by default a share of the typical visit's worth. No more
    than `most_changes` visits move, come in or fall out: by default `MOST_CHANGES`, or two for each
    stop closed today where that is more. The best of several attempts counts: `seconds` are for
    all of them together, `iterations` for each.
    """
    began = clock()
    if most_changes is None:
        most_changes = max(MOST_CHANGES, 2 * len(now.closed_today))
    orders = _remaining_orders(plan, now)
    rest = remaining_problem(problem, plan, now, stability)
    focus = _around(problem, now, orders)
    start, passed = orders, 0.0
    plans: list[Plan] = []
    for attempt, share in enumerate(_ATTEMPTS):
        passed += share
        found = solve(
            rest,
            seed=seed + attempt,
            iterations=iterations,
            seconds=None if seconds is None else max(1e-9, passed * seconds - (clock() - began)),
            start=start,
            clock=clock,
            on_progress=on_progress,
            cancelled=cancelled,
            focus=focus,
            most_moves=most_changes,
        )
        plans.append(found)
        best = max(plans, key=attrgetter("worth"))
        start = best.orders()
        if (cancelled is not None and cancelled()) or (
            seconds is not None and found.iterations < _STARVED
        ):
            break
    return Replanned(rest, best, now.day, _changes(orders, best.orders(), now.day))


def _around(problem: Problem, now: Situation, orders: Sequence[Sequence[int]]) -> list[int]:
    """Today's stops, those that fell out of today, and their nearest neighbours."""
    today = [*sorted(now.closed_today | now.cancelled), *orders[0]]
    found = dict.fromkeys(u for u in today if u < len(problem.stops))
    travel = problem.travel
    for u in list(found):
        row = problem.stops[u].place * travel.size
        by_minutes = sorted(
            range(len(problem.stops)), key=lambda v: travel.minutes[row + problem.stops[v].place]
        )
        found.update(dict.fromkeys(by_minutes[:_NEIGHBOURS]))
    return list(found)


def _changes(
    orders: Sequence[Sequence[int]], renewed: Sequence[Sequence[int]], first_day: int
) -> tuple[Change, ...]:
    before = _days_by_stop(orders, first_day)
    after = _days_by_stop(renewed, first_day)
    return tuple(
        Change(u, before.get(u, ()), after.get(u, ()))
        for u in sorted(before.keys() | after.keys())
        if before.get(u, ()) != after.get(u, ())
    )


def remaining_problem(
    problem: Problem, plan: Plan, now: Situation, stability: float | None = None
) -> Problem:
    """The problem that is left at `now`: visits done have become history, the clock has moved."""
    today = problem.days[now.day]
    first = replace(
        today,
        start=max(today.start, now.minute),
        start_place=now.place,
        max_km=max(0.0, today.max_km - now.km_driven),
    )
    last_seen = _last_seen(problem, plan, now)
    stops = tuple(
        _remaining_stop(stop, u, now, last_seen.get(u, stop.last_visit))
        for u, stop in enumerate(problem.stops)
    )
    fixed = tuple(
        FixedVisit(visit.stop, visit.day - now.day, visit.kind, visit.start)
        for visit in problem.fixed
        if visit.day >= now.day and not _is_gone(visit.stop, visit.day, now)
    )
    announced = frozenset(
        (u, d) for d, order in enumerate(_remaining_orders(plan, now)) for u in order
    )
    if stability is None:
        stability = max(problem.weights.stability, STABILITY_SHARE * _typical_worth(problem))
    weights = replace(problem.weights, stability=stability)
    return replace(
        problem,
        stops=stops,
        days=(first, *problem.days[now.day + 1 :]),
        fixed=fixed,
        announced=announced,
        weights=weights,
        first_date=problem.origin,
        horizon_days=problem.end_offset,
    )


def _remaining_stop(stop: Stop, u: int, now: Situation, last_visit: int) -> Stop:
    opening = stop.opening[now.day :]
    if u in now.cancelled:
        opening = ((),) * len(opening)
    elif u in now.closed_today or u in now.done:
        opening = ((), *opening[1:])
    return replace(stop, opening=opening, last_visit=last_visit)


def _is_gone(u: int, day: int, now: Situation) -> bool:
    if u in now.cancelled:
        return True
    return day == now.day and (u in now.done or u in now.closed_today)


def _last_seen(problem: Problem, plan: Plan, now: Situation) -> dict[int, int]:
    """The calendar day of the last visit of every stop seen since the plan began."""
    seen: dict[int, int] = {}
    for day in plan.days[: now.day]:
        for u in day.order:
            if (u, day.day) not in now.missed:
                seen[u] = problem.offset(day.day)
    for u in now.done:
        seen[u] = problem.offset(now.day)
    return seen


def _remaining_orders(plan: Plan, now: Situation) -> list[list[int]]:
    return [[u for u in day.order if not _is_gone(u, day.day, now)] for day in plan.days[now.day :]]


def _days_by_stop(orders: Sequence[Sequence[int]], first_day: int) -> Mapping[int, tuple[int, ...]]:
    days: dict[int, tuple[int, ...]] = {}
    for d, order in enumerate(orders):
        for u in order:
            days[u] = (*days.get(u, ()), d + first_day)
    return days


def _typical_worth(problem: Problem) -> float:
    worths = [
        problem.value.visit_value(stop.margin, stop.interval_days, stop.interval_days)
        for stop in problem.stops
    ]
    return sum(worths) / len(worths) if worths else 0.0


@dataclass(frozen=True, slots=True)
class _KeepAll:
    """Every visit is worth far more than any drive, whatever the gap."""

    worth: float

    def visit_value(self, margin: float, interval_days: float, gap_days: float) -> float:
        return self.worth

    def overdue_days(self, interval_days: float, gap_days: float) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class DayOrder:
    """The best order found for a day, and the stops that did not fit."""

    order: tuple[int, ...]
    left_out: tuple[int, ...]


def resequence_day(
    problem: Problem,
    day: int,
    stops: Collection[int],
    *,
    seed: int = 0,
    iterations: int = 1500,
) -> DayOrder:
    """The cheapest order for `stops` on `day`, hours and appointments kept.

    Whoever does not fit is left out; values do not matter, only that as many as possible are seen
    with the least driving.
    """
    chosen = sorted(set(stops))
    position = {u: k for k, u in enumerate(chosen)}
    weights = problem.weights
    cost = Weights(per_km=weights.per_km, per_drive_minute=weights.per_drive_minute)
    if cost.per_km <= 0.0 and cost.per_drive_minute <= 0.0:
        cost = Weights(per_km=0.0, per_drive_minute=1.0)
    longest = max([*problem.travel.km, *problem.travel.minutes], default=0.0)
    worth = 1.0 + 4.0 * longest * (cost.per_km + cost.per_drive_minute)
    small = replace(
        problem,
        stops=tuple(_stop_of_day(problem.stops[u], day) for u in chosen),
        days=(problem.days[day],),
        weights=cost,
        value=_KeepAll(worth),
        fixed=tuple(
            FixedVisit(position[v.stop], 0, v.kind, v.start)
            for v in problem.fixed
            if v.day == day and v.stop in position
        ),
        announced=frozenset(),
        spacing_factor=0.0,
        first_date=None,
        horizon_days=None,
    )
    plan = solve(small, seed=seed, iterations=iterations if len(chosen) > 1 else 0)
    order = tuple(chosen[u] for u in plan.days[0].order)
    return DayOrder(order, tuple(u for u in chosen if u not in set(order)))


def _stop_of_day(stop: Stop, day: int) -> Stop:
    return replace(stop, opening=(stop.opening[day],), last_visit=-1)


def can_drive(problem: Problem, day: int, order: Sequence[int]) -> bool:
    """Whether `order` keeps every window, the shift and the kilometres of `day`."""
    return timetable(problem, day, order) is not None
