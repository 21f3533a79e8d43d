"""What the plan does, without Qt: weeks, selection and reasons, and what its parts do.

Owns what is read and shown. Plans in the making are :mod:`.planner`'s, changes by hand
:mod:`.handwork`'s and :mod:`.strips`', files :mod:`.giving`'s; painting, dragging and keys are the
widget's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import reasons, words
from crmdesk.gui.views.plan.asked import PlanView
from crmdesk.gui.views.plan.giving import Giving
from crmdesk.gui.views.plan.handwork import Handwork
from crmdesk.gui.views.plan.items import (
    card_item,
    day_item,
    home_of,
    map_stops,
    unplanned_item,
)
from crmdesk.gui.views.plan.planner import Planner
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.gui.views.plan.strips import Strips
from crmdesk.gui.views.plan.totals import week_heading
from crmdesk.gui.views.plan.weekdays import Weekdays
from crmdesk.gui.views.plan.whose import Whose
from crmdesk.i18n import _, format_number, format_percent
from crmdesk.services import undo
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.queries.plan import WeekRow
from crmdesk.services.queries.plan_reasons import DayReason, UnplannedRow

MOST_WEEKS = 4
_SEEN_ENTITIES = (
    "planned_visit", "visit", "account", "leave", "holiday", "sale", "day_setting", "organisation",
)  # fmt: skip


class PlanPresenter(Standing):
    """See the module."""

    def __init__(self, context: PlaceContext, view: PlanView) -> None:
        super().__init__(context, view)
        self.refresh, self.take_back = self.start, self.undo_last
        self.redraw = self._show_drawn
        self.planner, self.hand = Planner(self), Handwork(self)
        self.strips = Strips(self, self.hand)
        self.giving, self.weekdays = Giving(self), Weekdays(self)
        self.whose = Whose(self, lambda: self._turn(self.monday, self.weeks))
        self._by_due = False
        self._unplanned: int | None = None
        self._elsewhere: dict[int, str] = {}

    # ------------------------------------------------------------------------------- reading

    def start(self) -> None:
        """Read the weeks and who is left out."""
        if not self.whose.known(self.start):
            return
        ws, monday, weeks, user = self.ws, self.monday, self.weeks, self.person.id
        self.runner.read(
            lambda: (user, weeks, queries.weeks_plan(ws, monday, weeks, user)),
            self._on_week_read, owner=self,
        )  # fmt: skip
        self.runner.read(
            lambda: (user, plan_reasons.left_out(ws, monday, user, weeks=weeks)),
            self._on_left_out_read, owner=self,
        )  # fmt: skip

    def close(self) -> None:
        """Drop what is still under way, and stop planning."""
        self.closed = True
        self.planner.stop()

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when stops, visits or customers were touched."""
        if changes.touches(*_SEEN_ENTITIES):
            self.start()

    def show_week(self, offset: int) -> None:
        """Turn to an earlier or later week."""
        self._turn(self.monday + timedelta(days=7 * offset), self.weeks)

    def show_weeks(self, weeks: int) -> None:
        """Show, and plan, one to four weeks at once."""
        self._turn(self.monday, max(1, min(weeks, MOST_WEEKS)))

    def _turn(self, monday: date, weeks: int) -> None:
        self.planner.cancel()
        self.planner.discard()
        self.monday, self.weeks = monday, weeks
        self.week, self.selected, self.moved = None, None, frozenset()
        self.day = max(self.monday, min(self.ws.today(), self.monday + timedelta(days=6)))
        self.view.show_outcome("", "", "")
        self.view.ask(None)
        self.start()

    def show_day(self, day: date) -> None:
        """Turn to the week of a day and to its route."""
        self.monday, self.day = queries.monday_of(day), day
        self.selected = None
        self.start()

    def show_account(self, account_id: int) -> None:
        """Select the first stop of a customer once the week is read."""
        self.wanted_account = account_id
        self.start()

    def _on_week_read(self, result: tuple[int, int, WeekRow]) -> None:
        user, weeks, week = result
        if (user, week.monday, weeks) != (self.person.id, self.monday, self.weeks):
            return
        self.week = week
        self._elsewhere = {}
        self.planner.week_read(week)
        self._choose_first(week)
        if not self.planner.comparing:
            self.drawn = None
            self.view.show_heading(week_heading(week, self.ws.currency))
            self._show_days()
            self._show_left_out()
        self._show_selection()

    def _choose_first(self, week: WeekRow) -> None:
        """Keep the selection; otherwise take the wanted customer's, or the next open stop."""
        stops = [stop for day in week.days for stop in day.stops]
        if self.wanted_account is not None:
            wanted = [s for s in stops if s.account_id == self.wanted_account]
            self.selected = wanted[0].id if wanted else self.selected
            self.wanted_account = None
        if self.selected not in {stop.id for stop in stops}:
            ahead = [s for s in stops if s.waiting and s.day >= max(self.day, self.ws.today())]
            rest = [s for s in stops if s.waiting] or stops
            self.selected = (ahead or rest)[0].id if stops else None
        chosen = self.stop(self.selected)
        if chosen is not None:
            self.day = chosen.day

    def _show_days(self) -> None:
        if self.week is not None:
            today, currency = self.ws.today(), self.ws.currency
            self.view.show_days(
                [day_item(day, today, currency, self.moved) for day in self.week.days]
            )

    def _on_left_out_read(self, result: tuple[int, tuple[UnplannedRow, ...]]) -> None:
        user, rows = result
        if user == self.person.id:
            self.left_out = rows
            self._show_left_out()

    def _show_left_out(self) -> None:
        drawn = self.drawn.days if self.drawn is not None else ()
        there = {stop.account_id for day in drawn for stop in day.stops if stop.in_person}
        rows = tuple(row for row in self.left_out if row.account_id not in there)
        if self._by_due:
            rows = tuple(sorted(rows, key=lambda row: (row.due_on, -row.expected_minor)))
        currency, today = self.ws.currency, self.ws.today()
        note = format_number(len(rows))
        self.view.show_unplanned(note, [unplanned_item(row, currency, today) for row in rows])

    def sort_unplanned(self, *, by_due: bool) -> None:
        """By expected margin, or by due date."""
        self._by_due = by_due
        self._show_left_out()

    # ----------------------------------------------------------------------------- selection

    def select(self, card: int | None) -> None:
        """Choose a card: its day is on the map, its reason in the bar."""
        self.selected, self._unplanned = card, None
        stop = self.stop(card)
        if stop is not None:
            self.day = stop.day
        self._show_selection()

    def select_unplanned(self, account_id: int) -> None:
        """Say in full why a customer is left out, on each day."""
        self._unplanned = account_id
        self._show_selection()

    def choose_day(self, day: date) -> None:
        """Show a day's route without choosing a stop."""
        self.day, self.selected, self._unplanned = day, None, None
        self._show_selection()

    def open_selected(self) -> None:
        """The customer's card."""
        stop = self.stop(self.selected)
        if stop is not None:
            self.desk.go("customer", account=stop.account_id)

    def open_maps(self) -> None:
        """The place of maps: all customers, whose pin is wrong, and region packs."""
        self.desk.go("maps")

    def open_unplanned(self, account_id: int) -> None:
        """The card of a customer who is left out."""
        self.desk.go("customer", account=account_id)

    def explain_more(self) -> None:
        """Once the selection rests: what another day would mean for the chosen visit."""
        stop = self.stop(self.selected)
        if self.closed or stop is None or stop.id in self._elsewhere:
            return
        if not stop.waiting or not stop.in_person:
            return
        ws, monday, key, user = self.ws, queries.monday_of(stop.day), stop.id, self.person.id

        def done(found: tuple[DayReason, ...]) -> None:
            self._elsewhere[key] = reasons.elsewhere(found, self.ws.currency)
            if self.selected == key and self._unplanned is None:
                self._explain()

        self.runner.read(
            lambda: plan_reasons.other_days(ws, monday, key, user, weeks=1), done, owner=self
        )

    def _show_selection(self) -> None:
        stop = self.stop(self.selected)
        self.view.show_selected(None if stop is None else stop.id)
        self._explain()
        self._show_route()

    def _show_drawn(self) -> None:
        """Another plan is on the board: its route, and who is left out of it."""
        self._show_route()
        self._show_left_out()

    def _show_route(self) -> None:
        row = self.drawn_day(self.day)
        title = words.weekday_long(self.day.weekday())
        if row is None:
            self.view.show_map(title, "", (), home_of(self.person.home))
            return
        note = _("{km}, {hours} driving").format(
            km=words.km_words(row.km), hours=words.hours_words(row.drive_minutes)
        )
        if row.coverage is not None:
            note += " · " + _("coverage {share}").format(share=format_percent(row.coverage))
        stops = map_stops(row, self.ws.today())
        home = self.person.home if row.rep.start is None else row.rep.start.point
        self.view.show_map(title, note if stops else "", stops, home_of(home))

    def _explain(self) -> None:
        left = next((r for r in self.left_out if r.account_id == self._unplanned), None)
        if left is not None:
            currency, today = self.ws.currency, self.ws.today()
            self.view.show_explanation(reasons.unplanned_explanation(left, currency, today), None)
            return
        stop = self.stop(self.selected)
        if stop is None:
            empty = self.week is not None and not any(day.stops for day in self.week.days)
            self.view.show_explanation(reasons.empty_week() if empty else None, None)
            return
        card = card_item(stop, self.ws.currency, self.moved)
        more = self._elsewhere.get(stop.id, "")
        self.view.show_explanation(reasons.explanation(stop, self.ws.currency, more), card)

    # -------------------------------------------------------------------------- its parts

    def replan(self) -> None:
        """See :meth:`Planner.replan`."""
        self.planner.replan()

    def fill(self) -> None:
        """See :meth:`Planner.fill`."""
        self.planner.fill()

    def cancel(self) -> None:
        """See :meth:`Planner.cancel`."""
        self.planner.cancel()

    def toggle_lock(self) -> None:
        """See :meth:`Handwork.toggle_lock`."""
        self.hand.toggle_lock()

    def move_selected(self, step: int) -> None:
        """See :meth:`Handwork.move_selected`."""
        self.hand.move_selected(step)

    def move(self, card: int, day: date, sequence: int | None) -> None:
        """See :meth:`Handwork.move`."""
        self.hand.move(card, day, sequence)

    def plan_customer(self, account_id: int, day: date) -> None:
        """See :meth:`Handwork.plan_customer`."""
        self.hand.plan_customer(account_id, day)

    def plan_fitting(self, account_id: int) -> None:
        """See :meth:`Handwork.plan_fitting`."""
        self.hand.plan_fitting(account_id)

    def drop_selected(self) -> None:
        """See :meth:`Handwork.drop_selected`."""
        self.hand.drop_selected()

    def answer(self, kind: str, values: Mapping[str, str]) -> None:
        """What was typed into a strip."""
        if kind == "export":
            self.giving.answer(values)
        elif kind == "weekdays":
            self.weekdays.answer(values)
        else:
            self.strips.answer(kind, values)

    def next_moved(self) -> None:
        """Go to the next card that the last re-plan moved."""
        week = self.week
        if week is None or not self.moved:
            return
        order = [s.id for day in week.days for s in day.stops if s.id in self.moved]
        if not order:
            return
        at = order.index(self.selected) + 1 if self.selected in order else 0
        self.select(order[at % len(order)])

    def undo_last(self) -> None:
        """Undo the last change of the plan."""
        ws, txn = self.ws, self.undo
        if txn is None:
            return
        self.undo, self.moved = None, frozenset()
        self.view.show_outcome("", "", "")
        self.runner.write(lambda: undo.undo(ws, txn), self._on_taken_back, owner=self)

    def _on_taken_back(self, _changes: ChangeSet) -> None:
        self.desk.toast(_("Taken back: the plan is as it was."))
        self.start()
