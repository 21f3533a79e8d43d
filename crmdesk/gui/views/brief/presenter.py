"""What the call brief does, without Qt: one customer, or the stops of the day one after the other.

Owns which brief is shown and which stand before and behind it. Every sentence comes from
:mod:`crmdesk.services.call_briefs`, so that paper says the same.
"""

from __future__ import annotations

from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import CallBrief
from crmdesk.services import visits
from crmdesk.services.call_briefs import call_brief
from crmdesk.services.documents import Wanted
from crmdesk.services.queries.call_brief import day_stops

_SHOWN = (
    "account", "contact", "contact_point", "sale", "order", "visit", "planned_visit", "ticket",
    "ticket_event", "invoice", "payment", "collection", "promise", "quote", "survey_score",
    "reorder_override", "promotion",
)  # fmt: skip


class BriefView(Protocol):
    """What the presenter asks of the widget."""

    def show_brief(self, brief: CallBrief, place: str) -> None:
        """Show a brief; `place` says which stop of the day it is."""

    def show_empty(self, message: str, hint: str) -> None:
        """There is nothing to show."""


class BriefPresenter:
    """See the module."""

    def __init__(self, context: PlaceContext, view: BriefView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._stops: list[tuple[int, int | None]] = []
        self._at = 0
        self._whole_day = False

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read the day where no customer was chosen."""
        if not self._stops:
            self.show(None, day=True)

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when something of it was touched."""
        if self._stops and changes.touches(*_SHOWN):
            self._read()

    # ------------------------------------------------------------------------------- intents

    @property
    def account_id(self) -> int | None:
        """Whose brief is shown."""
        return self._stops[self._at][0] if self._stops else None

    def show(self, account_id: int | None, *, day: bool) -> None:
        """Show a customer's brief; with ``day`` the other stops stand around it."""
        ws = self.workspace
        if account_id is not None and not day:
            self._take([(account_id, None)], account_id, whole_day=False)
            return
        self._runner.read(
            lambda: day_stops(ws, ws.today()),
            lambda stops: self._on_day_read(stops, account_id),
            owner=self,
        )

    def step(self, by: int) -> None:
        """Go to another stop of the day."""
        target = self._at + by
        if 0 <= target < len(self._stops):
            self._at = target
            self._read()

    def wanted(self, *, day: bool = False) -> Wanted | None:
        """The document of what is shown, or of the whole day."""
        if day:
            return Wanted(words.BRIEFS, self.workspace.user.id, self.workspace.today())
        account_id = self.account_id
        return None if account_id is None else Wanted(words.BRIEF, account_id)

    def open_card(self) -> None:
        """Open the customer."""
        if self.account_id is not None:
            self._desk.go("customer", account=self.account_id)

    def start_visit(self) -> None:
        """Start the visit now."""
        ws, account_id = self.workspace, self.account_id
        if account_id is None:
            return
        self._runner.write(
            lambda: visits.start_visit(ws, account_id),
            lambda _started: self._desk.toast(_("Visit started. Today ends it.")),
            self._desk.fail,
            owner=self,
        )

    def leave(self) -> None:
        """Go back to where the person came from."""
        self._desk.back()

    # ------------------------------------------------------------------------------- reading

    def _on_day_read(self, stops: list[tuple[int, int | None]], account_id: int | None) -> None:
        if account_id is not None and all(stop != account_id for stop, _minute in stops):
            self._take([(account_id, None)], account_id, whole_day=False)
        elif stops:
            self._take(stops, account_id or stops[0][0], whole_day=True)
        else:
            self._view.show_empty(
                _("No visits are planned today."),
                _("Plan the day, or press B on a customer's card for its call brief."),
            )

    def _take(
        self, stops: list[tuple[int, int | None]], account_id: int, *, whole_day: bool
    ) -> None:
        self._stops, self._whole_day = stops, whole_day
        self._at = next(at for at, stop in enumerate(stops) if stop[0] == account_id)
        self._read()

    def _read(self) -> None:
        ws, (account_id, minute) = self.workspace, self._stops[self._at]
        self._runner.read(
            lambda: call_brief(ws, account_id, minute), self._on_read, self._on_failed, owner=self
        )

    def _on_read(self, brief: CallBrief) -> None:
        if brief.account_id != self.account_id:
            return
        place = ""
        if self._whole_day:
            place = _("stop {number} of {count}").format(
                number=self._at + 1, count=len(self._stops)
            )
        self._view.show_brief(brief, place)

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_empty(error.message, error.hint)
        else:
            self._desk.fail(error)
