"""Badges that say a status, and chips that filter.

Owns :class:`Badge` (and :func:`paint_badge` for cells) and :class:`FilterChips`, a row of pills of
which one is on. A badge's colour never stands alone: it has words and often an icon.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import (
    CENTER,
    LEFT,
    draw_focus,
    draw_text,
    fill_round,
    saved,
    soft_token,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import BadgeItem

_PAD = 8
_ICON = 14
_HEIGHT = 20
_RADIUS = 4


def badge_size(item: BadgeItem) -> QSize:
    """The size a badge wants, in logical px."""
    width = text_width(theme.font(t.SIZE_SMALL, t.MEDIUM), item.text) + 2 * _PAD + 1
    if item.icon:
        width += theme.scaled(_ICON) + t.SPACE_1
    return QSize(round(width), theme.scaled(_HEIGHT))


def paint_badge(painter: QPainter, rect: QRectF, item: BadgeItem) -> None:
    """Draw a badge to fill ``rect``."""
    fill_round(painter, rect, soft_token(item.tone), _RADIUS)
    token = text_token(item.tone)
    left = rect.left() + _PAD
    if item.icon:
        size = theme.scaled(_ICON)
        icons.paint(
            painter, item.icon, QRectF(left, rect.center().y() - size / 2, size, size), token
        )
        left += size + t.SPACE_1
    words = QRectF(left, rect.top(), rect.right() - _PAD / 2 - left, rect.height())
    draw_text(painter, words, item.text, theme.font(t.SIZE_SMALL, t.MEDIUM), token, LEFT)


class Badge(QWidget):
    """A status in a word, on its soft ground."""

    def __init__(self, item: BadgeItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_item(item)

    def set_item(self, item: BadgeItem) -> None:
        """Say another status."""
        self.item = item
        self.setAccessibleName(item.text)
        self.setToolTip(item.text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return badge_size(self.item)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * _PAD + theme.scaled(_ICON), theme.scaled(_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, QRectF(self.rect()), self.item)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)


class Chip(QAbstractButton):
    """A pill that is on or off."""

    def __init__(self, key: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        width = text_width(theme.font(t.SIZE_SMALL, t.MEDIUM), self.text())
        return QSize(round(width) + 2 * 7 + 2, theme.scaled(24))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(28), theme.scaled(24))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = rect.height() / 2
        on = self.isChecked()
        with saved(painter):
            ground = "accent_soft" if on else "hover" if self.underMouse() else "surface"
            painter.setBrush(theme.color(ground))
            painter.setPen(QPen(theme.color("accent" if on else "border_strong"), 1))
            painter.drawRoundedRect(rect, radius, radius)
        words = rect.adjusted(5, 0, -5, 0)
        token = "accent" if on else "text"
        draw_text(painter, words, self.text(), theme.font(t.SIZE_SMALL, t.MEDIUM), token, CENTER)
        if self.hasFocus():
            draw_focus(painter, QRectF(self.rect()), radius)
        painter.end()


class FilterChips(QWidget):
    """A row of chips, one of them on; arrows move along the row, one Tab stop for all."""

    chosen = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._chips: list[Chip] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for key, text in choices:
            chip = Chip(key, text, self)
            chip.installEventFilter(self)
            chip.clicked.connect(self._on_chip_clicked)
            self._group.addButton(chip)
            self._chips.append(chip)
        if self._chips:
            self._chips[0].setChecked(True)

    def choice(self) -> str:
        """The key of the chip that is on."""
        return next((chip.key for chip in self._chips if chip.isChecked()), "")

    def choose(self, key: str) -> None:
        """Turn a chip on without telling anybody."""
        for chip in self._chips:
            if chip.key == key:
                chip.setChecked(True)

    def sizeHint(self) -> QSize:
        return QSize(200, self._place(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._place(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._place(self.width()) != event.oldSize().height():
            self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
        super().changeEvent(event)

    def _place(self, width: int) -> int:
        """Put the chips into as many rows as they need; returns the height in px."""
        x = y = 0
        height = theme.scaled(24)
        for chip in self._chips:
            size = chip.sizeHint()
            if x and x + size.width() > width:
                x, y = 0, y + height + t.SPACE_1
            chip.setGeometry(x, y, size.width(), height)
            x += size.width() + t.SPACE_1
        return y + height

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(watched, Chip) and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
            if step and event.type() == QEvent.Type.KeyPress:
                target = self._chips[(self._chips.index(watched) + step) % len(self._chips)]
                target.setFocus(Qt.FocusReason.TabFocusReason)
                target.click()
                return True
        return False

    def _on_chip_clicked(self) -> None:
        self.chosen.emit(self.choice())
