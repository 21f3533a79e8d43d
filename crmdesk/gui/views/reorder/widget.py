"""The reorder board on the screen: heading, filter bar, table, keys.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder.items import Grouping, GroupItem, RowItem, TileItem
from crmdesk.gui.views.reorder.model import (
    LIKELY,
    PRODUCT,
    PURCHASES,
    SUGGESTED,
    BoardDelegate,
    BoardModel,
    heading,
)
from crmdesk.gui.views.reorder.presenter import ReorderPresenter
from crmdesk.gui.views.reorder.tiles import TileBar
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.exporting import ask_export_file
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _, ngettext
from crmdesk.services.queries.reorder import PairKey

_ROW = 45
_ROOMY = 980
_WIDE = 1160


class ReorderPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = ReorderPresenter(context, self)
        self._settings = context.settings
        self._setting = False
        self._narrow = False
        self._build()
        self._bind()

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: only this customer's rows; ``route``: today or week."""
        if "account" in args:
            self.presenter.show_account(int(args["account"]))
        if "route" in args:
            self._routes.choose(str(args["route"]))
            self.presenter.choose_route(str(args["route"]))
        self.table.setFocus()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Reorder"), self)
        self._export = KeyHintButton(_("Export"), keys.hint("reorder.export"), parent=self)
        self._add = KeyHintButton(
            _("Add to visit orders"), keys.hint("reorder.add"), kind="filled", parent=self
        )
        self._header.add_action(self._export)
        self._header.add_action(self._add)
        column.addWidget(self._header)
        self.tiles = TileBar(self)
        column.addWidget(self.tiles)
        panel = Panel(parent=self)
        panel.body.addLayout(self._tools())
        panel.body.addWidget(HLine(panel))
        panel.body.addLayout(self._contents(panel), 1)
        self._foot = KeyStrip(
            [
                ((keys.hint(action),), keys.title(action))
                for action in (
                    "reorder.pick", "reorder.quantity", "reorder.pack", "reorder.purchases",
                    "reorder.not_now",
                )
            ]
        )  # fmt: skip
        panel.add_foot(self._foot)
        column.addWidget(panel, 1)

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_3)
        self._groups = SegmentedControl(
            [
                (Grouping.URGENCY, _("By urgency")),
                (Grouping.CUSTOMER, _("By customer")),
                (Grouping.SKU, _("By SKU")),
            ],
            _("Grouping"),
            self,
        )
        self._routes = SegmentedControl(_route_words(0, 0), _("Route"), self)
        self._search = SearchField(_("Filter rows"), keys.hint("reorder.filter"), icon="filter")
        self._search.setMaximumWidth(240)
        self._columns = KeyHintButton(
            _("Columns"), keys.hint("reorder.columns"), kind="quiet", icon="columns", parent=self
        )
        self._columns.setAccessibleName(keys.title("reorder.columns"))
        for widget in (self._groups, self._routes):
            row.addWidget(widget)
        row.addWidget(self._search, 1)
        row.addStretch(1)
        row.addWidget(self._columns)
        return row

    def _contents(self, panel: Panel) -> QStackedLayout:
        self.model = BoardModel(self.presenter.sentence, self.presenter.currency, self)
        self.table = RowsTable(self.model, name="reorder", row_height=_ROW, settings=self._settings)
        self.table.setItemDelegate(BoardDelegate(self.table))
        self.table.setAccessibleName(_("Reorder"))
        self.setFocusProxy(self.table)
        header = self.table.horizontalHeader()
        header.setSortIndicator(LIKELY, Qt.SortOrder.DescendingOrder)
        self._empty = EmptyState("reorder", "", "", parent=panel)
        stack = self._stack = QStackedLayout()
        # A stacked layout shows what it takes: without a parent that would be a window of its own.
        self.table.setParent(panel)
        stack.addWidget(self.table)
        stack.addWidget(self._empty)
        return stack

    def _bind(self) -> None:
        self.tiles.toggled.connect(self.presenter.toggle_state)
        self._groups.chosen.connect(self.presenter.choose_grouping)
        self._routes.chosen.connect(self.presenter.choose_route)
        self._search.searched.connect(self.presenter.search)
        self._search.left_down.connect(self.table.setFocus)
        self._search.escaped.connect(self.table.setFocus)
        self.model.rows_wanted.connect(self.presenter.read_rows)
        self.model.sort_wanted.connect(
            lambda column, descending: self.presenter.sort(column, descending=descending)
        )
        self.model.edited.connect(self._on_quantity_edited)
        self.model.picked_changed.connect(self._on_picked_changed)
        self.table.opened.connect(self.presenter.open)
        self._add.clicked.connect(self._on_add_wanted)
        self._export.clicked.connect(self._on_export_wanted)
        self._columns.clicked.connect(self._on_columns_wanted)
        keys.bind(self, "reorder.add", self._on_add_wanted)
        keys.bind(self, "reorder.export", self._on_export_wanted)
        keys.bind(self, "reorder.columns", self._on_columns_wanted)
        keys.bind(self, "reorder.filter", self._search.setFocus)
        keys.bind(self, "reorder.pack", self._on_pack_wanted)
        keys.bind(self, "reorder.not_now", self._on_not_now_wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Where there is no room for everything, the picture of purchases goes first."""
        if self._narrow != (self.width() < theme.scaled(_ROOMY)):
            self._narrow = not self._narrow
            self.table.give_way(PURCHASES, on=self._narrow)
        # The columns' button says its name only where the search field keeps its room.
        self._columns.setText("" if self.width() < theme.scaled(_WIDE) else _("Columns"))

    # ------------------------------------------------------------------- the presenter's view

    def show_tiles(self, tiles: Sequence[TileItem]) -> None:
        """Show the counts."""
        self.tiles.set_items(tiles)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Reorder"), [Run(facts, "muted")])

    def show_routes(self, stops_today: int, stops_week: int) -> None:
        """Show how many stops each route has."""
        self._routes.set_choices(_route_words(stops_today, stops_week))

    def show_entries(
        self, entries: Sequence[PairKey | GroupItem], picks: frozenset[PairKey]
    ) -> None:
        """Show keys and headings."""
        current = self.table.current_key()
        self._setting = True
        self.model.set_keys([heading(e) if isinstance(e, GroupItem) else e for e in entries])
        self.model.set_picked(self.model.picked(), picked=False)
        self.model.set_picked(picks)
        self._setting = False
        if current is None or not self.table.select_key(current):
            self.table.select_first()

    def put_rows(self, items: dict[PairKey, RowItem]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(items)
        picks = self.presenter.picks()
        self._setting = True
        self.model.set_picked(items.keys() & picks)
        self.model.set_picked(items.keys() - picks, picked=False)
        self._setting = False

    def show_total(self, picked: str, amount: str, count: int) -> None:
        """Show what the picks come to."""
        note = [Run(f"{picked} · ", "muted"), Run(amount, weight=t.SEMIBOLD)] if count else []
        self._foot.set_note(note)
        words = _("Add to visit orders")
        if count:
            words = ngettext("Add {count} to visit orders", "Add {count} to visit orders", count)
        self._add.set_label(words.format(count=count))

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._empty.set_words(title, hint)
        self._stack.setCurrentWidget(self._empty if title else self.table)

    # --------------------------------------------------------------------------------- input

    def _on_picked_changed(self) -> None:
        if not self._setting:
            self.presenter.set_picks(_pairs(self.model.picked()))

    def _on_quantity_edited(self, key: PairKey, column: str, text: str) -> None:
        if column == self.model.columns[SUGGESTED].key:
            self.presenter.set_packs(key, text)

    def _on_add_wanted(self) -> None:
        self.presenter.add_to_orders(self._current())

    def _on_pack_wanted(self) -> None:
        key = self._current()
        if key is not None:
            self.presenter.next_pack(key)

    def _on_columns_wanted(self) -> None:
        place = QPoint(0, self._columns.height())
        self.table.columns_menu().popup(self._columns.mapToGlobal(place))

    def _on_export_wanted(self) -> None:
        path = ask_export_file(self, "reorder")
        if path is not None:
            self.presenter.export(path)

    def _on_not_now_wanted(self) -> None:
        key = self._current()
        if key is None:
            return
        menu = self.reasons_menu(key)
        place = self.table.visualRect(self.model.index(self.model.place_of(key), PRODUCT))
        menu.popup(self.table.viewport().mapToGlobal(place.bottomLeft()))

    def reasons_menu(self, key: PairKey) -> QMenu:
        """Why a row is put off: one letter or click each."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for reason in (
            _("&Enough in stock"),
            _("&Buys it elsewhere"),
            _("&No longer sells it"),
            _("&Closed for the season"),
            _("The &forecast is wrong"),
        ):
            plain = reason.replace("&", "")
            menu.addAction(reason, partial(self.presenter.put_off, key, plain))
        return menu

    def _current(self) -> PairKey | None:
        key = self.table.current_key()
        return key if isinstance(key, tuple) else None


def _pairs(found: Sequence[object]) -> list[PairKey]:
    return [key for key in found if isinstance(key, tuple)]


def _route_words(stops_today: int, stops_week: int) -> list[tuple[str, str]]:
    today, week = _("Today's route"), _("This week")
    return [
        ("all", _("All routes")),
        ("today", f"{today} {stops_today}" if stops_today else today),
        ("week", f"{week} {stops_week}" if stops_week else week),
    ]


def build(context: PlaceContext) -> ReorderPlace:
    """Make the place."""
    return ReorderPlace(context)
