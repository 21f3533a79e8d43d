"""Arithmetic that gives the same bits on every machine and in every order of the rows.

Owns the logarithm, the exponential and the sums that the reorder model is made of. Vendor
mathematics (libm, SIMD, BLAS) differ in the last bit between processors and between builds, and a
floating sum depends on the order of its terms; a laptop and HQ that fit the same rows would then
disagree. Here the functions use only correctly rounded operations (+ - * / and scaling by powers of
two), and sums run over numbers on a fixed binary grid, small enough for every partial sum to be
exact. It leaves all meaning to its callers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_INVERSE_LN2 = 1.44269504088896338700e00
_HALF_ROOT = 0.70710678118654752440
_LOG_TERMS = tuple(2.0 / odd for odd in range(21, 2, -2))
_EXP_LIMIT = 700.0
_PIECE = 16_384
_LANCZOS_G = 7.0
_LANCZOS = (
    676.5203681218851,
    -1259.1392167224028,
    771.32342877765313,
    -176.61502916214059,
    12.507343278686905,
    -0.13857109526572012,
    9.9843695780195716e-6,
    1.5056327351493116e-7,
)
_HALF_LN_TWO_PI = 0.91893853320467274178


def _inverse_factorials(count: int) -> tuple[float, ...]:
    terms = [1.0]
    for divisor in range(1, count):
        terms.append(terms[-1] / divisor)
    return tuple(reversed(terms))


_EXP_TERMS = _inverse_factorials(15)


def log(x: npt.ArrayLike) -> Floats:
    """Natural logarithm of positive finite numbers, within about 2 units in the last place."""
    return _in_pieces(_log, np.asarray(x, dtype=np.float64))


def exp(x: npt.ArrayLike) -> Floats:
    """Exponential; arguments are held within ±700, where the result is finite and above zero."""
    return _in_pieces(_exp, np.asarray(x, dtype=np.float64))


def _in_pieces(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    """The function of each element, in pieces that stay in the processor's cache."""
    if x.size <= _PIECE:
        return function(x)
    flat = x.ravel()
    result = np.empty_like(flat)
    for start in range(0, len(flat), _PIECE):
        result[start : start + _PIECE] = function(flat[start : start + _PIECE])
    return result.reshape(x.shape)


def _log(x: Floats) -> Floats:
    mantissa, exponent = np.frexp(x)
    low = mantissa < _HALF_ROOT
    mantissa = np.where(low, mantissa + mantissa, mantissa)
    power = (exponent - low).astype(np.float64)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series: Any = np.full_like(square, _LOG_TERMS[0])
    for term in _LOG_TERMS[1:]:
        series *= square
        series += term
    tail = ratio * (square * series) + power * _LN2_LOW
    return np.asarray(power * _LN2_HIGH + (2.0 * ratio + tail))


def _exp(x: Floats) -> Floats:
    held = np.minimum(np.maximum(x, -_EXP_LIMIT), _EXP_LIMIT)
    power = np.rint(held * _INVERSE_LN2)
    rest = (held - power * _LN2_HIGH) - power * _LN2_LOW
    series: Any = np.full_like(rest, _EXP_TERMS[0])
    for term in _EXP_TERMS[1:]:
        series *= rest
        series += term
    return np.asarray(np.ldexp(series, power.astype(np.int32)))


def logistic(x: npt.ArrayLike) -> Floats:
    """1 / (1 + e^−x) without overflow."""
    value = np.asarray(x, dtype=np.float64)
    small = exp(-np.abs(value))
    return np.asarray(np.where(value >= 0.0, 1.0, small) / (1.0 + small))


def log_gamma(x: npt.ArrayLike) -> Floats:
    """ln Γ(x) for x ≥ 0.5 (Lanczos' approximation, g = 7, nine terms)."""
    shifted = np.asarray(x, dtype=np.float64) - 1.0
    series: Any = np.full_like(shifted, 0.99999999999980993)
    for place, term in enumerate(_LANCZOS, start=1):
        series += term / (shifted + float(place))
    base = shifted + (_LANCZOS_G + 0.5)
    return np.asarray(_HALF_LN_TWO_PI + (shifted + 0.5) * log(base) - base + log(series))


def on_grid(x: npt.ArrayLike, bits: int) -> Floats:
    """The nearest multiples of 2^−bits (ties to even)."""
    scale = float(2**bits)
    return np.asarray(np.rint(np.asarray(x, dtype=np.float64) * scale) * (1.0 / scale))


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The distinct values, sorted; ``np.unique`` hashes, which takes ten times as long here."""
    ranked = np.sort(values)
    new = np.ones(len(ranked), dtype=np.bool_)
    np.not_equal(ranked[1:], ranked[:-1], out=new[1:])
    return np.asarray(ranked[new])


def total(x: Floats, bits: int) -> float:
    """Sum of the terms rounded to 2^−bits: the same in every order (needs |sum| < 2^(62−bits))."""
    scale = float(2**bits)
    return int(np.rint(x * scale).astype(np.int64).sum()) / scale


def solve_positive(matrix: Floats, right: Floats) -> Floats:
    """Solution of a small symmetric positive definite system by Cholesky's method.

    Written in plain floats, so that no library's choice of kernel changes the result. Raises
    ``ArithmeticError`` when the matrix is not positive definite.
    """
    size = len(right)
    rows = [[float(value) for value in row] for row in matrix]
    factor = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            value = rows[i][j]
            for k in range(j):
                value -= factor[i][k] * factor[j][k]
            if i != j:
                factor[i][j] = value / factor[j][j]
            elif value > 0.0:
                factor[i][i] = float(np.sqrt(value))
            else:
                raise ArithmeticError("the matrix is not positive definite")
    solution = [float(value) for value in right]
    for i in range(size):
        for k in range(i):
            solution[i] -= factor[i][k] * solution[k]
        solution[i] /= factor[i][i]
    for i in reversed(range(size)):
        for k in range(i + 1, size):
            solution[i] -= factor[k][i] * solution[k]
        solution[i] /= factor[i][i]
    return np.array(solution)
