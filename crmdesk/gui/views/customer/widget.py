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
    QFileDialog,
    QHBoxLayout,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.figure_words import FigureItem
from crmdesk.gui.opening_files import show_contents
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer.detail_words import ChangeItem, DocumentItem, PurchaseItem
from crmdesk.gui.views.customer.history import HistoryPanel
from crmdesk.gui.views.customer.matrix import MatrixPanel
from crmdesk.gui.views.customer.model import (
    changes_model,
    documents_model,
    people_model,
    plain_model,
    purchases_model,
)
from crmdesk.gui.views.customer.people import PeopleList
from crmdesk.gui.views.customer.person_form import PersonForm
from crmdesk.gui.views.customer.presenter import CustomerPresenter
from crmdesk.gui.views.customer.words import CardItem, MonthItems
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.factstrip import FOCUS_ROOM, FactStrip
from crmdesk.gui.widgets.figure_panel import FigurePanel
from crmdesk.gui.widgets.items import HeatItem, MonthCount
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.open_badges import OpenBadges
from crmdesk.gui.widgets.panels import Panel, Surface
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.waterfall import Waterfall
from crmdesk.i18n import CURRENCY_SIGNS, _
from crmdesk.services.documents import Wanted, wanted_for_event
from crmdesk.services.people import Person

_LEFT = 344


class CustomerPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = CustomerPresenter(context, self)
        self._currency = context.workspace.currency
        self._today = context.workspace.today()
        self._shown: int | None = None
        self._page = ""
        self._contact: int | None = None
        self.setAcceptDrops(True)
        self._build()
        self._bind()
        self.setFocusProxy(self.matrix.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: which customer; ``see``: contacts or documents at once."""
        if "account" in args:
            self._close_details()
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
        return wanted_for_event(kind, int(key)) if key.isdigit() else None

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
        self.history.setMinimumWidth(theme.scaled(260))
        self.matrix = MatrixPanel(self)
        right = QWidget(self)
        stack = QVBoxLayout(right)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(t.SPACE_3)
        stack.addWidget(self.matrix, 100)
        stack.addLayout(self._lower(), 62)
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

    def _lower(self) -> QStackedLayout:
        self._lower_pages = QStackedLayout()
        both = QWidget(self)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._value_panel(both), 57)
        row.addWidget(self._people_panel(both), 43)
        self.details = FigurePanel(self)
        self._lower_pages.addWidget(both)
        self._lower_pages.addWidget(self.details)
        self.form = PersonForm(self)
        self._lower_pages.addWidget(self.form)
        return self._lower_pages

    def _value_panel(self, parent: QWidget) -> Panel:
        sign = CURRENCY_SIGNS.get(self._currency, self._currency)
        panel = Panel(_("Value, last 12 months"), sign, parent)
        self._break_even = KeyHintButton("", "", kind="quiet", parent=panel)
        self._figures = KeyHintButton(
            _("figures"), keys.hint("customer.figures"), kind="quiet", parent=panel
        )
        if panel.header is not None:
            panel.header.add_right(self._break_even)
            panel.header.add_right(self._figures)
        self.waterfall = Waterfall(panel)
        panel.body.addWidget(self.waterfall, 1)
        return panel

    def _people_panel(self, parent: QWidget) -> Panel:
        panel = Panel(_("Contacts"), "", parent)
        self._all_people = KeyHintButton(
            _("all"), keys.hint("customer.contacts"), kind="quiet", parent=panel
        )
        if panel.header is not None:
            panel.header.add_right(self._all_people)
        self.people = PeopleList(panel)
        panel.body.addWidget(self.people, 1)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_1, t.SPACE_3, t.SPACE_1)
        self._documents = LineLabel(parent=panel)
        self._open_documents = KeyHintButton(
            "", keys.hint("customer.documents"), kind="quiet", parent=panel
        )
        self._open_documents.setAccessibleName(keys.title("customer.documents"))
        row.addWidget(self._documents, 1)
        row.addWidget(self._open_documents)
        panel.body.addLayout(row)
        return panel

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
        self._all_people.clicked.connect(self._on_people_wanted)
        self._open_documents.clicked.connect(presenter.details.open_documents)
        self.details.closed.connect(self._on_escaped)
        self.details.opened.connect(self._on_detail_opened)
        self.facts.part_activated.connect(self._on_fact_opened)
        self._badges.figure_wanted.connect(presenter.details.open_figure)
        self.waterfall.step_activated.connect(presenter.details.open_figure)
        self._figures.clicked.connect(presenter.details.open_figures)
        self._break_even.clicked.connect(partial(presenter.details.open_figure, "break_even"))
        keys.bind(self, "customer.brief", partial(presenter.go_to, "brief"))
        keys.bind(self, "customer.history", partial(presenter.details.open_changes, ""))
        keys.bind(self, "customer.restore", partial(self._on_restore_wanted, older=False))
        keys.bind(self, "customer.before", partial(self._on_restore_wanted, older=True))
        self.form.saved.connect(self._on_person_saved)
        self.form.closed.connect(self._on_escaped)
        keys.bind(self, "customer.add_contact", partial(presenter.details.open_person, None))
        keys.bind(self, "customer.save", self._on_save_wanted)
        keys.bind(self, "customer.tasks", presenter.details.open_tasks)
        keys.bind(self, "customer.done", self._on_task_done)
        keys.bind(self, "customer.sites", presenter.details.open_sites)
        keys.bind(self, "customer.figures", presenter.details.open_figures)
        keys.bind(self, "customer.add_file", self._on_file_wanted)
        self.people.part_activated.connect(self._on_person_opened)
        keys.bind(self, "customer.visit", presenter.start_visit)
        keys.bind(self, "customer.call", presenter.log_call)
        keys.bind(self, "customer.sheet", lambda: presenter.go_to("visit"))
        keys.bind(self, "customer.service", lambda: presenter.go_to("service"))
        keys.bind(self, "customer.order", presenter.new_order)
        for place in ("returning", "collecting", "sampling", "quote"):
            keys.bind(self, f"customer.{place}", partial(presenter.go_to, place))
        keys.bind(self, "customer.search", self.history.open_search)
        keys.bind(self, "customer.suggested", presenter.suggested_order)
        keys.bind(self, "customer.contacts", self._on_people_wanted)
        keys.bind(self, "customer.documents", presenter.details.open_documents)
        keys.bind(self, "customer.sku", self._on_sku_wanted)
        keys.bind(self, "customer.accuracy", partial(presenter.go_to, "accuracy"))
        keys.bind(self, "customer.close", self._on_escaped)

    # ------------------------------------------------------------------- the presenter's view

    def show_card(self, card: CardItem) -> None:
        """Show a customer."""
        self._pages.setCurrentIndex(0)
        again = self._shown == card.account_id
        self._shown = card.account_id
        self._card = card
        self._name.set_runs([Run(card.name, weight=t.SEMIBOLD, size=t.SIZE_HERO)])
        self._badges.set_items(card.badges)
        self.facts.set_facts(card.facts)
        running = card.running_visit_id is not None
        self._visit.set_label(_("Take the order") if running else _("Start visit"))
        if not (again and self.history.is_narrowed()):
            self.history.show_months(card.months, card.events, card.timeline_note, keep=again)
        self.matrix.show_card(card)
        self.waterfall.set_steps(card.steps, card.value_empty)
        self._break_even.set_label(card.break_even)
        self._break_even.setVisible(bool(card.break_even and card.steps))
        self.people.set_people(card.contacts)
        self._documents.set_runs(
            [
                Run(_("Documents"), weight=t.SEMIBOLD, icon="document"),
                Run(card.documents, "muted", gap=t.SPACE_2),
            ]
        )

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

    def show_figure(self, item: FigureItem) -> None:
        """Open a figure."""
        self._page = "figure"
        self.details.show_figure(item)
        self._open_details()

    def show_purchases(self, item: FigureItem, rows: Sequence[PurchaseItem]) -> None:
        """Show all purchases of a SKU."""
        model = purchases_model(self._currency, self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        sums = [(one.what, one.quantity, one.amount) for one in item.sums]
        self._show_page("sale", item.name, item.value, model, formula=item.formula, sums=sums)

    def show_documents(self, rows: Sequence[DocumentItem]) -> None:
        """Show all files of the customer."""
        model = documents_model(self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        add = KeyHintButton(_("Add a file"), keys.hint("customer.add_file"), parent=self.details)
        add.clicked.connect(self._on_file_wanted)
        self._show_page(
            "file", _("Documents"), "", model, empty=_("No files yet."),
            formula=_("Files dropped here are kept with the customer; Enter opens one."),
        )  # fmt: skip
        self.details.set_actions([add])

    def show_changes(self, title: str, rows: Sequence[ChangeItem]) -> None:
        """Show who changed what."""
        model = changes_model(self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        self._show_page(
            "change", title, "", model, empty=_("Nothing was changed since records began."),
            formula=_("Putting a value back is a change of its own: it is sent and can be undone."),
        )  # fmt: skip
        if not rows:
            return
        after = KeyHintButton(_("Put it back"), keys.hint("customer.restore"), parent=self.details)
        after.clicked.connect(partial(self._on_restore_wanted, older=False))
        before = KeyHintButton(
            _("What was before"), keys.hint("customer.before"), parent=self.details
        )
        before.clicked.connect(partial(self._on_restore_wanted, older=True))
        self.details.set_actions([after, before])

    def show_texts(self, page: str, rows: Sequence[tuple[int, tuple[str, ...]]]) -> None:
        """Show sites or tasks."""
        task = page == "task"
        headings = [(_("What"), 260), (_("Due"), 110), (_("Who"), 150), ("", 80)]
        if not task:
            headings = [(_("Name"), 220), (_("Street"), 220), (_("Town"), 180)]
        model = plain_model(headings, self.details)
        model.set_keys([key for key, _texts in rows], dict(rows))
        title = _("Promises and tasks") if task else _("Sites")
        self._show_page(
            page, title, "", model,
            empty=_("Nothing is promised.") if task else _("Goods go to the customer's address."),
        )  # fmt: skip
        if task and rows:
            done = KeyHintButton(_("Done"), keys.hint("customer.done"), parent=self.details)
            done.clicked.connect(self._on_task_done)
            self.details.set_actions([done])

    def show_person(self, contact_id: int | None, person: Person) -> None:
        """Open the form of a person."""
        self._contact = contact_id
        self._lower_pages.setCurrentWidget(self.form)
        self.form.show_person(person.name or _("New contact"), person)

    def say_wrong(self, field: str, words: str) -> None:
        """Say what is wrong in the form."""
        self.form.say(field, words)

    def open_file(self, name: str, data: bytes) -> None:
        """Show the contents of a file."""
        show_contents(name, data)

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

    def _on_person_opened(self, part: int) -> None:
        self.presenter.details.open_person(self._card.contacts[part].key)

    def _on_people_wanted(self) -> None:
        people = self._card.contacts if self._shown is not None else ()
        model = people_model(self.details)
        model.set_keys([one.key for one in people], {one.key: one for one in people})
        self.presenter.details.forget()
        add = KeyHintButton(
            _("New contact"), keys.hint("customer.add_contact"), parent=self.details
        )
        add.clicked.connect(partial(self.presenter.details.open_person, None))
        self._show_page(
            "contact", _("Contacts"), "", model, empty=_("Nobody yet."),
            formula=_("Enter changes a person; H on the card tells who changed what."),
        )  # fmt: skip
        self.details.set_actions([add])

    def _show_page(self, page: str, title: str, note: str, model: RowsModel, **more: Any) -> None:
        again = self._page == page and self._lower_pages.currentWidget() is self.details
        kept = self.details.table.current_key() if again and self.details.table else None
        self._page = page
        self.details.show_rows(title, note, model, **more)
        if kept is not None and self.details.table is not None:
            self.details.table.select_key(kept)
        self._open_details()

    def _open_details(self) -> None:
        self._lower_pages.setCurrentWidget(self.details)
        self.details.focus_table()

    def _on_detail_opened(self, key: object) -> None:
        """Enter on a row of what is open."""
        details = self.presenter.details
        if self._page == "figure":
            details.open_target(str(key))
        elif self._page == "sale":
            details.open_target(f"sale:{int(str(key)) // 10_000}")
        elif self._page == "contact":
            details.open_person(int(str(key)))
        elif self._page == "file":
            details.open_target(f"file:{key}")
        elif self._page == "change":
            details.open_target(f"change:{key}")

    def _on_restore_wanted(self, *, older: bool) -> None:
        table = self.details.table
        open_now = self._lower_pages.currentWidget() is self.details and self._page == "change"
        if open_now and table is not None and table.current_key() is not None:
            self.presenter.details.restore(int(str(table.current_key())), older=older)

    def _on_task_done(self) -> None:
        table = self.details.table
        open_now = self._lower_pages.currentWidget() is self.details and self._page == "task"
        if open_now and table is not None and table.current_key() is not None:
            self.presenter.details.finish_task(int(str(table.current_key())))

    def _on_person_saved(self, person: Person) -> None:
        self.presenter.details.save_person(self._contact, person, self._close_form)

    def _on_save_wanted(self) -> None:
        if self._lower_pages.currentWidget() is self.form:
            self.form.submit()

    def _close_form(self) -> None:
        if self._lower_pages.currentWidget() is self.form:
            self._close_details()
            self.matrix.table.setFocus()

    def _on_file_wanted(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, _("Add a file"))
        self.presenter.details.add_files([Path(path) for path in paths])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._shown is not None and any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        self.presenter.details.add_files(paths)
        event.acceptProposedAction()

    def _close_details(self) -> None:
        self._page = ""
        self.presenter.details.forget()
        self._lower_pages.setCurrentIndex(0)

    def _on_escaped(self) -> None:
        if self.history.close_search():
            return
        if self._lower_pages.currentWidget() in (self.details, self.form):
            self._close_details()
            self.matrix.table.setFocus()
            return
        self.presenter.leave()


def build(context: PlaceContext) -> CustomerPlace:
    """Make the place."""
    return CustomerPlace(context)
