"""Taking a return on the screen: products, quantities typed in place, credit beside them.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.domain.returning import Wish
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.returning.model import lines_model, requests_model
from crmdesk.gui.views.returning.presenter import ReturnPresenter
from crmdesk.gui.views.returning.words import ReturnPlaceItem, wish_word
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.items import NoticeItem
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.noticebar import NoticeBar
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import CURRENCY_SIGNS, _, ngettext
from crmdesk.services.queries.order import FoundProduct

_SIDE = 300
_QUANTITY = 1


class ReturnPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = ReturnPresenter(context, self)
        self._currency = context.workspace.currency
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: whose goods come back."""
        self.finder.close_matches()
        if "account" in args:
            self.presenter.show(int(args["account"]))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("return", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Return"), self)
        self._submit = KeyHintButton(
            _("Submit return"), keys.hint("returning.submit"), kind="filled", large=True,
            parent=self,
        )  # fmt: skip
        self._header.add_action(self._submit)
        column.addWidget(self._header)
        self.notice = NoticeBar(self)
        column.addWidget(self.notice)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._lines_panel(), 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)
        foot = ("quantity", "pack", "reason", "condition", "wish", "add", "close")
        column.addWidget(
            KeyStrip(
                [((keys.hint(f"returning.{a}"),), keys.title(f"returning.{a}")) for a in foot],
                parent=self,
            )
        )

    def _lines_panel(self) -> Panel:
        panel = Panel(parent=self)
        self.model = lines_model(self._currency, self)
        self.table = RowsTable(self.model, row_height=t.ROW_FIELD, parent=panel)
        self.table.setAccessibleName(_("What comes back"))
        self.table.horizontalHeader().setSortIndicatorShown(False)
        panel.body.addWidget(self.table, 1)
        self.finder = ProductFinder(
            panel, words=_("Another product: SKU, name or barcode"), key=keys.hint("returning.add")
        )
        panel.add_foot(self.finder)
        return panel

    def _side(self) -> QWidget:
        holder = QWidget(self)
        side = QVBoxLayout(holder)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(t.SPACE_3)
        panel = Panel(_("Return"), CURRENCY_SIGNS.get(self._currency, self._currency), holder)
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        self.wish = SegmentedControl(
            [(wish.value, wish_word(wish)) for wish in Wish], _("What the customer wants"), panel
        )
        column.addWidget(self.wish)
        self._totals = PairList(_("Return"), panel)
        column.addWidget(self._totals)
        note = LabelledEntry(_("Note"), keys.hint("returning.note"), parent=panel)
        self.note = note.field
        self.note.setMaxLength(500)
        column.addWidget(note)
        self._policy = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=panel)
        column.addWidget(self._policy)
        panel.body.addLayout(column)
        side.addWidget(panel)
        before = Panel(_("Returned before"), "", holder)
        self.requests = RowsTable(requests_model(self), row_height=t.ROW_COMPACT, parent=before)
        self.requests.setAccessibleName(_("Returned before"))
        self.requests.horizontalHeader().setSortIndicatorShown(False)
        before.body.addWidget(self.requests, 1)
        side.addWidget(before, 1)
        theme.fix_width(holder, _SIDE)
        return holder

    def _bind(self) -> None:
        presenter = self.presenter
        self.model.edited.connect(lambda key, _column, text: presenter.set_packs(key, text))
        self.table.opened.connect(self._on_opened)
        self.finder.searched.connect(presenter.find)
        self.finder.chosen.connect(presenter.add_product)
        self.finder.left.connect(self.table.setFocus)
        self.wish.chosen.connect(presenter.choose_wish)
        self.note.textEdited.connect(presenter.type_note)
        self.note.entered.connect(lambda _text: self.table.setFocus())
        self.note.given_up.connect(self.table.setFocus)
        self._submit.clicked.connect(self._on_submit_wanted)
        keys.bind(self, "returning.submit", self._on_submit_wanted)
        keys.bind(self, "returning.pack", self._on_line(presenter.next_pack))
        keys.bind(self, "returning.reason", self._on_line(presenter.next_reason))
        keys.bind(self, "returning.condition", self._on_line(presenter.next_condition))
        keys.bind(self, "returning.wish", presenter.next_wish)
        keys.bind(self, "returning.note", self.note.setFocus)
        keys.bind(self, "returning.add", self.finder.field.setFocus)
        keys.bind(self, "returning.close", presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, item: ReturnPlaceItem) -> None:
        """Show what could come back and what does."""
        self._pages.setCurrentIndex(0)
        self._header.set_title(item.customer, [Run(_("takes back"), "muted")])
        keys_now = [line.product_id for line in item.lines]
        rows = {line.product_id: line for line in item.lines}
        if keys_now == self.model.shown_keys():
            self.model.put_rows(rows)
        else:
            current = self.table.current_key()
            self.model.set_keys(keys_now, rows)
            if current is None or not self.table.select_key(current):
                self.table.select_first()
        self.requests.rows_model().set_keys(
            [row.key for row in item.requests], {row.key: row for row in item.requests}
        )
        self._totals.set_pairs(item.totals)
        self._policy.setText(item.policy)
        self._submit.setEnabled(item.can_submit)
        self.notice.show_notice(_notice(item))
        lines = sum(line.is_on for line in item.lines)
        words = ngettext("{count} line", "{count} lines", lines).format(count=lines)
        self.finder.set_foot(words if lines else "", item.totals[-1].value, can_add=True)

    def show_head(self, wish: Wish, note: str) -> None:
        """Put the fields of the head to these values."""
        self.wish.choose(wish.value)
        self.note.put_text(note)

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""
        self.finder.show_found(found)

    def select_line(self, product_id: int) -> None:
        """Move the selection to a line."""
        self.table.select_key(product_id)
        self.table.setFocus()

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    # --------------------------------------------------------------------------------- input

    def _on_submit_wanted(self) -> None:
        # Leaving the field takes over what is being typed.
        self.table.setFocus()
        self.presenter.submit()

    def _on_opened(self, _key: object) -> None:
        self.table.edit(self.model.index(self.table.currentIndex().row(), _QUANTITY))

    def _on_line(self, act: Callable[[int], None]) -> Callable[[], None]:
        def acted() -> None:
            key = self.table.current_key()
            if isinstance(key, int):
                act(key)

        return acted


def _notice(item: ReturnPlaceItem) -> NoticeItem | None:
    if item.empty:
        return NoticeItem(item.empty, tone="muted", icon="info")
    if not item.warnings:
        return None
    quiet = _("HQ decides about it.")
    return NoticeItem(f"{item.warnings[0]}.", quiet)


def build(context: PlaceContext) -> ReturnPlace:
    """Make the place."""
    return ReturnPlace(context)
