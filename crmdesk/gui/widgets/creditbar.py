"""The credit bar: how much of the limit is late, open, and taken by this order.

Owns the stacked bar and the labelled amounts under it. The amounts arrive formatted.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import RIGHT, ChartWidget, draw_text, text_width
from crmdesk.gui.widgets.items import CreditPart, Tone
from crmdesk.i18n import _

_BAR = 12
_GAP = 1
_FILL = {
    Tone.DANGER: "danger",
    Tone.WARNING: "warning",
    Tone.MUTED: "heat2",
    Tone.ACCENT: "accent",
    Tone.GOOD: "good",
    Tone.PLAIN: "past",
}


def credit_widths(parts: Sequence[CreditPart], limit_minor: int, width: float) -> list[float]:
    """Widths of the stretches; above the limit they share the whole bar in proportion."""
    amounts = [max(part.amount_minor, 0) for part in parts]
    whole = max(limit_minor, sum(amounts), 1)
    return [width * amount / whole for amount in amounts]


class CreditBar(ChartWidget):
    """A stacked bar against a limit, with one labelled line per stretch below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[CreditPart, ...] = ()
        self._limit_minor = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Credit"))

    def set_parts(self, parts: Sequence[CreditPart], limit_minor: int) -> None:
        """Show other amounts; a limit of 0 means there is none and the bar fills by share."""
        self._parts = tuple(parts)
        self._limit_minor = limit_minor
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._parts)

    def part_text(self, part: int) -> str:
        return f"{self._parts[part].label} {self._parts[part].text}"

    def part_rect(self, part: int) -> QRectF:
        line = theme.scaled(24)
        top = theme.scaled(_BAR) + t.SPACE_2 + part * line
        return QRectF(0, top, self.width(), line)

    def sizeHint(self) -> QSize:
        height = theme.scaled(_BAR) + t.SPACE_2 + len(self._parts) * theme.scaled(24)
        return QSize(220, height)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        bar = QRectF(0, 0, self.width(), theme.scaled(_BAR))
        painter.fillRect(bar, theme.color("bar_track"))
        x = 0.0
        widths = credit_widths(self._parts, self._limit_minor, bar.width())
        for part, width in zip(self._parts, widths, strict=True):
            if width > 0:
                piece = QRectF(x, 0, max(width - _GAP, 1), bar.height())
                painter.fillRect(piece, theme.color(_FILL[part.tone]))
            x += width
        for row, part in enumerate(self._parts):
            self._paint_line(painter, self.part_rect(row), part)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_line(self, painter: QPainter, rect: QRectF, part: CreditPart) -> None:
        size = theme.scaled(8)
        mark = QRectF(rect.left(), rect.center().y() - size / 2, size, size)
        painter.fillRect(mark, theme.color(_FILL[part.tone]))
        figure = theme.font(tabular=True)
        width = text_width(figure, part.text) + 2
        right = QRectF(rect.right() - width, rect.top(), width, rect.height())
        token = "danger" if part.tone is Tone.DANGER and part.amount_minor > 0 else "text"
        draw_text(painter, right, part.text, figure, token, RIGHT)
        left = QRectF(
            mark.right() + t.SPACE_2, rect.top(), right.left() - mark.right() - 16, rect.height()
        )
        draw_text(painter, left, part.label, theme.font())
