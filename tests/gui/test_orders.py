"""The list of orders: queries on the demo company, the presenter without Qt, the place."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui import keyed_list
from crmdesk.gui.jobs import Runner
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.orders.model import OrdersModel, status_badge
from crmdesk.gui.views.orders.presenter import OrdersPresenter
from crmdesk.gui.views.orders.widget import OrdersPlace, build
from crmdesk.services import orders
from crmdesk.services.queries.customers import CustomerFilter, CustomerRow, customer_keys
from crmdesk.services.queries.orders import (
    OrderFilter,
    OrderGroup,
    OrderRow,
    OrderSort,
    order_counts,
    order_keys,
    order_rows,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.stage import on_stage


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.chips: list[ChipItem] = []
        self.heading = ""
        self.keys: list[int] = []
        self.more = False
        self.rows: dict[int, OrderRow] = {}
        self.empty = ("", "")
        self.offered: list[CustomerRow] = []

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.chips = list(chips)

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, OrderRow]) -> None:
        self.keys, self.rows, self.more = list(keys), dict(rows), False

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        self.keys += keys
        self.more = more

    def put_rows(self, rows: Mapping[int, OrderRow]) -> None:
        self.rows.update(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        self.offered = list(rows)


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> OrdersPresenter:
    made = OrdersPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    return made


def test_each_chip_counts_what_it_shows(demo: Workspace) -> None:
    counts = order_counts(demo)
    for group in OrderGroup:
        keys = order_keys(demo, OrderFilter(group=group))
        rows = order_rows(demo, keys)
        assert len(keys) == counts[group].count, group
        assert sum(row.net_minor for row in rows.values()) == counts[group].net_minor, group
    parts = [counts[group].count for group in OrderGroup if group is not OrderGroup.ALL]
    assert sum(parts) == counts[OrderGroup.ALL].count > 0


@pytest.mark.parametrize(
    ("sort", "field"),
    [
        (OrderSort.NUMBER, "number"),
        (OrderSort.DATE, "order_date"),
        (OrderSort.NET, "net_minor"),
        (OrderSort.MARGIN, "margin_minor"),
        (OrderSort.STATUS, "status"),
    ],
)
def test_sorting_is_by_what_the_column_shows(demo: Workspace, sort: OrderSort, field: str) -> None:
    for descending in (False, True):
        keys = order_keys(demo, OrderFilter(), sort, descending=descending)
        rows = order_rows(demo, keys)
        values = [getattr(rows[key], field) for key in keys]
        assert values == sorted(values, reverse=descending)


@pytest.mark.parametrize("sort", list(OrderSort))
def test_the_first_of_an_order_are_the_beginning_of_all(demo: Workspace, sort: OrderSort) -> None:
    """In every order, also one put together from stretches; days that are none come last."""
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET delivery_date = NULL WHERE id % 7 = 0"
        )
    for descending, group in itertools.product((False, True), (OrderGroup.ALL, OrderGroup.DONE)):
        wanted = OrderFilter(group=group)
        keys = order_keys(demo, wanted, sort, descending=descending)
        assert len(set(keys)) == len(keys) == order_counts(demo)[group].count
        for most in (1, 40, len(keys), len(keys) + 1):
            found = order_keys(demo, wanted, sort, descending=descending, most=most)
            assert found == keys[:most]
        if sort is OrderSort.DELIVERY:
            rows = order_rows(demo, keys)
            days = [rows[key].delivery_date or date.max for key in keys]
            assert days == sorted(days, reverse=descending)


def test_a_long_list_reads_on_where_it_is_looked_at(
    demo: Workspace, presenter: OrdersPresenter, view: FakeView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed_list, "FIRST_KEYS", 30)
    every = order_keys(demo, OrderFilter(), OrderSort.NET, descending=True)
    presenter.sort("net", descending=True)
    assert view.keys == every[:30]
    assert view.more
    presenter.read_on()
    assert view.keys == every[:60]
    told: list[int] = []
    presenter.read_on(lambda: told.append(len(view.keys)))
    assert told == [len(every)]
    assert view.keys == every
    assert not view.more


def test_search_finds_numbers_and_customers(demo: Workspace) -> None:
    row = next(iter(order_rows(demo, order_keys(demo, OrderFilter())[:1]).values()))
    assert order_keys(demo, OrderFilter(row.number)) == [row.id]
    assert row.id in order_keys(demo, OrderFilter(row.customer))
    assert order_keys(demo, OrderFilter("zzzzzz")) == []


def test_the_newest_stand_first_with_counts(presenter: OrdersPresenter, view: FakeView) -> None:
    dates = [view.rows[key].order_date for key in view.keys[:20]]
    assert dates == sorted(dates, reverse=True)
    assert view.chips[0].key == OrderGroup.ALL
    assert all(chip.text.split()[-1] != "0" for chip in view.chips)


def test_a_draft_appears_in_the_heading(
    presenter: OrdersPresenter, view: FakeView, demo: Workspace
) -> None:
    assert "draft" not in view.heading
    account = customer_keys(demo, CustomerFilter())[0]
    started = orders.start_order(demo, account)
    presenter.on_changes(ChangeSet.of("visit", [1]))
    assert started.order_id not in view.keys
    presenter.on_changes(started.changes)
    assert started.order_id in view.keys
    assert "1 draft" in view.heading


def test_a_filter_without_orders_says_so(presenter: OrdersPresenter, view: FakeView) -> None:
    presenter.choose_group(OrderGroup.DRAFTS)
    assert view.empty[0] == "No order of this kind."
    presenter.choose_group(OrderGroup.ALL)
    presenter.search("zzzzzz")
    assert "zzzzzz" in view.empty[0]


def test_a_new_order_asks_for_its_customer(
    presenter: OrdersPresenter, view: FakeView, desk: FakeDesk, demo: Workspace
) -> None:
    presenter.customers.find("")
    assert len(view.offered) == 8
    presenter.start_order(view.offered[0].id)
    assert desk.went[-1][0] == "order"
    presenter.open(view.keys[0])
    assert desk.went[-1] == ("order", {"order": view.keys[0]})


def test_the_export_is_the_windows(presenter: OrdersPresenter, desk: FakeDesk) -> None:
    presenter.export()
    assert desk.exports == 1


def test_a_submitted_order_says_whether_hq_has_it(demo: Workspace) -> None:
    row = next(iter(order_rows(demo, order_keys(demo, OrderFilter())[:1]).values()))
    fields = {name: getattr(row, name) for name in OrderRow.__slots__}
    waiting = OrderRow(**(fields | {"status": "submitted", "known_to_hq": False}))
    taken = OrderRow(**(fields | {"status": "submitted", "known_to_hq": True}))
    assert status_badge(waiting).text == "Waiting to be sent"
    assert status_badge(taken).text == "Submitted"


# ------------------------------------------------------------------------------------ place


@pytest.fixture
def place(qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk) -> Iterator[OrdersPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    qtbot.waitUntil(lambda: made.model.rowCount() > 0 and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


def test_model_keeps_qt_rules(demo: Workspace, qtmodeltester: ModelTester) -> None:
    model = OrdersModel(demo.today, demo.currency)
    keys = order_keys(demo, OrderFilter())[:50]
    model.set_keys(keys, order_rows(demo, keys))
    qtmodeltester.check(model)
    assert model.index(0, 0).data() == order_rows(demo, keys[:1])[keys[0]].number


def test_keys_open_and_start_orders(qtbot: QtBot, place: OrdersPlace, desk: FakeDesk) -> None:
    qtbot.keyClick(place.table, Qt.Key.Key_Return)
    assert desk.went[-1] == ("order", {"order": place.model.key_at(0)})
    qtbot.keyClick(place.table, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: place.picker.model.rowCount() > 0)
    wanted = place.picker.model.key_at(1)
    qtbot.keyClick(place.picker.field, Qt.Key.Key_Down)
    qtbot.keyClick(place.picker.table, Qt.Key.Key_Down)
    qtbot.keyClick(place.picker.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.went) == 2)
    assert wanted is not None
    assert not place.picker.isVisible()


def test_escape_closes_the_picker(qtbot: QtBot, place: OrdersPlace) -> None:
    qtbot.keyClick(place.table, Qt.Key.Key_N)
    assert place.picker.isVisible()
    qtbot.keyClick(place.picker.field, Qt.Key.Key_Escape)
    assert not place.picker.isVisible()
    assert place.table.hasFocus()
