"""A step of several changes that HQ refuses: one card, and sent again as a whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmdesk.domain.errors import NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.hq.exchange import editing
from crmdesk.services import proposals as decisions
from crmdesk.services import resolving, settling
from crmdesk.services.queries.proposals import proposals
from crmdesk.services.queries.sync import sync_centre, sync_status
from crmdesk.services.workspace import Workspace, workspace_of
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import draft_order
from tests.sync.trading import order, price_list

pytestmark = pytest.mark.hq

_LISTED = (
    "INSERT INTO account_product (uid, account_id, product_id, note)"
    " SELECT ?, a.id, p.id, ? FROM account a, product p WHERE a.code = 'C0' AND p.sku = 'SKU0'"
)


def refused_step(hq: Headquarters) -> tuple[Laptop, Laptop, Workspace]:
    """The office has listed the product already; the rep lists it too and notes why, in one go."""
    rep, office = hq.join("R1"), hq.join("O1")
    office.run(_LISTED, new_uid(), "office")
    office.sync()
    with rep.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(_LISTED, (new_uid(), "rep"))
        run(
            "INSERT INTO note (uid, account_id, text, at, date) SELECT ?, id, 'listed today',"
            " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account WHERE code = 'C0'",
            (new_uid(),),
        )
    assert rep.sync().refusals == 2
    ws = workspace_of(rep.folder, rep.database, lambda: datetime.now(UTC))
    return rep, office, ws


def test_a_refused_step_is_one_card_with_the_reason_of_its_culprit(hq: Headquarters) -> None:
    rep, _office, ws = refused_step(hq)
    (need,) = sync_centre(ws).needs
    assert (need.entity, need.code, need.parts, need.can_retry) == (
        "account_product", "duplicate", 2, True,
    )  # fmt: skip
    assert sync_status(ws).need == 1
    assert rep.one("SELECT count(*) FROM note") == 0, "neither part of it stands here"


def test_it_is_sent_again_as_a_whole_once_the_reason_is_gone(hq: Headquarters) -> None:
    rep, office, ws = refused_step(hq)
    (need,) = sync_centre(ws).needs
    office.run("DELETE FROM account_product")
    office.sync()
    rep.sync()

    resolving.retry_refusals(ws, need.ids)

    assert rep.sync().refusals == 0
    assert hq.rows("SELECT note FROM account_product WHERE NOT deleted") == [("rep",)]
    assert hq.rows("SELECT text FROM note") == [("listed today",)]
    assert sync_centre(ws).needs == ()
    assert {row.state for row in sync_centre(ws).settled} == {"retried"}


def test_too_early_it_is_refused_again_and_nothing_is_lost(hq: Headquarters) -> None:
    rep, _office, ws = refused_step(hq)
    with rep.database.write(applying=True) as tx:
        # HQ's own row is not here, so that the step can be made again at all.
        tx.connection.exec_driver_sql("DELETE FROM account_product")
    (need,) = sync_centre(ws).needs
    resolving.retry_refusals(ws, need.ids)
    assert rep.sync().refusals == 2
    (again,) = sync_centre(ws).needs
    assert again.ids != need.ids
    assert "rep" in rep.one("SELECT fields FROM refusal WHERE state = 'open' LIMIT 1")


def test_what_is_left_alone_comes_back_by_its_number(hq: Headquarters) -> None:
    _rep, _office, ws = refused_step(hq)
    (need,) = sync_centre(ws).needs
    resolving.discard_refusal(ws, need.ids[0])
    assert sync_centre(ws).needs == ()
    resolving.reopen_number(ws, "refused", need.ids[0])
    resolving.reopen_number(ws, "refused", need.ids[1])
    assert sync_centre(ws).needs == (need,)
    with pytest.raises(NotFound):
        settling.restore_other(ws, 999)


def test_a_refused_order_is_a_draft_again_and_goes_with_a_new_number(hq: Headquarters) -> None:
    """HQ has an order of that number, as after a restore of the laptop."""
    rep, office = hq.join("R1"), hq.join("O1")
    price_list(hq)
    rep.sync()
    office.sync()
    order(office, "R01-00001")
    office.sync()
    order(rep, "R01-00001")

    assert rep.sync().refusals >= 1

    ws = workspace_of(rep.folder, rep.database, lambda: datetime.now(UTC))
    (need,) = sync_centre(ws).needs
    assert (need.entity, need.code, need.status, need.can_retry) == (
        "order", "duplicate", "draft", True,
    )  # fmt: skip
    number = "SELECT number FROM sales_order WHERE id = ?"
    resolving.take_up_order(ws, need.ids)
    fresh = rep.one(number, need.row_id)
    assert fresh != "R01-00001"
    resolving.take_up_order(ws, need.ids)
    assert rep.one(number, need.row_id) == fresh, "once is enough"

    resolving.retry_refusals(ws, need.ids)

    assert rep.sync().refusals == 0
    assert hq.rows("SELECT number FROM sales_order ORDER BY number") == [
        ("R01-00001",), (fresh,),
    ]  # fmt: skip
    assert sync_centre(ws).needs == ()


def test_an_order_taken_at_another_price_says_so_and_asks_for_nothing(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    _list, rule = price_list(hq)
    rep.sync()
    order(rep, "R01-00001")
    editing.update_rows(hq.store, "price_rule", [rule], {"price_e4": 13_500}, hq.now_ms())
    rep.sync()
    office.sync()

    ws = workspace_of(rep.folder, rep.database, lambda: datetime.now(UTC))
    (need,) = sync_centre(ws).needs
    assert (need.kind, need.number, need.name) == ("price", "R01-00001", "Café Ñandú")
    (line,) = need.collisions
    assert (line.base, line.mine, line.theirs) == ({"line": 1, "sku": "SKU0"}, 12_000, 13_500)
    settling.settle(ws, need.kind, need.ids)
    assert sync_centre(ws).needs == ()

    # The office takes note: nothing is written but that, and the rep hears of it.
    desk = workspace_of(office.folder, office.database, lambda: datetime.now(UTC))
    (row,) = proposals(desk)
    assert (row.kind, row.number, row.by) == ("price", "R01-00001", "Ruth Rep")
    decisions.accept(desk, [row.id])
    assert office.sync().refusals == 0
    rep.sync()
    (answer,) = sync_centre(ws).needs
    assert (answer.kind, answer.code, answer.status) == ("outcome", "price", "accepted")
    assert hq.one("SELECT net_price_e4 FROM order_line WHERE position = 1") == 12_000


def test_a_refused_new_customer_goes_with_its_drafts_kept_in_words(hq: Headquarters) -> None:
    """Its code is taken: nothing waits that HQ could still judge, so it is HQ's customer alone."""
    one, two = hq.join("R1"), hq.join("R1", "second")
    add = "INSERT INTO account (uid, code, name) VALUES (?, 'N1', ?)"
    one.run(add, new_uid(), "First")
    one.sync()
    two.run(add, new_uid(), "Second")
    draft_order(two, "N1", "R1", "R02-00001")

    report = two.sync()
    two.sync()

    assert report.refusals == 1
    assert two.rows("SELECT name FROM account WHERE code LIKE 'N1%'") == [("First",)]
    assert two.rows("SELECT 1 FROM sales_order") == []
    kept = dict(two.rows("SELECT code, sentence FROM refusal"))
    assert set(kept) == {"duplicate", "left"}
    assert "R02-00001" in kept["left"] and "2 CS SKU0 Product 0" in kept["left"]
