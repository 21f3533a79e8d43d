"""The board: a heading and a column of cards for each stage, painted.

Owns layout, painting, the keyboard walk, and dragging. What a move means is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.domain.pipeline import Stage
from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.pipeline.empties import no_deals
from crmdesk.gui.views.pipeline.items import ColumnItem, DealCard
from crmdesk.gui.widgets.board import Board, Headings, drag_card
from crmdesk.gui.widgets.charts import (
    CENTER,
    RIGHT,
    ChartWidget,
    draw_text,
    saved,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _
from crmdesk.services.queries.deals import DealFilter

DEAL_MIME = "application/x-crmdesk-deal"
_HEADING = 56
_CARD = 66
_GAP = 5
_SIDE = 6
_MORE = 28
_MARK = 14
_CLOSED_SHARE = 0.74


def _columns(items: Sequence[ColumnItem], width: float) -> list[tuple[float, float]]:
    """Left edge and width of each column; ends are narrower than the stages of work."""
    shares = [1.0 if item.is_open else _CLOSED_SHARE for item in items]
    total, left, found = sum(shares) or 1.0, 0.0, []
    for share in shares:
        room = width * share / total
        found.append((left, room))
        left += room
    return found


class _Headings(Headings):
    """The row of stage headings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_HEADING, parent)
        self._items: tuple[ColumnItem, ...] = ()

    def set_items(self, items: Sequence[ColumnItem]) -> None:
        self._items = tuple(items)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        small = theme.font(t.SIZE_SMALL, tabular=True)
        spots = _columns(self._items, self.room)
        for (left, room), item in zip(spots, self._items, strict=True):
            if left:
                painter.fillRect(QRectF(left, 0, 1, self.height()), theme.color("border"))
            area = QRectF(left + t.SPACE_3, 0, room - 2 * t.SPACE_3 + 4, self.height())
            half = self.height() / 2
            title = theme.font(t.SIZE_STRONG, t.SEMIBOLD)
            upper = area.adjusted(0, theme.scaled(6), 0, -half)
            draw_text(painter, upper, item.title, title, "text" if item.is_open else "muted")
            draw_text(painter, area.adjusted(0, half, 0, -8), item.facts, small, "muted")
        painter.end()


