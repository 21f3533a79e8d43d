"""What the plan does, without Qt: weeks, selection and reasons, and what its parts do.

Owns what is read and shown. Plans in the making are :mod:`.planner`'s and :mod:`.choosing`'s,
changes by hand :mod:`.handwork`'s and :mod:`.strips`', what is said :mod:`.telling`'s, files
:mod:`.giving`'s; painting, dragging and keys are the widget's.
"""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import words
from crmdesk.gui.views.plan.asked import PlanView
from crmdesk.gui.views.plan.choosing import Choosing
from crmdesk.gui.views.plan.giving import Giving
from crmdesk.gui.views.plan.handwork import Handwork
from crmdesk.gui.views.plan.items import day_item, home_of, map_stops
from crmdesk.gui.views.plan.planner import Planner
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.gui.views.plan.strips import Strips
from crmdesk.gui.views.plan.telling import Telling
from crmdesk.gui.views.plan.totals import week_heading
from crmdesk.gui.views.plan.weekdays import Weekdays
from crmdesk.gui.views.plan.whose import Whose
from crmdesk.i18n import _, format_percent
from crmdesk.services import undo
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries.plan import WeekRow

MOST_WEEKS = 4
_SEEN_ENTITIES = (
    "planned_visit", "visit", "account", "leave", "holiday", "sale", "day_setting", "organisation",
)  # fmt: skip


class PlanPresenter(Standing):
    """See the module."""

    def __init__(self, context: PlaceContext, view: PlanView) -> None:
        super().__init__(context, view)
        self.refresh, self.take_back = self.start, self.undo_last
        self.redraw, self.hands_off = self._show_drawn, self._why_hands_off
        self.telling = Telling(self)
        self.planner, self.hand = Planner(self), Handwork(self)
        self.choosing = Choosing(self, self.planner)
        self.strips = Strips(self, self.hand)
        self.giving, self.weekdays = Giving(self), Weekdays(self)
        self.whose = Whose(self, lambda: self._turn(self.monday, self.weeks))

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
        self.telling.read_left_out()

    def close(self) -> None:
        """Drop what is still under way, and stop planning."""
        self.closed = True
        self.planner.stop()
        self.weekdays.stop()

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
        self._put_away()
        self.monday, self.weeks = monday, weeks
        self.week, self.selected, self.moved = None, None, frozenset()
        self.day = max(self.monday, min(self.ws.today(), self.monday + timedelta(days=6)))
        self.view.show_outcome("", "", "")
        self.view.ask(None)
        self.start()

    def _put_away(self) -> None:
        """Stop what is looked for and put plans away: they belong to the weeks shown until now."""
        self.cancel()
        self.choosing.discard()

    def show_day(self, day: date) -> None:
        """Turn to the week of a day and to its route."""
        self._put_away()
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
        self.telling.forget()
        self.planner.week_read(week)
        self.choosing.week_read(week)
        self._choose_first()
        if self.drawn is None:
            self._show_board()
            self.telling.show_left_out()
        self._show_selection()

    def _choose_first(self) -> None:
        """Keep the selection; otherwise take the wanted customer's, or the next open stop."""
        stops = [stop for day in self.shown.days for stop in day.stops] if self.shown else []
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

    def _show_board(self) -> None:
        if self.shown is None:
            return
        today, currency = self.ws.today(), self.ws.currency
        self.view.show_heading(week_heading(self.shown, currency))
        self.view.show_days([day_item(day, today, currency, self.moved) for day in self.shown.days])

    def _show_drawn(self) -> None:
        """Another plan is on the board: its figures, its route, and what is said of it."""
        self._show_board()
        if self.stop(self.selected) is None:
            self.selected = None
        self.view.show_selected(self.selected)
        self._show_route()
        self.telling.plan_drawn()

    def _why_hands_off(self) -> str:
        if self.planner.searching or self.weekdays.looking:
            return _("A plan is being made: take the best so far (A), or cancel it first.")
        if self.choosing.comparing:
            return _("Plans are being compared: take one (A) or put them away (C), then change it.")
        return ""

    # ----------------------------------------------------------------------------- selection

    def select(self, card: int | None) -> None:
        """Choose a card: its day is on the map, its reason in the bar."""
        self.selected = card
        self.telling.choose_account(None)
        stop = self.stop(card)
        if stop is not None:
            self.day = stop.day
        self._show_selection()

    def select_unplanned(self, account_id: int) -> None:
        """Say in full why a customer is left out, on each day."""
        self.telling.choose_account(account_id)
        self._show_selection()

    def choose_day(self, day: date) -> None:
        """Show a day's route without choosing a stop."""
        self.day, self.selected = day, None
        self.telling.choose_account(None)
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

    def _show_selection(self) -> None:
        stop = self.stop(self.selected)
        self.view.show_selected(None if stop is None else stop.id)
        self.telling.explain()
        self._show_route()

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

    # -------------------------------------------------------------------------- its parts

    def replan(self) -> None:
        """See :meth:`Planner.replan`."""
        self.planner.replan()

    def fill(self) -> None:
        """See :meth:`Planner.fill`."""
        self.planner.fill()

    def cancel(self) -> None:
        """Stop what is being looked for; the plan stays as it is."""
        self.planner.cancel()
        self.weekdays.stop()

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

    def answer(self, kind: str, filled: Filled) -> None:
        """What was typed into a strip."""
        if kind == "export":
            self.giving.answer(filled.values)
        elif kind == "weekdays":
            self.weekdays.answer(filled.values)
        else:
            self.strips.answer(kind, filled)

    def next_moved(self) -> None:
        """Go to the next card that the last re-plan, or the plan on the board, moves."""
        week = self.shown
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
        if txn is None or not self.may_change():
            return
        self.undo, self.moved = None, frozenset()
        self.view.show_outcome("", "", "")
        self.runner.write(lambda: undo.undo(ws, txn), self._on_taken_back, owner=self)

    def _on_taken_back(self, _changes: ChangeSet) -> None:
        self.desk.toast(_("Taken back: the plan is as it was."))
        self.start()
