"""The list of customers who are left out: why, and the next step; they can be dragged to a day.

Owns layout, painting and input of the list.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.board import CUSTOMER_MIME
from crmdesk.gui.views.plan.items import UnplannedItem
from crmdesk.gui.widgets.badges import badge_size, paint_badge
from crmdesk.gui.widgets.charts import ChartWidget, draw_text
from crmdesk.gui.widgets.lines import Run, draw_runs
from crmdesk.i18n import _

_ROW = 53
_GRIP = 14


class UnplannedList(ChartWidget):
    """Rows of two lines with a badge. Enter or a click on the badge plans; a double click opens."""

    plan_wanted = Signal(int)
    opened = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[UnplannedItem, ...] = ()
        self._pressed: tuple[QPointF, int] | None = None
        self.setAccessibleName(_("Not planned"))
        self.part_activated.connect(self._on_part_activated)
        self.part_selected.connect(self._on_part_selected)

    def set_items(self, items: Sequence[UnplannedItem]) -> None:
        """Show other customers."""
        self._items = tuple(items)
        self.parts_changed()
        self.setMinimumHeight(theme.scaled(_ROW) * len(self._items))

    def items(self) -> tuple[UnplannedItem, ...]:
        """The customers shown."""
        return self._items

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_ROW)
        return QRectF(0, part * height, self.width(), height)

    def part_text(self, part: int) -> str:
        item = self._items[part]
        return f"{item.title}, {item.city}: {item.badge.text}. {item.sentence}"

    def sizeHint(self) -> QSize:
        return QSize(280, theme.scaled(_ROW) * max(1, len(self._items)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part in range(len(self._items)):
            rect = self.part_rect(part)
            if rect.intersects(QRectF(event.rect())):
                self._paint_row(painter, rect, self._items[part])
        self.draw_part_focus(painter)
        painter.end()

    def _paint_row(self, painter: QPainter, rect: QRectF, item: UnplannedItem) -> None:
        line = QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1)
        painter.fillRect(line, theme.color("border"))
        side = theme.scaled(_GRIP)
        half = theme.scaled(19)
        top = rect.center().y() - half
        grip = QRectF(rect.left() + t.SPACE_2, top + (half - side) / 2, side, side)
        icons.paint(painter, "grip", grip, "muted")
        left, right = rect.left() + theme.scaled(29), rect.right() - t.SPACE_3
        size = badge_size(item.badge)
        badge = QRectF(
            right - size.width(), top + (half - size.height()) / 2, size.width(), size.height()
        )
        paint_badge(painter, badge, item.badge)
        name = QRectF(left, top, badge.left() - t.SPACE_2 - left, half)
        runs = [Run(item.title, weight=t.MEDIUM), Run(item.city, "muted", gap=t.SPACE_1)]
        draw_runs(painter, name, runs)
        words = QRectF(left, top + half, right - left, half)
        draw_text(painter, words, item.sentence, theme.font(t.SIZE_SMALL), "muted")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and not event.modifiers():
            self.set_part(max(0, min(self.part() + step, len(self._items) - 1)))
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.set_part(part)
            self._pressed = (event.position(), part)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        start, part = self._pressed
        if (event.position() - start).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            data = QMimeData()
            data.setData(CUSTOMER_MIME, str(self._items[part].key).encode())
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self.grab(self.part_rect(part).toAlignedRect()))
            drag.exec(Qt.DropAction.MoveAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        part = pressed[1]
        width = badge_size(self._items[part].badge).width() + t.SPACE_3
        if event.position().x() >= self.width() - width:
            self.plan_wanted.emit(self._items[part].key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part >= 0:
            self.opened.emit(self._items[part].key)

    def _on_part_selected(self, part: int) -> None:
        if 0 <= part < len(self._items) and self.hasFocus():
            self.chosen.emit(self._items[part].key)

    def _on_part_activated(self, part: int) -> None:
        self.plan_wanted.emit(self._items[part].key)
