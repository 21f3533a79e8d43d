"""A whole list out of a table: the columns shown, in their order, all rows, also those not read.

Rows come into a table as they are looked at. Here the rest is asked for in blocks, the same way
the table asks, and turned into cells a block at a time, so that the window stays alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from PySide6.QtCore import QObject, QTimer

from crmdesk.gui.widgets.rows import Column, Key
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.interchange.writing import Cell

BLOCK = 500
_PATIENCE_MS = 15_000


@dataclass(frozen=True, slots=True)
class ListContent:
    """What a list shows: columns as (heading, width, numbers at the right) with their words.

    ``heads`` and ``values`` are the columns of a file, which has more where cells say more.
    """

    heads: tuple[str, ...]
    columns: tuple[tuple[str, int, bool], ...]
    values: tuple[tuple[Cell, ...], ...]
    words: tuple[tuple[str, ...], ...]


class Gathering(QObject):
    """Gathers one table; ``done(content)`` at the end, ``changed()`` when the list became another.

    Rows that are gone meanwhile are left out.
    """

    def __init__(
        self,
        table: RowsTable,
        done: Callable[[ListContent], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(table)
        self._model = table.rows_model()
        self._done, self._changed = done, changed
        self._columns = [
            place for place in table.shown_columns() if self._model.columns[place].title
        ]
        self._widths = [table.columnWidth(place) for place in self._columns]
        self._keys = self._model.shown_keys()
        self._place = 0
        self._values: list[tuple[Cell, ...]] = []
        self._words: list[tuple[str, ...]] = []
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._take_block)
        self._model.modelReset.connect(self._on_reset)
        self._model.dataChanged.connect(self._on_data_changed)

    def start(self) -> None:
        """Begin; the answer comes later."""
        QTimer.singleShot(0, self, self._next_block)

    def _block(self) -> list[Key]:
        return self._keys[self._place : self._place + BLOCK]

    def _next_block(self) -> None:
        if self._place >= len(self._keys):
            self._end()
            return
        missing = [key for key in self._block() if self._model.row_of(key) is None]
        if not missing:
            self._take_block()
            return
        self._patience.start(_PATIENCE_MS)
        self._model.rows_wanted.emit(missing)

    def _on_data_changed(self) -> None:
        waiting = self._patience.isActive()
        if waiting and all(self._model.row_of(key) is not None for key in self._block()):
            self._take_block()

    def _take_block(self) -> None:
        self._patience.stop()
        columns = [self._model.columns[place] for place in self._columns]
        for key in self._block():
            row = self._model.row_of(key)
            if row is not None:
                values = [value for column in columns for value in _values(column, row)]
                self._values.append(tuple(values))
                self._words.append(tuple(column.cell(row).spoken() for column in columns))
        self._place += BLOCK
        QTimer.singleShot(0, self, self._next_block)

    def _on_reset(self) -> None:
        self._leave()
        self._changed()

    def _end(self) -> None:
        self._leave()
        columns = [self._model.columns[place] for place in self._columns]
        shown = tuple(
            (column.title, width, column.right)
            for column, width in zip(columns, self._widths, strict=True)
        )
        heads = tuple(
            title
            for column in columns
            for title in (column.title, *(title for title, _value in column.extra))
        )
        self._done(ListContent(heads, shown, tuple(self._values), tuple(self._words)))

    def _leave(self) -> None:
        self._patience.stop()
        self._place = len(self._keys)
        self._model.modelReset.disconnect(self._on_reset)
        self._model.dataChanged.disconnect(self._on_data_changed)
        self.deleteLater()


def _values(column: Column, row: object) -> list[Cell]:
    return [as_cell(column.exported(row)), *(as_cell(value(row)) for _title, value in column.extra)]


def as_cell(value: object) -> Cell:
    """A value as a file takes it; anything else as its text."""
    if value is None or isinstance(value, str | int | float | Decimal | date):
        return value
    return str(value)
