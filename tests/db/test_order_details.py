"""Beside the lines of an order: its day, signature, stock, the last order, the same order again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.signature import drawn
from crmdesk.services import order_details, orders
from crmdesk.services.collecting import Collecting, collect
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.queries.order_history import last_order_lines
from crmdesk.services.workspace import Workspace
from tests.db.files import ask, put


@pytest.fixture
def products(ws: Workspace) -> list[int]:
    """Active products with a price."""
    put(ws, "UPDATE account SET minimum_order_minor = 0, credit_mode = 'none'")
    return [
        key
        for (key,) in ask(
            ws, "SELECT p.id FROM product p WHERE p.status = 'active' AND EXISTS (SELECT 1 FROM"
            " price_rule r WHERE r.product_id = p.id AND r.valid_to IS NULL) ORDER BY p.id LIMIT 6"
        )
    ]  # fmt: skip


@pytest.fixture
def order(ws: Workspace, products: list[int]) -> int:
    """A draft with one line."""
    found = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, found, LineInput(products[0], None, 10))
    return found


def test_delivery_skips_holidays_and_closed_days(ws: Workspace) -> None:
    put(ws, "DELETE FROM closure")
    put(ws, "UPDATE account SET delivery_lead_days = 2 WHERE id IN (1, 2)")
    first = ask(
        ws, "SELECT delivery_date FROM sales_order WHERE id = ?",
        orders.start_order(ws, 1, suggested=False).order_id,
    )[0][0]  # fmt: skip
    put(
        ws, "INSERT INTO closure (uid, account_id, from_date, to_date) VALUES (?, 2, ?, ?)",
        b"c" * 16, first, first,
    )  # fmt: skip
    order = orders.start_order(ws, 2, suggested=False).order_id
    ((later,),) = ask(ws, "SELECT delivery_date FROM sales_order WHERE id = ?", order)
    assert later > first
    order_details.set_delivery_day(ws, order, date.fromisoformat(first))
    assert order_sheet(ws, order).delivery_trouble == "closed"
    order_details.set_delivery_day(ws, order, None)
    assert order_sheet(ws, order).delivery_trouble == ""
    assert str(order_sheet(ws, order).delivery_date) == later
    for wrong in (ws.today() - timedelta(days=1), ws.today() + timedelta(days=999)):
        with pytest.raises(FieldError):
            order_details.set_delivery_day(ws, order, wrong)


def test_whatever_is_changed_takes_the_signature_off(
    ws: Workspace, order: int, products: list[int]
) -> None:
    pen = drawn([[(10, 10), (200, 80)]], 300, 100)
    changes = (
        lambda: orders.set_line(ws, order, LineInput(products[0], None, 11)),
        lambda: orders.set_line(ws, order, LineInput(products[1], None, 1)),
        lambda: orders.remove_line(ws, order, products[1]),
        lambda: order_details.set_note(ws, order, "Back door"),
        lambda: order_details.set_reference(ws, order, "PO 7"),
        lambda: order_details.set_delivery_day(ws, order, ws.today() + timedelta(days=9)),
        lambda: order_details.unsign_order(ws, order),
    )
    for change in changes:
        order_details.sign_order(ws, order, " Marta ", pen)
        sheet = order_sheet(ws, order)
        assert (sheet.signed_by, sheet.signature) == ("Marta", pen.document() if pen else None)
        change()
        sheet = order_sheet(ws, order)
        assert (sheet.signed_by, sheet.signed_at, sheet.signature) == ("", None, None)
    order_details.sign_order(ws, order, "Marta")
    orders.submit_order(ws, order)
    sheet = order_sheet(ws, order)
    assert (sheet.signed_by, sheet.note, sheet.reference) == ("Marta", "Back door", "PO 7")
    with pytest.raises(UserError, match="cannot be changed"):
        order_details.set_note(ws, order, "too late")
    with pytest.raises(UserError, match="cannot be changed"):
        order_details.sign_order(ws, order, "Eva")


def test_a_signature_wants_a_name_and_texts_have_an_end(ws: Workspace, order: int) -> None:
    with pytest.raises(FieldError, match="Whose"):
        order_details.sign_order(ws, order, "  ")
    with pytest.raises(FieldError, match="too long"):
        order_details.set_note(ws, order, "x" * 2_001)


def test_the_same_order_again_today_is_seen(ws: Workspace, order: int, products: list[int]) -> None:
    put(ws, "UPDATE sales_order SET order_date = '2026-11-01' WHERE id <> ?", order)
    orders.submit_order(ws, order)
    again = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, again, LineInput(products[0], None, 9))
    (other,) = order_sheet(ws, again).same_day
    assert (other.id, other.identical) == (order, False)
    orders.set_line(ws, again, LineInput(products[0], None, 10))
    assert order_sheet(ws, again).same_day[0].identical
    put(ws, "UPDATE sales_order SET status = 'rejected' WHERE id = ?", order)
    assert order_sheet(ws, again).same_day == ()


def test_the_last_order_is_repeated_with_substitutes(
    ws: Workspace, order: int, products: list[int]
) -> None:
    first, second, third, other = products[:4]
    orders.set_lines(ws, order, [LineInput(second, None, 4), LineInput(third, None, 2)])
    orders.submit_order(ws, order)
    put(
        ws, "UPDATE product SET status = 'delisted', substitute_uid = (SELECT uid FROM product"
        " WHERE id = ?) WHERE id = ?", other, second,
    )  # fmt: skip
    put(ws, "UPDATE product SET status = 'delisted', substitute_uid = NULL WHERE id = ?", third)
    again = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, again, LineInput(first, None, 1))
    found = last_order_lines(ws, again)
    ((name,),) = ask(ws, "SELECT name FROM product WHERE id = ?", third)
    assert found.day == ws.today()
    assert [(line.product_id, line.packs) for line in found.lines] == [(other, 4)]
    assert found.gone == (name,)


def test_stock_and_its_substitute(ws: Workspace, order: int, products: list[int]) -> None:
    put(ws, "DELETE FROM stock_snapshot")
    assert order_sheet(ws, order).lines[0].stock is None
    put(
        ws, "INSERT INTO stock_snapshot (uid, product_id, on_hand, as_of, next_arrival)"
        " VALUES (?, ?, 3, '2026-11-20T08:00:00.000Z', '2026-12-01')", b"s" * 16, products[0],
    )  # fmt: skip
    put(
        ws, "UPDATE product SET substitute_uid = (SELECT uid FROM product WHERE id = ?)"
        " WHERE id = ?", products[1], products[0],
    )  # fmt: skip
    sheet = order_sheet(ws, order)
    stock = sheet.lines[0].stock
    assert stock is not None
    assert (stock.on_hand, stock.next_arrival) == (3, date(2026, 12, 1))
    assert stock.is_stale(ws.now(), sheet.policy.stale_stock_hours)
    assert stock.substitute is not None
    assert (stock.substitute.product_id, stock.substitute.packs) == (products[1], 10)
    orders.set_line(ws, order, LineInput(products[1], None, 1))
    stock = order_sheet(ws, order).lines[0].stock
    assert stock is not None
    assert stock.substitute is None


def test_below_cost_is_warned_of_or_refused(ws: Workspace, order: int, products: list[int]) -> None:
    put(ws, "DELETE FROM cost_version WHERE product_id = ?", products[0])
    put(
        ws, "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
        " VALUES (?, ?, 900000000, '2020-01-01')", b"k" * 16, products[0],
    )  # fmt: skip
    orders.set_line(ws, order, LineInput(products[0], None, 12))
    assert order_sheet(ws, order).lines[0].below_cost
    put(ws, 'UPDATE organisation SET policy = \'{"below_cost":"block"}\'')
    with pytest.raises(UserError, match="less than it costs") as caught:
        orders.submit_order(ws, order)
    assert caught.value.code == "below-cost"
    put(ws, 'UPDATE organisation SET policy = \'{"below_cost":"warn"}\'')
    orders.submit_order(ws, order)


def test_money_collected_makes_room_for_an_order(ws: Workspace, order: int) -> None:
    total = order_sheet(ws, order).total_minor
    put(ws, "UPDATE sale SET invoice_id = NULL")
    put(ws, "DELETE FROM collection")
    put(ws, "DELETE FROM payment")
    put(ws, "DELETE FROM invoice")
    put(ws, "UPDATE sales_order SET status = 'invoiced' WHERE status <> 'draft'")
    put(
        ws, "INSERT INTO invoice (uid, account_id, number, date, due_on, total_minor, open_minor)"
        " VALUES (?, 1, 'F-1', '2026-10-01', '2026-10-31', 500, 500)", b"i" * 16,
    )  # fmt: skip
    put(ws, "UPDATE account SET credit_mode = 'hard', credit_limit_minor = ? WHERE id = 1", total)
    with pytest.raises(UserError, match="passed by"):
        orders.submit_order(ws, order)
    collect(ws, 1, Collecting(500))
    credit = order_sheet(ws, order).credit
    assert (credit.open_minor, credit.late_minor, credit.collected_minor) == (0, 0, 500)
    orders.submit_order(ws, order)


def test_a_discount_by_hand_wants_a_reason_and_has_an_end(
    ws: Workspace, order: int, products: list[int]
) -> None:
    put(ws, 'UPDATE organisation SET policy = \'{"most_discount_bp":{"rep":1000}}\'')
    before = order_sheet(ws, order).lines[0]
    order_details.sign_order(ws, order, "Marta")
    order_details.set_discount(ws, order, products[0], 500, "opening order")
    sheet = order_sheet(ws, order)
    line = sheet.lines[0]
    assert (line.discount_bp, line.by_hand, sheet.signed_by) == (500, "opening order", "")
    assert line.net_minor < before.list_price_e4 * line.base_quantity
    for bp, why, field in (
        (1_001, "more", "discount"),
        (500, " ", "reason"),
        (-1, "x", "discount"),
    ):
        with pytest.raises(FieldError) as caught:
            order_details.set_discount(ws, order, products[0], bp, why)
        assert caught.value.field == field
    # Another quantity keeps it, none takes it off.
    orders.set_line(ws, order, LineInput(products[0], None, 20))
    assert order_sheet(ws, order).lines[0].discount_bp == 500
    order_details.set_discount(ws, order, products[0], 0, "")
    orders.set_line(ws, order, LineInput(products[0], None, 10))
    again = order_sheet(ws, order).lines[0]
    assert (again.net_minor, again.by_hand) == (before.net_minor, None)
