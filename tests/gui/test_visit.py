"""The visit sheet: its presenter with fakes, and a whole visit on the real window by keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QImage, QImageWriter
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import UserError
from crmdesk.domain.states import VisitMode
from crmdesk.gui.jobs import Runner
from crmdesk.gui.photos import SIDE, compressed
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.visit.presenter import Typed, VisitPresenter
from crmdesk.gui.views.visit.widget import questions_model
from crmdesk.gui.views.visit.words import SheetItem, read_step
from crmdesk.services import settings
from crmdesk.services.queries.order import FoundProduct
from crmdesk.services.queries.today import ReasonRow
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.hands import CTRL, Keyboard, ask

MOST_STROKES = 12
QUESTIONS = [
    "Offer one new product",
    {"key": "fridge", "kind": "survey", "name": "Is the fridge ours?", "answer": "yes_no",
     "mandatory": True},
    {"key": "day", "kind": "survey", "name": "Which day?", "answer": "choice",
     "choices": ["Monday", "Friday"], "mandatory": True},
]  # fmt: skip


@dataclass
class FakeView:
    """What the presenter said."""

    items: list[SheetItem] = field(default_factory=list)
    typed: Typed = field(default_factory=Typed)
    found: Sequence[FoundProduct] = ()
    asked: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def show_sheet(self, item: SheetItem) -> None:
        self.items.append(item)

    def show_typed(self, typed: Typed) -> None:
        self.typed = typed

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        self.found = found

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        self.asked.append(name)

    def show_missing(self, key: str) -> None:
        self.missing.append(key)

    def show_gone(self, message: str, hint: str) -> None:
        self.gone.append(message)


def ask_questions(ws: Workspace, questions: Sequence[object]) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE attention_model SET objectives = ?", (json.dumps(questions),)
        )


@pytest.fixture
def account(demo: Workspace) -> int:
    ask_questions(demo, QUESTIONS)
    return int(ask(demo, "SELECT min(id) FROM account WHERE class = 'A'")[0][0])


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> VisitPresenter:
    return VisitPresenter(PlaceContext(demo, direct_runner, desk), view, lambda data: data)


def test_a_call_from_any_customer_is_logged_without_being_started(
    presenter: VisitPresenter, view: FakeView, desk: FakeDesk, demo: Workspace, account: int
) -> None:
    presenter.show(account, VisitMode.CALL)
    presenter.type(note="Wants the list", step="Send the list +2")
    presenter.ask_end()
    presenter.end("information", None)
    row = ask(
        demo, "SELECT mode, outcome, note, off_plan, next_step, julianday(next_step_on)"
        " - julianday(date) FROM visit WHERE account_id = ? ORDER BY id DESC LIMIT 1", account,
    )[0]  # fmt: skip
    assert row == ("call", "information", "Wants the list", 1, "Send the list", 2.0)
    assert desk.backs == 1
    assert view.typed == Typed()


def test_what_is_missing_keeps_the_visit_open_and_loses_nothing(
    presenter: VisitPresenter, view: FakeView, direct_runner: DirectRunner, desk: FakeDesk,
    account: int,
) -> None:  # fmt: skip
    presenter.show(account)
    presenter.begin()
    presenter.type(note="Long talk")
    presenter.end("no_order", None)
    assert [type(error) for error in desk.failures] == [UserError]
    assert view.missing[-1] == "fridge"
    assert desk.backs == 0
    presenter.answer("fridge", "1")
    presenter.answer("day", "2")
    states = {row.key: row.state.text for row in view.items[-1].questions}
    assert states == {"offer one new product": "open", "fridge": "answered", "day": "answered"}
    presenter.end("no_order", None)
    assert desk.backs == 1


def test_before_a_visit_nothing_is_answered(
    presenter: VisitPresenter, desk: FakeDesk, demo: Workspace, account: int
) -> None:
    presenter.show(account)
    before = ask(demo, "SELECT count(*) FROM visit_task")
    presenter.answer("fridge", "1")
    presenter.type(promise="Bring it")
    presenter.promise()
    assert len(desk.banners) == 2
    assert ask(demo, "SELECT count(*) FROM visit_task") == before


def test_a_shelf_is_counted_by_number_and_name(
    presenter: VisitPresenter, view: FakeView, demo: Workspace, account: int
) -> None:
    presenter.show(account)
    presenter.begin()
    name = ask(demo, "SELECT name FROM product WHERE status = 'active' LIMIT 1")[0][0]
    presenter.find(f"24 {name}")
    presenter.count(view.found[0])
    assert [(one.value, one.note) for one in view.items[-1].kept] == [("24", "on the shelf")]


def test_who_would_recommend_us_is_asked_in_the_visit(
    presenter: VisitPresenter, view: FakeView, desk: FakeDesk, demo: Workspace, account: int
) -> None:
    presenter.show(account)
    presenter.begin()
    presenter.type(score="11")
    presenter.score()
    assert len(desk.failures) == 1
    presenter.type(score="9")
    presenter.score()
    assert [(one.label, one.value) for one in view.items[-1].kept] == [
        ("Would recommend us", "9 of 10")
    ]
    assert ask(
        demo, "SELECT s.kind, s.score, s.about_kind, v.account_id FROM survey_score s"
        " JOIN visit v ON v.uid = s.about_uid ORDER BY s.id DESC LIMIT 1",
    ) == [("nps", 9, "visit", account)]  # fmt: skip


def test_asking_is_offered_when_it_is_time_and_not_within_the_companys_days(
    presenter: VisitPresenter, view: FakeView, demo: Workspace, account: int
) -> None:
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("DELETE FROM survey_score WHERE account_id = ?", (account,))
    presenter.show(account)
    assert view.items[-1].offer == ""
    presenter.begin()
    assert "Time to ask" in view.items[-1].offer
    presenter.type(score="9")
    presenter.score()
    assert view.items[-1].offer == ""


def test_the_place_is_kept_after_consent_at_the_pin_or_where_it_was_typed(
    presenter: VisitPresenter, view: FakeView, desk: FakeDesk, demo: Workspace, account: int
) -> None:
    place = "SELECT latitude, longitude FROM visit ORDER BY id DESC LIMIT 1"
    pin = ask(demo, "SELECT latitude, longitude FROM account WHERE id = ?", account)
    presenter.show(account)
    presenter.say_here()
    assert "Start the visit" in desk.banners.pop()
    presenter.begin()
    presenter.say_here()
    assert "only with your consent" in desk.banners.pop() and ask(demo, place) == [(None, None)]
    presenter.say_here()
    assert ask(demo, place) == pin and desk.undo is not None
    desk.undo()
    assert ask(demo, place) == [(None, None)]
    presenter.type(here="42.5, north")
    presenter.say_here()
    assert "no position" in str(desk.failures[-1])
    presenter.type(here="42.5063, 1.5218")
    presenter.say_here()
    assert ask(demo, place) == [(42.5063, 1.5218)]
    settings.put(demo, settings.VISIT_LOCATION, 0)
    presenter.say_here()
    assert "only with your consent" in desk.banners.pop()


def test_days_at_the_end_of_a_step_are_read(demo: Workspace) -> None:
    today = demo.today()
    usual = read_step("Call back", today)
    assert usual is not None
    assert (usual.text, (usual.on - today).days) == ("Call back", 7)
    soon = read_step("Call back about 2 pallets +3", today)
    assert soon is not None
    assert (soon.text, (soon.on - today).days) == ("Call back about 2 pallets", 3)
    assert read_step("   ", today) is None
    alone = read_step("+3", today)
    assert alone is not None
    assert alone.text == "+3"


def test_a_photo_is_made_small_and_forgets_where_it_was_taken() -> None:
    image = QImage(4000, 3000, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    image.setText("GPS", "42.5 1.5")
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    made = compressed(bytes(data.data()))
    small = QImage.fromData(made)
    assert max(small.width(), small.height()) == SIDE
    assert small.width() * 3 == small.height() * 4
    assert len(made) < 200_000
    assert b"42.5 1.5" in bytes(data.data()) or image.text("GPS")
    assert b"42.5 1.5" not in made
    with pytest.raises(UserError):
        compressed(b"%PDF-1.7 not a photo")


def test_questions_model_is_sound(qtmodeltester: ModelTester) -> None:
    model = questions_model()
    qtmodeltester.check(model)


# ---------------------------------------------------------------------------- the real window


def _next_stop(window: MainWindow, keyboard: Keyboard) -> int:
    """Today with the next stop in person selected; its customer."""
    window.go("today")
    today = window.place("today")
    keyboard.wait(lambda: today.presenter.selected() is not None)
    today.setFocus()
    stop = today.presenter.selected()
    assert stop.mode == "person"
    return int(stop.account_id)


def _open_credit(demo: Workspace) -> None:
    with demo.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE stock_snapshot SET on_hand = 1000000000")
        run("UPDATE account SET credit_mode = 'soft', minimum_order_minor = 0")


@pytest.mark.parametrize("questions", [[], QUESTIONS], ids=["no questions", "two mandatory"])
def test_a_visit_with_its_order_takes_few_strokes(
    window: MainWindow, demo: Workspace, qtbot: QtBot, runner: Runner, questions: list[object]
) -> None:
    ask_questions(demo, questions)
    _open_credit(demo)
    keyboard = Keyboard(qtbot, runner)
    account = _next_stop(window, keyboard)
    today, visit = window.place("today"), window.place("visit")
    last = ask(demo, "SELECT max(id) FROM visit")[0][0]

    keyboard.press(Qt.Key.Key_Space, Qt.Key.Key_O)
    order = window.place("order")
    keyboard.wait(lambda: window.stack.currentWidget() is order and order.model.rowCount() > 0)
    quantities = keyboard.pressed
    keyboard.press("3", Qt.Key.Key_Down, "2", Qt.Key.Key_Return)
    quantities = keyboard.pressed - quantities
    keyboard.press((Qt.Key.Key_Return, CTRL))
    keyboard.wait(lambda: window.stack.currentWidget() is today)
    keyboard.press(Qt.Key.Key_Space)
    if questions:
        keyboard.wait(lambda: window.stack.currentWidget() is visit)
        keyboard.wait(lambda: visit.questions.current_key() == "fridge")
        keyboard.press(Qt.Key.Key_1, Qt.Key.Key_2, (Qt.Key.Key_Return, CTRL))
    keyboard.press(Qt.Key.Key_Return)
    keyboard.wait(lambda: window.stack.currentWidget() is today)

    rows = ask(
        demo, "SELECT v.account_id, v.outcome, v.ended_at IS NOT NULL, o.status,"
        " (SELECT count(*) FROM visit_task WHERE visit_id = v.id) FROM visit v"
        " JOIN sales_order o ON o.visit_id = v.id WHERE v.id > ?", last,
    )  # fmt: skip
    assert rows == [(account, "order", 1, "submitted", 2 if questions else 0)]
    assert keyboard.pressed - quantities <= MOST_STROKES, keyboard.pressed - quantities


def test_the_sheet_by_keys_next_step_promise_and_reason(
    window: MainWindow, demo: Workspace, qtbot: QtBot, runner: Runner
) -> None:
    ask_questions(demo, QUESTIONS[:2])
    keyboard = Keyboard(qtbot, runner)
    account = _next_stop(window, keyboard)
    visit = window.place("visit")
    keyboard.press(Qt.Key.Key_V)
    keyboard.wait(lambda: visit.model.rowCount() == 2)
    keyboard.press(Qt.Key.Key_Space)
    keyboard.wait(lambda: visit.presenter.sheet.visit_id is not None)
    visit_id = visit.presenter.sheet.visit_id
    keyboard.press(Qt.Key.Key_P, "Bring a sample +2", Qt.Key.Key_Return)
    keyboard.press(Qt.Key.Key_Escape)
    keyboard.press(Qt.Key.Key_N, "Call about flour +5", Qt.Key.Key_Return)
    keyboard.press((Qt.Key.Key_Return, CTRL), Qt.Key.Key_N, Qt.Key.Key_1)
    # A mandatory question is open: the visit goes on, with everything that was typed.
    assert ask(demo, "SELECT ended_at FROM visit WHERE id = ?", visit_id) == [(None,)]
    assert visit.step.text() == "Call about flour +5"
    assert visit.questions.current_key() == "fridge"
    keyboard.press(Qt.Key.Key_2)
    keyboard.press((Qt.Key.Key_Return, CTRL), Qt.Key.Key_N, Qt.Key.Key_1)
    keyboard.wait(lambda: window.stack.currentWidget() is window.place("today"))
    assert ask(
        demo, "SELECT v.outcome, r.kind, v.next_step FROM visit v JOIN outcome_reason r"
        " ON r.id = v.reason_id WHERE v.id = ?", visit_id,
    ) == [("no_order", "no_order", "Call about flour")]  # fmt: skip
    assert ask(
        demo, "SELECT kind, text FROM promise WHERE account_id = ? AND made_on = ? ORDER BY id",
        account, demo.today().isoformat(),
    ) == [("promise", "Bring a sample"), ("task", "Call about flour")]  # fmt: skip


def test_the_photo_of_a_file_is_kept(
    presenter: VisitPresenter, view: FakeView, account: int, tmp_path: Path
) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    image.save(str(tmp_path / "shelf.png"))
    presenter.show(account)
    presenter.begin()
    presenter.take_photo(tmp_path / "shelf.png")
    assert [one.icon for one in view.items[-1].kept] == ["photo"]
