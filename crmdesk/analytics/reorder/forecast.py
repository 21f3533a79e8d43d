"""The reorder forecast of any set of pairs, from a fitted model.

Owns ``score`` and the ``Forecasts`` it gives. It sees purchase-days only; lines become
purchase-days in ``purchases``, and models are made in ``training``. The same rows give the same
bits on every machine, in any order, whether a pair is scored with its account alone or among all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, exp
from crmdesk.analytics.reorder.features import DATE_HORIZON, Design, Matrix, trend_feature
from crmdesk.analytics.reorder.logistic import linear, probabilities
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.prior import prior_days_of
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.quantity import usual_quantities
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT, renewal_of
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot, take_snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES, STATES, ReorderState, state_codes

_WEEKDAY_SHARE = 0.6
_WEEKDAY_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One element per pair, sorted by account and SKU; the arrays all have the same length.

    ``first`` and ``last`` are days since 1970-01-01, as is ``expected_next_day``, which is always
    after the as-of day. ``interval_days`` (mean) and ``median_gap`` are NaN for a pair bought
    once. ``p7 ≤ p14 ≤ p30`` are probabilities of at least one purchase-day in so many days;
    ``expected_quantity`` is in base units; ``state`` holds positions in ``states.STATES``;
    ``weekday_snapped`` says that the date was moved to the account's usual weekday.
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

    def __len__(self) -> int:
        return len(self.n)

    def state_of(self, row: int) -> ReorderState:
        """State of one pair."""
        return STATES[int(self.state[row])]


def score(purchases: PurchaseDays, model: ReorderModel, as_of: int) -> Forecasts:
    """Forecast of every pair with a purchase-day up to and including ``as_of``.

    ``purchases`` may be everything, or all the purchase-days of one or a few accounts: what is
    known of the SKUs comes from the model.
    """
    known = purchases.until(as_of)
    snapshot = take_snapshot(known, as_of)
    factor, last_30, last_90 = model.skus.rows_of(snapshot.sku)
    prior_days = prior_days_of(snapshot, model.rate, factor)
    chances, days = _renewal_forecast(snapshot, model, prior_days)
    own = np.flatnonzero(snapshot.count >= MINIMUM_PURCHASES)
    if len(own) and (model.coefficients or model.date_coefficients is not None):
        trend = trend_feature(last_30[own], last_90[own])
        design = Design(snapshot.of_pairs(own), prior_days[own], trend)
        for place, horizon in enumerate(HORIZONS):
            if horizon in model.coefficients:
                matrix = design.matrix(horizon)
                chances[place][own] = probabilities(matrix, model.coefficients[horizon])
        if model.date_coefficients is not None:
            days[own] = _date_days(design.matrix(DATE_HORIZON), model.date_coefficients)
    p14 = chances[1]
    p7 = np.minimum(chances[0], p14)
    p30 = np.maximum(chances[2], p14)
    expected, snapped = _snap_weekday(known, snapshot, as_of + days)
    repeated = snapshot.count > 1
    return Forecasts(
        as_of=as_of,
        account=snapshot.account,
        sku=snapshot.sku,
        n=snapshot.count,
        first=snapshot.first,
        last=snapshot.last,
        interval_days=np.where(repeated, snapshot.mean_gap, np.nan),
        median_gap=np.where(repeated, snapshot.median_gap, np.nan),
        p7=p7,
        p14=p14,
        p30=p30,
        expected_next_day=expected,
        expected_quantity=usual_quantities(known),
        state=state_codes(snapshot.count, snapshot.days_since, snapshot.median_gap, p14, p30),
        weekday_snapped=snapped,
    )


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
    purchases: PurchaseDays, snapshot: Snapshot, expected: Ints
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Dates moved to the account's weekday where at least 60 % of five or more orders fall on it.

    The nearest such day is taken, but never one on or before the as-of day.
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
    moved = np.where(moved <= snapshot.as_of, moved + 7, moved)
    use = regular[snapshot.account_code]
    return np.where(use, moved, expected), use & (moved != expected)
