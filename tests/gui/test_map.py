"""The map: its arithmetic, the layout of names and markers, and the view under real input."""

from collections.abc import Iterable, Iterator
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLayout, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.demo.geography import places
from crmdesk.gui import theme
from crmdesk.gui.theme_tokens import LIGHT
from crmdesk.gui.widgets import map_tiles
from crmdesk.gui.widgets.map import MapView
from crmdesk.gui.widgets.map_items import SYNCHRONOUS_MAPS, Home, MapStop, StopState
from crmdesk.gui.widgets.map_labels import Box, place_names, spread_markers
from crmdesk.gui.widgets.map_projection import (
    Camera,
    fit_camera,
    project,
    snap_zoom,
    unproject,
)
from crmdesk.gui.widgets.map_tiles import TileKey, TileStore

HOME = Home(42.4637, 1.4914)
PIXELS = st.floats(0, 800)


@pytest.fixture(scope="module")
def store(qapp: QApplication) -> Iterator[TileStore]:
    store = TileStore()
    yield store
    store.close()


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication, store: TileStore) -> Iterator[MapView]:
    theme.apply(qapp, "light")
    qapp.setProperty(SYNCHRONOUS_MAPS, True)
    view = MapView(store=store)
    qtbot.addWidget(view)
    view.resize(800, 360)
    yield view
    qapp.setProperty(SYNCHRONOUS_MAPS, False)


