"""A road network ready for many-to-many drives: compressed arrays and the order to search them.

Owns making them. Junctions are eliminated one by one, those with the fewest roads first, and
every pair of neighbours of an eliminated junction is joined by the drive through it (a
customizable contraction hierarchy without separators: Dibbelt, Strasser and Wagner 2014). A
fastest way is then found by walking up two short chains of junctions. Drives are asked of
:mod:`crmdesk.planning.roadmatrix`, places are put on roads by :mod:`crmdesk.planning.roadsnap`.

A cost is one integer: milliseconds above, metres below. So the least cost is the fastest way and
carries its own length; sums stay exact.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmdesk.planning.turns import Ban, Parted, part_junctions

METRE_BITS: Final = 24
FAR: Final = 1 << 61
"""No way at all; twice this still fits into 64 bits."""
MOST_JUNCTIONS: Final = 4_000_000
MOST_ARCS: Final = 40_000_000
_TELL_EVERY = 4096


class NetworkTooLarge(ValueError):
    """More roads than a laptop can prepare; a smaller extract is the answer."""


@dataclass(frozen=True, slots=True)
class RoadEdge:
    """A stretch between junctions ``start`` and ``end``, ``metres`` long, driven in ``seconds``.

    ``oneway`` is 1 forwards, -1 backwards, 0 both ways. ``stop_here`` is false where nobody
    begins or ends a drive (field tracks). ``line`` is (longitude, latitude) in 1e-5 degrees.
    """

    start: int
    end: int
    metres: float
    seconds: float
    oneway: int
    stop_here: bool
    line: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RoadNetwork:
    """Junctions in the order of their elimination, and the stretches that places are put on.

    ``head[first[v]:first[v + 1]]`` are the higher junctions joined to ``v``, ``up`` the costs from
    ``v`` to them and ``down`` from them to ``v``; ``parent[v]`` is the lowest of them, -1 at the
    top. Stretch ``e`` leads to ``edge_start[e]`` and ``edge_end[e]`` and is driven onto from
    ``onto_start[e]`` and ``onto_end[e]`` (the same where no turn is forbidden), at ``forward[e]``
    and ``backward[e]``; its points are ``line[line_first[e]:line_first[e + 1]]``, 1e-5 degrees.
    """

    first: NDArray[np.int64]
    head: NDArray[np.int32]
    up: NDArray[np.int64]
    down: NDArray[np.int64]
    parent: NDArray[np.int32]
    edge_start: NDArray[np.int32]
    edge_end: NDArray[np.int32]
    onto_start: NDArray[np.int32]
    onto_end: NDArray[np.int32]
    forward: NDArray[np.int64]
    backward: NDArray[np.int64]
    line_first: NDArray[np.int64]
    line: NDArray[np.int32]

    @property
    def junctions(self) -> int:
        """How many junctions there are."""
        return len(self.parent)


def cost_of(seconds: float, metres: float) -> int:
    """The cost of a drive."""
    return (round(seconds * 1000) << METRE_BITS) | min(round(metres), (1 << METRE_BITS) - 1)


def build_network(
    edges: Iterable[RoadEdge],
    tell: Callable[[int, int], None] | None = None,
    bans: Iterable[Ban] = (),
) -> RoadNetwork:
    """The network of all roads that can be driven to and from one another.

    ``bans`` are forbidden turns between edges, by their places in ``edges``. ``tell`` hears
    (junctions done, junctions in all) now and then and may raise to stop.

    Raises:
        NetworkTooLarge: there are too many junctions, or too many ways between them.
    """
    every = list(edges)
    kept = _joined(every)
    parted = part_junctions(kept, _bans_among(every, kept, bans))
    numbers: dict[int, int] = {}
    for ends in parted.ends:
        for place in (ends.off_start, ends.off_end, ends.onto_start, ends.onto_end):
            numbers.setdefault(place, len(numbers))
    for turn in parted.turns:
        for place in turn:
            numbers.setdefault(place, len(numbers))
    if len(numbers) > MOST_JUNCTIONS:
        raise NetworkTooLarge
    arcs = _arcs(kept, parted, numbers)
    order = _eliminate(arcs, tell or (lambda _done, _all: None))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return _packed(kept, parted, numbers, arcs, order, rank)


def _bans_among(
    every: Sequence[RoadEdge], kept: Sequence[RoadEdge], bans: Iterable[Ban]
) -> list[Ban]:
    """The forbidden turns between edges that were kept, by their new places."""
    new = {id(edge): n for n, edge in enumerate(kept)}
    places = {n: new[id(edge)] for n, edge in enumerate(every) if id(edge) in new}
    return [
        (places[arriving], junction, places[leaving])
        for arriving, junction, leaving in bans
        if arriving in places and leaving in places
    ]


_Arcs = list[dict[int, tuple[int, int]]]
"""Per junction: neighbour → (cost there, cost back)."""


def _arcs(edges: Sequence[RoadEdge], parted: Parted, numbers: dict[int, int]) -> _Arcs:
    arcs: _Arcs = [{} for _ in numbers]

    def join(begin: int, target: int, cost: int) -> None:
        a, b = numbers[begin], numbers[target]
        if a != b:
            there, back = arcs[a].get(b, (FAR, FAR))
            there = min(there, cost)
            arcs[a][b], arcs[b][a] = (there, back), (back, there)

    for edge, ends in zip(edges, parted.ends, strict=True):
        cost = cost_of(edge.seconds, edge.metres)
        if edge.oneway >= 0:
            join(ends.onto_start, ends.off_end, cost)
        if edge.oneway <= 0:
            join(ends.onto_end, ends.off_start, cost)
    for begin, target in parted.turns:
        join(begin, target, 0)
    return arcs


def _eliminate(arcs: _Arcs, tell: Callable[[int, int], None]) -> list[int]:
    """Join neighbours through each junction in turn; afterwards arcs lead upwards only."""
    queue = [(len(near), v) for v, near in enumerate(arcs)]
    heapq.heapify(queue)
    done = bytearray(len(arcs))
    order: list[int] = []
    total = 0
    while queue:
        degree, v = heapq.heappop(queue)
        near = arcs[v]
        if done[v]:
            continue
        if degree != len(near):
            heapq.heappush(queue, (len(near), v))
            continue
        done[v] = 1
        order.append(v)
        total += degree
        if total > MOST_ARCS:
            raise NetworkTooLarge
        if len(order) % _TELL_EVERY == 0:
            tell(len(order), len(arcs))
        _join_neighbours(arcs, v)
        for u in near:
            heapq.heappush(queue, (len(arcs[u]), u))
    return order


def _join_neighbours(arcs: _Arcs, v: int) -> None:
    near = list(arcs[v].items())
    for u, _costs in near:
        del arcs[u][v]
    for n, (a, (to_a, from_a)) in enumerate(near):
        of_a = arcs[a]
        for b, (to_b, from_b) in near[n + 1 :]:
            there, back = min(from_a + to_b, FAR), min(from_b + to_a, FAR)
            old = of_a.get(b)
            if old is not None:
                there, back = min(there, old[0]), min(back, old[1])
            of_a[b] = (there, back)
            arcs[b][a] = (back, there)


def _packed(
    edges: Sequence[RoadEdge],
    parted: Parted,
    numbers: dict[int, int],
    arcs: _Arcs,
    order: Sequence[int],
    rank: NDArray[np.int64],
) -> RoadNetwork:
    sizes = np.fromiter((len(arcs[v]) for v in order), np.int64, len(order))
    first = np.concatenate(([0], np.cumsum(sizes)))
    head = np.empty(int(first[-1]), np.int32)
    up, down = np.empty(len(head), np.int64), np.empty(len(head), np.int64)
    parent = np.full(len(order), -1, np.int32)
    at = 0
    for position, v in enumerate(order):
        for u, (there, back) in arcs[v].items():
            head[at], up[at], down[at] = rank[u], there, back
            at += 1
        if sizes[position]:
            parent[position] = head[first[position] : at].min()
    places = [n for n, edge in enumerate(edges) if edge.stop_here and len(edge.line) > 1]
    stops, ends = [edges[n] for n in places], [parted.ends[n] for n in places]
    costs = [cost_of(edge.seconds, edge.metres) for edge in stops]
    ways = [(edge.oneway >= 0, edge.oneway <= 0) for edge in stops]
    lines = np.array([len(edge.line) for edge in stops], np.int64)
    return RoadNetwork(
        first, head, up, down, parent,
        np.array([rank[numbers[one.off_start]] for one in ends], np.int32),
        np.array([rank[numbers[one.off_end]] for one in ends], np.int32),
        np.array([rank[numbers[one.onto_start]] for one in ends], np.int32),
        np.array([rank[numbers[one.onto_end]] for one in ends], np.int32),
        np.array([c if w[0] else FAR for c, w in zip(costs, ways, strict=True)], np.int64),
        np.array([c if w[1] else FAR for c, w in zip(costs, ways, strict=True)], np.int64),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lines))),
        np.array([point for edge in stops for point in edge.line], np.int32).reshape(-1, 2),
    )  # fmt: skip


def _joined(edges: list[RoadEdge]) -> list[RoadEdge]:
    """The edges of the largest set of junctions that all lead to one another."""
    there: dict[int, list[int]] = {}
    back: dict[int, list[int]] = {}
    for edge in edges:
        if edge.oneway >= 0:
            there.setdefault(edge.start, []).append(edge.end)
            back.setdefault(edge.end, []).append(edge.start)
        if edge.oneway <= 0:
            there.setdefault(edge.end, []).append(edge.start)
            back.setdefault(edge.start, []).append(edge.end)
    finished = _finishing(there)
    largest: set[int] = set()
    seen: set[int] = set()
    for root in reversed(finished):
        if root in seen:
            continue
        group, stack = {root}, [root]
        seen.add(root)
        while stack:
            for other in back.get(stack.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    group.add(other)
                    stack.append(other)
        if len(group) > len(largest):
            largest = group
    return [edge for edge in edges if edge.start in largest and edge.end in largest]


def _finishing(there: dict[int, list[int]]) -> list[int]:
    """Junctions in the order in which a depth-first search leaves them (Kosaraju's first pass)."""
    seen: set[int] = set()
    finished: list[int] = []
    for root, others in there.items():
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(others))]
        while stack:
            node, rest = stack[-1]
            for other in rest:
                if other not in seen:
                    seen.add(other)
                    stack.append((other, iter(there.get(other, ()))))
                    break
            else:
                stack.pop()
                finished.append(node)
    return finished
