"""All entities of the product, parents before children: the one specification of both stores."""

from __future__ import annotations

from crmdesk.storage.entities import accounts, catalogue, people, sales, value, visits
from crmdesk.storage.entities.spec import Entity, Field, Kind, Lines, Owner, Scope


def _parents_first(entities: tuple[Entity, ...]) -> dict[str, Entity]:
    waiting = {entity.name: entity for entity in entities}
    ordered: dict[str, Entity] = {}
    while waiting:
        ready = [e for e in waiting.values() if all(p in ordered for p in e.parents())]
        if not ready:
            raise ValueError(f"entities refer to each other in a circle: {sorted(waiting)}")
        for entity in ready:
            ordered[entity.name] = waiting.pop(entity.name)
    return ordered


ENTITIES: dict[str, Entity] = _parents_first(
    people.ENTITIES + catalogue.ENTITIES + value.ENTITIES
    + accounts.ENTITIES + visits.ENTITIES + sales.ENTITIES
)  # fmt: skip

SCHEMA_VERSION = 2
"""Grows with every change of the entities; travels in every sync request."""

OLDEST_SCHEMA = max(1, SCHEMA_VERSION - 2)
"""The oldest laptop that HQ still gives rows to; any may send its changes."""


def entity(name: str) -> Entity:
    """The entity of that name; KeyError when there is none."""
    return ENTITIES[name]


__all__ = [
    "ENTITIES", "OLDEST_SCHEMA", "SCHEMA_VERSION", "Entity", "Field", "Kind", "Lines", "Owner",
    "Scope", "entity",
]  # fmt: skip
