"""Integer money: minor units, unit prices at 1e-4 of the major unit, one rounding rule.

Rounding is half-even, once per line, to the currency's ISO 4217 exponent; laptop and HQ share
this code, so totals agree to the minor unit.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

PRICE_SCALE = 10_000
_DIGITS = {"JPY": 0, "CLP": 0, "KRW": 0, "KWD": 3, "BHD": 3, "TND": 3}


def currency_exponent(currency: str) -> int:
    """Digits of the minor unit (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Integer quotient rounded half to even; the denominator is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def share_of_minor(amount_minor: int, basis_points: int) -> int:
    """A share in basis points (1/10,000) of an amount, half-even: taxes, discounts."""
    return divide_half_even(amount_minor * basis_points, 10_000)


def discounted_price_e4(price_e4: int, discount_bp: int) -> int:
    """A unit price less a discount in basis points, half-even at 1e-4."""
    return divide_half_even(price_e4 * (10_000 - discount_bp), 10_000)


def parse_decimal(text: str) -> Decimal:
    """A decimal from ``1234.5``, ``1.234,50`` or ``1 234,5``; ValueError when it is none.

    A single separator followed by exactly three digits is read as a decimal point only when it
    is a point: ``1.234`` is one and a bit, as CSV files from programs mean it.
    """
    cleaned = text.strip().replace("\u00a0", "").replace(" ", "").replace("\u2212", "-")
    if "," in cleaned and "." in cleaned:
        thousands = "," if cleaned.rindex(".") > cleaned.rindex(",") else "."
        cleaned = cleaned.replace(thousands, "")
    cleaned = cleaned.replace(",", ".")
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not value.is_finite():
        raise ValueError(f"not a number: {text!r}")
    return value


def typed_minor(text: str, currency: str) -> int:
    """Minor units of an amount as a person types it; ValueError when it is none.

    More digits behind the separator than the currency has are refused, not rounded: ``1.005`` and
    ``1.000`` may as well mean thousands. So are exponents.
    """
    value = parse_decimal(text)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > 0 or -exponent > currency_exponent(currency):
        raise ValueError(f"not an amount: {text!r}")
    return to_minor(value, currency)


def to_price_e4(value: Decimal) -> int:
    """A decimal price in major units as an integer at 1e-4, half-even."""
    return int((value * PRICE_SCALE).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_minor(value: Decimal, currency: str = "EUR") -> int:
    """A decimal amount in major units as minor units, half-even."""
    scaled = value.scaleb(currency_exponent(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
