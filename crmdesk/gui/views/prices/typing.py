"""What people type into the forms of prices, as values; FieldError says what is wrong where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from crmdesk.domain.errors import FieldError
from crmdesk.domain.price_change import PriceChange
from crmdesk.i18n import _
from crmdesk.interchange import cells

Typed = Mapping[str, str]


def text_of(typed: Typed, key: str) -> str:
    """What was typed, without blanks around it."""
    return typed.get(key, "").strip()


def day_of(typed: Typed, key: str, default: date | None = None) -> date | None:
    """A day, or the default where nothing was typed."""
    text = text_of(typed, key)
    if not text:
        return default
    try:
        return cells.read_date(text)
    except ValueError as error:
        raise FieldError(key, _first_upper(str(error)), _("Write it like 2027-01-31.")) from error


def needed_day(typed: Typed, key: str) -> date:
    """A day that must be there."""
    found = day_of(typed, key)
    if found is None:
        raise FieldError(key, _("A date is needed here."), _("Write it like 2027-01-31."))
    return found


def price_of(typed: Typed, key: str) -> int | None:
    """A price or amount at 1e-4, None where nothing was typed; may be below zero."""
    text = text_of(typed, key)
    if not text:
        return None
    negative = text.startswith(("-", "\u2212"))
    try:
        price = cells.read_price_e4(text.lstrip("-\u2212+ "))
    except ValueError as error:
        raise FieldError(key, _first_upper(str(error))) from error
    return -price if negative else price


def percent_of(typed: Typed, key: str) -> int | None:
    """A percent in basis points, None where nothing was typed; may be below zero."""
    text = text_of(typed, key).rstrip("% \u00a0")
    found = price_of({key: text}, key)
    return None if found is None else found // 100 if found >= 0 else -(-found // 100)


def whole_of(typed: Typed, key: str, default: int | None = None) -> int | None:
    """A whole number of at least 1, or the default where nothing was typed."""
    text = text_of(typed, key)
    if not text:
        return default
    try:
        found = cells.read_quantity(text)
    except ValueError as error:
        raise FieldError(key, _first_upper(str(error))) from error
    if found < 1:
        raise FieldError(key, _("A quantity is at least 1."))
    return found


def change_of(typed: Typed) -> PriceChange:
    """A change of prices from percent, amount, step and ending."""
    step = price_of(typed, "step")
    try:
        return PriceChange(
            percent_of(typed, "percent") or 0, price_of(typed, "amount") or 0,
            1 if step is None else step, price_of(typed, "ending") or 0,
        )  # fmt: skip
    except ValueError as error:
        where = {"percent": "percent", "amount": "amount"}.get(str(error), "step")
        raise FieldError(where, _("This change is not possible.")) from error


def percent_text(basis_points: int | None) -> str:
    """Basis points as they are typed: 1250 is 12.5."""
    if basis_points is None:
        return ""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def price_text(price_e4: int | None) -> str:
    """A price as it is typed: 12345 is 1.2345."""
    if price_e4 is None:
        return ""
    whole, rest = divmod(price_e4, 10_000)
    text = f"{whole}.{rest:04d}".rstrip("0")
    head, _dot, tail = text.partition(".")
    return f"{head}.{tail.ljust(2, '0')}"


def _first_upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
