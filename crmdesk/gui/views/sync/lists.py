"""The painted parts of the sync centre: the strip of figures, and lists of lines.

Owns painting them. The words come from the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.model import LineItem, TileItem
from crmdesk.gui.widgets.charts import ChartWidget, text_token
from crmdesk.gui.widgets.lines import Run, draw_runs, runs_width
from crmdesk.gui.widgets.panels import Surface

_ROW, _TWO_LINES = 32, 46
_FIRST_SHARE = 1.9
_WHEN_WIDTH = 84


class TileStrip(Surface):
    """Figures side by side: label, value of 18 px, muted note; the first one is the widest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[TileItem, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[TileItem]) -> None:
        """Show other figures."""
        self._items = tuple(items)
        self.setAccessibleName(
            ". ".join(f"{item.label}: {item.value} {item.note}".strip() for item in items)
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, theme.scaled(66))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        unit = self.width() / (len(self._items) - 1 + _FIRST_SHARE) if self._items else 0
        x = 0.0
        for place, item in enumerate(self._items):
            width = unit * (_FIRST_SHARE if place == 0 else 1)
            if place:
                painter.fillRect(QRectF(round(x), 1, 1, self.height() - 2), theme.color("border"))
            half = theme.scaled(20)
            left = x + t.SPACE_4
            room = QRectF(left, self.height() / 2 - half, width - t.SPACE_4 - 4, half)
            draw_runs(painter, room, [Run(item.label, "muted", size=t.SIZE_SMALL)])
            runs = [Run(item.value, text_token(item.tone), t.SEMIBOLD, t.SIZE_TITLE)]
            if item.note:
                runs.append(Run(item.note, "muted", size=t.SIZE_SMALL, gap=t.SPACE_2))
            draw_runs(painter, room.translated(0, half), runs)
            x += width
        painter.end()


class LineList(ChartWidget):
    """Lines of one or two rows: icon, words with muted words, time at the right."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[LineItem, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[LineItem]) -> None:
        """Show other lines."""
        self._items = tuple(items)
        self.parts_changed()

    def items(self) -> tuple[LineItem, ...]:
        """The lines shown."""
        return self._items

    def _height(self) -> int:
        two = any(item.detail for item in self._items)
        return theme.scaled(_TWO_LINES if two else _ROW)

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        return QRectF(0, part * self._height(), self.width(), self._height())

    def part_text(self, part: int) -> str:
        item = self._items[part]
        return " ".join(x for x in (item.words, item.note, item.detail, item.right) if x)

    def sizeHint(self) -> QSize:
        return QSize(320, len(self._items) * self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._items:
            self.set_part(max(self.part() + step, 0))
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for part, item in enumerate(self._items):
            rect = self.part_rect(part)
            painter.fillRect(QRectF(0, rect.bottom() - 1, rect.width(), 1), theme.color("border"))
            self._paint_item(painter, rect, item)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_item(self, painter: QPainter, rect: QRectF, item: LineItem) -> None:
        side = theme.scaled(16)
        body = rect.adjusted(t.SPACE_3, 0, -t.SPACE_3, -1)
        icon = QRectF(body.left(), body.center().y() - side / 2, side, side)
        icons.paint(painter, item.icon, icon, text_token(item.tone))
        left = icon.right() + t.SPACE_2
        right = [Run(item.right, "muted", size=t.SIZE_SMALL)]
        room = QRectF(
            left, body.top(), body.right() - runs_width(right) - t.SPACE_3 - left, body.height()
        )
        draw_runs(painter, body, right, right=True)
        if not item.detail:
            runs = [Run(item.words)]
            if item.note:
                runs.append(Run(item.note, "muted", gap=t.SPACE_1))
            draw_runs(painter, room, runs)
            return
        width = theme.scaled(_WHEN_WIDTH)
        draw_runs(painter, QRectF(left, room.top(), width, room.height()), [Run(item.words)])
        half = theme.scaled(17)
        upper = QRectF(left + width, body.center().y() - half, room.right() - left - width, half)
        draw_runs(painter, upper, [Run(item.note)])
        detail = [Run(item.detail, "muted", size=t.SIZE_SMALL)]
        draw_runs(painter, upper.translated(0, half), detail)
