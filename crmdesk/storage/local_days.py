"""The day of a stored instant where the company is: what SQL asks as ``local_day(column)``.

A day of UTC has one moment at which the local day changes. It is looked for once for each day, so
that of many thousand instants each is only compared with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmdesk.domain.clock import Clock, parse_instant

_DAY_LENGTH = len("2026-11-24")
_SECONDS = 24 * 60 * 60

_Change = tuple[str, str, str]
"""The second of UTC at which the local day changes, the day before it, the day from it on."""


class LocalDays:
    """Local days by a clock; safe to be asked by several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changes: dict[str, _Change | None] = {}

    def of(self, stored: str | None) -> str | None:
        """The day of an instant; what is a day already stays, and so does the day of no instant."""
        if stored is None or len(stored) <= _DAY_LENGTH:
            return stored
        day = stored[:_DAY_LENGTH]
        if stored[-1] != "Z" or stored[_DAY_LENGTH] != "T":
            return self._worked_out(stored)
        try:
            change = self._changes[day]
        except KeyError:
            change = self._changes[day] = self._change(day)
        if change is None:
            return self._worked_out(stored)
        second, before, after = change
        return before if stored < second else after

    def _worked_out(self, stored: str) -> str:
        try:
            return self._clock.local(parse_instant(stored)).date().isoformat()
        except ValueError:
            return stored[:_DAY_LENGTH]

    def _change(self, day: str) -> _Change | None:
        """None for what is no day, and where clocks are put forward or back on that day."""
        try:
            first = parse_instant(f"{day}T00:00:00Z")
            last = first + timedelta(seconds=_SECONDS - 1)
            begins, ends = self._clock.local(first), self._clock.local(last)
        except (ValueError, OverflowError):
            return None
        days = (ends.date() - begins.date()).days
        if begins.utcoffset() != ends.utcoffset() or not 0 <= days <= 1:
            return None
        if days == 0:
            return day, begins.date().isoformat(), begins.date().isoformat()
        midnight = datetime.combine(ends.date(), datetime.min.time(), ends.tzinfo)
        second = parse_instant(midnight.isoformat())
        return f"{second:%Y-%m-%dT%H:%M:%S}", begins.date().isoformat(), ends.date().isoformat()
