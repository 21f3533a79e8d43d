"""Cells of foreign tables as values: dates, quantities, prices; ValueError says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from crmdesk.domain.clock import EARLIEST, LATEST
from crmdesk.domain.money import parse_decimal, to_minor, to_price_e4
from crmdesk.i18n import _

UNITS = {
    "ea": "EA", "each": "EA", "unit": "EA", "units": "EA", "pc": "EA", "pcs": "EA", "ud": "EA",
    "uds": "EA", "unidad": "EA", "unidades": "EA", "sht": "EA", "шт": "EA", "in": "IN",
    "inner": "IN", "cs": "CS", "case": "CS", "cases": "CS", "caja": "CS", "cajas": "CS",
    "кор": "CS", "bu": "BU", "bulk": "BU", "pl": "PL", "pallet": "PL", "palet": "PL",
    "паллета": "PL",
}  # fmt: skip
_DIGITS = re.compile(r"[+-]?[0-9]{1,12}")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$")
_PARTS = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[T ].*)?$")
MAX_QUANTITY = 10**9
_MAX_PRICE_E4 = 10**13
MAX_MINOR = 10**12
"""The largest amount of a line: a million of them still fit the columns of the totals."""
_MAX_EXPONENT = 18


def day_first(samples: Iterable[str]) -> bool:
    """True when dates like 03/04/2026 in these samples put the day first (the usual order)."""
    for text in samples:
        match = _PARTS.match(text.strip())
        if match and len(match[1]) <= 2:
            if int(match[1]) > 12:
                return True
            if int(match[2]) > 12:
                return False
    return True


def read_date(text: str, *, day_comes_first: bool = True) -> date:
    """A local date from ISO or the usual European and American forms."""
    match = _ISO.match(text)
    try:
        if match:
            day = date(int(match[1]), int(match[2]), int(match[3]))
        else:
            day = _from_parts(text, day_comes_first=day_comes_first)
    except ValueError:
        raise ValueError(_("“{text}” is not a date").format(text=text[:40])) from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(_("“{text}” is not a believable date").format(text=text[:40]))
    return day


def _from_parts(text: str, *, day_comes_first: bool) -> date:
    match = _PARTS.match(text)
    if not match:
        raise ValueError
    first, second, third = (int(part) for part in match.groups())
    if len(match[1]) == 4:
        return date(first, second, third)
    year = third + 2000 if third < 100 else third
    return date(year, second, first) if day_comes_first else date(year, first, second)


def read_number(text: str) -> Decimal:
    """A decimal of believable size; ValueError otherwise.

    Bounded before anybody calculates with it: ``1e999999999`` is a short cell and a long number.
    """
    number = parse_decimal(text)
    if "_" in text or number.adjusted() > _MAX_EXPONENT:
        raise ValueError(text)
    return number


def read_quantity(text: str) -> int:
    """A whole number, other than 0."""
    if _DIGITS.fullmatch(text):
        value = int(text)
    else:
        try:
            number = read_number(text)
        except ValueError:
            raise ValueError(_("“{text}” is not a quantity").format(text=text[:40])) from None
        value = int(number)
        if value != number:
            raise ValueError(_("the quantity {text} is not a whole number").format(text=text[:40]))
    if value == 0:
        raise ValueError(_("the quantity is zero"))
    if abs(value) > MAX_QUANTITY:
        raise ValueError(_("the quantity {text} is too large").format(text=text[:40]))
    return value


def read_price_e4(text: str) -> int:
    """A unit price at 1e-4, zero or more."""
    try:
        price = to_price_e4(read_number(text))
    except ValueError:
        raise ValueError(_("“{text}” is not a price").format(text=text[:40])) from None
    if not 0 <= price <= _MAX_PRICE_E4:
        raise ValueError(_("the price {text} is not possible").format(text=text[:40]))
    return price


def read_amount_minor(text: str, currency: str) -> int:
    """An amount in minor units."""
    try:
        amount = to_minor(read_number(text), currency)
    except ValueError:
        raise ValueError(_("“{text}” is not an amount").format(text=text[:40])) from None
    if abs(amount) > MAX_MINOR:
        raise ValueError(_("the amount {text} is too large").format(text=text[:40]))
    return amount


def read_text(text: str, most: int = 200) -> str:
    """Text in one line without control characters, at most so many characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    cleaned = " ".join(text.split())
    if len(cleaned) > most:
        raise ValueError(_("a text is longer than {most} characters").format(most=most))
    return cleaned


def read_unit(text: str) -> str:
    """The code of a unit of measure; EA, IN, CS, BU, PL in their usual words, else as it is."""
    word = read_text(text).casefold().rstrip(".")
    return UNITS.get(word, word.upper()[:8])
