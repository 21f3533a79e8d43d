"""One row of every entity with every field filled: journal → push → HQ → pull, value for value."""

from __future__ import annotations

from typing import Any

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.every_row import EVERY, fill

pytestmark = pytest.mark.hq


def contents(laptop: Laptop, entity: Entity) -> list[tuple[Any, ...]]:
    """All rows of an entity with references as uids, lines below their rows."""
    name = entity.table or entity.name
    found = laptop.rows(
        f"SELECT t.uid, t.rev, {_columns(entity.fields)} FROM {name} t ORDER BY t.uid"
    )
    if entity.lines is not None:
        found += laptop.rows(
            f"SELECT p.uid, t.position, {_columns(entity.lines.fields)}"
            f" FROM {entity.lines.name} t JOIN {name} p ON p.id = t.parent_id ORDER BY 1, 2"
        )
    return found


def _columns(fields: tuple[Field, ...]) -> str:
    parts = []
    for field in fields:
        if field.kind is Kind.REF and field.ref:
            target = ENTITIES[field.ref]
            table = target.table or target.name
            parts.append(f"(SELECT uid FROM {table} r WHERE r.id = t.{field.column})")
        else:
            parts.append(f't."{field.column}"')
    return ", ".join(parts)


def test_every_field_of_every_entity_arrives_as_it_left(hq: Headquarters) -> None:
    office, other = hq.join("O1"), hq.join("O1", "second")
    office.sync()
    fill(office)

    report = office.sync()
    other.sync()

    assert office.rows("SELECT entity, code, sentence FROM refusal") == []
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    for entity in EVERY:
        here, there = contents(office, entity), contents(other, entity)
        assert here == there, entity.name
        assert here, entity.name
    # And by snapshot, which takes another way through HQ.
    third = hq.join("O1", "third")
    other.sync()
    for entity in EVERY:
        assert contents(third, entity) == contents(other, entity), entity.name


def test_every_change_to_null_arrives(hq: Headquarters) -> None:
    """A cleared field stays cleared on the other side."""
    office, other = hq.join("O1"), hq.join("O1", "second")
    office.run("UPDATE account SET channel = 'bar', opening_hours = '{}', parent_uid = ?"
               " WHERE code = 'C0'", new_uid())  # fmt: skip
    office.sync()
    other.sync()
    office.run(
        "UPDATE account SET channel = NULL, opening_hours = NULL, parent_uid = NULL,"
        " latitude = NULL WHERE code = 'C0'"
    )
    office.sync()
    other.sync()
    query = "SELECT channel, opening_hours, parent_uid, latitude FROM account WHERE code = 'C0'"
    assert other.rows(query) == [(None, None, None, None)]
