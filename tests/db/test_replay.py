"""Replaying the journal on a copy gives the same rows: nothing is missing and nothing is extra."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.ids import new_uid
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, Entity, Field, Kind
from crmdesk.storage.types import dump_json

_WATCHED = ("account", "contact", "promise", "planned_visit", "ticket", "order", "sale", "quote")
_words = st.one_of(st.none(), st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12))
_step = st.tuples(
    st.sampled_from(
        ("account", "contact", "no contact", "promise", "plan", "ticket", "order", "lines", "sale")
    ),
    st.integers(0, 30),
    _words,
)


def _table(entity: Entity) -> str:
    return entity.table or entity.name


def _key(connection: Connection, entity: Entity, uid: str | None) -> int | None:
    if uid is None:
        return None
    return int(
        connection.exec_driver_sql(
            f"SELECT id FROM {_table(entity)} WHERE uid = ?", (bytes.fromhex(uid),)
        ).scalar_one()
    )


def _local(connection: Connection, field: Field, wire: Any) -> Any:
    if wire is None:
        return None
    if field.kind is Kind.REF and field.ref:
        return _key(connection, ENTITIES[field.ref], wire)
    if field.kind is Kind.UID:
        return bytes.fromhex(wire)
    return dump_json(wire) if field.kind is Kind.JSON else wire


def _replay(connection: Connection, op: Any) -> None:
    entity = ENTITIES[op.entity]
    run = connection.exec_driver_sql
    fields = json.loads(op.fields or "{}")
    if op.op == "D":
        run(f"DELETE FROM {_table(entity)} WHERE uid = ?", (op.uid,))
    elif op.op == "L":
        assert entity.lines is not None
        parent = _key(connection, entity, op.uid.hex())
        run(f"DELETE FROM {entity.lines.name} WHERE parent_id = ?", (parent,))
        for position, line in enumerate(fields["lines"], start=1):
            cells = {f.column: _local(connection, f, line[f.column]) for f in entity.lines.fields}
            marks = ", ".join("?" * (len(cells) + 2))
            run(
                f"INSERT INTO {entity.lines.name} (parent_id, position, {', '.join(cells)})"
                f" VALUES ({marks})",
                (parent, position, *cells.values()),
            )
    elif op.op in ("I", "U"):
        known = {f.column: f for f in entity.fields}
        cells = {name: _local(connection, known[name], new) for name, (_o, new) in fields.items()}
        if op.op == "I":
            marks = ", ".join("?" * (len(cells) + 1))
            run(
                f"INSERT INTO {_table(entity)} (uid, {', '.join(cells)}) VALUES ({marks})",
                (op.uid, *cells.values()),
            )
        else:
            pairs = ", ".join(f"{name} = ?" for name in cells)
            run(f"UPDATE {_table(entity)} SET {pairs} WHERE uid = ?", (*cells.values(), op.uid))


def _image(connection: Connection, name: str) -> dict[str, Any]:
    """Rows by uid, with references as uids and lines by position; drafts are left out."""
    entity = ENTITIES[name]
    where = ""
    if entity.local_while is not None:
        column, value = entity.local_while
        where = f" WHERE {column} <> '{value}'"
    refs = {f.column: f.ref for f in entity.fields if f.kind is Kind.REF and f.ref}
    columns = [
        f"(SELECT uid FROM {_table(ENTITIES[refs[f.column]])} x WHERE x.id = t.{f.column})"
        if f.column in refs
        else f"t.{f.column}"
        for f in entity.fields
    ]
    run = connection.exec_driver_sql
    rows = run(f"SELECT t.id, t.uid, {', '.join(columns)} FROM {_table(entity)} t{where}").all()
    image = {row[1].hex(): [tuple(row[2:])] for row in rows}
    if entity.lines is not None:
        uids = {row[0]: row[1].hex() for row in rows}
        names = ", ".join(f.column for f in entity.lines.fields if f.kind is not Kind.REF)
        for line in run(
            f"SELECT parent_id, {names} FROM {entity.lines.name} ORDER BY parent_id, position"
        ):
            if line[0] in uids:
                image[uids[line[0]]].append(tuple(line[1:]))
    return image


def _perform(connection: Connection, step: tuple[str, int, str | None]) -> None:
    what, number, words = step
    run = connection.exec_driver_sql
    accounts = run("SELECT id FROM account ORDER BY id").scalars().all()
    account = accounts[number % len(accounts)]
    if what == "account":
        column = ("city", "tax_id", "channel", "description")[number % 4]
        run(f"UPDATE account SET {column} = ? WHERE id = ?", (words, account))
    elif what == "contact":
        run(
            "INSERT INTO contact (uid, account_id, name, job) VALUES (?, ?, ?, ?)",
            (new_uid(), account, f"Person {number}", words),
        )
    elif what == "no contact":
        run(
            "DELETE FROM contact WHERE id = (SELECT max(id) FROM contact c WHERE NOT EXISTS"
            " (SELECT 1 FROM contact_point p WHERE p.contact_id = c.id) AND NOT EXISTS"
            " (SELECT 1 FROM survey_score s WHERE s.contact_id = c.id))"
        )
    elif what == "promise":
        run(
            "INSERT INTO promise (uid, account_id, text, due_on) VALUES (?, ?, ?, '2026-12-01')",
            (new_uid(), account, words or "-"),
        )
    elif what == "plan":
        run(
            "UPDATE planned_visit SET sequence = ?, explanation = ? WHERE account_id = ?",
            (number, dump_json({"why": words}), account),
        )
    elif what == "ticket":
        run("UPDATE ticket SET status = ? WHERE account_id = ?", (words or "open", account))
    elif what == "order":
        run(
            "INSERT INTO sales_order (uid, account_id, number, order_date, note)"
            " VALUES (?, ?, ?, '2026-11-24', ?)",
            (new_uid(), account, new_uid().hex(), words),
        )
        order = run("SELECT max(id) FROM sales_order").scalar_one()
        for position in range(1, number % 4 + 1):
            run(
                "INSERT INTO order_line (parent_id, position, product_id, quantity, price_reason)"
                " VALUES (?, ?, ?, ?, ?)",
                (order, position, number % 5 + 1, number, dump_json({"code": words})),
            )
        if number % 3:
            run("UPDATE sales_order SET status = 'submitted' WHERE id = ?", (order,))
    elif what == "lines":
        run(
            "UPDATE order_line SET quantity = quantity + 1 WHERE parent_id ="
            " (SELECT max(id) FROM sales_order WHERE status = 'draft')"
        )
    else:
        sale = run(
            "INSERT INTO sale (uid, account_id, date, document) VALUES (?, ?, '2026-11-20', ?)"
            " RETURNING id",
            (new_uid(), account, words),
        ).scalar_one()
        run(
            "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity)"
            " VALUES (?, 1, ?, ?, ?)",
            (sale, number % 5 + 1, number + 1, number + 1),
        )


def test_replaying_the_journal_gives_the_same_rows(
    copy_profile: Callable[..., Path], clock: ZoneClock
) -> None:
    first = profile.open_database(copy_profile("first"), clock)
    second = profile.open_database(copy_profile("second"), clock)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(_step, min_size=1, max_size=4), min_size=1, max_size=4))
    def check(transactions: list[list[tuple[str, int, str | None]]]) -> None:
        with first.read() as connection:
            seen = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM journal").scalar()
        for steps in transactions:
            with first.write() as tx:
                for step in steps:
                    _perform(tx.connection, step)
        _replay_all(first, second, int(seen or 0))

    try:
        check()
    finally:
        first.dispose()
        second.dispose()


def _replay_all(first: Database, second: Database, seen: int) -> None:
    with first.read() as source, second.write(applying=True) as tx:
        for op in source.exec_driver_sql(
            "SELECT entity, uid, op, fields FROM journal WHERE seq > ? ORDER BY seq", (seen,)
        ).all():
            _replay(tx.connection, op)
        for name in _WATCHED:
            assert _image(tx.connection, name) == _image(source, name), name
