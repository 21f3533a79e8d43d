"""The reorder forecast of any set of pairs, from a fitted model.

Owns ``score`` and the ``Forecasts`` it gives. It sees purchase-days only; lines become
purchase-days in ``purchases``, and models are made in ``training``. The same rows give the same
bits on every machine, in any order, whether a pair is scored with its account alone or among all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.adjusting import (
    refusals,
    refused,
    standing_wishes,
    with_wanted,
    within_open_days,
)
from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN, Circumstances
from crmdesk.analytics.reorder.exact import Floats, Ints, exp
from crmdesk.analytics.reorder.features import DATE_HORIZON, Design, Matrix, trend_feature
from crmdesk.analytics.reorder.logistic import linear, probabilities
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.opening import OpenTime
from crmdesk.analytics.reorder.prior import prior_days_of
from crmdesk.analytics.reorder.purchases import PurchaseDays, pair_starts
from crmdesk.analytics.reorder.quantity import usual_quantities
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT, renewal_of
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot, take_snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES, STATES, ReorderState, state_codes
from crmdesk.analytics.reorder.stock import Shelf, shelf_of

_WEEKDAY_SHARE = 0.6
_WEEKDAY_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One element per pair, sorted by account and SKU; the arrays all have the same length.

    ``first`` and ``last`` are days since 1970-01-01, as is ``expected_next_day``, which is always
    after the as-of day. ``interval_days`` (mean) and ``median_gap`` are NaN for a pair bought
    once. ``p7 ≤ p14 ≤ p30`` are probabilities of at least one purchase-day in so many days;
    ``expected_quantity`` is in base units; ``state`` holds positions in ``states.STATES``;
    ``weekday_snapped`` says that the date was moved to the account's usual weekday. ``days_open``
    is R as it was used: without closed days, or as the shelf tells it; ``stock`` the units
    estimated on the shelf (−1 where nobody counted); ``refusals`` how often the suggestion was put
    off since the last purchase. ``closed_days`` are the closed days left out of R, ``closed_ahead``
    those among the next 14; ``wished`` says that a person's quantity stands in place of the usual.
    """

    as_of: int
    account: Ints
    sku: Ints
    n: Ints
    first: Ints
    last: Ints
    interval_days: Floats
    median_gap: Floats
    p7: Floats
    p14: Floats
    p30: Floats
    expected_next_day: Ints
    expected_quantity: Ints
    state: npt.NDArray[np.int8]
    weekday_snapped: npt.NDArray[np.bool_]
    days_open: Ints
    stock: Ints
    refusals: Ints
    closed_days: Ints
    closed_ahead: Ints
    wished: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.n)

    def state_of(self, row: int) -> ReorderState:
        """State of one pair."""
        return STATES[int(self.state[row])]


def score(
    purchases: PurchaseDays,
    model: ReorderModel,
    as_of: int,
    circumstances: Circumstances = NOTHING_KNOWN,
) -> Forecasts:
    """Forecast of every pair with a purchase-day up to and including ``as_of``.

    ``purchases`` may be everything, or all the purchase-days of one or a few accounts: what is
    known of the SKUs comes from the model.
    """
    known, told = purchases.until(as_of), circumstances.known_by(as_of)
    usual = usual_quantities(known)
    time = OpenTime(told.holidays, told.closed, known, as_of)
    moved = time.moved(known)
    snapshot = take_snapshot(moved, as_of)
    shelf = shelf_of(known, snapshot, usual, told)
    if shelf is not None:
        snapshot = shelf.seen(take_snapshot(moved, as_of, shelf.days_since(snapshot, usual)))
    chances, days = _open_forecast(snapshot, model)
    starts = pair_starts(known)
    first = known.day[starts]
    last = known.day[starts + snapshot.count - 1]
    unsold = told.unsold(snapshot.account, snapshot.sku, last, as_of)
    times, put_off = refusals(snapshot.account, snapshot.sku, last, as_of, told)
    chances = [np.where(unsold, 0.0, chance) for chance in refused(_ordered(chances), times)]
    open_p30 = chances[2]
    if not time.always_open:
        ahead = [h - time.between(snapshot.account, as_of, as_of + h) for h in HORIZONS]
        chances = within_open_days(chances, ahead)
        days = time.later(snapshot.account, days)
    before = np.clip(put_off, as_of, as_of + HORIZON_LIMIT)
    expected = np.maximum(as_of + days, before + 1)
    expected, snapped = _snap_weekday(known, snapshot, expected, before)
    if not time.always_open:
        expected = time.opened(snapshot.account, expected)
    repeated = snapshot.count > 1
    wished, quantity = _quantities(known, snapshot, usual, told, shelf, expected)
    return Forecasts(
        as_of=as_of,
        account=snapshot.account,
        sku=snapshot.sku,
        n=snapshot.count,
        first=first,
        last=last,
        interval_days=np.where(repeated, snapshot.mean_gap, np.nan),
        median_gap=np.where(repeated, snapshot.median_gap, np.nan),
        p7=chances[0],
        p14=chances[1],
        p30=chances[2],
        expected_next_day=expected,
        expected_quantity=quantity,
        state=state_codes(
            snapshot.count,
            snapshot.days_since,
            snapshot.median_gap,
            chances[1],
            chances[2],
            open_p30,
            unsold,
            np.isin(snapshot.sku, told.substituted),
        ),
        weekday_snapped=snapped,
        days_open=snapshot.days_since,
        stock=_stock(snapshot, shelf),
        refusals=times,
        closed_days=time.between(snapshot.account, last, as_of),
        closed_ahead=time.between(snapshot.account, as_of, as_of + HORIZONS[1]),
        wished=wished,
    )


