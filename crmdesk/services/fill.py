"""Filling free time: a proposal that adds visits and moves none.

Owns the one difference from :func:`crmdesk.services.plans.propose_plan`: everything that is
planned stays on its day. Accepting the proposal is :func:`crmdesk.services.plans.accept_plan`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.planning.explain import explain_omissions, explain_visits
from crmdesk.planning.problem import FixedVisit
from crmdesk.planning.solver import solve
from crmdesk.services.plan_conflicts import seen_once
from crmdesk.services.planning_problem import Objective, RepProblem, read_problem
from crmdesk.services.plans import ProgressCallback, Proposal
from crmdesk.services.workspace import Workspace


def propose_fill(
    ws: Workspace,
    start: date,
    days: int,
    *,
    user_id: int | None = None,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    on_source: Callable[[RepProblem], None] | None = None,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Proposal:
    """Plan more visits into the free time of ``days`` calendar days from ``start``.

    Visits that are there keep their day; their hour may shift. Writes nothing. Raises UserError
    when no working day is left.
    """
    user = ws.user.id if user_id is None else user_id
    source = read_problem(ws, user, start, days, Objective.MARGIN)
    if not source.days or not source.candidates:
        raise UserError(_("There is no free working time left."), _("Choose a later week."))
    kept = {(visit.stop, visit.day) for visit in source.problem.fixed}
    extra = tuple(
        FixedVisit(stop, day)
        for day, order in enumerate(source.present)
        for stop in order
        if (stop, day) not in kept
    )
    problem = replace(source.problem, fixed=source.problem.fixed + extra)
    if on_source is not None:
        on_source(source)
    plan = solve(
        problem,
        seed=seed,
        seconds=seconds,
        iterations=iterations,
        start=source.present if any(source.present) else None,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    plan = seen_once(problem, plan)
    return Proposal(
        user,
        replace(source, problem=problem),
        plan,
        tuple(explain_visits(problem, plan)),
        tuple(explain_omissions(problem, plan)),
    )
