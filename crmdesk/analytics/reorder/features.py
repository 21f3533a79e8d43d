"""What is known of each pair on a day, and the 25 numbers the probability is made of.

Owns the snapshot of a history on an as-of day (counts, gaps, the account's rhythm) and the design
matrix. All counts are integers; every element of the matrix lies on a binary grid of 2^−10, which
is what lets the fit sum exactly. Leaves coefficients to the model.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, log, on_grid
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts

FEATURES = 25
CLASSIC_FEATURES = 24
HORIZONS = (7, 14, 30)
DATE_HORIZON = 14
NEVER = 2**31
FEATURE_BITS = 10
FEATURE_LIMIT = 64.0
_RECENT_GAPS = 12
_RECENT_DAYS = 30
_DAY_BITS = 20
_A_KINK, _B_KINK, _C_KINK = 0.4, 0.7, 0.7

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every pair with a purchase up to ``as_of``; one element per pair, sorted by account and SKU.

    ``account`` and ``sku`` hold the caller's ids, ``account_code`` dense codes. ``median_gap`` is
    in days (halves occur) and 0 for a single purchase-day. ``orders_since_first`` counts the
    account's order-days from the pair's first purchase-day on, ``orders_since_last`` those after
    its last. ``longer_gaps`` counts the pair's past gaps longer than the days since its last
    purchase-day, ``gaps_within`` those among them that were over within each of ``HORIZONS``
    after so many days. ``order_*`` and ``days_since_order`` describe the account as a whole; its
    gaps are 0 when it has a single order-day.
    """

    as_of: int
    account: Ints
    sku: Ints
    account_code: Ints
    count: Ints
    first: Ints
    last: Ints
    median_gap: Floats
    orders_since_first: Ints
    orders_since_last: Ints
    days_since_order: Ints
    order_mean_gap: Floats
    order_median_gap: Floats
    orders_in_30_days: Ints
    longer_gaps: Ints
    gaps_within: tuple[Ints, ...]

    def __len__(self) -> int:
        return len(self.count)

    def of_pairs(self, rows: Ints) -> "Snapshot":
        """The snapshot of some of its pairs."""
        changes: dict[str, Any] = {
            name: tuple(part[rows] for part in value) if isinstance(value, tuple) else value[rows]
            for name in self.__slots__
            if name != "as_of"
            for value in (getattr(self, name),)
        }
        return replace(self, **changes)

    @property
    def days_since(self) -> Ints:
        """R: days from the last purchase-day to the as-of day."""
        return self.as_of - self.last

    @property
    def mean_gap(self) -> Floats:
        """I: mean days between purchase-days; 0 for a single one."""
        return (self.last - self.first) / np.maximum(self.count - 1, 1)


@dataclass(frozen=True, slots=True)
class _Orders:
    """Order-days of every account: packed (account, day) keys and one element per account."""

    keys: Ints
    last: Ints
    mean_gap: Floats
    median_gap: Floats
    recent: Ints


def take_snapshot(purchases: PurchaseDays, as_of: int) -> Snapshot:
    """Snapshot of the purchase-days up to and including ``as_of``."""
    known = purchases.until(as_of)
    starts = pair_starts(known)
    ends = np.append(starts[1:], len(known)) if len(starts) else starts
    account = known.account[starts]
    code = _dense(account)
    count = ends - starts
    first = known.day[starts]
    last = known.day[ends - 1]
    row_code = np.repeat(code, count)
    orders = _order_days(row_code, known.day, as_of)
    base = code << _DAY_BITS
    shift = _shift(known.day)
    after_account = np.searchsorted(orders.keys, (code + 1) << _DAY_BITS)
    from_first = np.searchsorted(orders.keys, base + (first - shift))
    after_last = np.searchsorted(orders.keys, base + (last - shift), side="right")
    inner = np.ones(len(known), dtype=np.bool_)
    inner[starts] = False
    gap = np.diff(known.day, prepend=known.day[:1])[inner]
    pair = np.repeat(np.arange(len(count)), count - 1)
    longer, within = _gap_counts(gap, pair, as_of - last)
    return Snapshot(
        as_of=as_of,
        account=account,
        sku=known.sku[starts],
        account_code=code,
        count=count,
        first=first,
        last=last,
        median_gap=_median_gaps(gap, pair, count),
        orders_since_first=after_account - from_first,
        orders_since_last=after_account - after_last,
        days_since_order=as_of - orders.last[code],
        order_mean_gap=orders.mean_gap[code],
        order_median_gap=orders.median_gap[code],
        orders_in_30_days=orders.recent[code],
        longer_gaps=longer,
        gaps_within=within,
    )


