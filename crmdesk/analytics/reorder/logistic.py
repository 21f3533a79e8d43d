"""Fits of the probability and of the date near a belief, by Newton's method with step halving.

Owns the two optimisers: logistic regression, and least absolute deviations through a narrow Huber
loss. Features lie on a grid of 2^−10 and coefficients on one of 2^−20, so that each inner product
below is exact in 64-bit floats: no choice of BLAS kernel, thread count or order of rows can change
a coefficient. Leaves the making of features and labels to others.
"""

from dataclasses import dataclass, replace
from math import fsum

import numpy as np

from crmdesk.analytics.reorder.exact import (
    Floats,
    Ints,
    exp,
    logistic,
    on_grid,
    solve_positive,
)
from crmdesk.analytics.reorder.features import FEATURE_BITS, FEATURES, Matrix

COEFFICIENT_BITS = 20
RIDGE = 20.0
INTERCEPT_RIDGE = 0.4
_BLOCK = 4096
_GRAM_BLOCK = 384
_MOST_WIDENED = 1_500_000
_SAMPLE = 50_000
_MIXED_COLUMNS = (1, 2, 3, 7, 10, 12)
_MAXIMUM_STEPS = 30
_HALVINGS = 12
_ROUGH = 2.0**-6
_FINE = 2.0**-12
_RESIDUAL_BITS = 20
_WEIGHT_BITS = 12
_COEFFICIENT_LIMIT = 2048.0
_HUBER_STEPS = ((0.3, 5), (0.05, 6))


@dataclass(frozen=True, slots=True)
class Belief:
    """What coefficients are held to be before any row is seen.

    The loss grows by half of d·(ridge·d + information·d), d being how far the coefficients lie from
    ``mean``. ``information`` holds whole numbers below 2^16, so that its product with coefficients
    is exact.
    """

    mean: Floats
    ridge: Floats
    information: Floats

    def pull(self, weights: Floats) -> Floats:
        """Slope of that growth."""
        apart = weights - self.mean
        return np.asarray(self.ridge * apart + self.information @ apart)

    def curvature(self) -> Floats:
        """Matrix of its second derivatives."""
        return np.asarray(np.diag(self.ridge) + self.information)

    def times(self, factor: float) -> "Belief":
        """The same, held so many times as firmly: a whole number, or 1 over a power of two."""
        firmer = self.information * factor
        return replace(self, ridge=self.ridge * factor, information=firmer)

    def without(self, column: int) -> "Belief":
        """The same with one coefficient at 0, whatever the others are."""
        mean, information = self.mean.copy(), self.information.copy()
        mean[column] = information[column] = information[:, column] = 0.0
        return replace(self, mean=mean, information=information)


def nothing_believed(features: int) -> Belief:
    """Coefficients near 0: a ridge of 20, of 0.4 on the intercept."""
    ridge = np.full(features, RIDGE)
    ridge[0] = INTERCEPT_RIDGE
    return Belief(np.zeros(features), ridge, np.zeros((features, features)))


def linear(matrix: Matrix, coefficients: Floats) -> Floats:
    """Inner product of each row with the coefficients, exact on the two grids."""
    result = np.empty(len(matrix))
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK].astype(np.float64)
        result[start : start + _BLOCK] = block @ coefficients
    return result


def room_for(rows: int) -> Matrix | Floats:
    """Room for the features of so many rows; the wide kind, in which steps are quicker, for most.

    Each step reads all rows; widening them each time costs as much as half of its rest.
    """
    if rows <= _MOST_WIDENED:
        return np.empty((rows, FEATURES), np.float64)
    return np.empty((rows, FEATURES), np.float32)


