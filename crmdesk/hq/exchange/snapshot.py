"""The snapshot a device starts from: every row of its scopes as of one instant, with the heads.

Read in one repeatable-read transaction; the heads are read inside it, so whatever commits later
reaches the device by the feed. Rows come parents first and within an entity by key, so a cut
stream is taken up again after the last row received, keeping the first heads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

from crmdesk.hq.database import feed, streams
from crmdesk.hq.database.scopes import CATALOGUE, OFFICE, REFERENCE, UNASSIGNED, split
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.storage.entities import ENTITIES, Entity, Scope
from crmdesk.sync.protocol import SnapshotEnd, SnapshotHead

_WHOLE = {Scope.CATALOGUE: CATALOGUE, Scope.REFERENCE: REFERENCE, Scope.OFFICE: OFFICE}


def snapshot(
    connection: HqConnection,
    epoch: str,
    scopes: list[str],
    *,
    after: tuple[str, str] | None = None,
    entities: Collection[str] = (),
    counted: Callable[[int], None] = lambda _rows: None,
) -> Iterator[bytes]:
    """The lines of a snapshot of these scopes, uncompressed.

    ``after`` is (entity, uid) of the last row received before a cut; ``entities`` names the kinds
    wanted (none: all); ``counted`` is told how many rows go out. The connection must be in a
    snapshot transaction (:meth:`Store.transaction`).
    """
    heads = feed.heads(connection, scopes)
    yield streams.line(SnapshotHead(epoch, int(time.time() * 1000), heads))
    count = 0
    waiting = after is not None
    for entity in ENTITIES.values():
        resume = None
        if waiting and after is not None:
            if entity.name != after[0]:
                continue
            waiting, resume = False, after[1]
        where = scope_test(entity, scopes)
        if where is None or (entities and entity.name not in entities):
            continue
        yield streams.section(entity.name)
        rest, parameters = _rest(entity, where, resume)
        for chunk, rows in streams.rows(connection, entity.name, rest, parameters):
            count += rows
            counted(rows)
            yield chunk
    yield streams.line(SnapshotEnd(count))


def scope_test(entity: Entity, scopes: list[str]) -> tuple[str, list[object]] | None:
    """The condition that limits an entity to the scopes; None when nothing of it is in them."""
    if entity.scope in _WHOLE:
        return ("true", []) if _WHOLE[entity.scope] in scopes else None
    territories, users = split(scopes)
    if entity.scope is Scope.USER:
        return ("t.user_id = ANY(%s::uuid[])", [users]) if users else None
    unassigned = UNASSIGNED in scopes
    if not territories and not unassigned:
        return None
    account = "t" if entity.name == "account" else "a"
    test = f"{account}.territory_id = ANY(%s::uuid[])"
    if unassigned:
        test = f"({test} OR {account}.territory_id IS NULL)"
    return test, [territories]


def _rest(
    entity: Entity, where: tuple[str, list[object]], resume: str | None
) -> tuple[str, list[object]]:
    test, parameters = where[0], list(where[1])
    source = f"FROM {quoted(table_name(entity))} t"
    key = "t.account_id, t.uid" if by_account(entity) else "t.uid"
    if by_account(entity) and entity.name != "account":
        source += " JOIN account a ON a.account_id = t.account_id"
    if resume is not None:
        columns = "account_id, uid" if by_account(entity) else "uid"
        test += (
            f" AND ({key}) > (SELECT {columns} FROM {quoted(table_name(entity))}"
            " WHERE uid = %s::uuid LIMIT 1)"
        )
        parameters.append(resume)
    return f"{source} WHERE NOT t.deleted AND {test} ORDER BY {key}", parameters
