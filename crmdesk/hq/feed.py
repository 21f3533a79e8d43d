"""The feed: committed changes get their per-scope positions here, and nowhere else.

A change leaves an ``outbox`` row in its own transaction. The sequencer takes what has been
committed, locks the heads of the scopes concerned and hands out positions under these locks, so a
reader of a head can never be overtaken by a late commit, and a transaction left open delays only
its own rows. The feed keeps the latest position of each row and no content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmdesk.hq.store import HqConnection

WHOLE_ACCOUNT = "account*"
"""A feed entry for an account with everything in it: it has just come into the scope."""

_BATCH = 20_000

_TAKE = """
DELETE FROM outbox WHERE id IN
    (SELECT id FROM outbox ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING scope, entity, uid, account_id, id
"""
_PLACE = """
WITH news AS (
    SELECT scope, entity, uid, account_id, max(id) AS id
    FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::bigint[])
         AS n(scope, entity, uid, account_id, id)
    GROUP BY scope, entity, uid, account_id
), placed AS (
    SELECT n.scope, n.entity, n.uid, n.account_id,
           h.position + row_number() OVER (PARTITION BY n.scope ORDER BY n.id) AS position
    FROM news n JOIN scope_head h ON h.scope = n.scope
), written AS (
    INSERT INTO feed (scope, entity, uid, account_id, position)
    SELECT scope, entity, uid, account_id, position FROM placed
    ON CONFLICT (scope, entity, uid) DO UPDATE
        SET position = EXCLUDED.position, account_id = EXCLUDED.account_id
    RETURNING scope, position
)
UPDATE scope_head h SET position = w.top
FROM (SELECT scope, max(position) AS top FROM written GROUP BY scope) w
WHERE h.scope = w.scope
"""


def sequence(connection: HqConnection) -> int:
    """Move committed changes into the feed; returns how many rows were taken.

    Runs in a transaction of its own; any number of processes may run it at once.
    """
    taken = connection.execute(_TAKE, (_BATCH,)).fetchall()
    if not taken:
        return 0
    scopes = sorted({row[0] for row in taken})
    lock_heads(connection, scopes)
    connection.execute(_PLACE, [list(column) for column in zip(*taken, strict=True)])
    return len(taken)


def lock_heads(connection: HqConnection, scopes: Sequence[str]) -> None:
    """Lock the heads of these scopes in order, making them when they are new."""
    connection.execute(
        "INSERT INTO scope_head (scope) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
        (list(scopes),),
    )
    connection.execute(
        "SELECT 1 FROM scope_head WHERE scope = ANY(%s) ORDER BY scope FOR UPDATE", (list(scopes),)
    )


def something_waits(connection: HqConnection) -> bool:
    """True when committed changes wait for the sequencer."""
    row = connection.execute("SELECT EXISTS (SELECT 1 FROM outbox)").fetchone()
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


def announce(connection: HqConnection, rows: Sequence[tuple[str, str, str, str | None]]) -> None:
    """Put changed rows (scope, entity, uid, account) into the outbox of this transaction."""
    if not rows:
        return
    connection.execute(
        "INSERT INTO outbox (scope, entity, uid, account_id)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::uuid[])",
        [list(column) for column in zip(*rows, strict=True)],
    )
