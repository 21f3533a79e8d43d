"""One working day on the clock: hours worked, pauses cut out, hours off.

Owns how the week, a day's own hours, lunch and hours of leave make one day. Minutes are after
midnight; spans are ``(from, to)``, pauses ``(begin, minutes)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crmdesk.domain.week import Span, WorkingWeek

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class WorkDay:
    """``spans`` are worked, sorted and apart; ``pauses`` are cut out between first and last.

    ``lunch`` is the pause that is lunch, None on a day with two shifts or without any.
    """

    spans: tuple[Span, ...]
    pauses: tuple[Span, ...]
    lunch: Span | None

    @property
    def start(self) -> int:
        """When work begins."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """When work ends."""
        return self.spans[-1][1]

    @property
    def minutes(self) -> int:
        """Minutes of work, pauses cut out."""
        return self.end - self.start - sum(length for _at, length in self.pauses)


def work_day(
    week: WorkingWeek,
    weekday: int,
    *,
    shifts: Sequence[Span] | None = None,
    away: Iterable[Span] = (),
) -> WorkDay | None:
    """The working day of a weekday (Monday is 0); None when nothing of it is worked.

    ``shifts`` replace those of the week, ``away`` are hours off. Lunch stays where it fits whole
    into what is left; two shifts have the hours between them instead.
    """
    planned = tuple(sorted(week.days[weekday] if shifts is None else shifts))
    spans = planned
    for off in sorted(away):
        spans = tuple(part for span in spans for part in _without(span, off))
    if not spans:
        return None
    gaps = tuple((end, start - end) for (_s, end), (start, _e) in pairwise(spans))
    lunch = week.lunch if len(planned) == 1 else None
    if lunch is not None and not any(a <= lunch[0] and sum(lunch) <= b for a, b in spans):
        lunch = None
    pauses = tuple(sorted((*gaps, lunch))) if lunch is not None else gaps
    return WorkDay(spans, pauses, lunch)


def _without(span: Span, off: Span) -> tuple[Span, ...]:
    (first, last), (begin, end) = span, off
    if end <= first or last <= begin:
        return (span,)
    parts = ((first, begin), (end, last))
    return tuple((a, b) for a, b in parts if a < b)


def shifts_of(document: object) -> tuple[Span, ...] | None:
    """The shifts a day's own setting means; None where it has none of its own.

    Shifts that overlap or touch are one. An empty list is a day off.
    """
    if not isinstance(document, list):
        return None
    spans = sorted(span for span in map(_span, document) if span is not None)
    if document and not spans:
        return None
    merged: list[Span] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _span(value: object) -> Span | None:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    begin, end = value
    if type(begin) is not int or type(end) is not int:
        return None
    return (begin, end) if 0 <= begin < end <= DAY_MINUTES else None


def hours_off(from_minute: int | None, to_minute: int | None) -> Span | None:
    """The hours of a leave; None for one of whole days.

    One end alone lasts from the morning, or until the night.
    """
    if from_minute is None and to_minute is None:
        return None
    begin = max(0, min(from_minute or 0, DAY_MINUTES))
    end = DAY_MINUTES if to_minute is None else max(0, min(to_minute, DAY_MINUTES))
    return (begin, end) if begin < end else None
