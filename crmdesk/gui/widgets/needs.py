"""What a customer will need: one SKU in two lines, how likely and how much.

Owns the list and its keyboard. It is walked with Up and Down; Enter or a click acts on a SKU
("Add"), where the place has given the action a name.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap
from crmdesk.gui.widgets.charts import (
    CENTER,
    RIGHT,
    ChartWidget,
    draw_text,
    saved,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import NeedItem, Tone
from crmdesk.gui.widgets.probability import paint_probability

_ROW = 48
_ICON = 16
_BAR = 112
_NARROW = 460


class NeedsList(ChartWidget):
    """SKUs in two lines each; with `action` every row ends in a button with its key."""

    def __init__(
        self,
        name: str,
        action: str = "",
        action_keys: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._items: tuple[NeedItem, ...] = ()
        self._action = action
        self._action_keys = tuple(action_keys)
        self._empty = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[NeedItem], empty: str = "") -> None:
        """Show other SKUs; `empty` is said when there are none."""
        self._items = tuple(items)
        self._empty = empty
        self.parts_changed()

    def items(self) -> tuple[NeedItem, ...]:
        """The SKUs shown."""
        return self._items

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_ROW)
        return QRectF(0, part * height, self.width(), height)

    def part_text(self, part: int) -> str:
        item = self._items[part]
        return f"{item.name}, {item.word}. {item.sentence} {item.suggest}"

    def sizeHint(self) -> QSize:
        return QSize(360, max(len(self._items), 1) * theme.scaled(_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._items:
            self.set_part(max(self.part() + step, 0))
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._items:
            area = QRectF(self.rect()).adjusted(t.SPACE_3, 0, -t.SPACE_3, 0)
            draw_text(painter, area, self._empty, theme.font(), "muted")
        suggest = max((text_width(self._strong(), item.suggest) for item in self._items), default=0)
        for part, item in enumerate(self._items):
            rect = self.part_rect(part)
            right = self._paint_action(painter, rect, part)
            self._paint_item(painter, rect, item, right, suggest)
            if part + 1 < len(self._items):
                line = QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1)
                painter.fillRect(line, theme.color("border"))
        self.draw_part_focus(painter)
        painter.end()

    def _strong(self) -> QFont:
        return theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True)

    def _paint_item(
        self, painter: QPainter, rect: QRectF, item: NeedItem, right: float, suggest: float
    ) -> None:
        token = text_token(item.tone)
        side = theme.scaled(_ICON)
        half = rect.height() / 2
        upper = QRectF(rect.left(), rect.top() + 4, rect.width(), half - 3)
        lower = QRectF(rect.left(), rect.top() + half - 1, rect.width(), half - 3)
        icon = QRectF(t.SPACE_3, upper.center().y() - side / 2, side, side)
        icons.paint(painter, item.icon, icon, token)
        left = icon.right() + t.SPACE_3 - 2
        amount = QRectF(right - suggest, rect.top(), suggest, rect.height())
        narrow = rect.width() < theme.scaled(_NARROW)
        if narrow:
            amount = QRectF(right - suggest, upper.top(), suggest, upper.height())
        draw_text(painter, amount, item.suggest, self._strong(), "text", RIGHT)
        end = amount.left() - t.SPACE_4
        if not narrow:
            width = theme.scaled(_BAR)
            bar = QRectF(end - width, upper.top(), width, upper.height())
            tone = Tone.WARNING if item.tone is Tone.WARNING else Tone.ACCENT
            paint_probability(painter, bar, item.probability, tone)
            end = bar.left() - t.SPACE_4
        small = theme.font(t.SIZE_SMALL)
        word = text_width(small, item.word) + t.SPACE_2
        medium = theme.font(t.SIZE_BODY, t.MEDIUM)
        room = QRectF(left, upper.top(), max(end - left - word, 0), upper.height())
        used = draw_text(painter, room, item.name, medium)
        spot = QRectF(left + used + t.SPACE_2, upper.top(), word, upper.height())
        draw_text(painter, spot, item.word, small, token)
        stop = right if narrow else amount.left() - t.SPACE_3
        sentence = QRectF(left, lower.top(), stop - left, lower.height())
        draw_text(painter, sentence, item.sentence, small, "muted")

    def _paint_action(self, painter: QPainter, rect: QRectF, part: int) -> float:
        """Draw the row's button; returns where the rest of the row must end."""
        right = rect.right() - t.SPACE_3
        if not self._action:
            return right
        key = self._action_keys[part] if part < len(self._action_keys) else ""
        font = theme.font(t.SIZE_BODY, t.MEDIUM)
        words = text_width(font, self._action)
        width = words + 2 * t.SPACE_2 + (key_cap_width(key) + t.SPACE_2 if key else 0)
        height = theme.scaled(26)
        box = QRectF(
            right - width + 0.5, rect.center().y() - height / 2 + 0.5, width - 1, height - 1
        )
        with saved(painter):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("border_strong"), 1))
            painter.setBrush(theme.color("surface"))
            painter.drawRoundedRect(box, t.RADIUS, t.RADIUS)
        label = QRectF(box.left() + t.SPACE_2, box.top(), words + 1, box.height())
        draw_text(painter, label, self._action, font, "text", CENTER)
        if key:
            paint_key_cap(painter, label.right() + t.SPACE_2, box.center().y(), key)
        return box.left() - t.SPACE_4
