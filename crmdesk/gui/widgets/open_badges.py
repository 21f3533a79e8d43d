"""Badges of which some open what is behind them: walked by the arrow keys, opened by Enter.

Owns the walk and the look; a badge without a figure is passed over. What a figure opens is left to
the place.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.badges import badge_size, paint_badge
from crmdesk.gui.widgets.charts import ChartWidget
from crmdesk.gui.widgets.items import BadgeItem

_ROOM = 2


class OpenBadges(ChartWidget):
    """Badges side by side, in as many rows as they need; `figure_wanted(key)` with Enter."""

    figure_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[BadgeItem, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.part_activated.connect(self._on_part_activated)

    def set_items(self, items: Sequence[BadgeItem]) -> None:
        """Say other things; badges that open something can have the keyboard."""
        self._items = tuple(items)
        self.setAccessibleName(", ".join(item.text for item in items))
        able = any(item.figure for item in items)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if able else Qt.FocusPolicy.NoFocus)
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._opening())

    def part_text(self, part: int) -> str:
        return self._items[self._opening()[part]].text

    def part_rect(self, part: int) -> QRectF:
        return self._places(self.width())[self._opening()[part]]

    def _opening(self) -> list[int]:
        return [at for at, item in enumerate(self._items) if item.figure]

    def _places(self, width: int) -> list[QRectF]:
        x, y = 0, _ROOM
        found = []
        for item in self._items:
            size = badge_size(item)
            if x and x + size.width() > width:
                x, y = 0, y + size.height() + t.SPACE_1
            found.append(QRectF(x, y, min(size.width(), width), size.height()))
            x += size.width() + t.SPACE_2
        return found

    def sizeHint(self) -> QSize:
        natural = sum(badge_size(item).width() + t.SPACE_2 for item in self._items)
        places = self._places(max(self.width(), 120))
        return QSize(natural, round(places[-1].bottom()) + _ROOM if places else 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(80), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for item, place in zip(self._items, self._places(self.width()), strict=True):
            paint_badge(painter, place, item)
        self.draw_part_focus(painter, 2)
        painter.end()

    def _on_part_activated(self, part: int) -> None:
        self.figure_wanted.emit(self._items[self._opening()[part]].figure)
