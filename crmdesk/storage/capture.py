"""Change capture: the triggers that write the journal and guard documents.

All triggers are generated from the entity specification, so a new field is captured the day it
exists. They run in the transaction of the change itself, whatever wrote it. ``sync_state.applying``
switches capture off while HQ's news is applied; the marks for summaries and search stay on.
Lines are captured once per document and transaction: the trigger leaves a journal row without
content and :func:`seal` fills it before the commit. Marks are :mod:`crmdesk.storage.marking`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from crmdesk.domain.order_changes import ALTERED_COLUMNS
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION, Entity, Field, Kind, Lines, Owner
from crmdesk.storage.marking import mark_triggers, table_of

_CAPTURING = "(SELECT applying FROM sync_state WHERE id = 1) = 0"

# Columns of a submitted document that still move on: the rest of it is immutable.
_MOVING = {"order": {"status", "answer", "reason_id", "delivery_date"}, "quote": {
    "status", "next_follow_up", "decided_on", "reason_id", "order_uid", "sent_at", "lost_to",
}}  # fmt: skip

# An order whose alteration was written before, in this very transaction, may change its lines and
# totals: the alteration says what it was, what it became, who did it and why.
_ALTERED = (
    " AND NOT EXISTS (SELECT 1 FROM journal j JOIN sync_state s ON s.txn = j.txn WHERE s.id = 1"
    " AND j.entity = 'order_alteration' AND j.op = 'I'"
    " AND json_extract(j.fields, '$.order_id[1]') = lower(hex({uid})))"
)


def _wire(field: Field, row: str) -> str:
    column = f"{row}.{field.column}"
    if field.kind is Kind.REF and field.ref:
        target = table_of(ENTITIES[field.ref])
        return f"(SELECT lower(hex(uid)) FROM {target} WHERE id = {column})"
    if field.kind is Kind.UID:
        return f"iif({column} IS NULL, NULL, lower(hex({column})))"
    return f"json({column})" if field.kind is Kind.JSON else column


def _account_uid(entity: Entity, row: str) -> str:
    if entity.name == "account":
        return f"{row}.uid"
    if any(f.name == "account" and f.kind is Kind.REF for f in entity.fields):
        return f"(SELECT uid FROM account WHERE id = {row}.account_id)"
    return "NULL"


def _journal(
    entity: Entity, row: str, op: str, fields: str, *, source: str = "", where: str = ""
) -> str:
    return (
        "INSERT INTO journal (txn, entity, uid, account_uid, op, fields, base_rev, hlc,"
        f" schema_version) SELECT s.txn, '{entity.name}', {row}.uid, {_account_uid(entity, row)},"
        f" '{op}', {fields}, {row}.rev, s.hlc, {SCHEMA_VERSION}"
        f" FROM sync_state s{source} WHERE s.id = 1{where};"
    )


def _changed_fields(entity: Entity, *, whole_row: bool) -> str:
    parts = []
    for field in entity.fields:
        new = _wire(field, "NEW")
        if whole_row:
            pair, test = f"json_array(NULL, {new})", f"NEW.{field.column} IS NOT NULL"
        else:
            pair = f"json_array({_wire(field, 'OLD')}, {new})"
            test = f"OLD.{field.column} IS NOT NEW.{field.column}"
        parts.append(f"SELECT '{field.column}' k, {pair} v WHERE {test}")
    return "(SELECT json_group_object(k, json(v)) FROM (" + " UNION ALL ".join(parts) + "))"


def _local(entity: Entity, row: str) -> str:
    if entity.local_while is None:
        return ""
    column, value = entity.local_while
    return f"{row}.{column} = '{value}'"


def _row_triggers(entity: Entity) -> Iterator[str]:
    name, table = entity.name, table_of(entity)
    columns = ", ".join(field.column for field in entity.fields)
    whole = _journal(entity, "NEW", "I", _changed_fields(entity, whole_row=True))
    stays_new, stays_old = _local(entity, "NEW"), _local(entity, "OLD")
    not_new = f" AND NOT ({stays_new})" if stays_new else ""
    lines = _lines_row(entity, "NEW") if entity.lines else ""
    yield (
        f"CREATE TRIGGER capture_{name}_insert AFTER INSERT ON {table}"
        f" WHEN {_CAPTURING}{not_new} BEGIN {whole} END"
    )
    differs = " OR ".join(f"OLD.{f.column} IS NOT NEW.{f.column}" for f in entity.fields)
    not_old = f" AND NOT ({stays_old})" if stays_old else ""
    yield (
        f"CREATE TRIGGER capture_{name}_update AFTER UPDATE OF {columns} ON {table}"
        f" WHEN {_CAPTURING}{not_old} AND ({differs}) BEGIN "
        + _journal(entity, "NEW", "U", _changed_fields(entity, whole_row=False))
        + " END"
    )
    if stays_old:
        # Leaving the local state (a draft is submitted): HQ gets the whole document at once.
        yield (
            f"CREATE TRIGGER capture_{name}_release AFTER UPDATE OF {columns} ON {table}"
            f" WHEN {_CAPTURING} AND {stays_old}{not_new} BEGIN {whole} {lines} END"
        )
    known = " AND (OLD.rev > 0 OR EXISTS (SELECT 1 FROM journal WHERE uid = OLD.uid))"
    yield (
        f"CREATE TRIGGER capture_{name}_delete AFTER DELETE ON {table}"
        f" WHEN {_CAPTURING}{known} BEGIN " + _journal(entity, "OLD", "D", "NULL") + " END"
    )


def _lines_row(entity: Entity, row: str, source: str = "", where: str = "") -> str:
    unseen = (
        f" AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.txn = s.txn AND j.uid = {row}.uid"
        " AND j.op = 'L')"
    )
    return _journal(entity, row, "L", "NULL", source=source, where=where + unseen)


def _line_triggers(entity: Entity, lines: Lines) -> Iterator[str]:
    parent = table_of(entity)
    stays = _local(entity, "p")
    captured = f" AND NOT ({stays})" if stays else ""
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        body = _lines_row(entity, "p", f", {parent} p", f" AND p.id = {row}.parent_id{captured}")
        yield (
            f"CREATE TRIGGER capture_{lines.name}_{event.lower()} AFTER {event} ON {lines.name}"
            f" WHEN {_CAPTURING} BEGIN {body} END"
        )
        if stays:
            unless = _ALTERED.format(uid="p.uid") if entity.name == "order" else ""
            yield (
                f"CREATE TRIGGER guard_{lines.name}_{event.lower()} BEFORE {event} ON {lines.name}"
                f" WHEN {_CAPTURING} AND EXISTS (SELECT 1 FROM {parent} p WHERE p.id ="
                f" {row}.parent_id{captured}{unless})"
                " BEGIN SELECT RAISE(ABORT, 'immutable document'); END"
            )


def _guards(entity: Entity) -> Iterator[str]:
    table = table_of(entity)
    if entity.owner is Owner.APPEND:
        columns = ", ".join(f.column for f in entity.fields)
        yield (
            f"CREATE TRIGGER guard_{entity.name}_update BEFORE UPDATE OF {columns} ON {table}"
            f" WHEN {_CAPTURING} BEGIN SELECT RAISE(ABORT, 'facts are only added'); END"
        )
        yield (
            f"CREATE TRIGGER guard_{entity.name}_delete BEFORE DELETE ON {table}"
            f" WHEN {_CAPTURING} AND OLD.rev > 0"
            " BEGIN SELECT RAISE(ABORT, 'facts are only added'); END"
        )
    if entity.local_while is None:
        return
    altered = ALTERED_COLUMNS if entity.name == "order" else frozenset()
    fixed = [f.column for f in entity.fields if f.column not in _MOVING[entity.name]]
    differs = " OR ".join(f"OLD.{c} IS NOT NEW.{c}" for c in fixed if c not in altered)
    if altered:
        changed = " OR ".join(f"OLD.{c} IS NOT NEW.{c}" for c in sorted(altered))
        differs += f" OR (({changed}){_ALTERED.format(uid='OLD.uid')})"
    yield (
        f"CREATE TRIGGER guard_{entity.name}_update BEFORE UPDATE ON {table} WHEN {_CAPTURING}"
        f" AND NOT ({_local(entity, 'OLD')}) AND ({differs})"
        " BEGIN SELECT RAISE(ABORT, 'immutable document'); END"
    )
    yield (
        f"CREATE TRIGGER guard_{entity.name}_delete BEFORE DELETE ON {table} WHEN {_CAPTURING}"
        f" AND NOT ({_local(entity, 'OLD')})"
        " BEGIN SELECT RAISE(ABORT, 'immutable document'); END"
    )


def trigger_ddl() -> list[str]:
    """Every trigger of the local store, as CREATE statements."""
    statements: list[str] = []
    for entity in ENTITIES.values():
        statements += _row_triggers(entity)
        statements += _guards(entity)
        if entity.lines is not None:
            statements += _line_triggers(entity, entity.lines)
    statements += mark_triggers()
    return statements


def drop_triggers(connection: Connection) -> None:
    """Drop all triggers: before a migration (rebuilds lose them) and before a bulk load."""
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in rows.all():
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def create_triggers(connection: Connection) -> None:
    """Create all triggers; the counterpart of :func:`drop_triggers`."""
    for statement in trigger_ddl():
        connection.exec_driver_sql(statement)


def seal(connection: Connection, txn: int) -> None:
    """Give the lines ops of a transaction their content: the document's lines as they are now."""
    rows = connection.exec_driver_sql(
        "SELECT seq, entity, uid FROM journal WHERE txn = ? AND op = 'L' AND fields IS NULL", (txn,)
    ).all()
    for seq, name, uid in rows:
        connection.exec_driver_sql(
            f"UPDATE journal SET fields = ({lines_query(ENTITIES[name])}) WHERE seq = ?",
            (uid, seq),
        )


