"""The table that opens inside the card in place of value and contacts; Esc closes it.

Owns its frame; which rows it shows comes with the model it is given.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.panels import Panel
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _


class DetailPanel(Panel):
    """A titled table with a way back."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(" ", "", parent)
        back = KeyHintButton(_("Close"), "Esc", kind="quiet", parent=self)
        back.clicked.connect(self.closed)
        if self.header is not None:
            self.header.add_right(back)
        self._holder = QVBoxLayout()
        self.body.addLayout(self._holder, 1)
        self.table: RowsTable | None = None

    def show_rows(self, title: str, note: str, model: RowsModel) -> None:
        """Show a model's rows under a title; the table before it goes."""
        self.set_title(title, note)
        if self.table is not None:
            old = self.table.rows_model()
            self._holder.removeWidget(self.table)
            self.table.deleteLater()
            old.deleteLater()
        self.table = RowsTable(model, row_height=t.ROW_COMPACT, parent=self)
        self.table.setAccessibleName(title)
        self._holder.addWidget(self.table)
        self.table.select_first()

    def focus_table(self) -> None:
        """Put the keyboard into the table."""
        if self.table is not None:
            self.table.setFocus()
