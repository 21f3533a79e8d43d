"""How much of a substitute stands for what was ordered, in its own packs and whole numbers.

Owns the conversion: by base units where both products count in the same one, else pack for pack,
because nobody knows how many grams a piece is. Words for it are :mod:`crmdesk.gui.packs`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdesk.domain.packaging import Fitted, Pack, fit_base, fit_packs, to_base


@dataclass(frozen=True, slots=True)
class Ordered:
    """A line that is replaced: packs of a packaging, and base units of what they are counted in."""

    packs: int
    unit: str
    factor: int
    base_quantity: int
    base_unit: str


@dataclass(frozen=True, slots=True)
class Instead:
    """So many packs of a packaging of the substitute (None: of its base unit), and why so many.

    ``option`` is the place of the packaging. ``other_unit``: counted in another base unit, so that
    a pack stands for a pack.
    """

    option: int | None
    fitted: Fitted
    other_unit: bool = False


def instead_of(ordered: Ordered, base_unit: str, options: Sequence[Pack]) -> Instead:
    """The packs of a substitute for a line.

    In the same base unit those that come nearest to its base units; of several as near, the
    packaging of the same size, else the largest. Otherwise as many packs of the packaging of the
    same name, or of the smallest.
    """
    if base_unit.upper() != ordered.base_unit.upper():
        return _pack_for_pack(ordered, options)
    if not options:
        return Instead(None, Fitted(ordered.base_quantity))

    def far_off(place: int) -> tuple[int, bool, int]:
        pack = options[place]
        sold = to_base(fit_base(ordered.base_quantity, pack).packs, pack.factor)
        return abs(sold - ordered.base_quantity), pack.factor != ordered.factor, -pack.factor

    best = min(range(len(options)), key=far_off)
    return Instead(best, fit_base(ordered.base_quantity, options[best]))


def _pack_for_pack(ordered: Ordered, options: Sequence[Pack]) -> Instead:
    if not options:
        return Instead(None, Fitted(ordered.packs), other_unit=True)
    named = [place for place, pack in enumerate(options) if pack.unit == ordered.unit]
    place = named[0] if named else min(range(len(options)), key=lambda one: options[one].factor)
    return Instead(place, fit_packs(ordered.packs, options[place]), other_unit=True)
