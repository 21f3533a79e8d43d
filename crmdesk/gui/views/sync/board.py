"""The right half of the sync centre: what needs the person, the proposals, what was settled.

Owns its layout: the chips that change between the three, the empty states, the line for a reason,
the buttons below the lists and the strip of keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.sync.cards import NeedCards
from crmdesk.gui.views.sync.choices import ChoiceList
from crmdesk.gui.views.sync.entry import EntryLine
from crmdesk.gui.views.sync.items import CentreItem, FieldItem, NeedItem
from crmdesk.gui.views.sync.presenter import NEEDS, PROPOSALS, SETTLED, Selection
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, Panel
from crmdesk.i18n import _, format_number, ngettext


def scrolled(content: QWidget) -> QScrollArea:
    """A scroll area without a ground of its own, its content at the top."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(content)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(holder)
    holder.setAutoFillBackground(False)
    area.viewport().setAutoFillBackground(False)
    return area


class NeedBoard(Panel):
    """One panel, three parts; what it shows is said by the presenter."""

    tab_chosen = Signal(str)
    reason_given = Signal(str)
    step_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(_("Need you"))
        self._tab = NEEDS
        self.reason: EntryLine | None = None
        self.cards = NeedCards(self)
        self.proposals = ChoiceList(_("Proposals"), picks=True, parent=self)
        self.settled = ChoiceList(_("What was settled"), picks=False, parent=self)
        self.body.addWidget(self._make_head())
        self.body.addWidget(HLine(self))
        self._stack = QStackedWidget(self)
        self._areas: dict[str, QScrollArea] = {}
        self._pages: dict[tuple[str, bool], QWidget] = {}
        parts: dict[str, QWidget] = {
            NEEDS: self.cards,
            PROPOSALS: self.proposals,
            SETTLED: self.settled,
        }
        for tab, content in parts.items():
            self._areas[tab] = scrolled(content)
            self._add_page(tab, self._areas[tab], empty=False)
        self._empty_proposals = EmptyState("check", "", "")
        self._add_page(NEEDS, self._nothing_needed(), empty=True)
        self._add_page(PROPOSALS, self._empty_proposals, empty=True)
        self._add_page(SETTLED, self._nothing_settled(), empty=True)
        self.body.addWidget(self._stack, 1)
        self._reason_room = QVBoxLayout()
        self._reason_room.setContentsMargins(0, 0, 0, 0)
        self.body.addLayout(self._reason_room)
        self.steps = self._make_actions()
        self.body.addWidget(self.steps)
        self.strip = KeyStrip([])
        self.add_foot(self.strip)

    def _add_page(self, tab: str, page: QWidget, *, empty: bool) -> None:
        self._stack.addWidget(page)
        self._pages[tab, empty] = page

    def _make_head(self) -> QWidget:
        head = QWidget(self)
        head.setFixedHeight(theme.scaled(t.PANEL_HEADER) - 1)
        self.chips = FilterChips([(NEEDS, _("Need you"))], _("What is shown"), head)
        self.chips.chosen.connect(self.tab_chosen)
        self._note = LineLabel(parent=head, right=True)
        row = QHBoxLayout(head)
        row.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, 0)
        row.setSpacing(t.SPACE_3)
        row.addWidget(self.chips, 3)
        row.addWidget(self._note, 2)
        return head

    @staticmethod
    def _nothing_needed() -> EmptyState:
        words = _(
            "When HQ refuses something, or somebody changed the same field, it stands "
            "here with both values. Nothing is ever lost."
        )
        return EmptyState("check", _("Nothing needs you"), words)

    @staticmethod
    def _nothing_settled() -> EmptyState:
        words = _("What you settle stands here for a month, and can be taken back.")
        return EmptyState("return", _("Nothing was settled in the last month"), words)

    def _make_actions(self) -> QWidget:
        bar = QWidget(self)
        column = QVBoxLayout(bar)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(HLine(bar))
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        row.setSpacing(t.SPACE_2)
        self._buttons = {
            "accept": self._button(bar, "accept", "filled"),
            "dismiss": self._button(bar, "dismiss"),
            "reopen": self._button(bar, "reopen"),
            "open": self._button(bar, "open"),
        }
        for button in self._buttons.values():
            row.addWidget(button)
        self._count = LineLabel(parent=bar, right=True)
        row.addWidget(self._count, 1)
        column.addLayout(row)
        return bar

    def _button(self, bar: QWidget, step: str, kind: str = "outline") -> KeyHintButton:
        action = f"sync.{step}"
        button = KeyHintButton(keys.title(action), keys.hint(action), kind=kind, parent=bar)
        button.clicked.connect(lambda _on=False: self.step_wanted.emit(step))
        return button

    # ------------------------------------------------------------------------------- showing

    def show_centre(self, item: CentreItem, selection: Selection) -> None:
        """Show the chosen part, and how much the others hold."""
        self._tab = tab = selection.tab
        self._show_tabs(item, tab)
        self.cards.set_items(item.needs)
        card = self.cards.select(selection.need, selection.field)
        self.proposals.show_items(
            item.proposals, selection.proposal, selection.picked, picks=item.decides
        )
        self.settled.show_items(item.settled, selection.settled, frozenset(), picks=False)
        self._say_no_proposals(decides=item.decides)
        counts = {NEEDS: item.needs, PROPOSALS: item.proposals, SETTLED: item.settled}
        is_empty = not counts[tab]
        self._stack.setCurrentWidget(self._pages[tab, is_empty])
        if card is not None and tab == NEEDS:
            self._areas[NEEDS].ensureWidgetVisible(card, 0, 0)
        self._keep_in_view(tab)
        self._show_actions(item, selection, is_empty=is_empty)
        self._show_keys(item, selection, is_empty=is_empty)

    def _show_tabs(self, item: CentreItem, tab: str) -> None:
        def titled(words: str, count: int) -> str:
            return f"{words} {format_number(count)}" if count else words

        choices = [(NEEDS, titled(_("Need you"), len(item.needs)))]
        if item.decides or item.proposals:
            words = _("Proposals") if item.decides else _("My proposals")
            choices.append((PROPOSALS, titled(words, len(item.proposals))))
        choices.append((SETTLED, titled(_("Settled"), len(item.settled))))
        self.chips.set_choices(choices)
        self.chips.choose(tab)
        notes = {
            NEEDS: _("newest first") if item.needs else "",
            PROPOSALS: _("oldest first") if item.proposals else "",
            SETTLED: item.summary if item.settled else "",
        }
        self._note.set_runs([Run(notes[tab], "muted", size=t.SIZE_SMALL)])

    def _say_no_proposals(self, *, decides: bool) -> None:
        words = _("What you would like to see changed in fields of the office stands here.")
        if decides:
            words = _(
                "When a rep changes a field that the office decides, such as a credit limit, it "
                "stands here: accept it, or say why not."
            )
        self._empty_proposals.set_words(_("No proposal waits"), words)

    def _keep_in_view(self, tab: str) -> None:
        lists = {PROPOSALS: self.proposals, SETTLED: self.settled}
        shown = lists.get(tab)
        if shown is not None and shown.part() >= 0:
            rect = shown.part_rect(shown.part())
            half = round(rect.height() / 2)
            self._areas[tab].ensureVisible(0, round(rect.center().y()), 0, half)

    def _show_actions(self, item: CentreItem, selection: Selection, *, is_empty: bool) -> None:
        tab = selection.tab
        self.steps.setVisible(tab != NEEDS and not is_empty)
        deciding = tab == PROPOSALS and item.decides
        self._buttons["accept"].setVisible(deciding)
        self._buttons["dismiss"].setVisible(deciding)
        self._buttons["reopen"].setVisible(tab == SETTLED)
        rows = item.proposals if tab == PROPOSALS else item.settled
        cursor = selection.proposal if tab == PROPOSALS else selection.settled
        row = next((one for one in rows if one.key == cursor), None)
        self._buttons["reopen"].setEnabled(row is not None and row.enabled)
        is_order = row is not None and row.order_id is not None
        words = _("Open the order") if is_order else _("Open the customer")
        self._buttons["open"].set_label(words)
        self._buttons["open"].setEnabled(row is not None and bool(is_order or row.account_id))
        picked = len(selection.picked)
        words = ngettext("{count} of {all} picked", "{count} of {all} picked", picked)
        words = words.format(count=picked, all=len(rows)) if deciding and picked else ""
        self._count.set_runs([Run(words, "muted")])

    def _show_keys(self, item: CentreItem, selection: Selection, *, is_empty: bool) -> None:
        tabs = ["sync.needs", "sync.proposals", "sync.settled"]
        if not (item.decides or item.proposals):
            tabs.remove("sync.proposals")
        tabs.remove({NEEDS: tabs[0], PROPOSALS: "sync.proposals"}.get(selection.tab, tabs[-1]))
        listed: list[tuple[Sequence[str], str]] = []
        walk = (keys.hint("sync.previous"), keys.hint("sync.next"))
        if not is_empty:
            listed.append((walk, keys.title("sync.next")))
        if selection.tab == NEEDS:
            card = next((need for need in item.needs if need.key == selection.need), None)
            listed += self._card_keys(card)
        elif selection.tab == PROPOSALS and item.decides and not is_empty:
            listed += [_listed("sync.pick"), _listed("sync.pick_all")]
        listed += [_listed(action) for action in tabs]
        listed.append(_listed("sync.details"))
        self.strip.set_items(listed)

    @staticmethod
    def _card_keys(card: NeedItem | None) -> list[tuple[Sequence[str], str]]:
        if card is None or len(card.restorable) < 2:
            return []
        both = (keys.hint("sync.field_before"), keys.hint("sync.field_next"))
        return [(both, keys.title("sync.field_next")), _listed("sync.restore")]

    # -------------------------------------------------------------------------------- typing

    def ask_value(self, key: str, field: FieldItem) -> None:
        """Have another value typed into a card, all of it in view."""
        self.cards.ask(key, field)
        # The line gets its room with the next layout.
        QTimer.singleShot(0, self, self._show_entry)

    def _show_entry(self) -> None:
        entry = self.cards.entry()
        if entry is not None:
            self._areas[NEEDS].ensureWidgetVisible(entry, 0, t.SPACE_3)

    def ask_reason(self, title: str) -> None:
        """Have a reason typed below the list."""
        self.close_reason()
        self.reason = EntryLine(title, keys.title("sync.dismiss"), "", self)
        self.reason.given.connect(self.reason_given)
        self.reason.dropped.connect(self.close_reason)
        self._reason_room.addWidget(self.reason)
        self.steps.hide()
        self.reason.begin()

    def close_reason(self) -> None:
        """Take the line away again."""
        if self.reason is not None:
            self._reason_room.removeWidget(self.reason)
            self.reason.hide()
            self.reason.deleteLater()
            self.reason = None
            self.steps.setVisible(self._tab != NEEDS)

    def entry(self) -> EntryLine | None:
        """The line that is typed into, in a card or below the list."""
        return self.reason or self.cards.entry()


def _listed(action: str) -> tuple[Sequence[str], str]:
    return (keys.hint(action),), keys.title(action)
