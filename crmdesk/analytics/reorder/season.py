"""How much a SKU sells in the coming month of the year, beside the rest of its year.

Owns the month index of each SKU, from the same weeks of the last two years. Leaves its weight to
the fit: where seasons say nothing the coefficient is small. How the whole company's sales move has
no part in it: over a few snapshots such a number is only noise, and measured to do harm.
"""

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, log, on_grid
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.snapshot import Snapshot

YEAR_DAYS = 364
"""52 weeks, so that weekdays match."""

_MONTH_DAYS = 30
_YEARS = 2
_WEIGHT = 20.0
_MOST = 1.5
_GRID_BITS = 4


def season_index(purchases: PurchaseDays, snapshot: Snapshot, code: Ints, size: int) -> Floats:
    """ln of each SKU's purchase-days in the coming 30 days a year ago over those to expect then.

    ``snapshot`` is of the same purchase-days, ``code`` the dense SKU of each of its pairs, ``size``
    their number. To expect are its purchase-days of that year times the share that all SKUs had in
    those days, so that only what is the SKU's own remains. Years before which the SKU was not yet
    sold do not count; 20 purchase-days as expected are added to both, and without a whole year it
    is 0.
    """
    row_code = np.repeat(code, snapshot.count)
    back = snapshot.as_of - purchases.day
    kept = back < _YEARS * YEAR_DAYS
    cell = row_code[kept] * _YEARS + back[kept] // YEAR_DAYS
    coming = back[kept] % YEAR_DAYS >= YEAR_DAYS - _MONTH_DAYS
    year = np.bincount(cell, minlength=size * _YEARS).reshape(size, _YEARS)
    month = np.bincount(cell[coming], minlength=size * _YEARS).reshape(size, _YEARS)
    first = np.full(size, snapshot.as_of, dtype=np.int64)
    np.minimum.at(first, code, snapshot.first)
    found, expected = np.zeros(size), np.zeros(size)
    for ago in range(_YEARS):
        sold = first <= snapshot.as_of - (ago + 1) * YEAR_DAYS
        whole = int(year[sold, ago].sum())
        if whole:
            share = int(month[sold, ago].sum()) / whole
            found += np.where(sold, month[:, ago], 0)
            expected += np.where(sold, year[:, ago] * share, 0.0)
    index = log((found + _WEIGHT) / (expected + _WEIGHT))
    return on_grid(np.clip(index, -_MOST, _MOST), _GRID_BITS)
