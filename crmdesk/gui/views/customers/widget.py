"""The list of customers on the screen: heading, chips, search, table, preview.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customers.model import CustomersModel
from crmdesk.gui.views.customers.presenter import (
    CustomersPresenter,
    PreviewItem,
    need_words,
)
from crmdesk.gui.views.customers.preview import PreviewPanel
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.panels import PageHeader, Panel
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow

_PREVIEW = 356


class CustomersPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = CustomersPresenter(context, self)
        self._today = context.workspace.today
        self._currency = context.workspace.currency
        self._settings = context.settings
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``need``: which chip; ``text``: what to search; ``account``: which to select."""
        if "need" in args:
            self.chips.choose(str(args["need"]))
            self.presenter.choose_need(str(args["need"]))
        if "text" in args:
            self.search.setText(str(args["text"]))
            self.presenter.search(str(args["text"]))
        if "account" in args:
            self.table.select_key(int(args["account"]))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Customers"), self)
        self._export = KeyHintButton(_("Export"), keys.hint("customers.export"), parent=self)
        self._new = KeyHintButton(_("New customer"), keys.hint("customers.new"), parent=self)
        self.search = SearchField(
            _("Name, town, person"), keys.hint("customers.filter"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 240)
        self._header.add_action(self.search)
        self._header.add_action(self._export)
        self._header.add_action(self._new)
        column.addWidget(self._header)
        column.addWidget(self._new_form())
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setHandleWidth(t.PANEL_GAP)
        split.setChildrenCollapsible(False)
        split.addWidget(self._list_panel())
        self.preview = PreviewPanel(self)
        theme.least_width(self.preview, 300)
        split.addWidget(self.preview)
        split.setStretchFactor(0, 1)
        split.setSizes([10_000, theme.scaled(_PREVIEW)])
        column.addWidget(split, 1)
        self.preview.show_preview(None)

    def _new_form(self) -> QWidget:
        form = self._form = Panel(parent=self)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        self._new_name = QLineEdit(form)
        self._new_name.setPlaceholderText(_("Name of the new customer"))
        self._new_name.setAccessibleName(_("Name of the new customer"))
        self._new_city = QLineEdit(form)
        self._new_city.setPlaceholderText(_("Town"))
        self._new_city.setAccessibleName(_("Town"))
        add = KeyHintButton(_("Add"), "Enter", parent=form)
        cancel = KeyHintButton(_("Cancel"), "Esc", kind="quiet", parent=form)
        row.addWidget(self._new_name, 2)
        row.addWidget(self._new_city, 1)
        row.addWidget(add)
        row.addWidget(cancel)
        form.body.addLayout(row)
        add.clicked.connect(self._on_new_confirmed)
        cancel.clicked.connect(self._on_new_cancelled)
        self._new_name.returnPressed.connect(self._on_new_confirmed)
        self._new_city.returnPressed.connect(self._on_new_confirmed)
        form.hide()
        return form

    def _list_panel(self) -> ListPanel:
        words = need_words()
        self.model = CustomersModel(self._today, self._currency, self)
        panel = self._panel = ListPanel(
            self.model,
            _("Customers"),
            name="customers",
            chips=[(need, words[need]) for need in words],
            sorted_by=(0, Qt.SortOrder.AscendingOrder),
            foot=(
                "customers.open",
                "customers.filter",
                "customers.lists",
                "customers.new",
                "customers.export",
            ),
            settings=self._settings,
            parent=self,
        )
        self.chips, self.table = panel.chips, panel.table
        self._columns = KeyHintButton(
            "", keys.hint("customers.columns"), kind="quiet", icon="columns", parent=panel
        )
        self._columns.setAccessibleName(keys.title("customers.columns"))
        panel.tools.addWidget(self._columns)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.chips.chosen.connect(presenter.choose_need)
        self.search.searched.connect(presenter.search)
        self._panel.follow(self.search)
        self.model.rows_wanted.connect(presenter.read_rows)
        self.model.sort_wanted.connect(
            lambda column, descending: presenter.sort(column, descending=descending)
        )
        self.table.current_key_changed.connect(presenter.select)
        self.table.opened.connect(presenter.open)
        self.preview.opened.connect(presenter.open)
        self.preview.order_wanted.connect(presenter.new_order)
        self._export.clicked.connect(self.presenter.export)
        self._new.clicked.connect(self._on_new_wanted)
        self._columns.clicked.connect(self._on_columns_wanted)
        keys.bind(self, "customers.filter", self.search.setFocus)
        keys.bind(self, "customers.new", self._on_new_wanted)
        keys.bind(self, "customers.export", self.presenter.export)
        keys.bind(self, "customers.columns", self._on_columns_wanted)
        keys.bind(self, "customers.lists", presenter.filter_more)

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self._panel.show_chips(chips)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Customers"), [Run(facts, "muted")])

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, CustomerRow]) -> None:
        """Show these customers."""
        self._panel.show_keys(keys, rows)

    def put_rows(self, rows: Mapping[int, CustomerRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_preview(self, preview: PreviewItem | None) -> None:
        """Show the selected customer, or nothing."""
        self.preview.show_preview(preview)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._panel.show_empty(title, hint)

    def select(self, account_id: int) -> None:
        """Move the selection to a customer."""
        self.table.select_key(account_id)

    # --------------------------------------------------------------------------------- input

    def _on_columns_wanted(self) -> None:
        place = QPoint(0, self._columns.height())
        self.table.columns_menu().popup(self._columns.mapToGlobal(place))

    def _on_new_wanted(self) -> None:
        self._form.show()
        self._new_name.setFocus()

    def _on_new_cancelled(self) -> None:
        self._form.hide()
        self.table.setFocus()

    def _on_new_confirmed(self) -> None:
        name = self._new_name.text().strip()
        if not name:
            self._new_name.setFocus()
            return
        self.presenter.create(name, self._new_city.text().strip())
        self._new_name.clear()
        self._new_city.clear()
        self._form.hide()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape and self._form.isVisible():
            self._on_new_cancelled()
            return
        super().keyPressEvent(event)


def build(context: PlaceContext) -> CustomersPlace:
    """Make the place."""
    return CustomersPlace(context)
