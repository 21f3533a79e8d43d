"""What a customer buys, SKU by SKU and month by month, ending in when and how much comes next.

Owns the delegate that paints a row's months in one go, the two-line header (years, months), the
table whose selected row speaks, and the legend. The rows are left to
:mod:`crmdesk.gui.widgets.heatmap_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import (
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import LEFT, RIGHT, draw_text, saved, text_token, text_width
from crmdesk.gui.widgets.heatmap_model import (
    EVERY,
    MARGIN,
    MONTHS,
    NAME,
    NEXT,
    PRICE,
    SUGGEST,
    USUAL,
    HeatModel,
    Index,
    month_initial,
)
from crmdesk.gui.widgets.items import HeatItem, Tone
from crmdesk.i18n import _

_CELL = 16
_CELL_MIN = 13
_ICON = 14
_WIDE, _NAME = 760, 170


def cell_span(months: int, width: float, least: float = _CELL_MIN) -> tuple[int, float]:
    """How many of the newest months fit at `least` px each, and how wide each is."""
    if months == 0 or width <= 0:
        return 0, 0.0
    shown = min(months, max(int(width // least), 1))
    return shown, min(width / shown, least * 2)


class HeatDelegate(QStyledItemDelegate):
    """Paints a row: the name, its months as cells, and the figures at the end."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect = QRectF(option.rect)
        view = self.parent()
        model = index.model()
        if not isinstance(view, HeatTable) or not isinstance(model, HeatModel):
            return
        selected = index.row() == view.currentIndex().row()
        with saved(painter):
            if selected:
                painter.fillRect(rect, theme.color("accent_soft"))
            painter.fillRect(
                QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
            )
            item = model.item(index.row())
            if item is None:
                return
            if index.column() == MONTHS:
                view.paint_months(painter, rect, item, cursor=view.month if selected else -1)
            else:
                self._paint_text(painter, rect, item, index.column())

    def _paint_text(self, painter: QPainter, rect: QRectF, item: HeatItem, column: int) -> None:
        if column == NAME:
            area = rect.adjusted(t.SPACE_3, 0, -t.SPACE_2, 0)
            draw_text(painter, area, item.name, theme.font(), "muted" if item.faded else "text")
            return
        area = rect.adjusted(2, 0, -t.SPACE_3 if column == SUGGEST else -t.SPACE_2, 0)
        figure = theme.font(tabular=True)
        if column == EVERY:
            draw_text(painter, area, item.every, figure, "text", RIGHT)
        elif column == USUAL:
            draw_text(painter, area, item.usual, figure, "muted", RIGHT)
        elif column == PRICE:
            draw_text(painter, area, item.price, figure, "text", RIGHT)
        elif column == MARGIN:
            draw_text(painter, area, item.margin, figure, text_token(item.margin_tone), RIGHT)
        elif column == SUGGEST:
            bold = theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True)
            draw_text(painter, area, item.suggest, bold, "text", RIGHT)
        else:
            tone = item.next_tone
            weight = t.MEDIUM if tone not in (Tone.PLAIN, Tone.MUTED) else t.REGULAR
            font = theme.font(t.SIZE_BODY, weight, tabular=True)
            width = draw_text(painter, area, item.next_due, font, text_token(tone), RIGHT)
            if item.next_icon:
                size = theme.scaled(_ICON)
                spot = QRectF(
                    area.right() - width - size - 4, area.center().y() - size / 2, size, size
                )
                icons.paint(painter, item.next_icon, spot, text_token(tone))


