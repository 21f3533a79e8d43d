"""The rows behind the heat map: SKU keys first, rows lazily, months in words.

Owns :class:`HeatModel`. Painting is left to :mod:`crmdesk.gui.widgets.heatmap`, reading the rows to
whoever listens to `rows_wanted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from crmdesk.gui.widgets.charts import LEFT, RIGHT
from crmdesk.gui.widgets.items import HeatItem
from crmdesk.i18n import _, format_number, month_short, pgettext

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()

PAGE = 64
NAME, MONTHS, EVERY, NEXT, USUAL, PRICE, MARGIN, SUGGEST = range(8)
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1


def month_initial(month: int) -> str:
    """One letter for a month (1–12) above a narrow column."""
    letters = pgettext("initials of the months, January to December", "J F M A M J J A S O N D")
    return letters.split(" ")[month - 1]


class HeatModel(QAbstractTableModel):
    """SKUs as rows: keys at once, rows by pages of 64 when one of them is first looked at.

    Not yet read rows are empty; the page that misses is asked for once through `rows_wanted`.
    """

    rows_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys: tuple[int, ...] = ()
        self._items: dict[int, HeatItem] = {}
        self._asked: set[int] = set()
        self.months: tuple[date, ...] = ()

    def set_rows(
        self, keys: Sequence[int], months: Sequence[date], first: Sequence[HeatItem] = ()
    ) -> None:
        """Start over with these SKUs and months (first days, oldest first)."""
        self.beginResetModel()
        self._keys = tuple(keys)
        self.months = tuple(months)
        self._items = {item.key: item for item in first}
        self._asked = set(self._items)
        self.endResetModel()

    def put_items(self, items: Sequence[HeatItem]) -> None:
        """Rows that were asked for, or that changed."""
        self._items.update((item.key, item) for item in items)
        self._asked.update(item.key for item in items)
        if self._keys:
            last = self.index(len(self._keys) - 1, SUGGEST)
            self.dataChanged.emit(self.index(0, 0), last)

    def item(self, row: int) -> HeatItem | None:
        """The row if it has been read; asks for its page otherwise."""
        if not 0 <= row < len(self._keys):
            return None
        found = self._items.get(self._keys[row])
        if found is None and self._keys[row] not in self._asked:
            start = row - row % PAGE
            page = [k for k in self._keys[start : start + PAGE] if k not in self._asked]
            self._asked.update(page)
            self.rows_wanted.emit(page)
            found = self._items.get(self._keys[row])
        return found

    def row_of(self, key: int) -> int:
        """The row of a SKU, -1 when it is not shown."""
        return self._keys.index(key) if key in self._keys else -1

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else SUGGEST + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                _("SKU"), _("Months"), pgettext("interval", "Every"), _("Next due"), _("Usual"),
                _("Last price"), _("Margin"), _("Suggest"),
            )[section]  # fmt: skip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if index.column() in (NAME, MONTHS) else RIGHT
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.AccessibleDescriptionRole,
            ITEM_ROLE,
        ):
            return None
        item = self.item(index.row())
        if role == ITEM_ROLE or item is None:
            return item if role == ITEM_ROLE else ""
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return item.sentence
        if index.column() == MONTHS:
            return "" if role == Qt.ItemDataRole.DisplayRole else self.months_text(item)
        return (
            item.name, "", item.every, item.next_due, item.usual, item.price, item.margin,
            item.suggest,
        )[index.column()]  # fmt: skip

    def months_text(self, item: HeatItem) -> str:
        """The months that were bought, newest first, in words."""
        said = [
            self.month_text(item, place)
            for place in reversed(range(len(self.months)))
            if item.units[place] > 0
        ]
        return ", ".join(said[:12]) or _("Nothing in these months")

    def month_text(self, item: HeatItem, place: int) -> str:
        """One cell in words: month, year, base units."""
        month = self.months[place]
        name = f"{month_short(month.month)} {month.year}"
        units = item.units[place]
        if units == 0:
            return _("{month}: none").format(month=name)
        return _("{month}: {units}").format(month=name, units=format_number(units))
