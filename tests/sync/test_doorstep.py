"""Orders, returns, samples, collections and day sheets of two laptops meet at a real HQ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmdesk.domain.collecting import CollectionMethod
from crmdesk.domain.errors import UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.returning import Condition
from crmdesk.services.collecting import Collecting, collect, reverse_receipt
from crmdesk.services.day_sheets import Closing, close_sheet
from crmdesk.services.document_lines import LineInput
from crmdesk.services.order_details import sign_order
from crmdesk.services.orders import call_back_order, set_line, start_order, submit_order
from crmdesk.services.queries.order import order_sheet
from crmdesk.services.returns import Returning, ReturnLine, call_back_return, take_return
from crmdesk.services.samples import Giving, give_sample
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.faults import FaultyTransport
from tests.sync.trading import give_prices

pytestmark = pytest.mark.hq

Wire = Callable[[str], Any]


def an_order(laptop: Laptop, account: str, packs: int) -> int:
    """Submit an order as the editor does; its local id."""
    ws = at(laptop)
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    order = start_order(ws, key, suggested=False).order_id
    set_line(ws, order, LineInput(1, None, packs))
    set_line(ws, order, LineInput(2, None, packs + 1))
    sign_order(ws, order, f"Signer {packs}")
    submit_order(ws, order)
    return order


def a_day(laptop: Laptop, account: str, packs: int) -> None:
    """Everything that is written in a doorway."""
    ws = at(laptop)
    an_order(laptop, account, packs)
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    reason = laptop.one("SELECT id FROM outcome_reason WHERE kind = 'return'")
    line = ReturnLine(1, None, packs, reason, Condition.DAMAGED, "dented")
    take_return(ws, key, Returning((line,)))
    give_sample(ws, key, Giving(2))
    collect(ws, key, Collecting(1_000 * packs))
    wrong = collect(ws, key, Collecting(77, CollectionMethod.CARD))
    reverse_receipt(ws, wrong.number)
    close_sheet(ws, Closing(1_000 * packs))


def reasons(hq: Headquarters, *laptops: Laptop) -> None:
    office = hq.join("O1", "reasons")
    office.run(
        "INSERT INTO outcome_reason (uid, kind, code, name)"
        " VALUES (randomblob(16), 'return', 'damaged', 'Damaged')"
    )
    assert office.sync().refusals == 0
    for laptop in laptops:
        laptop.sync()


_DOCUMENTS = {
    "sales_order": "number, net_minor, tax_minor, total_minor, cost_minor, signed_by",
    "return_request": "number, net_minor, wish",
    "sample": "quantity, base_quantity",
    "collection": "number, amount_minor, method",
    "day_sheet": "counted_minor, currency",
}


def test_two_laptops_never_make_the_same_number_and_hq_has_the_same_totals(
    hq: Headquarters,
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    give_prices(hq, one, two)
    reasons(hq, one, two)
    # Both work offline; C0 is R1's, C4 is R2's.
    for round_ in (1, 2):
        a_day(one, "C0", 2 + round_) if round_ == 1 else an_order(one, "C1", 7)
        a_day(two, "C4", 4 + round_) if round_ == 1 else an_order(two, "C5", 9)
    for laptop in (one, two, one):
        report = laptop.sync()
        assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)

    for table, columns in _DOCUMENTS.items():
        here = sorted(
            row for laptop in (one, two) for row in laptop.rows(f"SELECT {columns} FROM {table}")
        )
        there = sorted(tuple(row) for row in hq.rows(f"SELECT {columns} FROM {table}"))
        assert here == there, table
        assert here, table
    for table in ("sales_order", "return_request"):
        numbers = [n for (n,) in hq.rows(f"SELECT number FROM {table}")]
        assert len(set(numbers)) == len(numbers)
    lines = "SELECT net_minor, base_quantity, condition FROM return_line ORDER BY 2"
    assert [tuple(r) for r in hq.rows(lines)] == sorted(
        [*one.rows(lines), *two.rows(lines)], key=lambda r: r[1]
    )
    receipts = [n for (n,) in hq.rows("SELECT DISTINCT number FROM collection")]
    assert len(receipts) == 6
    assert hq.rows("SELECT DISTINCT status FROM sales_order") == [("submitted",)]


_COLLECTION = (
    "INSERT INTO collection (uid, account_id, user_id, date, at, amount_minor, method, number,"
    " reverses_uid) SELECT ?, a.id, u.id, '2026-11-20', '2026-11-20T08:00:00.000Z', ?, ?, 'CX-1', ?"
    " FROM account a, app_user u WHERE a.code = 'C0' AND u.code = ?"
)
_RETURN = (
    "INSERT INTO return_request (uid, account_id, user_id, number, date, net_minor, wish)"
    " SELECT ?, a.id, u.id, lower(hex(randomblob(6))), '2026-11-20', ?, ? FROM account a,"
    " app_user u WHERE a.code = 'C0' AND u.code = 'R1'"
)
_SAMPLE = (
    "INSERT INTO sample (uid, account_id, user_id, date, product_id, quantity, base_quantity)"
    " SELECT ?, a.id, u.id, '2026-11-20', 1, ?, ? FROM account a, app_user u"
    " WHERE a.code = 'C0' AND u.code = 'R1'"
)
_SHEET = (
    "INSERT INTO day_sheet (uid, user_id, date, closed_at, counted_minor, totals)"
    " SELECT ?, u.id, (SELECT date('2026-01-01', '+' || count(*) || ' days') FROM day_sheet),"
    " '2026-11-20T18:00:00.000Z', ?, ? FROM app_user u"
    " WHERE u.code = 'R1'"
)


_CASES: tuple[tuple[str, tuple[object, ...], str], ...] = (
    (_COLLECTION, (0, "cash", None, "R1"), "not-possible"),
    (_COLLECTION, (10**11, "cash", None, "R1"), "not-possible"),
    (_COLLECTION, (-500, "cash", None, "R1"), "not-possible"),
    (_COLLECTION, (500, "cash", b"r" * 16, "R1"), "not-possible"),
    (_COLLECTION, (500, "shells", None, "R1"), "not-possible"),
    (_COLLECTION, (500, "cash", None, "R2"), "not-yours"),
    (_RETURN, (-1, "credit"), "not-possible"),
    (_RETURN, (10**11, "credit"), "not-possible"),
    (_RETURN, (100, "a horse"), "not-possible"),
    (_SAMPLE, (0, 1), "not-possible"),
    (_SAMPLE, (5, -5), "not-possible"),
    (_SHEET, (-1, '{"methods":{}}'), "not-possible"),
    (_SHEET, (1, "[]"), "not-possible"),
    (_COLLECTION, (500, "cash", None, "R1"), ""),
    (_COLLECTION, (-500, "cash", b"r" * 16, "R1"), ""),
    (_SHEET, (1, '{"methods":{}}'), ""),
)


def test_hq_takes_from_a_rep_only_what_can_have_happened(hq: Headquarters) -> None:
    one = hq.join("R1")
    for statement, values, _code in _CASES:
        one.run(statement, new_uid(), *values)
    assert one.sync().waiting == 0
    found = [c for (c,) in one.rows("SELECT code FROM refusal ORDER BY id")]
    assert found == [code for _statement, _values, code in _CASES if code]
    assert hq.one("SELECT count(*) FROM collection") == 2
    assert hq.one("SELECT count(*) FROM day_sheet") == 1
    assert (
        hq.one("SELECT count(*) FROM return_request") + hq.one("SELECT count(*) FROM sample") == 0
    )


def test_lines_of_a_return_add_up_or_are_refused(hq: Headquarters) -> None:
    one = hq.join("R1")
    uid = new_uid()
    with one.database.write() as tx:
        tx.connection.exec_driver_sql(_RETURN, (uid, 1_000, "credit"))
        tx.connection.exec_driver_sql(
            "INSERT INTO return_line (parent_id, position, product_id, quantity, base_quantity,"
            " net_minor) SELECT id, 1, 1, 5, 5, 900 FROM return_request WHERE uid = ?", (uid,)
        )  # fmt: skip
    assert one.sync().refusals > 0
    assert "not-possible" in [c for (c,) in one.rows("SELECT code FROM refusal")]
    assert hq.one("SELECT count(*) FROM return_request") == 0


def test_a_call_back_while_the_order_is_on_its_way_gets_a_clear_answer(
    hq: Headquarters, wire: Wire
) -> None:
    one = hq.join("R1")
    give_prices(hq, one)
    order = an_order(one, "C0", 3)
    ws, said = at(one), []

    class CallingBack(FaultyTransport):
        """Tries to call the order back at the moment it is being sent."""

        def post(self, path: str, body: bytes, token: str = "") -> bytes:
            if path.endswith("push"):
                with pytest.raises(UserError) as caught:
                    call_back_order(ws, order)
                said.append((caught.value.code, caught.value.message, caught.value.hint))
            return super().post(path, body, token)

    assert one.sync(CallingBack(wire(one.url), lambda _path, _nth: "")).refusals == 0
    assert said
    assert all(code == "on-way" for code, _message, _hint in said)
    assert all("on its way to HQ" in message and hint for _code, message, hint in said)
    # HQ has taken it: now it says so, and nothing has changed anywhere.
    with pytest.raises(UserError, match="HQ has this order already") as caught:
        call_back_order(ws, order)
    assert caught.value.code == "taken"
    assert one.one("SELECT status FROM sales_order") == "submitted"
    assert hq.one("SELECT status FROM sales_order") == "submitted"
    sheet = order_sheet(ws, order)
    assert sheet.hq is not None
    assert sheet.hq.known


def test_an_order_whose_answer_was_lost_is_not_called_back(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    give_prices(hq, one)
    order = an_order(one, "C0", 3)
    ws = at(one)

    def lose(path: str, nth: int) -> str:
        return "lose-response" if path.endswith("push") and nth == 1 else ""

    with pytest.raises(Exception, match="lost"):
        one.sync(FaultyTransport(wire(one.url), lose))
    with pytest.raises(UserError, match="HQ has this order already"):
        call_back_order(ws, order)
    assert one.sync().refusals == 0
    assert hq.one("SELECT count(*) FROM sales_order") == 1


def test_what_was_called_back_in_time_never_reaches_hq(hq: Headquarters) -> None:
    one = hq.join("R1")
    give_prices(hq, one)
    reasons(hq, one)
    order = an_order(one, "C0", 3)
    ws = at(one)
    key = one.one("SELECT id FROM account WHERE code = 'C0'")
    reason = one.one("SELECT id FROM outcome_reason WHERE kind = 'return'")
    back = take_return(ws, key, Returning((ReturnLine(1, None, 2, reason),)))
    call_back_order(ws, order)
    call_back_return(ws, back.return_id)
    assert one.sync().refusals == 0
    assert hq.one("SELECT count(*) FROM sales_order") == 0
    assert hq.one("SELECT count(*) FROM return_request") == 0
    # Changed and submitted again it goes under its own number, once; the signature has gone.
    set_line(ws, order, LineInput(1, None, 8))
    assert one.one("SELECT signed_by FROM sales_order") is None
    submit_order(ws, order)
    assert one.sync().refusals == 0
    assert hq.rows("SELECT number, status FROM sales_order") == one.rows(
        "SELECT number, status FROM sales_order"
    )
