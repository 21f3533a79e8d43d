"""Writing a proposed plan: visits that stay keep their row, others are moved, added or dropped.

Owns the rows of one accepted proposal inside a transaction that is already open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.calls import CallProposal
from crmdesk.planning.explain import VisitReason
from crmdesk.services import plan_steps
from crmdesk.storage.types import dump_json

if TYPE_CHECKING:
    from crmdesk.services.plans import Proposal
    from crmdesk.services.workspace import Workspace

_Waiting = dict[int, list[tuple[int, date]]]


def write_plan(connection: Connection, ws: Workspace, proposal: Proposal) -> set[int]:
    """Write a proposal; returns the ids of the planned visits that were touched.

    Done, started, locked and confirmed visits are never touched.
    """
    waiting = _waiting(connection, proposal, in_person=True)
    touched: set[int] = set()
    reasons = {(r.stop, r.day): r for r in proposal.reasons}
    for day_plan in proposal.plan.days:
        day = proposal.days[day_plan.day]
        offset = _last_sequence(connection, proposal.user_id, day)
        for sequence, visit in enumerate(day_plan.visits, start=offset + 1):
            fixed = proposal.source.fixed_visit_ids.get((visit.stop, day_plan.day))
            candidate = proposal.candidates[visit.stop]
            values = _values(ws, visit, reasons.get((visit.stop, day_plan.day)), proposal)
            key = fixed or _take(waiting, candidate.account_id, day)
            if key is None:
                key = plan_steps.insert(connection, proposal.user_id, candidate.account_id, day)
            _update(connection, key, day, sequence, values)
            touched.add(key)
    touched |= _drop(connection, waiting)
    if proposal.calls is None:
        return touched | _drop_calls_before_visits(connection, proposal)
    return touched | _write_calls(connection, ws, proposal, proposal.calls)


def _drop_calls_before_visits(connection: Connection, proposal: Proposal) -> set[int]:
    """Who is visited on a day needs no call on it, nor in the two days before."""
    first, last = proposal.days[0].isoformat(), proposal.days[-1].isoformat()
    calls = connection.exec_driver_sql(
        "SELECT c.id FROM planned_visit c WHERE c.user_id = ? AND c.mode <> 'person'"
        " AND c.status = 'planned' AND NOT c.locked AND NOT c.appointment"
        " AND c.date BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM planned_visit v WHERE"
        " v.account_id = c.account_id AND v.user_id = c.user_id AND v.mode = 'person'"
        " AND v.status = 'planned' AND v.date BETWEEN c.date AND date(c.date, '+2 days'))",
        (proposal.user_id, first, last),
    ).scalars()
    return _cancel(connection, {int(key) for key in calls})


def _write_calls(
    connection: Connection, ws: Workspace, proposal: Proposal, calls: Sequence[CallProposal]
) -> set[int]:
    """Calls of the proposal after the visits of their day; those that no longer make sense go."""
    scale = 10 ** currency_exponent(ws.currency)
    waiting = _waiting(connection, proposal, in_person=False)
    touched: set[int] = set()
    for call in calls:
        candidate, day = proposal.candidates[call.stop], proposal.days[call.day]
        key = _take(waiting, candidate.account_id, day)
        if key is None:
            key = plan_steps.insert(connection, proposal.user_id, candidate.account_id, day)
        last = connection.exec_driver_sql(
            "SELECT coalesce(max(sequence), 0) FROM planned_visit WHERE user_id = ? AND date = ?"
            " AND id <> ? AND status <> 'cancelled'",
            (proposal.user_id, day.isoformat(), key),
        ).scalar_one()
        why = call_why(call, scale)
        connection.exec_driver_sql(
            "UPDATE planned_visit SET date = ?, sequence = ?, mode = ?, minutes = ?,"
            " start_minute = NULL, leg_m = 0, leg_minutes = 0, explanation = ? WHERE id = ?",
            (
                day.isoformat(), int(last) + 1, candidate.virtual_mode,
                round(candidate.virtual_minutes), dump_json(why), key,
            ),
        )  # fmt: skip
        touched.add(key)
    return touched | _drop(connection, waiting)


def _waiting(connection: Connection, proposal: Proposal, *, in_person: bool) -> _Waiting:
    """What is planned in these days and may be moved, by customer."""
    problem = proposal.source.problem
    first = problem.origin
    last = first + timedelta(days=problem.end_offset - 1)
    waiting: _Waiting = {}
    for key, account_id, day in connection.exec_driver_sql(
        "SELECT id, account_id, date FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ?"
        " AND (mode = 'person') = ? AND status = 'planned' AND NOT locked AND NOT appointment"
        " ORDER BY date, sequence, id",
        (proposal.user_id, first.isoformat(), last.isoformat(), int(in_person)),
    ):
        waiting.setdefault(account_id, []).append((key, date.fromisoformat(day)))
    return waiting


def _take(waiting: _Waiting, account_id: int, day: date) -> int | None:
    rows = waiting.get(account_id)
    if not rows:
        return None
    rows.sort(key=lambda row: abs((row[1] - day).days))
    key = rows.pop(0)[0]
    if not rows:
        del waiting[account_id]
    return key


def _drop(connection: Connection, waiting: _Waiting) -> set[int]:
    return _cancel(connection, {key for rows in waiting.values() for key, _day in rows})


def _cancel(connection: Connection, keys: set[int]) -> set[int]:
    for key in sorted(keys):
        connection.exec_driver_sql(
            "UPDATE planned_visit SET status = 'cancelled' WHERE id = ?", (key,)
        )
    return keys


def _last_sequence(connection: Connection, user_id: int, day: date) -> int:
    found = connection.exec_driver_sql(
        "SELECT max(sequence) FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND status IN ('done', 'started', 'closed', 'missed')",
        (user_id, day.isoformat()),
    ).scalar()
    return int(found or 0)


def _values(
    ws: Workspace, visit: Any, reason: VisitReason | None, proposal: Proposal
) -> tuple[Any, ...]:
    scale = 10 ** currency_exponent(ws.currency)
    candidate = proposal.candidates[visit.stop]
    explanation = None if reason is None else dump_json(visit_why(reason, proposal, scale))
    return (
        round(visit.timing.start), round(proposal.source.problem.stops[visit.stop].visit_minutes),
        round(visit.expected * scale), candidate.expected_net_minor,
        round(visit.timing.km * 1000), round(visit.timing.drive_minutes), explanation,
    )  # fmt: skip


def visit_why(reason: VisitReason, proposal: Proposal, scale: int) -> dict[str, object]:
    """Why a visit is in the plan, as it is kept with it; ``scale`` minor units are a major one."""
    return {
        "code": reason.code.value, "due": reason.due.isoformat(), "gap_days": reason.gap_days,
        "expected_minor": round(reason.expected * scale),
        "detour_m": round(reason.detour_km * 1000),
        "detour_minutes": round(reason.detour_minutes),
        "usual_weekday": reason.usual_weekday,
        "after": None
        if reason.previous_stop is None
        else proposal.candidates[reason.previous_stop].name,
    }  # fmt: skip


def call_why(call: CallProposal, scale: int) -> dict[str, object]:
    """Why a call is in the plan, as it is kept with it."""
    why: dict[str, object] = {"code": call.code.value}
    if call.break_even is not None:
        why["break_even_minor"] = round(call.break_even * scale)
    return why


def _update(
    connection: Connection, key: int, day: date, sequence: int, values: tuple[Any, ...]
) -> None:
    connection.exec_driver_sql(
        "UPDATE planned_visit SET date = ?, sequence = ?, start_minute = ?, minutes = ?,"
        " expected_margin_minor = ?, expected_net_minor = ?, leg_m = ?, leg_minutes = ?,"
        " explanation = ? WHERE id = ?",
        (day.isoformat(), sequence, *values, key),
    )
