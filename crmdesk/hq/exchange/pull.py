"""What a device has not seen yet: pages of the feed, with the rows as they are now.

A feed entry names a row; whether the device may have it is decided here again, from where the row
is at this moment. An account that has left the scope is named once and takes its children with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from crmdesk.domain.errors import Refused
from crmdesk.hq.database import feed, streams
from crmdesk.hq.database.scopes import Principal, scopes_of
from crmdesk.hq.database.store import HqConnection, Store, as_uids
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Entity, Scope
from crmdesk.sync.protocol import MAX_PUSH_OPS, Gone, PullHead, PullRequest, cursor_hash

PAGE_ENTRIES = MAX_PUSH_OPS
_ACCOUNTS = ("account", feed.WHOLE_ACCOUNT)
_SCOPE_OF_ACCOUNT = "coalesce('t/' || encode(uuid_send(a.territory_id),'hex'), 't/none')"

_ENTRIES = """
SELECT f.scope, f.entity, encode(uuid_send(f.uid),'hex'), encode(uuid_send(f.account_id),'hex'),
       f.position
FROM unnest(%(scopes)s::text[], %(positions)s::bigint[])
     WITH ORDINALITY AS c(scope, position, place)
CROSS JOIN LATERAL (
    SELECT * FROM feed f WHERE f.scope = c.scope AND f.position > c.position
    AND (%(own)s OR f.device_id IS DISTINCT FROM %(device)s::uuid OR f.entity = ANY(%(always)s))
    ORDER BY f.position LIMIT %(most)s
) f
ORDER BY c.place, f.position LIMIT %(most)s
"""
"""What a device wrote itself it has, by the answer to its push, unless it was restored."""

Caller = Callable[[HqConnection], Principal]


@dataclass(slots=True)
class _Page:
    cursor: dict[str, int]
    more: bool = False
    # entity → (account, uid, scope) of each entry
    entries: dict[str, list[tuple[str | None, str, str]]] = field(default_factory=dict)


def pull(
    store: Store,
    caller: Caller,
    request: PullRequest,
    now_ms: int,
    counted: Callable[[int], None] = lambda _rows: None,
) -> bytes | None:
    """One page as a zstd stream, or None when there is nothing new.

    ``counted`` is told how many rows go out. Refused: an epoch that is not HQ's, and whatever
    ``caller`` refuses.
    """
    epoch = request.epoch
    with store.transaction() as connection:
        who = caller(connection)
        _check_epoch(request, who.epoch)
        scopes = scopes_of(connection, who)
        waits = feed.something_waits(connection, scopes)
        if not waits and request.hash:
            heads = feed.heads(connection, scopes)
            if request.hash == cursor_hash(epoch, heads):
                return None
    while waits:
        with store.transaction() as connection:
            waits = feed.sequence(connection, scopes) > 0
    with store.transaction(snapshot=True) as connection:
        who = caller(connection)
        _check_epoch(request, who.epoch)
        heads = feed.heads(connection, scopes_of(connection, who))
        if request.cursor is None:
            if request.hash == cursor_hash(epoch, heads):
                return None
            return _packed([streams.line(PullHead(epoch, now_ms, {}, more=True))])
        if request.cursor == heads:
            return None
        if is_ahead(request.cursor, heads):
            raise _restored()
        # Of these scopes the feed does not have everything any more: they are given anew.
        anew = feed.forgotten(connection, request.cursor)
        cursor = {s: p for s, p in request.cursor.items() if s not in anew or s not in heads}
        page = _read_entries(connection, who, cursor, heads, own=request.own)
        lines = _page_lines(connection, page, cursor, heads, epoch, now_ms, counted)
        return _packed(lines)


def _check_epoch(request: PullRequest, epoch: str) -> None:
    if request.epoch != epoch:
        raise _restored()


def is_ahead(cursor: Mapping[str, int], heads: Mapping[str, int]) -> bool:
    """Whether a device has seen what HQ has no trace of.

    Then an older backup was put in place without a word; the device offers everything again, as
    after any restore.
    """
    return any(position > heads.get(scope, position) for scope, position in cursor.items())


def _restored() -> Refused:
    return Refused(
        _("HQ was restored from a backup."),
        _("The next sync offers HQ what it has lost."),
        code="epoch",
    )


def _packed(lines: Iterator[bytes] | list[bytes]) -> bytes:
    return b"".join(streams.compressed(lines))


def _page_lines(
    connection: HqConnection,
    page: _Page,
    cursor: dict[str, int],
    heads: dict[str, int],
    epoch: str,
    now: int,
    counted: Callable[[int], None],
) -> Iterator[bytes]:
    gained = sorted(heads.keys() - cursor.keys())
    lost = sorted(cursor.keys() - heads.keys())
    yield streams.line(PullHead(epoch, now, page.cursor, page.more, gained, lost))
    whole, left = _moved_accounts(connection, page, heads.keys())
    deleted: list[tuple[str, str, int]] = []
    for entity in ENTITIES.values():
        listed = page.entries.get(entity.name, [])
        arrived = whole if by_account(entity) else []
        if not listed and not arrived:
            continue
        yield streams.section(entity.name)
        if arrived:
            rest = f"FROM {quoted(entity.table or entity.name)} t WHERE t.account_id ="
            rest += " ANY(%s::uuid[]) AND NOT t.deleted"
            for chunk, count in streams.rows(connection, entity.name, rest, [arrived]):
                counted(count)
                yield chunk
            deleted += _deleted_inside(connection, entity, arrived)
        if listed:
            source, present, parameters = _listed(entity.name, listed, heads.keys())
            rest, there = f"{source} AND {present}", 0
            for chunk, count in streams.rows(
                connection, entity.name, rest, parameters, most=len(listed)
            ):
                counted(count)
                there += count
                yield chunk
            if there == len(listed):
                continue
            query = f"SELECT encode(uuid_send(t.uid),'hex'), t.rev {source} AND NOT ({present})"
            gone = connection.execute(query.encode(), parameters).fetchall()
            deleted += [(entity.name, str(uid), int(rev)) for uid, rev in gone]
    if deleted or left:
        yield streams.line(Gone(deleted, left))


def _deleted_inside(
    connection: HqConnection, entity: Entity, accounts: list[str]
) -> list[tuple[str, str, int]]:
    """What was deleted in accounts that arrive: whoever had them elsewhere may not know of it."""
    rows = connection.execute(
        f"SELECT encode(uuid_send(t.uid),'hex'), t.rev FROM {quoted(table_name(entity))} t"
        " WHERE t.account_id = ANY(%s::uuid[]) AND t.deleted".encode(),
        [accounts],
    ).fetchall()
    return [(entity.name, str(uid), int(rev)) for uid, rev in rows]


def _read_entries(
    connection: HqConnection,
    who: Principal,
    cursor: dict[str, int],
    heads: dict[str, int],
    *,
    own: bool,
) -> _Page:
    behind = {s: p for s, p in sorted(cursor.items()) if s in heads and heads[s] > p}
    rows = connection.execute(
        _ENTRIES,
        {
            "scopes": list(behind), "positions": list(behind.values()), "own": own,
            "device": who.device, "always": list(_ACCOUNTS), "most": PAGE_ENTRIES + 1,
        },
    ).fetchall()  # fmt: skip
    page = _Page({s: cursor[s] for s in heads if s in cursor}, len(rows) > PAGE_ENTRIES)
    rows = rows[:PAGE_ENTRIES]
    for scope, entity, uid, account, position in rows:
        page.cursor[scope] = int(position)
        page.entries.setdefault(entity, []).append((account, uid, scope))
    cut = rows[-1][0] if page.more else None
    order = list(behind)
    finished = order if cut is None else order[: order.index(cut)]
    for scope in finished:
        page.cursor[scope] = heads[scope]
    return page


def _moved_accounts(
    connection: HqConnection, page: _Page, scopes: Collection[str]
) -> tuple[list[str], list[str]]:
    """Accounts that came into a scope as a whole, and those that lie in none of the device's."""
    named = page.entries.pop(feed.WHOLE_ACCOUNT, [])
    both = named + page.entries.get("account", [])
    if not both:
        return [], []
    rows = connection.execute(
        f"SELECT encode(uuid_send(a.uid),'hex'), e.whole, {_SCOPE_OF_ACCOUNT}, e.scope"
        " FROM unnest(%s::uuid[], %s::text[], %s::boolean[]) AS e(uid, scope, whole)"
        " JOIN account a ON a.account_id = e.uid",
        (
            [uid for _account, uid, _scope in both],
            [scope for _account, _uid, scope in both],
            [True] * len(named) + [False] * (len(both) - len(named)),
        ),
    ).fetchall()
    whole = {uid for uid, is_whole, now_in, named_in in rows if is_whole and now_in == named_in}
    left = {uid for uid, _whole, now_in, _named_in in rows if now_in not in scopes}
    return sorted(whole), sorted(left)


