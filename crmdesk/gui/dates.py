"""A day as people type it: ``3``, ``3.12``, ``3 Dec``, ``2026-12-03``, ``+2``, ``next Monday``.

Owns reading what was typed. Days without a month or year are the next such day. Words are
:mod:`crmdesk.domain.spoken_days`'.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from crmdesk.domain.spoken_days import spoken_day
from crmdesk.i18n import month_short

_PARTS = re.compile(r"^(\d{1,2})(?:[./-](\d{1,2})(?:[./-](\d{2}|\d{4}))?)?[.]?$")
_WITHIN = 366


def read_day(text: str, today: date) -> date | None:
    """The day that was typed; None when it is none."""
    words = text.strip().lower()
    if words.startswith("+") and words[1:].isdecimal() and len(words) < 5:
        return today + timedelta(days=int(words[1:]))
    spoken = spoken_day(words, today)
    if spoken is not None:
        return spoken
    try:
        return date.fromisoformat(words)
    except ValueError:
        pass
    found = _PARTS.match(_month_as_number(words))
    if found is None:
        return None
    number, month, year = (int(part) if part else None for part in found.groups())
    if year is not None and month is not None and number is not None:
        try:
            return date(year + 2000 if year < 100 else year, month, number)
        except ValueError:
            return None
    for ahead in range(_WITHIN):
        day = today + timedelta(days=ahead)
        if day.day == number and month in (None, day.month):
            return day
    return None


def typed_day(day: date | None) -> str:
    """A day as it can be typed and read back, ``2.12.2026``: with its year, for it may be past."""
    return "" if day is None else f"{day.day}.{day.month}.{day.year}"


def _month_as_number(words: str) -> str:
    """``3 december 26`` as ``3.12.26``; other words as they are."""
    number, *rest = re.findall(r"\w+", words) or [""]
    if not rest or not number.isdecimal() or not rest[0].isalpha():
        return words
    for month in range(1, 13):
        short = month_short(month).casefold().rstrip(".")
        if rest[0] == short or (len(rest[0]) >= 3 and rest[0][:3] == short[:3]):
            return ".".join((number, str(month), *rest[1:]))
    return words
