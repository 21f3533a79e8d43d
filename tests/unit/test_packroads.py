"""Maps made of extracts: what may be driven, what is refused, the network kept beside a pack."""

from __future__ import annotations

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
from crmdesk.interchange.packcheck import check_pack
from crmdesk.interchange.packroads import network_of, read_network, write_network
from crmdesk.interchange.roadtags import road_of, whole_number
from crmdesk.paths import resources_dir
from tests.unit.towns import TOWN


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
            check_pack(msgspec.structs.replace(andorra, edges=[bad]), "x")


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
