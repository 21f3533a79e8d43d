"""The margin map: segments down, categories across, darker is a higher margin.

Owns its painting and keyboard; arrows walk the cells, Enter looks at one. Every cell says its
margin in words too, so that the colour never stands alone.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.prices.items import MapCell, MapItem
from crmdesk.gui.widgets.charts import (
    CENTER,
    LEFT,
    ChartWidget,
    draw_text,
    fill_round,
    text_width,
)
from crmdesk.i18n import _

_ROW, _HEAD, _GAP = 42, 40, 2


class MarginMapChart(ChartWidget):
    """See the module."""

    opened = Signal(str, object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = MapItem()
        self._cells: list[tuple[int, int, MapCell]] = []
        self.setAccessibleName(_("Margin by segment and category"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.part_activated.connect(self._on_activated)

    def set_item(self, item: MapItem) -> None:
        """Show other figures."""
        self._item = item
        self._cells = [
            (row, column, cell)
            for row, cells in enumerate(item.cells)
            for column, cell in enumerate(cells)
            if cell is not None
        ]
        self.setFixedHeight(self.sizeHint().height())
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._cells)

    def part_text(self, part: int) -> str:
        return self._cells[part][2].spoken

    def part_rect(self, part: int) -> QRectF:
        row, column, _cell = self._cells[part]
        return self._rect(row, column)

    def sizeHint(self) -> QSize:
        rows = max(len(self._item.rows), 2)
        return QSize(600, theme.scaled(_HEAD) + rows * theme.scaled(_ROW) + t.SPACE_2)

    def _left(self) -> float:
        font = theme.font(t.SIZE_SMALL, t.MEDIUM)
        widest = max((text_width(font, one) for one in self._item.rows), default=40.0)
        return float(min(widest, theme.scaled(150)) + 2 * t.SPACE_3)

    def _rect(self, row: int, column: int) -> QRectF:
        left, columns = self._left(), max(len(self._item.columns), 1)
        width = (self.width() - left - t.SPACE_3) / columns
        height = theme.scaled(_ROW)
        return QRectF(
            left + column * width + _GAP / 2, theme.scaled(_HEAD) + row * height + _GAP / 2,
            width - _GAP, height - _GAP,
        )  # fmt: skip

    def _level(self, margin: float) -> int:
        known = sorted(cell.margin for _r, _c, cell in self._cells if cell.margin is not None)
        if margin <= 0:
            return 0
        below = sum(one < margin for one in known)
        return min(below * 3 // max(len(known), 1), 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        small = theme.font(t.SIZE_SMALL, t.MEDIUM)
        if not self._cells:
            words = _("Nothing was sold in the last twelve months.")
            draw_text(painter, QRectF(self.rect()), words, small, "muted", CENTER)
            painter.end()
            return
        line = theme.scaled(16)
        for column, name in enumerate(self._item.columns):
            area = self._rect(0, column)
            first, second = _two_lines(name, area.width())
            top = theme.scaled(_HEAD) - 2 * line - 2
            upper = QRectF(area.left(), top, area.width(), line)
            if second:
                draw_text(painter, upper, first, small, "muted", CENTER)
            draw_text(painter, upper.translated(0, line), second or first, small, "muted", CENTER)
        for row, name in enumerate(self._item.rows):
            area = QRectF(t.SPACE_3, self._rect(row, 0).top(), self._left() - t.SPACE_3 - 4,
                          theme.scaled(_ROW))  # fmt: skip
            draw_text(painter, area, name, small, "text", LEFT)
        for row, column, cell in self._cells:
            self._paint_cell(painter, self._rect(row, column), cell)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_cell(self, painter: QPainter, area: QRectF, cell: MapCell) -> None:
        level = 0 if cell.margin is None else self._level(cell.margin)
        fill_round(painter, area, f"heat{level}", 3)
        low = cell.margin is not None and cell.margin <= 0
        bold = theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True)
        half = area.height() / 2
        upper = QRectF(area.left(), area.top() + 2, area.width(), half)
        draw_text(painter, upper, cell.text, bold, "danger" if low else "text", CENTER)
        lower = QRectF(area.left(), area.top() + half - 1, area.width(), half - 2)
        font = theme.font(t.SIZE_SMALL, tabular=True)
        draw_text(painter, lower, cell.detail, font, "text" if level else "muted", CENTER)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self.part() >= 0:
            row, column, _cell = self._cells[self.part()]
            for place, (r, c, _one) in enumerate(self._cells):
                if (r, c) == (row + step, column):
                    self.set_part(place)
                    return
            if step > 0:
                self.focusNextChild()
            return
        super().keyPressEvent(event)

    def _on_activated(self, part: int) -> None:
        _row, column, cell = self._cells[part]
        self.opened.emit(cell.segment, cell.category_id, self._item.columns[column])


def _two_lines(name: str, width: float) -> tuple[str, str]:
    """A name in one line, or in two where it has blanks and does not fit."""
    small = theme.font(t.SIZE_SMALL, t.MEDIUM)
    if text_width(small, name) <= width or " " not in name:
        return name, ""
    words = name.split(" ")
    first = words[0]
    rest = words[1:]
    while rest and text_width(small, f"{first} {rest[0]}") <= width:
        first = f"{first} {rest.pop(0)}"
    return first, " ".join(rest)
