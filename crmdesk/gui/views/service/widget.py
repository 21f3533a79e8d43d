"""The service place on the screen: the list, beside it the ticket or the figures.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.opening_files import show_contents
from crmdesk.gui.photos import compressed
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.service.form import ChoiceBar, ReportForm, WordsBar
from crmdesk.gui.views.service.model import DUE_COLUMN, events_model, tickets_model
from crmdesk.gui.views.service.presenter import ServicePresenter
from crmdesk.gui.views.service.steps import Words
from crmdesk.gui.views.service.words import EventItem, SheetItem, group_words
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.badges import Badge
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.field_form import FieldForm
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import Pair
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.pairs import PairList, pairs_panel
from crmdesk.gui.widgets.panels import HLine, PageHeader, Panel, clear_layout
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.order import FoundProduct
from crmdesk.services.queries.tickets import TicketGroup, TicketRow

_SIDE = 384
_LINKS_HEIGHT = 152
_LEAST_LIST = 240
_FOOT = (
    "service.reply", "service.incoming", "service.wait", "service.resolve", "service.assign",
    "service.priority", "service.note", "service.score", "service.close_ticket",
)  # fmt: skip


class ServicePlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    prints_list = True

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._ws = context.workspace
        self._settings = context.settings
        self.presenter = ServicePresenter(context, self)
        self._wants_figures = False
        self._answer: Callable[[int | None], None] = self._on_person_chosen
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``ticket``: which; ``account``: whose; ``new``: report something of this customer."""
        if "new" in args:
            visit = args.get("visit")
            self.presenter.reporting.report_for(
                int(args["new"]), int(visit) if isinstance(visit, int) else None
            )
        elif "ticket" in args:
            self.presenter.show_ticket(int(args["ticket"]))
        elif "account" in args:
            self.presenter.of_customer(int(args["account"]))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Service"), self)
        self.search = SearchField(
            _("Number, subject, customer"), keys.hint("service.filter"), height=t.BUTTON,
            parent=self,
        )  # fmt: skip
        theme.fix_width(self.search, 240)
        self._new = KeyHintButton(
            _("New ticket"), keys.hint("service.new"), kind="filled", parent=self
        )
        self._switch = KeyHintButton(
            keys.title("service.figures"), keys.hint("service.figures"), parent=self
        )
        self._header.add_action(self.search)
        self._header.add_action(self._switch)
        self._header.add_action(self._new)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self, title=_("New ticket"))
        self.picker.hide()
        column.addWidget(self.picker)
        self.form = ReportForm(self)
        column.addWidget(self.form)
        self.links = FieldForm(keys.hint("service.save"), self)
        theme.fix_height(self.links, _LINKS_HEIGHT)
        self.links.hide()
        column.addWidget(self.links)
        self._below = QWidget(self)
        row = QHBoxLayout(self._below)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._list_panel(), 1)
        self.bar = WordsBar(self)
        left.addWidget(self.bar)
        self.choice = ChoiceBar(self)
        left.addWidget(self.choice)
        row.addLayout(left, 1)
        row.addWidget(self._side())
        column.addWidget(self._below, 1)
        column.addStretch(0)

    def _list_panel(self) -> ListPanel:
        words = group_words()
        self.model = tickets_model(self._ws, self)
        panel = self._panel = ListPanel(
            self.model,
            _("Tickets"),
            name="service",
            chips=[(group, words[group]) for group in words],
            sorted_by=(DUE_COLUMN, Qt.SortOrder.AscendingOrder),
            foot=_FOOT,
            settings=self._settings,
            parent=self,
        )
        self.chips, self.table = panel.chips, panel.table
        return panel

    def _side(self) -> QWidget:
        side = QWidget(self)
        theme.fix_width(side, _SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._beside = QStackedLayout()
        self._beside.addWidget(self._ticket_panel())
        figures = QWidget(side)
        below = QVBoxLayout(figures)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(t.SPACE_3)
        self._load = pairs_panel(below, _("At work, by person"), "", self)
        self._figures = pairs_panel(below, _("A year of service"), _("hours of service"), self)
        self._skus = pairs_panel(below, _("Complained about"), _("of 1,000 sold lines"), self)
        below.addStretch(1)
        self._beside.addWidget(figures)
        column.addLayout(self._beside, 1)
        return side

    def _ticket_panel(self) -> Panel:
        panel = self._ticket = Panel(_("Ticket"), "", self)
        head = QVBoxLayout()
        head.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        head.setSpacing(t.SPACE_1)
        self._badges = QHBoxLayout()
        self._badges.setSpacing(t.SPACE_2)
        self._about = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=panel)
        self._clocks = PairList(_("Clocks"), panel)
        self._customer = PairList(_("Customer"), panel)
        head.addLayout(self._badges)
        for widget in (self._about, self._clocks, self._customer):
            head.addWidget(widget)
        self._offer = KeyHintButton(
            _("Time to ask how content they are"), keys.hint("service.score"), kind="quiet",
            parent=panel,
        )  # fmt: skip
        self._offer.clicked.connect(self.presenter.work.ask_score)
        head.addWidget(self._offer)
        panel.body.addLayout(head)
        self.events = RowsTable(events_model(self), row_height=44, parent=panel)
        self.events.setAccessibleName(_("History"))
        self.events.horizontalHeader().hide()
        panel.body.addWidget(self.events, 1)
        self._whole = TextLabel("", wrap=True, parent=panel)
        foot = QVBoxLayout()
        foot.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        foot.addWidget(self._whole)
        panel.body.addWidget(HLine(panel))
        panel.body.addLayout(foot)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self._panel.serve(presenter, self.search)
        self.table.opened.connect(presenter.open_customer)
        self.table.current_key_changed.connect(self._on_selected)
        self._new.clicked.connect(self._on_new_wanted)
        self._switch.clicked.connect(self._on_figures_wanted)
        self.events.current_key_changed.connect(self._on_event_selected)
        reporting, work = presenter.reporting, presenter.work
        self.picker.serve(presenter.customers.find, reporting.report_for, self.table.setFocus)
        self.form.reported.connect(reporting.report)
        self.form.closed.connect(self.close_form)
        self.form.finder.searched.connect(reporting.find_products)
        self.form.finder.chosen.connect(reporting.choose_product)
        self.links.saved.connect(presenter.links.save)
        self.links.closed.connect(self.close_links)
        self.bar.said.connect(lambda kind, text: work.say(Words(kind), text))
        self.bar.closed.connect(self.table.setFocus)
        self.choice.closed.connect(self.table.setFocus)
        self.choice.chosen.connect(lambda chosen: self._answer(chosen[0]))
        for kind in Words:
            keys.bind(self, f"service.{kind.value}", partial(work.ask, kind))
        for action, slot in (
            ("filter", self.search.setFocus), ("new", self._on_new_wanted),
            ("wait", work.wait), ("close_ticket", work.close_ticket),
            ("assign", work.ask_person), ("priority", work.next_priority),
            ("score", work.ask_score), ("save", self._on_save_wanted),
            ("leave", self._on_escaped), ("figures", self._on_figures_wanted),
            ("sku", self.form.finder.field.setFocus), ("rules", presenter.open_rules),
            ("links", presenter.links.ask), ("files", presenter.links.open_files),
            ("add_file", self._on_file_wanted),
            ("open_order", partial(presenter.links.open, "order")),
            ("open_sku", partial(presenter.links.open, "sku")),
            ("open_return", partial(presenter.links.open, "return")),
        ):  # fmt: skip
            keys.bind(self, f"service.{action}", slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self._panel.show_chips(chips)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Service"), [Run(facts, "muted")])

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, TicketRow]) -> None:
        """Show these tickets."""
        self._panel.show_keys(keys, rows)
        self._on_selected(self.table.current_key())

    def put_rows(self, rows: Mapping[int, TicketRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_filter(self, group: TicketGroup, text: str) -> None:
        """Say in chips and search field which filter is in force."""
        self.chips.choose(group)
        self.search.setText(text)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._panel.show_empty(title, hint)

    def show_ticket(self, item: SheetItem | None) -> None:
        """Show a ticket beside the list, or none."""
        self._ticket.setVisible(item is not None)
        if item is None:
            self._beside.setCurrentIndex(1)
            return
        if not self._wants_figures:
            self._beside.setCurrentIndex(0)
        self._ticket.set_title(item.title)
        clear_layout(self._badges)
        for badge in item.badges:
            self._badges.addWidget(Badge(badge, self))
        self._badges.addStretch(1)
        self._about.setText(item.about)
        self._offer.setVisible(item.asks_score)
        self._clocks.set_pairs(item.clocks)
        self._customer.set_pairs(item.customer)
        rows = {event.key: event for event in item.events}
        self.events.rows_model().set_keys(list(rows), rows)
        self.events.select_first()

    def show_figures(
        self, load: Sequence[Pair], figures: Sequence[Pair], skus: Sequence[Pair]
    ) -> None:
        """Show the load per person, the figures of a year, SKUs complained about."""
        self._load.set_pairs(load or (Pair(_("Nothing is at work"), ""),))
        self._figures.set_pairs(figures)
        self._skus.set_pairs(skus or (Pair(_("No complaint in a year"), ""),))

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a ticket can be reported for."""
        self.picker.show_matches(rows)

    def show_form(self, customer: str, contacts: Sequence[tuple[int, str]]) -> None:
        """Open the form of a new ticket."""
        self._new.hide()
        self.form.open(customer, contacts)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """The list goes while the form would be squeezed beside it (small screen, large text)."""
        form, head = self.form.sizeHint().height(), self._header.sizeHint().height()
        fits = self.height() >= form + head + theme.scaled(_LEAST_LIST)
        self._below.setVisible(fits or not self.form.isVisible())

    def show_links(self, title: str, fields: Sequence[AskedField]) -> None:
        """Open the form of what a ticket is about."""
        self.links.show()
        self.links.show_form(title, "", fields)

    def say_link_wrong(self, field: str, words: str) -> None:
        """Say what is wrong in it."""
        self.links.say(field, words)

    def close_links(self) -> None:
        """The form of what a ticket is about goes."""
        self.links.hide()
        self.table.setFocus()

    def offer_files(self, files: Sequence[tuple[int, str]]) -> None:
        """Ask which file to open."""
        self._answer = self._on_file_chosen
        choices = [(str(n), name, key) for n, (key, name) in enumerate(files, start=1)]
        self.choice.ask(_("Which file?"), choices)

    def open_file(self, name: str, data: bytes) -> None:
        """Show the contents of a file."""
        show_contents(name, data)

    def show_product(self, name: str) -> None:
        """Name the SKU that the new ticket is about."""
        self.form.show_product(name)

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show SKUs that it can be about."""
        self.form.show_found(found)

    def close_form(self) -> None:
        """Close the form."""
        self.form.hide()
        self._make_room()
        self._new.show()
        self.table.setFocus()

    def ask_words(self, kind: Words, title: str) -> None:
        """Ask for words."""
        self.bar.ask(kind, title)

    def forget_words(self) -> None:
        """What was typed is written."""
        self.bar.forget()

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        """Ask whom to give the ticket to."""
        choices = [(str(n), name, key) for n, (key, name) in enumerate(people, start=1)]
        self._answer = self._on_person_chosen
        self.choice.ask(_("Who takes it?"), [*choices, ("0", _("Nobody"), None)])

    def ask_score(self) -> None:
        """Ask how content the customer is."""
        words = (_("not at all"), _("little"), _("so-so"), _("content"), _("very"))
        self._answer = self._on_score_chosen
        title = _("How content is the customer with the answer?")
        self.choice.ask(title, [(str(n), word, n) for n, word in enumerate(words, start=1)])

    def select_ticket(self, key: int) -> None:
        """Put the bar on a ticket."""
        self.chips.choose(str(self.presenter.group))
        self.table.select_key(key)
        self.table.setFocus()

    # --------------------------------------------------------------------------------- input

    def _on_selected(self, key: object) -> None:
        self.presenter.select(key if isinstance(key, int) else None)

    def _on_figures_wanted(self) -> None:
        self._wants_figures = not self._wants_figures
        self._beside.setCurrentIndex(int(self._wants_figures or self.presenter.sheet is None))
        words = _("Ticket") if self._wants_figures else keys.title("service.figures")
        self._switch.set_label(words)

    def _on_event_selected(self, key: object) -> None:
        row = self.events.rows_model().row_of(key) if isinstance(key, int) else None
        self._whole.setText(row.text if isinstance(row, EventItem) else "")

    def _on_new_wanted(self) -> None:
        self.picker.open()

    def _on_person_chosen(self, value: int | None) -> None:
        self.presenter.work.assign(value)

    def _on_score_chosen(self, value: int | None) -> None:
        if value is not None:
            self.presenter.work.score(value)

    def _on_file_chosen(self, value: int | None) -> None:
        if value is not None:
            self.presenter.links.open_file(value)

    def _on_file_wanted(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, _("Add a file"))
        self.presenter.links.add_files([Path(path) for path in paths], compressed)

    def _on_save_wanted(self) -> None:
        if self.form.isVisible():
            self.form.submit()
        elif self.links.isVisible():
            self.links.submit()

    def _on_escaped(self) -> None:
        if self.form.isVisible():
            self.form.leave()
        elif self.links.isVisible():
            self.close_links()
        elif self.bar.isVisible():
            self.bar.hide()
            self.table.setFocus()
        elif self.picker.isVisible():
            self.picker.closed.emit()
        else:
            self.presenter.leave()


def build(context: PlaceContext) -> ServicePlace:
    """Make the place."""
    return ServicePlace(context)