def _stops(count: int = 5) -> list[MapStop]:
    every = places("AD")[:: len(places("AD")) // count][:count]
    states = [StopState.DONE, StopState.NEXT] + [StopState.TO_COME] * count
    return [
        MapStop(100 + i, str(i + 1), p.street, p.latitude, p.longitude, states[i])
        for i, p in enumerate(every)
    ]


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_projection_goes_there_and_back(longitude: float, latitude: float) -> None:
    back = unproject(*project(longitude, latitude))
    assert back == pytest.approx((longitude, latitude), abs=1e-9)


@given(PIXELS, PIXELS, st.sampled_from([-1.0, -0.25, 0.5, 2.0]))
def test_zooming_keeps_the_place_under_the_pointer(px: float, py: float, change: float) -> None:
    camera = Camera(0.5043, 0.3712, 12.0, 800, 800)
    after = camera.zoomed(change, px, py)
    assert after.zoom == 12.0 + change
    assert after.to_world(px, py) == pytest.approx(camera.to_world(px, py), abs=1e-12)


@given(
    st.lists(st.tuples(st.floats(0.4, 0.6), st.floats(0.3, 0.45)), min_size=1, max_size=8),
    st.integers(400, 1200),
    st.integers(300, 800),
)
def test_fitting_shows_every_point(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    camera = fit_camera(points, width, height, margin=(30, 40, 30, 30))
    assert camera.zoom == snap_zoom(camera.zoom)
    for point in points:
        x, y = camera.to_view(*point)
        assert 29 <= x <= width - 29
        assert 39 <= y <= height - 29


def test_tiles_cover_the_view_and_no_more() -> None:
    camera = Camera(0.5043, 0.3712, 12.25, 900, 500)
    corners = [camera.tile_corner(*tile) for tile in camera.tiles()]
    assert min(x for x, _y in corners) <= 0 < min(x for x, _y in corners) + 512
    assert min(y for _x, y in corners) <= 0 < min(y for _x, y in corners) + 512
    assert max(x for x, _y in corners) + 512 >= 900 > max(x for x, _y in corners)
    assert max(y for _x, y in corners) + 512 >= 500 > max(y for _x, y in corners)


@given(st.lists(st.tuples(st.floats(100, 140), st.floats(100, 140)), min_size=2, max_size=6))
def test_crowded_markers_part_until_they_can_be_read(points: list[tuple[float, float]]) -> None:
    placed = spread_markers(points, [10.0] * len(points))
    for a, b in combinations(placed, 2):
        assert ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 > 17.0


@given(st.lists(st.tuples(st.floats(100, 140), st.floats(100, 140)), min_size=1, max_size=4))
def test_markers_keep_off_what_stays(points: list[tuple[float, float]]) -> None:
    for x, y in spread_markers(points, [10.0] * len(points), fixed=[(120, 120, 7)]):
        assert ((x - 120) ** 2 + (y - 120) ** 2) ** 0.5 > 14.0


def test_markers_with_room_stay_where_they_are() -> None:
    assert spread_markers([(0, 0), (30, 0)], [10.0, 10.0]) == [(0, 0), (30, 0)]


@given(
    st.lists(st.tuples(PIXELS, PIXELS, st.floats(20, 120), st.just(15.0)), min_size=1, max_size=30)
)
def test_names_never_lie_on_each_other_or_on_what_is_taken(
    names: list[tuple[float, float, float, float]],
) -> None:
    taken = [Box(300, 300, 60, 60)]
    boxes = [box for box in place_names(names, taken, 800, 800) if box is not None]
    for box in boxes:
        assert box.inside(800, 800)
        assert not box.touches(taken[0])
    assert not any(a.touches(b) for a, b in combinations(boxes, 2))


def test_the_route_follows_roads_and_fits(view: MapView) -> None:
    stops = _stops()
    view.set_route(stops, HOME)
    view.grab()
    legs = view.legs()
    assert len(legs) == len(stops) + 1
    assert all(leg.on_road for leg in legs)
    assert sum(len(leg.line) for leg in legs) > 100
    for marker in view.markers():
        assert 0 < marker.x < view.width()
        assert 0 < marker.y < view.height()


def test_the_picture_is_the_same_twice_and_shows_the_ground(view: MapView) -> None:
    view.set_route(_stops(), HOME)
    first, second = view.grab().toImage(), view.grab().toImage()
    assert first == second
    colors = _colors(first)
    for token in (LIGHT.map_land, LIGHT.map_wood, LIGHT.map_road, LIGHT.accent):
        assert colors.get(QColor(token).rgb(), 0) > 50, token


def test_dark_is_the_same_map_in_other_colours(view: MapView, qapp: QApplication) -> None:
    view.set_route(_stops(), HOME)
    view.grab()
    theme.apply(qapp, "dark")
    colors = _colors(view.grab().toImage())
    assert colors.get(QColor(LIGHT.map_land).rgb(), 0) == 0
    assert colors[QColor(theme.tokens().map_land).rgb()] > 5_000


def _colors(image: QImage) -> dict[int, int]:
    counts: dict[int, int] = {}
    for y in range(0, image.height(), 2):
        for x in range(0, image.width(), 2):
            pixel = image.pixel(x, y)
            counts[pixel] = counts.get(pixel, 0) + 1
    return counts


def test_a_click_on_a_stop_chooses_it(view: MapView, qtbot: QtBot) -> None:
    view.set_route(_stops(), HOME)
    view.show()
    marker = view.markers()[3]
    with qtbot.waitSignal(view.stop_selected) as caught:
        qtbot.mouseClick(
            view, Qt.MouseButton.LeftButton, pos=QPoint(round(marker.x), round(marker.y))
        )
    assert caught.args == [103]
    assert view.selected() == 103
    assert view.accessibleDescription().startswith("Stop 4: ")


def test_tab_walks_the_stops_then_leaves_and_enter_chooses(qtbot: QtBot, view: MapView) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    before, after = QLineEdit(), QLineEdit()
    column = QVBoxLayout(box)
    column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # offscreen has no hints
    for widget in (before, view, after):
        column.addWidget(widget)
    view.set_route(_stops(3), HOME)
    with qtbot.waitExposed(box):
        box.show()
    view.setFocus()
    for _step in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Tab)
    with qtbot.waitSignal(view.stop_selected) as caught:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert caught.args == [101]
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    assert view.hasFocus()
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    assert after.hasFocus()
    view.setParent(None)


def test_selecting_from_outside_is_silent_and_brings_the_stop_into_view(
    view: MapView, qtbot: QtBot
) -> None:
    stops = _stops()
    view.set_route(stops, HOME)
    view.zoom_by(4.0)
    far = next(m.stop for m in view.markers() if not 0 <= m.x <= 800 or not 0 <= m.y <= 360)
    with qtbot.assertNotEmitted(view.stop_selected):
        view.select(far.key)
    marker = next(m for m in view.markers() if m.stop is far)
    assert 0 <= marker.x <= 800
    assert 0 <= marker.y <= 360


def test_dragging_moves_the_map_and_chooses_nothing(view: MapView, qtbot: QtBot) -> None:
    view.set_route(_stops(), HOME)
    view.show()
    before = view.markers()[0]
    start = QPoint(round(before.x), round(before.y))
    with qtbot.assertNotEmitted(view.stop_selected):
        qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(view, start + QPoint(20, 5))
        qtbot.mouseMove(view, start + QPoint(40, 10))
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 10))
    after = view.markers()[0]
    assert (after.true_x - before.true_x, after.true_y - before.true_y) == pytest.approx((40, 10))


