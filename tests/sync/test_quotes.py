"""Quotes between laptops and HQ: judged, agreed prices accepted, followed by a new owner."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.hq.exchange import editing
from crmdesk.services import orders, quote_decisions, quote_versions, quotes
from crmdesk.services.document_lines import LineInput
from crmdesk.services.quote_follow_ups import (
    FollowUpInput,
    FollowUpMode,
    FollowUpResult,
    log_follow_up,
)
from crmdesk.services.workspace import Workspace
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.trading import price_list

pytestmark = pytest.mark.hq


def reason(hq: Headquarters) -> None:
    editing.insert_row(
        hq.store, "outcome_reason", {"kind": "quote_lost", "code": "price", "name": "Price"},
        hq.now_ms(),
    )  # fmt: skip


def sent_quote(laptop: Laptop, account: str = "C0") -> int:
    ws = at(laptop)
    quote = quotes.start_quote(
        ws, laptop.one("SELECT id FROM account WHERE code = ?", account), title="Terrace"
    ).quote_id
    for sku in ("SKU0", "SKU1"):
        product = laptop.one("SELECT id FROM product WHERE sku = ?", sku)
        quotes.set_line(ws, quote, LineInput(product, None, 24))
    quotes.send_quote(ws, quote)
    return quote


def ask_again(ws: Workspace, days: int = 5) -> FollowUpInput:
    return FollowUpInput(
        FollowUpMode.CALL, FollowUpResult.THINKING, ws.today() + timedelta(days=days), "Montag"
    )


def test_a_quote_and_its_follow_ups_reach_the_office(hq: Headquarters) -> None:
    price_list(hq)
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    quote = sent_quote(rep)
    log_follow_up(at(rep), quote, ask_again(at(rep)))
    second = quote_versions.revise_quote(at(rep), quote).quote_id
    quotes.send_quote(at(rep), second)
    report = rep.sync()
    office.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    shown = "SELECT number, version, status, net_minor FROM quote ORDER BY version"
    assert office.rows(shown) == rep.rows(shown)
    assert [row[2] for row in office.rows(shown)] == ["superseded", "sent"]
    assert office.rows("SELECT mode, result, note FROM quote_follow_up") == [
        ("call", "thinking", "Montag")
    ]
    assert office.one("SELECT count(*) FROM quote_line") == 4


def test_what_was_agreed_in_a_quote_is_right_at_hq_though_prices_have_risen(
    hq: Headquarters,
) -> None:
    _list, rule = price_list(hq)
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    quote = sent_quote(rep)
    assert rep.sync().conflicts == 0
    editing.update_rows(hq.store, "price_rule", [rule], {"price_e4": 13_500}, hq.now_ms())
    order = quote_decisions.order_from_quote(at(rep), quote).order_id
    orders.submit_order(at(rep), order)
    report = rep.sync()
    office.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    assert hq.rows("SELECT q.status, o.number, o.net_minor = q.net_minor FROM quote q"
                   " JOIN sales_order o ON o.uid = q.order_uid") == [
        ("won", rep.one("SELECT number FROM sales_order"), True)
    ]  # fmt: skip
    assert office.one("SELECT count(*) FROM proposal") == 0


def test_a_price_that_no_quote_knows_is_said(hq: Headquarters) -> None:
    """The reason alone agrees nothing: another quote, another customer's, one that was lost."""
    _list, rule = price_list(hq)
    reason(hq)
    rep = hq.join("R1")
    rep.sync()
    quote = sent_quote(rep)
    quote_decisions.lose_quote(
        at(rep), quote, rep.one("SELECT id FROM outcome_reason WHERE kind = 'quote_lost'")
    )
    assert rep.sync().refusals == 0
    editing.update_rows(hq.store, "price_rule", [rule], {"price_e4": 13_500}, hq.now_ms())
    lost, other = rep.one("SELECT lower(hex(uid)) FROM quote"), new_uid().hex()
    for number, uid in enumerate((lost, other, "no uid")):
        made = new_uid()
        with rep.database.write() as tx:
            run = tx.connection.exec_driver_sql
            run(
                "INSERT INTO sales_order (uid, account_id, number, order_date)"
                " SELECT ?, id, ?, ? FROM account WHERE code = 'C0'",
                (made, f"R01-9000{number}", at(rep).today().isoformat()),
            )
            run(
                "INSERT INTO order_line (parent_id, position, product_id, quantity, base_quantity,"
                " list_price_e4, net_price_e4, net_minor, price_reason) SELECT o.id, 1, p.id, 24,"
                " 24, 12000, 12000, 2880, ? FROM sales_order o, product p"
                " WHERE o.uid = ? AND p.sku = 'SKU0'",
                (json.dumps({"code": "quoted", "quote": "Q1", "uid": uid}), made),
            )
        rep.run("UPDATE sales_order SET status = 'submitted' WHERE uid = ?", made)
        report = rep.sync()
        assert (report.refusals, report.conflicts) == (0, 1), uid


