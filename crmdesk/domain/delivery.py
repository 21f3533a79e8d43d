"""The day an order is delivered: so many working days on, and on none when nobody is there.

Pure. Holidays are the company's, closed days the customer's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_SATURDAY = 5
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Closed:
    """Days on which a customer is closed, both included; ``yearly`` ones come back every year."""

    first: date
    last: date
    yearly: bool = False

    def covers(self, day: date) -> bool:
        """Whether the customer is closed on a day."""
        if not self.yearly:
            return self.first <= day <= self.last
        start, end = (self.first.month, self.first.day), (self.last.month, self.last.day)
        here = (day.month, day.day)
        return start <= here <= end if start <= end else here >= start or here <= end


def delivery_day(
    ordered: date,
    lead_days: int,
    holidays: Collection[date] = (),
    closed: Iterable[Closed] = (),
) -> date:
    """The first day, ``lead_days`` working days after the order, on which the customer is there.

    Weekends and holidays are no working days. A lead of none is the same day, if that is one. A
    customer who is closed for more than a year gets the day after it.
    """
    away = tuple(closed)
    day, left = ordered, max(lead_days, 0)
    for _step in range(_MOST_DAYS):
        if is_working(day, holidays) and left <= 0 and not any(c.covers(day) for c in away):
            return day
        day += timedelta(days=1)
        left -= is_working(day, holidays)
    return day


def is_working(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether goods are delivered on a day at all."""
    return day.weekday() < _SATURDAY and day not in holidays
