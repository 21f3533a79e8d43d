"""Fitting the reorder model on the organisation's own history.

Owns ``fit``: snapshots of the past whose outcome is known, the regressions on them, and the choice
of the renewal parameters. Leaves the optimisers to ``logistic`` and scoring to ``forecast``.
"""

from dataclasses import dataclass, replace

import numpy as np

from crmdesk.analytics.reorder.circumstances import NOTHING_KNOWN, Circumstances
from crmdesk.analytics.reorder.cores import shared
from crmdesk.analytics.reorder.exact import Floats, Ints, log, total
from crmdesk.analytics.reorder.features import (
    CLASSIC_FEATURES,
    DATE_HORIZON,
    EXCESS_FEATURE,
    FEATURES,
    Design,
    Matrix,
    trend_feature,
)
from crmdesk.analytics.reorder.knowledge import believed, believed_date
from crmdesk.analytics.reorder.logistic import (
    fit_absolute,
    fit_logistic,
    nothing_believed,
    room_for,
)
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.opening import OpenTime
from crmdesk.analytics.reorder.prior import prior_days_of, sku_facts
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT, RenewalParameters, renewal_of
from crmdesk.analytics.reorder.silence import silent_days
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot, days_to_next, take_snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES

SNAPSHOT_AGES = (14, 30, 44, 58, 72)
_DATE_SNAPSHOT_AGE = 58
_FEWEST_ROWS = 400
_FEWEST_OF_EACH = 60
_RENEWAL_AGE = 14
_PRIOR_WEIGHTS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
_LOST_SHARES = (0.02, 0.08, 0.2)
_LOSS_BITS = 30
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class _Training:
    """One snapshot: the design and outcome of its own pairs, and of all what renewal needs."""

    design: Design
    days_to_next: Ints
    age: int
    snapshot: Snapshot
    prior_days: Floats
    all_days_to_next: Ints


def fit(
    purchases: PurchaseDays, as_of: int, circumstances: Circumstances = NOTHING_KNOWN
) -> ReorderModel:
    """Model fitted on the purchase-days up to and including ``as_of``.

    Logistic regressions on snapshots 14 to 72 days old whose labels are complete, and a median
    regression of the date. Both begin with what companies have in common (``knowledge``) and leave
    it as far as the rows say otherwise. Days count as open days, without those on which the whole
    company was silent; pairs that cannot be bought any more teach nothing.
    """
    known, told = purchases.until(as_of), circumstances.known_by(as_of)
    silent = silent_days(known, as_of)
    moved = OpenTime(told.with_holidays(silent), told.closed, known, as_of).moved(known)
    return replace(_fitted(moved, as_of, FEATURES, told), silent=silent)


def fit_classic(purchases: PurchaseDays, as_of: int) -> ReorderModel:
    """The baseline of 24 coefficients: these sales alone, without the pair's own gaps.

    With too few rows it answers by renewal.
    """
    return _fitted(purchases.until(as_of), as_of, CLASSIC_FEATURES, NOTHING_KNOWN)


def _fitted(known: PurchaseDays, as_of: int, width: int, told: Circumstances) -> ReorderModel:
    """A model of the first ``width`` features."""
    skus, rate = sku_facts(known, take_snapshot(known, as_of))
    rows = shared(lambda age: _training(known, as_of, age, told), SNAPSHOT_AGES)
    return ReorderModel(
        as_of=as_of,
        rate=rate,
        skus=skus,
        coefficients=_fit_chances(rows, width),
        date_coefficients=_fit_date(rows, width),
        renewal=_fit_renewal(rows[0]),
    )


def _fit_chances(rows: list[_Training], width: int) -> dict[int, Floats]:
    """Coefficients by horizon, those beyond ``width`` nil.

    Fewer features than there are know of no other companies: a horizon with too few rows has none.
    """
    coefficients: dict[int, Floats] = {}
    start: Floats | None = None
    room = room_for(sum(len(row.days_to_next) for row in rows))
    for horizon in HORIZONS:
        matrix, label = _labelled(rows, horizon, room)
        matrix[:, width:] = 0.0
        belief = believed(horizon) if width == FEATURES else nothing_believed(FEATURES)
        positive = int(label.sum())
        few = len(label) < _FEWEST_ROWS or min(positive, len(label) - positive) < _FEWEST_OF_EACH
        if few and width < FEATURES:
            continue
        start = fit_logistic(matrix, label, belief, start)
        if start[EXCESS_FEATURE] > 0.0:
            # Who buys more at once may well buy more often, but never again the sooner for it.
            start[EXCESS_FEATURE] = matrix[:, EXCESS_FEATURE] = 0.0
            start = fit_logistic(matrix, label, belief.without(EXCESS_FEATURE), start)
        coefficients[horizon] = start
    return coefficients


