"""Visits that did not happen, and what mends each: another day, a call, or a colleague.

Owns finding what was missed on the days before and proposing the cure; :func:`apply_cures` writes
what was chosen as one step that can be undone. A closed customer is no missed visit, but it is
still to be seen, so it is mended the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.ids import new_uid
from crmdesk.domain.money import currency_exponent
from crmdesk.i18n import _, format_date
from crmdesk.planning.explain import Explainer, OmissionCode
from crmdesk.planning.problem import Problem
from crmdesk.planning.replan import MOST_CHANGES, Situation, replan_day
from crmdesk.services.day_times import times_of_day
from crmdesk.services.planning_problem import Objective, RepProblem, read_problem
from crmdesk.services.replanning import HORIZON_DAYS, bare_plan
from crmdesk.services.serving import read_servings
from crmdesk.services.workspace import Workspace
from crmdesk.storage.met import somebody_met

LOOK_BACK_DAYS = 10
_SOON_DAYS = 7
_STEADY = 5.0


class Cure(StrEnum):
    """What mends a visit that did not happen."""

    MOVE = "move"
    CALL = "call"
    HAND_OVER = "hand_over"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Missed:
    """A visit of an earlier day that did not happen; ``status`` planned when nobody said why."""

    id: int
    account_id: int
    name: str
    city: str
    day: date
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mending:
    """A proposal for one missed visit; ``cures`` are those that can be chosen, the best first.

    ``day`` and ``minute`` are where a moved visit would be, ``detour_m`` the way it adds;
    ``next_on`` the visit that is planned anyway; ``break_even_minor`` the margin from which driving
    would pay, where a call is better. ``colleague_id`` is None when the office has to choose.
    """

    missed: Missed
    cure: Cure
    cures: tuple[Cure, ...]
    day: date | None
    minute: int | None
    sequence: int
    detour_m: int
    next_on: date | None
    expected_minor: int
    break_even_minor: int | None
    colleague_id: int | None
    colleague: str


def missed_visits(ws: Workspace) -> tuple[Missed, ...]:
    """This person's visits of the last days that did not happen and are not mended yet."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            _MISSED,
            {
                "user": ws.user.id,
                "today": ws.today().isoformat(),
                "since": (ws.today() - timedelta(days=LOOK_BACK_DAYS)).isoformat(),
                "soon": (ws.today() + timedelta(days=1)).isoformat(),
            },
        ).all()
    return tuple(
        Missed(int(key), int(account), name, city, date.fromisoformat(day), status, reason)
        for key, account, name, city, day, status, reason in rows
    )


# A later contact of any kind, or one planned for today or tomorrow, has mended it already.
_MISSED = (
    "SELECT p.id, p.account_id, a.name, coalesce(a.city, ''), max(p.date), p.status,"  # noqa: S608
    " coalesce(r.name, '') FROM planned_visit p JOIN account a ON a.id = p.account_id"
    " LEFT JOIN outcome_reason r ON r.id = p.reason_id"
    " WHERE p.user_id = :user AND p.mode = 'person' AND p.date BETWEEN :since"
    " AND date(:today, '-1 day') AND p.status IN ('planned', 'missed', 'closed')"
    " AND a.status IN ('active', 'prospect', 'lapsed') AND a.merged_into_uid IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.account_id = p.account_id"
    f" AND v.date >= p.date AND {somebody_met('v')})"
    " AND NOT EXISTS (SELECT 1 FROM planned_visit n WHERE n.account_id = p.account_id"
    " AND n.status IN ('planned', 'started', 'done') AND n.id <> p.id"
    " AND (n.date BETWEEN :today AND :soon OR n.moved_from_uid = p.uid))"
    " AND NOT EXISTS (SELECT 1 FROM handover h WHERE h.account_id = p.account_id"
    " AND h.kind = 'asked' AND local_day(h.at) > p.date)"
    " GROUP BY p.account_id ORDER BY p.date, p.sequence"
)


def propose_mending(
    ws: Workspace, *, iterations: int | None = 400, seconds: float | None = 1.0, seed: int = 1
) -> tuple[Mending, ...]:
    """A cure for every visit that was missed; writes nothing. Empty when nothing was missed."""
    missed = missed_visits(ws)
    if not missed:
        return ()
    source = read_problem(ws, ws.user.id, ws.today(), HORIZON_DAYS, Objective.MARGIN)
    stops = {c.account_id: u for u, c in enumerate(source.candidates)}
    wanted = {stops[one.account_id] for one in missed if one.account_id in stops}
    with ws.database.read() as connection:
        seen = _last_seen(connection, [source.candidates[u].account_id for u in wanted])
    problem = _only(source, wanted, seen)
    found = replan_day(
        problem, bare_plan(source.present), _now(source), stability=_STEADY * _worth(problem),
        iterations=iterations, seconds=seconds, seed=seed,
        most_changes=max(MOST_CHANGES, 2 * len(wanted)),
    ) if source.days else None  # fmt: skip
    with ws.database.read() as connection:
        colleagues = _colleagues(connection, ws, [one.account_id for one in missed])
        planned = _next_planned(connection, ws, [one.account_id for one in missed])
        served = read_servings(connection, [one.account_id for one in missed])
    explainer = None if found is None else Explainer(found.problem, found.plan)
    result = []
    for one in missed:
        stop = stops.get(one.account_id)
        mending = Mending(
            one, Cure.LEAVE, (), None, None, 0, 0, planned.get(one.account_id), 0, None,
            *colleagues.get(one.account_id, (None, "")),
        )  # fmt: skip
        if found is not None and explainer is not None and stop is not None:
            mending = _placed(ws, source, explainer, found.plan, stop, mending)
        result.append(_with_cures(ws, mending, virtual=served[one.account_id].virtual_only))
    return tuple(result)


