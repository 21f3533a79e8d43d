"""The week board: headings and a column of cards for each day.

Owns the headings of a single week; the cards are :mod:`.body`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from crmdesk.gui import theme
from crmdesk.gui.views.plan.body import CUSTOMER_MIME, VISIT_MIME, BoardBody, DropPlace
from crmdesk.gui.views.plan.cards import paint_heading
from crmdesk.gui.views.plan.grid import CARD
from crmdesk.gui.views.plan.items import DayItem
from crmdesk.gui.widgets.board import Board, Headings

__all__ = ["CUSTOMER_MIME", "VISIT_MIME", "DropPlace", "WeekBoard"]

_HEADING = 76


class _Headings(Headings):
    """The row of day headings; a click shows the day's route."""

    day_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_HEADING, parent)
        self._days: tuple[DayItem, ...] = ()

    def set_days(self, days: Sequence[DayItem]) -> None:
        self._days = tuple(days)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column, day in enumerate(self._days):
            rect = _column(column, len(self._days), self.room, self.height())
            paint_heading(painter, rect, day)
            if column:
                painter.fillRect(QRectF(rect.left(), 0, 1, rect.height()), theme.color("border"))
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._days:
            place = int(event.position().x() * len(self._days) / max(1, self.room))
            self.day_chosen.emit(self._days[min(place, len(self._days) - 1)].day)


class WeekBoard(Board):
    """Headings over a scrolling body.

    ``dropped(kind, key, DropPlace)``: kind is one of the two MIME names. ``chosen`` and ``opened``
    carry a card's key, ``day_chosen`` a date.
    """

    chosen = Signal(int)
    opened = Signal(int)
    dropped = Signal(str, int, object)
    day_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        headings, body = _Headings(), BoardBody()
        super().__init__(headings, body, parent)
        self._headings, self.body = headings, body
        self.body.chosen.connect(self.chosen)
        self.body.opened.connect(self.opened)
        self.body.dropped.connect(self.dropped)
        self.body.day_chosen.connect(self.day_chosen)
        self._headings.day_chosen.connect(self.day_chosen)

    def set_days(self, days: Sequence[DayItem]) -> None:
        """Show other days."""
        several = len({day.day.isocalendar().week for day in days}) > 1
        self.show_headings(on=not several)
        self._headings.set_days(days)
        self.body.set_days(days)

    def set_selected(self, key: int | None) -> None:
        """Mark a card and bring it into view."""
        self.body.set_selected(key)
        rect = self.body.selected_rect()
        if rect is not None:
            self.bring_into_view(rect, theme.scaled(CARD))


def _column(column: int, count: int, width: int, height: int) -> QRectF:
    """The room of a column, on whole pixels."""
    left = round(column * width / max(1, count))
    right = round((column + 1) * width / max(1, count))
    return QRectF(left, 0, right - left, height)
