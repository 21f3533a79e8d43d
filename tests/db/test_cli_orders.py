"""Orders that came in, on the command line: list, accept, reject, ship, and what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace
from tests.db.commands import Run, run

__all__ = ["run"]


def _submitted(ws: Workspace) -> str:
    with ws.database.write() as tx:
        runs = tx.connection.exec_driver_sql
        account = runs("SELECT id FROM account ORDER BY id LIMIT 1").scalar_one()
        runs("DELETE FROM sales_order WHERE status = 'draft'")
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'accepted' WHERE status = 'submitted'"
        )
    with ws.database.write() as tx:
        runs = tx.connection.exec_driver_sql
        product, listed = runs("SELECT p.id, l.id FROM product p, price_list l LIMIT 1").one()
        runs(
            "INSERT INTO price_rule (uid, price_list_id, product_id, price_e4)"
            " SELECT randomblob(16), ?, ?, 20000 WHERE NOT EXISTS (SELECT 1 FROM price_rule"
            " WHERE product_id = ?)",
            (listed, product, product),
        )
    order = orders.start_order(ws, account, suggested=False).order_id
    orders.set_line(ws, order, LineInput(product, None, 60))
    orders.submit_order(ws, order)
    with ws.database.read() as connection:
        return str(
            connection.exec_driver_sql(
                "SELECT number FROM sales_order WHERE id = ?", (order,)
            ).scalar_one()
        )


@pytest.fixture(autouse=True)
def _office(ws: Workspace) -> None:
    """The person of the profile works in the office."""
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE app_user SET role = 'office' WHERE id = ?", (ws.user.id,)
        )


def _status(ws: Workspace, number: str) -> str:
    with ws.database.read() as connection:
        return str(
            connection.exec_driver_sql(
                "SELECT status FROM sales_order WHERE number = ?", (number,)
            ).scalar_one()
        )


def test_orders_are_listed_accepted_and_shipped_by_number(
    run: Run, folder: Path, ws: Workspace, tmp_path: Path
) -> None:
    number = _submitted(ws)
    listed = run("orders", "list", "--json")
    assert listed.code == 0
    assert [row["number"] for row in listed.document["orders"]] == [number]
    out = tmp_path / "inbox.csv"
    assert run("orders", "list", "--out", out).code == 0
    assert number in out.read_text("utf-8")

    done = run("orders", "accept", number, "--json")
    assert (done.code, done.document["done"], done.document["left"]) == (0, 1, [])
    assert _status(ws, number) == "accepted"
    again = run("orders", "accept", number, "--json")
    assert (again.code, [one["number"] for one in again.document["left"]]) == (1, [number])
    assert run("orders", "ship", number).code == 0
    assert _status(ws, number) == "shipped"


def test_a_rejection_needs_a_reason_and_wrong_numbers_change_nothing(
    run: Run, folder: Path, ws: Workspace
) -> None:
    number = _submitted(ws)
    assert run("orders", "reject", number).code == 2
    assert run("orders", "accept").code == 2
    assert run("orders", "accept", number, "nothing").code == 2
    assert _status(ws, number) == "submitted"
    assert run("orders", "reject", number, "--reason", "Ordered twice").code == 0
    assert _status(ws, number) == "rejected"


def test_all_that_shows_nothing_to_look_at_is_accepted_at_once(
    run: Run, folder: Path, ws: Workspace
) -> None:
    number = _submitted(ws)
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET delivery_date = '2020-01-01' WHERE number = ?", (number,)
        )
    assert run("orders", "accept", "--clear", "--json").document["done"] == 0
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET delivery_date = '2099-01-01' WHERE number = ?", (number,)
        )
    assert run("orders", "accept", "--clear", "--json").document["done"] == 1
    assert _status(ws, number) == "accepted"
