"""Quotes on a real profile: drafts, discounts, versions, follow-ups, decisions, orders of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crmdesk.domain.errors import FieldError, IllegalTransition, UserError
from crmdesk.services import orders, quote_decisions, quote_versions, quotes
from crmdesk.services.document_lines import LineInput
from crmdesk.services.quote_follow_ups import (
    log_follow_up,
    plan_follow_up,
)
from crmdesk.services.workspace import Workspace
from tests.db.files import ask
from tests.db.quote_steps import (
    ACCOUNT,
    follow_up,
    lost_reason,
    make_draft,
    one,
    priced_products,
    status,
    tomorrow,
)


@pytest.fixture
def products(ws: Workspace) -> list[int]:
    return priced_products(ws)


@pytest.fixture
def draft(ws: Workspace, products: list[int]) -> int:
    return make_draft(ws, products)


@pytest.fixture
def sent(ws: Workspace, draft: int) -> int:
    quotes.send_quote(ws, draft)
    return draft


# ------------------------------------------------------------------------------------- drafts


def test_a_quote_costs_what_an_order_of_the_same_lines_costs(
    ws: Workspace, draft: int, products: list[int]
) -> None:
    order = orders.start_order(ws, ACCOUNT, suggested=False).order_id
    for product in products:
        orders.set_line(ws, order, LineInput(product, None, 12))
    columns = "product_id, list_price_e4, net_price_e4, net_minor, tax_minor, cost_minor"
    assert ask(
        ws, f"SELECT {columns} FROM quote_line WHERE parent_id = ? ORDER BY position", draft
    ) == ask(ws, f"SELECT {columns} FROM order_line WHERE parent_id = ? ORDER BY position", order)
    totals = "net_minor, discount_minor, tax_minor, total_minor, cost_minor"
    assert ask(ws, f"SELECT {totals} FROM quote WHERE id = ?", draft) == ask(
        ws, f"SELECT {totals} FROM sales_order WHERE id = ?", order
    )


def test_a_draft_has_its_validity_and_next_follow_up_and_stays_here(
    ws: Workspace, draft: int
) -> None:
    ((until, follow, number),) = ask(
        ws, "SELECT valid_until, next_follow_up, number FROM quote WHERE id = ?", draft
    )
    assert date.fromisoformat(until) == tomorrow(ws, 30)
    assert tomorrow(ws, 7) <= date.fromisoformat(follow) <= tomorrow(ws, 9)
    assert number.startswith("QT01-")
    assert one(ws, "SELECT count(*) FROM journal WHERE entity = 'quote'") == 0


def test_the_company_decides_for_how_long_quotes_hold(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE organisation SET policy = ?",
            ('{"quote_valid_days": 10, "quote_follow_up_days": 2}',),
        )
    quote = quotes.start_quote(ws, ACCOUNT).quote_id
    until, follow = ask(ws, "SELECT valid_until, next_follow_up FROM quote WHERE id = ?", quote)[0]
    assert date.fromisoformat(until) == tomorrow(ws, 10)
    assert date.fromisoformat(follow) == tomorrow(ws, 2)


def test_an_empty_draft_is_taken_up_again(ws: Workspace, draft: int) -> None:
    empty = quotes.start_quote(ws, ACCOUNT).quote_id
    assert empty != draft
    assert quotes.start_quote(ws, ACCOUNT).quote_id == empty


def test_a_discount_needs_a_reason_and_stays_within_what_the_company_lets_one_give(
    ws: Workspace, draft: int, products: list[int]
) -> None:
    def line() -> tuple[Any, ...]:
        return ask(
            ws, "SELECT list_price_e4, net_price_e4, discount_bp, json_extract(price_reason,"
            " '$.why'), net_minor FROM quote_line WHERE parent_id = ? AND product_id = ?",
            draft, products[0],
        )[0]  # fmt: skip

    before = line()
    with pytest.raises(FieldError, match="Say why"):
        quotes.set_discount(ws, draft, products[0], 500, " ")
    with pytest.raises(FieldError, match="up to"):
        quotes.set_discount(ws, draft, products[0], 1_501, "more")
    assert line() == before
    quotes.set_discount(ws, draft, products[0], 1_000, "opening order")
    listed, net, off, why, _amount = line()
    assert (net, off, why) == (listed * 9 // 10, 1_000, "opening order")
    quotes.set_line(ws, draft, LineInput(products[0], None, 24))
    assert line()[1:4] == (net, 1_000, "opening order")
    quotes.set_line(ws, draft, LineInput(products[0], None, 12))
    quotes.set_discount(ws, draft, products[0], 0, "")
    assert line() == before


def test_terms_that_cannot_be_are_said_beside_their_field(ws: Workspace, draft: int) -> None:
    yesterday = tomorrow(ws, -1)
    for terms, field in (
        (quotes.QuoteTerms("T", yesterday, ws.today()), "valid_until"),
        (quotes.QuoteTerms("T", ws.today(), yesterday), "next_follow_up"),
        (quotes.QuoteTerms("T", ws.today(), ws.today(), contact_id=10**6), "contact"),
    ):
        with pytest.raises(FieldError) as caught:
            quotes.edit_terms(ws, draft, terms)
        assert caught.value.field == field
    quotes.edit_terms(ws, draft, quotes.QuoteTerms("New", ws.today(), ws.today(), None, "30 days"))
    assert ask(ws, "SELECT title, terms FROM quote WHERE id = ?", draft) == [("New", "30 days")]


def test_an_empty_quote_is_not_sent(ws: Workspace) -> None:
    quote = quotes.start_quote(ws, ACCOUNT).quote_id
    with pytest.raises(UserError, match="no lines"):
        quotes.send_quote(ws, quote)


def test_a_sent_quote_is_immutable_and_goes_to_hq_whole(
    ws: Workspace, sent: int, products: list[int]
) -> None:
    ops = ask(ws, "SELECT op FROM journal WHERE entity = 'quote' ORDER BY seq")
    assert ops == [("I",), ("L",), ("C",)]
    for change in (
        lambda: quotes.set_line(ws, sent, LineInput(products[0], None, 1)),
        lambda: quotes.set_discount(ws, sent, products[0], 100, "x"),
        lambda: quotes.edit_terms(ws, sent, quotes.QuoteTerms("T", ws.today(), ws.today())),
        lambda: quotes.send_quote(ws, sent),
        lambda: quotes.discard_quote(ws, sent),
    ):
        with pytest.raises(UserError, match="has been sent"):
            change()
    with pytest.raises(UserError, match="submitted"), ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE quote SET title = 'x' WHERE id = ?", (sent,))


# ----------------------------------------------------------------------------------- versions


def test_a_new_version_replaces_the_old_one_when_it_is_sent(
    ws: Workspace, sent: int, products: list[int]
) -> None:
    second = quote_versions.revise_quote(ws, sent).quote_id
    assert quote_versions.revise_quote(ws, sent).quote_id == second
    assert status(ws, sent) == "sent"
    quotes.set_line(ws, second, LineInput(products[0], None, 48))
    quotes.send_quote(ws, second)
    assert (status(ws, sent), status(ws, second)) == ("superseded", "sent")
    heads = ask(
        ws, "SELECT number, version FROM quote WHERE id IN (?, ?) ORDER BY id", sent, second
    )
    assert heads[0][0] == heads[1][0] and [v for _n, v in heads] == [1, 2]
    kept = one(
        ws, "SELECT quantity FROM quote_line WHERE parent_id = ? AND product_id = ?", sent,
        products[0],
    )  # fmt: skip
    assert kept == 12
    with pytest.raises(UserError, match="newer version"):
        quote_versions.revise_quote(ws, sent)
    with pytest.raises(UserError, match="not decided"):
        log_follow_up(ws, sent, follow_up(ws, tomorrow(ws)))


def test_a_version_that_is_called_back_gives_the_old_one_back(ws: Workspace, sent: int) -> None:
    follow = one(ws, "SELECT next_follow_up FROM quote WHERE id = ?", sent)
    before = ask(ws, "SELECT seq FROM journal ORDER BY seq")
    second = quote_versions.revise_quote(ws, sent).quote_id
    quotes.send_quote(ws, second)
    quote_versions.call_back_quote(ws, second)
    assert (status(ws, sent), status(ws, second)) == ("sent", "draft")
    assert one(ws, "SELECT next_follow_up FROM quote WHERE id = ?", sent) == follow
    assert ask(ws, "SELECT seq FROM journal ORDER BY seq") == before
    quotes.send_quote(ws, second)
    assert status(ws, sent) == "superseded"


def test_what_was_followed_up_is_not_called_back(ws: Workspace, sent: int) -> None:
    log_follow_up(ws, sent, follow_up(ws, tomorrow(ws)))
    with pytest.raises(UserError, match="followed up"):
        quote_versions.call_back_quote(ws, sent)


# ---------------------------------------------------------------------------------- follow-ups


def test_nothing_leaves_the_queue_without_a_next_date(ws: Workspace, sent: int) -> None:
    for day in (ws.today(), tomorrow(ws, -1)):
        with pytest.raises(FieldError):
            log_follow_up(ws, sent, follow_up(ws, day))
    log_follow_up(ws, sent, follow_up(ws, tomorrow(ws, 3)))
    assert ask(
        ws, "SELECT mode, result, note, next_on FROM quote_follow_up WHERE quote_id = ?", sent
    ) == [("call", "thinking", "asks the owner", tomorrow(ws, 3).isoformat())]
    assert one(ws, "SELECT next_follow_up FROM quote WHERE id = ?", sent) == str(tomorrow(ws, 3))
    plan_follow_up(ws, sent, ws.today())
    assert one(ws, "SELECT next_follow_up FROM quote WHERE id = ?", sent) == str(ws.today())
    with pytest.raises(FieldError):
        plan_follow_up(ws, sent, tomorrow(ws, -1))


# ----------------------------------------------------------------------------------- decisions


def test_a_lost_quote_says_why_and_can_be_opened_again(ws: Workspace, sent: int) -> None:
    with pytest.raises(FieldError, match="why"):
        quote_decisions.lose_quote(ws, sent, None)
    with pytest.raises(FieldError, match="no reason"):
        quote_decisions.lose_quote(ws, sent, lost_reason(ws, "return"))
    quote_decisions.lose_quote(ws, sent, lost_reason(ws), " Cash & Carry ")
    assert ask(
        ws, "SELECT status, decided_on, lost_to, next_follow_up FROM quote WHERE id = ?", sent
    ) == [("lost", str(ws.today()), "Cash & Carry", None)]
    with pytest.raises(IllegalTransition):
        quote_decisions.win_quote(ws, sent)
    quote_decisions.reopen_quote(ws, sent)
    assert ask(
        ws, "SELECT status, decided_on, reason_id, next_follow_up FROM quote WHERE id = ?", sent
    ) == [("sent", None, None, str(tomorrow(ws)))]


def test_a_quote_runs_out_only_when_its_day_has_passed(ws: Workspace, sent: int) -> None:
    with pytest.raises(UserError, match="still holds"):
        quote_decisions.expire_quote(ws, sent)
    hold_until(ws, sent, tomorrow(ws, -1))
    quote_decisions.expire_quote(ws, sent)
    assert status(ws, sent) == "expired"


def hold_until(ws: Workspace, quote_id: int, day: date) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE quote SET valid_until = ? WHERE id = ?", (day.isoformat(), quote_id)
        )


# -------------------------------------------------------------------------------------- orders


def agreed(ws: Workspace, quote: int, order: int) -> None:
    columns = "product_id, base_quantity, list_price_e4, net_minor, tax_minor"
    assert ask(
        ws, f"SELECT {columns} FROM quote_line WHERE parent_id = ? ORDER BY position", quote
    ) == ask(ws, f"SELECT {columns} FROM order_line WHERE parent_id = ? ORDER BY position", order)
    totals = "net_minor, discount_minor, tax_minor, total_minor"
    assert ask(ws, f"SELECT {totals} FROM quote WHERE id = ?", quote) == ask(
        ws, f"SELECT {totals} FROM sales_order WHERE id = ?", order
    )


def test_an_order_takes_over_what_was_agreed_though_prices_have_changed(
    ws: Workspace, draft: int, products: list[int]
) -> None:
    quotes.set_discount(ws, draft, products[1], 900, "opening order")
    quotes.send_quote(ws, draft)
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE price_rule SET price_e4 = price_e4 * 3")
    order = quote_decisions.order_from_quote(ws, draft).order_id
    assert quote_decisions.order_from_quote(ws, draft).order_id == order
    agreed(ws, draft, order)
    reasons = ask(
        ws, "SELECT DISTINCT json_extract(price_reason, '$.code') FROM order_line"
        " WHERE parent_id = ?", order
    )  # fmt: skip
    assert reasons == [("quoted",)]
    assert status(ws, draft) == "sent"
    orders.submit_order(ws, order)
    assert status(ws, draft) == "won"
    assert one(ws, "SELECT order_uid FROM quote WHERE id = ?", draft) == one(
        ws, "SELECT uid FROM sales_order WHERE id = ?", order
    )
    with pytest.raises(UserError, match="has been ordered"):
        quote_decisions.reopen_quote(ws, draft)


def test_less_than_was_quoted_costs_what_the_rules_say(
    ws: Workspace, draft: int, products: list[int]
) -> None:
    quotes.set_discount(ws, draft, products[0], 1_000, "for a dozen")
    quotes.send_quote(ws, draft)
    order = quote_decisions.order_from_quote(ws, draft).order_id

    def code(packs: int) -> str:
        orders.set_line(ws, order, LineInput(products[0], None, packs))
        return str(
            one(
                ws,
                "SELECT json_extract(price_reason, '$.code') FROM order_line"
                " WHERE parent_id = ? AND product_id = ?",
                order,
                products[0],
            )
        )

    assert [code(n) for n in (6, 11, 12, 24)] == [code(6), "quoted", "quoted", "quoted"]
    assert code(6) != "quoted"


def test_a_quote_that_holds_no_longer_makes_no_order(ws: Workspace, sent: int) -> None:
    hold_until(ws, sent, tomorrow(ws, -1))
    with pytest.raises(UserError, match="held until"):
        quote_decisions.order_from_quote(ws, sent)


def test_an_order_that_is_called_back_leaves_its_quote_as_it_was(ws: Workspace, sent: int) -> None:
    columns = "status, decided_on, next_follow_up, order_uid"
    before = ask(ws, f"SELECT {columns} FROM quote WHERE id = ?", sent)
    entries = ask(ws, "SELECT seq FROM journal WHERE entity = 'quote'")
    order = quote_decisions.order_from_quote(ws, sent).order_id
    orders.submit_order(ws, order)
    orders.call_back_order(ws, order)
    assert ask(ws, f"SELECT {columns} FROM quote WHERE id = ?", sent) == before
    assert ask(ws, "SELECT seq FROM journal WHERE entity = 'quote'") == entries
    agreed(ws, sent, order)
    orders.submit_order(ws, order)
    assert status(ws, sent) == "won"
