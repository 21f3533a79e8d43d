"""What lies over the base map: numbered stops, home, the chip of the leg, the attribution.

Owns the layout and the painting of these for one camera. Names are ``map_names``'s, the route
``map_route``'s, tiles ``map_tiles``'s, input and selection the view's.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from crmdesk.gui import theme
from crmdesk.gui.theme_tokens import RADIUS, REGULAR, SEMIBOLD, SIZE_BODY, SIZE_SMALL
from crmdesk.gui.widgets.map_items import Chip, Home, MapStop, StopState
from crmdesk.gui.widgets.map_labels import Box, spread_markers
from crmdesk.gui.widgets.map_projection import Camera, project

MARKER = 10.0
MARKER_SELECTED = 13.0
_HOME = 7.0


@dataclass(frozen=True, slots=True)
class Marker:
    """A stop with the pixel it is drawn at (beside its place where others crowd)."""

    stop: MapStop
    x: float
    y: float
    true_x: float
    true_y: float
    radius: float

    def holds(self, x: float, y: float) -> bool:
        """True where the pixel is on the marker, or close enough for a finger."""
        return (x - self.x) ** 2 + (y - self.y) ** 2 <= (self.radius + 3) ** 2


def place_markers(
    stops: Sequence[MapStop], selected: Hashable | None, camera: Camera, home: Home | None = None
) -> list[Marker]:
    """Every stop at a spot where it can be read, and home with it."""
    places = [camera.to_view(*project(stop.longitude, stop.latitude)) for stop in stops]
    grow = theme.text_scale()
    radii = [(MARKER_SELECTED if stop.key == selected else MARKER) * grow for stop in stops]
    stays = []
    if home is not None:
        stays = [(*camera.to_view(*project(home.longitude, home.latitude)), _HOME)]
    spread = spread_markers(places, radii, fixed=stays)
    return [
        Marker(stop, x, y, true_x, true_y, radius)
        for stop, (x, y), (true_x, true_y), radius in zip(stops, spread, places, radii, strict=True)
    ]


def paint_home(painter: QPainter, camera: Camera, home: Home) -> None:
    """The black square where the day begins."""
    x, y = camera.to_view(*project(home.longitude, home.latitude))
    square = QRectF(x - _HOME, y - _HOME, 2 * _HOME, 2 * _HOME)
    painter.setPen(QPen(theme.color("map_land"), 1.5))
    painter.setBrush(theme.color("text"))
    painter.drawRoundedRect(square, 2, 2)


def home_box(camera: Camera, home: Home) -> Box:
    """The room the home square takes."""
    x, y = camera.to_view(*project(home.longitude, home.latitude))
    return Box(x - _HOME, y - _HOME, 2 * _HOME, 2 * _HOME)


def paint_markers(
    painter: QPainter,
    markers: Sequence[Marker],
    selected: Hashable | None,
    focused: Hashable | None,
) -> None:
    """The numbered circles, the selected one last and largest; a leader where one is displaced."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for marker in markers:
        if abs(marker.x - marker.true_x) + abs(marker.y - marker.true_y) > 10:
            painter.setPen(QPen(theme.color("muted"), 1))
            painter.drawLine(QPointF(marker.true_x, marker.true_y), QPointF(marker.x, marker.y))
            painter.setBrush(theme.color("muted"))
            painter.drawEllipse(QPointF(marker.true_x, marker.true_y), 2, 2)
    for marker in sorted(markers, key=lambda m: (m.stop.key == selected, m.stop.key == focused)):
        _paint_marker(painter, marker, chosen=marker.stop.key == selected)
        if marker.stop.key == focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text"), 2))
            painter.drawEllipse(QPointF(marker.x, marker.y), marker.radius + 3, marker.radius + 3)


def _paint_marker(painter: QPainter, marker: Marker, *, chosen: bool) -> None:
    state = marker.stop.state
    filled = chosen or state is StopState.NEXT
    if filled:
        ground, ring, ink = "accent", "surface", "on_accent"
    elif state is StopState.DONE:
        ground, ring, ink = "past", "muted", "text"
    else:
        ground, ring, ink = "surface", "accent", "accent"
    painter.setBrush(theme.color(ground))
    painter.setPen(QPen(theme.color(ring), 2))
    center = QPointF(marker.x, marker.y)
    painter.drawEllipse(center, marker.radius - 1, marker.radius - 1)
    painter.setFont(theme.font(SIZE_SMALL, SEMIBOLD, tabular=True))
    painter.setPen(theme.color(ink))
    side = marker.radius * 2
    painter.drawText(
        QRectF(marker.x - marker.radius, marker.y - marker.radius, side, side),
        Qt.AlignmentFlag.AlignCenter,
        marker.stop.number,
    )


def chip_box(chip: Chip) -> Box:
    """The room of the chip in the upper left corner."""
    width = 24.0
    for text, weight in _chip_runs(chip):
        width += QFontMetricsF(theme.font(SIZE_BODY, weight)).horizontalAdvance(text) + 8
    return Box(10, 10, width - 8, theme.scaled(28))


def paint_chip(painter: QPainter, chip: Chip) -> None:
    """The next leg in words."""
    box = chip_box(chip)
    frame = QRectF(box.left, box.top, box.width, box.height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(frame, RADIUS, RADIUS)
    x = box.left + 12
    for index, (text, weight) in enumerate(_chip_runs(chip)):
        font = theme.font(SIZE_BODY, weight, tabular=True)
        painter.setFont(font)
        painter.setPen(theme.color("muted" if index == 2 else "text"))
        painter.drawText(QRectF(x, box.top, 600, box.height), Qt.AlignmentFlag.AlignVCenter, text)
        x += QFontMetricsF(font).horizontalAdvance(text) + 8


def _chip_runs(chip: Chip) -> list[tuple[str, int]]:
    runs = [(chip.lead, REGULAR), (chip.value, SEMIBOLD), (chip.note, REGULAR)]
    return [run for run in runs if run[0]]


def attribution_box(text: str, camera: Camera) -> Box:
    """The room of the attribution in the lower right corner."""
    metrics = QFontMetricsF(theme.font(SIZE_SMALL))
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 4
    return Box(camera.width - width - 2, camera.height - height - 2, width, height)


def paint_attribution(painter: QPainter, text: str, camera: Camera) -> None:
    """Whose data the map is; always there."""
    box = attribution_box(text, camera)
    frame = QRectF(box.left, box.top, box.width, box.height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("map_land", alpha=0.8))
    painter.drawRoundedRect(frame, 4, 4)
    painter.setFont(theme.font(SIZE_SMALL))
    painter.setPen(theme.color("text"))
    painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, text)


def paint_frame(painter: QPainter, view: QWidget, *, focused: bool) -> None:
    """Round corners in the window's colour, and a line around."""
    frame = QRectF(view.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
    corners = QPainterPath()
    corners.addRect(QRectF(view.rect()))
    corners.addRoundedRect(frame, RADIUS, RADIUS)
    painter.fillPath(corners, view.palette().window())
    painter.setPen(QPen(theme.color("accent" if focused else "border"), 2 if focused else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(frame, RADIUS, RADIUS)
