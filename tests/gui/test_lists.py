"""The lists: presenter without Qt, and the real window worked by keys only."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.lists.model import ListModel
from crmdesk.gui.views.lists.presenter import FilterItem, ListsPresenter
from crmdesk.gui.views.lists.steps import ViewItem
from crmdesk.interchange.writing import unguarded
from crmdesk.services import saved_views
from crmdesk.services.queries.lists import reading
from crmdesk.services.queries.lists.conditions import Condition, ListQuery, Op
from crmdesk.services.queries.lists.registry import all_lists, list_named
from crmdesk.services.queries.lists.spec import ListRow, ListSpec
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk, OpenWindow
from tests.gui.list_stage import opened


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.list = ""
        self.heading = ""
        self.keys: list[int] = []
        self.more = False
        self.rows: dict[int, ListRow] = {}
        self.empty = ("", "")
        self.totals = ""
        self.filter = FilterItem("")
        self.endings: list[str] = []
        self.views: list[ViewItem] = []
        self.columns: tuple[tuple[str, int], ...] = (("name", 200), ("net", 0))
        self.problem = ""
        self.closed_bars = 0

    def show_list(self, spec: ListSpec, query: ListQuery) -> None:
        self.list = spec.key

    def show_heading(self, facts: str) -> None:
        self.heading = facts

    def show_keys(
        self, keys: Sequence[int], rows: Mapping[int, ListRow], *, more: bool, again: bool
    ) -> None:
        self.keys, self.rows = list(keys), dict(rows)

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        self.keys += keys
        self.more = more

    def put_rows(self, rows: Mapping[int, ListRow]) -> None:
        self.rows.update(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.empty = (title, hint)

    def show_totals(self, words: str) -> None:
        self.totals = words

    def show_filter(self, item: FilterItem) -> None:
        self.filter = item

    def show_endings(self, text: str, endings: Sequence[str]) -> None:
        self.endings = list(endings)

    def show_views(self, views: Sequence[ViewItem]) -> None:
        self.views = list(views)

    def shown_columns(self) -> tuple[tuple[str, int], ...]:
        return self.columns

    def waits_for_rows(self) -> bool:
        return False

    def close_bars(self) -> None:
        self.closed_bars += 1

    def say_problem(self, words: str) -> None:
        self.problem = words


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk, view: FakeView
) -> ListsPresenter:
    made = ListsPresenter(PlaceContext(demo, direct_runner, desk), view)
    made.start()
    made.show("customers")
    return made


def test_a_list_shows_all_its_rows_and_what_they_come_to(
    presenter: ListsPresenter, view: FakeView, demo: Workspace
) -> None:
    total = reading.totals(demo, list_named("customers"), ListQuery())
    assert len(view.keys) == total.count
    assert view.heading == f"{total.count} rows"
    assert view.totals.startswith(f"{total.count} rows · Net 12 m €")
    assert "Owed" not in view.totals
    assert view.empty == ("", "")


def test_a_sentence_filters_and_a_wrong_one_changes_nothing(
    presenter: ListsPresenter, view: FakeView
) -> None:
    every = list(view.keys)
    presenter.filter("class is A")
    assert 0 < len(view.keys) < len(every)
    assert view.filter == FilterItem("Class is A")
    some = list(view.keys)
    presenter.filter("class is Z")
    assert view.keys == some
    assert view.filter.sentence == "class is Z"
    assert view.filter.problem == "Class is never “Z”. It may be: A, B, C, D"
    presenter.filter("")
    assert view.keys == every


def test_empty_lists_say_what_to_do(presenter: ListsPresenter, view: FakeView) -> None:
    presenter.search("zzzzzzzz")
    assert view.empty[0] == "Nothing in Customers matches “zzzzzzzz”."
    presenter.search("")
    presenter.filter("Net 12 m at least 999,999,999")
    assert view.empty[0] == "No row meets this filter."


def test_every_list_opens_something(
    presenter: ListsPresenter, view: FakeView, desk: FakeDesk
) -> None:
    for key in all_lists():
        presenter.show(key)
        assert view.list == key
        assert view.keys or view.empty[1], key
        if view.keys:
            desk.went.clear()
            presenter.open(view.keys[0])
            assert len(desk.went) == 1, key


def test_a_list_is_left_and_found_as_it_was(presenter: ListsPresenter, view: FakeView) -> None:
    presenter.filter("Class is A")
    some = list(view.keys)
    presenter.show("products")
    assert view.filter.sentence == ""
    presenter.show("customers")
    assert view.keys == some
    assert view.filter.sentence == "Class is A"


def test_a_view_is_kept_chosen_shared_and_says_what_it_lost(
    presenter: ListsPresenter, view: FakeView, demo: Workspace, desk: FakeDesk
) -> None:
    presenter.filter("Class is A")
    presenter.sort("net", descending=True)
    some = list(view.keys)
    presenter.steps.save_view("Best")
    presenter.steps.read_views()
    assert [item.name for item in view.views if item.own and item.name == "Best"] == ["Best"]
    presenter.show("customers", ListQuery())
    place = [item.name for item in view.views].index("Best")
    presenter.steps.choose_view(place)
    assert view.keys == some
    assert presenter.query.sort == ("net", True)
    presenter.steps.share(view.views[place].id)
    presenter.steps.read_views()
    assert view.views[place].note == "shown to everybody"
    strange = {"filter": [["colour", "is", "red"]], "sort": None, "columns": [], "text": ""}
    saved_views.save_view(demo, "customers", "Zz", strange)
    presenter.steps.read_views()
    presenter.steps.choose_view(len(view.views) - 1)
    assert "1 part of this view" in desk.banners[-1]
    presenter.steps.save_view("  ")
    assert "1 to 60 letters" in view.problem


def test_a_bulk_edit_says_how_many_and_can_be_taken_back(
    presenter: ListsPresenter, view: FakeView, desk: FakeDesk
) -> None:
    before = {key: row.values["class"] for key, row in view.rows.items()}
    keys = view.keys[:5]
    presenter.steps.edit(keys, "class", "c")
    presenter.read()
    assert {view.rows[key].values["class"] for key in keys} == {"C"}
    assert desk.toasts[-1].endswith("changed.")
    assert desk.undo is not None
    desk.undo()
    presenter.read()
    assert {key: row.values["class"] for key, row in view.rows.items()} == before
    presenter.steps.edit(keys, "visit_minutes", "lots")
    assert "no number" in view.problem
    assert [item.key for item in presenter.steps.editable()] == [
        "class", "status", "channel", "segment", "visit_minutes",
    ]  # fmt: skip


# ------------------------------------------------------------------------------ the real window


@pytest.fixture
def window(demo: Workspace, open_window: OpenWindow, tmp_path: Path) -> MainWindow:
    return open_window(demo, QSettings(str(tmp_path / "look.ini"), QSettings.Format.IniFormat))


def test_filtering_picking_and_changing_by_keys_only(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace
) -> None:
    place = opened(window, runner, qtbot)
    every = place.model.rowCount()
    assert place.table.hasFocus()
    qtbot.keyClick(place.table, Qt.Key.Key_F)
    assert place.sentence.hasFocus()
    qtbot.keyClicks(place.sentence, "cla")
    qtbot.waitUntil(place.sentence.offers.isVisible)
    qtbot.keyClick(place.sentence, Qt.Key.Key_Tab)
    assert place.sentence.text() == "Class "
    qtbot.waitUntil(
        lambda: (
            [hit.title for hit in place.sentence.offers.hits_shown()][:2]
            == ["Class is A", "Class is B"]
        )
    )
    qtbot.keyClick(place.sentence, Qt.Key.Key_Down)
    qtbot.keyClick(place.sentence, Qt.Key.Key_Down)
    qtbot.keyClick(place.sentence, Qt.Key.Key_Return)
    assert place.sentence.text() == "Class is B "
    qtbot.keyClick(place.sentence, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0 and 0 < place.model.rowCount() < every)
    assert place.table.hasFocus()
    rows = place.model.rowCount()
    qtbot.keyClick(place.table, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: len(place.model.picked()) == rows)
    qtbot.keyClick(place.table, Qt.Key.Key_B)
    assert place.edit_bar.column.hasFocus()
    qtbot.keyClicks(place.edit_bar.value, "C")
    assert place.edit_bar.chosen() == ("class", "C")
    qtbot.keyClick(place.edit_bar.value, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == 0)
    assert f"{rows} rows changed." in window.toast_note.text()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() == rows)


def test_enter_leads_from_every_list_to_where_its_rows_are(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace
) -> None:
    # A share at a colleague's customer comes from HQ alone.
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO deal_share (uid, user_id, opportunity_uid, customer, amount_minor,"
            " share_bp) VALUES (randomblob(16), ?, randomblob(16), 'Bar Sol', 100000, 3000)",
            (demo.user.id,),
        )
    place = opened(window, runner, qtbot)
    for key in all_lists():
        window.go("lists", list=key)
        qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
        assert place.model.rowCount(), key
        qtbot.keyClick(place.table, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda: window.here().place != "lists",
            timeout=20_000,
        )
        qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)


def test_a_view_is_kept_by_keys_with_its_columns(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace
) -> None:
    place = opened(window, runner, qtbot)
    place.table.show_column([c.key for c in place.model.columns].index("late"), on=False)
    qtbot.keyClick(
        place.table, Qt.Key.Key_S,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )  # fmt: skip
    assert place.name_bar.name.hasFocus()
    qtbot.keyClicks(place.name_bar.name, "Short")
    qtbot.keyClick(place.name_bar.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0 and not place.name_bar.isVisible())
    kept = {one.name: one for one in saved_views.saved_views(demo, "customers")}["Short"]
    assert "late" not in [key for key, _width in kept.definition["columns"]]
    place.table.reset_layout()
    assert "late" in [key for key, _width in place.shown_columns()]
    menu = place.views_menu()
    next(action for action in menu.actions() if action.text() == "Short").trigger()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert "late" not in [key for key, _width in place.shown_columns()]


def test_all_rows_that_match_are_written_not_only_those_read(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(reading, "BLOCK", 20)
    place = opened(window, runner, qtbot)
    place.presenter.show("visits")
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() > 0)
    total = reading.totals(demo, list_named("visits"), ListQuery()).count
    assert place.model.rowCount() < total
    file = tmp_path / "visits.csv"
    monkeypatch.setattr(window.paper.asking, "table_file", lambda _parent, _stem: file)
    qtbot.keyClick(place.table, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: "written" in window.toast_note.text(), timeout=20_000)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.reader(stream))) == total + 1


_HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "a\r=cmd", "a\r\n=cmd",
    "'=quoted", "'quoted", " =1+1", "\u00a0=1", "\u202e=1+1\u202c", 'say "hi", ok; =1', "-inf",
    "x" * 1_000_000,
)  # fmt: skip
_MOST_CELL = 32_767


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_list_of_hostile_words_is_written_whole_and_runs_nothing(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, ending: str,
) -> None:  # fmt: skip
    with demo.database.write() as tx:
        run = tx.connection.exec_driver_sql
        keys = run("SELECT id FROM account ORDER BY id LIMIT ?", (len(_HOSTILE),)).scalars().all()
        for key, words in zip(keys, _HOSTILE, strict=True):
            run("UPDATE account SET name = ? WHERE id = ?", (words, key))
    place = opened(window, runner, qtbot)
    file = tmp_path / f"customers.{ending}"
    monkeypatch.setattr(window.paper.asking, "table_file", lambda _parent, _stem: file)
    qtbot.keyClick(place.table, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: "written" in window.toast_note.text(), timeout=20_000)
    total = reading.totals(demo, list_named("customers"), ListQuery()).count
    if ending == "csv":
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        # Excel ends a row at any line break outside quotation marks.
        assert b"\r" not in file.read_bytes()
        for words in (cell for row in rows for cell in row):
            assert len(words) <= _MOST_CELL
            assert words.lstrip()[:1] not in set("=+@") and not words.startswith(("-2", "-i"))
        found = {unguarded(row[0]) for row in rows[1:]}
    else:
        sheet = load_workbook(file, read_only=True).active
        cells = [row[0] for row in sheet.iter_rows()]
        assert {cell.data_type for cell in cells} == {"s"}
        rows = [[str(cell.value)] for cell in cells]
        found = {row[0] for row in rows}
    assert len(rows) == total + 1
    for words in _HOSTILE[:-1]:
        assert words.replace("\r\n", "\n").replace("\r", "\n") in found, words
    (cut,) = [words for words in found if words.startswith("xxx")]
    assert len(cut) > _MOST_CELL - 2 and cut.endswith("x…")


def test_scrolling_down_reads_on(
    window: MainWindow, runner: Runner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = opened(window, runner, qtbot)
    place.presenter.show("visits")
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() > 0)
    monkeypatch.setattr(reading.following, "__defaults__", (30,))
    place.presenter.read()
    qtbot.waitUntil(lambda: runner.running == 0)
    before = place.model.rowCount()
    place.model.has_more = True
    place.table.scrollToBottom()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.model.rowCount() >= before


def test_the_model_is_a_proper_one(demo: Workspace) -> None:
    spec = list_named("contacts")
    model = ListModel(spec, demo.today, demo.currency)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    page = reading.first_page(demo, spec, ListQuery(), 10)
    model.set_keys(page.keys, page.rows)
    assert page.after is not None
    rest = reading.following(demo, spec, ListQuery(), page.after)
    model.add_keys(rest.keys)
    model.set_all_picked(picked=True)
    assert len(model.picked()) == model.rowCount() == len(page.keys) + len(rest.keys)
    assert Condition("name", Op.FILLED) == Condition("name", Op.FILLED, None)
    del tester
