"""What is known of each pair on a day: counts, gaps, and the rhythm of its account.

Owns the reading of a history as it stood on an as-of day, in integers, and of what followed it.
Leaves the numbers made from it to ``features``.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, distinct
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts

HORIZONS = (7, 14, 30)
NEVER = 2**31
MOST_EXCESS = 8.0
_RECENT_GAPS = 12
_RECENT_DAYS = 30
_DAY_BITS = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every pair with a purchase up to ``as_of``; one element per pair, sorted by account and SKU.

    ``account`` and ``sku`` hold the caller's ids, ``account_code`` dense codes. ``median_gap`` is
    in days (halves occur) and 0 for a single purchase-day. ``days_since`` is R: days from the last
    purchase-day to the as-of day, or what a count on the shelf says instead.
    ``orders_since_first`` counts the
    account's order-days from the pair's first purchase-day on, ``orders_since_last`` those after
    its last. ``longer_gaps`` counts the pair's past gaps longer than the days since its last
    purchase-day, ``gaps_within`` (one row per horizon) those among them that were over within each
    of ``HORIZONS`` after so many days. ``order_*`` and ``days_since_order`` describe the account as
    a whole; its gaps are 0 when it has a single order-day. ``excess`` is the quantity of the last
    purchase-day over the mean of those before it, from 1 to ``MOST_EXCESS``: how many times longer
    than usual the goods bought last will do.
    """

    as_of: int
    account: Ints
    sku: Ints
    account_code: Ints
    count: Ints
    first: Ints
    last: Ints
    days_since: Ints
    median_gap: Floats
    orders_since_first: Ints
    orders_since_last: Ints
    days_since_order: Ints
    order_mean_gap: Floats
    order_median_gap: Floats
    orders_in_30_days: Ints
    longer_gaps: Ints
    gaps_within: Ints
    excess: Floats

    def __len__(self) -> int:
        return len(self.count)

    def of_pairs(self, rows: Ints) -> "Snapshot":
        """The snapshot of some of its pairs."""
        return Snapshot(self.as_of, *(getattr(self, name)[..., rows] for name in _PER_PAIR))

    def with_days_since(self, purchases: PurchaseDays, days_since: Ints) -> "Snapshot":
        """The snapshot of these purchases with another R, as a count on the shelf tells it."""
        gap, pair = _gaps(purchases.day, self.count)
        longer, within = _gap_counts(gap, pair, days_since)
        return replace(self, days_since=days_since, longer_gaps=longer, gaps_within=within)

    @property
    def starts(self) -> Ints:
        """Position of each pair's first purchase-day among those it was taken of."""
        return self.count.cumsum() - self.count

    @property
    def mean_gap(self) -> Floats:
        """I: mean days between purchase-days; 0 for a single one."""
        return (self.last - self.first) / np.maximum(self.count - 1, 1)


