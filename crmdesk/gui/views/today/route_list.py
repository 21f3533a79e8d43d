"""The route as a list: stops, the pauses between them, the calls below.

Owns painting and walking the list. The items come from :mod:`crmdesk.gui.views.today.model`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QVBoxLayout, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.today.model import CallsHeading, Entry, PauseItem, StopItem
from crmdesk.gui.widgets.charts import CENTER, draw_text, saved, text_token, text_width
from crmdesk.gui.widgets.delegates import CellDelegate
from crmdesk.gui.widgets.lines import Run, draw_runs
from crmdesk.gui.widgets.rows import ROW_ROLE, Cell, Column, Heading, Index, Key, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_DONE, _OPEN, _PAUSE, _CALLS = 38, 55, 28, 32
_TIME_WIDTH = 44
_DISC = 20


def _entry_cell(item: StopItem) -> Cell:
    words = " ".join(part for part in (item.time, item.number, item.name, item.city) if part)
    return Cell(f"{words}. {item.detail} {item.value}")


class _StopDelegate(CellDelegate):
    """Paints one stop: time, number, name and town, what waits there, margin."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | Index
    ) -> None:
        item = index.data(ROW_ROLE)
        if not isinstance(item, StopItem):
            super().paint(painter, option, index)
            return
        rect = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ground = "accent_soft" if selected else "window" if hovered else "surface"
        painter.fillRect(rect, theme.color(ground))
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
        )
        if selected:
            painter.fillRect(
                QRectF(rect.left(), rect.top(), 3, rect.height()), theme.color("accent")
            )
        body = rect.adjusted(t.SPACE_3, 0, -t.SPACE_3, -1)
        line = theme.scaled(18)
        upper = QRectF(body.left(), body.top() + 8, body.width(), line)
        if item.state == "done":
            upper = QRectF(body.left(), body.center().y() - line / 2, body.width(), line)
        width = theme.scaled(_TIME_WIDTH)
        draw_text(
            painter, QRectF(upper.left(), upper.top(), width, line), item.time,
            theme.font(tabular=True), "muted",
        )  # fmt: skip
        side = theme.scaled(_DISC)
        disc = QRectF(upper.left() + width + 5, upper.center().y() - side / 2, side, side)
        _paint_disc(painter, disc, item)
        words = upper.adjusted(width + side + 5 + t.SPACE_3, 0, 0, 0)
        self._paint_words(painter, words, item)

    def _paint_words(self, painter: QPainter, upper: QRectF, item: StopItem) -> None:
        done = item.state == "done"
        value_width = text_width(theme.font(t.SIZE_BODY, t.SEMIBOLD, tabular=True), item.value)
        weight = t.REGULAR if done else t.SEMIBOLD
        size = t.SIZE_SMALL if done else t.SIZE_BODY
        ink = text_token(item.value_tone)
        value = Run(item.value, ink, weight, size)
        half = upper.width() * 0.55
        room = upper.width() - min(value_width + 2, half) - t.SPACE_2
        spot = QRectF(upper)
        spot.setLeft(upper.right() - min(value_width + 2, half))
        draw_runs(painter, spot, [value], right=True)
        name = [Run(item.name, "muted" if done else "text", t.REGULAR if done else t.SEMIBOLD)]
        if not done and item.is_call:
            name = [Run(item.name, weight=t.MEDIUM)]
        if item.city and not done:
            name.append(Run(item.city, "muted", gap=t.SPACE_1))
        draw_runs(painter, QRectF(upper.left(), upper.top(), room, upper.height()), name)
        if done:
            return
        lower = upper.translated(0, upper.height())
        side = theme.scaled(15)
        x = lower.right()
        for icon in reversed(item.icons):
            x -= side
            icons.paint(
                painter, icon, QRectF(x, lower.center().y() - side / 2, side, side), "muted"
            )
            x -= 5
        detail = Run(item.detail, text_token(item.detail_tone), size=t.SIZE_SMALL)
        draw_runs(painter, QRectF(lower.left(), lower.top(), x - lower.left() - 2, lower.height()),
                  [detail])  # fmt: skip


def _paint_disc(painter: QPainter, disc: QRectF, item: StopItem) -> None:
    if item.is_call:
        side = disc.width() - 3
        mark = QRectF(disc.center().x() - side / 2, disc.center().y() - side / 2, side, side)
        icons.paint(painter, "phone" if item.mode == "call" else item.mode, mark, "muted")
        return
    filled = item.state == "next"
    edge = "past" if item.state == "done" else "accent"
    with saved(painter):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color(edge), 1.5))
        ground = "accent" if filled else "grey_soft" if item.state == "done" else "surface"
        painter.setBrush(theme.color(ground))
        painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
    if item.state == "done":
        icons.paint(painter, "check", disc.adjusted(4, 4, -4, -4), "muted")
        return
    ink = "on_accent" if filled else "accent"
    draw_text(painter, disc, item.number, theme.font(t.SIZE_SMALL, t.SEMIBOLD), ink, CENTER)


class RouteList(QWidget):
    """The list; ``stop_selected(key)`` follows the bar, ``opened(key)`` Enter or a double click."""

    stop_selected = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = Column("stop", "", _entry_cell, stretch=True, sortable=False)
        self._model = RowsModel([column], parent=self)
        self._table = RowsTable(self._model, row_height=_OPEN, parent=self)
        self._table.setAccessibleName(_("Route"))
        self._table.horizontalHeader().hide()
        self._table.setItemDelegate(_StopDelegate(self._table))
        self._table.setSelectionMode(RowsTable.SelectionMode.SingleSelection)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._table.current_key_changed.connect(self.stop_selected)
        self._table.opened.connect(self.opened)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self.setFocusProxy(self._table)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show another route; the bar stays on its stop."""
        shown: list[Key | Heading] = []
        rows: dict[Key, StopItem] = {}
        heights: dict[int, int] = {}
        for place, entry in enumerate(entries):
            if isinstance(entry, StopItem):
                shown.append(entry.key)
                rows[entry.key] = entry
                heights[place] = _DONE if entry.state == "done" else _OPEN
            else:
                shown.append(_heading(entry, place))
                heights[place] = _PAUSE if isinstance(entry, PauseItem) else _CALLS
        blocked = self._table.blockSignals(True)
        key = self._table.current_key()
        self._model.set_keys(shown, rows)
        for place, height in heights.items():
            self._table.setRowHeight(place, theme.scaled(height))
        if key is not None:
            self._table.select_key(key)
        self._table.blockSignals(blocked)

    def select(self, key: int) -> None:
        """Move the bar without telling anybody."""
        if self._table.current_key() != key:
            blocked = self._table.blockSignals(True)
            self._table.select_key(key)
            self._table.blockSignals(blocked)

    def selected(self) -> Key | None:
        """The key of the stop under the bar."""
        return self._table.current_key()

    def rows_model(self) -> RowsModel:
        """The model, for tests."""
        return self._model


def _heading(entry: PauseItem | CallsHeading, place: int) -> Heading:
    if isinstance(entry, CallsHeading):
        return Heading(f"calls{place}", (Run(entry.words, weight=t.SEMIBOLD, size=t.SIZE_SMALL),))
    gap = theme.scaled(_TIME_WIDTH) + 5 - round(text_width(Run(entry.time).font(), entry.time))
    return Heading(
        f"pause{place}",
        (
            Run(entry.time, "muted", size=t.SIZE_SMALL),
            Run(entry.words, "muted", size=t.SIZE_SMALL, gap=max(gap, t.SPACE_2)),
        ),
    )
