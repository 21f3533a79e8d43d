"""Tiles kept on the disk: the same picture again, other maps begin anew, damage does no harm."""

from __future__ import annotations

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
