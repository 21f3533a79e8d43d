"""The two lists of the sync centre, without Qt: proposals to decide, and what was settled.

Owns the row the keyboard is on, what is picked, and deciding. Deciding itself is
:mod:`crmdesk.services.proposals`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.sync.items import CentreItem, ChoiceItem
from crmdesk.i18n import _, ngettext
from crmdesk.services import proposals
from crmdesk.services.proposals import Decided

if TYPE_CHECKING:
    from crmdesk.gui.views.sync.presenter import SyncView

PROPOSALS, SETTLED = "proposals", "settled"


class Centre(Protocol):
    """What the lists ask of the place they are in."""

    closed: bool

    def show(self) -> None:
        """Show again with what is selected now."""

    def refuse_entry(self, error: Exception) -> None:
        """What was typed cannot be taken."""

    def reopen(self, kind: str, ids: Sequence[int]) -> None:
        """Take back how something was settled."""


class Chooser:
    """Walks, picks and decides."""

    def __init__(self, context: PlaceContext, view: SyncView, centre: Centre) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._centre = centre
        self._items: dict[str, tuple[ChoiceItem, ...]] = {PROPOSALS: (), SETTLED: ()}
        self._cursors = {PROPOSALS: "", SETTLED: ""}
        self._decides = False
        self._asked: tuple[int, ...] = ()
        self.picked: set[str] = set()

    def take(self, item: CentreItem) -> None:
        """Other rows: the keyboard stays where it was as far as that is still there."""
        self._decides = item.decides
        for tab, rows in ((PROPOSALS, item.proposals), (SETTLED, item.settled)):
            place = self._place(tab)
            self._items[tab] = rows
            keys = [row.key for row in rows]
            if self._cursors[tab] not in keys:
                self._cursors[tab] = keys[min(place, len(keys) - 1)] if keys else ""
        self.picked &= {row.key for row in item.proposals}

    def cursor(self, tab: str) -> str:
        """The key of the row the keyboard is on."""
        return self._cursors[tab]

    def _place(self, tab: str) -> int:
        keys = [row.key for row in self._items[tab]]
        return keys.index(self._cursors[tab]) if self._cursors[tab] in keys else 0

    def _row(self, tab: str) -> ChoiceItem | None:
        rows = self._items[tab]
        return rows[self._place(tab)] if rows else None

    def step(self, tab: str, by: int) -> None:
        """Move the keyboard's row."""
        rows = self._items[tab]
        if rows:
            place = min(max(self._place(tab) + by, 0), len(rows) - 1)
            self.select(tab, rows[place].key)

    def select(self, tab: str, key: str) -> None:
        """Put the keyboard on a row."""
        self._cursors[tab] = key
        self._centre.show()

    def pick(self) -> None:
        """Pick the row, or no longer; the next one follows."""
        key = self._cursors[PROPOSALS]
        if key and self._decides:
            self.picked ^= {key}
            self.step(PROPOSALS, 1)

    def pick_all(self) -> None:
        """Pick every proposal, or none when all are picked."""
        every = {row.key for row in self._items[PROPOSALS]} if self._decides else set()
        self.picked = set() if self.picked == every else every
        self._centre.show()

    # ------------------------------------------------------------------------------- deciding

    def _wanted(self) -> tuple[int, ...]:
        """The picked proposals in order, or the one the keyboard is on."""
        if not self._decides:
            return ()
        rows = [row for row in self._items[PROPOSALS] if row.key in self.picked]
        row = self._row(PROPOSALS)
        if not rows and row is not None:
            rows = [row]
        return tuple(key for one in rows for key in one.ids)

    def accept(self) -> None:
        """Take what is picked over."""
        ids, ws = self._wanted(), self._ws
        words = ngettext("{count} proposal accepted", "{count} proposals accepted", len(ids))
        self._decide(ids, lambda: proposals.accept(ws, ids), words)

    def dismiss(self) -> None:
        """Ask why, then leave things as they are."""
        self._asked = self._wanted()
        if self._asked:
            self._view.ask_reason(_("Why not? Whoever asked reads it."))

    def reason_given(self, reason: str) -> None:
        """The reason of a dismissal was typed."""
        ids, ws = self._asked, self._ws
        words = ngettext("{count} proposal dismissed", "{count} proposals dismissed", len(ids))
        self._decide(ids, lambda: proposals.dismiss(ws, ids, reason), words)

    def _decide(self, ids: Sequence[int], work: Callable[[], Decided], words: str) -> None:
        if not ids:
            return

        def decided(found: Decided) -> None:
            self._view.entry_done()
            self.picked.clear()
            self._desk.toast(words.format(count=len(ids)), undo=lambda: self._take_back(found.txns))

        self._runner.write(work, decided, self._centre.refuse_entry, owner=self._centre)

    def _take_back(self, txns: Sequence[int]) -> None:
        ws = self._ws
        self._runner.write(
            lambda: proposals.take_back(ws, txns), failed=self._desk.fail, owner=self._centre
        )

    # ------------------------------------------------------------------------ opening, undoing

    def open(self, tab: str) -> None:
        """Open the order or the customer that the row is about."""
        row = self._row(tab)
        if row is None:
            return
        if row.order_id is not None:
            self._desk.go("order", order=row.order_id)
        elif row.account_id is not None:
            self._desk.go("customer", account=row.account_id)

    def reopen(self) -> None:
        """Take back how the row of what was settled was settled."""
        row = self._row(SETTLED)
        if row is not None and row.enabled:
            self._centre.reopen(row.kind, row.ids)
