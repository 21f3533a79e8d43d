"""The rest of today planned anew from where the rep stands, and what moved by it.

Owns putting the situation together (the past frozen, skipped and closed stops out of today, what
was told of a delay) and comparing the plan before and after. The search is
:mod:`crmdesk.planning.replan`, writing is :func:`crmdesk.services.plans.accept_plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.planning.explain import Explainer, Omission, explain_omissions, explain_visits
from crmdesk.planning.plan import Conflict, DayPlan, Plan, PlannedVisit
from crmdesk.planning.problem import Problem
from crmdesk.planning.replan import Replanned, Situation, replan_day
from crmdesk.planning.schedule import TimedVisit
from crmdesk.services.plan_conflicts import seen_once
from crmdesk.services.planning_problem import Objective, RepProblem, read_problem
from crmdesk.services.plans import Proposal, accept_plan
from crmdesk.services.queries.day_travel import travel_in
from crmdesk.services.workspace import Workspace

HORIZON_DAYS = 14
_MOVED_FROM_MINUTES = 5
STEADY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Move:
    """A visit that is elsewhere now: a day is None where it was not, or is no longer, planned.

    ``why`` says why it is not today any more, where the plan can tell.
    """

    account_id: int
    name: str
    from_day: date | None
    from_minute: int | None
    to_day: date | None
    to_minute: int | None
    why: Omission | None = None


@dataclass(frozen=True, slots=True)
class Unkept:
    """A confirmed or locked visit that no longer fits."""

    name: str
    day: date
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class DayReplanned:
    """What a re-plan did: moves in order of today's route, and what cannot be kept."""

    changes: ChangeSet
    moves: tuple[Move, ...]
    unkept: tuple[Unkept, ...]


def replan_day_under_way(
    ws: Workspace,
    *,
    delay_minutes: int = 0,
    seconds: float | None = 1.2,
    iterations: int | None = None,
    seed: int = 1,
) -> DayReplanned:
    """Plan the rest of today anew from a warm start and write it; one step that can be undone.

    What is done, running, locked or confirmed stays; what was skipped today may be seen on another
    day of the two weeks. Raises UserError where today is no working day.
    """
    source = read_problem(ws, ws.user.id, ws.today(), HORIZON_DAYS, Objective.MARGIN)
    if not source.days or source.days[0] != ws.today():
        raise UserError(_("Today is no working day."), _("Plan the coming week in Plan, Ctrl+3."))
    situation, called = _situation(ws, source, delay_minutes)
    found = replan_day(
        _narrowed(source, situation, called), bare_plan(source.present), situation,
        stability=_steady(source.problem), seed=seed, seconds=seconds, iterations=iterations,
    )  # fmt: skip
    before = _planned(ws)
    changes = accept_plan(ws, _proposal(ws, source, found))
    after = _planned(ws)
    why = {} if not found.changes else _why_not_today(found, source)
    return DayReplanned(
        changes=changes,
        moves=_moves(ws, before, after, why),
        unkept=tuple(
            Unkept(source.candidates[c.stop].name, source.days[c.day], c)
            for c in found.plan.conflicts
        ),
    )


def _narrowed(source: RepProblem, now: Situation, called: frozenset[int]) -> Problem:
    """The problem in which only today moves: re-planning a day does not plan the weeks anew.

    Today's stops and those skipped today may go to any day. Others keep their days; who is due may
    come today into the time that a stop skipped or closed has left.
    """
    free = set(source.present[0]) | now.closed_today
    own: dict[int, set[int]] = {}
    for day, order in enumerate(source.present):
        for u in order:
            own.setdefault(u, set()).add(day)

    def days_of(u: int) -> set[int]:
        days = own.get(u, set())
        due = source.problem.due_date(u) <= source.days[0] and u not in called
        return days | {0} if now.closed_today and due else days

    return replace(
        source.problem,
        stops=tuple(
            stop
            if u in free
            else replace(
                stop,
                opening=tuple(w if d in days_of(u) else () for d, w in enumerate(stop.opening)),
            )
            for u, stop in enumerate(source.problem.stops)
        ),
    )


def _steady(problem: Problem) -> float:
    """What leaving a visit on its day is worth: half of what a typical visit brings.

    A customer who was told a day is moved off it for a good reason only.
    """
    worths = [
        problem.value.visit_value(stop.margin, stop.interval_days, stop.interval_days)
        for stop in problem.stops
    ]
    return STEADY_SHARE * sum(worths) / len(worths) if worths else 0.0


def bare_plan(orders: Sequence[Sequence[int]]) -> Plan:
    """Orders of stops as a plan to start from; its times mean nothing."""
    return Plan(
        days=tuple(
            DayPlan(
                d,
                tuple(
                    PlannedVisit(TimedVisit(u, 0, 0, 0, 0, 0, 0, 0), d, 0, 0.0, None) for u in order
                ),
                0.0, 0.0, 0.0, 0.0,
            )
            for d, order in enumerate(orders)
        ),
        worth=0.0, margin=0.0, km=0.0, drive_minutes=0.0, overdue_cost=0.0,
    )  # fmt: skip