def _last_seen(connection: Connection, accounts: Sequence[int]) -> dict[int, date]:
    """The last visit at which somebody was met, by account: a closed door is none."""
    found = {}
    for account in accounts:
        day = connection.exec_driver_sql(
            "SELECT max(date) FROM visit WHERE account_id = ? AND mode = 'person'"  # noqa: S608
            f" AND ended_at IS NOT NULL AND {somebody_met()}",
            (account,),
        ).scalar()
        if day is not None:
            found[account] = date.fromisoformat(day)
    return found


def _only(source: RepProblem, wanted: set[int], seen: Mapping[int, date]) -> Problem:
    """The problem in which nothing but the missed visits may find a new day."""
    origin = source.problem.origin
    own: dict[int, set[int]] = {}
    for day, order in enumerate(source.present):
        for u in order:
            own.setdefault(u, set()).add(day)
    return replace(
        source.problem,
        stops=tuple(
            replace(stop, last_visit=max((seen[account] - origin).days, -400))
            if u in wanted and (account := source.candidates[u].account_id) in seen
            else stop
            if u in wanted
            else replace(
                stop,
                opening=tuple(w if d in own.get(u, ()) else () for d, w in enumerate(stop.opening)),
            )
            for u, stop in enumerate(source.problem.stops)
        ),
    )


def _now(source: RepProblem) -> Situation:
    first = source.problem.days[0]
    return Situation(day=0, minute=first.start, place=first.start_place)


def _worth(problem: Problem) -> float:
    worths = [
        problem.value.visit_value(stop.margin, stop.interval_days, stop.interval_days)
        for stop in problem.stops
    ]
    return sum(worths) / len(worths) if worths else 0.0


def _placed(
    ws: Workspace, source: RepProblem, explainer: Explainer, plan: Any, stop: int, one: Mending
) -> Mending:
    """Where the search has put a missed visit, or why it has not."""
    scale = 10 ** currency_exponent(ws.currency)
    for reason in explainer.visits():
        day = plan.days[reason.day]
        if reason.stop != stop or stop in source.present[reason.day]:
            continue
        place = day.order.index(stop)
        visit = day.visits[place]
        return replace(
            one, cure=Cure.MOVE, day=source.days[reason.day], minute=round(visit.timing.start),
            sequence=place + 1, detour_m=round(reason.detour_km * 1000),
            expected_minor=round(reason.expected * scale),
        )  # fmt: skip
    why = explainer.why_not(stop)
    expected = round((why.expected or 0.0) * scale)
    if why.code is OmissionCode.CALL_INSTEAD:
        return replace(
            one, cure=Cure.CALL, expected_minor=expected,
            break_even_minor=round((why.break_even or 0.0) * scale),
        )  # fmt: skip
    return replace(one, expected_minor=expected)


def _with_cures(ws: Workspace, one: Mending, *, virtual: bool) -> Mending:
    """The cures that can be chosen, the proposed one first."""
    cure = one.cure
    if cure is Cure.LEAVE:
        soon = one.next_on is not None and one.next_on <= ws.today() + timedelta(days=_SOON_DAYS)
        if soon:
            cure = Cure.LEAVE
        elif virtual or one.next_on is not None:
            cure = Cure.CALL
        else:
            cure = Cure.HAND_OVER
    possible = [Cure.CALL, Cure.HAND_OVER, Cure.LEAVE]
    if one.day is not None:
        possible.insert(0, Cure.MOVE)
    return replace(one, cure=cure, cures=(cure, *(c for c in possible if c is not cure)))


def _colleagues(
    connection: Connection, ws: Workspace, accounts: Sequence[int]
) -> dict[int, tuple[int, str]]:
    """Who else has the territory of a customer today, by account; the first by name."""
    found: dict[int, tuple[int, str]] = {}
    for account in accounts:
        row = connection.exec_driver_sql(
            "SELECT u.id, u.name FROM account a JOIN territory_user m ON m.territory_id ="
            " a.territory_id JOIN app_user u ON u.id = m.user_id WHERE a.id = ? AND u.id <> ?"
            " AND u.active AND u.role = 'rep'"
            " AND (m.valid_from IS NULL OR m.valid_from <= ?)"
            " AND (m.valid_to IS NULL OR m.valid_to >= ?) ORDER BY u.name LIMIT 1",
            (account, ws.user.id, ws.today().isoformat(), ws.today().isoformat()),
        ).first()
        if row is not None:
            found[account] = (int(row[0]), str(row[1]))
    return found


