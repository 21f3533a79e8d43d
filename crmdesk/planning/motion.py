"""The rest of a day as it is likely to go: when each stop begins from where the day stands now.

Owns the projection of a route under way: lateness that is carried from stop to stop and eaten up
by slack, pauses, and stops that close before one gets there. Leaves planning anew to `replan`.
Times are whole minutes from midnight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Span = tuple[int, int]

#: From so many minutes behind its planned time a stop counts as late.
LATE_FROM: Final = 5
#: A pause is put off by so many minutes rather than taken at a customer's door.
PAUSE_MAY_WAIT: Final = 30


@dataclass(frozen=True, slots=True)
class Leg:
    """A stop still to come: the way to it, when it was planned, and when its door is open.

    ``fixed`` marks an hour that was agreed: nobody goes in before it.
    """

    key: int
    planned: int | None
    minutes: int
    drive_minutes: int
    spans: tuple[Span, ...] = ((0, 1440),)
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Eta:
    """When a stop is likely to begin; ``closed`` when its door shuts before it could be done."""

    key: int
    begin: int
    late: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """The stops to come, when the rep is home, and the lateness of the next stop that is late."""

    etas: tuple[Eta, ...]
    back: int | None
    late: int

    def eta(self, key: int) -> Eta | None:
        """The projection of one stop."""
        return next((eta for eta in self.etas if eta.key == key), None)


def project(
    legs: Sequence[Leg],
    free_at: int,
    now: int,
    *,
    delay: int = 0,
    pauses: Sequence[Span] = (),
    home_minutes: int = 0,
) -> Projection:
    """How the stops will go for somebody who is free to drive at ``free_at``.

    Nobody arrives before ``now`` plus the ``delay`` that was told, nor begins before the planned
    time: what is gained on the way is slack. A pause is cut out where the work crosses it.
    """
    clock = free_at
    left = [pause for pause in sorted(pauses) if pause[0] + pause[1] > free_at]
    etas = []
    for place, leg in enumerate(legs):
        clock += leg.drive_minutes
        if place == 0:
            clock = max(clock, now + delay)
        planned = clock if leg.planned is None else leg.planned
        clock = _after_pauses(clock, max(clock, planned), left)
        begin = max(clock, planned)
        opened = _opening(begin, leg)
        etas.append(_eta(leg, begin, opened))
        clock = begin if opened is None else opened + leg.minutes
    back = clock + home_minutes if legs else None
    late = next((eta.late for eta in etas if eta.late >= LATE_FROM), 0)
    return Projection(tuple(etas), back, late)


def _after_pauses(clock: int, begin: int, left: list[Span]) -> int:
    """The arrival with the pauses taken that lie before the visit begins; each is taken once.

    Waiting for the planned time is time for a pause; who arrives just after its hour goes in first.
    """
    while left and max(clock, begin) > left[0][0] + PAUSE_MAY_WAIT:
        start, length = left.pop(0)
        clock = max(clock, start) + length
    return clock


def _opening(begin: int, leg: Leg) -> int | None:
    """The first minute from ``begin`` at which the visit can be done; None when there is none."""
    at = _open_from(begin, leg)
    # Hours that the plan itself did not keep say nothing about being late.
    if at is None and leg.planned is not None and begin - leg.planned < LATE_FROM:
        return begin
    return at


def _open_from(begin: int, leg: Leg) -> int | None:
    for opens, closes in sorted(leg.spans):
        at = max(begin, opens)
        if at + leg.minutes <= closes:
            return at
    return None


def _eta(leg: Leg, begin: int, opened: int | None) -> Eta:
    at = begin if opened is None else opened
    late = 0
    if leg.planned is not None:
        # Who was planned before the door opens is late against the opening.
        late = max(0, at - max(leg.planned, _open_from(leg.planned, leg) or 0))
    return Eta(leg.key, at, late, closed=opened is None)