class HeatHeader(QHeaderView):
    """Years above month initials in the months' column, plain words elsewhere."""

    def __init__(self, table: HeatTable) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._table = table
        self.setSectionsClickable(False)
        self.setHighlightSections(False)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme.scaled(36))

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        area = QRectF(rect)
        with saved(painter):
            painter.fillRect(area, theme.color("surface"))
            painter.fillRect(
                QRectF(area.left(), area.bottom() - 1, area.width(), 1), theme.color("border")
            )
            if logical == MONTHS:
                self._paint_months(painter, area)
                return
            text = str(self.model().headerData(logical, Qt.Orientation.Horizontal) or "")
            lower = QRectF(
                area.left(), area.bottom() - theme.scaled(22), area.width(), theme.scaled(20)
            )
            small = theme.font(t.SIZE_SMALL, t.MEDIUM)
            if logical == NAME:
                draw_text(painter, lower.adjusted(t.SPACE_3, 0, 0, 0), text, small, "muted", LEFT)
            else:
                right = -t.SPACE_3 if logical == SUGGEST else -t.SPACE_2
                draw_text(painter, lower.adjusted(2, 0, right, 0), text, small, "muted", RIGHT)

    def _paint_months(self, painter: QPainter, area: QRectF) -> None:
        small = theme.font(t.SIZE_SMALL, t.MEDIUM)
        line = theme.scaled(16)
        for place, cell in self._table.month_cells(area):
            month = self._table.heat.months[place]
            box = QRectF(cell.left() - 2, area.bottom() - line - 4, cell.width() + 4, line)
            draw_text(
                painter, box, month_initial(month.month), small, "muted",
                Qt.AlignmentFlag.AlignCenter,
            )  # fmt: skip
            if month.month == 1:
                painter.fillRect(
                    QRectF(cell.left() - 1, area.top(), 1, area.height()),
                    theme.color("border_strong"),
                )
                year = QRectF(cell.left() + 3, area.top() + 1, area.right() - cell.left() - 3, line)
                draw_text(painter, year, str(month.year), small, "muted", LEFT)


