"""Solve a planning problem: which customers on which day, in which order.

Owns the outer interface: seeds, limits, progress, cancelling, fixed visits and warm starts. Leaves
the moves to `search` and the re-planning of a day under way to `replan`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from crmdesk.planning.model import Model
from crmdesk.planning.plan import Conflict, ConflictCode, Plan, plan_from_orders
from crmdesk.planning.problem import FixedKind, FixedVisit, Problem, check_problem
from crmdesk.planning.routes import NO_POSITION, Routes
from crmdesk.planning.schedule import visit_windows
from crmdesk.planning.search import Search

#: Temperature at the start and the end of the annealing, in typical visit worths.
_HOT: Final = 0.8
_COLD: Final = 0.015
#: How much cooler a search begins from a former plan, and from one that is disturbed at one place.
_WARM: Final = 0.25
_DISTURBED: Final = 0.1
#: What filling up a plan takes of the time that it took to make the first one from nothing.
_FILLING: Final = 0.4
_CHECK_EVERY: Final = 16
DEFAULT_ITERATIONS: Final = 2000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the search is: share of the work done, and the best plan so far.

    `orders` are its stops in driving order, day by day: enough to show it while the search goes on.
    """

    share: float
    worth: float
    orders: tuple[tuple[int, ...], ...]
    iterations: int

    @property
    def visits(self) -> int:
        """Visits of the best plan so far."""
        return sum(len(order) for order in self.orders)


ProgressCallback = Callable[[Progress], None]


class Meeting(Protocol):
    """How a search meets others at work on the same problem."""

    def at(self, share: float, search: Search) -> None:
        """Called again and again with the share of the work done; may change where it stands."""
        ...

    def close(self, search: Search) -> None:
        """Called once at the end; may give `search` a better plan than its own."""
        ...


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    iterations: int | None = None,
    seconds: float | None = None,
    start: Sequence[Sequence[int]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
    meeting: Meeting | None = None,
    focus: Sequence[int] = (),
    most_moves: int | None = None,
) -> Plan:
    """The best plan found for `problem`.

    Stops after `iterations` (the same seed and iterations give the same plan), after `seconds`, at
    whichever comes first, or when `cancelled` says so; with neither, after `DEFAULT_ITERATIONS`.
    `start` gives the orders of a former plan to begin from; what no longer fits is left out.
    `focus` are the stops around which that plan was disturbed on the first day. With `most_moves`
    and a `start` no more visits than that leave the days on which they were announced, come in or
    fall out; where the start has moved more already, no more than there.
    `meeting` lets several searches for the same problem compare notes, see `together`.
    Raises `ProblemError` when the problem is malformed; impossible fixed visits are reported in
    `Plan.conflicts`.
    """
    began = clock()
    check_problem(problem)
    return solve_checked(
        problem, seed=seed, iterations=iterations,
        seconds=None if seconds is None else seconds - (clock() - began), start=start, clock=clock,
        on_progress=on_progress, cancelled=cancelled, meeting=meeting, focus=focus,
        most_moves=most_moves,
    )  # fmt: skip


