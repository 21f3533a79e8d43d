"""The inbox on the screen: heading with the steps, chips, the list, the order beside it.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.keyed_list import ChipItem
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.inbox.items import GroupItem, Narrowing, PreviewItem, Question, Steps
from crmdesk.gui.views.inbox.model import OrdersModel, heading
from crmdesk.gui.views.inbox.presenter import InboxPresenter
from crmdesk.gui.views.inbox.preview import PreviewPanel
from crmdesk.gui.views.inbox.words import group_words
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.customer_picker import CustomerPicker
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.listpanel import ListPanel
from crmdesk.gui.widgets.panels import PageHeader
from crmdesk.i18n import _, format_number
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.inbox import InboxRow
from crmdesk.services.queries.order import FoundProduct

_ROW = 45
_FILLED = ("accept", "ship", "invoice")
"""Of these only one fits a row: it is the one filled button."""

_FOOT = (
    "inbox.pick", "inbox.card", "inbox.new", "inbox.cover", "inbox.sheet", "inbox.keep_price",
)  # fmt: skip


class InboxPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = InboxPresenter(context, self)
        self._today = context.workspace.today
        self._currency = context.workspace.currency
        self._settings = context.settings
        self._narrowing = Narrowing((), ())
        self._editing = False
        self._build()
        self._bind()
        self.setFocusProxy(self.table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``group``: which chip; ``order``: which row; ``new``: key an order at once."""
        if "group" in args:
            self.chips.choose(str(args["group"]))
            self.presenter.choose_group(str(args["group"]))
        if "order" in args:
            self.table.select_key(int(args["order"]))
        if args.get("new"):
            self.picker.open()

    def paper(self) -> Wanted | None:
        """The order that the bar is on, for paper, files and mail."""
        key = self.table.current_key()
        return Wanted("order", key) if isinstance(key, int) else None

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Inbox"), self)
        self.search = SearchField(
            _("Number, customer"), keys.hint("inbox.filter"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 180)
        self._who = KeyHintButton(
            _("Everybody"), keys.hint("inbox.rep"), kind="quiet", icon="filter", parent=self
        )
        self._header.add_action(self.search)
        self._header.add_action(self._who)
        self._buttons: dict[str, KeyHintButton] = {}
        for name in ("reopen", "alter", "reject", "invoice", "ship", "accept"):
            kind = "filled" if name in _FILLED else "outline"
            button = KeyHintButton(
                keys.title(f"inbox.{name}"), keys.hint(f"inbox.{name}"), kind=kind, parent=self
            )
            button.hide()
            self._buttons[name] = button
            self._header.add_action(button)
        column.addWidget(self._header)
        self.picker = CustomerPicker(self, title=_("Order by phone"))
        self.picker.hide()
        column.addWidget(self.picker)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._list_panel(), 11)
        self.preview = PreviewPanel(self._currency, self)
        self.preview.hide()
        row.addWidget(self.preview, 10)
        column.addLayout(row, 1)

    def _list_panel(self) -> ListPanel:
        words = group_words()
        self.model = OrdersModel(self._today, self._currency, self)
        panel = self._panel = ListPanel(
            self.model,
            _("Orders that came in"),
            name="inbox",
            chips=[(group, words[group]) for group in words],
            sorted_by=(-1, Qt.SortOrder.AscendingOrder),
            foot=_FOOT,
            settings=self._settings,
            parent=self,
        )
        self.chips, self.table = panel.chips, panel.table
        self.table.set_row_height(_ROW)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.chips.chosen.connect(presenter.choose_group)
        self.search.searched.connect(presenter.search)
        self._panel.follow(self.search)
        self.table.current_key_changed.connect(self._on_current_changed)
        self.table.opened.connect(lambda _key: presenter.open_customer())
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.model.picked_changed.connect(self._on_picked_changed)
        self.preview.typed.connect(presenter.altering.set_packs)
        self.preview.finder.searched.connect(presenter.altering.find)
        self.preview.finder.chosen.connect(self._on_product_chosen)
        self.preview.finder.left.connect(self.preview.lines.setFocus)
        self.preview.ask.given.connect(presenter.answer)
        self.preview.ask.left.connect(presenter.leave)
        self.picker.serve(presenter.customers.find, presenter.key_order, self.table.setFocus)
        self._who.clicked.connect(self._on_who_wanted)
        slots: dict[str, Callable[[], object]] = {
            "inbox.accept": presenter.accept,
            "inbox.reject": presenter.reject,
            "inbox.alter": presenter.alter,
            "inbox.ship": presenter.ship,
            "inbox.invoice": presenter.invoice,
            "inbox.reopen": presenter.reopen,
            "inbox.sheet": presenter.open_order,
            "inbox.keep_price": presenter.keep_price,
            "inbox.leave": self._on_left,
            "inbox.save": presenter.altering.save,
            "inbox.drop": self._on_dropped,
            "inbox.add": self._on_add_wanted,
            "inbox.sooner": lambda: presenter.altering.move_day(-1),
            "inbox.later": lambda: presenter.altering.move_day(1),
            "inbox.filter": self.search.setFocus,
            "inbox.rep": self._on_who_wanted,
            "inbox.new": self.picker.open,
            "inbox.cover": presenter.open_cover,
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)
        for name, button in self._buttons.items():
            button.clicked.connect(slots[f"inbox.{name}"])

    # ------------------------------------------------------------------- the presenter's view

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Inbox"), [Run(facts, "muted")])

    def show_chips(self, chips: Sequence[ChipItem]) -> None:
        """Show the groups with their counts."""
        self._panel.show_chips(chips)

    def show_narrowing(self, narrowing: Narrowing) -> None:
        """Show what the list is narrowed to."""
        self._narrowing = narrowing
        chosen = [c.name for c in narrowing.reps if c.id == narrowing.rep_id]
        chosen += [c.name for c in narrowing.territories if c.id == narrowing.territory_id]
        self._who.set_label(" · ".join(chosen) or _("Everybody"))

    def show_entries(
        self, entries: Sequence[int | GroupItem], rows: Mapping[int, InboxRow]
    ) -> None:
        """Show orders and the headings between them."""
        shown = [heading(e) if isinstance(e, GroupItem) else e for e in entries]
        self._panel.show_keys(shown, rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._panel.show_empty(title, hint)

    def show_preview(self, item: PreviewItem | None) -> None:
        """Show the order beside the list."""
        self.preview.show_preview(item)

    def show_steps(self, steps: Steps) -> None:
        """Show the steps that fit."""
        for name, button in self._buttons.items():
            label = getattr(steps, name)
            button.setVisible(bool(label))
            if label:
                action = "inbox.save" if name == "accept" and self._editing else f"inbox.{name}"
                button.set_label(label, keys.hint(action))

    def show_editing(self, *, on: bool) -> None:
        """Let the quantities be typed, or not."""
        self._editing = on
        self.preview.show_editing(on=on)
        if not on:
            self.table.setFocus()

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""
        self.preview.finder.show_found(found)

    def ask(self, question: Question) -> None:
        """Ask something in place."""
        self.preview.ask.ask(question)

    def complain(self, problem: str) -> None:
        """Say what is wrong with the answer."""
        self.preview.ask.complain(problem)

    def close_question(self) -> None:
        """The question has been answered or left."""
        self.preview.ask.hide()
        (self.preview.lines if self._editing else self.table).setFocus()

    def clear_picks(self) -> None:
        """Nothing is picked any more."""
        self.model.set_picked(self.model.picked(), picked=False)

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that an order can be keyed for."""
        self.picker.show_matches(rows)

    # --------------------------------------------------------------------------------- input

    def _on_current_changed(self, key: object) -> None:
        self.presenter.select(key if isinstance(key, int) else None)
        if key is not None and key == self.model.shown_keys()[-1]:
            self.presenter.more()

    def _on_picked_changed(self) -> None:
        self.presenter.pick([key for key in self.model.picked() if isinstance(key, int)])

    def _on_add_wanted(self) -> None:
        if self._editing:
            self.preview.finder.field.setFocus()

    def _on_product_chosen(self, found: FoundProduct) -> None:
        self.preview.finder.close_matches()
        self.presenter.altering.add(found)
        self.preview.lines.setFocus()
        self.preview.lines.select_key(found.product_id)

    def _on_dropped(self) -> None:
        key = self.preview.lines.current_key()
        if isinstance(key, int):
            self.presenter.altering.drop(key)

    def _on_scrolled(self, place: int) -> None:
        bar = self.table.verticalScrollBar()
        if bar.maximum() and place == bar.maximum():
            self.presenter.more()

    def _on_left(self) -> None:
        self.presenter.leave()

    def _on_who_wanted(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Everybody")).triggered.connect(
            lambda _on=False: self.presenter.show_all()
        )
        for choices, choose in (
            (self._narrowing.reps, self.presenter.choose_rep),
            (self._narrowing.territories, self.presenter.choose_territory),
        ):
            menu.addSeparator()
            for choice in choices:
                entry = menu.addAction(f"{choice.name}\t{format_number(choice.count)}")
                entry.triggered.connect(lambda _on=False, choose=choose, key=choice.id: choose(key))
        corner = self._who.mapToGlobal(self._who.rect().bottomLeft())
        menu.popup(QPoint(corner.x(), corner.y() + t.SPACE_1))


def build(context: PlaceContext) -> InboxPlace:
    """Make the place."""
    return InboxPlace(context)
