"""The week board: a heading and a column of cards for each day, painted.

Owns layout, painting, the keyboard walk, and dragging. What a drop means is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.cards import CARD, paint_card, paint_free, paint_heading
from crmdesk.gui.views.plan.items import CardItem, DayItem
from crmdesk.gui.widgets.charts import CENTER, ChartWidget, draw_text
from crmdesk.gui.widgets.panels import HLine, Surface
from crmdesk.i18n import _

VISIT_MIME = "application/x-crmdesk-visit"
CUSTOMER_MIME = "application/x-crmdesk-customer"
_HEADING = 76
_GAP = 5
_SIDE = 6
_LUNCH = 22
_FREE = 58


@dataclass(frozen=True, slots=True)
class DropPlace:
    """Where something would be dropped: the day, and the sequence of the card it goes before."""

    day: date
    sequence: int | None
    line_y: float


class _Headings(QWidget):
    """The row of day headings; a click shows the day's route."""

    day_chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._days: tuple[DayItem, ...] = ()
        self._spare = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_days(self, days: Sequence[DayItem]) -> None:
        self._days = tuple(days)
        self.update()

    def set_spare(self, spare: int) -> None:
        """Leave room at the right for the body's scroll bar."""
        self._spare = spare
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, theme.scaled(_HEADING))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column, day in enumerate(self._days):
            rect = _column(column, len(self._days), self.width() - self._spare, self.height())
            paint_heading(painter, rect, day)
            if column:
                painter.fillRect(QRectF(rect.left(), 0, 1, rect.height()), theme.color("border"))
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._days:
            width = max(1, self.width() - self._spare)
            place = int(event.position().x() * len(self._days) / width)
            self.day_chosen.emit(self._days[min(place, len(self._days) - 1)].day)


class _Body(ChartWidget):
    """The cards of all days; each is a part that can be walked and read aloud."""

    dropped = Signal(str, int, object)
    opened = Signal(int)
    removed = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days: tuple[DayItem, ...] = ()
        self._cards: list[tuple[int, CardItem]] = []
        self._selected: int | None = None
        self._pressed: tuple[QPointF, int] | None = None
        self._target: DropPlace | None = None
        self.setAcceptDrops(True)
        self.setAccessibleName(_("Week"))

    # ---------------------------------------------------------------------------- contents

    def set_days(self, days: Sequence[DayItem]) -> None:
        self._days = tuple(days)
        self._cards = [(column, card) for column, day in enumerate(days) for card in day.cards]
        self.parts_changed()
        self.setMinimumHeight(self._wanted_height())

    def set_selected(self, key: int | None) -> None:
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

    def _wanted_height(self) -> int:
        most = 0.0
        for column, day in enumerate(self._days):
            bottom = self._card_top(column, len(day.cards))
            if day.free:
                bottom += theme.scaled(_FREE) + _GAP
            most = max(most, bottom)
        return round(most) + _SIDE

    # ---------------------------------------------------------------------- geometry, parts

    def _card_top(self, column: int, place: int) -> float:
        day = self._days[column]
        top = _SIDE + place * (theme.scaled(CARD) + _GAP)
        if day.lunch_before is not None and place >= day.lunch_before:
            top += theme.scaled(_LUNCH)
        return float(top)

    def part_count(self) -> int:
        return len(self._cards)

    def part_rect(self, part: int) -> QRectF:
        column, card = self._cards[part]
        place = self._days[column].cards.index(card)
        room = _column(column, len(self._days), self.width(), self.height())
        return QRectF(
            room.left() + _SIDE,
            self._card_top(column, place),
            room.width() - 2 * _SIDE,
            theme.scaled(CARD),
        )

    def part_text(self, part: int) -> str:
        column, card = self._cards[part]
        return f"{self._days[column].title}: {card.spoken()}"

    def sizeHint(self) -> QSize:
        return QSize(600, max(240, self._wanted_height()))

    # ---------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column, day in enumerate(self._days):
            self._paint_column(painter, column, day)
        for part, (_at, card) in enumerate(self._cards):
            paint_card(painter, self.part_rect(part), card, selected=card.key == self._selected)
        if self._target is not None:
            self._paint_target(painter, self._target)
        painter.end()

    def _paint_column(self, painter: QPainter, column: int, day: DayItem) -> None:
        room = _column(column, len(self._days), self.width(), self.height())
        painter.fillRect(room, theme.color("surface" if day.is_today else "window"))
        if column:
            painter.fillRect(QRectF(room.left(), 0, 1, room.height()), theme.color("border"))
        small = theme.font(t.SIZE_SMALL)
        if day.lunch_before is not None:
            top = self._card_top(column, day.lunch_before) - theme.scaled(_LUNCH) - _GAP / 2
            area = QRectF(room.left(), top, room.width(), theme.scaled(_LUNCH))
            draw_text(painter, area, _("lunch"), small, "muted", CENTER)
        if day.off and not day.cards:
            area = QRectF(room.left(), _SIDE, room.width(), theme.scaled(CARD))
            draw_text(painter, area, day.off, small, "muted", CENTER)
        if day.free:
            height = theme.scaled(_FREE)
            top = max(self._card_top(column, len(day.cards)), self.height() - height - _SIDE)
            area = QRectF(room.left() + _SIDE, top, room.width() - 2 * _SIDE, height)
            paint_free(painter, area, day.free, keys.hint("plan.fill"))

    def _paint_target(self, painter: QPainter, target: DropPlace) -> None:
        column = next(i for i, day in enumerate(self._days) if day.day == target.day)
        room = _column(column, len(self._days), self.width(), self.height())
        painter.fillRect(room, theme.color("accent", alpha=0.06))
        painter.setPen(QPen(theme.color("accent"), 2))
        y = target.line_y
        painter.drawLine(QPointF(room.left() + _SIDE, y), QPointF(room.right() - _SIDE, y))

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
        elif plain and key is Qt.Key.Key_Delete and self._selected is not None:
            self.removed.emit(self._selected)
        else:
            super().keyPressEvent(event)

    def _walk(self, columns: int, rows: int) -> None:
        """To the card above or below, or at the same height in the next column that has cards."""
        if not self._cards:
            return
        here = self.part() if 0 <= self.part() < len(self._cards) else 0
        column, card = self._cards[here]
        place = self._days[column].cards.index(card) + rows
        column += columns
        while columns and 0 <= column < len(self._days) and not self._days[column].cards:
            column += columns
        if not 0 <= column < len(self._days):
            return
        cards = self._days[column].cards
        wanted = cards[max(0, min(place, len(cards) - 1))]
        self.set_part(next(i for i, (_c, other) in enumerate(self._cards) if other is wanted))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.set_part(part)
            self._pressed = (event.position(), part)

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
            self._drag(pressed)

    def _drag(self, part: int) -> None:
        card = self._cards[part][1]
        data = QMimeData()
        data.setData(VISIT_MIME, str(card.key).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self.grab(self.part_rect(part).toAlignedRect()))
        drag.exec(Qt.DropAction.MoveAction)

    def place_at(self, point: QPointF) -> DropPlace | None:
        """Where a drop at this point would go; None on a day that is over."""
        if not self._days or self.width() <= 0:
            return None
        column = max(0, min(len(self._days) - 1, int(point.x() * len(self._days) / self.width())))
        day = self._days[column]
        if day.past:
            return None
        for place, card in enumerate(day.cards):
            top = self._card_top(column, place)
            if point.y() < top + theme.scaled(CARD) / 2 and not card.past:
                return DropPlace(day.day, card.sequence, top - _GAP / 2)
        last = max((card.sequence for card in day.cards), default=0) + 1
        return DropPlace(day.day, last, self._card_top(column, len(day.cards)) - _GAP / 2)

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


