"""Every figure of the card opens its formula and its rows, and both say what the rows say.

The expectations are made here, in plain Python over plain rows, not by the code under test.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from crmdesk.gui.customer_words import header_badges, header_facts
from crmdesk.gui.figure_words import figure_item, figures_item
from crmdesk.gui.views.customer.words import waterfall_steps
from crmdesk.services import visits
from crmdesk.services.queries.customer import customer_card
from crmdesk.services.queries.customer_figures import (
    FigureKey,
    FigureRows,
    card_figure,
    card_figures,
)
from crmdesk.services.queries.customers import CustomerFilter, CustomerSort, customer_keys
from crmdesk.services.workspace import Workspace

TODAY = date(2026, 11, 24)
SINCE = "2025-12-01"


class Books:
    """The plain rows of one customer, and sums over them."""

    def __init__(self, ws: Workspace, account_id: int) -> None:
        self.ws, self.account_id = ws, account_id

    def rows(self, sql: str) -> list[Any]:
        with self.ws.database.read() as connection:
            return list(connection.exec_driver_sql(sql.replace(":a", str(self.account_id))))

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def sales(self) -> list[Any]:
        return self.rows(
            "SELECT s.id, s.kind, l.net_minor net, l.discount_minor discount, l.cost_minor cost"
            " FROM sale s, sale_line l WHERE l.parent_id = s.id AND s.account_id = :a"
            f" AND s.date >= '{SINCE}'"
        )

    def rate(self, driver: str) -> float:
        found = self.rows(
            f"SELECT rate_e4 FROM cost_rate WHERE driver = '{driver}' AND valid_from <= '{TODAY}'"
            " ORDER BY valid_from DESC LIMIT 1"
        )
        return float(found[0][0]) if found else 0.0

    def minutes(self) -> float:
        spent = sum(
            (end - start) * 1440
            for start, end in self.rows(
                "SELECT julianday(started_at), julianday(ended_at) FROM visit WHERE account_id = :a"
                f" AND date BETWEEN '{SINCE}' AND '{TODAY}' AND ended_at IS NOT NULL"
            )
        )
        return round(spent) + sum(minutes for minutes, _m in self.legs())

    def legs(self) -> list[Any]:
        return self.rows(
            "SELECT coalesce(leg_minutes, 0), coalesce(leg_m, 0) FROM planned_visit"
            f" WHERE account_id = :a AND status = 'done' AND date BETWEEN '{SINCE}' AND '{TODAY}'"
        )

    def owed(self) -> list[tuple[date, int]]:
        return [
            (date.fromisoformat(due), amount)
            for due, amount in self.rows(
                "SELECT due_on, open_minor FROM invoice WHERE account_id = :a AND open_minor > 0"
            )
        ]

    def cost_to_serve(self) -> dict[str, float]:
        sold = {row.id for row in self.sales() if row.kind == "sale"}
        back = {row.id for row in self.sales() if row.kind == "return"}
        lines = sum(row.kind == "sale" for row in self.sales())
        tickets = self.one(
            f"SELECT count(*) FROM ticket WHERE account_id = :a AND date >= '{SINCE}'"
        )
        debt = 0.0
        for key, total, on in self.rows(
            f"SELECT id, total_minor, date FROM invoice WHERE account_id = :a AND date >= '{SINCE}'"
        ):
            paid = self.one(f"SELECT max(date) FROM payment WHERE invoice_id = {key}")
            until = date.fromisoformat(paid) if paid else TODAY
            debt += total * (until - date.fromisoformat(on)).days
        cents = 100 / 10_000
        driving = sum(m for _minutes, m in self.legs()) / 1000 * self.rate("kilometre")
        return {
            "visits": (self.minutes() * self.rate("minute") + driving) * cents,
            "delivery": len(sold) * self.rate("drop") * cents,
            "orders": (
                len(sold) * self.rate("order") + lines * self.rate("line")
                + tickets * self.rate("ticket") + len(back) * self.rate("return")
            ) * cents,
            "debt": debt * self.rate("capital") / 10_000 / 365,
        }  # fmt: skip

    def contribution(self) -> float:
        margin = sum(row.net - (row.cost or 0) for row in self.sales())
        return margin - sum(self.cost_to_serve().values())


def expected(books: Books) -> dict[FigureKey, Callable[[], float | None]]:
    """Each figure from the plain rows."""
    sales, costs, one = books.sales(), books.cost_to_serve(), books.one
    net = sum(row.net for row in sales)
    margin = net - sum(row.cost or 0 for row in sales)
    visit_cost = round(20 * books.rate("minute") / 100)
    count = "SELECT count(*) FROM {} WHERE account_id = :a"
    return {
        FigureKey.NEXT_VISIT: lambda: one(
            f"SELECT count(*) FROM planned_visit WHERE account_id = :a AND date >= '{TODAY}'"
            " AND status IN ('planned', 'started')"
        ),
        FigureKey.DUE: lambda: one(
            "SELECT count(*) FROM summary_pair WHERE account_id = :a"
            " AND state IN ('due', 'overdue')"
        ),
        FigureKey.CONTRIBUTION: books.contribution,
        FigureKey.LIFETIME: lambda: margin * 0.8 / (1 + 0.1 - 0.8),
        FigureKey.SATISFACTION: lambda: next(
            (row[0] for row in books.rows(
                "SELECT score FROM survey_score WHERE account_id = :a ORDER BY date DESC, id DESC"
            )), None
        ),
        FigureKey.CREDIT: lambda: sum(amount for _due, amount in books.owed()),
        FigureKey.TERMS: lambda: one("SELECT payment_terms_days FROM account WHERE id = :a"),
        FigureKey.OPENING: lambda: books.one(
            "SELECT sum(json_extract(s.value, '$[1]') - json_extract(s.value, '$[0]'))"
            " FROM account a, json_each(a.opening_hours) d, json_each(d.value) s WHERE a.id = :a"
        ),
        FigureKey.OWNER: lambda: one(
            "SELECT count(DISTINCT user_id) FROM territory_user WHERE territory_id ="
            " (SELECT territory_id FROM account WHERE id = :a)"
        ),
        FigureKey.LATE: lambda: sum(amount for due, amount in books.owed() if due < TODAY),
        FigureKey.TICKETS: lambda: one(
            count.format("ticket") + " AND status IN ('open', 'waiting')"
        ),
        FigureKey.DEALS: lambda: one(
            "SELECT coalesce(sum(amount_minor), 0) FROM opportunity WHERE account_id = :a"
            " AND stage NOT IN ('won', 'lost', 'ended')"
        ),
        FigureKey.REVENUE: lambda: net + sum(row.discount for row in sales),
        FigureKey.DISCOUNTS: lambda: sum(row.discount for row in sales),
        FigureKey.COST_OF_GOODS: lambda: sum(row.cost or 0 for row in sales),
        FigureKey.VISITS: lambda: costs["visits"],
        FigureKey.DELIVERY: lambda: costs["delivery"],
        FigureKey.ORDERS: lambda: costs["orders"],
        FigureKey.DEBT: lambda: costs["debt"],
        FigureKey.BREAK_EVEN: lambda: visit_cost / (margin / net),
        FigureKey.EVENTS: lambda: sum(
            one(count.format(table))
            for table in (
                "visit", "sales_order", "quote", "return_request", "sample", "ticket",
                "survey_score", "payment", "collection", "note", "promise", "handover", "touch",
                "order_alteration", "quote_follow_up", "stage_change", "opportunity",
                "attachment",
            )
        ) + one(count.format("sale") + " AND order_uid IS NULL")
        + one(count.format("invoice") + " AND open_minor <> 0"),
        FigureKey.SKUS: lambda: one(
            "WITH bought AS (SELECT DISTINCT l.product_id id FROM sale s, sale_line l"
            " WHERE l.parent_id = s.id AND s.account_id = :a) SELECT count(*) FROM ("
            "SELECT id FROM bought UNION SELECT n.id FROM bought b JOIN product p ON p.id = b.id"
            " AND p.status = 'delisted' JOIN product n ON n.uid = p.substitute_uid)"
        ),
        FigureKey.DOCUMENTS: lambda: one(count.format("attachment")),
    }  # fmt: skip


@pytest.fixture
def customers(demo: Workspace) -> list[int]:
    """Of those that sold most, least, and some between."""
    keys = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)
    return [*keys[:3], keys[len(keys) // 2], keys[-1]]


@pytest.mark.parametrize("key", list(FigureKey))
def test_each_figure_is_what_the_plain_rows_say(
    demo: Workspace, customers: list[int], key: FigureKey
) -> None:
    for account_id in customers:
        figure = card_figure(demo, account_id, key)
        wanted = None
        if figure.value is not None or figure.missing is None:
            wanted = expected(Books(demo, account_id))[key]()
        if wanted is None:
            assert figure.value is None
            continue
        assert figure.value is not None
        # Each step is rounded to a cent once, a break-even order upwards.
        slack = {FigureKey.CONTRIBUTION: 5, FigureKey.ORDERS: 2}.get(key, 1)
        if not figure.is_money:
            slack = 0
        assert abs(figure.value - wanted) <= slack, (account_id, key)


def _added_up(figure: FigureRows) -> int:
    return sum(line.amount_minor or 0 for line in figure.lines)


def test_rows_of_money_add_up_to_the_figure(demo: Workspace, customers: list[int]) -> None:
    summed = (
        FigureKey.CREDIT, FigureKey.LATE, FigureKey.REVENUE, FigureKey.DISCOUNTS,
        FigureKey.COST_OF_GOODS, FigureKey.CONTRIBUTION, FigureKey.DEALS,
    )  # fmt: skip
    for account_id in customers:
        for key in summed:
            figure = card_figure(demo, account_id, key)
            assert _added_up(figure) == (figure.value or 0), key
            assert next(s.amount_minor for s in figure.sums if s.kind == "sum") == figure.value
        for key in (FigureKey.TICKETS, FigureKey.SKUS, FigureKey.DOCUMENTS, FigureKey.DUE):
            figure = card_figure(demo, account_id, key)
            assert len(figure.lines) == figure.value, key


def test_what_the_card_shows_can_all_be_opened(demo: Workspace, customers: list[int]) -> None:
    for account_id in customers:
        card = customer_card(demo, account_id)
        now = demo.clock.local(demo.now())
        facts = header_facts(card.header, card.value, demo.currency, now)
        assert all(fact.figure in set(FigureKey) for fact in facts)
        badges = header_badges(card.header, demo.currency, now.date())
        assert {badge.figure for badge in badges} - {"", *FigureKey} == set()
        steps = waterfall_steps(card.value.waterfall, demo.currency)
        for step in steps:
            figure = card_figure(demo, account_id, FigureKey(step.key))
            assert abs(step.amount_minor) == abs(figure.value or 0), step.key
        assert card_figure(demo, account_id, FigureKey.EVENTS).value == card.timeline.total
        assert card_figure(demo, account_id, FigureKey.SKUS).value == len(card.skus.keys)
        owed = card_figure(demo, account_id, FigureKey.CREDIT)
        assert owed.value == card.header.open_minor


def test_each_figure_says_its_formula_and_value_in_words(
    demo: Workspace, customers: list[int]
) -> None:
    figures = card_figures(demo, customers[0])
    assert [figure.key for figure in figures] == list(FigureKey)
    items = [figure_item(figure, demo.currency) for figure in figures]
    assert len({item.name for item in items}) == len(items)
    assert all(item.formula.endswith(".") for item in items)
    assert all(row.what for item in items for row in (*item.rows, *item.sums))
    index = figures_item(figures, demo.currency)
    assert [row.target for row in index.rows] == [f"figure:{key}" for key in FigureKey]
    assert all(row.amount for row in index.rows)


def test_the_figure_follows_the_rows(demo: Workspace, customers: list[int]) -> None:
    """The test itself can fail: another row is another figure, here and there."""
    account_id = customers[0]
    before = card_figure(demo, account_id, FigureKey.EVENTS).value or 0
    visits.add_note(demo, account_id, "Asked about the new oil")
    books = Books(demo, account_id)
    assert card_figure(demo, account_id, FigureKey.EVENTS).value == before + 1
    assert expected(books)[FigureKey.EVENTS]() == before + 1
    with demo.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO survey_score (uid, account_id, kind, score, date) VALUES (?, ?, 'nps', 3,"
            " ?)",
            (b"s" * 16, account_id, (TODAY + timedelta(days=0)).isoformat()),
        )
    assert card_figure(demo, account_id, FigureKey.SATISFACTION).value == 3
