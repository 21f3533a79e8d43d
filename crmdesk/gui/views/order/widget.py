"""The order sheet on the screen: lines, what else to ask, last orders, and the figures beside them.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
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
from crmdesk.gui.views.order.changes import ChangesPanel
from crmdesk.gui.views.order.discounting import DiscountBar
from crmdesk.gui.views.order.lines import LinesTable
from crmdesk.gui.views.order.model import OrderModel
from crmdesk.gui.views.order.presenter import OrderPresenter
from crmdesk.gui.views.order.side import SideColumn
from crmdesk.gui.views.order.signing import SignPanel
from crmdesk.gui.views.order.words import SheetItem
from crmdesk.gui.widgets.badges import BadgeRow
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.entries import EntryLine
from crmdesk.gui.widgets.factstrip import FactStrip
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.needs import NeedsList
from crmdesk.gui.widgets.noticebar import NoticeBar
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import KeyStrip, Panel
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.side_tables import WordsOver
from crmdesk.i18n import CURRENCY_SIGNS, _
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.order import FoundProduct

_ROOMY = 9
_SIDE = 272
_TYPING_PAUSE_MS = 90
_ALSO = ("order.also_1", "order.also_2", "order.also_3")


class OrderPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = OrderPresenter(context, self)
        self._currency = context.workspace.currency
        self._saved = True
        self._sheet: SheetItem | None = None
        self._being_typed = (0, "")
        # Long enough for a scanner, whose digits are no quantity; too short to be waited for.
        self._pause = QTimer(self, interval=_TYPING_PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self._on_typing_paused)
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``order``: which one; or ``account`` and perhaps ``visit``: start or go on with one."""
        self.finder.close_matches()
        if "order" in args:
            self.presenter.show(int(args["order"]))
        elif "account" in args:
            visit = args.get("visit")
            self.presenter.begin(int(args["account"]), None if visit is None else int(visit))

    def paper(self) -> Wanted | None:
        """The document shown, for paper, files and mail."""
        return None if self._sheet is None else Wanted("order", self._sheet.order_id)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("orders", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addLayout(self._header())
        self.same_day, self.gift = NoticeBar(self), NoticeBar(self)
        column.addWidget(self.same_day)
        column.addWidget(self.gift)
        self.discount = DiscountBar(self)
        column.addWidget(self.discount)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addLayout(self._left(), 1)
        self.side = SideColumn(self._currency, self)
        scroll = self._scroll = QScrollArea(self)
        scroll.setWidget(self.side)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.fix_width(scroll, _SIDE)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(scroll)
        column.addLayout(row, 1)

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_2)
        self._name = LineLabel(parent=self)
        self._badges = BadgeRow(self)
        self._facts = LineLabel(parent=self)
        row.addWidget(self._name)
        row.addWidget(self._badges)
        row.addSpacing(t.SPACE_1)
        row.addWidget(self._facts, 1)
        self._discard = KeyHintButton(
            _("Delete draft"), keys.hint("order.discard"), kind="quiet", parent=self
        )
        self._sign = KeyHintButton(_("Sign"), keys.hint("order.sign"), icon="edit", parent=self)
        self._copy = KeyHintButton(_("Order again"), keys.hint("order.again"), parent=self)
        self._call_back = KeyHintButton(_("Call back"), keys.hint("order.call_back"), parent=self)
        self._submit = KeyHintButton(
            _("Submit"), keys.hint("order.submit"), kind="filled", large=True, parent=self
        )
        self._submit.setToolTip(
            _("Submit works offline. If HQ says no, it comes back as a copy you can edit.")
        )
        for button in (self._discard, self._sign, self._copy, self._call_back, self._submit):
            row.addWidget(button)
        return row

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(t.SPACE_3)
        self._lines = Panel(parent=self)
        self.model = OrderModel(self._currency, self)
        self.table = LinesTable(self.model, self._lines)
        first = _("Type its SKU, name or barcode below: {key}.").format(key=keys.hint("order.add"))
        WordsOver(self.table, EmptyState("orders", _("Add the first product"), first))
        self._lines.body.addWidget(self.table, 1)
        self.finder = ProductFinder(self._lines)
        self._lines.add_foot(self.finder)
        column.addWidget(self._lines, 1)
        self._also = Panel(_("Also ask about"), _("not on this order"), self)
        self.also = NeedsList(
            _("Also ask about"), _("Add"), [keys.hint(action) for action in _ALSO], self._also
        )
        self._also.body.addWidget(self.also)
        column.addWidget(self._also)
        self.changes = ChangesPanel(self)
        column.addWidget(self.changes)
        self.signing = SignPanel(self)
        column.addWidget(self.signing)
        sign = CURRENCY_SIGNS.get(self._currency, self._currency)
        self._last = Panel(_("Last orders"), _("net {currency}, lines").format(currency=sign), self)
        self.last = FactStrip(self._last)
        self.last.setAccessibleName(_("Last orders"))
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_2, t.SPACE_2, t.SPACE_2, t.SPACE_2)
        holder.addWidget(self.last)
        self._last.body.addLayout(holder)
        column.addWidget(self._last)
        self._strip = KeyStrip(_hints(), parent=self)
        column.addWidget(self._strip)
        return column

    def _bind(self) -> None:
        presenter = self.presenter
        self.model.edited.connect(self._on_edited)
        self.table.used.connect(presenter.use_usual)
        self.table.kept.connect(presenter.keep)
        self.table.replaced.connect(presenter.take_substitute)
        self.table.typed.connect(self._on_typed)
        self.table.given_up.connect(self._on_typing_given_up)
        self.finder.searched.connect(presenter.find)
        self.finder.chosen.connect(presenter.add_product)
        self.finder.scanned.connect(presenter.scan)
        self.finder.left.connect(self.table.setFocus)
        self.also.part_activated.connect(presenter.add_suggestion)
        self._submit.clicked.connect(self._on_submit_wanted)
        self._discard.clicked.connect(presenter.discard)
        self._copy.clicked.connect(presenter.copy)
        self._call_back.clicked.connect(presenter.call_back)
        keys.bind(self, "order.submit", self._on_submit_wanted)
        keys.bind(self, "order.add", self.finder.field.setFocus)
        keys.bind(self, "order.pack", self._on_line(presenter.next_pack))
        keys.bind(self, "order.remove", self._on_line(presenter.remove))
        keys.bind(self, "order.use_usual", lambda: presenter.use_usual(self._current()))
        keys.bind(self, "order.keep", lambda: presenter.keep(self._current()))
        self._bind_details()
        keys.bind(self, "order.gift", presenter.take_gifts)
        keys.bind(self, "order.instead", lambda: presenter.take_substitute(self._current()))
        keys.bind(self, "order.repeat", presenter.repeat_last)
        keys.bind(self, "order.again", presenter.copy)
        keys.bind(self, "order.call_back", presenter.call_back)
        keys.bind(self, "order.discard", presenter.discard)
        for other in ("returning", "collecting", "sampling"):
            keys.bind(self, f"order.{other}", partial(presenter.go_to, other))
        keys.bind(self, "order.close", presenter.leave)
        for place, action in enumerate(_ALSO):
            keys.bind(self, action, partial(presenter.add_suggestion, place))

    def _bind_details(self) -> None:
        details, side = self.presenter.details, self.side
        side.note.textEdited.connect(details.note)
        side.reference.textEdited.connect(details.reference)
        side.delivery.entered.connect(details.delivery)
        for action, field in (
            ("order.delivery", side.delivery),
            ("order.reference", side.reference),
            ("order.note", side.note),
        ):
            field.entered.connect(lambda _text: self.table.setFocus())
            field.given_up.connect(self.table.setFocus)
            keys.bind(self, action, partial(self._on_field_wanted, field))
        self.discount.given.connect(self.presenter.set_discount)
        self.discount.left.connect(self.table.setFocus)
        keys.bind(self, "order.discount", self._on_line(self._on_discount_wanted))
        self.same_day.wanted.connect(self.presenter.discard)
        self.gift.wanted.connect(self.presenter.take_gifts)
        self.signing.signed.connect(details.sign)
        self.signing.unsigned.connect(details.unsign)
        self.signing.left.connect(self._on_signing_left)
        self._sign.clicked.connect(self._on_sign_wanted)
        keys.bind(self, "order.sign", self._on_sign_wanted)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show an order."""
        self._pages.setCurrentIndex(0)
        self._sheet = sheet
        self._name.set_runs([Run(sheet.customer, weight=t.SEMIBOLD, size=t.SIZE_TITLE)])
        self._show_badges()
        facts = [Run(sheet.facts, "muted")]
        if sheet.answer:
            facts = [Run(sheet.answer, "danger", icon="warning"), *facts]
        self._facts.set_runs(facts)
        self.table.show_sheet(sheet)
        self.finder.set_foot(sheet.foot, sheet.foot_total, can_add=sheet.is_draft)
        self.side.show_sheet(sheet)
        self.same_day.show_notice(sheet.same_day)
        self.gift.show_notice(sheet.gift)
        self.changes.show_changes(sheet.changes)
        self._sign.setVisible(sheet.is_draft)
        self._sign.set_label(_("Signed") if sheet.signed else _("Sign"))
        signing = self.signing.isVisible()
        self._also.setVisible(sheet.is_draft and bool(sheet.also) and not signing)
        self.also.set_items(sheet.also)
        # A long order needs the room for its lines.
        self._last.setVisible(
            bool(sheet.last_orders) and len(sheet.lines) <= _ROOMY and not signing
        )
        self.last.set_facts(sheet.last_orders)
        self._submit.setVisible(sheet.is_draft)
        self._discard.setVisible(sheet.is_draft)
        self._copy.setVisible(not sheet.is_draft)
        self._call_back.setVisible(sheet.can_call_back)

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

    def mark_line(self, product_id: int) -> None:
        """Select a line; the keyboard stays where it is."""
        self.table.select_key(product_id)

    def show_gone(self, message: str, hint: str) -> None:
        """The order is no longer here."""
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
        badges = [self._sheet.badge]
        if self._sheet.is_draft:
            saved = BadgeItem(_("saved"), Tone.GOOD, "check")
            badges.append(saved if self._saved else BadgeItem(_("saving"), Tone.MUTED))
        if self._sheet.signed:
            badges.append(BadgeItem(self._sheet.signed, Tone.GOOD, "edit"))
        self._badges.set_items(badges)

    def _on_submit_wanted(self) -> None:
        # Leaving the field takes over what is being typed before the order is submitted.
        self.table.setFocus()
        self.presenter.submit()

    def _on_edited(self, key: int, _column: int, text: str) -> None:
        self._pause.stop()
        self.presenter.set_packs(key, text)

    def _on_typed(self, key: object, text: str) -> None:
        if isinstance(key, int):
            self._being_typed = (key, text)
            self._pause.start()

    def _on_typing_paused(self) -> None:
        self.presenter.type_packs(*self._being_typed)

    def _on_typing_given_up(self, key: object) -> None:
        self._pause.stop()
        if isinstance(key, int):
            self.presenter.stop_typing(key)

    def _on_discount_wanted(self, product_id: int) -> None:
        if self._sheet is not None and self._sheet.is_draft:
            self.discount.open_for(product_id, *self.presenter.discount_of(product_id))

    def _on_field_wanted(self, field: EntryLine) -> None:
        if self._sheet is not None and self._sheet.is_draft:
            field.setFocus()
            field.selectAll()
            self._scroll.ensureWidgetVisible(field)

    def _on_sign_wanted(self) -> None:
        if self._sheet is not None and self._sheet.is_draft:
            self._also.hide()
            self._last.hide()
            self.signing.open_for(self._sheet, self._sheet.signer)

    def _on_signing_left(self) -> None:
        self.signing.hide()
        self.table.setFocus()
        if self._sheet is not None:
            self.show_sheet(self._sheet)

    def _on_line(self, act: Callable[[int], None]) -> Callable[[], None]:
        def acted() -> None:
            product = self._current()
            if product is not None:
                act(product)

        return acted

    def _current(self) -> int | None:
        key = self.table.current_key()
        return key if isinstance(key, int) else None


def _hints() -> list[tuple[list[str], str]]:
    def one(*actions: str) -> tuple[list[str], str]:
        return [keys.hint(action) for action in actions], keys.title(actions[-1])

    return [
        one("order.previous", "order.next"),
        one("order.quantity"),
        one("order.pack"),
        one("order.discount"),
        one("order.remove"),
        one("order.close"),
        ([keys.hint("global.pdf")], _("PDF")),
        one("global.print"),
        one("global.undo"),
    ]


def build(context: PlaceContext) -> OrderPlace:
    """Make the place."""
    return OrderPlace(context)
