"""The reorder board on the screen: heading, filter bar, table, keys.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from crmdesk.gui.views.reorder import menus, words
from crmdesk.gui.views.reorder.answer import AnswerLine
from crmdesk.gui.views.reorder.asking import Ask, Question
from crmdesk.gui.views.reorder.detail import DetailStrip
from crmdesk.gui.views.reorder.items import (
    DetailItem,
    Grouping,
    GroupItem,
    LossItem,
    RowItem,
    TileItem,
)
from crmdesk.gui.views.reorder.losses_model import WORTH, LossesModel
from crmdesk.gui.views.reorder.model import (
    LIKELY,
    PURCHASES,
    SUGGESTED,
    BoardDelegate,
    BoardModel,
    heading,
)
from crmdesk.gui.views.reorder.presenter import ReorderPresenter
from crmdesk.gui.views.reorder.tiles import TileBar
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _, ngettext
from crmdesk.services.queries.contact_days import ContactDay
from crmdesk.services.queries.reorder import PairKey
from crmdesk.services.queries.reorder_detail import SkuDetail
from crmdesk.services.queries.reorder_filter import AreaRow

_BOARD_HINTS = (
    "reorder.pick", "reorder.quantity", "reorder.pack", "reorder.pick_group", "reorder.order",
    "reorder.not_now", "reorder.visit", "reorder.count", "reorder.kept", "reorder.purchases",
)  # fmt: skip
_LOSSES_HINTS = ("reorder.visit", "reorder.call", "reorder.promise", "reorder.purchases")
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
        self._areas: tuple[AreaRow, ...] = ()
        self._build()
        self._bind()

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: only this customer's rows, at ``product``; ``route``: today or week."""
        if "account" in args:
            product = args.get("product")
            self.presenter.show_account(
                int(args["account"]), None if product is None else int(product)
            )
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
        self._good = KeyHintButton(
            _("Accuracy"), keys.hint("reorder.accuracy"), kind="quiet", icon="goals", parent=self
        )
        self._good.setAccessibleName(keys.title("reorder.accuracy"))
        self._good.setToolTip(keys.title("reorder.accuracy"))
        self._header.add_action(self._good)
        self._header.add_action(self._export)
        self._header.add_action(self._add)
        column.addWidget(self._header)
        self.tiles = TileBar(self)
        column.addWidget(self.tiles)
        panel = Panel(parent=self)
        panel.body.addLayout(self._tools())
        panel.body.addWidget(HLine(panel))
        panel.body.addLayout(self._said())
        panel.body.addWidget(HLine(panel))
        panel.body.addLayout(self._contents(panel), 1)
        self.detail = DetailStrip(panel)
        panel.body.addWidget(self.detail)
        self.answer = AnswerLine(panel)
        panel.body.addWidget(self.answer)
        self._foot = KeyStrip([])
        panel.add_foot(self._foot)
        column.addWidget(panel, 1)
        self._show_hints(_BOARD_HINTS)

    def _show_hints(self, actions: Sequence[str]) -> None:
        self._foot.set_items([((keys.hint(action),), keys.title(action)) for action in actions])

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_3)
        self._groups = SegmentedControl(words.group_choices(several=False), _("Grouping"), self)
        self._routes = SegmentedControl(words.route_choices(0, 0), _("Route"), self)
        self._search = SearchField(_("Filter rows"), keys.hint("reorder.filter"), icon="filter")
        self._search.setMaximumWidth(240)
        for widget in (self._groups, self._routes):
            row.addWidget(widget)
        row.addWidget(self._search, 1)
        row.addStretch(1)
        return row

    def _said(self) -> QHBoxLayout:
        """What is shown as a sentence, and what narrows it further."""
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, 2, t.SPACE_2, 2)
        row.setSpacing(t.SPACE_2)
        self._sentence = LineLabel(parent=self)
        self._area = KeyHintButton(
            _("Everywhere"), keys.hint("reorder.area"), kind="quiet", icon="map", parent=self
        )
        self._area.setAccessibleName(keys.title("reorder.area"))
        self._area.hide()
        self._columns = KeyHintButton(
            _("Columns"), keys.hint("reorder.columns"), kind="quiet", icon="columns", parent=self
        )
        self._columns.setAccessibleName(keys.title("reorder.columns"))
        row.addWidget(self._sentence, 1)
        row.addWidget(self._area)
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
        self.losses = LossesModel(self.presenter.currency, self)
        self.losses_table = RowsTable(
            self.losses, name="reorder_losses", row_height=_ROW, settings=self._settings
        )
        self.losses_table.setAccessibleName(keys.title("reorder.losses"))
        self.losses_table.horizontalHeader().setSortIndicator(WORTH, Qt.SortOrder.DescendingOrder)
        self.losses_table.setParent(panel)
        self._no_losses = EmptyState(
            "check-circle",
            _("Nobody is slipping away"),
            _("Customers whose SKUs are at risk or lapsed stand here, the dearest first."),
            parent=panel,
        )
        self._empty = EmptyState("reorder", "", "", parent=panel)
        stack = self._stack = QStackedLayout()
        # A stacked layout shows what it takes: without a parent that would be a window of its own.
        self.table.setParent(panel)
        stack.addWidget(self.table)
        stack.addWidget(self._empty)
        stack.addWidget(self.losses_table)
        stack.addWidget(self._no_losses)
        return stack

    def _bind(self) -> None:
        self.tiles.toggled.connect(self.presenter.toggle_state)
        self._groups.chosen.connect(lambda key: self._choose_grouping(Grouping(key)))
        self._routes.chosen.connect(self.presenter.choose_route)
        self._search.searched.connect(self.presenter.search)
        self._search.left_down.connect(self._take_keyboard)
        self._search.escaped.connect(self._take_keyboard)
        self.model.rows_wanted.connect(self.presenter.read_rows)
        self.model.sort_wanted.connect(
            lambda column, descending: self.presenter.sort(column, descending=descending)
        )
        self.model.edited.connect(self._on_quantity_edited)
        self.model.picked_changed.connect(self._on_picked_changed)
        self.table.opened.connect(self.presenter.open)
        self.table.current_key_changed.connect(self._on_current_changed)
        self.losses.rows_wanted.connect(self.presenter.losses.read_rows)
        self.losses.sort_wanted.connect(
            lambda column, descending: self.presenter.losses.sort(column, descending=descending)
        )
        self.losses_table.opened.connect(self.presenter.open)
        self._add.clicked.connect(self._on_add_wanted)
        self._export.clicked.connect(self.presenter.export)
        self._columns.clicked.connect(self._on_columns_wanted)
        self._area.clicked.connect(self._on_area_wanted)
        self._good.clicked.connect(self.presenter.show_accuracy)
        asking = self.presenter.steps.asking
        self.answer.typed.connect(asking.type)
        self.answer.given.connect(asking.answer)
        self.answer.cycled.connect(asking.cycle)
        self.answer.left.connect(asking.leave)
        self._bind_keys()

    def _bind_keys(self) -> None:
        steps = self.presenter.steps
        slots: dict[str, Callable[[], object]] = {
            "reorder.add": self._on_add_wanted,
            "reorder.order": self._on_order_wanted,
            "reorder.export": self.presenter.export,
            "reorder.columns": self._on_columns_wanted,
            "reorder.filter": self._search.setFocus,
            "reorder.pack": self._on_row(self.presenter.next_pack),
            "reorder.pick_group": self._on_row(self._pick_group),
            "reorder.not_now": self._on_row(self._ask_why),
            "reorder.count": self._on_row(partial(steps.ask, Ask.COUNT)),
            "reorder.kept": self._on_row(steps.ask_kept),
            "reorder.visit": self._on_customer(lambda key: steps.ask_day(key, "person")),
            "reorder.call": self._on_customer(lambda key: steps.ask_day(key, "call")),
            "reorder.promise": self._on_customer(steps.ask_promise),
            "reorder.accuracy": self.presenter.show_accuracy,
            "reorder.route": self._on_next_route_wanted,
            "reorder.area": self._on_area_wanted,
            "reorder.by_urgency": partial(self._choose_grouping, Grouping.URGENCY),
            "reorder.by_customer": partial(self._choose_grouping, Grouping.CUSTOMER),
            "reorder.by_sku": partial(self._choose_grouping, Grouping.SKU),
            "reorder.by_territory": partial(self._choose_grouping, Grouping.TERRITORY),
            "reorder.losses": partial(self._choose_grouping, Grouping.LOSSES),
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)

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
        wide = self.width() >= theme.scaled(_WIDE)
        self._columns.setText(_("Columns") if wide else "")
        self._good.setText(_("Accuracy") if wide else "")

    # ------------------------------------------------------------------- the presenter's view

    def show_tiles(self, tiles: Sequence[TileItem]) -> None:
        """Show the counts."""
        self.tiles.set_items(tiles)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Reorder"), [Run(facts, "muted")])

    def show_routes(self, stops_today: int, stops_week: int) -> None:
        """Show how many stops each route has."""
        self._routes.set_choices(words.route_choices(stops_today, stops_week))

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

    def select(self, key: PairKey) -> None:
        """Move the selection to a row."""
        self.table.select_key(key)

    def put_rows(self, items: dict[PairKey, RowItem]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(items)
        picks = self.presenter.picks()
        self._setting = True
        self.model.set_picked(items.keys() & picks)
        self.model.set_picked(items.keys() - picks, picked=False)
        self._setting = False

    def show_areas(self, areas: Sequence[AreaRow], chosen: str, *, several: bool) -> None:
        """Show which area is chosen, where there is a choice."""
        self._areas = tuple(areas)
        self._area.setVisible(several)
        self._area.set_label(chosen or _("Everywhere"))
        self._groups.set_choices(words.group_choices(several=several))

    def show_sentence(self, sentence: str) -> None:
        """Say what the table shows."""
        self._sentence.set_runs([Run(sentence, "muted")])

    def show_detail(self, item: DetailItem | None) -> None:
        """Show the current row in detail."""
        self.detail.show_item(item)

    def show_mode(self, grouping: Grouping) -> None:
        """Show the board or the list of customers who stop buying."""
        self._groups.choose(grouping)
        losing = grouping is Grouping.LOSSES
        self.detail.setVisible(not losing)
        self.tiles.setEnabled(not losing)
        self._show_hints(_LOSSES_HINTS if losing else _BOARD_HINTS)
        if not losing:
            self._stack.setCurrentWidget(self.table)
        self.setFocusProxy(self.losses_table if losing else self.table)

    def show_losses(self, account_ids: Sequence[int]) -> None:
        """Show these customers."""
        current = self.losses_table.current_key()
        self.losses.set_keys(account_ids)
        self._stack.setCurrentWidget(self.losses_table if account_ids else self._no_losses)
        if current is None or not self.losses_table.select_key(current):
            self.losses_table.select_first()
        self._take_keyboard()

    def put_losses(self, items: dict[int, LossItem]) -> None:
        """Rows that were asked for."""
        self.losses.put_rows(items)

    def show_losses_sentence(self, words: str) -> None:
        """Say what the list shows."""
        self._sentence.set_runs([Run(words, "muted")])

    def show_question(self, question: Question | None) -> None:
        """Show a question, or take the line away and give the keyboard back."""
        if question is not None:
            self.answer.ask(question)
            return
        self.answer.hide()
        self._take_keyboard()

    def show_beside(self, words: str, *, wrong: bool) -> None:
        """Say something beside what is being typed."""
        self.answer.say(words, wrong=wrong)

    def offer_packs(self, detail: SkuDetail) -> None:
        """Offer what can be kept of a SKU."""
        row = self.presenter.row(detail.key)
        unit = "EA" if row is None else row.base_unit
        self._pop_up(menus.kept_menu(self, self.presenter.steps, detail, unit))

    def offer_days(self, key: PairKey | int, mode: str, days: Sequence[ContactDay]) -> None:
        """Offer the days on which a contact can be planned."""
        steps = self.presenter.steps
        plan = lambda day: steps.plan_contact(key, day, mode)  # noqa: E731
        self._pop_up(menus.days_menu(self, days, self.presenter.today, plan))

    def show_total(self, picked: str, amount: str, count: int) -> None:
        """Show what the picks come to."""
        note = [Run(f"{picked} · ", "muted"), Run(amount, weight=t.SEMIBOLD)] if count else []
        self._foot.set_note(note)
        label = _("Add to visit orders")
        if count:
            label = ngettext("Add {count} to visit orders", "Add {count} to visit orders", count)
        self._add.set_label(label.format(count=count))

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

    def _on_order_wanted(self) -> None:
        self.presenter.add_to_orders(self._current(), then_open=True)

    def _on_current_changed(self, key: object) -> None:
        self.presenter.detail.look_at(key if isinstance(key, tuple) else None)

    def _on_next_route_wanted(self) -> None:
        routes = [key for key, _words in words.route_choices(0, 0)]
        following = routes[(routes.index(self._routes.choice()) + 1) % len(routes)]
        self._routes.choose(following)
        self.presenter.choose_route(following)

    def _on_area_wanted(self) -> None:
        menu = menus.areas_menu(
            self, self._areas, self.presenter.filter.area, self.presenter.choose_area
        )
        menu.popup(self._area.mapToGlobal(QPoint(0, self._area.height())))

    def _choose_grouping(self, grouping: Grouping) -> None:
        self.presenter.choose_grouping(grouping)
        self._take_keyboard()

    def _pick_group(self, key: PairKey) -> None:
        self.presenter.pick_group(key)
        self._setting = True
        picks = self.presenter.picks()
        self.model.set_picked(self.model.picked(), picked=False)
        self.model.set_picked(picks)
        self._setting = False

    def _take_keyboard(self) -> None:
        proxy = self.focusProxy()
        if proxy is not None and not self.answer.isVisible():
            proxy.setFocus()

    def _on_row(self, act: Callable[[PairKey], object]) -> Callable[[], None]:
        def acted() -> None:
            key = self._current()
            if key is not None and self.presenter.grouping is not Grouping.LOSSES:
                act(key)

        return acted

    def _on_customer(self, act: Callable[[PairKey | int], object]) -> Callable[[], None]:
        def acted() -> None:
            key: PairKey | int | None = self._current()
            if self.presenter.grouping is Grouping.LOSSES:
                found = self.losses_table.current_key()
                key = found if isinstance(found, int) else None
            if key is not None:
                act(key)

        return acted

    def _on_columns_wanted(self) -> None:
        place = QPoint(0, self._columns.height())
        self.table.columns_menu().popup(self._columns.mapToGlobal(place))

    def _ask_why(self, key: PairKey) -> None:
        self._pop_up(menus.reasons_menu(self, self.presenter.steps, key))

    def _pop_up(self, menu: QMenu) -> None:
        """Open a menu under the current row."""
        table = self.table if self.presenter.grouping is not Grouping.LOSSES else self.losses_table
        place = table.visualRect(table.currentIndex())
        menu.popup(table.viewport().mapToGlobal(place.bottomLeft()))

    def _current(self) -> PairKey | None:
        key = self.table.current_key()
        return key if isinstance(key, tuple) else None


def _pairs(found: Sequence[object]) -> list[PairKey]:
    return [key for key in found if isinstance(key, tuple)]


def build(context: PlaceContext) -> ReorderPlace:
    """Make the place."""
    return ReorderPlace(context)
