"""Keys pressed on what has the focus, one at a time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.services.workspace import Workspace

CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


Press = Qt.Key | str | tuple[Qt.Key, Qt.KeyboardModifier]


def ask(ws: Workspace, query: str, *values: object) -> list[tuple[Any, ...]]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, values)]


class Keyboard:
    """Presses keys on whatever has the focus, as a person does, and counts them."""

    def __init__(self, qtbot: QtBot, runner: Runner) -> None:
        self._qtbot = qtbot
        self._runner = runner
        self.pressed = 0

    def press(self, *keys: Press) -> None:
        for key in keys:
            for one in key if isinstance(key, str) else [key]:
                self._one(one)

    def _one(self, one: Press) -> None:
        self.pressed += 1
        target = QApplication.focusWidget()
        assert isinstance(target, QWidget)
        if isinstance(one, str):
            self._qtbot.keyClicks(target, one)
        elif isinstance(one, tuple):
            self._qtbot.keyClick(target, one[0], one[1])
        else:
            self._qtbot.keyClick(target, one)
        # What Qt puts off until the key is done (the end of an editor) happens now.
        QApplication.processEvents()
        self._qtbot.waitUntil(lambda: self._runner.running == 0, timeout=5_000)

    def wait(self, what: Any) -> None:
        self._qtbot.waitUntil(lambda: self._runner.running == 0 and what(), timeout=5_000)
