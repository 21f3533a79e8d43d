"""Forbidden turns: every way over a parted network beside a search that goes from road to road."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning import roadnet
from crmdesk.planning.roadmatrix import costs_between, minutes_of
from crmdesk.planning.roadnet import FAR, METRE_BITS, RoadEdge, build_network
from crmdesk.planning.roadsnap import Snap
from crmdesk.planning.turns import Ban


def _edge(start: int, end: int, seconds: float = 60.0, oneway: int = 0) -> RoadEdge:
    line = [(start * 900, 0), (end * 900, (start + end) % 3 * 40)]
    return RoadEdge(start, end, seconds * 10, seconds, oneway, stop_here=True, line=line)


def _from_middle(edges: Sequence[RoadEdge], bans: set[Ban], source: int) -> dict[int, float]:
    """Seconds from the middle of one road to the middle of each, by roads and their directions."""
    best: dict[tuple[int, int], float] = {}
    reached = {source: 0.0}
    queue = [
        (edges[source].seconds / 2, source, way)
        for way in (1, -1) if edges[source].oneway in (0, way)
    ]  # fmt: skip
    while queue:
        seconds, road, way = heapq.heappop(queue)
        if (road, way) in best:
            continue
        best[road, way] = seconds
        at = edges[road].end if way > 0 else edges[road].start
        for other, edge in enumerate(edges):
            for onto, begin in ((1, edge.start), (-1, edge.end)):
                if begin != at or edge.oneway == -onto or (road, at, other) in bans:
                    continue
                middle = seconds + edge.seconds / 2
                reached[other] = min(reached.get(other, middle), middle)
                heapq.heappush(queue, (seconds + edge.seconds, other, onto))
    return reached


_ROADS = st.lists(
    st.tuples(
        st.integers(0, 7), st.integers(0, 7), st.integers(1, 300), st.sampled_from((-1, 0, 0, 1))
    ),
    min_size=3,
    max_size=20,
)


@given(_ROADS, st.randoms(use_true_random=False), st.integers(0, 25))
def test_no_way_takes_a_forbidden_turn_and_none_is_longer_than_it_must_be(
    drawn: list[tuple[int, int, int, int]], chance: object, percent: int
) -> None:
    roads = [_edge(a, b, 2.0 * seconds, oneway) for a, b, seconds, oneway in drawn if a != b]
    edges = roadnet._joined(roads)
    turns = [
        (one, at, other)
        for one, edge in enumerate(edges) for at in (edge.start, edge.end)
        for other, onto in enumerate(edges) if at in (onto.start, onto.end)
    ]  # fmt: skip
    bans = {turn for turn in turns if chance.random() * 100 < percent}  # type: ignore[attr-defined]
    network = build_network(edges, bans=bans)
    middles = [Snap(n, 0.5, 0.0) for n in range(len(edges))]
    costs = costs_between(network, middles, middles)
    for source in range(len(edges)):
        reached = _from_middle(edges, bans, source)
        for target in range(len(edges)):
            found = int(costs[source, target])
            if target in reached:
                assert (found >> METRE_BITS) / 1000 == pytest.approx(reached[target], abs=0.02)
            else:
                assert found >= FAR


def test_a_forbidden_left_turn_is_driven_round_the_block() -> None:
    # West - crossing - east, and a block north of it: 0 - 1 - 2, 1 - 3, 2 - 3.
    west, east, north, back = _edge(0, 1), _edge(1, 2), _edge(1, 3), _edge(2, 3)
    edges = [west, east, north, back]
    there, home = Snap(0, 0.5, 0.0), Snap(2, 0.5, 0.0)
    free = minutes_of(costs_between(build_network(edges), [there, home], [there, home]))
    assert (free[0, 1], free[1, 0]) == (1.0, 1.0)
    bans = [(0, 1, 2), (1, 2, 1), (0, 1, 0)]  # no left turn, and no turning about behind it
    kept = minutes_of(costs_between(build_network(edges, bans=bans), [there, home], [there, home]))
    assert (kept[0, 1], kept[1, 0]) == (3.0, 1.0)


def test_forbidden_turns_of_roads_that_are_left_out_are_left_out_too() -> None:
    island = _edge(8, 9)
    network = build_network([island, _edge(0, 1), _edge(1, 2)], bans=[(0, 9, 0), (1, 1, 2)])
    costs = costs_between(network, [Snap(0, 0.5, 0.0)], [Snap(1, 0.5, 0.0)])
    assert costs[0, 0] >= FAR
