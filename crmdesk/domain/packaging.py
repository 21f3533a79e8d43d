"""Packagings: a product in units of measure (EA unit, IN inner, CS case, BU bulk, PL pallet):
whole packs, minimum and multiple, weighed goods.

Every quantity is an integer in the product's base unit (pieces, grams or millilitres), every
factor an integer, and nothing here is a float. What a rounding was for is said as a code with its
values; the words are :mod:`crmdesk.gui.packs`'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from crmdesk.domain.money import parse_decimal

_WEIGHED = {"G": {"g": 1, "kg": 1000}, "ML": {"ml": 1, "cl": 10, "l": 1000}}
_AMOUNT = re.compile(
    r"^(?:(?P<packs>\d{1,9})\s*[=x×*]\s*)?(?P<number>[\d.,  ]+)\s*(?P<unit>[a-z]*)$"
)
_MOST_BASE = 10**12


@dataclass(frozen=True, slots=True)
class Pack:
    """A packaging: so many base units, sold from ``minimum`` packs on in steps of ``multiple``."""

    unit: str
    factor: int
    minimum: int = 1
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class Fitted:
    """A number of packs that can be sold, and why it is not the one asked for.

    ``code`` is empty (as asked), minimum, multiple, up or down; ``value`` the minimum, the step,
    or the base units that were asked for.
    """

    packs: int
    code: str = ""
    value: int = 0


@dataclass(frozen=True, slots=True)
class Amount:
    """What was typed for a weighed line: packs (None when not said) and base units."""

    packs: int | None
    base_quantity: int


class InvalidAmount(ValueError):
    """What was typed is no amount: ``code`` is not-an-amount, other-unit, fraction or too-much."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def to_base(packs: int, factor: int) -> int:
    """Base units of whole packs."""
    return packs * factor


def to_packs(base_quantity: int, factor: int) -> tuple[int, int]:
    """Whole packs and the base units that do not fill another one."""
    return divmod(base_quantity, factor)


def fit_packs(packs: int, pack: Pack) -> Fitted:
    """The packs that can be sold for so many asked for: minimum first, then up to the multiple.

    Zero stays zero.
    """
    if packs <= 0:
        return Fitted(0)
    least, step = max(pack.minimum, 1), max(pack.multiple, 1)
    fitted = -(-max(packs, least) // step) * step
    if fitted == packs:
        return Fitted(packs)
    return Fitted(fitted, "minimum", least) if packs < least else Fitted(fitted, "multiple", step)


def fit_base(base_quantity: int, pack: Pack) -> Fitted:
    """The packs nearest to so many base units (half up, at least one), that can be sold."""
    if base_quantity <= 0:
        return Fitted(0)
    whole, rest = to_packs(base_quantity, pack.factor)
    nearest = max(whole + (2 * rest >= pack.factor and rest > 0), 1)
    fitted = fit_packs(nearest, pack)
    if fitted.code:
        return fitted
    sold = to_base(nearest, pack.factor)
    if sold == base_quantity:
        return Fitted(nearest)
    return Fitted(nearest, "up" if sold > base_quantity else "down", base_quantity)


def is_weighed(base_unit: str) -> bool:
    """True for goods whose base unit is the gram or millilitre."""
    return base_unit.upper() in _WEIGHED


def read_amount(text: str, base_unit: str) -> Amount:
    """An amount of weighed goods as typed: ``1,25 kg``, ``800 g``, ``3 = 1.235 kg``.

    Without a unit the number is in the large one (kg, l). Raises InvalidAmount.
    """
    units = _WEIGHED.get(base_unit.upper())
    found = _AMOUNT.match(text.strip().lower())
    if units is None or found is None:
        raise InvalidAmount("not-an-amount")
    try:
        number = parse_decimal(found.group("number"))
    except ValueError:
        raise InvalidAmount("not-an-amount") from None
    unit = found.group("unit")
    if unit and unit not in units:
        raise InvalidAmount("other-unit")
    base = number * Decimal(units[unit] if unit else 1000)
    if base != base.to_integral_value():
        raise InvalidAmount("fraction")
    if not 0 <= base <= _MOST_BASE:
        raise InvalidAmount("too-much")
    packs = found.group("packs")
    return Amount(None if packs is None else int(packs), int(base))
