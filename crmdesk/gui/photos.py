"""Photos made small enough to travel: turned upright, at most so many pixels, as JPEG.

Owns compressing. Keeping a photo is :mod:`crmdesk.services.visit_reports`'.
"""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

SIDE = 1600
QUALITY = 80
_MOST_BYTES = 60_000_000
_MOST_PIXELS = 120_000_000
_MOST_MEGABYTES = 512
_KINDS = (b"jpeg", b"png", b"webp")


def compressed(data: bytes) -> bytes:
    """A photo as a JPEG of at most SIDE pixels a side, without what the camera wrote beside it.

    Raises UserError for what is no picture. Where it was taken does not stay in it: the picture is
    drawn anew and its EXIF data are left behind.
    """
    image = _read(data) if len(data) <= _MOST_BYTES else None
    if image is None:
        raise UserError(
            _("This file is no photo that can be used."), _("Choose a JPEG, PNG or WebP picture.")
        )
    written = QByteArray()
    out = QBuffer(written)
    out.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(out, QByteArray(b"jpeg"))
    writer.setQuality(QUALITY)
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    for key in plain.textKeys():
        plain.setText(key, "")
    writer.write(plain)
    out.close()
    return bytes(written.data())


def _read(data: bytes) -> QImage | None:
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(True)
    if bytes(reader.format().data()) not in _KINDS:
        return None
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > _MOST_PIXELS:
        return None
    if max(size.width(), size.height()) > SIDE:
        # Decoded small at once: a large photo never stands in memory whole where its kind allows.
        reader.setScaledSize(size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    QImageReader.setAllocationLimit(_MOST_MEGABYTES)
    image = reader.read()
    return None if image.isNull() else image
