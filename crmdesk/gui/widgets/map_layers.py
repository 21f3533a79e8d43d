"""What lies between the ground of a map and its stops: customers in clusters, worth, territories.

Owns these layers, their shapes and their painting. A layer is given points once and paints itself
for any camera; which points there are is the presenter's.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPen,
    QPixmap,
    QPolygonF,
    QRadialGradient,
)

from crmdesk.gui import theme
from crmdesk.gui.theme_tokens import SEMIBOLD, SIZE_SMALL
from crmdesk.gui.widgets.map_kept import KeptPicture
from crmdesk.gui.widgets.map_projection import Camera, project, world_size

_CELL = 56.0  # pixels within which customers become a cluster
_DOT, _CLUSTER = 5.0, 12.0
_HEAT = 46.0
_HEAT_COARSE, _HEAT_STRENGTHS = 4, 16
_NEAR_ZOOM = 15.0
_KEPT_ZOOMS, _KEPT_CIRCLES = 8, 400


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A customer on the map: where, what it is worth (0 to 1 of the most), whether it is poor."""

    key: Hashable
    latitude: float
    longitude: float
    share: float = 0.0
    poor: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Customers close together at a zoom: the middle (pixels of the view), and who they are."""

    x: float
    y: float
    points: tuple[MapPoint, ...]

    @property
    def radius(self) -> float:
        """Grows with the logarithm of how many there are."""
        count = len(self.points)
        return _DOT if count == 1 else _CLUSTER + 2.5 * math.log2(count)

    @property
    def poor(self) -> bool:
        """Whether the place of one of them is."""
        return any(point.poor for point in self.points)


class MapLayer(Protocol):
    """Something painted over the ground; over the names too where it is ``above``."""

    above: bool

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """Paint what is in view."""

    def sharpen(self, camera: Camera, ratio: float) -> bool:
        """Paint anew what would only be stretched for a camera; False where nothing would."""

    def bounds_points(self) -> Sequence[tuple[float, float]]:
        """World points that belong into a view of everything."""


class _Points:
    """Points with their place in the world, kept for every camera."""

    above = False

    def __init__(self, points: Sequence[MapPoint]) -> None:
        self.points = tuple(points)
        self.world = [project(point.longitude, point.latitude) for point in points]

    def bounds_points(self) -> Sequence[tuple[float, float]]:
        """World points that belong into a view of everything."""
        return self.world

    def in_view(self, camera: Camera, margin: float) -> list[tuple[MapPoint, float, float]]:
        """Points with their pixels, where they can be seen."""
        scale = camera.scale
        left, top = camera.x * scale - camera.width / 2, camera.y * scale - camera.height / 2
        right, bottom = camera.width + margin, camera.height + margin
        found = []
        for point, (world_x, world_y) in zip(self.points, self.world, strict=True):
            x, y = world_x * scale - left, world_y * scale - top
            if -margin <= x <= right and -margin <= y <= bottom:
                found.append((point, x, y))
        return found


class ClusterLayer(_Points):
    """Every customer: alone as a dot, many as a circle with their number."""

    above = True

    def __init__(self, points: Sequence[MapPoint]) -> None:
        super().__init__(points)
        self._grouped: OrderedDict[float, list[Cluster]] = OrderedDict()
        self._circles: dict[tuple[object, ...], QPixmap] = {}

    def sharpen(self, _camera: Camera, _ratio: float) -> bool:
        """Nothing of it is ever stretched."""
        return False

    def clusters(self, camera: Camera) -> list[Cluster]:
        """Those in view, in its pixels."""
        scale, margin = camera.scale, 2 * _CELL
        left, top = camera.x * scale - camera.width / 2, camera.y * scale - camera.height / 2
        right, bottom = camera.width + margin, camera.height + margin
        found = []
        for group in self._groups(camera.zoom):
            x, y = group.x * scale - left, group.y * scale - top
            if -margin <= x <= right and -margin <= y <= bottom:
                found.append(Cluster(x, y, group.points))
        return found

    def _groups(self, zoom: float) -> list[Cluster]:
        """All customers grouped by cells of a zoom, in world coordinates; moving changes none."""
        zoom = min(zoom, _NEAR_ZOOM)
        if zoom not in self._grouped:
            cells: defaultdict[tuple[float, float], list[tuple[MapPoint, float, float]]]
            cells = defaultdict(list)
            side = _CELL / world_size(zoom)
            for point, (x, y) in zip(self.points, self.world, strict=True):
                key = (x // side, y // side)
                if zoom >= _NEAR_ZOOM:
                    key = (point.latitude, point.longitude)
                cells[key].append((point, x, y))
            self._grouped[zoom] = [
                Cluster(
                    sum(x for _p, x, _y in group) / len(group),
                    sum(y for _p, _x, y in group) / len(group),
                    tuple(point for point, _x, _y in group),
                )
                for group in cells.values()
            ]
            while len(self._grouped) > _KEPT_ZOOMS:
                self._grouped.popitem(last=False)
        self._grouped.move_to_end(zoom)
        return self._grouped[zoom]

    def at(self, camera: Camera, x: float, y: float) -> Cluster | None:
        """The cluster or customer under a pixel."""
        near = [
            (math.hypot(cluster.x - x, cluster.y - y), cluster) for cluster in self.clusters(camera)
        ]
        hits = [(away, cluster) for away, cluster in near if away <= cluster.radius + 4]
        return min(hits, key=lambda hit: hit[0])[1] if hits else None

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """Dots and circles; amber where a place is poor."""
        look = (theme.tokens().name, theme.text_scale(), painter.device().devicePixelRatioF())
        for cluster in self.clusters(camera):
            circle = self._circle(cluster, look)
            half = circle.deviceIndependentSize().width() / 2
            painter.drawPixmap(QPointF(cluster.x - half, cluster.y - half), circle)

    def _circle(self, cluster: Cluster, look: tuple[str, float, float]) -> QPixmap:
        """The picture of a cluster, made once for all alike."""
        key = (len(cluster.points), cluster.poor, *look)
        if key not in self._circles:
            if len(self._circles) >= _KEPT_CIRCLES:
                self._circles.clear()
            self._circles[key] = _circle(cluster, look[2])
        return self._circles[key]


def _circle(cluster: Cluster, ratio: float) -> QPixmap:
    side = 2 * math.ceil(cluster.radius + 2)
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("surface"), 1.5))
    painter.setBrush(theme.color("warning" if cluster.poor else "accent"))
    painter.drawEllipse(QPointF(side / 2, side / 2), cluster.radius, cluster.radius)
    if len(cluster.points) > 1:
        painter.setFont(theme.font(SIZE_SMALL, SEMIBOLD, tabular=True))
        painter.setPen(theme.color("on_accent"))
        box = QRectF(0, 0, side, side)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(len(cluster.points)))
    painter.end()
    return picture


class HeatLayer(_Points):
    """Where the worth of what is due lies: the more, the stronger."""

    def __init__(self, points: Sequence[MapPoint]) -> None:
        super().__init__(points)
        self._kept = KeptPicture(self._draw, coarse=_HEAT_COARSE)

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """A soft glow per customer, added up."""
        self._kept.paint(painter, camera)

    def sharpen(self, camera: Camera, ratio: float) -> bool:
        """Paint the glows anew if they would be stretched."""
        return self._kept.sharpen(camera, ratio)

    def _draw(self, painter: QPainter, camera: Camera) -> None:
        """The glows: a few strengths, each painted once and then put where it belongs."""
        glows: dict[int, QImage] = {}
        painter.scale(_HEAT_COARSE, _HEAT_COARSE)  # the picture's own pixels: nothing is stretched
        for point, x, y in self.in_view(camera, _HEAT):
            if point.share <= 0:
                continue
            strength = max(1, round(min(point.share, 1.0) * _HEAT_STRENGTHS))
            glow = glows.get(strength)
            if glow is None:
                glow = glows[strength] = _glow(strength / _HEAT_STRENGTHS)
            at = QPointF(round((x - _HEAT) / _HEAT_COARSE), round((y - _HEAT) / _HEAT_COARSE))
            painter.drawImage(at, glow)


def _glow(share: float) -> QImage:
    """One customer's glow, as coarse as the picture it is put into."""
    side = round(2 * _HEAT / _HEAT_COARSE)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    ink, middle = theme.color("accent"), QPointF(side / 2, side / 2)
    radius = side / 2 * (0.6 + 0.4 * share)
    glow = QRadialGradient(middle, radius)
    glow.setColorAt(0.0, _faint(ink, 0.18 + 0.5 * share))
    glow.setColorAt(1.0, _faint(ink, 0.0))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(glow))
    painter.drawEllipse(middle, radius, radius)
    painter.end()
    return image


