"""A price that HQ changed while an order was offline has an explicit outcome."""

from __future__ import annotations

from datetime import date

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.domain.order_pricing import AskedLine, price_order, reason_document
from crmdesk.hq.exchange import editing
from crmdesk.hq.exchange.prices import differing_prices
from crmdesk.services.prices import read_rules, terms_of
from crmdesk.sync.merge import Image
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.trading import DAY, order, price_list

pytestmark = pytest.mark.hq


def test_case_22_a_price_change_at_hq_while_an_order_is_offline_is_said(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    _list, rule = price_list(hq)
    one.sync()
    uid = order(one, "R01-00001")
    editing.update_rows(hq.store, "price_rule", [rule], {"price_e4": 13_500}, hq.now_ms())

    report = one.sync()
    office.sync()

    assert (report.refusals, report.conflicts, report.waiting) == (0, 1, 0)
    # The order stands as it was agreed with the customer, on both sides.
    lines = hq.rows("SELECT net_price_e4 FROM order_line ORDER BY position")
    assert lines == [(12_000,), (12_000,)]
    assert one.rows("SELECT kind, field, base, mine, theirs, kept FROM conflict") == [
        ("price", "net_price_e4", '{"line":1,"sku":"SKU0"}', "12000", "13500", "mine")
    ]
    for laptop in (one, office):
        assert laptop.rows("SELECT kind, status, current, proposed, row_uid FROM proposal") == [
            (
                "price", "open", '[{"line":1,"price_e4":13500,"sku":"SKU0"}]',
                '[{"line":1,"price_e4":12000,"sku":"SKU0"}]', uid,
            )
        ]  # fmt: skip


def test_a_price_that_is_still_right_says_nothing(hq: Headquarters) -> None:
    one = hq.join("R1")
    _list, rule = price_list(hq)
    one.sync()
    order(one, "R01-00001")
    # A new price from a later day on does not concern an order of before.
    editing.update_rows(hq.store, "price_rule", [rule], {"valid_to": "2026-12-31"}, hq.now_ms())
    editing.insert_row(
        hq.store, "price_rule",
        {"price_list_id": _list, "product_id": company.PRODUCTS[0].hex(), "price_e4": 15_000,
         "valid_from": "2027-01-01"},
        hq.now_ms(),
    )  # fmt: skip

    assert one.sync().conflicts == 0
    assert hq.one("SELECT count(*) FROM proposal") == 0


def test_a_price_set_by_hand_is_held_against_the_list_price_and_what_a_rep_may_give(
    hq: Headquarters,
) -> None:
    one = hq.join("R1")
    price_list(hq)
    one.sync()
    listed = one.one("SELECT price_e4 FROM price_rule")
    # 15 % is what a rep may give off the list price where the company has said nothing.
    order(one, "R01-00001", net_e4=listed * 86 // 100, code="manual")
    assert one.sync().conflicts == 0
    order(one, "R01-00002", net_e4=listed * 84 // 100, code="manual")
    assert one.sync().conflicts > 0
    assert hq.one("SELECT count(*) FROM sales_order") == 2


def test_hq_and_laptop_decide_the_same_price(hq: Headquarters) -> None:
    """Breaks, agreed prices and promotions: what the laptop's code gives, HQ's reading gives."""
    one = hq.join("R1")
    listed, _rule = price_list(hq)
    product, account = company.PRODUCTS[0].hex(), company.ACCOUNTS[0].hex()
    rows = (
        ("price_rule", {"price_list_id": listed, "product_id": product, "minimum_quantity": 10,
                        "discount_bp": 600}),
        ("price_rule", {"price_list_id": listed, "product_id": product, "minimum_quantity": 50,
                        "price_e4": 10_111, "valid_from": "2026-01-01"}),
        ("price_rule", {"price_list_id": listed, "product_id": product, "minimum_quantity": 50,
                        "price_e4": 10_777, "valid_from": "2025-01-01"}),
        ("promotion", {"code": "P", "name": "P", "product_id": product, "minimum_quantity": 20,
                       "buy_quantity": 5, "free_quantity": 1, "valid_from": "2026-01-01",
                       "valid_to": "2027-01-01"}),
        ("account_price", {"account_id": account, "product_id": product, "price_e4": 9_000,
                           "minimum_quantity": 90}),
    )  # fmt: skip
    for name, values in rows:
        editing.insert_row(hq.store, name, values, hq.now_ms())
    one.sync()
    with one.database.read() as connection:
        key = connection.exec_driver_sql("SELECT id FROM account WHERE code = 'C0'").scalar_one()
        sku = connection.exec_driver_sql("SELECT id FROM product WHERE sku = 'SKU0'").scalar_one()
        known = read_rules(connection, terms_of(connection, key, date(2026, 11, 20)), [sku], "EUR")
    seen = set()
    for quantity in (1, 9, 10, 19, 20, 24, 49, 50, 89, 90, 500):
        (here,) = price_order([AskedLine(product, quantity)], known.rules).lines
        net_e4, net_minor = here.price.net_price_e4, here.amounts.net_minor
        seen.add(here.reasons[0]["code"])
        line = {
            "product_id": product, "base_quantity": quantity, "net_price_e4": net_e4,
            "net_minor": net_minor, "price_reason": reason_document(here.reasons),
        }  # fmt: skip
        image = Image({"order_date": DAY, "account_id": account}, lines=[line])
        with hq.store.transaction() as connection:
            assert differing_prices(connection, {"x": image}) == {}
            for column, right in (("net_price_e4", net_e4), ("net_minor", net_minor)):
                wrong = Image(image.values, lines=[{**line, column: right + 1}])
                (found,) = differing_prices(connection, {"x": wrong})["x"]
                assert (found.field, found.theirs) == (column, right)
    assert seen == {"list", "break", "promotion", "agreed"}


def test_a_newer_version_of_a_list_prices_orders_from_its_day_on(hq: Headquarters) -> None:
    """HQ follows the versions as the laptop does, and a draft prices nothing anywhere."""
    one = hq.join("R1")
    listed, _rule = price_list(hq)
    for code, status, start, price in (
        ("A/27", "active", "2026-11-15", 13_500), ("A/28", "draft", None, 99_999),
    ):  # fmt: skip
        newer = editing.insert_row(
            hq.store, "price_list",
            {"code": code, "name": "A", "status": status, "replaces_uid": listed,
             "valid_from": start},
            hq.now_ms(),
        )  # fmt: skip
        for product in company.PRODUCTS[:2]:
            editing.insert_row(
                hq.store, "price_rule",
                {"price_list_id": newer, "product_id": product.hex(), "price_e4": price},
                hq.now_ms(),
            )  # fmt: skip
    one.sync()
    with one.database.read() as connection:
        run = connection.exec_driver_sql
        key = run("SELECT id FROM account WHERE code = 'C0'").scalar_one()
        sku = run("SELECT id FROM product WHERE sku = 'SKU0'").scalar_one()
        for day, price in ((date(2026, 11, 14), 12_000), (date(2026, 11, 15), 13_500)):
            known = read_rules(connection, terms_of(connection, key, day), [sku], "EUR")
            asked = [AskedLine(known.uids[sku], 1)]
            assert price_order(asked, known.rules).lines[0].price.net_price_e4 == price
    order(one, "R01-00001", net_e4=12_000)
    report = one.sync()
    assert report.conflicts == 2
    assert {row[0] for row in one.rows("SELECT theirs FROM conflict")} == {"13500"}


def test_company_rules_and_prices_are_the_offices(hq: Headquarters) -> None:
    """What the office writes reaches the rep; what a rep writes by force is refused, with why."""
    one, office = hq.join("R1"), hq.join("O1")
    price_list(hq)
    office.sync()
    one.sync()
    office.run("UPDATE organisation SET policy = ?", '{"below_cost":"block"}')
    office.run("UPDATE price_list SET note = 'checked', status = 'retired'")
    assert (office.sync().refusals, office.sync().waiting) == (0, 0)
    one.sync()
    assert one.rows("SELECT policy FROM organisation") == [('{"below_cost":"block"}',)]
    assert one.rows("SELECT note, status FROM price_list") == [("checked", "retired")]
    one.run("UPDATE price_list SET note = 'mine'")
    one.run(
        "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
        " SELECT ?, min(id), 1, '2027-01-01' FROM product",
        new_uid(),
    )
    one.sync()
    assert hq.one("SELECT note FROM price_list") == "checked"
    assert hq.one("SELECT count(*) FROM cost_version WHERE cost_e4 = 1") == 0
