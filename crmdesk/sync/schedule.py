"""When the next round of sync is due: at the start, after changes, by interval, on connecting.

Pure: it is told what happened and when (seconds of any steady clock) and says when to begin. It
never lets two rounds overlap, waits longer after each failure, and always tries again, unless HQ
has turned this device away. Running rounds is left to the desktop and the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from crmdesk.domain.errors import (
    Cancelled,
    CrmdeskError,
    ProfileInUse,
    Unreachable,
)

START_S = 3.0
DEBOUNCE_S = 4.0
"""After the last change: what is typed in one go travels together."""

DEBOUNCE_MOST_S = 30.0
"""After the first change, however long somebody goes on typing."""

CONNECTED_S = 5.0
"""Spread of the first round once the network is back: not every laptop in the same second."""

FIRST_RETRY_S, LAST_RETRY_S = 10.0, 600.0
IN_USE_S = 15.0
QUIET_S, QUIET_MOST_S = 1.5, 20.0
"""A round of its own accord waits for a pause between keys, but not for ever."""

LEAST_GAP_S = 2.0
SPREAD = 0.2
_MOST_DOUBLINGS = 16
TURNED_AWAY = frozenset({"wiped", "retired", "cloned", "inactive", "device", "alone"})
"""Codes after which trying again by itself would be pointless."""

POSTPONED = "metered"
"""The code of a round that left something large for a connection without a meter."""


class Outcome(StrEnum):
    """How a round ended, as far as it decides when the next one comes."""

    DONE = "done"
    FAILED = "failed"
    IN_USE = "in-use"
    CANCELLED = "cancelled"
    TURNED_AWAY = "turned-away"


def outcome_of(error: Exception | None) -> Outcome:
    """What the end of a round means for the next one; None is a round that went well."""
    if error is None:
        return Outcome.DONE
    if isinstance(error, Cancelled) or getattr(error, "code", "") == POSTPONED:
        return Outcome.CANCELLED
    if isinstance(error, ProfileInUse):
        return Outcome.IN_USE
    if isinstance(error, CrmdeskError) and not isinstance(error, Unreachable):
        away = error.code in TURNED_AWAY
        return Outcome.TURNED_AWAY if away else Outcome.FAILED
    return Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Pace:
    """What the person has set: rounds of their own accord or not, and how often."""

    automatic: bool = True
    interval_s: float = 120.0


class Schedule:
    """Decides when a round begins. ``jitter`` gives numbers from 0 to 1."""

    def __init__(self, pace: Pace, jitter: Callable[[], float]) -> None:
        self.pace = pace
        self.failures = 0
        self.turned_away = False
        self.running = False
        self._jitter = jitter
        self._due: float | None = None
        self._floor = 0.0
        self._ended = -LEAST_GAP_S
        self._asked: float | None = None
        self._first_change: float | None = None
        self._last_change = 0.0
        self._typed = -QUIET_MOST_S

    # ---------------------------------------------------------------------- what has happened

    def start(self, now: float) -> None:
        """The program has begun."""
        self._due = now + START_S

    def ask(self, now: float) -> None:
        """The person wants a round now, whatever was decided before."""
        self.turned_away = False
        self._asked = now

    def note_change(self, now: float) -> None:
        """Something waits to be sent."""
        if self._first_change is None:
            self._first_change = now
        self._last_change = now

    def note_waiting(self, now: float) -> None:
        """Something is seen to wait, which may be known already: that does not put it off."""
        if self._first_change is None:
            self.note_change(now)

    def note_key(self, now: float) -> None:
        """The person is typing."""
        self._typed = now

    def note_connected(self, now: float) -> None:
        """The network is back: what failed before says nothing any more."""
        self.failures = 0
        self._floor = self._ended + LEAST_GAP_S
        self._due = now + CONNECTED_S * self._jitter()

    def set_pace(self, pace: Pace, now: float) -> None:
        """The settings have changed."""
        self.pace = pace
        if pace.automatic and not self.running and not self.failures:
            latest = now + self._spread(pace.interval_s)
            self._due = latest if self._due is None else min(self._due, latest)

    def begin(self, now: float) -> None:
        """A round begins: what has happened until now is part of it."""
        self.running = True
        self._asked = self._first_change = None
        self._floor = now

    def end(self, now: float, outcome: Outcome) -> None:
        """The round has ended."""
        self.running = False
        self._ended, self._floor = now, now + LEAST_GAP_S
        if outcome is Outcome.TURNED_AWAY:
            self.turned_away, self._due = True, None
            return
        if outcome is Outcome.IN_USE:
            self._due = self._floor = now + IN_USE_S * (1 + self._jitter())
        elif outcome is Outcome.FAILED:
            self.failures += 1
            self._due = self._floor = now + self._back_off()
        else:
            self.failures = 0
            self._due = now + self._spread(self.pace.interval_s)

    # --------------------------------------------------------------------------- what follows

    def next_at(self) -> float | None:
        """When the next round is to begin; None while one runs and when none will by itself."""
        if self.running:
            return None
        if self._asked is not None:
            return self._asked
        if self.turned_away or not self.pace.automatic:
            return None
        wanted = [self._due] if self._due is not None else []
        if self._first_change is not None:
            most = self._first_change + DEBOUNCE_MOST_S
            wanted.append(min(self._last_change + DEBOUNCE_S, most))
        if not wanted:
            return None
        when = max(min(wanted), self._floor)
        return max(when, min(self._typed + QUIET_S, when + QUIET_MOST_S))

    def is_due(self, now: float) -> bool:
        """True when a round is to begin now."""
        when = self.next_at()
        return when is not None and when <= now

    @property
    def is_asked(self) -> bool:
        """True when the person asked for the round that is about to begin."""
        return self._asked is not None

    def _back_off(self) -> float:
        doublings = min(self.failures - 1, _MOST_DOUBLINGS)
        return min(FIRST_RETRY_S * float(2**doublings), LAST_RETRY_S) * (0.5 + self._jitter() / 2)

    def _spread(self, seconds: float) -> float:
        return seconds * (1 - SPREAD / 2 + SPREAD * self._jitter())
