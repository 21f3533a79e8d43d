"""The journal: exactly what changed, by whatever statement, and nothing that must not change."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import Connection

from crmdesk.domain.errors import UserError
from crmdesk.domain.ids import new_uid
from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace
from crmdesk.storage.capture import create_triggers, drop_triggers, trigger_ddl
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import ENTITIES, Entity, Kind, Owner


def journal(connection: Connection, after: int = 0) -> list[Any]:
    """Journal rows after a number, with their fields as objects."""
    rows = connection.exec_driver_sql(
        "SELECT seq, txn, entity, uid, account_uid, op, fields, base_rev, state FROM journal"
        " WHERE seq > ? ORDER BY seq",
        (after,),
    )
    return list(rows)


def _plain_value(name: str, kind: Kind, number: int) -> Any:
    if kind is Kind.REAL:
        return number + 0.5
    if kind is Kind.BOOL:
        return number % 2
    if kind is Kind.DATE:
        return f"2026-01-{number % 27 + 1:02d}"
    if kind is Kind.INSTANT:
        return f"2026-01-{number % 27 + 1:02d}T10:00:00.000Z"
    if kind is Kind.JSON:
        return json.dumps({"n": number})
    if kind is Kind.UID:
        return bytes([number % 250 + 1]) * 16
    if kind is Kind.TEXT:
        return f"{name} {number}"
    return number


_SUBMITTED = "SELECT id FROM sales_order WHERE status <> 'draft'"
_SUBMITTED_LINE = "SELECT id, 999, 1 FROM sales_order WHERE status <> 'draft' LIMIT 1"
_numbers = itertools.count(1000)


def make_row(connection: Connection, entity: Entity) -> int:
    """Insert a row with every field set, its parents first; returns its id."""
    number = next(_numbers)
    cells: dict[str, Any] = {"uid": new_uid()}
    for field in entity.fields:
        if field.kind is Kind.REF and field.ref:
            if field.ref == entity.name:
                continue
            cells[field.column] = make_row(connection, ENTITIES[field.ref])
        else:
            cells[field.column] = _plain_value(field.name, field.kind, number)
    marks = ", ".join("?" * len(cells))
    return int(
        connection.exec_driver_sql(
            f"INSERT INTO {entity.table or entity.name} ({', '.join(cells)}) VALUES ({marks})"
            " RETURNING id",
            tuple(cells.values()),
        ).scalar_one()
    )


def _wire(connection: Connection, entity: Entity, column: str, value: Any) -> Any:
    field = next(f for f in entity.fields if f.column == column)
    if value is None:
        return None
    if field.kind is Kind.REF and field.ref:
        target = ENTITIES[field.ref]
        uid = connection.exec_driver_sql(
            f"SELECT uid FROM {target.table or target.name} WHERE id = ?", (value,)
        ).scalar_one()
        return uid.hex()
    if field.kind is Kind.UID:
        return value.hex()
    return json.loads(value) if field.kind is Kind.JSON else value


@pytest.mark.parametrize("name", ENTITIES)
def test_insert_update_and_delete_are_journalled_field_by_field(empty: Database, name: str) -> None:
    entity = ENTITIES[name]
    table = entity.table or entity.name
    with empty.write() as tx:
        key = make_row(tx.connection, entity)
        row = tx.connection.exec_driver_sql(f"SELECT * FROM {table} WHERE id = ?", (key,)).one()
        uid = row.uid
    with empty.read() as connection:
        mine = [r for r in journal(connection) if r.uid == uid]
        assert [r.op for r in mine] == ["I"]
        written = {k: v[1] for k, v in json.loads(mine[0].fields).items()}
        assert written == {
            f.column: _wire(connection, entity, f.column, row._mapping[f.column])
            for f in entity.fields
            if row._mapping[f.column] is not None
        }
        assert all(old is None for old, _new in json.loads(mine[0].fields).values())
        last = connection.exec_driver_sql("SELECT max(seq) FROM journal").scalar_one()
    if entity.owner is Owner.APPEND or entity.local_while is not None:
        return
    field = (
        next(f for f in entity.fields if f.kind is not Kind.REF and not f.required)
        if any(f.kind is not Kind.REF and not f.required for f in entity.fields)
        else next(f for f in entity.fields if f.kind is not Kind.REF)
    )
    values = (_plain_value(field.name, field.kind, number) for number in (2, 3))
    new = next(value for value in values if value != row._mapping[field.column])
    with empty.write() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE {table} SET {field.column} = ? WHERE id = ?", (new, key)
        )
    with empty.read() as connection:
        (change,) = journal(connection, last)
        assert (change.op, change.uid) == ("U", uid)
        assert json.loads(change.fields) == {
            field.column: [
                _wire(connection, entity, field.column, row._mapping[field.column]),
                _wire(connection, entity, field.column, new),
            ]
        }
    with empty.write() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE {table} SET {field.column} = ? WHERE id = ?", (new, key)
        )
        tx.connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = ?", (key,))
    with empty.read() as connection:
        (change,) = journal(connection, change.seq)
        assert (change.op, change.uid, change.fields) == ("D", uid, None)


def test_rows_of_an_account_carry_its_uid(ws: Workspace) -> None:
    with ws.database.write() as tx:
        account, uid = tx.connection.exec_driver_sql("SELECT id, uid FROM account LIMIT 1").one()
        tx.connection.exec_driver_sql(
            "UPDATE contact SET job = 'Chef' WHERE account_id = ?", (account,)
        )
        tx.connection.exec_driver_sql("UPDATE account SET city = 'X' WHERE id = ?", (account,))
    with ws.database.read() as connection:
        assert {row.account_uid for row in journal(connection)} == {uid}


def test_a_transaction_has_one_number_and_the_next_is_higher(ws: Workspace) -> None:
    for city in ("A", "B"):
        with ws.database.write() as tx:
            tx.connection.exec_driver_sql("UPDATE account SET city = ?", (city,))
    with ws.database.read() as connection:
        rows = journal(connection)
        hlcs = connection.exec_driver_sql("SELECT DISTINCT txn, hlc FROM journal").all()
    numbers = [row.txn for row in rows]
    assert len(set(numbers)) == 2
    assert numbers == sorted(numbers)
    assert len(hlcs) == 2
    assert hlcs[0][1] < hlcs[1][1]


def test_an_update_that_changes_nothing_is_no_change(ws: Workspace) -> None:
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = city, name = name")
    with ws.database.read() as connection:
        assert journal(connection) == []


def test_applying_switches_capture_off_for_its_transaction_only(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'HQ'")
        tx.connection.exec_driver_sql("UPDATE sale SET document = 'HQ'")
    with ws.database.read() as connection:
        assert journal(connection) == []
        assert connection.exec_driver_sql("SELECT applying FROM sync_state").scalar() == 0
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'me'")
    with ws.database.read() as connection:
        assert {row.op for row in journal(connection)} == {"U"}


def test_a_failed_transaction_leaves_no_journal(ws: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'lost'")
        _ = 1 // 0
    with ws.database.read() as connection:
        assert journal(connection) == []
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM account WHERE city = 'lost'").scalar()
            == 0
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sale SET net_minor = 0",
        "UPDATE sale SET document = 'other'",
        "UPDATE note SET text = 'never said'",
        "UPDATE ticket_event SET text = 'never said'",
    ],
)
def test_facts_are_not_changed_by_any_statement(ws: Workspace, statement: str) -> None:
    with pytest.raises(UserError) as caught, ws.database.write() as tx:
        tx.connection.exec_driver_sql(statement)
    assert caught.value.code == "append-only"


def test_a_fact_that_hq_has_is_not_deleted(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE note SET rev = 7")
    with pytest.raises(UserError), ws.database.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM note")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sales_order SET net_minor = net_minor + 1 WHERE status <> 'draft'",
        "UPDATE sales_order SET account_id = account_id + 1 WHERE status <> 'draft'",
        "UPDATE sales_order SET number = number || 'x' WHERE status <> 'draft'",
        "DELETE FROM sales_order WHERE status <> 'draft'",
        f"UPDATE order_line SET quantity = quantity + 1 WHERE parent_id IN ({_SUBMITTED})",
        f"DELETE FROM order_line WHERE parent_id IN ({_SUBMITTED})",
        f"INSERT INTO order_line (parent_id, position, product_id) {_SUBMITTED_LINE}",
    ],
)
def test_a_submitted_order_is_not_changed_by_any_statement(ws: Workspace, statement: str) -> None:
    with pytest.raises(UserError) as caught, ws.database.write() as tx:
        tx.connection.exec_driver_sql(statement)
    assert caught.value.code == "immutable"


def test_a_submitted_order_moves_on_in_its_moving_fields(ws: Workspace) -> None:
    with ws.database.write() as tx:
        changed = tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'cancelled' WHERE status = 'submitted'"
        ).rowcount
    assert changed > 0


def _product(ws: Workspace) -> int:
    with ws.database.read() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT product_id FROM price_rule r JOIN product p ON p.id = r.product_id"
                " WHERE p.status = 'active' AND price_e4 > 0 ORDER BY product_id LIMIT 1"
            ).scalar_one()
        )


def test_a_draft_stays_here_until_it_is_submitted_and_then_goes_whole(ws: Workspace) -> None:
    product = _product(ws)
    with ws.database.read() as connection:
        account = connection.exec_driver_sql("SELECT id FROM account LIMIT 1").scalar_one()
    started = orders.start_order(ws, account, suggested=False)
    orders.set_line(ws, started.order_id, LineInput(product, None, 500))
    orders.set_line(ws, started.order_id, LineInput(product, None, 700))
    with ws.database.read() as connection:
        assert journal(connection) == []
    orders.submit_order(ws, started.order_id)
    with ws.database.read() as connection:
        rows = journal(connection)
        assert [row.op for row in rows] == ["I", "L", "C"]
        assert len({row.txn for row in rows}) == 1
        lines = json.loads(rows[1].fields)["lines"]
        assert [line["quantity"] for line in lines] == [700]
        sku_uid = connection.exec_driver_sql(
            "SELECT uid FROM product WHERE id = ?", (product,)
        ).scalar_one()
        assert lines[0]["product_id"] == sku_uid.hex()
        assert json.loads(rows[0].fields)["status"] == [None, "submitted"]
        assert json.loads(rows[2].fields)["command"] == "submit"


def test_lines_are_journalled_once_in_a_transaction_as_they_are_at_its_end(
    ws: Workspace,
) -> None:
    with ws.database.write() as tx:
        account = tx.connection.exec_driver_sql("SELECT id FROM account LIMIT 1").scalar_one()
        parent = tx.connection.exec_driver_sql(
            "INSERT INTO return_request (uid, account_id, number, date)"
            " VALUES (?, ?, 'R-1', '2026-11-24') RETURNING id",
            (new_uid(), account),
        ).scalar_one()
        for position in (1, 2, 3):
            tx.connection.exec_driver_sql(
                "INSERT INTO return_line (parent_id, position, product_id, quantity)"
                " VALUES (?, ?, 1, ?)",
                (parent, position, position),
            )
        tx.connection.exec_driver_sql(
            "UPDATE return_line SET quantity = 9 WHERE parent_id = ? AND position = 2", (parent,)
        )
        tx.connection.exec_driver_sql(
            "DELETE FROM return_line WHERE parent_id = ? AND position = 3", (parent,)
        )
    with ws.database.read() as connection:
        rows = journal(connection)
    assert [row.op for row in rows] == ["I", "L"]
    assert [line["quantity"] for line in json.loads(rows[1].fields)["lines"]] == [1, 9]


def test_a_row_that_nobody_else_has_seen_leaves_without_a_word(ws: Workspace) -> None:
    """Drafts are the case: made and discarded here, HQ never hears of them."""
    with ws.database.read() as connection:
        account = connection.exec_driver_sql("SELECT id FROM account LIMIT 1").scalar_one()
    started = orders.start_order(ws, account, suggested=False)
    orders.discard_draft(ws, started.order_id)
    with ws.database.read() as connection:
        assert journal(connection) == []


def test_triggers_can_be_dropped_and_made_anew_to_the_letter(empty: Database) -> None:
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    with empty.maintenance() as connection:
        before = set(connection.exec_driver_sql(query).scalars())
        drop_triggers(connection)
        assert connection.exec_driver_sql(query).all() == []
        create_triggers(connection)
        assert set(connection.exec_driver_sql(query).scalars()) == before == set(trigger_ddl())
