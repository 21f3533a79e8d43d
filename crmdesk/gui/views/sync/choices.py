"""A painted list that is walked and picked: proposals to decide, and what was settled.

Owns painting and the mouse. Which row the keyboard is on and what is picked is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.items import ChoiceItem
from crmdesk.gui.widgets.charts import ChartWidget, text_token
from crmdesk.gui.widgets.lines import Run, draw_runs, runs_width
from crmdesk.i18n import _

_ROW = 50
_BAR = 3
_MOST_RIGHT = 0.5


class ChoiceList(ChartWidget):
    """Rows of two lines: what about, who or how; at the right what was and what is to be."""

    chosen = Signal(str)
    pick_wanted = Signal(str)

    def __init__(self, name: str, *, picks: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[ChoiceItem, ...] = ()
        self._picks = picks
        self._picked: frozenset[str] = frozenset()
        self.setAccessibleName(name)
        # The place's keys walk the rows, so that the list needs no stop of its own.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_items(
        self, items: Sequence[ChoiceItem], cursor: str, picked: frozenset[str], *, picks: bool
    ) -> None:
        """Show rows, the one the keyboard is on, and the picked ones."""
        self._items, self._picked, self._picks = tuple(items), picked, picks
        places = [place for place, item in enumerate(self._items) if item.key == cursor]
        self.set_part(places[0] if places else -1)
        self.parts_changed()

    def items(self) -> tuple[ChoiceItem, ...]:
        """The rows shown."""
        return self._items

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_ROW)
        return QRectF(0, part * height, self.width(), height)

    def part_text(self, part: int) -> str:
        item = self._items[part]
        values = item.after
        if item.before:
            values = _("{before}, proposed {after}").format(before=item.before, after=item.after)
        picked = _("picked") if item.key in self._picked else ""
        told = (item.title, item.note, values, item.warning, item.right, picked)
        return ". ".join(part for part in told if part)

    def sizeHint(self) -> QSize:
        return QSize(400, len(self._items) * theme.scaled(_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() != Qt.MouseButton.LeftButton or part < 0:
            return
        key = self._items[part].key
        box = self._picks and event.position().x() < t.SPACE_3 + theme.scaled(24)
        (self.pick_wanted if box else self.chosen).emit(key)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for part, item in enumerate(self._items):
            rect = self.part_rect(part)
            if not event.rect().intersects(rect.toAlignedRect()):
                continue
            if part == self.part():
                painter.fillRect(rect, theme.color("accent_soft"))
                painter.fillRect(QRectF(0, rect.top(), _BAR, rect.height()), theme.color("accent"))
            line = QRectF(0, rect.bottom() - 1, rect.width(), 1)
            painter.fillRect(line, theme.color("border"))
            self._paint_item(painter, rect, item)
        painter.end()

    def _paint_item(self, painter: QPainter, rect: QRectF, item: ChoiceItem) -> None:
        side = theme.scaled(16)
        body = rect.adjusted(t.SPACE_3, 0, -t.SPACE_3, -1)
        mark = QRectF(body.left(), body.center().y() - side / 2, side, side)
        if self._picks:
            self._paint_box(painter, mark, picked=item.key in self._picked)
        else:
            icons.paint(painter, item.icon, mark, text_token(item.tone))
        half = theme.scaled(19)
        left = mark.right() + t.SPACE_3
        upper = QRectF(left, body.center().y() - half, body.right() - left, half)
        values = [Run(item.after, weight=t.SEMIBOLD)] if item.after else []
        if item.before:
            values = [
                Run(item.before, "muted"),
                Run("→", "muted", gap=t.SPACE_2),
                Run(item.after, weight=t.SEMIBOLD, gap=t.SPACE_2),
            ]
        self._paint_line(painter, upper, [Run(item.title, weight=t.MEDIUM)], values)
        small = [Run(item.note, "muted", size=t.SIZE_SMALL)]
        right = [Run(item.right, "muted", size=t.SIZE_SMALL)]
        if item.warning:
            gap = t.SPACE_3 if item.note else 0
            small.append(Run(item.warning, "warning", size=t.SIZE_SMALL, icon="warning", gap=gap))
        self._paint_line(painter, upper.translated(0, half), small, right)

    def _paint_line(
        self, painter: QPainter, room: QRectF, left: Sequence[Run], right: Sequence[Run]
    ) -> None:
        """Words at the left, and at the right what must be seen whole as far as there is room."""
        width = min(runs_width(right), room.width() * _MOST_RIGHT) + 1 if right else 0
        end = QRectF(room.right() - width, room.top(), width, room.height())
        draw_runs(painter, end, right, right=True)
        draw_runs(painter, room.adjusted(0, 0, -(width + t.SPACE_3) if right else 0, 0), left)

    def _paint_box(self, painter: QPainter, box: QRectF, *, picked: bool) -> None:
        frame = box.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("accent" if picked else "border_strong"), 1))
        painter.setBrush(theme.color("accent" if picked else "surface"))
        painter.drawRoundedRect(frame, 3, 3)
        if picked:
            icons.paint(painter, "check", box.adjusted(2, 2, -2, -2), "on_accent")
