"""Laptops of real people on real windows, by keys; what a round brings reaches the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.services.workspace import Workspace, workspace_of
from tests.sync.conftest import Laptop

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_PLACES = {
    "lists", "pipeline", "customer", "sync", "service", "tasks", "rules", "company", "attention",
    "prices",
}  # fmt: skip
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@dataclass
class Desk:
    """A laptop with its window, worked by keys sent to whatever has the focus."""

    laptop: Laptop
    ws: Workspace
    window: MainWindow
    runner: Runner
    qtbot: QtBot
    bus: Bus

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        QApplication.processEvents()

    def go(self, place: str, **args: Any) -> Any:
        self.window.activateWindow()
        self.qtbot.waitUntil(self.window.isActiveWindow)
        self.window.go(place, **args)
        self.settle()
        return self.window.place(place)

    def press(self, *keys: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        for key in keys:
            menu = QApplication.activePopupWidget()
            QTest.keyClick(menu or self.window.focusWidget() or self.window, key, modifiers)
            self.settle()

    def type(self, text: str) -> None:
        focused = self.window.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, text)
        self.settle()

    def round(self) -> None:
        """A round of sync; the window hears of what it brought, as it does from its own rounds."""
        self.bus.publish(self.laptop.sync().changes)
        self.settle()

    def fill(self, field: QLineEdit, text: str) -> None:
        """Go to a field and type something in place of what stands there."""
        field.setFocus()
        self.press(Qt.Key.Key_A, modifiers=CTRL)
        self.press(Qt.Key.Key_Delete)
        self.type(text)

    def banner(self) -> str:
        """What the window says above the place; it is closed."""
        said = self.window.notice.text() if self.window.notice.isVisible() else ""
        self.window.notice.hide()
        return said

    def choose(self, *words: str) -> None:
        """Walk the open menu by Down to an entry that begins so; Right opens those below it."""
        for depth, word in enumerate(words):
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            for _step in menu.actions():
                chosen = menu.activeAction()
                if chosen is not None and chosen.text().startswith(word):
                    break
                QTest.keyClick(menu, Qt.Key.Key_Down)
            chosen = menu.activeAction()
            assert chosen is not None and chosen.text().startswith(word), word
            last = depth == len(words) - 1
            QTest.keyClick(menu, Qt.Key.Key_Return if last else Qt.Key.Key_Right)
        self.settle()

    def offered(self) -> list[str]:
        """What the open menu offers; the menu is left again."""
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        found = [action.text() for action in menu.actions() if action.text()]
        QTest.keyClick(menu, Qt.Key.Key_Escape)
        return found


Sit = Callable[[Laptop], Desk]


@pytest.fixture
def sit(runner: Runner, qtbot: QtBot) -> Iterator[Sit]:
    """Opens the window of a laptop with the places these tests work in."""
    windows = []

    def make(laptop: Laptop) -> Desk:
        ws = workspace_of(laptop.folder, laptop.database, lambda: datetime.now(UTC))
        specs = [spec for spec in places_for(ws) if spec.key in _PLACES]
        bus = Bus()
        window = build_shell(ws, runner, bus, specs, ShellSources())
        qtbot.addWidget(window)
        window.resize(1280, 800)
        window.show()
        windows.append(window)
        return Desk(laptop, ws, window, runner, qtbot, bus)

    yield make
    for window in windows:
        window.close()
