"""Sold lines and the net purchase-days made from them.

Owns the reading of returns and cancellations: a negative line is taken off the latest earlier
purchase of the same account and SKU, last in, first out, with no invoice link needed, so that a
keying error and its cancellation vanish. Leaves dates, units and documents to its callers: days
are days since 1970-01-01, quantities are integers in the product's base unit.
"""

from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Ints

_OFFSET_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class SaleLines:
    """Sold lines, one element per line in four integer arrays of the same length.

    ``quantity`` is in base units and negative for a return or a cancellation. ``account`` and
    ``sku`` may be any integers. The order of the lines has no influence on any result.
    """

    account: Ints
    sku: Ints
    day: Ints
    quantity: Ints

    def until(self, day: int) -> "SaleLines":
        """The lines up to and including a day."""
        keep = self.day <= day
        return SaleLines(self.account[keep], self.sku[keep], self.day[keep], self.quantity[keep])


@dataclass(frozen=True, slots=True)
class PurchaseDays:
    """Days on which an account bought a SKU, net of returns; sorted by account, SKU, day.

    ``quantity`` is always above zero, and a (account, sku, day) occurs once.
    """

    account: Ints
    sku: Ints
    day: Ints
    quantity: Ints

    def __len__(self) -> int:
        return len(self.day)

    def until(self, day: int) -> "PurchaseDays":
        """The purchase-days up to and including a day (later returns stay taken off)."""
        if len(self.day) == 0 or int(self.day.max()) <= day:
            return self
        return self.where(self.day <= day)

    def where(self, keep: np.typing.NDArray[np.bool_]) -> "PurchaseDays":
        """The purchase-days that a mask keeps, in the same order."""
        return PurchaseDays(self.account[keep], self.sku[keep], self.day[keep], self.quantity[keep])


def purchase_days(lines: SaleLines) -> PurchaseDays:
    """Net purchase-days of the lines, last in, first out.

    Within one day sales come before returns, so that the order of the lines does not matter. What
    is returned beyond everything bought before is dropped. Raises ``ValueError`` for arrays of
    different lengths, and for quantities too large to be summed in 64 bits.
    """
    columns = [
        np.asarray(column, dtype=np.int64)
        for column in (lines.account, lines.sku, lines.day, lines.quantity)
    ]
    if len({len(column) for column in columns}) != 1:
        raise ValueError("account, sku, day and quantity differ in length")
    account, sku, day, quantity = columns
    if len(day) == 0:
        return PurchaseDays(account, sku, day, quantity)
    order = _order(account, sku, day)
    account, sku, day, quantity = (column[order] for column in columns)
    new_pair = _changes(account, sku)
    starts = np.flatnonzero(new_pair | _changes(day))
    net = np.add.reduceat(quantity, starts)
    pair = (np.cumsum(new_pair) - 1)[starts]
    kept = _without_returns(pair, net)
    bought = kept > 0
    rows = starts[bought]
    return PurchaseDays(account[rows], sku[rows], day[rows], kept[bought])


def pair_starts(purchases: PurchaseDays) -> Ints:
    """Position of the first purchase-day of each pair."""
    if len(purchases) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(_changes(purchases.account, purchases.sku))


def _order(account: Ints, sku: Ints, day: Ints) -> Ints:
    """Sorting permutation by account, SKU and day, on one packed key where it fits."""
    low = [int(column.min()) for column in (account, sku, day)]
    span = [
        int(column.max()) - least + 1
        for column, least in zip((account, sku, day), low, strict=True)
    ]
    if span[0] * span[1] * span[2] >= _OFFSET_LIMIT:
        return np.lexsort((day, sku, account))
    key = ((account - low[0]) * span[1] + (sku - low[1])) * span[2] + (day - low[2])
    return np.argsort(key, kind="stable")


def _changes(*columns: Ints) -> np.typing.NDArray[np.bool_]:
    """True where a row differs from the row before it in any column (and on the first row)."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _without_returns(pair: Ints, net: Ints) -> Ints:
    """What is left of each day's net quantity after the later returns of its pair.

    Only pairs with a return are computed; of the others every day stays as it is.
    """
    kept = net.copy()
    touched = np.zeros(int(pair[-1]) + 1, dtype=np.bool_)
    touched[pair[net < 0]] = True
    rows = np.flatnonzero(touched[pair])
    if len(rows):
        kept[rows] = _last_in_first_out(pair[rows], net[rows])
    return kept


def _last_in_first_out(pair: Ints, net: Ints) -> Ints:
    """Rest of each element of a stack: sales are pushed, returns taken from the top.

    With H the height of the stack after each day (never below zero), what is left of a day's sale
    is min(H from that day on) − H before it, if above zero. Segments are kept apart by an offset
    larger than any height, so that one running minimum serves all pairs.
    """
    first = _changes(pair)
    segment = np.cumsum(first) - 1
    size = int(np.abs(net).sum()) + 1
    if size * (int(segment[-1]) + 2) >= _OFFSET_LIMIT:
        raise ValueError("the quantities are too large to be netted")
    running = np.cumsum(net)
    before_segment = (running - net)[first][segment]
    level = running - before_segment
    floor = np.minimum.accumulate(np.minimum(level, 0) - size * segment) + size * segment
    height = level - floor
    before = np.where(first, 0, np.concatenate(([0], height[:-1])))
    backward = (height + size * segment)[::-1]
    lowest_later = np.minimum.accumulate(backward)[::-1] - size * segment
    return np.asarray(np.maximum(lowest_later - before, 0))
