"""The rows behind the timeline: months and their counts first, the events of a month lazily.

Owns :class:`TimelineModel`. Because the counts are known, the scroll bar is exact and any month of
any year can be jumped to, with only the months that were looked at ever read. Reading is left to
whoever listens to `month_wanted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from crmdesk.gui.widgets.items import MonthCount, MonthIndex, TimelineItem
from crmdesk.i18n import format_date, month_short, ngettext

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
MONTH_ROLE = Qt.ItemDataRole.UserRole + 2


def month_title(month: date) -> str:
    """A month's heading: `Nov 2026`."""
    return f"{month_short(month.month)} {month.year}"


class TimelineModel(QAbstractListModel):
    """Month headings and their events, newest first."""

    month_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.months = MonthIndex(())
        self._events: dict[date, tuple[TimelineItem, ...]] = {}
        self._asked: set[date] = set()

    def set_months(self, months: Sequence[MonthCount]) -> None:
        """Start over with these months, newest first; nothing of them is read yet."""
        self.beginResetModel()
        self.months = MonthIndex(months)
        self._events = {}
        self._asked = set()
        self.endResetModel()

    def refresh(self) -> None:
        """Have the events read again as they are seen; those at hand stay until then."""
        self._asked = set()
        if len(self.months):
            self.dataChanged.emit(self.index(0), self.index(len(self.months) - 1))

    def put_month(self, month: date, events: Sequence[TimelineItem]) -> None:
        """The events of a month, newest first; more or fewer than counted are cut or left empty."""
        start = self.months.row_of(month)
        if start is None:
            return
        position, _event = self.months.locate(start)
        if self.months.months[position].month != month:
            return
        self._asked.add(month)
        self._events[month] = tuple(events)
        last = start + self.months.months[position].count
        self.dataChanged.emit(self.index(start), self.index(last))

    def heading(self, row: int) -> MonthCount | None:
        """The month if the row is a heading."""
        if not 0 <= row < len(self.months):
            return None
        position, event = self.months.locate(row)
        return self.months.months[position] if event < 0 else None

    def item(self, row: int) -> TimelineItem | None:
        """The event of a row if it has been read; asks for its month otherwise."""
        if not 0 <= row < len(self.months):
            return None
        position, event = self.months.locate(row)
        if event < 0:
            return None
        month = self.months.months[position].month
        if month not in self._asked:
            self._asked.add(month)
            self.month_wanted.emit(month)
        events = self._events.get(month, ())
        return events[event] if event < len(events) else None

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.months)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.heading(index.row()) is not None:
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
            ITEM_ROLE,
            MONTH_ROLE,
        ):
            return None
        heading = self.heading(index.row())
        if role == MONTH_ROLE:
            return heading
        if heading is not None:
            return None if role == ITEM_ROLE else self._heading_text(heading, role)
        item = self.item(index.row())
        if role == ITEM_ROLE or item is None:
            return item if role == ITEM_ROLE else ""
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        said = [format_date(item.day, year=True), item.title, item.detail, item.value]
        return ", ".join(part for part in said if part)

    def _heading_text(self, heading: MonthCount, role: int) -> str:
        title = month_title(heading.month)
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        events = ngettext("{count} event", "{count} events", heading.count)
        return f"{title}, {events.format(count=heading.count)}"
