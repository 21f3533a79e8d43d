"""The forecasts that the reorder model is held against.

Owns the due-date rule, the mean interval and BG/NBD per pair (Fader, Hardie & Lee 2005), each as a
probability of a purchase within a horizon and an expected date. Nothing here is shown to a
person as a forecast.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, Ints, exp, log, log_gamma
from crmdesk.analytics.reorder.snapshot import Snapshot

_BINS = 20
_FIT_PAIRS = 8000
_SIMPLEX_STEPS = 220
_WEEK = 7.0


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Parameters of BG/NBD, time in weeks."""

    r: float
    alpha: float
    a: float
    b: float


def due_nearness(snapshot: Snapshot, horizon: int) -> Floats:
    """Minus the days between the due day (last + median gap) and the middle of the horizon."""
    due_in = snapshot.median_gap - snapshot.days_since
    return np.asarray(-np.abs(due_in - horizon / 2.0))


def learned_chance(now: Floats, learned: Floats, bought: Floats) -> Floats:
    """A rank as a probability: the share that bought, in 20 classes of an earlier day's ranks.

    ``bought`` is 0 or 1 for each element of ``learned``.
    """
    if len(learned) == 0:
        return np.full(len(now), 0.5)
    edges = np.quantile(learned, np.linspace(0.0, 1.0, _BINS + 1)[1:-1])
    place = np.searchsorted(edges, learned)
    hits = np.bincount(place, weights=bought, minlength=_BINS)
    size = np.bincount(place, minlength=_BINS)
    share = (hits + float(bought.mean())) / (size + 1.0)
    return np.asarray(share[np.searchsorted(edges, now)])


def due_date_days(gap: Floats, days_since: Ints) -> Floats:
    """Days until the last purchase plus one gap, at least one: a date already past means now."""
    return np.maximum(gap - days_since, 1.0)


def mean_interval_chance(snapshot: Snapshot, horizon: int) -> Floats:
    """Poisson purchases at the pair's own mean interval."""
    return np.asarray(1.0 - exp(-horizon / np.maximum(snapshot.mean_gap, 0.5)))


def fit_bg_nbd(repeats: Ints, recency: Ints, age: Ints) -> BgNbd:
    """Maximum likelihood by the simplex method, on at most 8,000 evenly spaced pairs.

    ``recency`` is the day of the last and ``age`` the as-of day, both counted from the first.
    """
    step = max(len(repeats) // _FIT_PAIRS, 1)
    x = repeats[::step].astype(np.float64)
    seen, known = recency[::step] / _WEEK, age[::step] / _WEEK

    def cost(logs: Floats) -> float:
        r, alpha, a, b = (float(value) for value in exp(logs))
        return -float(_log_likelihood(BgNbd(r, alpha, a, b), x, seen, known).sum())

    r, alpha, a, b = (float(value) for value in exp(_minimise(cost, np.zeros(4))))
    return BgNbd(r, alpha, a, b)


def bg_nbd_chance(fitted: BgNbd, repeats: Ints, recency: Ints, age: Ints, horizon: int) -> Floats:
    """P(at least one purchase in the horizon): alive, and not silent for so long."""
    x = repeats.astype(np.float64)
    seen, known = recency / _WEEK, age / _WEEK
    odds = (fitted.r + x) * (log(fitted.alpha + known) - log(fitted.alpha + seen))
    dead = np.where(x > 0.0, fitted.a / np.maximum(fitted.b + x - 1.0, 1e-6) * exp(odds), 0.0)
    later = log(fitted.alpha + known) - log(fitted.alpha + known + horizon / _WEEK)
    return np.asarray((1.0 - exp((fitted.r + x) * later)) / (1.0 + dead))


def _log_likelihood(at: BgNbd, x: Floats, seen: Floats, known: Floats) -> Floats:
    """Equation 6 of Fader, Hardie & Lee (2005)."""
    floor = 1e-9
    a, b, r = max(at.a, floor), max(at.b, floor), max(at.r, floor)
    start = _gamma_log(r + x) - _gamma_log(np.array([r])) + r * log(at.alpha)
    beta = _gamma_log(np.array([a + b])) - _gamma_log(np.array([b]))
    alive = beta + _gamma_log(b + x) - _gamma_log(a + b + x)
    alive = alive - (r + x) * log(at.alpha + known)
    left = log(a) - log(np.maximum(b + x - 1.0, floor)) + alive
    left = left + (r + x) * (log(at.alpha + known) - log(at.alpha + seen))
    both = np.maximum(alive, left) + log(1.0 + exp(-np.abs(alive - left)))
    return np.asarray(start + np.where(x > 0.0, both, alive))


def _gamma_log(x: Floats) -> Floats:
    """ln Γ for any positive argument, by one step of the recurrence."""
    return np.asarray(log_gamma(x + 1.0) - log(x))


def _minimise(cost: Callable[[Floats], float], start: Floats) -> Floats:
    """Nelder & Mead's simplex with the usual coefficients, a fixed number of steps."""
    size = len(start)
    points = [start, *(start + 0.8 * row for row in np.eye(size))]
    costs = [cost(point) for point in points]
    for _ in range(_SIMPLEX_STEPS):
        order = sorted(range(size + 1), key=lambda place: costs[place])
        points, costs = [points[i] for i in order], [costs[i] for i in order]
        centre = np.mean(points[:-1], axis=0)
        candidate, value = _reflected(cost, centre, points[-1], costs)
        if value < costs[-1]:
            points[-1], costs[-1] = candidate, value
            continue
        points = [points[0], *(0.5 * (point + points[0]) for point in points[1:])]
        costs = [costs[0], *(cost(point) for point in points[1:])]
    return points[int(np.argmin(costs))]


def _reflected(
    cost: Callable[[Floats], float], centre: Floats, worst: Floats, costs: list[float]
) -> tuple[Floats, float]:
    """The best of reflection, expansion and contraction that the method allows."""
    mirror = centre + (centre - worst)
    value = cost(mirror)
    if value < costs[0]:
        further = centre + 2.0 * (centre - worst)
        far = cost(further)
        return (further, far) if far < value else (mirror, value)
    if value < costs[-2]:
        return mirror, value
    inner = centre + 0.5 * ((mirror if value < costs[-1] else worst) - centre)
    return inner, cost(inner)
