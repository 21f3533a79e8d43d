"""Sections of a brief as painted lists: a title, and lines of text, note and amount below it.

Owns laying the lines out in the width there is; words come from the presenter.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import RIGHT, draw_text, text_width
from crmdesk.gui.widgets.panels import Panel
from crmdesk.interchange.documents.content import BriefLine, BriefSection

_ICONS = {"danger": "warning", "warning": "warning", "good": "star"}
_TOKENS = {"danger": "danger", "warning": "warning", "good": "good"}
_WRAP = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)


class BriefLines(QWidget):
    """The lines of one section; notes wrap, nothing is cut that can stand below."""

    def __init__(self, section: BriefSection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = section.lines
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(section.title)
        self.setAccessibleDescription(
            ". ".join(" ".join(p for p in (x.text, x.note, x.amount) if p) for x in self._lines)
        )

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return round(sum(self._height(line, width) for line in self._lines) + t.SPACE_2)

    def sizeHint(self) -> QSize:
        return QSize(360, self.heightForWidth(self.width() if self.width() > 80 else 360))

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wanted = self.heightForWidth(self.width())
        if self.minimumHeight() != wanted:
            self.setMinimumHeight(wanted)

    def _inner(self, width: int) -> float:
        return max(width - 2 * t.SPACE_3, 1.0)

    def _is_beside(self, line: BriefLine, width: int) -> bool:
        """Whether the note has room beside the text, on the same line."""
        used = text_width(theme.font(weight=t.MEDIUM), line.text) + t.SPACE_2
        used += text_width(theme.font(t.SIZE_SMALL), line.note)
        return bool(line.note) and used <= self._text_room(line, width)

    def _note_height(self, line: BriefLine, width: int) -> float:
        if not line.note or self._is_beside(line, width):
            return 0.0
        metrics = QFontMetricsF(theme.font(t.SIZE_SMALL))
        room = QRectF(0, 0, self._inner(width), 10_000)
        return metrics.boundingRect(room, _WRAP, line.note).height()

    def _text_height(self, line: BriefLine, width: int) -> float:
        metrics = QFontMetricsF(theme.font(weight=t.MEDIUM))
        return metrics.boundingRect(
            QRectF(0, 0, self._text_room(line, width), 10_000), _WRAP, line.text
        ).height()

    def _text_room(self, line: BriefLine, width: int) -> float:
        used = 0.0
        if line.amount:
            used += text_width(theme.font(tabular=True), line.amount) + t.SPACE_3
        if line.tone in _ICONS:
            used += theme.scaled(icons.SMALL) + t.SPACE_1
        return max(self._inner(width) - used, 40.0)

    def _height(self, line: BriefLine, width: int) -> float:
        return self._text_height(line, width) + self._note_height(line, width) + t.SPACE_2

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = self.width()
        y = float(t.SPACE_1)
        for line in self._lines:
            y = self._paint_line(painter, line, y, width)
        painter.end()

    def _paint_line(self, painter: QPainter, line: BriefLine, y: float, width: int) -> float:
        left = float(t.SPACE_3)
        height = self._text_height(line, width)
        token = _TOKENS.get(line.tone, "text")
        if line.tone in _ICONS:
            side = theme.scaled(icons.SMALL)
            single = QFontMetricsF(theme.font()).height()
            icons.paint(
                painter, _ICONS[line.tone], QRectF(left, y + (single - side) / 2, side, side), token
            )
            left += side + t.SPACE_1
        painter.setFont(theme.font(weight=t.MEDIUM))
        painter.setPen(theme.color(token))
        room = QRectF(left, y, self._text_room(line, width), height)
        painter.drawText(room, _WRAP, line.text)
        if line.amount:
            area = QRectF(t.SPACE_3, y, self._inner(width), QFontMetricsF(theme.font()).height())
            draw_text(painter, area, line.amount, theme.font(tabular=True), "text", RIGHT)
        note = self._note_height(line, width)
        if line.note and not note:
            left += text_width(theme.font(weight=t.MEDIUM), line.text) + t.SPACE_2
            beside = QRectF(left, y, self._inner(width) + t.SPACE_3 - left, height)
            draw_text(painter, beside, line.note, theme.font(t.SIZE_SMALL), "muted")
        elif note:
            painter.setFont(theme.font(t.SIZE_SMALL))
            painter.setPen(theme.color("muted"))
            painter.drawText(
                QRectF(t.SPACE_3, y + height, self._inner(width), note), _WRAP, line.note
            )
        return y + height + note + t.SPACE_2


class SectionPanel(Panel):
    """A section with its title."""

    def __init__(self, section: BriefSection, parent: QWidget | None = None) -> None:
        super().__init__(section.title, "", parent)
        self.lines = BriefLines(section, self)
        self.body.addWidget(self.lines)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
