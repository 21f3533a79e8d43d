"""A picture of something painted over a map, kept while the map is only moved.

Owns the picture, painted anew when the zoom, the size or the look changes, or when the map was
moved beyond its margin. The first move gives it one: zooming needs none. So dragging costs one
picture a frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from crmdesk.gui import theme
from crmdesk.gui.widgets.map_projection import Camera

_MARGIN = 256


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
        self._look: tuple[object, ...] = ()

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """Paint it over the view of a camera."""
        ratio = 1.0 if self._coarse > 1 else painter.device().devicePixelRatioF()
        look = (camera.zoom, camera.width, camera.height, ratio, theme.tokens().name,
                theme.text_scale())  # fmt: skip
        right, down = self._moved(camera)
        if look != self._look or max(abs(right), abs(down)) > self._margin:
            self._margin = _MARGIN if look == self._look else 0
            self._make(camera, ratio)
            self._look, (right, down) = look, (0.0, 0.0)
        if self._image is None:
            return
        painter.save()
        painter.translate(QPointF(round(right) - self._margin, round(down) - self._margin))
        painter.scale(self._coarse, self._coarse)
        painter.drawImage(QPointF(0.0, 0.0), self._image)
        painter.restore()

    def _moved(self, camera: Camera) -> tuple[float, float]:
        """Pixels by which the kept picture lies off the view's middle."""
        kept = self._camera
        if kept is None or kept.zoom != camera.zoom:
            return math.inf, math.inf
        return (kept.x - camera.x) * camera.scale, (kept.y - camera.y) * camera.scale

    def _make(self, camera: Camera, ratio: float) -> None:
        more = 2 * self._margin
        wide = replace(camera, width=camera.width + more, height=camera.height + more)
        image = QImage(
            math.ceil(wide.width / self._coarse * ratio),
            math.ceil(wide.height / self._coarse * ratio),
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(1 / self._coarse, 1 / self._coarse)
        self._draw(painter, wide)
        painter.end()
        self._image, self._camera = image, camera
