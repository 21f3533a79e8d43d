"""Weeks as people state them: opening hours of a customer, working hours of a rep.

Opening hours are seven lists (Monday first) of ``[open, close]`` in minutes after midnight.
A working week is ``{"days": seven lists of [start, end], "lunch": [from, to, minutes],
"max_km": n}``: lunch of so many minutes within the span. Anything missing or malformed falls
back to the usual week.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]
Days = tuple[tuple[Span, ...], ...]

_SHOP: tuple[Span, ...] = ((9 * 60, 20 * 60),)
_SHIFT: tuple[Span, ...] = ((8 * 60 + 30, 18 * 60 + 30),)
USUAL_OPENING: Days = (_SHOP, _SHOP, _SHOP, _SHOP, _SHOP, _SHOP, ())
USUAL_SHIFTS: Days = (_SHIFT, _SHIFT, _SHIFT, _SHIFT, _SHIFT, (), ())
_LUNCH: Span = (13 * 60 + 30, 60)
_MAX_KM = 280


@dataclass(frozen=True, slots=True)
class WorkingWeek:
    """A rep's shifts per weekday (none: off), lunch as (begin, minutes), kilometres a day."""

    days: Days = USUAL_SHIFTS
    lunch: Span | None = _LUNCH
    max_km: int = _MAX_KM

    def shift(self, weekday: int) -> Span | None:
        """First start and last end of a weekday (Monday is 0); None when off."""
        spans = self.days[weekday]
        return (spans[0][0], spans[-1][1]) if spans else None

    def pauses(self, weekday: int) -> tuple[Span, ...]:
        """What is cut out of the shift, as (begin, minutes): lunch, or the hours between two."""
        spans = self.days[weekday]
        gaps = tuple((end, start - end) for (_s, end), (start, _e) in pairwise(spans))
        if gaps or self.lunch is None:
            return gaps
        return (self.lunch,)


def opening_hours(document: object) -> Days:
    """The opening spans of each weekday; the usual ones where nothing usable is stored."""
    return _days(document) or USUAL_OPENING


def opening_days(document: object) -> Days | None:
    """The spans of each weekday of a document of seven lists; None where it is none."""
    return _days(document)


def working_week(document: object) -> WorkingWeek:
    """The rep's week; the usual one where nothing usable is stored."""
    if not isinstance(document, dict):
        return WorkingWeek()
    max_km = document.get("max_km")
    return WorkingWeek(
        days=_days(document.get("days")) or USUAL_SHIFTS,
        lunch=_lunch(document["lunch"]) if "lunch" in document else _LUNCH,
        max_km=max_km if isinstance(max_km, int) and max_km > 0 else _MAX_KM,
    )


def _days(value: object) -> Days | None:
    if not isinstance(value, list) or len(value) != 7:
        return None
    return tuple(
        tuple(sorted(span for span in map(_span, day) if span is not None))
        if isinstance(day, list)
        else ()
        for day in value
    )


def _lunch(value: object) -> Span | None:
    if not (isinstance(value, list) and len(value) == 3 and all(isinstance(v, int) for v in value)):
        return None
    begin, end, minutes = value
    return (begin, minutes) if 0 <= begin < end <= 1440 and 0 < minutes <= end - begin else None


def _span(value: object) -> Span | None:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value)):
        return None
    return (value[0], value[1]) if 0 <= value[0] < value[1] <= 1440 else None
