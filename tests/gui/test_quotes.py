"""Quotes on the screen: the queue, the entry, and a quote from nothing to its order by keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.states import Role
from crmdesk.gui.dates import typed_day
from crmdesk.gui.discounts import read_discount
from crmdesk.gui.jobs import Runner
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.quote_answers import FOLLOW, LOST, WON, Answer, AnswerItem
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.quote.model import QuoteLinesModel
from crmdesk.gui.views.quote.presenter import QuotePresenter
from crmdesk.gui.views.quote.words import SheetItem
from crmdesk.gui.views.quotes.model import QuotesModel
from crmdesk.gui.views.quotes.presenter import QuotesPresenter
from crmdesk.gui.widgets.items import Pair
from crmdesk.services import quotes
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.order import FoundProduct
from crmdesk.services.queries.quote import quote_sheet
from crmdesk.services.queries.quotes import (
    QuoteFilter,
    QuoteGroup,
    QuoteRow,
    quote_counts,
    quote_keys,
    quote_rows,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk


class ListFake:
    """Keeps what the list was told to show."""

    def __init__(self) -> None:
        self.chips: list[ChipItem] = []
        self.heading = ""
        self.keys: list[int] = []
        self.rows: dict[int, QuoteRow] = {}
        self.empty = ("", "")
        self.offered: list[CustomerRow] = []
        self.figures: tuple[Sequence[Pair], ...] = ()
        self.asked: AnswerItem | None = None
        self.about = ""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.chips = list(chips)

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, QuoteRow]) -> None:
        self.keys, self.rows = list(keys), dict(rows)

    def put_rows(self, rows: Mapping[int, QuoteRow]) -> None:
        self.rows.update(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        self.offered = list(rows)

    def show_figures(
        self, queue: Sequence[Pair], worth: Sequence[Pair], lost: Sequence[Pair]
    ) -> None:
        self.figures = (queue, worth, lost)

    def ask(self, item: AnswerItem) -> None:
        self.asked = item

    def put_answer_away(self) -> None:
        self.asked = None

    def show_about(self, sentence: str) -> None:
        self.about = sentence


class EntryFake:
    """Keeps what the entry was told to show."""

    def __init__(self) -> None:
        self.sheet: SheetItem | None = None
        self.found: list[FoundProduct] = []
        self.asked: AnswerItem | None = None
        self.gone = ""

    def show_sheet(self, sheet: SheetItem) -> None:
        self.sheet = sheet

    def show_saving(self, *, saved: bool) -> None:
        pass

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        self.found = list(found)

    def select_line(self, product_id: int) -> None:
        pass

    def ask(self, item: AnswerItem) -> None:
        self.asked = item

    def put_answer_away(self) -> None:
        self.asked = None

    def show_gone(self, message: str, hint: str) -> None:
        self.gone = message


@pytest.fixture
def queue(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> tuple[QuotesPresenter, ListFake]:
    view = ListFake()
    made = QuotesPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    return made, view


def products(ws: Workspace, count: int = 5) -> list[tuple[int, str]]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT p.id, p.sku FROM price_rule r JOIN product p ON p.id = r.product_id"
            " WHERE r.price_e4 > 0 AND p.status = 'active' ORDER BY p.id LIMIT ?",
            (count,),
        )
        return [(int(key), str(sku)) for key, sku in rows]


@pytest.fixture
def draft(demo: Workspace) -> int:
    quote = quotes.start_quote(demo, 1, title="Terrace").quote_id
    for key, _sku in products(demo, 3):
        quotes.set_line(demo, quote, LineInput(key, None, 12))
    return quote


@pytest.fixture
def entry(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, draft: int
) -> tuple[QuotePresenter, EntryFake]:
    view = EntryFake()
    made = QuotePresenter(PlaceContext(demo, direct_runner, desk), view)
    made.show(draft)
    return made, view


def sheet_of(view: EntryFake) -> SheetItem:
    assert view.sheet is not None
    return view.sheet


# -------------------------------------------------------------------------------------- queue


def test_the_queue_opens_with_what_waits_today(
    queue: tuple[QuotesPresenter, ListFake], demo: Workspace
) -> None:
    _presenter, view = queue
    counts = quote_counts(demo)
    assert len(view.keys) == counts.groups[QuoteGroup.QUEUE] > 0
    assert str(counts.groups[QuoteGroup.QUEUE]) in view.heading
    assert [pair.value for pair in view.figures[0]] == [str(n) for n in counts.queue.values()]
    # A rep is not compared with others.
    assert len(view.figures[2]) == 4


def test_a_follow_up_leaves_the_queue_only_with_a_next_date(
    queue: tuple[QuotesPresenter, ListFake], desk: FakeDesk, demo: Workspace
) -> None:
    presenter, view = queue
    quote = view.keys[0]
    presenter.ask(FOLLOW, quote)
    item = view.asked
    assert item is not None and item.day and item.result == "thinking" and item.mode == "call"
    presenter.answer(Answer(FOLLOW, quote, "thinking", "call", "", "someday"))
    assert isinstance(desk.failures[-1], FieldError)
    assert view.asked is item
    presenter.answer(Answer(FOLLOW, quote, "interested", "visit", "likes it", "+3"))
    assert view.asked is None
    presenter.on_changes(ChangeSet.of("quote", [quote]))
    assert quote not in view.keys
    row = quote_rows(demo, [quote])[quote]
    assert row.next_follow_up == demo.today() + timedelta(days=3)
    assert row.last_result == "interested"


def test_a_lost_quote_needs_its_reason_and_can_be_taken_back(
    queue: tuple[QuotesPresenter, ListFake], desk: FakeDesk, demo: Workspace
) -> None:
    presenter, view = queue
    quote = view.keys[0]
    presenter.ask(LOST, quote)
    item = view.asked
    assert item is not None and len(item.results) >= 3
    presenter.answer(Answer(LOST, quote, "", "", "", ""))
    assert "why" in str(desk.failures[-1])
    presenter.answer(Answer(LOST, quote, item.results[1][0], "", "Makro", ""))
    assert quote_rows(demo, [quote])[quote].reason == item.results[1][1]
    assert desk.undo is not None
    desk.undo()
    assert quote_rows(demo, [quote])[quote].status == "sent"


def test_a_call_can_be_planned_for_the_day_of_the_follow_up(
    queue: tuple[QuotesPresenter, ListFake], desk: FakeDesk, demo: Workspace
) -> None:
    presenter, view = queue
    row = view.rows[view.keys[-1]]

    def calls() -> list[tuple[Any, ...]]:
        with demo.database.read() as connection:
            found = connection.exec_driver_sql(
                "SELECT date FROM planned_visit WHERE account_id = ? AND mode = 'call'"
                " AND status = 'planned'", (row.account_id,)
            )  # fmt: skip
            return [tuple(one) for one in found]

    before = calls()
    presenter.plan_call(row.id)
    assert sorted(calls()) == sorted([*before, (demo.today().isoformat(),)])
    assert desk.undo is not None
    desk.undo()
    assert calls() == before


def test_managers_see_whose_quotes_were_lost_without_a_call(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    view = ListFake()
    manager = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    QuotesPresenter(PlaceContext(manager, direct_runner, desk), view).start()
    lost = view.figures[2]
    assert len(lost) > 4
    assert sum(int(pair.note.partition("/")[2]) for pair in lost[4:]) == int(lost[0].value)


def test_what_does_not_wait_is_not_asked_about(
    queue: tuple[QuotesPresenter, ListFake], desk: FakeDesk, demo: Workspace
) -> None:
    presenter, view = queue
    won = quote_keys(demo, QuoteFilter(group=QuoteGroup.WON))[0]
    presenter.ask(WON, won)
    assert view.asked is None and "waits" in desk.toasts[-1]


def test_empty_filters_teach_the_first_step(queue: tuple[QuotesPresenter, ListFake]) -> None:
    presenter, view = queue
    presenter.choose_group("drafts")
    assert view.empty[0]
    presenter.choose_group("all")
    presenter.search("zzzzzz")
    assert "zzzzzz" in view.empty[0]


# -------------------------------------------------------------------------------------- entry


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("5 opening order", (500, "opening order")), ("7,5% fair", (750, "fair")),
        ("12.25 x", (1_225, "x")), ("", (0, "")), ("5", (500, "")), ("none", None), ("-3 x", None),
    ],
)  # fmt: skip
def test_a_discount_is_typed_with_its_reason(typed: str, meant: Any) -> None:
    assert read_discount(typed) == meant


def test_lines_discounts_and_terms_are_saved_and_taken_back(
    entry: tuple[QuotePresenter, EntryFake], desk: FakeDesk, demo: Workspace, draft: int
) -> None:
    presenter, view = entry
    before = quote_sheet(demo, draft)
    product = before.lines[0].product_id
    presenter.set_packs(product, "30")
    presenter.set_discount(product, "5 opening order")
    presenter.set_term("title", "Winter")
    presenter.set_term("valid_until", "+60")
    shown = sheet_of(view)
    assert shown.lines[0].packs == "30" and shown.lines[0].typed == "5 opening order"
    assert shown.title == "Winter"
    assert shown.valid_until == typed_day(demo.today() + timedelta(days=60))
    presenter.set_discount(product, "95 too much")
    assert "up to" in str(desk.failures[-1])
    presenter.set_term("valid_until", "whenever")
    assert "no day" in str(desk.failures[-1])
    while presenter.can_undo:
        presenter.undo()
    after = quote_sheet(demo, draft)
    assert (after.lines, after.row.title, after.row.valid_until) == (
        before.lines, before.row.title, before.row.valid_until,
    )  # fmt: skip


def test_goods_by_weight_are_quoted_by_the_gram(
    entry: tuple[QuotePresenter, EntryFake], desk: FakeDesk, demo: Workspace, draft: int
) -> None:
    presenter, _view = entry
    with demo.database.read() as connection:
        product, pack = connection.exec_driver_sql(
            "SELECT p.id, min(k.id) FROM product p LEFT JOIN packaging k ON k.product_id = p.id"
            " WHERE lower(p.base_unit) = 'g' AND p.status = 'active' GROUP BY p.id LIMIT 1"
        ).one()
    quotes.set_line(demo, draft, LineInput(product, pack, 2))
    presenter.show(draft)

    def line() -> Any:
        return next(x for x in quote_sheet(demo, draft).lines if x.product_id == product)

    before = line()
    presenter.set_packs(product, "3 = 1,235 kg")
    assert (line().packs, line().base_quantity, line().weighed_quantity) == (3, 1_235, 1_235)
    presenter.set_packs(product, "1,25 kg")
    assert (line().packs, line().base_quantity) == (3, 1_250)
    assert 0 < line().net_minor != before.net_minor
    presenter.set_packs(product, "2 litres")
    assert "is no amount of" in str(desk.failures[-1])
    presenter.undo()
    assert line().base_quantity == 1_235
    presenter.undo()
    assert line() == before
    # Of what is sold by the piece nothing but whole packs is taken.
    other = next(x for x in quote_sheet(demo, draft).lines if x.base_unit == "EA")
    presenter.set_packs(other.product_id, "1,25 kg")
    assert other in quote_sheet(demo, draft).lines


def test_a_sent_quote_shows_what_can_be_done_with_it(
    entry: tuple[QuotePresenter, EntryFake], desk: FakeDesk, demo: Workspace
) -> None:
    presenter, view = entry
    assert sheet_of(view).is_draft and not sheet_of(view).waits
    presenter.send()
    shown = sheet_of(view)
    assert shown.waits and shown.can_revise and shown.can_call_back and not shown.can_reopen
    presenter.set_packs(shown.lines[0].product_id, "3")
    assert sheet_of(view).lines == shown.lines
    presenter.revise()
    (place, args) = desk.went[-1]
    assert place == "quote"
    presenter.show(int(str(args["quote"])))
    presenter.set_packs(sheet_of(view).lines[0].product_id, "3")
    assert sheet_of(view).changes and sheet_of(view).changes_title == "Changed since version 1"
    assert [badge.text for badge in sheet_of(view).badges] == ["Draft", "version 2"]


def test_a_quote_that_is_gone_says_so(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    view = EntryFake()
    QuotePresenter(PlaceContext(demo, direct_runner, desk), view).show(10**6)
    assert "no longer here" in view.gone


def test_models_keep_the_rules_of_qt(demo: Workspace, qtmodeltester: ModelTester) -> None:
    model = QuotesModel(demo.today, "EUR")
    keys = quote_keys(demo, QuoteFilter(group=QuoteGroup.ALL))
    model.set_keys(keys, quote_rows(demo, keys))
    qtmodeltester.check(model)
    qtmodeltester.check(QuoteLinesModel("EUR"))


# ----------------------------------------------------------------------------- the real window


class Hands:
    """Presses keys on what has the focus, counts them, and waits for what they set off."""

    def __init__(self, qtbot: QtBot, runner: Runner) -> None:
        self.count = 0
        self._qtbot, self._runner = qtbot, runner

    def press(self, *presses: str | Qt.Key, control: bool = False) -> None:
        held = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
        for one in presses:
            # Qt takes characters too, its annotations do not.
            keys: tuple[Any, ...] = tuple(one) if isinstance(one, str) else (one,)
            for key in keys:
                self.count += 1
                focus = QApplication.focusWidget()
                assert focus is not None
                QTest.keyClick(focus, key, held)
                QTest.qWait(1)
            self.rest()

    def rest(self) -> None:
        QTest.qWait(80)  # a field waits for a pause in typing before it searches
        self._qtbot.waitUntil(lambda: self._runner.running == 0, timeout=10_000)
        QTest.qWait(5)


def test_a_quote_of_five_lines_sent_followed_up_and_ordered_without_a_mouse(
    window: MainWindow, runner: Runner, demo: Workspace, qtbot: QtBot
) -> None:
    """From the list to the submitted order; typing names and quantities is counted, too."""
    hands = Hands(qtbot, runner)
    window.go("quotes")
    hands.rest()
    hands.press("n", "perla", Qt.Key.Key_Return)
    entry = window.place("quote")
    quote_id = entry.presenter.sheet.row.id
    assert entry.presenter.sheet.row.customer == "Ultramarinos La Perla"
    for _key, sku in products(demo):
        hands.press("a", sku, Qt.Key.Key_Return, "24", Qt.Key.Key_Return)
    typed_skus = sum(len(sku) for _key, sku in products(demo))
    assert [line.packs for line in quote_sheet(demo, quote_id).lines] == [24] * 5
    hands.press("d", "5 fair", Qt.Key.Key_Return)
    assert quote_sheet(demo, quote_id).lines[-1].why == "fair"
    hands.press(Qt.Key.Key_Return, control=True)
    assert quote_sheet(demo, quote_id).waits
    hands.press("f", "1", Qt.Key.Key_Return)
    sheet = quote_sheet(demo, quote_id)
    assert [(f.mode, f.result) for f in sheet.follow_ups] == [("call", "interested")]
    hands.press("o")
    order = window.place("order").presenter.sheet
    assert order.net_minor == sheet.row.net_minor
    assert {line.reason for line in order.lines} == {f"Agreed in quote {sheet.row.number}"}
    hands.press(Qt.Key.Key_Return, control=True)
    done = quote_sheet(demo, quote_id)
    assert (done.row.status, done.order_number) == ("won", order.number)
    # 5 lines: one key to add, one to take, two digits and Enter each; the rest is 21 keys.
    assert hands.count - typed_skus <= 5 * 5 + 25, hands.count


def test_the_queue_is_worked_off_by_keys(
    window: MainWindow, runner: Runner, demo: Workspace, qtbot: QtBot
) -> None:
    hands = Hands(qtbot, runner)
    window.go("quotes")
    hands.rest()
    place = window.place("quotes")
    place.table.setFocus()
    first = place.table.current_key()
    before = len(place.model.shown_keys())
    hands.press("f", "4", "m", "n", "no answer", Qt.Key.Key_Return)
    rows = quote_rows(demo, [first])
    assert (rows[first].last_result, rows[first].follow_ups > 0) == ("unreached", True)
    assert len(place.model.shown_keys()) == before - 1
    assert place.table.hasFocus()
    second = place.table.current_key()
    hands.press("l", "2", Qt.Key.Key_Return)
    assert quote_rows(demo, [second])[second].status == "lost"
    hands.press("z", control=True)
    assert quote_rows(demo, [second])[second].status == "sent"
    hands.press("f", Qt.Key.Key_Escape)
    assert not place.bar.isVisible() and place.table.hasFocus()


def test_the_bar_keeps_what_was_typed_when_the_day_is_wrong(
    window: MainWindow, runner: Runner, demo: Workspace, qtbot: QtBot
) -> None:
    hands = Hands(qtbot, runner)
    window.go("quotes")
    hands.rest()
    place = window.place("quotes")
    place.table.setFocus()
    hands.press("f", "n", "calls back")
    place.bar.day.setFocus()
    place.bar.day.setText("")
    hands.press("never", Qt.Key.Key_Return)
    assert place.bar.isVisible()
    assert place.bar.note.text() == "calls back"
