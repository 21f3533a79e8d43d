"""The sign that something is still being read: quiet, and only where it takes long.

A place of a large company may need seconds for a year of visits; until they are there it shows
what it showed. What says itself how far it is (a plan, an import) needs no sign.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from crmdesk.gui.jobs import Runner

PATIENCE_S = 0.7
"""A read that takes less shows nothing."""


class ReadingSign(QObject):
    """Calls ``show`` with True once a read takes long, with False when none does any more."""

    def __init__(self, runner: Runner, show: Callable[[bool], None]) -> None:
        super().__init__(runner)
        self._runner = runner
        self._show = show
        self._shown = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._look)
        runner.busy_changed.connect(self._on_busy_changed)
        runner.closing.connect(self._timer.stop)

    def _on_busy_changed(self, _running: int) -> None:
        if self._shown or not self._timer.isActive():
            self._look()

    def _look(self) -> None:
        waited_s = self._runner.waited_s()
        on = waited_s >= PATIENCE_S
        if on != self._shown:
            self._shown = on
            self._show(on)
        if waited_s > 0.0 and not on:
            self._timer.start(int((PATIENCE_S - waited_s) * 1000) + 10)
        elif not waited_s:
            self._timer.stop()
