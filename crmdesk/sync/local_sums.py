"""The laptop's own checksums, read from its tables in the form of :mod:`crmdesk.sync.checksums`.

Left out is what HQ cannot have the same of: rows it has given no revision yet, and drafts. Rows
that lie in no scope this laptop holds are named apart. Rows are streamed, never held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection

from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind, Scope
from crmdesk.sync.checksums import (
    NOTHING,
    UNIT,
    Sums,
    added,
    bucket_of,
    digest,
    document_text,
    plan,
    real_text,
)  # fmt: skip

RowKey = tuple[str, bytes]
"""Entity and uid."""

_ROWS_AT_ONCE = 500
_MOST_STRAY = 1_000


@dataclass(slots=True)
class LocalSums:
    """Packed sums by scope, and rows that lie in none of them."""

    packed: dict[str, bytes]
    stray: list[RowKey] = field(default_factory=list)


def local_sums(connection: Connection, scopes: Collection[str]) -> LocalSums:
    """The sums of these scopes as the tables are now."""
    sums = {scope: Sums() for scope in scopes}
    stray: list[RowKey] = []
    for entity in ENTITIES.values():
        apart = entity.name == "account" or not entity.in_account
        for scope, uid, rev, value in _digests(connection, entity):
            found = sums.get(scope)
            if found is not None:
                found.add(bucket_of(entity.name, uid), value)
            elif rev and apart and len(stray) < _MOST_STRAY:
                stray.append((entity.name, uid))
    return LocalSums({scope: found.packed() for scope, found in sums.items()}, stray)


def contents(
    connection: Connection, buckets: Mapping[str, Collection[int]]
) -> dict[str, dict[RowKey, tuple[int, int]]]:
    """By scope: revision and digest (with lines) of every row in some of its buckets."""
    found: dict[str, dict[RowKey, tuple[int, int]]] = {scope: {} for scope in buckets}
    for entity in ENTITIES.values():
        if not any(may_lie_in(entity, scope) for scope in buckets):
            continue
        for scope, uid, rev, value in _digests(connection, entity):
            if scope in buckets and bucket_of(entity.name, uid) in buckets[scope]:
                rows = found[scope]
                known_rev, known = rows.get((entity.name, uid), (0, 0))
                rows[entity.name, uid] = (max(rev, known_rev), added(known, value))
    return found


def keys_in(connection: Connection, entity: Entity) -> Iterator[tuple[str, bytes]]:
    """Scope and uid of every row of an entity that HQ has given a revision; drafts left out."""
    query = (
        f"SELECT {_scope(entity, 't')}, t.uid FROM {_table(entity)} t"
        f"{_joined(entity, 't')} WHERE {_known_to_hq(entity, 't')}"
    )
    yield from _streamed(connection, query)


def keys_inside(connection: Connection, entity: Entity, accounts: Sequence[int]) -> Iterator[bytes]:
    """The uid of every row of an entity inside accounts (local keys), as :func:`keys_in` has it."""
    for start in range(0, len(accounts), _ROWS_AT_ONCE):
        chosen = ",".join(str(int(key)) for key in accounts[start : start + _ROWS_AT_ONCE])
        query = (
            f"SELECT t.uid FROM {_table(entity)} t WHERE {_known_to_hq(entity, 't')}"
            f" AND t.account_id IN ({chosen})"
        )
        for (uid,) in _streamed(connection, query):
            yield uid


def may_lie_in(entity: Entity, scope: str) -> bool:
    """False when no row of an entity can be in a scope."""
    if entity.scope is Scope.ACCOUNT:
        return scope.startswith("t/")
    return scope.startswith("u/") if entity.scope is Scope.USER else scope == entity.scope.value


def _digests(connection: Connection, entity: Entity) -> Iterator[tuple[str, bytes, int, int]]:
    """Scope, uid, revision (0 for a line) and digest of every row and line of an entity."""
    fields = plan(entity.fields)
    reals = len(fields.reals)
    for scope, uid, rev, text, *apart in _streamed(connection, _rows_query(entity)):
        yield scope, uid, rev, digest(_whole(text, apart, reals))
    if entity.lines is None:
        return
    reals = len(plan(entity.lines.fields).reals)
    last, position = b"", 0
    for scope, uid, text, *apart in _streamed(connection, _lines_query(entity)):
        position = position + 1 if uid == last else 1
        last = uid
        head = f"{entity.lines.name}{UNIT}{uid.hex()}{UNIT}{position}{UNIT}{text}"
        yield scope, uid, 0, digest(_whole(head, apart, reals))


def _whole(text: str, apart: list[Any], reals: int) -> str:
    if not apart:
        return text
    parts = [real_text(value) for value in apart[:reals]]
    parts += [document_text(value) for value in apart[reals:]]
    return UNIT.join([text, *parts])


def _streamed(connection: Connection, query: str) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
    finally:
        cursor.close()


_UNIT_SQL, _NOTHING_SQL = f"char({ord(UNIT)})", f"char({ord(NOTHING)})"


@cache
def _rows_query(entity: Entity) -> str:
    fields = plan(entity.fields)
    parts = [f"'{entity.name}'", "lower(hex(t.uid))", "t.rev"]
    parts += [_text(one, "t") for one in fields.plain]
    columns = ["t.uid", "t.rev", f" || {_UNIT_SQL} || ".join(parts)]
    columns += [f't."{one.column}"' for one in (*fields.reals, *fields.documents)]
    return (
        f"SELECT {_scope(entity, 't')}, {', '.join(columns)} FROM {_table(entity)} t"
        f"{_joined(entity, 't')} WHERE {_known_to_hq(entity, 't')}"
    )


@cache
def _lines_query(entity: Entity) -> str:
    if entity.lines is None:
        raise ValueError(f"{entity.name} has no lines")
    fields = plan(entity.lines.fields)
    parts = [_text(one, "l") for one in fields.plain]
    columns = ["t.uid", f" || {_UNIT_SQL} || ".join(parts)]
    columns += [f'l."{one.column}"' for one in (*fields.reals, *fields.documents)]
    return (
        f"SELECT {_scope(entity, 't')}, {', '.join(columns)} FROM {entity.lines.name} l"
        f" JOIN {_table(entity)} t ON t.id = l.parent_id{_joined(entity, 't')}"
        f" WHERE {_known_to_hq(entity, 't')} ORDER BY l.parent_id, l.position"
    )


def _table(entity: Entity) -> str:
    return f'"{entity.table or entity.name}"'


def _text(one: Field, row: str) -> str:
    column = f'{row}."{one.column}"'
    if one.kind is Kind.REF and one.ref:
        target = _table(ENTITIES[one.ref])
        column = f"(SELECT lower(hex(r.uid)) FROM {target} r WHERE r.id = {column})"
    elif one.kind is Kind.UID:
        column = f"iif({column} IS NULL, NULL, lower(hex({column})))"
    return f"coalesce({column}, {_NOTHING_SQL})"


def _scope(entity: Entity, row: str) -> str:
    if entity.scope is Scope.ACCOUNT:
        account = row if entity.name == "account" else "a"
        territory = (
            f"(SELECT lower(hex(r.uid)) FROM territory r WHERE r.id = {account}.territory_id)"
        )
        return f"coalesce('t/' || {territory}, 't/none')"
    if entity.scope is Scope.USER:
        return f"'u/' || (SELECT lower(hex(r.uid)) FROM app_user r WHERE r.id = {row}.user_id)"
    return f"'{entity.scope.value}'"


def _joined(entity: Entity, row: str) -> str:
    return f" JOIN account a ON a.id = {row}.account_id" if entity.in_account else ""


def _known_to_hq(entity: Entity, row: str) -> str:
    test = f"{row}.rev > 0"
    if entity.local_while is not None:
        column, value = entity.local_while
        test += f" AND {row}.{column} <> '{value}'"
    return test