def _open_forecast(snapshot: Snapshot, model: ReorderModel) -> tuple[list[Floats], Ints]:
    """Chances per horizon and days until the median purchase, all in open days."""
    factor, last_30, last_90, season = model.skus.rows_of(snapshot.sku)
    prior_days = prior_days_of(snapshot, model.rate, factor)
    chances, days = _renewal_forecast(snapshot, model, prior_days)
    own = np.flatnonzero(snapshot.count >= MINIMUM_PURCHASES)
    if len(own) and (model.coefficients or model.date_coefficients is not None):
        trend = trend_feature(last_30[own], last_90[own])
        design = Design(snapshot.of_pairs(own), prior_days[own], trend, season[own])
        for place, horizon in enumerate(HORIZONS):
            if horizon in model.coefficients:
                matrix = design.matrix(horizon)
                chances[place][own] = probabilities(matrix, model.coefficients[horizon])
        if model.date_coefficients is not None:
            days[own] = _date_days(design.matrix(DATE_HORIZON), model.date_coefficients)
    return chances, days


def _ordered(chances: list[Floats]) -> list[Floats]:
    """p7 ≤ p14 ≤ p30."""
    p14 = chances[1]
    return [np.minimum(chances[0], p14), p14, np.maximum(chances[2], p14)]


def _quantities(
    known: PurchaseDays,
    snapshot: Snapshot,
    usual: Ints,
    told: Circumstances,
    shelf: Shelf | None,
    expected: Ints,
) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Usual quantity, or what a person wants instead, or what the shelf will lack by then.

    The first array says where a person's wish stands.
    """
    wanted = told.wanted
    quantity, standing = usual, np.zeros(len(snapshot), dtype=np.bool_)
    if len(wanted):
        seen = with_wanted(known, wanted)
        quantity = usual_quantities(seen)
        starts = pair_starts(known)
        last = known.day[starts + snapshot.count - 1]
        standing, wish = standing_wishes(
            snapshot.account, snapshot.sku, last, snapshot.as_of, wanted
        )
        quantity = np.where(standing, wish, quantity)
    if shelf is not None:
        need = shelf.need(expected[shelf.row] - snapshot.as_of)
        quantity = quantity.copy()
        lacking = (need > 0) & ~standing[shelf.row]
        quantity[shelf.row] = np.where(lacking, need, quantity[shelf.row])
    return standing, quantity


def _stock(snapshot: Snapshot, shelf: Shelf | None) -> Ints:
    """Estimated stock of each pair, −1 where nobody counted."""
    stock = np.full(len(snapshot), -1, dtype=np.int64)
    if shelf is not None:
        stock[shelf.row] = shelf.units
    return stock


def _date_days(matrix: Matrix, coefficients: Floats) -> Ints:
    days = np.rint(exp(linear(matrix, coefficients))).astype(np.int64)
    return np.clip(days, 1, HORIZON_LIMIT)


def _renewal_forecast(
    snapshot: Snapshot, model: ReorderModel, prior_days: Floats
) -> tuple[list[Floats], Ints]:
    """Renewal probabilities per horizon and days, where the fitted model does not answer."""
    chances = [np.zeros(len(snapshot)) for _ in HORIZONS]
    days = np.ones(len(snapshot), dtype=np.int64)
    complete = len(model.coefficients) == len(HORIZONS) and model.date_coefficients is not None
    rows = np.arange(len(snapshot))
    if complete:
        rows = np.flatnonzero(snapshot.count < MINIMUM_PURCHASES)
    if len(rows) == 0:
        return chances, days
    renewal = renewal_of(model.renewal, snapshot.of_pairs(rows), prior_days[rows])
    known, days[rows] = renewal.forecast(HORIZONS)
    for place, chance in enumerate(known):
        chances[place][rows] = chance
    return chances, days


def _snap_weekday(
    purchases: PurchaseDays, snapshot: Snapshot, expected: Ints, before: Ints
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Dates moved to the account's weekday where at least 60 % of five or more orders fall on it.

    The nearest such day is taken, but never one on or before the day in ``before``.
    """
    if len(snapshot) == 0:
        return expected, np.zeros(0, dtype=np.bool_)
    row_account = np.repeat(snapshot.account_code, snapshot.count)
    keys = np.sort((row_account << 20) | (purchases.day - int(purchases.day.min())))
    keys = keys[np.append(True, keys[1:] != keys[:-1])]  # np.unique hashes, ten times slower here
    accounts = int(snapshot.account_code[-1]) + 1
    weekday = ((keys & 0xFFFFF) + int(purchases.day.min())) % 7
    table = np.bincount((keys >> 20) * 7 + weekday, minlength=accounts * 7).reshape(-1, 7)
    orders = table.sum(axis=1)
    regular = (orders >= _WEEKDAY_ORDERS) & (table.max(axis=1) >= _WEEKDAY_SHARE * orders)
    usual = table.argmax(axis=1)[snapshot.account_code]
    offset = (usual - expected + 3) % 7 - 3
    moved = expected + offset
    moved = np.where(moved <= before, moved + 7, moved)
    use = regular[snapshot.account_code]
    return np.where(use, moved, expected), use & (moved != expected)
