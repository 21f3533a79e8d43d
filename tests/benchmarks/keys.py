"""When a window takes a key: the instant a key press is delivered to it after its first painting.

Shared by the bare window and the program, so that both are measured in the same way. Instants are
of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

Marks = dict[str, tuple[float, float]]
"""Name of the mark → (instant, processor seconds of this process so far)."""


def mark() -> tuple[float, float]:
    """Now."""
    return time.monotonic(), time.process_time()


class _Watch(QObject):
    def __init__(self, window: QWidget, marks: Marks, ready: Callable[[], object]) -> None:
        super().__init__(window)
        self._window, self._marks, self._ready = window, marks, ready

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.Paint and "painted" not in self._marks:
            self._marks["painted"] = mark()
            press = QKeyEvent(
                QEvent.Type.KeyPress, Qt.Key.Key_F24, Qt.KeyboardModifier.NoModifier
            )  # fmt: skip
            QCoreApplication.postEvent(self._window, press)
        elif kind is QEvent.Type.KeyPress and "key" not in self._marks:
            self._marks["key"] = mark()
            self._window.removeEventFilter(self)
            self._ready()
        return False


def when_it_takes_a_key(window: QWidget, marks: Marks, ready: Callable[[], object]) -> None:
    """Write ``painted`` and ``key`` into the marks as they happen, then call ``ready``."""
    window.installEventFilter(_Watch(window, marks, ready))
