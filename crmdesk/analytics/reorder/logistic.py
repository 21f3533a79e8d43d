"""Ridge fits of the probability and of the date, by Newton's method with step halving.

Owns the two optimisers: logistic regression, and least absolute deviations through a narrow Huber
loss. Features lie on a grid of 2^−10 and coefficients on one of 2^−20, so that each inner product
below is exact in 64-bit floats: no choice of BLAS kernel, thread count or order of rows can change
a coefficient. Leaves the making of features and labels to others.
"""

import numpy as np

from crmdesk.analytics.reorder.exact import (
    Floats,
    exp,
    log,
    logistic,
    on_grid,
    solve_positive,
    total,
)
from crmdesk.analytics.reorder.features import Matrix

COEFFICIENT_BITS = 20
RIDGE = 20.0
INTERCEPT_RIDGE = 0.4
_BLOCK = 8192
_MAXIMUM_STEPS = 30
_HALVINGS = 12
_TOLERANCE = 2.0**-16
_LOSS_BITS = 20
_RESIDUAL_BITS = 20
_WEIGHTED_BITS = 16
_COEFFICIENT_LIMIT = 2048.0
_HUBER_WIDTHS = (0.5, 0.1, 0.03)
_HUBER_STEPS = 8


def linear(matrix: Matrix, coefficients: Floats) -> Floats:
    """Inner product of each row with the coefficients, exact on the two grids."""
    result = np.empty(len(matrix))
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK].astype(np.float64)
        result[start : start + _BLOCK] = block @ coefficients
    return result


def fit_logistic(matrix: Matrix, label: Floats, start: Floats | None = None) -> Floats:
    """Coefficients that minimise log-loss plus the ridge (20; 0.4 on the intercept).

    ``matrix`` is (rows, features) as ``features.Design`` makes it, ``label`` 0 or 1 per row, and
    ``start`` an optional first guess, such as the coefficients of a neighbouring horizon.
    """
    penalty = _penalty(matrix.shape[1])
    weights = np.zeros(matrix.shape[1]) if start is None else start
    loss, gradient, curvature = _logistic_terms(matrix, label, weights, penalty)
    for _ in range(_MAXIMUM_STEPS):
        step = solve_positive(curvature, -gradient)
        size = 1.0
        for _ in range(_HALVINGS):
            trial = _held(weights + size * step)
            terms = _logistic_terms(matrix, label, trial, penalty)
            if terms[0] <= loss:
                break
            size *= 0.5
        else:
            return weights
        moved = float(np.abs(trial - weights).max())
        weights = trial
        loss, gradient, curvature = terms
        if moved <= _TOLERANCE:
            return weights
    return weights


def fit_absolute(matrix: Matrix, target: Floats) -> Floats:
    """Coefficients of the (approximate) least absolute deviations from ``target``, with ridge.

    The loss is Huber's with a width that shrinks to 0.03, minimised by reweighting: each step
    solves a weighted least-squares problem whose weights lie between 0 and 1.
    """
    weights = np.zeros(matrix.shape[1])
    for width in _HUBER_WIDTHS:
        penalty = _penalty(matrix.shape[1]) * width
        for _ in range(_HUBER_STEPS):
            gradient, curvature = _huber_terms(matrix, target, weights, width)
            np.fill_diagonal(curvature, curvature.diagonal() + penalty)
            step = solve_positive(curvature, gradient - penalty * weights)
            weights = _held(weights + step)
    return weights


def _penalty(features: int) -> Floats:
    penalty = np.full(features, RIDGE)
    penalty[0] = INTERCEPT_RIDGE
    return penalty


def _held(weights: Floats) -> Floats:
    return on_grid(np.clip(weights, -_COEFFICIENT_LIMIT, _COEFFICIENT_LIMIT), COEFFICIENT_BITS)


def _logistic_terms(
    matrix: Matrix, label: Floats, weights: Floats, penalty: Floats
) -> tuple[float, Floats, Floats]:
    """Loss, gradient and curvature at the coefficients, block by block."""
    features = matrix.shape[1]
    gradient = np.zeros(features)
    curvature = np.zeros((features, features))
    loss = 0.0
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK].astype(np.float64)
        truth = label[start : start + _BLOCK]
        score = block @ weights
        small = exp(-np.abs(score))
        chance = np.where(score >= 0.0, 1.0, small) / (1.0 + small)
        cost = np.maximum(score, 0.0) + log(1.0 + small) - truth * score
        loss += total(cost, _LOSS_BITS)
        gradient += on_grid(chance - truth, _RESIDUAL_BITS) @ block
        weighted = block * (chance * (1.0 - chance))[:, None]
        curvature += block.T @ on_grid(weighted, _WEIGHTED_BITS)
    loss += 0.5 * float(np.sum(penalty * weights * weights))
    np.fill_diagonal(curvature, curvature.diagonal() + penalty)
    return loss, gradient + penalty * weights, 0.5 * (curvature + curvature.T)


def _huber_terms(
    matrix: Matrix, target: Floats, weights: Floats, width: float
) -> tuple[Floats, Floats]:
    """Score vector and weighted normal matrix of Huber's loss at the coefficients."""
    features = matrix.shape[1]
    gradient = np.zeros(features)
    curvature = np.zeros((features, features))
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK].astype(np.float64)
        residual = target[start : start + _BLOCK] - block @ weights
        pull = on_grid(np.clip(residual, -width, width), _RESIDUAL_BITS)
        gradient += pull @ block
        share = width / np.maximum(np.abs(residual), width)
        curvature += block.T @ on_grid(block * share[:, None], _WEIGHTED_BITS)
    return gradient, 0.5 * (curvature + curvature.T)


def probabilities(matrix: Matrix, coefficients: Floats) -> Floats:
    """σ(w·x) of each row."""
    return logistic(linear(matrix, coefficients))
