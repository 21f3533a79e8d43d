"""What a person does at a laptop, by SQL: a note, a draft, an order that is submitted."""

from __future__ import annotations

from crmdesk.domain.ids import new_uid
from tests.sync.conftest import Laptop

_NOTE = (
    "INSERT INTO note (uid, account_id, user_id, text, at, date) SELECT ?, a.id, u.id, ?,"
    " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account a, app_user u"
    " WHERE a.code = ? AND u.code = ?"
)


def add_note(laptop: Laptop, account: str, user: str, text: str) -> None:
    laptop.run(_NOTE, new_uid(), text, account, user)


def draft_order(laptop: Laptop, account: str, user: str, number: str) -> bytes:
    """A draft with two lines."""
    uid = new_uid()
    with laptop.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO sales_order (uid, account_id, user_id, number, order_date, net_minor)"
            " SELECT ?, a.id, u.id, ?, '2026-11-20', 3998 FROM account a, app_user u"
            " WHERE a.code = ? AND u.code = ?",
            (uid, number, account, user),
        )
        for position, sku in enumerate(("SKU0", "SKU1"), start=1):
            run(
                "INSERT INTO order_line (parent_id, position, product_id, packaging_id, unit,"
                " quantity, factor, base_quantity, net_minor, price_reason) SELECT o.id, ?, p.id,"
                " k.id, 'CS', 2, 12, 24, 1999, '{\"rule\":\"list\"}' FROM sales_order o, product p"
                " JOIN packaging k ON k.product_id = p.id WHERE o.uid = ? AND p.sku = ?",
                (position, uid, sku),
            )
    return uid


def submit_order(laptop: Laptop, account: str, user: str, number: str) -> bytes:
    """A draft with two lines, then submitted, as the order editor does it."""
    uid = draft_order(laptop, account, user, number)
    laptop.run("UPDATE sales_order SET status = 'submitted' WHERE uid = ?", uid)
    return uid
