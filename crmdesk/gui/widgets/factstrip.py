"""The facts strip: labelled figures side by side, parted by thin lines.

Owns laying the facts out in one row, or in two where the window is narrow, and saying each of them.
The order of the facts is their importance: the last ones wrap first.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import (
    ChartWidget,
    draw_text,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import Fact
from crmdesk.i18n import _

_ICON = 16
_PAD = 16
_LEAST = 140
FOCUS_ROOM = 6


class FactStrip(ChartWidget):
    """Facts in columns: a muted label above, a medium figure below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: tuple[Fact, ...] = ()
        self._rects: list[QRectF] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(_("Facts"))

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show other facts."""
        self._facts = tuple(facts)
        self._place()
        self.parts_changed()

    def figure_of(self, part: int) -> str:
        """The figure that a fact opens; empty for one that opens nothing."""
        return self._facts[part].figure

    def part_count(self) -> int:
        return len(self._facts)

    def part_rect(self, part: int) -> QRectF:
        return self._rects[part]

    def part_text(self, part: int) -> str:
        fact = self._facts[part]
        said = f"{fact.label}: {fact.text}"
        return f"{said}. {fact.why}" if fact.why else said

    def _line(self) -> float:
        return QFontMetricsF(theme.font()).height() + 2

    def _row_height(self) -> float:
        return 2 * self._line() + t.SPACE_1

    def _fact_width(self, fact: Fact) -> float:
        medium = theme.font(t.SIZE_BODY, t.MEDIUM, tabular=True)
        value = sum(
            text_width(medium, part.text) + (theme.scaled(_ICON) + 4 if part.icon else 0)
            for part in fact.parts
        )
        return max(text_width(theme.font(t.SIZE_SMALL), fact.label), value) + 2

    def _rows(self, width: float) -> list[list[int]]:
        rows: list[list[int]] = [[]]
        used = 0.0
        for index, fact in enumerate(self._facts):
            least = self._fact_width(fact)
            if index == len(self._facts) - 1:
                # The last fact rather loses its end than takes a row of its own.
                least = min(least, theme.scaled(_LEAST))
            wanted = least + (2 * _PAD if rows[-1] else 0)
            if rows[-1] and used + wanted > width:
                rows.append([])
                used, wanted = 0.0, self._fact_width(fact)
            rows[-1].append(index)
            used += wanted
        return rows

    def _place(self) -> None:
        self._rects = [QRectF() for _fact in self._facts]
        for number, row in enumerate(self._rows(self.width() - 2 * FOCUS_ROOM)):
            widths = [self._fact_width(self._facts[i]) for i in row]
            taken = sum(widths) + 2 * _PAD * max(len(row) - 1, 0)
            spare = (
                max(self.width() - 2 * FOCUS_ROOM - taken, 0) / max(len(row), 1)
                if number == 0
                else 0
            )
            x = float(FOCUS_ROOM)
            top = number * (self._row_height() + t.SPACE_2)
            for index, width in zip(row, widths, strict=True):
                room = min(width + min(spare, 2 * _PAD), max(self.width() - x, 0))
                self._rects[index] = QRectF(x, top, room, self._row_height())
                x += room + 2 * _PAD

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = len(self._rows(width - 2 * FOCUS_ROOM))
        return round(rows * self._row_height() + (rows - 1) * t.SPACE_2)

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 100 else 1000
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, round(self._row_height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
        if self.minimumHeight() != self.heightForWidth(self.width()):
            self.setMinimumHeight(self.heightForWidth(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for index, fact in enumerate(self._facts):
            rect = self._rects[index]
            if rect.left() > FOCUS_ROOM:
                painter.fillRect(
                    QRectF(rect.left() - _PAD, rect.top() + 2, 1, rect.height() - 4),
                    theme.color("border"),
                )
            self._paint_fact(painter, rect, fact)
        self.draw_part_focus(painter, 6)
        painter.end()

    def _paint_fact(self, painter: QPainter, rect: QRectF, fact: Fact) -> None:
        line = self._line()
        label = QRectF(rect.left(), rect.top(), rect.width(), line)
        draw_text(painter, label, fact.label, theme.font(t.SIZE_SMALL), "muted")
        x = rect.left()
        top = rect.top() + line + 1
        font = theme.font(t.SIZE_BODY, t.MEDIUM, tabular=True)
        for part in fact.parts:
            token = text_token(part.tone)
            if part.icon:
                size = theme.scaled(_ICON)
                icons.paint(
                    painter, part.icon, QRectF(x, top + (line - size) / 2, size, size), token
                )
                x += size + 4
            area = QRectF(x, top, max(rect.right() - x, 0), line)
            x += draw_text(painter, area, part.text, font, token)