def _training(
    purchases: PurchaseDays, as_of: int, age: int, told: Circumstances = NOTHING_KNOWN
) -> _Training:
    """Design and outcome of every pair with three purchase-days at the snapshot ``age`` days back.

    ``days_to_next`` is ``NEVER`` where no purchase followed by ``as_of``.
    """
    cutoff = as_of - age
    known = purchases.until(cutoff)
    snapshot = take_snapshot(known, cutoff)
    skus, rate = sku_facts(known, snapshot)
    factor, last_30, last_90, season = skus.rows_of(snapshot.sku)
    prior_days = prior_days_of(snapshot, rate, factor)
    sold = ~told.unsold(snapshot.account, snapshot.sku, snapshot.last, as_of)
    own = np.flatnonzero((snapshot.count >= MINIMUM_PURCHASES) & sold)
    trend = trend_feature(last_30[own], last_90[own])
    design = Design(snapshot.of_pairs(own), prior_days[own], trend, season[own])
    outcome = days_to_next(purchases, snapshot)
    return _Training(design, outcome[own], age, snapshot, prior_days, outcome)


def _labelled(
    rows: list[_Training], horizon: int, room: Matrix | Floats | None = None
) -> tuple[Matrix | Floats, Floats]:
    """Features and labels of a horizon over the snapshots whose labels are complete.

    The features are a view of ``room``, which has at least so many rows, or of room of their own.
    """
    complete = [row for row in rows if row.age >= horizon]
    label = np.concatenate([row.days_to_next <= horizon for row in complete])
    matrix = room_for(len(label)) if room is None else room[: len(label)]
    ends = np.cumsum([len(row.days_to_next) for row in complete]).tolist()

    def put(row: _Training, end: int) -> None:
        matrix[end - len(row.days_to_next) : end] = row.design.matrix(horizon)

    shared(put, complete, ends)
    return matrix, label.astype(np.float64)


def _fit_date(rows: list[_Training], width: int) -> Floats | None:
    """Median regression of ln(days to the next purchase), among those within 60 days."""
    matrices, targets = [], []
    for row in rows:
        if row.age < _DATE_SNAPSHOT_AGE:
            continue
        soon = row.days_to_next <= min(HORIZON_LIMIT, row.age)
        matrices.append(row.design.matrix(DATE_HORIZON)[soon])
        targets.append(log(row.days_to_next[soon].astype(np.float64)))
    matrix, target = np.concatenate(matrices), np.concatenate(targets)
    if len(target) < _FEWEST_ROWS and width < FEATURES:
        return None
    belief = believed_date() if width == FEATURES else nothing_believed(FEATURES)
    weights = fit_absolute(matrix, target, belief)
    if weights[EXCESS_FEATURE] < 0.0:
        matrix[:, EXCESS_FEATURE] = 0.0
        weights = fit_absolute(matrix, target, belief.without(EXCESS_FEATURE))
    return weights


def _fit_renewal(row: _Training) -> RenewalParameters:
    """The weight of the prior and the share lost that fit the pairs below three purchase-days.

    Those are the pairs that renewal answers for. With too few of them the defaults stay.
    """
    few = np.flatnonzero(row.snapshot.count < MINIMUM_PURCHASES)
    bought = row.all_days_to_next[few] <= _RENEWAL_AGE
    hits = int(bought.sum())
    if len(few) < _FEWEST_ROWS or min(hits, len(few) - hits) < _FEWEST_OF_EACH:
        return RenewalParameters()
    young = row.snapshot.of_pairs(few)
    best, least = RenewalParameters(), np.inf
    for weight in _PRIOR_WEIGHTS:
        renewal = renewal_of(RenewalParameters(prior_weight=weight), young, row.prior_days[few])
        now = renewal.survival(young.days_since)
        then = renewal.survival(young.days_since + _RENEWAL_AGE)
        for lost in _LOST_SHARES:
            parameters = RenewalParameters(prior_weight=weight, lost_share=lost)
            chance = replace(renewal, parameters=parameters).chance(now, then)
            chance = np.clip(chance, _EDGE, 1.0 - _EDGE)
            loss = -total(log(np.where(bought, chance, 1.0 - chance)), _LOSS_BITS)
            if loss < least:
                best, least = parameters, loss
    return best
