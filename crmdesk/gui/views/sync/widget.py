"""The sync centre's widget: figures, what waits, what needs the person, the last rounds.

Owns layout, keys and passing intents to the presenter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.sync_words import RoundItem
from crmdesk.gui.views.sync.cards import NeedCards
from crmdesk.gui.views.sync.lists import LineList, TileStrip
from crmdesk.gui.views.sync.model import CentreItem
from crmdesk.gui.views.sync.presenter import SyncPresenter
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState, ProgressLine
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.i18n import _, format_number, ngettext

REFRESH_MS = 30_000
PATIENCE_MS = 300
LEFT_WIDTH = 404


def build(context: PlaceContext) -> SyncPlace:
    """The place, for the shell."""
    return SyncPlace(context)


def scrolled(content: QWidget) -> QScrollArea:
    """A scroll area without a ground of its own."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    content.setAutoFillBackground(False)
    area.viewport().setAutoFillBackground(False)
    return area


class SyncPlace(QWidget):
    """Last consistent time first, then what waits, then what needs the person."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = SyncPresenter(context, self)
        self._heading = PageHeader(_("Sync centre"), self)
        self._try = KeyHintButton(keys.title("sync.try"), keys.hint("sync.try"), parent=self)
        self._try.clicked.connect(self.presenter.try_now)
        self._progress = ProgressLine(self, key=keys.hint("sync.cancel"))
        self._progress.cancelled.connect(self.presenter.cancel)
        self._progress.hide()
        self._patience = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(self._progress.show)
        # In the heading: it comes and goes without moving what stands below.
        self._heading.add_action(self._progress)
        self._heading.add_action(self._try)
        self.tiles = TileStrip(self)
        self.waiting = LineList(_("Waiting to send"), self)
        self.sessions = LineList(_("Last sessions"), self)
        self.cards = NeedCards(self)
        columns = QHBoxLayout()
        columns.setSpacing(t.SPACE_3)
        columns.addWidget(self._make_left())
        columns.addWidget(self._make_right(), 1)
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
        left.setFixedWidth(theme.scaled(LEFT_WIDTH))
        self._waiting_panel = Panel(_("Waiting to send"), parent=left)
        if self._waiting_panel.header is not None:
            note = LineLabel([Run(_("sent in this order"), "muted", size=t.SIZE_SMALL)], right=True)
            self._waiting_panel.header.add_right(note)
        self._waiting_stack = QStackedWidget(self._waiting_panel)
        self._waiting_stack.addWidget(scrolled(_top(self.waiting)))
        self._no_waiting = EmptyState("check", "", "")
        self._waiting_stack.addWidget(self._no_waiting)
        self._waiting_panel.body.addWidget(self._waiting_stack)
        sessions = Panel(_("Last sessions"), parent=left)
        self._sessions_stack = QStackedWidget(sessions)
        self._sessions_stack.addWidget(scrolled(_top(self.sessions)))
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

    def _make_right(self) -> QWidget:
        self._need_panel = Panel(_("Need you"), parent=self)
        strip = KeyStrip(
            [
                ((keys.hint("sync.previous"), keys.hint("sync.next")), keys.title("sync.next")),
                ((keys.hint("sync.restore"),), keys.title("sync.restore")),
                ((keys.hint("sync.fine"),), keys.title("sync.fine")),
            ]
        )
        strip.setMinimumWidth(theme.scaled(400))
        strip.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._strip = strip
        if self._need_panel.header is not None:
            self._need_panel.header.add_right(strip)
        self._area = scrolled(self.cards)
        self._need_stack = QStackedWidget(self._need_panel)
        self._need_stack.addWidget(self._area)
        self._need_stack.addWidget(
            EmptyState(
                "check",
                _("Nothing needs you"),
                _(
                    "When HQ refuses something, or somebody changed the same field, it stands "
                    "here with both values. Nothing is ever lost."
                ),
            )
        )
        self._need_panel.body.addWidget(self._need_stack)
        foot = QWidget(self._need_panel)
        row = QHBoxLayout(foot)
        row.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        self._settled = LineLabel(parent=foot)
        row.addWidget(self._settled, 1)
        self._need_panel.add_foot(foot)
        return self._need_panel

    def _bind(self) -> None:
        self.cards.chosen.connect(self.presenter.select)
        self.cards.fine_wanted.connect(self.presenter.fine)
        self.cards.open_wanted.connect(self.presenter.open)
        self.cards.restore_wanted.connect(self.presenter.restore)
        for action, slot in (
            ("sync.try", self.presenter.try_now),
            ("sync.cancel", self.presenter.cancel),
            ("sync.fine", self.presenter.fine),
            ("sync.restore", self.presenter.restore),
            ("sync.open", self.presenter.open),
            ("sync.previous", lambda: self.presenter.step(-1)),
            ("sync.next", lambda: self.presenter.step(1)),
        ):
            keys.bind(self, action, slot)

    def show_target(self, _args: Mapping[str, Any]) -> None:
        """The place is opened: show what is true now."""
        self.presenter.refresh()

    # ------------------------------------------------------------------- what the presenter says

    def show_centre(self, item: CentreItem, selected: str) -> None:
        self._show_empty(alone=item.alone)
        self._heading.set_title(_("Sync centre"), [Run(item.subtitle, "muted")])
        self._try.setVisible(not item.alone)
        self.tiles.set_items(item.tiles)
        self.waiting.set_items(item.waiting)
        self._waiting_panel.set_title(
            _("Waiting to send"), format_number(item.waiting_count) if item.waiting_count else ""
        )
        self._waiting_stack.setCurrentIndex(0 if item.waiting else 1)
        self.sessions.set_items(item.sessions)
        self._sessions_stack.setCurrentIndex(0 if item.sessions else 1)
        self._footnote.setText(item.footnote)
        self.cards.set_items(item.needs)
        card = self.cards.select(selected)
        if card is not None:
            self._area.ensureWidgetVisible(card, 0, 0)
        self._need_stack.setCurrentIndex(0 if item.needs else 1)
        self._strip.setVisible(bool(item.needs))
        count = len(item.needs)
        note = ngettext("{count}, newest first", "{count}, newest first", count)
        self._need_panel.set_title(_("Need you"), note.format(count=count) if count else "")
        self._settled.set_runs([Run(item.settled, "muted")])

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
        self._try.setEnabled(not item.running)
        if item.running and not self._progress.isVisible():
            # A round of a moment is not worth a word: the line comes when it takes longer.
            if not self._patience.isActive():
                self._patience.start()
        elif not item.running:
            self._patience.stop()
            self._progress.hide()
        self._progress.show_progress(item.words, item.done, item.total)
        self._progress.set_stopping(stopping=item.stopping)


def _top(content: QWidget) -> QWidget:
    """The content at the top of whatever room there is."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(content)
    column.addStretch(1)
    return holder