def next_purchases(purchases: PurchaseDays, snapshot: Snapshot) -> Ints:
    """Row of the first purchase-day after the snapshot of each of its pairs; −1 where none is.

    Up to the snapshot's day ``purchases`` must be the history the snapshot was taken from.
    """
    later = purchases.day > snapshot.as_of
    position = np.flatnonzero(~later)
    if len(position) == 0:
        return np.full(len(snapshot), -1, dtype=np.int64)
    following = position[np.cumsum(snapshot.count) - 1] + 1
    row = np.minimum(following, len(purchases) - 1)
    found = (
        later[row]
        & (purchases.account[row] == snapshot.account)
        & (purchases.sku[row] == snapshot.sku)
    )
    return np.where(found, row, -1)


def days_to_next(purchases: PurchaseDays, snapshot: Snapshot) -> Ints:
    """Days from the snapshot to the next purchase-day of each pair; ``NEVER`` where none is."""
    row = next_purchases(purchases, snapshot)
    if len(purchases) == 0:
        return np.full(len(snapshot), NEVER, dtype=np.int64)
    return np.where(row >= 0, purchases.day[row] - snapshot.as_of, NEVER)


def sku_trend(purchases: PurchaseDays, as_of: int, skus: Ints) -> tuple[Ints, Ints]:
    """Purchase-days of each of the sorted ``skus`` in the last 30 and the last 90 days."""
    counts = []
    for days in (_RECENT_DAYS, 3 * _RECENT_DAYS):
        recent = (purchases.day <= as_of) & (purchases.day > as_of - days)
        place = np.searchsorted(skus, purchases.sku[recent])
        counts.append(np.bincount(place, minlength=len(skus)).astype(np.int64))
    return counts[0], counts[1]


def trend_feature(last_30: Ints, last_90: Ints) -> Floats:
    """ln((S30 + 1) / (S90/3 + 1)) of each SKU."""
    return log((last_30 + 1.0) / (last_90 / 3.0 + 1.0))


class Design:
    """The features of a snapshot's pairs; those that depend on the horizon are added per horizon.

    Needs at least two purchase-days in every pair. ``prior_days`` is μ₀ and ``trend`` the SKU
    trend of each pair.
    """

    def __init__(self, snapshot: Snapshot, prior_days: Floats, trend: Floats) -> None:
        """Compute the 16 columns that serve every horizon."""
        since = snapshot.days_since.astype(np.float64)
        since_order = snapshot.days_since_order.astype(np.float64)
        count = snapshot.count.astype(np.float64)
        order_gap = np.maximum(snapshot.order_mean_gap, 1.0)
        logs = log(
            np.stack(
                [
                    count,
                    snapshot.mean_gap,
                    since + 1.0,
                    snapshot.mean_gap + 1.0,
                    prior_days,
                    since_order + 1.0,
                    order_gap + 1.0,
                    snapshot.orders_in_30_days + 1.0,
                    1.0 + snapshot.orders_since_last * count / snapshot.orders_since_first,
                    (count + 0.5) / (snapshot.orders_since_first + 2.0),
                    since + 0.5,
                    snapshot.median_gap + 0.5,
                ]
            )
        )
        ratio = logs[2] - logs[3]
        late = logs[10] - logs[11]
        self._mean_gap = snapshot.mean_gap
        self._longer = snapshot.longer_gaps
        self._within = snapshot.gaps_within
        self._since = since
        self._since_order = since_order
        self._log_median = logs[11]
        self._order_median = np.maximum(snapshot.order_median_gap, 1.0)
        self._log_order_median = log(self._order_median + 0.5)
        self._fixed = [
            np.ones_like(count),
            logs[0],
            logs[1],
            ratio,
            ratio * ratio,
            np.maximum(ratio, 0.0),
            logs[4],
            logs[5],
            logs[6],
            logs[5] - logs[6],
            logs[7],
            logs[8],
            logs[9],
            trend,
            np.maximum(late, 0.0),
            np.maximum(late - _B_KINK, 0.0),
        ]

    def matrix(self, horizon: int) -> Matrix:
        """The (pairs, 25) features for one of ``HORIZONS``, on the grid of 2^−10 within ±64."""
        ends = log(np.stack([self._since + horizon, self._since_order + horizon]))
        pair = ends[0] - self._log_median
        account = ends[1] - self._log_order_median
        visits = np.floor((self._since_order + (horizon + 0.5)) / self._order_median)
        visits -= np.floor((self._since_order - 0.5) / self._order_median)
        columns = [
            *self._fixed,
            pair,
            np.maximum(pair, 0.0),
            np.maximum(pair - _A_KINK, 0.0),
            account,
            np.maximum(account, 0.0),
            np.maximum(account - _C_KINK, 0.0),
            np.minimum(visits, 4.0),
            (visits > 0.0).astype(np.float64),
            self._own_odds(horizon),
        ]
        matrix = np.empty((len(self._since), FEATURES), dtype=np.float32)
        for place, column in enumerate(columns):
            held = np.clip(column, -FEATURE_LIMIT, FEATURE_LIMIT)
            matrix[:, place] = on_grid(held, FEATURE_BITS)
        return matrix

    def _own_odds(self, horizon: int) -> Floats:
        """Log-odds that one of the pair's past gaps, longer than R, ended within the horizon.

        One gap of the odds h : I is added to the counts, so that a pair whose gaps are all shorter
        than R gets those odds.
        """
        within = self._within[HORIZONS.index(horizon)]
        general = horizon / (horizon + self._mean_gap)
        odds = log(np.stack([within + general, self._longer - within + (1.0 - general)]))
        return np.asarray(odds[0] - odds[1])


