"""The base map of a view: its tiles, and what is shown until they are there.

Owns which tiles a view needs, painting them, and the stand-in for those that are missing: tiles of
zooms seen before, stretched. So zooming shows a map at once and sharpens it when the tiles come.
Making tiles is ``map_tiles``'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QRegion

from crmdesk.gui import theme
from crmdesk.gui.widgets.map_projection import TILE, Camera
from crmdesk.gui.widgets.map_tiles import TileKey, TileStore

_SEEN_ZOOMS = 3


class GroundPainter:
    """Paints the tiles of one view."""

    def __init__(self, store: TileStore) -> None:
        self._store = store
        self._seen: list[float] = []

    def keys(self, camera: Camera, ratio: float) -> list[TileKey]:
        """The tiles in view, the middle ones first."""
        scheme = theme.tokens().name
        return [TileKey(scheme, camera.zoom, column, row, ratio) for column, row in camera.tiles()]

    def paint(
        self, painter: QPainter, camera: Camera, ratio: float, *, now: bool
    ) -> Sequence[TileKey]:
        """Paint the ground; returns the tiles that are missing. With ``now`` none is."""
        painter.fillRect(QRectF(0, 0, camera.width, camera.height), theme.color("map_land"))
        missing, room, shown = [], QRegion(), False
        for key in self.keys(camera, ratio):
            image = self._store.tile_now(key) if now else self._store.tile(key)
            x, y = camera.tile_corner(key.column, key.row)
            if image is None:
                missing.append(key)
                room += QRect(round(x), round(y), TILE, TILE)
            else:
                shown = True
                painter.drawImage(QRectF(round(x), round(y), TILE, TILE), image)
        if missing:
            self._paint_stand_in(painter, camera, ratio, room)
        if shown:
            # A zoom that was hurried through has nothing to show, and is not looked at again.
            seen = [camera.zoom, *(zoom for zoom in self._seen if zoom != camera.zoom)]
            self._seen = seen[:_SEEN_ZOOMS]
        return missing

    def _paint_stand_in(
        self, painter: QPainter, camera: Camera, ratio: float, room: QRegion
    ) -> None:
        """Tiles of other zooms, those seen last uppermost."""
        scheme = theme.tokens().name
        painter.save()
        painter.setClipRegion(room)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)  # at once
        for zoom in reversed(self._seen):
            if zoom == camera.zoom:
                continue
            side = TILE * 2.0 ** (camera.zoom - zoom)
            left, top = camera.to_view(0.0, 0.0)
            for key, image in self._store.kept(scheme, zoom, ratio):
                place = QRectF(left + key.column * side, top + key.row * side, side, side)
                if room.intersects(place.toAlignedRect()):
                    painter.drawImage(place, image)
        painter.restore()
