"""How much: the usual quantity of a pair, and the packs that come nearest to it.

Owns the recency-weighted lower median and the rounding to a known packaging, in integers only. The
median of past quantities is a size the customer really ordered, so it is rounded to a pack the
customer is known to buy in and to nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Ints
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts

_DECAY = 0.85
_WEIGHT_ONE = 2**30


@dataclass(frozen=True, slots=True)
class Packaging:
    """A sellable packaging: base units in one, and the smallest number and step of packs sold."""

    factor: int
    minimum: int = 1
    multiple: int = 1


def usual_quantities(purchases: PurchaseDays) -> Ints:
    """Usual quantity of each pair, in the order of ``pair_starts``.

    The smallest quantity at which the cumulative weight reaches half, with weight 0.85^age and age
    counted in purchase-days back from the latest.
    """
    size = len(purchases)
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    starts = pair_starts(purchases)
    count = np.diff(np.append(starts, size))
    age = np.repeat(starts + count, count) - 1 - np.arange(size)
    return _weighted_medians(purchases, starts, _WEIGHTS[np.minimum(age, len(_WEIGHTS) - 1)])


def lower_medians(purchases: PurchaseDays) -> Ints:
    """Lower median of all quantities of each pair: what the weighted one is held against."""
    if len(purchases) == 0:
        return np.zeros(0, dtype=np.int64)
    weight = np.ones(len(purchases), dtype=np.int64)
    return _weighted_medians(purchases, pair_starts(purchases), weight)


def _weighted_medians(purchases: PurchaseDays, starts: Ints, weight: Ints) -> Ints:
    """Smallest quantity of each pair at which the cumulative weight reaches half."""
    size = len(purchases)
    count = np.diff(np.append(starts, size))
    pair = np.repeat(np.arange(len(starts)), count)
    order = np.lexsort((purchases.quantity, pair))
    reached = np.cumsum(weight[order])
    before = np.concatenate(([0], reached[starts[1:] - 1]))
    whole = np.add.reduceat(weight, starts)
    enough = 2 * (reached - before[pair]) >= whole[pair]
    place = np.minimum.reduceat(np.where(enough, np.arange(size), size), starts)
    return purchases.quantity[order][place]


def packs(
    quantity: int, packagings: Sequence[Packaging], usual: int | None = None
) -> tuple[int, int]:
    """(packaging index, packs) nearest to a quantity in base units, in integers only.

    ``usual`` is the index of the packaging the customer buys in; without one, the largest
    packaging that gives the quantity exactly is taken, or else the smallest. A half pack rounds up;
    minimum and multiple of the packaging are kept. Raises ``ValueError`` for a quantity or factor
    that is not positive and for an empty list.
    """
    if quantity <= 0:
        raise ValueError("the quantity must be above zero")
    if not packagings or any(min(one.factor, one.minimum, one.multiple) <= 0 for one in packagings):
        raise ValueError("a packaging needs a factor, a minimum and a multiple above zero")
    index = _exact_packaging(quantity, packagings) if usual is None else usual
    chosen = packagings[index]
    step = chosen.factor * chosen.multiple
    steps = (2 * quantity + step) // (2 * step)
    fewest = -(-chosen.minimum // chosen.multiple)
    return index, max(steps, fewest, 1) * chosen.multiple


def _exact_packaging(quantity: int, packagings: Sequence[Packaging]) -> int:
    exact = [
        place
        for place, one in enumerate(packagings)
        if quantity % (one.factor * one.multiple) == 0 and quantity >= one.factor * one.minimum
    ]
    if exact:
        return max(exact, key=lambda place: packagings[place].factor)
    return min(range(len(packagings)), key=lambda place: packagings[place].factor)


def _weights() -> Ints:
    """0.85^age in whole 2^−30 down to the first 1, so that cumulative weights are exact."""
    weights, value = [_WEIGHT_ONE], 1.0
    while weights[-1] > 1:
        value *= _DECAY
        weights.append(max(int(value * _WEIGHT_ONE), 1))
    return np.array(weights, dtype=np.int64)


_WEIGHTS = _weights()
