"""A map on which customers are found and put right: clusters, layers, and a pin that moves.

Owns the pin: dragged with the mouse, put where one clicks, or under the cross in the middle by
key. The map itself is :class:`~crmdesk.gui.widgets.map.MapView`'s.

Keys beside the map's own: Space puts the pin under the cross, Enter keeps it, Esc takes it back.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from crmdesk.gui import theme
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_layers import ClusterLayer
from crmdesk.gui.widgets.map_projection import project, unproject
from crmdesk.gui.widgets.map_tiles import TileStore
from crmdesk.i18n import _

_PIN_R, _PIN_H = 9.0, 26.0
_CROSS = 9.0
_DRAG_FROM = 4.0
_CLOSE_ZOOM = 15.5


class PlacingMap(MapView):
    """``placed`` carries latitude and longitude that are to be kept; ``chosen`` a point's key."""

    placed = Signal(float, float)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, store: TileStore | None = None) -> None:
        super().__init__(parent, store=store)
        self.clusters: ClusterLayer | None = None
        self._name = ""
        self._kept: tuple[float, float] | None = None
        self._draft: tuple[float, float] | None = None
        self._placing = False
        self._dragging: QPointF | None = None
        self._pressed: QPointF | None = None
        self.setAccessibleName(_("Map of customers"))

    # ---- what the place uses

    def show_pin(self, name: str, latitude: float | None, longitude: float | None) -> None:
        """Show whose pin can be moved; it has none yet without coordinates."""
        self._name, self._draft = name, None
        self._kept = None if latitude is None or longitude is None else (latitude, longitude)
        self._placing = bool(name)
        if self._kept is not None:
            self.look_at(*self._kept)
        self._tell()

    def propose(self, latitude: float, longitude: float) -> None:
        """Put the pin somewhere it is not kept yet, and bring that into view."""
        if self._placing:
            self._draft = (latitude, longitude)
            self.look_at(latitude, longitude)
            self._tell()

    def hide_pin(self) -> None:
        """Nobody's pin is moved."""
        self._name, self._kept, self._draft, self._placing = "", None, None, False
        self._tell()

    def pin(self) -> tuple[float, float] | None:
        """Latitude and longitude of the pin as it stands, kept or not."""
        return self._draft or self._kept

    @property
    def moved(self) -> bool:
        """True while the pin stands where nobody has kept it yet."""
        return self._draft is not None

    def look_at(self, latitude: float, longitude: float) -> None:
        """Bring a place into the middle, close enough to see streets."""
        camera = self.camera()
        if camera.zoom < _CLOSE_ZOOM:
            self.zoom_by(_CLOSE_ZOOM - camera.zoom)
            camera = self.camera()
        x, y = camera.to_view(*project(longitude, latitude))
        self._move_to(camera.moved(camera.width / 2 - x, camera.height / 2 - y))

    def put_under_cross(self) -> None:
        """Put the pin where the cross in the middle is."""
        if self._placing:
            self._put(self.width() / 2, self.height() / 2)

    def keep(self) -> None:
        """Keep the pin where it stands."""
        if self._draft is not None:
            latitude, longitude = self._draft
            self._kept, self._draft = self._draft, None
            self._tell()
            self.placed.emit(latitude, longitude)

    def take_back(self) -> bool:
        """Put the pin back where it was kept; False when it stands there."""
        if self._draft is None:
            return False
        self._draft = None
        self._tell()
        return True

    # ---- the pin

    def _put(self, x: float, y: float) -> None:
        longitude, latitude = unproject(*self.camera().to_world(x, y))
        self._draft = (latitude, longitude)
        self._tell()

    def _pin_at(self) -> QPointF | None:
        pin = self.pin()
        if pin is None or not self._placing:
            return None
        return QPointF(*self.camera().to_view(*project(pin[1], pin[0])))

    def _on_pin(self, at: QPointF) -> bool:
        tip = self._pin_at()
        if tip is None:
            return False
        head = tip - QPointF(0, _PIN_H - _PIN_R)
        off = at - head
        return off.x() ** 2 + off.y() ** 2 <= (_PIN_R + 4) ** 2 or (
            abs(at.x() - tip.x()) < 6 and tip.y() - _PIN_H <= at.y() <= tip.y() + 3
        )

    def _tell(self) -> None:
        said = ""
        if self._placing:
            said = (
                _("The pin of {name} stands somewhere new; Enter keeps it.")
                if self.moved
                else _("The pin of {name}.")
            ).format(name=self._name)
        self.setAccessibleDescription(said)
        self.update()

    # ---- input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.button() is Qt.MouseButton.LeftButton and self._on_pin(at):
            self._dragging = at
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            return
        self._pressed = at
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging is not None:
            at = event.position()
            if self.moved or (at - self._dragging).manhattanLength() >= _DRAG_FROM:
                self._put(at.x(), at.y())
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging is not None:
            self._dragging = None
            self.unsetCursor()
            self.keep()
            return
        pressed, self._pressed = self._pressed, None
        super().mouseReleaseEvent(event)
        at = event.position()
        if pressed is None or (at - pressed).manhattanLength() >= _DRAG_FROM:
            return
        hit = self.clusters.at(self.camera(), at.x(), at.y()) if self.clusters else None
        if hit is not None and len(hit.points) == 1:
            self.chosen.emit(hit.points[0].key)
        elif hit is not None:
            self._move_to(self.camera().zoomed(2.0, hit.x, hit.y))
        elif self._placing:
            self._put(at.x(), at.y())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key is Qt.Key.Key_Space and self._placing:
            self.put_under_cross()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.moved:
            self.keep()
        elif key is Qt.Key.Key_Escape and self.take_back():
            pass
        else:
            super().keyPressEvent(event)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._placing and self.hasFocus():
            self._paint_cross(painter)
        tip = self._pin_at()
        if tip is not None:
            self._paint_pin(painter, tip)
        painter.end()

    def _paint_cross(self, painter: QPainter) -> None:
        x, y = self.width() / 2, self.height() / 2
        for ink, width in (("map_land", 4.0), ("text", 1.5)):
            painter.setPen(QPen(theme.color(ink), width))
            painter.drawLine(QPointF(x - _CROSS, y), QPointF(x + _CROSS, y))
            painter.drawLine(QPointF(x, y - _CROSS), QPointF(x, y + _CROSS))

    def _paint_pin(self, painter: QPainter, tip: QPointF) -> None:
        head = tip - QPointF(0, _PIN_H - _PIN_R)
        ground = theme.color("warning" if self.moved else "accent")
        painter.setPen(QPen(theme.color("surface"), 5))
        painter.drawLine(head, tip)
        painter.setPen(QPen(ground, 3))
        painter.drawLine(head, tip)
        painter.setPen(QPen(theme.color("surface"), 2))
        painter.setBrush(ground)
        painter.drawEllipse(head, _PIN_R, _PIN_R)
        painter.setBrush(theme.color("surface"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(head, 3, 3)
