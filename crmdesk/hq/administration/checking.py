"""Whether an HQ's database is sound: everything that must hold is asked of the rows themselves.

Reads in one unchanging view and changes nothing. Findings are sentences for the administrator;
counts are there to be compared with those of last week.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import inspect

from crmdesk.hq.database.bulk import unique_sql
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import by_account, global_uniques, metadata, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Entity, Kind

_COUNTED = ("account", "user", "contact", "order", "sale", "visit", "note", "attachment")
_PLATFORM_COUNTS = ("change", "feed", "outbox", "op_result", "blob", "quarantine", "audit")


@dataclass(frozen=True, slots=True)
class Checked:
    """``findings`` are sentences, none when all is well; ``counts`` of living rows by kind."""

    findings: list[str]
    counts: dict[str, int]


def check(store: Store, *, contents: bool = False) -> Checked:
    """Check everything; ``contents`` reads every attachment's bytes as well."""
    findings = list(_schema(store))
    with store.transaction(snapshot=True, long=True) as connection:
        for step in (_feed, _uniques, _references, _devices, _blobs):
            findings += step(connection)
        if contents:
            findings += _digests(connection)
        counts = _counts(connection)
    return Checked(findings, counts)


def _number(connection: HqConnection, query: str, *parameters: object) -> int:
    row = connection.execute(query.encode(), parameters).fetchone()
    return 0 if row is None else int(row[0])


def _schema(store: Store) -> Iterator[str]:
    """Tables, columns, keys and indexes that the program counts on, and rules not enforced."""
    seen = inspect(store.engine)
    there = set(seen.get_table_names())
    for name, table in metadata.tables.items():
        if name not in there:
            yield _("The table {table} is missing.").format(table=name)
            continue
        missing = {c.name for c in table.columns} - {c["name"] for c in seen.get_columns(name)}
        if missing:
            yield _("The table {table} lacks {columns}.").format(
                table=name, columns=", ".join(sorted(missing))
            )
        keys = {key["name"] for key in seen.get_foreign_keys(name)}
        indexes = {index["name"] for index in seen.get_indexes(name)}
        wanted = {str(c.name) for c in table.foreign_key_constraints} - keys
        wanted |= {str(i.name) for i in table.indexes} - indexes
        for rule in sorted(wanted):
            yield _("The table {table} lacks the rule {rule}.").format(table=name, rule=rule)
    with store.transaction() as connection:
        rows = connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE NOT convalidated"
            " AND connamespace = current_schema()::regnamespace"
            " UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index"
            " JOIN pg_class c ON c.oid = indrelid WHERE NOT indisvalid"
            " AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2"
        ).fetchall()
    for table_of_rule, rule in rows:
        yield _("The rule {rule} of the table {table} is not enforced.").format(
            rule=rule, table=table_of_rule
        )


def _feed(connection: HqConnection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT f.scope FROM feed f LEFT JOIN scope_head h ON h.scope = f.scope"
        " WHERE h.position IS NULL OR f.position > h.position GROUP BY f.scope ORDER BY 1"
    ).fetchall()
    for (scope,) in rows:
        yield _("The feed of {scope} is ahead of its head.").format(scope=scope)
    rows = connection.execute(
        "SELECT scope FROM scope_head WHERE horizon > position ORDER BY 1"
    ).fetchall()
    for (scope,) in rows:
        yield _("The horizon of {scope} is ahead of its head.").format(scope=scope)
    known = sorted({*ENTITIES, "account*"})
    for table in ("feed", "outbox"):
        strange = _number(
            connection, f"SELECT count(*) FROM {table} WHERE NOT entity = ANY(%s)", known
        )
        if strange:
            yield _("{count} entries of {table} name a kind that does not exist.").format(
                count=strange, table=table
            )
    for entity in ENTITIES.values():
        same = " AND t.account_id = f.account_id" if by_account(entity) else ""
        orphans = _number(
            connection,
            "SELECT count(*) FROM feed f WHERE f.entity = %s AND NOT EXISTS"
            f" (SELECT 1 FROM {quoted(table_name(entity))} t WHERE t.uid = f.uid{same})",
            entity.name,
        )
        if orphans:
            yield _("{count} entries of the feed name rows of {kind} that are not there.").format(
                count=orphans, kind=entity.name
            )


