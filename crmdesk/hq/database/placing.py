"""Fields that laptops sent before HQ knew them go into their columns when HQ has been upgraded.

An older HQ keeps what it does not know of a row in ``extra`` and loses none of it. Within the
upgrade each such field goes where it belongs now; its row gets a new revision and the feed says so.
A value that its column cannot hold stays in ``extra``, and so does one of a field that only the
office may write, unless it was the office that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg

from crmdesk.hq.database.scopes import scope_sql
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.storage.entities import ENTITIES, Entity, Owner
from crmdesk.sync.merge import BY_OFFICE, LINES

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class _Found:
    account: str | None
    uid: str
    extra: dict[str, Any]
    columns: tuple[str, ...]
    lines: list[dict[str, Any]]


def place_extra(connection: HqConnection) -> int:
    """Move every field that has a column by now; returns how many rows were changed."""
    changed = 0
    for entity in ENTITIES.values():
        last = "00000000000000000000000000000000"
        while rows := _rows(connection, entity, last):
            last = rows[-1].uid
            placed = _place(connection, entity, [one for one in rows if one.columns or one.lines])
            _announce(connection, entity, placed)
            changed += len(placed)
    if changed:
        connection.execute("DELETE FROM scope_sum")
    return changed


def _rows(connection: HqConnection, entity: Entity, after: str) -> list[_Found]:
    account = "encode(uuid_send(t.account_id),'hex')" if by_account(entity) else "NULL"
    query = (
        f"SELECT {account}, encode(uuid_send(t.uid),'hex'), t.extra FROM"
        f" {quoted(table_name(entity))} t WHERE t.extra IS NOT NULL AND NOT t.deleted"
        " AND t.uid > %s::uuid ORDER BY t.uid LIMIT %s"
    )
    found = []
    for account_uid, uid, extra in connection.execute(query.encode(), (after, _BATCH)):
        columns = tuple(sorted(extra.keys() & _placeable(entity, extra)))
        lines = _own_lines(entity, extra.get(LINES))
        found.append(_Found(account_uid, uid, extra, columns, lines))
    return found


def _placeable(entity: Entity, extra: dict[str, Any]) -> set[str]:
    by_office = set(extra.get(BY_OFFICE) or ())
    unique = {column for columns in entity.unique for column in columns}
    return {
        one.column
        for one in entity.fields
        if one.column != "account_id"
        and one.column not in unique
        and (one.owner is not Owner.HQ or one.column in by_office)
    }


def _own_lines(entity: Entity, kept: Any) -> list[dict[str, Any]]:
    if entity.lines is None or not isinstance(kept, list):
        return []
    known = {one.column for one in entity.lines.fields}
    lines = [{c: v for c, v in line.items() if c in known} for line in kept]
    return lines if any(lines) else []


def _place(connection: HqConnection, entity: Entity, rows: Sequence[_Found]) -> list[str]:
    """Place what these rows keep; returns the uids of those whose columns took it."""
    if not rows:
        return []
    groups: dict[tuple[str, ...], list[_Found]] = {}
    for one in rows:
        groups.setdefault(one.columns, []).append(one)
    if len(groups) > 1:
        return [uid for group in groups.values() for uid in _place(connection, entity, group)]
    try:
        with connection.transaction():
            _write(connection, entity, rows)
    except (psycopg.DataError, psycopg.IntegrityError):
        if len(rows) == 1:
            return []
        middle = len(rows) // 2
        return [*_place(connection, entity, rows[:middle]),
                *_place(connection, entity, rows[middle:])]  # fmt: skip
    return [one.uid for one in rows]


def _write(connection: HqConnection, entity: Entity, rows: Sequence[_Found]) -> None:
    table, columns = quoted(table_name(entity)), rows[0].columns
    objects, lines = [], []
    for one in rows:
        row: dict[str, Any] = {column: one.extra[column] for column in columns}
        row |= {"uid": one.uid, "extra": _left(one)}
        if one.account is not None:
            row["account_id"] = one.account
        objects.append(row)
        lines += [
            {**line, "account_id": one.account, "parent_uid": one.uid, "position": position}
            for position, line in enumerate(one.lines, start=1)
            if line
        ]
    sets = ", ".join(f"{quoted(c)} = n.{quoted(c)}" for c in (*columns, "extra"))
    key = "n.uid = t.uid" + (" AND n.account_id = t.account_id" if by_account(entity) else "")
    connection.execute(
        f"UPDATE {table} t SET {sets}, rev = t.rev + 1"
        f" FROM json_populate_recordset(NULL::{table}, %s::json) n WHERE {key}".encode(),
        (msgspec.json.encode(objects).decode(),),
    )
    for line in lines:
        _write_line(connection, entity, line)


def _left(one: _Found) -> dict[str, Any] | None:
    """What stays in ``extra``: fields that have no column yet, or none that took them."""
    left = {c: v for c, v in one.extra.items() if c not in one.columns}
    if one.lines:
        del left[LINES]
    by_office = [c for c in left.get(BY_OFFICE) or () if c in left]
    left.pop(BY_OFFICE, None)
    if by_office:
        left[BY_OFFICE] = by_office
    return left or None


def _write_line(connection: HqConnection, entity: Entity, line: dict[str, Any]) -> None:
    if entity.lines is None:
        return
    keys = ("account_id", "parent_uid", "position")
    sets = ", ".join(f"{quoted(c)} = n.{quoted(c)}" for c in line if c not in keys)
    table = quoted(entity.lines.name)
    test = " AND ".join(f"n.{c} = l.{c}" for c in keys)
    connection.execute(
        f"UPDATE {table} l SET {sets} FROM json_populate_record(NULL::{table}, %s::json) n"
        f" WHERE {test}".encode(),
        (msgspec.json.encode(line).decode(),),
    )


def _announce(connection: HqConnection, entity: Entity, uids: Iterable[str]) -> None:
    account, source = "NULL::uuid", f"{quoted(table_name(entity))} t"
    if by_account(entity):
        account = "t.account_id"
        if entity.name != "account":
            source += " JOIN account a ON a.account_id = t.account_id"
    connection.execute(
        f"INSERT INTO outbox (scope, entity, uid, account_id) SELECT {scope_sql(entity)}, %s,"
        f" t.uid, {account} FROM {source} WHERE t.uid = ANY(%s::uuid[])".encode(),
        (entity.name, list(uids)),
    )
