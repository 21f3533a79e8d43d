"""The filter bar of the reorder board: one tile a state, its number and what it is worth.

Owns painting and keys of the tiles. Which states are on is the presenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.reorder.items import TileItem
from crmdesk.gui.widgets.charts import draw_focus, text_token
from crmdesk.gui.widgets.lines import Run, draw_runs, runs_width
from crmdesk.gui.widgets.panels import Surface, VLine
from crmdesk.i18n import format_number

_HEIGHT = 64
_LINE = 3


class Tile(QAbstractButton):
    """One state: icon and word above, number and note below; a line at the foot when it is on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item: TileItem | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_item(self, item: TileItem) -> None:
        """Show another count."""
        self._item = item
        self.setChecked(item.on)
        self.setAccessibleName(f"{item.title} {item.count}")
        self.setAccessibleDescription(item.note)
        self.update()

    def event(self, event: QEvent) -> bool:
        # Space acts on the tile with the focus, not on the place.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
        ):
            event.accept()
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(160, theme.scaled(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(96, theme.scaled(_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._item is None:
            return
        item = self._item
        painter = QPainter(self)
        area = QRectF(self.rect())
        if self.underMouse():
            painter.fillRect(area, theme.color("hover"))
        room = area.adjusted(t.SPACE_3, 0, -t.SPACE_2, 0)
        ink = text_token(item.tone)
        upper = QRectF(room.left(), theme.scaled(9), room.width(), theme.scaled(20))
        draw_runs(painter, upper, [Run(item.title, ink, t.MEDIUM, icon=item.icon)])
        lower = QRectF(room.left(), theme.scaled(29), room.width(), theme.scaled(26))
        number = Run(format_number(item.count), "text", t.SEMIBOLD, t.SIZE_TITLE)
        note = Run(item.note, "muted", size=t.SIZE_SMALL, gap=t.SPACE_2)
        runs = [number, note] if item.note else [number]
        fits = runs_width(runs) <= room.width()
        draw_runs(painter, lower, runs if fits else [number, note])
        self.setToolTip("" if fits else item.note)
        if self.isChecked():
            line = QRectF(0, area.height() - _LINE, area.width(), _LINE)
            painter.fillRect(line, theme.color("accent"))
        if self.hasFocus():
            draw_focus(painter, area)
        painter.end()


class TileBar(Surface):
    """All tiles in one frame. ``toggled(key)`` comes with a click or Space."""

    toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(1, 1, 1, 1)
        self._row.setSpacing(0)
        self._tiles: dict[str, Tile] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[TileItem]) -> None:
        """Show the counts; the tiles are made once."""
        for item in items:
            if item.key not in self._tiles:
                self._add(item.key)
            self._tiles[item.key].set_item(item)

    def tile(self, key: str) -> Tile:
        """The tile of a state."""
        return self._tiles[key]

    def _add(self, key: str) -> None:
        tile = Tile(self)
        if self._tiles:
            self._row.addWidget(VLine(self))
        self._row.addWidget(tile, 1)
        tile.clicked.connect(lambda: self.toggled.emit(key))
        self._tiles[key] = tile
