"""Drives over roads: the fast search against a plain one, one-way streets, and places off roads."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning import roadnet
from crmdesk.planning.roadmatrix import costs_between, km_of, minutes_of
from crmdesk.planning.roadnet import FAR, METRE_BITS, NetworkTooLarge, RoadEdge, build_network
from crmdesk.planning.roadsnap import Snap, Snapper

_STEP = 900  # 1e-5 degrees: about a kilometre of latitude


def _edge(start: int, end: int, seconds: float = 60.0, oneway: int = 0, **more: bool) -> RoadEdge:
    line = [(start * _STEP, 0), (end * _STEP, (start + end) % 3 * 40)]
    return RoadEdge(start, end, seconds * 10, seconds, oneway, more.get("stop_here", True), line)


def _seconds(edges: Sequence[RoadEdge], source: int) -> dict[int, float]:
    """Dijkstra as in a textbook, over whole milliseconds."""
    out: dict[int, list[tuple[int, int]]] = {}
    for edge in edges:
        cost = round(edge.seconds * 1000)
        if edge.oneway >= 0:
            out.setdefault(edge.start, []).append((edge.end, cost))
        if edge.oneway <= 0:
            out.setdefault(edge.end, []).append((edge.start, cost))
    best, queue = {source: 0}, [(0, source)]
    while queue:
        cost, node = heapq.heappop(queue)
        if cost > best[node]:
            continue
        for other, step in out.get(node, ()):
            if cost + step < best.get(other, 1 << 60):
                best[other] = cost + step
                heapq.heappush(queue, (cost + step, other))
    return {node: cost / 1000 for node, cost in best.items()}


_EDGES = st.lists(
    st.tuples(
        st.integers(0, 11), st.integers(0, 11), st.integers(1, 600), st.sampled_from((-1, 0, 0, 1))
    ),
    min_size=1,
    max_size=40,
)


@given(_EDGES)
def test_every_way_is_as_fast_as_a_plain_search_finds_it(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    edges = [_edge(a, b, seconds, oneway) for a, b, seconds, oneway in drawn if a != b]
    network = build_network(edges)
    kept = roadnet._joined(edges)
    ends = [Snap(n, share, 0.0) for n in range(len(kept)) for share in (0.0, 1.0)]
    places = [node for edge in kept for node in (edge.start, edge.end)]
    costs = costs_between(network, ends, ends)
    for row, source in enumerate(places):
        reach = _seconds(kept, source)
        for column, target in enumerate(places):
            # The largest joined network: everything leads everywhere. A one-way stretch cannot be
            # left at its begin nor reached at its end without being driven, so ends only bound.
            found = costs[row, column]
            assert found < FAR
            if kept[row // 2].oneway == 0 and kept[column // 2].oneway == 0:
                assert (int(found) >> METRE_BITS) / 1000 == pytest.approx(reach[target], abs=0.01)


def test_a_one_way_street_is_left_at_its_end_only() -> None:
    # A square driven one way round: from the third side back to the second is three sides on.
    edges = [_edge(n, (n + 1) % 4, 60, 1) for n in range(4)]
    network = build_network(edges)
    costs = costs_between(network, [Snap(2, 0.5, 0.0)], [Snap(1, 0.5, 0.0), Snap(2, 0.75, 0.0)])
    assert minutes_of(costs)[0].tolist() == pytest.approx([3.0, 0.25])
    assert km_of(costs)[0].tolist() == pytest.approx([1.8, 0.15], abs=0.002)


def test_what_cannot_be_left_again_is_no_part_of_the_network() -> None:
    dead_end = _edge(2, 3, 60, 1)
    network = build_network([_edge(0, 1), _edge(1, 2), dead_end])
    assert network.junctions == 3
    assert len(network.edge_start) == 2


def test_places_far_from_roads_are_on_none_and_have_no_way() -> None:
    network = build_network([_edge(0, 1), _edge(1, 2)])
    snapper = Snapper(network)
    near, far = snapper.snap(0.0, 0.009), snapper.snap(0.5, 0.5)
    assert near is not None
    assert far is None
    assert snapper.snap(math.nan, 0.0) is None
    costs = costs_between(network, [near, far], [near, far])
    assert costs[0, 0] < FAR
    assert (costs[1] == FAR).all()
    assert np.isinf(minutes_of(costs)[1, 0])


def test_the_way_from_the_road_to_the_door_counts() -> None:
    network = build_network([_edge(0, 1)])
    snapper = Snapper(network)
    at_the_road, off = snapper.snap(0.0, 0.0), snapper.snap(0.0075, 0.0)
    assert at_the_road is not None
    assert off is not None
    assert off.away_m == pytest.approx(835, rel=0.02)
    costs = costs_between(network, [at_the_road], [off])
    assert km_of(costs)[0, 0] == pytest.approx(0.835, abs=0.04)
    assert minutes_of(costs)[0, 0] == pytest.approx(835 / 250, rel=0.05)


def test_nobody_begins_on_a_field_track_but_drives_may_use_it() -> None:
    network = build_network([_edge(0, 1), _edge(1, 2, stop_here=False), _edge(2, 3)])
    assert len(network.edge_start) == 2
    costs = costs_between(network, [Snap(0, 0.0, 0.0)], [Snap(1, 1.0, 0.0)])
    assert minutes_of(costs)[0, 0] == pytest.approx(3.0)


def test_no_roads_at_all_is_a_network_without_places() -> None:
    network = build_network([])
    assert network.junctions == 0
    assert Snapper(network).snap(42.5, 1.5) is None


def test_too_many_junctions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roadnet, "MOST_JUNCTIONS", 3)
    with pytest.raises(NetworkTooLarge):
        build_network([_edge(n, n + 1) for n in range(5)])
    monkeypatch.setattr(roadnet, "MOST_JUNCTIONS", 100)
    monkeypatch.setattr(roadnet, "MOST_ARCS", 2)
    with pytest.raises(NetworkTooLarge):
        build_network([_edge(n, n + 1) for n in range(5)])
