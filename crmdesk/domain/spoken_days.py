"""A day as people say it: tomorrow, on Friday, next Monday, in two weeks, end of the month.

Owns reading such words in the person's language. Days as numbers are their callers'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from unicodedata import combining, normalize

from crmdesk.i18n import _, ngettext, pgettext, weekday_short

_DAYS, _WEEKS = 60, 26
_STEM = 6
"""So many letters of the word for "next" are compared: its ending follows the weekday's gender."""


def weekday_names() -> tuple[str, ...]:
    """The days of the week from Monday on, as they stand alone."""
    return (
        pgettext("weekday", "Monday"), pgettext("weekday", "Tuesday"),
        pgettext("weekday", "Wednesday"), pgettext("weekday", "Thursday"),
        pgettext("weekday", "Friday"), pgettext("weekday", "Saturday"),
        pgettext("weekday", "Sunday"),
    )  # fmt: skip


def spoken_day(text: str, today: date) -> date | None:
    """The day that these words name; None when they name none.

    A weekday is the nearest such day from today on; the next one is that of the week after this.
    """
    words = _plain(text)
    if not words:
        return None
    for phrase, day in _phrases(today):
        if _plain(phrase) == words:
            return day
    *before, last = words.split()
    weekday = _weekday(last)
    if weekday is None or len(before) > 2:
        return None
    following = _plain(pgettext("day", "next"))[:_STEM]
    if any(word.startswith(following) for word in before):
        return _monday_after(today) + timedelta(days=weekday)
    if any(word not in _plain(pgettext("before a weekday", "on this")).split() for word in before):
        return None
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _phrases(today: date) -> Iterator[tuple[str, date]]:
    yield _("today"), today
    yield _("tomorrow"), today + timedelta(days=1)
    yield _("yesterday"), today - timedelta(days=1)
    yield _("the day after tomorrow"), today + timedelta(days=2)
    yield _("day after tomorrow"), today + timedelta(days=2)
    yield _("next week"), _monday_after(today)
    yield _("in a week"), today + timedelta(days=7)
    yield _("end of the week"), _monday_after(today) - timedelta(days=3)
    following = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    yield _("next month"), following
    yield _("end of the month"), following - timedelta(days=1)
    for count in range(1, _DAYS + 1):
        words = ngettext("in {count} day", "in {count} days", count)
        yield words.format(count=count), today + timedelta(days=count)
    for count in range(1, _WEEKS + 1):
        words = ngettext("in {count} week", "in {count} weeks", count)
        yield words.format(count=count), today + timedelta(weeks=count)


def _weekday(word: str) -> int | None:
    """Monday is 0; by its short name, or by what begins like its name whatever its ending."""
    for number, name in enumerate(weekday_names()):
        short = _plain(weekday_short(number))
        if word == short or (len(word) >= 3 and word[:3] == _plain(name)[:3]):
            return number
    return None


def _monday_after(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def _plain(text: str) -> str:
    """Words in small letters without accents, which are often left out when typing."""
    bare = "".join(c for c in normalize("NFKD", text.casefold()) if not combining(c))
    return " ".join(re.findall(r"\w+", bare))
