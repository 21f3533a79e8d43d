"""The value waterfall: from revenue down to contribution, each bar labelled where it stands.

Owns its layout and painting. Amounts arrive formatted; which documents lie behind a bar is left to
the place, which is told the bar's key.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import CENTER, ChartWidget, draw_text, text_width
from crmdesk.gui.widgets.items import Tone, WaterfallBar, WaterfallStep, waterfall_bars
from crmdesk.i18n import _

_SIDE = 8
_LABEL_LINES = 2
_MIN_BAR = 2.0
_FILL = {Tone.ACCENT: "bar", Tone.GOOD: "good", Tone.DANGER: "danger", Tone.WARNING: "warning"}


class Waterfall(ChartWidget):
    """Bars hanging from one another; arrows walk them, Enter asks for what lies behind one."""

    step_activated = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[WaterfallBar, ...] = ()
        self._empty = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(_("Value waterfall"))
        self.part_activated.connect(self._on_part_activated)

    def set_steps(self, steps: Sequence[WaterfallStep], empty: str = "") -> None:
        """Show other steps; `empty` is the sentence shown when there are none."""
        self._bars = waterfall_bars(steps)
        self._empty = empty
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._bars)

    def part_text(self, part: int) -> str:
        step = self._bars[part].step
        return f"{step.label} {step.text}"

    def part_rect(self, part: int) -> QRectF:
        plot = self._plot()
        slot = plot.width() / max(len(self._bars), 1)
        return QRectF(plot.left() + part * slot, 0, slot, float(self.height()))

    def sizeHint(self) -> QSize:
        return QSize(480, theme.scaled(220))

    def minimumSizeHint(self) -> QSize:
        return QSize(280, theme.scaled(120))

    def _plot(self) -> QRectF:
        line = QFontMetricsF(theme.font(t.SIZE_SMALL)).height()
        below = _LABEL_LINES * line + t.SPACE_2
        above = line + t.SPACE_2
        return QRectF(
            _SIDE, above, max(self.width() - 2 * _SIDE, 1), max(self.height() - above - below, 1)
        )

    def _y(self, minor: int, plot: QRectF) -> float:
        high = max((bar.high_minor for bar in self._bars), default=0)
        low = min((bar.low_minor for bar in self._bars), default=0)
        high, low = max(high, 0), min(low, 0)
        if high == low:
            return plot.bottom()
        return plot.bottom() - (minor - low) / (high - low) * plot.height()

    def _bar_rect(self, part: int, plot: QRectF) -> QRectF:
        bar = self._bars[part]
        slot = self.part_rect(part)
        inset = max(3.0, slot.width() * 0.12)
        top, bottom = self._y(bar.high_minor, plot), self._y(bar.low_minor, plot)
        height = max(bottom - top, _MIN_BAR)
        return QRectF(slot.left() + inset, round(top), slot.width() - 2 * inset, round(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        plot = self._plot()
        if not self._bars:
            font = theme.font(t.SIZE_SMALL)
            draw_text(painter, QRectF(self.rect()), self._empty, font, "muted", CENTER)
            painter.end()
            return
        zero = self._y(0, plot)
        painter.fillRect(
            QRectF(plot.left(), round(zero), plot.width(), 1), theme.color("border_strong")
        )
        for part in range(len(self._bars)):
            self._paint_bar(painter, part, plot)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_bar(self, painter: QPainter, part: int, plot: QRectF) -> None:
        bar, rect, slot = self._bars[part], self._bar_rect(part, plot), self.part_rect(part)
        painter.fillRect(rect, theme.color(_FILL.get(bar.step.tone, "past")))
        if part + 1 < len(self._bars):
            y = round(self._y(bar.end_minor, plot))
            link = QRectF(rect.right(), y, self._bar_rect(part + 1, plot).left() - rect.right(), 1)
            painter.fillRect(link, theme.color("past"))
        line = QFontMetricsF(theme.font(t.SIZE_SMALL)).height()
        weight = t.SEMIBOLD if bar.step.total else t.REGULAR
        amount = QRectF(slot.left() - 4, rect.top() - line - 2, slot.width() + 8, line)
        font = theme.font(t.SIZE_SMALL, weight, tabular=True)
        draw_text(painter, amount, bar.step.text, font, "text", CENTER)
        self._paint_label(painter, part, slot, plot.bottom() + 5, line)

    def _paint_label(
        self, painter: QPainter, part: int, slot: QRectF, top: float, line: float
    ) -> None:
        """The label under its bar; where one does not fit, every second goes a line lower."""
        font, label = theme.font(t.SIZE_SMALL), self._bars[part].step.label
        if self._staggered():
            room = QRectF(slot.center().x() - slot.width() + 3, top, 2 * slot.width() - 6, line)
            room.setLeft(max(room.left(), 0))
            room.setRight(min(room.right(), self.width()))
            draw_text(painter, room.translated(0, part % 2 * line), label, font, "muted", CENTER)
            return
        first = QRectF(slot.left() - 2, top, slot.width() + 4, line)
        for row, text in enumerate(wrap_label(label, slot.width() + 2)):
            draw_text(painter, first.translated(0, row * line), text, font, "muted", CENTER)

    def _staggered(self) -> bool:
        width = self.part_rect(0).width() + 2
        font = theme.font(t.SIZE_SMALL)
        return any(
            text_width(font, text) > width
            for bar in self._bars
            for text in wrap_label(bar.step.label, width)
        )

    def _on_part_activated(self, part: int) -> None:
        self.step_activated.emit(self._bars[part].step.key)


def wrap_label(label: str, width: float) -> list[str]:
    """A label in at most two lines of `width` px, broken at spaces; the second may be elided."""
    font = theme.font(t.SIZE_SMALL)
    if text_width(font, label) <= width or " " not in label:
        return [label]
    words = label.split(" ")
    first = words[0]
    taken = 1
    while taken < len(words) and text_width(font, f"{first} {words[taken]}") <= width:
        first = f"{first} {words[taken]}"
        taken += 1
    rest = " ".join(words[taken:])
    return [first, rest] if rest else [first]