class BoardBody(ChartWidget):
    """The cards of all columns; each is a part that can be walked and read aloud."""

    dropped = Signal(int, object)
    opened = Signal(int)
    chosen = Signal(int)
    more_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[ColumnItem, ...] = ()
        self._cards: list[tuple[int, int, DealCard]] = []
        self._selected: int | None = None
        self._pressed: tuple[QPointF, int] | None = None
        self._target: int | None = None
        self.setAcceptDrops(True)
        self.setAccessibleName(_("Opportunities by stage"))

    # ---------------------------------------------------------------------------- contents

    def set_items(self, items: Sequence[ColumnItem]) -> None:
        self._items = tuple(items)
        self._cards = [
            (column, place, card)
            for column, item in enumerate(items)
            for place, card in enumerate(item.cards)
        ]
        most = max((len(item.cards) for item in items), default=0)
        height = _SIDE + most * (theme.scaled(_CARD) + _GAP) + theme.scaled(_MORE) + _SIDE
        self.setMinimumHeight(height)
        self.parts_changed()
        self.set_selected(self._selected)

    def set_selected(self, key: int | None) -> None:
        """Mark a card, without saying that somebody chose it."""
        self._selected = key
        for part, (_column, _place, card) in enumerate(self._cards):
            if card.key == key and part != self.part():
                self.blockSignals(True)
                self.set_part(part)
                self.blockSignals(False)
        self.update()

    def selected(self) -> int | None:
        """The marked card."""
        return self._selected

    def card_rect(self, key: int) -> QRectF:
        """Where a card stands; an empty rectangle when it is not shown."""
        for part, (_column, _place, card) in enumerate(self._cards):
            if card.key == key:
                return self.part_rect(part)
        return QRectF()

    def column_rect(self, stage: Stage) -> QRectF:
        """Where the column of a stage stands."""
        spots = _columns(self._items, self.width())
        for (left, room), item in zip(spots, self._items, strict=True):
            if item.stage is stage:
                return QRectF(left, 0, room, self.height())
        return QRectF()

    # ---------------------------------------------------------------------- geometry, parts

    def part_count(self) -> int:
        return len(self._cards)

    def part_rect(self, part: int) -> QRectF:
        column, place, _card = self._cards[part]
        left, room = _columns(self._items, self.width())[column]
        return QRectF(left + _SIDE, self._top(place), room - 2 * _SIDE, theme.scaled(_CARD))

    def _top(self, place: int) -> float:
        return _SIDE + place * float(theme.scaled(_CARD) + _GAP)

    def part_text(self, part: int) -> str:
        column, _place, card = self._cards[part]
        return f"{self._items[column].title}: {card.spoken()}"

    def _more_rect(self, column: int) -> QRectF:
        left, room = _columns(self._items, self.width())[column]
        return QRectF(left, self._top(len(self._items[column].cards)), room, theme.scaled(_MORE))

    def sizeHint(self) -> QSize:
        return QSize(600, max(240, self.minimumHeight()))

    # ---------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        spots = _columns(self._items, self.width())
        small = theme.font(t.SIZE_SMALL, t.MEDIUM)
        for column, ((left, room), item) in enumerate(zip(spots, self._items, strict=True)):
            area = QRectF(left, 0, room, self.height())
            painter.fillRect(area, theme.color("surface" if item.is_open else "window"))
            if column == self._target:
                painter.fillRect(area, theme.color("accent", alpha=0.08))
            if column:
                painter.fillRect(QRectF(left, 0, 1, self.height()), theme.color("border"))
            if item.more:
                draw_text(painter, self._more_rect(column), item.more, small, "accent", CENTER)
        for part, (_column, _place, card) in enumerate(self._cards):
            rect = self.part_rect(part)
            if rect.intersects(QRectF(event.rect())):
                self._paint_card(painter, rect, card)
        if self._items and not self._cards:
            self._paint_empty(painter)
        painter.end()

    def _paint_empty(self, painter: QPainter) -> None:
        """What the first step is, across the stages of work."""
        title, hint = no_deals(DealFilter())
        line = float(theme.scaled(24))
        wide = float(self.width())
        top = theme.scaled(_CARD) + _SIDE
        strong = theme.font(t.SIZE_STRONG, t.SEMIBOLD)
        draw_text(painter, QRectF(0, top, wide, line), title, strong, "text", CENTER)
        below = QRectF(0, top + line, wide, line)
        draw_text(painter, below, hint, theme.font(), "muted", CENTER)

    def _paint_card(self, painter: QPainter, rect: QRectF, card: DealCard) -> None:
        chosen = card.key == self._selected
        with saved(painter):
            ground = "accent_soft" if chosen else "surface" if card.is_open else "window"
            painter.setBrush(theme.color(ground))
            edge = "accent" if chosen else "border_strong" if card.is_open else "border"
            painter.setPen(QPen(theme.color(edge), 2 if chosen and self.hasFocus() else 1))
            inset = 1.0 if chosen else 0.5
            painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), t.RADIUS, t.RADIUS)
        area = rect.adjusted(t.SPACE_2 + 1, 5, -t.SPACE_2, -5)
        third = area.height() / 3
        upper = QRectF(area.left(), area.top(), area.width(), third)
        if card.stale:
            side = theme.scaled(_MARK)
            mark = QRectF(upper.right() - side, upper.center().y() - side / 2, side, side)
            icons.paint(painter, "clock", mark, "warning")
            upper.setRight(mark.left() - t.SPACE_1)
        draw_text(painter, upper, card.title, theme.font(t.SIZE_BODY, t.MEDIUM),
                  "text" if card.is_open else "muted")  # fmt: skip
        small = theme.font(t.SIZE_SMALL)
        draw_text(painter, area.adjusted(0, third, 0, -third), card.customer, small, "muted")
        lower = area.adjusted(0, 2 * third, 0, 0)
        worth = theme.font(t.SIZE_SMALL, t.SEMIBOLD, tabular=True)
        draw_text(painter, lower, card.value, worth, "text" if card.is_open else "muted", RIGHT)
        words = lower.adjusted(0, 0, -text_width(worth, card.value) - t.SPACE_2, 0)
        if card.step_tone in (Tone.WARNING, Tone.DANGER):
            side = theme.scaled(12)
            mark = QRectF(words.left(), words.center().y() - side / 2, side, side)
            icons.paint(painter, "warning", mark, text_token(card.step_tone))
            words.setLeft(mark.right() + 3)
        draw_text(painter, words, card.step, small, text_token(card.step_tone))

    # ------------------------------------------------------------------------------- input

    def set_part(self, part: int) -> None:
        super().set_part(part)
        if 0 <= part < len(self._cards) and not self.signalsBlocked():
            self._selected = self._cards[part][2].key
            self.chosen.emit(self._selected)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, plain = Qt.Key(event.key()), not event.modifiers()
        if plain and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._walk(0, -1 if key is Qt.Key.Key_Up else 1)
        elif plain and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(-1 if key is Qt.Key.Key_Left else 1, 0)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected is not None:
            self.opened.emit(self._selected)
        else:
            super().keyPressEvent(event)

    def _walk(self, columns: int, rows: int) -> None:
        """To the card above or below, or at the same height in the next column that has cards."""
        if not self._cards:
            return
        here = self.part() if 0 <= self.part() < len(self._cards) else 0
        column, place, _card = self._cards[here]
        if self.part() < 0:
            self.set_part(0)
            return
        column += columns
        while columns and 0 <= column < len(self._items) and not self._items[column].cards:
            column += columns
        if not 0 <= column < len(self._items):
            return
        wanted = max(0, min(place + rows, len(self._items[column].cards) - 1))
        found = (i for i, (c, p, _one) in enumerate(self._cards) if (c, p) == (column, wanted))
        self.set_part(next(found, here))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.set_part(part)
            self._pressed = (event.position(), part)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        for column, item in enumerate(self._items):
            if item.more and self._more_rect(column).contains(event.position()):
                self.more_wanted.emit(item.stage)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part >= 0:
            self.opened.emit(self._cards[part][2].key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        shape = Qt.CursorShape.OpenHandCursor if part >= 0 else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        if self._pressed is None:
            return
        start, pressed = self._pressed
        if (event.position() - start).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            drag_card(self, DEAL_MIME, self._cards[pressed][2].key, self.part_rect(pressed))

    def column_at(self, point: QPointF) -> int | None:
        """The column under a point."""
        for column, (left, room) in enumerate(_columns(self._items, self.width())):
            if left <= point.x() < left + room:
                return column
        return None

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(DEAL_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._target = self.column_at(event.position())
        self.update()
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._target = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        column = self.column_at(event.position())
        self._target = None
        self.update()
        if column is not None and event.mimeData().hasFormat(DEAL_MIME):
            key = bytes(event.mimeData().data(DEAL_MIME).data())
            event.acceptProposedAction()
            if key.isdigit():
                self.dropped.emit(int(key), self._items[column].stage)


class DealBoard(Board):
    """Headings over a scrolling body; ``body`` has the signals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        headings, body = _Headings(), BoardBody()
        super().__init__(headings, body, parent)
        self._headings, self.body = headings, body
        self.body.chosen.connect(self._show_chosen)

    def set_items(self, items: Sequence[ColumnItem]) -> None:
        """Show other columns."""
        self._headings.set_items(items)
        self.body.set_items(items)

    def _show_chosen(self, key: int) -> None:
        rect = self.body.card_rect(key)
        self.bring_into_view(rect, round(rect.height()))
