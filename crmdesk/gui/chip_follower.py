"""The sync chip kept true: read again after changes and rounds, and saying that a round runs.

Owns when the chip is read and what it says during a round. What the states are is read by the
function it is given; painting them is :mod:`crmdesk.gui.widgets.topbar`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import RoundState
from crmdesk.gui.rounds import Rounds
from crmdesk.gui.widgets.topbar import SyncChip
from crmdesk.gui.widgets.topbar_state import ChipState

ROUND_SAID_MS = 100


class ChipFollower(QObject):
    """Follows the laptop's standing to HQ with the chip, and tells the rounds what waits."""

    closed = False

    def __init__(self, chip: SyncChip, runner: Runner, rounds: Rounds, parent: QObject) -> None:
        super().__init__(parent)
        self.source: Callable[[], ChipState] | None = None
        self._chip = chip
        self._runner = runner
        self._rounds = rounds
        self._read = chip.state
        self._running = False
        # The chip says that a round runs once it takes noticeably long.
        self._timer = QTimer(self, interval=ROUND_SAID_MS, singleShot=True)
        self._timer.timeout.connect(self._show)
        rounds.listen(self._on_round_changed)

    def refresh(self) -> None:
        """Read the state again, off the interface thread."""
        if self.source is not None:
            self._runner.read(self.source, self._on_read, owner=self)

    def _on_round_changed(self, state: RoundState) -> None:
        """A round that changed nothing here may still have sent all that waited."""
        if state.running == self._running:
            return
        self._running = state.running
        if state.running:
            self._timer.start()
            return
        self._timer.stop()
        self._show()
        self.refresh()

    def _on_read(self, state: ChipState) -> None:
        self._read = state
        self._show()
        if state.kind != "alone":
            self._rounds.note_waiting(state.waiting)

    def _show(self) -> None:
        state = self._read
        # The round of a profile that works alone finds no HQ: it does not sync.
        if self._running and not self._timer.isActive() and state.kind != "alone":
            state = replace(state, kind="syncing", when="")
        if state != self._chip.state:
            self._chip.set_state(state)
