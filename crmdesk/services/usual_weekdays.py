"""Usual weekdays that fit the geography: proposed from plans made without any, taken by a person.

Owns the proposal, what it is worth in kilometres, and writing what was taken. Keeping to a usual
weekday is the planner's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.planning.problem import Problem
from crmdesk.planning.solver import solve
from crmdesk.planning.weekdays import propose_weekdays
from crmdesk.services.planning_problem import Objective, read_problem
from crmdesk.services.plans import ProgressCallback
from crmdesk.services.workspace import Workspace

_DAYS = 28
_SOLVED = 3


@dataclass(frozen=True, slots=True)
class WeekdayProposal:
    """A customer and the weekday (Monday is 0) that fits better; ``now`` is None without one."""

    account_id: int
    name: str
    now: int | None
    proposed: int


@dataclass(frozen=True, slots=True)
class WeekdayFit:
    """The proposals, and the kilometres of four weeks that keep to the weekdays, now and then."""

    proposals: tuple[WeekdayProposal, ...]
    km_now: float
    km_then: float
    margin_now_minor: int
    margin_then_minor: int


def propose_usual_weekdays(
    ws: Workspace,
    start: date,
    *,
    user_id: int | None = None,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> WeekdayFit:
    """Weekdays for somebody's customers from four weeks planned freely; writes nothing.

    Only those that would change are given, and none when keeping to them would be worth less than
    keeping to the present ones. Raises UserError without customers or working days.
    """
    user = ws.user.id if user_id is None else user_id
    source = read_problem(ws, user, start, _DAYS, Objective.MARGIN)
    if not source.days or not source.candidates:
        raise UserError(_("There are no customers to visit."), _("Choose a later week."))
    share = None if seconds is None else seconds / _SOLVED
    problem = replace(source.problem, fixed=(), announced=frozenset())

    def worth(one: Problem) -> tuple[float, float, float]:
        plan = solve(
            one, seed=seed, seconds=share, iterations=iterations, on_progress=on_progress,
            cancelled=cancelled,
        )  # fmt: skip
        return plan.worth, plan.km, plan.margin

    free = replace(problem, weights=replace(problem.weights, usual_weekday=0.0))
    plan = solve(
        free, seed=seed, seconds=share, iterations=iterations, on_progress=on_progress,
        cancelled=cancelled,
    )  # fmt: skip
    wanted = propose_weekdays(free, plan)
    stops = tuple(
        replace(stop, usual_weekday=stop.usual_weekday if day is None else day)
        for stop, day in zip(problem.stops, wanted, strict=True)
    )
    now, then = worth(problem), worth(replace(problem, stops=stops))
    found = tuple(
        WeekdayProposal(candidate.account_id, candidate.name, stop.usual_weekday, day)
        for candidate, stop, day in zip(source.candidates, problem.stops, wanted, strict=True)
        if day is not None and day != stop.usual_weekday
    )
    without = tuple(one for one in found if one.now is None)
    kept = found if then[0] > now[0] else without
    return WeekdayFit(kept, now[1], then[1], round(now[2] * 100), round(then[2] * 100))


def take_usual_weekdays(ws: Workspace, proposals: Sequence[WeekdayProposal]) -> ChangeSet:
    """Write the weekdays that were taken."""
    with ws.database.write() as tx:
        for one in proposals:
            tx.connection.exec_driver_sql(
                "UPDATE account SET usual_weekday = ? WHERE id = ?", (one.proposed, one.account_id)
            )
    return ChangeSet.of("account", [one.account_id for one in proposals], undo=tx.txn)
