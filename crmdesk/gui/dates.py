"""A day as people type it: ``3``, ``3.12``, ``3/12/26``, ``2026-12-03``, ``+2``, a weekday.

Owns reading what was typed. Days without a month or year are the next such day.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from crmdesk.i18n import weekday_short

_PARTS = re.compile(r"^(\d{1,2})(?:[./-](\d{1,2})(?:[./-](\d{2}|\d{4}))?)?[.]?$")
_WITHIN = 366


def read_day(text: str, today: date) -> date | None:
    """The day that was typed; None when it is none."""
    words = text.strip().lower()
    if words.startswith("+") and words[1:].isdigit() and len(words) < 5:
        return today + timedelta(days=int(words[1:]))
    for ahead in range(7):
        day = today + timedelta(days=ahead)
        if words and weekday_short(day.weekday()).lower().rstrip(".") == words.rstrip("."):
            return day
    try:
        return date.fromisoformat(words)
    except ValueError:
        pass
    found = _PARTS.match(words)
    if found is None:
        return None
    number, month, year = (int(part) if part else None for part in found.groups())
    if year is not None and year < 100:
        year += 2000
    for ahead in range(_WITHIN):
        day = today + timedelta(days=ahead)
        if day.day == number and month in (None, day.month) and year in (None, day.year):
            return day
    return None
