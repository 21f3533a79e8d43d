"""Maps of the company: the office publishes one, every laptop can fetch and use it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import zstandard
from msgspec.structs import replace

from crmdesk.hq.exchange import blobs
from crmdesk.interchange.mappack import write_pack
from crmdesk.interchange.mbtiles import PictureTiles
from crmdesk.services import maps
from crmdesk.services.queries.maps import MapState, maps_page
from crmdesk.services.region_packs import PackFile, add_pack
from crmdesk.services.workspace import Workspace
from crmdesk.sync.protocol import PROTOCOL_VERSION, BlobGet, BlobPut
from tests.db.small_pictures import PIXEL, map_pictures
from tests.db.small_roads import square_town
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.photos import BadLine, rounds, stored
from tests.sync.wires import Wire, session_of, told

pytestmark = pytest.mark.hq


def _office(laptop: Laptop) -> Workspace:
    return at(laptop)


def _pack(ws: Workspace, tmp_path: Path, title: str = "West") -> PackFile:
    write_pack(square_town(title, 30), tmp_path / f"{title}.mappack")
    return add_pack(ws.folder, tmp_path / f"{title}.mappack")


def _row(ws: Workspace, title: str) -> MapState:
    return next(row.state for row in maps_page(ws).rows if row.title == title)


def test_a_published_map_reaches_a_laptop_over_a_bad_line_and_is_driven_on(
    hq: Headquarters, wire: Wire, tmp_path: Path
) -> None:
    office, rep = hq.join("O1"), hq.join("R1")
    ws = _office(office)
    pack = _pack(ws, tmp_path)
    maps.publish_pack(ws, pack)
    office.sync()
    assert hashlib.sha256(stored(hq, pack.facts.sha256)).hexdigest() == pack.facts.sha256
    rep.sync()
    mine = at(rep)
    assert _row(mine, "West") is MapState.AT_HQ
    published = rep.one("SELECT id FROM region_pack")
    maps.fetch_pack(mine, published)
    assert _row(mine, "West") is MapState.COMING
    reports = rounds(rep, BadLine(wire(hq.url), 100, lambda _piece: None))
    assert len(reports) > 1, "the line was meant to break"
    assert _row(mine, "West") is MapState.ARRIVED
    assert [one.facts.title for one in maps.use_arrived(mine).packs] == ["West"]
    assert _row(mine, "West") is MapState.HERE
    assert maps.use_arrived(mine).packs == ()
    maps.withdraw_pack(ws, office.one("SELECT id FROM region_pack"))
    office.sync()
    rep.sync()
    assert _row(mine, "West") is MapState.HERE  # what is here stays


def test_published_map_pictures_reach_a_second_laptop_and_hostile_ones_are_refused_there(
    hq: Headquarters, wire: Wire, tmp_path: Path
) -> None:
    office, rep = hq.join("O1"), hq.join("R1")
    ws, mine = _office(office), at(rep)
    good = add_pack(ws.folder, map_pictures(tmp_path / "drawn.mbtiles"))
    maps.publish_pack(ws, good)
    # A laptop that checks nothing publishes what looks like pictures, and what looks like a pack.
    map_pictures(tmp_path / "bad.mbtiles", tiles="CREATE VIEW tiles AS SELECT 99 AS zoom_level")
    (tmp_path / "bad.mappack").write_bytes(zstandard.ZstdCompressor().compress(bytes(300_000_000)))
    for path in (tmp_path / "bad.mbtiles", tmp_path / "bad.mappack"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        facts = replace(good.facts, title=path.name, sha256=digest, size=path.stat().st_size)
        maps.publish_pack(ws, PackFile(path, facts, bundled=False))
    office.sync()
    rep.sync()
    for (key,) in rep.rows("SELECT id FROM region_pack"):
        maps.fetch_pack(mine, key)
    rounds(rep, BadLine(wire(hq.url), 100, lambda _piece: None))
    arrived = maps.use_arrived(mine)
    assert [one.facts for one in arrived.packs] == [good.facts]
    assert sorted(name for name, _problem in arrived.problems) == ["bad.mappack", "bad.mbtiles"]
    assert all("no map" in text or "not a map" in text for _name, text in arrived.problems)
    tiles = PictureTiles(arrived.packs[0].path)
    assert tiles.tile(1, 0, 0) == PIXEL
    kept = [path.name for path in (mine.folder / "maps").iterdir() if "bad" in path.name]
    assert not kept


def test_a_rep_publishes_nothing_whatever_the_laptop_lets_through(
    hq: Headquarters, wire: Wire, tmp_path: Path
) -> None:
    rep = hq.join("R1")
    rep.run(
        "INSERT INTO region_pack (uid, name, kind, sha256, size) VALUES (randomblob(16), 'X',"
        " 'map', ?, 9)", "a" * 64,
    )  # fmt: skip
    assert rep.sync().refusals == 1
    assert hq.one("SELECT count(*) FROM region_pack") == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [("sha256", "../../etc"), ("size", 10**12), ("size", -1), ("kind", "program"), ("name", ""),
     ("bounds", "[1,2]")],
)  # fmt: skip
def test_hq_takes_no_map_that_nobody_could_use(
    hq: Headquarters, column: str, value: object
) -> None:
    office = hq.join("O1")
    values = {"name": "X", "kind": "map", "sha256": "a" * 64, "size": 9, "bounds": None}
    values[column] = value
    office.run(
        "INSERT INTO region_pack (uid, name, kind, sha256, size, bounds)"
        " VALUES (randomblob(16), ?, ?, ?, ?, ?)", *values.values(),
    )  # fmt: skip
    assert office.sync().refusals == 1
    assert hq.one("SELECT count(*) FROM region_pack") == 0


def test_only_the_office_sends_the_bytes_and_everybody_may_fetch_them(
    hq: Headquarters, wire: Wire, tmp_path: Path
) -> None:
    office, rep = hq.join("O1"), hq.join("R1")
    ws = _office(office)
    pack = _pack(ws, tmp_path)
    maps.publish_pack(ws, pack)
    data, sha256 = pack.path.read_bytes(), pack.facts.sha256
    office.sync()
    rep.sync()
    session = session_of(rep, wire(hq.url))
    put = BlobPut(PROTOCOL_VERSION, sha256, len(data), 0)
    refused = told(session, "/v1/blob/put", put, data)
    assert isinstance(refused, tuple) and refused[0] == "attachment"
    got = told(session, "/v1/blob/get", BlobGet(PROTOCOL_VERSION, sha256, 0, len(data)), None)
    assert got == data
    assert blobs.QUOTAS["quota.file_bytes"] >= 100_000_000
