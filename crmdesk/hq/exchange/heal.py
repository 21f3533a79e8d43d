"""Comparing a laptop with HQ: checksums of its scopes, what lies in a bucket, rows by their key.

Everything is limited to the caller's scopes and to what one request may ask. A scope is compared
only where the laptop stands at its head; one that has moved on is compared another time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from crmdesk.domain.errors import Refused
from crmdesk.hq.database import feed, streams
from crmdesk.hq.database.scopes import Principal, scopes_of
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.hq.exchange.snapshot import scope_test
from crmdesk.hq.exchange.sums import bucket_rows, keep_sums, kept_sums, scope_sums
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION, Entity
from crmdesk.sync.checksums import BUCKETS, total
from crmdesk.sync.protocol import (
    MAX_ROWS_ASKED,
    MAX_SCOPES_ASKED,
    BucketsAnswer,
    BucketsRequest,
    Fate,
    RowsRequest,
    SumsAnswer,
    SumsRequest,
)

Caller = Callable[[HqConnection], Principal]

_MOST_DIFFERING = 64


def compare(store: Store, caller: Caller, request: SumsRequest, now: datetime) -> SumsAnswer:
    """HQ's sums of the scopes that differ from the caller's. Refused: too many scopes at once."""
    if max(len(request.cursor), len(request.totals)) > MAX_SCOPES_ASKED:
        raise _too_large()
    if request.schema != SCHEMA_VERSION:
        # Other columns give other sums; after the upgrade they can be compared again.
        return SumsAnswer(moved=sorted(request.cursor))
    _sequence(store, caller)
    with store.transaction(snapshot=True, long=True) as connection:
        who = _checked(caller(connection), request.epoch)
        standing = _standing(connection, who, request.cursor)
        known = kept_sums(connection, standing, now)
        fresh = scope_sums(connection, standing.keys() - known.keys())
    if fresh:
        with store.transaction() as connection:
            keep_sums(connection, standing, fresh, now)
    known.update(fresh)
    differing = sorted(s for s in standing if total(known[s]) != request.totals.get(s))
    later = set(differing[_MOST_DIFFERING:])
    moved = (request.cursor.keys() - standing.keys()) | later
    return SumsAnswer({s: known[s] for s in differing if s not in later}, sorted(moved))


def buckets(store: Store, caller: Caller, request: BucketsRequest) -> BucketsAnswer:
    """What lies in some buckets of one of the caller's scopes. Refused: no such buckets."""
    if len(request.buckets) > BUCKETS or any(not 0 <= b < BUCKETS for b in request.buckets):
        raise Refused(_("HQ could not read the request."), code="malformed")
    with store.transaction(snapshot=True, long=True) as connection:
        who = _checked(caller(connection), request.epoch)
        standing = _standing(connection, who, {request.scope: request.position})
        if not standing or request.schema != SCHEMA_VERSION:
            return BucketsAnswer(moved=True)
        return BucketsAnswer(bucket_rows(connection, request.scope, request.buckets))


def rows(
    store: Store,
    caller: Caller,
    request: RowsRequest,
    counted: Callable[[int], None] = lambda _rows: None,
) -> bytes:
    """Rows by key as a zstd stream, closed by the fate of the others. Refused: too many.

    ``counted`` is told how many rows go out.
    """
    if len(request.keys) > MAX_ROWS_ASKED:
        raise _too_large()
    with store.transaction(snapshot=True) as connection:
        who = _checked(caller(connection), request.epoch)
        found = _row_lines(connection, scopes_of(connection, who), request, counted)
        return b"".join(streams.compressed(found))


def _checked(who: Principal, epoch: str) -> Principal:
    if who.epoch != epoch:
        raise Refused(_("HQ was restored from a backup."), code="epoch")
    return who


def _too_large() -> Refused:
    return Refused(_("The request is too large for HQ."), code="too-large")


def _sequence(store: Store, caller: Caller) -> None:
    """Bring committed changes into the feed first, so that few scopes count as moved."""
    with store.transaction() as connection:
        scopes = scopes_of(connection, caller(connection))
        waits = feed.something_waits(connection, scopes)
    while waits:
        with store.transaction() as connection:
            waits = feed.sequence(connection, scopes) > 0


def _standing(connection: HqConnection, who: Principal, cursor: dict[str, int]) -> dict[str, int]:
    """Of a cursor, the caller's own scopes that still stand where the caller stands."""
    held = set(scopes_of(connection, who))
    heads = feed.heads(connection, [scope for scope in cursor if scope in held])
    coming = {str(row[0]) for row in connection.execute("SELECT DISTINCT scope FROM outbox")}
    return {s: p for s, p in heads.items() if p == cursor[s] and s not in coming}


def _row_lines(
    connection: HqConnection,
    scopes: list[str],
    request: RowsRequest,
    counted: Callable[[int], None],
) -> Iterator[bytes]:
    wanted: dict[str, list[str]] = {}
    for name, uid in request.keys:
        wanted.setdefault(name, []).append(uid)
    gone: list[tuple[str, str]] = []
    unknown: list[tuple[str, str]] = []
    for entity in ENTITIES.values():
        uids = wanted.get(entity.name)
        if not uids:
            continue
        there = _uids(connection, f"FROM {quoted(table_name(entity))} t WHERE", [], uids)
        given: set[str] = set()
        where = scope_test(entity, scopes)
        if where is not None:
            rest = f"{_source(entity)} WHERE NOT t.deleted AND {where[0]} AND"
            given = _uids(connection, rest, where[1], uids)
            yield streams.section(entity.name)
            rest += " t.uid = ANY(%s::uuid[])"
            for chunk, count in streams.rows(connection, entity.name, rest, [*where[1], uids]):
                counted(count)
                yield chunk
        gone += [(entity.name, uid) for uid in sorted(there - given)]
        unknown += [(entity.name, uid) for uid in sorted(set(uids) - there)]
    yield streams.line(Fate(gone, unknown))


def _uids(
    connection: HqConnection, rest: str, parameters: list[object], uids: list[str]
) -> set[str]:
    query = f"SELECT encode(uuid_send(t.uid),'hex') {rest} t.uid = ANY(%s::uuid[])"
    return {str(row[0]) for row in connection.execute(query.encode(), [*parameters, uids])}


def _source(entity: Entity) -> str:
    source = f"FROM {quoted(table_name(entity))} t"
    if by_account(entity) and entity.name != "account":
        source += " JOIN account a ON a.account_id = t.account_id"
    return source
