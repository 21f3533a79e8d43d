"""The painted parts of the sync centre: the strip of figures, and lists of lines.

Owns painting them. The words come from the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.items import LineItem, TileItem
from crmdesk.gui.widgets.charts import ChartWidget, text_token
from crmdesk.gui.widgets.lines import Run, draw_runs, runs_width
from crmdesk.gui.widgets.panels import Surface

_ROW, _TWO_LINES, _MORE = 32, 46, 18
_FIRST_SHARE = 1.9
_WHEN_WIDTH = 84
_MOST_WHEN = 0.36


def _key(item: LineItem) -> str:
    return "".join(item.more[:1]) + item.right


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
        # Notes are elided where there is little room.
        self.setToolTip("\n".join(f"{i.label}: {i.value} {i.note}".strip() for i in items))
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
        self._opened = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[LineItem]) -> None:
        """Show other lines."""
        self._items = tuple(items)
        self.parts_changed()

    def items(self) -> tuple[LineItem, ...]:
        """The lines shown."""
        return self._items

    def toggle(self) -> None:
        """Open the line the keyboard is on (or the first) and tell all of it; or close it."""
        if self._items:
            item = self._items[max(self.part(), 0)]
            self._opened = "" if self._opened == _key(item) or not item.more else _key(item)
            self.parts_changed()

    def _height(self) -> int:
        two = any(item.detail for item in self._items)
        return theme.scaled(_TWO_LINES if two else _ROW)

    def _room(self, part: int) -> int:
        """The height of a line with what is told below it."""
        item = self._items[part]
        more = len(item.more) if _key(item) == self._opened else 0
        return self._height() + (more * theme.scaled(_MORE) + t.SPACE_2 if more else 0)

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        top = sum(self._room(before) for before in range(part))
        return QRectF(0, top, self.width(), self._room(part))

    def part_text(self, part: int) -> str:
        item = self._items[part]
        told = (item.words, item.note, item.detail, item.right, *item.more)
        return " ".join(x for x in told if x)

    def sizeHint(self) -> QSize:
        return QSize(320, sum(self._room(part) for part in range(len(self._items))))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        # With the keyboard here the arrows walk these lines, not the place's cards.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        ):
            event.accept()
            return True
        return super().event(event)

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
            line = QRectF(rect.left(), rect.top(), rect.width(), self._height())
            self._paint_item(painter, line, item)
            if _key(item) == self._opened:
                self._paint_more(painter, rect, item)
        self.draw_part_focus(painter)
        painter.end()

    def _when_width(self) -> float:
        """Room for the widest time, so that the words beside them line up."""
        widest = max((runs_width([Run(item.words)]) for item in self._items), default=0.0)
        most = self.width() * _MOST_WHEN
        return min(max(widest + t.SPACE_3, theme.scaled(_WHEN_WIDTH)), most)

    def _paint_more(self, painter: QPainter, rect: QRectF, item: LineItem) -> None:
        height = theme.scaled(_MORE)
        left = t.SPACE_3 + theme.scaled(16) + t.SPACE_2
        room = QRectF(left, rect.top() + self._height(), rect.width() - left - t.SPACE_3, height)
        for words in item.more:
            draw_runs(painter, room, [Run(words, "muted", size=t.SIZE_SMALL)])
            room.translate(0, height)

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
        width = self._when_width()
        draw_runs(painter, QRectF(left, room.top(), width, room.height()), [Run(item.words)])
        half = theme.scaled(17)
        upper = QRectF(left + width, body.center().y() - half, room.right() - left - width, half)
        draw_runs(painter, upper, [Run(item.note)])
        detail = [Run(item.detail, "muted", size=t.SIZE_SMALL)]
        draw_runs(painter, upper.translated(0, half), detail)
