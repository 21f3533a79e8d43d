"""What all painted charts share: tone colours, crisp text and bars, and the keyboard walk.

Owns the small drawing vocabulary (flat fills, 1 px lines, direct labels) and :class:`ChartWidget`,
a focusable picture whose parts can be walked with the arrow keys and read by a screen reader.
Colours and fonts come from :mod:`crmdesk.gui.theme`; each chart is left to its own module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.items import Tone

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter

_TEXT = {
    Tone.PLAIN: "text",
    Tone.MUTED: "muted",
    Tone.ACCENT: "accent",
    Tone.GOOD: "good",
    Tone.WARNING: "warning",
    Tone.DANGER: "danger",
}
_SOFT = {
    Tone.PLAIN: "grey_soft",
    Tone.MUTED: "grey_soft",
    Tone.ACCENT: "accent_soft",
    Tone.GOOD: "good_soft",
    Tone.WARNING: "warning_soft",
    Tone.DANGER: "danger_soft",
}


def text_token(tone: Tone) -> str:
    """The token a tone's words and icons are drawn in."""
    return _TEXT[tone]


def soft_token(tone: Tone) -> str:
    """The token of the quiet ground behind a tone's words."""
    return _SOFT[tone]


@contextmanager
def saved(painter: QPainter) -> Iterator[QPainter]:
    """Restore the painter's state afterwards, also when drawing fails."""
    painter.save()
    try:
        yield painter
    finally:
        painter.restore()


def text_width(font: QFont, text: str) -> float:
    """Width of a text in logical px."""
    return QFontMetricsF(font).horizontalAdvance(text)


def column_width(least: int, *samples: str) -> int:
    """Width in px before text scale of a table column in which each of the texts fits."""
    font = theme.font(t.SIZE_BODY, tabular=True)
    widest = max((text_width(font, sample) for sample in samples), default=0)
    return max(least, round(widest / theme.text_scale()) + 2 * t.SPACE_3 + 2)


def draw_text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    font: QFont,
    token: str = "text",
    align: Qt.AlignmentFlag = LEFT,
) -> float:
    """Draw one line, elided at the end when it does not fit; returns the width it took."""
    if not text or rect.width() <= 0:
        return 0.0
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(text)
    if width > rect.width() + 0.5:
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        width = metrics.horizontalAdvance(text)
    painter.setFont(font)
    painter.setPen(theme.color(token))
    painter.drawText(rect, int(align) | int(Qt.TextFlag.TextSingleLine), text)
    return width


def fill_round(painter: QPainter, rect: QRectF, token: str, radius: float) -> None:
    """A flat rounded rectangle without an outline."""
    with saved(painter):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(token))
        painter.drawRoundedRect(rect, radius, radius)


def draw_focus(painter: QPainter, rect: QRectF, radius: float = t.RADIUS) -> None:
    """The 2 px accent ring that shows where the keyboard is."""
    with saved(painter):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)


class ChartWidget(QWidget):
    """A painted chart of walkable parts: arrows move, Home/End jump, Enter opens.

    A subclass says how many parts there are, where each stands and how it is read aloud.
    """

    part_activated = Signal(int)
    part_selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._part = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def part_count(self) -> int:
        """How many parts can be walked."""
        return 0

    def part_rect(self, part: int) -> QRectF:
        """Where a part stands, in widget coordinates."""
        return QRectF(self.rect())

    def part_text(self, part: int) -> str:
        """A part as it is read aloud and shown as a tip."""
        return ""

    def part(self) -> int:
        """The part the keyboard is on, -1 for none."""
        return self._part

    def set_part(self, part: int) -> None:
        """Move the keyboard to a part and say it."""
        part = max(-1, min(part, self.part_count() - 1))
        if part == self._part:
            return
        self._part = part
        self.setAccessibleDescription(self.part_text(part) if part >= 0 else self.summary())
        QAccessible.updateAccessibility(
            QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        )
        self.part_selected.emit(part)
        self.update()

    def summary(self) -> str:
        """The whole chart in words."""
        return ". ".join(self.part_text(i) for i in range(self.part_count()))

    def draw_part_focus(self, painter: QPainter, margin: float = 0.0) -> None:
        """The ring around the part the keyboard is on, kept inside the widget."""
        if self.hasFocus() and 0 <= self._part < self.part_count():
            ring = self.part_rect(self._part).adjusted(-margin, -margin, margin, margin)
            draw_focus(painter, ring.intersected(QRectF(self.rect())))

    def parts_changed(self) -> None:
        """To be called by a subclass after its data changed."""
        self._part = min(self._part, self.part_count() - 1)
        self.setAccessibleDescription(self.summary())
        self.updateGeometry()
        self.update()

    def part_at(self, x: float, y: float) -> int:
        """The part under a point, -1 for none."""
        for part in range(self.part_count()):
            if self.part_rect(part).contains(x, y):
                return part
        return -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: self._part - 1 if self._part > 0 else 0,
            Qt.Key.Key_Right: self._part + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.part_count() - 1,
        }
        key = Qt.Key(event.key())
        if key in steps and self.part_count():
            self.set_part(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._part >= 0:
            self.part_activated.emit(self._part)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and part >= 0:
            self.set_part(part)
            self.part_activated.emit(part)
        else:
            super().mouseReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._part < 0 and event.reason() != Qt.FocusReason.MouseFocusReason:
            self.set_part(0)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            part = self.part_at(event.x(), event.y())
            if part >= 0:
                QToolTip.showText(event.globalPos(), self.part_text(part), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)