class HeatTable(QTableView):
    """The heat map: rows by Up/Down, months by Left/Right, Enter opens the purchases of a SKU."""

    purchases_wanted = Signal(int)
    spoken = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heat = HeatModel(self)
        self.month = -1
        self.setModel(self.heat)
        self.setItemDelegate(HeatDelegate(self))
        self.setHorizontalHeader(HeatHeader(self))
        self.setAccessibleName(_("What they buy"))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(16)
        self.horizontalHeader().setMinimumSectionSize(20)
        self._fit_rows()
        self.doubleClicked.connect(self._on_row_opened)

    def set_rows(
        self, keys: Sequence[int], months: Sequence[date], first: Sequence[HeatItem] = ()
    ) -> None:
        """Show other SKUs; the first one is selected."""
        self.month = -1
        self.heat.set_rows(keys, months, first)
        self._fit_columns()
        if keys:
            self.setCurrentIndex(self.heat.index(0, NAME))

    def selected(self) -> HeatItem | None:
        """The row the keyboard is on."""
        return self.heat.item(self.currentIndex().row())

    def select_key(self, key: int) -> None:
        """Move the selection to a SKU, when it is shown."""
        row = self.heat.row_of(key)
        if row >= 0:
            self.setCurrentIndex(self.heat.index(row, NAME))

    def month_cells(self, area: QRectF) -> list[tuple[int, QRectF]]:
        """The months that fit into `area` as (place in the model's months, cell), oldest first."""
        total = len(self.heat.months)
        shown, width = cell_span(total, area.width() - 8, theme.scaled(_CELL_MIN))
        left = area.right() - 4 - shown * width
        return [
            (total - shown + i, QRectF(left + i * width, area.top(), width, area.height()))
            for i in range(shown)
        ]

    def paint_months(
        self, painter: QPainter, area: QRectF, item: HeatItem, *, cursor: int = -1
    ) -> None:
        """Paint one row's months; `cursor` is the month under the keyboard."""
        fills = [theme.color(f"heat{level}") for level in range(5)]
        year_line = theme.color("border_strong")
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, cell in self.month_cells(area):
            box = cell.adjusted(1, 3, -1, -4)
            painter.setBrush(fills[item.levels[place]])
            painter.drawRoundedRect(box, 2, 2)
            if self.heat.months[place].month == 1:
                painter.fillRect(QRectF(cell.left() - 1, cell.top(), 1, cell.height()), year_line)
            if place == cursor:
                painter.setPen(theme.color("text"))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), 2, 2)
                painter.setPen(Qt.PenStyle.NoPen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.heat.months:
            self._move_month(-1 if key == Qt.Key.Key_Left else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_row_opened(self.currentIndex())
        elif key == Qt.Key.Key_Escape and self.month >= 0:
            self.month = -1
            self._speak()
        else:
            super().keyPressEvent(event)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self._speak()

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        super().dataChanged(first, last, list(roles))
        self._speak()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if hasattr(self, "heat"):
            self._fit_rows()
            self._fit_columns()

    def viewportEvent(self, event: object) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == event.Type.ToolTip:
            text = self._tip(event.pos())
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().viewportEvent(event)  # type: ignore[arg-type]

    def _tip(self, at: QPoint) -> str:
        index = self.indexAt(at)
        item = self.heat.item(index.row()) if index.isValid() else None
        if item is None:
            return ""
        if index.column() == MONTHS:
            for place, cell in self.month_cells(QRectF(self.visualRect(index))):
                if cell.contains(at.x(), cell.center().y()):
                    return self.heat.month_text(item, place)
        return f"{item.name}\n{item.sentence}" if item.sentence else item.name

    def _move_month(self, step: int) -> None:
        total = len(self.heat.months)
        first = total - cell_span(total, self.columnWidth(MONTHS) - 8, theme.scaled(_CELL_MIN))[0]
        at = total if self.month < 0 else self.month
        self.month = min(max(at + step, first), total - 1)
        self._speak()

    def _speak(self) -> None:
        item = self.selected()
        if item is not None:
            words = self.heat.month_text(item, self.month) if self.month >= 0 else item.sentence
            self.setAccessibleDescription(f"{item.name}. {words}")
            self.spoken.emit(item.name, words)
        self.viewport().update()

    def _fit_rows(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.scaled(27))

    def _fit_columns(self) -> None:
        small = theme.font(t.SIZE_SMALL, t.MEDIUM)
        figure = theme.font(t.SIZE_BODY, t.MEDIUM, tabular=True)
        widths = {
            EVERY: max(text_width(figure, "~100"), self._head(EVERY, small)) + 12,
            NEXT: max(self._widest(NEXT, figure) + _ICON + 4, self._head(NEXT, small)) + 16,
            USUAL: max(self._widest(USUAL, figure), self._head(USUAL, small)) + 12,
            SUGGEST: max(text_width(figure, "1000"), self._head(SUGGEST, small)) + 16,
        }
        # Price and margin step back where the months would no longer be seen.
        wide = self.viewport().width() >= theme.scaled(_WIDE)
        for column in (PRICE, MARGIN):
            self.setColumnHidden(column, not wide)
            if wide:
                widest = max(self._widest(column, figure), self._head(column, small))
                widths[column] = widest + 12
        rest = self.viewport().width() - sum(widths.values())
        months = min(len(self.heat.months) * theme.scaled(_CELL) + 8, rest * 0.66)
        if wide:
            months = min(months, rest - theme.scaled(_NAME))
        for column, width in widths.items():
            self.setColumnWidth(column, round(width))
        self.setColumnWidth(MONTHS, round(months))
        spare = self.viewport().width() - sum(round(w) for w in widths.values()) - round(months)
        self.setColumnWidth(NAME, max(spare, 80))

    def _head(self, column: int, font: object) -> float:
        text = str(self.heat.headerData(column, Qt.Orientation.Horizontal))
        return text_width(theme.font(t.SIZE_SMALL, t.MEDIUM), text)

    def _widest(self, column: int, font: object) -> float:
        figure = theme.font(t.SIZE_BODY, t.MEDIUM, tabular=True)
        shown = range(min(self.heat.rowCount(), 40))
        texts = [str(self.heat.data(self.heat.index(row, column)) or "") for row in shown]
        return max((text_width(figure, text) for text in texts), default=0.0)

    def _on_row_opened(self, index: Index) -> None:
        item = self.heat.item(index.row())
        if item is not None:
            self.purchases_wanted.emit(item.key)


class HeatLegend(QWidget):
    """none ▢▢▢▢▢ most, in the five hues of the cells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Darker is more"))

    def sizeHint(self) -> QSize:
        font = theme.font(t.SIZE_SMALL)
        words = text_width(font, _("none")) + text_width(font, _("most"))
        return QSize(round(words) + 5 * 20 + 16, theme.scaled(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme.font(t.SIZE_SMALL)
        area = QRectF(self.rect())
        x = draw_text(painter, area, _("none"), font, "muted") + 6
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for level in range(5):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(f"heat{level}"))
            painter.drawRoundedRect(QRectF(x, area.center().y() - 6, 16, 12), 2, 2)
            x += 20
        draw_text(painter, area.adjusted(x + 2, 0, 0, 0), _("most"), font, "muted")
        painter.end()
