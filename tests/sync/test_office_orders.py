"""What the office does with orders that came in, on real laptops and a real HQ: story and races."""

from __future__ import annotations

import json

import pytest

from crmdesk.domain.errors import FieldError, IllegalTransition, StaleRevision, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.exchange import editing
from crmdesk.services import office_orders as office
from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.office_invoices import invoice_orders
from crmdesk.services.order_alterations import Alteration, alter_order, preview_alteration
from tests.sync import company
from tests.sync.came_in import altered, came_in, refused
from tests.sync.conftest import Headquarters
from tests.sync.desks import at

pytestmark = pytest.mark.hq

_STATUS = "SELECT status, coalesce(answer, '') FROM sales_order"
_TOTALS = "SELECT net_minor, discount_minor, tax_minor, total_minor, cost_minor FROM sales_order"
_LINES = "SELECT quantity, base_quantity, net_minor, tax_minor FROM order_line ORDER BY position"


def test_an_order_is_accepted_taken_back_and_accepted_again(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    ws = at(one)

    done = office.accept_orders(ws, [order])
    assert (done.order_ids, done.left, done.can_be_taken_back) == ((order,), (), True)
    one.sync()
    rep.sync()
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("accepted", "")]

    office.take_back(ws, done)
    one.sync()
    rep.sync()
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("submitted", "")]

    office.accept_orders(ws, [order])
    office.ship_orders(ws, [order])
    assert one.sync().refusals == 0
    rep.sync()
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("shipped", "")]
    with pytest.raises(StaleRevision):
        office.take_back(ws, done)
    again = office.accept_orders(ws, [order])
    assert (again.order_ids, [left.order_id for left in again.left]) == ((), [order])


