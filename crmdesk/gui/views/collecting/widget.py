"""Collecting on the screen: an amount and how it was paid, what it pays, and the receipts.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.collecting.model import debts_model, receipts_model
from crmdesk.gui.views.collecting.presenter import METHODS, CollectPresenter, Typed
from crmdesk.gui.views.collecting.words import CollectItem, method_word
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import CURRENCY_SIGNS, _
from crmdesk.services.documents import Wanted

_SIDE = 340


class CollectPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = CollectPresenter(context, self)
        self._sign = CURRENCY_SIGNS.get(context.workspace.currency, context.workspace.currency)
        self._build()
        self._bind()
        self.setFocusProxy(self.amount)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: whose money is collected."""
        if "account" in args:
            self.presenter.show(int(args["account"]))

    def paper(self) -> Wanted | None:
        """The receipt that was chosen, else the latest, for paper, files and mail."""
        keys_shown = self.receipts.rows_model().shown_keys()
        key = self.receipts.current_key()
        if key is None and keys_shown:
            key = keys_shown[0]
        return Wanted("receipt", key) if isinstance(key, int) else None

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("money", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Collect"), self)
        self._take = KeyHintButton(
            _("Write receipt"), keys.hint("collecting.take"), kind="filled", large=True, parent=self
        )
        self._header.add_action(self._take)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._debts_panel(), 3)
        left.addWidget(self._receipts_panel(), 2)
        row.addLayout(left, 1)
        side = QVBoxLayout()
        side.setSpacing(t.SPACE_3)
        side.addWidget(self._form())
        side.addWidget(self._totals_panel())
        side.addStretch(1)
        holder = QWidget(self)
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        theme.fix_width(holder, _SIDE)
        row.addWidget(holder)
        column.addLayout(row, 1)
        own = ("take", "method", "all", "late", "invoice", "back", "close")
        foot = (*(f"collecting.{one}" for one in own), "global.print", "global.pdf")
        column.addWidget(
            KeyStrip(
                [((keys.hint(a),), keys.title(a)) for a in foot],
                parent=self,
            )
        )

    def _debts_panel(self) -> Panel:
        panel = Panel(_("Open invoices"), self._sign, self)
        self.debts = RowsTable(debts_model(self), row_height=t.ROW_COMPACT, parent=panel)
        self.debts.setAccessibleName(_("Open invoices"))
        self.debts.horizontalHeader().setSortIndicatorShown(False)
        self._nothing = TextLabel("", ink="muted", parent=panel)
        self._nothing.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        panel.body.addWidget(self.debts, 1)
        panel.body.addWidget(self._nothing)
        return panel

    def _receipts_panel(self) -> Panel:
        panel = Panel(_("Receipts"), self._sign, self)
        self.receipts = RowsTable(receipts_model(self), row_height=t.ROW_COMPACT, parent=panel)
        self.receipts.setAccessibleName(_("Receipts"))
        self.receipts.horizontalHeader().setSortIndicatorShown(False)
        panel.body.addWidget(self.receipts, 1)
        return panel

    def _form(self) -> Panel:
        panel = Panel(_("Money taken"), self._sign, self)
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        amount = LabelledEntry(_("Amount"), parent=panel)
        self.amount = amount.field
        self.amount.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.amount.setMaxLength(16)
        self.amount.setFont(theme.font(t.SIZE_TITLE, t.SEMIBOLD, tabular=True))
        theme.fix_height(self.amount, 40)
        column.addWidget(amount)
        self.methods = SegmentedControl(
            [(m.value, method_word(m.value).capitalize()) for m in METHODS], _("Paid by"), panel
        )
        column.addWidget(self.methods)
        self._reference = LabelledEntry(_("Number"), parent=panel)
        self._cheque_on = LabelledEntry(_("Cheque of"), parent=panel)
        self._note = LabelledEntry(_("Note"), parent=panel)
        self.reference, self.cheque_on = self._reference.field, self._cheque_on.field
        self.note = self._note.field
        for entry in (self._reference, self._cheque_on, self._note):
            entry.field.setMaxLength(80)
            column.addWidget(entry)
        panel.body.addLayout(column)
        return panel

    def _totals_panel(self) -> Panel:
        panel = Panel(_("Debt"), self._sign, self)
        self._totals = PairList(_("Debt"), panel)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        holder.addWidget(self._totals)
        panel.body.addLayout(holder)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.amount.textEdited.connect(lambda text: presenter.type(amount=text))
        self.reference.textEdited.connect(lambda text: presenter.type(reference=text))
        self.cheque_on.textEdited.connect(lambda text: presenter.type(cheque_on=text))
        self.note.textEdited.connect(lambda text: presenter.type(note=text))
        self.methods.chosen.connect(presenter.choose_method)
        self.debts.opened.connect(self._on_invoice_wanted)
        self._take.clicked.connect(presenter.collect)
        for field in (self.amount, self.reference, self.cheque_on, self.note):
            field.entered.connect(lambda _text: self.focusNextChild())
            field.given_up.connect(presenter.leave)
        keys.bind(self, "collecting.take", presenter.collect)
        keys.bind(self, "collecting.method", presenter.next_method)
        keys.bind(self, "collecting.all", lambda: presenter.take_all(late_only=False))
        keys.bind(self, "collecting.late", lambda: presenter.take_all(late_only=True))
        keys.bind(self, "collecting.back", self._on_back_wanted)
        keys.bind(self, "collecting.close", presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, item: CollectItem) -> None:
        """Show debts, how the amount would be spread, and receipts."""
        self._pages.setCurrentIndex(0)
        self._header.set_title(item.customer, [Run(_("collect money"), "muted")])
        for table, rows in ((self.debts, item.debts), (self.receipts, item.receipts)):
            current = table.current_key()
            table.rows_model().set_keys([row.key for row in rows], {row.key: row for row in rows})
            if current is None or not table.select_key(current):
                table.select_first()
        self._nothing.setText(item.note)
        self._nothing.setVisible(bool(item.note))
        self._totals.set_pairs(item.totals)

    def show_typed(self, typed: Typed) -> None:
        """Put the fields to these values."""
        for field, text in (
            (self.amount, typed.amount), (self.reference, typed.reference),
            (self.cheque_on, typed.cheque_on), (self.note, typed.note),
        ):  # fmt: skip
            if field.text() != text:
                field.setText(text)
        self.methods.choose(typed.method.value)
        self._reference.setVisible(typed.method.value != "cash")
        self._cheque_on.setVisible(typed.method.value == "cheque")

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    # --------------------------------------------------------------------------------- input

    def _on_invoice_wanted(self, key: object) -> None:
        if isinstance(key, int) and key > 0:
            self.presenter.pay_invoice(key)

    def _on_back_wanted(self) -> None:
        self.presenter.take_back_row(self.receipts.current_key())


def build(context: PlaceContext) -> CollectPlace:
    """Make the place."""
    return CollectPlace(context)