class TerritoryLayer:
    """The outline around the customers of each territory, with its name."""

    above = False

    def __init__(self, points: Sequence[MapPoint]) -> None:
        groups: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for point in points:
            groups[point.group].append(project(point.longitude, point.latitude))
        self._outlines = {
            name: hull(places) for name, places in groups.items() if name and len(places) > 2
        }
        self._kept = KeptPicture(self._draw)

    def bounds_points(self) -> Sequence[tuple[float, float]]:
        """World points that belong into a view of everything."""
        return [point for outline in self._outlines.values() for point in outline]

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """A dashed line around, a faint ground, the name at the top, always in view."""
        self._kept.paint(painter, camera)
        painter.save()
        painter.setFont(theme.font(SIZE_SMALL, SEMIBOLD))
        for ink, name, outline in self._inked():
            x, y = camera.to_view(*min(outline, key=lambda point: point[1]))
            painter.setPen(ink)
            painter.drawText(QPointF(x + 6, max(y - 6, 16.0)), name)
        painter.restore()

    def sharpen(self, camera: Camera, ratio: float) -> bool:
        """Paint the outlines anew if they would be stretched."""
        return self._kept.sharpen(camera, ratio)

    def _draw(self, painter: QPainter, camera: Camera) -> None:
        for ink, _name, outline in self._inked():
            pen = QPen(ink, 2)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            pen.setDashPattern([6.0, 3.0])
            painter.setPen(pen)
            painter.setBrush(_faint(ink, 0.07))
            painter.drawPolygon(QPolygonF([QPointF(*camera.to_view(*p)) for p in outline]))

    def _inked(self) -> Iterator[tuple[QColor, str, list[tuple[float, float]]]]:
        inks = ("accent", "warning", "good", "danger", "muted")
        for n, (name, outline) in enumerate(sorted(self._outlines.items())):
            yield theme.color(inks[n % len(inks)]), name, outline


def hull(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The convex outline of points, anticlockwise (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered

    def chain(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for x, y in places:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], (x, y)) <= 0:
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _faint(color: QColor, alpha: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(min(max(alpha, 0.0), 1.0))
    return made
