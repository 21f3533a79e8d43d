"""A customer's history as a list grouped by month, with five years above it as bars.

Owns the delegate, the list, the overview bar and the panel that joins them with filter chips and a
search field. Rows are left to :mod:`crmdesk.gui.widgets.timeline_model`; what a filter or a search
means is left to whoever listens to `filter_chosen` and `search_changed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QEvent, QItemSelectionModel, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import (
    LEFT,
    RIGHT,
    ChartWidget,
    draw_focus,
    draw_text,
    saved,
    text_token,
    text_width,
)
from crmdesk.gui.widgets.items import MonthCount, MonthIndex, TimelineItem
from crmdesk.gui.widgets.timeline_model import Index, TimelineModel, month_title
from crmdesk.i18n import _, ngettext

_EVENT = 45
_HEADING = 26
_DAY = 44
_ICON = 16
_YEARS = 5


class TimelineDelegate(QStyledItemDelegate):
    """A month heading, or an event in two lines: day, icon, title and value, detail below."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        view = self.parent()
        if not isinstance(model, TimelineModel) or not isinstance(view, TimelineList):
            return
        rect = QRectF(option.rect)
        with saved(painter):
            heading = model.heading(index.row())
            if heading is not None:
                self._paint_heading(painter, rect, heading)
                return
            current = index.row() == view.currentIndex().row()
            if current:
                painter.fillRect(rect, theme.color("accent_soft"))
                painter.fillRect(
                    QRectF(rect.left(), rect.top(), 3, rect.height()), theme.color("accent")
                )
            painter.fillRect(
                QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
            )
            item = model.item(index.row())
            if item is not None:
                self._paint_event(painter, rect, item)

    def _paint_heading(self, painter: QPainter, rect: QRectF, month: MonthCount) -> None:
        painter.fillRect(rect, theme.color("window"))
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
        )
        area = rect.adjusted(t.SPACE_3, 0, -t.SPACE_3, 0)
        font = theme.font(t.SIZE_SMALL, t.SEMIBOLD)
        draw_text(painter, area, month_title(month.month), font, "muted")

    def _paint_event(self, painter: QPainter, rect: QRectF, item: TimelineItem) -> None:
        half = rect.height() / 2
        upper = QRectF(rect.left(), rect.top() + 3, rect.width(), half - 2)
        lower = QRectF(rect.left(), rect.top() + half - 1, rect.width(), half - 3)
        figure = theme.font(tabular=True)
        day = QRectF(rect.left(), upper.top(), theme.scaled(_DAY), upper.height())
        draw_text(painter, day, str(item.day.day), figure, "muted", RIGHT)
        size = theme.scaled(_ICON)
        spot = QRectF(day.right() + t.SPACE_2, upper.center().y() - size / 2, size, size)
        icons.paint(painter, item.icon, spot, "muted")
        left = spot.right() + t.SPACE_2
        right = rect.right() - t.SPACE_3
        font = theme.font(t.SIZE_BODY, t.MEDIUM, tabular=True)
        value = text_width(figure, item.value) + 1 if item.value else 0
        token = text_token(item.tone)
        draw_text(
            painter, QRectF(right - value, upper.top(), value, upper.height()), item.value,
            figure, token, RIGHT,
        )  # fmt: skip
        gap = t.SPACE_2 if value else 0
        title = QRectF(left, upper.top(), right - value - gap - left, upper.height())
        draw_text(painter, title, item.title, font, "text", LEFT)
        detail = QRectF(left, lower.top(), right - left, lower.height())
        draw_text(painter, detail, item.detail, theme.font(t.SIZE_SMALL), "muted", LEFT)


