"""Weeks as people state them: opening hours of a customer, working hours of a rep.

Opening hours are seven lists (Monday first) of ``[open, close]`` in minutes after midnight.
A working week is ``{"hours": seven of [start, end] or null, "lunch": [start, minutes],
"max_km": n}``. Anything missing or malformed falls back to the usual week.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[int, int]
USUAL_OPENING: tuple[tuple[Span, ...], ...] = (*([((9 * 60, 20 * 60),)] * 6), ())


@dataclass(frozen=True, slots=True)
class WorkingWeek:
    """A rep's hours per weekday (None: off), lunch as (start, minutes), kilometres a day."""

    hours: tuple[Span | None, ...] = field(
        default=(*([(8 * 60 + 30, 18 * 60 + 30)] * 5), None, None)
    )
    lunch: Span | None = (13 * 60 + 30, 60)
    max_km: int = 280


def opening_hours(document: object) -> tuple[tuple[Span, ...], ...]:
    """The opening spans of each weekday; the usual ones where nothing usable is stored."""
    if not isinstance(document, list) or len(document) != 7:
        return USUAL_OPENING
    return tuple(
        tuple(s for s in map(_span, day) if s is not None) if isinstance(day, list) else ()
        for day in document
    )


def working_week(document: object) -> WorkingWeek:
    """The rep's week; the usual one where nothing usable is stored."""
    if not isinstance(document, dict):
        return WorkingWeek()
    usual = WorkingWeek()
    hours = document.get("hours")
    lunch = document.get("lunch", list(usual.lunch or ()))
    max_km = document.get("max_km", usual.max_km)
    return WorkingWeek(
        hours=tuple(_span(day) for day in hours)
        if isinstance(hours, list) and len(hours) == 7
        else usual.hours,
        lunch=_pair(lunch),
        max_km=max_km if isinstance(max_km, int) and max_km > 0 else usual.max_km,
    )


def _pair(value: object) -> Span | None:
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(v, int) for v in value)
    ):
        return (value[0], value[1])
    return None


def _span(value: object) -> Span | None:
    pair = _pair(value)
    return pair if pair is not None and 0 <= pair[0] < pair[1] <= 24 * 60 else None
