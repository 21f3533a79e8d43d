"""Gamma renewal with an empirical-Bayes rate: the forecast where little is known.

Gaps are Gamma(k, rate) and the rate of a pair is Gamma(a′, b′), so that the chance of no purchase
for t days is S(t) = I_{b′/(b′+t)}(a′, k), with I the regularised incomplete beta function. Owns
that function and the probabilities and dates that follow; leaves μ₀ to the prior.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log, log_gamma
from crmdesk.analytics.reorder.features import Snapshot

HORIZON_LIMIT = 60
_FRACTION_DEPTH = 24
_DEPTH_PER_ROOT = 3
_TINY = 1e-300


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

    def probability(self, horizon: int) -> Floats:
        """p_h: chance of a purchase in the ``horizon`` days after the as-of day."""
        now = self.survival(self.days_since)
        return self._chance(now, self.survival(self.days_since + horizon))

    def probabilities(self, horizons: tuple[int, ...]) -> list[Floats]:
        """p_h for several horizons."""
        now = self.survival(self.days_since)
        return [self._chance(now, self.survival(self.days_since + h)) for h in horizons]

    def median_days(self) -> Ints:
        """Whole days until the median purchase, given that there is one within 60 days."""
        now = self.survival(self.days_since)
        half = 0.5 * (now + self.survival(self.days_since + HORIZON_LIMIT))
        low = np.zeros(len(half), dtype=np.int64)
        high = np.full(len(half), HORIZON_LIMIT, dtype=np.int64)
        while int((high - low).max(initial=0)) > 1:
            middle = (low + high) // 2
            later = self.survival(self.days_since + middle) > half
            low = np.where(later, middle, low)
            high = np.where(later, high, middle)
        return high

    def _chance(self, now: Floats, then: Floats) -> Floats:
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

    The continued fraction of DLMF 8.17.22, evaluated backward at a depth that depends on the
    element alone, so that a value never depends on its neighbours; absolute error below 1e−11.
    """
    swapped = x > (a + 1.0) / (a + b + 2.0)
    other = np.full_like(a, b)
    first = np.where(swapped, other, a)
    second = np.where(swapped, a, other)
    part = np.where(swapped, 1.0 - x, x)
    safe = np.maximum(part, _TINY)
    beta = log_gamma(a) + log_gamma(np.array([b]))[0] - log_gamma(a + b)
    front = exp(first * log(safe) + second * log(np.maximum(1.0 - safe, _TINY)) - beta) / first
    result = np.empty_like(front)
    depth = _depths(np.maximum(first, second))
    for level in np.unique(depth):
        rows = depth == level
        result[rows] = front[rows] * _fraction(first[rows], second[rows], part[rows], int(level))
    result = np.where(part <= 0.0, 0.0, result)
    return np.asarray(np.clip(np.where(swapped, 1.0 - result, result), 0.0, 1.0))


def _depths(largest: Floats) -> Ints:
    """Terms needed: they grow with the root of the larger parameter; steps of powers of two."""
    _, exponent = np.frexp(largest)
    root = np.left_shift(1, (np.maximum(exponent, 0).astype(np.int64) + 1) // 2)
    return np.asarray(_FRACTION_DEPTH + _DEPTH_PER_ROOT * root)


def _fraction(a: Floats, b: Floats, x: Floats, depth: int) -> Floats:
    """1 / (1 + d₁/(1 + d₂/(1 + …))), from the last term to the first."""
    value = np.ones_like(x)
    for term in range(depth, 0, -1):
        j = float(term)
        twice = a + 2.0 * j
        even = j * (b - j) * x / ((twice - 1.0) * twice)
        value = 1.0 + even / value
        j -= 1.0
        twice = a + 2.0 * j
        odd = -(a + j) * (a + b + j) * x / (twice * (twice + 1.0))
        value = 1.0 + odd / value
    return np.asarray(1.0 / value)
