"""The last line of an order or a quote: a field that finds products, and what it found.

Owns its keyboard: Enter adds the first match, Down goes into the matches, Esc leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.domain.barcodes import read_scan
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.packs import pack_name, pack_of
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.order import FoundProduct

_MOST = 6


class ProductFinder(QWidget):
    """`searched(text)` asks for matches, `chosen(found product)` is one to add.

    `scanned(text)` is a barcode with its Enter: a scanner does not wait for matches.
    """

    searched = Signal(str)
    scanned = Signal(str)
    chosen = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None, *, words: str = "", key: str = "") -> None:
        super().__init__(parent)
        self._found: dict[int, FoundProduct] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        row.setSpacing(t.SPACE_4)
        self.field = SearchField(
            words or _("Add a line: SKU, name or barcode"),
            key or keys.hint("order.add"),
            icon="plus",
            parent=self,
        )
        theme.most_width(self.field, 360)
        self._foot = LineLabel(right=True, parent=self)
        row.addWidget(self.field, 1)
        row.addWidget(self._foot, 1)
        column.addLayout(row)
        columns = (
            Column("name", _("SKU"), _name, 300, stretch=True, sortable=False),
            Column("pack", _("Pack"), _pack, 160, sortable=False),
        )
        self.model = RowsModel(columns, parent=self)
        self.table = RowsTable(self.model, row_height=t.ROW_COMPACT, parent=self)
        self.table.setAccessibleName(_("Matching products"))
        self.table.horizontalHeader().hide()
        self.table.hide()
        column.addWidget(self.table)
        self.field.searched.connect(self.searched)
        self.field.left_down.connect(self.table.setFocus)
        self.field.escaped.connect(self._on_escaped)
        self.field.returnPressed.connect(self._on_first_wanted)
        self.table.opened.connect(self._on_opened)

    def set_foot(self, words: str, total: str, *, can_add: bool) -> None:
        """Say how many lines and units there are and what they come to."""
        self.field.setVisible(can_add)
        self._foot.set_runs([Run(words, "muted"), Run(total, weight=t.SEMIBOLD, gap=t.SPACE_5)])

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products; the first one is selected."""
        shown = list(found)[:_MOST] if self.field.text().strip() else []
        self._found = {one.product_id: one for one in shown}
        self.model.set_keys(list(self._found), self._found)
        self.table.setFixedHeight(theme.scaled(t.ROW_COMPACT) * len(shown))
        self.table.setVisible(bool(shown))
        self.table.select_first()

    def close_matches(self) -> None:
        """Empty the field and hide the matches."""
        self.field.clear()
        self.show_found(())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._on_escaped()
            return
        super().keyPressEvent(event)

    def _on_escaped(self) -> None:
        self.close_matches()
        self.left.emit()

    def _on_first_wanted(self) -> None:
        text = self.field.text()
        if read_scan(text).code != "no-gtin":
            self.close_matches()
            self.scanned.emit(text)
            return
        self._on_opened(self.table.current_key())

    def _on_opened(self, key: object) -> None:
        found = self._found.get(key) if isinstance(key, int) else None
        if found is not None:
            self.close_matches()
            self.chosen.emit(found)


def _name(row: FoundProduct) -> Cell:
    return Cell(row.name, unit=row.sku)


def _pack(row: FoundProduct) -> Cell:
    words = pack_of(row.unit, row.factor) if row.factor > 1 else pack_name(row.unit)
    return Cell(words, tone=Tone.MUTED)