def _situation(ws: Workspace, source: RepProblem, delay: int) -> tuple[Situation, frozenset[int]]:
    """Where the rep stands, and who is to be called today and needs no visit for that."""
    today = source.problem.days[0]
    with ws.database.read() as connection:
        travel = travel_in(connection, ws.user.id, ws.today())
        out = _left_out_today(connection, ws)
        calls = _called_today(connection, ws)
    places = {candidate.account_id: stop for stop, candidate in enumerate(source.candidates)}
    situation = Situation(
        day=0,
        minute=min(today.start + delay, today.end),
        place=today.start_place,
        km_driven=travel.driven_m / 1000,
        closed_today=frozenset(places[key] for key in out if key in places),
    )
    return situation, frozenset(places[key] for key in calls if key in places)


def _left_out_today(connection: Connection, ws: Workspace) -> list[int]:
    rows = connection.exec_driver_sql(
        "SELECT account_id FROM planned_visit WHERE user_id = ? AND date = ? AND mode = 'person'"
        " AND status IN ('missed', 'closed')",
        (ws.user.id, ws.today().isoformat()),
    )
    return [int(row[0]) for row in rows]


def _called_today(connection: Connection, ws: Workspace) -> list[int]:
    rows = connection.exec_driver_sql(
        "SELECT account_id FROM planned_visit WHERE user_id = ? AND date = ? AND mode <> 'person'"
        " AND status IN ('planned', 'started', 'done')",
        (ws.user.id, ws.today().isoformat()),
    )
    return [int(row[0]) for row in rows]


def _proposal(ws: Workspace, source: RepProblem, found: Replanned) -> Proposal:
    problem = found.problem
    plan = seen_once(problem, found.plan)
    return Proposal(
        ws.user.id,
        replace(source, problem=problem),
        plan,
        tuple(explain_visits(problem, plan)),
        tuple(explain_omissions(problem, plan)),
    )


def _why_not_today(found: Replanned, source: RepProblem) -> dict[int, Omission]:
    """For each customer that left today, why it is not visited today, by account."""
    gone = [c.stop for c in found.changes if 0 in c.from_days and 0 not in c.to_days]
    why = {}
    for stop in gone:
        others = [[u for u in order if u != stop] for order in found.plan.orders()]
        explainer = Explainer(found.problem, bare_plan(others))
        why[source.candidates[stop].account_id] = explainer.why_not(stop, 0)
    return why


@dataclass(frozen=True, slots=True)
class _Row:
    account_id: int
    name: str
    day: date
    minute: int | None


def _planned(ws: Workspace) -> dict[int, _Row]:
    """The open visits of the two weeks by local id, in their order."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.id, p.account_id, a.name, p.date, p.start_minute FROM planned_visit p"
            " JOIN account a ON a.id = p.account_id WHERE p.user_id = ? AND p.mode = 'person'"
            " AND p.status = 'planned' AND p.date BETWEEN ? AND ? ORDER BY p.date, p.sequence",
            (
                ws.user.id, ws.today().isoformat(),
                (ws.today() + timedelta(days=HORIZON_DAYS - 1)).isoformat(),
            ),
        ).all()  # fmt: skip
    return {
        int(key): _Row(int(account), name, date.fromisoformat(day), minute)
        for key, account, name, day, minute in rows
    }


def _moves(
    ws: Workspace, before: dict[int, _Row], after: dict[int, _Row], why: dict[int, Omission]
) -> tuple[Move, ...]:
    """What moved, the most telling first."""
    with ws.database.read() as connection:
        skipped = set(_left_out_today(connection, ws))
    found = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        row = new or old
        if row is None or (old is not None and new is not None and not _moved(ws, old, new)):
            continue
        left = old is not None and old.day == ws.today() and (new is None or new.day != old.day)
        came = ws.today() if row.account_id in skipped else None
        found.append(
            Move(
                row.account_id, row.name,
                came if old is None else old.day, None if old is None else old.minute,
                None if new is None else new.day, None if new is None else new.minute,
                why.get(row.account_id) if left else None,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda move: _weight(move, ws.today())))


def _weight(move: Move, today: date) -> int:
    """Who leaves today comes first, then who comes in, then other times of today."""
    if move.from_day == today and move.to_day != today:
        return 0
    if move.from_day != move.to_day:
        return 1
    return 2


def _moved(ws: Workspace, old: _Row, new: _Row) -> bool:
    """A stop counts as moved on another day, or today when its time is another one."""
    if old.day != new.day:
        return True
    if old.day != ws.today():
        return False
    return abs((old.minute or 0) - (new.minute or 0)) >= _MOVED_FROM_MINUTES
