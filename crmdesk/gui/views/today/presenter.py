"""What Today does, without Qt: reads the route and the brief, starts and ends visits, re-plans.

Owns the selection and the running visit. Painting and keys are the widget's; how a visit is
recorded is :mod:`crmdesk.services.visits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.today.model import (
    BriefItem,
    Entry,
    brief_item,
    heading_facts,
    next_stop,
    route_entries,
    so_far,
)
from crmdesk.gui.views.today.motion import MotionView, TodayMotion
from crmdesk.gui.widgets.items import FactPart
from crmdesk.i18n import _, format_clock
from crmdesk.services import undo, visit_reports, visits
from crmdesk.services.queries import stop_brief
from crmdesk.services.queries import today as queries
from crmdesk.services.queries.stop_brief import OpenQuote, StopBrief
from crmdesk.services.queries.today import DayRoute, DayStop, ReasonRow
from crmdesk.services.visits import VisitStarted

_SHOWN = frozenset(
    {
        "planned_visit", "visit", "order", "account", "promise", "ticket", "quote", "invoice",
        "payment", "sale", "reorder_override", "trip", "attention_model",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Running:
    """The visit under way: whose, since when in words, and whether it is the one shown."""

    account_id: int
    minutes: int
    shown: bool


class TodayView(MotionView, Protocol):
    """What the presenter asks of the widget."""

    def show_heading(self, facts: Sequence[FactPart], now: str) -> None:
        """The line of figures, and the time of day."""

    def show_route(self, entries: Sequence[Entry], home: tuple[float, float] | None) -> None:
        """The list and the map."""

    def show_so_far(self, parts: Sequence[FactPart]) -> None:
        """What the day has brought."""

    def select_stop(self, key: int) -> None:
        """Mark a stop in the list and on the map."""

    def show_brief(self, brief: BriefItem | None) -> None:
        """The brief, or nothing while it is read."""

    def show_running(self, running: Running | None, *, startable: bool) -> None:
        """Which visit runs, and whether the shown stop can be started."""

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        """Ask how the visit ended; answered by :meth:`TodayPresenter.end_visit`."""

    def show_nothing_planned(self) -> None:
        """The day has no stops."""


class TodayPresenter:
    """The logic of the Today place."""

    def __init__(self, context: PlaceContext, view: TodayView) -> None:
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.closed = False
        self._route: DayRoute | None = None
        self._selected: int | None = None
        self._brief_of: int | None = None
        self._quotes: tuple[OpenQuote, ...] = ()
        self._wanted_account: int | None = None
        self.motion = TodayMotion(context, view, lambda: self._route)
        self.motion.on_refresh(self.tick, self._go_on)

    # ---------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read the day."""
        self._read_route()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True
        self.motion.close()

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when something shown was touched."""
        if not changes.touches(*_SHOWN):
            return
        self._read_route()
        if self._brief_of is not None:
            self._read_brief(self._brief_of)

    def tick(self) -> None:
        """A minute has passed; at midnight another day begins."""
        if self._route is None:
            return
        if self._route.day != self._ws.today():
            self._read_route()
        elif self._route.stops:
            self._show_route(self._route)
            self._show_running()

    # ------------------------------------------------------------------------------- reading

    def _read_route(self) -> None:
        ws = self._ws
        self._runner.read(lambda: queries.day_route(ws), self._on_route, owner=self)

    def _on_route(self, route: DayRoute) -> None:
        self._route = route
        if not route.stops:
            self.motion.follow(route)
            self._view.show_nothing_planned()
            return
        key = self._show_route(route)
        self._view.show_so_far(so_far(route, self._ws.currency))
        self.motion.read_driven()
        for one in route.stops:
            if one.account_id == self._wanted_account:
                self._selected, self._wanted_account = one.id, None
        if self._stop(self._selected) is None:
            self._selected = key if key is not None else route.stops[0].id
        self._view.select_stop(self._selected or route.stops[0].id)
        stop = self._stop(self._selected)
        if stop is not None and stop.account_id != self._brief_of:
            self._read_brief(stop.account_id)
        self._show_running()

    def _show_route(self, route: DayRoute) -> int | None:
        """The heading, the list and the map as the day is likely to go on; the next stop's key."""
        following, currency = next_stop(route), self._ws.currency
        key = None if following is None else following.id
        expected = self.motion.follow(route)
        self._view.show_heading(heading_facts(route, currency, expected), self._now())
        self._view.show_route(route_entries(route, key, currency, expected), route.home)
        return key

    def _read_brief(self, account_id: int) -> None:
        self._brief_of = account_id
        self._quotes = ()
        ws = self._ws
        self._runner.read(lambda: stop_brief.stop_brief(ws, account_id), self._on_brief, owner=self)

    def _on_brief(self, brief: StopBrief) -> None:
        if brief.account_id == self._brief_of:
            self._quotes = brief.quotes
            self._view.show_brief(brief_item(brief, self._ws.currency, self._ws.today()))

    def _now(self) -> str:
        now = self._ws.clock.local(self._ws.now())
        return format_clock(now.hour * 60 + now.minute)

    def _stop(self, key: int | None) -> DayStop | None:
        stops = () if self._route is None else self._route.stops
        return next((stop for stop in stops if stop.id == key), None)

    def selected(self) -> DayStop | None:
        """The stop whose brief is shown."""
        return self._stop(self._selected)

    # ----------------------------------------------------------------------------- selecting

    def select(self, key: int) -> None:
        """Show the brief of another stop."""
        stop = self._stop(key)
        if stop is None or key == self._selected:
            return
        self._selected = key
        self._view.select_stop(key)
        self._read_brief(stop.account_id)
        self._show_running()

    def select_account(self, account_id: int) -> None:
        """Show the stop of a customer, when it is on today's route."""
        stops = () if self._route is None else self._route.stops
        found = next((stop for stop in stops if stop.account_id == account_id), None)
        # A visit that has just begun elsewhere is not on the route yet: it is when read again.
        self._wanted_account = account_id if found is None else None
        if found is not None:
            self.select(found.id)

    def open_card(self) -> None:
        """Open the customer of the shown stop."""
        stop = self.selected()
        if stop is not None:
            self._desk.go("customer", account=stop.account_id)

    def open_briefs(self) -> None:
        """The call brief of the shown stop, with those of the day before and behind it."""
        stop = self.selected()
        if stop is not None:
            self._desk.go("brief", account=stop.account_id, day=True)

    def open_quote(self) -> None:
        """Open the quote of the shown customer whose follow-up is due first."""
        if self._quotes:
            self._desk.go("quote", quote=self._quotes[0].id)
        else:
            self._desk.toast(_("No quote of this customer waits for an answer."))

    # -------------------------------------------------------------------------------- visits

    def _show_running(self) -> None:
        route, stop = self._route, self.selected()
        running = None
        if route is not None and route.running_since is not None:
            seconds = (self._ws.now() - route.running_since).total_seconds()
            account = route.running_account_id or 0
            shown = stop is not None and stop.account_id == account
            running = Running(account, max(0, int(seconds // 60)), shown)
        self._view.show_running(running, startable=stop is not None and not stop.over)

    def visit(self) -> None:
        """Start the visit of the shown stop, or ask how the running one ended."""
        stop, route = self.selected(), self._route
        if stop is None or route is None:
            return
        if route.running_account_id == stop.account_id and route.running_visit_id is not None:
            self._ask_outcome(stop)
            return
        if stop.over:
            self._desk.banner(
                _("This stop is finished."), _("Open the card to log another contact.")
            )
            return
        ws, account_id, mode = self._ws, stop.account_id, VisitMode(stop.mode)
        self._runner.write(
            lambda: visits.start_visit(ws, account_id, mode=mode),
            self._on_visit_started,
            owner=self,
        )

    def _on_visit_started(self, started: VisitStarted) -> None:
        if not started.changes.touched:
            self._read_route()

    def take_order(self) -> None:
        """Go on to the order of the shown stop, with the suggestion in it."""
        stop, route = self.selected(), self._route
        if stop is None or route is None:
            return
        visit = route.running_visit_id if route.running_account_id == stop.account_id else None
        self._desk.go("order", account=stop.account_id, visit=visit)

    def go_to(self, place: str) -> None:
        """Go to a place of the shown stop's customer: a return, a collection, samples."""
        stop = self.selected()
        if stop is not None:
            self._desk.go(place, account=stop.account_id)

    def end_day(self) -> None:
        """Go to the sheet at the end of the day."""
        self._desk.go("day_end")

    def open_sheet(self) -> None:
        """Open the visit sheet of the shown stop: its questions, photos, promises, next step."""
        stop = self.selected()
        if stop is not None:
            self._desk.go("visit", account=stop.account_id, mode=stop.mode)

    def _ask_outcome(self, stop: DayStop) -> None:
        ws, visit_id = self._ws, self._route.running_visit_id if self._route else None

        def done(found: tuple[bool, Sequence[ReasonRow]]) -> None:
            unanswered, reasons = found
            if unanswered:
                self.open_sheet()
            else:
                self._view.ask_outcome(stop.name, reasons)

        self._runner.read(
            lambda: (
                visit_id is not None and bool(visit_reports.missing_answers(ws, visit_id)),
                queries.outcome_reasons(ws, "no_order"),
            ),
            done,
            owner=self,
        )

    def end_visit(self, outcome: str | None, reason_id: int | None = None) -> None:
        """End the running visit; without an outcome it is the one the visit speaks for itself."""
        route = self._route
        if route is None or route.running_visit_id is None:
            return
        ws, visit_id = self._ws, route.running_visit_id
        stop = self.selected()
        name = "" if stop is None else stop.name
        made = VisitOutcome(outcome) if outcome else None

        def work() -> ChangeSet:
            ordered = queries.visit_has_order(ws, visit_id)
            spoken = VisitOutcome.ORDER if ordered else VisitOutcome.NO_ORDER
            return visits.finish_visit(ws, visit_id, made or spoken, reason_id=reason_id)

        self._runner.write(work, lambda changes: self._on_visit_ended(name, changes), owner=self)

    def _on_visit_ended(self, name: str, changes: ChangeSet) -> None:
        self._selected = None
        self._read_route()
        self._toast(_("Visit to {name} logged").format(name=name), changes)

    # ---------------------------------------------------------------------------------- plan

    def _go_on(self) -> None:
        self._selected = None
        self._read_route()

    def skip_stop(self) -> None:
        """Ask why the shown stop is left out; it comes back in the next re-plan."""
        self.motion.skip(self.selected())

    def lock_stop(self) -> None:
        """Keep the shown stop where it is, or set it free again."""
        stop = self.selected()
        if stop is None or stop.over or stop.off_plan:
            return
        ws, key, locked = self._ws, stop.id, not stop.locked
        words = _("{name} stays where it is") if locked else _("{name} may be moved again")

        def work() -> ChangeSet:
            from crmdesk.services import plans

            return plans.lock_visit(ws, key, locked=locked)

        self._runner.write(
            work,
            lambda changes: self._toast(words.format(name=stop.name), changes),
            owner=self,
        )

    def _toast(self, words: str, changes: ChangeSet) -> None:
        txn = changes.undo
        if txn is None:
            self._desk.toast(words)
        else:
            self._desk.toast(words, undo=lambda: self._take_back(txn))

    def _take_back(self, txn: int) -> None:
        ws = self._ws
        self._runner.write(lambda: undo.undo(ws, txn), owner=self)
