"""Pictures inside documents: barcodes and signatures as vectors, the logo as it is kept.

Stands in the document's layout as what an ``<img>`` is; everything is drawn, nothing is scaled up
from pixels. Lengths are px of 1/96 inch.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPyTextObject,
    QTextDocument,
    QTextFormat,
)

from crmdesk.gui.printing.images import read_image
from crmdesk.interchange.documents.sheet import Bars, Drawing, Picture, Raster

_MOST_PIXELS = 2_000_000
_TEXT_ROOM = 13.0
_TEXT_PX = 10
_WIDEST_MODULE = 1.9
_PEN = 1.6
_INK = QColor("#1a202a")


class Pictures(QPyTextObject):
    """Gives the document's images their size and draws them."""

    def __init__(self, pictures: Mapping[str, Picture], font: QFont) -> None:
        super().__init__()
        self._pictures = pictures
        self._font = QFont(font)
        self._font.setPixelSize(_TEXT_PX)
        self._images: dict[str, QImage] = {}

    def intrinsicSize(self, doc: QTextDocument, posInDocument: int, format: QTextFormat) -> QSizeF:  # noqa: A002
        picture = self._pictures.get(format.toImageFormat().name())
        if isinstance(picture, Raster):
            image = self._image(format.toImageFormat().name(), picture)
            size = QSizeF(image.size())
            room = QSizeF(picture.width, picture.height)
            return size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if isinstance(picture, Bars):
            return QSizeF(_module(picture) * picture.symbol.modules, picture.height)
        if isinstance(picture, Drawing):
            return QSizeF(picture.width, picture.height)
        return QSizeF(0, 0)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        doc: QTextDocument,
        posInDocument: int,
        format: QTextFormat,  # noqa: A002
    ) -> None:
        name, rect = format.toImageFormat().name(), QRectF(rect)
        picture = self._pictures.get(name)
        painter.save()
        if isinstance(picture, Raster):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, self._image(name, picture))
        elif isinstance(picture, Bars):
            _draw_bars(painter, rect, picture, self._font)
        elif isinstance(picture, Drawing):
            _draw_strokes(painter, rect, picture)
        painter.restore()

    def _image(self, name: str, picture: Raster) -> QImage:
        if name not in self._images:
            self._images[name] = read_image(picture.data, _MOST_PIXELS) or QImage()
        return self._images[name]


def _module(picture: Bars) -> float:
    """The width of one module: what fits, but no wider than scanners like."""
    return min(_WIDEST_MODULE, picture.width / picture.symbol.modules)


def _draw_bars(painter: QPainter, rect: QRectF, picture: Bars, font: QFont) -> None:
    module, x = _module(picture), rect.left()
    tall = rect.height() - _TEXT_ROOM
    for place, width in enumerate(picture.symbol.widths):
        if place % 2 == 0:
            painter.fillRect(QRectF(x, rect.top(), width * module, tall), Qt.GlobalColor.black)
        x += width * module
    painter.setFont(font)
    painter.setPen(_INK)
    below = QRectF(rect.left(), rect.top() + tall, rect.width(), _TEXT_ROOM)
    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, picture.symbol.text)


def _draw_strokes(painter: QPainter, rect: QRectF, picture: Drawing) -> None:
    points = [QPointF(x, y) for stroke in picture.strokes for x, y in stroke]
    left, top = min(p.x() for p in points), min(p.y() for p in points)
    wide = max(max(p.x() for p in points) - left, 1e-9)
    high = max(max(p.y() for p in points) - top, 1e-9)
    room = rect.adjusted(_PEN, _PEN, -_PEN, -_PEN)
    scale = min(room.width() / wide, room.height() / high)
    path = QPainterPath()
    for stroke in picture.strokes:
        placed = [
            QPointF(room.left() + (x - left) * scale, room.bottom() - (high - (y - top)) * scale)
            for x, y in stroke
        ]
        path.moveTo(placed[0])
        for point in placed[1:] or placed:
            path.lineTo(point)
    pen = QPen(_INK, _PEN)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(path, pen)
