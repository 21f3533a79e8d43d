"""Forbidden turns: junctions parted so that a search over junctions keeps to them.

Owns the parting. Where a turn from one stretch into another is forbidden, arriving by the first
and leaving by the second become places of their own, joined to the others by turns that cost
nothing. All other junctions stay as they are, so a network grows only by its forbidden turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

Ban = tuple[int, int, int]
"""Arriving by a stretch, at a junction, nobody may leave by another (stretches by their place)."""


class Stretch(Protocol):
    """A road between two junctions."""

    @property
    def start(self) -> int:
        """The junction it begins at."""

    @property
    def end(self) -> int:
        """The junction it ends at."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The places of one stretch: ``off_*`` where driving it leads, ``onto_*`` where it begins."""

    off_start: int
    off_end: int
    onto_start: int
    onto_end: int


@dataclass(frozen=True, slots=True)
class Parted:
    """The ends of every stretch, the turns between parted places, and whose junction each is."""

    ends: list[Ends]
    turns: list[tuple[int, int]]
    junction_of: dict[int, int]


def part_junctions(stretches: Sequence[Stretch], bans: Iterable[Ban]) -> Parted:
    """Part the junctions at which turns are forbidden; places are numbered above all junctions."""
    by_junction: dict[int, set[tuple[int, int]]] = {}
    for arriving, junction, leaving in bans:
        by_junction.setdefault(junction, set()).add((arriving, leaving))
    fresh = max((max(one.start, one.end) for one in stretches), default=0) + 1
    junction_of: dict[int, int] = {}

    def place(junction: int) -> int:
        junction_of[fresh + len(junction_of)] = junction
        return fresh + len(junction_of) - 1

    off: dict[tuple[int, int], int] = {}
    onto: dict[tuple[int, int], int] = {}
    others: dict[int, int] = {}
    turns: list[tuple[int, int]] = []
    for junction, pairs in by_junction.items():
        others[junction] = place(junction)
        arrivals, leavings = ({pair[side] for pair in pairs} for side in (0, 1))
        for leaving in sorted(leavings):
            onto[junction, leaving] = place(junction)
            turns.append((junction, onto[junction, leaving]))
        turns.append((junction, others[junction]))
        for arriving in sorted(arrivals):
            here = off[junction, arriving] = place(junction)
            turns.append((here, others[junction]))
            allowed = (one for one in leavings if (arriving, one) not in pairs)
            turns += [(here, onto[junction, leaving]) for leaving in sorted(allowed)]
    ends = [
        Ends(
            off.get((one.start, n), one.start), off.get((one.end, n), one.end),
            onto.get((one.start, n), others.get(one.start, one.start)),
            onto.get((one.end, n), others.get(one.end, one.end)),
        ) for n, one in enumerate(stretches)
    ]  # fmt: skip
    return Parted(ends, turns, junction_of)
