"""The panel of a list: filter chips above, the table or an empty state, and its keys at the foot.

Owns what the lists of customers and of orders look like and do alike. Headings, columns and what
stands beside the list are the places'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QWidget

from crmdesk.gui import keys as key_map
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.kept_rows import KeptRows
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, Panel
from crmdesk.gui.widgets.rows import Key, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _


class ListHost(Protocol):
    """The presenter of a list with chips and a search field."""

    def choose_group(self, key: str) -> None:
        """A chip was chosen."""

    def search(self, text: str) -> None:
        """Something was typed into the search field."""

    def sort(self, column: str, *, descending: bool) -> None:
        """A heading was chosen."""

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""


class ListPanel(Panel):
    """Chips, table, empty state, keys. ``name`` is the table's, and the icon of the empty state.

    ``sorted_by`` is the column (its place) and the direction the rows come in at first; ``foot``
    the actions whose keys stand below. The layout is remembered in ``settings``.
    """

    def __init__(
        self,
        model: RowsModel,
        title: str,
        *,
        name: str,
        chips: Sequence[tuple[str, str]],
        sorted_by: tuple[int, Qt.SortOrder],
        foot: Sequence[str],
        settings: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent=parent)
        self._model = model
        self.tools = QHBoxLayout()
        self.tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.tools.setSpacing(t.SPACE_3)
        self.chips = FilterChips(list(chips), _("Filter"), self)
        self.tools.addWidget(self.chips, 1)
        self.body.addLayout(self.tools)
        self.body.addWidget(HLine(self))
        self.table = RowsTable(model, name=name, settings=settings, parent=self)
        self.table.setAccessibleName(title)
        self.table.set_ground("surface")
        self.table.horizontalHeader().setSortIndicator(*sorted_by)
        self.kept = KeptRows(self.table)
        self._empty = EmptyState(name, "", "", parent=self)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self.body.addLayout(self._stack, 1)
        shown = [((key_map.hint(action),), key_map.title(action)) for action in foot]
        self.add_foot(KeyStrip(shown))

    def serve(self, host: ListHost, search: SearchField) -> None:
        """Tell a presenter of chips, searches, sorting and rows that come into view."""
        self.chips.chosen.connect(host.choose_group)
        search.searched.connect(host.search)
        self.follow(search)
        self._model.rows_wanted.connect(host.read_rows)
        self._model.sort_wanted.connect(
            lambda column, descending: host.sort(column, descending=descending)
        )

    def follow(self, search: SearchField) -> None:
        """Leaving the search field leads into the rows."""
        search.left_down.connect(self.enter)
        search.returnPressed.connect(self.enter)
        search.escaped.connect(self.table.setFocus)

    def enter(self) -> None:
        """Go to the first row."""
        self.table.select_first()
        self.table.setFocus()

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self.chips.set_choices([(chip.key, chip.text) for chip in chips])

    def show_keys(self, keys: Sequence[Key], rows: Mapping[int, object]) -> None:
        """Show these rows; the selection bar stays on its row while that is shown."""
        self.kept.show(keys, rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; empty words bring the table back."""
        self._empty.set_words(title, hint)
        self._stack.setCurrentWidget(self._empty if title else self.table)
