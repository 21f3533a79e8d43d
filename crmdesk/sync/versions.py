"""Two schema versions in one conversation: columns and entities that only one side knows.

What a newer HQ sends beyond our columns is kept in ``unknown_field`` and put in place when this
program is upgraded (:mod:`crmdesk.storage.upgrading`); what an older HQ does not send is left as it
is here. Changes to entities that HQ does not know yet wait, with every change that builds on them,
until HQ has been upgraded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import sqlite

from crmdesk.storage.entities import ENTITIES, OLDEST_SCHEMA, SCHEMA_VERSION, Entity, Kind
from crmdesk.storage.rows import Row, Value
from crmdesk.storage.tables import unknown_field
from crmdesk.storage.types import dump_json
from crmdesk.sync.protocol import Section, Wire
from crmdesk.sync.reading import RowReader

_FORMER: dict[str, tuple[tuple[int, str, tuple[str, ...]], ...]] = {
    "user": ((1, "phone", ("home_address", "home_latitude", "home_longitude")),),
}
"""Columns that are gone: up to which schema they were there, behind which column, their names."""

_CHUNK = 500


def columns_at(entity: Entity, schema: int) -> list[str]:
    """The columns of an entity in the order in which a program of that schema has them."""
    columns = [one.column for one in entity.fields if one.since <= schema]
    for last, behind, names in _FORMER.get(entity.name, ()):
        if schema <= last:
            at = columns.index(behind) + 1
            columns[at:at] = names
    return columns


def line_columns_at(entity: Entity, schema: int) -> list[str]:
    """The same for the columns of its lines; none for an entity without."""
    if entity.lines is None:
        return []
    return [one.column for one in entity.lines.fields if one.since <= schema]


def for_schema(entity: Entity, cells: list[Wire], schema: int) -> list[Wire]:
    """A row in this program's columns as one in those of an older schema."""
    if schema >= SCHEMA_VERSION:
        return cells
    here = [one.column for one in entity.fields]
    values = dict(zip(here, cells[2 : 2 + len(here)], strict=True))
    row = [*cells[:2], *(values.get(column) for column in columns_at(entity, schema))]
    if entity.lines is not None:
        places = [at for at, one in enumerate(entity.lines.fields) if one.since <= schema]
        row.append([[line[at] for at in places] for line in cells[2 + len(here)]])
    return row


def section_of(entity: Entity, cells: list[Wire]) -> Section | None:
    """In which columns a row is that names none: those of the newest schema it is as long as.

    None when it is as long as none that we know.
    """
    more = 2 if entity.lines is None else 3
    for schema in range(SCHEMA_VERSION, OLDEST_SCHEMA - 1, -1):
        columns = columns_at(entity, schema)
        if len(cells) == len(columns) + more:
            return Section(entity.name, columns, line_columns_at(entity, schema))
    return None


@dataclass(slots=True)
class OtherColumns:
    """What the rows of one round have beyond our columns, and what they lack of them."""

    unknown: dict[tuple[str, bytes], dict[str, Wire]] = field(default_factory=dict)
    missing: dict[str, list[int]] = field(default_factory=dict)

    def note(self, reader: RowReader, cells: list[Wire]) -> None:
        """Take note of a row before it is read; only for a reader whose columns differ."""
        name = reader.entity.name
        if reader.missing:
            self.missing[name] = reader.missing
        if reader.unknown or reader.unknown_lines:
            self.unknown[name, bytes.fromhex(cells[0])] = reader.beyond(cells)

    def completed(self, connection: Connection, name: str, rows: Sequence[Row]) -> list[Row]:
        """Rows with our own values in the columns that HQ does not know."""
        places = self.missing.get(name)
        if not places or not rows:
            return list(rows)
        entity = ENTITIES[name]
        ours = _own_values(connection, entity, places, [row.uid for row in rows])
        return [_with(row, places, ours.get(row.uid)) for row in rows]

    def keep(self, connection: Connection) -> None:
        """Write down what is unknown; what a row no longer has is forgotten."""
        for (name, uid), found in self.unknown.items():
            held = {column: value for column, value in found.items() if value is not None}
            if not held:
                connection.execute(
                    delete(unknown_field).where(
                        unknown_field.c.entity == name, unknown_field.c.uid == uid
                    )
                )
                continue
            statement = sqlite.insert(unknown_field).values(
                entity=name, uid=uid, fields=dump_json(held)
            )
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["entity", "uid"],
                    set_={"fields": statement.excluded.fields},
                )
            )


def _with(row: Row, places: Sequence[int], ours: tuple[Value, ...] | None) -> Row:
    if ours is None:
        return row
    values = list(row.values)
    for at, value in zip(places, ours, strict=True):
        values[at] = value
    return row._replace(values=tuple(values))


def _own_values(
    connection: Connection, entity: Entity, places: Sequence[int], uids: Sequence[bytes]
) -> dict[bytes, tuple[Value, ...]]:
    columns = []
    for at in places:
        one = entity.fields[at]
        column = f't."{one.column}"'
        if one.kind is Kind.REF and one.ref:
            other = ENTITIES[one.ref]
            column = f"(SELECT uid FROM {other.table or other.name} r WHERE r.id = {column})"
        columns.append(column)
    query = (
        f"SELECT t.uid, {', '.join(columns)} FROM {entity.table or entity.name} t WHERE t.uid IN"
    )
    found: dict[bytes, tuple[Value, ...]] = {}
    for start in range(0, len(uids), _CHUNK):
        part = tuple(uids[start : start + _CHUNK])
        rows = connection.exec_driver_sql(f"{query} ({', '.join('?' * len(part))})", part)
        found.update((bytes(row[0]), tuple(row[1:])) for row in rows)
    return found


def held_back(connection: Connection, hq_schema: int) -> list[int]:
    """Waiting transactions that HQ cannot take yet: of newer entities, and what builds on them."""
    newer = [name for name, entity in ENTITIES.items() if entity.since > hq_schema]
    if not newer:
        return []
    rows = connection.exec_driver_sql(
        "SELECT txn, entity, uid, account_uid, op, fields FROM journal"
        " WHERE state = 'waiting' ORDER BY seq"
    ).all()
    held: dict[int, None] = {}
    touched: set[bytes] = set()
    made: set[str] = set()
    by_txn: dict[int, list[Any]] = {}
    for row in rows:
        by_txn.setdefault(int(row[0]), []).append(row)
    for txn, ops in by_txn.items():
        if not any(
            op.entity in newer
            or op.uid in touched
            or (op.account_uid is not None and op.account_uid.hex() in made)
            or any(uid in (op.fields or "") for uid in made)
            for op in ops
        ):
            continue
        held[txn] = None
        touched.update(op.uid for op in ops)
        made.update(op.uid.hex() for op in ops if op.op == "I")
    return list(held)


def entities_brought(since: int, hq_schema: int) -> list[str]:
    """Entities that came after a schema and that HQ has: to be fetched as a whole."""
    return [name for name, one in ENTITIES.items() if since < one.since <= hq_schema]
