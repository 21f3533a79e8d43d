"""The maps place: pins put right by mouse and by key, maps made, kept and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.maps.widget import MapsPlace
from crmdesk.gui.widgets.map_layers import ClusterLayer, HeatLayer, MapPoint, TerritoryLayer, hull
from crmdesk.gui.widgets.map_projection import Camera, project
from crmdesk.services.queries.locations import PlaceProblem, place_quality
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import FakeDesk
from tests.gui.stage import on_stage
from tests.unit.towns import TOWN


def _spoil(ws: Workspace) -> tuple[int, int]:
    """One customer without a place, one known by its postcode only."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        one, two = (row[0] for row in run("SELECT id FROM account ORDER BY id LIMIT 2"))
        run("UPDATE account SET latitude = NULL, longitude = NULL WHERE id = ?", (one,))
        run("UPDATE account SET location_quality = 'postcode' WHERE id = ?", (two,))
    return int(one), int(two)


@pytest.fixture
def spoilt(demo: Workspace) -> tuple[int, int]:
    return _spoil(demo)


@pytest.fixture
def place(
    demo: Workspace, spoilt: tuple[int, int], runner: Runner, desk: FakeDesk, qtbot: QtBot,
    synchronous_maps: None,
) -> Iterator[MapsPlace]:  # fmt: skip
    made = MapsPlace(PlaceContext(demo, runner, desk))
    runner.committed = made.presenter.on_changes
    window = on_stage(qtbot, made, 1240)
    made.presenter.start()
    qtbot.waitUntil(lambda: made.places.rows_model().rowCount() > 1)
    yield made
    made.presenter.close()
    window.close()


def _stored(ws: Workspace, account: int) -> tuple[float | None, str]:
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT latitude, location_quality FROM account WHERE id = ?", (account,)
        ).one()
    return row[0], row[1]


def _problem(place: MapsPlace, account: int) -> PlaceProblem | None:
    rows = () if place._sheet is None else place._sheet.quality.rows
    return next((row.problem for row in rows if row.account_id == account), None)


def test_a_pin_is_placed_by_key_and_undone(
    place: MapsPlace, demo: Workspace, spoilt: tuple[int, int], qtbot: QtBot, desk: FakeDesk
) -> None:
    assert place.places.current_key() == spoilt[0]
    place.places.setFocus()
    qtbot.keyClick(place.places, Qt.Key.Key_M)
    assert place.map.hasFocus()
    assert place.map.pin() is None
    qtbot.keyClick(place.map, Qt.Key.Key_Right)
    qtbot.keyClick(place.map, Qt.Key.Key_Space)
    assert place.map.moved
    qtbot.keyClick(place.map, Qt.Key.Key_Escape)
    assert not place.map.moved
    qtbot.keyClick(place.map, Qt.Key.Key_Space)
    put = place.map.pin()
    qtbot.keyClick(place.map, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desk.toasts))
    assert put is not None
    latitude, quality = _stored(demo, spoilt[0])
    assert latitude == pytest.approx(put[0], abs=1e-5)
    assert quality == "pin"
    qtbot.waitUntil(lambda: _problem(place, spoilt[0]) is not PlaceProblem.NONE)
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: _stored(demo, spoilt[0])[0] is None)


def test_an_exchanged_pair_is_put_right_by_two_keys(
    place: MapsPlace, demo: Workspace, qtbot: QtBot, desk: FakeDesk
) -> None:
    with demo.database.write() as tx:
        run = tx.connection.exec_driver_sql
        key, latitude, longitude = run(
            "SELECT id, latitude, longitude FROM account WHERE location_quality = 'address'"
            " AND status = 'active' ORDER BY id DESC LIMIT 1"
        ).one()
        run("UPDATE account SET latitude = longitude, longitude = latitude WHERE id = ?", (key,))
    place.presenter._read()
    qtbot.waitUntil(lambda: _problem(place, key) is PlaceProblem.SWAPPED)
    assert place.places.select_key(key)
    place.places.setFocus()
    assert place.map.moved
    qtbot.keyClick(place.places, Qt.Key.Key_M)
    qtbot.keyClick(place.map, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: _problem(place, key) is None)
    with demo.database.read() as connection:
        stored = connection.exec_driver_sql(
            "SELECT latitude, longitude, location_quality FROM account WHERE id = ?", (key,)
        ).one()
    assert tuple(stored) == (
        pytest.approx(latitude, abs=1e-5), pytest.approx(longitude, abs=1e-5), "pin"
    )  # fmt: skip


