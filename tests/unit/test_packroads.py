"""Maps made of extracts: what may be driven, what is refused, the network kept beside a pack."""

from __future__ import annotations

import itertools
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.interchange import mapbuild
from crmdesk.interchange.mapbuild import build_pack
from crmdesk.interchange.mappack import MapPack, read_pack, write_pack
from crmdesk.interchange.maproads import RoadGraph, distance_m
from crmdesk.interchange.packcheck import check_pack
from crmdesk.interchange.packroads import network_of, read_network, write_network
from crmdesk.interchange.roadtags import road_of, whole_number
from crmdesk.paths import resources_dir
from crmdesk.planning.roadmatrix import costs_between, minutes_of
from crmdesk.planning.roadsnap import Snapper
from tests.unit.towns import TOWN

# A main road west to east and a street to the north at its middle, both joined by a street round
# the block; a ferry from the east to an island with a road of its own.
CROSSING = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="42.5000" lon="1.5000" version="1"/>
 <node id="2" lat="42.5000" lon="1.5100" version="1"/>
 <node id="3" lat="42.5000" lon="1.5200" version="1"/>
 <node id="4" lat="42.5100" lon="1.5100" version="1"/>
 <node id="5" lat="42.5000" lon="1.6200" version="1"/>
 <node id="6" lat="42.5000" lon="1.6300" version="1"/>
 <way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>
 <way id="2" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/></way>
 <way id="3" version="1"><nd ref="2"/><nd ref="4"/><tag k="highway" v="primary"/></way>
 <way id="4" version="1"><nd ref="3"/><nd ref="4"/><tag k="highway" v="primary"/></way>
 <way id="5" version="1"><nd ref="3"/><nd ref="5"/><tag k="route" v="ferry"/>
  <tag k="motor_vehicle" v="yes"/><tag k="duration" v="00:45"/></way>
 <way id="6" version="1"><nd ref="5"/><nd ref="6"/><tag k="highway" v="primary"/></way>
 RELATIONS
