"""Bulk load: many rows into the local tables at once, for bootstrap, demo and imports.

Resolves uids to integer keys, keeps parents first, writes with capture off. Triggers are
dropped and secondary indexes built afterwards when the load fills an empty database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.errors import Cancelled
from crmdesk.storage.capture import create_triggers, drop_triggers
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, Entity, Kind
from crmdesk.storage.indexes import indexes_built_afterwards
from crmdesk.storage.rows import Batch, Value

Progress = Callable[[str, int], None]
_ROWS_A_STATEMENT = 100


class KeyMap:
    """uid → integer key per entity, filled as rows are loaded and read from the tables on need."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._maps: dict[str, dict[bytes, int]] = {}
        self._next: dict[str, int] = {}

    def of(self, entity_name: str) -> dict[bytes, int]:
        """The whole map of one entity."""
        known = self._maps.get(entity_name)
        if known is None:
            spec = ENTITIES[entity_name]
            rows = self._connection.exec_driver_sql(
                f"SELECT uid, id FROM {spec.table or spec.name}"
            )
            known = self._maps[entity_name] = {bytes(row[0]): int(row[1]) for row in rows}
            self._next[entity_name] = max(known.values(), default=0) + 1
        return known

    def assign(self, entity_name: str, uids: list[bytes]) -> list[int]:
        """New keys for new rows."""
        known = self.of(entity_name)
        start = self._next[entity_name]
        keys = list(range(start, start + len(uids)))
        known.update(zip(uids, keys, strict=True))
        self._next[entity_name] = start + len(uids)
        return keys


def insert_batch(connection: Connection, keys: KeyMap, batch: Batch) -> None:
    """Insert the rows of one batch; every row must be new and its parents present.

    KeyError names the entity and field whose reference is missing.
    """
    spec = ENTITIES[batch.entity]
    refs = [(i, keys.of(f.ref)) for i, f in enumerate(spec.fields) if f.kind is Kind.REF and f.ref]
    ids = keys.assign(spec.name, [row.uid for row in batch.rows])
    values: list[tuple[Value, ...]] = []
    for key, (uid, cells, _lines, rev) in zip(ids, batch.rows, strict=True):
        if not refs:
            values.append((key, uid, rev, *cells))
            continue
        found = list(cells)
        for position, known in refs:
            parent = found[position]
            if parent is not None:
                try:
                    found[position] = known[parent]  # type: ignore[index]
                except KeyError:
                    raise _missing(spec, position, parent) from None
        values.append((key, uid, rev, *found))
    columns = ["id", "uid", "rev", *(f.column for f in spec.fields)]
    insert_rows(connection, spec.table or spec.name, columns, values)
    if spec.lines is not None:
        _insert_lines(connection, keys, spec, ids, batch)


def _missing(spec: Entity, position: int, uid: Value) -> KeyError:
    field = spec.fields[position]
    shown = uid.hex() if isinstance(uid, bytes) else repr(uid)
    return KeyError(f"{spec.name}.{field.name} refers to a missing {field.ref}: {shown}")


def _insert_lines(
    connection: Connection, keys: KeyMap, spec: Entity, ids: list[int], batch: Batch
) -> None:
    lines = spec.lines
    if lines is None:
        return
    refs = [(i, keys.of(f.ref)) for i, f in enumerate(lines.fields) if f.kind is Kind.REF and f.ref]
    values: list[tuple[Value, ...]] = []
    for key, row in zip(ids, batch.rows, strict=True):
        for position, line in enumerate(row.lines, start=1):
            cells = list(line)
            for index, known in refs:
                uid = cells[index]
                if isinstance(uid, bytes):
                    cells[index] = known[uid]
            values.append((key, position, *cells))
    columns = ["parent_id", "position", *(f.column for f in lines.fields)]
    insert_rows(connection, lines.name, columns, values)


def insert_rows(
    connection: Connection, table: str, columns: Sequence[str], values: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of one table at once; names come from the specification, never from outside."""
    insert_flat(connection, table, columns, list(chain.from_iterable(values)))


def insert_flat(
    connection: Connection, table: str, columns: Sequence[str], flat: Sequence[Value]
) -> None:
    """Insert rows whose values follow each other, row after row, in one sequence.

    Many rows a statement: half the time of a statement for each.
    """
    names, width = ", ".join(columns), len(columns)
    one = "(" + ", ".join("?" * width) + ")"
    size = _ROWS_A_STATEMENT * width
    rest = len(flat) - len(flat) % size
    cursor = connection.connection.cursor()
    cursor.executemany(
        f"INSERT INTO {table} ({names}) VALUES " + ", ".join([one] * _ROWS_A_STATEMENT),
        [flat[at : at + size] for at in range(0, rest, size)],
    )
    cursor.executemany(
        f"INSERT INTO {table} ({names}) VALUES {one}",
        [flat[at : at + width] for at in range(rest, len(flat), width)],
    )
    cursor.close()


@contextmanager
def references_checked_later(database: Database) -> Iterator[None]:
    """Foreign keys are not looked up row by row; whoever loads answers for them.

    For the transactions that are begun inside.
    """
    with database.exclusive() as driver:
        driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        with database.exclusive() as driver:
            driver.execute("PRAGMA foreign_keys = ON")


def load(
    database: Database,
    batches: Iterable[Batch],
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    then: Callable[[Connection, int], None] | None = None,
) -> int:
    """Fill an empty database from batches, parents first; returns the number of rows.

    One transaction: an error or cancel leaves the database empty. Triggers and secondary
    indexes are made after the rows; foreign keys are checked at the end. Summaries and search
    are not built here: see :mod:`crmdesk.storage.summaries`.
    ``then`` gets the connection and the number of rows before the transaction ends.
    """
    count = 0
    with references_checked_later(database), database.maintenance() as connection:
        drop_triggers(connection)
        with indexes_built_afterwards(connection):
            keys = KeyMap(connection)
            for batch in batches:
                if cancelled is not None and cancelled():
                    raise Cancelled
                insert_batch(connection, keys, batch)
                count += len(batch.rows)
                if progress is not None:
                    progress(batch.entity, count)
        create_triggers(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise KeyError(f"a row of {broken[0]} refers to a missing row of {broken[2]}")
        if then is not None:
            then(connection, count)
    return count
