"""What the parts of the plan's presenter share: the weeks shown, the selection, the last change.

Owns that state and looking things up in it. No Qt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan.asked import PlanView
from crmdesk.i18n import format_money
from crmdesk.services import plans
from crmdesk.services.plans import Proposal
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries.plan import DayRow, StopRow, WeekRow
from crmdesk.services.queries.plan_people import PlanPerson, own_plan
from crmdesk.services.queries.plan_reasons import UnplannedRow


class Standing:
    """See the module. ``weeks`` are shown, and planned, at once: those of ``person``.

    ``week`` is the plan as it is, ``drawn`` another one that is on the board meanwhile, of which
    ``proposal`` knows the reasons once it is found. What is said is said of the one on the board;
    ``hands_off`` says in a sentence why nothing can be changed by hand, empty when it can.
    """

    def __init__(self, context: PlaceContext, view: PlanView) -> None:
        self.closed = False
        self.ws = context.workspace
        self.runner = context.runner
        self.desk = context.desk
        self.view = view
        self.person: PlanPerson = own_plan(context.workspace)
        self.monday = queries.monday_of(plans.plan_start(self.ws.today()))
        self.weeks = 1
        self.week: WeekRow | None = None
        self.drawn: WeekRow | None = None
        self.proposal: Proposal | None = None
        self.left_out: tuple[UnplannedRow, ...] = ()
        self.selected: int | None = None
        self.wanted_account: int | None = None
        self.day: date = self.ws.today()
        self.moved: frozenset[int] = frozenset()
        self.undo: int | None = None
        self.refresh: Callable[[], None] = lambda: None
        self.redraw: Callable[[], None] = lambda: None
        self.take_back: Callable[[], None] = lambda: None
        self.hands_off: Callable[[], str] = lambda: ""

    @property
    def shown(self) -> WeekRow | None:
        """The plan on the board."""
        return self.drawn or self.week

    def stop(self, card: int | None) -> StopRow | None:
        """A stop of the plan on the board, by its card."""
        days = self.shown.days if self.shown is not None else ()
        return next((stop for day in days for stop in day.stops if stop.id == card), None)

    def day_row(self, day: date) -> DayRow | None:
        """A day of the plan as it is."""
        days = self.week.days if self.week is not None else ()
        return next((row for row in days if row.day == day), None)

    def drawn_day(self, day: date) -> DayRow | None:
        """A day as the board has it."""
        days = self.shown.days if self.shown is not None else ()
        return next((row for row in days if row.day == day), None)

    def span(self) -> tuple[date, int]:
        """The first day that can still be planned and how many calendar days there are."""
        start = max(self.monday, self.ws.today())
        return start, (self.monday + timedelta(days=7 * self.weeks) - start).days

    def draw(self, draft: WeekRow, proposal: Proposal | None) -> None:
        """Put a plan on the board; the kept one itself stands for going back to it.

        Its cards are marked where they differ from the plan that is kept.
        """
        week = self.week
        was = {stop.id: stop.day for day in week.days for stop in day.stops} if week else {}
        self.moved = frozenset(
            stop.id for day in draft.days for stop in day.stops if was.get(stop.id) != stop.day
        )
        # What share of the customers it reaches is known of plans side by side only.
        days = tuple(replace(day, coverage=None) for day in draft.days)
        self.drawn = None if draft is week else replace(draft, days=days, coverage=None)
        self.proposal = proposal
        self.redraw()

    def undraw(self) -> None:
        """The kept plan is on the board again, once it is shown."""
        self.drawn, self.proposal, self.moved = None, None, frozenset()

    def may_change(self) -> bool:
        """Whether the plan on the board is the one that is kept; says so when it is not."""
        why = self.hands_off()
        if why:
            self.desk.toast(why)
        return not why

    def change(self, work: Callable[[], ChangeSet], text: str) -> None:
        """Make a change and say so, with a way back."""

        def done(changes: ChangeSet) -> None:
            self.undo = changes.undo
            self.moved = frozenset()
            self.view.show_outcome("", "", "")
            undo = None if changes.undo is None else self.take_back
            self.desk.toast(text, undo=undo)
            self.refresh()

        self.runner.write(work, done, owner=self)

    def money(self, minor: int) -> str:
        """An amount without decimals."""
        return format_money(minor, self.ws.currency, decimals=0)
