"""A picture of something painted over a map, kept while the map is moved.

Owns the picture. Moved, it is put elsewhere, and painted anew beyond its margin; zoomed, it is
stretched at once and painted anew when it is asked to be sharp: once the map rests. So dragging and
zooming cost one picture a frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from crmdesk.gui import theme
from crmdesk.gui.widgets.map_projection import Camera

_MARGIN = 256


@dataclass(frozen=True, slots=True)
class _Look:
    """What a picture is made for beside the place: another one needs another picture at once."""

    width: int
    height: int
    ratio: float
    scheme: str
    text_scale: float


class KeptPicture:
    """What ``draw`` paints for a camera, kept for cameras beside it.

    ``coarse`` paints it that many times smaller and stretches it: for what is soft anyway.
    """

    def __init__(self, draw: Callable[[QPainter, Camera], None], *, coarse: int = 1) -> None:
        self._draw = draw
        self._coarse = coarse
        self._image: QImage | None = None
        self._camera: Camera | None = None
        self._margin = 0
        self._look: _Look | None = None

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """Paint it over the view of a camera."""
        look = self._look_for(camera, painter.device().devicePixelRatioF())
        if look != self._look or self._camera is None:
            self._make(camera, look, margin=0)
        elif self._camera.zoom == camera.zoom and not self._reaches(camera):
            self._make(camera, look, margin=_MARGIN)
        if self._image is None or self._camera is None:
            return
        kept = self._camera
        left, top = camera.to_view(*kept.to_world(-self._margin, -self._margin))
        factor = camera.scale / kept.scale
        if kept.zoom == camera.zoom:
            left, top, factor = round(left), round(top), 1.0
        painter.save()
        if factor != 1.0:  # for the moment; smoothly it would take several times as long
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        painter.translate(QPointF(left, top))
        painter.scale(factor, factor)
        painter.drawImage(QPointF(0.0, 0.0), self._image)
        painter.restore()

    def sharpen(self, camera: Camera, ratio: float) -> bool:
        """Paint anew what would be stretched for a camera; False where nothing would."""
        look = self._look_for(camera, ratio)
        if look == self._look and self._camera is not None and self._camera.zoom == camera.zoom:
            return False
        self._make(camera, look, margin=0)
        return True

    def _look_for(self, camera: Camera, ratio: float) -> _Look:
        ratio = 1.0 if self._coarse > 1 else ratio
        scheme, scale = theme.tokens().name, theme.text_scale()
        return _Look(camera.width, camera.height, ratio, scheme, scale)

    def _reaches(self, camera: Camera) -> bool:
        """Whether the kept picture with its margin covers the view at the same zoom."""
        kept = self._camera
        if kept is None:
            return False
        right, down = (kept.x - camera.x) * camera.scale, (kept.y - camera.y) * camera.scale
        return max(abs(right), abs(down)) <= self._margin

    def _make(self, camera: Camera, look: _Look, *, margin: int) -> None:
        wide = replace(camera, width=camera.width + 2 * margin, height=camera.height + 2 * margin)
        image = QImage(
            math.ceil(wide.width / self._coarse * look.ratio),
            math.ceil(wide.height / self._coarse * look.ratio),
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        image.setDevicePixelRatio(look.ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(1 / self._coarse, 1 / self._coarse)
        self._draw(painter, wide)
        painter.end()
        if self._coarse > 1:  # stretched once, not with every frame
            size = image.size() * self._coarse
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(size, mode=smooth)
        self._image, self._camera, self._margin, self._look = image, camera, margin, look
