"""Turn restrictions of an OpenStreetMap extract as forbidden turns between edges.

Owns which relations count and what they forbid at a junction: ``no_*`` the turn it names,
``only_*`` every other. Nobody is to get round one by turning about on the spot or at the next
junction, so that is forbidden there too unless there is no other way on. Restrictions over
several ways, at certain hours, or for other vehicles are left out, and so is whatever names its
ways ambiguously.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdesk.interchange.mappack import Edge
from crmdesk.planning.turns import Ban

_KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
_CARS = frozenset({"motorcar", "motor_vehicle", "vehicle"})
_MOST_MEMBERS = 16


@dataclass(frozen=True, slots=True)
class Restriction:
    """One relation: ways by which one comes, the node, ways by which one must (not) go on."""

    only: bool
    arriving: tuple[int, ...]
    via: int
    leaving: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EdgeEnd:
    """An edge that touches a junction, and whether cars may come by it or go by it."""

    edge: int
    way: int
    comes: bool
    goes: bool


@dataclass(slots=True)
class Touching:
    """The edges at the junctions that restrictions are about, gathered while ways are cut."""

    wanted: frozenset[int]
    at: dict[int, list[EdgeEnd]] = field(default_factory=dict)

    def add(self, edge: int, way: int, nodes: tuple[int, int], oneway: int) -> None:
        """An edge for cars between two nodes."""
        for node, first in ((nodes[0], True), (nodes[1], False)):
            if node in self.wanted:
                along, against = oneway >= 0, oneway <= 0
                comes, goes = (against, along) if first else (along, against)
                self.at.setdefault(node, []).append(EdgeEnd(edge, way, comes, goes))


def restriction_of(relation: Any) -> Restriction | None:
    """What a relation restricts for cars always; None for any other."""
    tags = relation.tags
    if tags.get("type", "") != "restriction" or len(relation.members) > _MOST_MEMBERS:
        return None
    if _CARS & {word.strip() for word in tags.get("except", "").split(";")}:
        return None
    kind = next((tags.get(key, "") for key in _KEYS if tags.get(key, "")), "")
    if not kind.startswith(("no_", "only_")):
        return None
    members = [(member.role, member.type, member.ref) for member in relation.members]
    arriving = tuple(ref for role, what, ref in members if role == "from" and what == "w")
    leaving = tuple(ref for role, what, ref in members if role == "to" and what == "w")
    via = [(what, ref) for role, what, ref in members if role == "via"]
    if not arriving or not leaving or len(via) != 1 or via[0][0] != "n":
        return None
    only = kind.startswith("only_")
    if only and len(leaving) != 1:
        return None
    return Restriction(only, arriving, via[0][1], leaving)


def bans_of(
    restrictions: Iterable[Restriction], touching: Touching, junctions: dict[int, int]
) -> list[Ban]:
    """Forbidden turns; ``junctions`` are the pack's numbers of nodes."""
    bans: set[Ban] = set()
    for one in restrictions:
        ends = touching.at.get(one.via, [])
        for way in one.arriving:
            comes = [end.edge for end in ends if end.way == way and end.comes]
            if len(comes) == 1:
                junction = junctions[one.via]
                bans |= {(comes[0], junction, edge) for edge in _forbidden(one, ends)}
    return sorted(bans)


def _forbidden(one: Restriction, ends: Sequence[EdgeEnd]) -> list[int]:
    """The edges by which one may not go on."""
    named: list[int] = []
    for way in one.leaving:
        goes = [end.edge for end in ends if end.way == way and end.goes]
        named += goes if len(goes) == 1 else []
    if not one.only or not named:
        return named
    return [end.edge for end in ends if end.goes and end.edge not in named]


def turnings_about(bans: Iterable[Ban], edges: Sequence[Edge]) -> list[Ban]:
    """Turning about on the two-way edges at junctions with forbidden turns, at either end."""
    forbidden: dict[tuple[int, int], set[int]] = {}
    for arriving, junction, leaving in bans:
        forbidden.setdefault((arriving, junction), set()).add(leaving)
    touched = {junction for _arriving, junction in forbidden}
    goes: dict[int, set[int]] = {}
    near: list[int] = []
    for number, edge in enumerate(edges):
        if edge.speed_kmh <= 0 or edge.start == edge.end:
            continue
        if edge.oneway >= 0:
            goes.setdefault(edge.start, set()).add(number)
        if edge.oneway <= 0:
            goes.setdefault(edge.end, set()).add(number)
        if edge.oneway == 0 and (edge.start in touched or edge.end in touched):
            near.append(number)
    return [
        (number, junction, number)
        for number in near
        for junction in (edges[number].start, edges[number].end)
        if goes[junction] - {number} - forbidden.get((number, junction), set())
    ]
