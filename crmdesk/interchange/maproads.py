"""Routes over the roads of a map pack.

Owns the road graph in memory, finding the road beside a place, and the fastest way between two
places (Dijkstra with a lower bound, that is A*). It serves the drawing of a day's route and
estimates of a leg; planning many customers at once is the planning package's work.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from crmdesk.interchange.mappack import NO_STOPS, MapPack, decode_line, seconds_of
from crmdesk.planning.turns import part_junctions

Point = tuple[float, float]  # longitude, latitude

_CELL = 0.005  # degrees; the grid that finds nearby roads
_REACH_M = 3_000.0
_TURN = -1  # in place of an edge: a turn at a parted junction
_METRES_PER_DEGREE = 111_320.0
_FASTEST_M_S = 110 / 3.6


@dataclass(frozen=True, slots=True)
class Leg:
    """A way between two places: its line, length and driving time; ``on_road`` is its honesty."""

    line: tuple[Point, ...]
    distance_m: float
    duration_s: float
    on_road: bool


@dataclass(frozen=True, slots=True)
class _Snap:
    """The nearest point of an edge: which stretch of its line, and how far along it in metres."""

    edge: int
    segment: int
    point: Point
    along_m: float
    away_m: float


def straight_leg(origin: Point, target: Point) -> Leg:
    """The fallback without roads: great circle times 1.35 at 45 km/h, drawn as a straight line."""
    distance = distance_m(origin, target) * 1.35
    return Leg((origin, target), distance, distance / (45 / 3.6), on_road=False)


def distance_m(a: Point, b: Point) -> float:
    """Metres between two near places (equirectangular, within 0.1 % under 100 km)."""
    shrink = math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot((a[0] - b[0]) * shrink, a[1] - b[1]) * _METRES_PER_DEGREE


class RoadGraph:
    """The network of one pack, ready to be asked for legs."""

    def __init__(self, pack: MapPack) -> None:
        self._edges = pack.edges
        self._lines = [decode_line(edge.line) for edge in pack.edges]
        self._lengths = [
            sum(distance_m(a, b) for a, b in itertools.pairwise(line)) for line in self._lines
        ]
        self._seconds = [
            seconds_of(edge, length) if edge.speed_kmh > 0 else math.inf
            for edge, length in zip(pack.edges, self._lengths, strict=True)
        ]
        parted = part_junctions(pack.edges, pack.bans)
        self._ends_of = parted.ends
        self._out: defaultdict[int, list[tuple[int, int, float]]] = defaultdict(list)
        self._places: dict[int, Point] = {}
        self._grid: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self._drivable = [n for n, edge in enumerate(self._edges) if edge.speed_kmh > 0]
        for number in self._drivable:
            self._add(number)
        for begin, target in parted.turns:
            self._out[begin].append((target, _TURN, 0.0))
        for place, junction in parted.junction_of.items():
            if junction in self._places:
                self._places[place] = self._places[junction]
        self._keep_largest_network()

    def leg(self, origin: Point, target: Point) -> Leg:
        """The fastest way by road, or the straight fallback where no road joins the two."""
        start, end = self._snap(origin), self._snap(target)
        if start is None or end is None:
            return straight_leg(origin, target)
        if start.edge == end.edge:
            return self._within_edge(start, end)
        found = self._search(start, end)
        return found if found is not None else straight_leg(origin, target)

    def route(self, stops: Sequence[Point]) -> list[Leg]:
        """The legs between consecutive stops; one fewer than the stops."""
        return [self.leg(a, b) for a, b in itertools.pairwise(stops)]

    def _add(self, number: int) -> None:
        edge, line = self._edges[number], self._lines[number]
        seconds, ends = self._seconds[number], self._ends_of[number]
        self._places[edge.start], self._places[edge.end] = line[0], line[-1]
        if edge.oneway >= 0:
            self._out[ends.onto_start].append((ends.off_end, number, seconds))
        if edge.oneway <= 0:
            self._out[ends.onto_end].append((ends.off_start, number, seconds))

    def _keep_largest_network(self) -> None:
        """Only edges of the largest connected network can be snapped to."""
        neighbours: defaultdict[int, list[int]] = defaultdict(list)
        for edge in (self._edges[number] for number in self._drivable):
            neighbours[edge.start].append(edge.end)
            neighbours[edge.end].append(edge.start)
        seen: set[int] = set()
        largest: set[int] = set()
        for node in neighbours:
            if node in seen:
                continue
            island, stack = {node}, [node]
            while stack:
                for other in neighbours[stack.pop()]:
                    if other not in island:
                        island.add(other)
                        stack.append(other)
            seen |= island
            largest = max(largest, island, key=len)
        for number in self._drivable:
            edge = self._edges[number]
            if edge.start in largest and edge.road_class not in NO_STOPS:
                for cell in _cells(self._lines[number]):
                    self._grid[cell].append(number)

    def _snap(self, point: Point) -> _Snap | None:
        best: _Snap | None = None
        column, row = _cell(point)
        for ring in range(7):
            for cell in _ring(column, row, ring):
                for number in self._grid.get(cell, ()):
                    snap = self._project(number, point)
                    if best is None or snap.away_m < best.away_m:
                        best = snap
            if best is not None and best.away_m < ring * _CELL * _METRES_PER_DEGREE * 0.7:
                break
        return best if best is not None and best.away_m <= _REACH_M else None

    def _project(self, number: int, point: Point) -> _Snap:
        line = self._lines[number]
        shrink = math.cos(math.radians(point[1]))
        best = _Snap(number, 0, line[0], 0.0, math.inf)
        along = 0.0
        for segment, (a, b) in enumerate(itertools.pairwise(line)):
            dx, dy = (b[0] - a[0]) * shrink, b[1] - a[1]
            px, py = (point[0] - a[0]) * shrink, point[1] - a[1]
            square = dx * dx + dy * dy
            t = min(1.0, max(0.0, (px * dx + py * dy) / square)) if square else 0.0
            away = math.hypot(px - t * dx, py - t * dy) * _METRES_PER_DEGREE
            length = math.sqrt(square) * _METRES_PER_DEGREE
            if away < best.away_m:
                on = (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)
                best = _Snap(number, segment, on, along + t * length, away)
            along += length
        return best

    def _search(self, start: _Snap, end: _Snap) -> Leg | None:
        goal = end.point
        arrivals = self._ends(end, leaving=False)
        open_: list[tuple[float, float, int]] = []
        cost: dict[int, float] = {}
        came: dict[int, tuple[int, int]] = {}
        for node, seconds in self._ends(start, leaving=True).items():
            cost[node] = seconds
            heapq.heappush(open_, (seconds + self._bound(node, goal), seconds, node))
        best, last = math.inf, -1
        while open_ and open_[0][0] < best:
            _estimate, seconds, node = heapq.heappop(open_)
            if seconds > cost[node]:
                continue
            if node in arrivals and seconds + arrivals[node] < best:
                best, last = seconds + arrivals[node], node
            for other, number, step in self._out[node]:
                reached = seconds + step
                if reached < cost.get(other, math.inf):
                    cost[other] = reached
                    came[other] = (node, number)
                    heapq.heappush(open_, (reached + self._bound(other, goal), reached, other))
        return self._assemble(start, end, came, last, best) if last >= 0 else None

    def _bound(self, node: int, goal: Point) -> float:
        return distance_m(self._places[node], goal) / _FASTEST_M_S

    def _ends(self, snap: _Snap, *, leaving: bool) -> dict[int, float]:
        """Seconds between the snapped point and each end of its edge it may be driven to."""
        oneway, places = self._edges[snap.edge].oneway, self._ends_of[snap.edge]
        share = snap.along_m / (self._lengths[snap.edge] or 1.0)
        seconds = self._seconds[snap.edge]
        start = places.off_start if leaving else places.onto_start
        end = places.off_end if leaving else places.onto_end
        ends: dict[int, float] = {}
        if oneway >= 0 if leaving else oneway <= 0:
            ends[end] = (1.0 - share) * seconds
        if oneway <= 0 if leaving else oneway >= 0:
            ends[start] = min(ends.get(start, math.inf), share * seconds)
        return ends

    def _assemble(
        self, start: _Snap, end: _Snap, came: dict[int, tuple[int, int]], last: int, seconds: float
    ) -> Leg:
        steps: list[tuple[int, int]] = []
        node = last
        while node in came:
            before, number = came[node]
            if number != _TURN:
                steps.append((before, number))
            node = before
        line = self._piece(start, node)
        for before, number in reversed(steps):
            part = self._lines[number]
            line += part[1:] if self._ends_of[number].onto_start == before else part[-2::-1]
        line += self._piece(end, last)[::-1][1:]
        return Leg(tuple(line), _length(line), seconds, on_road=True)

    def _piece(self, snap: _Snap, node: int) -> list[Point]:
        """From the snapped point along its edge to one of the edge's nodes."""
        line = self._lines[snap.edge]
        ends = self._ends_of[snap.edge]
        if node in (ends.off_end, ends.onto_end) and line[-1] == self._places[node]:
            return [snap.point, *line[snap.segment + 1 :]]
        return [snap.point, *line[snap.segment :: -1]]

    def _within_edge(self, start: _Snap, end: _Snap) -> Leg:
        line = self._lines[start.edge]
        if start.along_m <= end.along_m:
            middle = line[start.segment + 1 : end.segment + 1]
        else:
            middle = line[end.segment + 1 : start.segment + 1][::-1]
        points = [start.point, *middle, end.point]
        share = abs(end.along_m - start.along_m) / (self._lengths[start.edge] or 1.0)
        return Leg(tuple(points), _length(points), share * self._seconds[start.edge], on_road=True)


def _length(line: Sequence[Point]) -> float:
    return sum(distance_m(a, b) for a, b in itertools.pairwise(line))


def _cell(point: Point) -> tuple[int, int]:
    return math.floor(point[0] / _CELL), math.floor(point[1] / _CELL)


def _cells(line: Sequence[Point]) -> set[tuple[int, int]]:
    """Every grid cell the line passes, by sampling each segment finer than a cell."""
    cells = {_cell(point) for point in line}
    for a, b in itertools.pairwise(line):
        pieces = int(max(abs(b[0] - a[0]), abs(b[1] - a[1])) / (_CELL / 2)) + 1
        cells |= {
            _cell((a[0] + (b[0] - a[0]) * i / pieces, a[1] + (b[1] - a[1]) * i / pieces))
            for i in range(1, pieces)
        }
    return cells


def _ring(column: int, row: int, distance: int) -> list[tuple[int, int]]:
    """The grid cells exactly ``distance`` steps away."""
    if not distance:
        return [(column, row)]
    span = range(-distance, distance + 1)
    edges = [(column + i, row + s) for i in span for s in (-distance, distance)]
    inner = span[1:-1]
    return edges + [(column + s, row + i) for i in inner for s in (-distance, distance)]
