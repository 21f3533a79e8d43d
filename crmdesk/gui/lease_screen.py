"""What stands in the window while the data are locked because HQ was not met for too long.

Owns the words and the one button; syncing and opening again are the desktop's.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.notices import IconLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _


class LeaseScreen(QWidget):
    """Says why the data are locked and offers to sync."""

    sync_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        card = Surface(self)
        card.setFixedWidth(theme.scaled(420))
        inner = QVBoxLayout(card)
        inner.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        inner.setSpacing(t.SPACE_3)
        inner.addWidget(IconLabel("lock", "accent", 24, card))
        inner.addWidget(
            TextLabel(
                _("Time to meet HQ again"), size=t.SIZE_STRONG, weight=t.SEMIBOLD, parent=card
            )
        )
        self._words = TextLabel("", ink="muted", wrap=True, parent=card)
        inner.addWidget(self._words)
        self._button = KeyHintButton(_("Sync now"), "Enter", kind="filled", parent=card)
        self._button.clicked.connect(self._on_clicked)
        inner.addWidget(self._button)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addLayout(middle)
        column.addStretch(2)
        self.setFocusProxy(self._button)

    def say(self, error: CrmdeskError) -> None:
        """Say why the data are locked, or why the sync did not unlock them."""
        self._words.setText(str(error))
        self._button.setEnabled(True)
        self._button.setFocus()

    def said(self) -> str:
        """The words above the button."""
        return self._words.text()

    def _on_clicked(self) -> None:
        self._button.setEnabled(False)
        self._words.setText(_("Syncing…"))
        self.sync_wanted.emit()
