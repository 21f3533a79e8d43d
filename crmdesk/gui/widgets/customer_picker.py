"""Choosing the customer of a new order: a field, and the best matches below it.

Owns its keyboard: Down goes into the matches, Enter takes one, Esc closes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.panels import Panel
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow


class CustomerPicker(Panel):
    """`searched(text)` asks for matches, `picked(account id)` is the choice."""

    searched = Signal(str)
    picked = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None, *, title: str = "") -> None:
        super().__init__(title or _("New order"), _("for which customer?"), parent)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.field = SearchField(_("Name, town, person"), parent=self)
        holder.addWidget(self.field)
        self.body.addLayout(holder)
        columns = (
            Column("name", _("Customer"), _name, 240, stretch=True, sortable=False),
            Column("needs", _("Will need"), _needs, 180, sortable=False),
        )
        self.model = RowsModel(columns, parent=self)
        self.table = RowsTable(self.model, row_height=t.ROW_COMPACT, parent=self)
        self.table.setAccessibleName(_("Matching customers"))
        self.table.horizontalHeader().hide()
        self.table.setFixedHeight(theme.scaled(t.ROW_COMPACT) * 8)
        self.body.addWidget(self.table)
        self.field.searched.connect(self.searched)
        self.field.left_down.connect(self.table.setFocus)
        self.field.escaped.connect(self.closed)
        self.field.returnPressed.connect(self._on_first_wanted)
        self.table.opened.connect(self.picked)

    def serve(
        self,
        find: Callable[[str], None],
        pick: Callable[[int], None],
        leave: Callable[[], None],
    ) -> None:
        """Ask ``find`` for matches; hidden once one is picked, or left."""

        def picked(account_id: int) -> None:
            self.hide()
            pick(account_id)

        def closed() -> None:
            self.hide()
            leave()

        self.searched.connect(find)
        self.picked.connect(picked)
        self.closed.connect(closed)

    def open(self) -> None:
        """Show itself, empty, with the keyboard in the field."""
        self.field.clear()
        self.show()
        self.field.setFocus()
        self.searched.emit("")

    def show_matches(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers; the first one is selected."""
        self.model.set_keys([row.id for row in rows], {row.id: row for row in rows})
        self.table.select_first()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def _on_first_wanted(self) -> None:
        key = self.table.current_key()
        if isinstance(key, int):
            self.picked.emit(key)


def _name(row: CustomerRow) -> Cell:
    return Cell(row.name, unit=row.city)


def _needs(row: CustomerRow) -> Cell:
    if row.overdue:
        words = _("{count} overdue").format(count=row.overdue)
        return Cell(words, tone=Tone.DANGER, icon="warning")
    if row.due:
        return Cell(_("{count} due").format(count=row.due), tone=Tone.ACCENT, icon="clock")
    return Cell("")
