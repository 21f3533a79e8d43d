"""Where days and cards stand on the board: one week with full cards, or several with low ones.

Owns the geometry only. One week fills the height; several stand below each other, each with its
own headings, their columns by weekday.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF

from crmdesk.gui import theme
from crmdesk.gui.views.plan.items import DayItem

CARD, LOW_CARD = 44, 24
GAP, LOW_GAP = 5, 3
SIDE = 6
LINE = 22
FREE = 58
LOW_HEADING = 40


class Grid:
    """The geometry of some days in a width and a height."""

    def __init__(self, days: Sequence[DayItem], width: int, height: int) -> None:
        self.days = tuple(days)
        self.width, self.height = width, height
        mondays = sorted({day.day.toordinal() - day.day.weekday() for day in days})
        self.low = len(mondays) > 1
        self._row = {
            day.day: mondays.index(day.day.toordinal() - day.day.weekday()) for day in days
        }
        weekdays = sorted({day.day.weekday() for day in days})
        self.columns = max(1, len(weekdays) if self.low else len(self.days))
        self._column = {
            day.day: weekdays.index(day.day.weekday()) if self.low else n
            for n, day in enumerate(self.days)
        }
        self.rows = max(1, len(mondays))
        self._tops = self._row_tops()

    @property
    def card(self) -> int:
        """The height of a card."""
        return theme.scaled(LOW_CARD if self.low else CARD)

    @property
    def gap(self) -> int:
        """The room between two cards."""
        return LOW_GAP if self.low else GAP

    @property
    def heading(self) -> int:
        """The height of the headings inside; none for a single week, whose stand above."""
        return theme.scaled(LOW_HEADING) if self.low else 0

    def _row_tops(self) -> list[float]:
        tops, y = [0.0], 0.0
        for row in range(self.rows):
            days = [day for day in self.days if self._row[day.day] == row]
            y += self.heading + max((self._content(day) for day in days), default=0.0) + SIDE
            tops.append(y)
        return tops

    def _content(self, day: DayItem) -> float:
        """How high a day's cards are with the lines among them."""
        bottom = self._offset(day, len(day.cards))
        if not self.low:
            bottom += theme.scaled(LINE) if day.end_note else 0
            bottom += theme.scaled(FREE) + GAP if day.free else 0
        return bottom

    def wanted_height(self) -> int:
        """The height that shows everything."""
        return round(self._tops[-1])

    def row_of(self, index: int) -> int:
        """The week a day stands in."""
        return self._row[self.days[index].day]

    def room(self, index: int) -> QRectF:
        """The whole room of a day, its heading inside it included."""
        day = self.days[index].day
        row, column = self._row[day], self._column[day]
        left = round(column * self.width / self.columns)
        right = round((column + 1) * self.width / self.columns)
        top = self._tops[row]
        bottom = max(self._tops[row + 1], float(self.height) if row == self.rows - 1 else 0.0)
        return QRectF(left, top, right - left, bottom - top)

    def _offset(self, day: DayItem, place: int) -> float:
        top = SIDE + place * (self.card + self.gap)
        if self.low:
            return float(top)
        if day.top_note:
            top += theme.scaled(LINE)
        if day.lunch_before is not None and place >= day.lunch_before:
            top += theme.scaled(LINE)
        return float(top)

    def card_top(self, index: int, place: int) -> float:
        """The upper edge of a card, or where the next one would go."""
        top = self._tops[self.row_of(index)]
        return top + self.heading + self._offset(self.days[index], place)

    def card_rect(self, index: int, place: int) -> QRectF:
        """A card."""
        room = self.room(index)
        top = self.card_top(index, place)
        return QRectF(room.left() + SIDE, top, room.width() - 2 * SIDE, self.card)

    def day_at(self, x: float, y: float) -> int | None:
        """The day under a point; None beside all of them."""
        for index in range(len(self.days)):
            if self.room(index).contains(x, y):
                return index
        return None
