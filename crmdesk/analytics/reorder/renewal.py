"""Gamma renewal with an empirical-Bayes rate: the forecast where little is known.

Gaps are Gamma(k, rate) and the rate of a pair is Gamma(a′, b′), so that the chance of no purchase
for t days is S(t) = I_{b′/(b′+t)}(a′, k), with I the regularised incomplete beta function. Owns
that function and the probabilities and dates that follow; leaves μ₀ to the prior.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log, log_gamma
from crmdesk.analytics.reorder.snapshot import Snapshot

HORIZON_LIMIT = 60
_FRACTION_DEPTH = 12
_DEPTH_PER_ROOT = 3
_TINY = 1e-300
_PIECE = 16_384


@dataclass(frozen=True, slots=True)
class RenewalParameters:
    """Shape of the gaps, of the rate, the share that is lost for good, and the prior's weight.

    The prior's weight c is 1 here because μ₀ is fitted on all pairs, those bought once included;
    2 would suit a μ₀ of regular pairs alone.
    """

    shape: float = 1.4
    rate_shape: float = 1.5
    lost_share: float = 0.08
    prior_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Renewal:
    """The renewal model of each pair: m repeats over ``span`` days, last purchase R days ago."""

    parameters: RenewalParameters
    rate_shape: Floats
    rate_scale: Floats
    days_since: Ints

    def survival(self, days: npt.ArrayLike) -> Floats:
        """S(t): chance that a gap is longer than ``days`` (one per pair, or one for all)."""
        since = np.broadcast_to(np.asarray(days, dtype=np.float64), self.rate_scale.shape)
        part = self.rate_scale / (self.rate_scale + since)
        return incomplete_beta(self.rate_shape, self.parameters.shape, part)

    def forecast(self, horizons: tuple[int, ...]) -> tuple[list[Floats], Ints]:
        """p_h for each horizon, and whole days until the median purchase within 60 days."""
        now, *later, end = self._survivals((0, *horizons, HORIZON_LIMIT))
        half = 0.5 * (now + end)
        days = np.zeros(len(half), dtype=np.int64)
        # Four-way search: three calls for a list of any length, which keeps one account quick.
        for step in (16, 4, 1):
            over = [
                part > half for part in self._survivals(tuple(step * k for k in (1, 2, 3)), days)
            ]
            days = days + step * (over[0].astype(np.int64) + over[1] + over[2])
        return [self.chance(now, then) for then in later], days + 1

    def _survivals(self, ahead: tuple[int, ...], start: Ints | int = 0) -> list[Floats]:
        """S at several numbers of days after the as-of day (plus ``start``), in one evaluation."""
        since = np.concatenate([self.days_since + start + days for days in ahead])
        scale = np.tile(self.rate_scale, len(ahead))
        shape = np.tile(self.rate_shape, len(ahead))
        whole = incomplete_beta(shape, self.parameters.shape, scale / (scale + since))
        return np.split(whole, len(ahead))

    def chance(self, now: Floats, then: Floats) -> Floats:
        """Chance of a purchase while survival falls from ``now`` to ``then``."""
        lost = self.parameters.lost_share
        return np.asarray((1.0 - lost) * (now - then) / (lost + (1.0 - lost) * now))


def renewal_of(parameters: RenewalParameters, snapshot: Snapshot, prior_days: Floats) -> Renewal:
    """Posterior of each pair: a′ = a + k·m, b′ = (a/k)·c·μ₀ + (l − f)."""
    scale = parameters.rate_shape / parameters.shape * parameters.prior_weight
    return Renewal(
        parameters,
        np.asarray(
            parameters.rate_shape + parameters.shape * (snapshot.count - 1), dtype=np.float64
        ),
        np.asarray(scale * prior_days + (snapshot.last - snapshot.first), dtype=np.float64),
        snapshot.days_since,
    )


def incomplete_beta(a: Floats, b: float, x: Floats) -> Floats:
    """Regularised incomplete beta function I_x(a, b) for a, b ≥ 0.5 and x in [0, 1].

    The continued fraction of DLMF 8.17.22, evaluated backward at a depth that depends on a and b
    alone, so that a value never depends on its neighbours; absolute error below 1e−11. Meant for
    few distinct ``a``: each is evaluated with scalar coefficients.
    """
    result = np.empty_like(x)
    for value in np.unique(a).tolist():
        rows = np.flatnonzero(a == value)
        for start in range(0, len(rows), _PIECE):
            piece = rows[start : start + _PIECE]
            result[piece] = _beta_part(value, b, x[piece])
    return result


def _beta_part(a: float, b: float, x: Floats) -> Floats:
    """I_x(a, b) for one a, by the symmetry I_x(a, b) = 1 − I_{1−x}(b, a) where x is large."""
    result = np.empty_like(x)
    swapped = x > (a + 1.0) / (a + b + 2.0)
    large, small = np.flatnonzero(swapped), np.flatnonzero(~swapped)
    ends = log_gamma(np.array([a, b, a + b]))
    beta = float(ends[0]) + float(ends[1]) - float(ends[2])
    if len(small):
        result[small] = _beta_fraction(a, b, x[small], beta)
    if len(large):
        result[large] = 1.0 - _beta_fraction(b, a, 1.0 - x[large], beta)
    return np.asarray(np.clip(result, 0.0, 1.0))


def _beta_fraction(a: float, b: float, x: Floats, beta: float) -> Floats:
    """x^a·(1 − x)^b / (a·B(a, b)) ÷ (1 + d₁/(1 + d₂/(1 + …))), from the last term to the first."""
    logs = log(np.maximum(np.stack([x, 1.0 - x]), _TINY))
    front = exp(a * logs[0] + b * logs[1] - beta) / a
    value = np.ones_like(x)
    for term in range(_depth(max(a, b)), 0, -1):
        j = float(term)
        twice = a + 2.0 * j
        value = 1.0 + (j * (b - j) / ((twice - 1.0) * twice)) * x / value
        j -= 1.0
        twice = a + 2.0 * j
        value = 1.0 - ((a + j) * (a + b + j) / (twice * (twice + 1.0))) * x / value
    return np.where(x > 0.0, front / value, 0.0)


def _depth(largest: float) -> int:
    """Terms needed: they grow with the root of the larger parameter, in steps."""
    return _FRACTION_DEPTH + _DEPTH_PER_ROOT * (1 << (max(int(largest), 1).bit_length() + 1) // 2)
