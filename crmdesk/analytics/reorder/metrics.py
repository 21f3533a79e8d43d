"""How good a forecast was: pure measures on arrays.

Owns log-loss, ranking, calibration and the errors of dates and quantities. Every measure returns
``None`` where it has no meaning (no rows, one class only, a zero denominator).
"""

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Floats, Ints, log

_BINS = 10
_EDGE = 1e-6


def log_loss(chance: Floats, bought: npt.NDArray[np.bool_]) -> float | None:
    """Mean negative log-likelihood, chances held within 1e−6 of 0 and 1."""
    if len(chance) == 0:
        return None
    held = np.clip(chance, _EDGE, 1.0 - _EDGE)
    return float(-np.mean(np.where(bought, log(held), log(1.0 - held))))


def area_under_curve(rank_by: Floats, positive: npt.NDArray[np.bool_]) -> float | None:
    """Chance that a positive ranks above a negative, ties counted half."""
    hits = int(positive.sum())
    misses = len(positive) - hits
    if hits == 0 or misses == 0:
        return None
    _, place, size = np.unique(rank_by, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - (size - 1) / 2.0
    rank_sum = float(middle[place][positive].sum())
    return (rank_sum - hits * (hits + 1) / 2.0) / (hits * misses)


def calibration_error(chance: Floats, bought: npt.NDArray[np.bool_]) -> float | None:
    """Mean of |forecast − share that bought| over ten classes of equal size."""
    if len(chance) == 0:
        return None
    parts = np.array_split(np.argsort(chance, kind="stable"), _BINS)
    gaps = [
        abs(float(chance[part].mean()) - float(bought[part].mean())) * len(part)
        for part in parts
        if len(part)
    ]
    return sum(gaps) / len(chance)


def calibration_table(
    chance: Floats, bought: npt.NDArray[np.bool_]
) -> list[tuple[float, float, int]]:
    """(mean forecast, share that bought, pairs) of ten classes of equal size, rising."""
    parts = np.array_split(np.argsort(chance, kind="stable"), _BINS)
    return [
        (float(chance[part].mean()), float(bought[part].mean()), len(part))
        for part in parts
        if len(part)
    ]


def call_list_hits(
    rank_by: Floats, bought: npt.NDArray[np.bool_], share: float = 0.05
) -> float | None:
    """Share that bought among the top ``share`` of the list (ties share their place evenly)."""
    wanted = round(len(rank_by) * share)
    if wanted == 0:
        return None
    edge = np.partition(rank_by, len(rank_by) - wanted)[len(rank_by) - wanted]
    above = rank_by > edge
    tied = rank_by == edge
    rest = wanted - int(above.sum())
    return float(bought[above].sum() + rest * float(bought[tied].mean())) / wanted


def next_order_recall(
    rank_by: Floats, account: Ints, in_next_order: npt.NDArray[np.bool_], size: int = 10
) -> float | None:
    """Mean over accounts of hits among the top ``size`` ÷ the most hits possible.

    ``in_next_order`` marks the pairs of the account's first order after the cut-off; accounts
    without such a pair are left out.
    """
    order = np.lexsort((-rank_by, account))
    who = account[order]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    marked = in_next_order[order]
    _, code = np.unique(who, return_inverse=True)
    wanted = np.bincount(code, weights=marked)
    found = np.bincount(code, weights=marked & (place < size))
    counted = wanted > 0
    if not counted.any():
        return None
    return float(np.mean(found[counted] / np.minimum(wanted[counted], size)))


def mean_error_days(expected: Floats, actual: Floats) -> float | None:
    """Mean absolute difference in days."""
    return float(np.mean(np.abs(expected - actual))) if len(actual) else None


def wape(forecast: Floats, actual: Floats) -> float | None:
    """Σ|A − F| ÷ ΣA."""
    whole = float(actual.sum())
    return float(np.abs(actual - forecast).sum()) / whole if whole > 0 else None


def bias(forecast: Floats, actual: Floats) -> float | None:
    """Σ(F − A) ÷ ΣA."""
    whole = float(actual.sum())
    return float((forecast - actual).sum()) / whole if whole > 0 else None
