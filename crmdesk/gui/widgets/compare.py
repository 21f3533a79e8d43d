"""The table that compares a month now and then: a figure in each row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui.effort_words import CompareRow
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _, pgettext

_ROW = 30


class CompareTable(QWidget):
    """Figures with Now, Then and Change; as high as its rows."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RowsModel(
            (
                Column("label", _("In a month"), lambda row: Cell(row.label), 150, stretch=True,
                       sortable=False),
                Column("now", _("Now"), lambda row: Cell(row.now), 92, right=True, sortable=False),
                Column("then", _("Then"), lambda row: Cell(row.then, strong=True), 92, right=True,
                       sortable=False),
                Column("change", pgettext("column", "Change"), lambda row: Cell(
                    row.change, tone=row.tone), 100, right=True, sortable=False),
            ),
            parent=self,
        )  # fmt: skip
        self.table = RowsTable(self.model, row_height=_ROW, parent=self)
        self.table.setAccessibleName(name)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def show_rows(self, rows: Sequence[CompareRow]) -> None:
        """Show other figures."""
        self.model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        theme.fix_height(self, _ROW * (len(rows) + 1) + 8)