def _uniques(connection: HqConnection) -> Iterator[str]:
    for entity in ENTITIES.values():
        for columns in global_uniques(entity):
            source, names = quoted(table_name(entity)), ",".join(columns)
            value = unique_sql(columns)
            missing = _number(
                connection,
                f"SELECT count(*) FROM {source} t WHERE NOT t.deleted AND NOT EXISTS"
                ' (SELECT 1 FROM unique_value u WHERE u.entity = %s AND u."columns" = %s'
                f" AND u.uid = t.uid AND u.value = {value})",
                entity.name,
                names,
            )
            if missing:
                yield _("{count} rows of {kind} are not registered as unique.").format(
                    count=missing, kind=entity.name
                )
            idle = _number(
                connection,
                'SELECT count(*) FROM unique_value u WHERE u.entity = %s AND u."columns" = %s'
                f" AND NOT EXISTS (SELECT 1 FROM {source} t WHERE t.uid = u.uid"
                " AND t.account_id = u.account_id)",
                entity.name,
                names,
            )
            if idle:
                yield _("{count} registered values of {kind} belong to no row.").format(
                    count=idle, kind=entity.name
                )


def _references(connection: HqConnection) -> Iterator[str]:
    """Living rows that refer to deleted ones: PostgreSQL's keys do not see a tombstone."""
    for entity in ENTITIES.values():
        for one in entity.fields:
            if one.kind is Kind.REF and one.ref:
                count = _number(connection, _dangling(entity, one.column, ENTITIES[one.ref]))
                if count:
                    yield _("{count} rows of {kind} refer to a deleted {target}.").format(
                        count=count, kind=entity.name, target=one.ref
                    )


def _dangling(entity: Entity, column: str, target: Entity) -> str:
    same = ""
    if by_account(target) and target.name != "account":
        same = " AND p.account_id = t.account_id"
    return (
        f"SELECT count(*) FROM {quoted(table_name(entity))} t"
        f" JOIN {quoted(table_name(target))} p ON p.uid = t.{quoted(column)}{same}"
        " WHERE p.deleted AND NOT t.deleted"
    )


def _devices(connection: HqConnection) -> Iterator[str]:
    differ = _number(
        connection,
        "SELECT count(*) FROM hq_device h JOIN device d ON d.uid = h.device_id"
        " WHERE h.user_id <> d.user_id",
    )
    if differ:
        yield _("{count} devices belong to one user here and to another there.").format(
            count=differ
        )
    strange = _number(
        connection,
        "SELECT count(DISTINCT device_id) FROM op_result r WHERE NOT EXISTS"
        " (SELECT 1 FROM hq_device h WHERE h.device_id = r.device_id)",
    )
    if strange:
        yield _("Answers are kept for {count} devices that do not exist.").format(count=strange)


def _blobs(connection: HqConnection) -> Iterator[str]:
    torn = _number(
        connection,
        "SELECT count(*) FROM blob b LEFT JOIN (SELECT sha256, sum(length(data)) AS held"
        " FROM blob_chunk GROUP BY sha256) c ON c.sha256 = b.sha256"
        " WHERE coalesce(c.held, 0) <> b.received OR (b.complete AND b.received <> b.size)",
    )
    if torn:
        yield _("{count} attachments are not kept whole.").format(count=torn)


def _digests(connection: HqConnection) -> Iterator[str]:
    rows = connection.execute("SELECT sha256 FROM blob WHERE complete ORDER BY sha256").fetchall()
    for (name,) in rows:
        found = hashlib.sha256()
        chunks = connection.cursor()
        starts = chunks.execute(
            "SELECT start FROM blob_chunk WHERE sha256 = %s ORDER BY start", (name,)
        ).fetchall()
        for (start,) in starts:
            piece = chunks.execute(
                "SELECT data FROM blob_chunk WHERE sha256 = %s AND start = %s", (name, start)
            ).fetchone()
            if piece is not None:
                found.update(piece[0])
        if found.hexdigest() != name:
            yield _("The bytes of the attachment {name} are damaged.").format(name=str(name)[:12])


def _counts(connection: HqConnection) -> dict[str, int]:
    counts = {}
    for name in _COUNTED:
        source = quoted(table_name(ENTITIES[name]))
        counts[name] = _number(connection, f"SELECT count(*) FROM {source} WHERE NOT deleted")
    for name in _PLATFORM_COUNTS:
        counts[name] = _number(connection, f"SELECT count(*) FROM {quoted(name)}")
    return counts
