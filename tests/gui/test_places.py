"""All places in the real window: their keys are bound, and none opens a window of its own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot
from python_calamine import CalamineWorkbook

from crmdesk.gui import keys
from crmdesk.gui.bindings import GLOBAL
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.services import orders, quotes
from crmdesk.services.workspace import Workspace
from tests.gui import accuracy_story
from tests.gui.conftest import OpenWindow
from tests.gui.demo_profile import as_admin
from tests.gui.sync_story import tell


class WindowWatch(QObject):
    """Counts the windows that are shown, however shortly."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self.shown: list[QWidget] = []
        self._app = app
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Show
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and not any(watched is known for known in self.shown)
        ):
            self.shown.append(watched)
        return False

    def stop(self) -> None:
        self._app.removeEventFilter(self)


@pytest.fixture
def window(demo: Workspace, open_window: OpenWindow) -> MainWindow:
    tell(demo)
    accuracy_story.tell(demo)
    return open_window(as_admin(demo))


def visit_every_place(window: MainWindow, runner: Runner, ws: Workspace, qtbot: QtBot) -> list[str]:
    """Open each place once, customer card and order with something in them."""
    with ws.database.read() as connection:
        account = connection.exec_driver_sql("SELECT min(id) FROM account").scalar_one()
    order = orders.start_order(ws, account).order_id
    quote = quotes.start_quote(ws, account).quote_id
    shown = []
    for spec in places_for(as_admin(ws)):
        args = {
            "customer": {"account": account},
            "order": {"order": order},
            "quote": {"quote": quote},
        }.get(spec.key, {})
        window.go(spec.key, **args)
        qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
        shown.append(spec.key)
    return shown


def test_every_key_of_a_place_does_something(
    window: MainWindow, runner: Runner, demo: Workspace, qtbot: QtBot
) -> None:
    shown = visit_every_place(window, runner, demo, qtbot)
    assert {"today", "customers", "customer", "plan", "reorder", "orders", "order"} <= set(shown)
    for place in shown:
        bound = {shortcut.objectName() for shortcut in window.place(place).findChildren(QShortcut)}
        wanted = {
            binding.action
            for binding in keys.of_place(place)
            if binding.place == place and not binding.hint_only
        }
        assert wanted <= bound, f"keys of {place} without an effect: {wanted - bound}"
    named = {binding.place for binding in keys.KEYS.values()} - {GLOBAL}
    assert named <= set(shown), f"keys of places that are not there: {named - set(shown)}"


def test_tables_are_exported_as_csv_and_as_a_workbook(
    window: MainWindow,
    runner: Runner,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = ""
    offered: list[str] = []

    def dialog(_parent: QWidget, _title: str, _start: str, kinds: str) -> tuple[str, str]:
        offered.append(kinds)
        first_kind = kinds.partition(";;")[0]
        return (str(tmp_path / given) if given else "", first_kind)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    for place in ("customers", "orders", "reorder"):
        window.go(place)
        qtbot.waitUntil(lambda: runner.running == 0)
        shown = len(window.place(place).model.shown_keys())
        for typed, written in (("a.csv", "a.csv"), ("b.XLSX", "b.XLSX"), ("c", "c.xlsx"), ("", "")):
            given = typed
            offered.clear()
            qtbot.keyClick(window.place(place).table, Qt.Key.Key_E)
            qtbot.waitUntil(lambda: bool(offered), timeout=20_000)
            assert "*.csv" in offered[0]
            assert "*.xlsx" in offered[0]
            qtbot.waitUntil(lambda: runner.running == 0)
            files = [file for file in tmp_path.iterdir() if file.is_file()]
            assert [file.name for file in files] == ([written] if written else [])
            for file in files:
                assert len(read_rows(file)) == shown + 1
                file.unlink()


def read_rows(file: Path) -> list[object]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as text:
            return list(csv.reader(text))
    workbook = CalamineWorkbook.from_path(str(file))
    return list(workbook.get_sheet_by_index(0).to_python())


def test_columns_are_remembered_in_the_windows_settings(
    demo: Workspace, qtbot: QtBot, tmp_path: Path, synchronous_maps: None
) -> None:
    def opened() -> MainWindow:
        settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
        window = MainWindow(Runner(), Bus(), ErrorDesk(), settings)
        qtbot.addWidget(window)
        window.show()
        window.open_places(demo, places_for(demo), ShellSources())
        return window

    first = opened()
    for place in ("customers", "orders", "reorder"):
        first.go(place)
        first.place(place).table.show_column(2, on=False)
    first.close()
    second = opened()
    for place in ("customers", "orders", "reorder"):
        second.go(place)
        assert 2 not in second.place(place).table.shown_columns()
    second.close()


def test_no_place_flashes_a_window_of_its_own(
    window: MainWindow, runner: Runner, demo: Workspace, qtbot: QtBot, qapp: QApplication
) -> None:
    watch = WindowWatch(qapp)
    try:
        visit_every_place(window, runner, demo, qtbot)
        window.toggle_scheme()
        qtbot.waitUntil(lambda: runner.running == 0)
    finally:
        watch.stop()
    assert [type(shown).__name__ for shown in watch.shown] == []


def test_how_good_it_has_been_is_found_from_anywhere(window: MainWindow) -> None:
    (hit,) = (hit for hit in window.commands("how good") if hit.target is not None)
    assert hit.target is not None
    assert hit.target.place == "accuracy"
