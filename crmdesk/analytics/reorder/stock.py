"""What a count on the customer's shelf says of the time since a purchase, and of the need.

Owns the estimate of a pair's stock from its latest count, what was bought since and its usual
consumption. Two things follow: days since the last purchase as the stock tells them (a shelf that
is half full stands half a gap after a purchase), and the units missing to the par level on the
expected day. Counts older than ``COUNT_DAYS`` say nothing.
"""

from dataclasses import dataclass, replace

import numpy as np

from crmdesk.analytics.reorder.circumstances import Circumstances, Mask, rows_of
from crmdesk.analytics.reorder.exact import Ints
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts
from crmdesk.analytics.reorder.snapshot import Snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES

COUNT_DAYS = 45


@dataclass(frozen=True, slots=True)
class Shelf:
    """Estimated stock of some pairs as of today: rows of the snapshot, units, units used per day.

    ``par`` is −1 where the customer has no par level; ``daily`` is in thousandths of a unit.
    """

    row: Ints
    units: Ints
    daily: Ints
    par: Ints

    def days_since(self, snapshot: Snapshot, usual: Ints) -> Ints:
        """R of every pair of the snapshot, as the shelf tells it where it was counted.

        An empty shelf stands at least one usual gap after a purchase.
        """
        since = snapshot.days_since.copy()
        full = np.where(self.par > 0, self.par, usual[self.row])
        used = np.maximum(full - self.units, 0) * 1000 // self.daily
        gone = np.maximum(since[self.row], full * 1000 // self.daily)
        since[self.row] = np.where(self.units > 0, used, gone)
        return since

    def seen(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot without the excess of what was counted: its R tells that already."""
        excess = snapshot.excess.copy()
        excess[self.row] = 1.0
        return replace(snapshot, excess=excess)

    def filled(self, quantity: Ints, days_ahead: Ints, *, but: Mask) -> Ints:
        """The quantities of all pairs, where there is a par level what will be missing to it.

        So many days ahead of each pair; those in ``but`` stay as they are.
        """
        left = np.maximum(self.units - self.daily * days_ahead[self.row] // 1000, 0)
        need = np.where(self.par > 0, np.maximum(self.par - left, 0), 0)
        lacking = ((need > 0) & ~but[self.row]).nonzero()[0]
        every = quantity.copy()
        every[self.row[lacking]] = need[lacking]
        return every

    def stock(self, size: int) -> Ints:
        """Units of each of so many pairs, −1 where nobody counted."""
        units = np.full(size, -1, dtype=np.int64)
        units[self.row] = self.units
        return units


def shelf_of(
    purchases: PurchaseDays, snapshot: Snapshot, usual: Ints, circumstances: Circumstances
) -> Shelf | None:
    """The counted pairs with a rhythm of their own; ``None`` without any.

    ``purchases`` are those of the snapshot in real days, ``usual`` the usual quantity of each pair.
    """
    counts = circumstances.counts.until(snapshot.as_of)
    counted = rows_of(snapshot.account, snapshot.sku, counts.account, counts.sku)
    row = np.flatnonzero(
        (counted >= 0)
        & (snapshot.count >= MINIMUM_PURCHASES)
        & (snapshot.median_gap > 0.0)
        & (usual > 0)
    )
    day, units = counts.day[counted[row]], counts.value[counted[row]]
    fresh = snapshot.as_of - day <= COUNT_DAYS
    row, day, units = row[fresh], day[fresh], units[fresh]
    if not len(row):
        return None
    daily = np.maximum(usual[row] * 2000 // (2.0 * snapshot.median_gap[row]).astype(np.int64), 1)
    bought = _bought_since(purchases, row, snapshot.count[row], day)
    left = np.maximum(units + bought - daily * (snapshot.as_of - day) // 1000, 0)
    wanted = rows_of(
        snapshot.account[row], snapshot.sku[row], circumstances.par.account, circumstances.par.sku
    )
    none = np.full(len(row), -1, dtype=np.int64)
    par = circumstances.par.value[wanted] if len(circumstances.par) else none
    return Shelf(row, left, daily, np.where(wanted >= 0, par, none))


def _bought_since(purchases: PurchaseDays, row: Ints, count: Ints, day: Ints) -> Ints:
    """Units each of these pairs bought after its day (a count is taken before the order)."""
    starts = pair_starts(purchases)[row]
    total = np.zeros(len(row), dtype=np.int64)
    for place, (start, size, since) in enumerate(
        zip(starts.tolist(), count.tolist(), day.tolist(), strict=True)
    ):
        days = purchases.day[start : start + size]
        first = start + int(np.searchsorted(days, since))
        total[place] = purchases.quantity[first : start + size].sum()
    return total
