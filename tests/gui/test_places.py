"""All places in the real window: their keys are bound, and none opens a window of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import keys
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.services import orders
from crmdesk.services.workspace import Workspace
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
def window(
    demo: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None
) -> Iterator[MainWindow]:
    tell(demo)
    window = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.open_places(demo, places_for(demo), ShellSources())
    qtbot.waitUntil(lambda: runner.running == 0)
    yield window
    window.close()


def visit_every_place(window: MainWindow, runner: Runner, ws: Workspace, qtbot: QtBot) -> list[str]:
    """Open each place once, customer card and order with something in them."""
    with ws.database.read() as connection:
        account = connection.exec_driver_sql("SELECT min(id) FROM account").scalar_one()
    order = orders.start_order(ws, account).order_id
    shown = []
    for spec in places_for(ws):
        args = {"customer": {"account": account}, "order": {"order": order}}.get(spec.key, {})
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
    named = {binding.place for binding in keys.KEYS.values()} - {keys.GLOBAL}
    assert named <= set(shown), f"keys of places that are not there: {named - set(shown)}"


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
