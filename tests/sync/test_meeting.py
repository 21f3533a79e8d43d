"""Two laptops and an office workstation meet through a real HQ."""

from __future__ import annotations

import pytest

from crmdesk.domain.ids import new_uid
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note, submit_order

pytestmark = pytest.mark.hq


def test_a_laptop_starts_with_exactly_its_own_customers(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")

    assert one.rows("SELECT code, name, uid FROM account ORDER BY code") == [
        (f"C{n}", company.NAMES[n], company.ACCOUNTS[n]) for n in range(4)
    ]
    assert one.one("SELECT count(*) FROM sale") == 12
    assert one.one("SELECT count(*) FROM sale_line") == 36
    assert office.one("SELECT count(*) FROM account") == 6
    assert one.one("SELECT consent_at FROM contact LIMIT 1") == "2026-01-02T03:04:05.678Z"
    assert one.waiting() == 0


def test_edits_orders_and_notes_reach_the_others(hq: Headquarters) -> None:
    one, two, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    add_note(one, "C0", "R1", 'Owner back on Monday – ünïcode \\ "quoted"')
    one.run("UPDATE account SET channel = 'bar', visit_minutes = 35 WHERE code = 'C1'")
    order = submit_order(one, "C0", "R1", "R01-00001")
    two.run("UPDATE account SET channel = 'hotel' WHERE code = 'C4'")

    sent = one.sync()
    assert (sent.sent, sent.refusals, sent.conflicts, sent.waiting) == (4, 0, 0, 0)
    assert two.sync().sent == 1
    report = office.sync()

    assert report.received == 4
    assert report.changes.touches("note") and report.changes.touches("order")
    assert office.rows("SELECT text FROM note") == one.rows("SELECT text FROM note")
    assert office.rows("SELECT channel, visit_minutes FROM account WHERE code = 'C1'") == [
        ("bar", 35)
    ]
    assert office.one("SELECT channel FROM account WHERE code = 'C4'") == "hotel"
    query = (
        "SELECT o.uid, o.status, o.number, l.position, p.sku, l.net_minor, l.price_reason"
        " FROM sales_order o JOIN order_line l ON l.parent_id = o.id"
        " JOIN product p ON p.id = l.product_id ORDER BY l.position"
    )
    assert office.rows(query) == one.rows(query)
    assert office.one("SELECT uid FROM sales_order") == order
    # R2 has none of this: it is not in the territory.
    two.sync()
    assert two.rows("SELECT 1 FROM note") == [] == two.rows("SELECT 1 FROM sales_order")


def test_own_changes_do_not_come_back_as_news(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "mine")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")

    first = one.sync()
    second = one.sync()

    assert first.changes.touched == {}
    assert (second.sent, second.received) == (0, 0)
    assert one.rows("SELECT kind FROM conflict") == []


def test_the_office_accepts_an_order_and_the_rep_sees_it(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    submit_order(one, "C0", "R1", "R01-00001")
    one.sync()
    office.sync()
    office.run("UPDATE sales_order SET status = 'accepted', answer = 'Thursday'")

    assert office.sync().refusals == 0
    one.sync()

    assert one.rows("SELECT status, answer FROM sales_order") == [("accepted", "Thursday")]
    assert one.one("SELECT count(*) FROM order_line") == 2


def test_different_fields_of_one_customer_merge(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    office.run("UPDATE account SET segment = 'B' WHERE code = 'C1'")

    office.sync()
    report = one.sync()
    office.sync()

    query = "SELECT channel, segment, rev FROM account WHERE code = 'C1'"
    assert one.rows(query) == office.rows(query) == [("bar", "B", 3)]
    assert (report.conflicts, report.refusals) == (0, 0)


def test_the_same_field_goes_to_the_later_and_the_loser_is_kept(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    one.run("UPDATE account SET description = 'early' WHERE code = 'C1'")
    office.run("UPDATE account SET description = 'late' WHERE code = 'C1'")

    office.sync()
    report = one.sync()

    assert one.one("SELECT description FROM account WHERE code = 'C1'") == "late"
    assert report.conflicts == 1
    assert one.rows("SELECT field, mine, theirs, kept, state FROM conflict") == [
        ("description", '"early"', '"late"', "theirs", "open")
    ]
    assert one.one("SELECT theirs_by FROM conflict") == "Olga Office, O1"


def test_the_later_of_two_values_wins_even_when_it_arrives_second(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    office.run("UPDATE account SET description = 'early' WHERE code = 'C1'")
    one.run("UPDATE account SET description = 'late' WHERE code = 'C1'")

    office.sync()
    one.sync()
    office.sync()

    for laptop in (one, office):
        assert laptop.one("SELECT description FROM account WHERE code = 'C1'") == "late"
    assert one.rows("SELECT mine, theirs, kept FROM conflict") == [('"late"', '"early"', "mine")]


def test_what_hq_owns_becomes_a_proposal(hq: Headquarters) -> None:
    one = hq.join("R1")
    one.run("UPDATE account SET payment_terms_days = 90, channel = 'bar' WHERE code = 'C1'")

    report = one.sync()

    assert one.rows("SELECT payment_terms_days, channel FROM account WHERE code = 'C1'") == [
        (30, "bar")
    ]
    assert one.rows("SELECT field, kind, kept FROM conflict") == [
        ("payment_terms_days", "proposal", "theirs")
    ]
    assert report.conflicts == 1
    assert hq.rows("SELECT field, current, proposed FROM proposal") == [
        ("payment_terms_days", 30, 90)
    ]


def test_a_refused_row_is_kept_readable_and_others_go_through(hq: Headquarters) -> None:
    one = hq.join("R1")
    one.run("UPDATE product SET name = 'hacked' WHERE sku = 'SKU1'")
    add_note(one, "C0", "R1", "fine")

    report = one.sync()

    assert (report.sent, report.refusals, report.waiting) == (2, 1, 0)
    assert one.one("SELECT name FROM product WHERE sku = 'SKU1'") == "Product 1"
    assert one.rows("SELECT entity, code FROM refusal") == [("product", "hq-owned")]
    assert "hacked" in one.one("SELECT fields FROM refusal")
    assert hq.one("SELECT count(*) FROM note") == 1


def test_a_new_customer_of_a_rep_lands_in_the_territory(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    uid = new_uid()
    one.run("INSERT INTO account (uid, code, name) VALUES (?, 'N1', 'New bar')", uid)

    report = one.sync()
    office.sync()

    assert report.refusals == 0
    for laptop in (one, office):
        assert laptop.one(
            "SELECT t.code FROM account a JOIN territory t ON t.id = a.territory_id"
            " WHERE a.code = 'N1'"
        ) == "T1"  # fmt: skip


def test_two_new_customers_with_one_code_the_second_is_refused(hq: Headquarters) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    for laptop in (one, two):
        laptop.run("INSERT INTO account (uid, code, name) VALUES (?, 'N1', 'New')", new_uid())

    assert one.sync().refusals == 0
    assert two.sync().refusals == 1
    assert two.rows("SELECT code FROM refusal") == [("duplicate",)]
    assert two.rows("SELECT 1 FROM account WHERE code = 'N1'") == []
