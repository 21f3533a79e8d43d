"""A product whose cost nobody has told: no margin is shown, and its sale is not said free."""

from __future__ import annotations

from dataclasses import replace

from crmdesk.domain.states import Role
from crmdesk.gui.margin_words import uncosted_lines
from crmdesk.gui.views.order.side_words import worth
from crmdesk.services import office_orders, orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.office_invoices import invoice_orders
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.queries.orders import OrderFilter, OrderGroup, order_keys
from crmdesk.services.workspace import Workspace


def test_an_order_with_a_line_of_unknown_cost_has_no_margin(demo: Workspace) -> None:
    with demo.database.read() as connection:
        known, unknown = connection.exec_driver_sql(
            "SELECT p.id FROM product p WHERE p.status = 'active' AND EXISTS (SELECT 1"
            " FROM price_rule r WHERE r.product_id = p.id) ORDER BY p.id LIMIT 2"
        ).scalars()
    order = orders.start_order(demo, 1, suggested=False).order_id
    orders.set_line(demo, order, LineInput(known, None, 3))
    pairs = worth(order_sheet(demo, order))
    assert pairs[0].value != "–" and "%" in pairs[0].note
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("DELETE FROM cost_version WHERE product_id = ?", (unknown,))
    orders.set_line(demo, order, LineInput(unknown, None, 3))
    sheet = order_sheet(demo, order)
    assert uncosted_lines(sheet.lines) == 1
    pairs = worth(sheet)
    assert (pairs[0].value, pairs[0].note) == ("–", "1 line without a known cost")
    assert not any("Break-even" in pair.label for pair in pairs)


def test_the_sale_of_such_a_line_has_no_cost_instead_of_none(demo: Workspace) -> None:
    office = replace(demo, user=replace(demo.user, role=Role.OFFICE))
    key = order_keys(office, OrderFilter(group=OrderGroup.WAITING))[0]
    with demo.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        product = run(
            "SELECT product_id FROM order_line WHERE parent_id = ? ORDER BY position", (key,)
        ).scalar()
        run("DELETE FROM cost_version WHERE product_id = ?", (product,))
        run(
            "UPDATE order_line SET cost_minor = 0 WHERE parent_id = ? AND product_id = ?",
            (key, product),
        )
    office_orders.accept_orders(office, [key])
    office_orders.ship_orders(office, [key])
    assert invoice_orders(office, [key]).order_ids == (key,)
    with demo.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT l.product_id, l.cost_minor FROM sale s JOIN sale_line l ON l.parent_id = s.id"
            " WHERE s.order_uid = (SELECT uid FROM sales_order WHERE id = ?)",
            (key,),
        ).all()
    assert len(rows) > 1
    assert all((cost is None) == (of == product) for of, cost in rows)
