"""Opening hours of a week as one types them: ``Mon-Fri 9-14, 16-19; Sat 9-13``.

Owns reading such a line. Days are named in the program's language or in English, by their first
letters; times before any day hold for every day. What is not named is closed.
"""

from __future__ import annotations

import re

from crmdesk.domain.errors import FieldError
from crmdesk.domain.week import Span
from crmdesk.i18n import _, weekday_short

_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?"
_PART = re.compile(
    rf"(?P<span>{_CLOCK}\s*[-–—]\s*{_CLOCK})|(?P<to>[-–—])|(?P<word>[^\W\d_]+\.?)|(?P<gap>[\s,;]+)"
)
_MOST_SPANS = 6
Week = list[list[list[int]]]


def read_week(field: str, text: str) -> Week | None:
    """Seven lists of [open, close] in minutes, Monday first; None for an empty line.

    FieldError of ``field`` for what cannot be read or for hours that overlap.
    """
    if not text.strip():
        return None
    week: Week = [[] for _day in range(7)]
    days, at = list(range(7)), 0
    joining, fresh, closing = False, True, False
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise _unreadable(field, text[at:])
        at = part.end()
        if part["span"]:
            _add(field, week, days, _span(field, part))
            fresh, closing = True, False
        elif part["to"]:
            joining = True
        elif part["word"]:
            day = _weekday(part["word"])
            if day is None:
                # Such as "closed Sun": days that are not given hours are closed anyway.
                days, fresh, closing = [], True, True
                continue
            if joining and days:
                days += [(days[-1] + 1 + step) % 7 for step in range((day - days[-1]) % 7)]
            else:
                days = [day] if fresh else [*days, day]
            # After "closed" comes one day or range of days; the next day begins anew.
            joining, fresh = False, closing
    if not any(week):
        raise FieldError(field, _("Say at least one day with its hours, or leave it empty."))
    return week


def _weekday(word: str) -> int | None:
    said = word.casefold().rstrip(".")
    for day in range(7):
        local = weekday_short(day).casefold().rstrip(".")
        if said == local or (len(said) > 2 and said.startswith(local)):
            return day
        if len(said) > 1 and _ENGLISH[day].startswith(said):
            return day
    return None


def _span(field: str, part: re.Match[str]) -> Span:
    begin, end = _minutes(part[2], part[3]), _minutes(part[4], part[5])
    if begin is None or end is None or begin >= end:
        raise FieldError(
            field, _("{hours} are no hours of a day.").format(hours=part["span"]),
            _("Type them like 9:00-14:00."),
        )  # fmt: skip
    return begin, end


def _minutes(hours: str, minutes: str | None) -> int | None:
    total = int(hours) * 60 + int(minutes or 0)
    return total if total <= 24 * 60 and int(minutes or 0) < 60 else None


def _add(field: str, week: Week, days: list[int], span: Span) -> None:
    if not days:
        raise FieldError(field, _("Say the day before its hours, like Sat 9-13."))
    for day in days:
        taken = week[day]
        if any(span[0] < end and begin < span[1] for begin, end in taken):
            raise FieldError(field, _("The hours of {day} overlap.").format(day=weekday_short(day)))
        if len(taken) == _MOST_SPANS:
            raise FieldError(field, _("A day has at most six opening times."))
        taken.append(list(span))
        taken.sort()


def _unreadable(field: str, rest: str) -> FieldError:
    return FieldError(
        field, _("“{text}” cannot be read as opening hours.").format(text=rest.strip()[:40]),
        _("Type them like Mon-Fri 9-14, 16-19; Sat 9-13."),
    )  # fmt: skip
