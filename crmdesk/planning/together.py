"""Two searches for one problem on two processor cores, which meet now and then.

Owns the second process and what the two tell one another. Leaves the search itself to `solver`.
Meetings go by the clock: with a limit in iterations one `solve` alone is the reproducible way.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Final

from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Problem, check_problem
from crmdesk.planning.search import Search
from crmdesk.planning.solver import ProgressCallback, solve_checked

#: Meetings at these shares of the time.
_MEETINGS: Final = (0.25, 0.5, 0.75)
#: How long one waits for the other, as a share of the time.
_PATIENCE: Final = 0.02
_SEED_STEP: Final = 1_000_003
#: Below this a second process costs more than it brings.
_LEAST_SECONDS: Final = 0.5

Orders = list[list[int]]


def solve_together(
    problem: Problem,
    *,
    seed: int = 0,
    seconds: float,
    start: Sequence[Sequence[int]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
    patience: float | None = None,
) -> Plan:
    """The best plan of two searches in `seconds`; with one where a second process cannot run.

    `patience` is how many seconds one waits for the other at a meeting, by default a small share of
    all; longer where `clock` counts processor time on a busy machine. Raises
    `ProblemError` when the problem is malformed.
    """
    began = clock()
    check_problem(problem)
    if patience is None:
        patience = _PATIENCE * seconds
    partner = _Partner.begin(problem, seed, seconds, start, clock, patience)
    try:
        return solve_checked(
            problem, seed=seed, seconds=seconds - (clock() - began), start=start, clock=clock,
            on_progress=on_progress, cancelled=cancelled, meeting=partner,
        )  # fmt: skip
    finally:
        if partner is not None:
            partner.end()


class _Partner:
    """One end of the line between two searches."""

    def __init__(
        self,
        line: Connection,
        patience: float,
        process: multiprocessing.process.BaseProcess | None = None,
    ) -> None:
        self._line = line
        self._patience = patience
        self._process = process
        self._meetings = list(_MEETINGS)
        self._lost = False

    @classmethod
    def begin(
        cls,
        problem: Problem,
        seed: int,
        seconds: float,
        start: Sequence[Sequence[int]] | None,
        clock: Callable[[], float],
        patience: float,
    ) -> _Partner | None:
        """Start the second process; None where that is not worth it or not possible."""
        if seconds < _LEAST_SECONDS or len(problem.stops) < 2 or not problem.days:
            return None
        if _cores() < 2:
            return None
        if not _forks() and getattr(sys, "frozen", False):
            return None
        here, there = multiprocessing.Pipe()
        beside = _forked if _forks() else _spawned
        process = beside((there, problem, seed, seconds, start, clock, patience))
        try:
            process.start()
        except OSError:
            return None
        there.close()
        return cls(here, patience, process)

    def at(self, share: float, search: Search) -> None:
        """Compare notes when it is time; whoever stands worse goes on from the other's place."""
        if not self._meetings or share < self._meetings[0] or share >= 1.0:
            return
        self._meetings.pop(0)
        mine = search.routes.worth
        theirs = self._exchange((mine, _orders(search.routes.nodes)))
        if theirs is not None and theirs[0] > mine:
            search.routes.load(theirs[1])

    def close(self, search: Search) -> None:
        """Take over the other's best plan when it is the better one."""
        theirs = self._exchange((search.best.worth, _orders(search.best.nodes)))
        if theirs is not None and theirs[0] > search.best.worth + 1e-9:
            search.adopt(theirs[1])

    def _exchange(self, mine: tuple[float, Orders]) -> tuple[float, Orders] | None:
        if self._lost:
            return None
        try:
            self._line.send(mine)
            if self._line.poll(self._patience):
                theirs: tuple[float, Orders] = self._line.recv()
                return theirs
        except (OSError, EOFError):
            pass
        self._lost = True
        return None

    def end(self) -> None:
        """Stop the second process."""
        self._line.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join(1.0)


def _orders(nodes: Sequence[Sequence[int]]) -> Orders:
    return [list(day[1:-1]) for day in nodes]


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _forks() -> bool:
    """Forking is the quickest, and safe only in a program without threads."""
    return sys.platform == "linux" and threading.active_count() == 1


def _forked(arguments: tuple[object, ...]) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("fork")
    return context.Process(target=_search_beside, args=arguments, daemon=True)


def _spawned(arguments: tuple[object, ...]) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("spawn")
    return context.Process(target=_search_beside, args=arguments, daemon=True)


def _search_beside(
    line: Connection,
    problem: Problem,
    seed: int,
    seconds: float,
    start: Sequence[Sequence[int]] | None,
    clock: Callable[[], float],
    patience: float,
) -> None:
    """The second process: the same search with another seed."""
    partner = _Partner(line, patience)
    solve_checked(
        problem, seed=seed + _SEED_STEP, seconds=(1.0 - _PATIENCE) * seconds, start=start,
        clock=clock, meeting=partner,
    )  # fmt: skip
