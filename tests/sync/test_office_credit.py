"""The office and a customer's credit limit: said before, told to the rep, held by HQ itself."""

from __future__ import annotations

import pytest

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import format_money
from crmdesk.services import office_orders as office
from crmdesk.services.document_lines import LineInput
from crmdesk.services.order_alterations import Alteration, alter_order
from crmdesk.services.queries.inbox_attention import read_attention
from tests.sync.came_in import came_in, refused, taken
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq

_STATUS = "SELECT status, coalesce(answer, '') FROM sales_order"


def _limit(hq: Headquarters, limit_minor: int, mode: str = "hard") -> None:
    """The first customer's credit, by the office at HQ's desk."""
    boss = hq.join("O1", "boss")
    boss.sync()
    boss.run(
        "UPDATE account SET credit_mode = ?, credit_limit_minor = ? WHERE code = 'C0'",
        mode, limit_minor,
    )  # fmt: skip
    assert boss.sync().refusals == 0


def test_beyond_a_hard_limit_the_office_says_why_and_the_rep_reads_it(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    total = int(hq.one("SELECT total_minor FROM sales_order"))
    _limit(hq, total - 1)
    one.sync()
    ws = at(one)
    kept = office.accept_orders(ws, [order])
    assert (kept.order_ids, [left.code for left in kept.left]) == ((), ["credit"])
    assert format_money(1, ws.currency) in kept.left[0].sentence
    assert office.accept_orders(ws, [order], beyond_credit="pays on Friday").order_ids == (order,)
    assert one.sync().refusals == 0
    rep.sync()
    assert rep.rows(_STATUS) == hq.rows(_STATUS) == [("accepted", "pays on Friday")]
    assert '"over_minor":1' in str(
        hq.one("SELECT fields FROM change WHERE op = 'C' AND fields::text LIKE '%%accept%%'")
    ).replace(" ", "").replace("'", '"')


def test_hq_holds_a_hard_limit_by_its_own_figures(hq: Headquarters) -> None:
    """A laptop that has not heard of it yet, and a file from which the step was left out."""
    rep, (one,), _order = came_in(hq, "one")
    ws, total = at(one), int(hq.one("SELECT total_minor FROM sales_order"))
    taken(rep)
    rep.sync()
    one.sync()
    _limit(hq, total)
    both = [int(key) for (key,) in one.rows("SELECT id FROM sales_order ORDER BY number")]
    assert office.accept_orders(ws, both).order_ids == tuple(both)
    one.sync()
    # The first is within the limit; with it, in the same push, the second is not.
    assert [sentence for sentence in refused(one) if format_money(total, ws.currency) in sentence]
    halves = [("accepted",), ("submitted",)]
    by_number = "SELECT status FROM sales_order ORDER BY number"
    assert hq.rows(by_number) == one.rows(by_number) == halves
    one.run("UPDATE sales_order SET status = 'accepted' WHERE id = ?", both[1])
    assert one.sync().refusals == 1
    assert hq.rows(by_number) == halves
    # Money that a rep has taken in counts at once, on both sides alike.
    left = office.accept_orders(ws, [both[1]]).left
    assert [one.code for one in left] == ["credit"]
    rep.run(
        "INSERT INTO collection (uid, account_id, user_id, date, at, amount_minor, method, number)"
        " SELECT ?, account_id, user_id, order_date, ?, ?, 'cash', 'Q1' FROM sales_order LIMIT 1",
        new_uid(), "2026-11-20T08:00:00.000Z", total,
    )  # fmt: skip
    assert rep.sync().refusals == 0
    one.sync()
    assert office.accept_orders(ws, [both[1]]).left == ()
    assert one.sync().refusals == 0
    assert hq.rows(by_number) == [("accepted",), ("accepted",)]


@pytest.mark.parametrize("spelt", ["accept", "\\u0061ccept"])
def test_a_hard_limit_holds_for_an_order_keyed_and_accepted_at_once(
    hq: Headquarters, spelt: str
) -> None:
    """HQ sees the order and its acceptance in one push, perhaps written in another way."""
    _rep, (one,), _order = came_in(hq, "one")
    _limit(hq, 0)
    key = taken(one)
    assert office.accept_orders(at(one), [key]).order_ids == (key,), "it has not heard of it"
    with one.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE journal SET fields = replace(fields, 'accept', ?) WHERE state = 'waiting'",
            (spelt,),
        )
    one.sync()
    assert "credit" in [code for (code,) in one.rows("SELECT code FROM refusal")]
    assert ("accepted",) not in hq.rows("SELECT status FROM sales_order")


@pytest.mark.parametrize(("mode", "notes"), [("soft", ["credit_soft"]), ("none", [])])
def test_a_soft_limit_warns_and_none_says_nothing(
    hq: Headquarters, mode: str, notes: list[str]
) -> None:
    _rep, (one,), order = came_in(hq, "one")
    _limit(hq, 0, mode)
    one.sync()
    with one.database.read() as connection:
        found = read_attention(connection, [order], at(one).today()).get(order, ())
    assert [note.code for note in found if note.code.startswith("credit")] == notes
    assert office.accept_orders(at(one), [order]).left == ()
    assert one.sync().refusals == 0


def _altered(laptop: Laptop, order: int, packs: int, why: str = "") -> None:
    product = laptop.one("SELECT id FROM product WHERE sku = 'SKU0'")
    wanted = Alteration((LineInput(product, None, packs),), None, "More is wanted", None, why)
    alter_order(at(laptop), order, wanted)


def test_an_accepted_order_grows_beyond_a_hard_limit_only_with_a_reason(hq: Headquarters) -> None:
    rep, (one,), order = came_in(hq, "one")
    office.accept_orders(at(one), [order])
    one.sync()
    total = int(hq.one("SELECT total_minor FROM sales_order"))
    _limit(hq, total)
    one.sync()
    with pytest.raises(IllegalTransition, match="With this order it is passed") as refusal:
        _altered(one, order, 100)
    assert refusal.value.code == "credit"
    _altered(one, order, 1)
    assert hq.one("SELECT total_minor FROM sales_order") == total, "within the limit it may shrink"
    assert one.sync().refusals == 0
    _altered(one, order, 100, "pays on Friday")
    assert one.sync().refusals == 0
    rep.sync()
    grown = hq.rows(_STATUS)
    assert rep.rows(_STATUS) == grown == [("accepted", "pays on Friday")]
    assert int(hq.one("SELECT total_minor FROM sales_order")) > total


def test_hq_holds_the_limit_for_an_order_that_grows(hq: Headquarters) -> None:
    """Altered by a laptop that has not heard of the limit; its own sum does not count twice."""
    _rep, (one,), order = came_in(hq, "one")
    office.accept_orders(at(one), [order])
    one.sync()
    total = int(hq.one("SELECT total_minor FROM sales_order"))
    _altered(one, order, 100)
    grown = int(one.one("SELECT total_minor FROM sales_order"))
    _limit(hq, grown - 1)
    one.sync()
    assert "credit" in [code for (code,) in one.rows("SELECT code FROM refusal")]
    assert hq.one("SELECT total_minor FROM sales_order") == total
    assert one.one("SELECT total_minor FROM sales_order") == total
    _altered(one, order, 99)
    assert one.sync().refusals == 0
    assert total < int(hq.one("SELECT total_minor FROM sales_order")) < grown
