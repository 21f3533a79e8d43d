"""Map packs: the format, making one from an extract, and finding the way on its roads."""

import itertools
import sys
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import UserError
from crmdesk.interchange.mapbuild import build_pack
from crmdesk.interchange.mappack import (
    FORMAT,
    ROAD_CLASSES,
    Edge,
    MapPack,
    decode_line,
    encode_line,
    read_pack,
    simplify,
    write_pack,
)
from crmdesk.interchange.maproads import RoadGraph, distance_m, straight_leg
from crmdesk.interchange.mapworld import build_world_pack
from crmdesk.paths import resources_dir

DEGREES = st.tuples(st.floats(-180, 180), st.floats(-85, 85))
STREET = ROAD_CLASSES.index("street")
PRIMARY = ROAD_CLASSES.index("primary")


@pytest.fixture(scope="module")
def andorra() -> MapPack:
    return read_pack(resources_dir() / "map" / "andorra.mappack")


@pytest.fixture(scope="module")
def roads(andorra: MapPack) -> RoadGraph:
    return RoadGraph(andorra)


def _pack(edges: list[Edge]) -> MapPack:
    return MapPack(FORMAT, "Test", "nobody", "none", (0.0, 0.0, 1.0, 1.0), [], [], [""], edges)


def _edge(start: int, end: int, line: list[tuple[float, float]], **more: int) -> Edge:
    values = {"road_class": STREET, "speed_kmh": 30, "oneway": 0, "name": 0} | more
    return Edge(start=start, end=end, line=encode_line(line), **values)


@given(st.lists(DEGREES, min_size=1, max_size=40))
def test_lines_survive_coding_to_half_a_unit(points: list[tuple[float, float]]) -> None:
    decoded = decode_line(encode_line(points))
    rounded = [(round(x * 1e5), round(y * 1e5)) for x, y in points]
    expected = [p for i, p in enumerate(rounded) if i == 0 or p != rounded[i - 1]]
    assert [(round(x * 1e5), round(y * 1e5)) for x, y in decoded] == expected


@given(st.lists(DEGREES, min_size=2, max_size=40), st.floats(0.001, 5))
def test_simplified_lines_stay_within_the_tolerance(
    points: list[tuple[float, float]], tolerance: float
) -> None:
    kept = simplify(points, tolerance)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    for x, y in points:
        near = min(_to_segment(x, y, a, b) for a, b in itertools.pairwise(kept))
        assert near <= tolerance * 1.001 + 1e-9


def _to_segment(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    t = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / square)) if square else 0.0
    return float(((x - a[0] - t * dx) ** 2 + (y - a[1] - t * dy) ** 2) ** 0.5)


def test_a_pack_reads_back_as_it_was_written(tmp_path: Path) -> None:
    pack = _pack([_edge(0, 1, [(0.1, 0.1), (0.2, 0.1)], speed_kmh=50)])
    size = write_pack(pack, tmp_path / "a.mappack")
    assert (tmp_path / "a.mappack").stat().st_size == size
    assert read_pack(tmp_path / "a.mappack") == pack


@pytest.mark.parametrize("content", [b"", b"not a pack", zstandard.compress(b"\x93\x01")])
def test_a_damaged_pack_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mappack"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.mappack is not a map pack") as caught:
        read_pack(path)
    assert caught.value.hint


@pytest.mark.parametrize("line", [[2**40, 1], ["x", 1], 7, None])
def test_a_pack_with_coordinates_that_are_none_is_damaged(tmp_path: Path, line: object) -> None:
    pack = msgspec.to_builtins(_pack([_edge(0, 1, [(0.1, 0.1)])]), enc_hook=list)
    edge = list(pack["edges"][0])
    edge[6] = line
    path = tmp_path / "bad.mappack"
    path.write_bytes(zstandard.compress(msgspec.msgpack.encode(pack | {"edges": [edge]})))
    with pytest.raises(UserError, match=r"bad\.mappack is not a map pack"):
        read_pack(path)
    edge[6] = [1, 2]
    path.write_bytes(zstandard.compress(msgspec.msgpack.encode(pack | {"edges": [edge]})))
    assert list(read_pack(path).edges[0].line) == [1, 2]


def test_a_missing_pack_and_another_version_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_pack(tmp_path / "none.mappack")
    later = msgspec.structs.replace(_pack([]), format=FORMAT + 1)
    write_pack(later, tmp_path / "later.mappack")
    with pytest.raises(UserError, match="another version"):
        read_pack(tmp_path / "later.mappack")


def test_without_the_maps_extra_the_sentence_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(UserError, match="maps"):
        build_pack(tmp_path / "x.osm.pbf", tmp_path / "x.mappack")


def test_the_bundled_pack_has_roads_names_and_its_licence(andorra: MapPack) -> None:
    assert andorra.attribution == "© OpenStreetMap contributors"
    assert andorra.licence == "ODbL-1.0"
    names = {label.text for label in andorra.labels}
    assert {"Andorra la Vella", "Encamp", "Canillo"} <= names
    assert len(andorra.edges) > 4_000
    assert [level.zoom_from for level in andorra.levels] == sorted(
        level.zoom_from for level in andorra.levels
    )
    sizes = [sum(len(r) for a in level.areas for r in a.rings) for level in andorra.levels]
    assert sizes == sorted(sizes)


