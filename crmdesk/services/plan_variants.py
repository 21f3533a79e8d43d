"""Plans side by side: the one that is there, the best by margin, the best by coverage.

Owns the totals of each and what moves. What one looks like on the board is
:mod:`crmdesk.services.plan_drafts`'; nothing is written here, accepting one is
:func:`crmdesk.services.plans.accept_plan`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.plan import Plan, plan_from_orders
from crmdesk.planning.problem import Problem, VisitMode
from crmdesk.planning.replan import can_drive
from crmdesk.planning.value import SaturatingValue
from crmdesk.planning.weekdays import share_on_usual_weekday
from crmdesk.services.planning_problem import Objective, RepProblem
from crmdesk.services.plans import ProgressCallback, Proposal, propose_plan
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """A plan's sums over its days, today's finished visits left out.

    ``coverage`` is the share of the customers that are not overdue at the end, ``usual_share`` the
    share of the visits on the customer's usual weekday.
    """

    visits: int
    work_minutes: int
    km: float
    margin_minor: int
    coverage: float
    usual_share: float


@dataclass(frozen=True, slots=True)
class Move:
    """A customer whose days differ from the plan that is there."""

    account_id: int
    name: str
    before: tuple[date, ...]
    after: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One plan to choose from; the one that is there has no proposal and no moves."""

    key: str
    totals: PlanTotals
    moves: tuple[Move, ...] = ()
    proposal: Proposal | None = None


def propose_variants(
    ws: Workspace,
    start: date,
    days: int,
    *,
    user_id: int | None = None,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Variant, ...]:
    """The plan that is there, and one by each objective. Raises what ``propose_plan`` raises.

    The search by margin begins from the plan by coverage where that is worth more than the one that
    is there, so that it never ends below either.
    """
    share = None if seconds is None else seconds / len(Objective)
    found_by: dict[Objective, Proposal] = {}
    for done, objective in enumerate((Objective.COVERAGE, Objective.MARGIN)):
        found_by[objective] = propose_plan(
            ws, start, days, user_id=user_id, objective=objective, seconds=share,
            iterations=iterations, seed=seed, cancelled=cancelled,
            on_progress=_part_of(on_progress, done),
            begin_from=found_by[Objective.COVERAGE].plan.orders() if found_by else None,
        )  # fmt: skip
    proposals = [found_by[objective] for objective in Objective]
    scale = 10 ** currency_exponent(ws.currency)
    source = proposals[0].source
    now = present_plan(source)
    found = [Variant("now", totals_of(source.problem, now, scale))]
    for one in proposals:
        found.append(
            Variant(
                one.objective.value, totals_of(one.source.problem, one.plan, scale),
                moves_between(source, now.orders(), one.plan.orders()), one,
            )
        )  # fmt: skip
    return tuple(found)


def _part_of(on_progress: ProgressCallback | None, done: int) -> ProgressCallback | None:
    """Tells the progress of one search as that of all, ``done`` of which are over."""
    if on_progress is None:
        return None
    return lambda one: on_progress(replace(one, share=(done + one.share) / len(Objective)))


def present_plan(source: RepProblem) -> Plan:
    """The plan that is there, as far as each day can be driven."""
    orders = []
    for day, order in enumerate(source.present):
        kept = list(order)
        while kept and not can_drive(source.problem, day, kept):
            kept.pop()
        orders.append(kept)
    return plan_from_orders(source.problem, orders)


def totals_of(problem: Problem, plan: Plan, scale: int) -> PlanTotals:
    """The sums of a plan; ``scale`` is how many minor units the major unit has."""
    minutes = 0.0
    for day in plan.days:
        if day.visits:
            visits = sum(v.timing.wait + problem.stops[v.stop].visit_minutes for v in day.visits)
            minutes += day.drive_minutes + visits
    return PlanTotals(
        visits=plan.visit_count,
        work_minutes=round(minutes),
        km=sum(day.km for day in plan.days if day.visits),
        margin_minor=round(plan.margin * scale),
        coverage=coverage_of(problem, plan.orders()),
        usual_share=share_on_usual_weekday(problem, plan),
    )


def coverage_of(problem: Problem, orders: Sequence[Sequence[int]]) -> float:
    """The share of the customers seen in person that are not overdue at the end of the days."""
    last = {u: stop.last_visit for u, stop in enumerate(problem.stops)}
    for day, order in enumerate(orders):
        for u in order:
            last[u] = problem.offset(day)
    rules = SaturatingValue()
    gaps = [
        rules.overdue_days(stop.interval_days, problem.end_offset - 1 - last[u])
        for u, stop in enumerate(problem.stops)
        if stop.mode is VisitMode.IN_PERSON
    ]
    return sum(late <= 0.0 for late in gaps) / len(gaps) if gaps else 1.0


def moves_between(
    source: RepProblem, before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> tuple[Move, ...]:
    """Customers whose days differ, by name."""
    was, now = _days_of(source, before), _days_of(source, after)
    moves = [
        Move(
            source.candidates[u].account_id, source.candidates[u].name, was.get(u, ()),
            now.get(u, ()),
        )
        for u in was.keys() | now.keys()
        if was.get(u, ()) != now.get(u, ())
    ]  # fmt: skip
    return tuple(sorted(moves, key=lambda move: (move.name, move.account_id)))


def _days_of(source: RepProblem, orders: Sequence[Sequence[int]]) -> Mapping[int, tuple[date, ...]]:
    found: dict[int, tuple[date, ...]] = {}
    for day, order in enumerate(orders):
        for u in order:
            found[u] = (*found.get(u, ()), source.days[day])
    return found
