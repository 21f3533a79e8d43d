"""The customer card: its presenter without Qt, and the place with its keys."""

from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui import theme
from crmdesk.gui.figure_words import FigureItem
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer.detail_words import ChangeItem, DocumentItem, PurchaseItem
from crmdesk.gui.views.customer.details import TextRow
from crmdesk.gui.views.customer.model import documents_model, people_model, purchases_model
from crmdesk.gui.views.customer.presenter import CustomerPresenter
from crmdesk.gui.views.customer.widget import CustomerPlace, build
from crmdesk.gui.views.customer.words import CardItem, MonthItems
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.items import HeatItem, MonthCount
from crmdesk.services import accounts, visits
from crmdesk.services.people import Person
from crmdesk.services.queries.customer import customer_card
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    timeline_months,
)
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerSort,
    customer_keys,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.stage import on_stage

TODAY = date(2026, 11, 24)


@pytest.fixture
def busiest(demo: Workspace) -> int:
    """The customer that sold most."""
    return customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.card: CardItem | None = None
        self.months: list[MonthCount] = []
        self.events: list[MonthItems] = []
        self.note = ""
        self.month: MonthItems | None = None
        self.skus: list[HeatItem] = []
        self.bought: tuple[FigureItem, list[PurchaseItem]] | None = None
        self.figure: FigureItem | None = None
        self.changes: list[ChangeItem] = []
        self.opened: tuple[str, bytes] | None = None
        self.documents: list[DocumentItem] | None = None
        self.gone = ""

    def show_card(self, card: CardItem) -> None:
        self.card = card

    def show_timeline(
        self, months: Sequence[MonthCount], events: Sequence[MonthItems], note: str
    ) -> None:
        self.months, self.events, self.note = list(months), list(events), note

    def put_month(self, events: MonthItems) -> None:
        self.month = events

    def put_skus(self, items: Sequence[HeatItem]) -> None:
        self.skus = list(items)

    def show_figure(self, item: FigureItem) -> None:
        self.figure = item

    def show_purchases(self, item: FigureItem, rows: Sequence[PurchaseItem]) -> None:
        self.bought = (item, list(rows))

    def show_changes(self, title: str, rows: Sequence[ChangeItem]) -> None:
        self.changes = list(rows)

    def show_tasks(self, rows: Sequence[TextRow]) -> None:
        self.tasks = list(rows)

    def show_sites(self, rows: Sequence[TextRow]) -> None:
        self.sites = list(rows)

    def show_person(self, contact_id: int | None, person: Person, today: str) -> None:
        self.person = (contact_id, person, today)

    def show_form(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        self.form = (title, list(fields))

    def close_form(self) -> None:
        self.form_closed = True

    def say_wrong(self, field: str, words: str) -> None:
        self.wrong = (field, words)

    def open_file(self, name: str, data: bytes) -> None:
        self.opened = (name, data)

    def show_documents(self, rows: Sequence[DocumentItem]) -> None:
        self.documents = list(rows)

    def show_search(self, text: str) -> None:
        self.searched = text

    def show_gone(self, message: str, hint: str) -> None:
        self.gone = f"{message} {hint}"


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView, busiest: int
) -> CustomerPresenter:
    made = CustomerPresenter(PlaceContext(demo, direct_runner, desk), view, view)
    made.start()
    made.show(busiest)
    return made


# -------------------------------------------------------------------------------- presenter


def test_the_card_in_words(presenter: CustomerPresenter, view: FakeView) -> None:
    card = view.card
    assert card is not None
    assert card.badges[0].text == "Active"
    labels = [fact.label for fact in card.facts]
    assert labels[:4] == ["Next visit", "Due", "Contribution, 12 m", "Lifetime value"]
    assert card.skus[0].sentence.startswith(("Buys every", "New"))
    assert len(card.skus) == min(len(card.sku_keys), 32)
    assert card.months[0].month >= card.months[-1].month
    assert card.events[0].month == card.months[0].month
    assert "since" in card.timeline_note
    assert card.contacts


def test_filter_and_search_show_other_months(
    presenter: CustomerPresenter, view: FakeView, busiest: int
) -> None:
    presenter.choose_group(EventGroup.ORDERS)
    orders = timeline_months(presenter.workspace, busiest, EventGroup.ORDERS)
    assert [m.count for m in view.months] == [count for _month, count in orders.months]
    presenter.read_month(view.months[0].month)
    assert view.month is not None
    assert {event.kind for event in view.month.events} <= {
        "order", "sale", "quote", "return", "sample", "follow_up", "alteration", "stage",
    }  # fmt: skip
    presenter.search("zzzzzz")
    assert (view.months, view.note) == ([], "0 found")


def test_more_skus_and_purchases_are_read_when_asked_for(
    presenter: CustomerPresenter, view: FakeView
) -> None:
    card = view.card
    assert card is not None
    presenter.read_skus(card.sku_keys[:2])
    assert [item.key for item in view.skus] == list(card.sku_keys[:2])
    presenter.details.open_purchases(card.sku_keys[0], card.skus[0].name)
    assert view.bought is not None
    item, rows = view.bought
    assert item.name == card.skus[0].name
    assert rows
    assert "purchases since" in item.value
    assert [one.what for one in item.sums] == ["Total", "Gross margin"]
    assert "Last price" in item.formula
    presenter.details.open_documents()
    assert view.documents is not None


