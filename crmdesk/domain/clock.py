"""Time as it is passed around: instants in UTC, the local day, hybrid logical time.

Nothing in the core asks the machine for the time; it is given a :class:`Clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

HLC_COUNTER_BITS = 16
EARLIEST, LATEST = date(1950, 1, 1), date(2100, 1, 1)
"""Days that a file or a command is believed to speak of; reckoning from them cannot overflow."""


class Clock(Protocol):
    """What day and time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC."""

    def today(self) -> date:
        """The local date."""

    def local(self, instant: datetime) -> datetime:
        """An instant in the local time zone."""


@dataclass(frozen=True, slots=True)
class ZoneClock:
    """A clock of one time zone over a source of instants, moved by ``offset`` (demo company)."""

    source: Callable[[], datetime]
    zone: ZoneInfo
    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.source() + self.offset

    def today(self) -> date:
        return self.local(self.now()).date()

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)


def fixed_clock(instant: datetime, zone: str = "Europe/Madrid") -> ZoneClock:
    """A clock that stands still: tests, pictures, as-of questions."""
    return ZoneClock(lambda: instant, ZoneInfo(zone))


def format_instant(instant: datetime) -> str:
    """``2026-11-24T08:31:00.000Z``: the text of an instant in the stores and on the wire."""
    utc = instant.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def parse_instant(text: str) -> datetime:
    """The instant behind :func:`format_instant`; ValueError when it is none."""
    return datetime.fromisoformat(text).astimezone(UTC)


def next_hlc(last: int, now: datetime) -> int:
    """The next hybrid logical time: milliseconds, then a counter; always above ``last``."""
    physical = int(now.timestamp() * 1000) << HLC_COUNTER_BITS
    return max(physical, last + 1)


def hlc_instant(hlc: int) -> datetime:
    """The physical part of a hybrid logical time."""
    return datetime.fromtimestamp((hlc >> HLC_COUNTER_BITS) / 1000, UTC)
