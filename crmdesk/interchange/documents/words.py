"""The words of documents, in the language being spoken: kinds, methods, amounts, quantities."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.pack_words import pack_name, pack_of
from crmdesk.i18n import (
    _,
    format_amount,
    format_number,
    format_price,
    pgettext,
)
from crmdesk.interchange.documents.content import Line

ORDER, QUOTE, RETURN, RECEIPT, DAY_SHEET = "order", "quote", "return", "receipt", "day-sheet"
ROUTE = "route"
BRIEF, BRIEFS = "brief", "briefs"
"""Of one customer, named by its code, and of all stops of a day."""
KINDS = (ORDER, QUOTE, RETURN, RECEIPT, DAY_SHEET, ROUTE, BRIEF, BRIEFS)
OF_A_DAY = (DAY_SHEET, ROUTE, BRIEFS)
"""Those that are named by a day and not by a number."""
_SMALL = {"G": ("g", "kg"), "ML": ("ml", "l")}
_LARGE = 1000


def kind_word(kind: str) -> str:
    """What the document is called."""
    return {
        ORDER: pgettext("document", "Order"),
        QUOTE: pgettext("document", "Quote"),
        RETURN: pgettext("document", "Return"),
        RECEIPT: pgettext("document", "Receipt"),
        DAY_SHEET: pgettext("document", "Day sheet"),
        ROUTE: pgettext("document", "Route"),
        BRIEF: pgettext("document", "Call brief"),
        BRIEFS: pgettext("document", "Call briefs"),
    }[kind]


def method_word(method: str) -> str:
    """How money was paid."""
    known: Mapping[str, str] = {
        "cash": pgettext("payment", "Cash"),
        "cheque": pgettext("payment", "Cheque"),
        "card": pgettext("payment", "Card"),
        "transfer": pgettext("payment", "Transfer"),
    }
    return known.get(method, method)


def wish_word(wish: str) -> str:
    """What a customer wants for goods that come back."""
    known: Mapping[str, str] = {
        "credit": pgettext("return", "Credit note"),
        "exchange": pgettext("return", "Exchange"),
    }
    return known.get(wish, wish)


def condition_word(condition: str) -> str:
    """The state in which goods come back."""
    known: Mapping[str, str] = {
        "sealed": pgettext("goods", "Sealed"),
        "opened": pgettext("goods", "Opened"),
        "damaged": pgettext("goods", "Damaged"),
        "expired": pgettext("goods", "Expired"),
    }
    return known.get(condition, condition)


def amount(minor: int, currency: str) -> str:
    """An amount without its currency, which stands in the heading."""
    return format_amount(minor, currency)


def money(minor: int, currency: str) -> str:
    """An amount with the code of its currency, as contracts want it: ``1,234.50 EUR``."""
    return f"{format_amount(minor, currency)}\u00a0{currency}"


def percent(basis_points: int) -> str:
    """A rate with as many decimals as it has: ``4.5 %``."""
    digits = 2 if basis_points % 10 else 1 if basis_points % 100 else 0
    return format_number(basis_points / 100, digits) + "\u00a0%"


def quantity(line: Line) -> str:
    """How many packs, or how much of weighed goods was put on the scales."""
    if line.base_quantity != line.quantity * line.factor:
        return weight(line.base_quantity, line.base_unit)
    return format_number(line.quantity)


def pack(line: Line) -> str:
    """What is counted: ``case of 12``; of weighed goods how many packs they are."""
    units = _SMALL.get(line.base_unit.upper())
    if line.base_quantity != line.quantity * line.factor:
        return f"{format_number(line.quantity)} {pack_name(line.unit, line.quantity)}"
    if units is not None and line.factor > 1:
        return f"{pack_name(line.unit)} · {weight(line.factor, line.base_unit)}"
    return pack_of(line.unit, line.factor)


def weight(base_quantity: int, base_unit: str) -> str:
    """Grams and millilitres as people say them: ``1.235 kg``, ``400 g``; else the number."""
    units = _SMALL.get(base_unit.upper())
    if units is None:
        return format_number(base_quantity)
    small, large = units
    if base_quantity < _LARGE:
        return f"{format_number(base_quantity)}\u00a0{small}"
    digits = len(f"{base_quantity % _LARGE:03d}".rstrip("0"))
    return f"{format_number(base_quantity / _LARGE, digits)}\u00a0{large}"


def shown_price(line: Line) -> int:
    """The price that the discount beside it is taken from, or the price paid."""
    return line.list_price_e4 if line.discount_bp > 0 else line.net_price_e4


def price(line: Line, currency: str) -> str:
    """The unit price, with two to four decimals."""
    return format_price(shown_price(line), currency)


def price_unit(line: Line) -> str:
    """What a unit price is for, where that is not the one unit that was counted."""
    units = _SMALL.get(line.base_unit.upper())
    if units is not None:
        what = units[1] if line.price_per == _LARGE else f"{line.price_per} {units[0]}"
        return _("per {unit}").format(unit=what)
    if line.price_per != 1:
        return _("per {unit}").format(unit=format_number(line.price_per))
    if line.factor > 1:
        return _("per {unit}").format(unit=pack_name(line.base_unit))
    return ""


def in_currency(words: str, currency: str) -> str:
    """A heading with the currency of the amounts below it."""
    return f"{words} {currency}"