def test_keys_pan_zoom_and_show_everything_again(view: MapView, qtbot: QtBot) -> None:
    view.set_route(_stops(), HOME)
    start = view.camera()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.camera().x > start.x
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera().zoom == start.zoom + 0.5
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.camera() == start


def test_the_wheel_zooms_where_the_pointer_is(view: MapView) -> None:
    view.set_route(_stops(), HOME)
    at = view.camera().to_world(200, 100)
    event = QWheelEvent(
        QPointF(200, 100), QPointF(200, 100), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    zoom = view.camera().zoom
    QApplication.sendEvent(view, event)
    assert view.camera().zoom == zoom + 0.5
    assert view.camera().to_world(200, 100) == pytest.approx(at, abs=1e-12)


def test_two_fingers_on_a_touchpad_zoom_where_they_are(view: MapView) -> None:
    view.set_route(_stops(), HOME)
    at = view.camera().to_world(300, 150)
    zoom = view.camera().zoom
    for _event in range(8):  # each 4.5 % larger: together 42 %, half a step of two
        _pinch(view, Qt.NativeGestureType.ZoomNativeGesture, 0.045)
    assert view.camera().zoom == zoom + 0.5
    assert view.camera().to_world(300, 150) == pytest.approx(at, abs=1e-12)
    for value in (float("nan"), -5.0, 1e9):
        _pinch(view, Qt.NativeGestureType.ZoomNativeGesture, value)
    assert view.camera().zoom <= zoom + 2.75
    before = view.camera()
    _pinch(view, Qt.NativeGestureType.RotateNativeGesture, 20.0)
    assert view.camera() == before


def _pinch(view: MapView, kind: Qt.NativeGestureType, value: float) -> None:
    at = QPointF(300, 150)
    pad = QPointingDevice.primaryPointingDevice()
    QApplication.sendEvent(view, QNativeGestureEvent(kind, pad, 2, at, at, at, value, QPointF()))


def test_two_fingers_on_a_touch_screen_zoom(view: MapView, qtbot: QtBot) -> None:
    view.set_route(_stops(), HOME)
    view.show()
    screen = QTest.createTouchDevice()
    zoom = view.camera().zoom
    touch = QTest.touchEvent(view, screen)
    touch.press(0, QPoint(380, 180), view).press(1, QPoint(420, 180), view).commit()
    for apart in (40, 60, 80, 100, 120):
        touch = QTest.touchEvent(view, screen)
        touch.move(0, QPoint(400 - apart, 180), view)
        touch.move(1, QPoint(400 + apart, 180), view).commit()
    touch = QTest.touchEvent(view, screen)
    touch.release(0, QPoint(280, 180), view).release(1, QPoint(520, 180), view).commit()
    assert view.camera().zoom >= zoom + 1.0


def test_zooming_shows_a_stretched_map_at_once_and_sharpens_it_when_it_rests(
    qtbot: QtBot, qapp: QApplication
) -> None:
    theme.apply(qapp, "light")
    store = TileStore()
    view = MapView(store=store)
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.set_route(_stops(3), HOME)
    view.show()
    qtbot.waitUntil(lambda: _all_there(view, store), timeout=20_000)
    view.repaint()
    asked: list[list[TileKey]] = []
    want = store.want

    def listen(keys: Iterable[TileKey], *, in_view: int = 0) -> None:
        asked.append(list(keys))
        want(asked[-1], in_view=in_view)

    store.want = listen  # type: ignore[method-assign]
    for _step in range(4):  # hurried through: no tile of the zooms between is made
        view.zoom_by(0.5)
        image = view.grab().toImage()
        colors = {image.pixel(x, y) for x in range(40, 240, 3) for y in range(60, 150, 3)}
        assert len(colors) > 20, "the ground of the zoom before is shown, stretched"
    assert not any(asked)
    qtbot.waitUntil(lambda: _all_there(view, store), timeout=20_000)
    view.repaint()
    assert {key.zoom for keys in asked for key in keys} == {view.camera().zoom}
    store.close()


def _all_there(view: MapView, store: TileStore) -> bool:
    ratio, zoom = view.devicePixelRatioF(), view.camera().zoom
    keys = [TileKey("light", zoom, *at, ratio) for at in view.camera().tiles()]
    return all(store.tile(key) is not None for key in keys)


def test_tiles_take_bounded_memory_but_never_fewer_than_the_view_has(
    monkeypatch: pytest.MonkeyPatch, store: TileStore
) -> None:
    monkeypatch.setattr(map_tiles, "_KEPT_BYTES", 5 << 20)
    small = TileStore(store.data)
    keys = [TileKey("light", 3.0, column, 0, 1.0) for column in range(8)]
    for key in keys:
        small.tile_now(key)
    assert [key for key in keys if small.tile(key) is not None] == keys[3:]
    small.want((), in_view=7)
    for key in keys:
        small.tile_now(key)
    assert sum(small.tile(key) is not None for key in keys) == 7
    small.close()


def test_the_chip_names_the_way_to_the_next_stop(view: MapView) -> None:
    view.set_route(_stops(), HOME)
    view.grab()
    leg = view.next_leg()
    assert leg is not None
    assert leg is view.legs()[1]
    view.show_next_leg()
    chip = view.chip()
    assert chip is not None
    assert chip.value.endswith(" min")


def test_a_given_way_is_drawn_as_it_is(view: MapView) -> None:
    view.set_route(_stops(2), HOME, [(42.46, 1.49), (42.50, 1.52)])
    assert [leg.line for leg in view.legs()] == [((1.49, 42.46), (1.52, 42.50))]
    assert view.next_leg() is None


def test_the_attribution_names_whose_data_are_in_view(view: MapView) -> None:
    view.set_route(_stops(), HOME)
    view.grab()
    assert view.attribution().startswith("© OpenStreetMap contributors")
    spain = places("ES")[0]
    view.set_route([MapStop(1, "1", "x", spain.latitude, spain.longitude)], None)
    view.grab()
    assert view.attribution() == "© GeoNames"


def test_tiles_come_from_the_worker_and_the_view_hears_of_them(
    qtbot: QtBot, qapp: QApplication
) -> None:
    theme.apply(qapp, "light")
    store = TileStore()
    view = MapView(store=store)
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.set_route(_stops(3), HOME)
    with qtbot.waitSignal(view.legs_changed, timeout=20_000):
        view.show()
    keys = [
        TileKey("light", view.camera().zoom, column, row, view.devicePixelRatioF())
        for column, row in view.camera().tiles()
    ]
    qtbot.waitUntil(lambda: all(store.tile(key) is not None for key in keys), timeout=20_000)
    assert store.tile(keys[0]) == store.data.render(keys[0])
    store.close()