def fit_logistic(
    matrix: Matrix | Floats, label: Floats, belief: Belief, start: Floats | None = None
) -> Floats:
    """Coefficients that minimise log-loss plus what they depart from the belief.

    ``matrix`` is (rows, features) as ``features.Design`` makes it, wide or not, ``label`` 0 or 1
    per row, and ``start`` an optional first guess, such as the coefficients of a neighbouring
    horizon. Many rows are solved on a sample first; the curvature at the outcome serves the few
    steps on all of them.
    """
    if not len(matrix):
        return belief.mean
    kept = sampled_rows(matrix)
    share = 0.5 ** ((len(matrix) // len(kept)).bit_length() - 1)
    first = _Logistic(matrix[kept], label[kept], belief.times(share))
    weights = _minimise(first, belief.mean if start is None else start, _ROUGH)
    whole = _Logistic(matrix, label, belief)
    return _minimise(whole, weights, _FINE, whole.curvature(weights))


def fit_absolute(matrix: Matrix, target: Floats, belief: Belief) -> Floats:
    """Coefficients of the (approximate) least absolute deviations from ``target``.

    The loss is Huber's with a width that shrinks to 0.05, minimised by reweighting on a sample:
    each step solves a weighted least-squares problem whose weights lie between 0 and 1.
    """
    if not len(matrix):
        return belief.mean
    kept = sampled_rows(matrix)
    matrix, target = matrix[kept], target[kept]
    weights = belief.mean
    for width, steps in _HUBER_STEPS:
        for _ in range(steps):
            gradient, curvature = _huber_terms(matrix, target, weights, width)
            curvature = curvature + belief.curvature() * width
            step = solve_positive(curvature, gradient - belief.pull(weights) * width)
            weights = _held(weights + step)
    return weights


def sampled_rows(matrix: Matrix | Floats) -> Ints:
    """Positions of about 50,000 rows, chosen by their content: the same in any order of rows."""
    classes = len(matrix) // _SAMPLE
    if classes < 2:
        return np.arange(len(matrix))
    mixed = np.zeros(len(matrix), dtype=np.int64)
    for column in _MIXED_COLUMNS:
        mixed = mixed * 1_000_003 + np.rint(matrix[:, column] * 2**FEATURE_BITS).astype(np.int64)
    mixed ^= mixed >> 29
    kept = np.flatnonzero((mixed * 0x9E3779B97F4A7C1 >> 17) % classes == 0)
    # Rows that are all alike fall into one class, which may not be the one kept.
    return kept if len(kept) else np.arange(len(matrix))


def probabilities(matrix: Matrix, coefficients: Floats) -> Floats:
    """σ(w·x) of each row."""
    return logistic(linear(matrix, coefficients))


class _Logistic:
    """Penalised log-loss over all rows: its gradient, and its curvature where that is asked."""

    def __init__(self, matrix: Matrix | Floats, label: Floats, belief: Belief) -> None:
        self._matrix = matrix
        self._label = label
        self._belief = belief

    def gradient(self, weights: Floats) -> Floats:
        """First derivatives at the coefficients."""
        gradient = _Sum(_RESIDUAL_BITS + FEATURE_BITS)
        for start in range(0, len(self._matrix), _BLOCK):
            block = self._matrix[start : start + _BLOCK].astype(np.float64, copy=False)
            truth = self._label[start : start + _BLOCK]
            score = block @ weights
            small = exp(-np.abs(score))
            chance = np.where(score >= 0.0, 1.0, small)
            chance /= small + 1.0
            chance -= truth
            gradient.add(on_grid(chance, _RESIDUAL_BITS) @ block)
        return gradient.value() + self._belief.pull(weights)

    def curvature(self, weights: Floats) -> Floats:
        """Matrix of second derivatives, its row weights rounded to 2^−12."""
        result = _Sum(_WEIGHT_BITS + 2 * FEATURE_BITS)
        for start in range(0, len(self._matrix), _BLOCK):
            block = self._matrix[start : start + _BLOCK].astype(np.float64, copy=False)
            chance = logistic(block @ weights)
            weight = on_grid(chance * (1.0 - chance), _WEIGHT_BITS)
            result.add(_gram(block, weight))
        return result.value() + self._belief.curvature()


class _Sum:
    """Sum of float arrays that lie on a grid of 2^−bits, kept in integers and therefore exact."""

    def __init__(self, bits: int) -> None:
        self._scale = float(2**bits)
        self._whole: Ints | int = 0

    def add(self, part: Floats) -> None:
        self._whole = self._whole + np.rint(part * self._scale).astype(np.int64)

    def value(self) -> Floats:
        return np.asarray(self._whole / self._scale, dtype=np.float64)


def _minimise(
    problem: _Logistic, weights: Floats, tolerance: float, curvature: Floats | None = None
) -> Floats:
    """Newton's method with step halving, until no coefficient moves by more than ``tolerance``.

    A given ``curvature`` serves every step; otherwise it is computed anew for each. A step is too
    long when the slope along it is steeper at its end than it was at its start: of a convex loss
    the slope tells that as well as the loss itself, and costs no logarithm.
    """
    gradient = problem.gradient(weights)
    for _ in range(_MAXIMUM_STEPS):
        second = problem.curvature(weights) if curvature is None else curvature
        step = solve_positive(second, -gradient)
        for _ in range(_HALVINGS):
            trial = _held(weights + step)
            trial_gradient = problem.gradient(trial)
            if abs(_along(trial_gradient, step)) <= abs(_along(gradient, step)):
                break
            step = 0.5 * step
        else:
            return weights
        moved = float(np.abs(trial - weights).max())
        weights, gradient = trial, trial_gradient
        if moved <= tolerance:
            break
    return weights


def _along(gradient: Floats, step: Floats) -> float:
    """Slope of the loss along a step, the same on every machine."""
    return fsum(a * b for a, b in zip(gradient.tolist(), step.tolist(), strict=True))


def _held(weights: Floats) -> Floats:
    return on_grid(np.clip(weights, -_COEFFICIENT_LIMIT, _COEFFICIENT_LIMIT), COEFFICIENT_BITS)


def _gram(block: Floats, weight: Floats) -> Floats:
    """Σ w·x·xᵀ over the rows, in pieces too small for BLAS to share out between threads.

    For such narrow matrices the threads cost thirty times what they save on a busy machine.
    """
    result = np.zeros((block.shape[1], block.shape[1]))
    for start in range(0, len(block), _GRAM_BLOCK):
        piece = block[start : start + _GRAM_BLOCK]
        result += piece.T @ (piece * weight[start : start + _GRAM_BLOCK, None])
    return result


def _huber_terms(
    matrix: Matrix, target: Floats, weights: Floats, width: float
) -> tuple[Floats, Floats]:
    """Score vector and weighted normal matrix of Huber's loss at the coefficients."""
    gradient = _Sum(_RESIDUAL_BITS + FEATURE_BITS)
    curvature = _Sum(_WEIGHT_BITS + 2 * FEATURE_BITS)
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK].astype(np.float64)
        residual = target[start : start + _BLOCK] - block @ weights
        gradient.add(on_grid(np.clip(residual, -width, width), _RESIDUAL_BITS) @ block)
        share = on_grid(width / np.maximum(np.abs(residual), width), _WEIGHT_BITS)
        curvature.add(_gram(block, share))
    return gradient.value(), curvature.value()
