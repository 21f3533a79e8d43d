"""The customer card on the screen: header, timeline, matrix, value, people; one screen, no scroll.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer.history import HistoryPanel
from crmdesk.gui.views.customer.matrix import MatrixPanel
from crmdesk.gui.views.customer.pages import LowerPages
from crmdesk.gui.views.customer.presenter import CustomerPresenter
from crmdesk.gui.views.customer.words import CardItem, MonthItems
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.factstrip import FOCUS_ROOM, FactStrip
from crmdesk.gui.widgets.items import HeatItem, MonthCount
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.open_badges import OpenBadges
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _
from crmdesk.services.documents import Wanted, wanted_for_event

_LEFT = 344


class CustomerPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.pages = LowerPages(context.workspace.currency, self)
        self.presenter = CustomerPresenter(context, self, self.pages)
        self.pages.follow(self.presenter)
        self._today = context.workspace.today
        self._shown: int | None = None
        self.setAcceptDrops(True)
        self._build()
        self._bind()
        self.setFocusProxy(self.matrix.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: which customer; ``see``: contacts or documents at once."""
        if "account" in args:
            self.pages.close_page()
            if int(args["account"]) != self._shown:
                self.history.reset()
            self.presenter.show(int(args["account"]))
        if args.get("see") == "documents":
            self.presenter.details.open_documents()

    def paper(self) -> Wanted | None:
        """The document of the event that the keyboard is on, for paper, files and mail."""
        event = self.history.list.selected()
        if event is None:
            return None
        kind, _colon, key = event.key.partition(":")
        return wanted_for_event(kind, int(key)) if key.isdecimal() else None

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        card = QWidget(self)
        self._gone = EmptyState("customers", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(card)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._header())
        self.history = HistoryPanel(self._today, self)
        theme.least_width(self.history, 260)
        self.matrix = MatrixPanel(self)
        right = QWidget(self)
        stack = QVBoxLayout(right)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(t.SPACE_3)
        stack.addWidget(self.matrix, 100)
        stack.addWidget(self.pages, 62)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setHandleWidth(t.PANEL_GAP)
        split.setChildrenCollapsible(False)
        split.addWidget(self.history)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        # Larger text makes the matrix need room too, so the timeline grows only half as much.
        split.setSizes([(_LEFT + theme.scaled(_LEFT)) // 2, 10_000])
        column.addWidget(split, 1)

    def _header(self) -> Surface:
        header = Surface(self)
        column = QVBoxLayout(header)
        # The strip's ring needs room around the facts, so the strip starts a little further left.
        side = t.SPACE_4 - FOCUS_ROOM
        column.setContentsMargins(side, t.SPACE_3, side, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        row = QHBoxLayout()
        row.setContentsMargins(FOCUS_ROOM, 0, FOCUS_ROOM, 0)
        row.setSpacing(t.SPACE_2)
        self._name = LineLabel(parent=header)
        self._badges = OpenBadges(header)
        row.addWidget(self._name)
        row.addWidget(self._badges, 1)
        self._call = KeyHintButton(_("Log call"), keys.hint("customer.call"), parent=header)
        self._order = KeyHintButton(_("New order"), keys.hint("customer.order"), parent=header)
        self._visit = KeyHintButton(
            _("Start visit"), keys.hint("customer.visit"), kind="filled", parent=header
        )
        for button in (self._call, self._order, self._visit):
            row.addWidget(button)
        column.addLayout(row)
        self.facts = FactStrip(header)
        column.addWidget(self.facts)
        return header

    def _bind(self) -> None:
        presenter = self.presenter
        self.history.chips.chosen.connect(presenter.choose_group)
        self.history.searched.connect(presenter.search)
        self.history.list.events.month_wanted.connect(presenter.read_month)
        self.history.list.event_opened.connect(presenter.open_event)
        self.matrix.table.heat.rows_wanted.connect(presenter.read_skus)
        self.matrix.purchases_wanted.connect(presenter.details.open_purchases)
        self.matrix.suggested.clicked.connect(presenter.suggested_order)
        self._visit.clicked.connect(presenter.start_visit)
        self._call.clicked.connect(presenter.log_call)
        self._order.clicked.connect(presenter.new_order)
        self.pages.escaped.connect(self._on_escaped)
        self.pages.left.connect(self.matrix.table.setFocus)
        self.facts.part_activated.connect(self._on_fact_opened)
        self._badges.figure_wanted.connect(presenter.details.open_figure)
        keys.bind(self, "customer.brief", partial(presenter.go_to, "brief"))
        keys.bind(self, "customer.history", partial(presenter.details.open_changes, ""))
        for action, slot in self.pages.slots().items():
            keys.bind(self, action, slot)
        keys.bind(self, "customer.tasks", presenter.details.open_tasks)
        keys.bind(self, "customer.new_task", partial(presenter.new_at, "tasks"))
        keys.bind(self, "customer.deals", partial(presenter.details.open_figure, "deals"))
        keys.bind(self, "customer.new_deal", partial(presenter.new_at, "pipeline"))
        keys.bind(self, "customer.sites", presenter.details.open_sites)
        keys.bind(self, "customer.figures", presenter.details.open_figures)
        keys.bind(self, "customer.visit", presenter.start_visit)
        keys.bind(self, "customer.call", presenter.log_call)
        keys.bind(self, "customer.sheet", lambda: presenter.go_to("visit"))
        keys.bind(self, "customer.service", lambda: presenter.go_to("service"))
        keys.bind(self, "customer.order", presenter.new_order)
        for place in ("returning", "collecting", "sampling", "quote"):
            keys.bind(self, f"customer.{place}", partial(presenter.go_to, place))
        keys.bind(self, "customer.search", self.history.open_search)
        keys.bind(self, "customer.suggested", presenter.suggested_order)
        keys.bind(self, "customer.documents", presenter.details.open_documents)
        keys.bind(self, "customer.sku", self._on_sku_wanted)
        keys.bind(self, "customer.accuracy", partial(presenter.go_to, "accuracy"))
        keys.bind(self, "customer.close", self._on_close_wanted)

    # ------------------------------------------------------------------- the presenter's view

    def show_card(self, card: CardItem) -> None:
        """Show a customer."""
        self._pages.setCurrentIndex(0)
        again = self._shown == card.account_id
        self._shown = card.account_id
        self._name.set_runs([Run(card.name, weight=t.SEMIBOLD, size=t.SIZE_HERO)])
        self._badges.set_items(card.badges)
        self.facts.set_facts(card.facts)
        running = card.running_visit_id is not None
        self._visit.set_label(_("Take the order") if running else _("Start visit"))
        if not (again and self.history.is_narrowed()):
            self.history.show_months(card.months, card.events, card.timeline_note, keep=again)
        self.matrix.show_card(card)
        self.pages.show_card(card)

    def show_search(self, text: str) -> None:
        """Open the search of the history with a text in it."""
        self.history.open_search()
        self.history.search.setText(text)

    def show_timeline(
        self, months: Sequence[MonthCount], events: Sequence[MonthItems], note: str
    ) -> None:
        """Show other months of the timeline."""
        self.history.show_months(months, events, note)

    def put_month(self, events: MonthItems) -> None:
        """Events of a month that came into view."""
        self.history.list.events.put_month(events.month, events.events)

    def put_skus(self, items: Sequence[HeatItem]) -> None:
        """SKUs that came into view."""
        self.matrix.table.heat.put_items(items)

    def show_gone(self, message: str, hint: str) -> None:
        """The customer has left this laptop."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    # --------------------------------------------------------------------------------- input

    def _on_fact_opened(self, part: int) -> None:
        figure = self.facts.figure_of(part)
        if figure:
            self.presenter.details.open_figure(figure)

    def _on_sku_wanted(self) -> None:
        item = self.matrix.table.selected()
        if item is not None:
            self.presenter.open_reorder(item.key)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._shown is not None and any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        self.presenter.details.add_files(paths)
        event.acceptProposedAction()

    def _on_close_wanted(self) -> None:
        # A form first says what is not saved in it.
        if not self.pages.leave_form():
            self._on_escaped()

    def _on_escaped(self) -> None:
        if self.history.close_search():
            return
        if self.pages.is_open():
            self.pages.close_page()
            self.matrix.table.setFocus()
            return
        self.presenter.leave()


def build(context: PlaceContext) -> CustomerPlace:
    """Make the place."""
    return CustomerPlace(context)
