"""Labelled figures one below the other, as in totals, credit and terms.

Owns laying out and saying the lines. Which figures, and their formats, come from the presenters.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import RIGHT, draw_text, text_token, text_width
from crmdesk.gui.widgets.items import Pair
from crmdesk.gui.widgets.panels import Panel

_LINE = 24
_ICON = 14


class PairList(QWidget):
    """Lines of label and figure; the figures stand right-aligned in tabular digits."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: tuple[Pair, ...] = ()
        self._name = name
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show other figures."""
        self._pairs = tuple(pairs)
        said = ". ".join(f"{p.label} {p.value} {p.note}".strip() for p in pairs)
        self.setAccessibleDescription(said)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, len(self._pairs) * theme.scaled(_LINE))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = theme.scaled(_LINE)
        for row, pair in enumerate(self._pairs):
            self._paint_pair(painter, QRectF(0, row * height, self.width(), height), pair)
        painter.end()

    def _paint_pair(self, painter: QPainter, rect: QRectF, pair: Pair) -> None:
        right = rect.right()
        if pair.note:
            width = text_width(theme.font(tabular=True), pair.note) + 1
            area = QRectF(right - width, rect.top(), width, rect.height())
            draw_text(painter, area, pair.note, theme.font(tabular=True), "muted", RIGHT)
            right -= width + t.SPACE_1
        font = theme.font(t.SIZE_BODY, t.SEMIBOLD if pair.strong else t.REGULAR, tabular=True)
        least = min(text_width(theme.font(), pair.label), rect.width() * 0.6)
        width = min(text_width(font, pair.value) + 1, right - rect.left() - least - t.SPACE_2)
        token = text_token(pair.tone)
        area = QRectF(right - width, rect.top(), width, rect.height())
        draw_text(painter, area, pair.value, font, token, RIGHT)
        right -= width
        if pair.icon:
            side = theme.scaled(_ICON)
            right -= side + t.SPACE_1
            mark = QRectF(right, rect.center().y() - side / 2, side, side)
            icons.paint(painter, pair.icon, mark, token)
        label = QRectF(rect.left(), rect.top(), right - rect.left() - t.SPACE_2, rect.height())
        draw_text(painter, label, pair.label, theme.font(), text_token(pair.label_tone))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)


def pairs_panel(column: QVBoxLayout, title: str, note: str, parent: QWidget) -> PairList:
    """A panel with pairs in it, put below what stands in ``column``; gives the pairs."""
    panel = Panel(title, note, parent)
    pairs = PairList(title, panel)
    holder = QVBoxLayout()
    holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
    holder.addWidget(pairs)
    panel.body.addLayout(holder)
    column.addWidget(panel)
    return pairs
