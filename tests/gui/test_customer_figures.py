"""Every figure of the card opens its formula and its rows, and both say what the rows say.

The expectations are :mod:`tests.gui.card_books`', plain Python over plain rows.
"""

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
from tests.gui.card_books import TODAY, Books, expected, trouble


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
        _compare(demo, account_id, key)


@pytest.mark.parametrize(("seed", "costs_known"), [(1, True), (2, True), (3, False)])
def test_figures_of_troubled_books_are_what_the_plain_rows_say(
    demo: Workspace, customers: list[int], seed: int, *, costs_known: bool
) -> None:
    for account_id in customers:
        trouble(demo, account_id, seed=seed * 100 + account_id, costs_known=costs_known)
    for account_id in customers:
        for key in FigureKey:
            _compare(demo, account_id, key)
        margin = card_figure(demo, account_id, FigureKey.CONTRIBUTION)
        assert (margin.missing is None) is costs_known


def _compare(demo: Workspace, account_id: int, key: FigureKey) -> None:
    figure, wanted = card_figure(demo, account_id, key), expected(Books(demo, account_id))[key]()
    if wanted is None:
        assert figure.value is None, (account_id, key)
        return
    assert figure.value is not None, (account_id, key)
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
            sign = 1 if step.key in (FigureKey.REVENUE, FigureKey.CONTRIBUTION) else -1
            assert step.amount_minor == sign * (figure.value or 0), step.key
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
            (b"s" * 16, account_id, TODAY.isoformat()),
        )
    assert card_figure(demo, account_id, FigureKey.SATISFACTION).value == 3


def test_the_year_before_is_of_the_same_days(demo: Workspace, customers: list[int]) -> None:
    """Twelve months that end today beside as many days, not beside twelve whole months."""
    account_id = customers[0]

    def before() -> int:
        found = customer_card(demo, account_id).value.contribution_prior_minor
        assert found is not None
        return found

    def sell(day: str) -> None:
        with demo.database.write(applying=True) as tx:
            run = tx.connection.exec_driver_sql
            sale = run(
                "INSERT INTO sale (uid, account_id, kind, date) VALUES (randomblob(16), ?,"
                " 'return', ?) RETURNING id",
                (account_id, day),
            ).scalar_one()
            run(
                "INSERT INTO sale_line (parent_id, position, product_id, net_minor, cost_minor)"
                " VALUES (?, 1, 1, 5000000, 1000000)",
                (sale,),
            )

    was = before()
    sell("2025-11-25")
    assert before() == was
    sell("2025-11-24")
    assert was + 3_900_000 < before() <= was + 4_000_000
    sell("2024-12-01")
    assert was + 7_900_000 < before() <= was + 8_000_000
