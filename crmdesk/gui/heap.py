"""Giving memory back: what many rows needed while they were read is the system's again when idle.

The C library keeps what was freed, for each thread that ever asked for it; after a walk through all
places of a large company that is a fifth of what the program holds. Only the GNU C library has to
be asked. PySide looks into the source of each module that is imported beside it, and Python keeps
all these lines for tracebacks, which read them again when they need them: twenty megabytes.
"""

from __future__ import annotations

import ctypes
import linecache
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from crmdesk.gui.jobs import Runner

IDLE_MS = 1_000
"""So long nothing has been read or written before memory is given back."""


class HeapKeeper(QObject):
    """Gives memory back once all jobs of a runner have come back, and not while they follow."""

    def __init__(self, runner: Runner, release: Callable[[], object] | None = None) -> None:
        """``release`` lets go of what is kept for the next reading."""
        super().__init__(runner)
        self._release, self._trim = release, _trimmer()
        self._timer = QTimer(self, interval=IDLE_MS, singleShot=True)
        self._timer.timeout.connect(self._on_idle)
        runner.busy_changed.connect(self._on_busy_changed)
        runner.closing.connect(self._timer.stop)

    def _on_busy_changed(self, running: int) -> None:
        if running:
            self._timer.stop()
        else:
            self._timer.start()

    def _on_idle(self) -> None:
        if self._release is not None:
            self._release()
        linecache.clearcache()
        if self._trim is not None:
            self._trim()


def _trimmer() -> Callable[[], object] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return lambda: trim(0)
