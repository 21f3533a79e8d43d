"""Plans side by side: a line for each, its figures below each other in columns, one on the board.

Owns layout, painting and keys of the strip; what the plans are is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.items import VariantItem
from crmdesk.gui.widgets.buttons import key_cap_width, paint_key_cap
from crmdesk.gui.widgets.charts import RIGHT, ChartWidget, draw_text, fill_round, text_token
from crmdesk.gui.widgets.lines import Run, draw_runs
from crmdesk.i18n import _

_ROW = 30
_HEAD = 22
_TITLE = 148
_FIGURE = 132
_SHARE = 3


class VariantTable(ChartWidget):
    """Rows that are chosen with the arrows, their number or a click; Enter takes the one on."""

    chosen = Signal(str)
    accepted = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[VariantItem, ...] = ()
        self._on = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Plans side by side"))

    def set_items(self, items: Sequence[VariantItem], on: str) -> None:
        """Show other plans; ``on`` is the one on the board."""
        self._items, self._on = tuple(items), on
        self.parts_changed()
        at = next((n for n, item in enumerate(self._items) if item.key == on), -1)
        self.set_part(at)

    def part_count(self) -> int:
        return len(self._items)

    def part_rect(self, part: int) -> QRectF:
        row = theme.scaled(_ROW)
        return QRectF(0, theme.scaled(_HEAD) + part * row, self.width(), row)

    def part_text(self, part: int) -> str:
        return self._items[part].spoken()

    def sizeHint(self) -> QSize:
        rows = max(1, len(self._items))
        return QSize(600, theme.scaled(_HEAD) + rows * theme.scaled(_ROW) + t.SPACE_1)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = theme.font(t.SIZE_SMALL)
        columns = self._columns()
        if self._items:
            for (label, *_rest), (left, width) in zip(
                self._items[0].figures, columns, strict=False
            ):
                area = QRectF(left, 0, width, theme.scaled(_HEAD))
                draw_text(painter, area, label, small, "muted", RIGHT)
        for part, item in enumerate(self._items):
            self._paint_row(painter, part, item, columns)
        painter.end()

    def _columns(self) -> list[tuple[float, float]]:
        """Left edges and widths; as many as fit, the most important first."""
        room = self.width() - theme.scaled(_TITLE)
        width = theme.scaled(_FIGURE)
        count = len(self._items[0].figures) if self._items else 0
        shown = max(1, min(count, round(room * _SHARE / 4) // width))
        return [(theme.scaled(_TITLE) + n * width, width - t.SPACE_3) for n in range(shown)]

    def _paint_row(
        self, painter: QPainter, part: int, item: VariantItem, columns: list[tuple[float, float]]
    ) -> None:
        rect = self.part_rect(part)
        on = item.key == self._on
        if on:
            fill_round(painter, rect.adjusted(4, 1, -4, -1), "accent_soft", t.RADIUS)
        key = str(part + 1)
        left = rect.left() + t.SPACE_3
        paint_key_cap(painter, left, rect.center().y(), key)
        left += key_cap_width(key) + t.SPACE_2
        title = QRectF(left, rect.top(), theme.scaled(_TITLE) - left, rect.height())
        weight = t.SEMIBOLD if on else t.MEDIUM
        draw_text(painter, title, item.title, theme.font(t.SIZE_BODY, weight), "text")
        end = title.right()
        for (_label, value, change, tone), (start, width) in zip(
            item.figures, columns, strict=False
        ):
            area = QRectF(start, rect.top(), width, rect.height())
            self._paint_figure(painter, area, value, change, text_token(tone))
            end = start + width
        note = QRectF(
            end + t.SPACE_4, rect.top(), rect.right() - end - 2 * t.SPACE_4, rect.height()
        )
        if note.width() > theme.scaled(80):
            draw_runs(painter, note, [Run(item.note, "muted", size=t.SIZE_SMALL)])

    def _paint_figure(
        self, painter: QPainter, area: QRectF, value: str, change: str, ink: str
    ) -> None:
        strong = theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True)
        small = theme.font(t.SIZE_SMALL, tabular=True)
        half = area.width() * 0.5
        draw_text(painter, QRectF(area.left(), area.top(), half, area.height()), change, small, ink,
                  RIGHT)  # fmt: skip
        draw_text(painter, QRectF(area.left() + half, area.top(), area.width() - half,
                                  area.height()), value, strong, "text", RIGHT)  # fmt: skip

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(key, 0)
        if event.text().isdecimal() and 0 < int(event.text()) <= len(self._items):
            self.chosen.emit(self._items[int(event.text()) - 1].key)
        elif step and self._items:
            at = max(0, min(self.part() + step, len(self._items) - 1))
            self.chosen.emit(self._items[at].key)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
        elif key is Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part >= 0:
            self.chosen.emit(self._items[part].key)
