"""Dates of foreign tables: whether the day or the month comes first, and what a cell then says.

Takes ISO, three numbers, a month by its name in English, Spanish or Russian, and the day numbers
of spreadsheets. Where the file itself has both orders, what may be two days is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from enum import Enum

from crmdesk.domain.clock import EARLIEST, LATEST
from crmdesk.i18n import _, format_date

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_PARTS = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_DAY_NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[\s./-]*(?:de\s+)?([^\W\d_]{3,10})\.?[\s,./-]*(?:del?\s+)?"
    r"(\d{2}|\d{4})(?:\s*г\.?)?(?:\s.*)?"
)
_MONTH_NAMED = re.compile(
    r"([^\W\d_]{3,10})\.?[\s-]*(\d{1,2})(?:st|nd|rd|th)?[\s,-]+(\d{4})(?:\s.*)?"
)
_MONTHS = (
    ("january", "enero", "январь", "января"), ("february", "febrero", "февраль", "февраля"),
    ("march", "marzo", "март", "марта"), ("april", "abril", "апрель", "апреля"),
    ("may", "mayo", "май", "мая"), ("june", "junio", "июнь", "июня"),
    ("july", "julio", "июль", "июля"), ("august", "agosto", "август", "августа"),
    ("september", "septiembre", "setiembre", "сентябрь", "сентября"),
    ("october", "octubre", "октябрь", "октября"),
    ("november", "noviembre", "ноябрь", "ноября"),
    ("december", "diciembre", "декабрь", "декабря"),
)  # fmt: skip
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 60_000
_SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of spreadsheets: 1 is the last day of 1899, as their calendar has a 29 February 1900."""


class Order(Enum):
    """What comes first in dates of three numbers, as their samples tell."""

    DAY = "day"
    MONTH = "month"
    OPEN = "open"
    """No sample says; the day is taken, and whoever reads the file is told."""
    MIXED = "mixed"


def order_of(samples: Iterable[str]) -> Order:
    """What comes first in dates like 03/04/2026 in these samples."""
    found: set[Order] = set()
    for text in samples:
        match = _PARTS.fullmatch(text.strip())
        if match and len(match[1]) <= 2:
            if int(match[1]) > 12:
                found.add(Order.DAY)
            elif int(match[2]) > 12:
                found.add(Order.MONTH)
    if len(found) > 1:
        return Order.MIXED
    return found.pop() if found else Order.OPEN


def is_open(text: str) -> bool:
    """Whether a date may be two days: both of its first numbers can be the month."""
    match = _PARTS.fullmatch(text.strip())
    return bool(
        match and len(match[1]) <= 2 and int(match[1]) <= 12 and int(match[2]) <= 12
        and int(match[1]) != int(match[2])
    )  # fmt: skip


def is_serial(text: str) -> bool:
    """Whether a date is written as a spreadsheet's day number."""
    match = _SERIAL.fullmatch(text.strip())
    return match is not None and _FIRST_SERIAL <= int(match[1]) <= _LAST_SERIAL


def read_date(text: str, order: Order = Order.OPEN) -> date:
    """A local date; ValueError says what is wrong with it."""
    text = text.strip()
    if order is Order.MIXED and is_open(text):
        raise ValueError(
            _("“{text}” may be {first} or {second}: the file has both orders").format(
                text=text[:40], first=format_date(_date(text, Order.DAY), year=True),
                second=format_date(_date(text, Order.MONTH), year=True),
            )
        )  # fmt: skip
    try:
        day = _either(text) if order is Order.MIXED else _date(text, order)
    except ValueError:
        raise ValueError(_("“{text}” is not a date").format(text=text[:40])) from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(_("“{text}” is not a believable date").format(text=text[:40]))
    return day


def _either(text: str) -> date:
    try:
        return _date(text, Order.DAY)
    except ValueError:
        return _date(text, Order.MONTH)


def _date(text: str, order: Order) -> date:
    match = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if match:
        return date(int(match[1]), int(match[2]), int(match[3]))
    match = _PARTS.fullmatch(text)
    if match:
        first, second, third = (int(part) for part in match.groups())
        if len(match[1]) == 4:
            return date(first, second, third)
        if order is Order.MONTH:
            first, second = second, first
        return date(_year(match[3]), second, first)
    if is_serial(text):
        return _SERIAL_ZERO + timedelta(days=int(text[:5]))
    match = _DAY_NAMED.fullmatch(text)
    if match:
        return date(_year(match[3]), _month(match[2]), int(match[1]))
    match = _MONTH_NAMED.fullmatch(text)
    if match:
        return date(int(match[3]), _month(match[1]), int(match[2]))
    raise ValueError(text)


def _year(digits: str) -> int:
    return int(digits) + 2000 if len(digits) <= 2 else int(digits)


def _month(word: str) -> int:
    word = word.casefold()
    for number, names in enumerate(_MONTHS, start=1):
        if any(name.startswith(word) for name in names) or (word == "sept" and number == 9):
            return number
    raise ValueError(word)
