"""Plans: propose the coming days, accept a proposal, move, lock and drop visits, re-plan today.

Proposing only calculates (in a job, with progress and cancel); accepting writes, as one
transaction that can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_date
from crmdesk.planning.calls import CallProposal, propose_calls
from crmdesk.planning.explain import Omission, VisitReason, explain_omissions, explain_visits
from crmdesk.planning.plan import Plan, plan_from_orders
from crmdesk.planning.problem import Problem
from crmdesk.planning.serving import USUAL
from crmdesk.planning.solver import Progress, solve
from crmdesk.planning.value import CoverageValue
from crmdesk.services import plan_steps
from crmdesk.services.plan_conflicts import refused_stops, seen_once
from crmdesk.services.plan_standing import what_is_planned
from crmdesk.services.plan_writing import write_plan
from crmdesk.services.planning_problem import Candidate, Objective, RepProblem, read_problem
from crmdesk.services.serving import read_serving
from crmdesk.services.workspace import Workspace

_CALLS_A_DAY = 6
_COVERED, _OVERDUE_A_DAY = 60.0, 3.0
ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that has not been written yet, with the problem it solves and its reasons.

    Without ``calls`` those that are planned stay, but for the ones a visit makes superfluous.
    """

    user_id: int
    source: RepProblem
    plan: Plan
    reasons: tuple[VisitReason, ...]
    omissions: tuple[Omission, ...]
    calls: tuple[CallProposal, ...] | None = None
    objective: Objective = Objective.MARGIN

    @property
    def days(self) -> tuple[date, ...]:
        """The working days of the plan."""
        return self.source.days

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The customers, by stop position."""
        return self.source.candidates


def propose_plan(
    ws: Workspace,
    start: date,
    days: int,
    *,
    user_id: int | None = None,
    objective: Objective = Objective.MARGIN,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    keep_present: bool = True,
    begin_from: Sequence[Sequence[int]] | None = None,
    on_source: Callable[[RepProblem], None] | None = None,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Proposal:
    """Plan the working days among ``days`` calendar days from ``start``; writes nothing.

    ``keep_present`` starts from the plan that is there (fewer moves), or from ``begin_from`` where
    that is worth more: the orders of another plan of the same days. ``on_source`` is given what
    the orders in a progress mean before there is any. What a visit is expected to bring is told in
    margin whatever the objective. Raises UserError when there is nobody to visit or no working day.
    """
    user = ws.user.id if user_id is None else user_id
    source = read_problem(ws, user, start, days, Objective.MARGIN)
    if not source.days:
        raise UserError(
            _("There is no working day in this time."), _("Check leave, holidays and hours.")
        )
    if not source.candidates:
        raise UserError(
            _("There are no customers to visit."), _("Import customers or ask for a territory.")
        )
    if on_source is not None:
        on_source(source)
    problem = source.problem
    sought = problem if objective is Objective.MARGIN else covering(problem)
    orders: Sequence[Sequence[int]] | None = (
        source.present if keep_present and any(source.present) else None
    )
    if begin_from is not None:
        orders = max(orders or (), begin_from, key=lambda one: worth_of(sought, one))
    plan = solve(
        sought, seed=seed, seconds=seconds, iterations=iterations, start=orders,
        on_progress=on_progress, cancelled=cancelled,
    )  # fmt: skip
    plan = seen_once(sought, plan)
    if objective is not Objective.MARGIN:
        plan = plan_from_orders(
            problem, plan.orders(), conflicts=plan.conflicts, iterations=plan.iterations, seed=seed
        )
    return Proposal(
        user,
        source,
        plan,
        tuple(explain_visits(problem, plan)),
        tuple(explain_omissions(problem, plan)),
        tuple(
            call
            for call in propose_calls(problem, plan, per_day=_CALLS_A_DAY)
            if call.stop not in refused_stops(plan)
        ),
        objective,
    )


def worth_of(problem: Problem, orders: Sequence[Sequence[int]]) -> float:
    """What a plan is worth to a problem, completed with what still fits in and pays."""
    return solve(problem, iterations=0, start=orders).worth


def covering(problem: Problem) -> Problem:
    """The same problem with every customer worth the same: as many as possible seen in time."""
    stops = tuple(replace(stop, overdue_per_day=_OVERDUE_A_DAY) for stop in problem.stops)
    return replace(problem, stops=stops, value=CoverageValue(_COVERED))


def accept_plan(ws: Workspace, proposal: Proposal) -> ChangeSet:
    """Write a proposal: visits that stay keep their row, others are moved, added or dropped.

    Done, started, locked and confirmed visits are never touched. Raises UserError, and writes
    nothing, when what is planned on these days has changed since the proposal was begun.
    """
    with ws.database.write() as tx:
        _check_unchanged(tx.connection, proposal)
        touched = write_plan(tx.connection, ws, proposal)
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def _check_unchanged(connection: Connection, proposal: Proposal) -> None:
    """A visit done, locked or moved meanwhile would be planned a second time."""
    problem, standing = proposal.source.problem, proposal.source.standing
    last = problem.origin + timedelta(days=problem.end_offset - 1)
    if standing is not None and standing != what_is_planned(
        connection, proposal.user_id, problem.origin, last
    ):
        raise UserError(
            _("The plan of these days has changed while this one was made; nothing was written."),
            _("Plan again: what changed is then taken into account."),
        )


def move_visit(ws: Workspace, planned_visit_id: int, day: date, sequence: int) -> ChangeSet:
    """Move a visit by hand to a day and place; it is locked there. Times of both days follow.

    Raises UserError when it would leave the day that was agreed with the customer.
    """
    with ws.database.write() as tx:
        user_id, old_day = plan_steps.changeable(tx.connection, planned_visit_id)
        _check_agreed(tx.connection, planned_visit_id, old_day, day)
        plan_steps.make_room(tx.connection, user_id, day, sequence, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET date = ?, sequence = ?, locked = 1 WHERE id = ?",
            (day.isoformat(), sequence, planned_visit_id),
        )
        touched = [planned_visit_id]
        for one in {old_day, day}:
            touched += plan_steps.retime(tx.connection, user_id, one)
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def _check_agreed(connection: Connection, planned_visit_id: int, old: date, new: date) -> None:
    agreed = connection.exec_driver_sql(
        "SELECT appointment FROM planned_visit WHERE id = ?", (planned_visit_id,)
    ).scalar()
    if agreed and old != new:
        raise UserError(
            _("An hour is agreed with this customer on {date}.").format(
                date=format_date(old, weekday=True)
            ),
            _("Agree another one (T), or take the hour away first."),
        )


def lock_visit(ws: Workspace, planned_visit_id: int, *, locked: bool) -> ChangeSet:
    """Keep a visit where it is in every re-plan, or set it free again."""
    with ws.database.write() as tx:
        plan_steps.changeable(tx.connection, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET locked = ? WHERE id = ?", (int(locked), planned_visit_id)
        )
    return ChangeSet.of("planned_visit", [planned_visit_id], undo=tx.txn)


def drop_visit(ws: Workspace, planned_visit_id: int) -> ChangeSet:
    """Take a visit out of the plan."""
    with ws.database.write() as tx:
        user_id, day = plan_steps.changeable(tx.connection, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'cancelled' WHERE id = ?", (planned_visit_id,)
        )
        touched = [planned_visit_id, *plan_steps.retime(tx.connection, user_id, day)]
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def add_visit(
    ws: Workspace, account_id: int, day: date, *, mode: str = "person", user_id: int | None = None
) -> ChangeSet:
    """Plan a visit or a call by hand at the end of somebody's day; it is locked there."""
    user = ws.user.id if user_id is None else user_id
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        last = run(
            "SELECT coalesce(max(sequence), 0) FROM planned_visit WHERE user_id = ? AND date = ?",
            (user, day.isoformat()),
        ).scalar_one()
        key = plan_steps.insert(tx.connection, user, account_id, day)
        serving = read_serving(tx.connection, account_id)
        model = USUAL if serving is None else serving.model
        minutes = model.visit_minutes if mode == "person" else model.virtual_minutes
        run(
            "UPDATE planned_visit SET sequence = ?, mode = ?, locked = 1, minutes = ? WHERE id = ?",
            (int(last) + 1, mode, round(minutes), key),
        )
        touched = [key, *plan_steps.retime(tx.connection, user, day)]
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def plan_start(today: date) -> date:
    """The Monday of the week that is planned: this one, or the next from Friday on."""
    monday = today - timedelta(days=today.weekday())
    return monday if today.weekday() < 4 else monday + timedelta(days=7)


def user_id_of(ws: Workspace, code: str) -> int:
    """The key of a user by code; NotFound when there is none here."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM app_user WHERE code = ?", (code,)
        ).scalar()
    if found is None:
        raise NotFound(_("There is no user {code}.").format(code=code))
    return int(found)


def codes_of(ws: Workspace, account_ids: list[int]) -> dict[int, str]:
    """Codes of customers by key."""
    keys = ",".join(str(int(key)) for key in account_ids)
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT id, code FROM account WHERE id IN ({keys})"  # noqa: S608 - integers
        ).all()
    return {int(row[0]): str(row[1]) for row in rows}
