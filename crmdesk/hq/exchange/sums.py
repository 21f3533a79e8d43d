"""HQ's checksums of scopes, made in SQL in the form of :mod:`crmdesk.sync.checksums`.

PostgreSQL hashes and adds up; what comes out are a few hundred sums per scope. They are kept in
``scope_sum`` and hold as long as the head of the scope stands, but no longer than a day, so that a
row that was changed past the feed is noticed in the end.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cache

from crmdesk.hq.database.scopes import scope_sql
from crmdesk.hq.database.store import HqConnection, as_records
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted, value_sql
from crmdesk.hq.exchange.snapshot import scope_test
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from crmdesk.sync.checksums import NOTHING, ROW_BUCKETS, UNIT, Sums, plan

_KEPT_FOR = timedelta(days=1)
_BITS = "('x' || left(md5({text}), 16))::bit(64)::bigint"


def kept_sums(
    connection: HqConnection, heads: Mapping[str, int], now: datetime
) -> dict[str, bytes]:
    """Packed sums that still hold for these heads."""
    rows = connection.execute(
        "SELECT s.scope, s.buckets FROM scope_sum s"
        " JOIN unnest(%s::text[], %s::bigint[]) AS h(scope, position)"
        " ON h.scope = s.scope AND h.position = s.position WHERE s.at > %s",
        (list(heads), list(heads.values()), now - _KEPT_FOR),
    )
    return {str(scope): bytes(buckets) for scope, buckets in rows}


def keep_sums(
    connection: HqConnection, heads: Mapping[str, int], packed: Mapping[str, bytes], now: datetime
) -> None:
    """Keep sums that were made at these heads."""
    rows = [
        (scope, heads[scope], base64.b64encode(found).decode())
        for scope, found in sorted(packed.items())
    ]
    connection.execute(
        "INSERT INTO scope_sum (scope, position, buckets, at)"
        " SELECT scope, position, decode(buckets, 'base64'), %s FROM json_to_recordset(%s::json)"
        " AS n(scope text, position bigint, buckets text)"
        " ON CONFLICT (scope) DO UPDATE SET position = EXCLUDED.position,"
        " buckets = EXCLUDED.buckets, at = EXCLUDED.at",
        (now, as_records(("scope", "position", "buckets"), rows)),
    )


def scope_sums(connection: HqConnection, scopes: Collection[str]) -> dict[str, bytes]:
    """Packed sums of these scopes as of this (snapshot) transaction."""
    sums = {scope: Sums() for scope in scopes}
    for entity in ENTITIES.values():
        where = scope_test(entity, sorted(scopes))
        if where is None:
            continue
        shift = ROW_BUCKETS if entity.name == "account" else 0
        for source, row_text in _sources(entity):
            query = (
                f"SELECT scope, bucket, sum(value), count(*) FROM (SELECT {scope_sql(entity)} AS"
                f" scope, {_BUCKET} AS bucket, {_BITS.format(text=row_text)} AS value"
                f" {source} AND {where[0]}) v GROUP BY scope, bucket"
            )
            for scope, bucket, value, count in connection.execute(query.encode(), where[1]):
                sums[scope].add(int(bucket) + shift, int(value), int(count))
    return {scope: found.packed() for scope, found in sums.items()}


def bucket_rows(
    connection: HqConnection, scope: str, buckets: Collection[int]
) -> dict[str, list[tuple[str, int, int]]]:
    """Uid (hex), revision and digest of the rows of a scope in some buckets, by entity."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    for entity in ENTITIES.values():
        where = scope_test(entity, [scope])
        shift = ROW_BUCKETS if entity.name == "account" else 0
        wanted = [b - shift for b in buckets if shift <= b < shift + ROW_BUCKETS]
        if where is None or not wanted:
            continue
        parts, parameters = [], []
        for number, (source, row_text) in enumerate(_sources(entity)):
            rev = "t.rev" if number == 0 else "0"
            parts.append(
                f"SELECT t.uid, {rev} AS rev, {_BITS.format(text=row_text)} AS value {source}"
                f" AND {_BUCKET} = ANY(%s) AND {where[0]}"
            )
            parameters += [wanted, *where[1]]
        query = (
            "SELECT encode(uuid_send(uid),'hex'), max(rev), mod(sum(value), 18446744073709551616)"
            f" FROM ({' UNION ALL '.join(parts)}) v GROUP BY uid"
        )
        rows = connection.execute(query.encode(), parameters).fetchall()
        if rows:
            found[entity.name] = [(u, int(rev), int(value) % (1 << 64)) for u, rev, value in rows]
    return found


_BUCKET = "('x' || left(md5(uuid_send(t.uid)), 2))::bit(8)::int"


@cache
def _sources(entity: Entity) -> tuple[tuple[str, str], ...]:
    """FROM and WHERE of an entity's rows and of its lines, with the text of each."""
    table = f"{quoted(table_name(entity))} t"
    joined = ""
    if by_account(entity) and entity.name != "account":
        joined = " JOIN account a ON a.account_id = t.account_id"
    test = " WHERE NOT t.deleted"
    if entity.local_while is not None:
        column, value = entity.local_while
        test += f" AND t.{quoted(column)} <> '{value}'"
    uid = "encode(uuid_send(t.uid),'hex')"
    row = _text(entity.fields, "t", [f"'{entity.name}'", uid, "t.rev::text"])
    rows = (f"FROM {table}{joined}{test}", row)
    if entity.lines is None:
        return (rows,)
    name = entity.lines.name
    source = (
        f"FROM {quoted(name)} l JOIN {table} ON t.account_id = l.account_id"
        f" AND t.uid = l.parent_uid{joined}{test}"
    )
    line = _text(entity.lines.fields, "l", [f"'{name}'", uid, "l.position::text"])
    return (rows, (source, line))


def _text(fields: tuple[Field, ...], alias: str, head: list[str]) -> str:
    order = plan(fields)
    parts = [_value(one, alias) for one in (*order.plain, *order.reals, *order.documents)]
    return f" || chr({ord(UNIT)}) || ".join([*head, *parts])


def _value(one: Field, alias: str) -> str:
    column = f"{alias}.{quoted(one.column)}"
    if one.kind is Kind.REAL:
        # Adding nought makes minus nought plain.
        text = f"encode(float8send({column} + 0),'hex')"
    elif one.kind is Kind.DATE:
        text = f"to_char({column},'YYYY-MM-DD')"
    elif one.kind in {Kind.REF, Kind.UID, Kind.INSTANT, Kind.TEXT}:
        text = value_sql(one, alias)
    else:
        text = f"({value_sql(one, alias)})::text"
    return f"coalesce({text}, chr({ord(NOTHING)}))"
