"""Chances of a purchase and days until it, in open days, from a fitted model.

Owns what the model says of each pair of a snapshot: the coefficients where a pair has a rhythm of
its own, renewal where it has not or where a coefficient is missing. What a calendar or a person
says besides is :mod:`~crmdesk.analytics.reorder.adjusting`'s. Chances are arrays of one row per
horizon, in the order of ``HORIZONS``, and one column per pair.
"""

from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, logistic
from crmdesk.analytics.reorder.features import (
    DATE_HORIZON,
    EXCESS_FEATURE,
    EXCESS_LATE_FEATURE,
    LATE_FEATURE,
    SEASON_FEATURE,
    Design,
    Matrix,
    trend_feature,
)
from crmdesk.analytics.reorder.logistic import linear
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.prior import prior_days_of
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT, renewal_of
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES

_PIECE = 8_192
_P14 = HORIZONS.index(14)


@dataclass(frozen=True, slots=True)
class OpenForecast:
    """What the model says of every pair, all in open days.

    ``chances`` are p7 ≤ p14 ≤ p30, ``days`` those until the median purchase. ``season_part`` and
    ``bulk_part`` are what the season, and a last purchase above the usual, add to p14; nil where
    the fit made nothing of seasons.
    """

    chances: Floats
    days: Ints
    season_part: Floats
    bulk_part: Floats


def open_forecast(snapshot: Snapshot, model: ReorderModel) -> OpenForecast:
    """The forecast of every pair of a snapshot."""
    factor, last_30, last_90, season = model.skus.rows_of(snapshot.sku)
    prior_days = prior_days_of(snapshot, model.rate, factor)
    chances, days = _by_renewal(snapshot, model, prior_days)
    found = OpenForecast(chances, days, np.zeros(len(snapshot)), np.zeros(len(snapshot)))
    own = (snapshot.count >= MINIMUM_PURCHASES).nonzero()[0]
    if model.coefficients or model.date_coefficients is not None:
        for start in range(0, len(own), _PIECE):
            rows = own[start : start + _PIECE]
            trend = trend_feature(last_30[rows], last_90[rows])
            design = Design(snapshot.of_pairs(rows), prior_days[rows], trend, season[rows])
            _by_coefficients(design, model, rows, found)
    chances[0] = np.minimum(chances[0], chances[1])
    chances[2] = np.maximum(chances[2], chances[1])
    return found


def _by_coefficients(design: Design, model: ReorderModel, rows: Ints, found: OpenForecast) -> None:
    """Put what the fitted coefficients say in the place of these rows."""
    matrices = design.matrices(HORIZONS)
    known = [place for place, horizon in enumerate(HORIZONS) if horizon in model.coefficients]
    if known:
        odds = [linear(matrices[place], model.coefficients[HORIZONS[place]]) for place in known]
        if _P14 in known:
            odds += _without_parts(matrices[_P14], model.coefficients[14], odds[known.index(_P14)])
        chances = logistic(np.array(odds))
        for place, chance in zip(known, chances, strict=False):
            found.chances[place, rows] = chance
        if _P14 in known:
            if model.coefficients[14][SEASON_FEATURE] > 0.0:
                found.season_part[rows] = found.chances[_P14, rows] - chances[-2]
            found.bulk_part[rows] = found.chances[_P14, rows] - chances[-1]
    if model.date_coefficients is not None:
        matrix = matrices[HORIZONS.index(DATE_HORIZON)]
        days = np.rint(exp(linear(matrix, model.date_coefficients))).astype(np.int64)
        found.days[rows] = np.minimum(np.maximum(days, 1), HORIZON_LIMIT)


def _without_parts(matrix: Matrix, weights: Floats, odds: Floats) -> list[Floats]:
    """The log-odds without the season, and as if the last purchase had been a usual one."""
    excess = matrix[:, EXCESS_FEATURE] * weights[EXCESS_FEATURE]
    late = matrix[:, EXCESS_LATE_FEATURE] - matrix[:, LATE_FEATURE]
    return [
        odds - matrix[:, SEASON_FEATURE] * weights[SEASON_FEATURE],
        odds - excess - late * weights[EXCESS_LATE_FEATURE],
    ]


def _by_renewal(snapshot: Snapshot, model: ReorderModel, prior_days: Floats) -> tuple[Floats, Ints]:
    """What renewal says, where the fitted model does not answer; nil and one day elsewhere."""
    chances = np.zeros((len(HORIZONS), len(snapshot)))
    days = np.ones(len(snapshot), dtype=np.int64)
    complete = len(model.coefficients) == len(HORIZONS) and model.date_coefficients is not None
    asked = snapshot.count < MINIMUM_PURCHASES if complete else snapshot.count > 0
    rows = asked.nonzero()[0]
    if len(rows):
        renewal = renewal_of(model.renewal, snapshot.of_pairs(rows), prior_days[rows])
        chances[:, rows], days[rows] = renewal.forecast(HORIZONS)
    return chances, days
