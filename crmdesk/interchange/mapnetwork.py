"""Ways of an extract cut at junctions: the road network of a map pack.

Owns the numbers of junctions, and how a ferry's time is shared out over its stretches. What tags
mean is ``roadtags``'s, which turns are forbidden ``mapturns``'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from crmdesk.interchange.mappack import ROAD_CLASSES, Edge, encode_line, simplify
from crmdesk.interchange.maproads import distance_m
from crmdesk.interchange.mapturns import Restriction, Touching, bans_of, turnings_about
from crmdesk.interchange.roadtags import Road
from crmdesk.planning.turns import Ban

Point = tuple[float, float]
_TOLERANCE = 1.5 / 111_320  # degrees of latitude: a metre and a half


@dataclass(slots=True)
class Way:
    """A road or ferry of the extract: its nodes, and where they are."""

    number: int
    road: Road
    name: str
    nodes: list[int]
    points: list[Point]


def cut_ways(
    ways: Sequence[Way], turns: Sequence[Restriction]
) -> tuple[list[str], list[Edge], list[Ban]]:
    """Cut the ways at junctions into edges between numbered nodes; names, edges, turns."""
    uses: Counter[int] = Counter()
    for way in ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    numbers: defaultdict[int, int] = defaultdict(lambda: len(numbers))
    names: dict[str, int] = {"": 0}
    edges: list[Edge] = []
    touching = Touching(frozenset(turn.via for turn in turns))
    for way in ways:
        begin, road = 0, way.road
        whole = _metres(way.points) if road.seconds else 0.0
        for index in range(1, len(way.nodes)):
            if uses[way.nodes[index]] > 1:
                part = way.points[begin : index + 1]
                ends = way.nodes[begin], way.nodes[index]
                if road.car:
                    touching.add(len(edges), way.number, ends, road.oneway)
                edges.append(
                    Edge(
                        numbers[ends[0]],
                        numbers[ends[1]],
                        ROAD_CLASSES.index(road.road_class),
                        road.speed_kmh if road.car else 0,
                        road.oneway,
                        names.setdefault(way.name, len(names)),
                        encode_line(simplify(part, _TOLERANCE)),
                        max(1, round(road.seconds * _metres(part) / whole)) if whole else 0,
                    )
                )
                begin = index
    bans = bans_of(turns, touching, numbers)
    return list(names), edges, sorted({*bans, *turnings_about(bans, edges)})


def _metres(points: Sequence[Point]) -> float:
    return sum(map(distance_m, points, points[1:]))
