"""Makes ``resources/demo/places.json.zst`` from public data (run by hand when the data change).

Owns choosing addresses: in Andorra the buildings of OpenStreetMap with the nearest named street;
in Spain the main town of each larger municipality of six provinces after GeoNames. House numbers,
and the streets and the scatter within Spanish towns, are invented. Reading the result is
:mod:`crmdesk.demo.geography`'s.

    python -m crmdesk.demo.geography_sources andorra.osm.pbf ES.txt resources/demo/places.json.zst
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from crmdesk.interchange.mapbuild import require_osmium
from crmdesk.interchange.mappack import FORMAT, Label, MapPack, write_pack

Row = tuple[str, str, str, str, float, float]  # street, town, postcode, region, lat, lon
Point = tuple[float, float]  # longitude, latitude

_PARISH_POSTCODES = {
    "Canillo": "AD100", "Encamp": "AD200", "Ordino": "AD300", "La Massana": "AD400",
    "Andorra la Vella": "AD500", "Sant Julià de Lòria": "AD600", "Escaldes-Engordany": "AD700",
}  # fmt: skip
_STREETS = ("residential", "living_street", "unclassified", "tertiary", "secondary", "primary",
            "pedestrian", "trunk")  # fmt: skip
_NEAR_M = 70.0
_PROVINCES = ("Lleida", "Girona", "Barcelona", "Huesca", "Córdoba", "Sevilla")
_CAPITALS = {"Córdoba": "Cordoba"}  # the source writes this one without its accent
_TOWNS_PER_PROVINCE = 100
_CATALAN = ("Carrer Major", "Carrer Nou", "Plaça Major", "Avinguda de Catalunya",
            "Carrer de l'Església", "Carrer del Forn", "Passeig de l'Estació")  # fmt: skip
_CASTILIAN = ("Calle Mayor", "Calle Real", "Plaza de España", "Avenida de la Constitución",
              "Calle Nueva", "Calle del Pozo", "Calle San Juan")  # fmt: skip


@dataclass(slots=True)
class _Andorra:
    buildings: list[Point] = field(default_factory=list)
    streets: list[tuple[str, list[Point]]] = field(default_factory=list)
    towns: list[tuple[str, Point]] = field(default_factory=list)
    parishes: dict[str, list[list[Point]]] = field(default_factory=dict)


def andorran_places(pbf: Path) -> list[Row]:
    """One row per building of Andorra that stands beside a named street."""
    found = _read(pbf)
    beside = [(street, point) for point in found.buildings if (street := _street(found, point))]
    counts: Counter[tuple[str, str]] = Counter()
    rows: list[Row] = []
    for street, point in sorted(beside, key=lambda pair: (pair[0], pair[1])):
        parish = next((n for n, rings in found.parishes.items() if _inside(rings, point)), "")
        if not parish:
            continue
        town = min(found.towns, key=lambda t: _metres(t[1], point))
        name = town[0] if _metres(town[1], point) < 1_500 else parish
        counts[(street, name)] += 1
        number = counts[(street, name)] * 2 - counts[(street, name)] % 2
        rows.append(
            (f"{street} {number}", name, _PARISH_POSTCODES[parish], parish,
             round(point[1], 6), round(point[0], 6))
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row[3], row[1], row[0]))


def spanish_places(geonames: Path) -> list[Row]:
    """Up to six rows in each of the hundred largest municipalities of six provinces."""
    chance = random.Random(7)
    rows: list[Row] = []
    for province in _PROVINCES:
        streets = _CATALAN if province in _PROVINCES[:3] else _CASTILIAN
        for name, size, postcode, (longitude, latitude) in _towns(geonames, province):
            for _address in range(min(6, 3 + size)):
                spread = 0.0008 * min(6, 1 + size)
                rows.append(
                    (f"{chance.choice(streets)} {chance.randint(1, 60)}", name, postcode, province,
                     round(latitude + chance.gauss(0, spread), 6),
                     round(longitude + chance.gauss(0, spread), 6))
                )  # fmt: skip
    return sorted(rows, key=lambda row: (row[3], row[1], row[0]))


def write_town_names(geonames: Path, out: Path) -> int:
    """Write a map pack with the names of the Spanish towns, for the map; returns how many."""
    labels = []
    for province in _PROVINCES:
        for order, (name, size, _code, point) in enumerate(_towns(geonames, province)):
            kind = "city" if name == province else "town" if order < 12 or size > 1 else "village"
            rank = {"city": 0, "town": 2, "village": 4}[kind]
            labels.append(Label(name, kind, rank, point[0], point[1]))
    pack = MapPack(
        format=FORMAT,
        title="Spain: towns",
        attribution="© GeoNames",
        licence="CC-BY-4.0",
        bounds=(
            min(label.longitude for label in labels),
            min(label.latitude for label in labels),
            max(label.longitude for label in labels),
            max(label.latitude for label in labels),
        ),
        levels=[],
        labels=sorted(labels, key=lambda label: (label.rank, label.text)),
    )
    write_pack(pack, out)
    return len(labels)


def _towns(geonames: Path, province: str) -> list[tuple[str, int, str, Point]]:
    """Name, number of postcodes, first postcode and place of a province's larger municipalities."""
    codes: defaultdict[str, set[str]] = defaultdict(set)
    parts: Counter[str] = Counter()
    main: dict[str, tuple[str, Point]] = {}
    for line in geonames.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        place, municipality = cells[2], cells[7]
        if cells[5] != province:
            continue
        codes[municipality].add(cells[1])
        parts[municipality] += 1
        if place.casefold() == municipality.casefold() and municipality not in main:
            main[municipality] = (cells[1], (float(cells[10]), float(cells[9])))
    towns = [
        (province if n == _CAPITALS.get(province) else n, len(codes[n]), code, point)
        for n, (code, point) in main.items()
    ]
    towns.sort(key=lambda t: (-t[1], -parts[t[0]], t[0]))
    return towns[:_TOWNS_PER_PROVINCE]


