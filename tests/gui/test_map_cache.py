"""Tiles kept on the disk: the same picture again, other maps begin anew, damage does no harm."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from crmdesk.gui.widgets.map_cache import TileCache
from crmdesk.gui.widgets.map_projection import TILE, project
from crmdesk.gui.widgets.map_tiles import MapData, TileKey, TileStore
from crmdesk.storage.tile_file import FILE, stamp_of


def _key(zoom: float = 12.0) -> TileKey:
    x, y = project(1.5218, 42.5075)
    side = 2.0**zoom * 256 / TILE
    return TileKey("light", zoom, int(x * side), int(y * side), 1.0)


@pytest.fixture
def data(qapp: QApplication) -> MapData:
    return MapData()


def test_a_kept_tile_is_the_painted_one_and_is_not_painted_again(
    data: MapData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TileStore(data)
    store.look_again(tmp_path)
    painted = store._made(_key())
    store.close()
    again = TileStore(MapData())
    again.look_again(tmp_path)
    monkeypatch.setattr(again.data, "render", lambda _key: pytest.fail("painted again"))
    assert again._made(_key()) == painted
    again.close()


def test_other_maps_begin_anew(data: MapData, tmp_path: Path) -> None:
    cache = TileCache(tmp_path, [])
    cache.put((12.0, 1, 2, "light@1"), data.render(_key()))
    assert cache.get((12.0, 1, 2, "light@1")) is not None
    assert cache.get((12.0, 1, 2, "dark@1")) is None
    cache.close()
    (tmp_path / "a.mappack").write_bytes(b"1")
    other = TileCache(tmp_path, [tmp_path / "a.mappack"])
    assert other.get((12.0, 1, 2, "light@1")) is None
    other.close()
    before = stamp_of([tmp_path / "a.mappack"], "1")
    (tmp_path / "a.mappack").write_bytes(b"12")
    assert stamp_of([tmp_path / "a.mappack"], "1") != before


def test_a_damaged_file_is_as_good_as_none(data: MapData, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    cache = TileCache(tmp_path, [])
    assert cache.get((12.0, 1, 2, "light@1")) is None
    cache.put((12.0, 1, 2, "light@1"), data.render(_key()))
    cache.close()
    again = TileCache(tmp_path, [])
    again.put((12.0, 1, 2, "light@1"), data.render(_key()))
    assert again.get((12.0, 1, 2, "light@1")) is not None
    again.close()


def test_a_file_of_another_layout_or_with_torn_pages_is_made_anew(
    data: MapData, tmp_path: Path
) -> None:
    place = (12.0, 1, 2, "light@1")
    for spoil in (_of_another_layout, _torn):
        first = TileCache(tmp_path, [])
        for column in range(4):
            first.put((12.0, column, 2, "light@1"), data.render(_key()))
        first.close()
        spoil(tmp_path / FILE)
        damaged = TileCache(tmp_path, [])
        damaged.get(place)
        damaged.put(place, data.render(_key()))
        damaged.close()
        again = TileCache(tmp_path, [])
        again.put(place, data.render(_key()))
        assert again.get(place) is not None
        again.close()


def _of_another_layout(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW tiles AS SELECT 1 AS zoom_level")
        connection.commit()


def _torn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for begin in range(4096, len(data), 4096):
        data[begin : begin + 64] = b"\xff" * 64
    path.write_bytes(data)


def test_a_file_that_another_window_is_writing_stays(data: MapData, tmp_path: Path) -> None:
    place = (12.0, 1, 2, "light@1")
    first = TileCache(tmp_path, [])
    first.put(place, data.render(_key()))
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        second = TileCache(tmp_path, [])
        assert second.get(place) is None
        second.close()
        other.rollback()
    assert first.get(place) is not None
    first.close()
