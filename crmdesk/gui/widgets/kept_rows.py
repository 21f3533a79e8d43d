"""A table's bar and marks stay on their rows when its keys are read again.

Owns waiting for rows that come back later: of a long list the first keys are there at once, the
rest follows. Reading is the presenters', picks are :class:`~crmdesk.gui.widgets.rows.RowsModel`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel

from crmdesk.gui.widgets.rows import Key
from crmdesk.gui.widgets.tables import RowsTable


class KeptRows:
    """See the module; one of a table."""

    def __init__(self, table: RowsTable) -> None:
        self._table = table
        self._bar: Key | None = None
        self._marked: frozenset[Key] = frozenset()
        table.current_key_changed.connect(self._on_moved)

    @property
    def waits(self) -> bool:
        """True while a row that had the bar, a mark or a pick may still come."""
        return self._bar is not None or self._table.rows_model().misses_picked

    def show(
        self,
        keys: Sequence[Key],
        rows: Mapping[Any, Any],
        *,
        more: bool = False,
        again: bool = True,
    ) -> None:
        """Show these rows; ``more`` follow by :meth:`add`.

        ``again``: they answer the same question as before, so that the bar waits for its row.
        Without, and where its row is gone, it goes to the first one.
        """
        table = self._table
        bar = self._bar if self._bar is not None else table.current_key()
        marked = frozenset(table.selected_keys()) | self._marked
        table.rows_model().set_keys(keys, rows, more=more)
        self._marked = marked if again else frozenset()
        self._bar = None
        if bar is None or not self._back_to(bar):
            if again and more and bar is not None:
                self._bar = bar
            else:
                self._give_up()

    def add(self, keys: Sequence[Key], *, more: bool) -> None:
        """Show these behind the others; ``more`` follow."""
        self._table.rows_model().add_keys(keys, more=more)
        if self._bar is None:
            return
        if not self._back_to(self._bar) and not more:
            self._give_up()

    def _back_to(self, bar: Key) -> bool:
        """Put bar and marks back; False when the bar's row is not shown."""
        marked = self._marked
        if not self._table.select_key(bar):
            return False
        if bar in marked and len(marked) > 1:
            self._mark(marked)
        self._bar, self._marked = None, frozenset()
        return True

    def _mark(self, keys: frozenset[Key]) -> None:
        model = self._table.rows_model()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for key in keys:
            place = model.place_of(key)
            if place >= 0:
                self._table.selectionModel().select(model.index(place, 0), flags)

    def _give_up(self) -> None:
        self._bar, self._marked = None, frozenset()
        self._table.select_first()

    def _on_moved(self, key: Key) -> None:
        if self._bar is not None and key != self._bar:
            # The person has gone on meanwhile.
            self._bar, self._marked = None, frozenset()
