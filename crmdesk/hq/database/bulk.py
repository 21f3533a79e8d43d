"""Many rows into HQ at once: the demo company, a first import, a company that joins.

COPY, in one transaction; foreign keys and secondary indexes are dropped first and made anew (and
checked) afterwards when HQ is still empty. Feed entries are written set-based at the end, and only
if there are devices that would have to hear of the rows; new devices get them by snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crmdesk.domain.errors import Cancelled, UserError
from crmdesk.hq.database import deal_shares
from crmdesk.hq.database.copying import encoders, uid_text
from crmdesk.hq.database.feed import WHOLE_ACCOUNT, sequence
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.tables import by_account, global_uniques, table_name
from crmdesk.hq.database.wire import quoted
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, Entity, Scope
from crmdesk.storage.rows import Batch

Progress = Callable[[str, int], None]
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What was loaded and how long it took."""

    rows: int
    lines: int
    seconds: float


class _Loader:
    def __init__(self, connection: HqConnection) -> None:
        self._connection = connection
        self.rows = self.lines = 0
        self.entities: set[str] = set()

    def write(self, batch: Batch) -> None:
        if not batch.rows:
            return
        entity = ENTITIES[batch.entity]
        self.entities.add(entity.name)
        in_account = by_account(entity)
        columns = [f.column for f in entity.fields]
        account_at = columns.index("account_id") if "account_id" in columns else None
        encode = encoders(entity.fields)
        head = ["uid", "rev"]
        if entity.name == "account":
            head.insert(0, "account_id")
        text = []
        for row in batch.rows:
            key = uid_text(row.uid)
            cells = [key, str(row.rev or 1)]
            if entity.name == "account":
                cells.insert(0, key)
            cells += [one(value) for one, value in zip(encode, row.values, strict=True)]
            text.append("\t".join(cells))
        self._copy(table_name(entity), [*head, *columns], text)
        self.rows += len(batch.rows)
        if entity.lines is not None and in_account and account_at is not None:
            self._write_lines(entity, batch, account_at)

    def _write_lines(self, entity: Entity, batch: Batch, account_at: int) -> None:
        lines = entity.lines
        if lines is None:
            return
        encode = encoders(lines.fields)
        account_of = encoders([entity.fields[account_at]])[0]
        text = []
        for row in batch.rows:
            start = f"{account_of(row.values[account_at])}\t{uid_text(row.uid)}\t"
            for position, line in enumerate(row.lines, start=1):
                cells = "\t".join([one(value) for one, value in zip(encode, line, strict=True)])
                text.append(f"{start}{position}\t{cells}")
        columns = ["account_id", "parent_uid", "position", *(f.column for f in lines.fields)]
        self._copy(lines.name, columns, text)
        self.lines += len(text)

    def _copy(self, name: str, columns: list[str], text: list[str]) -> None:
        if not text:
            return
        names = ", ".join(quoted(c) for c in columns)
        with self._connection.cursor().copy(f"COPY {quoted(name)} ({names}) FROM STDIN") as copy:
            for start in range(0, len(text), 500):
                copy.write("\n".join(text[start : start + 500]) + "\n")


def load(
    store: Store,
    batches: Iterable[Batch],
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BulkReport:
    """Load batches, parents first; returns the counts.

    Raises Cancelled (nothing is left behind), UserError for a code or number that exists already,
    and psycopg's IntegrityError for rows that contradict each other.
    """
    started = time.perf_counter()
    with store.transaction() as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        empty = _is_empty(connection)
        rules = _drop_rules(connection) if empty else []
        loader = _Loader(connection)
        for batch in batches:
            if cancelled is not None and cancelled():
                raise Cancelled
            loader.write(batch)
            if progress is not None:
                progress(batch.entity, loader.rows)
        for statement in rules:
            connection.execute(statement.encode())
        register_uniques(connection, loader.entities)
        if "opportunity" in loader.entities and deal_shares.refresh_all(connection):
            loader.entities.add(deal_shares.NAME)
        if not empty and _has_devices(connection):
            _announce_loaded(connection, loader.entities)
    with store.transaction() as connection:
        connection.execute("ANALYZE")
    while _sequenced(store):
        pass
    return BulkReport(loader.rows, loader.lines, time.perf_counter() - started)


def _sequenced(store: Store) -> bool:
    with store.transaction() as connection:
        return sequence(connection) > 0


def _is_empty(connection: HqConnection) -> bool:
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM app_user)"
    ).fetchone()
    return not (found and found[0])


