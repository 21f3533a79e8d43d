"""Invoicing shipped orders: what is owed, and the one fact of what was sold.

For companies whose invoices are not imported from elsewhere. An order's step, its invoice and its
sale are one transaction; of two people who invoice the same order the second is refused with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from crmdesk.domain.ids import new_uid
from crmdesk.domain.pricing import amount_minor
from crmdesk.services.document_numbers import next_number
from crmdesk.services.office_orders import Taken, step_each
from crmdesk.services.workspace import Workspace
from crmdesk.storage.engine import Tx

_ORDER = (
    "SELECT o.uid, o.account_id, o.user_id, o.order_date, o.currency, o.net_minor, o.tax_minor,"
    " o.total_minor, o.cost_minor, a.payment_terms_days FROM sales_order o"
    " JOIN account a ON a.id = o.account_id WHERE o.id = ?"
)
_LINES = (
    "SELECT l.product_id, l.packaging_id, l.quantity, l.factor, l.base_quantity, l.net_minor,"
    " CASE WHEN l.cost_minor <> 0 OR EXISTS (SELECT 1 FROM cost_version c"
    " WHERE c.product_id = l.product_id) THEN l.cost_minor END, l.list_price_e4, p.price_per"
    " FROM order_line l JOIN product p ON p.id = l.product_id WHERE l.parent_id = ?"
    " ORDER BY l.position"
)


def invoice_orders(ws: Workspace, ids: Sequence[int]) -> Taken:
    """Invoice shipped orders, due by the customer's terms; others are left, with the reason.

    The sale stands on the day of the order, as imported ones do. A product of which no cost was
    ever told has none in its lines either, not nothing. It cannot be taken back: what comes back
    is a return.
    """

    def write(tx: Tx, order_id: int) -> None:
        _write(tx.connection, ws, order_id)

    return step_each(ws, "invoice", ids, write)


def _write(connection: Connection, ws: Workspace, order_id: int) -> None:
    run = connection.exec_driver_sql
    row = run(_ORDER, (order_id,)).one()
    uid, account, user, day, currency, net, tax, total, cost, terms = row
    number = next_number(connection, ws, "F", "invoice")
    today = ws.today()
    due = today + timedelta(days=int(terms or 0))
    invoice = run(
        "INSERT INTO invoice (uid, account_id, number, date, due_on, order_uid, currency,"
        " net_minor, tax_minor, total_minor, open_minor, status)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') RETURNING id",
        (
            new_uid(), account, number, today.isoformat(), due.isoformat(), uid, currency, net,
            tax, total, total,
        ),
    ).scalar_one()  # fmt: skip
    lines = run(_LINES, (order_id,)).all()
    sale = run(
        "INSERT INTO sale (uid, account_id, kind, date, document, user_id, order_uid, invoice_id,"
        " currency, net_minor, cost_minor, line_count)"
        " VALUES (?, ?, 'sale', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            new_uid(), account, day, number, user, uid, invoice, currency, net, cost, len(lines),
        ),
    ).scalar_one()  # fmt: skip
    for position, line in enumerate(lines, start=1):
        product, packaging, quantity, factor, base, line_net, line_cost, listed, per = line
        discount = amount_minor(listed, base, per, currency) - line_net
        run(
            "INSERT INTO sale_line (parent_id, position, product_id, packaging_id, quantity,"
            " factor, base_quantity, net_minor, discount_minor, cost_minor)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sale, position, product, packaging, quantity, factor, base, line_net, discount,
                line_cost,
            ),
        )  # fmt: skip
