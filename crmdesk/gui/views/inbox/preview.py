"""The current order beside the list: what to look at, its lines, totals, credit, the question.

Owns its layout; the words come from the presenter.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.inbox.asking import AskPanel
from crmdesk.gui.views.inbox.items import LineItem, NoteItem, PreviewItem
from crmdesk.gui.views.inbox.model import QUANTITY, LinesModel
from crmdesk.gui.widgets.badges import BadgeRow
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import HLine, Surface, VLine
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_ROW = 45


class PreviewPanel(Surface):
    """One order; `typed(product id, text)` while it is being altered."""

    typed = Signal(int, str)

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Selected order"))
        self.model = LinesModel(currency, self)
        self.lines = RowsTable(self.model, row_height=_ROW, parent=self)
        self.lines.setAccessibleName(_("Lines of the order"))
        self.lines.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.finder = ProductFinder(self, key=keys.hint("inbox.add"))
        self.finder.set_foot("", "", can_add=True)
        self.finder.hide()
        self.ask = AskPanel(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(HLine(self))
        column.addWidget(self.lines, 1)
        column.addWidget(HLine(self))
        column.addWidget(self.finder)
        column.addWidget(self.ask)
        column.addLayout(self._figures())
        self.model.edited.connect(self._on_edited)

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        head.setSpacing(t.SPACE_1)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self._title = LineLabel(parent=self)
        self._badges = BadgeRow(self)
        row.addWidget(self._title, 1)
        row.addWidget(self._badges)
        head.addLayout(row)
        self._facts = LineLabel(parent=self)
        head.addWidget(self._facts)
        self._notes = QVBoxLayout()
        self._notes.setSpacing(t.SPACE_1)
        self._notes.setContentsMargins(0, t.SPACE_1, 0, 0)
        head.addLayout(self._notes)
        self._remark = TextLabel("", ink="muted", wrap=True, parent=self)
        head.addWidget(self._remark)
        return head

    def _figures(self) -> QHBoxLayout:
        self._totals = PairList(_("Totals"), self)
        self._credit = PairList(_("Credit"), self)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_4)
        row.addWidget(self._credit, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(VLine(self))
        row.addWidget(self._totals, 1, Qt.AlignmentFlag.AlignTop)
        return row

    def show_preview(self, item: PreviewItem | None) -> None:
        """Show an order, or nothing."""
        self.setVisible(item is not None)
        if item is None:
            return
        self._title.set_runs([Run(item.title, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._badges.set_items(item.badges)
        self._facts.set_runs([Run(" · ".join(item.facts), "muted")])
        self._show_notes((*item.notes, *item.altered))
        self._remark.setText(item.remark)
        self._remark.setVisible(bool(item.remark))
        self._show_lines(item.lines)
        self._totals.set_pairs(item.totals)
        self._credit.set_pairs(item.credit)

    def _show_lines(self, lines: tuple[LineItem, ...]) -> None:
        rows = {line.product_id: line for line in lines}
        if list(rows) == self.model.shown_keys():
            # A reset would close the field that is being typed into, and take its keyboard away.
            self.model.put_rows(rows)
            return
        self.model.set_keys(list(rows), rows)
        self.lines.select_first()

    def show_editing(self, *, on: bool) -> None:
        """Let the quantities be typed, and give the lines the keyboard."""
        current = self.lines.current_key()
        self.model.set_editing(on=on)
        self.finder.close_matches()
        self.finder.setVisible(on)
        if current is not None:
            self.lines.select_key(current)
        if on:
            self.lines.setFocus()

    def _show_notes(self, notes: tuple[NoteItem, ...]) -> None:
        while (item := self._notes.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for note in notes:
            ink = text_token(note.tone)
            line = LineLabel([Run(note.text, ink, icon=note.icon)], parent=self)
            line.setToolTip(note.text)
            self._notes.addWidget(line)

    def _on_edited(self, key: object, column: str, text: str) -> None:
        if isinstance(key, int) and column == QUANTITY:
            self.typed.emit(key, text)
