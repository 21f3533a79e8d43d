"""Returns, samples, collections and day sheets on a real profile."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.cli.program import Faces, main
from crmdesk.domain.collecting import CollectionMethod
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.returning import Condition, Wish
from crmdesk.services.collecting import Collecting, collect, reverse_receipt
from crmdesk.services.day_sheets import Closing, cash_of, close_sheet, on_sheet
from crmdesk.services.debts import read_debts
from crmdesk.services.queries.customer_header import read_header
from crmdesk.services.returns import (
    Returning,
    ReturnLine,
    call_back_return,
    has_draft,
    purchases_left,
    read_draft,
    save_draft,
    take_return,
)
from crmdesk.services.samples import Giving, count_sample, give_sample, take_back_sample
from crmdesk.services.undo import undo
from crmdesk.services.workspace import Workspace
from crmdesk.storage.check import check
from tests.db.conftest import instant
from tests.db.files import ask, put


@pytest.fixture
def owing(ws: Workspace) -> int:
    """A customer with three open invoices of 100, 50 and 30, oldest first."""
    put(ws, "DELETE FROM collection")
    put(ws, "DELETE FROM payment")
    put(ws, "UPDATE sale SET invoice_id = NULL")
    put(ws, "DELETE FROM invoice")
    for number, (days, amount) in enumerate(((-20, 10_000), (-5, 5_000), (10, 3_000)), 1):
        due = ws.today() + timedelta(days=days)
        put(
            ws, "INSERT INTO invoice (uid, account_id, number, date, due_on, net_minor,"
            " total_minor, open_minor) VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
            bytes([number] * 16), f"F-{number}", due.isoformat(), due.isoformat(), amount, amount,
            amount,
        )  # fmt: skip
    return 1


# -------------------------------------------------------------------------------- collections


def _listed(ws: Workspace, account: int) -> tuple[int, int, date | None]:
    """What the card and the list say of a customer: open, late, late since."""
    with ws.database.read() as connection:
        head = read_header(connection, account, ws.today())
    row = ask(
        ws,
        "SELECT open_minor, late_minor, late_since FROM summary_account WHERE account_id = ?",
        account,
    )[0]
    assert (head.open_minor, head.late_minor) == tuple(row[:2])
    return head.open_minor, head.late_minor, head.late_since


def test_card_and_list_show_what_is_left_at_once(ws: Workspace, owing: int) -> None:
    today = ws.today()
    assert _listed(ws, owing) == (18_000, 15_000, today - timedelta(days=20))
    receipt = collect(ws, owing, Collecting(12_000))
    assert _listed(ws, owing) == (6_000, 3_000, today - timedelta(days=5))
    # HQ has booked it, and says so by the payment before it says so by the invoices.
    put(
        ws, "INSERT INTO payment (uid, account_id, invoice_id, date, amount_minor, reference)"
        " VALUES (?, ?, ?, ?, 12000, ?)", b"q" * 16, owing, receipt.shares[0].invoice_id,
        today.isoformat(), receipt.number,
    )  # fmt: skip
    assert _listed(ws, owing)[0] == 18_000
    reverse = collect(ws, owing, Collecting(20_000))
    assert _listed(ws, owing) == (-2_000, 0, None)
    reverse_receipt(ws, reverse.number)
    assert _listed(ws, owing)[0] == 18_000
    assert check(ws.database, ws.folder) == []


def test_money_pays_the_oldest_first_and_counts_until_hq_books_it(
    ws: Workspace, owing: int
) -> None:
    receipt = collect(ws, owing, Collecting(12_000))
    assert receipt.number.startswith("CT01-")
    with ws.database.read() as connection:
        debts = read_debts(connection, owing)
    assert [d.left_minor for d in debts.invoices] == [0, 3_000, 3_000]
    assert (debts.open_minor, debts.collected_minor, debts.left_minor) == (18_000, 12_000, 6_000)
    assert debts.late_minor(ws.today()) == 3_000
    # HQ books the payment of the first invoice by its receipt: the invoice is paid there.
    invoice = receipt.shares[0].invoice_id
    put(ws, "UPDATE invoice SET open_minor = 0 WHERE id = ?", invoice)
    put(
        ws, "INSERT INTO payment (uid, account_id, invoice_id, date, amount_minor, reference)"
        " VALUES (?, ?, ?, ?, 10000, ?)", b"p" * 16, owing, invoice, ws.today().isoformat(),
        "other reference",
    )  # fmt: skip
    with ws.database.read() as connection:
        debts = read_debts(connection, owing)
    assert (debts.open_minor, debts.collected_minor, debts.left_minor) == (8_000, 2_000, 6_000)


def test_more_than_is_owed_is_paid_ahead(ws: Workspace, owing: int) -> None:
    receipt = collect(ws, owing, Collecting(20_000, invoice_id=3))
    assert receipt.shares[0].invoice_id == 3
    assert [share.amount_minor for share in receipt.shares] == [3_000, 10_000, 5_000, 2_000]
    assert receipt.shares[-1].invoice_id is None
    with ws.database.read() as connection:
        assert read_debts(connection, owing).left_minor == -2_000
    rows = ask(ws, "SELECT DISTINCT number FROM collection WHERE account_id = ?", owing)
    assert rows == [(receipt.number,)]


def test_a_receipt_is_taken_back_once_by_a_counter_entry(ws: Workspace, owing: int) -> None:
    receipt = collect(ws, owing, Collecting(12_000, CollectionMethod.CHEQUE, "4711"))
    counter = reverse_receipt(ws, receipt.number)
    assert counter.number != receipt.number
    assert sum(share.amount_minor for share in counter.shares) == -12_000
    with ws.database.read() as connection:
        assert read_debts(connection, owing).left_minor == 18_000
    assert ask(ws, "SELECT count(*), sum(amount_minor) FROM collection") == [(4, 0)]
    with pytest.raises(UserError, match="already"):
        reverse_receipt(ws, receipt.number)
    with pytest.raises(UserError, match="counter-entry itself"):
        reverse_receipt(ws, counter.number)


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (Collecting(0), "amount"),
        (Collecting(-5), "amount"),
        (Collecting(10**12), "amount"),
        (Collecting(100, CollectionMethod.CHEQUE), "reference"),
    ],
)
def test_what_cannot_be_taken_is_said(
    ws: Workspace, owing: int, what: Collecting, field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        collect(ws, owing, what)
    assert caught.value.field == field
    assert ask(ws, "SELECT count(*) FROM collection") == [(0,)]


def test_whatever_is_collected_and_taken_back_adds_up(ws: Workspace, owing: int) -> None:
    receipts: list[str] = []

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 9_000), st.booleans(), st.sampled_from(list(CollectionMethod)))
    def step(amount: int, back: bool, method: CollectionMethod) -> None:
        if back and receipts:
            reverse_receipt(ws, receipts.pop())
        else:
            receipts.append(collect(ws, owing, Collecting(amount, method, "1")).number)
        ((held,),) = ask(ws, "SELECT coalesce(sum(amount_minor), 0) FROM collection")
        with ws.database.read() as connection:
            debts = read_debts(connection, owing)
        assert debts.left_minor == 18_000 - held
        assert all(0 <= d.left_minor <= d.open_minor for d in debts.invoices)

    step()
    ((made, distinct),) = ask(
        ws, "SELECT count(DISTINCT txn), count(DISTINCT json_extract(fields, '$.number[1]'))"
        " FROM journal WHERE entity = 'collection'",
    )  # fmt: skip
    assert made == distinct


# -------------------------------------------------------------------------------------- sheet


def test_a_sheet_takes_what_was_collected_since_the_last(ws: Workspace, owing: int) -> None:
    collect(ws, owing, Collecting(5_000))
    collect(ws, owing, Collecting(2_500, CollectionMethod.CARD))
    wrong = collect(ws, owing, Collecting(700))
    reverse_receipt(ws, wrong.number)
    with ws.database.read() as connection:
        taken = on_sheet(connection, ws.user.id, ws.today())
    assert cash_of(taken) == 5_000
    with pytest.raises(FieldError, match="differs"):
        close_sheet(ws, Closing(4_900))
    closed = close_sheet(ws, Closing(4_900, "A euro for parking"))
    assert closed.difference_minor == -100
    with pytest.raises(UserError, match="closed"):
        close_sheet(ws, Closing(0))
    assert closed.changes.undo is not None
    undo(ws, closed.changes.undo)
    again = close_sheet(ws, Closing(5_000))
    assert again.difference_minor == 0
    # What comes later today is on tomorrow's sheet; the clock of the tests stands still.
    later = format_later(ws)
    collect(ws, owing, Collecting(100))
    put(ws, "UPDATE collection SET at = ? WHERE id = (SELECT max(id) FROM collection)", later)
    with ws.database.read() as connection:
        assert cash_of(on_sheet(connection, ws.user.id, ws.today())) == 100


def format_later(ws: Workspace) -> str:
    return (ws.now() + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_nothing_collected_is_no_sheet(ws: Workspace, owing: int) -> None:
    with pytest.raises(UserError, match="Nothing was collected"):
        close_sheet(ws, Closing(0))


# ------------------------------------------------------------------------------------ returns


@pytest.fixture
def bought(ws: Workspace) -> tuple[int, int]:
    """A customer and a product: bought once, 24 for 48.00, three weeks ago."""
    put(ws, "DELETE FROM return_line")
    put(ws, "DELETE FROM return_request")
    account, product = ask(
        ws, "SELECT s.account_id, l.product_id FROM sale s JOIN sale_line l ON l.parent_id = s.id"
        " LIMIT 1"
    )[0]  # fmt: skip
    put(
        ws, "DELETE FROM sale_line WHERE product_id = ? AND parent_id IN (SELECT id FROM sale"
        " WHERE account_id = ?)", product, account,
    )  # fmt: skip
    day = (ws.today() - timedelta(days=21)).isoformat()
    put(
        ws, "INSERT INTO sale (uid, account_id, kind, date, currency) VALUES (?, ?, 'sale', ?,"
        " 'EUR')", b"t" * 16, account, day,
    )  # fmt: skip
    put(
        ws, "INSERT INTO sale_line (parent_id, position, product_id, base_quantity, net_minor)"
        " SELECT id, 1, ?, 24, 4800 FROM sale WHERE uid = ?", product, b"t" * 16,
    )  # fmt: skip
    return account, product


def a_line(ws: Workspace, product: int, packs: int) -> ReturnLine:
    ((reason,),) = ask(
        ws, "SELECT id FROM outcome_reason WHERE kind = 'return' AND code = 'damaged'"
    )
    return ReturnLine(product, None, packs, reason, Condition.DAMAGED, "torn")


def test_a_return_is_credited_at_the_price_really_paid(
    ws: Workspace, bought: tuple[int, int]
) -> None:
    account, product = bought
    line = a_line(ws, product, 5)
    save_draft(ws, account, Returning((line,)))
    back = take_return(ws, account, Returning((line,), Wish.EXCHANGE, "Saturday"))
    assert (back.number[:5], back.net_minor) == ("RT01-", 1_000)
    assert ask(
        ws, "SELECT l.quantity, l.base_quantity, l.net_minor, l.condition, l.note, r.wish, r.note,"
        " r.net_minor FROM return_line l JOIN return_request r ON r.id = l.parent_id"
        " WHERE r.number = ?", back.number
    ) == [(5, 5, 1_000, "damaged", "torn", "exchange", "Saturday", 1_000)]  # fmt: skip
    with ws.database.read() as connection:
        assert not has_draft(connection, account)
        left = purchases_left(connection, account, product, ws.today())
    assert [(one.base_quantity, one.net_minor) for one in left] == [(19, 3_800)]


def test_more_than_was_bought_is_worth_only_what_was_paid(
    ws: Workspace, bought: tuple[int, int]
) -> None:
    account, product = bought
    back = take_return(ws, account, Returning((a_line(ws, product, 60),)))
    assert back.net_minor == 4_800
    again = take_return(ws, account, Returning((a_line(ws, product, 1),)))
    assert again.net_minor == 0


def test_a_return_can_be_called_back_until_hq_has_it(
    ws: Workspace, bought: tuple[int, int]
) -> None:
    account, product = bought
    what = Returning((a_line(ws, product, 5),), Wish.EXCHANGE)
    back = take_return(ws, account, what)
    call_back_return(ws, back.return_id)
    assert ask(ws, "SELECT count(*) FROM return_request") == [(0,)]
    assert ask(ws, "SELECT count(*) FROM journal WHERE entity = 'return_request'") == [(0,)]
    with ws.database.read() as connection:
        assert read_draft(connection, account) == what
    again = take_return(ws, account, what)
    assert again.number > back.number
    put(ws, "UPDATE return_request SET rev = 1")
    with pytest.raises(UserError, match="HQ has this return"):
        call_back_return(ws, again.return_id)


def test_a_return_wants_lines_quantities_and_reasons(
    ws: Workspace, bought: tuple[int, int]
) -> None:
    account, product = bought
    line = a_line(ws, product, 5)
    with pytest.raises(UserError, match="no lines"):
        take_return(ws, account, Returning(()))
    with pytest.raises(FieldError, match="Say why"):
        take_return(ws, account, Returning((replace(line, reason_id=None),)))
    with pytest.raises(FieldError, match="How many"):
        take_return(ws, account, Returning((replace(line, packs=0),)))
    assert ask(ws, "SELECT count(*) FROM return_request") == [(0,)]


# ------------------------------------------------------------------------------------ samples


def test_a_sample_is_given_and_taken_back(ws: Workspace) -> None:
    put(ws, "DELETE FROM sample")
    product, pack, factor = ask(
        ws, "SELECT product_id, id, factor FROM packaging WHERE factor > 1 LIMIT 1"
    )[0]
    given = give_sample(ws, 1, Giving(product, pack, 2, "for the kitchen"))
    assert ask(ws, "SELECT quantity, base_quantity, note FROM sample") == [
        (2, 2 * factor, "for the kitchen")
    ]
    count_sample(ws, given.sample_id, 5)
    assert ask(ws, "SELECT id, quantity, base_quantity, note FROM sample") == [
        (given.sample_id, 5, 5 * factor, "for the kitchen")
    ]
    with pytest.raises(FieldError):
        count_sample(ws, given.sample_id, 0)
    take_back_sample(ws, given.sample_id)
    assert ask(ws, "SELECT count(*) FROM sample") == [(0,)]
    assert ask(ws, "SELECT count(*) FROM journal WHERE entity = 'sample'") == [(0,)]
    with pytest.raises(FieldError):
        give_sample(ws, 1, Giving(product, pack, 0))
    kept = give_sample(ws, 1, Giving(product))
    put(ws, "UPDATE sample SET rev = 1")
    with pytest.raises(UserError, match="HQ has this sample"):
        take_back_sample(ws, kept.sample_id)
    with pytest.raises(UserError, match="HQ has this sample"):
        count_sample(ws, kept.sample_id, 2)


# ------------------------------------------------------------------------------ command line


def test_collecting_from_the_command_line(
    ws: Workspace, owing: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, (code,) = str(ws.folder), ask(ws, "SELECT code FROM account WHERE id = ?", owing)[0]
    ws.close()

    def run(*words: str) -> tuple[int, Any]:
        faces = Faces(lambda _p: 0, lambda _p, _q: 0, lambda: 0)
        done = main([*words, "--json", "--profile", folder], faces, instant)
        said = capsys.readouterr()
        return done, json.loads(said.out) if said.out else said.err

    status, receipt = run("collect", code, "120.50", "--method", "cheque", "--reference", "77")
    assert (status, [s["amount_minor"] for s in receipt["shares"]]) == (0, [10_000, 2_050])
    status, debts = run("debts", code)
    assert (debts["open_minor"], debts["collected_minor"]) == (18_000, 12_050)
    status, counter = run("uncollect", receipt["number"])
    assert status == 0
    assert run("uncollect", counter["number"])[0] == 2
    assert run("collect", code, "a lot")[0] == 2
    run("collect", code, "5")
    status, day = run("day-sheet")
    assert (status, day["day"]["cash_minor"]) == (0, 500)
    status, closed = run("day-sheet", "--close", "5.00")
    assert (status, closed["difference_minor"]) == (0, 0)
