"""Pictures from outside: read with bounds, and a company's logo made small enough to travel.

A picture is looked at before it is decoded: how large it says it is, and of which kind. Only PNG,
JPEG and drawings (SVG) are taken; a drawing must not name anything outside of itself.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter, QPainter

from crmdesk.domain.errors import UserError
from crmdesk.domain.letterhead import MOST_LOGO_BYTES
from crmdesk.i18n import _, format_bytes

MOST_FILE_BYTES = 4_000_000
_MOST_PIXELS = 24_000_000
_MOST_MEGABYTES = 128
_SIDES = (880, 660, 440, 330, 220, 110)
_OUTSIDE = re.compile(
    rb"<!DOCTYPE[^>]*\[|<!ENTITY|<script|<foreignObject|<image|<use|@import|<\?xml-style", re.I
)
_REFERENCE = re.compile(rb"(?:href\s*=\s*[\"']?|url\()\s*[\"']?(?!#)[^\s\"'#)]", re.I)


def read_image(data: bytes, most_pixels: int = _MOST_PIXELS) -> QImage | None:
    """A PNG or JPEG within bounds; None for anything else."""
    buffer = _buffer(data)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    # Decided by what is in it, not by what somebody called it.
    reader.setDecideFormatFromContent(True)
    if bytes(reader.format().data()) not in (b"png", b"jpeg"):
        return None
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > most_pixels:
        return None
    QImageReader.setAllocationLimit(_MOST_MEGABYTES)
    image = reader.read()
    return None if image.isNull() else image


def logo_png(data: bytes) -> bytes:
    """A picture file as the PNG that is kept, at most MOST_LOGO_BYTES.

    Raises UserError for what is no picture, too large, or not to be trusted.
    """
    if len(data) > MOST_FILE_BYTES:
        raise UserError(
            _("The picture is larger than {size}.").format(size=format_bytes(MOST_FILE_BYTES)),
            _("Save it smaller, then choose it again."),
        )
    image = _drawing(data) if _is_svg(data) else read_image(data)
    if image is None or image.isNull():
        raise UserError(
            _("This file is no picture that can be used."),
            _("Choose a PNG, JPEG or SVG file of at most 24 million pixels."),
        )
    for side in _SIDES:
        png = _png(_within(image, side))
        if len(png) <= MOST_LOGO_BYTES:
            return png
    raise UserError(
        _("The picture cannot be made small enough."),
        _("Choose a simpler one: a logo with few colours."),
    )


def _is_svg(data: bytes) -> bool:
    return b"<svg" in data[:4096]


def _drawing(data: bytes) -> QImage | None:
    """A drawing as pixels. Qt would open files that it names, so it may name none."""
    if _OUTSIDE.search(data) or _REFERENCE.search(data):
        raise UserError(
            _("The drawing names other files or programs."),
            _("Save it as a plain SVG, or as PNG."),
        )
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(QByteArray(data))
    size = renderer.defaultSize()
    if not renderer.isValid() or size.isEmpty():
        return None
    size = size.scaled(QSize(_SIDES[0], _SIDES[0]), Qt.AspectRatioMode.KeepAspectRatio)
    image = QImage(size.expandedTo(QSize(1, 1)), QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image


def _within(image: QImage, side: int) -> QImage:
    if max(image.width(), image.height()) > side:
        image = image.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )  # fmt: skip
    return image.convertToFormat(QImage.Format.Format_ARGB32)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setCompression(100)
    writer.write(image)
    buffer.close()
    return bytes(data.data())


def _buffer(data: bytes) -> QBuffer:
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    return buffer