def _has_devices(connection: HqConnection) -> bool:
    found = connection.execute("SELECT EXISTS (SELECT 1 FROM hq_device)").fetchone()
    return bool(found and found[0])


def _entity_tables() -> list[str]:
    lines = [e.lines.name for e in ENTITIES.values() if e.lines is not None]
    return [*(table_name(e) for e in ENTITIES.values()), *lines]


def _drop_rules(connection: HqConnection) -> list[str]:
    """Drop foreign keys and secondary indexes; returns the statements that make them again."""
    tables = _entity_tables()
    keys = connection.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])"
        " ORDER BY conname",
        ([quoted(name) for name in tables],),
    ).fetchall()
    for table, name, _definition in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    # An index that stands behind a constraint (a key) stays.
    indexes = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1",
        ([quoted(name) for name in tables],),
    ).fetchall()
    for name, _definition in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    again = [str(definition) for _name, definition in indexes]
    return again + [f"ALTER TABLE {t} ADD CONSTRAINT {name} {rule}" for t, name, rule in keys]


def register_uniques(connection: HqConnection, entities: Iterable[str]) -> None:
    """Enter codes and numbers of loaded rows; UserError names one that is taken already."""
    for name in sorted(entities):
        entity = ENTITIES[name]
        source = quoted(table_name(entity))
        for columns in global_uniques(entity):
            value = unique_sql(columns)
            entered = connection.execute(
                'INSERT INTO unique_value (entity, "columns", value, account_id, uid)'
                f" SELECT %s, %s, {value}, account_id, uid FROM {source} t WHERE NOT deleted"
                " ON CONFLICT DO NOTHING",
                (name, ",".join(columns)),
            ).rowcount
            there = connection.execute(
                f"SELECT count(*) FROM {source} t WHERE NOT deleted"
            ).fetchone()
            if there is not None and entered == there[0]:
                continue
            # Without statistics the join below is planned as a loop over everything.
            connection.execute("ANALYZE unique_value")
            twice = connection.execute(
                f"SELECT {value} FROM {source} t JOIN unique_value u ON u.entity = %s"
                f' AND u."columns" = %s AND u.value = {value}'
                " WHERE u.uid <> t.uid AND NOT t.deleted LIMIT 1",
                (name, ",".join(columns)),
            ).fetchone()
            if twice is not None:
                shown = str(twice[0]).replace(_SEPARATOR, " ")
                raise UserError(
                    _("{kind} {value} exists twice.").format(kind=name, value=shown),
                    _("Nothing was loaded."),
                )


def unique_sql(columns: tuple[str, ...]) -> str:
    """The expression that joins the values of a unique group into one text."""
    values = ", ".join(f"t.{quoted(c)}::text" for c in columns)
    return f"concat_ws(chr(31), {values})"


def unique_text(values: Iterable[object]) -> str:
    """What :func:`unique_sql` gives, from Python values."""
    return _SEPARATOR.join(str(value) for value in values)


def _announce_loaded(connection: HqConnection, entities: Iterable[str]) -> None:
    """Tell enrolled devices of everything just loaded: rows of this transaction only."""
    for name in entities:
        entity = ENTITIES[name]
        source, kind = quoted(table_name(entity)), entity.scope
        fresh = "t.xmin = pg_current_xact_id()::xid"
        account = "NULL::uuid"
        if kind is Scope.ACCOUNT:
            scope = "coalesce('t/' || encode(uuid_send(a.territory_id),'hex'), 't/none')"
            source += " t JOIN account a ON a.account_id = t.account_id"
            account = "t.account_id"
        elif kind is Scope.USER:
            scope, source = "'u/' || encode(uuid_send(t.user_id),'hex')", source + " t"
        else:
            scope, source = f"'{kind.value}'", source + " t"
        word = WHOLE_ACCOUNT if name == "account" else name
        connection.execute(
            "INSERT INTO outbox (scope, entity, uid, account_id)"
            f" SELECT {scope}, '{word}', t.uid, {account} FROM {source} WHERE {fresh}"
        )
