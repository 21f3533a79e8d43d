"""Where deals break and how winning ones went beside lost ones: stage × reason, time lines.

Pure; every cell keeps the keys of its deals. Paths are :mod:`crmdesk.analytics.pipeline`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from crmdesk.analytics.pipeline import Path
from crmdesk.domain.pipeline import OPEN_STAGES, Stage

BREAK_STAGES = (*OPEN_STAGES, Stage.WON)
"""Where a deal can break: while it is open, or after it was won (not buying again)."""


@dataclass(frozen=True, slots=True)
class BreakCell:
    """The deals that broke in a stage for a reason, and what they were worth."""

    keys: tuple[int, ...]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class BreakMatrix:
    """Stage × reason; ``reasons`` by how many they cost, the most first. Empty cells are left out.

    ``total`` are all deals that broke, each exactly once.
    """

    reasons: tuple[str, ...]
    cells: dict[tuple[Stage, str], BreakCell]
    total: BreakCell

    def of_stage(self, stage: Stage) -> int:
        """How many broke in a stage."""
        return sum(len(cell.keys) for (where, _why), cell in self.cells.items() if where is stage)

    def of_reason(self, reason: str) -> int:
        """How many broke for a reason."""
        return sum(len(cell.keys) for (_where, why), cell in self.cells.items() if why == reason)


def break_matrix(paths: Sequence[Path], first: int, last: int) -> BreakMatrix:
    """What was lost, or did not buy again, from ``first`` to ``last``, both days included."""
    found: dict[tuple[Stage, str], list[Path]] = {}
    for path in paths:
        day = path.ended if path.ended is not None else path.lost
        if path.broke is not None and day is not None and first <= day <= last:
            found.setdefault((path.broke, path.broke_reason), []).append(path)
    every = [path for paths_there in found.values() for path in paths_there]
    counts: dict[str, int] = {}
    for (_stage, reason), there in found.items():
        counts[reason] = counts.get(reason, 0) + len(there)
    return BreakMatrix(
        tuple(sorted(counts, key=lambda reason: (-counts[reason], reason))),
        {where: _cell(there) for where, there in found.items()},
        _cell(every),
    )


def _cell(paths: Sequence[Path]) -> BreakCell:
    return BreakCell(
        tuple(sorted(path.deal.key for path in paths)),
        sum(path.deal.amount_minor for path in paths),
    )


@dataclass(frozen=True, slots=True)
class TimeLine:
    """How deals of one kind went: the median days in each open stage, of those that were in it.

    ``days`` stands in the order of the stages, 0 where none was; ``cycle`` is the median of all.
    """

    label: str
    won: bool
    days: tuple[float, ...]
    cycle: float
    keys: tuple[int, ...]


def time_lines(decided: Sequence[Path], label: Callable[[Path], str]) -> list[TimeLine]:
    """Time lines by what ``label`` says, the won ones of a label before its lost ones.

    Labels with more deals come first.
    """
    groups: dict[str, dict[bool, list[Path]]] = {}
    for path in decided:
        sides = groups.setdefault(label(path), {True: [], False: []})
        sides[path.won is not None].append(path)
    lines = []
    for name in sorted(groups, key=lambda n: (-sum(map(len, groups[n].values())), n)):
        for won in (True, False):
            there = groups[name][won]
            if there:
                lines.append(_line(name, there, won=won))
    return lines


def why(path: Path) -> str:
    """The reason of a decision, as a label."""
    return path.won_reason if path.won is not None else path.broke_reason


def who(path: Path) -> str:
    """Whose deal it was, as a label."""
    return path.deal.person


def _line(label: str, paths: Sequence[Path], *, won: bool) -> TimeLine:
    days = []
    for stage in OPEN_STAGES:
        there = [
            sum(stay.last - stay.first for stay in stays if stay.last is not None)
            for stays in ([s for s in path.stays if s.stage is stage] for path in paths)
            if stays
        ]
        days.append(float(median(there)) if there else 0.0)
    cycles = [path.cycle for path in paths if path.cycle is not None]
    return TimeLine(
        label, won, tuple(days), float(median(cycles)), tuple(path.deal.key for path in paths)
    )