def test_a_pin_is_dragged_and_a_click_puts_it(
    place: MapsPlace, demo: Workspace, spoilt: tuple[int, int], qtbot: QtBot, desk: FakeDesk
) -> None:
    assert place.places.select_key(spoilt[1])
    before = place.map.pin()
    assert before is not None
    tip = place.map._pin_at()
    assert tip is not None
    at = tip.toPoint() - QPoint(0, 17)
    qtbot.mousePress(place.map, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(place.map, at + QPoint(60, 40))
    qtbot.mouseRelease(place.map, Qt.MouseButton.LeftButton, pos=at + QPoint(60, 40))
    qtbot.waitUntil(lambda: bool(desk.toasts))
    latitude, quality = _stored(demo, spoilt[1])
    assert latitude is not None
    assert latitude < before[0]
    assert quality == "pin"


def test_layers_are_shown_by_key_and_a_customer_is_found_on_the_map(
    place: MapsPlace, demo: Workspace, qtbot: QtBot, desk: FakeDesk
) -> None:
    place.places.setFocus()
    qtbot.keyClick(place.places, Qt.Key.Key_H)
    qtbot.keyClick(place.places, Qt.Key.Key_T)
    kinds = [type(layer) for layer in place.map.layers]
    assert kinds == [TerritoryLayer, HeatLayer, ClusterLayer]
    place.grab()
    well = next(
        point.account_id
        for point in place._sheet.points
        if point.account_id not in {row.account_id for row in place_quality(demo).rows}
    )
    place.show_target({"account": well})
    assert place.map.pin() is not None
    qtbot.keyClick(place.map, Qt.Key.Key_C)
    assert desk.went == [("customer", {"account": well})]


def test_a_map_is_made_with_progress_and_removed_with_undo(
    place: MapsPlace, qtbot: QtBot, desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("osmium")
    town = tmp_path / "town.osm"
    town.write_text(TOWN, "utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a: (str(town), ""))
    place.maps.setFocus()
    count = place.maps.rows_model().rowCount()
    qtbot.keyClick(place.maps, Qt.Key.Key_N)
    assert place.progress.isVisible()
    assert "extract" in place.progress.text()
    qtbot.waitUntil(lambda: place.maps.rows_model().rowCount() == count + 1, timeout=60_000)
    assert not place.progress.isVisible()
    row = next(r for r in place._sheet.page.rows if r.title == "Town")
    assert place.maps.select_key(row.key)
    qtbot.keyClick(place.maps, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: place.maps.rows_model().rowCount() == count)
    qtbot.waitUntil(lambda: desk.undo is not None)
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: place.maps.rows_model().rowCount() == count + 1)


def test_a_map_in_the_making_is_given_up_by_key(
    place: MapsPlace, qtbot: QtBot, desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = tmp_path / "town.osm"
    town.write_text(TOWN, "utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a: (str(town), ""))
    place.maps.setFocus()
    count = place.maps.rows_model().rowCount()
    qtbot.keyClick(place.maps, Qt.Key.Key_N)
    qtbot.keyClick(place.maps, Qt.Key.Key_Escape, Qt.KeyboardModifier.ShiftModifier)
    assert not place.progress.isVisible()
    assert "given up" in desk.toasts[-1]
    assert place.maps.rows_model().rowCount() == count


def test_clusters_hold_everybody_once_and_part_when_one_comes_close() -> None:
    points = [MapPoint(n, 42.5 + n * 0.002, 1.5 + n * 0.001) for n in range(20)]
    layer = ClusterLayer(points)
    middle = project(1.51, 42.52)
    far = layer.clusters(Camera(*middle, 9.0, 800, 600))
    near = layer.clusters(Camera(*middle, 15.5, 4000, 4000))
    assert sum(len(one.points) for one in far) == 20
    assert len(far) < 5
    assert len(near) == 20
    hit = layer.at(Camera(*middle, 9.0, 800, 600), far[0].x, far[0].y)
    assert hit == far[0]


def test_the_outline_holds_every_point() -> None:
    points = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (1.0, 1.0), (1.0, 0.0)]
    assert set(hull(points)) == {(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)}
    assert hull(points[:2]) == [(0.0, 0.0), (2.0, 0.0)]
