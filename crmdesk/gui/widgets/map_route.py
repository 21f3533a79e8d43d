"""The way between the stops as lines over the map.

Owns turning legs into lines of the zoom that is shown, once per zoom, so that panning only moves
them. Where a leg leads is found elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from crmdesk.gui import theme
from crmdesk.gui.widgets.map_projection import Camera, project, world_size
from crmdesk.interchange.maproads import Leg

_STEP = 1.8  # pixels; nearer points would not be seen
_WIDTH, _HALO = 2.6, 5.5


class RouteLines:
    """The lines of one route, kept for the zoom they were last asked for."""

    def __init__(self, legs: Sequence[Leg] = ()) -> None:
        self._legs = tuple(legs)
        self._world = [[project(lon, lat) for lon, lat in leg.line] for leg in legs]
        self._zoom = -1.0
        self._lines: list[QPolygonF] = []

    def bounds_points(self) -> list[tuple[float, float]]:
        """Some world points of the way, enough to fit it into a view."""
        return [point for line in self._world for point in line[::8]]

    def paint(self, painter: QPainter, camera: Camera, done: Sequence[bool]) -> None:
        """Grey where it has been driven, accent where not; the driven part lies below."""
        if not self._legs:
            return
        if camera.zoom != self._zoom:
            self._zoom = camera.zoom
            self._lines = [_line(points, camera.zoom) for points in self._world]
        x, y = camera.to_view(0.0, 0.0)
        painter.save()
        painter.translate(x, y)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for past in (True, False):
            for leg, line, is_done in zip(self._legs, self._lines, done, strict=False):
                if is_done == past:
                    for pen in _pens(past=past, on_road=leg.on_road):
                        painter.setPen(pen)
                        painter.drawPolyline(line)
        painter.restore()


def _line(points: Sequence[tuple[float, float]], zoom: float) -> QPolygonF:
    """World points in pixels of a zoom, without those nearer than a step to the one before."""
    side = world_size(zoom)
    kept: list[QPointF] = []
    last_x = last_y = float("-inf")
    for x, y in points[:-1]:
        px, py = x * side, y * side
        if abs(px - last_x) + abs(py - last_y) >= _STEP:
            kept.append(QPointF(px, py))
            last_x, last_y = px, py
    if points:
        kept.append(QPointF(points[-1][0] * side, points[-1][1] * side))
    return QPolygonF(kept)


def _pens(*, past: bool, on_road: bool) -> tuple[QPen, QPen]:
    halo = QPen(theme.color("map_land", alpha=0.85), _HALO)
    pen = QPen(theme.color("muted" if past else "accent"), _WIDTH)
    for each in (halo, pen):
        each.setCapStyle(Qt.PenCapStyle.RoundCap)
        each.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if not on_road:
        pen.setDashPattern([3.0, 2.4])
    return halo, pen