def solve_checked(
    problem: Problem,
    *,
    seed: int,
    iterations: int | None = None,
    seconds: float | None = None,
    start: Sequence[Sequence[int]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
    meeting: Meeting | None = None,
    focus: Sequence[int] = (),
    most_moves: int | None = None,
) -> Plan:
    """`solve` for a problem that is known to be well formed."""
    began = clock()
    if iterations is None and seconds is None:
        iterations = DEFAULT_ITERATIONS
    model = Model(problem)
    routes = Routes(model)
    conflicts = _place_fixed(problem, model, routes)
    search = Search(model, routes, Random(seed))  # seeded on purpose: plans are reproducible
    search.focus = list(focus)
    if start is not None:
        _place_start(model, routes, start)
        if most_moves is not None:
            search.hold(problem.announced, most_moves)
    before = clock()
    search.construct()
    done = 0
    if model.stops and model.days:
        # Filling up at the end looks at every stop on every day again: its time is kept for it.
        to_fill = (clock() - before) * (_FILLING if start is None else 1.0)
        left = None if seconds is None else seconds - to_fill
        limit = _Limit(began, iterations, left, clock, cancelled)
        done = _anneal(search, limit, on_progress, meeting, warm=start is not None)
        if done or seconds is None:
            search.fill()
        if meeting is not None:
            meeting.close(search)
    if on_progress is not None:
        on_progress(_progress(search, 1.0, done))
    routes.restore(search.best)
    orders = [routes.nodes[d][1:-1] for d in range(model.days)]
    # What was refused beside the other fixed visits may have found its place after all.
    conflicts = tuple(c for c in conflicts if c.stop not in orders[c.day])
    return plan_from_orders(problem, orders, conflicts=conflicts, iterations=done, seed=seed)


@dataclass(slots=True)
class _Limit:
    """When the search ends."""

    began: float
    iterations: int | None
    seconds: float | None
    clock: Callable[[], float]
    cancelled: Callable[[], bool] | None

    def share(self, done: int) -> float:
        """Share of the work done; 1 or more to stop. By iterations where they are given."""
        if self.cancelled is not None and self.cancelled():
            return 1.0
        passed = 0.0
        if self.seconds is not None:
            passed = (self.clock() - self.began) / max(self.seconds, 1e-9)
        if self.iterations is None:
            return passed
        if passed >= 1.0 or self.iterations <= 0:
            return 1.0
        return done / self.iterations


def _anneal(
    search: Search,
    limit: _Limit,
    on_progress: ProgressCallback | None,
    meeting: Meeting | None,
    *,
    warm: bool,
) -> int:
    """Run the annealing until the limit; returns the iterations done."""
    scale = search.model.scale
    hot = scale * _HOT
    if warm:
        hot *= _DISTURBED if search.focus else _WARM
    cold = scale * _COLD
    done = 0
    share = limit.share(0)
    if on_progress is not None:
        on_progress(_progress(search, 0.0, 0))
    while share < 1.0:
        temperature = hot * (cold / hot) ** share
        for _step in range(_CHECK_EVERY):
            search.step(temperature)
            done += 1
            if limit.iterations is not None and done >= limit.iterations:
                break
        if on_progress is not None:
            on_progress(_progress(search, min(share, 0.99), done))
        share = limit.share(done)
        if meeting is not None:
            meeting.at(share, search)
    return done


def _progress(search: Search, share: float, done: int) -> Progress:
    orders = tuple(tuple(nodes[1:-1]) for nodes in search.best.nodes)
    return Progress(share, search.best.worth, orders, done)


def _place_fixed(problem: Problem, model: Model, routes: Routes) -> tuple[Conflict, ...]:
    """Insert the fixed visits, appointments first by their hour; those that do not fit are told."""
    conflicts = []
    unique = {(visit.stop, visit.day): visit for visit in problem.fixed}
    for visit in problem.fixed:
        if visit.kind is FixedKind.APPOINTMENT:
            unique[visit.stop, visit.day] = visit
    ordered = sorted(unique.values(), key=_fixed_first)
    for visit in ordered:
        u, d = visit.stop, visit.day
        position = routes.find(u, d)
        if position != NO_POSITION:
            routes.insert(u, d, position)
            continue
        conflicts.append(Conflict(u, d, _conflict_code(problem, visit, routes)))
        model.pinned[u].discard(d)
    return tuple(conflicts)


def _fixed_first(visit: FixedVisit) -> tuple[int, int, float, int]:
    appointment = visit.kind is FixedKind.APPOINTMENT
    return (visit.day, 0 if appointment else 1, visit.start or 0.0, visit.stop)


def _conflict_code(problem: Problem, visit: FixedVisit, routes: Routes) -> ConflictCode:
    u, d = visit.stop, visit.day
    if not visit_windows(problem, u, d):
        closed = visit.kind is FixedKind.LOCKED and not problem.stops[u].opening[d]
        return ConflictCode.CLOSED if closed else ConflictCode.OUTSIDE_SHIFT
    alone = Routes(routes.model)
    return ConflictCode.TOO_FAR if alone.find(u, d) == NO_POSITION else ConflictCode.NO_TIME


def _place_start(model: Model, routes: Routes, start: Sequence[Sequence[int]]) -> None:
    """Take over a former plan: each day in its order, or what still fits of it."""
    for d, order in enumerate(start[: model.days]):
        wanted = [u for u in dict.fromkeys(order) if 0 <= u < model.stops]
        if routes.take_order(d, wanted):
            continue
        for u in wanted:
            position = routes.find(u, d)
            if position != NO_POSITION and routes.gain(u, d) > 0.0:
                routes.insert(u, d, position)
