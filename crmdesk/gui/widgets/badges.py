"""Badges that say a status, and chips that filter.

Owns :class:`Badge` (and :func:`paint_badge` for cells) and :class:`FilterChips`, a row of pills of
which one is on. A badge's colour never stands alone: it has words and often an icon.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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

    def event(self, event: QEvent) -> bool:
        # Space presses the chip with the focus, whatever the place does with it elsewhere.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
        ):
            event.accept()
            return True
        return super().event(event)

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
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other chips; the one that is on stays on, and chips that stay keep the focus."""
        on = self.choice()
        known = {chip.key: chip for chip in self._chips}
        kept = []
        for key, text in choices:
            chip = known.pop(key, None) or self._made(key)
            chip.setText(text)
            chip.setAccessibleName(text)
            kept.append(chip)
        for chip in known.values():
            self._group.removeButton(chip)
            chip.deleteLater()
        self._chips = kept
        wanted = next((chip for chip in kept if chip.key == on), kept[0] if kept else None)
        if wanted is not None:
            wanted.setChecked(True)
        for before, after in pairwise(kept):
            self.setTabOrder(before, after)
        self._place(self.width())
        self.updateGeometry()

    def _made(self, key: str) -> Chip:
        chip = Chip(key, "", self)
        chip.installEventFilter(self)
        chip.clicked.connect(self._on_chip_clicked)
        self._group.addButton(chip)
        chip.show()
        return chip

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


class BadgeRow(QWidget):
    """Several badges side by side, in as many rows as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[BadgeItem, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[BadgeItem]) -> None:
        """Say other things."""
        self._items = tuple(items)
        self.setAccessibleName(", ".join(item.text for item in items))
        self.updateGeometry()
        self.update()

    def _places(self, width: int) -> list[QRectF]:
        x = y = 0
        found = []
        for item in self._items:
            size = badge_size(item)
            if x and x + size.width() > width:
                x, y = 0, y + size.height() + t.SPACE_1
            found.append(QRectF(x, y, min(size.width(), width), size.height()))
            x += size.width() + t.SPACE_2
        return found

    def natural_width(self) -> int:
        """The width of all badges in one row."""
        return sum(badge_size(item).width() + t.SPACE_2 for item in self._items)

    def sizeHint(self) -> QSize:
        places = self._places(max(self.width(), 120))
        return QSize(self.natural_width(), round(places[-1].bottom()) if places else 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for rect, item in zip(self._places(self.width()), self._items, strict=True):
            paint_badge(painter, rect, item)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)