def test_a_pack_made_again_is_the_bundled_one(
    shared_data: Path, tmp_path: Path, andorra: MapPack
) -> None:
    pytest.importorskip("osmium")
    stages: list[str] = []
    made = build_pack(
        shared_data / "osm" / "andorra.osm.pbf",
        tmp_path / "again.mappack",
        title="Andorra",
        progress=stages.append,
    )
    assert made == andorra
    assert list(dict.fromkeys(stages)) == ["reading", "roads", "levels", "writing"]
    assert len(stages) > 20  # told again and again, so that it can be stopped


def test_a_world_of_two_countries_keeps_their_border_once(tmp_path: Path) -> None:
    topology = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [
            [[10, 0], [0, 10]],  # the border
            [[10, 10], [-10, 0], [0, -10], [10, 0]],
            [[10, 0], [10, 0], [0, 10], [-10, 0]],
        ],
        "objects": {
            "countries": {
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "West"}},
                    {"type": "MultiPolygon", "arcs": [[[2, -1]]], "properties": {"name": "East"}},
                ]
            }
        },
    }
    source = tmp_path / "c.json"
    source.write_bytes(msgspec.json.encode(topology))
    pack = build_world_pack(source, source, tmp_path / "w.mappack")
    assert [len(level.areas) for level in pack.levels] == [2, 2]
    assert [decode_line(line.rings[0]) for line in pack.levels[0].lines] == [[(10, 0), (10, 10)]]
    assert {(x.text, x.longitude, x.latitude) for x in pack.labels} == {
        ("West", 5.0, 5.0),
        ("East", 15.0, 5.0),
    }


def test_the_way_follows_roads_and_one_way_streets() -> None:
    # A square: from A the short way to D is one-way against us, so the way leads by B and C.
    a, b, c, d = (0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0)
    pack = _pack(
        [
            _edge(0, 1, [a, b]),
            _edge(1, 2, [b, c]),
            _edge(2, 3, [c, d]),
            _edge(3, 0, [d, a], oneway=1),
        ]
    )
    graph = RoadGraph(pack)
    there, back = graph.leg((0.0, 0.002), (0.01, 0.002)), graph.leg((0.01, 0.002), (0.0, 0.002))
    assert there.on_road and back.on_road
    assert [round(x, 3) for _x, x in there.line] == [0.002, 0.01, 0.01, 0.002]
    assert [round(y, 3) for _x, y in back.line] == [0.002, 0.0, 0.0, 0.002]
    assert there.distance_m == pytest.approx(2890, rel=0.01)
    assert there.duration_s == pytest.approx(there.distance_m / (30 / 3.6), rel=0.001)


def test_the_way_prefers_time_to_distance() -> None:
    a, b, round_about = (0.0, 0.0), (0.02, 0.0), (0.01, 0.005)
    slow = _edge(0, 1, [a, b], speed_kmh=10)
    fast = [
        _edge(0, 2, [a, round_about], road_class=PRIMARY, speed_kmh=90),
        _edge(2, 1, [round_about, b], road_class=PRIMARY, speed_kmh=90),
    ]
    stubs = [_edge(3, 0, [(-0.005, 0.0), a]), _edge(1, 4, [b, (0.025, 0.0)])]
    leg = RoadGraph(_pack([slow, *fast, *stubs])).leg((-0.004, 0.0), (0.024, 0.0))
    assert round_about in leg.line


def test_two_places_on_one_street() -> None:
    line = [(0.0, 0.0), (0.005, 0.0), (0.01, 0.0)]
    graph = RoadGraph(_pack([_edge(0, 1, line)]))
    leg = graph.leg((0.008, 0.0001), (0.002, 0.0001))
    assert [round(x, 4) for x, _y in leg.line] == [0.008, 0.005, 0.002]


def test_far_from_any_road_the_way_is_straight_and_says_so(roads: RoadGraph) -> None:
    leg = roads.leg((1.52, 42.51), (3.0, 41.0))
    assert not leg.on_road
    assert leg == straight_leg((1.52, 42.51), (3.0, 41.0))


def test_real_ways_are_believable(roads: RoadGraph) -> None:
    capital, pass_ = (1.5218, 42.5063), (1.7333, 42.5425)
    leg = roads.leg(capital, pass_)
    assert leg.on_road
    assert 25_000 < leg.distance_m < 32_000  # signposted: 30 km
    assert 25 < leg.duration_s / 60 < 45
    gaps = [distance_m(a, b) for a, b in zip(leg.line, leg.line[1:], strict=False)]
    assert max(gaps) < 3_000  # no jumps but the tunnel
    assert next(round(x.duration_s) for x in roads.route([capital, pass_, capital])) == round(
        leg.duration_s
    )
