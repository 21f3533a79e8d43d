"""Stretches in which nobody bought anything: a closed month, a strike, sales never entered.

Owns the rule that tells such a stretch from a quiet week, from the sales of the whole company. Its
days say nothing of any single customer, so they count as closed. Leaves their effect to
``opening`` and calendars that people keep to the circumstances.
"""

import numpy as np

from crmdesk.analytics.reorder.exact import Ints, distinct
from crmdesk.analytics.reorder.purchases import PurchaseDays

_FEWEST_DAYS = 10
_TIMES_THE_LONG = 2.5
_RARE_IN = 120
_LOOK_BACK = 60
_FEWEST_MISSED = 6.0
_DAY_BITS = 20


def silent_days(purchases: PurchaseDays, as_of: int) -> Ints:
    """Days up to ``as_of`` on which the whole company was silent, sorted.

    A stretch between two days with sales, or from the last of them to the as-of day, is silent
    when it has ten days or more, two and a half times the company's longest pause but for one and
    one more for every 120 days, and when six orders or more would have been expected in it at the
    pace of the 60 days before. Of such a stretch one usual pause stays as it was: only the days
    beyond it are silent.
    """
    every = _order_days(purchases.until(as_of))
    sold = distinct(every)
    if len(sold) < 2:
        return np.zeros(0, dtype=np.int64)
    ends = np.append(sold[1:], as_of + 1)
    pauses = ends - sold
    ranked = np.sort(pauses[:-1])
    rare = 2 + int(sold[-1] - sold[0]) // _RARE_IN
    usual, long = ranked[len(ranked) // 2], ranked[max(len(ranked) - rare, 0)]
    beyond = pauses - usual
    until = every.searchsorted(sold, side="right")
    since = every.searchsorted(sold - _LOOK_BACK, side="right")
    seen = np.minimum(sold - sold[0] + usual, _LOOK_BACK)
    missed = (until - since) * beyond / seen
    silent = (pauses >= _FEWEST_DAYS) & (pauses >= _TIMES_THE_LONG * long)
    silent &= missed >= _FEWEST_MISSED
    stretches = [
        np.arange(end - more, end)
        for end, more in zip(ends[silent].tolist(), beyond[silent].tolist(), strict=True)
    ]
    return np.concatenate(stretches) if stretches else np.zeros(0, dtype=np.int64)


def _order_days(purchases: PurchaseDays) -> Ints:
    """The day of each order, sorted: one for all that an account bought on a day."""
    if not len(purchases):
        return purchases.day
    code = np.zeros(len(purchases), dtype=np.int64)
    np.cumsum(purchases.account[1:] != purchases.account[:-1], out=code[1:])
    first = int(purchases.day.min())
    keys = distinct((code << _DAY_BITS) | (purchases.day - first))
    return np.sort((keys & ((1 << _DAY_BITS) - 1)) + first)
