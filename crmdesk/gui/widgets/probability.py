"""The probability bar: a share of one as a short bar with its figure beside it.

Owns painting it inside a cell (:func:`paint_probability`) and as a widget. What the share means
and its full sentence are left to the row that shows it.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import RIGHT, draw_text, fill_round, text_token, text_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_percent

_BAR = 6
_BAR_WIDTH = 64


def _figure_width() -> float:
    return text_width(theme.font(tabular=True), format_percent(1.0)) + 2


def paint_probability(
    painter: QPainter, rect: QRectF, probability: float, tone: Tone = Tone.ACCENT
) -> None:
    """Draw the bar and its per cent, vertically centred in ``rect``; ``probability`` is 0…1."""
    share = min(max(probability, 0.0), 1.0)
    figure = _figure_width()
    width = max(rect.width() - figure - t.SPACE_2, 0)
    height = theme.scaled(_BAR)
    track = QRectF(rect.left(), rect.center().y() - height / 2, width, height)
    fill_round(painter, track, "bar_track", height / 2)
    if share > 0:
        filled = QRectF(track)
        filled.setWidth(max(width * share, height))
        fill_round(painter, filled, text_token(tone), height / 2)
    figure_rect = QRectF(rect.right() - figure, rect.top(), figure, rect.height())
    draw_text(painter, figure_rect, format_percent(share), theme.font(tabular=True), "text", RIGHT)


class ProbabilityBar(QWidget):
    """A probability on its own; says its share and, when given, the full sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._probability = 0.0
        self._tone = Tone.ACCENT
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_probability(0.0)

    def set_probability(
        self, probability: float, tone: Tone = Tone.ACCENT, sentence: str = ""
    ) -> None:
        """Show a share of one; ``sentence`` is what a screen reader says after the figure."""
        self._probability = probability
        self._tone = tone
        self.setAccessibleName(
            _("Probability {share}").format(share=format_percent(min(max(probability, 0.0), 1.0)))
        )
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(_BAR_WIDTH + t.SPACE_2 + _figure_width()), theme.scaled(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_probability(painter, QRectF(self.rect()), self._probability, self._tone)
        painter.end()
