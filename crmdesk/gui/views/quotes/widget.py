"""The list of quotes on the screen: heading, queue, figures beside it, the bar for answers.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.quote_answers import FOLLOW, LOST, PLAN, WON, AnswerItem
from crmdesk.gui.views.quotes.model import STATE_COLUMN, QuotesModel
from crmdesk.gui.views.quotes.presenter import QuotesPresenter, group_words
from crmdesk.gui.widgets.answer_bar import AnswerBar
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import Pair
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.pairs import pairs_panel
from crmdesk.gui.widgets.panels import PageHeader, Panel
from crmdesk.i18n import _
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.quotes import QuoteRow

_SIDE = 256
_FOOT = (
    "quotes.open", "quotes.follow", "quotes.plan", "quotes.contact", "quotes.order", "quotes.won",
    "quotes.lost", "quotes.expired",
)  # fmt: skip


class QuotesPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    prints_list = True

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = QuotesPresenter(context, self)
        self._today = context.workspace.today
        self._currency = context.workspace.currency
        self._settings = context.settings
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``group``: which chip; ``new``: choose a customer for a new quote at once."""
        if "group" in args:
            self.chips.choose(str(args["group"]))
            self.presenter.choose_group(str(args["group"]))
        if args.get("new"):
            self._on_new_wanted()

    def paper(self) -> Wanted | None:
        """The quote that the bar is on, for files and mail; printing prints the list."""
        key = self._current()
        return None if key is None else Wanted("quote", key)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Quotes"), self)
        self.search = SearchField(
            _("Number, title, customer"), keys.hint("quotes.filter"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 240)
        self._export = KeyHintButton(_("Export"), keys.hint("quotes.export"), parent=self)
        self._new = KeyHintButton(
            _("New quote"), keys.hint("quotes.new"), kind="filled", parent=self
        )
        for widget in (self.search, self._export, self._new):
            self._header.add_action(widget)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self, title=_("New quote"))
        self.picker.hide()
        column.addWidget(self.picker)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._list_panel(), 1)
        self.bar = AnswerBar(self)
        left.addWidget(self.bar)
        row.addLayout(left, 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)

    def _list_panel(self) -> ListPanel:
        words = group_words()
        self.model = QuotesModel(self._today, self._currency, self)
        panel = self._panel = ListPanel(
            self.model,
            _("Quotes"),
            name="quotes",
            chips=[(group, words[group]) for group in words],
            sorted_by=(STATE_COLUMN, Qt.SortOrder.AscendingOrder),
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
        self._queue = pairs_panel(column, _("Queue"), "", self)
        self._worth = pairs_panel(column, _("Waiting for an answer"), "", self)
        self._about = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=side)
        self._about_panel = Panel(_("This quote"), "", side)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        holder.addWidget(self._about)
        self._about_panel.body.addLayout(holder)
        column.addWidget(self._about_panel)
        self._lost = pairs_panel(column, _("Lost without a call"), _("in a year"), self)
        column.addStretch(1)
        return side

    def _bind(self) -> None:
        presenter = self.presenter
        self._panel.serve(presenter, self.search)
        self.table.opened.connect(presenter.open)
        self.table.current_key_changed.connect(self._on_selected)
        self.picker.serve(presenter.customers.find, presenter.start_quote, self.table.setFocus)
        self.bar.answered.connect(presenter.answer)
        self.bar.closed.connect(self.table.setFocus)
        self._export.clicked.connect(presenter.export)
        self._new.clicked.connect(self._on_new_wanted)
        keys.bind(self, "quotes.filter", self.search.setFocus)
        keys.bind(self, "quotes.new", self._on_new_wanted)
        keys.bind(self, "quotes.export", presenter.export)
        keys.bind(self, "quotes.follow", lambda: presenter.ask(FOLLOW, self._current()))
        keys.bind(self, "quotes.plan", lambda: presenter.ask(PLAN, self._current()))
        keys.bind(self, "quotes.won", lambda: presenter.ask(WON, self._current()))
        keys.bind(self, "quotes.lost", lambda: presenter.ask(LOST, self._current()))
        keys.bind(self, "quotes.expired", lambda: presenter.expire(self._current()))
        keys.bind(self, "quotes.contact", lambda: presenter.plan_call(self._current()))
        keys.bind(self, "quotes.order", lambda: presenter.order(self._current()))

    # ------------------------------------------------------------------- the presenter's view

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the filters with their counts."""
        self._panel.show_chips(chips)

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Quotes"), [Run(facts, "muted")])

    def show_keys(self, keys: Sequence[int], rows: Mapping[int, QuoteRow]) -> None:
        """Show these quotes."""
        self._panel.show_keys(keys, rows)
        self._on_selected(self.table.current_key())

    def put_rows(self, rows: Mapping[int, QuoteRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._panel.show_empty(title, hint)

    def show_figures(
        self, queue: Sequence[Pair], worth: Sequence[Pair], lost: Sequence[Pair]
    ) -> None:
        """Show the queue by its parts, what open quotes are worth, and those never followed up."""
        self._queue.set_pairs(queue)
        self._worth.set_pairs(worth)
        self._lost.set_pairs(lost)

    def show_about(self, sentence: str) -> None:
        """Say on what the chance of the selected quote rests."""
        self._about.setText(sentence)
        self._about_panel.setVisible(bool(sentence))

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a quote can be started for."""
        self.picker.show_matches(rows)

    def ask(self, item: AnswerItem) -> None:
        """Open the answer bar."""
        self.bar.ask(item)

    def put_answer_away(self) -> None:
        """Close the answer bar."""
        self.bar.put_away()
        self.table.setFocus()

    # --------------------------------------------------------------------------------- input

    def _current(self) -> int | None:
        key = self.table.current_key()
        return key if isinstance(key, int) else None

    def _on_selected(self, key: object) -> None:
        row = self.model.row_of(key) if isinstance(key, int) else None
        self.presenter.select(row if isinstance(row, QuoteRow) else None)

    def _on_new_wanted(self) -> None:
        self.picker.open()


def build(context: PlaceContext) -> QuotesPlace:
    """Make the place."""
    return QuotesPlace(context)
