"""One quote on the screen: lines, follow-ups, changes, and what it says beside them.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.quote_answers import FOLLOW, LOST, WON, AnswerItem
from crmdesk.gui.views.quote.model import DISCOUNT, QUANTITY, DiscountDelegate, QuoteLinesModel
from crmdesk.gui.views.quote.presenter import QuotePresenter
from crmdesk.gui.views.quote.side import QuoteSide
from crmdesk.gui.views.quote.words import SheetItem
from crmdesk.gui.widgets.answer_bar import AnswerBar
from crmdesk.gui.widgets.badges import BadgeRow
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import KeyStrip, Panel
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.side_tables import WordsOver
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.order import FoundProduct

_SIDE = 288
_SAID = 6


class QuotePlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = QuotePresenter(context, self)
        self._currency = context.workspace.currency
        self._saved = True
        self._sheet: SheetItem | None = None
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``quote``: which one; or ``account``: start one."""
        self.finder.close_matches()
        self.bar.put_away()
        if "quote" in args:
            self.presenter.show(int(args["quote"]))
        elif "account" in args:
            self.presenter.begin(int(args["account"]))

    def paper(self) -> Wanted | None:
        """The document shown, for paper, files and mail."""
        return None if self._sheet is None else Wanted("quote", self._sheet.quote_id)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("quotes", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addLayout(self._header())
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addLayout(self._left(), 1)
        self.side = QuoteSide(self._currency, self)
        scroll = QScrollArea(self)
        scroll.setWidget(self.side)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.fix_width(scroll, _SIDE)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(scroll)
        column.addLayout(row, 1)

    def _header(self) -> QVBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self._name = LineLabel(parent=self)
        self._badges = BadgeRow(self)
        row.addWidget(self._name)
        row.addWidget(self._badges)
        row.addStretch(1)
        made = {
            "discard": KeyHintButton(_("Delete draft"), kind="quiet", parent=self),
            "reopen": _button("quote.reopen", self),
            "call_back": _button("quote.call_back", self),
            "expired": _button("quote.expired", self),
            "revise": _button("quote.revise", self),
            "lost": _button("quote.lost", self),
            "won": _button("quote.won", self),
            "follow": _button("quote.follow", self),
            "order": _button("quote.order", self, kind="filled", large=True),
            "send": _button("quote.send", self, kind="filled", large=True),
        }
        self._buttons = made
        for button in made.values():
            row.addWidget(button)
        self._facts = LineLabel(parent=self)
        column = QVBoxLayout()
        column.setSpacing(t.SPACE_1)
        column.addLayout(row)
        column.addWidget(self._facts)
        return column

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(t.SPACE_3)
        self._lines = Panel(parent=self)
        self.model = QuoteLinesModel(self._currency, self)
        self.table = RowsTable(self.model, row_height=t.ROW_FIELD, parent=self._lines)
        self.table.setItemDelegate(DiscountDelegate(self.table))
        self.table.setAccessibleName(_("Lines of the quote"))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setSortIndicatorShown(False)
        first = _("Type its SKU, name or barcode below: {key}.").format(key=keys.hint("quote.add"))
        WordsOver(self.table, EmptyState("quotes", _("Add the first product"), first))
        self._lines.body.addWidget(self.table, 1)
        self.finder = ProductFinder(self._lines)
        self._lines.add_foot(self.finder)
        column.addWidget(self._lines, 1)
        self.bar = AnswerBar(self)
        column.addWidget(self.bar)
        self._changes_of = Panel(_("Changed"), "", self)
        self._changes = PairList(_("Changed"), self._changes_of)
        _hold(self._changes_of, self._changes)
        column.addWidget(self._changes_of)
        self._said_of = Panel(_("Follow-ups"), "", self)
        self._said = [LineLabel(parent=self._said_of) for _place in range(_SAID)]
        _hold(self._said_of, *self._said)
        column.addWidget(self._said_of)
        self._strip = KeyStrip([], parent=self)
        column.addWidget(self._strip)
        return column

    def _bind(self) -> None:
        presenter, buttons = self.presenter, self._buttons
        self.model.edited.connect(self._on_edited)
        self.table.opened.connect(lambda _key: self._edit(QUANTITY))
        self.finder.searched.connect(presenter.find)
        self.finder.chosen.connect(presenter.add_product)
        self.finder.scanned.connect(presenter.scan)
        self.finder.left.connect(self.table.setFocus)
        self.side.typed.connect(presenter.set_term)
        self.side.left.connect(self.table.setFocus)
        self.bar.answered.connect(presenter.answer)
        self.bar.closed.connect(self.table.setFocus)
        buttons["discard"].clicked.connect(presenter.discard)
        acts: dict[str, Callable[[], object]] = {
            "reopen": presenter.reopen,
            "call_back": presenter.call_back,
            "expired": presenter.expire,
            "revise": presenter.revise,
            "lost": lambda: presenter.ask(LOST),
            "won": lambda: presenter.ask(WON),
            "follow": lambda: presenter.ask(FOLLOW),
            "order": presenter.order,
            "send": self._on_send_wanted,
        }
        for name, act in acts.items():
            buttons[name].clicked.connect(act)
            keys.bind(self, f"quote.{name}", act)
        keys.bind(self, "quote.add", self._on_add_wanted)
        keys.bind(self, "quote.pack", self._on_line(presenter.next_pack))
        keys.bind(self, "quote.remove", self._on_line(presenter.remove))
        keys.bind(self, "quote.discount", lambda: self._edit(DISCOUNT))
        keys.bind(self, "quote.terms", lambda: self._enter("title"))
        keys.bind(self, "quote.valid", lambda: self._enter("valid_until"))
        keys.bind(self, "quote.contact", presenter.next_contact)
        keys.bind(self, "quote.version", presenter.other_version)
        keys.bind(self, "quote.close", presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show a quote."""
        self._pages.setCurrentIndex(0)
        self._sheet = sheet
        self._name.set_runs([Run(sheet.customer, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._show_badges()
        self._facts.set_runs([Run(sheet.facts, "muted")])
        current = self.table.current_key()
        if self.model.show_lines(sheet.lines) and (
            current is None or not self.table.select_key(current)
        ):
            self.table.select_first()
        self.finder.set_foot(sheet.foot, sheet.foot_total, can_add=sheet.is_draft)
        self.side.show_sheet(sheet)
        shown = {
            "discard": sheet.is_draft,
            "send": sheet.is_draft,
            "reopen": sheet.can_reopen,
            "call_back": sheet.can_call_back,
            "expired": sheet.can_expire,
            "revise": sheet.can_revise,
            "lost": sheet.waits and not sheet.can_expire,
            "won": sheet.waits and not sheet.can_expire,
            "follow": sheet.waits,
            "order": (sheet.waits and not sheet.can_expire) or bool(sheet.order),
        }
        for name, button in self._buttons.items():
            button.setVisible(shown[name])
        self._buttons["order"].set_label(
            _("Open the order") if sheet.order else keys.title("quote.order")
        )
        if not sheet.waits:
            self.bar.put_away()
        self._changes_of.setVisible(bool(sheet.changes))
        if sheet.changes:
            self._changes_of.set_title(sheet.changes_title)
        self._changes.set_pairs(sheet.changes[:_SAID])
        self._show_said(sheet)
        self._strip.set_items(_hints(sheet))

    def _show_said(self, sheet: SheetItem) -> None:
        self._said_of.setVisible(bool(sheet.said))
        for place, label in enumerate(self._said):
            label.setVisible(place < len(sheet.said))
            if place < len(sheet.said):
                when, what, following = sheet.said[place]
                label.set_runs(
                    [
                        Run(when, "muted"),
                        Run(what, gap=t.SPACE_3),
                        Run(following, "muted", gap=t.SPACE_3),
                    ]
                )

    def show_saving(self, *, saved: bool) -> None:
        """Say whether everything typed is saved."""
        self._saved = saved
        self._show_badges()

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""
        self.finder.show_found(found)

    def select_line(self, product_id: int) -> None:
        """Move the selection to a line."""
        self.table.select_key(product_id)
        self.table.setFocus()

    def ask(self, item: AnswerItem) -> None:
        """Open the answer bar."""
        self.bar.ask(item)

    def put_answer_away(self) -> None:
        """Close the answer bar."""
        self.bar.put_away()
        self.table.setFocus()

    def show_gone(self, message: str, hint: str) -> None:
        """The quote is no longer here."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    # --------------------------------------------------------------------------------- input

    def event(self, event: QEvent) -> bool:
        # Ctrl+Z takes back steps of this sheet first, and only then what was said last.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
            and self.presenter.can_undo
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo) and self.presenter.can_undo:
            self.presenter.undo()
            return
        super().keyPressEvent(event)

    def _show_badges(self) -> None:
        if self._sheet is None:
            return
        badges = list(self._sheet.badges)
        if self._sheet.is_draft:
            saved = BadgeItem(_("saved"), Tone.GOOD, "check")
            badges.append(saved if self._saved else BadgeItem(_("saving"), Tone.MUTED))
        self._badges.set_items(badges)

    def _on_edited(self, key: object, column: str, text: str) -> None:
        if not isinstance(key, int):
            return
        if column == "discount":
            self.presenter.set_discount(key, text)
        else:
            self.presenter.set_packs(key, text)

    def _on_send_wanted(self) -> None:
        # Leaving the field takes over what is being typed before the quote is sent.
        self.table.setFocus()
        self.presenter.send()

    def _on_add_wanted(self) -> None:
        if self._sheet is not None and self._sheet.is_draft:
            self.finder.field.setFocus()

    def _enter(self, name: str) -> None:
        if self._sheet is not None and self._sheet.is_draft:
            self.side.fields[name].setFocus()
            self.side.fields[name].selectAll()

    def _edit(self, column: int) -> None:
        index = self.model.index(self.table.currentIndex().row(), column)
        if self._sheet is not None and self._sheet.is_draft and index.isValid():
            self.table.setFocus()
            self.table.edit(index)

    def _on_line(self, act: Callable[[int], None]) -> Callable[[], None]:
        def acted() -> None:
            key = self.table.current_key()
            if isinstance(key, int):
                act(key)

        return acted


def _button(
    action: str, parent: QWidget, *, kind: str = "outline", large: bool = False
) -> KeyHintButton:
    return KeyHintButton(
        keys.title(action), keys.hint(action), kind=kind, large=large, parent=parent
    )


def _hold(panel: Panel, *widgets: QWidget) -> None:
    holder = QVBoxLayout()
    holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
    holder.setSpacing(t.SPACE_1)
    for widget in widgets:
        holder.addWidget(widget)
    panel.body.addLayout(holder)


def _hints(sheet: SheetItem) -> list[tuple[list[str], str]]:
    """The keys that do something now."""
    shown = ["quote.quantity", "quote.add", "quote.pack", "quote.discount", "quote.remove",
             "quote.terms", "quote.contact", "global.undo"]  # fmt: skip
    if not sheet.is_draft:
        shown = []
    if sheet.versions:
        shown.append("quote.version")
    shown += ["quote.close", "global.pdf", "global.mail"]
    return [([keys.hint(action)], keys.title(action)) for action in shown]


def build(context: PlaceContext) -> QuotePlace:
    """Make the place."""
    return QuotePlace(context)