def _read(pbf: Path) -> _Andorra:
    osmium = require_osmium()
    found = _Andorra()
    for thing in osmium.FileProcessor(str(pbf)).with_locations().with_areas():
        tags = thing.tags
        if thing.is_node():
            if tags.get("place") in ("town", "village") and "name" in tags:
                found.towns.append((tags["name"], (thing.location.lon, thing.location.lat)))
        elif thing.is_way():
            if tags.get("highway") in _STREETS and "name" in tags:
                found.streets.append(
                    (tags["name"], [(n.location.lon, n.location.lat) for n in thing.nodes])
                )
        elif thing.is_area():
            _take_area(found, thing)
    return found


def _take_area(found: _Andorra, area: Any) -> None:
    rings = [[(n.lon, n.lat) for n in ring] for ring in area.outer_rings()]
    if "building" in area.tags:
        ring = rings[0][:-1]
        found.buildings.append(
            (sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring))
        )
    elif area.tags.get("admin_level") == "7" and area.tags.get("name") in _PARISH_POSTCODES:
        found.parishes[area.tags["name"]] = rings


def _street(found: _Andorra, point: Point) -> str:
    """The nearest named street within 70 m, or nothing."""
    best, name = _NEAR_M, ""
    for street, line in found.streets:
        if abs(line[0][1] - point[1]) > 0.03:
            continue
        for a, b in itertools.pairwise(line):
            away = _away(point, a, b)
            if away < best:
                best, name = away, street
    return name


def _away(point: Point, a: Point, b: Point) -> float:
    shrink = math.cos(math.radians(point[1]))
    dx, dy = (b[0] - a[0]) * shrink, b[1] - a[1]
    px, py = (point[0] - a[0]) * shrink, point[1] - a[1]
    square = dx * dx + dy * dy
    t = min(1.0, max(0.0, (px * dx + py * dy) / square)) if square else 0.0
    return math.hypot(px - t * dx, py - t * dy) * 111_320.0


def _metres(a: Point, b: Point) -> float:
    return _away(a, b, b)


def _inside(rings: list[list[Point]], point: Point) -> bool:
    inside = False
    x, y = point
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
    return inside


def write_places(pbf: Path, geonames: Path, out: Path) -> dict[str, int]:
    """Write the file and return the number of places per country."""
    made = {"AD": andorran_places(pbf), "ES": spanish_places(geonames)}
    data = zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(made))
    out.write_bytes(data)
    return {country: len(rows) for country, rows in made.items()}


if __name__ == "__main__":
    write_places(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
