"""Plans in the making: re-planning with the board following, filling, plans side by side. No Qt.

Owns the job, what the board shows meanwhile, and the choice between plans. What a plan is made of
is the services'.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.money import currency_exponent
from crmdesk.gui.views.plan import variant_words, words
from crmdesk.gui.views.plan.items import day_item
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.gui.views.plan.totals import week_heading
from crmdesk.i18n import _, ngettext, weekday_short
from crmdesk.planning.explain import conflict_text
from crmdesk.planning.solver import Progress
from crmdesk.services import fill, plan_variants, plans, settings
from crmdesk.services.plan_variants import Variant, draft_week
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
class _Search:
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
        self._search: _Search | None = None
        self._before: WeekRow | None = None
        self._took_s = 0.0
        self._variants: tuple[Variant, ...] = ()
        self._chosen = ""

    @property
    def comparing(self) -> bool:
        """True while plans stand side by side."""
        return bool(self._variants)

    # ---------------------------------------------------------------------------- re-planning

    def replan(self) -> None:
        """Plan the rest of the shown weeks anew, keeping what is done, locked or agreed."""
        ws, user = self._at.ws, self._at.person.id
        self._propose(
            _("Planning the week") if self._at.weeks == 1 else _("Planning the weeks"),
            lambda start, days, search: plans.propose_plan(
                ws, start, days, user_id=user, seconds=_seconds(ws), cancelled=search.over,
                on_source=search.set_source, on_progress=search.progressed,
            ),
        )  # fmt: skip

    def fill(self) -> None:
        """Add visits into free time; nothing that is planned moves to another day."""
        ws, user = self._at.ws, self._at.person.id
        self._propose(
            _("Filling free time"),
            lambda start, days, search: fill.propose_fill(
                ws, start, days, user_id=user, seconds=_seconds(ws), cancelled=search.over,
                on_source=search.set_source, on_progress=search.progressed,
            ),
        )  # fmt: skip

    def _propose(self, text: str, make: Callable[[date, int, _Search], Proposal]) -> None:
        def work(search: _Search, start: date, days: int) -> tuple[Proposal, float]:
            began = time.perf_counter()
            proposal = make(start, days, search)
            search.control.check()
            return proposal, time.perf_counter() - began

        self._start(text, work, self._on_proposed)

    def _start(
        self,
        text: str,
        work: Callable[[_Search, date, int], object],
        done: Callable[..., None],
    ) -> None:
        at = self._at
        if self._search is not None or at.week is None:
            return
        self.discard()
        start, days = at.span()
        if days <= 0:
            at.desk.toast(_("This week is over; turn to a later one."))
            return
        search = self._search = _Search(at.view.new_control())
        at.view.show_progress(text, 0, 0)

        def progressed(report: Report) -> None:
            at.view.show_progress(text, report.done, report.total)
            self._draw(search)

        at.runner.read(
            lambda: work(search, start, days), done, self._on_failed, owner=at,
            control=search.control, progressed=progressed,
        )  # fmt: skip

    def _draw(self, search: _Search) -> None:
        """The best plan so far on the board."""
        best, source, week = search.best, search.source, self._at.week
        if best is None or source is None or week is None or best is search.shown:
            return
        search.shown = best
        self._show(draft_week(week, source, best.orders, self._scale()), week)

    def _show(self, draft: WeekRow, present: WeekRow) -> None:
        at = self._at
        was = {stop.id: stop.day for day in present.days for stop in day.stops}
        moved = frozenset(
            stop.id for day in draft.days for stop in day.stops if was.get(stop.id) != stop.day
        )
        # What share of the customers it reaches is known of plans side by side only.
        days = tuple(replace(day, coverage=None) for day in draft.days)
        at.drawn = None if draft is present else replace(draft, days=days, coverage=None)
        at.view.show_heading(week_heading(draft if at.drawn is None else at.drawn, at.ws.currency))
        at.view.show_days(
            [day_item(day, at.ws.today(), at.ws.currency, moved) for day in draft.days]
        )

    def _scale(self) -> int:
        return int(10 ** currency_exponent(self._at.ws.currency))

    def take_now(self) -> None:
        """The best plan so far is enough."""
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
            self._at.refresh()

    def _end(self) -> None:
        self._search = None
        self._at.view.show_progress("", 0, 0)

    def _on_failed(self, error: Exception) -> None:
        self._end()
        self._at.desk.fail(error)
        self._at.refresh()

    def _on_proposed(self, result: tuple[Proposal, float]) -> None:
        proposal, self._took_s = result
        self._end()
        self._accept(proposal)

    def _accept(self, proposal: Proposal) -> None:
        at = self._at
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
        self._at.undo = changes.undo
        self._at.selected = None
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

    # --------------------------------------------------------------------- plans side by side

    def compare(self) -> None:
        """Plan the shown weeks by margin and by coverage, beside the plan that is there."""
        ws, user = self._at.ws, self._at.person.id

        def work(search: _Search, start: date, days: int) -> tuple[Variant, ...]:
            found = plan_variants.propose_variants(
                ws, start, days, user_id=user, seconds=2 * _seconds(ws),
                cancelled=search.over,
                on_progress=search.progressed,
            )  # fmt: skip
            search.control.check()
            return found

        if self.comparing:
            self.discard()
        else:
            self._start(_("Making plans to compare"), work, self._on_compared)

    def _on_compared(self, variants: tuple[Variant, ...]) -> None:
        self._end()
        self._variants = variants
        self._at.view.show_outcome("", "", "")
        self.choose(variants[1].key)

    def choose(self, key: str) -> None:
        """Show one of the plans on the board."""
        at = self._at
        chosen = next((one for one in self._variants if one.key == key), None)
        if chosen is None or at.week is None:
            return
        self._chosen = key
        at.view.show_variants(variant_words.items(self._variants, at.ws.currency), key)
        draft, proposal = at.week, chosen.proposal
        if proposal is not None:
            orders = proposal.plan.orders()
            draft = draft_week(at.week, proposal.source, orders, self._scale())
        self._show(draft, at.week)
        at.redraw()

    def step(self, by: int) -> None:
        """Show the plan before or after the one that is shown."""
        keys = [one.key for one in self._variants]
        if self._chosen in keys:
            self.choose(keys[(keys.index(self._chosen) + by) % len(keys)])

    def accept(self) -> None:
        """Take the plan that is shown, or during a search the best one so far."""
        if self._search is not None:
            self.take_now()
            return
        chosen = next((one for one in self._variants if one.key == self._chosen), None)
        if chosen is None:
            return
        if chosen.proposal is None:
            self.discard()
            self._at.desk.toast(_("The plan stays as it is."))
            return
        self._took_s = 0.0
        self._hide()
        self._accept(chosen.proposal)

    def discard(self) -> None:
        """Put the plans away; the plan stays as it is."""
        if self._variants:
            self._hide()
            self._at.refresh()

    def _hide(self) -> None:
        self._variants, self._chosen = (), ""
        self._at.view.show_variants((), "")
