"""Gamma renewal with an empirical-Bayes rate: the forecast where little is known.

Gaps are Gamma(k, rate) and the rate of a pair is Gamma(a′, b′), so that the chance of no purchase
for t days is S(t) = I_{b′/(b′+t)}(a′, k), with I the regularised incomplete beta function. Owns
that function and the probabilities and dates that follow; leaves μ₀ to the prior.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, distinct, exp, log, log_gamma
from crmdesk.analytics.reorder.snapshot import Snapshot

HORIZON_LIMIT = 60
_FRACTION_DEPTH = 12
_DEPTH_PER_ROOT = 3
_TINY = 1e-300
_PIECE = 16_384
_FEW = 64
_TABLED = 64


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

    def forecast(self, horizons: tuple[int, ...]) -> tuple[Floats, Ints]:
        """p_h per horizon (rows), and whole days until the median purchase within 60 days."""
        survivals = self._survivals if len(self.days_since) > _FEW else self._tabled()
        now, *later, end = survivals(np.array([[0], *([h] for h in horizons), [HORIZON_LIMIT]]))
        half = 0.5 * (now + end)
        days = np.zeros(len(half), dtype=np.int64)
        # Four-way search: three calls for a list of any length.
        for step in (16, 4, 1):
            over = survivals(days + np.array([[step], [2 * step], [3 * step]])) > half
            days = days + step * over.sum(axis=0)
        return np.array([self.chance(now, then) for then in later]), days + 1

    def _survivals(self, ahead: Ints) -> Floats:
        """S at numbers of days after the as-of day (rows, of one for all pairs or one for each)."""
        since = self.days_since + ahead
        scale = np.broadcast_to(self.rate_scale, since.shape)
        shape = np.broadcast_to(self.rate_shape, since.shape)
        whole = incomplete_beta(
            shape.ravel(), self.parameters.shape, (scale / (scale + since)).ravel()
        )
        return whole.reshape(since.shape)

    def _tabled(self) -> Callable[[Ints], Floats]:
        """:meth:`_survivals` of few pairs: of every day at once, which is quicker than four times.

        Days beyond the table are those that the search asks for and cannot find.
        """
        table = self._survivals(np.arange(_TABLED).reshape(-1, 1))
        pairs = np.arange(len(self.days_since))
        return lambda ahead: table[ahead, pairs]

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
    for value in distinct(a).tolist():
        rows = (a == value).nonzero()[0]
        for start in range(0, len(rows), _PIECE):
            piece = rows[start : start + _PIECE]
            result[piece] = _beta_part(value, b, x[piece])
    return result


def _beta_part(a: float, b: float, x: Floats) -> Floats:
    """I_x(a, b) for one a, by the symmetry I_x(a, b) = 1 − I_{1−x}(b, a) where x is large."""
    result = np.empty_like(x)
    swapped = x > (a + 1.0) / (a + b + 2.0)
    large, small = swapped.nonzero()[0], (~swapped).nonzero()[0]
    beta = _log_beta(a, b)
    if len(small):
        result[small] = _beta_fraction(a, b, x[small], beta)
    if len(large):
        result[large] = 1.0 - _beta_fraction(b, a, 1.0 - x[large], beta)
    return np.asarray(np.minimum(np.maximum(result, 0.0), 1.0))


@lru_cache(maxsize=4096)
def _log_beta(a: float, b: float) -> float:
    """ln B(a, b); the same few parameters come again and again."""
    ends = log_gamma(np.array([a, b, a + b]))
    return float(ends[0]) + float(ends[1]) - float(ends[2])


def _beta_fraction(a: float, b: float, x: Floats, beta: float) -> Floats:
    """x^a·(1 − x)^b / (a·B(a, b)) ÷ (1 + d₁/(1 + d₂/(1 + …))), from the last term to the first."""
    logs = log(np.maximum(np.array([x, 1.0 - x]), _TINY))
    front = exp(a * logs[0] + b * logs[1] - beta) / a
    value = np.ones_like(x)
    for term in _fraction_terms(a, b):
        over = term * x
        over /= value
        over += 1.0
        value = over
    return np.where(x > 0.0, front / value, 0.0)


@lru_cache(maxsize=4096)
def _fraction_terms(a: float, b: float) -> tuple[float, ...]:
    """dₙ over x for the continued fraction, from the last one to the first."""
    terms = []
    for term in range(_depth(max(a, b)), 0, -1):
        j = float(term)
        twice = a + 2.0 * j
        terms.append(j * (b - j) / ((twice - 1.0) * twice))
        j -= 1.0
        twice = a + 2.0 * j
        terms.append(-((a + j) * (a + b + j) / (twice * (twice + 1.0))))
    return tuple(terms)


def _depth(largest: float) -> int:
    """Terms needed: they grow with the root of the larger parameter, in steps."""
    return _FRACTION_DEPTH + _DEPTH_PER_ROOT * (1 << (max(int(largest), 1).bit_length() + 1) // 2)
