"""The pictures of the figures: tiles, months of the forecast, bars, and where deals break.

Every part is a figure: walked by the arrows, said aloud, and opened by Enter. What they say comes
ready from :mod:`crmdesk.gui.views.pipeline.figure_words`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.pipeline.items import Bar, BreaksItem, Figure, HeatCell, MonthItem
from crmdesk.gui.widgets.charts import (
    CENTER,
    LEFT,
    RIGHT,
    ChartWidget,
    draw_text,
    fill_round,
    saved,
    text_width,
)
from crmdesk.i18n import _

_TILE = 78
_ROW = 26
_BAR = 14
_LABEL_SHARE = 0.34
_MOST_LABEL = 210
_MOST_BAR = 28


class FigureChart(ChartWidget):
    """A chart whose parts are figures. ``shown`` follows the keyboard, ``wanted`` opens one."""

    shown = Signal(object)
    wanted = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.part_selected.connect(self._on_part_selected)
        self.part_activated.connect(self._on_part_activated)

    def figures(self) -> Sequence[Figure]:
        """The figures in walking order."""
        return ()

    def part_count(self) -> int:
        return len(self.figures())

    def part_text(self, part: int) -> str:
        found = self.figures()
        return found[part].sentence if 0 <= part < len(found) else ""

    def _on_part_selected(self, part: int) -> None:
        if 0 <= part < len(self.figures()):
            self.shown.emit(self.figures()[part])

    def _on_part_activated(self, part: int) -> None:
        if 0 <= part < len(self.figures()):
            self.wanted.emit(self.figures()[part])


class Tiles(FigureChart):
    """The figures of the whole side by side: label, value, note."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Figures"), parent)
        self._tiles: tuple[Figure, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_tiles(self, tiles: Sequence[Figure]) -> None:
        """Show other figures."""
        self._tiles = tuple(tiles)
        self.parts_changed()

    def figures(self) -> Sequence[Figure]:
        return self._tiles

    def part_rect(self, part: int) -> QRectF:
        width = self.width() / max(1, len(self._tiles))
        return QRectF(part * width, 0, width, self.height())

    def sizeHint(self) -> QSize:
        return QSize(600, theme.scaled(_TILE))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(theme.color("surface"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawRoundedRect(frame, t.RADIUS, t.RADIUS)
        small = theme.font(t.SIZE_SMALL, tabular=True)
        for part, tile in enumerate(self._tiles):
            rect = self.part_rect(part)
            if part:
                edge = QRectF(rect.left(), t.SPACE_3, 1, rect.height() - 2 * t.SPACE_3)
                painter.fillRect(edge, theme.color("border"))
            area = rect.adjusted(t.SPACE_3, t.SPACE_2, -t.SPACE_2, -t.SPACE_2)
            line = area.height() / 3.4
            draw_text(painter, QRectF(area.left(), area.top(), area.width(), line), tile.label,
                      small, "muted")  # fmt: skip
            value = theme.font(t.SIZE_TITLE, t.SEMIBOLD, tabular=True)
            middle = QRectF(area.left(), area.top() + line, area.width(), 1.4 * line)
            draw_text(painter, middle, tile.value, value)
            lower = QRectF(area.left(), area.bottom() - line, area.width(), line)
            draw_text(painter, lower, tile.note, small, "muted")
        self.draw_part_focus(painter, -2)
        painter.end()


class MonthsChart(FigureChart):
    """The replayed months: a bar for what was won, a line for the forecast, dots for weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("The forecast and what came of it"), parent)
        self._months: tuple[MonthItem, ...] = ()
        self._scale = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_months(self, months: Sequence[MonthItem], top: str = "") -> None:
        """Show other months, oldest first; ``top`` is the largest amount in words."""
        self._months, self._scale = tuple(months), top
        self.parts_changed()

    def figures(self) -> Sequence[Figure]:
        return [month.figure for month in self._months]

    def part_rect(self, part: int) -> QRectF:
        area = self._area()
        width = area.width() / max(1, len(self._months))
        return QRectF(area.left() + part * width, area.top(), width, self.height() - area.top())

    def _area(self) -> QRectF:
        line = theme.scaled(18)
        small = theme.font(t.SIZE_SMALL)
        names = max(text_width(small, one) for one in (*self._names(), self._scale))
        return QRectF(t.SPACE_3, t.SPACE_3, self.width() - names - t.SPACE_3 - t.SPACE_4,
                      max(20, self.height() - line - t.SPACE_4))  # fmt: skip

    def _names(self) -> tuple[str, str, str]:
        return _("forecast"), _("usual weights"), _("won")

    def sizeHint(self) -> QSize:
        return QSize(420, theme.scaled(150))

    def minimumSizeHint(self) -> QSize:
        return QSize(280, theme.scaled(120))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        base = QRectF(area.left(), area.bottom(), area.width(), 1)
        painter.fillRect(base, theme.color("border_strong"))
        small = theme.font(t.SIZE_SMALL, tabular=True)
        if self._scale:
            painter.fillRect(QRectF(area.left(), area.top(), area.width(), 1),
                             theme.color("border"))  # fmt: skip
            spot = QRectF(area.right() + t.SPACE_1, area.top() - theme.scaled(9), self.width(),
                          theme.scaled(18))  # fmt: skip
            draw_text(painter, spot, self._scale, small, "muted")
        for part, month in enumerate(self._months):
            rect = self.part_rect(part)
            wide = min(theme.scaled(_MOST_BAR), rect.width() * 0.55)
            left = rect.center().x() - wide / 2
            tall = area.height() * month.actual
            painter.fillRect(QRectF(left, area.bottom() - tall, wide, tall), theme.color("past"))
            label = QRectF(rect.left(), area.bottom() + 2, rect.width(), theme.scaled(18))
            draw_text(painter, label, month.label, small, "muted", CENTER)
            self._mark(painter, area, left - 4, wide + 8, month.usual, "muted", dotted=True)
            if month.expected is not None:
                self._mark(painter, area, left - 4, wide + 8, month.expected, "accent")
        if self._months:
            self._paint_names(painter, area)
        self.draw_part_focus(painter)
        painter.end()

    def _mark(
        self, painter: QPainter, area: QRectF, left: float, wide: float, share: float, token: str,
        *, dotted: bool = False,
    ) -> None:  # fmt: skip
        y = area.bottom() - area.height() * share
        with saved(painter):
            style = Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine
            painter.setPen(QPen(theme.color(token), 2 if dotted else 3, style))
            painter.drawLine(QPointF(left, y), QPointF(left + wide, y))

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        """The three names beside the last month, each at its height, kept apart."""
        last = self._months[-1]
        small = theme.font(t.SIZE_SMALL, t.MEDIUM)
        line = float(theme.scaled(16))
        forecast, usual, won = self._names()
        heights = [(last.usual, usual, "muted"), (last.actual, won, "muted")]
        if last.expected is not None:
            heights.append((last.expected, forecast, "accent"))
        y = area.bottom()
        for share, name, token in sorted(heights):
            y = min(y - line, area.bottom() - area.height() * share - line / 2)
            spot = QRectF(
                area.right() + t.SPACE_1, max(area.top() + line / 2, y), self.width(), line
            )
            draw_text(painter, spot, name, small, token)


class BarsChart(FigureChart):
    """Rows of a label, bars one behind the other, and a value; ``heads`` name the parts."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._bars: tuple[Bar, ...] = ()
        self._heads: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_bars(self, bars: Sequence[Bar], heads: Sequence[str] = ()) -> None:
        """Show other rows."""
        self._bars, self._heads = tuple(bars), tuple(heads)
        self.parts_changed()

    def figures(self) -> Sequence[Figure]:
        return [bar.figure for bar in self._bars]

    def _top(self) -> float:
        return float(theme.scaled(_ROW)) if self._heads and self._bars else 0.0

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_ROW)
        return QRectF(0, self._top() + part * height, self.width(), height)

    def sizeHint(self) -> QSize:
        rows = max(1, len(self._bars))
        return QSize(360, round(self._top()) + rows * theme.scaled(_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def _spaces(self) -> tuple[float, float]:
        """Where bars begin, and how much room the widest has."""
        font = theme.font(t.SIZE_SMALL, tabular=True)
        label = max((text_width(theme.font(), bar.label) for bar in self._bars), default=0.0)
        label = min(label, self.width() * _LABEL_SHARE, theme.scaled(_MOST_LABEL))
        value = max((text_width(font, bar.value) for bar in self._bars), default=0.0)
        left = t.SPACE_3 + label + t.SPACE_3
        return left, max(40.0, self.width() - left - value - t.SPACE_3 - t.SPACE_3)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, room = self._spaces()
        small = theme.font(t.SIZE_SMALL, t.MEDIUM, tabular=True)
        if self._top():
            self._paint_heads(painter, left)
        for part, bar in enumerate(self._bars):
            rect = self.part_rect(part)
            label = QRectF(t.SPACE_3, rect.top(), left - 2 * t.SPACE_3, rect.height())
            draw_text(painter, label, bar.label, theme.font(), "text" if bar.won else "muted")
            tall = theme.scaled(_BAR)
            x, y = left, rect.center().y() - tall / 2
            if len(bar.parts) == 1:
                fill_round(painter, QRectF(left, y, room, tall), "bar_track", 2)
            for words, share, level in bar.parts:
                wide = room * share
                if wide < 1:
                    continue
                piece = QRectF(x, y, max(1.0, wide - 1), tall)
                painter.fillRect(piece, theme.color(_ink(level, won=bar.won)))
                if text_width(small, words) + 6 <= wide:
                    ink = "surface" if level >= 3 and not bar.won else "text"
                    draw_text(painter, piece, words, small, ink, CENTER)
                elif len(bar.parts) == 1:
                    beside = QRectF(piece.right() + 4, rect.top(), room, rect.height())
                    draw_text(painter, beside, words, small)
                x += wide
            value = QRectF(rect.left(), rect.top(), rect.width() - t.SPACE_3, rect.height())
            draw_text(painter, value, bar.value, theme.font(t.SIZE_SMALL, tabular=True), "muted",
                      RIGHT)  # fmt: skip
        self.draw_part_focus(painter, -1)
        painter.end()

    def _paint_heads(self, painter: QPainter, left: float) -> None:
        small, x = theme.font(t.SIZE_SMALL), left
        side = theme.scaled(10)
        for place, head in enumerate(self._heads, start=1):
            middle = self._top() / 2
            for won in (True, False):
                spot = QRectF(x, middle - side / 2, side, side)
                painter.fillRect(spot, theme.color(_ink(place, won=won)))
                x += side + 1
            x += t.SPACE_1
            area = QRectF(x, 0, max(0.0, self.width() - x), self._top())
            x += draw_text(painter, area, head, small, "muted") + t.SPACE_4


def _ink(level: int, *, won: bool) -> str:
    """The colour of a part: blue for what was won, grey for what was lost, darker by stage."""
    if won:
        return ("heat1", "heat2", "bar")[min(level, 3) - 1]
    return ("grey_soft", "past", "muted")[min(level, 3) - 1]


class BreaksChart(FigureChart):
    """Reason × stage; each cell with a number is a figure."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Where opportunities break"), parent)
        self._item = BreaksItem((), ())
        self._cells: list[tuple[int, int, HeatCell]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_item(self, item: BreaksItem) -> None:
        """Show another matrix."""
        self._item = item
        self._cells = [
            (row, column, cell)
            for row, (_reason, _total, cells) in enumerate(item.rows)
            for column, cell in enumerate(cells)
            if cell is not None
        ]
        self.parts_changed()

    def figures(self) -> Sequence[Figure]:
        return [cell.figure for _row, _column, cell in self._cells]

    def _columns(self) -> tuple[float, float, float]:
        """Where cells begin, the width of one, and that of the totals."""
        label = min(theme.scaled(_MOST_LABEL), self.width() * 0.3)
        total = float(theme.scaled(44))
        left = t.SPACE_3 + label
        count = max(1, len(self._item.heads))
        return left, max(20.0, (self.width() - left - total) / count), total

    def part_rect(self, part: int) -> QRectF:
        row, column, _cell = self._cells[part]
        left, width, _total = self._columns()
        height = theme.scaled(_ROW)
        return QRectF(left + column * width + 1, (row + 1) * height + 1, width - 2, height - 2)

    def sizeHint(self) -> QSize:
        return QSize(400, theme.scaled(_ROW) * (max(1, len(self._item.rows)) + 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(300, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = float(theme.scaled(_ROW))
        left, width, total = self._columns()
        small = theme.font(t.SIZE_SMALL)
        if self._item.empty:
            area = QRectF(t.SPACE_3, 0, self.width(), height)
            draw_text(painter, area, self._item.empty, theme.font(), "muted")
            painter.end()
            return
        for column, head in enumerate(self._item.heads):
            spot = QRectF(left + column * width + 2, 0, width - 4, height)
            draw_text(painter, spot, head, small, "muted", CENTER)
        for row, (reason, count, _cells) in enumerate(self._item.rows, start=1):
            label = QRectF(t.SPACE_3, row * height, left - t.SPACE_4, height)
            draw_text(painter, label, reason, theme.font(), "text", LEFT)
            spot = QRectF(self.width() - total, row * height, total - t.SPACE_3, height)
            draw_text(painter, spot, count, theme.font(tabular=True), "muted", RIGHT)
        font = theme.font(t.SIZE_SMALL, t.MEDIUM, tabular=True)
        for part, (_row, _column, cell) in enumerate(self._cells):
            rect = self.part_rect(part)
            painter.fillRect(rect, theme.color(f"heat{cell.level}"))
            ink = "on_accent" if cell.level == 4 else "text"
            draw_text(painter, rect, cell.text, font, ink, CENTER)
        self.draw_part_focus(painter)
        painter.end()
