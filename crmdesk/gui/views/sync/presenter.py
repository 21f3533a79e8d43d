"""What the sync centre does, without Qt: reads, syncs now, settles what needs the person.

Owns the selected card and the running round. Wording is the model's; settling is
:mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import PlaceContext, RoundState
from crmdesk.gui.sync_words import RoundItem, round_item
from crmdesk.gui.views.sync.model import CentreItem, NeedItem, centre_item
from crmdesk.i18n import _, ngettext
from crmdesk.services import settling, undo
from crmdesk.services.queries import sync as queries
from crmdesk.services.queries.sync import SyncCentre


class SyncView(Protocol):
    """What the presenter asks of the widget."""

    def show_centre(self, item: CentreItem, selected: str) -> None:
        """Everything at once."""

    def show_round(self, item: RoundItem) -> None:
        """A round is running, has got further, or has ended."""


class SyncPresenter:
    """The logic of the sync centre."""

    def __init__(self, context: PlaceContext, view: SyncView) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.closed = False
        self._item: CentreItem | None = None
        self._selected = ""
        self._running = False
        self._forget: Callable[[], None] | None = None

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time, and follow the rounds."""
        self._forget = self._desk.rounds.listen(self._on_round_changed)
        self._read()

    def close(self) -> None:
        """Drop what is under way; a running round goes on without us."""
        self.closed = True
        if self._forget is not None:
            self._forget()

    def on_changes(self, _changes: ChangeSet) -> None:
        """Every change waits to be sent, so everything is read again."""
        self._read()

    def refresh(self) -> None:
        """Read again, because time has passed or the place was opened."""
        self._read()

    def _read(self) -> None:
        ws = self._ws
        self._runner.read(lambda: queries.sync_centre(ws), self._on_centre, owner=self)

    def _on_centre(self, centre: SyncCentre) -> None:
        now = self._ws.clock.local(self._ws.now())
        self._item = centre_item(centre, now, self._ws.currency)
        keys = [need.key for need in self._item.needs]
        if self._selected not in keys:
            self._selected = keys[0] if keys else ""
        self._view.show_centre(self._item, self._selected)

    # -------------------------------------------------------------------------------- syncing

    def try_now(self) -> None:
        """Sync at once; a second call while a round runs does nothing."""
        if self._item is not None and self._item.alone:
            self._desk.banner(
                _("This profile works alone; there is no HQ to sync with."),
                _("Join one from the first screen or with: crmdesk join."),
            )
            return
        self._desk.rounds.ask()

    def cancel(self) -> None:
        """Stop the running round; what was answered stays answered."""
        self._desk.rounds.cancel()

    def _on_round_changed(self, state: RoundState) -> None:
        ended = self._running and not state.running
        self._running = state.running
        self._view.show_round(round_item(state))
        if ended:
            self._read()

    # ------------------------------------------------------------------------------- settling

    def selected(self) -> NeedItem | None:
        """The card with the bar."""
        needs = () if self._item is None else self._item.needs
        return next((need for need in needs if need.key == self._selected), None)

    def select(self, key: str) -> None:
        """Move the bar to a card."""
        self._selected = key
        if self._item is not None:
            self._view.show_centre(self._item, key)

    def step(self, by: int) -> None:
        """Move the bar up or down."""
        needs = () if self._item is None else self._item.needs
        keys = [need.key for need in needs]
        if keys:
            place = keys.index(self._selected) + by if self._selected in keys else 0
            self.select(keys[min(max(place, 0), len(keys) - 1)])

    def fine(self, key: str = "") -> None:
        """The card is fine as it is."""
        need = self._need(key)
        if need is None:
            return
        ws = self._ws
        self._runner.write(
            lambda: settling.settle(ws, need.kind, need.ids),
            lambda _changes: self._desk.toast(
                _("{title}: fine as it is").format(title=need.title),
                undo=lambda: self._reopen(need),
            ),
            owner=self,
        )

    def _reopen(self, need: NeedItem) -> None:
        ws = self._ws
        self._runner.write(lambda: settling.reopen(ws, need.kind, need.ids), owner=self)

    def restore(self, conflict_id: int | None = None) -> None:
        """Put the other value of a field back; of all fields of the card without an id."""
        need = self.selected() if conflict_id is None else self._card_of(conflict_id)
        if need is None:
            return
        wanted = [
            field.conflict_id
            for field in need.fields
            if field.restorable and conflict_id in (None, field.conflict_id)
        ]
        if not wanted:
            return
        ws = self._ws

        def work() -> ChangeSet:
            changes = ChangeSet()
            for one in wanted:
                changes |= settling.restore_other(ws, one)
            return changes

        self._runner.write(
            work, lambda changes: self._on_restored(len(wanted), changes), owner=self
        )

    def _on_restored(self, count: int, changes: ChangeSet) -> None:
        words = ngettext("{count} value restored", "{count} values restored", count)
        txn = changes.undo if count == 1 else None
        if txn is None:
            self._desk.toast(words.format(count=count))
        else:
            self._desk.toast(words.format(count=count), undo=lambda: self._take_back(txn))

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(lambda: undo.undo(ws, txn), owner=self)

    def open(self, key: str = "") -> None:
        """Open what the card is about: the order that came back, or the customer."""
        need = self._need(key)
        if need is None:
            return
        if need.order_id is not None:
            self._desk.go("order", order=need.order_id)
        elif need.account_id is not None:
            self._desk.go("customer", account=need.account_id)

    def _need(self, key: str) -> NeedItem | None:
        needs = () if self._item is None else self._item.needs
        return next((need for need in needs if need.key == (key or self._selected)), None)

    def _card_of(self, conflict_id: int) -> NeedItem | None:
        needs = () if self._item is None else self._item.needs
        for need in needs:
            if any(field.conflict_id == conflict_id for field in need.fields):
                return need
        return None