def test_a_visit_an_order_and_a_call_start_from_the_card(
    presenter: CustomerPresenter, view: FakeView, desk: FakeDesk
) -> None:
    presenter.start_visit()
    assert desk.toasts == ["Visit started. Today ends it."]
    assert view.card is not None
    assert view.card.running_visit_id is not None
    presenter.start_visit()
    assert desk.went[-1][0] == "order"
    with presenter.workspace.database.read() as connection:
        linked = connection.exec_driver_sql(
            "SELECT visit_id FROM sales_order WHERE id = ?", (desk.went[-1][1]["order"],)
        ).scalar_one()
    assert linked == view.card.running_visit_id


def test_a_logged_call_can_be_taken_back(
    presenter: CustomerPresenter, view: FakeView, desk: FakeDesk, busiest: int
) -> None:
    before = timeline_months(presenter.workspace, busiest, EventGroup.VISITS).total
    presenter.log_call()
    assert timeline_months(presenter.workspace, busiest, EventGroup.VISITS).total == before + 1
    assert desk.toasts == ["Call logged."]
    assert desk.undo is not None
    desk.undo()
    assert timeline_months(presenter.workspace, busiest, EventGroup.VISITS).total == before


def test_changes_of_this_customer_are_read_again(
    presenter: CustomerPresenter, view: FakeView, busiest: int
) -> None:
    card = view.card
    assert card is not None
    visits.add_note(presenter.workspace, busiest, "Prefers mornings")
    view.card = None
    presenter.on_changes(ChangeSet.of("setting", [1]))
    assert view.card is None
    presenter.on_changes(ChangeSet.of("note", [1]))
    changed: CardItem | None = view.card
    assert changed is not None
    assert "Prefers mornings" in [e.title for m in changed.events for e in m.events]


def test_a_customer_that_left_says_so(presenter: CustomerPresenter, view: FakeView) -> None:
    presenter.show(10**6)
    assert "no longer on this laptop" in view.gone


# ------------------------------------------------------------------------------------ place


@pytest.fixture
def place(
    qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk, busiest: int
) -> Iterator[CustomerPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    made.show_target({"account": busiest})
    qtbot.waitUntil(lambda: made.matrix.table.heat.rowCount() > 0 and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


def test_the_tables_of_the_card_keep_qts_rules(
    qtmodeltester: ModelTester, demo: Workspace, qapp: QApplication
) -> None:
    bought = PurchaseItem(1, TODAY, "24 Nov", "F-1", "3 cases", "36", "0.84", "30.24", "", False)
    for model in (
        purchases_model("EUR", qapp), people_model(qapp), documents_model(qapp),
    ):  # fmt: skip
        qtmodeltester.check(model)
    model = purchases_model("EUR", qapp)
    model.set_keys([1], {1: bought})
    qtmodeltester.check(model)
    assert model.index(0, 2).data() == "3 cases"


def test_the_selected_sku_speaks_and_enter_opens_its_purchases(
    qtbot: QtBot, place: CustomerPlace
) -> None:
    table = place.matrix.table
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    item = table.selected()
    assert item is not None
    assert item.sentence in place.matrix._sentence.text()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: place.pages.details.table is not None and place.pages.details.isVisible()
    )
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    assert not place.pages.details.isVisible()


def test_slash_searches_the_timeline_and_escape_leaves(
    qtbot: QtBot, place: CustomerPlace, desk: FakeDesk
) -> None:
    qtbot.keyClick(place.matrix.table, Qt.Key.Key_Slash)
    field = place.history.search
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClicks(field, "zzzzzz")
    qtbot.waitUntil(lambda: place.history.list.events.rowCount() == 0)
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: place.history.list.events.rowCount() > 0)
    assert desk.backs == 0 or not field.isVisible()


def test_what_sync_brings_does_not_move_the_timeline(
    qtbot: QtBot, place: CustomerPlace, demo: Workspace, runner: Runner, busiest: int
) -> None:
    events = place.history.list
    events.show_month(events.events.months.months[4].month)
    qtbot.waitUntil(lambda: runner.running == 0)
    shown, row = events.top_month(), events.currentIndex().row()
    place.presenter.on_changes(
        visits.log_contact(demo, busiest + 1, VisitMode.CALL, VisitOutcome.INFORMATION)
    )
    qtbot.waitUntil(lambda: runner.running == 0)
    assert (events.top_month(), events.currentIndex().row()) == (shown, row)
    item = events.selected()
    assert item is not None


def test_keys_of_the_card_start_things(qtbot: QtBot, place: CustomerPlace, desk: FakeDesk) -> None:
    qtbot.keyClick(place.matrix.table, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: desk.toasts == ["Call logged."])
    qtbot.keyClick(place.matrix.table, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: bool(desk.went) and desk.went[-1][0] == "order")
    qtbot.keyClick(place.matrix.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "Visit started. Today ends it." in desk.toasts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_card_is_painted_in_both_schemes(
    qapp: QApplication, place: CustomerPlace, scheme: str
) -> None:
    theme.apply(qapp, scheme, scale=1.25)
    image = place.grab().toImage()
    colours = {
        image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)
    }
    assert theme.color("surface").rgb() in colours
    assert theme.color("heat2").rgb() in colours
    assert len(colours) > 20


def test_a_customer_without_sales_has_empty_states(
    demo: Workspace, place: CustomerPlace, qtbot: QtBot, runner: Runner
) -> None:
    account_id, _changes = accounts.create_account(demo, {"name": "Fruites Noves"})
    place.show_target({"account": account_id})
    qtbot.waitUntil(lambda: place._shown == account_id and runner.running == 0)
    assert not place.matrix.table.isVisible()
    assert not place.history.list.isVisible()
    assert place.pages.both.waterfall.part_count() == 0
    value = customer_card(demo, account_id).value
    assert value.break_even.value is None
    assert value.contribution_prior_minor is None
