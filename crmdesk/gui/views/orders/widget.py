"""The list of orders on the screen: heading, chips, search, table.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.orders.model import OrdersModel
from crmdesk.gui.views.orders.presenter import OrdersPresenter, group_words
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.panels import PageHeader
from crmdesk.i18n import _
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.orders import OrderRow

_DATE_COLUMN = 3


class OrdersPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    prints_list = True

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = OrdersPresenter(context, self)
        self._today = context.workspace.today
        self._currency = context.workspace.currency
        self._settings = context.settings
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

    def paper(self) -> Wanted | None:
        """The order that the bar is on, for files and mail; printing prints the list."""
        key = self.table.current_key()
        return Wanted("order", key) if isinstance(key, int) else None

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Orders"), self)
        self.search = SearchField(
            _("Number, customer"), keys.hint("orders.filter"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 240)
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
        column.addWidget(self._list_panel(), 1)

    def _list_panel(self) -> ListPanel:
        words = group_words()
        self.model = OrdersModel(self._today, self._currency, self)
        panel = self._panel = ListPanel(
            self.model,
            _("Orders"),
            name="orders",
            chips=[(group, words[group]) for group in words],
            sorted_by=(_DATE_COLUMN, Qt.SortOrder.DescendingOrder),
            foot=("orders.open", "orders.new", "orders.filter", "orders.export"),
            settings=self._settings,
            parent=self,
        )
        self.chips, self.table = panel.chips, panel.table
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self._panel.serve(presenter, self.search)
        self.model.more_wanted.connect(presenter.read_on)
        self.table.opened.connect(presenter.open)
        self.picker.serve(presenter.customers.find, presenter.start_order, self.table.setFocus)
        self._export.clicked.connect(self.presenter.export)
        self._new.clicked.connect(self._on_new_wanted)
        keys.bind(self, "orders.filter", self.search.setFocus)
        keys.bind(self, "orders.new", self._on_new_wanted)
        keys.bind(self, "orders.export", self.presenter.export)
        keys.bind(self, "orders.day_end", presenter.end_day)

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self._panel.show_chips(chips)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Orders"), [Run(facts, "muted")])

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, OrderRow]) -> None:
        """Show these orders."""
        self._panel.show_keys(keys, rows)

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        """Show these behind the others."""
        self._panel.kept.add(keys, more=more)

    def complete_list(self, done: Callable[[], None]) -> None:
        """Read the keys of all rows, for whoever writes or prints the list."""
        self.presenter.read_on(done)

    def put_rows(self, rows: Mapping[int, OrderRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._panel.show_empty(title, hint)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an order can be started for."""
        self.picker.show_matches(rows)

    # --------------------------------------------------------------------------------- input

    def _on_new_wanted(self) -> None:
        self.picker.open()


def build(context: PlaceContext) -> OrdersPlace:
    """Make the place."""
    return OrdersPlace(context)