def _next_planned(
    connection: Connection, ws: Workspace, accounts: Sequence[int]
) -> dict[int, date]:
    found = {}
    for account in accounts:
        day = connection.exec_driver_sql(
            "SELECT min(date) FROM planned_visit WHERE account_id = ? AND date >= ?"
            " AND mode = 'person' AND status = 'planned'",
            (account, ws.today().isoformat()),
        ).scalar()
        if day is not None:
            found[account] = date.fromisoformat(day)
    return found


# ---------------------------------------------------------------------------------------- writing


def apply_cures(ws: Workspace, chosen: Sequence[Mending]) -> ChangeSet:
    """Write what was chosen for each; one step that can be undone.

    Visits nobody said anything about become missed. A moved visit stands where it was proposed and
    may be moved by the next plan; a call is for today; what nobody can take on is asked of
    the office.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        visits: set[int] = set()
        notes: set[int] = set()
        days: set[tuple[int, date]] = set()
        for one in chosen:
            run(
                "UPDATE planned_visit SET status = 'missed' WHERE id = ? AND status = 'planned'",
                (one.missed.id,),
            )
            visits.add(one.missed.id)
            if one.cure is Cure.MOVE and one.day is not None:
                visits.add(_plan(tx.connection, one, ws.user.id, one.day, "person"))
                days.add((ws.user.id, one.day))
            elif one.cure is Cure.CALL:
                visits.add(_plan(tx.connection, one, ws.user.id, ws.today(), "call"))
            elif one.cure is Cure.HAND_OVER and one.colleague_id is not None:
                visits.add(_plan(tx.connection, one, one.colleague_id, ws.today(), "person"))
            if one.cure is Cure.HAND_OVER:
                notes.add(_ask(tx.connection, ws, one))
        for user_id, day in days:
            visits |= _retime(tx.connection, user_id, day)
    accounts = frozenset(one.missed.account_id for one in chosen)
    touched = {"planned_visit": frozenset(visits), "account": accounts}
    if notes:
        touched["handover"] = frozenset(notes)
    return ChangeSet(touched, undo=tx.txn)


def _plan(connection: Connection, one: Mending, user_id: int, day: date, mode: str) -> int:
    run = connection.exec_driver_sql
    person = mode == "person" and one.day is not None
    sequence = one.sequence if person else 90
    if person:
        over = run(
            "SELECT coalesce(max(sequence), 0) FROM planned_visit WHERE user_id = ? AND date = ?"
            " AND mode = 'person' AND status IN ('started', 'done', 'missed', 'closed')",
            (user_id, day.isoformat()),
        ).scalar_one()
        sequence += int(over)
        run(
            "UPDATE planned_visit SET sequence = sequence + 1 WHERE user_id = ? AND date = ?"
            " AND sequence >= ? AND status = 'planned'",
            (user_id, day.isoformat(), sequence),
        )
    serving = read_servings(connection, [one.missed.account_id])[one.missed.account_id]
    minutes = serving.model.visit_minutes if mode == "person" else serving.model.virtual_minutes
    virtual = serving.virtual_mode if mode != "person" else mode
    return int(
        run(
            "INSERT INTO planned_visit (uid, account_id, user_id, date, sequence, mode, minutes,"
            " start_minute, expected_margin_minor, leg_m, moved_from_uid)"
            " SELECT ?, account_id, ?, ?, ?, ?, ?, ?, ?, ?, uid FROM planned_visit WHERE id = ?"
            " RETURNING id",
            (
                new_uid(), user_id, day.isoformat(), sequence, virtual, round(minutes),
                one.minute if person else None, one.expected_minor or None,
                one.detour_m if person else None, one.missed.id,
            ),
        ).scalar_one()
    )  # fmt: skip


def _retime(connection: Connection, user_id: int, day: date) -> set[int]:
    rows = times_of_day(connection, user_id, day)
    for row in rows:
        connection.exec_driver_sql(
            "UPDATE planned_visit SET sequence = ?, start_minute = ?, leg_m = ?, leg_minutes = ?"
            " WHERE id = ?",
            (row.sequence, row.start_minute, row.leg_m, row.leg_minutes, row.id),
        )
    return {row.id for row in rows}


def _ask(connection: Connection, ws: Workspace, one: Mending) -> int:
    """A note that goes to whoever takes the customer on: a colleague, or the office to choose."""
    missed = format_date(one.missed.day)
    if one.colleague_id is None:
        words = _("The visit of {day} did not happen and {rep} cannot take it on.")
    else:
        words = _("The visit of {day} did not happen; {rep} asks you to go.")
    return int(
        connection.exec_driver_sql(
            "INSERT INTO handover (uid, account_id, user_id, kind, text, at)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), one.missed.account_id, ws.user.id,
                "asked" if one.colleague_id is None else "visit",
                words.format(day=missed, rep=ws.user.name), format_instant(ws.now()),
            ),
        ).scalar_one()
    )  # fmt: skip
