"""What HQ forgets in time: tombstones in the feed, and what nobody will ask for again.

Rows themselves are never forgotten here: a deleted row stays a tombstone in its own table. What
goes is the feed's word of it, older than the retention; ``scope_head.horizon`` then says up to
where the feed has gaps, and who stands before it is given the scope anew
(:mod:`crmdesk.hq.exchange.pull`). Answers to ops are kept as long as their device works, for they
tell a restored HQ and a cloned device apart from new work. Files are
:mod:`crmdesk.hq.exchange.blobs`'; when this runs is :mod:`crmdesk.hq.running.upkeep`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from crmdesk.hq.database import feed
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.storage.entities import ENTITIES, Entity, Scope

RETENTION_DAYS = 180
SHORTEST_RETENTION_DAYS = 7
"""Below this even a holiday would cost a full download."""

READ_AUDIT_DAYS = 3 * 365
_FACT, _LAST = "retention_days", "tidied_at"
_BATCH = 5_000
_MOST_BATCHES = 200


@dataclass(slots=True)
class TidyReport:
    """How many rows of each kind were forgotten."""

    feed_entries: int = 0
    scopes: int = 0
    answers: int = 0
    codes: int = 0
    read_audit: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {one.name: int(getattr(self, one.name)) for one in fields(self)}


def retention_days(connection: HqConnection) -> int:
    """For how many days the feed remembers what was deleted or has left."""
    row = connection.execute("SELECT value FROM hq_state WHERE key = %s", (_FACT,)).fetchone()
    return RETENTION_DAYS if row is None else max(SHORTEST_RETENTION_DAYS, int(row[0]))


def set_retention(store: Store, days: int) -> None:
    """Keep tombstones in the feed for so many days. ValueError below a week."""
    if days < SHORTEST_RETENTION_DAYS:
        raise ValueError("tombstones are kept for a week at least")
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO hq_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            (_FACT, str(days)),
        )


def tidy_when_due(store: Store, now: datetime) -> TidyReport | None:
    """Tidy if that is a day ago; of several servers one does it. None when it was not due."""
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO hq_state (key, value) VALUES (%s, '') ON CONFLICT (key) DO NOTHING",
            (_LAST,),
        )
        taken = connection.execute(
            "UPDATE hq_state SET value = %s WHERE key = %s AND value < %s",
            (now.isoformat(), _LAST, (now - timedelta(days=1)).isoformat()),
        ).rowcount
    return tidy(store, now) if taken else None


def tidy(store: Store, now: datetime) -> TidyReport:
    """Forget what is older than its time, in small transactions."""
    report = TidyReport()
    with store.transaction() as connection:
        before = now - timedelta(days=retention_days(connection))
    _forget_feed(store, before, report)
    steps = (
        ("answers", _ANSWERS, (before,)),
        ("codes", _CODES, (before,)),
        ("read_audit", _READ_AUDIT, (now - timedelta(days=READ_AUDIT_DAYS),)),
    )
    for name, query, parameters in steps:
        for _batch in range(_MOST_BATCHES):
            with store.transaction() as connection:
                count = connection.execute(query, (*parameters, _BATCH)).rowcount
            setattr(report, name, getattr(report, name) + count)
            if count < _BATCH:
                break
    return report


_ANSWERS = """
DELETE FROM op_result WHERE (device_id, seq) IN (
    SELECT r.device_id, r.seq FROM op_result r JOIN hq_device d ON d.device_id = r.device_id
    WHERE d.status IN ('retired', 'wiped') AND coalesce(d.last_seen_at, d.enrolled_at) < %s
    LIMIT %s)
"""

_CODES = """
DELETE FROM enrolment WHERE code_hash IN (
    SELECT code_hash FROM enrolment WHERE expires_at < %s LIMIT %s)
"""

_READ_AUDIT = """
DELETE FROM audit WHERE id IN (
    SELECT id FROM audit WHERE action LIKE 'read%%' AND at < %s ORDER BY id LIMIT %s)
"""


def _forget_feed(store: Store, before: datetime, report: TidyReport) -> None:
    scopes: set[str] = set()
    kinds = [(entity.name, entity) for entity in ENTITIES.values()]
    kinds.append((feed.WHOLE_ACCOUNT, ENTITIES["account"]))
    for word, entity in kinds:
        for _batch in range(_MOST_BATCHES):
            with store.transaction() as connection:
                found = _dead_entries(connection, word, entity, before)
                if found:
                    _forget(connection, word, found)
            report.feed_entries += len(found)
            scopes.update(scope for scope, _uid in found)
            if len(found) < _BATCH:
                break
    report.scopes = len(scopes)


def _dead_entries(
    connection: HqConnection, word: str, entity: Entity, before: datetime
) -> list[tuple[str, str]]:
    """Scope and uid of old feed entries that bring no row: deleted, or lying elsewhere by now."""
    table = quoted(table_name(entity))
    joined = f"LEFT JOIN {table} t ON t.uid = f.uid"
    dead = "t.uid IS NULL OR t.deleted"
    if by_account(entity):
        joined += " AND t.account_id = f.account_id LEFT JOIN account a ON a.uid = f.account_id"
        joined += " AND a.account_id = f.account_id"
        place = "coalesce('t/' || encode(uuid_send(a.territory_id),'hex'), 't/none')"
        dead += f" OR {place} <> f.scope"
    elif entity.scope is Scope.USER:
        dead += " OR 'u/' || encode(uuid_send(t.user_id),'hex') <> f.scope"
    rows = connection.execute(
        f"SELECT f.scope, f.uid::text FROM feed f {joined}"
        f" WHERE f.entity = %s AND f.at < %s AND ({dead}) LIMIT %s".encode(),
        (word, before, _BATCH),
    ).fetchall()
    return [(str(scope), str(uid)) for scope, uid in rows]


def _forget(connection: HqConnection, word: str, found: list[tuple[str, str]]) -> None:
    """Delete entries and move the horizons, under the locks of the heads."""
    feed.lock_heads(connection, sorted({scope for scope, _uid in found}))
    connection.execute(
        "WITH gone AS (DELETE FROM feed f USING unnest(%s::text[], %s::uuid[]) AS d(scope, uid)"
        " WHERE f.scope = d.scope AND f.entity = %s AND f.uid = d.uid"
        " RETURNING f.scope, f.position),"
        " edge AS (SELECT scope, max(position) AS position FROM gone GROUP BY scope)"
        " UPDATE scope_head h SET horizon = greatest(h.horizon, e.position)"
        " FROM edge e WHERE e.scope = h.scope",
        ([scope for scope, _uid in found], [uid for _scope, uid in found], word),
    )
