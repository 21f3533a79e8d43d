"""The pipeline on the screen: board, lists, figures, what stands beside them, and the form.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.pipeline.board import DealBoard
from crmdesk.gui.views.pipeline.figures_page import BY_PERSON, FiguresPage
from crmdesk.gui.views.pipeline.forms import Ask
from crmdesk.gui.views.pipeline.items import ColumnItem, FiguresItem, Mode, SideItem
from crmdesk.gui.views.pipeline.model import SCORE_COLUMN, STEP_COLUMN, DealsModel, LeadsModel
from crmdesk.gui.views.pipeline.presenter import PipelinePresenter
from crmdesk.gui.views.pipeline.side import SidePanel
from crmdesk.gui.views.pipeline.words import group_words, lead_group_words
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.formbar import Form, FormBar
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.deal import LinkedDocument

_SIDE = 284
_BOARD_FOOT = (
    "pipeline.open", "pipeline.forward", "pipeline.backward", "pipeline.won", "pipeline.lost",
    "pipeline.step", "pipeline.edit", "pipeline.quote", "pipeline.ended", "pipeline.shares",
)  # fmt: skip
_LIST_FOOT = (
    "pipeline.open", "pipeline.forward", "pipeline.won", "pipeline.lost", "pipeline.step",
    "pipeline.edit", "pipeline.quote", "pipeline.reopen",
)  # fmt: skip
_LEADS_FOOT = (
    "pipeline.qualify", "pipeline.convert", "pipeline.disqualify", "pipeline.contacted",
    "pipeline.step", "pipeline.edit", "pipeline.reopen",
)  # fmt: skip


class _List:
    """One of the two lists, as its :class:`~crmdesk.gui.keyed_list.KeyedList` sees it."""

    def __init__(self, panel: ListPanel, model: RowsModel) -> None:
        self.panel = panel
        self.model = model
        self.wanted: int | None = None

    @property
    def table(self) -> RowsTable:
        """Its table."""
        return self.panel.table

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        self.panel.show_chips(chips)

    def choose_chip(self, key: str) -> None:
        """Turn on the chip that is in force."""
        self.panel.chips.choose(key)

    def show_heading(self, facts: str) -> None:
        """The heading is the place's."""

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, Any]) -> None:
        # Showing other rows moves the bar by itself, which is not what was asked for.
        wanted = self.wanted
        self.panel.show_keys(keys, rows)
        if wanted is not None:
            self.wanted = wanted
            self.table.select_key(wanted)

    def put_rows(self, rows: Mapping[int, Any]) -> None:
        self.model.put_rows(rows)

    def show_empty(self, title: str, hint: str) -> None:
        self.panel.show_empty(title, hint)

    def select(self, key: int) -> None:
        """Put the bar on a row, now or once it is shown."""
        self.wanted = key
        self.table.select_key(key)

    def current(self) -> int | None:
        """The row that the bar is on."""
        key = self.table.current_key()
        return key if isinstance(key, int) else None


class PipelinePlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    prints_list = True

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._context = context
        self._settings = context.settings
        self._today = context.workspace.today
        self._build_lists(context.workspace.currency)
        self.presenter = PipelinePresenter(context, self)
        self._build()
        self._bind()
        self.show_mode(Mode.BOARD)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``deal``, ``lead``: one to select; ``mode``: how to look at it; ``new``: ask for one."""
        if args.get("deal") is not None:
            self.presenter.show_deal(int(args["deal"]))
        elif args.get("lead") is not None:
            self.presenter.show_lead(int(args["lead"]))
        elif "mode" in args:
            self.presenter.choose_mode(Mode(str(args["mode"])))
        if args.get("account") is not None and args.get("new"):
            self.presenter.steps.ask_new_deal(int(args["account"]))
        elif args.get("new"):
            self._on_new_wanted()

    # ------------------------------------------------------------------------------ building

    def _build_lists(self, currency: str) -> None:
        def known() -> Any:
            return self.presenter.known

        deals, leads = DealsModel(self._today, currency, known, self), LeadsModel(self._today, self)
        words, lead_words = group_words(), lead_group_words()
        self.deals = _List(
            ListPanel(
                deals, _("Opportunities"), name="pipeline",
                chips=[(group, words[group]) for group in words],
                sorted_by=(STEP_COLUMN, Qt.SortOrder.AscendingOrder), foot=_LIST_FOOT,
                settings=self._settings, parent=self,
            ), deals,
        )  # fmt: skip
        self.leads = _List(
            ListPanel(
                leads, _("Leads"), name="people",
                chips=[(group, lead_words[group]) for group in lead_words],
                sorted_by=(SCORE_COLUMN, Qt.SortOrder.DescendingOrder), foot=_LEADS_FOOT,
                settings=self._settings, parent=self,
            ), leads,
        )  # fmt: skip

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Pipeline"), self)
        modes = (
            (Mode.BOARD, _("Board")), (Mode.LIST, _("As a list")), (Mode.LEADS, _("Leads")),
            (Mode.FIGURES, _("Figures")),
        )  # fmt: skip
        self.modes = SegmentedControl(modes, _("Show"), self)
        self.search = SearchField(
            _("Customer, what, town"), keys.hint("pipeline.filter"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 196)
        self._whose = KeyHintButton(_("Everybody"), keys.hint("pipeline.person"), parent=self)
        self._whose.setVisible(not self.presenter.is_rep)
        self._new = KeyHintButton(
            _("New opportunity"), keys.hint("pipeline.new"), kind="filled", parent=self
        )
        for widget in (self.modes, self.search, self._whose, self._new):
            self._header.add_action(widget)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self, title=_("New opportunity"))
        self.picker.hide()
        column.addWidget(self.picker)
        self.board = DealBoard(self)
        self.figures = FiguresPage(self)
        holder = QWidget(self)
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.board, 1)
        shown = [((keys.hint(action),), keys.title(action)) for action in _BOARD_FOOT]
        inner.addWidget(KeyStrip(shown))
        self._stack = QStackedWidget(self)
        for page in (holder, self.deals.panel, self.leads.panel, self.figures):
            self._stack.addWidget(page)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._stack, 1)
        self.form = FormBar(self)
        left.addWidget(self.form)
        self.side = SidePanel(self)
        theme.fix_width(self.side, _SIDE)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addLayout(left, 1)
        row.addWidget(self.side)
        column.addLayout(row, 1)

    def _bind(self) -> None:
        presenter = self.presenter
        self.modes.chosen.connect(lambda key: presenter.choose_mode(Mode(key)))
        self.search.searched.connect(presenter.search)
        self.search.escaped.connect(self._focus)
        self.search.returnPressed.connect(self._focus)
        self.search.left_down.connect(self._focus)
        self._bind_lists()
        body = self.board.body
        body.chosen.connect(presenter.select_deal)
        body.opened.connect(lambda _key: presenter.steps.open())
        body.dropped.connect(presenter.steps.drop)
        body.more_wanted.connect(presenter.choose_stage)
        self.figures.wanted.connect(presenter.open_figure)
        self.figures.lines_wanted.connect(
            lambda key: presenter.show_lines_by(person=key == BY_PERSON)
        )
        self.form.given.connect(presenter.steps.answer)
        self.form.closed.connect(self._focus)
        self.picker.serve(presenter.steps.customers.find, presenter.steps.ask_new_deal, self._focus)
        self._new.clicked.connect(self._on_new_wanted)
        self._whose.clicked.connect(self._on_person_wanted)
        self._bind_keys()

    def _bind_lists(self) -> None:
        presenter, deals, leads = self.presenter, self.deals, self.leads
        deals.panel.chips.chosen.connect(presenter.choose_deals)
        leads.panel.chips.chosen.connect(presenter.choose_leads)
        deals.model.rows_wanted.connect(presenter.read_deals)
        leads.model.rows_wanted.connect(presenter.read_leads)
        deals.model.sort_wanted.connect(
            lambda column, descending: presenter.sort_deals(column, descending=descending)
        )
        leads.model.sort_wanted.connect(
            lambda column, descending: presenter.sort_leads(column, descending=descending)
        )
        deals.table.opened.connect(lambda _key: presenter.steps.open())
        leads.table.opened.connect(lambda _key: presenter.steps.open())
        deals.table.current_key_changed.connect(lambda _key: self._on_row_chosen(Mode.LIST))
        leads.table.current_key_changed.connect(lambda _key: self._on_row_chosen(Mode.LEADS))

    def _bind_keys(self) -> None:
        presenter = self.presenter
        slots = {
            "board": lambda: presenter.choose_mode(Mode.BOARD),
            "list": lambda: presenter.choose_mode(Mode.LIST),
            "leads": lambda: presenter.choose_mode(Mode.LEADS),
            "figures": lambda: presenter.choose_mode(Mode.FIGURES),
            "filter": self.search.setFocus,
            "new": self._on_new_wanted,
            "new_lead": presenter.steps.ask_new_lead,
            "forward": lambda: presenter.steps.shift(1),
            "backward": lambda: presenter.steps.shift(-1),
            "won": lambda: presenter.steps.ask(Ask.WON),
            "lost": lambda: presenter.steps.ask(Ask.LOST),
            "ended": lambda: presenter.steps.ask(Ask.ENDED),
            "reopen": presenter.steps.reopen,
            "step": lambda: presenter.steps.ask(self._by_mode(Ask.STEP, Ask.LEAD_STEP)),
            "edit": lambda: presenter.steps.ask(self._by_mode(Ask.EDIT_DEAL, Ask.EDIT_LEAD)),
            "shares": lambda: presenter.steps.ask(Ask.SHARES),
            "elsewhere": presenter.open_shares,
            "quote": presenter.steps.quote,
            "documents": presenter.steps.open_documents,
            "give": presenter.steps.give,
            "qualify": lambda: presenter.steps.ask(Ask.QUALIFY),
            "contacted": presenter.steps.contacted,
            "convert": lambda: presenter.steps.ask(Ask.CONVERT),
            "disqualify": lambda: presenter.steps.ask(Ask.DISQUALIFY),
            "person": self._on_person_wanted,
            "lines": self._on_lines_wanted,
            "export": presenter.export,
        }
        for name, slot in slots.items():
            keys.bind(self, f"pipeline.{name}", slot)

    def _by_mode(self, deal: Ask, lead: Ask) -> Ask:
        return lead if self.presenter.mode is Mode.LEADS else deal

    # ------------------------------------------------------------------- the presenter's view

    def show_mode(self, mode: Mode) -> None:
        """Show one of the four ways to look at it."""
        self.modes.choose(mode)
        self._stack.setCurrentIndex(list(Mode).index(mode))
        self.side.setVisible(mode is not Mode.FIGURES)
        is_lead = mode is Mode.LEADS
        self._new.set_label(_("New lead") if is_lead else _("New opportunity"))
        page = {
            Mode.BOARD: self.board, Mode.LIST: self.deals.table, Mode.LEADS: self.leads.table,
            Mode.FIGURES: self.figures,
        }[mode]  # fmt: skip
        self.setFocusProxy(page)
        if self.form.form is not None:
            self.form.put_away()
        page.setFocus()

    def show_heading(self, facts: str, person: str) -> None:
        """Show the line beside the title, and whose pipeline it is."""
        self._header.set_title(_("Pipeline"), [Run(facts, "muted")])
        self._whose.set_label(person or _("Everybody"))

    def show_board(self, columns: Sequence[ColumnItem]) -> None:
        """Show the board."""
        self.board.set_items(columns)

    def show_figures(self, item: FiguresItem, *, by_person: bool) -> None:
        """Show the figures."""
        self.figures.show_item(item, by_person=by_person)

    def show_side(self, item: SideItem | None) -> None:
        """Show what stands beside the board or a list."""
        self.side.show_item(item)

    def select_deal(self, key: int) -> None:
        """Put the selection on an opportunity, once it is shown."""
        self.board.body.set_selected(key)
        self.deals.select(key)

    def select_lead(self, key: int) -> None:
        """Put the selection on a lead, once it is shown."""
        self.leads.select(key)

    def refresh_rows(self) -> None:
        """Paint the rows again: the chances are known now."""
        self.deals.table.viewport().update()

    def ask(self, form: Form) -> None:
        """Open the form."""
        self.form.ask(form)

    def complain(self, problem: str, field: str) -> None:
        """Say what is wrong in the form; what was typed stays."""
        self.form.complain(problem, field)

    def put_form_away(self) -> None:
        """Close the form."""
        self.form.put_away()
        self._focus()

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an opportunity can be begun at."""
        self.picker.show_matches(rows)

    def offer_documents(self, documents: Sequence[LinkedDocument]) -> None:
        """Offer the quotes and orders of the selected opportunity."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for one in documents:
            word = _("Quote") if one.kind == "quote" else _("Order")
            menu.addAction(f"{word} {one.name}").triggered.connect(
                lambda _on=False, one=one: self.presenter.steps.open_document(one)
            )
        menu.popup(self.side.mapToGlobal(QPoint(0, theme.scaled(t.PANEL_HEADER))))

    # --------------------------------------------------------------------------------- input

    def _focus(self) -> None:
        proxy = self.focusProxy()
        if proxy is not None:
            proxy.setFocus()

    def _on_row_chosen(self, mode: Mode) -> None:
        if self.presenter.mode is not mode:
            return
        if mode is Mode.LEADS:
            self.leads.wanted = None
            self.presenter.select_lead(self.leads.current())
        else:
            self.deals.wanted = None
            self.presenter.select_deal(self.deals.current())

    def _on_new_wanted(self) -> None:
        if self.presenter.mode is Mode.LEADS:
            self.presenter.steps.ask_new_lead()
        else:
            self.picker.open()

    def _on_lines_wanted(self) -> None:
        if self.presenter.mode is Mode.FIGURES:
            self.presenter.show_lines_by(person=not self.presenter.lines_by_person)

    def _on_person_wanted(self) -> None:
        if self.presenter.is_rep:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        everybody = menu.addAction(_("Everybody"))
        everybody.triggered.connect(lambda: self.presenter.choose_person(None))
        menu.addSeparator()
        for one in self.presenter.people():
            menu.addAction(one.name).triggered.connect(
                lambda _on=False, key=one.id: self.presenter.choose_person(key)
            )
        corner = self._whose.mapToGlobal(QPoint(0, self._whose.height()))
        menu.popup(QPoint(corner.x(), corner.y() + t.SPACE_1))


def build(context: PlaceContext) -> PipelinePlace:
    """Make the place."""
    return PipelinePlace(context)
