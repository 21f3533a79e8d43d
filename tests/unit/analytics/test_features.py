"""Every feature against the definition, in plain Python, pair by pair."""

import math
from itertools import pairwise
from statistics import fmean, median

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.analytics.reorder import purchase_days
from crmdesk.analytics.reorder.features import FEATURES, Design, trend_feature
from crmdesk.analytics.reorder.snapshot import HORIZONS, days_to_next, sku_trend, take_snapshot
from tests.unit.analytics.histories import lines_of

T = 20_000
_GRID = 2.0**-10

_ROWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 3), st.integers(T - 200, T + 20),
        st.sampled_from([1, 2, 3, 6, 9, 40]),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


def slowly(
    bought: dict[tuple[int, int], dict[int, int]],
    pair: tuple[int, int],
    horizon: int,
    mu: float,
    season: float,
):
    """The 28 numbers of a pair with at least two purchase-days, as they are defined."""
    days, amounts = list(bought[pair]), list(bought[pair].values())
    orders = sorted({day for (account, _), found in bought.items() for day in found
                     if account == pair[0]})  # fmt: skip
    n, since = len(days), T - days[-1]
    gaps = [later - earlier for earlier, later in pairwise(days)]
    mean, middle = fmean(gaps), median(gaps)
    order_gaps = [later - earlier for earlier, later in pairwise(orders)]
    order_mean = max(fmean(order_gaps), 1.0)
    order_median = max(median(order_gaps[-12:]), 1.0)
    quiet = T - orders[-1]
    from_first = sum(day >= days[0] for day in orders)
    after_last = sum(day > days[-1] for day in orders)
    sold = {k: sum(T - k < day <= T for (_, sku), found in bought.items() for day in found
                   if sku == pair[1]) for k in (30, 90)}  # fmt: skip
    r = math.log((since + 1) / (mean + 1))
    b = math.log((since + 0.5) / (middle + 0.5))
    a = math.log((since + horizon) / (middle + 0.5))
    c = math.log((quiet + horizon) / (order_median + 0.5))
    visits = math.floor((quiet + horizon + 0.5) / order_median) - math.floor(
        (quiet - 0.5) / order_median
    )
    longer = [gap for gap in gaps if gap > since]
    within = sum(gap <= since + horizon for gap in longer)
    share = horizon / (horizon + mean)
    excess = min(max(amounts[-1] / fmean(amounts[:-1]), 1.0), 8.0)
    return [
        1.0, math.log(n), math.log(mean), r, r * r, max(r, 0.0), math.log(mu),
        math.log(1 + quiet), math.log(1 + order_mean), math.log((quiet + 1) / (order_mean + 1)),
        math.log(1 + sum(day > T - 30 for day in orders)),
        math.log(1 + after_last * n / from_first), math.log((n + 0.5) / (from_first + 2)),
        math.log((sold[30] + 1) / (sold[90] / 3 + 1)),
        max(b, 0.0), max(b - 0.7, 0.0),
        a, max(a, 0.0), max(a - 0.4, 0.0), c, max(c, 0.0), max(c - 0.7, 0.0),
        min(visits, 4), float(visits > 0),
        math.log((within + share) / (len(longer) - within + 1 - share)),
        math.log(excess), max(math.log((since + 0.5) / (middle * excess + 0.5)), 0.0),
        season,
    ]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(rows=_ROWS)
def test_features_are_what_the_definition_says(rows):
    purchases = purchase_days(lines_of(rows))
    snapshot = take_snapshot(purchases, T)
    own = np.flatnonzero(snapshot.count >= 2)
    if not len(own):
        return
    bought: dict[tuple[int, int], dict[int, int]] = {}
    for account, sku, day, quantity in sorted(rows):
        if day <= T:
            found = bought.setdefault((account, sku), {})
            found[day] = found.get(day, 0) + quantity
    skus = np.unique(snapshot.sku)
    last_30, last_90 = sku_trend(purchases, T, skus)
    place = np.searchsorted(skus, snapshot.sku[own])
    prior = np.linspace(5.0, 90.0, len(own))
    trend, season = trend_feature(last_30[place], last_90[place]), np.linspace(-1.0, 1.0, len(own))
    design = Design(snapshot.of_pairs(own), prior, trend, season)
    for horizon in HORIZONS:
        matrix = design.matrix(horizon)
        assert matrix.shape == (len(own), FEATURES)
        for row, at in enumerate(own.tolist()):
            pair = (int(snapshot.account[at]), int(snapshot.sku[at]))
            expected = slowly(bought, pair, horizon, float(prior[row]), float(season[row]))
            assert np.abs(matrix[row] - np.array(expected)).max() <= _GRID
    later = days_to_next(purchases, snapshot)
    for at, pair in enumerate(zip(snapshot.account.tolist(), snapshot.sku.tolist(), strict=True)):
        after = [d - T for a, s, d, _ in rows if (a, s) == pair and d > T]
        assert int(later[at]) == (min(after) if after else 2**31)
