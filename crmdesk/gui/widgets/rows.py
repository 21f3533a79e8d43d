"""The model behind every table: all keys first, rows when they come into view.

Owns which keys are shown in which order, the rows fetched so far, picking, headings between
groups, and asking for what is missing. Fetching and sorting are done in SQL by whoever listens to
``rows_wanted`` and ``sort_wanted``; painting is left to :mod:`crmdesk.gui.widgets.delegates`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import Run, runs_text
from crmdesk.i18n import currency_digits, read_number

PAGE = 64
CELL_ROLE = Qt.ItemDataRole.UserRole + 1
ROW_ROLE = Qt.ItemDataRole.UserRole + 2
KEY_ROLE = Qt.ItemDataRole.UserRole + 3
HEADING_ROLE = Qt.ItemDataRole.UserRole + 4

Index = QModelIndex | QPersistentModelIndex
Key = Hashable


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell.

    ``unit`` follows muted; ``detail`` is the second line; ``field`` draws the value in a box that
    can be typed into; ``payload`` is for a delegate of the column's own.
    """

    text: str
    unit: str = ""
    detail: str = ""
    tone: Tone = Tone.PLAIN
    detail_tone: Tone = Tone.MUTED
    strong: bool = False
    icon: str = ""
    badge: BadgeItem | None = None
    field: bool = False
    payload: object = None

    def spoken(self) -> str:
        """The cell as copied, and as a screen reader says it."""
        words = self.badge.text if self.badge is not None and not self.text else self.text
        return f"{words} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key for sorting and remembering, its heading, and how a row fills it.

    ``width`` in px before text scale; one column may ``stretch``. ``hidden`` columns start hidden;
    those that ``yields`` are left out while there is no room for all, the last one first. ``value``
    is the row's own value for files: a date, a Decimal in the major unit, a number; ``extra`` are
    further columns there, for what the cell says beside it.
    """

    key: str
    title: str
    cell: Callable[[Any], Cell]
    width: int = 120
    right: bool = False
    sortable: bool = True
    stretch: bool = False
    hidden: bool = False
    editable: bool = False
    tip: str = ""
    yields: bool = False
    value: Callable[[Any], object] | None = None
    extra: tuple[tuple[str, Callable[[Any], object]], ...] = ()

    def exported(self, row: Any) -> object:
        """What a file gets of a row: its ``value`` (date, number), else the words of the cell."""
        if self.value is not None:
            return self.value(row)
        cell = self.cell(row)
        words = cell.spoken()
        if self.right and not cell.unit:
            number = read_number(words)
            return words if number is None else number
        return words


def major(minor: int, currency: str) -> Decimal:
    """An amount in the major unit, exactly: what files get of money."""
    return Decimal(minor).scaleb(-currency_digits(currency))


@dataclass(frozen=True, slots=True)
class Heading:
    """A group's heading between rows: a line of runs, and one at the right end."""

    key: str
    runs: tuple[Run, ...]
    right: tuple[Run, ...] = field(default=())