class WeekBoard(Surface):
    """Headings over a scrolling body.

    ``dropped(kind, key, DropPlace)``: kind is one of the two MIME names. ``chosen``, ``opened`` and
    ``removed`` carry a card's key, ``day_chosen`` a date.
    """

    chosen = Signal(int)
    opened = Signal(int)
    removed = Signal(int)
    dropped = Signal(str, int, object)
    day_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headings = _Headings(self)
        self.body = _Body()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self.body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusProxy(self.body)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(self._headings)
        column.addWidget(HLine(self))
        column.addWidget(self._scroll, 1)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self.body.chosen.connect(self.chosen)
        self.body.opened.connect(self.opened)
        self.body.removed.connect(self.removed)
        self.body.dropped.connect(self.dropped)
        self._headings.day_chosen.connect(self.day_chosen)
        self.setFocusProxy(self.body)

    def set_days(self, days: Sequence[DayItem]) -> None:
        """Show other days."""
        self._headings.set_days(days)
        self.body.set_days(days)

    def set_selected(self, key: int | None) -> None:
        """Mark a card and bring it into view."""
        self.body.set_selected(key)
        rect = self.body.selected_rect()
        if rect is not None:
            middle = rect.center().toPoint()
            self._scroll.ensureVisible(middle.x(), middle.y(), 0, theme.scaled(CARD))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._on_range_changed()

    def _on_range_changed(self) -> None:
        bar = self._scroll.verticalScrollBar()
        self._headings.set_spare(bar.sizeHint().width() if bar.maximum() > 0 else 0)


def _column(column: int, count: int, width: int, height: int) -> QRectF:
    """The room of a column, on whole pixels."""
    left = round(column * width / max(1, count))
    right = round((column + 1) * width / max(1, count))
    return QRectF(left, 0, right - left, height)


def _dragged(data: QMimeData) -> tuple[str, int] | None:
    for kind in (VISIT_MIME, CUSTOMER_MIME):
        if data.hasFormat(kind):
            return kind, int(bytes(data.data(kind).data()).decode())
    return None
