"""Paints map packs onto tiles: ground, woods, water, buildings, and roads with their casings.

Owns the look of the base map and the prepared paths it is painted from. Names are not painted
here: they lie over the whole view, so that none is cut at a tile's edge. Safe to use from a
worker thread (it touches images only).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from crmdesk.gui.theme_tokens import Tokens
from crmdesk.gui.widgets.map_projection import TILE, project, world_size
from crmdesk.interchange.mappack import ROAD_CLASSES, Level, MapPack, Shape, decode_line

# Paths are kept in pixels of this zoom: fine enough for doubles, coarse enough for Qt's stroker.
_PATH_ZOOM = 16.0
# Half a dozen zooms and the width in pixels of each class of road at them.
_ZOOMS = (7.0, 10.0, 12.0, 14.0, 16.0, 18.0)
_WIDTHS = {
    "trunk": (1.6, 3.0, 4.0, 7.0, 12.0, 20.0),
    "primary": (1.4, 2.6, 3.6, 6.5, 11.0, 18.0),
    "secondary": (0.8, 1.6, 2.8, 5.5, 10.0, 16.0),
    "tertiary": (0.0, 1.0, 1.8, 4.5, 9.0, 14.0),
    "minor": (0.0, 0.8, 1.3, 4.0, 8.0, 13.0),
    "street": (0.0, 0.0, 0.9, 3.2, 7.5, 13.0),
    "service": (0.0, 0.0, 0.0, 1.2, 4.0, 8.0),
    "track": (0.0, 0.0, 0.0, 0.7, 1.2, 2.0),
}
_LEAST_CASED = 2.0
_STROKED_AT_ONCE = 120
_WATERS = {"river": (1.0, 1.3, 1.8, 2.6, 4.0, 6.0), "stream": (0.0, 0.0, 0.6, 1.0, 1.5, 2.0)}
_AREA_ORDER = ("land", "built", "wood", "water", "building")


@dataclass(frozen=True, slots=True)
class _Piece:
    bounds: tuple[float, float, float, float]
    path: QPainterPath


@dataclass(frozen=True, slots=True)
class _Prepared:
    areas: dict[str, list[_Piece]]
    lines: dict[str, list[_Piece]]


class PackPainter:
    """One pack with its paths, prepared level by level on first use."""

    def __init__(self, pack: MapPack) -> None:
        self.pack = pack
        west, south, east, north = pack.bounds
        self._box = (*project(west, north), *project(east, south))
        self._levels: dict[int, _Prepared] = {}

    def paint(self, painter: QPainter, zoom: float, clip: QRectF, tokens: Tokens) -> None:
        """Paint what lies in ``clip`` (pixels at ``zoom``); the painter's origin is its corner."""
        side = world_size(zoom)
        left, top, right, bottom = (edge * side for edge in self._box)
        if not self.pack.levels or not clip.intersects(
            QRectF(left, top, right - left, bottom - top)
        ):
            return
        prepared = self._level(zoom)
        scale = side / world_size(_PATH_ZOOM)
        margin = 24.0
        grown = clip.adjusted(-margin, -margin, margin, margin)
        window = QRectF(
            grown.x() / scale, grown.y() / scale, grown.width() / scale, grown.height() / scale
        )
        painter.setTransform(QTransform(scale, 0, 0, scale, -clip.x(), -clip.y()), True)
        _paint_areas(painter, prepared.areas, window, tokens)
        _paint_waters(painter, prepared.lines, window, tokens, zoom)
        _paint_borders(painter, prepared.lines, window, tokens)
        _paint_ferries(painter, prepared.lines, window, tokens)
        _paint_roads(painter, prepared.lines, window, tokens, zoom)

    def _level(self, zoom: float) -> _Prepared:
        last = len(self.pack.levels) - 1
        index = max(
            (i for i, level in enumerate(self.pack.levels) if level.zoom_from <= zoom), default=0
        )
        if index not in self._levels:
            self._levels[index] = _prepare(
                self.pack, self.pack.levels[index], with_edges=index == last
            )
        return self._levels[index]


class Ground(Protocol):
    """Something that a tile's ground is painted with."""

    def paint(self, painter: QPainter, zoom: float, clip: QRectF, tokens: Tokens) -> None:
        """Paint what lies in ``clip`` (pixels at ``zoom``); the painter's origin is its corner."""


def paint_tile(
    painters: Sequence[Ground],
    tokens: Tokens,
    zoom: float,
    column: int,
    row: int,
    ratio: float,
) -> QImage:
    """The tile at a column and row of the grid of ``zoom``, at a device pixel ratio."""
    pixels = round(TILE * ratio)
    image = QImage(pixels, pixels, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(tokens.map_water))
    clip = QRectF(column * TILE, row * TILE, TILE, TILE)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pack in painters:
        painter.save()
        pack.paint(painter, zoom, clip, tokens)
        painter.restore()
    painter.end()
    return image