def _listed(
    entity_name: str, entries: list[tuple[str | None, str, str]], held: Collection[str]
) -> tuple[str, str, list[object]]:
    """Where named rows come from, the test of those the device may have, and the parameters.

    The others among them have gone for this device: deleted, or somebody else's by now.
    """
    present = "NOT t.deleted"
    entity = ENTITIES[entity_name]
    table = quoted(table_name(entity))
    accounts, uids, scopes = (list(column) for column in zip(*entries, strict=True))
    if entity.scope is Scope.USER:
        source = (
            f"FROM {table} t CROSS JOIN LATERAL (SELECT coalesce('u/' ||"
            " encode(uuid_send(t.user_id),'hex') = ANY(%s::text[]), false) AS held) v"
            " WHERE t.uid = ANY(%s::uuid[])"
        )
        return source, f"{present} AND v.held", [list(held), as_uids(uids)]
    if not by_account(entity):
        return f"FROM {table} t WHERE t.uid = ANY(%s::uuid[])", present, [as_uids(uids)]
    source = (
        "FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS e(account_id, uid, scope)"
        f" JOIN {table} t ON t.account_id = e.account_id AND t.uid = e.uid"
        f" JOIN account a ON a.account_id = t.account_id WHERE {_SCOPE_OF_ACCOUNT} = e.scope"
    )
    return source, present, [as_uids(accounts), as_uids(uids), scopes]
