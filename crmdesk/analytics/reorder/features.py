"""The 28 numbers that the probability of a purchase is made of.

Owns the design matrix. Every element lies on a binary grid of 2^−10, which is what lets the fit
sum exactly. Leaves the counts to ``snapshot`` and coefficients to the model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, log, on_grid
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot

FEATURES = 28
CLASSIC_FEATURES = 24
LATE_FEATURE = 14
EXCESS_FEATURE, EXCESS_LATE_FEATURE = 25, 26
SEASON_FEATURE = 27
DATE_HORIZON = 14
FEATURE_BITS = 10
FEATURE_LIMIT = 64.0
_PIECE = 8_192
_A_KINK, _B_KINK, _C_KINK = 0.4, 0.7, 0.7

Matrix = npt.NDArray[np.float32]


def trend_feature(last_30: Ints, last_90: Ints) -> Floats:
    """ln((S30 + 1) / (S90/3 + 1)) of each SKU."""
    return log((last_30 + 1.0) / (last_90 / 3.0 + 1.0))


class Design:
    """The features of a snapshot's pairs; those that depend on the horizon are added per horizon.

    Needs at least two purchase-days in every pair. ``prior_days`` is μ₀ and ``trend`` the SKU
    trend of each pair, ``season`` its SKU's index of the coming month.
    """

    def __init__(
        self, snapshot: Snapshot, prior_days: Floats, trend: Floats, season: Floats
    ) -> None:
        """Compute the 19 columns that serve every horizon."""
        since = snapshot.days_since.astype(np.float64)
        since_order = snapshot.days_since_order.astype(np.float64)
        count = snapshot.count.astype(np.float64)
        order_gap = np.maximum(snapshot.order_mean_gap, 1.0)
        order_median = np.maximum(snapshot.order_median_gap, 1.0)
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
                    snapshot.excess,
                    snapshot.median_gap * snapshot.excess + 0.5,
                    order_median + 0.5,
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
        self._order_median = order_median
        self._log_order_median = logs[14]
        self._last = [logs[12], np.maximum(logs[10] - logs[13], 0.0), season]
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
        """The (pairs, 28) features for one of ``HORIZONS``, on the grid of 2^−10 within ±64."""
        return np.asarray(self.matrices((horizon,))[0])

    def matrices(self, horizons: Sequence[int]) -> Matrix:
        """The (horizons, pairs, 28) features for several of ``HORIZONS``, in a single pass.

        ``_own_odds`` are those that one of the pair's past gaps, longer than R, ended within the
        horizon. One gap of the odds h : I is added to the counts, so that a pair whose gaps are
        all shorter than R gets those odds.
        """
        ahead = np.array(horizons, dtype=np.float64).reshape(-1, 1)
        within = np.array([self._within[HORIZONS.index(horizon)] for horizon in horizons])
        general = ahead / (ahead + self._mean_gap)
        shape = (4, *general.shape)
        logs = log(
            np.concatenate(
                (
                    self._since + ahead,
                    self._since_order + ahead,
                    within + general,
                    self._longer - within + (1.0 - general),
                )
            )
        ).reshape(shape)
        pair = logs[0] - self._log_median
        account = logs[1] - self._log_order_median
        visits = np.floor((self._since_order + (ahead + 0.5)) / self._order_median)
        visits -= np.floor((self._since_order - 0.5) / self._order_median)
        moving = (
            pair,
            np.maximum(pair, 0.0),
            np.maximum(pair - _A_KINK, 0.0),
            account,
            np.maximum(account, 0.0),
            np.maximum(account - _C_KINK, 0.0),
            np.minimum(visits, 4.0),
            visits > 0.0,
            logs[2] - logs[3],
        )
        return _on_grid(self._fixed, moving, self._last)


def _on_grid(
    fixed: Sequence[Floats], moving: Sequence[npt.NDArray[Any]], last: Sequence[Floats]
) -> Matrix:
    """The columns as rows of features per horizon, within the limit and on the grid.

    Only ``moving`` has a row per horizon. In pieces of all columns: few calls for one account,
    little memory for a million pairs.
    """
    horizons, size = moving[0].shape
    after, end = len(fixed), len(fixed) + len(moving)
    matrices = np.empty((horizons, size, FEATURES), dtype=np.float32)
    for start in range(0, size, _PIECE):
        part = slice(start, start + _PIECE)
        piece = np.empty((horizons, FEATURES, min(size - start, _PIECE)))
        piece[:, :after] = np.array([column[part] for column in fixed])
        for place, column in enumerate(moving, start=after):
            piece[:, place] = column[:, part]
        piece[:, end:] = np.array([column[part] for column in last])
        np.minimum(np.maximum(piece, -FEATURE_LIMIT, out=piece), FEATURE_LIMIT, out=piece)
        matrices[:, part] = on_grid(piece, FEATURE_BITS).transpose(0, 2, 1)
    return matrices
