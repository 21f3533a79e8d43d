"""The calibration chart: what was said against what happened, one dot a band, its count beside it.

Owns its layout and painting; sentences and labels arrive ready.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.accuracy.words import BandItem
from crmdesk.gui.widgets.charts import CENTER, RIGHT, ChartWidget, draw_text, saved, text_width
from crmdesk.i18n import _, format_percent

_LEAST_DOT, _MOST_DOT = 4.0, 11.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class CalibrationChart(ChartWidget):
    """Dots on the diagonal mean that the forecast says what happens; arrows walk the dots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bands: tuple[BandItem, ...] = ()
        self.setAccessibleName(_("Said and happened"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_bands(self, bands: Sequence[BandItem]) -> None:
        """Show other bands."""
        self._bands = tuple(bands)
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._bands)

    def part_text(self, part: int) -> str:
        return self._bands[part].sentence

    def part_rect(self, part: int) -> QRectF:
        middle, radius = self._dot(part)
        room = radius + 4
        return QRectF(middle.x() - room, middle.y() - room, 2 * room, 2 * room)

    def sizeHint(self) -> QSize:
        return QSize(460, theme.scaled(420))

    def minimumSizeHint(self) -> QSize:
        return QSize(320, theme.scaled(280))

    def _plot(self) -> QRectF:
        """A square in the middle, so that the diagonal is one."""
        small = QFontMetricsF(theme.font(t.SIZE_SMALL))
        left = text_width(theme.font(t.SIZE_SMALL), format_percent(1)) + t.SPACE_3
        below, above = 2 * small.height() + t.SPACE_3, small.height() + t.SPACE_3
        side = min(self.width() - left - t.SPACE_5, self.height() - below - above)
        side = max(side, 40)
        spare = max(0, self.width() - left - t.SPACE_5 - side) / 2
        return QRectF(left + spare, above, side, side)

    def _dot(self, part: int) -> tuple[QPointF, float]:
        band, plot = self._bands[part], self._plot()
        most = max(one.pairs for one in self._bands)
        radius = _LEAST_DOT + (_MOST_DOT - _LEAST_DOT) * (band.pairs / most) ** 0.5
        x = plot.left() + plot.width() * band.said
        y = plot.bottom() - plot.height() * band.happened
        return QPointF(x, y), radius

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._plot()
        self._paint_axes(painter, plot)
        with saved(painter):
            painter.setPen(QPen(theme.color("border_strong"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(plot.bottomLeft(), plot.topRight())
        self._paint_dots(painter)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_axes(self, painter: QPainter, plot: QRectF) -> None:
        small = theme.font(t.SIZE_SMALL, tabular=True)
        line = QFontMetricsF(small).height()
        for share in _TICKS:
            x, y = plot.left() + plot.width() * share, plot.bottom() - plot.height() * share
            painter.fillRect(QRectF(plot.left(), y, plot.width(), 1), theme.color("border"))
            painter.fillRect(QRectF(x, plot.top(), 1, plot.height()), theme.color("border"))
            words = format_percent(share)
            spot = QRectF(plot.left() - 64, y - line / 2, 64 - t.SPACE_2, line)
            draw_text(painter, spot, words, small, "muted", RIGHT)
            below = QRectF(x - 32, plot.bottom() + t.SPACE_1, 64, line)
            draw_text(painter, below, words, small, "muted", CENTER)
        across = QRectF(plot.left() - 40, plot.bottom() + line + t.SPACE_2, plot.width() + 80, line)
        draw_text(painter, across, _("said to be likely"), small, "muted", CENTER)
        up = QRectF(max(0.0, plot.left() - 48), 0, plot.width(), line)
        draw_text(painter, up, _("bought within 14 days"), small, "muted")

    def _paint_dots(self, painter: QPainter) -> None:
        small = theme.font(t.SIZE_SMALL, t.MEDIUM, tabular=True)
        height = QFontMetricsF(small).height()
        for part, band in enumerate(self._bands):
            middle, radius = self._dot(part)
            with saved(painter):
                painter.setPen(QPen(theme.color("surface"), 1.5))
                painter.setBrush(theme.color("accent"))
                painter.drawEllipse(middle, radius, radius)
            width = text_width(small, band.label) + 2
            # The label stands on the side away from the diagonal, so that it is never on the line.
            above = band.happened >= band.said
            y = middle.y() - radius - height - 1 if above else middle.y() + radius + 1
            x = max(0.0, min(middle.x() - width / 2, self.width() - width))
            draw_text(painter, QRectF(x, y, width, height), band.label, small, "text", CENTER)
