"""HQ's rows into the local tables: parents first, only what is newer, waiting edits on top.

Runs inside a write transaction that has capture switched off. A row with waiting ops becomes HQ's
image with these ops replayed; the image itself is kept beside it. Nothing here talks to HQ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from crmdesk.domain.changes import ChangeSet
from crmdesk.storage.entities import ENTITIES, Entity, Kind, Scope
from crmdesk.storage.rows import Row, Value
from crmdesk.storage.tables import (
    base_image,
    journal,
    summary_account,
    summary_month,
    summary_pair,
    table,
    unknown_field,
)  # fmt: skip
from crmdesk.storage.types import dump_json
from crmdesk.sync.erasing import forget_rows
from crmdesk.sync.history import ask_again
from crmdesk.sync.making_room import make_room
from crmdesk.sync.reading import converter

_CHUNK = 500
_WAITING = "SELECT seq, uid, op, fields FROM journal WHERE state = 'waiting'"


class MissingParents(Exception):
    """Rows refer to others that have not arrived; the next page brings them."""


@cache
def _upsert(entity_name: str) -> str:
    target = table(entity_name)
    names = ["uid", "rev", *(f.column for f in ENTITIES[entity_name].fields)]
    statement = sqlite.insert(target).values({name: bindparam(name) for name in names})
    statement = statement.on_conflict_do_update(
        index_elements=["uid"],
        set_={name: statement.excluded[name] for name in names if name != "uid"},
    )
    return _positional(statement, names)


@cache
def _insert_lines(entity_name: str) -> str:
    lines = ENTITIES[entity_name].lines
    if lines is None:
        raise ValueError(f"{entity_name} has no lines")
    names = ["parent_id", "position", *(f.column for f in lines.fields)]
    statement = insert(table(lines.name))
    return _positional(statement.values({name: bindparam(name) for name in names}), names)


def _positional(statement: Any, names: list[str]) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    if list(compiled.positiontup or ()) != names:
        order = list(compiled.positiontup or ())
        raise ValueError(f"parameters are not in the order of the columns: {order}")
    return str(compiled)


def _chunks(values: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(values)
    while part := list(islice(rest, _CHUNK)):
        yield part


class Applier:
    """Applies rows, deletions and departures in one transaction and remembers what it touched.

    ``rows`` counts what was written or deleted, not what was already known; ``needed`` are rows
    that could not be removed because others here refer to them.
    ``room``: rows of ours that stand in the way of HQ's give way.
    """

    def __init__(self, connection: Connection, *, room: bool = False) -> None:
        self._connection = connection
        self._room = room
        self._keys: dict[str, dict[bytes, int]] = {}
        self._touched: dict[str, set[int]] = {}
        self.rows = 0
        self.needed: set[tuple[str, bytes]] = set()

    def change_set(self) -> ChangeSet:
        """What was touched, by local id."""
        return ChangeSet({name: frozenset(ids) for name, ids in self._touched.items() if ids})

    def put(self, entity_name: str, rows: Sequence[Row], *, force: bool = False) -> int:
        """Insert or update rows that are newer than ours; ``force`` takes the older ones too.

        Returns how many were written. Raises MissingParents before anything of them is written.
        """
        entity = ENTITIES[entity_name]
        newest: dict[bytes, Row] = {}
        for row in rows:
            known_row = newest.get(row.uid)
            if known_row is None or row.rev >= known_row.rev:
                newest[row.uid] = row
        known = self._revisions(entity, newest)
        self._keys.setdefault(entity_name, {}).update((u, key) for u, (key, _rev) in known.items())
        fresh = [r for r in newest.values() if force or r.rev > known.get(r.uid, (0, -1))[1]]
        if not fresh:
            return 0
        fresh = self._with_waiting_ops(entity, fresh, known)
        written = 0
        while fresh:
            ready, later = self._resolvable(entity, fresh)
            if not ready:
                raise MissingParents(entity_name)
            self._write(entity, ready)
            written += len(ready)
            fresh = later
        self.rows += written
        return written

    def _revisions(self, entity: Entity, uids: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
        query = f"SELECT uid, id, rev FROM {table(entity.name).name} WHERE uid"  # noqa: S608
        return {uid: (key, rev) for uid, key, rev in self._among(query, uids)}

    def _among(self, query: str, uids: Iterable[bytes]) -> Iterator[Any]:
        """Rows of a query that ends in a column, where that column is one of ``uids``.

        Written out for the driver: with thousands of values the expression language takes longer
        to write the statement than SQLite to answer it.
        """
        for part in _chunks(uids):
            marks = ",".join("?" * len(part))
            yield from self._connection.exec_driver_sql(f"{query} IN ({marks})", tuple(part)).all()

    def _resolvable(
        self, entity: Entity, rows: list[Row]
    ) -> tuple[list[tuple[Row, list[Value]]], list[Row]]:
        """Rows whose references are all here, with the references as local keys; and the rest."""
        refs = [(i, f.ref) for i, f in enumerate(entity.fields) if f.kind is Kind.REF and f.ref]
        for at, target in refs:
            self._learn(target, {row.values[at] for row in rows})
        if entity.lines is not None:
            for at, line_field in enumerate(entity.lines.fields):
                if line_field.kind is Kind.REF and line_field.ref:
                    wanted = {line[at] for row in rows for line in row.lines}
                    self._learn(line_field.ref, wanted)
        ready, later = [], []
        for row in rows:
            cells = list(row.values)
            for at, target in refs:
                uid = cells[at]
                if uid is None:
                    continue
                key = self._keys[target].get(uid)  # type: ignore[arg-type]
                if key is None:
                    break
                cells[at] = key
            else:
                ready.append((row, cells))
                continue
            later.append(row)
        return ready, later

    def _learn(self, entity_name: str, uids: set[Value]) -> None:
        known = self._keys.setdefault(entity_name, {})
        wanted = [uid for uid in uids if isinstance(uid, bytes) and uid not in known]
        query = f"SELECT uid, id FROM {table(entity_name).name} WHERE uid"  # noqa: S608
        known.update((uid, key) for uid, key in self._among(query, wanted))

    def _write(self, entity: Entity, rows: list[tuple[Row, list[Value]]]) -> None:
        values = [(row.uid, row.rev, *cells) for row, cells in rows]
        try:
            self._connection.exec_driver_sql(_upsert(entity.name), values)
        except IntegrityError:
            # Two rows may have exchanged their codes: step aside first, then write all of them,
            # those already written too.
            self._step_aside(entity, [row.uid for row, _cells in rows])
            try:
                self._connection.exec_driver_sql(_upsert(entity.name), values)
            except IntegrityError:
                if not self._room:
                    raise
                uids, cells = {row.uid for row, _cells in rows}, [cells for _row, cells in rows]
                moved = make_room(self._connection, entity, uids, cells)
                self._touched.setdefault(entity.name, set()).update(moved)
                self._connection.exec_driver_sql(_upsert(entity.name), values)
        keys = self._keys.setdefault(entity.name, {})
        self._learn(entity.name, {row.uid for row, _cells in rows})
        ids = [keys[row.uid] for row, _cells in rows]
        self._touched.setdefault(entity.name, set()).update(ids)
        ask_again(self._connection, entity.name, ids)
        if entity.lines is not None:
            self._write_lines(entity, ids, [row for row, _cells in rows])

    def _step_aside(self, entity: Entity, uids: list[bytes]) -> None:
        """Give rows that are about to be overwritten a passing value in their unique texts."""
        target = table(entity.name)
        texts = {
            f.column
            for f in entity.fields
            for columns in entity.unique
            if f.column in columns and f.kind is Kind.TEXT
        }
        if not texts:
            return
        passing = {name: func.hex(target.c.uid) for name in texts}
        for part in _chunks(uids):
            self._connection.execute(update(target).where(target.c.uid.in_(part)).values(passing))

    def _write_lines(self, entity: Entity, ids: list[int], rows: list[Row]) -> None:
        lines = entity.lines
        if lines is None:
            return
        target = table(lines.name)
        self._connection.execute(
            delete(target).where(target.c.parent_id == bindparam("parent")),
            [{"parent": key} for key in ids],
        )
        refs = [(i, f.ref) for i, f in enumerate(lines.fields) if f.kind is Kind.REF and f.ref]
        values = []
        for key, row in zip(ids, rows, strict=True):
            for position, line in enumerate(row.lines, start=1):
                cells = list(line)
                for at, name in refs:
                    uid = cells[at]
                    if isinstance(uid, bytes):
                        if uid not in self._keys[name]:
                            raise MissingParents(entity.name)
                        cells[at] = self._keys[name][uid]
                values.append((key, position, *cells))
        if values:
            self._connection.exec_driver_sql(_insert_lines(entity.name), values)

    # -- waiting edits ---------------------------------------------------------------------

    def _with_waiting_ops(
        self, entity: Entity, rows: list[Row], known: dict[bytes, tuple[int, int]]
    ) -> list[Row]:
        waiting = self._waiting_ops(row.uid for row in rows)
        if not waiting:
            return rows
        result = []
        for row in rows:
            ops = waiting.get(row.uid)
            if ops is None:
                result.append(row)
                continue
            self._keep_image(entity, row)
            if any(op == "D" for op, _fields in ops) and row.uid not in known:
                continue
            result.append(_replayed(entity, row, ops))
        return result

    def _waiting_ops(self, uids: Iterable[bytes]) -> dict[bytes, list[tuple[str, str | None]]]:
        found: dict[bytes, list[tuple[str, str | None]]] = {}
        if self._connection.exec_driver_sql(f"{_WAITING} LIMIT 1").first() is None:
            return found
        query = f"{_WAITING} AND op <> 'C' AND uid"
        for _seq, uid, op, fields in sorted(self._among(query, uids)):
            found.setdefault(uid, []).append((op, fields))
        return found

    def _keep_image(self, entity: Entity, row: Row) -> None:
        cells = [v.hex() if isinstance(v, bytes) else v for v in row.values]
        statement = sqlite.insert(base_image).values(
            entity=entity.name, uid=row.uid, rev=row.rev, image=dump_json(cells)
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["entity", "uid"],
                set_={"rev": statement.excluded.rev, "image": statement.excluded.image},
            )
        )

    def forget_images(self) -> None:
        """Drop kept images of rows that have no waiting ops any more."""
        waiting = select(journal.c.uid).where(journal.c.state == "waiting")
        self._connection.execute(delete(base_image).where(base_image.c.uid.not_in(waiting)))

    # -- leaving ---------------------------------------------------------------------------

    def remove(self, entity_name: str, uids: Iterable[bytes]) -> int:
        """Delete rows that HQ deleted or never took; one that others still need stays."""
        entity = ENTITIES[entity_name]
        removed = 0
        for uid, (key, _rev) in self._revisions(entity, uids).items():
            try:
                with self._connection.begin_nested():
                    if entity.lines is not None:
                        lines = table(entity.lines.name)
                        self._connection.execute(delete(lines).where(lines.c.parent_id == key))
                    target = table(entity_name)
                    self._connection.execute(delete(target).where(target.c.id == key))
            except IntegrityError:
                self.needed.add((entity_name, uid))
                continue
            if entity_name == "account":
                self._forget_figures([key])
            self._keys.get(entity_name, {}).pop(uid, None)
            self._touched.setdefault(entity_name, set()).add(key)
            self._forget_unknown(entity_name, [uid])
            removed += 1
        self.rows += removed
        return removed

    def purge_accounts(self, account_ids: Sequence[int]) -> None:
        """Delete accounts (local keys) with everything in them, children first."""
        for start in range(0, len(account_ids), _CHUNK):
            part = list(account_ids[start : start + _CHUNK])
            for entity in reversed(ENTITIES.values()):
                if entity.scope is not Scope.ACCOUNT:
                    continue
                self._purge(entity, part)
            self._forget_figures(part)

    def _forget_figures(self, account_ids: Sequence[int]) -> None:
        for summary in (summary_month, summary_pair, summary_account):
            self._connection.execute(delete(summary).where(summary.c.account_id.in_(account_ids)))

    def _purge(self, entity: Entity, account_ids: list[int]) -> None:
        target = table(entity.name)
        column = target.c.id if entity.name == "account" else target.c.account_id
        inside = column.in_(account_ids)
        ids = list(self._connection.scalars(select(target.c.id).where(inside)))
        if not ids:
            return
        if entity.lines is not None:
            lines = table(entity.lines.name)
            self._delete_by(lines, "parent_id", ids)
        uids = list(self._connection.scalars(select(target.c.uid).where(inside)))
        for part in _chunks(uids):
            self._connection.execute(delete(base_image).where(base_image.c.uid.in_(part)))
        forget_rows(self._connection, uids)
        self._connection.execute(delete(target).where(inside))
        self._keys.pop(entity.name, None)
        self._touched.setdefault(entity.name, set()).update(ids)

    def _forget_unknown(self, entity_name: str, uids: list[bytes]) -> None:
        """Let go of what a newer HQ had sent of rows that are not here any more."""
        self._connection.execute(
            delete(unknown_field).where(
                unknown_field.c.entity == entity_name, unknown_field.c.uid.in_(uids)
            )
        )

    def _delete_by(self, target: Table, column: str, ids: list[int]) -> None:
        self._connection.execute(
            delete(target).where(target.c[column] == bindparam("key")), [{"key": i} for i in ids]
        )

    def set_revisions(self, entity_name: str, revisions: dict[bytes, int]) -> None:
        """Note the revisions HQ gave to our own changes."""
        if not revisions:
            return
        self._connection.exec_driver_sql(
            f"UPDATE {table(entity_name).name} SET rev = ? WHERE uid = ?",  # noqa: S608
            [(rev, uid) for uid, rev in revisions.items()],
        )

    def back_to_draft(self, entity: Entity, uid: bytes) -> None:
        """A refused document becomes editable again instead of vanishing."""
        if entity.local_while is None:
            raise ValueError(f"{entity.name} has no drafts")
        column, value = entity.local_while
        target = table(entity.name)
        self._connection.execute(
            update(target).where(target.c.uid == uid).values({column: value, "rev": 0})
        )
        key = self._connection.scalar(select(target.c.id).where(target.c.uid == uid))
        if key is not None:
            self._touched.setdefault(entity.name, set()).add(key)


def _replayed(entity: Entity, row: Row, ops: list[tuple[str, str | None]]) -> Row:
    """HQ's row with the waiting ops on top."""
    places = {f.column: (i, converter(f.kind)) for i, f in enumerate(entity.fields)}
    values = list(row.values)
    lines = row.lines
    for op, text in ops:
        if text is None:
            continue
        content = json.loads(text)
        if op == "L":
            lines = _lines_of(entity, content["lines"])
            continue
        for column, (_base, new) in content.items():
            if column in places:
                at, convert = places[column]
                values[at] = new if new is None or convert is None else convert(new)
    return Row(row.uid, tuple(values), lines, row.rev)


def _lines_of(entity: Entity, lines: list[dict[str, Any]]) -> tuple[tuple[Value, ...], ...]:
    if entity.lines is None:
        return ()
    result = []
    for line in lines:
        cells: list[Value] = []
        for one in entity.lines.fields:
            value, convert = line.get(one.column), converter(one.kind)
            cells.append(value if value is None or convert is None else convert(value))
        result.append(tuple(cells))
    return tuple(result)
