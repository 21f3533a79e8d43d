"""Tiles that were painted before, as pictures from and to :mod:`crmdesk.storage.tile_file`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageWriter

from crmdesk.storage.tile_file import FILE as CACHE_FILE
from crmdesk.storage.tile_file import Place, TileFile, stamp_of

__all__ = ["CACHE_FILE", "TileCache"]

_LOOK = "1"
"""Raised whenever tiles are painted otherwise."""
_QUICKLY = 90  # PNG: hardly compressed, for the worker has other tiles to paint


class TileCache:
    """The kept tiles of one set of maps. Safe across threads."""

    def __init__(self, folder: Path, packs: Sequence[Path]) -> None:
        self._file = TileFile(folder, stamp_of(packs, _LOOK))

    def get(self, place: Place) -> QImage | None:
        """A kept tile; None where there is none that can be shown."""
        data, image = self._file.get(place), QImage()
        if data is None or not image.loadFromData(QByteArray(data), "PNG"):
            return None
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def put(self, place: Place, image: QImage) -> None:
        """Keep a tile."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QImageWriter(buffer, QByteArray(b"PNG"))
        writer.setQuality(_QUICKLY)
        if writer.write(image):
            self._file.put(place, bytes(data.data()))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
