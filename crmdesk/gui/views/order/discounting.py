"""The strip in which a discount by hand is typed, with its reason, for one line.

Owns layout and keys; what may be given is the core's to say.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.entries import EntryLine
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _


class DiscountBar(Surface):
    """`given(product id, text)` when Enter is pressed; hidden while nothing is typed."""

    given = Signal(int, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="accent_soft")
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_3, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        row.setSpacing(t.SPACE_3)
        self._product_id = 0
        self._words = LineLabel(parent=self)
        self.field = EntryLine(_("Discount and why"), _("5 opening order"), self)
        self.field.setMaxLength(120)
        theme.least_width(self.field, 320)
        row.addWidget(self._words, 1)
        row.addWidget(self.field)
        self.field.entered.connect(self._on_entered)
        self.field.given_up.connect(self._on_left)
        self.hide()

    def open_for(self, product_id: int, name: str, typed: str) -> None:
        """Ask for the discount of a line."""
        self._product_id = product_id
        self._words.set_runs(
            [
                Run(_("Discount off the list price"), weight=t.SEMIBOLD),
                Run(name, gap=t.SPACE_2),
            ]
        )
        self.show()
        self.field.setFocus()
        self.field.setText(typed)
        self.field.selectAll()

    def _on_entered(self, text: str) -> None:
        self.given.emit(self._product_id, text)
        self._on_left()

    def _on_left(self) -> None:
        self.hide()
        self.left.emit()
