"""What the plan does, without Qt: weeks, selection, re-planning in a job, moves, locks, undo.

Owns the state of the place and turns rows into what the widget shows. Painting, dragging and keys
are the widget's; wording is in ``words``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import words
from crmdesk.gui.views.plan.asked import Heading, PlanView
from crmdesk.gui.views.plan.items import (
    card_item,
    day_item,
    home_of,
    map_stops,
    unplanned_item,
)
from crmdesk.i18n import _, format_money, format_number, format_percent, ngettext, weekday_short
from crmdesk.planning.explain import conflict_text
from crmdesk.services import fill, plans, settings, undo
from crmdesk.services.plans import Proposal
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.queries.plan import DayRow, StopRow, WeekRow
from crmdesk.services.queries.plan_reasons import UnplannedRow

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Control, Report
    from crmdesk.services.workspace import Workspace

_SEEN_ENTITIES = ("planned_visit", "visit", "account", "leave", "holiday", "sale")


def _seconds(ws: Workspace) -> float:
    """How long a re-plan may search; read off the interface thread."""
    return float(settings.get(ws, settings.PLAN_SECONDS))


class PlanPresenter:
    """See the module."""

    def __init__(self, context: PlaceContext, view: PlanView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.monday = queries.monday_of(plans.plan_start(self._ws.today()))
        self._week: WeekRow | None = None
        self._left_out: tuple[UnplannedRow, ...] = ()
        self._selected: int | None = None
        self._wanted_account: int | None = None
        self._by_due = False
        self._day: date = self._ws.today()
        self._moved: frozenset[int] = frozenset()
        self._before: WeekRow | None = None
        self._took_s = 0.0
        self._undo: int | None = None
        self._control: Control | None = None

    # ------------------------------------------------------------------------------- reading

    def start(self) -> None:
        """Read the week and who is left out."""
        ws, monday = self._ws, self.monday
        self._runner.read(lambda: queries.week_plan(ws, monday), self._on_week_read, owner=self)
        self._runner.read(
            lambda: plan_reasons.left_out(ws, monday), self._on_left_out_read, owner=self
        )

    def close(self) -> None:
        """Drop what is still under way, and stop planning."""
        self.closed = True
        self.cancel()

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when stops, visits or customers were touched."""
        if changes.touches(*_SEEN_ENTITIES):
            self.start()

    def show_week(self, offset: int) -> None:
        """Turn to an earlier or later week."""
        self.monday += timedelta(days=7 * offset)
        self._week, self._selected, self._moved = None, None, frozenset()
        self._day = max(self.monday, min(self._ws.today(), self.monday + timedelta(days=6)))
        self._view.show_outcome("", "", "")
        self.start()

    def show_day(self, day: date) -> None:
        """Turn to the week of a day and to its route."""
        self.monday, self._day = queries.monday_of(day), day
        self._selected = None
        self.start()

    def show_account(self, account_id: int) -> None:
        """Select the first stop of a customer once the week is read."""
        self._wanted_account = account_id
        self.start()

    def _on_week_read(self, week: WeekRow) -> None:
        if week.monday != self.monday:
            return
        self._week = week
        if self._before is not None:
            self._show_outcome(self._before, week)
            self._before = None
        self._choose_first(week)
        self._view.show_heading(self._heading(week))
        self._show_days()
        self._show_selection()

    def _choose_first(self, week: WeekRow) -> None:
        """Keep the selection; otherwise take the wanted customer's, or the next open stop."""
        stops = [stop for day in week.days for stop in day.stops]
        if self._wanted_account is not None:
            wanted = [s for s in stops if s.account_id == self._wanted_account]
            self._selected = wanted[0].id if wanted else self._selected
            self._wanted_account = None
        if self._selected not in {stop.id for stop in stops}:
            ahead = [s for s in stops if s.waiting and s.day >= max(self._day, self._ws.today())]
            rest = [s for s in stops if s.waiting] or stops
            self._selected = (ahead or rest)[0].id if stops else None
        chosen = self._stop(self._selected)
        if chosen is not None:
            self._day = chosen.day

    def _heading(self, week: WeekRow) -> Heading:
        count = words.visits_words(week.visits)
        if week.calls:
            count += f", {words.calls_words(week.calls)}"
        hours, km = words.hours_words(week.work_minutes), words.km_words(week.km)
        regularity = ""
        if week.usual_share is not None:
            regularity = _("on usual weekday {share}").format(
                share=format_percent(week.usual_share)
            )
        last = week.days[-1].day if week.days else self.monday + timedelta(days=4)
        if not week.visits + week.calls:
            title = words.week_title(self.monday, last)
            return Heading(title, _("no visits planned yet"), "", "")
        return Heading(
            week=words.week_title(self.monday, last),
            totals=f"{count} · {hours} · {km} · " + _("expected margin"),
            margin=self._money(week.margin_minor),
            regularity=regularity,
        )

    def _show_days(self) -> None:
        week = self._week
        if week is not None:
            ws = self._ws
            self._view.show_days(
                [day_item(day, ws.today(), ws.currency, self._moved) for day in week.days]
            )

    def _on_left_out_read(self, rows: tuple[UnplannedRow, ...]) -> None:
        self._left_out = rows
        self._show_left_out()

    def _show_left_out(self) -> None:
        rows = self._left_out
        if self._by_due:
            rows = tuple(sorted(rows, key=lambda row: (row.due_on, -row.expected_minor)))
        currency, today = self._ws.currency, self._ws.today()
        note = format_number(len(rows))
        self._view.show_unplanned(note, [unplanned_item(row, currency, today) for row in rows])

    def sort_unplanned(self, *, by_due: bool) -> None:
        """By expected margin, or by due date."""
        self._by_due = by_due
        self._show_left_out()

    # ----------------------------------------------------------------------------- selection

    @property
    def selected(self) -> int | None:
        """The chosen card."""
        return self._selected

    def select(self, card: int | None) -> None:
        """Choose a card: its day is on the map, its reason in the bar."""
        self._selected = card
        stop = self._stop(card)
        if stop is not None:
            self._day = stop.day
        self._show_selection()

    def choose_day(self, day: date) -> None:
        """Show a day's route without choosing a stop."""
        self._day, self._selected = day, None
        self._show_selection()

    def open_selected(self) -> None:
        """The customer's card."""
        stop = self._stop(self._selected)
        if stop is not None:
            self._desk.go("customer", account=stop.account_id)

    def open_unplanned(self, account_id: int) -> None:
        """The card of a customer who is left out."""
        self._desk.go("customer", account=account_id)

    def _stop(self, card: int | None) -> StopRow | None:
        days = self._week.days if self._week is not None else ()
        return next((stop for day in days for stop in day.stops if stop.id == card), None)

    def _day_row(self, day: date) -> DayRow | None:
        days = self._week.days if self._week is not None else ()
        return next((row for row in days if row.day == day), None)

    def _show_selection(self) -> None:
        stop = self._stop(self._selected)
        self._view.show_selected(None if stop is None else stop.id)
        if stop is None:
            empty = self._week is not None and not any(day.stops for day in self._week.days)
            self._view.show_explanation(words.empty_week() if empty else None, None)
        else:
            card = card_item(stop, self._ws.currency, self._moved)
            self._view.show_explanation(words.explanation(stop, self._ws.currency), card)
        row = self._day_row(self._day)
        title = words.weekday_long(self._day.weekday())
        if row is None:
            self._view.show_map(title, "", (), home_of(self._ws.user.home))
            return
        note = _("{km}, {hours} driving").format(
            km=words.km_words(row.km), hours=words.hours_words(row.drive_minutes)
        )
        stops = map_stops(row, self._ws.today())
        self._view.show_map(title, note if stops else "", stops, home_of(self._ws.user.home))

    # ---------------------------------------------------------------------------- re-planning

    def replan(self) -> None:
        """Plan the rest of the shown week anew, keeping what is done, locked or agreed."""
        ws = self._ws
        self._propose(
            _("Planning the week"),
            lambda start, days, control: plans.propose_plan(
                ws, start, days, seconds=_seconds(ws), cancelled=lambda: control.cancelled,
                on_progress=lambda p: control.report(round(p.share * 100), 100),
            ),
        )  # fmt: skip

    def fill(self) -> None:
        """Add visits into free time; nothing that is planned moves to another day."""
        ws = self._ws
        self._propose(
            _("Filling free time"),
            lambda start, days, control: fill.propose_fill(
                ws, start, days, seconds=_seconds(ws), cancelled=lambda: control.cancelled,
                on_progress=lambda p: control.report(round(p.share * 100), 100),
            ),
        )  # fmt: skip

    def _propose(self, text: str, make: Callable[[date, int, Control], Proposal]) -> None:
        if self._control is not None or self._week is None:
            return
        start = max(self.monday, self._ws.today())
        days = (self.monday + timedelta(days=7) - start).days
        if days <= 0:
            self._desk.toast(_("This week is over; turn to a later one."))
            return
        control = self._control = self._view.new_control()
        self._view.show_progress(text, 0, 0)

        def work() -> tuple[Proposal, float]:
            began = time.perf_counter()
            proposal = make(start, days, control)
            control.check()
            return proposal, time.perf_counter() - began

        def progressed(report: Report) -> None:
            self._view.show_progress(text, report.done, report.total)

        self._runner.read(
            work, self._on_proposed, self._on_propose_failed, owner=self, control=control,
            progressed=progressed,
        )  # fmt: skip

    def cancel(self) -> None:
        """Stop planning; the plan stays as it is."""
        if self._control is not None:
            self._control.cancel()
            self._control = None
            self._view.show_progress("", 0, 0)

    def _on_propose_failed(self, error: Exception) -> None:
        self._control = None
        self._view.show_progress("", 0, 0)
        self._desk.fail(error)

    def _on_proposed(self, result: tuple[Proposal, float]) -> None:
        proposal, self._took_s = result
        ws, self._control = self._ws, None
        self._view.show_progress("", 0, 0)
        self._before = self._week
        self._tell_conflicts(proposal)
        self._runner.write(lambda: plans.accept_plan(ws, proposal), self._on_accepted, owner=self)

    def _tell_conflicts(self, proposal: Proposal) -> None:
        """Say which agreed or locked visits the new plan cannot keep; they stay where they are."""
        conflicts = proposal.plan.conflicts
        if not conflicts:
            return
        first = conflicts[0]
        day = weekday_short(proposal.days[first.day].weekday())
        text = _("{name} on {day} cannot be kept: {reason}.").format(
            name=proposal.candidates[first.stop].name, day=day, reason=conflict_text(first)
        )
        if len(conflicts) > 1:
            more = len(conflicts) - 1
            text += " " + ngettext("{count} more.", "{count} more.", more).format(count=more)
        self._desk.banner(text, _("It stays in the plan; agree another hour or move it."))

    def _on_accepted(self, changes: ChangeSet) -> None:
        self._undo = changes.undo
        self._selected = None
        self.start()

    def _show_outcome(self, before: WeekRow, after: WeekRow) -> None:
        was = {stop.id: stop.day for day in before.days for stop in day.stops}
        now = {stop.id: stop.day for day in after.days for stop in day.stops}
        moved = {key for key, day in now.items() if key in was and was[key] != day}
        added = now.keys() - was.keys()
        self._moved = frozenset(moved | added)
        outcome = words.Outcome(
            seconds=self._took_s,
            moved=len(moved),
            added=len(added),
            dropped=len(was.keys() - now.keys()),
            km=after.km - before.km,
            margin_minor=after.margin_minor - before.margin_minor,
        )
        if not (moved or added or outcome.dropped):
            self._view.show_outcome("", "", "")
            self._desk.toast(_("Nothing better was found: every visit keeps its day."))
            return
        strong, middle, margin = words.outcome_sentence(outcome, self._ws.currency)
        self._view.show_outcome(strong, middle, margin)

    def next_moved(self) -> None:
        """Go to the next card that the last re-plan moved."""
        week = self._week
        if week is None or not self._moved:
            return
        order = [s.id for day in week.days for s in day.stops if s.id in self._moved]
        if not order:
            return
        at = order.index(self._selected) + 1 if self._selected in order else 0
        self.select(order[at % len(order)])

    def take_back(self) -> None:
        """Undo the last change of the plan."""
        ws, txn = self._ws, self._undo
        if txn is None:
            return
        self._undo, self._moved = None, frozenset()
        self._view.show_outcome("", "", "")
        self._runner.write(lambda: undo.undo(ws, txn), self._on_taken_back, owner=self)

    def _on_taken_back(self, _changes: ChangeSet) -> None:
        self._desk.toast(_("Taken back: the plan is as it was."))
        self.start()

    # ------------------------------------------------------------------------- moves by hand

    def toggle_lock(self) -> None:
        """Keep the chosen visit where it is, or set it free."""
        stop, ws = self._stop(self._selected), self._ws
        if stop is None or not self._may_change(stop):
            return
        self._change(
            lambda: plans.lock_visit(ws, stop.id, locked=not stop.locked),
            _("{name} is free to move again.").format(name=stop.account)
            if stop.locked
            else _("{name} stays on {day}.").format(
                name=stop.account, day=weekday_short(stop.day.weekday())
            ),
        )

    def move_selected(self, step: int) -> None:
        """Move the chosen visit to the working day before or after."""
        stop, week = self._stop(self._selected), self._week
        if stop is None or week is None or not self._may_change(stop):
            return
        days = [day.day for day in week.days if day.day >= self._ws.today()]
        if stop.day not in days:
            return
        at = days.index(stop.day) + step
        if not 0 <= at < len(days):
            self._desk.toast(_("There is no working day further that way this week."))
            return
        self.move(stop.id, days[at], None)

    def move(self, card: int, day: date, sequence: int | None) -> None:
        """Move a visit to a day, before the stop that has this place now; None is by the clock."""
        stop, ws = self._stop(card), self._ws
        if stop is None or not self._may_change(stop):
            return
        if day < ws.today():
            self._desk.toast(_("That day is over."))
            return
        place = self._place_by_clock(stop, day) if sequence is None else sequence
        self._selected = card
        self._change(
            lambda: plans.move_visit(ws, card, day, place),
            _("{name} moved to {day}.").format(name=stop.account, day=weekday_short(day.weekday())),
        )

    def _place_by_clock(self, stop: StopRow, day: date) -> int:
        """The place in another day at which its hour stays about the same."""
        row = self._day_row(day)
        others = [s for s in row.stops if s.id != stop.id] if row is not None else []
        minute = stop.start_minute or 0
        for other in others:
            if other.waiting and (other.start_minute or 0) > minute:
                return other.sequence
        return max((other.sequence for other in others), default=0) + 1

    def plan_customer(self, account_id: int, day: date) -> None:
        """Put a customer who is left out on a day."""
        ws = self._ws
        if day < ws.today():
            self._desk.toast(_("That day is over."))
            return
        row = next((r for r in self._left_out if r.account_id == account_id), None)
        name = row.account if row is not None else ""
        self._wanted_account = account_id
        self._change(
            lambda: plans.add_visit(ws, account_id, day),
            _("{name} added to {day}.").format(name=name, day=weekday_short(day.weekday())),
        )

    def plan_fitting(self, account_id: int) -> None:
        """Put a customer who is left out on the day that fits, or on the shown day."""
        row = next((r for r in self._left_out if r.account_id == account_id), None)
        day = row.fits_on if row is not None and row.fits_on is not None else self._day
        self.plan_customer(account_id, day)

    def drop_selected(self) -> None:
        """Take the chosen visit out of the plan."""
        stop, ws = self._stop(self._selected), self._ws
        if stop is not None and self._may_change(stop):
            self._change(
                lambda: plans.drop_visit(ws, stop.id),
                _("{name} is out of the plan.").format(name=stop.account),
            )

    def _may_change(self, stop: StopRow) -> bool:
        if not stop.waiting:
            self._desk.toast(_("This visit is finished and cannot be moved."))
        return stop.waiting

    def _change(self, work: Callable[[], ChangeSet], text: str) -> None:
        def done(changes: ChangeSet) -> None:
            self._undo = changes.undo
            self._moved = frozenset()
            self._view.show_outcome("", "", "")
            self._desk.toast(text, undo=self.take_back)
            self.start()

        self._runner.write(work, done, owner=self)

    def _money(self, minor: int) -> str:
        return format_money(minor, self._ws.currency, decimals=0)
