"""Plans: propose the coming days, accept a proposal, move, lock and drop visits, re-plan today.

Proposing only calculates (in a job, with progress and cancel); accepting writes, as one
transaction that can be undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.money import currency_exponent
from crmdesk.i18n import _
from crmdesk.planning.explain import Omission, VisitReason, explain_omissions, explain_visits
from crmdesk.planning.plan import Plan
from crmdesk.planning.serving import USUAL
from crmdesk.planning.solver import Progress, solve
from crmdesk.services.planning_problem import Candidate, Objective, RepProblem, read_problem
from crmdesk.services.serving import read_serving
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that has not been written yet, with the problem it solves and its reasons."""

    user_id: int
    source: RepProblem
    plan: Plan
    reasons: tuple[VisitReason, ...]
    omissions: tuple[Omission, ...]

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
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Proposal:
    """Plan the working days among ``days`` calendar days from ``start``; writes nothing.

    ``keep_present`` starts from the plan that is there (fewer moves). Raises UserError when
    there is nobody to visit or no working day.
    """
    user = ws.user.id if user_id is None else user_id
    source = read_problem(ws, user, start, days, objective)
    if not source.days:
        raise UserError(
            _("There is no working day in this time."), _("Check leave, holidays and hours.")
        )
    if not source.candidates:
        raise UserError(
            _("There are no customers to visit."), _("Import customers or ask for a territory.")
        )
    plan = solve(
        source.problem,
        seed=seed,
        seconds=seconds,
        iterations=iterations,
        start=source.present if keep_present and any(source.present) else None,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    return Proposal(
        user,
        source,
        plan,
        tuple(explain_visits(source.problem, plan)),
        tuple(explain_omissions(source.problem, plan)),
    )


def accept_plan(ws: Workspace, proposal: Proposal) -> ChangeSet:
    """Write a proposal: visits that stay keep their row, others are moved, added or dropped.

    Done, started, locked and confirmed visits are never touched.
    """
    with ws.database.write() as tx:
        waiting = _movable(tx.connection, proposal)
        touched: set[int] = set()
        reasons = {(r.stop, r.day): r for r in proposal.reasons}
        for day_plan in proposal.plan.days:
            day = proposal.days[day_plan.day]
            offset = _last_sequence(tx.connection, proposal.user_id, day)
            for sequence, visit in enumerate(day_plan.visits, start=offset + 1):
                fixed = proposal.source.fixed_visit_ids.get((visit.stop, day_plan.day))
                candidate = proposal.candidates[visit.stop]
                values = _values(ws, visit, reasons.get((visit.stop, day_plan.day)), proposal)
                key = fixed or _take(waiting, candidate.account_id, day)
                if key is None:
                    key = _insert(tx.connection, proposal.user_id, candidate.account_id, day)
                _update(tx.connection, key, day, sequence, values)
                touched.add(key)
        dropped = [key for rows in waiting.values() for key, _day in rows]
        for key in dropped:
            tx.connection.exec_driver_sql(
                "UPDATE planned_visit SET status = 'cancelled' WHERE id = ?", (key,)
            )
        touched |= set(dropped) | _drop_calls_before_visits(tx.connection, proposal)
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def _drop_calls_before_visits(connection: Connection, proposal: Proposal) -> set[int]:
    """Who is visited on a day needs no call on it, nor in the two days before."""
    first, last = proposal.days[0].isoformat(), proposal.days[-1].isoformat()
    rows = connection.exec_driver_sql(
        "SELECT c.id FROM planned_visit c WHERE c.user_id = ? AND c.mode <> 'person'"
        " AND c.status = 'planned' AND NOT c.locked AND NOT c.appointment"
        " AND c.date BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM planned_visit v WHERE"
        " v.account_id = c.account_id AND v.user_id = c.user_id AND v.mode = 'person'"
        " AND v.status = 'planned' AND v.date BETWEEN c.date AND date(c.date, '+2 days'))",
        (proposal.user_id, first, last),
    ).all()
    calls = {int(row[0]) for row in rows}
    for key in calls:
        connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'cancelled' WHERE id = ?", (key,)
        )
    return calls


def _movable(connection: Connection, proposal: Proposal) -> dict[int, list[tuple[int, date]]]:
    first, last = proposal.days[0], proposal.days[-1]
    waiting: dict[int, list[tuple[int, date]]] = {}
    for key, account_id, day in connection.exec_driver_sql(
        "SELECT id, account_id, date FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ?"
        " AND mode = 'person' AND status = 'planned' AND NOT locked AND NOT appointment"
        " ORDER BY date, sequence",
        (proposal.user_id, first.isoformat(), last.isoformat()),
    ):
        waiting.setdefault(account_id, []).append((key, date.fromisoformat(day)))
    return waiting


def _take(waiting: dict[int, list[tuple[int, date]]], account_id: int, day: date) -> int | None:
    rows = waiting.get(account_id)
    if not rows:
        return None
    rows.sort(key=lambda row: abs((row[1] - day).days))
    key = rows.pop(0)[0]
    if not rows:
        del waiting[account_id]
    return key


def _last_sequence(connection: Connection, user_id: int, day: date) -> int:
    found = connection.exec_driver_sql(
        "SELECT max(sequence) FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND status IN ('done', 'started', 'closed', 'missed')",
        (user_id, day.isoformat()),
    ).scalar()
    return int(found or 0)


def _insert(connection: Connection, user_id: int, account_id: int, day: date) -> int:
    return int(
        connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date) VALUES (?, ?, ?, ?)"
            " RETURNING id",
            (new_uid(), account_id, user_id, day.isoformat()),
        ).scalar_one()
    )