def _prepare(pack: MapPack, level: Level, *, with_edges: bool) -> _Prepared:
    areas: dict[str, list[_Piece]] = {}
    lines: dict[str, list[_Piece]] = {}
    for shape in level.areas:
        areas.setdefault(shape.kind, []).append(_piece(shape, closed=True))
    for shape in level.lines:
        lines.setdefault(shape.kind, []).append(_piece(shape, closed=False))
    if with_edges:
        for edge in pack.edges:
            kind = ROAD_CLASSES[edge.road_class]
            shape = Shape(kind, [edge.line])
            lines.setdefault(kind, []).append(_piece(shape, closed=False))
    return _Prepared(areas, lines)


def _piece(shape: Shape, *, closed: bool) -> _Piece:
    side = world_size(_PATH_ZOOM)
    path = QPainterPath()
    for ring in shape.rings:
        points = [project(lon, lat) for lon, lat in decode_line(ring)]
        path.addPolygon(QPolygonF([QPointF(x * side, y * side) for x, y in points]))
        if closed:
            path.closeSubpath()
    return _Piece(_edges(path.boundingRect()), path)


def _edges(box: QRectF) -> tuple[float, float, float, float]:
    return box.left(), box.top(), box.right(), box.bottom()


def _visible(pieces: Iterable[_Piece], window: QRectF) -> list[QPainterPath]:
    """Paths whose box touches the window; a straight road's box may have no height or width."""
    left, top, right, bottom = _edges(window)
    found = []
    for piece in pieces:
        x1, y1, x2, y2 = piece.bounds
        if x1 <= right and x2 >= left and y1 <= bottom and y2 >= top:
            found.append(piece.path)
    return found


def _paint_areas(
    painter: QPainter, areas: dict[str, list[_Piece]], window: QRectF, tokens: Tokens
) -> None:
    colors = {
        "land": QColor(tokens.map_land),
        "built": QColor(tokens.map_built),
        "wood": QColor(tokens.map_wood),
        "water": QColor(tokens.map_water),
        "building": QColor(tokens.map_road_edge),
    }
    colors["built"].setAlphaF(0.75)
    colors["building"].setAlphaF(0.55)
    painter.setPen(Qt.PenStyle.NoPen)
    for kind in _AREA_ORDER:
        for path in _visible(areas.get(kind, ()), window):
            # The ground of neighbouring countries must not show a seam of water between them.
            painter.fillPath(path, colors[kind])
            if kind == "land":
                painter.strokePath(path, _pen(colors[kind], 0.8))


def _paint_waters(
    painter: QPainter,
    lines: dict[str, list[_Piece]],
    window: QRectF,
    tokens: Tokens,
    zoom: float,
) -> None:
    for kind, widths in _WATERS.items():
        width = _interpolate(widths, zoom)
        if width >= 0.5:
            _stroke(painter, lines.get(kind, ()), window, _pen(QColor(tokens.map_water), width))


def _paint_borders(
    painter: QPainter, lines: dict[str, list[_Piece]], window: QRectF, tokens: Tokens
) -> None:
    pen = _pen(QColor(tokens.border_strong), 1.2)
    pen.setDashPattern([5.0, 3.0])
    _stroke(painter, lines.get("border", ()), window, pen)


def _paint_ferries(
    painter: QPainter, lines: dict[str, list[_Piece]], window: QRectF, tokens: Tokens
) -> None:
    pen = _pen(QColor(tokens.muted), 1.6)
    pen.setDashPattern([3.0, 3.0])
    _stroke(painter, lines.get("ferry", ()), window, pen)


def _paint_roads(
    painter: QPainter,
    lines: dict[str, list[_Piece]],
    window: QRectF,
    tokens: Tokens,
    zoom: float,
) -> None:
    edge, fill = QColor(tokens.map_road_edge), QColor(tokens.map_road)
    widths = {kind: _interpolate(_WIDTHS[kind], zoom) for kind in _WIDTHS}
    drawn = [kind for kind in ROAD_CLASSES if kind in widths]
    for kind in drawn:  # casings first, so that crossings stay open
        if widths[kind] >= 0.5:
            cased = widths[kind] + 1.8 if widths[kind] >= _LEAST_CASED else widths[kind]
            _stroke(painter, lines.get(kind, ()), window, _pen(edge, cased))
    for kind in drawn:
        if widths[kind] >= _LEAST_CASED:
            _stroke(painter, lines.get(kind, ()), window, _pen(fill, widths[kind]))


def _stroke(painter: QPainter, pieces: Iterable[_Piece], window: QRectF, pen: QPen) -> None:
    """Lines a few at a time: the window waits for the interpreter as long as one call takes."""
    together = QPainterPath()
    for path in _visible(pieces, window):
        together.addPath(path)
        if together.elementCount() >= _STROKED_AT_ONCE:
            painter.strokePath(together, pen)
            together = QPainterPath()
    if not together.isEmpty():
        painter.strokePath(together, pen)


def _pen(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _interpolate(values: Sequence[float], zoom: float) -> float:
    """The value at a zoom, straight between the zooms of the table and flat outside."""
    if zoom <= _ZOOMS[0]:
        return values[0]
    for index in range(1, len(_ZOOMS)):
        if zoom <= _ZOOMS[index]:
            share = (zoom - _ZOOMS[index - 1]) / (_ZOOMS[index] - _ZOOMS[index - 1])
            return values[index - 1] + (values[index] - values[index - 1]) * share
    return values[-1]