class RowsModel(QAbstractTableModel):
    """Keys and headings in order; rows arrive by page.

    ``rows_wanted(list of keys)`` asks for rows that came into view (at most one page at a time);
    answer with :meth:`put_rows`. ``sort_wanted(column key, descending)`` asks for another order;
    answer with :meth:`set_keys`. ``edited(key, column key, text)`` passes typed values on.
    ``more_wanted`` comes when the last rows are in view and ``has_more`` says that others follow;
    answer with :meth:`add_keys`.
    """

    rows_wanted = Signal(object)
    more_wanted = Signal()
    sort_wanted = Signal(str, bool)
    edited = Signal(object, str, str)
    picked_changed = Signal()

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        pickable: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.pickable = pickable
        self._entries: list[Key | Heading] = []
        self._rows: dict[Key, Any] = {}
        self._asked: set[Key] = set()
        self._places: dict[Key, int] = {}
        self._picked: set[Key] = set()
        self._missing: set[Key] = set()
        self._sorted: tuple[str, bool] = ("", False)
        self.has_more = False

    # ------------------------------------------------------------------------------ contents

    def set_keys(
        self,
        entries: Iterable[Key | Heading],
        rows: Mapping[Any, Any] | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Show other entries; ``rows`` are those already at hand. What was picked stays picked.

        Where ``more`` follow, what was picked and is not among these is picked when it comes.
        """
        self.beginResetModel()
        self._entries = list(entries)
        self._rows = dict(rows or {})
        self._asked.clear()
        self._places = {
            entry: place for place, entry in enumerate(self._entries) if not _is_heading(entry)
        }
        picked = self._picked | self._missing
        self._picked = picked & self._places.keys()
        self._missing = picked - self._picked if more else set()
        self.has_more = False
        self.endResetModel()
        self.picked_changed.emit()

    @property
    def misses_picked(self) -> bool:
        """True while something picked may be among the keys that follow."""
        return bool(self._missing)

    def add_keys(self, keys: Sequence[Key], *, more: bool = False) -> None:
        """Show these behind the others, and whether ``more`` follow; what is shown stays."""
        self._insert([key for key in keys if key not in self._places])
        self.has_more = more
        back = self._missing & self._places.keys()
        self._picked |= back
        self._missing = self._missing - back if more else set()
        if back:
            self.picked_changed.emit()

    def _insert(self, fresh: Sequence[Key]) -> None:
        if not fresh:
            return
        first = len(self._entries)
        self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
        self._entries += fresh
        self._places.update({key: first + place for place, key in enumerate(fresh)})
        self.endInsertRows()

    def canFetchMore(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        return not parent.isValid() and self.has_more

    def fetchMore(self, parent: Index = QModelIndex()) -> None:  # noqa: B008
        if not parent.isValid() and self.has_more:
            self.has_more = False
            self.more_wanted.emit()

    def put_rows(self, rows: Mapping[Any, Any]) -> None:
        """Rows that were asked for, or that have changed; keys not shown are ignored."""
        places = []
        for key, row in rows.items():
            self._asked.discard(key)
            if key in self._places:
                self._rows[key] = row
                places.append(self._places[key])
        if places:
            first = self.index(min(places), 0)
            self.dataChanged.emit(first, self.index(max(places), self.columnCount() - 1))

    def forget_rows(self, keys: Iterable[Key] | None = None) -> None:
        """Have rows fetched again when next shown (all of them without ``keys``)."""
        if not self._entries:
            return
        if keys is None:
            self._rows.clear()
            self._asked.clear()
        else:
            for key in keys:
                self._rows.pop(key, None)
                self._asked.discard(key)
        last = self.index(len(self._entries) - 1, self.columnCount() - 1)
        self.dataChanged.emit(self.index(0, 0), last)

    def shown_keys(self) -> list[Key]:
        """The keys shown, in order, headings left out."""
        return [entry for entry in self._entries if not _is_heading(entry)]

    def key_at(self, place: int) -> Key | None:
        """The key in a table row, None for a heading or outside the table."""
        if not 0 <= place < len(self._entries) or _is_heading(self._entries[place]):
            return None
        return self._entries[place]

    def heading_at(self, place: int) -> Heading | None:
        """The heading in a table row, None for an ordinary row."""
        entry = self._entries[place] if 0 <= place < len(self._entries) else None
        return entry if isinstance(entry, Heading) else None

    def heading_places(self) -> list[int]:
        """The table rows that are headings."""
        return [place for place, entry in enumerate(self._entries) if _is_heading(entry)]

    def place_of(self, key: Key) -> int:
        """The table row of a key, -1 when it is not shown."""
        return self._places.get(key, -1)

    def row_of(self, key: Key) -> Any:
        """The fetched row of a key, None when it has not come yet."""
        return self._rows.get(key)

    # ------------------------------------------------------------------------------- picking

    def picked(self) -> list[Key]:
        """The picked keys, in the order shown."""
        return [key for key in self.shown_keys() if key in self._picked]

    def is_picked(self, key: Key) -> bool:
        """True when the row has its tick."""
        return key in self._picked

    def is_any_picked(self) -> bool:
        """Whether a row has its tick."""
        return bool(self._picked)

    def set_all_picked(self, *, picked: bool) -> None:
        """Give all rows their tick at once, or take it away."""
        self._picked = set(self._places) if picked else set()
        self._missing = set()
        if self._entries:
            last = self.index(len(self._entries) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last)
        self.picked_changed.emit()

    def set_picked(self, keys: Iterable[Key], *, picked: bool = True) -> None:
        """Give rows their tick, or take it away."""
        wanted = {key for key in keys if key in self._places}
        self._picked = self._picked | wanted if picked else self._picked - wanted
        for key in wanted:
            index = self.index(self._places[key], 0)
            self.dataChanged.emit(index, index)
        self.picked_changed.emit()

    # ------------------------------------------------------------------------------ Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        if isinstance(entry, Heading):
            return self._heading_data(entry, index.column(), role)
        if role == KEY_ROLE:
            return entry
        if role == Qt.ItemDataRole.CheckStateRole:
            return self._check_state(entry, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.EditRole,
            Qt.ItemDataRole.AccessibleTextRole,
            CELL_ROLE,
            ROW_ROLE,
        ):
            return None
        row = self._rows.get(entry)
        if row is None:
            self._want_around(index.row())
            return None if role in (CELL_ROLE, ROW_ROLE) else ""
        if role == ROW_ROLE:
            return row
        cell = self.columns[index.column()].cell(row)
        if role == CELL_ROLE:
            return cell
        return cell.text if role == Qt.ItemDataRole.EditRole else cell.spoken()

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        key = self.key_at(index.row()) if index.isValid() else None
        if key is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole and self.pickable and index.column() == 0:
            self.set_picked([key], picked=Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and self.columns[index.column()].editable:
            self.edited.emit(key, self.columns[index.column()].key, str(value))
            return True
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.heading_at(index.row()) is not None:
            return Qt.ItemFlag.ItemIsEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.pickable and index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if self.columns[index.column()].editable:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags | Qt.ItemFlag.ItemNeverHasChildren

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns) or not self.columns[column].sortable:
            return
        wanted = (self.columns[column].key, order == Qt.SortOrder.DescendingOrder)
        if wanted != self._sorted:
            self._sorted = wanted
            self.sort_wanted.emit(*wanted)

    def _want_around(self, place: int) -> None:
        first = max(0, place - PAGE // 4)
        missing = [
            entry
            for entry in self._entries[first : first + PAGE]
            if not _is_heading(entry) and entry not in self._rows and entry not in self._asked
        ]
        if missing:
            self._asked.update(missing)
            self.rows_wanted.emit(missing)

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight
        if not self.columns[column].right:
            side = Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _check_state(self, key: Key, column: int) -> Qt.CheckState | None:
        if not self.pickable or column != 0:
            return None
        return Qt.CheckState.Checked if key in self._picked else Qt.CheckState.Unchecked

    def _heading_data(self, heading: Heading, column: int, role: int) -> Any:
        if role == HEADING_ROLE:
            return heading
        spoken = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if column == 0 and role in spoken:
            return runs_text(heading.runs)
        return None


def _is_heading(entry: object) -> bool:
    return isinstance(entry, Heading)
