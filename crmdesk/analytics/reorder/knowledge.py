"""What companies have in common in how their customers buy again.

Owns the coefficients that the fit begins with, and how firmly: they count as much as 300 rows of
a company's own history. A company of few customers, or of few weeks, is answered by them; one of
many hardly feels them. They were learned from companies that were made up for it, small ones with
weekly to monthly and irregular buyers, seasons, closed months, gaps in the data, large orders and
articles that come and go, and from no company's sales: ``tests.benchmarks.small_learning`` learns
them again and prints them as they stand here.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from crmdesk.analytics.reorder.exact import Floats, on_grid
from crmdesk.analytics.reorder.logistic import COEFFICIENT_BITS, Belief, nothing_believed

# The slope of an absolute deviation is so much steeper than that of a log-loss, a row.
_DATE_STEEPNESS = 30.0


@cache
def believed(horizon: int) -> Belief:
    """The coefficients of the chance within one of ``HORIZONS``."""
    return replace(
        nothing_believed(_SIZE), mean=_held(_CHANCES[horizon]), information=_information()
    )


@cache
def believed_date() -> Belief:
    """The coefficients of the date."""
    belief = replace(nothing_believed(_SIZE), mean=_held(_DATE), information=_information())
    return belief.times(_DATE_STEEPNESS)


def _held(values: tuple[float, ...]) -> Floats:
    return on_grid(np.array(values), COEFFICIENT_BITS)


def _information() -> Floats:
    """What 300 rows tell of the coefficients: a symmetric matrix of whole numbers."""
    matrix = np.zeros((_SIZE, _SIZE))
    for place, row in enumerate(_INFORMATION):
        matrix[place, : place + 1] = matrix[: place + 1, place] = row
    return matrix


# fmt: off
_CHANCES = {
    7: (
        0.162, 0.100, -0.172, -0.190, -0.060, -0.451, -0.219, 0.174, -0.013, 0.188, 0.075,
        0.262, 0.153, 0.246, -0.133, -0.360, 0.184, 0.147, -0.069, 0.147, -0.368, -0.701,
        0.207, 0.205, 0.531, -0.442, -0.169, 0.126,
    ),
    14: (
        0.298, 0.109, -0.193, -0.189, -0.073, -0.514, -0.239, 0.143, 0.062, 0.081, 0.115,
        0.347, 0.115, 0.320, -0.112, -0.395, 0.187, 0.191, 0.059, 0.057, -0.231, -0.598,
        0.229, 0.070, 0.499, -0.571, -0.338, 0.194,
    ),
    30: (
        0.678, 0.115, -0.234, -0.240, -0.098, -0.502, -0.261, 0.098, 0.131, -0.034, 0.182,
        0.428, 0.043, 0.459, -0.040, -0.371, 0.143, 0.192, 0.070, -0.098, -0.117, -0.410,
        0.183, -0.002, 0.490, -0.651, -0.428, 0.252,
    ),
}
_DATE = (
    1.200, -0.011, 0.023, -0.393, -0.106, 0.388, 0.019, 0.021, 0.253, -0.230, -0.065, 0.012,
    -0.288, -0.013, 0.518, -0.099, -0.190, -0.296, 0.012, 0.219, -0.171, 0.112, -0.007, 0.018,
    -0.101, 0.494, 0.356, -0.320,
)
_INFORMATION = (
    (44,),
    (107, 294),
    (141, 333, 476),
    (-24, -62, -80, 61),
    (61, 155, 196, -97, 302),
    (8, 18, 23, 9, 14, 9),
    (145, 343, 482, -78, 200, 26, 498),
    (91, 213, 305, -24, 82, 22, 318, 244),
    (119, 284, 396, -66, 164, 20, 408, 263, 340),
    (-28, -71, -91, 43, -82, 2, -90, -19, -76, 57),
    (47, 122, 146, -33, 75, 6, 147, 78, 119, -40, 64),
    (11, 25, 36, 4, 9, 5, 36, 21, 28, -7, 13, 8),
    (-29, -65, -100, 15, -41, -6, -96, -56, -75, 18, -34, -11, 30),
    (-2, -5, -7, -3, 1, -2, -8, -6, -6, 0, -1, -2, 2, 4),
    (11, 26, 32, 10, 16, 10, 35, 29, 28, 1, 9, 7, -8, -2, 13),
    (4, 9, 10, 5, 10, 5, 12, 10, 9, 1, 3, 3, -3, -1, 6, 4),
    (17, 48, 47, 15, 6, 12, 53, 43, 42, 1, 19, 10, -10, -3, 16, 7, 27),
    (22, 56, 63, 7, 23, 12, 69, 51, 55, -4, 23, 10, -14, -3, 16, 7, 25, 25),
    (11, 30, 32, 7, 16, 9, 36, 28, 28, 0, 12, 6, -7, -2, 12, 6, 16, 16, 12),
    (26, 66, 77, -3, 27, 9, 79, 61, 62, 0, 30, 7, -20, -2, 12, 5, 20, 21, 13, 30),
    (27, 69, 82, -4, 31, 9, 85, 64, 66, -3, 31, 7, -20, -2, 12, 5, 20, 21, 13, 29, 29),
    (7, 20, 21, 2, 10, 4, 22, 20, 17, 3, 8, 2, -6, -1, 6, 3, 8, 8, 6, 12, 12, 7),
    (
        61, 158, 184, -33, 94, 12, 186, 109, 148, -39, 80, 17, -46, -3, 17, 6, 33, 37, 21,
        51, 51, 18, 122,
    ),
    (
        39, 96, 122, -21, 54, 7, 125, 78, 101, -24, 44, 10, -26, -2, 10, 3, 17, 20, 11,
        26, 26, 7, 61, 39,
    ),
    (
        2, 32, -24, 5, -19, -1, -14, -9, -10, 1, 15, -2, 12, 0, -2, -1, 18, 10, 4, 12, 9,
        4, 25, 9, 115,
    ),
    (2, 4, 6, 0, 2, 1, 7, 4, 5, -1, 2, 1, -1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 3, 2, 0, 2),
    (
        10, 24, 30, 10, 15, 10, 33, 27, 26, 1, 9, 7, -7, -2, 12, 6, 15, 15, 11, 11, 11, 5,
        16, 9, -1, 0, 12,
    ),
    (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)
# fmt: on
_SIZE = len(_DATE)
