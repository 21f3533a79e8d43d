"""The customer card: its queries on the demo company, the words, the presenter, the place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sqlalchemy import event
from sqlalchemy.engine import Engine

from crmdesk.analytics.value import Step
from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.gui import theme
from crmdesk.gui.customer_words import opening_now
from crmdesk.gui.event_words import event_item
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sku_words import next_due
from crmdesk.gui.views.customer.model import documents_model, people_model, purchases_model
from crmdesk.gui.views.customer.presenter import CustomerPresenter
from crmdesk.gui.views.customer.widget import CustomerPlace, build
from crmdesk.gui.views.customer.words import (
    CardItem,
    DocumentItem,
    MonthItems,
    PurchaseItem,
    waterfall_steps,
)
from crmdesk.gui.widgets.items import HeatItem, MonthCount, Tone
from crmdesk.services import accounts, visits
from crmdesk.services.queries.customer import customer_card, find_customer
from crmdesk.services.queries.customer_matrix import SkuRow, purchases, sku_rows
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    EventRow,
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
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.stage import on_stage

TODAY = date(2026, 11, 24)


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


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.card: CardItem | None = None
        self.months: list[MonthCount] = []
        self.events: list[MonthItems] = []
        self.note = ""
        self.month: MonthItems | None = None
        self.skus: list[HeatItem] = []
        self.bought: tuple[str, str, list[PurchaseItem]] | None = None
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

    def show_purchases(self, title: str, note: str, rows: Sequence[PurchaseItem]) -> None:
        self.bought = (title, note, list(rows))

    def show_documents(self, rows: Sequence[DocumentItem]) -> None:
        self.documents = list(rows)

    def show_gone(self, message: str, hint: str) -> None:
        self.gone = f"{message} {hint}"


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView, busiest: int
) -> CustomerPresenter:
    made = CustomerPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    made.show(busiest)
    return made


# ---------------------------------------------------------------------------------- queries


def test_the_card_is_one_read_of_a_fixed_number_of_statements(demo: Workspace) -> None:
    keys = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)
    numbers = set()
    for key in (keys[0], keys[len(keys) // 2]):
        with counted() as seen:
            customer_card(demo, key)
        numbers.add(len(seen))
    assert max(numbers) <= 32, "the card must not read row by row"
    assert max(numbers) - min(numbers) <= 1


def test_months_add_up_to_the_events_of_each_filter(demo: Workspace, busiest: int) -> None:
    whole = timeline_months(demo, busiest)
    parts = [timeline_months(demo, busiest, group).total for group in EventGroup]
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


# ------------------------------------------------------------------------------------ words


def _at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


SHOP = [[[540, 840], [1050, 1230]]] * 5 + [[[540, 840]], []]


@pytest.mark.parametrize(
    ("now", "is_open", "words"),
    [
        (_at(9, 52), True, "Open now until 14:00"),
        (_at(8), False, "Opens 09:00"),
        (_at(15), False, "Opens 17:30"),
        (_at(22), False, "Closed, opens tomorrow 09:00"),
        (_at(15, day=28), False, "Closed, opens Mon 09:00"),
    ],
)
def test_opening_hours_are_said_for_the_moment(now: datetime, is_open: bool, words: str) -> None:
    opening = opening_now(SHOP, now)
    assert (opening.is_open, opening.text) == (is_open, words)


def test_unknown_and_empty_hours_are_said_as_such() -> None:
    assert opening_now(None, _at(9)).text == "Opening hours unknown"
    assert opening_now([[], [], [], [], [], [], []], _at(9)).text == "Closed all week"


@pytest.mark.parametrize(
    ("row", "title", "detail", "value", "tone"),
    [
        (
            EventRow("order", 1, TODAY, "M07-00398", "", "accepted", 24_310, 9_200, 6),
            "Order M07-00398", "6 lines · margin €92", "€243.10", Tone.PLAIN,
        ),
        (
            EventRow("order", 1, TODAY, "M07-00399", "", "rejected", 100, 50, 1),
            "Order M07-00399", "1 line · margin €0 · rejected", "€1.00", Tone.DANGER,
        ),
        (
            EventRow("sale", 1, TODAY, "R1", "", "return", -3_120, None, 1),
            "Return R1", "1 line", "−€31.20", Tone.DANGER,
        ),
        (
            EventRow("visit", 1, TODAY, "person", "Enough stock", "no_order", number=14),
            "Visit, no order", "Enough stock · 14 min", "", Tone.PLAIN,
        ),
        (
            EventRow("visit", 1, TODAY, "call", "", "information", number=4),
            "Call, information", "4 min", "", Tone.PLAIN,
        ),
        (
            EventRow("ticket", 1, TODAY, "T-2291", "4 dented tins", "open"),
            "Ticket T-2291, 4 dented tins", "", "open", Tone.WARNING,
        ),
        (
            EventRow("score", 1, TODAY, "nps", "She calls", "", number=9),
            "Satisfaction 9", "“She calls”", "NPS 9", Tone.GOOD,
        ),
        (
            EventRow("payment", 1, TODAY, "F-26/1043", "", "", 23_175, number=12),
            "Paid F-26/1043", "12 days late", "€231.75", Tone.PLAIN,
        ),
        (
            EventRow("invoice", 1, TODAY, "F-1", "", "open", 21_460, due_on=date(2026, 11, 18)),
            "Invoice F-1, open", "6 days late", "€214.60", Tone.DANGER,
        ),
        (
            EventRow("promise", 1, TODAY, "a sample", "", "promise", due_on=TODAY),
            "Promise: a sample", "Open · for 24 Nov", "", Tone.PLAIN,
        ),
        (
            EventRow("promise", 1, TODAY, "a sample", "", "promise", due_on=date(2026, 11, 2)),
            "Promise: a sample", "Open · for 2 Nov", "late", Tone.DANGER,
        ),
        (
            EventRow("note", 1, TODAY, "Asked for boxes\nfor Christmas"),
            "Asked for boxes", "for Christmas", "", Tone.PLAIN,
        ),
        (EventRow("other", 1, TODAY, "something"), "something", "", "", Tone.PLAIN),
    ],
)  # fmt: skip
def test_events_in_words(row: EventRow, title: str, detail: str, value: str, tone: Tone) -> None:
    item = event_item(row, "EUR", TODAY)
    assert (item.title, item.detail, item.value, item.tone) == (title, detail, value, tone)


def _sku(state: str, **changes: Any) -> SkuRow:
    values: dict[str, Any] = {
        "product_id": 1, "name": "Lejía", "sku": "L2", "units": (0,) * 24, "state": state,
        "times": 12, "gap_days": 21.0, "last_on": date(2026, 10, 27), "due_on": date(2026, 12, 1),
        "p_14": 0.68, "usual_quantity": 36, "packaging_id": 1, "unit": "CS", "factor": 12,
        "packs": 3, "expected_net_minor": 0, "expected_margin_minor": 0, "net_minor": 0,
    }  # fmt: skip
    return SkuRow(**(values | changes))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (_sku("overdue"), ("17 Nov", Tone.DANGER, "warning")),
        (_sku("due"), ("1 Dec", Tone.ACCENT, "")),
        (_sku("due", due_on=date(2026, 11, 20)), ("today", Tone.ACCENT, "")),
        (_sku("at_risk"), ("at risk", Tone.WARNING, "")),
        (_sku("lapsed"), ("lapsed", Tone.MUTED, "")),
        (_sku("fine", due_on=None), ("–", Tone.MUTED, "")),
    ],
)
def test_when_a_sku_is_next_due(row: SkuRow, said: tuple[str, Tone, str]) -> None:
    assert next_due(row, TODAY) == said


def test_the_value_chart_joins_handling_and_leaves_out_what_is_nil(
    demo: Workspace, busiest: int
) -> None:
    waterfall = customer_card(demo, busiest).value.waterfall
    steps = waterfall_steps(waterfall, "EUR")
    assert [steps[0].key, steps[-1].key] == ["revenue", "contribution"]
    assert steps[0].total
    assert steps[-1].total
    assert steps[0].amount_minor + sum(s.amount_minor for s in steps[1:-1]) == (
        steps[-1].amount_minor
    )
    assert "tickets" not in [step.key for step in steps]


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
        "order", "sale", "quote", "return", "sample",
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
    presenter.open_purchases(card.sku_keys[0], card.skus[0].name)
    assert view.bought is not None
    title, note, rows = view.bought
    assert title == card.skus[0].name
    assert rows
    assert "purchases since" in note
    presenter.open_documents()
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
    qtbot.waitUntil(lambda: place.details.table is not None and place.details.isVisible())
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    assert not place.details.isVisible()


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
    assert place.waterfall.part_count() == 0
    value = customer_card(demo, account_id).value
    assert value.break_even.value is None
    assert value.contribution_prior_minor is None
