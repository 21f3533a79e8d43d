"""What is known besides sales, applied to a forecast: closed days ahead, refusals, wishes.

Owns the chance of a purchase within fewer open days than a horizon has, the effect of suggestions a
person put off, and the quantity a person put in place of a suggested one. Nothing here raises a
shorter horizon above a longer one.
"""

import numpy as np

from crmdesk.analytics.reorder.circumstances import Circumstances, Mask, PairValues, rows_of
from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts
from crmdesk.analytics.reorder.quantity import usual_quantities
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot

_ALMOST_SURE = 1.0 - 1e-12
# Each refusal since the last purchase leaves so much of the hazard; five and more count as five.
REFUSED_SHARE = 0.6
_MOST_REFUSALS = 5


def within_open_days(chances: Floats, open_days: Ints) -> Floats:
    """Chances per horizon (rows) where only so many of its days are open.

    The hazard −ln(1 − p) is taken as even between the horizons.
    """
    hazard = -log(1.0 - np.minimum(chances, _ALMOST_SURE))
    summed = np.zeros_like(chances)
    before: Floats | float = 0.0
    for start, end, until in zip((0, *HORIZONS), HORIZONS, hazard, strict=False):
        inside = np.minimum(np.maximum(open_days - start, 0), end - start)
        summed += np.maximum(until - before, 0.0) * inside / (end - start)
        before = until
    fewer = np.minimum(1.0 - exp(-summed), chances)
    return np.where(open_days >= np.array(HORIZONS)[:, None], chances, fewer)


def refusals(
    account: Ints, sku: Ints, last: Ints, as_of: int, circumstances: Circumstances
) -> tuple[Ints, Ints]:
    """Times each pair was put off since its last purchase, and the last day it is put off until.

    The second is 0 where nothing is put off as of today.
    """
    told = circumstances.put_off.until(as_of)
    times, until = np.zeros(len(account), dtype=np.int64), np.zeros(len(account), dtype=np.int64)
    if not len(told):
        return times, until
    row = rows_of(told.account, told.sku, account, sku)
    keep = row >= 0
    keep[keep] &= told.day[keep] >= last[row[keep]]
    np.add.at(times, row[keep], 1)
    lasts = keep & (told.value >= as_of)
    np.maximum.at(until, row[lasts], told.value[lasts])
    return np.minimum(times, _MOST_REFUSALS), until


def refused(chances: Floats, times: Ints) -> Floats:
    """Chances (one row per horizon) whose hazard was lowered once for each refusal."""
    hit = times.nonzero()[0]
    if not len(hit):
        return chances
    share = np.ones(_MOST_REFUSALS + 1)
    for place in range(1, len(share)):
        share[place] = share[place - 1] * REFUSED_SHARE
    lowered = chances.copy()
    left = np.minimum(chances[:, hit], _ALMOST_SURE)
    lowered[:, hit] = 1.0 - exp(log(1.0 - left) * share[times[hit]])
    return lowered


def with_wanted(purchases: PurchaseDays, wanted: PairValues) -> PurchaseDays:
    """The purchase-days with the quantity a person wanted in place of the one bought that day.

    A wish counts as what the pair buys on its day: on the day of a purchase it takes that place,
    on another it is one more observation for quantities (never for intervals).
    """
    if not len(wanted) or not len(purchases):
        return purchases
    starts = pair_starts(purchases)
    row = rows_of(wanted.account, wanted.sku, purchases.account[starts], purchases.sku[starts])
    use = (row >= 0) & (wanted.value > 0)
    columns = [
        np.concatenate((one, other[use]))
        for one, other in (
            (purchases.account, wanted.account),
            (purchases.sku, wanted.sku),
            (purchases.day, wanted.day),
            (purchases.quantity, wanted.value),
        )
    ]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return PurchaseDays(*(column[order] for column in columns))


def wished_quantities(
    known: PurchaseDays, snapshot: Snapshot, usual: Ints, last: Ints, wanted: PairValues
) -> tuple[Mask, Ints]:
    """Where a person's wish stands, and the usual quantities or what people want instead.

    ``known`` are the purchase-days of the snapshot in real days, ``last`` the last of each pair.
    """
    if not len(wanted):
        return np.zeros(len(snapshot), dtype=np.bool_), usual
    quantity = usual_quantities(with_wanted(known, wanted))
    standing, wish = standing_wishes(snapshot.account, snapshot.sku, last, snapshot.as_of, wanted)
    return standing, np.where(standing, wish, quantity)


def standing_wishes(
    account: Ints, sku: Ints, last: Ints, as_of: int, wanted: PairValues
) -> tuple[Mask, Ints]:
    """Pairs whose newest wish is younger than the last purchase, and the quantity of it."""
    told = wanted.until(as_of)
    order = np.argsort(told.day, kind="stable")
    row = rows_of(account, sku, told.account[order], told.sku[order])
    hit = row >= 0
    quantity = np.zeros(len(account), dtype=np.int64)
    at = order[row[hit]]
    use = (told.day[at] >= last[hit]) & (told.value[at] > 0)
    rows = np.flatnonzero(hit)[use]
    quantity[rows] = told.value[at[use]]
    return quantity > 0, quantity
