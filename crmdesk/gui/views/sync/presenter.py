"""What the sync centre does, without Qt: reads, syncs now, settles what needs the person.

Owns which part is shown, the selected card and its field, and following the rounds. The lists of
proposals and settled things are :mod:`crmdesk.gui.views.sync.choosing`'s; wording is the model's;
settling is :mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.presenting import PlaceContext, RoundState
from crmdesk.gui.sync_words import RoundItem, round_item
from crmdesk.gui.views.sync.choosing import Chooser
from crmdesk.gui.views.sync.items import CentreItem, FieldItem, NeedItem
from crmdesk.gui.views.sync.model import centre_item
from crmdesk.i18n import _, ngettext
from crmdesk.services import attachments, orders, resolving, settling
from crmdesk.services.queries import sync as queries
from crmdesk.services.queries.sync import SyncCentre

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

NEEDS, PROPOSALS, SETTLED = "needs", "proposals", "settled"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected: the part shown, the card and its field, the rows of both lists."""

    tab: str = NEEDS
    need: str = ""
    field: int = 0
    proposal: str = ""
    picked: frozenset[str] = frozenset()
    settled: str = ""


class SyncView(Protocol):
    """What the presenter asks of the widget."""

    def show_centre(self, item: CentreItem, selection: Selection) -> None:
        """Everything at once."""

    def show_round(self, item: RoundItem) -> None:
        """A round is running, has got further, or has ended."""

    def ask_value(self, key: str, field: FieldItem) -> None:
        """Have another value typed into a field of a card, in place."""

    def ask_reason(self, title: str) -> None:
        """Have the reason of a dismissal typed, in place."""

    def entry_done(self) -> None:
        """What was typed has been taken."""

    def complain(self, words: str) -> None:
        """What was typed cannot be taken; it stays to be mended."""


