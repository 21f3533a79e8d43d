"""Plans in the making: re-planning with the board following, filling, plans side by side. No Qt.

Owns the job, what the board shows meanwhile, and the choice between plans. What a plan is made of
is the services'.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.money import currency_exponent
from crmdesk.gui.views.plan import words
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _, ngettext, weekday_short
from crmdesk.planning.explain import conflict_text
from crmdesk.planning.solver import Progress
from crmdesk.services import fill, plans, settings
from crmdesk.services.plan_drafts import draft_week
from crmdesk.services.planning_problem import RepProblem
from crmdesk.services.plans import Proposal
from crmdesk.services.queries.plan import WeekRow

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Control, Report
    from crmdesk.services.workspace import Workspace


def _seconds(ws: Workspace) -> float:
    """How long a re-plan may search; read off the interface thread."""
    return float(settings.get(ws, settings.PLAN_SECONDS))


@dataclass(slots=True)
class Search:
    """A search under way: what its orders mean, the best so far, and whether that is enough."""

    control: Control
    source: RepProblem | None = None
    best: Progress | None = None
    shown: Progress | None = field(default=None)
    enough: bool = False

    def set_source(self, source: RepProblem) -> None:
        self.source = source

    def progressed(self, progress: Progress) -> None:
        self.best = progress
        self.control.report(round(progress.share * 100), 100)

    def over(self) -> bool:
        return self.enough or self.control.cancelled


class Planner:
    """See the module."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing
        self._search: Search | None = None
        self._before: WeekRow | None = None
        self._took_s = 0.0
        self.before_start: Callable[[], None] = lambda: None

    def seconds(self) -> float:
        """How long a search may take; asked off the interface thread."""
        return _seconds(self._at.ws)

    @property
    def searching(self) -> bool:
        """True while a plan is being made."""
        return self._search is not None

    # ---------------------------------------------------------------------------- re-planning

    def replan(self) -> None:
        """Plan the rest of the shown weeks anew, keeping what is done, locked or agreed."""
        ws, user = self._at.ws, self._at.person.id
        self._propose(
            _("Planning the week") if self._at.weeks == 1 else _("Planning the weeks"),
            lambda start, days, search: plans.propose_plan(
                ws, start, days, user_id=user, seconds=self.seconds(), cancelled=search.over,
                on_source=search.set_source, on_progress=search.progressed,
            ),
        )  # fmt: skip

    def fill(self) -> None:
        """Add visits into free time; nothing that is planned moves to another day."""
        ws, user = self._at.ws, self._at.person.id
        self._propose(
            _("Filling free time"),
            lambda start, days, search: fill.propose_fill(
                ws, start, days, user_id=user, seconds=self.seconds(), cancelled=search.over,
                on_source=search.set_source, on_progress=search.progressed,
            ),
        )  # fmt: skip

    def _propose(self, text: str, make: Callable[[date, int, Search], Proposal]) -> None:
        def work(search: Search, start: date, days: int) -> tuple[Proposal, float]:
            began = time.perf_counter()
            proposal = make(start, days, search)
            search.control.check()
            return proposal, time.perf_counter() - began

        self.search(text, work, self._on_proposed)

    def search(
        self,
        text: str,
        work: Callable[[Search, date, int], object],
        done: Callable[..., None],
    ) -> None:
        """Run ``work`` for what can still be planned of the weeks shown; the board follows it."""
        at = self._at
        if self._search is not None or at.week is None:
            return
        self.before_start()
        start, days = at.span()
        if days <= 0:
            at.desk.toast(_("This week is over; turn to a later one."))
            return
        search = self._search = Search(at.view.new_control())
        at.view.show_progress(text, 0, 0)

        def progressed(report: Report) -> None:
            at.view.show_progress(text, report.done, report.total)
            self._draw(search)

        def found(result: object) -> None:
            self._end()
            done(result)

        at.runner.read(
            lambda: work(search, start, days), found, self._on_failed, owner=at,
            control=search.control, progressed=progressed,
        )  # fmt: skip

    def _draw(self, search: Search) -> None:
        """The best plan so far on the board."""
        best, source, week = search.best, search.source, self._at.week
        if best is None or source is None or week is None or best is search.shown:
            return
        search.shown = best
        scale = int(10 ** currency_exponent(self._at.ws.currency))
        self._at.draw(draft_week(week, source, best.orders, scale), None)

    def take_now(self) -> None:
        """The best plan so far is enough; nothing when none is being made."""
        if self._search is not None:
            self._search.enough = True

    def stop(self) -> None:
        """Stop planning, for a place that closes."""
        if self._search is not None:
            self._search.control.cancel()
            self._search = None

    def cancel(self) -> None:
        """Stop planning; the plan stays as it is."""
        if self._search is not None:
            self.stop()
            self._end()
            self._at.undraw()
            self._at.refresh()

    def _end(self) -> None:
        self._search = None
        self._at.view.show_progress("", 0, 0)

    def _on_failed(self, error: Exception) -> None:
        self._end()
        self._at.undraw()
        self._at.desk.fail(error)
        self._at.refresh()

    def _on_proposed(self, result: tuple[Proposal, float]) -> None:
        proposal, took_s = result
        self.take(proposal, took_s)

    def take(self, proposal: Proposal, took_s: float = 0.0) -> None:
        """Make a proposal the plan, and say what it changed."""
        at, self._took_s = self._at, took_s
        self._before = at.week
        self._tell_conflicts(proposal)
        at.runner.write(
            lambda: plans.accept_plan(at.ws, proposal), self._on_accepted, self._on_failed,
            owner=at,
        )  # fmt: skip

    def _tell_conflicts(self, proposal: Proposal) -> None:
        """Say which agreed or locked visits the new plan cannot keep; they stay where they are."""
        told = [
            (
                proposal.candidates[one.stop].name,
                proposal.days[one.day],
                conflict_text(one),
            )
            for one in proposal.plan.conflicts
        ]
        told += [(name, day, _("that day is off")) for name, day in proposal.source.stranded]
        if not told:
            return
        name, day, reason = told[0]
        text = _("{name} on {day} cannot be kept: {reason}.").format(
            name=name, day=weekday_short(day.weekday()), reason=reason
        )
        if len(told) > 1:
            more = len(told) - 1
            text += " " + ngettext("{count} more.", "{count} more.", more).format(count=more)
        self._at.desk.banner(text, _("It stays in the plan; agree another hour or move it."))

    def _on_accepted(self, changes: ChangeSet) -> None:
        self._at.undraw()
        self._at.undo = changes.undo
        self._at.refresh()

    def week_read(self, week: WeekRow) -> None:
        """After an accepted plan: say what it changed."""
        before, self._before = self._before, None
        if before is not None:
            self._show_outcome(before, week)

    def _show_outcome(self, before: WeekRow, after: WeekRow) -> None:
        at = self._at
        was = {stop.id: stop.day for day in before.days for stop in day.stops}
        now = {stop.id: stop.day for day in after.days for stop in day.stops}
        moved = {key for key, day in now.items() if key in was and was[key] != day}
        added = now.keys() - was.keys()
        at.moved = frozenset(moved | added)
        outcome = words.Outcome(
            seconds=self._took_s,
            moved=len(moved),
            added=len(added),
            dropped=len(was.keys() - now.keys()),
            km=after.km - before.km,
            margin_minor=after.margin_minor - before.margin_minor,
        )
        if not (moved or added or outcome.dropped):
            at.view.show_outcome("", "", "")
            at.desk.toast(_("Nothing better was found: every visit keeps its day."))
            return
        at.view.show_outcome(*words.outcome_sentence(outcome, at.ws.currency))
