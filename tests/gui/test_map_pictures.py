"""Map pictures of others (MBTiles): shown where they belong, and harmless whatever they hold."""

from __future__ import annotations

import sqlite3
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QImageWriter
from PySide6.QtWidgets import QApplication

from crmdesk.domain.errors import CrmdeskError, UserError
from crmdesk.gui.widgets.map_projection import TILE, project
from crmdesk.gui.widgets.map_tiles import MapData, TileKey
from crmdesk.interchange.mbtiles import PictureTiles
from crmdesk.services import region_packs
from crmdesk.services.region_packs import add_pack, pack_files, remove_pack

ZOOM = 12
X, Y = (int(edge * (1 << ZOOM)) for edge in project(1.5218, 42.5075))
SAID = {"name": "Andorra drawn", "format": "png", "attribution": '<a href="x">&copy; Nobody</a>'}
_TABLES = (
    "CREATE TABLE metadata (name TEXT, value TEXT);"
    "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,"
    " tile_data BLOB);"
)
Make = Callable[..., Path]
ENDLESS = (
    "CREATE VIEW tiles AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT i zoom_level, i tile_column, i tile_row, x'89504e47' tile_data FROM n"
)
SLOW = (
    "CREATE VIEW tiles AS SELECT 3 zoom_level, 1 tile_column, 1 tile_row, x'89504e47' tile_data"
    f" WHERE '{'a' * 3000}' LIKE '{'%a' * 2000}b'"
)
HUGE = (
    "CREATE VIEW tiles AS SELECT 3 zoom_level, 1 tile_column, 1 tile_row,"
    " zeroblob(1000000000) tile_data"
)


def picture(colour: str, side: int = 256, kind: str = "PNG") -> bytes:
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert QImageWriter(buffer, QByteArray(kind.encode())).write(image)
    return bytes(data.data())


@pytest.fixture
def make(qapp: QApplication, tmp_path: Path) -> Make:
    """A file with four red tiles around one place; statements may be run on it afterwards."""

    def made(
        *statements: str, said: dict[str, str] = SAID, data: bytes | None = None,
        tables: str = _TABLES,
    ) -> Path:  # fmt: skip
        path = tmp_path / "theirs.mbtiles"
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.executescript(tables)
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
        for column in (X, X + 1):
            for row in (Y, Y + 1):
                connection.execute(
                    "INSERT INTO tiles VALUES (?, ?, ?, ?)",
                    (ZOOM, column, (1 << ZOOM) - 1 - row, data or picture("#ff0000")),
                )
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return path

    return made


def colour_there(folder: Path, scheme: str = "light", zoom: float = ZOOM) -> QColor:
    """The middle of the tile around the place, as a map with this folder's maps paints it."""
    data = MapData(folder=folder)
    side = 2.0**zoom * 256 / TILE
    x, y = ((edge + 1.0) / (1 << ZOOM) for edge in (X, Y))
    key = TileKey(scheme, zoom, int(x * side), int(y * side), 1.0)
    image = data.render(key)
    spot = (round(x * side % 1.0 * TILE), round(y * side % 1.0 * TILE))
    return image.pixelColor(min(spot[0] + 2, TILE - 1), min(spot[1] + 2, TILE - 1))


