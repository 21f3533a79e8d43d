"""The reorder forecast: fit on the organisation's history, score any set of pairs.

Owns the public functions ``fit`` and ``score`` and the ``Forecasts`` they lead to. Both see
purchase-days only; lines become purchase-days in ``purchases``. The same rows give the same bits
on every machine, in any order, whether a pair is scored alone with its account or among all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log
from crmdesk.analytics.reorder.features import (
    FEATURES,
    Design,
    Matrix,
    Snapshot,
    sku_trend,
    take_snapshot,
    trend_feature,
)
from crmdesk.analytics.reorder.logistic import fit_absolute, fit_logistic, linear, probabilities
from crmdesk.analytics.reorder.model import HORIZONS, ReorderModel, SkuFacts
from crmdesk.analytics.reorder.prior import account_factors, fit_prior
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.quantity import usual_quantities
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT, renewal_of
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES, STATES, ReorderState, state_codes

NEVER = 2**31
SNAPSHOT_AGES = (14, 30, 44, 58, 72)
_DATE_SNAPSHOT_AGE = 58
_FEWEST_ROWS = 400
_FEWEST_OF_EACH = 60
_MOST_ROWS = 600_000
_DATE_HORIZON = 14
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


@dataclass(frozen=True, slots=True)
class _Training:
    """Rows of one snapshot: the design, the pairs' ages, and the days until the next purchase."""

    design: Design
    days_to_next: Ints
    age: int


def fit(purchases: PurchaseDays, as_of: int) -> ReorderModel:
    """Model fitted on the purchase-days up to and including ``as_of``.

    Logistic regressions on snapshots 14 to 72 days old whose labels are complete, and a median
    regression of the date; with too few rows the model answers by renewal alone. Takes about a
    second per 100,000 pairs.
    """
    known = purchases.until(as_of)
    snapshot = take_snapshot(known, as_of)
    skus, rate = _sku_facts(known, snapshot)
    rows = [_training(known, as_of, age) for age in SNAPSHOT_AGES]
    coefficients: dict[int, Floats] = {}
    start: Floats | None = None
    for horizon in HORIZONS:
        matrix, label = _labelled(rows, horizon)
        positive = int(label.sum())
        if len(label) < _FEWEST_ROWS or min(positive, len(label) - positive) < _FEWEST_OF_EACH:
            continue
        start = fit_logistic(matrix, label, start)
        coefficients[horizon] = start
    return ReorderModel(
        as_of=as_of,
        rate=rate,
        skus=skus,
        coefficients=coefficients,
        date_coefficients=_fit_date(rows),
    )


def score(purchases: PurchaseDays, model: ReorderModel, as_of: int) -> Forecasts:
    """Forecast of every pair with a purchase-day up to and including ``as_of``.

    ``purchases`` may be everything, or all the purchase-days of one or a few accounts: what is
    known of the SKUs comes from the model.
    """
    known = purchases.until(as_of)
    snapshot = take_snapshot(known, as_of)
    factor, last_30, last_90 = model.skus.rows_of(snapshot.sku)
    prior_days = _prior_days(snapshot, model.rate, factor)
    chances, days = _renewal_forecast(snapshot, model, prior_days)
    own = np.flatnonzero(snapshot.count >= MINIMUM_PURCHASES)
    if len(own) and (model.coefficients or model.date_coefficients is not None):
        trend = trend_feature(last_30[own], last_90[own])
        design = Design(_rows(snapshot, own), prior_days[own], trend)
        for place, horizon in enumerate(HORIZONS):
            if horizon in model.coefficients:
                matrix = design.matrix(horizon)
                chances[place][own] = probabilities(matrix, model.coefficients[horizon])
        if model.date_coefficients is not None:
            days[own] = _date_days(design.matrix(_DATE_HORIZON), model.date_coefficients)
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


def _sku_facts(purchases: PurchaseDays, snapshot: Snapshot) -> tuple[SkuFacts, float]:
    """λ, and the factor and trend of every SKU, from a snapshot of everything."""
    skus, code = np.unique(snapshot.sku, return_inverse=True)
    prior = fit_prior(
        snapshot.account_code, code, snapshot.count - 1, snapshot.as_of - snapshot.first
    )
    last_30, last_90 = sku_trend(purchases, snapshot.as_of, skus)
    return SkuFacts(skus, prior.sku_factor, last_30, last_90), prior.rate


def _prior_days(snapshot: Snapshot, rate: float, sku_factor: Floats) -> Floats:
    """μ₀ of each pair."""
    account_factor = account_factors(
        snapshot.account_code,
        snapshot.count - 1,
        snapshot.as_of - snapshot.first,
        rate,
        sku_factor,
    )
    return np.asarray(1.0 / (rate * account_factor[snapshot.account_code] * sku_factor))


def _training(purchases: PurchaseDays, as_of: int, age: int) -> _Training:
    """Design and outcome of every pair with three purchase-days at the snapshot ``age`` days back.

    ``days_to_next`` is ``NEVER`` where no purchase followed by ``as_of``.
    """
    cutoff = as_of - age
    known = purchases.until(cutoff)
    snapshot = take_snapshot(known, cutoff)
    skus, rate = _sku_facts(known, snapshot)
    factor, last_30, last_90 = skus.rows_of(snapshot.sku)
    prior_days = _prior_days(snapshot, rate, factor)
    own = np.flatnonzero(snapshot.count >= MINIMUM_PURCHASES)
    trend = trend_feature(last_30[own], last_90[own])
    design = Design(_rows(snapshot, own), prior_days[own], trend)
    return _Training(design, days_to_next(purchases, snapshot)[own], age)


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


def _labelled(rows: list[_Training], horizon: int) -> tuple[Matrix, Floats]:
    """Features and labels of a horizon over the snapshots whose labels are complete."""
    matrices: list[Matrix] = [np.zeros((0, FEATURES), dtype=np.float32)]
    labels: list[Floats] = [np.zeros(0)]
    for row in rows:
        if row.age >= horizon:
            matrices.append(row.design.matrix(horizon))
            labels.append((row.days_to_next <= horizon).astype(np.float64))
    return np.concatenate(matrices), np.concatenate(labels)


def _fit_date(rows: list[_Training]) -> Floats | None:
    """Median regression of ln(days to the next purchase), among those within 60 days."""
    matrices, targets = [], []
    for row in rows:
        if row.age < _DATE_SNAPSHOT_AGE:
            continue
        soon = row.days_to_next <= min(HORIZON_LIMIT, row.age)
        matrices.append(row.design.matrix(_DATE_HORIZON)[soon])
        targets.append(log(row.days_to_next[soon].astype(np.float64)))
    matrix, target = np.concatenate(matrices), np.concatenate(targets)
    return fit_absolute(matrix, target) if len(target) >= _FEWEST_ROWS else None


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
    renewal = renewal_of(
        model.renewal,
        snapshot.count[rows] - 1,
        (snapshot.last - snapshot.first)[rows],
        snapshot.days_since[rows],
        prior_days[rows],
    )
    for place, chance in enumerate(renewal.probabilities(HORIZONS)):
        chances[place][rows] = chance
    days[rows] = np.maximum(renewal.median_days(), 1)
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
    keys = np.unique((row_account << 20) | (purchases.day - int(purchases.day.min())))
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


def _rows(snapshot: Snapshot, rows: Ints) -> Snapshot:
    """The snapshot of some of its pairs."""
    return Snapshot(
        snapshot.as_of,
        *(getattr(snapshot, name)[rows] for name in Snapshot.__slots__ if name != "as_of"),
    )
