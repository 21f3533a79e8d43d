"""What every benchmark shares: repeated timing, and one row of the table per figure.

Owns no measurement itself. Nothing here fails by the clock: a bound that is missed is said so in
the table, and the command ends with 0 all the same.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUSY = "ok by CPU"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; ``met`` is None where nothing is demanded.

    ``BUSY`` where the clock missed the bound and the processor time kept it.
    """

    benchmark: str
    what: str
    value: str
    floor: str = ""
    ratio: str = ""
    bound: str = ""
    met: bool | str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of repeated runs: by the clock on the wall, and of this thread's processor time.

    For work that waits for nothing but a processor the second is what an idle machine would show.
    """

    seconds: Sequence[float]
    cpu: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


Statistic = Callable[[Sequence[float]], float]


def median(seconds: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(seconds)


def mean(seconds: Sequence[float]) -> float:
    """The average."""
    return statistics.fmean(seconds)


def p95(seconds: Sequence[float]) -> float:
    """The value that 95 % of the runs do not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


@dataclass(slots=True)
class Bench:
    """One run of the command: where the profiles lie, which size, and the rows found so far."""

    work: Path
    quick: bool
    say: Callable[[str], None]
    long: bool = False
    figures: list[Figure] = field(default_factory=list)
    current: str = ""

    def add(
        self,
        what: str,
        value: str,
        *,
        floor: str = "",
        ratio: float | None = None,
        bound: str = "",
        met: bool | str | None = None,
    ) -> None:
        """Add a row to the table and print it at once."""
        shown = "" if ratio is None else f"{ratio:.2f} ×"
        figure = Figure(self.current, what, value, floor, shown, bound, met)
        self.figures.append(figure)
        rest = ", ".join(
            part
            for part in (f"floor {floor}" if floor else "", shown, bound and f"bound {bound}")
            if part
        )
        self.say(f"  {what}: {value}" + (f" ({rest}) {verdict(figure)}" if rest else ""))

    def add_times(
        self,
        what: str,
        times: Times,
        statistic: Statistic = median,
        *,
        at_most_ms: float | None = None,
    ) -> None:
        """Add a statistic of repeated runs, by the clock and in processor time.

        Where only the processor time keeps the bound, the machine was busy with other things.
        """
        wall, cpu = statistic(times.seconds), statistic(times.cpu)
        bound, met = "", None
        if at_most_ms is not None:
            bound = f"≤ {at_most_ms:g} ms"
            met = wall * 1e3 <= at_most_ms or (BUSY if cpu * 1e3 <= at_most_ms else False)
        self.add(what, f"{milliseconds(wall)}, CPU {milliseconds(cpu)}", bound=bound, met=met)

    def add_ms(self, what: str, seconds: float, *, at_most_ms: float | None = None) -> None:
        """Add a duration in milliseconds, with its bound if there is one."""
        bound = "" if at_most_ms is None else f"≤ {at_most_ms:g} ms"
        met = None if at_most_ms is None else seconds * 1e3 <= at_most_ms
        self.add(what, milliseconds(seconds), bound=bound, met=met)

    def add_s(self, what: str, seconds: float, *, at_most_s: float | None = None) -> None:
        """Add a duration in seconds, with its bound if there is one."""
        bound = "" if at_most_s is None else f"≤ {at_most_s:g} s"
        met = None if at_most_s is None else seconds <= at_most_s
        self.add(what, f"{seconds:.2f} s", bound=bound, met=met)

    def add_ratio(
        self, what: str, value: float, floor: float, *, at_most: float | None = None
    ) -> None:
        """Add a duration beside its floor, both in seconds."""
        ratio = value / floor
        bound = "" if at_most is None else f"≤ {at_most:g} ×"
        met = None if at_most is None else ratio <= at_most
        self.add(what, duration(value), floor=duration(floor), ratio=ratio, bound=bound, met=met)


def verdict(figure: Figure) -> str:
    """Whether the bound was met, in a word or two."""
    if figure.met is None or isinstance(figure.met, str):
        return figure.met or ""
    return "ok" if figure.met else "MISSED"


def milliseconds(seconds: float) -> str:
    """A duration in milliseconds, with as many digits as mean something."""
    value = seconds * 1e3
    digits = 0 if value >= 100 else 1 if value >= 1 else 3
    return f"{value:.{digits}f} ms"


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 1 else milliseconds(seconds)


def repeat(work: Callable[[], object], *, runs: int, warm: int = 1) -> Times:
    """Time a piece of work again and again, after warming up."""
    for _round in range(warm):
        work()
    return time_each([work] * runs)


def time_each(pieces: Iterable[Callable[[], object]]) -> Times:
    """Time different pieces of work one after the other."""
    found, cpu = [], []
    gc.collect()
    for piece in pieces:
        began, began_cpu = time.perf_counter(), time.thread_time()
        piece()
        cpu.append(time.thread_time() - began_cpu)
        found.append(time.perf_counter() - began)
    return Times(found, cpu)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