def test_pictures_lie_where_they_belong_and_name_their_makers(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    # As it comes from HQ: under a pack's name, known by its content.
    pack = add_pack(folder, make().rename(tmp_path / "came.mappack"))
    assert pack.path.suffix == ".mbtiles"
    facts = pack.facts
    assert (facts.title, facts.attribution, facts.zooms) == ("Andorra drawn", "© Nobody", (12, 12))
    west, south, east, north = facts.bounds
    assert west < 1.5218 < east
    assert south < 42.5075 < north
    assert colour_there(folder / "maps") == QColor("#ff0000")
    assert colour_there(folder / "maps", zoom=13.25) == QColor("#ff0000")
    assert 0 < colour_there(folder / "maps", "dark").green() < 200
    assert colour_there(tmp_path / "none") != QColor("#ff0000")
    data = MapData(folder=folder / "maps")
    data.painters()
    assert data.attribution(1.5, 42.4, 1.6, 42.6).endswith("© Nobody")
    assert "Nobody" not in data.attribution(2.5, 41.4, 2.6, 41.6)
    assert [one.facts.title for one in pack_files(folder) if not one.bundled] == ["Andorra drawn"]
    remove_pack(folder, facts.sha256)
    assert not list((folder / "maps").glob("andorra*"))


@pytest.mark.parametrize(
    "fault",
    [
        {"said": {"name": "v", "format": "pbf"}},
        {"said": {"name": "nothing said"}},
        {"said": {"format": "png"}, "data": b"<svg>"},
        {"statements": ("DELETE FROM tiles",)},
        {"statements": ("DROP TABLE tiles",)},
        {"statements": ("DROP TABLE metadata",)},
        {"statements": ("UPDATE tiles SET zoom_level = 9999",)},
        {"statements": ("UPDATE tiles SET zoom_level = 'a' WHERE rowid = 1",)},
        {"statements": ("UPDATE tiles SET tile_column = -5",)},
        {"statements": ("DROP TABLE tiles", ENDLESS)},
        {"statements": ("DROP TABLE tiles", HUGE)},
        {"statements": ("DROP TABLE tiles", SLOW)},
        {"statements": ("CREATE VIRTUAL TABLE found USING fts5(words)",)},
        {"statements": ("DROP TABLE tiles", "CREATE VIRTUAL TABLE tiles USING fts5(zoom_level)")},
        {"statements": ("UPDATE tiles SET tile_data = 'text'",)},
        {"statements": ("UPDATE metadata SET value = x'00ff' WHERE name = 'format'",)},
    ],
)  # fmt: skip
def test_what_is_no_map_of_pictures_is_refused_and_leaves_nothing(
    make: Make, tmp_path: Path, fault: dict[str, object]
) -> None:
    statements = fault.pop("statements", ())
    path = make(*statements, **fault)
    began = time.process_time()
    with pytest.raises(UserError):
        add_pack(tmp_path / "profile", path)
    assert time.process_time() - began < 10
    assert not list((tmp_path / "profile" / "maps").iterdir())


def test_what_a_file_is_called_leads_nowhere_and_hides_nothing(make: Make, tmp_path: Path) -> None:
    name = "../../\u202eetc/passwd\x1b\n" + "x" * 500
    pack = add_pack(tmp_path / "profile", make(said={**SAID, "name": name}))
    assert pack.path.parent == tmp_path / "profile" / "maps"
    assert pack.path.name.startswith("etc-passwd-x")
    assert pack.facts.title.startswith("../../ etc/passwd  x")
    assert len(pack.facts.title) <= 80
    shared = make(
        "ALTER TABLE tiles RENAME TO images",
        "CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM images",
    )  # as many programs make them
    assert add_pack(tmp_path / "profile", shared).facts.title == "Andorra drawn"


def test_a_file_that_changes_while_it_is_added_is_kept_as_it_was_checked(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make()
    whole = path.read_bytes()
    digest = region_packs._digest

    def changed_after(read: Path) -> str:
        path.write_bytes(b"SQLite format 3\x00 of somebody else")
        return digest(read)

    monkeypatch.setattr(region_packs, "_digest", changed_after)
    assert add_pack(tmp_path / "profile", path).path.read_bytes() == whole


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _swollen() -> bytes:
    """300 KB that say they are a small picture and unpack to 300 MB."""
    pack = zlib.compressobj(9)
    data = b"".join(pack.compress(bytes(1 << 20)) for _mb in range(300)) + pack.flush()
    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    )


def _repeated() -> bytes:
    """A JPEG whose last scan comes 50,000 times: minutes of work in 900 KB."""
    image = QImage(1024, 1024, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"jpeg"))
    writer.setProgressiveScanWrite(True)
    assert writer.write(image)
    data = bytes(buffer.data().data())
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * 50_000 + data[-2:]


@pytest.mark.parametrize("bomb", [_swollen, _repeated])
def test_pictures_that_would_be_worked_on_for_minutes_are_left_out(
    make: Make, tmp_path: Path, bomb: Callable[[], bytes]
) -> None:
    plain = colour_there(tmp_path / "none")
    folder = tmp_path / "maps"
    folder.mkdir()
    data = bomb()
    assert len(data) < 1_000_000
    kind = "png" if data.startswith(b"\x89PNG") else "jpg"
    (folder / "bad.mbtiles").write_bytes(
        make(said={**SAID, "format": kind}, data=data).read_bytes()
    )
    began = time.process_time()
    assert colour_there(folder) == plain
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_as_they_are_made_are_shown(make: Make, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    said = {**SAID, "format": kind.lower()}
    path = make(said=said, data=picture("#ff0000", 512, kind))
    (folder / "good.mbtiles").write_bytes(path.read_bytes())
    shown = colour_there(folder)
    assert shown.red() > 245
    assert shown.green() < 10


def test_a_cut_file_and_bad_pictures_are_a_ground_without_them(make: Make, tmp_path: Path) -> None:
    plain = colour_there(tmp_path / "none")
    folder = tmp_path / "maps"
    folder.mkdir()
    whole = make().read_bytes()
    for cut in (20, 100, 4096, len(whole) // 2):
        (folder / "cut.mbtiles").write_bytes(whole[:cut])
        assert colour_there(folder) in (plain, QColor("#ff0000"))
        with pytest.raises(CrmdeskError):
            add_pack(tmp_path / "profile", folder / "cut.mbtiles")
    (folder / "cut.mbtiles").unlink()
    for bad in (
        picture("#ff0000", 4000), picture("#ff0000", 8), picture("#ff0000", kind="BMP"),
        picture("#ff0000")[:60], b"\x89PNG" + b"\xff" * 300, b"\x89PNG" + b"\0" * 2_000_000,
    ):  # fmt: skip
        (folder / "bad.mbtiles").write_bytes(make(data=bad).read_bytes())
        assert colour_there(folder) == plain


def test_a_file_is_only_read(make: Make, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    path = make(
        "CREATE TABLE seen (x)",
        "CREATE TRIGGER t AFTER UPDATE ON tiles BEGIN INSERT INTO seen VALUES (1); END",
    )
    before = path.read_bytes()
    tiles = PictureTiles(path)
    assert tiles.tile(ZOOM, X, Y) == picture("#ff0000")
    assert tiles.tile(ZOOM, 0, 0) is None
    for statement in ("DELETE FROM tiles", f"ATTACH '{other}' AS o", "PRAGMA user_version = 5"):
        with pytest.raises(sqlite3.Error):
            tiles._ask(statement)
    assert path.read_bytes() == before
    assert not other.exists()
