"""The panel on which a customer signs: a pad for pen, finger or mouse, and a name.

Owns layout and keys: a name and Enter are enough, the pad may stay empty.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.order.words import SheetItem
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.panels import Panel
from crmdesk.gui.widgets.signpad import SignPad
from crmdesk.i18n import _


class SignPanel(Panel):
    """`signed(name, signature or None)` when it is done; `unsigned` when it is taken off."""

    signed = Signal(str, object)
    unsigned = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Signature"), _("of the customer; a name is enough"), parent)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        row.setSpacing(t.SPACE_4)
        self.pad = SignPad(_("Sign here"), self)
        row.addWidget(self.pad, 3)
        column = QVBoxLayout()
        column.setSpacing(t.SPACE_2)
        entry = LabelledEntry(_("Name"), parent=self)
        self.name = entry.field
        column.addWidget(entry)
        column.addWidget(
            TextLabel(
                _("Sign with the pen, a finger or the mouse. Whatever is changed on the order"
                  " afterwards takes the signature off."),
                ink="muted", size=t.SIZE_SMALL, wrap=True, parent=self,
            )
        )  # fmt: skip
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(t.SPACE_2)
        self._off = KeyHintButton(_("Take off"), kind="quiet", parent=self)
        self._clear = KeyHintButton(_("Draw again"), kind="quiet", parent=self)
        self._done = KeyHintButton(_("Signed"), keys.shown("Enter"), parent=self)
        buttons.addStretch(1)
        for button in (self._off, self._clear, self._done):
            buttons.addWidget(button)
        column.addLayout(buttons)
        row.addLayout(column, 2)
        self.body.addLayout(row)
        self.name.setMaxLength(80)
        theme.least_width(self.name, 150)
        self.name.entered.connect(self._on_done)
        self.name.given_up.connect(self.left)
        self._done.clicked.connect(self._on_done)
        self._clear.clicked.connect(self._on_cleared)
        self._off.clicked.connect(self._on_taken_off)
        self.hide()

    def open_for(self, sheet: SheetItem, name: str) -> None:
        """Show the panel; the name is selected, so that another one can be typed over it."""
        self.pad.show_signature(sheet.signature)
        self._off.setVisible(bool(sheet.signed))
        self.name.setText(name)
        self.name.selectAll()
        self.show()
        self.name.setFocus()

    def _on_done(self) -> None:
        # A name alone keeps what had been drawn before only if the pad was left as it was.
        self.signed.emit(self.name.text(), self.pad.signature() or self.pad.shown())
        self.left.emit()

    def _on_cleared(self) -> None:
        self.pad.clear()
        self.name.setFocus()

    def _on_taken_off(self) -> None:
        self.unsigned.emit()
        self.left.emit()
