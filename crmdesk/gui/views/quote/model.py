"""The lines of a quote as table rows. Owns the columns; what a line says is in words."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QLineEdit, QStyleOptionViewItem, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.packs import pack_of
from crmdesk.gui.views.quote.words import LineItem
from crmdesk.gui.weighing import TYPED
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.delegates import CellDelegate
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import ROW_ROLE, Cell, Column, Index, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import CURRENCY_SIGNS, _

_TYPED = QRegularExpression(TYPED)
_ANYTHING = QRegularExpression(".{0,200}")
NUMBER, PRODUCT, QUANTITY, PACK, LIST, DISCOUNT, REASON, NET, TOTAL = range(9)


class QuoteLinesModel(RowsModel):
    """Lines of one quote; keys are product ids."""

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(make_columns(currency), parent=parent)

    def show_lines(self, lines: tuple[LineItem, ...]) -> bool:
        """Show the lines; True when rows came or went, so that the table was reset."""
        keys = [line.product_id for line in lines]
        rows = {line.product_id: line for line in lines}
        if keys == self.shown_keys():
            self.put_rows(rows)
            return False
        self.set_keys(keys, rows)
        return True


class DiscountDelegate(CellDelegate):
    """Cells of a line; the discount is typed with its reason."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        if isinstance(editor, QLineEdit) and index.column() == DISCOUNT:
            editor.setValidator(QRegularExpressionValidator(_ANYTHING, editor))
            editor.setPlaceholderText(_("5 opening order"))
            editor.setAlignment(Qt.AlignmentFlag.AlignLeft)
        elif isinstance(editor, QLineEdit):
            # Weighed goods take "1,25 kg" and "3 = 1,25 kg".
            editor.setValidator(QRegularExpressionValidator(_TYPED, editor))
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex | Index) -> None:
        line = index.data(ROW_ROLE)
        if isinstance(editor, QLineEdit) and index.column() == DISCOUNT:
            editor.setText(line.typed if isinstance(line, LineItem) else "")
            editor.selectAll()
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: object, index: QModelIndex | Index) -> None:
        # An emptied field takes the discount away, and so does nothing typed for a quantity.
        if isinstance(editor, QLineEdit) and isinstance(model, RowsModel):
            model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> None:
        super().updateEditorGeometry(editor, option, index)
        table = self.parent()
        if index.column() == DISCOUNT and isinstance(table, RowsTable):
            # The reason needs room: the field reaches over the column of reasons.
            width = table.columnWidth(DISCOUNT) + table.columnWidth(REASON) - t.SPACE_4
            editor.resize(max(width, editor.width()), editor.height())


def make_columns(currency: str) -> tuple[Column, ...]:
    """The columns of the sheet."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def quantity(line: LineItem) -> Cell:
        return Cell(line.packs, strong=True, field=line.editable)

    def discount(line: LineItem) -> Cell:
        return Cell(line.discount, tone=Tone.ACCENT if line.by_hand else Tone.MUTED)

    def reason(line: LineItem) -> Cell:
        tone = Tone.ACCENT if line.by_hand else Tone.MUTED
        return Cell(line.reason, tone=tone, icon="edit" if line.by_hand else "")

    net_words = _("Net {currency}").format(currency=sign)

    def net(line: LineItem) -> Cell:
        if not line.below_cost:
            return Cell(line.net_price)
        return Cell(line.net_price, tone=Tone.DANGER, icon="warning")

    return (
        Column("number", "", lambda x: Cell(x.number, tone=Tone.MUTED), 40, right=True,
               sortable=False, yields=True),
        Column("product", _("SKU"), lambda x: Cell(x.name), 120, stretch=True, sortable=False),
        Column("quantity", _("Quantity"), quantity, column_width(76, _("Quantity")), right=True,
               sortable=False, editable=True),
        Column("pack", _("Pack, units"), lambda x: Cell(x.pack, unit=x.units),
               column_width(118, f"{pack_of('CS', 24)} = 480"), sortable=False),
        Column("list", _("List {currency}").format(currency=sign),
               lambda x: Cell(x.list_price, tone=Tone.MUTED), 66, right=True, sortable=False,
               yields=True),
        Column("discount", _("Discount"), discount, column_width(72, _("Discount")), right=True,
               sortable=False, editable=True),
        Column("reason", _("Price reason"), reason, column_width(120, _("Price reason")),
               sortable=False),
        Column("net", net_words, net, column_width(70, net_words), right=True, sortable=False),
        Column("total", _("Total {currency}").format(currency=sign),
               lambda x: Cell(x.total, strong=True), 80, right=True, sortable=False),
    )  # fmt: skip
