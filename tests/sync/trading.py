"""Prices and orders that need them."""

from __future__ import annotations

import json

from crmdesk.domain.ids import new_uid
from crmdesk.hq.exchange import editing
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop

DAY = "2026-11-20"


def price_list(hq: Headquarters) -> tuple[str, str]:
    """A list with a price for SKU0 and SKU1; the uids of the list and of SKU0's rule."""
    found = editing.insert_row(
        hq.store, "price_list", {"code": "A", "name": "A", "is_default": 1}, hq.now_ms()
    )
    rules = [
        editing.insert_row(
            hq.store, "price_rule",
            {"price_list_id": found, "product_id": product.hex(), "price_e4": 12_000},
            hq.now_ms(),
        )
        for product in company.PRODUCTS[:2]
    ]  # fmt: skip
    return found, rules[0]


def order(laptop: Laptop, number: str, *, net_e4: int = 12_000, code: str = "list") -> bytes:
    uid = new_uid()
    with laptop.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO sales_order (uid, account_id, number, order_date)"
            " SELECT ?, id, ?, ? FROM account WHERE code = 'C0'",
            (uid, number, DAY),
        )
        for position, sku in enumerate(("SKU0", "SKU1"), start=1):
            run(
                "INSERT INTO order_line (parent_id, position, product_id, quantity, base_quantity,"
                " list_price_e4, net_price_e4, net_minor, price_reason) SELECT o.id, ?, p.id,"
                " 2, 24, 12000, ?, 2880, ? FROM sales_order o, product p"
                " WHERE o.uid = ? AND p.sku = ?",
                (position, net_e4, json.dumps({"code": code}), uid, sku),
            )
    laptop.run("UPDATE sales_order SET status = 'submitted' WHERE uid = ?", uid)
    return uid


def give_prices(hq: Headquarters, *laptops: Laptop) -> None:
    """Every product has a price, so that orders can be submitted."""
    office = hq.join("O1")
    office.run(
        "INSERT INTO price_list (uid, code, name, currency, is_default)"
        " VALUES (randomblob(16), 'A', 'List', 'EUR', 1)"
    )
    office.run(
        "INSERT INTO price_rule (uid, price_list_id, product_id, price_e4)"
        " SELECT randomblob(16), l.id, p.id, 45000 FROM price_list l, product p"
    )
    assert office.sync().refusals == 0
    for laptop in laptops:
        laptop.sync()
