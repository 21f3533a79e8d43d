"""Processor time of this process and of others, to the microsecond (Linux; else nothing).

An exchange between a laptop, a server and PostgreSQL goes from one to the next, so the sum of what
they spend is about the time it takes by the clock where nothing else runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of processor: here, in the server, in PostgreSQL."""

    clock: float
    here: float
    server: float
    postgres: float

    @property
    def processor(self) -> float:
        """All of it."""
        return self.here + self.server + self.postgres


def spent(work: Callable[[], object], server: int, postgres: int) -> Spent:
    """What a piece of work took; ``server`` and ``postgres`` are the first of their processes."""
    before = (time.perf_counter(), time.process_time(), _of(server), _of(postgres))
    work()
    after = (time.perf_counter(), time.process_time(), _of(server), _of(postgres))
    clock, here, there, below = (b - a for a, b in zip(before, after, strict=True))
    return Spent(clock, here, there, below)


def _of(process: int) -> float:
    """Seconds of all threads of a process and of those it has started."""
    total = 0
    for pid in (process, *children(process)):
        for schedule in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(schedule.read_text(encoding="ascii").split()[0])
            except OSError:
                continue
    return total / 1e9


def children(parent: int) -> Iterator[int]:
    """The processes that a process has started itself."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="ascii")
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == parent:
            yield int(stat.parent.name)
