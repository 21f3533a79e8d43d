"""The world base map from Natural Earth's countries in TopoJSON.

Owns decoding TopoJSON (version 1, quantised arcs) into land, borders and country names. The
format written is ``mappack``'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any

import msgspec

from crmdesk.interchange.mappack import (
    FORMAT,
    Label,
    Level,
    MapPack,
    Shape,
    encode_line,
    simplify,
    write_pack,
)

Point = tuple[float, float]

ATTRIBUTION = "Natural Earth"


def build_world_pack(coarse: Path, fine: Path, out: Path) -> MapPack:
    """Make the world base from two countries files (110 m and 50 m scale) and write it."""
    levels, labels = [], []
    for zoom_from, tolerance, path in ((0.0, 0.05, coarse), (4.0, 0.008, fine)):
        topology = msgspec.json.decode(path.read_bytes())
        arcs = _arcs(topology)
        countries = topology["objects"]["countries"]["geometries"]
        areas = [
            Shape("land", [encode_line(ring)])
            for rings in _polygons(countries, arcs, tolerance)
            for ring in _unwrapped(rings[0])
            if len(ring) > 3
        ]
        lines = [
            Shape("border", [encode_line(simplify(arcs[arc], tolerance))])
            for arc, uses in _arc_uses(countries).items()
            if uses > 1
        ]
        levels.append(Level(zoom_from, areas, lines))
        labels = [label for country in countries for label in _country_label(country, arcs)]
    pack = MapPack(
        format=FORMAT,
        title="World",
        attribution=ATTRIBUTION,
        licence="public domain",
        bounds=(-180.0, -85.0, 180.0, 85.0),
        levels=levels,
        labels=sorted(labels, key=lambda label: (label.rank, label.text)),
    )
    write_pack(pack, out)
    return pack


def _arcs(topology: dict[str, Any]) -> list[list[Point]]:
    (kx, ky), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    return [
        [
            (x * kx + tx, y * ky + ty)
            for x, y in zip(
                accumulate(step[0] for step in arc),
                accumulate(step[1] for step in arc),
                strict=True,
            )
        ]
        for arc in topology["arcs"]
    ]


def _rings(geometry: dict[str, Any]) -> Iterator[list[list[int]]]:
    """Every polygon of a geometry as rings of arc numbers (``~n`` runs backwards)."""
    if geometry["type"] == "Polygon":
        yield geometry["arcs"]
    elif geometry["type"] == "MultiPolygon":
        yield from geometry["arcs"]


def _polygons(
    countries: list[dict[str, Any]], arcs: list[list[Point]], tolerance: float
) -> Iterator[list[list[Point]]]:
    # Arcs are simplified before they are joined, so that neighbours still share their border.
    thin = [simplify(arc, tolerance) for arc in arcs]
    for country in countries:
        for polygon in _rings(country):
            yield [_join(ring, thin) for ring in polygon]


def _join(ring: list[int], arcs: list[list[Point]]) -> list[Point]:
    points: list[Point] = []
    for number in ring:
        part = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += part[1:] if points else part
    return points


def _unwrapped(ring: list[Point]) -> list[list[Point]]:
    """The ring without jumps across the 180th meridian: twice, at each end, if it crosses it."""
    shift, points = 0.0, [ring[0]]
    for (before, _lat), (longitude, latitude) in pairwise(ring):
        step = longitude - before
        shift += -360.0 if step > 180 else 360.0 if step < -180 else 0.0
        points.append((longitude + shift, latitude))
    if shift:  # it goes around the pole: Antarctica, which the source closes along the edge
        return [ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    turns = [0.0] + ([360.0] if west < -180 else []) + ([-360.0] if east > 180 else [])
    return [[(longitude + turn, latitude) for longitude, latitude in points] for turn in turns]


def _arc_uses(countries: list[dict[str, Any]]) -> Counter[int]:
    uses: Counter[int] = Counter()
    for country in countries:
        for polygon in _rings(country):
            uses.update(n if n >= 0 else ~n for n in chain.from_iterable(polygon))
    return uses


def _country_label(country: dict[str, Any], arcs: list[list[Point]]) -> Iterator[Label]:
    """The country's name in the middle of its largest part; small countries rank later."""
    best: tuple[float, float, float] | None = None
    for polygon in _rings(country):
        ring = _unwrapped(_join(polygon[0], arcs))[0]
        area, x, y = _centroid(ring)
        if best is None or area > best[0]:
            best = (area, x, y)
    name = country.get("properties", {}).get("name", "")
    if best is None or not name:
        return
    rank = 0 if best[0] > 60 else 1 if best[0] > 8 else 2 if best[0] > 1 else 3
    yield Label(name, "country", rank, round(best[1], 3), round(best[2], 3))


def _centroid(ring: list[Point]) -> tuple[float, float, float]:
    """Area and centre of a ring, in degrees (only to compare and to place a name)."""
    twice = x = y = 0.0
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = ax * by - bx * ay
        twice += cross
        x += (ax + bx) * cross
        y += (ay + by) * cross
    if not twice:
        return 0.0, ring[0][0], ring[0][1]
    return abs(twice) / 2, x / (3 * twice), y / (3 * twice)
