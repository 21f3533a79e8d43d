"""Map packs from an OpenStreetMap extract (``.osm.pbf``).

Owns which tags are drawn, how far each level of detail is simplified, and how roads are cut
into a network. The format is ``mappack``'s. Needs the optional ``osmium`` package.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.interchange.mappack import (
    FORMAT,
    ROAD_CLASSES,
    Edge,
    Label,
    Level,
    MapPack,
    Shape,
    encode_line,
    simplify,
    write_pack,
)

if TYPE_CHECKING:
    from types import ModuleType

Point = tuple[float, float]

ATTRIBUTION = "© OpenStreetMap contributors"
_METRE = 1 / 111_320  # degrees of latitude

# highway=* → our class and a speed in km/h where the way has no maxspeed of its own.
_ROADS = {
    "motorway": ("trunk", 105), "trunk": ("trunk", 75), "primary": ("primary", 55),
    "secondary": ("secondary", 45), "tertiary": ("tertiary", 38), "unclassified": ("minor", 30),
    "residential": ("street", 24), "living_street": ("street", 12), "service": ("service", 14),
    "track": ("track", 10), "motorway_link": ("trunk", 60), "trunk_link": ("trunk", 45),
    "primary_link": ("primary", 40), "secondary_link": ("secondary", 35),
    "tertiary_link": ("tertiary", 30),
}  # fmt: skip
_AREAS = (
    ("natural", {"wood": "wood", "water": "water"}),
    ("landuse", {"forest": "wood", "reservoir": "water", "residential": "built",
                 "commercial": "built", "industrial": "built", "retail": "built"}),
    ("waterway", {"riverbank": "water"}),
    ("leisure", {"park": "wood"}),
)  # fmt: skip
_RANKS = {"city": 0, "town": 1, "village": 3, "hamlet": 5}
# zoom_from, tolerance in metres, least area in hectares, least road class; the last and finest
# also has buildings and streams.
_LEVELS: tuple[tuple[float, float, float, str], ...] = (
    (0.0, 90.0, 12.0, "secondary"),
    (11.5, 18.0, 1.5, "minor"),
    (13.75, 2.0, 0.0, "track"),
)


@dataclass(slots=True)
class _Way:
    road_class: str
    speed_kmh: int
    oneway: int
    name: str
    nodes: list[int]
    points: list[Point]


@dataclass(slots=True)
class _Collected:
    areas: list[tuple[str, list[list[Point]]]] = field(default_factory=list)
    lines: list[tuple[str, list[Point]]] = field(default_factory=list)
    ways: list[_Way] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    border: list[list[Point]] = field(default_factory=list)


def build_pack(
    pbf: Path, out: Path, *, title: str = "", progress: Callable[[str], None] | None = None
) -> MapPack:
    """Make a map pack from an extract, write it to ``out`` and return it.

    Raises:
        UserError: the extract is absent, or the ``maps`` extra is not installed.
    """
    osmium = require_osmium()
    if not pbf.is_file():
        raise UserError(
            _("There is no map extract {path}.").format(path=pbf),
            _("Download an .osm.pbf extract of your region first."),
        )
    say = progress or (lambda _stage: None)
    say("reading")
    found = _collect(osmium, pbf)
    say("roads")
    names, edges = _network(found.ways)
    say("levels")
    pack = MapPack(
        format=FORMAT,
        title=title or pbf.name.split(".")[0].capitalize(),
        attribution=ATTRIBUTION,
        licence="ODbL-1.0",
        bounds=_bounds(found),
        levels=[_level(found, *spec, fine=spec is _LEVELS[-1]) for spec in _LEVELS],
        labels=sorted(found.labels, key=lambda label: (label.rank, label.text)),
        names=names,
        edges=edges,
    )
    say("writing")
    write_pack(pack, out)
    return pack


def require_osmium() -> ModuleType:
    """The ``osmium`` package, or a sentence that says how to get it."""
    try:
        import osmium
    except ImportError as error:
        raise UserError(
            _("Reading OpenStreetMap extracts needs the optional part “maps”."),
            _("Install it with: pip install crmdesk[maps]"),
        ) from error
    module: ModuleType = osmium
    return module


def _collect(osmium: ModuleType, pbf: Path) -> _Collected:
    found = _Collected()
    for thing in osmium.FileProcessor(str(pbf)).with_locations().with_areas():
        if thing.is_node():
            _take_node(found, thing)
        elif thing.is_way():
            _take_way(found, thing)
        elif thing.is_area():
            _take_area(found, thing)
    return found


def _take_node(found: _Collected, node: Any) -> None:
    kind, name = node.tags.get("place"), node.tags.get("name")
    if kind in _RANKS and name:
        population = node.tags.get("population", "")
        people = int(population) if population.isdigit() else 0
        rank = _RANKS[kind] + (0 if people >= 10_000 or kind != "town" else 1)
        found.labels.append(
            Label(name, kind, rank, round(node.location.lon, 5), round(node.location.lat, 5))
        )


def _take_way(found: _Collected, way: Any) -> None:
    tags = way.tags
    highway, waterway = tags.get("highway"), tags.get("waterway")
    if highway not in _ROADS and waterway not in ("river", "stream", "canal"):
        return
    placed = [n for n in way.nodes if n.location.valid()]
    points = [(n.location.lon, n.location.lat) for n in placed]
    if len(points) < 2:
        return
    if waterway:
        found.lines.append(("stream" if waterway == "stream" else "river", points))
    elif highway in _ROADS and tags.get("area") != "yes":
        road_class, speed = _ROADS[highway]
        found.ways.append(
            _Way(
                road_class,
                _speed(tags.get("maxspeed", ""), speed),
                _oneway(tags),
                tags.get("name", ""),
                [n.ref for n in placed],
                points,
            )
        )


def _speed(tagged: str, usual: int) -> int:
    """What is driven, in km/h: four fifths of a sensible limit, or the usual of the class."""
    limit = int(tagged) if tagged.isdigit() else 0
    return max(8, round(limit * 0.8)) if 10 <= limit <= 130 else usual


def _oneway(tags: Any) -> int:
    tagged = tags.get("oneway", "")
    if tagged == "-1":
        return -1
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") in (
        "motorway",
        "motorway_link",
    )
    return 1 if tagged in ("yes", "1", "true") or (implied and tagged != "no") else 0


def _take_area(found: _Collected, area: Any) -> None:
    kind = _area_kind(area.tags)
    country = area.tags.get("boundary") == "administrative" and area.tags.get("admin_level") == "2"
    if not kind and not country:
        return
    for outer in area.outer_rings():
        rings = [[(n.lon, n.lat) for n in outer]]
        rings += [[(n.lon, n.lat) for n in inner] for inner in area.inner_rings(outer)]
        if country:
            found.border.append(rings[0])
        else:
            found.areas.append((kind, rings))


def _area_kind(tags: Any) -> str:
    if "building" in tags:
        return "building"
    for key, kinds in _AREAS:
        kind = kinds.get(tags.get(key, ""))
        if kind:
            return str(kind)
    return ""


def _bounds(found: _Collected) -> tuple[float, float, float, float]:
    points = [point for way in found.ways for point in way.points]
    points += [point for ring in found.border for point in ring]
    if not points:
        raise UserError(
            _("The map extract holds no roads."), _("Choose an extract that covers your region.")
        )
    longitudes, latitudes = [p[0] for p in points], [p[1] for p in points]
    return (min(longitudes), min(latitudes), max(longitudes), max(latitudes))


def _network(ways: Iterable[_Way]) -> tuple[list[str], list[Edge]]:
    """Cut the ways at junctions into edges between numbered nodes."""
    ways = list(ways)
    uses: Counter[int] = Counter()
    for way in ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    numbers: defaultdict[int, int] = defaultdict(lambda: len(numbers))
    names: dict[str, int] = {"": 0}
    edges: list[Edge] = []
    for way in ways:
        begin = 0
        for index in range(1, len(way.nodes)):
            if uses[way.nodes[index]] > 1:
                part = simplify(way.points[begin : index + 1], 1.5 * _METRE)
                edges.append(
                    Edge(
                        numbers[way.nodes[begin]],
                        numbers[way.nodes[index]],
                        ROAD_CLASSES.index(way.road_class),
                        way.speed_kmh,
                        way.oneway,
                        names.setdefault(way.name, len(names)),
                        encode_line(part),
                    )
                )
                begin = index
    return list(names), edges


def _level(
    found: _Collected, zoom_from: float, metres: float, hectares: float, least: str, *, fine: bool
) -> Level:
    tolerance = metres * _METRE
    areas = []
    for kind, rings in found.areas:
        if kind == "building" and not fine:
            continue
        if _hectares(rings[0]) < hectares:
            continue
        kept = [simplify(ring, tolerance) for ring in rings if _hectares(ring) >= hectares]
        coded = [encode_line(ring) for ring in kept if len(ring) > 3]
        if coded:
            areas.append(Shape(kind, coded))
    lines = [
        Shape(kind, [encode_line(simplify(points, tolerance))])
        for kind, points in found.lines
        if fine or kind == "river"
    ]
    lines += [Shape("border", [encode_line(simplify(ring, tolerance))]) for ring in found.border]
    if not fine:  # the finest level draws the network's own edges
        floor = ROAD_CLASSES.index(least)
        lines += [
            Shape(way.road_class, [encode_line(simplify(way.points, tolerance))])
            for way in found.ways
            if ROAD_CLASSES.index(way.road_class) >= floor
        ]
    return Level(zoom_from, areas, lines)


def _hectares(ring: list[Point]) -> float:
    """Area of a small ring by the shoelace formula on an equirectangular plane."""
    if len(ring) < 4:
        return 0.0
    twice = sum(
        ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True)
    )
    shrink = math.cos(math.radians(ring[0][1]))
    return abs(twice) / 2 * shrink / (_METRE * _METRE) / 10_000
