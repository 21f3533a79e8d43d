"""The cards of the board: painted, walked by keys, dragged from day to day.

Owns the cards, the keyboard walk and dragging. Where things stand is :mod:`.grid`'s, the ground
under them :mod:`.columns`', what a drop means the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.gui.views.plan.cards import paint_card, paint_low_card
from crmdesk.gui.views.plan.columns import paint_column, paint_target
from crmdesk.gui.views.plan.grid import Grid
from crmdesk.gui.views.plan.items import CardItem, DayItem
from crmdesk.gui.widgets.board import drag_card
from crmdesk.gui.widgets.charts import ChartWidget
from crmdesk.i18n import _

VISIT_MIME = "application/x-crmdesk-visit"
CUSTOMER_MIME = "application/x-crmdesk-customer"


@dataclass(frozen=True, slots=True)
class DropPlace:
    """Where something would be dropped: the day, and the sequence of the card it goes before."""

    day: date
    sequence: int | None
    line_y: float


class BoardBody(ChartWidget):
    """The cards of all days; each is a part that can be walked and read aloud."""

    dropped = Signal(str, int, object)
    opened = Signal(int)
    chosen = Signal(int)
    day_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days: tuple[DayItem, ...] = ()
        self._cards: list[tuple[int, CardItem]] = []
        self._selected: int | None = None
        self._pressed: tuple[QPointF, int] | None = None
        self._target: DropPlace | None = None
        self._grid = Grid((), 0, 0)
        self.setAcceptDrops(True)
        self.setAccessibleName(_("Week"))

    # ---------------------------------------------------------------------------- contents

    def set_days(self, days: Sequence[DayItem]) -> None:
        """Show other days; those of several weeks stand below each other."""
        self._days = tuple(days)
        self._cards = [(column, card) for column, day in enumerate(days) for card in day.cards]
        self._lay_out()
        self.parts_changed()
        self.setMinimumHeight(self._grid.wanted_height())

    def _lay_out(self) -> None:
        self._grid = Grid(self._days, self.width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def set_selected(self, key: int | None) -> None:
        """Mark a card."""
        self._selected = key
        for part, (_at, card) in enumerate(self._cards):
            if card.key == key and part != self.part():
                self.blockSignals(True)
                self.set_part(part)
                self.blockSignals(False)
        self.update()

    def selected_rect(self) -> QRectF | None:
        """Where the chosen card stands."""
        for part, (_at, card) in enumerate(self._cards):
            if card.key == self._selected:
                return self.part_rect(part)
        return None

    def card_rect(self, key: int) -> QRectF:
        """Where a card stands; an empty rectangle when it is not shown."""
        for part, (_at, card) in enumerate(self._cards):
            if card.key == key:
                return self.part_rect(part)
        return QRectF()

    def day_at(self, point: QPointF) -> date | None:
        """The day of several weeks whose heading is under a point."""
        index = self._grid.day_at(point.x(), point.y())
        if index is None or not self._grid.low:
            return None
        inside = point.y() - self._grid.room(index).top()
        return self._days[index].day if inside < self._grid.heading else None

    # ------------------------------------------------------------------------------- parts

    def part_count(self) -> int:
        return len(self._cards)

    def part_rect(self, part: int) -> QRectF:
        index, card = self._cards[part]
        return self._grid.card_rect(index, self._days[index].cards.index(card))

    def part_text(self, part: int) -> str:
        column, card = self._cards[part]
        return f"{self._days[column].title}: {card.spoken()}"

    def sizeHint(self) -> QSize:
        return QSize(600, max(240, self._grid.wanted_height()))

    # ---------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, day in enumerate(self._days):
            paint_column(painter, self._grid, index, day, self.height())
        paint = paint_low_card if self._grid.low else paint_card
        for part, (_at, card) in enumerate(self._cards):
            paint(painter, self.part_rect(part), card, selected=card.key == self._selected)
        if self._target is not None:
            index = next(i for i, day in enumerate(self._days) if day.day == self._target.day)
            paint_target(painter, self._grid.room(index), self._target.line_y)
        painter.end()

    # ------------------------------------------------------------------------------- input

    def set_part(self, part: int) -> None:
        super().set_part(part)
        if 0 <= part < len(self._cards) and not self.signalsBlocked():
            self.chosen.emit(self._cards[part][1].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, plain = Qt.Key(event.key()), not event.modifiers()
        if plain and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._walk(0, -1 if key is Qt.Key.Key_Up else 1)
        elif plain and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(-1 if key is Qt.Key.Key_Left else 1, 0)
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected is not None:
            self.opened.emit(self._selected)
        else:
            super().keyPressEvent(event)

    def _walk(self, columns: int, rows: int) -> None:
        """To the card above or below, or at the same height in the next day that has cards.

        Below the last card of a week stands the next week's first of that weekday.
        """
        if not self._cards:
            return
        here = self.part() if 0 <= self.part() < len(self._cards) else 0
        index, card = self._cards[here]
        place = self._days[index].cards.index(card) + rows
        if rows and not 0 <= place < len(self._days[index].cards):
            there = self._day_in_week(index, rows)
            if there is None:
                return
            index, place = there, 0 if rows > 0 else len(self._days[there].cards) - 1
        index += columns
        while columns and 0 <= index < len(self._days) and not self._days[index].cards:
            index += columns
        if not 0 <= index < len(self._days):
            return
        cards = self._days[index].cards
        wanted = cards[max(0, min(place, len(cards) - 1))]
        self.set_part(next(i for i, (_c, other) in enumerate(self._cards) if other is wanted))

    def _day_in_week(self, index: int, step: int) -> int | None:
        """The same weekday in the next week (or the one before) that has cards on it."""
        weekday = self._days[index].day.weekday()
        others = range(index + 1, len(self._days)) if step > 0 else range(index - 1, -1, -1)
        for other in others:
            if self._days[other].day.weekday() == weekday and self._days[other].cards:
                return other
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.set_part(part)
            self._pressed = (event.position(), part)
        elif (day := self.day_at(event.position())) is not None:
            self.day_chosen.emit(day)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part >= 0:
            self.opened.emit(self._cards[part][1].key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        movable = part >= 0 and self._cards[part][1].movable
        shape = Qt.CursorShape.OpenHandCursor if movable else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        if self._pressed is None:
            return
        start, pressed = self._pressed
        far = (event.position() - start).manhattanLength() >= QApplication.startDragDistance()
        if far and self._cards[pressed][1].movable:
            self._pressed = None
            drag_card(self, VISIT_MIME, self._cards[pressed][1].key, self.part_rect(pressed))

    def place_at(self, point: QPointF) -> DropPlace | None:
        """Where a drop at this point would go; None on a day that is over."""
        index = self._grid.day_at(point.x(), point.y())
        if index is None:
            return None
        day, grid = self._days[index], self._grid
        if day.past:
            return None
        for place, card in enumerate(day.cards):
            top = grid.card_top(index, place)
            if point.y() < top + grid.card / 2 and not card.past:
                return DropPlace(day.day, card.sequence, top - grid.gap / 2)
        last = max((card.sequence for card in day.cards), default=0) + 1
        return DropPlace(day.day, last, grid.card_top(index, len(day.cards)) - grid.gap / 2)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dragged(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._target = self.place_at(event.position())
        self.update()
        if self._target is None:
            event.ignore()
        else:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._target = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        place, what = self.place_at(event.position()), _dragged(event.mimeData())
        self._target = None
        self.update()
        if place is not None and what is not None:
            event.acceptProposedAction()
            self.dropped.emit(what[0], what[1], place)


def _dragged(data: QMimeData) -> tuple[str, int] | None:
    for kind in (VISIT_MIME, CUSTOMER_MIME):
        if data.hasFormat(kind):
            return kind, int(bytes(data.data(kind).data()).decode())
    return None