def _values(
    ws: Workspace, visit: Any, reason: VisitReason | None, proposal: Proposal
) -> tuple[Any, ...]:
    scale = 10 ** currency_exponent(ws.currency)
    candidate = proposal.candidates[visit.stop]
    explanation = None if reason is None else dump_json(
        {
            "code": reason.code.value, "due": reason.due.isoformat(), "gap_days": reason.gap_days,
            "expected_minor": round(reason.expected * scale),
            "detour_m": round(reason.detour_km * 1000),
            "detour_minutes": round(reason.detour_minutes),
            "usual_weekday": reason.usual_weekday,
            "after": None
            if reason.previous_stop is None
            else proposal.candidates[reason.previous_stop].name,
        }
    )  # fmt: skip
    return (
        round(visit.timing.start), round(visit.timing.leave - visit.timing.start),
        round(visit.expected * scale), candidate.expected_net_minor,
        round(visit.timing.km * 1000), round(visit.timing.drive_minutes), explanation,
    )  # fmt: skip


def _update(
    connection: Connection, key: int, day: date, sequence: int, values: tuple[Any, ...]
) -> None:
    connection.exec_driver_sql(
        "UPDATE planned_visit SET date = ?, sequence = ?, start_minute = ?, minutes = ?,"
        " expected_margin_minor = ?, expected_net_minor = ?, leg_m = ?, leg_minutes = ?,"
        " explanation = ? WHERE id = ?",
        (day.isoformat(), sequence, *values, key),
    )


def move_visit(ws: Workspace, planned_visit_id: int, day: date, sequence: int) -> ChangeSet:
    """Move a visit by hand to a day and place; it is locked there. Times of both days follow."""
    with ws.database.write() as tx:
        user_id, old_day = _changeable(tx.connection, planned_visit_id)
        run = tx.connection.exec_driver_sql
        run(
            "UPDATE planned_visit SET sequence = sequence + 1 WHERE user_id = ? AND date = ?"
            " AND sequence >= ? AND id <> ?",
            (user_id, day.isoformat(), sequence, planned_visit_id),
        )
        run(
            "UPDATE planned_visit SET date = ?, sequence = ?, locked = 1 WHERE id = ?",
            (day.isoformat(), sequence, planned_visit_id),
        )
        touched = [planned_visit_id]
        for one in {old_day, day}:
            touched += _retime(tx.connection, user_id, one)
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def lock_visit(ws: Workspace, planned_visit_id: int, *, locked: bool) -> ChangeSet:
    """Keep a visit where it is in every re-plan, or set it free again."""
    with ws.database.write() as tx:
        _changeable(tx.connection, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET locked = ? WHERE id = ?", (int(locked), planned_visit_id)
        )
    return ChangeSet.of("planned_visit", [planned_visit_id], undo=tx.txn)


def drop_visit(ws: Workspace, planned_visit_id: int) -> ChangeSet:
    """Take a visit out of the plan."""
    with ws.database.write() as tx:
        user_id, day = _changeable(tx.connection, planned_visit_id)
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'cancelled' WHERE id = ?", (planned_visit_id,)
        )
        touched = [planned_visit_id, *_retime(tx.connection, user_id, day)]
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def add_visit(ws: Workspace, account_id: int, day: date, *, mode: str = "person") -> ChangeSet:
    """Plan a visit or a call by hand at the end of a day; it is locked there."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        last = run(
            "SELECT coalesce(max(sequence), 0) FROM planned_visit WHERE user_id = ? AND date = ?",
            (ws.user.id, day.isoformat()),
        ).scalar_one()
        key = _insert(tx.connection, ws.user.id, account_id, day)
        serving = read_serving(tx.connection, account_id)
        model = USUAL if serving is None else serving.model
        minutes = model.visit_minutes if mode == "person" else model.virtual_minutes
        run(
            "UPDATE planned_visit SET sequence = ?, mode = ?, locked = 1, minutes = ? WHERE id = ?",
            (int(last) + 1, mode, round(minutes), key),
        )
        touched = [key, *_retime(tx.connection, ws.user.id, day)]
    return ChangeSet({"planned_visit": frozenset(touched)}, undo=tx.txn)


def _changeable(connection: Connection, planned_visit_id: int) -> tuple[int, date]:
    row = connection.exec_driver_sql(
        "SELECT user_id, date, status FROM planned_visit WHERE id = ?", (planned_visit_id,)
    ).first()
    if row is None:
        raise NotFound(_("This stop is no longer in the plan."))
    if row[2] != "planned":
        raise UserError(_("This visit is finished and cannot be changed."))
    return int(row[0]), date.fromisoformat(row[1])


def _retime(connection: Connection, user_id: int, day: date) -> list[int]:
    """Write sequence and times of a day anew after a change by hand, in the order it has."""
    from crmdesk.services.day_times import times_of_day

    rows = times_of_day(connection, user_id, day)
    for row in rows:
        connection.exec_driver_sql(
            "UPDATE planned_visit SET sequence = ?, start_minute = ?, leg_m = ?, leg_minutes = ?"
            " WHERE id = ?",
            (row.sequence, row.start_minute, row.leg_m, row.leg_minutes, row.id),
        )
    return [row.id for row in rows]


def replan_rest_of_day(ws: Workspace, *, seed: int = 1, seconds: float = 1.0) -> ChangeSet:
    """Plan the rest of today anew: what is done, running, locked or confirmed stays.

    Stops that no longer fit today move to the next working days of a two-week horizon.
    """
    proposal = propose_plan(ws, ws.today(), 14, seconds=seconds, seed=seed)
    return accept_plan(ws, proposal)


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
