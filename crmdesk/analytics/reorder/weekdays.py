"""The weekday on which an account orders, and dates moved to it.

Owns the rule by which an account has such a day: at least 60 % of five or more orders.
"""

import numpy as np

from crmdesk.analytics.reorder.circumstances import Mask
from crmdesk.analytics.reorder.exact import Ints, distinct
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.snapshot import Snapshot

_SHARE = 0.6
_ORDERS = 5
_DAY_BITS = 20


def on_usual_weekday(
    purchases: PurchaseDays, snapshot: Snapshot, expected: Ints, before: Ints
) -> tuple[Ints, Mask]:
    """Each expected day, or the usual weekday of its account nearest to it; and where it moved.

    Never one on or before the day in ``before``. ``purchases`` are those of the snapshot in real
    days.
    """
    if len(snapshot) == 0:
        return expected, np.zeros(0, dtype=np.bool_)
    regular, weekday = _usual_weekdays(purchases, snapshot)
    use = regular[snapshot.account_code]
    if not use.any():
        return expected, use
    offset = (weekday[snapshot.account_code] - expected + 3) % 7 - 3
    moved = expected + offset
    moved = np.where(moved <= before, moved + 7, moved)
    return np.where(use, moved, expected), use & (moved != expected)


def _usual_weekdays(purchases: PurchaseDays, snapshot: Snapshot) -> tuple[Mask, Ints]:
    """Per account: whether it has a usual weekday, and the one it orders on most."""
    least = int(purchases.day.min())
    row_account = snapshot.account_code.repeat(snapshot.count)
    keys = distinct((row_account << _DAY_BITS) | (purchases.day - least))
    accounts = int(snapshot.account_code[-1]) + 1
    weekday = ((keys & ((1 << _DAY_BITS) - 1)) + least) % 7
    counted = np.bincount((keys >> _DAY_BITS) * 7 + weekday, minlength=accounts * 7)
    table = counted.reshape(-1, 7)
    orders = table.sum(axis=1)
    return (orders >= _ORDERS) & (table.max(axis=1) >= _SHARE * orders), table.argmax(axis=1)
