"""Somebody else's map pictures (MBTiles) laid over the ground of a tile.

Owns which pictures a tile needs, decoding them within bounds, and where they are painted. Safe to
use from a worker thread. The file is :mod:`crmdesk.interchange.mbtiles`'.
"""

from __future__ import annotations

import math
import zlib
from collections import OrderedDict
from collections.abc import Iterator

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QImage, QImageReader, QPainter

from crmdesk.gui.theme_tokens import Tokens
from crmdesk.gui.widgets.map_projection import project, world_size
from crmdesk.interchange.mbtiles import PictureTiles

_SIDES = range(64, 1025)
_FORMATS = {b"png", b"jpeg", b"webp"}
_SCAN, _MOST_SCANS = b"\xff\xda", 64
_MOST_PIXEL_BYTES = 9  # four channels of 16 bits, and what each line begins with
_MOST_ACROSS = 9
_KEPT = 64
_IN_THE_DARK = 0.6
"""Pictures are made for paper; in the dark the ground shines through them."""

_Place = tuple[int, int, int]


class PicturePainter:
    """The pictures of one file; the last ones stay decoded."""

    def __init__(self, tiles: PictureTiles) -> None:
        self.tiles = tiles
        west, south, east, north = tiles.facts.bounds
        self._box = (*project(west, north), *project(east, south))
        self._kept: OrderedDict[_Place, QImage | None] = OrderedDict()

    def paint(self, painter: QPainter, zoom: float, clip: QRectF, tokens: Tokens) -> None:
        """Paint what lies in ``clip`` (pixels at ``zoom``); the painter's origin is its corner."""
        side = world_size(zoom)
        left, top, right, bottom = (edge * side for edge in self._box)
        shown = clip.intersected(QRectF(left, top, right - left, bottom - top))
        low, high = self.tiles.facts.zooms
        level = min(max(round(zoom), low), high)
        each = side / (1 << level)
        if shown.isEmpty() or clip.width() / each > _MOST_ACROSS:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if tokens.is_dark:
            painter.setOpacity(_IN_THE_DARK)
        last = (1 << level) - 1
        for row in _cells(shown.top(), shown.bottom(), each, last):
            for column in _cells(shown.left(), shown.right(), each, last):
                picture = self._picture((level, column, row))
                if picture is not None:
                    corner = (column * each - clip.x(), row * each - clip.y())
                    painter.drawImage(QRectF(*corner, each, each), picture)

    def _picture(self, place: _Place) -> QImage | None:
        if place not in self._kept:
            data = self.tiles.tile(*place)
            self._kept[place] = None if data is None else _decoded(data)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(place)
        return self._kept[place]


def _cells(begin: float, end: float, each: float, last: int) -> range:
    return range(max(0, math.floor(begin / each)), min(last, math.ceil(end / each) - 1) + 1)


def _decoded(data: bytes) -> QImage | None:
    """The picture, if it is one of a tile's size; looked at before it takes memory."""
    content = QByteArray(data)
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if bytes(reader.format().data()) not in _FORMATS:
        return None
    if size.width() not in _SIDES or size.height() not in _SIDES:
        return None
    if _swells(data, size.width() * size.height()):
        return None
    image = reader.read()
    return None if image.isNull() else image


def _swells(data: bytes, pixels: int) -> bool:
    """True for a small file that would be worked on for minutes.

    A PNG may unpack to far more than its picture, a JPEG repeat its picture in thousands of scans.
    """
    if not data.startswith(b"\x89PNG"):
        return data.count(_SCAN) > _MOST_SCANS
    room = pixels * _MOST_PIXEL_BYTES
    unpack = zlib.decompressobj()
    try:
        for part in _image_data(data):
            rest = part
            while rest and room > 0:
                room -= len(unpack.decompress(rest, room))
                rest = unpack.unconsumed_tail
    except zlib.error:
        return True
    return room <= 0


def _image_data(png: bytes) -> Iterator[bytes]:
    """The packed parts of a PNG's picture (chunks ``IDAT`` of its specification)."""
    at = 8
    while at + 8 <= len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            yield png[at + 8 : at + 8 + size]
        at += size + 12
