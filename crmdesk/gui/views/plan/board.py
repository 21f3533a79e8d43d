"""The week board: headings and a column of cards for each day.

Owns the headings of a single week and the scrolling; the cards are :mod:`.body`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui.views.plan.body import CUSTOMER_MIME, VISIT_MIME, BoardBody, DropPlace
from crmdesk.gui.views.plan.cards import paint_heading
from crmdesk.gui.views.plan.grid import CARD
from crmdesk.gui.views.plan.items import DayItem
from crmdesk.gui.widgets.panels import HLine, Surface

__all__ = ["CUSTOMER_MIME", "VISIT_MIME", "DropPlace", "WeekBoard"]

_HEADING = 76


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
        self.body = BoardBody()
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
        self._line = HLine(self)
        column.addWidget(self._line)
        column.addWidget(self._scroll, 1)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self.body.chosen.connect(self.chosen)
        self.body.opened.connect(self.opened)
        self.body.removed.connect(self.removed)
        self.body.dropped.connect(self.dropped)
        self.body.day_chosen.connect(self.day_chosen)
        self._headings.day_chosen.connect(self.day_chosen)
        self.setFocusProxy(self.body)

    def set_days(self, days: Sequence[DayItem]) -> None:
        """Show other days."""
        several = len({day.day.isocalendar().week for day in days}) > 1
        self._headings.setVisible(not several)
        self._line.setVisible(not several)
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
