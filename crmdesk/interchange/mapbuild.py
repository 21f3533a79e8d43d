"""Map packs from an OpenStreetMap extract (``.osm.pbf``).

Owns which tags are drawn, how far each level of detail is simplified, and how much of a file is
taken at most. What a road's tags mean is ``roadtags``'s, the network ``mapnetwork``'s, the format
``mappack``'s. Needs the optional ``osmium`` package.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _
from crmdesk.interchange.mapnetwork import Way, cut_ways
from crmdesk.interchange.mappack import (
    FORMAT,
    ROAD_CLASSES,
    Label,
    Level,
    MapPack,
    Shape,
    encode_line,
    simplify,
    write_pack,
)
from crmdesk.interchange.mapturns import Restriction, restriction_of
from crmdesk.interchange.roadtags import road_of, whole_number

if TYPE_CHECKING:
    from types import ModuleType

Point = tuple[float, float]

ATTRIBUTION = "© OpenStreetMap contributors"
_METRE = 1 / 111_320  # degrees of latitude

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


MOST_BYTES = 1_500_000_000
MOST_POINTS = 15_000_000
_MOST_LABELS, _LONGEST_NAME = 200_000, 120
_TELL_EVERY = 4096


@dataclass(slots=True)
class _Collected:
    areas: list[tuple[str, list[list[Point]]]] = field(default_factory=list)
    lines: list[tuple[str, list[Point]]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    border: list[list[Point]] = field(default_factory=list)
    turns: list[Restriction] = field(default_factory=list)
    points: int = 0

    def count(self, points: int) -> None:
        """Points that are kept; UserError when a computer could not hold them all."""
        self.points += points
        if self.points > MOST_POINTS or len(self.labels) > _MOST_LABELS:
            raise too_large()


def build_pack(
    pbf: Path, out: Path, *, title: str = "", progress: Callable[[str], None] | None = None
) -> MapPack:
    """Make a map pack from an extract, write it to ``out`` and return it.

    ``progress`` hears each stage, and the reading of the file again and again; it may raise to
    stop. Nothing is written before the end.

    Raises:
        NotFound: there is no such file.
        UserError: the file is damaged, holds no roads or too much, or the ``maps`` extra is not
            installed.
    """
    osmium = require_osmium()
    if not pbf.is_file():
        raise NotFound(
            _("There is no map extract {path}.").format(path=pbf),
            _("Download an .osm.pbf extract of your region first."),
        )
    if pbf.stat().st_size > MOST_BYTES:
        raise too_large()
    say = progress or (lambda _stage: None)
    say("reading")
    found = _collect(osmium, pbf, say)
    say("roads")
    names, edges, bans = cut_ways(found.ways, found.turns)
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
        bans=bans,
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


def too_large() -> UserError:
    """The sentence for an extract that is more than a laptop can hold."""
    return UserError(
        _("This extract is too large to make a map of on a computer like this."),
        _("Choose a smaller one: a province instead of a country."),
    )


def _collect(osmium: ModuleType, pbf: Path, say: Callable[[str], None]) -> _Collected:
    found = _Collected()
    try:
        things = osmium.FileProcessor(str(pbf)).with_locations().with_areas()
        for number, thing in enumerate(things):
            if number % _TELL_EVERY == 0 and number:
                say("reading")
            if thing.is_node():
                _take_node(found, thing)
            elif thing.is_way():
                _take_way(found, thing)
            elif thing.is_area():
                _take_area(found, thing)
            elif thing.is_relation():
                _take_relation(found, thing)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            _("{name} is no map extract, or it is damaged.").format(name=pbf.name),
            _("Download it again; its name ends in .osm.pbf."),
        ) from error
    return found


def _take_node(found: _Collected, node: Any) -> None:
    kind, name = node.tags.get("place"), node.tags.get("name")
    if kind in _RANKS and name and node.location.valid():
        people = whole_number(node.tags.get("population", ""), 99_999_999)
        rank = _RANKS[kind] + (0 if people >= 10_000 or kind != "town" else 1)
        at = node.location
        found.labels.append(
            Label(name[:_LONGEST_NAME], kind, rank, round(at.lon, 5), round(at.lat, 5))
        )
        found.count(1)


def _take_way(found: _Collected, way: Any) -> None:
    tags = way.tags
    road, waterway = road_of(tags), tags.get("waterway")
    if road is None and waterway not in ("river", "stream", "canal"):
        return
    placed = [n for n in way.nodes if n.location.valid()]
    points = [(n.location.lon, n.location.lat) for n in placed]
    if len(points) < 2:
        return
    found.count(len(points))
    if waterway:
        found.lines.append(("stream" if waterway == "stream" else "river", points))
    elif road is not None:
        name = tags.get("name", "")[:_LONGEST_NAME]
        found.ways.append(Way(way.id, road, name, [n.ref for n in placed], points))


def _take_relation(found: _Collected, relation: Any) -> None:
    turn = restriction_of(relation)
    if turn is not None:
        found.count(1)
        found.turns.append(turn)


def _take_area(found: _Collected, area: Any) -> None:
    kind = _area_kind(area.tags)
    country = area.tags.get("boundary") == "administrative" and area.tags.get("admin_level") == "2"
    if not kind and not country:
        return
    for outer in area.outer_rings():
        rings = [[(n.lon, n.lat) for n in outer]]
        rings += [[(n.lon, n.lat) for n in inner] for inner in area.inner_rings(outer)]
        found.count(sum(map(len, rings)))
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
            Shape(way.road.road_class, [encode_line(simplify(way.points, tolerance))])
            for way in found.ways
            if ROAD_CLASSES.index(way.road.road_class) >= floor
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