def test_a_rejection_tells_the_rep_why_and_can_be_taken_back(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    ws = at(one)
    one.run(
        "INSERT INTO outcome_reason (uid, kind, code, name) VALUES (?, 'order_rejected', 'stock',"
        " 'Out of stock')", new_uid(),
    )  # fmt: skip
    reason = one.one("SELECT id FROM outcome_reason WHERE code = 'stock'")
    with pytest.raises(FieldError, match="Say why"):
        office.reject_order(ws, order, "  ")

    done = office.reject_order(ws, order, "back on Monday", reason_id=reason)
    one.sync()
    rep.sync()
    assert rep.rows(_STATUS) == [("rejected", "Out of stock: back on Monday")]
    assert (
        rep.one("SELECT r.code FROM sales_order o JOIN outcome_reason r ON r.id = o.reason_id")
        == "stock"
    )

    office.take_back(ws, done)
    one.sync()
    rep.sync()
    assert rep.rows(_STATUS) == [("submitted", "")]


def test_a_rejected_order_that_came_in_again_is_not_reopened(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    ws = at(one)
    done = office.reject_order(ws, order, "Wrong customer")
    one.sync()
    rep.sync()
    mine = at(rep)
    copy = orders.copy_order(mine, rep.one("SELECT id FROM sales_order")).order_id
    orders.submit_order(mine, copy)
    rep.sync()
    one.sync()
    with pytest.raises(UserError, match="come in again"):
        office.take_back(ws, done)


def test_an_altered_order_is_the_same_on_every_side_and_says_why(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    ws = at(one)
    product = one.one("SELECT id FROM product WHERE sku = 'SKU0'")
    before = one.rows(_TOTALS)
    seen = preview_alteration(ws, order, [LineInput(product, None, 7)])
    assert one.rows(_TOTALS) == before, "a preview writes nothing"
    assert one.waiting() == 0

    altered(one, order, 7)
    report = one.sync()
    rep.sync()

    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    assert rep.rows(_TOTALS) == one.rows(_TOTALS) == hq.rows(_TOTALS)
    assert rep.rows(_LINES) == one.rows(_LINES) == hq.rows(_LINES)
    assert rep.rows(_LINES)[0][:2] == (7, 7)
    net, _off, _tax, total, cost = rep.rows(_TOTALS)[0]
    assert (seen.net_minor, seen.total_minor, seen.margin_minor) == (net, total, net - cost)
    assert rep.one("SELECT delivery_date FROM sales_order") == "2030-01-07"
    assert rep.one("SELECT count(*) FROM sales_order") == 1, "the copy it was worked out on is gone"
    ((reason, was, became, who),) = rep.rows(
        'SELECT a.reason, a.before, a."after", u.name FROM order_alteration a'
        " JOIN app_user u ON u.id = a.user_id"
    )
    assert (reason, who) == ("Stock is short", "Olga Office")
    assert [line["sku"] for line in json.loads(was)["lines"]] == ["SKU0", "SKU1"]
    assert [line["quantity"] for line in json.loads(became)["lines"]] == [7]
    assert json.loads(became)["total_minor"] == total
    assert hq.one("SELECT count(*) FROM proposal") == 0, "HQ's prices are the same"


def test_an_alteration_of_prices_that_hq_has_changed_is_told(hq: Headquarters) -> None:
    _rep, (one,), order = came_in(hq, "one")
    rule = hq.one(
        "SELECT encode(uuid_send(r.uid),'hex') FROM price_rule r JOIN product p"
        " ON p.uid = r.product_id WHERE p.sku = 'SKU0'"
    )
    editing.update_rows(hq.store, "price_rule", [rule], {"price_e4": 13_500}, hq.now_ms())
    altered(one, order, 3)
    report = one.sync()
    assert (report.refusals, report.conflicts) == (0, 1)
    assert hq.rows("SELECT kind, status FROM proposal") == [("price", "open")]


def test_nothing_is_altered_without_a_reason_a_line_or_a_change(hq: Headquarters) -> None:
    _rep, (one,), order = came_in(hq, "one")
    ws = at(one)
    lines = one.rows("SELECT product_id, quantity FROM order_line ORDER BY position")
    same = tuple(LineInput(product, None, packs) for product, packs in lines)
    for wanted, message in (
        (Alteration(same, None, " "), "Say why"),
        (Alteration(same, None, "why"), "Nothing has been altered"),
        (Alteration((), None, "why"), "Nothing would be left"),
    ):
        with pytest.raises(UserError, match=message):
            alter_order(ws, order, wanted)
    office.accept_orders(ws, [order])
    altered(one, order, 5)
    office.ship_orders(ws, [order])
    with pytest.raises(IllegalTransition, match="altered any more"):
        altered(one, order, 6)
    assert one.sync().refusals == 0
    assert hq.rows(_STATUS) == [("shipped", "")]


def test_the_second_of_two_who_decide_differently_is_told(hq: Headquarters) -> None:
    rep, (one, two), order = came_in(hq, "one", "two")
    office.accept_orders(at(one), [order])
    office.reject_order(at(two), order, "No credit")
    one.sync()
    two.sync()
    rep.sync()

    assert refused(two) == ["This order is accepted by now. Look at it again, then decide."]
    for laptop in (one, two, rep):
        assert laptop.rows(_STATUS) == [("accepted", "")]


def test_two_who_accept_the_same_order_mean_the_same(hq: Headquarters) -> None:
    _rep, (one, two), order = came_in(hq, "one", "two")
    office.accept_orders(at(one), [order])
    office.accept_orders(at(two), [order])
    assert (one.sync().refusals, two.sync().refusals) == (0, 0)
    assert hq.rows(_STATUS) == [("accepted", "")]


def test_nobody_accepts_what_somebody_else_has_altered_unseen(hq: Headquarters) -> None:
    rep, (one, two), order = came_in(hq, "one", "two")
    altered(one, order, 5)
    office.accept_orders(at(two), [order])
    one.sync()
    two.sync()

    assert refused(two) == ["This order has been altered meanwhile. Look at it again, then decide."]
    assert two.rows(_STATUS) == [("submitted", "")]
    assert two.rows(_LINES) == hq.rows(_LINES)
    office.accept_orders(at(two), [order])
    assert two.sync().refusals == 0
    rep.sync()
    assert rep.rows(_STATUS) == [("accepted", "")]


def test_an_alteration_of_an_order_accepted_elsewhere_is_asked_again(hq: Headquarters) -> None:
    _rep, (one, two), order = came_in(hq, "one", "two")
    lines = hq.rows(_LINES)
    office.accept_orders(at(one), [order])
    altered(two, order, 5)
    one.sync()
    two.sync()

    assert refused(two) == ["This order is accepted by now. Look at it again, then decide."]
    assert two.rows(_LINES) == hq.rows(_LINES) == lines
    assert two.rows("SELECT 1 FROM order_alteration") == []
    altered(two, order, 5)
    assert two.sync().refusals == 0
    assert (hq.rows(_STATUS), hq.rows(_LINES)[0][0]) == ([("accepted", "")], 5)


def test_of_two_alterations_the_first_stands(hq: Headquarters) -> None:
    rep, (one, two), order = came_in(hq, "one", "two")
    altered(one, order, 5)
    altered(two, order, 6)
    one.sync()
    two.sync()
    rep.sync()
    assert len(refused(two)) == 1
    for laptop in (one, two, rep):
        assert laptop.rows(_LINES) == hq.rows(_LINES)
        assert laptop.one("SELECT count(*) FROM order_alteration") == 1
    assert hq.rows(_LINES)[0][0] == 5


def test_an_order_called_back_is_not_accepted(hq: Headquarters) -> None:
    """The rep takes back what HQ has (by the rule of the states); the office decides unseen."""
    rep, (one,), order = came_in(hq, "one")
    rep.run("UPDATE sales_order SET status = 'draft'")
    rep.sync()
    office.accept_orders(at(one), [order])
    one.sync()
    assert refused(one) == ["This order is draft by now. Look at it again, then decide."]
    assert hq.one("SELECT status FROM sales_order") == "draft"


def test_an_accepted_order_is_not_called_back(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    with pytest.raises(UserError, match="HQ has this order"):
        orders.call_back_order(at(rep), rep.one("SELECT id FROM sales_order"))
    office.accept_orders(at(one), [order])
    one.sync()
    rep.run("UPDATE sales_order SET status = 'draft'")
    assert rep.sync().refusals == 1
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("accepted", "")]


def test_an_order_of_a_customer_who_moved_is_decided_and_reaches_the_new_rep(
    hq: Headquarters,
) -> None:
    rep, (one,), order = came_in(hq, "one")
    other = hq.join("R2")
    editing.update_rows(
        hq.store, "account", [company.ACCOUNTS[0].hex()], {"territory_id": company.T2.hex()},
        hq.now_ms(),
    )  # fmt: skip
    altered(one, order, 4)
    office.accept_orders(at(one), [order])
    assert one.sync().refusals == 0
    other.sync()
    rep.sync()
    assert other.rows(_STATUS) == [("accepted", "")]
    assert other.one("SELECT count(*) FROM order_alteration") == 1
    assert rep.rows("SELECT 1 FROM sales_order") == []


def test_a_shipped_order_is_invoiced_once_and_becomes_the_fact_of_a_sale(
    hq: Headquarters,
) -> None:
    rep, (one, two), order = came_in(hq, "one", "two")
    sales = rep.one("SELECT count(*) FROM sale")
    assert invoice_orders(at(one), [order]).order_ids == (), "nothing has been shipped"
    office.accept_orders(at(one), [order])
    office.ship_orders(at(one), [order])
    one.sync()
    two.sync()
    assert invoice_orders(at(one), [order]).order_ids == (order,)
    assert invoice_orders(at(two), [order]).order_ids == (order,)
    one.sync()
    two.sync()
    rep.sync()

    assert refused(two) == ["This order is invoiced by now. Look at it again, then decide."]
    total = hq.one("SELECT total_minor FROM sales_order")
    for laptop in (one, two, rep):
        assert laptop.rows("SELECT total_minor, open_minor FROM invoice") == [(total, total)]
        assert laptop.one("SELECT count(*) FROM sale WHERE order_uid IS NOT NULL") == 1
    assert rep.one("SELECT count(*) FROM sale") == sales + 1
    assert rep.rows(
        "SELECT l.quantity, l.base_quantity, l.net_minor FROM sale_line l JOIN sale s"
        " ON s.id = l.parent_id WHERE s.order_uid IS NOT NULL ORDER BY l.position"
    ) == [row[:3] for row in rep.rows(_LINES)]
    assert rep.one(
        "SELECT sum(l.net_minor) FROM sale_line l JOIN sale s ON s.id = l.parent_id"
        " WHERE s.order_uid IS NOT NULL"
    ) == hq.one("SELECT net_minor FROM sales_order")


def test_a_rep_does_none_of_this_in_any_way(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    mine = at(rep)
    key = rep.one("SELECT id FROM sales_order")
    for step in (
        lambda: office.accept_orders(mine, [key]),
        lambda: office.reject_order(mine, key, "no"),
        lambda: altered(rep, key, 3),
    ):
        with pytest.raises(UserError, match="The office decides"):
            step()
    # And by an honest file with a crafted change: HQ refuses it and gives its own row back.
    for change in ("status = 'accepted'", "answer = 'fine'", "delivery_date = '2031-01-01'"):
        rep.run(f"UPDATE sales_order SET {change}")
        assert rep.sync().refusals == 1, change
    office.accept_orders(at(one), [order])
    one.sync()
    rep.sync()
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("accepted", "")]


def test_the_file_takes_a_change_of_lines_only_with_its_alteration(hq: Headquarters) -> None:
    _rep, (one,), _order = came_in(hq, "one")
    for statement in (
        "UPDATE sales_order SET net_minor = 1",
        "UPDATE order_line SET quantity = 9",
        "DELETE FROM order_line",
    ):
        with pytest.raises(UserError, match="submitted"):
            one.run(statement)
    with pytest.raises(UserError, match="submitted"), one.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO order_alteration (uid, account_id, order_id, at, reason, before,"
            " \"after\") SELECT ?, account_id, id, '2026-11-20T08:00:00.000Z', 'x', '{}', '{}'"
            " FROM sales_order", (new_uid(),),
        )  # fmt: skip
        run("UPDATE order_line SET quantity = quantity")
        run("UPDATE sales_order SET total_minor = total_minor + 1")
        run("UPDATE sales_order SET number = 'X'")
    assert one.waiting() == 0


@pytest.mark.parametrize("lie", ["totals", "after", "before"])
def test_hq_holds_an_alteration_against_the_order(hq: Headquarters, lie: str) -> None:
    """An alteration that does not say what was or what became of the order changes nothing."""
    rep, (one,), order = came_in(hq, "one")
    held = hq.rows(_LINES), hq.rows(_TOTALS)
    altered(one, order, 5)
    where = {"totals": ("order", "U"), "after": ("order_alteration", "I"),
             "before": ("order_alteration", "I")}[lie]  # fmt: skip
    fields = json.loads(
        one.one("SELECT fields FROM journal WHERE entity = ? AND op = ? AND state = 'waiting'",
                *where)
    )  # fmt: skip
    if lie == "totals":
        fields["total_minor"][1] += 1
    else:
        fields[lie][1]["mark"] = "0" * 16
    with one.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE journal SET fields = ? WHERE entity = ? AND op = ? AND state = 'waiting'",
            (json.dumps(fields), *where),
        )
    assert one.sync().refusals > 0
    rep.sync()
    assert (hq.rows(_LINES), hq.rows(_TOTALS)) == held
    assert one.rows(_LINES) == rep.rows(_LINES) == held[0]
