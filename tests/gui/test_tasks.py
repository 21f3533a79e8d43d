"""Tasks: the presenter without Qt, and the real window worked by keys only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.tasks.forms import Ask, answer, form_of
from crmdesk.gui.views.tasks.model import TasksModel
from crmdesk.gui.views.tasks.presenter import ALL, COMING, GIVEN, PUT_OFF, TasksPresenter
from crmdesk.gui.views.tasks.widget import TasksPlace
from crmdesk.gui.views.tasks.words import action_words, sentence, when
from crmdesk.gui.widgets.formbar import Form, Given
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.notices import (
    Notice,
    NoticeKind,
    coming_tasks,
    given_tasks,
    notices,
    waiting_count,
)
from crmdesk.services.queries.task_sheet import task_sheet
from crmdesk.services.visits import add_promise, keep_promise
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk, OpenWindow


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.chips: list[ChipItem] = []
        self.heading = ""
        self.rows: dict[str, Notice] = {}
        self.empty = ("", "")
        self.selected = ""
        self.problem = ""

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.chips = list(chips)

    def show_heading(self, words: str) -> None:
        self.heading = words

    def show_rows(self, rows: Mapping[str, Notice]) -> None:
        self.rows = dict(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def select(self, key: str) -> None:
        self.selected = key

    def choose_chip(self, key: str) -> None:
        self.chip = key

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        self.offered = list(rows)

    def ask(self, form: Form) -> None:
        self.form: Form | None = form

    def complain(self, problem: str, field: str) -> None:
        self.problem = problem

    def put_form_away(self) -> None:
        self.form = None

    def say_problem(self, words: str) -> None:
        self.problem = words

    def close_bar(self) -> None:
        self.problem = ""


@pytest.fixture
def promised(demo: Workspace) -> int:
    """A promise that was due yesterday."""
    due = demo.today() - timedelta(days=1)
    return next(iter(add_promise(demo, 1, "Bring the price list", due).touched["promise"]))


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, promised: int, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> TasksPresenter:
    made = TasksPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    return made


def _key(view: FakeView, kind: NoticeKind, row: int) -> str:
    return next(key for key, one in view.rows.items() if (one.kind, one.row_id) == (kind, row))


def test_the_demo_company_has_something_of_most_kinds(demo: Workspace) -> None:
    kinds = {one.kind for one in notices(demo)}
    assert len(kinds) >= 4, kinds


def test_a_task_that_is_overdue_keeps_its_day_when_only_its_words_are_changed(
    demo: Workspace, promised: int
) -> None:
    form = form_of(demo, Ask.EDIT, promised)
    values = {one.key: one.value for one in form.fields} | {"text": "Bring the new price list"}
    answer(demo, Given(form.kind, form.subject, values))
    changed = task_sheet(demo, promised)
    assert changed.text == "Bring the new price list"
    assert changed.due_on == demo.today() - timedelta(days=1)


def test_everything_that_waits_is_shown_and_counted(
    presenter: TasksPresenter, view: FakeView, demo: Workspace
) -> None:
    assert list(view.rows) == [one.key for one in notices(demo)]
    assert view.chips[0].text == f"All {len(view.rows)}"
    assert view.chips[-1].text == f"Put off {len(notices(demo, put_off=True))}"
    assert view.heading.startswith(f"{waiting_count(demo)} wait")
    presenter.choose(NoticeKind.PROMISE)
    assert {one.kind for one in view.rows.values()} == {NoticeKind.PROMISE}


def test_a_promise_is_kept_with_one_key_and_undone(
    presenter: TasksPresenter, view: FakeView, promised: int, desk: FakeDesk
) -> None:
    presenter.show_task(promised)
    key = view.selected
    presenter.act(key)
    presenter._read()
    assert key not in view.rows
    assert desk.undo is not None
    desk.undo()
    presenter._read()
    assert key in view.rows


def test_put_off_and_back(
    presenter: TasksPresenter, view: FakeView, promised: int, desk: FakeDesk
) -> None:
    key = _key(view, NoticeKind.PROMISE, promised)
    presenter.snooze(key, 1)
    presenter._read()
    assert key not in view.rows
    presenter.choose(PUT_OFF)
    assert key in view.rows
    for other in list(view.rows):
        presenter.snooze(other, 1)
    presenter._read()
    assert view.empty[0] == "Nothing is put off."
    presenter.choose(ALL)
    assert key in view.rows
    presenter.snooze_until(key, "someday")
    assert "no day" in view.problem
    presenter.snooze_until(key, "1 Nov 2026")
    assert view.problem == "Choose a day to come."
    presenter.snooze_until(key, "3 Dec")
    assert desk.toasts[-1] == "Put off until 3 Dec."


def test_every_kind_opens_something_and_says_what_its_key_does(
    presenter: TasksPresenter, view: FakeView, desk: FakeDesk, demo: Workspace
) -> None:
    for key, notice in list(view.rows.items()):
        desk.went.clear()
        presenter.open(key)
        assert len(desk.went) == 1, notice
        assert sentence(notice)
        assert when(notice, demo.today())[0]
    for kind in NoticeKind:
        assert action_words(kind)


def test_a_silent_customer_gets_a_call_planned(
    presenter: TasksPresenter, view: FakeView, demo: Workspace, desk: FakeDesk
) -> None:
    day = demo.today() - timedelta(days=90)
    quiet = Notice("silent:1:x", NoticeKind.SILENT, 1, 1, "Bar", "", day)
    presenter._waiting = (quiet,)
    presenter.act(quiet.key)
    assert desk.toasts[-1].startswith("A call is planned: Bar")
    with demo.database.read() as connection:
        mode = connection.exec_driver_sql(
            "SELECT mode FROM planned_visit WHERE account_id = 1 ORDER BY id DESC LIMIT 1"
        ).scalar_one()
    assert mode == "call"


def test_the_model_is_a_proper_one(demo: Workspace, promised: int) -> None:
    model = TasksModel(demo.today, demo.currency)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    rows = {one.key: one for one in notices(demo)}
    model.set_keys(list(rows), rows)
    assert model.rowCount() == len(rows)
    del tester


# ------------------------------------------------------------------------------ the real window


@pytest.fixture
def window(demo: Workspace, promised: int, open_window: OpenWindow) -> MainWindow:
    return open_window(demo)


def _badge(window: MainWindow) -> str:
    return next(
        button.accessibleDescription() for button in window.rail.buttons() if button.key == "tasks"
    )


def test_a_day_of_notices_by_keys_only(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace, promised: int
) -> None:
    count = waiting_count(demo)
    assert _badge(window) == str(count)
    window.go("tasks", promise=promised)
    place = window.place("tasks")
    assert isinstance(place, TasksPlace)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == count)
    assert place.table.hasFocus()
    first = place.table.current_key()
    assert str(first).startswith("promise:")
    qtbot.keyClick(place.table, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == count - 1)
    assert _badge(window) == str(count - 1)
    assert place.table.current_key() not in (None, first)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == count)
    place.table.select_key(first)
    qtbot.keyClick(place.table, Qt.Key.Key_W)
    qtbot.keyClicks(place.day, "3 Dec")
    qtbot.keyClick(place.day, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == count - 1)
    assert place.table.hasFocus()
    qtbot.keyClick(place.table, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == count - 2)


def _told(window: MainWindow) -> str:
    return str(window.toast_note.text())


def test_the_day_typed_is_that_of_the_task_it_was_asked_for(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace, promised: int
) -> None:
    window.go("tasks", promise=promised)
    place = window.place("tasks")
    assert isinstance(place, TasksPlace)
    qtbot.waitUntil(lambda: runner.running == 0 and place.table.current_key() is not None)
    place.table.setFocus()
    first = place.table.current_key()
    qtbot.keyClick(place.table, Qt.Key.Key_W)
    # Meanwhile a sync says that it is done: the next one is selected.
    keep_promise(demo, promised)
    place.presenter.show_task(0)
    qtbot.waitUntil(lambda: runner.running == 0 and place.table.current_key() != first)
    count = len(notices(demo))
    qtbot.keyClicks(place.day, "3 Dec")
    qtbot.keyClick(place.day, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert len(notices(demo)) == count


def test_a_task_is_made_changed_given_done_and_undone_by_keys_only(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace
) -> None:
    window.go("tasks")
    place = window.place("tasks")
    assert isinstance(place, TasksPlace)

    def settled() -> None:
        qtbot.waitUntil(lambda: runner.running == 0)

    def press(key: Qt.Key) -> None:
        settled()
        focused = window.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, key)
        settled()

    def write(words: str) -> None:
        focused = window.focusWidget()
        assert focused is not None
        qtbot.keyClicks(focused, words)
        settled()

    press(Qt.Key.Key_N)
    write("perla")
    qtbot.waitUntil(lambda: place.picker.model.rowCount() == 1)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.form.form is not None)
    write("Ask about the terrace")
    press(Qt.Key.Key_Tab)
    write("next Monday")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.chips.choice() == COMING)
    (made,) = [one for one in coming_tasks(demo) if one.text == "Ask about the terrace"]
    assert (made.day.weekday(), 0 < (made.day - demo.today()).days <= 7) == (0, True)
    assert place.table.hasFocus() and place.table.current_key() == made.key
    press(Qt.Key.Key_T)
    write(" and the awning")
    press(Qt.Key.Key_Return)
    (made,) = [one for one in coming_tasks(demo) if one.row_id == made.row_id]
    assert "awning" in made.text
    place.table.select_key(made.key)
    press(Qt.Key.Key_P)
    press(Qt.Key.Key_2)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.chips.choice() == GIVEN)
    (given,) = [one for one in given_tasks(demo) if one.row_id == made.row_id]
    assert given.person != demo.user.name
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: runner.running == 0 and given not in given_tasks(demo))
    place.presenter.choose(COMING)
    place.table.select_key(made.key)
    press(Qt.Key.Key_D)
    assert made.key not in {one.key for one in coming_tasks(demo)}
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(
        lambda: runner.running == 0 and made.key in {one.key for one in coming_tasks(demo)}
    )


def test_enter_twice_makes_one_task(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace
) -> None:
    window.go("tasks")
    place = window.place("tasks")
    assert isinstance(place, TasksPlace)
    place.presenter.steps.ask_new(1)
    qtbot.waitUntil(lambda: runner.running == 0 and place.form.form is not None)
    field = window.focusWidget()
    assert field is not None
    qtbot.keyClicks(field, "Ask about the awning")
    held = Event()
    runner.write(held.wait)
    for _time in range(2):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    held.set()
    qtbot.waitUntil(lambda: runner.running == 0)
    with demo.database.read() as connection:
        made = connection.exec_driver_sql(
            "SELECT count(*) FROM promise WHERE text = 'Ask about the awning'"
        ).scalar_one()
    assert made == 1
