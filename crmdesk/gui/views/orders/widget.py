"""The list of orders on the screen: heading, chips, search, table.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.orders.model import OrdersModel
from crmdesk.gui.views.orders.picker import CustomerPicker
from crmdesk.gui.views.orders.presenter import ChipItem, OrdersPresenter, group_words
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.orders import OrderRow

_DATE_COLUMN = 3


class OrdersPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = OrdersPresenter(context, self)
        self._today = context.workspace.today()
        self._currency = context.workspace.currency
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``group``: which chip; ``new``: choose a customer for a new order at once."""
        if "group" in args:
            self.chips.choose(str(args["group"]))
            self.presenter.choose_group(str(args["group"]))
        if args.get("new"):
            self._on_new_wanted()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Orders"), self)
        self.search = SearchField(
            _("Number, customer"), keys.hint("orders.filter"), height=t.BUTTON, parent=self
        )
        self.search.setFixedWidth(theme.scaled(240))
        self._export = KeyHintButton(_("Export"), keys.hint("orders.export"), parent=self)
        self._new = KeyHintButton(
            _("New order"), keys.hint("orders.new"), kind="filled", parent=self
        )
        for widget in (self.search, self._export, self._new):
            self._header.add_action(widget)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self)
        self.picker.hide()
        column.addWidget(self.picker)
        column.addWidget(self._panel(), 1)

    def _panel(self) -> Panel:
        panel = Panel(parent=self)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        words = group_words()
        self.chips = FilterChips([(group, words[group]) for group in words], _("Filter"), panel)
        row.addWidget(self.chips, 1)
        panel.body.addLayout(row)
        panel.body.addWidget(HLine(panel))
        self.model = OrdersModel(self._today, self._currency, self)
        self.table = RowsTable(self.model, name="orders", parent=panel)
        self.table.setAccessibleName(_("Orders"))
        header = self.table.horizontalHeader()
        header.setSortIndicator(_DATE_COLUMN, Qt.SortOrder.DescendingOrder)
        self._empty = EmptyState("orders", "", "", parent=panel)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        panel.body.addLayout(self._stack, 1)
        shown = ("orders.open", "orders.new", "orders.filter", "orders.export")
        panel.add_foot(KeyStrip([((keys.hint(action),), keys.title(action)) for action in shown]))
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.chips.chosen.connect(presenter.choose_group)
        self.search.searched.connect(presenter.search)
        self.search.left_down.connect(self._on_search_left)
        self.search.returnPressed.connect(self._on_search_left)
        self.search.escaped.connect(self.table.setFocus)
        self.model.rows_wanted.connect(presenter.read_rows)
        self.model.sort_wanted.connect(
            lambda column, descending: presenter.sort(column, descending=descending)
        )
        self.table.opened.connect(presenter.open)
        self.picker.searched.connect(presenter.find_customers)
        self.picker.picked.connect(self._on_customer_picked)
        self.picker.closed.connect(self._on_picker_closed)
        self._export.clicked.connect(self._on_export_wanted)
        self._new.clicked.connect(self._on_new_wanted)
        keys.bind(self, "orders.filter", self.search.setFocus)
        keys.bind(self, "orders.new", self._on_new_wanted)
        keys.bind(self, "orders.export", self._on_export_wanted)

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self.chips.set_choices([(chip.key, chip.text) for chip in chips])

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Orders"), [Run(facts, "muted")])

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, OrderRow]) -> None:
        """Show these orders."""
        current = self.table.current_key()
        self.model.set_keys(keys, rows)
        if current is None or not self.table.select_key(current):
            self.table.select_first()

    def put_rows(self, rows: Mapping[int, OrderRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._empty.set_words(title, hint)
        self._stack.setCurrentWidget(self._empty if title else self.table)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an order can be started for."""
        self.picker.show_matches(rows)

    # --------------------------------------------------------------------------------- input

    def _on_search_left(self) -> None:
        self.table.select_first()
        self.table.setFocus()

    def _on_new_wanted(self) -> None:
        self.picker.open()

    def _on_picker_closed(self) -> None:
        self.picker.hide()
        self.table.setFocus()

    def _on_customer_picked(self, account_id: int) -> None:
        self.picker.hide()
        self.presenter.start_order(account_id)

    def _on_export_wanted(self) -> None:
        places = QStandardPaths.StandardLocation.DocumentsLocation
        folder = Path(QStandardPaths.writableLocation(places))
        name, _kind = QFileDialog.getSaveFileName(
            self, _("Export"), str(folder / "orders.csv"), _("CSV files (*.csv)")
        )
        if name:
            self.presenter.export(Path(name))


def build(context: PlaceContext) -> OrdersPlace:
    """Make the place."""
    return OrdersPlace(context)
