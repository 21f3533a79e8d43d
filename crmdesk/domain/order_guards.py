"""Whether a quantity is reasonable for a customer: said as a code with figures, never a refusal.

Pure; quantities are compared in base units, so that "80 units" and "80 cases" are not the same.
"""

from __future__ import annotations

from dataclasses import dataclass

_TOO_MANY_TIMES = 2.5
_LEAST_PURCHASES = 3


@dataclass(frozen=True, slots=True)
class UsualRow:
    """What this customer usually takes of a SKU, in base units; `most` is the largest so far."""

    quantity: int
    unit: str
    factor: int
    packs: int
    most: int
    gap_days: float | None
    times: int


@dataclass(frozen=True, slots=True)
class Unusual:
    """Why a quantity looks unusual: `code` is too_many or other_unit, with its figures."""

    code: str
    times: float
    usual_packs: int
    usual_unit: str
    most_packs: int
    lasts_days: int | None


def unusual_quantity(packs: int, unit: str, factor: int, usual: UsualRow | None) -> Unusual | None:
    """Why so many packs are unusual for this customer, or None.

    Too many is more than 2.5 times the usual and more than ever; another unit is about the usual
    number of packs (half to twice), but of a different size ("80 units? Usually 80 cases").
    """
    if usual is None or usual.quantity <= 0 or packs <= 0 or usual.times < _LEAST_PURCHASES:
        return None
    base = packs * factor
    lasts = None if not usual.gap_days else round(usual.gap_days * base / usual.quantity)
    alike = usual.packs <= 2 * packs and packs <= 2 * usual.packs
    if factor != usual.factor and alike and not 0.5 < base / usual.quantity < 2:
        return Unusual("other_unit", base / usual.quantity, usual.packs, usual.unit, 0, lasts)
    if base > _TOO_MANY_TIMES * usual.quantity and base > usual.most:
        return Unusual(
            "too_many", base / usual.quantity, max(usual.quantity // factor, 1), unit,
            usual.most // factor, lasts,
        )  # fmt: skip
    return None
