"""What the customer card reads: events, SKUs, value, all in a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from crmdesk.analytics.value import Step
from crmdesk.domain.errors import NotFound
from crmdesk.gui.sku_words import margin_share
from crmdesk.services.queries.customer import customer_card, find_customer
from crmdesk.services.queries.customer_matrix import purchases, sku_rows
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    search_timeline,
    timeline_month,
    timeline_months,
)
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.workspace import Workspace


@pytest.fixture
def busiest(demo: Workspace) -> int:
    """The customer that sold most."""
    return customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def before(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", before)
    yield seen
    event.remove(Engine, "before_cursor_execute", before)


def test_the_card_is_one_read_of_a_fixed_number_of_statements(demo: Workspace) -> None:
    keys = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)
    numbers = set()
    for key in (keys[0], keys[len(keys) // 2]):
        with counted() as seen:
            customer_card(demo, key)
        numbers.add(len(seen))
    assert max(numbers) <= 44, "the card must not read row by row"
    assert max(numbers) - min(numbers) <= 1


def test_months_add_up_to_the_events_of_each_filter(demo: Workspace, busiest: int) -> None:
    whole = timeline_months(demo, busiest)
    # Prices are told by the sales already; they are an answer to a question of their own.
    asked = [group for group in EventGroup if group is not EventGroup.PRICES]
    parts = [timeline_months(demo, busiest, group).total for group in asked]
    assert whole.total == sum(parts) - whole.total
    for month, count in whole.months[:6]:
        events = timeline_month(demo, busiest, month)
        assert len(events) == count
        assert all(event.day.replace(day=1) == month for event in events)
        assert [e.day for e in events] == sorted((e.day for e in events), reverse=True)


def test_an_order_and_its_sale_are_one_event(demo: Workspace, busiest: int) -> None:
    with demo.database.read() as connection:
        linked = connection.exec_driver_sql(
            "SELECT count(*) FROM sale WHERE account_id = ? AND order_uid IS NOT NULL", (busiest,)
        ).scalar_one()
        alone = connection.exec_driver_sql(
            "SELECT count(*) FROM sale WHERE account_id = ? AND order_uid IS NULL", (busiest,)
        ).scalar_one()
    shown = [
        event
        for month, _count in timeline_months(demo, busiest).months
        for event in timeline_month(demo, busiest, month)
        if event.kind == "sale"
    ]
    assert linked > 0
    assert len(shown) == alone


def test_search_finds_words_of_events_and_products_of_orders(demo: Workspace, busiest: int) -> None:
    with demo.database.read() as connection:
        number, product = connection.exec_driver_sql(
            "SELECT o.number, p.name FROM sales_order o JOIN order_line l ON l.parent_id = o.id"
            " JOIN product p ON p.id = l.product_id WHERE o.account_id = ?"
            " ORDER BY o.id DESC LIMIT 1",
            (busiest,),
        ).one()
    assert number in [event.title for event in search_timeline(demo, busiest, number)]
    assert number in [event.title for event in search_timeline(demo, busiest, product.upper())]
    assert search_timeline(demo, busiest, "zzzzzz") == ()


def test_skus_are_in_the_order_of_their_rhythm_with_lapsed_last(
    demo: Workspace, busiest: int
) -> None:
    card = customer_card(demo, busiest)
    rows = sku_rows(demo, busiest, card.skus.keys)
    assert [row.product_id for row in rows] == list(card.skus.keys)
    lapsed = [row.state == "lapsed" for row in rows]
    assert lapsed == sorted(lapsed)
    gaps = [row.gap_days or 9999 for row in rows if row.state not in ("lapsed", "new")]
    assert gaps == sorted(gaps)


def test_months_of_a_sku_are_its_purchases(demo: Workspace, busiest: int) -> None:
    row = customer_card(demo, busiest).rows[0]
    bought = purchases(demo, busiest, row.product_id)
    assert [p.day for p in bought] == sorted((p.day for p in bought), reverse=True)
    this_month = sum(p.base_quantity for p in bought if p.day >= date(2026, 11, 1))
    assert row.units[-1] == this_month
    assert len(row.units) == 24


def test_the_waterfall_ends_at_what_is_left(demo: Workspace, busiest: int) -> None:
    waterfall = customer_card(demo, busiest).value.waterfall
    changes = [bar.amount_minor for bar in waterfall.steps if bar.step is not Step.CONTRIBUTION]
    assert waterfall.contribution_minor.value == sum(changes)
    assert waterfall.amount(Step.VISITS) < 0
    assert waterfall.amount(Step.DELIVERY) < 0


def test_a_customer_that_left_is_not_found(demo: Workspace) -> None:
    with pytest.raises(NotFound):
        customer_card(demo, 10**6)
    with pytest.raises(NotFound):
        find_customer(demo, "no such code")


def test_last_price_and_margin_of_the_matrix_agree_with_their_lines(demo: Workspace) -> None:
    account = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]
    rows = customer_card(demo, account).rows
    since = f"{demo.today().year - 1}-{demo.today().month + 1:02d}-01"
    assert len(rows) > 5
    for row in rows:
        with demo.database.read() as connection:
            net, base = connection.exec_driver_sql(
                "SELECT l.net_minor, l.base_quantity FROM sale s JOIN sale_line l"
                " ON l.parent_id = s.id WHERE s.account_id = ? AND l.product_id = ?"
                " AND l.base_quantity > 0 ORDER BY s.date DESC, s.id DESC, l.position DESC LIMIT 1",
                (account, row.product_id),
            ).one()
            sold, cost = connection.exec_driver_sql(
                "SELECT coalesce(sum(l.net_minor), 0), coalesce(sum(l.cost_minor), 0) FROM sale s"
                " JOIN sale_line l ON l.parent_id = s.id WHERE s.account_id = ?"
                " AND l.product_id = ? AND s.date >= ?",
                (account, row.product_id, since),
            ).one()
        assert row.last_net_e4 == pytest.approx(net * 100 / base, abs=1)
        assert (row.net_minor, row.cost_minor) == (sold, cost)
        share = margin_share(row)
        assert share == (pytest.approx((sold - cost) / sold) if sold > 0 and cost > 0 else None)