def _shift(day: Ints) -> int:
    """Days are packed relative to the first one, so that they are never negative."""
    return int(day.min()) if len(day) else 0


def _distinct(keys: Ints) -> Ints:
    """Sorted distinct keys; for these sizes quicker than hashing them."""
    ranked = np.sort(keys)
    return np.asarray(ranked[np.diff(ranked, prepend=-1) != 0])


def _dense(ids: Ints) -> Ints:
    """Codes 0, 1, 2 … of a sorted array of ids."""
    if len(ids) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(([0], np.cumsum(ids[1:] != ids[:-1])))


def _gap_counts(gap: Ints, owner: Ints, since: Ints) -> tuple[Ints, tuple[Ints, ...]]:
    """Gaps of each owner longer than the days since its last day, and those that end within h."""
    size = len(since)
    over = gap > since[owner]
    gap, owner = gap[over] - since[owner[over]], owner[over]
    within = tuple(np.bincount(owner[gap <= h], minlength=size) for h in HORIZONS)
    return np.bincount(owner, minlength=size), within


def _median_gaps(gap: Ints, pair: Ints, count: Ints) -> Floats:
    """Median days between the purchase-days of each pair; 0 where there is a single one."""
    ranked = np.sort((pair << _DAY_BITS) | gap) & ((1 << _DAY_BITS) - 1)
    return _middles(ranked, count - 1)


def _middles(ranked: Ints, size: Ints) -> Floats:
    """Medians of consecutive groups of sorted numbers; 0 for an empty group."""
    if len(ranked) == 0:
        return np.zeros(len(size))
    begin = np.cumsum(size) - size
    limit = len(ranked) - 1
    lower = ranked[np.minimum(begin + np.maximum(size - 1, 0) // 2, limit)]
    upper = ranked[np.minimum(begin + size // 2, limit)]
    return np.where(size > 0, (lower + upper) * 0.5, 0.0)


def _order_days(code: Ints, day: Ints, as_of: int) -> _Orders:
    """Distinct days on which each account bought anything."""
    shift = _shift(day)
    keys = _distinct((code << _DAY_BITS) | (day - shift))
    who = keys >> _DAY_BITS
    when = (keys & ((1 << _DAY_BITS) - 1)) + shift
    accounts = int(who[-1]) + 1 if len(who) else 0
    count = np.bincount(who, minlength=accounts)
    ends = np.cumsum(count)
    last = when[ends - 1] if accounts else when
    first = when[ends - count] if accounts else when
    place_from_end = np.repeat(ends, count) - 1 - np.arange(len(when))
    is_gap = np.diff(who, prepend=-1) == 0
    kept = is_gap & (place_from_end < _RECENT_GAPS)
    gap = np.diff(when, prepend=when[:1])[kept]
    ranked = np.sort((who[kept] << _DAY_BITS) | gap) & ((1 << _DAY_BITS) - 1)
    return _Orders(
        keys=keys,
        last=last,
        mean_gap=(last - first) / np.maximum(count - 1, 1),
        median_gap=_middles(ranked, np.minimum(count - 1, _RECENT_GAPS)),
        recent=np.bincount(who[when > as_of - _RECENT_DAYS], minlength=accounts),
    )
