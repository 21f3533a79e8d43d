"""What is said of the plan on the board: the reason bar, and who is not planned. No Qt.

Owns that all of it speaks of the plan that is shown, be it the kept one, one of several that are
compared, or one still in the making. Sentences are :mod:`.reasons`'.
"""

from __future__ import annotations

from datetime import date

from crmdesk.gui.views.plan import reasons
from crmdesk.gui.views.plan.items import card_item, unplanned_item
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import format_number
from crmdesk.services.plans import Proposal
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.queries.plan import StopRow, WeekRow
from crmdesk.services.queries.plan_reasons import DayReason, UnplannedRow
from crmdesk.services.workspace import Workspace


class Telling:
    """See the module."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing
        self._by_due = False
        self._account: int | None = None
        self._elsewhere: dict[int, str] = {}
        self._of_kept: tuple[UnplannedRow, ...] = ()
        self._of_drawn: tuple[Proposal, tuple[UnplannedRow, ...]] | None = None

    # -------------------------------------------------------------------- who is not planned

    def read_left_out(self) -> None:
        """Read who is left out of the plan that is kept."""
        at = self._at
        ws, monday, weeks, user = at.ws, at.monday, at.weeks, at.person.id

        def done(rows: tuple[UnplannedRow, ...]) -> None:
            if (user, monday, weeks) == (at.person.id, at.monday, at.weeks):
                self._of_kept = rows
                self.show_left_out()
                self.explain()

        at.runner.read(lambda: plan_reasons.left_out(ws, monday, user, weeks=weeks), done, owner=at)

    def plan_drawn(self) -> None:
        """Another plan is on the board: everything is said of that one."""
        at = self._at
        self._elsewhere, self._of_drawn = {}, None
        self.show_left_out()
        self.explain()
        draft, proposal = at.drawn, at.proposal
        if draft is None or proposal is None:
            return

        def work(draft: WeekRow, proposal: Proposal) -> tuple[UnplannedRow, ...]:
            orders = proposal.plan.orders()
            return plan_reasons.left_out_of(at.ws, draft, proposal.source, orders, proposal.user_id)

        def done(rows: tuple[UnplannedRow, ...]) -> None:
            if at.proposal is proposal:
                self._of_drawn = (proposal, rows)
                self.show_left_out()
                self.explain()

        at.runner.read(lambda: work(draft, proposal), done, owner=at)

    def show_left_out(self) -> None:
        """The list beside the board."""
        at = self._at
        rows = self._rows()
        if self._by_due:
            rows = tuple(sorted(rows, key=lambda row: (row.due_on, -row.expected_minor)))
        at.left_out = rows
        currency, today = at.ws.currency, at.ws.today()
        note = format_number(len(rows))
        at.view.show_unplanned(note, [unplanned_item(row, currency, today) for row in rows])

    def _rows(self) -> tuple[UnplannedRow, ...]:
        """Of a plan still in the making it is only known who is in it meanwhile."""
        at = self._at
        if at.drawn is None:
            return self._of_kept
        if self._of_drawn is not None and self._of_drawn[0] is at.proposal:
            return self._of_drawn[1]
        there = {stop.account_id for day in at.drawn.days for stop in day.stops if stop.in_person}
        return tuple(row for row in self._of_kept if row.account_id not in there)

    def sort_unplanned(self, *, by_due: bool) -> None:
        """By expected margin, or by due date."""
        self._by_due = by_due
        self.show_left_out()

    # ------------------------------------------------------------------------ the reason bar

    def choose_account(self, account_id: int | None) -> None:
        """Speak of a customer who is left out instead of the chosen visit; None: no longer."""
        self._account = account_id

    def forget(self) -> None:
        """The plan was read again: what other days would mean is asked anew."""
        self._elsewhere = {}

    def explain(self) -> None:
        """Say why the chosen visit stands there, or why the chosen customer is left out."""
        at = self._at
        currency, today = at.ws.currency, at.ws.today()
        left = next((r for r in at.left_out if r.account_id == self._account), None)
        if left is not None:
            if self._searching():
                told = reasons.being_searched(left.account)
            else:
                told = reasons.unplanned_explanation(left, currency, today)
            at.view.show_explanation(told, None)
            return
        stop = at.stop(at.selected)
        if stop is None:
            empty = at.shown is not None and not any(day.stops for day in at.shown.days)
            at.view.show_explanation(reasons.empty_week() if empty else None, None)
            return
        card = card_item(stop, currency, at.moved)
        if self._searching() and stop.waiting:
            at.view.show_explanation(reasons.being_searched(stop.account), card)
            return
        more = self._elsewhere.get(stop.id, "")
        at.view.show_explanation(reasons.explanation(stop, currency, more), card)

    def _searching(self) -> bool:
        """True while the plan on the board is one still in the making."""
        return self._at.drawn is not None and self._at.proposal is None

    def explain_more(self) -> None:
        """Once the selection rests: what another day would mean for the chosen visit."""
        at = self._at
        stop = at.stop(at.selected)
        if at.closed or stop is None or stop.id in self._elsewhere or self._searching():
            return
        if not stop.waiting or not stop.in_person:
            return
        shown, key, user, proposal = at.shown, stop.id, at.person.id, at.proposal

        def done(found: tuple[DayReason, ...]) -> None:
            if at.shown is not shown:
                return
            self._elsewhere[key] = reasons.elsewhere(found, at.ws.currency)
            if at.selected == key and self._account is None:
                self.explain()

        at.runner.read(lambda: _other_days(at.ws, user, stop, proposal), done, owner=at)


def _other_days(
    ws: Workspace, user: int, stop: StopRow, proposal: Proposal | None
) -> tuple[DayReason, ...]:
    """Of the week the stop is in: in a plan of several weeks the others are left out."""
    monday: date = queries.monday_of(stop.day)
    if proposal is None:
        return plan_reasons.other_days(ws, monday, stop.id, user)
    found = plan_reasons.other_days_of(
        ws, proposal.source, proposal.plan.orders(), stop.account_id, stop.day
    )
    return tuple(one for one in found if queries.monday_of(one.day) == monday)
