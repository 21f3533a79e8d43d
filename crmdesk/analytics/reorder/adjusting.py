"""What is known besides sales, applied to a forecast: closed days ahead, refusals, wishes.

Owns the chance of a purchase within fewer open days than a horizon has, the effect of suggestions a
person put off, and the quantity a person put in place of a suggested one. Nothing here raises a
shorter horizon above a longer one.
"""

import numpy as np

from crmdesk.analytics.reorder.circumstances import Circumstances, Mask, PairValues, rows_of
from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts
from crmdesk.analytics.reorder.snapshot import HORIZONS

_ALMOST_SURE = 1.0 - 1e-12
# Each refusal since the last purchase leaves so much of the hazard; five and more count as five.
REFUSED_SHARE = 0.6
_MOST_REFUSALS = 5


def within_open_days(chances: list[Floats], open_days: list[Ints]) -> list[Floats]:
    """Chances per horizon where only so many of its days are open.

    The hazard −ln(1 − p) is taken as even between the horizons.
    """
    hazard = [np.zeros_like(chances[0])]
    hazard += [-log(1.0 - np.minimum(chance, _ALMOST_SURE)) for chance in chances]
    knots = (0, *HORIZONS)
    result = []
    for horizon, chance, days in zip(HORIZONS, chances, open_days, strict=True):
        summed = np.zeros_like(chance)
        for place in range(1, len(knots)):
            width = knots[place] - knots[place - 1]
            inside = np.clip(days - knots[place - 1], 0, width)
            step = np.maximum(hazard[place] - hazard[place - 1], 0.0)
            summed = summed + step * inside / width
        fewer = 1.0 - exp(-summed)
        result.append(np.where(days >= horizon, chance, np.minimum(fewer, chance)))
    return result


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


def refused(chances: list[Floats], times: Ints) -> list[Floats]:
    """Chances whose hazard was lowered once for each refusal."""
    hit = np.flatnonzero(times)
    if not len(hit):
        return chances
    share = np.ones(_MOST_REFUSALS + 1)
    for place in range(1, len(share)):
        share[place] = share[place - 1] * REFUSED_SHARE
    lowered = []
    for chance in chances:
        left = np.minimum(chance[hit], _ALMOST_SURE)
        new = chance.copy()
        new[hit] = 1.0 - exp(log(1.0 - left) * share[times[hit]])
        lowered.append(new)
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