class SyncPresenter:
    """The logic of the sync centre."""

    def __init__(self, context: PlaceContext, view: SyncView) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.closed = False
        self.choosing = Chooser(context, view, self)
        self._item: CentreItem | None = None
        self._tab = ""
        self._selected = ""
        self._field = 0
        self._running = False
        self._forget: Callable[[], None] | None = None

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time, and follow the rounds."""
        self._forget = self._desk.rounds.listen(self._on_round_changed)
        self._view.show_round(round_item(self._desk.rounds.state))
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

    def begin(self) -> None:
        """The place is opened: the newest card is selected, whatever was before."""
        self._selected = ""
        self._read()

    def _read(self) -> None:
        ws = self._ws
        self._runner.read(lambda: queries.sync_centre(ws), self._on_centre, owner=self)

    def _on_centre(self, centre: SyncCentre) -> None:
        now = self._ws.clock.local(self._ws.now())
        item = self._item = centre_item(centre, now, self._ws.currency)
        keys = [need.key for need in item.needs]
        if self._selected not in keys:
            self._selected, self._field = (keys[0] if keys else ""), 0
        self.choosing.take(item)
        if not self._tab:
            # Who decides proposals and needs nothing else begins with them.
            waits = item.decides and item.proposals and not item.needs
            self._tab = PROPOSALS if waits else NEEDS
        self.show()

    def show(self) -> None:
        """Show again what is known, with what is selected."""
        if self._item is not None:
            self._view.show_centre(self._item, self.selection())

    def selection(self) -> Selection:
        """What is selected now."""
        choosing = self.choosing
        return Selection(
            self._tab or NEEDS, self._selected, self._field, choosing.cursor(PROPOSALS),
            frozenset(choosing.picked), choosing.cursor(SETTLED),
        )  # fmt: skip

    def show_tab(self, tab: str) -> None:
        """Show what needs the person, the proposals, or what was settled."""
        self._tab = tab
        self.show()

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

    # ------------------------------------------------------------------------------ selecting

    def selected(self) -> NeedItem | None:
        """The card with the bar, while cards are shown."""
        return self._need(self._selected) if self._tab == NEEDS else None

    def select(self, key: str) -> None:
        """Move the bar to a card."""
        if key != self._selected:
            self._selected, self._field = key, 0
        self.show()

    def step(self, by: int) -> None:
        """Move the bar, or the row of the list shown, up or down."""
        if self._tab != NEEDS:
            self.choosing.step(self._tab, by)
            return
        needs = () if self._item is None else self._item.needs
        keys = [need.key for need in needs]
        if keys:
            place = keys.index(self._selected) + by if self._selected in keys else 0
            self.select(keys[min(max(place, 0), len(keys) - 1)])

    def step_field(self, by: int) -> None:
        """Move to another field of the selected card."""
        need = self.selected()
        if need is not None and need.restorable:
            self._field = min(max(self._field + by, 0), len(need.restorable) - 1)
            self.show()

    def _current_field(self, need: NeedItem | None) -> FieldItem | None:
        fields = () if need is None else need.restorable
        return fields[min(self._field, len(fields) - 1)] if fields else None

    # ------------------------------------------------------------------------------- settling

    def fine(self, key: str = "") -> None:
        """The card is fine as it is; in the lists, open what the row is about."""
        need = self._need(key) if key else self.selected()
        if need is None:
            return
        ws = self._ws
        words = _("{title}: fine as it is") if need.kind == "conflict" else _("{title}: seen")
        self._settle(
            lambda: settling.settle(ws, need.kind, need.ids),
            words.format(title=need.title),
            need.kind,
            need.ids,
        )

    def keep(self, side: str, conflict_id: int | None = None) -> None:
        """Keep ``mine`` or ``theirs`` of a field: that of an id, or the selected card's."""
        need = self.selected() if conflict_id is None else self._card_of(conflict_id)
        field = self._current_field(need)
        if conflict_id is not None and need is not None:
            field = next(f for f in need.fields if f.conflict_id == conflict_id)
        if field is None:
            return
        ws, ids = self._ws, (field.conflict_id,)
        stands = field.mine.kept if side == "mine" else field.theirs.kept
        words = _("{field}: mine kept") if side == "mine" else _("{field}: theirs kept")
        self._settle(
            (lambda: settling.settle(ws, "conflict", ids))
            if stands
            else (lambda: settling.restore_other(ws, field.conflict_id)),
            words.format(field=field.name),
            "conflict",
            ids,
        )

    def restore(self) -> None:
        """Put the other value of every field of the card back."""
        need = self.selected()
        if need is None or not need.restorable:
            return
        ws, wanted = self._ws, [field.conflict_id for field in need.restorable]

        def work() -> ChangeSet:
            changes = ChangeSet()
            for one in wanted:
                changes |= settling.restore_other(ws, one)
            return changes

        words = ngettext("{count} value restored", "{count} values restored", len(wanted))
        self._settle(work, words.format(count=len(wanted)), "conflict", wanted)

    def other_value(self, conflict_id: int | None = None) -> None:
        """Have another value typed for a field."""
        need = self.selected() if conflict_id is None else self._card_of(conflict_id)
        field = self._current_field(need)
        if need is not None and field is not None and field.typed:
            self._view.ask_value(need.key, field)

    def value_given(self, conflict_id: int, text: str) -> None:
        """Another value was typed: it stands from now on."""
        ws = self._ws
        self._settle(
            lambda: settling.settle_with(ws, conflict_id, text),
            _("{value} stands now").format(value=text.strip() or _("Nothing")),
            "conflict",
            (conflict_id,),
        )

    def retry(self, key: str = "") -> None:
        """Make a refused step again; the next round sends it."""
        need = self._need(key) if key else self.selected()
        if need is None or not need.can_retry:
            return
        ws, ids, is_file = self._ws, need.ids, need.kind == "file"
        self._runner.write(
            (lambda: _send_again(ws, ids))
            if is_file
            else lambda: resolving.retry_refusals(ws, ids),
            lambda _changes: self._desk.toast(
                _("{title}: goes with the next round").format(title=need.title)
            ),
            self._desk.fail,
            owner=self,
        )

    def _settle(
        self, work: Callable[[], ChangeSet], words: str, kind: str, ids: Sequence[int]
    ) -> None:
        """Settle something, say so, and let it be taken back."""
        self._runner.write(
            work,
            lambda _changes: self._on_settled(words, kind, ids),
            self.refuse_entry,
            owner=self,
        )

    def _on_settled(self, words: str, kind: str, ids: Sequence[int]) -> None:
        self._view.entry_done()
        self._desk.toast(words, undo=lambda: self.reopen(kind, ids))

    def refuse_entry(self, error: Exception) -> None:
        """What was typed cannot be taken: say it where it was typed."""
        if isinstance(error, FieldError):
            self._view.complain(str(error))
        else:
            self._desk.fail(error)

    def reopen(self, kind: str, ids: Sequence[int]) -> None:
        """Take back how something was settled."""
        ws = self._ws
        self._runner.write(
            lambda: settling.reopen(ws, kind, ids), failed=self._desk.fail, owner=self
        )

    # -------------------------------------------------------------------------------- opening

    def open(self, key: str = "") -> None:
        """Open what the card or the row is about: the draft, a copy to change, the customer."""
        if self._tab != NEEDS and not key:
            self.choosing.open(self._tab)
            return
        need = self._need(key) if key else self.selected()
        if need is None:
            return
        if need.order_id is not None:
            ws, ids, draft = self._ws, need.ids, need.order_id
            self._runner.write(
                lambda: resolving.take_up_order(ws, ids),
                lambda _changes: self._desk.go("order", order=draft),
                self._desk.fail,
                owner=self,
            )
        elif need.quote_id is not None:
            self._desk.go("quote", quote=need.quote_id)
        elif need.copy_id is not None:
            ws, order_id = self._ws, need.copy_id
            self._runner.write(
                lambda: orders.copy_order(ws, order_id),
                lambda started: self._desk.go("order", order=started.order_id),
                self._desk.fail,
                owner=self,
            )
        elif need.account_id is not None:
            self._desk.go("customer", account=need.account_id)

    def _need(self, key: str) -> NeedItem | None:
        needs = () if self._item is None else self._item.needs
        return next((need for need in needs if need.key == key), None)

    def _card_of(self, conflict_id: int) -> NeedItem | None:
        needs = () if self._item is None else self._item.needs
        for need in needs:
            if any(field.conflict_id == conflict_id for field in need.fields):
                return need
        return None


def _send_again(ws: Workspace, ids: Sequence[int]) -> ChangeSet:
    """Have files that HQ did not take tried once more."""
    for key in ids:
        attachments.retry_transfer(ws, key)
    return ChangeSet.of("attachment", ids)