def test_more_off_than_the_company_lets_one_give_is_shown_to_the_office(hq: Headquarters) -> None:
    price_list(hq)
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    ws = at(rep)
    quote = quotes.start_quote(ws, rep.one("SELECT id FROM account WHERE code = 'C0'")).quote_id
    product = rep.one("SELECT id FROM product WHERE sku = 'SKU0'")
    quotes.set_line(ws, quote, LineInput(product, None, 24))
    quotes.set_discount(ws, quote, product, 1_000, "opening order")
    uid = hq.one("SELECT encode(uuid_send(uid),'hex') FROM organisation")
    policy = {"policy": {"most_discount_bp": {"rep": 500}}}
    editing.update_rows(hq.store, "organisation", [uid], policy, hq.now_ms())
    quotes.send_quote(ws, quote)
    report = rep.sync()
    office.sync()
    assert (report.refusals, report.conflicts) == (0, 1)
    assert office.rows("SELECT kind, entity, current, proposed FROM proposal") == [
        (
            "price", "quote", '[{"line":1,"price_e4":11400,"sku":"SKU0"}]',
            '[{"line":1,"price_e4":10800,"sku":"SKU0"}]',
        )
    ]  # fmt: skip


def refused_code(laptop: Laptop) -> list[str]:
    laptop.sync()
    return [code for (code,) in laptop.rows("SELECT code FROM refusal WHERE state = 'open'")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("status = 'lost'", "reason"),
        ("next_follow_up = NULL", "no-next"),
        ("status = 'accepted'", "malformed"),
    ],
)
def test_hq_turns_away_what_the_rules_of_quotes_forbid(
    hq: Headquarters, change: str, code: str
) -> None:
    price_list(hq)
    rep = hq.join("R1")
    rep.sync()
    quote = sent_quote(rep)
    assert refused_code(rep) == []
    rep.run(f"UPDATE quote SET {change} WHERE id = ?", quote)
    assert refused_code(rep) == [code]
    assert hq.rows("SELECT status, next_follow_up IS NULL FROM quote") == [("sent", False)]


def test_of_two_decisions_the_first_stands(hq: Headquarters) -> None:
    price_list(hq)
    reason(hq)
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    quote = sent_quote(rep)
    rep.sync()
    office.sync()
    theirs = office.one("SELECT id FROM quote")
    quote_decisions.lose_quote(
        at(office), theirs, office.one("SELECT id FROM outcome_reason WHERE kind = 'quote_lost'")
    )
    order = quote_decisions.order_from_quote(at(rep), quote).order_id
    orders.submit_order(at(rep), order)
    office.sync()
    report = rep.sync()
    # The order falls with the decision it was a part of, and waits for the rep as a draft.
    assert report.refusals > 0
    assert rep.one("SELECT status FROM quote") == "lost"
    assert rep.one("SELECT status FROM sales_order") == "draft"
    assert hq.one("SELECT count(*) FROM sales_order") == 0
    orders.submit_order(at(rep), order)
    assert rep.sync().refusals == 0
    assert hq.rows("SELECT status FROM quote") == [("lost",)]


