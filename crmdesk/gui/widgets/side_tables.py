"""Tables of a few columns beside the thing they are about: unsorted, named, empty with a word.

Owns making them alike and keeping the row that is chosen while their rows change; everything else
of a table is :mod:`crmdesk.gui.widgets.tables`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.tables import RowsTable

ROW = 45
"""The height of rows of two lines."""


def side_table(
    model: RowsModel, title: str, parent: QWidget, *, name: str = "", row_height: int = ROW
) -> RowsTable:
    """A table in the order its rows come in; of a single column without a heading."""
    table = RowsTable(model, row_height=row_height, name=name, parent=parent)
    table.setAccessibleName(title)
    table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    if len(model.columns) == 1:
        table.horizontalHeader().hide()
    return table


def fill_table(table: RowsTable, order: Sequence[Any], rows: Mapping[Any, Any]) -> None:
    """Show other rows; the chosen one stays chosen where it is still there, else the first is."""
    current = table.current_key()
    table.rows_model().set_keys(list(order), dict(rows))
    if current is None or not table.select_key(current):
        table.select_first()


class TableOrEmpty(QStackedWidget):
    """A table, or what there is to say while it has no rows."""

    def __init__(self, table: RowsTable, empty: EmptyState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table, self._empty = table, empty
        self.addWidget(table)
        self.addWidget(empty)

    def show_table(self, *, on: bool) -> None:
        """The table, or the words."""
        self.setCurrentWidget(self._table if on else self._empty)


class WordsOver(QObject):
    """What to do first, shown over a table that has no rows; the keyboard stays with the table."""

    def __init__(self, table: RowsTable, empty: EmptyState) -> None:
        super().__init__(table)
        self._table, self._empty = table, empty
        empty.setParent(table.viewport())
        empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        table.viewport().installEventFilter(self)
        table.rows_model().modelReset.connect(self._follow)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the size of the table's room."""
        if event.type() == QEvent.Type.Resize:
            self._empty.setGeometry(self._table.viewport().rect())
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        self._empty.setGeometry(self._table.viewport().rect())
        self._empty.setVisible(self._table.rows_model().rowCount() == 0)
