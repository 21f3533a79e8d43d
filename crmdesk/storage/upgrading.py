"""What an upgrade of the program brings into place beside the new schema.

A newer HQ may have sent fields that this program did not know; they were kept in ``unknown_field``
and go into their columns when these exist. Entities that are new are fetched with the next sync.
Runs within the upgrade, with capture off.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from crmdesk.storage import profile, summaries
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from crmdesk.storage.rows import Value
from crmdesk.storage.types import dump_json
from crmdesk.storage.wire_values import local_value

ENTITIES_SINCE = "sync.entities_since"
"""Fact: entities that came after this schema version have not been fetched from HQ yet."""

_LINES = "lines"


def after_upgrade(connection: Connection, schema: int) -> None:
    """Finish an upgrade from a schema version, in its transaction."""
    place_unknown(connection)
    if summaries.as_of(connection) is not None:
        # Their definitions may have changed: the next walk over all customers makes them anew.
        summaries.set_reached(connection, 0)
    if profile.get_fact(connection, "hq.url") is None:
        return
    if profile.get_fact(connection, ENTITIES_SINCE) is None:
        profile.set_fact(connection, ENTITIES_SINCE, str(schema))


def place_unknown(connection: Connection) -> int:
    """Move kept fields into the columns that exist by now; returns how many rows got something.

    A value that its column does not take stays where it was kept.
    """
    rows = connection.exec_driver_sql("SELECT entity, uid, fields FROM unknown_field").all()
    changed = 0
    for name, uid, text in rows:
        entity = ENTITIES.get(name)
        if entity is None:
            continue
        fields: dict[str, Any] = json.loads(text)
        left = _placed(connection, entity, uid, fields)
        if left == fields:
            continue
        changed += 1
        if left:
            connection.exec_driver_sql(
                "UPDATE unknown_field SET fields = ? WHERE entity = ? AND uid = ?",
                (dump_json(left), name, uid),
            )
        else:
            connection.exec_driver_sql(
                "DELETE FROM unknown_field WHERE entity = ? AND uid = ?", (name, uid)
            )
    return changed


def _placed(
    connection: Connection, entity: Entity, uid: bytes, fields: dict[str, Any]
) -> dict[str, Any]:
    """Put what has a column by now into the row; returns what is left over."""
    left = dict(fields)
    columns = {one.column for one in entity.fields}
    table = entity.table or entity.name
    for column, wire in fields.items():
        if column not in columns:
            continue
        try:
            value = local_value(connection, entity, column, wire)
            if value is None and wire is not None:
                # A row it refers to that is not here (yet).
                continue
            with connection.begin_nested():
                connection.exec_driver_sql(
                    f'UPDATE {table} SET "{column}" = ? WHERE uid = ?', (value, uid)
                )
        except (IntegrityError, ValueError, TypeError):
            continue
        del left[column]
    lines = left.pop(_LINES, None)
    if isinstance(lines, list):
        rest = _placed_lines(connection, entity, uid, lines)
        if any(rest):
            left[_LINES] = rest
    return left


def _placed_lines(
    connection: Connection, entity: Entity, uid: bytes, lines: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    if entity.lines is None:
        return []
    known = {one.column: one for one in entity.lines.fields}
    table = entity.table or entity.name
    positions = connection.exec_driver_sql(
        f"SELECT l.parent_id, l.position FROM {entity.lines.name} l JOIN {table} t"
        " ON t.id = l.parent_id WHERE t.uid = ? ORDER BY l.position",
        (uid,),
    ).all()
    rest = []
    for (parent, position), line in zip(positions, lines, strict=False):
        left = dict(line)
        for column, wire in line.items():
            one = known.get(column)
            if one is None:
                continue
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(
                        f'UPDATE {entity.lines.name} SET "{column}" = ?'
                        " WHERE parent_id = ? AND position = ?",
                        (_line_value(connection, one, wire), parent, position),
                    )
            except (IntegrityError, ValueError, TypeError):
                continue
            del left[column]
        rest.append(left)
    return rest


def _line_value(connection: Connection, one: Field, wire: Any) -> Value:
    if wire is None:
        return None
    if one.kind is Kind.REF and one.ref:
        target = ENTITIES[one.ref]
        found = connection.exec_driver_sql(
            f"SELECT id FROM {target.table or target.name} WHERE uid = ?", (bytes.fromhex(wire),)
        ).scalar()
        if found is None:
            raise ValueError(f"{one.name} refers to a row that is not here")
        return int(found)
    if one.kind is Kind.UID:
        return bytes.fromhex(wire)
    if one.kind is Kind.JSON:
        return dump_json(wire)
    value: Value = wire
    return value
