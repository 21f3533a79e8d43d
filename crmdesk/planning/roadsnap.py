"""Places put on the nearest road: which stretch, how far along it, how far away.

Owns the search by latitude over all stretches of a network. A place farther from every road than
the limit is on none: its drives are estimated instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmdesk.planning.roadnet import RoadNetwork

REACH_M: Final = 2_000.0
_METRES = 1.1132  # of a 1e-5 degree of latitude
_LONGEST = 500.0  # longer pieces are cut, so that a piece's middle says where it is


@dataclass(frozen=True, slots=True)
class Snap:
    """A place on stretch ``edge``, at ``share`` of its way (0 to 1), ``away_m`` metres from it."""

    edge: int
    share: float
    away_m: float


class Snapper:
    """The straight pieces of all stretches of a network, sorted by latitude."""

    def __init__(self, network: RoadNetwork) -> None:
        line = network.line.astype(np.float64)
        count = len(line)
        edge_of = np.repeat(np.arange(len(network.edge_start)), np.diff(network.line_first))
        begin = np.arange(max(count - 1, 0))
        begin = begin[edge_of[:-1] == edge_of[1:]] if count else begin
        a, b = line[begin], line[begin + 1]
        lengths = _lengths(a, b)
        cuts = np.maximum(np.ceil(lengths / _LONGEST).astype(np.int64), 1)
        piece = np.repeat(np.arange(len(begin)), cuts)
        step = np.arange(len(piece)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        way = (b - a)[piece] / cuts[piece, None]
        self._a = a[piece] + way * step[:, None]
        self._way = way
        self._edge = edge_of[begin][piece]
        self._length = lengths[piece] / cuts[piece]
        total = np.bincount(self._edge, self._length, len(network.edge_start))
        run = np.cumsum(self._length) - self._length
        starts = np.searchsorted(self._edge, np.arange(len(network.edge_start)))
        self._along = run - (run[starts][self._edge] if len(run) else 0.0)
        self._total = np.maximum(total, 1e-9)
        middle = self._a[:, 1] + self._way[:, 1] / 2
        self._order = np.argsort(middle)
        self._middle = middle[self._order]

    def snap(self, latitude: float, longitude: float, reach_m: float = REACH_M) -> Snap | None:
        """The nearest road to a place in degrees; None where none is within ``reach_m``."""
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            return None
        x, y = longitude * 1e5, latitude * 1e5
        for reach in (min(150.0, reach_m), reach_m):
            found = self._nearest(x, y, reach)
            if found is not None:
                return found
        return None

    def snap_all(self, points: Sequence[tuple[float, float]]) -> list[Snap | None]:
        """As :meth:`snap` for (latitude, longitude) places."""
        return [self.snap(*point) for point in points]

    def _nearest(self, x: float, y: float, reach: float) -> Snap | None:
        slab = (reach + _LONGEST) / _METRES
        first, last = np.searchsorted(self._middle, (y - slab, y + slab))
        near = self._order[first:last]
        shrink = math.cos(math.radians(y / 1e5))
        near = near[np.abs(self._a[near, 0] - x) * shrink <= slab + _LONGEST]
        if not len(near):
            return None
        scale = np.array((shrink * _METRES, _METRES))
        way = self._way[near] * scale
        off = (np.array((x, y)) - self._a[near]) * scale
        square = (way * way).sum(axis=1)
        t = np.clip((off * way).sum(axis=1) / np.maximum(square, 1e-12), 0.0, 1.0)
        away = np.hypot(*(off - way * t[:, None]).T)
        best = int(np.argmin(away))
        if away[best] > reach:
            return None
        at = near[best]
        edge = int(self._edge[at])
        along = self._along[at] + t[best] * self._length[at]
        return Snap(edge, float(min(along / self._total[edge], 1.0)), float(away[best]))


def _lengths(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres between points in 1e-5 degrees (equirectangular)."""
    shrink = np.cos(np.radians((a[:, 1] + b[:, 1]) / 2e5))
    lengths: NDArray[np.float64] = np.hypot((b[:, 0] - a[:, 0]) * shrink, b[:, 1] - a[:, 1])
    return lengths * _METRES
