"""The sync centre's widget: figures, what waits, the last rounds, and beside them the board.

Owns layout, keys and passing intents to the presenter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sync_words import RoundItem
from crmdesk.gui.views.sync.board import NeedBoard, scrolled
from crmdesk.gui.views.sync.items import CentreItem, FieldItem
from crmdesk.gui.views.sync.lists import LineList, TileStrip
from crmdesk.gui.views.sync.posting import FilePost
from crmdesk.gui.views.sync.presenter import (
    NEEDS,
    PROPOSALS,
    SETTLED,
    Selection,
    SyncPresenter,
)
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState, ProgressLine
from crmdesk.gui.widgets.panels import PageHeader, Panel
from crmdesk.i18n import _, format_number

REFRESH_MS = 30_000
PATIENCE_MS = 300
LEFT_WIDTH = 404


def build(context: PlaceContext) -> SyncPlace:
    """The place, for the shell."""
    return SyncPlace(context)


class SyncPlace(QWidget):
    """Last consistent time first, then what waits, then what needs the person."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = SyncPresenter(context, self)
        self._item: CentreItem | None = None
        self._round = RoundItem()
        self._heading = PageHeader(_("Sync centre"), self)
        self._try = KeyHintButton(keys.title("sync.try"), keys.hint("sync.try"), parent=self)
        self._try.clicked.connect(self.presenter.try_now)
        self.progress = ProgressLine(self, key=keys.hint("sync.cancel"))
        self.progress.cancelled.connect(self.presenter.cancel)
        self.progress.hide()
        self._patience = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(self._show_progress)
        # In the heading: it comes and goes without moving what stands below.
        self._heading.add_action(self.progress)
        self._heading.add_action(self._try)
        self.tiles = TileStrip(self)
        self.post = FilePost(context, self.presenter, self)
        self.waiting = LineList(_("Waiting to send"), self)
        self.sessions = LineList(_("Last sessions"), self)
        self.board = NeedBoard(self)
        self.cards = self.board.cards
        columns = QHBoxLayout()
        columns.setSpacing(t.SPACE_3)
        columns.addWidget(self._make_left())
        columns.addWidget(self.board, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_3, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._heading)
        column.addWidget(self.tiles)
        column.addLayout(columns, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._bind()
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self.presenter.refresh)
        self._timer.start()

    def _make_left(self) -> QWidget:
        left = QWidget(self)
        theme.fix_width(left, LEFT_WIDTH)
        self._waiting_panel = Panel(_("Waiting to send"), parent=left)
        if self._waiting_panel.header is not None:
            note = LineLabel([Run(_("sent in this order"), "muted", size=t.SIZE_SMALL)], right=True)
            self._waiting_panel.header.add_right(note)
        self._waiting_stack = QStackedWidget(self._waiting_panel)
        self._waiting_stack.addWidget(scrolled(self.waiting))
        self._no_waiting = EmptyState("check", "", "")
        self._waiting_stack.addWidget(self._no_waiting)
        self._waiting_panel.body.addWidget(self._waiting_stack)
        self._waiting_panel.add_foot(self.post)
        sessions = Panel(_("Last sessions"), parent=left)
        self._sessions_stack = QStackedWidget(sessions)
        self._sessions_stack.addWidget(scrolled(self.sessions))
        self._no_sessions = EmptyState("sync", "", "")
        self._sessions_stack.addWidget(self._no_sessions)
        sessions.body.addWidget(self._sessions_stack)
        self._footnote = TextLabel("", ink="muted", size=t.SIZE_SMALL, wrap=True, parent=sessions)
        self._footnote.setMargin(t.SPACE_3)
        sessions.add_foot(self._footnote)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._waiting_panel, 11)
        column.addWidget(sessions, 10)
        return left

    def _bind(self) -> None:
        presenter, choosing, board = self.presenter, self.presenter.choosing, self.board
        board.tab_chosen.connect(presenter.show_tab)
        board.reason_given.connect(choosing.reason_given)
        board.step_wanted.connect(self._on_step_wanted)
        board.proposals.chosen.connect(lambda key: choosing.select(PROPOSALS, key))
        board.proposals.pick_wanted.connect(self._on_pick_wanted)
        board.settled.chosen.connect(lambda key: choosing.select(SETTLED, key))
        board.cards.chosen.connect(presenter.select)
        board.cards.wanted.connect(self._on_card_step_wanted)
        board.cards.kept.connect(presenter.keep)
        board.cards.value_given.connect(presenter.value_given)
        board.cards.entry_closed.connect(self._take_keyboard)
        slots: dict[str, Callable[[], object]] = {
            "sync.try": presenter.try_now,
            "sync.cancel": presenter.cancel,
            "sync.write_file": lambda: self._by_file(self.post.ask_write),
            "sync.take_file": lambda: self._by_file(self.post.ask_take),
            "sync.fine": presenter.fine,
            "sync.restore": presenter.restore,
            "sync.open": presenter.open,
            "sync.retry": presenter.retry,
            "sync.mine": lambda: presenter.keep("mine"),
            "sync.theirs": lambda: presenter.keep("theirs"),
            "sync.other": presenter.other_value,
            "sync.previous": lambda: presenter.step(-1),
            "sync.next": lambda: presenter.step(1),
            "sync.field_before": lambda: presenter.step_field(-1),
            "sync.field_next": lambda: presenter.step_field(1),
            "sync.needs": lambda: presenter.show_tab(NEEDS),
            "sync.proposals": lambda: presenter.show_tab(PROPOSALS),
            "sync.settled": lambda: presenter.show_tab(SETTLED),
            "sync.pick": lambda: self._on_tab(PROPOSALS, choosing.pick),
            "sync.pick_all": lambda: self._on_tab(PROPOSALS, choosing.pick_all),
            "sync.accept": lambda: self._on_tab(PROPOSALS, choosing.accept),
            "sync.dismiss": lambda: self._on_tab(PROPOSALS, choosing.dismiss),
            "sync.reopen": lambda: self._on_tab(SETTLED, choosing.reopen),
            "sync.details": self.sessions.toggle,
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    def _on_tab(self, tab: str, step: Callable[[], object]) -> None:
        """A key of one part does nothing while another one is shown."""
        if self.presenter.selection().tab == tab:
            step()

    def _by_file(self, step: Callable[[], None]) -> None:
        """Files are for who has an HQ."""
        if self._item is not None and not self._item.alone:
            step()

    def _on_step_wanted(self, step: str) -> None:
        choosing = self.presenter.choosing
        steps: dict[str, Callable[[], object]] = {
            "accept": choosing.accept,
            "dismiss": choosing.dismiss,
            "reopen": choosing.reopen,
            "open": self.presenter.open,
        }
        steps[step]()

    def _on_card_step_wanted(self, step: str, key: str) -> None:
        self.presenter.select(key)
        steps: dict[str, Callable[[], object]] = {
            "open": self.presenter.open,
            "retry": self.presenter.retry,
            "fine": self.presenter.fine,
            "other": self.presenter.other_value,
        }
        steps[step]()

    def _on_pick_wanted(self, key: str) -> None:
        choosing = self.presenter.choosing
        choosing.select(PROPOSALS, key)
        choosing.pick()

    def _take_keyboard(self) -> None:
        """The keys are the place's again once something has been typed."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """The place is opened, perhaps at one of its parts: show what is true now."""
        if "tab" in args:
            self.presenter.show_tab(str(args["tab"]))
        if self.board.entry() is None:
            self.presenter.begin()
        else:
            self.presenter.refresh()

    # ------------------------------------------------------------------- what the presenter says

    def show_centre(self, item: CentreItem, selection: Selection) -> None:
        self._item = item
        self._show_empty(alone=item.alone)
        self._heading.set_title(_("Sync centre"), [Run(item.subtitle, "muted")])
        self._try.setVisible(not item.alone)
        self.post.setVisible(not item.alone)
        self._show_tiles()
        self.waiting.set_items(item.waiting)
        self._waiting_panel.set_title(
            _("Waiting to send"), format_number(item.waiting_count) if item.waiting_count else ""
        )
        self._waiting_stack.setCurrentIndex(0 if item.waiting else 1)
        self.sessions.set_items(item.sessions)
        self._sessions_stack.setCurrentIndex(0 if item.sessions else 1)
        self._footnote.setText(item.footnote)
        self.board.show_centre(item, selection)

    def _show_tiles(self) -> None:
        """The figures; beside a missing connection stands when it is tried again."""
        if self._item is not None:
            self.tiles.set_items(self._item.tiles_with(self._round.next_try))

    def _show_empty(self, *, alone: bool) -> None:
        if alone:
            words = _("This profile works alone: what you type stays here and is backed up here.")
            self._no_waiting.set_words(_("Nothing to send"), words)
            words = _("Join an HQ, and every round of sync is listed here.")
        else:
            words = _("Everything you typed has reached HQ.")
            self._no_waiting.set_words(_("Nothing is waiting"), words)
            words = _("The first one begins by itself once HQ answers.")
        self._no_sessions.set_words(_("No session yet"), words)

    def show_round(self, item: RoundItem) -> None:
        self._round = item
        self._try.setEnabled(not item.running)
        if not item.running:
            self._patience.stop()
            self.progress.hide()
            self._show_tiles()
        elif self.progress.isHidden() and not self._patience.isActive():
            # A round of a moment is not worth a word: the line comes when it takes longer.
            self._patience.start()
        self.progress.show_progress(item.words, item.done, item.total)
        self.progress.set_stopping(stopping=item.stopping)

    def _show_progress(self) -> None:
        if self._round.running:
            self.progress.show()

    def ask_value(self, key: str, field: FieldItem) -> None:
        self.board.ask_value(key, field)

    def ask_reason(self, title: str) -> None:
        self.board.ask_reason(title)

    def entry_done(self) -> None:
        had_one = self.board.entry() is not None
        self.board.close_reason()
        self.cards.close_entry()
        if had_one:
            self._take_keyboard()

    def complain(self, words: str) -> None:
        entry = self.board.entry()
        if entry is not None:
            entry.complain(words)