</osm>
"""
TURN = """<relation id="1" version="1"><member type="way" ref="1" role="from"/>
  <member type="node" ref="2" role="via"/><member type="way" ref="{to}" role="to"/>
  <tag k="type" v="restriction"/><tag k="{key}" v="{kind}"/>{more}</relation>"""


def _crossing(tmp_path: Path, relations: str = "") -> MapPack:
    pytest.importorskip("osmium")
    path = tmp_path / "crossing.osm"
    path.write_text(CROSSING.replace("RELATIONS", relations), "utf-8")
    pack = build_pack(path, tmp_path / "crossing.mappack")
    check_pack(pack, "crossing")
    return pack


def _way(pack: MapPack, begin: tuple[float, float], end: tuple[float, float]) -> float:
    """Minutes of the drawn way, which are those planning has; places as (longitude, latitude)."""
    leg = RoadGraph(pack).leg(begin, end)
    network = network_of(pack)
    snaps = Snapper(network).snap_all([begin[::-1], end[::-1]])
    planned = minutes_of(costs_between(network, snaps[:1], snaps[1:]))[0, 0]
    assert leg.on_road
    assert leg.duration_s / 60 == pytest.approx(planned, abs=0.02)
    assert all(distance_m(a, b) < 12_000 for a, b in itertools.pairwise(leg.line))
    return planned


WEST, EAST, NORTH, ISLAND = (1.505, 42.5), (1.515, 42.5), (1.51, 42.505), (1.625, 42.5)
_DIRECT, _ROUND = 1.055, 3.459  # minutes at 55 km/h: 967 m; 3,171 m (turning about: 2,609 m)


@pytest.mark.parametrize(
    ("turn", "minutes"),
    [
        ({}, _DIRECT),
        ({"to": 3, "kind": "no_left_turn"}, _ROUND),
        ({"to": 2, "kind": "only_straight_on"}, _ROUND),
        ({"to": 3, "kind": "only_left_turn"}, _DIRECT),
        ({"to": 3, "kind": "no_left_turn", "key": "restriction:motorcar"}, _ROUND),
        ({"to": 3, "kind": "no_left_turn", "key": "restriction:hgv"}, _DIRECT),
        ({"to": 3, "kind": "no_left_turn", "key": "restriction:conditional"}, _DIRECT),
        (
            {"to": 3, "kind": "no_left_turn", "more": '<tag k="except" v="bicycle;motorcar"/>'},
            _DIRECT,
        ),
        ({"to": 77, "kind": "no_left_turn"}, _DIRECT),
        ({"to": 77, "kind": "only_right_turn"}, _DIRECT),
        ({"to": 3, "kind": "nonsense"}, _DIRECT),
    ],
)
def test_turns_that_are_forbidden_are_not_taken(
    tmp_path: Path, turn: dict[str, object], minutes: float
) -> None:
    values = {"key": "restriction", "more": "", **turn}
    pack = _crossing(tmp_path, TURN.format(**values) if turn else "")
    assert _way(pack, WEST, NORTH) == pytest.approx(minutes, abs=0.03)
    assert _way(pack, NORTH, WEST) == pytest.approx(_DIRECT, abs=0.03)


def test_a_ferry_takes_its_time_and_nobody_lives_on_it(tmp_path: Path) -> None:
    pack = _crossing(tmp_path)
    assert [edge.seconds for edge in pack.edges] == [0, 0, 0, 0, 45 * 60, 0]
    assert _way(pack, EAST, ISLAND) == pytest.approx(45 + 2 * 0.448, abs=0.03)
    assert Snapper(network_of(pack)).snap(42.5, 1.57) is None


@pytest.mark.parametrize(
    ("tags", "seconds", "car"),
    [
        ({"duration": "45"}, 2700, True), ({"duration": "01:30"}, 5400, True),
        ({"duration": "01:30:10"}, 5410, True), ({"duration": "PT2H5M"}, 7500, True),
        ({"duration": "99:99"}, 0, True), ({"duration": "٤٥"}, 0, True),
        ({"duration": "1 day"}, 0, True), ({"foot": "yes"}, 0, False),
        ({"foot": "yes", "motor_vehicle": "yes"}, 0, True), ({"motor_vehicle": "no"}, 0, False),
    ],
)  # fmt: skip
def test_tags_say_what_a_ferry_takes(tags: dict[str, str], seconds: int, car: bool) -> None:
    road = road_of({"route": "ferry", **tags})
    assert road is not None
    assert (road.road_class, road.seconds, road.car) == ("ferry", seconds, car)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    pytest.importorskip("osmium")
    path = tmp_path / "town.osm"
    path.write_text(TOWN, "utf-8")
    return path


@pytest.fixture(scope="module")
def andorra() -> MapPack:
    return read_pack(resources_dir() / "map" / "andorra.mappack")


def test_a_town_becomes_a_pack_whose_closed_street_is_drawn_but_not_driven(
    town: Path, tmp_path: Path
) -> None:
    pack = build_pack(town, tmp_path / "t.mappack", title="Vila")
    assert [label.text for label in pack.labels] == ["Vila"]
    assert [edge.speed_kmh for edge in pack.edges] == [40, 24, 24, 0]
    network = network_of(pack)
    assert network.junctions == 4
    assert len(network.edge_start) == 3


@pytest.mark.parametrize(
    ("tags", "speed", "oneway", "car"),
    [
        ({"highway": "primary", "maxspeed": "50"}, 40, 0, True),
        ({"highway": "primary", "maxspeed": "30 mph"}, 39, 0, True),
        ({"highway": "primary", "maxspeed": "9" * 5000}, 55, 0, True),
        ({"highway": "primary", "maxspeed": "٥٠"}, 55, 0, True),
        ({"highway": "motorway"}, 105, 1, True),
        ({"highway": "residential", "oneway": "-1"}, 24, -1, True),
        ({"highway": "residential", "access": "no"}, 24, 0, False),
        ({"highway": "residential", "access": "no", "motorcar": "yes"}, 24, 0, True),
        ({"highway": "service", "access": "private"}, 14, 0, True),
    ],
)
def test_tags_say_how_a_road_is_driven(
    tags: dict[str, str], speed: int, oneway: int, car: bool
) -> None:
    road = road_of(tags)
    assert road is not None
    assert (road.speed_kmh, road.oneway, road.car) == (speed, oneway, car)


@given(st.text(), st.integers(0, 10**6))
def test_numbers_in_tags_are_always_within_bounds(text: str, most: int) -> None:
    assert 0 <= whole_number(text, most) <= most


def test_footways_are_no_roads() -> None:
    assert road_of({"highway": "footway"}) is None
    assert road_of({"highway": "pedestrian", "area": "yes"}) is None


@pytest.mark.parametrize("content", [b"", b"nothing of this kind", b"\x00\x00\x00\x0d" * 400])
def test_what_is_no_extract_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("osmium")
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(UserError):
        build_pack(path, tmp_path / "x.mappack")
    assert not (tmp_path / "x.mappack").exists()
    with pytest.raises(NotFound):
        build_pack(tmp_path / "none.osm.pbf", tmp_path / "x.mappack")


def test_more_than_a_computer_holds_is_refused(
    monkeypatch: pytest.MonkeyPatch, town: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(mapbuild, "MOST_POINTS", 5)
    with pytest.raises(UserError, match="too large"):
        build_pack(town, tmp_path / "t.mappack")
    monkeypatch.setattr(mapbuild, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="too large"):
        build_pack(town, tmp_path / "t.mappack")


def test_a_pack_that_claims_to_be_enormous_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mappack"
    path.write_bytes(zstandard.ZstdCompressor().compress(bytes(500_000_000)))
    with pytest.raises(UserError, match="is not a map pack"):
        read_pack(path)


def test_a_pack_with_roads_of_no_class_or_off_the_earth_is_refused(andorra: MapPack) -> None:
    check_pack(andorra, "andorra")
    import msgspec

    edge = andorra.edges[0]
    for bad in (
        msgspec.structs.replace(edge, road_class=99),
        msgspec.structs.replace(edge, speed_kmh=-1),
        msgspec.structs.replace(edge, line=[0, 9_000_000]),
        msgspec.structs.replace(edge, line=[0, 0, 1]),
    ):
        with pytest.raises(UserError, match="no map pack may hold"):
            check_pack(msgspec.structs.replace(andorra, edges=[bad], bans=[]), "x")
    for ban in ((0, 0, 10**9), (-1, 0, 0), (0, 10**6, 0)):
        with pytest.raises(UserError, match="no map pack may hold"):
            check_pack(msgspec.structs.replace(andorra, bans=[ban]), "x")


def test_a_network_is_kept_beside_its_pack_and_believed_only_whole(
    andorra: MapPack, tmp_path: Path
) -> None:
    network, path = network_of(andorra), tmp_path / "a.roads"
    write_network(network, path, "ab")
    again = read_network(path, "ab")
    assert again is not None
    for one in fields(network):
        assert np.array_equal(getattr(again, one.name), getattr(network, one.name)), one.name
    assert read_network(path, "cd") is None
    path.write_bytes(path.read_bytes()[:-9])
    assert read_network(path, "ab") is None
    for name, bad in (("head", -5), ("parent", 0), ("edge_start", 10**6)):
        broken = getattr(network, name).copy()
        broken[-1 if name != "parent" else 7] = bad
        values = {one.name: getattr(network, one.name) for one in fields(network)}
        write_network(type(network)(**{**values, name: broken}), path, "ab")
        assert read_network(path, "ab") is None, name


def test_packs_are_written_whole_or_not_at_all(andorra: MapPack, tmp_path: Path) -> None:
    path = tmp_path / "a.mappack"
    write_pack(andorra, path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mappack"]
