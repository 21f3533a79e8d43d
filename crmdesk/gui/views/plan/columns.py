"""The ground of the board under its cards: columns, lunch, notes, free time, where a drop goes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.cards import paint_free, paint_low_heading
from crmdesk.gui.views.plan.grid import FREE, GAP, LINE, SIDE, Grid
from crmdesk.gui.views.plan.items import DayItem
from crmdesk.gui.widgets.charts import CENTER, draw_text
from crmdesk.i18n import _


def paint_column(painter: QPainter, grid: Grid, index: int, day: DayItem, height: int) -> None:
    """The column of a day, ``height`` being the body's."""
    room = grid.room(index)
    painter.fillRect(room, theme.color("surface" if day.is_today else "window"))
    if room.left() > 0:
        painter.fillRect(QRectF(room.left(), room.top(), 1, room.height()), theme.color("border"))
    if grid.low:
        if room.top() > 0:
            line = QRectF(room.left(), room.top(), room.width(), 1)
            painter.fillRect(line, theme.color("border"))
        heading = QRectF(room.left(), room.top(), room.width(), grid.heading)
        paint_low_heading(painter, heading, day)
    else:
        _paint_lines(painter, grid, index, day, height)


def _paint_lines(painter: QPainter, grid: Grid, index: int, day: DayItem, height: int) -> None:
    """Lunch, notes and free time of a day that has the room for them."""
    room = grid.room(index)
    small = theme.font(t.SIZE_SMALL)
    line = theme.scaled(LINE)

    def say(top: float, words: str) -> None:
        area = QRectF(room.left() + SIDE, top, room.width() - 2 * SIDE, line)
        draw_text(painter, area, words, small, "muted", CENTER)

    if day.top_note:
        say(room.top() + 2, day.top_note)
    if day.lunch_before is not None:
        say(grid.card_top(index, day.lunch_before) - line - GAP / 2, _("lunch"))
    if day.off and not day.cards:
        say(SIDE + line / 2, day.off)
    below = grid.card_top(index, len(day.cards))
    if day.end_note:
        say(below - 2, day.end_note)
        below += line
    if day.free:
        free = theme.scaled(FREE)
        top = max(below, height - free - SIDE)
        area = QRectF(room.left() + SIDE, top, room.width() - 2 * SIDE, free)
        paint_free(painter, area, day.free, keys.hint("plan.fill"))


def paint_target(painter: QPainter, room: QRectF, y: float) -> None:
    """Where a card that is dragged would go: its column, and a line at ``y``."""
    painter.fillRect(room, theme.color("accent", alpha=0.06))
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawLine(QPointF(room.left() + SIDE, y), QPointF(room.right() - SIDE, y))
