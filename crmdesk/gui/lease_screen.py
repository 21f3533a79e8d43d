"""What stands in the window while the data are locked because HQ was not met for too long.

Owns the words and the one button; syncing and opening again are the desktop's.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.locked import LockedCard
from crmdesk.i18n import _


class LeaseScreen(LockedCard):
    """Says why the data are locked and offers to sync."""

    sync_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Time to meet HQ again"), parent)
        self._button = KeyHintButton(_("Sync now"), "Enter", kind="filled", parent=self.card)
        self._button.clicked.connect(self._on_clicked)
        self.add(self._button)
        self.setFocusProxy(self._button)

    def say(self, error: CrmdeskError) -> None:
        """Say why the data are locked, or why the sync did not unlock them."""
        self.words.setText(str(error))
        self._button.setEnabled(True)
        self._button.setFocus()

    def said(self) -> str:
        """The words above the button."""
        return self.words.text()

    def _on_clicked(self) -> None:
        self._button.setEnabled(False)
        self.words.setText(_("Syncing…"))
        self.sync_wanted.emit()
