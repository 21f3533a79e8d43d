"""Time on the clock of the service: only its opening hours count, and holidays do not.

Owns counting working time between two instants and finding the instant at which so much of it has
passed. What is measured with it is :mod:`crmdesk.domain.tickets`'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from crmdesk.domain.week import Days, Span

DAY = 24 * 60
MOST_DAYS_AHEAD = 5 * 366


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """Opening spans per weekday (Monday first, minutes after midnight), holidays, time zone.

    Spans of one day may touch or overlap: a minute counts once.
    """

    days: Days
    zone: tzinfo
    holidays: frozenset[date] = field(default_factory=frozenset)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The opening spans of a day, sorted and apart; none on a holiday."""
        if day in self.holidays:
            return ()
        merged: list[Span] = []
        for begin, end in sorted(self.days[day.weekday()]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            elif begin < end:
                merged.append((begin, end))
        return tuple(merged)

    def instants(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The opening spans of a day as instants in UTC; a clock change moves its ends."""
        for begin, end in self.spans(day):
            yield _instant(day, begin, self.zone), _instant(day, end, self.zone)


def _instant(day: date, minute: int, zone: tzinfo) -> datetime:
    day, minute = (day + timedelta(days=1), 0) if minute >= DAY else (day, minute)
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    return local.astimezone(UTC)


def working_time(hours: ServiceHours, start: datetime, end: datetime) -> timedelta:
    """How much service time lies between two instants; nothing when end is not after start."""
    total = timedelta(0)
    if end <= start:
        return total
    day, last = start.astimezone(hours.zone).date(), end.astimezone(hours.zone).date()
    # A clock change can put the local day's ends a little before or after: one day more each side.
    day -= timedelta(days=1)
    while day <= last + timedelta(days=1):
        for begin, close in hours.instants(day):
            total += max(timedelta(0), min(close, end) - max(begin, start))
        day += timedelta(days=1)
    return total


def working_minutes(hours: ServiceHours, start: datetime, end: datetime) -> int:
    """Whole minutes of service time between two instants."""
    return working_time(hours, start, end) // timedelta(minutes=1)


def after_working(hours: ServiceHours, start: datetime, minutes: int) -> datetime | None:
    """The instant at which so many minutes of service time have passed since ``start``.

    None when there is no such instant within five years: a service that is never open.
    """
    left = timedelta(minutes=max(0, minutes))
    day = start.astimezone(hours.zone).date() - timedelta(days=1)
    for _ahead in range(MOST_DAYS_AHEAD):
        for begin, close in hours.instants(day):
            room = close - max(begin, start)
            if room <= timedelta(0):
                continue
            if room >= left:
                return max(begin, start) + left
            left -= room
        day += timedelta(days=1)
    return None