class TimelineList(QTableView):
    """The list; Up/Down walk events over the headings, Enter opens one."""

    event_opened = Signal(object)
    month_shown = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.events = TimelineModel(self)
        self._headings: list[int] = []
        self.setModel(self.events)
        self.setItemDelegate(TimelineDelegate(self))
        self.setAccessibleName(_("Timeline"))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(16)
        self.doubleClicked.connect(lambda index: self._open(index.row()))
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def set_months(self, months: Sequence[MonthCount], *, keep: bool = False) -> None:
        """Show other months, newest first; with `keep` nothing jumps if they are much the same."""
        if keep and self.events.months.months == MonthIndex(months).months:
            self.events.refresh()
            return
        row, offset = self.currentIndex().row(), self.verticalScrollBar().value()
        self.events.set_months(months)
        self._fit_rows()
        self.verticalScrollBar().setValue(offset if keep else 0)
        if keep and self.events.heading(row) is None and row < self.events.rowCount():
            self.selectionModel().setCurrentIndex(
                self.events.index(row), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )

    def show_month(self, month: date) -> None:
        """Scroll a month's heading to the top and put the keyboard on its first event."""
        row = self.events.months.row_of(month)
        if row is None:
            return
        self.setCurrentIndex(self.events.index(row + 1))
        self.scrollTo(self.events.index(row), QAbstractItemView.ScrollHint.PositionAtTop)

    def top_month(self) -> date | None:
        """The month at the top of what is seen."""
        row = self.rowAt(1)
        if row < 0:
            return None
        position, _event = self.events.months.locate(row)
        return self.events.months.months[position].month

    def selected(self) -> TimelineItem | None:
        """The event the keyboard is on."""
        return self.events.item(self.currentIndex().row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        row = self.currentIndex().row()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(row)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(row, -1 if key == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if hasattr(self, "events") and event.type() == QEvent.Type.FontChange:
            self._fit_rows()

    def _step(self, row: int, step: int) -> None:
        target = row + step
        while self.events.heading(target) is not None:
            target += step
        if 0 <= target < self.events.rowCount():
            self.setCurrentIndex(self.events.index(target))
        elif target < 0:
            self.verticalScrollBar().setValue(0)

    def _open(self, row: int) -> None:
        item = self.events.item(row)
        if item is not None:
            self.event_opened.emit(item)

    def _fit_rows(self) -> None:
        header = self.verticalHeader()
        # Qt keeps the heights of single rows over a reset, so the headings before give theirs back.
        for row in self._headings:
            if row < header.count():
                header.resizeSection(row, theme.scaled(_EVENT))
        header.setDefaultSectionSize(theme.scaled(_EVENT))
        months = self.events.months
        self._headings = [months.heading_row(place) for place in range(len(months.months))]
        for row in self._headings:
            header.resizeSection(row, theme.scaled(_HEADING))

    def _on_scrolled(self, _value: int) -> None:
        month = self.top_month()
        if month is not None:
            self.month_shown.emit(month)


def overview_months(today: date, years: int = _YEARS) -> list[date]:
    """The first days of the last `years` × 12 months, oldest first, this month last."""
    last = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - years * 12 + 1, last + 1)]


class TimelineOverview(ChartWidget):
    """Five years in a row of bars; a click or Enter on a month jumps the list there."""

    month_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._months: list[date] = []
        self._counts: dict[date, int] = {}
        self._shown: date | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Five years of events by month"))
        self.part_activated.connect(self._on_part_activated)

    def set_counts(self, months: Sequence[MonthCount], today: date) -> None:
        """Show how many events each of the last 60 months had."""
        self._months = overview_months(today)
        self._counts = {entry.month: entry.count for entry in months}
        self.parts_changed()

    def set_shown(self, month: date | None) -> None:
        """Mark the month the list stands at."""
        if month != self._shown:
            self._shown = month
            self.update()

    def part_count(self) -> int:
        return len(self._months)

    def summary(self) -> str:
        total = sum(self._counts.values())
        return ngettext("{count} event", "{count} events", total).format(count=total)

    def part_text(self, part: int) -> str:
        count = self._counts.get(self._months[part], 0)
        events = ngettext("{count} event", "{count} events", count).format(count=count)
        return f"{month_title(self._months[part])}: {events}"

    def part_rect(self, part: int) -> QRectF:
        width = self.width() / max(len(self._months), 1)
        return QRectF(part * width, 0, width, self.height())

    def sizeHint(self) -> QSize:
        return QSize(300, theme.scaled(38))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, theme.scaled(38))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = theme.scaled(16)
        base = self.height() - line
        most = max((self._counts.get(month, 0) for month in self._months), default=0)
        small = theme.font(t.SIZE_SMALL)
        shown_until = self._shown
        for part, month in enumerate(self._months):
            rect = self.part_rect(part)
            count = self._counts.get(month, 0)
            height = max(round((base - 2) * count / most), 2) if count else 0
            near = shown_until is not None and 0 <= _months_between(month, shown_until) < 3
            token = "accent" if near else "heat2"
            painter.fillRect(
                QRectF(rect.left() + 0.5, base - height, max(rect.width() - 1, 1), height),
                theme.color(token),
            )
            if month.month == 1 and (len(self._months) - part) >= 6:
                label = QRectF(rect.left(), base + 1, rect.width() * 12, line)
                draw_text(painter, label, str(month.year), small, "muted")
        painter.fillRect(QRectF(0, base, self.width(), 1), theme.color("border_strong"))
        if self.hasFocus() and self.part() >= 0:
            ring = self.part_rect(self.part()).adjusted(-2, 0, 2, -line + 2)
            draw_focus(painter, ring, 2)
        painter.end()

    def _on_part_activated(self, part: int) -> None:
        self.month_chosen.emit(self._months[part])


def _months_between(older: date, newer: date) -> int:
    return (newer.year - older.year) * 12 + newer.month - older.month
