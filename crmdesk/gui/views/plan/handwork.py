"""Visits moved, locked, added and taken out by hand. No Qt.

Owns what each means; what has to be typed is asked for by :mod:`.strips`.
"""

from __future__ import annotations

from datetime import date

from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _, weekday_short
from crmdesk.services import plans
from crmdesk.services.queries.plan import StopRow


class Handwork:
    """See the module."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing

    # ------------------------------------------------------------------------ moves and locks

    def toggle_lock(self) -> None:
        """Keep the chosen visit where it is, or set it free."""
        at = self._at
        stop = at.stop(at.selected)
        if stop is None or not self.may_change(stop):
            return
        at.change(
            lambda: plans.lock_visit(at.ws, stop.id, locked=not stop.locked),
            _("{name} is free to move again.").format(name=stop.account)
            if stop.locked
            else _("{name} stays on {day}.").format(
                name=stop.account, day=weekday_short(stop.day.weekday())
            ),
        )

    def move_selected(self, step: int) -> None:
        """Move the chosen visit to the working day before or after."""
        at = self._at
        stop, week = at.stop(at.selected), at.week
        if stop is None or week is None or not self.may_change(stop):
            return
        days = [day.day for day in week.days if day.day >= at.ws.today()]
        if stop.day not in days:
            return
        there = days.index(stop.day) + step
        if not 0 <= there < len(days):
            at.desk.toast(_("There is no working day further that way this week."))
            return
        self.move(stop.id, days[there], None)

    def move_within(self, step: int) -> None:
        """Move the chosen visit one place earlier or later on its day."""
        at = self._at
        stop = at.stop(at.selected)
        row = None if stop is None else at.day_row(stop.day)
        if stop is None or row is None or not self.may_change(stop):
            return
        open_stops = [one for one in row.stops if one.waiting and one.in_person]
        place = next((n for n, one in enumerate(open_stops) if one.id == stop.id), None)
        if place is None or not 0 <= place + step < len(open_stops):
            return
        other = open_stops[place + step]
        self.move(stop.id, stop.day, other.sequence + (step > 0))

    def move(self, card: int, day: date, sequence: int | None) -> None:
        """Move a visit to a day, before the stop that has this place now; None is by the clock."""
        at = self._at
        stop = at.stop(card)
        if stop is None or not self.may_change(stop):
            return
        if day < at.ws.today():
            at.desk.toast(_("That day is over."))
            return
        place = self._place_by_clock(stop, day) if sequence is None else sequence
        at.selected = card
        at.change(
            lambda: plans.move_visit(at.ws, card, day, place),
            _("{name} moved to {day}.").format(name=stop.account, day=weekday_short(day.weekday())),
        )

    def _place_by_clock(self, stop: StopRow, day: date) -> int:
        """The place in another day at which its hour stays about the same."""
        row = self._at.day_row(day)
        others = [s for s in row.stops if s.id != stop.id] if row is not None else []
        minute = stop.start_minute or 0
        for other in others:
            if other.waiting and (other.start_minute or 0) > minute:
                return other.sequence
        return max((other.sequence for other in others), default=0) + 1

    def plan_customer(self, account_id: int, day: date) -> None:
        """Put a customer who is left out on a day."""
        at = self._at
        if not at.may_change():
            return
        if day < at.ws.today():
            at.desk.toast(_("That day is over."))
            return
        row = next((r for r in at.left_out if r.account_id == account_id), None)
        name = row.account if row is not None else ""
        at.wanted_account = account_id
        at.change(
            lambda: plans.add_visit(at.ws, account_id, day, user_id=at.person.id),
            _("{name} added to {day}.").format(name=name, day=weekday_short(day.weekday())),
        )

    def plan_fitting(self, account_id: int) -> None:
        """Put a customer who is left out on the day that fits, or on the shown day."""
        row = next((r for r in self._at.left_out if r.account_id == account_id), None)
        day = row.fits_on if row is not None and row.fits_on is not None else self._at.day
        self.plan_customer(account_id, day)

    def drop_selected(self) -> None:
        """Take the chosen visit out of the plan."""
        at = self._at
        stop = at.stop(at.selected)
        if stop is not None and self.may_change(stop):
            at.change(
                lambda: plans.drop_visit(at.ws, stop.id),
                _("{name} is out of the plan.").format(name=stop.account),
            )

    def may_change(self, stop: StopRow) -> bool:
        """Whether a visit of the kept plan is still to come; says so when it is not."""
        if not self._at.may_change():
            return False
        if not stop.waiting:
            self._at.desk.toast(_("This visit is finished and cannot be moved."))
        return stop.waiting
