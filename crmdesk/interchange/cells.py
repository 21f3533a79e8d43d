"""Cells of foreign tables as values: quantities, prices, units; ValueError says what is wrong.

``mark`` is the character before the decimals of the file, empty where it does not tell; without it
(None) a cell is read by itself. Days are :mod:`crmdesk.interchange.days`'s.
"""

from __future__ import annotations

import re
from decimal import Decimal

from crmdesk.domain.money import parse_decimal, to_minor, to_price_e4
from crmdesk.i18n import _
from crmdesk.interchange.days import read_date
from crmdesk.interchange.numbers import Unclear, read_marked

__all__ = [
    "LARGE", "MAX_MINOR", "MAX_QUANTITY", "WEIGHTS", "read_amount_minor", "read_date", "read_milli",
    "read_number", "read_price_e4", "read_quantity", "read_text", "read_unit",
]  # fmt: skip

UNITS = {
    "ea": "EA", "each": "EA", "unit": "EA", "units": "EA", "pc": "EA", "pcs": "EA", "ud": "EA",
    "uds": "EA", "unidad": "EA", "unidades": "EA", "sht": "EA", "шт": "EA", "in": "IN",
    "inner": "IN", "cs": "CS", "case": "CS", "cases": "CS", "caja": "CS", "cajas": "CS",
    "кор": "CS", "cj": "CS", "ctn": "CS", "ящ": "CS", "bu": "BU", "bulk": "BU", "pl": "PL",
    "pallet": "PL", "palet": "PL", "паллета": "PL",
}  # fmt: skip
_MEASURES = {
    "KG": "kg kgs kilo kilos kilogram kilograms kilogramo kilogramos кг кило",
    "G": "g gr grs gram grams gramo gramos г гр",
    "L": "l lt lts ltr litre litres liter liters litro litros л",
    "ML": "ml мл",
    "CL": "cl",
}
UNITS |= {word: unit for unit, words in _MEASURES.items() for word in words.split()}
WEIGHTS = {"KG": ("G", 1000), "G": ("G", 1), "L": ("ML", 1000), "CL": ("ML", 10), "ML": ("ML", 1)}
"""Units of goods by weight or volume: the base unit they are kept in, and how many of it."""
LARGE = 1000
"""Grams of a kilogram, millilitres of a litre: what goods by weight are priced and packed by."""
_DIGITS = re.compile(r"[+-]?[0-9]{1,12}")
MAX_QUANTITY = 10**9
_MAX_PRICE_E4 = 10**13
MAX_MINOR = 10**12
"""The largest amount of a line: a million of them still fit the columns of the totals."""
_MAX_EXPONENT = 18


def read_number(text: str, mark: str | None = None, currency: str = "") -> Decimal:
    """A decimal of believable size; ValueError otherwise, Unclear where it may be two.

    Bounded before anybody calculates with it: ``1e999999999`` is a short cell and a long number.
    """
    number = parse_decimal(text) if mark is None else read_marked(text, mark, currency)
    if "_" in text or number.adjusted() > _MAX_EXPONENT:
        raise ValueError(text)
    return number


def read_quantity(text: str, mark: str | None = None) -> int:
    """A whole number, other than 0."""
    if _DIGITS.fullmatch(text):
        return _believable(int(text) * 1000, text) // 1000
    milli = read_milli(text, mark)
    if milli % 1000:
        raise ValueError(_("the quantity {text} is not a whole number").format(text=text[:40]))
    return milli // 1000


def read_milli(text: str, mark: str | None = None) -> int:
    """A quantity in thousandths, other than 0."""
    if not text:
        raise ValueError(_("no quantity"))
    try:
        number = read_number(text, mark) * 1000
    except Unclear:
        raise
    except ValueError:
        raise ValueError(_("“{text}” is not a quantity").format(text=text[:40])) from None
    milli = int(number)
    if milli != number:
        raise ValueError(_("the quantity {text} is finer than a thousandth").format(text=text[:40]))
    return _believable(milli, text)


def _believable(milli: int, text: str) -> int:
    if milli == 0:
        raise ValueError(_("the quantity is zero"))
    if abs(milli) > MAX_QUANTITY * 1000:
        raise ValueError(_("the quantity {text} is too large").format(text=text[:40]))
    return milli


def read_price_e4(text: str, mark: str | None = None, currency: str = "") -> int:
    """A unit price at 1e-4, zero or more."""
    try:
        price = to_price_e4(read_number(text, mark, currency))
    except Unclear:
        raise
    except ValueError:
        raise ValueError(_("“{text}” is not a price").format(text=text[:40])) from None
    if not 0 <= price <= _MAX_PRICE_E4:
        raise ValueError(_("the price {text} is not possible").format(text=text[:40]))
    return price


def read_amount_minor(text: str, currency: str, mark: str | None = None) -> int:
    """An amount in minor units."""
    try:
        amount = to_minor(read_number(text, mark, currency), currency)
    except Unclear:
        raise
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