_PER_PAIR = tuple(one.name for one in fields(Snapshot) if one.name != "as_of")


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
    ends = np.concatenate((starts[1:], [len(known)])) if len(starts) else starts
    account = known.account[starts]
    code = _dense(account)
    count = ends - starts
    first = known.day[starts]
    last = known.day[ends - 1]
    row_code = code.repeat(count)
    orders = _order_days(row_code, known.day, as_of)
    base = code << _DAY_BITS
    shift = _shift(known.day)
    after_account = orders.keys.searchsorted(base + (1 << _DAY_BITS))
    from_first = orders.keys.searchsorted(base + (first - shift))
    after_last = orders.keys.searchsorted(base + (last - shift), side="right")
    gap, pair = _gaps(known.day, count)
    since = as_of - last
    longer, within = _gap_counts(gap, pair, since)
    return Snapshot(
        as_of=as_of,
        account=account,
        sku=known.sku[starts],
        account_code=code,
        count=count,
        first=first,
        last=last,
        days_since=since,
        median_gap=_median_gaps(gap, pair, count),
        orders_since_first=after_account - from_first,
        orders_since_last=after_account - after_last,
        days_since_order=as_of - orders.last[code],
        order_mean_gap=orders.mean_gap[code],
        order_median_gap=orders.median_gap[code],
        orders_in_30_days=orders.recent[code],
        longer_gaps=longer,
        gaps_within=within,
        excess=_excess(known.quantity, starts, count),
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


def _shift(day: Ints) -> int:
    """Days are packed relative to the first one, so that they are never negative."""
    return int(day.min()) if len(day) else 0


def _dense(ids: Ints) -> Ints:
    """Codes 0, 1, 2 … of a sorted array of ids."""
    codes = np.zeros(len(ids), dtype=np.int64)
    np.cumsum(ids[1:] != ids[:-1], out=codes[1:])
    return codes


def _gaps(day: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Days between the purchase-days of each of the pairs, and whose they are."""
    within = np.ones(max(len(day) - 1, 0), dtype=np.bool_)
    within[count[:-1].cumsum() - 1] = False
    return (day[1:] - day[:-1])[within], np.arange(len(count)).repeat(count - 1)


def _excess(quantity: Ints, starts: Ints, count: Ints) -> Floats:
    """Last quantity of each pair over the mean of its earlier ones, from 1 to ``MOST_EXCESS``."""
    if len(starts) == 0:
        return np.ones(0)
    last = quantity[starts + count - 1]
    before = np.add.reduceat(quantity, starts) - last
    mean = before / np.maximum(count - 1, 1)
    times = last / np.where(before > 0, mean, last)
    return np.asarray(np.minimum(np.maximum(times, 1.0), MOST_EXCESS))


def _gap_counts(gap: Ints, owner: Ints, since: Ints) -> tuple[Ints, Ints]:
    """Gaps of each owner longer than the days since its last day, and those that end within h."""
    size = len(since)
    left = gap - since[owner]
    over = left > 0
    left, owner = left[over], owner[over]
    within = [np.bincount(owner[left <= h], minlength=size) for h in HORIZONS]
    return np.bincount(owner, minlength=size), np.array(within)


def _median_gaps(gap: Ints, pair: Ints, count: Ints) -> Floats:
    """Median days between the purchase-days of each pair; 0 where there is a single one."""
    ranked = np.sort((pair << _DAY_BITS) | gap) & ((1 << _DAY_BITS) - 1)
    return _middles(ranked, count - 1)


def _middles(ranked: Ints, size: Ints) -> Floats:
    """Medians of consecutive groups of sorted numbers; 0 for an empty group."""
    if len(ranked) == 0:
        return np.zeros(len(size))
    begin = size.cumsum() - size
    limit = len(ranked) - 1
    lower = ranked[np.minimum(begin + np.maximum(size - 1, 0) // 2, limit)]
    upper = ranked[np.minimum(begin + size // 2, limit)]
    return np.where(size > 0, (lower + upper) * 0.5, 0.0)


def _order_days(code: Ints, day: Ints, as_of: int) -> _Orders:
    """Distinct days on which each account bought anything."""
    shift = _shift(day)
    keys = distinct((code << _DAY_BITS) | (day - shift))
    who = keys >> _DAY_BITS
    when = (keys & ((1 << _DAY_BITS) - 1)) + shift
    accounts = int(who[-1]) + 1 if len(who) else 0
    count = np.bincount(who, minlength=accounts)
    ends = count.cumsum()
    last = when[ends - 1] if accounts else when
    first = when[ends - count] if accounts else when
    gap, owner = _gaps(when, count)
    # Of each account the newest: so many gaps are left behind each of its own.
    left = (ends - np.arange(1, accounts + 1)).repeat(count - 1) - np.arange(1, len(gap) + 1)
    recent = left < _RECENT_GAPS
    ranked = np.sort((owner[recent] << _DAY_BITS) | gap[recent]) & ((1 << _DAY_BITS) - 1)
    return _Orders(
        keys=keys,
        last=last,
        mean_gap=(last - first) / np.maximum(count - 1, 1),
        median_gap=_middles(ranked, np.minimum(count - 1, _RECENT_GAPS)),
        recent=np.bincount(who[when > as_of - _RECENT_DAYS], minlength=accounts),
    )
