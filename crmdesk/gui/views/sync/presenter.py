"""What the sync centre does, without Qt: reads, syncs now, settles what needs the person.

Owns the selected card and the running round. Wording is the model's; settling is
:mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Unreachable
from crmdesk.gui.jobs import Control, Report
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.sync.model import CentreItem, NeedItem, centre_item
from crmdesk.i18n import _, ngettext
from crmdesk.services import settling, undo
from crmdesk.services.queries import sync as queries
from crmdesk.services.queries.sync import SyncCentre

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

SyncWork = Callable[["Workspace", Control], ChangeSet]


class SyncView(Protocol):
    """What the presenter asks of the widget."""

    def show_centre(self, item: CentreItem, selected: str) -> None:
        """Everything at once."""

    def show_progress(self, words: str, done: int, total: int) -> None:
        """A round is running."""

    def hide_progress(self) -> None:
        """No round is running."""


def sync_work(ws: Workspace, control: Control) -> ChangeSet:
    """One round of sync with progress; imports the network when first used."""
    from crmdesk.sync.client import sync_once

    stages = {"push": _("Sending"), "pull": _("Receiving"), "apply": _("Taking over")}

    def progress(stage: str, done: int, total: int) -> None:
        control.report(done, total, stages.get(stage, _("Syncing")))

    report = sync_once(ws.database, progress=progress, cancelled=lambda: control.cancelled)
    return report.changes


class SyncPresenter:
    """The logic of the sync centre."""

    def __init__(self, context: PlaceContext, view: SyncView, work: SyncWork = sync_work) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._work = work
        self.closed = False
        self._item: CentreItem | None = None
        self._selected = ""
        self._control: Control | None = None

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read()

    def close(self) -> None:
        """Drop what is under way; a running round is stopped."""
        self.closed = True
        if self._control is not None:
            self._control.cancel()
            self._desk.sync_round(running=False)

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
        if self._control is not None:
            return
        if self._item is not None and self._item.alone:
            self._desk.banner(
                _("This profile works alone; there is no HQ to sync with."),
                _("Join one from the first screen or with: crmdesk join."),
            )
            return
        ws, control = self._ws, Control()
        self._control = control
        self._desk.sync_round(running=True)
        self._view.show_progress(_("Syncing"), 0, 0)
        self._runner.network(
            lambda: self._work(ws, control),
            lambda _changes: self._on_synced(None),
            self._on_synced,
            owner=self,
            control=control,
            progressed=self._on_progressed,
        )

    def cancel(self) -> None:
        """Stop the running round; what was answered stays answered."""
        if self._control is not None:
            self._control.cancel()
            self._on_synced(None)

    def _on_progressed(self, report: Report) -> None:
        self._view.show_progress(report.text or _("Syncing"), report.done, report.total)

    def _on_synced(self, error: Exception | None) -> None:
        self._control = None
        self._desk.sync_round(running=False)
        self._view.hide_progress()
        self._read()
        if isinstance(error, Unreachable):
            self._desk.banner(error.message, error.hint, tone="accent")
        elif error is not None:
            self._desk.fail(error)

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