def test_a_customer_that_moves_takes_its_open_quotes_to_the_new_owner(hq: Headquarters) -> None:
    price_list(hq)
    reason(hq)
    old, new = hq.join("R1"), hq.join("R2")
    old.sync()
    quote = sent_quote(old)
    old.sync()
    new.sync()
    assert new.rows("SELECT 1 FROM quote") == []
    editing.update_rows(
        hq.store, "account", [company.ACCOUNTS[0].hex()], {"territory_id": company.T2.hex()},
        hq.now_ms(),
    )  # fmt: skip
    log_follow_up(at(old), quote, ask_again(at(old), 9))
    new.sync()
    theirs = new.one("SELECT id FROM quote")
    log_follow_up(at(new), theirs, ask_again(at(new)))
    assert new.sync().refusals == 0
    assert hq.one("SELECT next_follow_up FROM quote") == ask_again(at(new)).next_on
    second = quote_versions.revise_quote(at(new), theirs).quote_id
    quotes.send_quote(at(new), second)
    quote_decisions.lose_quote(
        at(new), second, new.one("SELECT id FROM outcome_reason WHERE kind = 'quote_lost'")
    )
    assert new.sync().refusals == 0
    assert hq.rows("SELECT status, encode(uuid_send(user_id),'hex') FROM quote ORDER BY version"
                   ) == [("superseded", company.R1.hex()), ("lost", company.R2.hex())]  # fmt: skip
    # What the former owner wrote meanwhile is not taken over, and nothing of it is here any more.
    assert old.sync().refusals > 0
    assert old.rows("SELECT 1 FROM quote") == []
    assert hq.one("SELECT count(*) FROM quote_follow_up") == 1


def test_nobody_else_may_touch_the_quotes_of_a_customer(hq: Headquarters) -> None:
    """Only what goes with the customer is free to whoever has it: not title, lines, terms."""
    price_list(hq)
    rep = hq.join("R1")
    rep.sync()
    sent_quote(rep)
    rep.sync()
    hq.rows("UPDATE quote SET user_id = %s RETURNING uid", company.R2.hex())
    with rep.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE quote SET next_follow_up = '2030-01-07'")
    assert refused_code(rep) == []
    with rep.database.maintenance() as connection:
        connection.exec_driver_sql("DROP TRIGGER guard_quote_update")
    rep.run("UPDATE quote SET title = 'mine'")
    assert refused_code(rep) == ["not-yours"]


def test_two_laptops_revise_the_same_quote_offline(hq: Headquarters) -> None:
    """The first version 2 stands; the other comes back as a draft and goes out as version 3."""
    price_list(hq)
    one, two = hq.join("R1"), hq.join("R1", "second")
    one.sync()
    sent_quote(one)
    one.sync()
    two.sync()
    made = {}
    for laptop, packs in ((one, 36), (two, 48)):
        ws = at(laptop)
        quote = quote_versions.revise_quote(ws, laptop.one("SELECT id FROM quote")).quote_id
        product = laptop.one("SELECT id FROM product WHERE sku = 'SKU0'")
        quotes.set_line(ws, quote, LineInput(product, None, packs))
        quotes.send_quote(ws, quote)
        made[laptop.folder] = quote
    assert one.sync().refusals == 0
    assert two.sync().refusals > 0
    mine = made[two.folder]
    assert two.one("SELECT status FROM quote WHERE id = ?", mine) == "draft"
    quotes.send_quote(at(two), mine)
    assert two.sync().refusals == 0
    one.sync()
    shown = "SELECT number, version, status FROM quote ORDER BY version"
    assert one.rows(shown) == two.rows(shown) == hq.rows(shown)
    assert [row[1:] for row in one.rows(shown)] == [
        (1, "superseded"), (2, "superseded"), (3, "sent"),
    ]  # fmt: skip
    assert len({row[0] for row in one.rows(shown)}) == 1
