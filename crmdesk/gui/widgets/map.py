"""The map of a day: pan, zoom, and a route with numbered stops that can be chosen.

Owns the camera, input by mouse and keyboard, selection, and putting the layers together. The
base map is made by ``map_tiles`` and ``map_paint``, what lies over it by ``map_overlay``. Which
stops there are, and what choosing one means, is the presenter's.

Keys: arrows pan, + and − zoom, Home shows the whole route, Tab goes from stop to stop, Enter
chooses one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.gui import theme
from crmdesk.gui.widgets import map_overlay as overlay
from crmdesk.gui.widgets.map_buttons import ZoomButtons
from crmdesk.gui.widgets.map_ground import GroundPainter
from crmdesk.gui.widgets.map_items import (
    SYNCHRONOUS_MAPS,
    Chip,
    Home,
    MapStop,
    StopState,
)
from crmdesk.gui.widgets.map_labels import Box
from crmdesk.gui.widgets.map_layers import MapLayer
from crmdesk.gui.widgets.map_names import NamePainter
from crmdesk.gui.widgets.map_overlay import Marker
from crmdesk.gui.widgets.map_pinch import PINCHES, Pinching
from crmdesk.gui.widgets.map_projection import Camera, fit_camera, project, unproject
from crmdesk.gui.widgets.map_route import RouteLines
from crmdesk.gui.widgets.map_tiles import TileKey, TileStore
from crmdesk.i18n import _, format_number
from crmdesk.interchange.maproads import Leg, Point

__all__ = ["SYNCHRONOUS", "Chip", "Home", "MapStop", "MapView", "StopState"]

SYNCHRONOUS = SYNCHRONOUS_MAPS
_PAN_STEP = 80
_ZOOM_STEP = 0.5
_WHEEL_NOTCH = 120
_DRAG_FROM = 4
_RESTED_MS = 60


@dataclass(frozen=True, slots=True)
class _Drag:
    start: QPointF
    camera: Camera
    moved: bool = False


class MapView(QWidget):
    """A map that shows one route. ``stop_selected`` carries the key of the chosen stop."""

    stop_selected = Signal(object)
    legs_changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, store: TileStore | None = None) -> None:
        super().__init__(parent)
        self._store = store or TileStore.of_application()
        self._ground = GroundPainter(self._store)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.timeout.connect(self._on_rested)
        self._camera = Camera(0.5, 0.4, 2.0, 400, 300)
        self._stops: tuple[MapStop, ...] = ()
        self._home: Home | None = None
        self._legs: list[Leg] = []
        self._lines = RouteLines()
        self._names: NamePainter | None = None
        self._given_path = False
        self._chip: Chip | None = None
        self._selected: Hashable | None = None
        self._focused: Hashable | None = None
        self._drag: _Drag | None = None
        self._wheel = 0.0
        self._fitted = True
        self._pinching = Pinching(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setMouseTracking(True)
        self.setAccessibleName(_("Map"))
        self._buttons = ZoomButtons(self)
        self._buttons.pressed.connect(lambda step: self.zoom_by(step * _ZOOM_STEP))
        self._store.tile_ready.connect(self._on_tile_ready)
        self._store.legs_ready.connect(self._on_legs_ready)
        self._store.loaded.connect(self._on_maps_loaded)
        self.layers: list[MapLayer] = []

    # ---- what presenters use

    def set_route(
        self,
        stops: Sequence[MapStop],
        home: Home | None,
        path_points: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        """Show a route. ``path_points`` are (latitude, longitude) of a way found elsewhere.

        Without them the way is found on the pack's roads; until it is, nothing joins the stops.
        """
        moved = _places(stops, home) != _places(self._stops, self._home)
        self._stops, self._home = tuple(stops), home
        keys = [stop.key for stop in stops]
        self._selected = self._selected if self._selected in keys else None
        self._focused = self._focused if self._focused in keys else None
        self._given_path = path_points is not None
        if path_points is not None:
            line = tuple((longitude, latitude) for latitude, longitude in path_points)
            self._set_legs([Leg(line, 0.0, 0.0, on_road=True)] if len(line) > 1 else [])
        elif moved:
            self._set_legs([])
            self._ask_for_legs()
        if moved:
            self.fit()
        self._say()
        self.update()

    def select(self, key: Hashable | None) -> None:
        """Mark a stop as chosen, without ``stop_selected``; brings it into view."""
        if key == self._selected:
            return
        self._selected = key
        stop = next((stop for stop in self._stops if stop.key == key), None)
        if stop is not None:
            x, y = self._camera.to_view(*project(stop.longitude, stop.latitude))
            if not (0 <= x <= self._camera.width and 0 <= y <= self._camera.height):
                self._move_to(
                    self._camera.moved(self._camera.width / 2 - x, self._camera.height / 2 - y)
                )
        self._say()
        self.update()

    def selected(self) -> Hashable | None:
        """The chosen stop's key."""
        return self._selected

    def fit(self) -> None:
        """Show the whole route."""
        points = [project(stop.longitude, stop.latitude) for stop in self._stops]
        if self._home is not None:
            points.append(project(self._home.longitude, self._home.latitude))
        points += self._lines.bounds_points()
        points += [point for layer in self.layers for point in layer.bounds_points()]
        if not points and self._store.data.loaded:
            packs = self._store.data.packs()
            west, south, east, north = packs[-1].bounds
            points = [project(west, south), project(east, north)]
        top = 44 if self._chip is not None else 30
        margin = (30, top, theme.scaled(52), 34)
        camera = fit_camera(points, self.width(), self.height(), margin=margin)
        self._move_to(camera)
        self._fitted = True

    def set_chip(self, chip: Chip | None) -> None:
        """Words in the corner, or none."""
        self._chip = chip
        self.update()

    def show_next_leg(self) -> None:
        """Put the leg to the next stop into the chip: its length and time."""
        leg = self.next_leg()
        if leg is None:
            self.set_chip(None)
            return
        distance = leg.distance_m / 1000
        value = _("{distance} km, {minutes} min").format(
            distance=format_number(distance, 0 if distance >= 9.95 else 1),
            minutes=format_number(max(1, round(leg.duration_s / 60))),
        )
        note = "" if leg.on_road else _("estimated")
        self.set_chip(Chip(_("Next leg"), value, note))

    def next_leg(self) -> Leg | None:
        """The way to the next stop, once it is known."""
        if self._given_path or not self._legs:
            return None
        first = 0 if self._home is not None else -1
        for index, stop in enumerate(self._stops):
            if stop.state is StopState.NEXT and index + first >= 0:
                return self._legs[index + first] if index + first < len(self._legs) else None
        return None

    def legs(self) -> list[Leg]:
        """The ways between home, the stops and home again, once they are known."""
        return list(self._legs)

    def camera(self) -> Camera:
        """What the view shows."""
        return self._camera

    def chip(self) -> Chip | None:
        """The words in the corner."""
        return self._chip

    def render_now(self) -> None:
        """Make everything in view at once, on this thread: for pictures and tests."""
        self._ask_for_legs(now=True)
        for key in self._keys():
            self._store.tile_now(key)
        self.repaint()

    # ---- layers

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter)
        for layer in self.layers:
            if not layer.above:
                layer.paint(painter, self._camera)
        markers = self.markers()
        self._lines.paint(painter, self._camera, self._done_legs())
        if self._store.data.loaded:
            if self._names is None:
                self._names = NamePainter(self._store.data.labels())
            taken = self._taken(markers)
            self._names.paint(painter, self._camera, taken, self.devicePixelRatioF())
        for layer in self.layers:
            if layer.above:
                layer.paint(painter, self._camera)
        if self._home is not None:
            overlay.paint_home(painter, self._camera, self._home)
        focused = self._focused if self.hasFocus() else None
        overlay.paint_markers(painter, markers, self._selected, focused)
        if self._chip is not None:
            overlay.paint_chip(painter, self._chip)
        overlay.paint_attribution(painter, self.attribution(), self._camera)
        focused_map = self.hasFocus() and self._focused is None
        overlay.paint_frame(painter, self, focused=focused_map)
        painter.end()

    def attribution(self) -> str:
        """Whose data are in view."""
        if not self._store.data.loaded:
            return "© OpenStreetMap contributors"
        west, north = self._lon_lat(0, 0)
        east, south = self._lon_lat(self._camera.width, self._camera.height)
        return self._store.data.attribution(west, south, east, north)

    def _lon_lat(self, px: float, py: float) -> tuple[float, float]:
        return unproject(*self._camera.to_world(px, py))

    def _paint_ground(self, painter: QPainter) -> None:
        now, ratio = self._synchronous(), self.devicePixelRatioF()
        if now:
            self._sharpen()
        missing = self._ground.paint(painter, self._camera, ratio, now=now)
        if missing and not self._resting.isActive():
            self._store.want(missing, in_view=len(self._keys()))

    def _sharpen(self) -> bool:
        """Paint anew one layer that is stretched; all of them where nothing may be left over."""
        ratio, all_of_them = self.devicePixelRatioF(), self._synchronous()
        sharpened = (layer.sharpen(self._camera, ratio) for layer in self.layers)
        return bool(sum(sharpened)) if all_of_them else any(sharpened)

    def _on_rested(self) -> None:
        """Zooming has paused: fetch the tiles, and sharpen layer by layer, a frame for each."""
        if self._sharpen():
            self._resting.start(0)
        self.update()

    def _taken(self, markers: Sequence[Marker]) -> list[Box]:
        taken = [
            Box(m.x - m.radius - 1, m.y - m.radius - 1, 2 * m.radius + 2, 2 * m.radius + 2)
            for m in markers
        ]
        taken.append(overlay.attribution_box(self.attribution(), self._camera))
        if self._buttons.isVisibleTo(self):
            area = self._buttons.geometry()
            taken.append(Box(area.x() - 4, area.y() - 4, area.width() + 8, area.height() + 8))
        if self._home is not None:
            taken.append(overlay.home_box(self._camera, self._home))
        if self._chip is not None:
            taken.append(overlay.chip_box(self._chip))
        return taken

    def markers(self) -> list[Marker]:
        """Every stop with the pixels it is drawn at."""
        return overlay.place_markers(self._stops, self._selected, self._camera, self._home)

    def _done_legs(self) -> list[bool]:
        """For each leg, whether it has been driven: its target is done."""
        if self._given_path:
            return [False]
        done = [stop.state is StopState.DONE for stop in self._stops]
        targets = done if self._home is not None else done[1:]
        return [*targets, all(done) and bool(done)]

    def _keys(self) -> list[TileKey]:
        return self._ground.keys(self._camera, self.devicePixelRatioF())

    def _synchronous(self) -> bool:
        app = QApplication.instance()
        return bool(app is not None and app.property(SYNCHRONOUS_MAPS))

    # ---- the way by road

    def _points(self) -> tuple[Point, ...]:
        stops = [(stop.longitude, stop.latitude) for stop in self._stops]
        home = [] if self._home is None else [(self._home.longitude, self._home.latitude)]
        return tuple(home + stops + home) if stops else ()

    def _ask_for_legs(self, *, now: bool = False) -> None:
        points = self._points()
        if self._given_path or len(points) < 2 or self._legs:
            return
        if now or self._synchronous():
            self._on_legs_ready(points, self._store.data.legs(points))
        else:
            self._store.want_legs(points)

    def _set_legs(self, legs: list[Leg]) -> None:
        self._legs = legs
        self._lines = RouteLines(legs)

    def _on_legs_ready(self, points: object, legs: object) -> None:
        if points != self._points() or self._given_path or not isinstance(legs, list):
            return
        self._set_legs(legs)
        if self._fitted:
            self.fit()
        self.update()
        self.legs_changed.emit()

    def _on_maps_loaded(self) -> None:
        self._names = None
        self.update()

    def _on_tile_ready(self, key: object) -> None:
        if isinstance(key, TileKey) and key.zoom == self._camera.zoom:
            self.update()

    # ---- moving

    def _move_to(self, camera: Camera) -> None:
        if camera.zoom != self._camera.zoom:
            # Tiles of a zoom that is hurried through would only keep the next frame waiting.
            self._store.want(())
            self._resting.start(_RESTED_MS)
        self._camera = camera
        self._fitted = False
        self.update()

    def zoom_by(self, change: float) -> None:
        """Zoom around the middle of the view."""
        self._move_to(self._camera.zoomed(change, self.width() / 2, self.height() / 2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._camera = self._camera.resized(self.width(), self.height())
        self._buttons.move(self.width() - self._buttons.width() - 10, 10)
        self._buttons.setVisible(self.height() >= 160)
        if self._fitted:
            self.fit()

    def event(self, event: QEvent) -> bool:
        pinched = self._pinching.hear(event) if event.type() in PINCHES else None
        if pinched is None:
            return super().event(event)
        self._drag = None  # the first of two fingers had begun one
        if pinched.change:
            self._move_to(self._camera.zoomed(pinched.change, pinched.at.x(), pinched.at.y()))
        event.accept()
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / (_WHEEL_NOTCH / 2))
        if notches:
            self._wheel -= notches * (_WHEEL_NOTCH / 2)
            at = event.position()
            self._move_to(self._camera.zoomed(notches * _ZOOM_STEP / 2, at.x(), at.y()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._drag = _Drag(event.position(), self._camera)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._drag is None:
            hit = self._marker_at(at)
            shape = Qt.CursorShape.PointingHandCursor if hit else Qt.CursorShape.OpenHandCursor
            self.setCursor(shape)
            self.setToolTip(hit.stop.name if hit else "")
            return
        shift = at - self._drag.start
        if self._drag.moved or shift.manhattanLength() >= _DRAG_FROM:
            self._drag = _Drag(self._drag.start, self._drag.camera, moved=True)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._move_to(self._drag.camera.moved(shift.x(), shift.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        if drag is None or drag.moved:
            return
        hit = self._marker_at(event.position())
        if hit is not None:
            self._choose(hit.stop.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._move_to(self._camera.zoomed(1.0, at.x(), at.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        pans = {
            Qt.Key.Key_Left: (_PAN_STEP, 0), Qt.Key.Key_Right: (-_PAN_STEP, 0),
            Qt.Key.Key_Up: (0, _PAN_STEP), Qt.Key.Key_Down: (0, -_PAN_STEP),
        }  # fmt: skip
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain and key in pans:
            self._move_to(self._camera.moved(*pans[key]))
        elif plain and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(_ZOOM_STEP)
        elif plain and key is Qt.Key.Key_Minus:
            self.zoom_by(-_ZOOM_STEP)
        elif plain and key is Qt.Key.Key_Home:
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._focused is not None:
            self._choose(self._focused)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab walks the stops before it leaves the map."""
        keys = [stop.key for stop in self._stops]
        if self.hasFocus() and keys:
            at = keys.index(self._focused) if self._focused in keys else None
            step = (
                (0 if forwards else len(keys) - 1) if at is None else at + (1 if forwards else -1)
            )
            if 0 <= step < len(keys) and not (at is None and not forwards):
                self._focused = keys[step]
                self._say()
                self.update()
                return True
            self._focused = None
        return super().focusNextPrevChild(forwards)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.update()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(560, 340)

    def _marker_at(self, at: QPointF) -> Marker | None:
        hits = [marker for marker in self.markers() if marker.holds(at.x(), at.y())]
        return hits[-1] if hits else None

    def _choose(self, key: Hashable) -> None:
        self.select(key)
        self._focused = key
        self.stop_selected.emit(key)

    def _say(self) -> None:
        """Keep the accessible description on the focused or chosen stop."""
        key = self._focused if self._focused is not None else self._selected
        stop = next((stop for stop in self._stops if stop.key == key), None)
        text = (
            ""
            if stop is None
            else _("Stop {number}: {name}").format(number=stop.number, name=stop.name)
        )
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)


def _places(stops: Sequence[MapStop], home: Home | None) -> tuple[object, ...]:
    return (home, *((stop.latitude, stop.longitude) for stop in stops))
