"""The list of customers: queries on the demo company, the presenter without Qt, the place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.jobs import Runner
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customers.model import CustomersModel
from crmdesk.gui.views.customers.presenter import CustomersPresenter, PreviewItem
from crmdesk.gui.views.customers.widget import CustomersPlace, build
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerNeed,
    CustomerRow,
    CustomerSort,
    customer_counts,
    customer_keys,
    customer_rows,
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
        self.rows: dict[int, CustomerRow] = {}
        self.preview: PreviewItem | None = None
        self.empty = ("", "")

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.chips = list(chips)

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, CustomerRow]) -> None:
        self.keys, self.rows = list(keys), dict(rows)

    def put_rows(self, rows: Mapping[int, CustomerRow]) -> None:
        self.rows.update(rows)

    def show_preview(self, preview: PreviewItem | None) -> None:
        self.preview = preview

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def select(self, account_id: int) -> None:
        raise AssertionError(account_id)


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> CustomersPresenter:
    made = CustomersPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    return made


# ---------------------------------------------------------------------------------- queries


def test_each_chip_counts_what_it_shows(demo: Workspace) -> None:
    counts = customer_counts(demo)
    for need in CustomerNeed:
        assert len(customer_keys(demo, CustomerFilter(need=need))) == counts[need], need
    assert counts[CustomerNeed.ALL] > counts[CustomerNeed.OVERDUE] > 0


@pytest.mark.parametrize(
    ("sort", "field"),
    [
        (CustomerSort.NET, "net_12m_minor"),
        (CustomerSort.MARGIN, "margin_12m_minor"),
        (CustomerSort.EXPECTED, "expected_margin_minor"),
        (CustomerSort.LATE, "late_minor"),
    ],
)
def test_sorting_is_by_what_the_column_shows(
    demo: Workspace, sort: CustomerSort, field: str
) -> None:
    for descending in (False, True):
        keys = customer_keys(demo, CustomerFilter(), sort, descending=descending)
        rows = customer_rows(demo, keys)
        values = [getattr(rows[key], field) for key in keys]
        assert values == sorted(values, reverse=descending)


def test_every_column_sorts_all_customers(demo: Workspace) -> None:
    everyone = set(customer_keys(demo, CustomerFilter()))
    for sort in CustomerSort:
        assert set(customer_keys(demo, CustomerFilter(), sort, descending=True)) == everyone


def test_search_finds_names_towns_and_people(demo: Workspace) -> None:
    with demo.database.read() as connection:
        account, person = connection.exec_driver_sql(
            "SELECT account_id, name FROM contact ORDER BY id LIMIT 1"
        ).one()
    assert account in customer_keys(demo, CustomerFilter(person))
    row = customer_rows(demo, [account])[account]
    assert account in customer_keys(demo, CustomerFilter(row.name))
    assert account in customer_keys(demo, CustomerFilter(row.city))
    assert customer_keys(demo, CustomerFilter("zzzzzz")) == []


def test_figures_are_those_of_the_sales(demo: Workspace) -> None:
    key = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]
    with demo.database.read() as connection:
        net = connection.exec_driver_sql(
            "SELECT sum(l.net_minor) FROM sale s JOIN sale_line l ON l.parent_id = s.id"
            " WHERE s.account_id = ? AND s.date >= '2025-12-01' AND s.date <= '2026-11-24'",
            (key,),
        ).scalar_one()
    assert customer_rows(demo, [key])[key].net_12m_minor == net


# -------------------------------------------------------------------------------- presenter


def test_start_shows_everybody_with_counts(presenter: CustomersPresenter, view: FakeView) -> None:
    assert len(view.keys) == customer_counts(presenter.workspace)[CustomerNeed.ALL]
    assert view.chips[0].key == CustomerNeed.ALL
    assert view.chips[0].text == f"All {len(view.keys)}"
    assert f"{len(view.keys)} customers" in view.heading
    assert view.empty == ("", "")


def test_a_search_without_hits_says_what_to_do(
    presenter: CustomersPresenter, view: FakeView
) -> None:
    presenter.search("zzzzzz")
    assert view.keys == []
    assert view.empty[0] == "No customer matches “zzzzzz”."
    assert "Esc" in view.empty[1]
    presenter.search("")
    assert view.empty == ("", "")


def test_chip_and_sort_narrow_and_order(presenter: CustomersPresenter, view: FakeView) -> None:
    presenter.choose_need(CustomerNeed.OVERDUE)
    presenter.sort(CustomerSort.NEEDS, descending=True)
    counts = [view.rows[key].overdue for key in view.keys]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0


def test_an_old_answer_does_not_replace_a_new_one(
    demo: Workspace, desk: FakeDesk, view: FakeView
) -> None:
    waiting: list[Any] = []

    class SlowRunner(DirectRunner):
        def read(self, work: Any, done: Any = None, failed: Any = None, **_rest: object) -> None:
            waiting.append((work, done))

        write = read
        network = read

    slow = CustomersPresenter(PlaceContext(demo, SlowRunner(), desk), view)
    slow.search("a")
    slow.search("zzzzzz")
    first, second = waiting
    second[1](second[0]())
    first[1](first[0]())
    assert view.keys == []


def test_selecting_shows_a_preview_in_words(presenter: CustomersPresenter, view: FakeView) -> None:
    presenter.choose_need(CustomerNeed.OVERDUE)
    presenter.select(view.keys[0])
    preview = view.preview
    assert preview is not None
    assert preview.name == view.rows[view.keys[0]].name
    assert preview.needs
    assert preview.needs[0].sentence.startswith(("Buys every", "New:"))
    assert preview.events
    assert preview.badges[0].text == "Active"


def test_intents_go_where_they_should(
    presenter: CustomersPresenter, view: FakeView, desk: FakeDesk
) -> None:
    presenter.open(view.keys[0])
    presenter.new_order(view.keys[0])
    assert desk.went[0] == ("customer", {"account": view.keys[0]})
    assert desk.went[1][0] == "order"
    presenter.open(None)
    presenter.new_order(None)
    assert len(desk.went) == 2


def test_a_new_customer_can_be_taken_back(
    presenter: CustomersPresenter, view: FakeView, desk: FakeDesk
) -> None:
    before = len(view.keys)
    presenter.create("Fruites Noves", "Ordino")
    presenter.on_changes(ChangeSet.of("account", [1]))
    assert len(view.keys) == before + 1
    assert desk.went[-1][0] == "customer"
    assert desk.undo is not None
    desk.undo()
    presenter.on_changes(ChangeSet.of("account", [1]))
    assert len(view.keys) == before


def test_the_export_is_the_windows(presenter: CustomersPresenter, desk: FakeDesk) -> None:
    presenter.export()
    assert desk.exports == 1


# ------------------------------------------------------------------------------------ place


@pytest.fixture
def place(
    qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk
) -> Iterator[CustomersPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    qtbot.waitUntil(lambda: made.model.rowCount() > 0 and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


def test_model_keeps_qt_rules(demo: Workspace, qtbot: QtBot) -> None:
    model = CustomersModel(demo.today, demo.currency)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    keys = customer_keys(demo, CustomerFilter())
    model.set_keys(keys, customer_rows(demo, keys))
    assert model.rowCount() == len(keys)
    texts = {model.index(0, column).data() for column in range(model.columnCount())}
    assert customer_rows(demo, keys[:1])[keys[0]].name in str(texts)


def test_the_place_lists_previews_and_opens(
    qtbot: QtBot, place: CustomersPlace, desk: FakeDesk, runner: Runner
) -> None:
    qtbot.waitUntil(place.preview.isVisible)
    qtbot.keyClick(place.table, Qt.Key.Key_Down)
    qtbot.keyClick(place.table, Qt.Key.Key_Return)
    assert desk.went[-1] == ("customer", {"account": place.model.key_at(1)})


def test_typing_in_the_field_narrows_the_list(
    qtbot: QtBot, place: CustomersPlace, demo: Workspace, runner: Runner
) -> None:
    rows = customer_rows(demo, customer_keys(demo, CustomerFilter())).values()
    name = next(row.name.split()[0] for row in rows if row.name.split()[0].isascii())
    wanted = customer_keys(demo, CustomerFilter(name))
    place.search.setFocus()
    qtbot.keyClicks(place.search, name)
    qtbot.waitUntil(lambda: place.model.shown_keys() == wanted)
    assert len(wanted) > 0


def test_a_new_customer_is_typed_in_place(
    qtbot: QtBot, place: CustomersPlace, desk: FakeDesk
) -> None:
    qtbot.keyClick(place, Qt.Key.Key_N)
    assert place._new_name.isVisible()
    qtbot.keyClicks(place._new_name, "Fruites Noves")
    qtbot.keyClick(place._new_name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desk.went))
    assert desk.went[-1][0] == "customer"
    assert not place._new_name.isVisible()
