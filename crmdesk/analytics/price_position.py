"""Who pays very different prices for the same, and what has become of prices and costs over time.

Arrays in, rows out. Prices per base unit are rates here (floats), used to compare, never to bill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmdesk.analytics.figures import Figure, Missing, share

Ints = NDArray[np.int64]
PEERS = 5
"""With fewer customers of similar volume there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A customer's price of a product beside that of customers who buy about as much of it.

    Prices in minor units per base unit; ``gap`` is the customer's price ÷ the peers' median − 1;
    ``worth_minor`` what the gap came to in the period, below zero where too little was paid.
    """

    account: int
    product: int
    quantity: int
    price: float
    peers: int
    median: float
    gap: float
    worth_minor: int


def outliers(
    account: Ints, product: Ints, quantity: Ints, net: Ints, *, least_gap: float = 0.12
) -> list[Outlier]:
    """Pairs whose price differs by at least ``least_gap`` from their peers' median.

    One entry per customer and product: base units and net in minor units of the period. Peers are
    other buyers of the product within half and double the quantity; at least :data:`PEERS`.
    Ordered by what the gap is worth, most lost first.
    """
    sold = (quantity > 0) & (net > 0)
    account, product, quantity, net = account[sold], product[sold], quantity[sold], net[sold]
    order = np.lexsort((quantity, product))
    found: list[Outlier] = []
    starts = np.flatnonzero(np.diff(product[order], prepend=-1)).tolist()
    for first, last in zip(starts, [*starts[1:], len(order)][: len(starts)], strict=True):
        at = order[first:last]
        if len(at) <= PEERS:
            continue
        prices = net[at] / quantity[at]
        low = np.searchsorted(quantity[at] * 2, quantity[at], "left")
        high = np.searchsorted(quantity[at], quantity[at] * 2, "right")
        for place in range(len(at)):
            peers = np.delete(prices[low[place] : high[place]], place - low[place])
            if len(peers) < PEERS:
                continue
            median = float(np.median(peers))
            gap = float(prices[place]) / median - 1
            if abs(gap) < least_gap:
                continue
            units = int(quantity[at[place]])
            worth = round((float(prices[place]) - median) * units)
            found.append(
                Outlier(
                    int(account[at[place]]), int(product[at[place]]), units, float(prices[place]),
                    len(peers), median, gap, worth,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.worth_minor, one.account, one.product))


@dataclass(frozen=True, slots=True)
class MonthPrices:
    """A month beside the base: sums in minor units, and indices (1 is the base's level).

    ``price`` and ``cost`` compare the month's goods at its own level with the same goods at the
    base's (Paasche), over products sold in both; ``discount`` is the share of the list value.
    """

    month: int
    net_minor: int
    discount: Figure[float]
    price: Figure[float]
    cost: Figure[float]
    margin: Figure[float]


def price_erosion(
    month: Ints, product: Ints, quantity: Ints, net: Ints, discount: Ints, cost: Ints,
    base: tuple[int, int],
) -> list[MonthPrices]:  # fmt: skip
    """One row per month (yyyymm), oldest first. ``base`` are the first and last month of the base.

    One entry per month and product. A month without comparable products has no index.
    """
    in_base = (month >= base[0]) & (month <= base[1])
    products, place = np.unique(product, return_inverse=True)

    def level(values: Ints) -> NDArray[np.float64]:
        sums = np.zeros((2, len(products)))
        np.add.at(sums[0], place[in_base], values[in_base])
        np.add.at(sums[1], place[in_base], quantity[in_base])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((sums[1] > 0) & (sums[0] > 0), sums[0] / sums[1], np.nan)

    price_level, cost_level = level(net), level(cost)
    rows = []
    for one in np.unique(month).tolist():
        here = (month == one) & (quantity > 0)
        sold, lost, spent = int(net[here].sum()), int(discount[here].sum()), int(cost[here].sum())
        rows.append(
            MonthPrices(
                int(one), sold, share(lost, sold + lost, Missing.NO_SALES),
                _index(net[here], quantity[here], price_level[place[here]]),
                _index(cost[here], quantity[here], cost_level[place[here]]),
                share(sold - spent, sold, Missing.NO_SALES)
                if spent else Figure(None, Missing.COST_UNKNOWN),
            )
        )  # fmt: skip
    return rows


def _index(values: Ints, quantity: Ints, level: NDArray[np.float64]) -> Figure[float]:
    known = ~np.isnan(level) & (values > 0)
    at_base = float((quantity[known] * level[known]).sum())
    if at_base <= 0:
        return Figure(None, Missing.NO_SALES)
    return Figure(float(values[known].sum()) / at_base)
