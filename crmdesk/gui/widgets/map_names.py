"""Names on the map: which are shown at a zoom, where they find room, and their halo.

Owns the pictures of names, made once per name and look, so that panning only moves them. The
search for free spots is ``map_labels``'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from crmdesk.gui import theme
from crmdesk.gui.theme_tokens import MEDIUM, REGULAR, SIZE_BODY, SIZE_SMALL
from crmdesk.gui.widgets.map_labels import Box, place_names
from crmdesk.gui.widgets.map_projection import Camera, project
from crmdesk.interchange.mappack import Label

_HALO = 3.2
_MARGIN = 3
_KEPT = 600
# The zoom from which a kind of name is shown, and the one from which it no longer is.
_ZOOMS = {"country": (2.0, 7.5), "city": (5.0, 99.0), "town": (8.0, 99.0),
          "village": (10.5, 99.0), "hamlet": (12.75, 99.0)}  # fmt: skip


class NamePainter:
    """Paints the names of the packs over a view."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._names = [(label, *project(label.longitude, label.latitude)) for label in labels]
        self._pictures: dict[tuple[str, str, str, float, float], tuple[QPixmap, float, float]] = {}

    def paint(self, painter: QPainter, camera: Camera, taken: Sequence[Box], ratio: float) -> None:
        """Paint the names in view that find room beside what is taken."""
        shown = self._in_view(camera)
        pictures = [self._picture(label, ratio) for label, _x, _y in shown]
        wanted = [
            (x, y, width, height)
            for (_label, x, y), (_picture, width, height) in zip(shown, pictures, strict=True)
        ]
        boxes = place_names(wanted, taken, camera.width, camera.height)
        for (picture, _width, _height), box in zip(pictures, boxes, strict=True):
            if box is not None:
                at = QPointF(round(box.left) - _MARGIN, round(box.top) - _MARGIN)
                painter.drawPixmap(at, picture)

    def _in_view(self, camera: Camera) -> list[tuple[Label, float, float]]:
        shown = []
        for label, world_x, world_y in self._names:
            first, last = _ZOOMS.get(label.kind, (12.0, 99.0))
            if not first <= camera.zoom < last:
                continue
            if label.kind == "country" and camera.zoom < 2.0 + label.rank:
                continue  # small countries get their name only when one comes close
            x, y = camera.to_view(world_x, world_y)
            if -40 <= x <= camera.width + 40 and -20 <= y <= camera.height + 20:
                shown.append((label, x, y))
        return shown

    def _picture(self, label: Label, ratio: float) -> tuple[QPixmap, float, float]:
        key = (label.text, label.kind, theme.tokens().name, theme.text_scale(), ratio)
        if key not in self._pictures:
            if len(self._pictures) >= _KEPT:
                self._pictures.clear()
            self._pictures[key] = _draw(label, ratio)
        return self._pictures[key]


def _draw(label: Label, ratio: float) -> tuple[QPixmap, float, float]:
    """The name with its halo, and the size of its text."""
    font = _font(label.kind)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(label.text), metrics.height()
    picture = QPixmap(
        round((width + 2 * _MARGIN + 1) * ratio), round((height + 2 * _MARGIN + 1) * ratio)
    )
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    path = QPainterPath()
    path.addText(QPointF(_MARGIN, _MARGIN + metrics.ascent()), font, label.text)
    halo = QPen(theme.color("map_land", alpha=0.9), _HALO)
    halo.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(path, halo)
    painter.fillPath(path, theme.color("text" if label.kind in ("city", "town") else "muted"))
    painter.end()
    return picture, width, height


def _font(kind: str) -> QFont:
    if kind in ("city", "town"):
        return theme.font(SIZE_BODY, MEDIUM)
    return theme.font(SIZE_SMALL, REGULAR if kind != "country" else MEDIUM)
