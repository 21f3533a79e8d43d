"""Drives between many places over a road network: minutes and kilometres.

Owns the search: from a place up the chain of higher junctions, and from every target up its own;
the least sum at a junction on both is the fastest way (the elimination tree query of customizable
contraction hierarchies). Memory stays bounded: targets go in blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmdesk.planning.roadnet import FAR, METRE_BITS, RoadNetwork, cost_of
from crmdesk.planning.roadsnap import Snap

_BLOCK = 256
_TO_ROAD_M_S = 15 / 3.6
"""From the road to the door: a yard, a farm lane."""
_METRES: Final = (1 << METRE_BITS) - 1

_Chain = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Junctions, and the cost of each."""


def costs_between(
    network: RoadNetwork,
    sources: Sequence[Snap | None],
    targets: Sequence[Snap | None],
    check: Callable[[], None] | None = None,
) -> NDArray[np.int64]:
    """Costs (see :mod:`roadnet`) of the fastest ways, sources by targets; ``FAR`` for none.

    ``check`` is called between blocks and may raise to stop.
    """
    costs = np.full((len(sources), len(targets)), FAR, np.int64)
    ups = [_chain(network, snap, leaving=True) for snap in sources]
    for begin in range(0, len(targets), _BLOCK):
        block = targets[begin : begin + _BLOCK]
        if check is not None:
            check()
        downs = [_chain(network, snap, leaving=False) for snap in block]
        used = np.unique(np.concatenate([nodes for nodes, _cost in downs]))
        table = np.full((len(used) + 1, len(block)), FAR, np.int64)  # the last row is for nobody
        for column, (nodes, cost) in enumerate(downs):
            table[np.searchsorted(used, nodes), column] = cost
        for row, (nodes, cost) in enumerate(ups):
            at = np.searchsorted(used, nodes)
            known = at < len(used)
            known[known] = used[at[known]] == nodes[known]
            if known.any():
                through = table[at[known]] + cost[known, None]
                costs[row, begin : begin + len(block)] = through.min(axis=0)
    _within_stretches(network, sources, targets, costs)
    _to_the_doors(sources, targets, costs)
    np.minimum(costs, FAR, out=costs)
    return costs


def minutes_of(costs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Minutes of costs; infinite where there is no way."""
    return np.where(costs >= FAR, np.inf, (costs >> METRE_BITS) / 60_000.0)


def km_of(costs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Kilometres of costs; infinite where there is no way."""
    return np.where(costs >= FAR, np.inf, (costs & _METRES) / 1000.0)


def _chain(network: RoadNetwork, snap: Snap | None, *, leaving: bool) -> _Chain:
    """All junctions a place leads up to, with the cost from it (``leaving``) or to it."""
    if snap is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    there, back = int(network.forward[snap.edge]), int(network.backward[snap.edge])
    start, end = int(network.edge_start[snap.edge]), int(network.edge_end[snap.edge])
    if not leaving:
        there, back = back, there
        start, end = int(network.onto_start[snap.edge]), int(network.onto_end[snap.edge])
    nodes = _upwards(network, min(start, end))
    if max(start, end) not in nodes:  # where a turn is forbidden, the ends need not be joined
        nodes = np.union1d(nodes, _upwards(network, max(start, end)))
    place = {int(node): n for n, node in enumerate(nodes)}
    cost = np.full(len(nodes), FAR, np.int64)
    cost[place[end]] = _part(there, 1.0 - snap.share)
    cost[place[start]] = min(cost[place[start]], _part(back, snap.share))
    weights = network.up if leaving else network.down
    for n, node in enumerate(nodes):
        if cost[n] < FAR:
            first, last = network.first[node], network.first[node + 1]
            at = np.searchsorted(nodes, network.head[first:last])
            cost[at] = np.minimum(cost[at], cost[n] + weights[first:last])
    kept = cost < FAR
    return nodes[kept], cost[kept]


def _upwards(network: RoadNetwork, node: int) -> NDArray[np.int64]:
    chain = []
    while node >= 0:
        chain.append(node)
        node = int(network.parent[node])
    return np.array(chain, np.int64)


def _part(cost: int, share: float) -> int:
    if cost >= FAR:
        return FAR
    return cost_of((cost >> METRE_BITS) * share / 1000.0, (cost & _METRES) * share)


def _within_stretches(
    network: RoadNetwork,
    sources: Sequence[Snap | None],
    targets: Sequence[Snap | None],
    costs: NDArray[np.int64],
) -> None:
    """Two places on one stretch need not drive to its end."""
    on_edge: dict[int, list[tuple[int, Snap]]] = {}
    for column, snap in enumerate(targets):
        if snap is not None:
            on_edge.setdefault(snap.edge, []).append((column, snap))
    for row, snap in enumerate(sources):
        for column, other in on_edge.get(snap.edge, ()) if snap is not None else ():
            assert snap is not None  # noqa: S101 - the line above
            on = other.share - snap.share
            cost = int(network.forward[snap.edge] if on > 0 else network.backward[snap.edge])
            costs[row, column] = min(int(costs[row, column]), _part(cost, abs(on)) if on else 0)


def _to_the_doors(
    sources: Sequence[Snap | None], targets: Sequence[Snap | None], costs: NDArray[np.int64]
) -> None:
    costs += np.array([_door(snap) for snap in sources], np.int64)[:, None]
    costs += np.array([_door(snap) for snap in targets], np.int64)[None, :]


def _door(snap: Snap | None) -> int:
    return 0 if snap is None else cost_of(snap.away_m / _TO_ROAD_M_S, snap.away_m)
