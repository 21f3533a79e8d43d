"""The table of lines: quantities typed in place, warnings with their two ways out.

Owns keyboard and painting of the sheet's table. What a typed quantity means is the presenter's.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QRectF,
    QRegularExpression,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QRegularExpressionValidator
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.order.model import LIST, NET, QUANTITY, REASON, USUAL, WARNING, OrderModel
from crmdesk.gui.views.order.words import SheetItem, WarningItem
from crmdesk.gui.weighing import TYPED
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.delegates import PAD, CellDelegate
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import Surface
from crmdesk.gui.widgets.rows import KEY_ROLE, Index
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_TYPED = QRegularExpression(TYPED)
_EXPENDABLE = (LIST, NET, REASON, USUAL)


class LineDelegate(CellDelegate):
    """Cells of a line; the quantity of the selected line has the accent's ring."""

    moved = Signal(int)
    typed = Signal(object, str)
    given_up = Signal(object)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        table = self.parent()
        if index.column() != QUANTITY or not isinstance(table, LinesTable):
            return
        if index.row() != table.currentIndex().row() or not table.editable:
            return
        rect = QRectF(option.rect)
        height = theme.scaled(28)
        box = QRectF(
            rect.left() + PAD + 1, rect.center().y() - height / 2 + 1, rect.width() - 2 * PAD - 2,
            height - 2,
        )  # fmt: skip
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, t.RADIUS - 1, t.RADIUS - 1)
        painter.restore()

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        if isinstance(editor, QLineEdit):
            # A scanner may type here: a barcode must arrive whole to be known as one. Weighed
            # goods take "1,25 kg" and "3 = 1,25 kg".
            editor.setValidator(QRegularExpressionValidator(_TYPED, editor))
            key = index.data(KEY_ROLE)
            editor.textChanged.connect(lambda text: self.typed.emit(key, text))
        return editor

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        if isinstance(editor, QLineEdit):
            super().updateEditorGeometry(editor, option, index)
        else:
            editor.setGeometry(option.rect)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Return: 1,
                Qt.Key.Key_Enter: 1,
            }
            if event.key() == Qt.Key.Key_Escape and isinstance(editor, QLineEdit):
                table = self.parent()
                if isinstance(table, LinesTable):
                    self.given_up.emit(table.current_key())
            step = steps.get(Qt.Key(event.key()))
            if step is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                if isinstance(editor, QLineEdit):
                    self.commitData.emit(editor)
                    self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
                    self.moved.emit(step)
                return True
        return super().eventFilter(editor, event)


class WarningBar(Surface):
    """One line under a line: what is unusual, and two buttons with their keys."""

    used = Signal(int)
    kept = Signal(int)
    replaced = Signal(int)

    def __init__(self, item: WarningItem, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="warning_soft", edge="", radius=0)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.scaled(36), 0, PAD, 1)
        row.setSpacing(t.SPACE_2)
        words = LineLabel(parent=self)
        words.set_runs(
            [
                Run("", "warning", icon="warning"),
                Run(item.loud, weight=t.SEMIBOLD, gap=t.SPACE_2),
                Run(item.quiet, gap=t.SPACE_1),
            ]
        )
        row.addWidget(words, 1)
        if item.use:
            action = "order.instead" if item.by_stock else "order.use_usual"
            use = KeyHintButton(item.use, keys.hint(action), parent=self)
            use.clicked.connect(
                lambda: (self.replaced if item.by_stock else self.used).emit(item.product_id)
            )
            row.addWidget(use)
        keep = KeyHintButton(item.keep, keys.hint("order.keep"), parent=self)
        keep.clicked.connect(lambda: self.kept.emit(item.product_id))
        row.addWidget(keep)
        self.setAccessibleName(f"{item.loud} {item.quiet}")


class LinesTable(RowsTable):
    """Digits change the quantity of the selected line; Up, Down and Enter move on."""

    used = Signal(int)
    kept = Signal(int)
    replaced = Signal(int)
    typed = Signal(object, str)
    given_up = Signal(object)

    def __init__(self, model: OrderModel, parent: QWidget | None = None) -> None:
        super().__init__(model, row_height=t.ROW_FIELD, parent=parent)
        self.editable = True
        self._bars: list[WarningBar] = []
        delegate = LineDelegate(self)
        delegate.moved.connect(self._on_moved)
        delegate.typed.connect(self.typed)
        delegate.given_up.connect(self.given_up)
        self.setItemDelegate(delegate)
        self.setAccessibleName(_("Lines of the order"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.horizontalHeader().setSortIndicatorShown(False)
        self.opened.connect(self._on_opened)

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show the lines and warnings; what is being typed goes on."""
        model = self.rows_model()
        if not isinstance(model, OrderModel):
            return
        self.editable = sheet.is_draft
        current, typed = self.current_key(), self._typed()
        reset = model.show_lines(sheet)
        if reset and (current is None or not self.select_key(current)):
            self.select_first()
        self._place_warnings(sheet)
        if reset and typed is not None and self.current_key() == current:
            self._type_on(typed)
        self.viewport().update()

    def wanted_height(self) -> int:
        """The height in px at which no line is hidden."""
        return self.horizontalHeader().height() + self.verticalHeader().length() + 2

    def _place_warnings(self, sheet: SheetItem) -> None:
        model = self.rows_model()
        # A table that is reset leaves the widgets of its rows where they were.
        for old in self._bars:
            old.hide()
            old.deleteLater()
        self._bars.clear()
        for row in model.heading_places():
            heading = model.heading_at(row)
            product = int(heading.key.removeprefix(WARNING)) if heading is not None else 0
            item = next((w for w in sheet.warnings if w.product_id == product), None)
            if item is not None:
                bar = WarningBar(item, self)
                bar.used.connect(self.used)
                bar.kept.connect(self.kept)
                bar.replaced.connect(self.replaced)
                self.setIndexWidget(model.index(row, 0), bar)
                self._bars.append(bar)
                self.setRowHeight(row, theme.scaled(t.ROW_FIELD))

    def _quantity_index(self) -> QModelIndex:
        return self.rows_model().index(self.currentIndex().row(), QUANTITY)

    def _typed(self) -> str | None:
        """What stands in the open field of the selected line, None when none is open."""
        editor = self.indexWidget(self._quantity_index())
        return editor.text() if isinstance(editor, QLineEdit) else None

    def _type_on(self, text: str) -> None:
        """Open the field again with what was typed into it before the rows changed."""
        self.setFocus()
        self.edit(self._quantity_index())
        editor = self.indexWidget(self._quantity_index())
        if isinstance(editor, QLineEdit):
            editor.setText(text)
            editor.deselect()

    def _fit_columns(self) -> None:
        """Hide what the narrow window has no room for; quantity and total always stay."""
        columns = self.rows_model().columns
        room = self.viewport().width()
        wanted = sum(theme.scaled(column.width) for column in columns)
        for place in _EXPENDABLE:
            hidden = wanted > room
            if hidden:
                wanted -= theme.scaled(columns[place].width)
            self.setColumnHidden(place, hidden)
        super()._fit_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isdecimal() and not self.editable:
            return
        super().keyPressEvent(event)

    def _on_moved(self, step: int) -> None:
        self.setFocus()
        self._step(step)

    def _on_opened(self, _key: object) -> None:
        if self.editable:
            self.edit(self._quantity_index())
