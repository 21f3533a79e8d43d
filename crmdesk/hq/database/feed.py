"""The feed: committed changes get their per-scope positions here, and nowhere else.

A change leaves an ``outbox`` row in its own transaction. The sequencer takes what has been
committed, locks the heads of the scopes concerned and hands out positions under these locks, so a
reader of a head can never be overtaken by a late commit, and a transaction left open delays only
its own rows. The feed keeps the latest position of each row and no content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmdesk.hq.database.copying import append
from crmdesk.hq.database.store import HqConnection

WHOLE_ACCOUNT = "account*"
"""A feed entry for an account with everything in it: it has just come into the scope."""

_BATCH = 20_000

_PLACE = """
WITH taken AS (
    DELETE FROM outbox WHERE (scope, id) IN (
        SELECT scope, id FROM outbox WHERE scope = ANY(%s)
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING scope, entity, uid, account_id, device_id, id
), news AS (
    SELECT scope, entity, uid, account_id, max(id) AS id,
           (array_agg(device_id ORDER BY id DESC))[1] AS device_id
    FROM taken GROUP BY scope, entity, uid, account_id
), placed AS (
    SELECT n.scope, n.entity, n.uid, n.account_id, n.device_id,
           h.position + row_number() OVER (PARTITION BY n.scope ORDER BY n.id) AS position
    FROM news n JOIN scope_head h ON h.scope = n.scope
), written AS (
    INSERT INTO feed (scope, entity, uid, account_id, device_id, position)
    SELECT scope, entity, uid, account_id, device_id, position FROM placed
    ON CONFLICT (scope, entity, uid) DO UPDATE
        SET position = EXCLUDED.position, account_id = EXCLUDED.account_id,
            device_id = EXCLUDED.device_id, at = EXCLUDED.at
    RETURNING scope, position
), moved AS (
    UPDATE scope_head h SET position = w.top
    FROM (SELECT scope, max(position) AS top FROM written GROUP BY scope) w
    WHERE h.scope = w.scope
    RETURNING 1
)
SELECT count(*) FROM taken
"""


def sequence(connection: HqConnection, only: Sequence[str] | None = None) -> int:
    """Move committed changes into the feed; returns how many were taken.

    Runs in a transaction of its own; any number of processes may run it at once. ``only`` these
    scopes: whoever asks for the news of some waits for nobody in the others.
    """
    waiting = connection.execute(
        "SELECT DISTINCT scope FROM outbox WHERE %(all)s OR scope = ANY(%(only)s)",
        {"all": only is None, "only": list(only or ())},
    ).fetchall()
    if not waiting:
        return 0
    scopes = sorted(str(row[0]) for row in waiting)
    # The heads are locked before anything is taken: who holds the lock has the last word.
    lock_heads(connection, scopes)
    row = connection.execute(_PLACE, (scopes, _BATCH)).fetchone()
    return 0 if row is None else int(row[0])


def lock_heads(connection: HqConnection, scopes: Sequence[str]) -> None:
    """Lock the heads of these scopes in order, making them when they are new."""
    connection.execute(
        "INSERT INTO scope_head (scope) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
        (list(scopes),),
    )
    connection.execute(
        "SELECT 1 FROM scope_head WHERE scope = ANY(%s) ORDER BY scope FOR UPDATE", (list(scopes),)
    )


def something_waits(connection: HqConnection, scopes: Sequence[str]) -> bool:
    """True when committed changes of these scopes wait for the sequencer."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE scope = ANY(%s))", (list(scopes),)
    ).fetchone()
    return bool(row and row[0])


def heads(connection: HqConnection, scopes: Iterable[str]) -> dict[str, int]:
    """The head position of each scope; 0 for one that never saw a change."""
    wanted = list(scopes)
    rows = connection.execute(
        "SELECT scope, position FROM scope_head WHERE scope = ANY(%s)", (wanted,)
    ).fetchall()
    found = dict.fromkeys(wanted, 0)
    found.update({str(scope): int(position) for scope, position in rows})
    return found


def forgotten(connection: HqConnection, cursor: Mapping[str, int]) -> set[str]:
    """Scopes of which the feed has forgotten something that this cursor has not seen yet."""
    rows = connection.execute(
        "SELECT h.scope FROM scope_head h JOIN unnest(%s::text[], %s::bigint[]) AS c(scope,"
        " position) ON c.scope = h.scope WHERE h.horizon > c.position",
        (list(cursor), list(cursor.values())),
    )
    return {str(row[0]) for row in rows}


def announce(
    connection: HqConnection,
    rows: Sequence[tuple[str, str, str, str | None]],
    *,
    device: str | None = None,
) -> None:
    """Put changed rows (scope, entity, uid, account) into the outbox of this transaction.

    ``device`` (hex) is the one that made the changes and need not hear of them.
    """
    append(
        connection,
        "outbox",
        ("device_id", "scope", "entity", "uid", "account_id"),
        [(device, *row) for row in rows],
    )
