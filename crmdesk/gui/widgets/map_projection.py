"""Where a place is on the map: Web Mercator and the view's window onto it.

Owns the arithmetic between degrees, world pixels and view pixels (EPSG:3857 in the usual square
of 256 · 2^zoom pixels). No Qt, so that it can be tested as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

TILE = 512
MIN_ZOOM = 2.0
MAX_ZOOM = 18.0
ZOOM_STEP = 0.25
_LATITUDE_LIMIT = 85.05112878


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """World coordinates in 0…1, x to the east and y to the south."""
    latitude = max(-_LATITUDE_LIMIT, min(_LATITUDE_LIMIT, latitude))
    sine = math.sin(math.radians(latitude))
    return (
        longitude / 360 + 0.5,
        0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi),
    )


def unproject(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude in degrees of world coordinates."""
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))
    return (x - 0.5) * 360, latitude


def world_size(zoom: float) -> float:
    """Side of the whole world in pixels."""
    return 256.0 * math.exp2(zoom)


@dataclass(frozen=True, slots=True)
class Camera:
    """What the view shows: the world point in its middle, the zoom, and its size in pixels."""

    x: float
    y: float
    zoom: float
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels per world unit."""
        return world_size(self.zoom)

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """View pixels of a world point."""
        return (
            (x - self.x) * self.scale + self.width / 2,
            (y - self.y) * self.scale + self.height / 2,
        )

    def to_world(self, px: float, py: float) -> tuple[float, float]:
        """World point under a view pixel."""
        return (
            (px - self.width / 2) / self.scale + self.x,
            (py - self.height / 2) / self.scale + self.y,
        )

    def moved(self, dx: float, dy: float) -> Camera:
        """The camera after the content was dragged by so many pixels."""
        return self._held(self.x - dx / self.scale, self.y - dy / self.scale, self.zoom)

    def zoomed(self, change: float, px: float, py: float) -> Camera:
        """The camera after zooming with the point under (px, py) staying where it is."""
        zoom = max(MIN_ZOOM, min(MAX_ZOOM, snap_zoom(self.zoom + change)))
        wx, wy = self.to_world(px, py)
        scale = world_size(zoom)
        return self._held(
            wx - (px - self.width / 2) / scale, wy - (py - self.height / 2) / scale, zoom
        )

    def resized(self, width: int, height: int) -> Camera:
        """The same middle in a view of another size."""
        return replace(self, width=width, height=height)

    def _held(self, x: float, y: float, zoom: float) -> Camera:
        return replace(self, x=min(1.0, max(0.0, x)), y=min(1.0, max(0.0, y)), zoom=zoom)

    def tiles(self) -> list[tuple[int, int]]:
        """Columns and rows of the tiles in view, the middle ones first."""
        left = self.x * self.scale - self.width / 2
        top = self.y * self.scale - self.height / 2
        columns = range(
            math.floor(left / TILE), math.floor((left + max(1, self.width) - 1) / TILE) + 1
        )
        rows = range(math.floor(top / TILE), math.floor((top + max(1, self.height) - 1) / TILE) + 1)
        middle_x, middle_y = self.x * self.scale / TILE - 0.5, self.y * self.scale / TILE - 0.5
        found = [(column, row) for column in columns for row in rows]
        found.sort(key=lambda t: ((t[0] - middle_x) ** 2 + (t[1] - middle_y) ** 2, t))
        return found

    def tile_corner(self, column: int, row: int) -> tuple[float, float]:
        """View pixels of a tile's top left corner."""
        return (
            column * TILE - self.x * self.scale + self.width / 2,
            row * TILE - self.y * self.scale + self.height / 2,
        )


def snap_zoom(zoom: float) -> float:
    """The zoom on the grid of steps at which tiles are kept, downwards."""
    return math.floor(zoom / ZOOM_STEP + 1e-9) * ZOOM_STEP


def fit_camera(
    points: Iterable[tuple[float, float]],
    width: int,
    height: int,
    *,
    margin: tuple[int, int, int, int] = (36, 36, 36, 36),
    max_zoom: float = 15.0,
) -> Camera:
    """The closest camera that shows every world point inside the margins.

    ``margin`` is left, top, right, bottom in pixels. Without points, the world.
    """
    places = list(points)
    if not places:
        return Camera(0.5, 0.4, MIN_ZOOM, width, height)
    west, east = min(p[0] for p in places), max(p[0] for p in places)
    north, south = min(p[1] for p in places), max(p[1] for p in places)
    left, top, right, bottom = margin
    room_x, room_y = max(32, width - left - right), max(32, height - top - bottom)
    zoom_x = math.log2(room_x / 256 / max(east - west, 1e-12))
    zoom_y = math.log2(room_y / 256 / max(south - north, 1e-12))
    zoom = max(MIN_ZOOM, min(max_zoom, snap_zoom(min(zoom_x, zoom_y))))
    scale = world_size(zoom)
    return Camera(
        (west + east) / 2 + (right - left) / 2 / scale,
        (north + south) / 2 + (bottom - top) / 2 / scale,
        zoom,
        width,
        height,
    )
