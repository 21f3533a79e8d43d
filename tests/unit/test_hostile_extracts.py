"""Extracts that were cut, or say absurd things: a sentence or a sound map, never half of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crmdesk.domain.errors import UserError
from crmdesk.interchange.mapbuild import build_pack
from crmdesk.interchange.mappack import read_pack
from crmdesk.interchange.packcheck import check_pack
from crmdesk.interchange.packroads import network_of

osmium = pytest.importorskip("osmium")
_ROAD = {"highway": "primary", "name": "Road"}


def _extract(path: Path, nodes: list[Any], ways: list[Any], relations: Sequence[Any] = ()) -> Path:
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for node in nodes:
            writer.add_node(node)
        for way in ways:
            writer.add_way(way)
        for relation in relations:
            writer.add_relation(relation)
    return path


def _node(number: int, at: tuple[float, float], **tags: str) -> Any:
    return osmium.osm.mutable.Node(id=number, version=1, location=at, tags=tags)


def _way(number: int, nodes: list[int], **tags: str) -> Any:
    return osmium.osm.mutable.Way(id=number, version=1, nodes=nodes, tags={**_ROAD, **tags})


def _line(count: int = 400) -> tuple[list[Any], list[Any]]:
    """Many short roads one after the other, so that an extract has some size."""
    nodes = [_node(n + 1, (1.5 + n * 1e-3, 42.5 + (n % 7) * 1e-3)) for n in range(count)]
    return nodes, [_way(n, [n, n + 1], name=f"Road {n * 7919}") for n in range(1, count)]


def test_an_extract_cut_anywhere_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = _extract(tmp_path / "whole.osm.pbf", *_line()).read_bytes()
    path, out = tmp_path / "cut.osm.pbf", tmp_path / "cut.mappack"
    sizes = [1, 4, 20, *range(len(whole) // 12, len(whole) - 2, len(whole) // 12), len(whole) - 1]
    for size in sizes:
        path.write_bytes(whole[:size])
        with pytest.raises(UserError):
            build_pack(path, out)
        assert not out.exists(), size
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x55
    path.write_bytes(flipped)
    with pytest.raises(UserError):
        build_pack(path, out)


@pytest.mark.parametrize(
    "tags",
    [
        {"maxspeed": "9" * 400}, {"maxspeed": "-50"}, {"maxspeed": "NaN"}, {"maxspeed": "0"},
        {"oneway": "\N{ARABIC-INDIC DIGIT ONE}"}, {"name": "\x07\N{RIGHT-TO-LEFT OVERRIDE}" * 200},
        {"access": "x" * 1000}, {"route": "ferry", "duration": "999999:59"},
    ],
)  # fmt: skip
def test_absurd_tags_make_a_sound_map(tmp_path: Path, tags: dict[str, str]) -> None:
    nodes, ways = _line(5)
    ways[1] = _way(2, [2, 3], **tags)
    path = _extract(tmp_path / "odd.osm.pbf", nodes, ways)
    pack = build_pack(path, tmp_path / "odd.mappack")
    check_pack(read_pack(tmp_path / "odd.mappack"), "odd")
    assert len(pack.edges) >= 1
    network_of(pack)


def test_absurd_places_and_references_are_left_out(tmp_path: Path) -> None:
    nodes, ways = _line(5)
    nodes += [
        _node(10, (1.5, 42.6), place="town", name="n" * 1000, population="9" * 500),
        _node(2**40, (1.51, 42.61)),
        _node(2**40 + 1, (1.52, 42.61)),
    ]
    ways += [
        _way(20, [1]), _way(21, []), _way(22, [777, 778]), _way(23, [1, 777, 3]),
        _way(24, [1, 1, 1, 1]), _way(25, [2**40, 2**40 + 1]), _way(26, [-5, 3]),
    ]  # fmt: skip
    turns = [
        osmium.osm.mutable.Relation(
            id=n, version=1, members=given,
            tags={"type": "restriction", "restriction": "no_left_turn"},
        )
        for n, given in enumerate(
            ([], [("w", 1, "from")], [("w", 1, "from"), ("n", 777, "via"), ("w", 99, "to")],
             [("n", 1, "from"), ("w", 1, "via"), ("r", 1, "to")],
             [("w", 1, "from")] * 500 + [("n", 2, "via"), ("w", 2, "to")]), 1,
        )
    ]  # fmt: skip
    path = _extract(tmp_path / "odd.osm.pbf", nodes, ways, turns)
    pack = build_pack(path, tmp_path / "odd.mappack")
    check_pack(pack, "odd")
    assert len(pack.labels[0].text) <= 200
    west, south, east, north = pack.bounds
    assert (west, south) == (1.5, 42.5)
    assert east < 1.6
    assert north < 42.7
    network_of(pack)


def test_an_area_whose_corners_are_missing_costs_only_itself(tmp_path: Path) -> None:
    nodes, ways = _line(5)
    ways.append(osmium.osm.mutable.Way(
        id=30, version=1, nodes=[1, 2, 777, 1], tags={"landuse": "forest"}))  # fmt: skip
    path = _extract(tmp_path / "area.osm.pbf", nodes, ways)
    assert len(build_pack(path, tmp_path / "a.mappack").edges) == 4