def lines_query(entity: Entity) -> str:
    """SQL with one parameter (uid) giving ``{"lines": [...]}`` in wire form."""
    if entity.lines is None:
        raise ValueError(f"{entity.name} has no lines")
    pairs = ", ".join(f"'{f.column}', {_wire(f, 'l')}" for f in entity.lines.fields)
    return (
        f"SELECT json_object('lines', json_group_array(json_object({pairs})))"
        f" FROM (SELECT * FROM {entity.lines.name} WHERE parent_id ="
        f" (SELECT id FROM {table_of(entity)} WHERE uid = ?) ORDER BY position) l"
    )


def row_query(entity: Entity) -> str:
    """SQL with one parameter (uid) giving a row as its insert has it: ``{column: [null, new]}``."""
    return f"SELECT {_as_inserted(entity)} FROM {table_of(entity)} n WHERE n.uid = ?"


def _as_inserted(entity: Entity) -> str:
    pairs = ", ".join(f"'{f.column}', json_array(NULL, {_wire(f, 'n')})" for f in entity.fields)
    return f"json_object({pairs})"


def journal_facts(
    connection: Connection, name: str, where: str, parameters: tuple[object, ...]
) -> None:
    """Write the journal entries of facts that were inserted in bulk with capture off.

    ``where`` limits the rows of the entity's table, which is called ``n``. Every row is a
    transaction of its own, its lines right behind it: no request to HQ parts a document from its
    lines, and one that HQ refuses does not take the others with it.
    """
    entity = ENTITIES[name]
    content, ops = _as_inserted(entity), "SELECT 'I' AS op"
    if entity.lines is not None:
        lines = lines_query(entity).replace("uid = ?", "uid = n.uid")
        content = f"CASE k.op WHEN 'I' THEN {content} ELSE ({lines}) END"
        ops += " UNION ALL SELECT 'L'"
    run = connection.exec_driver_sql
    run(
        "INSERT INTO journal (txn, entity, uid, account_uid, op, fields, hlc, schema_version)"
        f" SELECT s.txn + m.place, '{name}', n.uid, {_account_uid(entity, 'n')}, k.op, {content},"
        f" s.hlc, {SCHEMA_VERSION} FROM (SELECT n.id, row_number() OVER (ORDER BY n.id) AS place"
        f" FROM {table_of(entity)} n WHERE {where}) m CROSS JOIN ({ops}) k"
        f" JOIN {table_of(entity)} n ON n.id = m.id, sync_state s WHERE s.id = 1"
        " ORDER BY m.place, k.op",
        parameters,
    )
    # The next transaction counts on from the last of these.
    run(
        "UPDATE sync_state SET txn = max(txn, (SELECT coalesce(max(txn), 0) FROM journal))"
        " WHERE id = 1"
    )


def mark_answered(connection: Connection, states: Sequence[tuple[str, int]]) -> None:
    """Set the state (sent, refused) of journal entries, given as (state, seq)."""
    connection.exec_driver_sql("UPDATE journal SET state = ? WHERE seq = ?", list(states))


def record_command(
    connection: Connection, entity: str, uid: bytes, account_uid: bytes | None, fields: str
) -> None:
    """Write an explicit business step (a command op) beside the row ops of this transaction."""
    connection.exec_driver_sql(
        "INSERT INTO journal (txn, entity, uid, account_uid, op, fields, hlc, schema_version)"
        " SELECT txn, ?, ?, ?, 'C', ?, hlc, ? FROM sync_state WHERE id = 1",
        (entity, uid, account_uid, fields, SCHEMA_VERSION),
    )
