"""The planning problem of one rep, read from the local database.

Turns customers, attention models, forecasts, hours, leave and holidays into the values that
:mod:`crmdesk.planning` works on. Margins go over as major units: they rank plans and are
never stored as money.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.money import currency_exponent
from crmdesk.domain.week import WorkingWeek, opening_hours, working_week
from crmdesk.planning.attention import attention
from crmdesk.planning.problem import (
    Break,
    Day,
    FixedKind,
    FixedVisit,
    Problem,
    Stop,
    VisitMode,
    Weights,
)
from crmdesk.planning.serving import Serving
from crmdesk.planning.travel import matrix_from_coordinates
from crmdesk.services.serving import read_servings
from crmdesk.services.workspace import Workspace

_CARRY_OVER = 0.95
_RUNNING_VISIT_MIN = 15
_KEEP_WEEKDAY_EUR, _STABILITY_EUR = 10.0, 4.0


class Objective(StrEnum):
    """What a plan is best at."""

    MARGIN = "margin"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that may be visited: its keys beside the planner's stop."""

    account_id: int
    name: str
    expected_margin_minor: int
    expected_net_minor: int


@dataclass(frozen=True, slots=True)
class RepProblem:
    """The problem, its customers by stop position, and the visits already in these days."""

    problem: Problem
    candidates: tuple[Candidate, ...]
    days: tuple[date, ...]
    present: tuple[tuple[int, ...], ...]
    fixed_visit_ids: dict[tuple[int, int], int]


def read_problem(
    ws: Workspace, user_id: int, start: date, days: int, objective: Objective
) -> RepProblem:
    """The problem of a rep for the working days among ``days`` calendar days from ``start``.

    Days of leave and holidays are left out. Today's visits that are done or running stay as
    they are and their customers count as visited.
    """
    with ws.database.read() as connection:
        week, home = _rep(connection, user_id)
        free = _free_days(connection, ws, user_id, start, days)
        dates = [
            day
            for day in (start + timedelta(days=n) for n in range(days))
            if week.shift(day.weekday()) is not None and day not in free
        ]
        rows = _customers(connection, ws, user_id)
        scale = 10 ** currency_exponent(ws.currency)
        places = [home or _centre(rows)]
        stops, candidates = [], []
        servings = read_servings(connection, [row[0] for row in rows])
        for row in rows:
            serving = servings[row[0]]
            stops.append(_stop(row, serving, len(places), dates, start, scale, objective))
            places.append((row[3] or places[0][0], row[4] or places[0][1]))
            candidates.append(Candidate(row[0], row[1], row[8] or 0, row[9] or 0))
        by_account = {c.account_id: i for i, c in enumerate(candidates)}
        present, fixed, fixed_ids = _planned(connection, user_id, dates, by_account)
        begin = _where_now(connection, ws, user_id, by_account)
    problem = Problem(
        stops=tuple(stops),
        days=tuple(_day(day, week, begin if day == ws.today() else None) for day in dates),
        travel=matrix_from_coordinates(places),
        weights=Weights(
            per_km=0.30, per_drive_minute=0.25, usual_weekday=_KEEP_WEEKDAY_EUR,
            stability=_STABILITY_EUR, carry_over=_CARRY_OVER,
        ),
        fixed=tuple(fixed),
        announced=frozenset((s, d) for d, order in enumerate(present) for s in order),
        first_date=start,
        horizon_days=days,
    )  # fmt: skip
    return RepProblem(
        problem, tuple(candidates), tuple(dates), tuple(map(tuple, present)), fixed_ids
    )


def _rep(connection: Connection, user_id: int) -> tuple[WorkingWeek, tuple[float, float] | None]:
    row = connection.exec_driver_sql(
        "SELECT u.working_week, h.latitude, h.longitude FROM app_user u"
        " LEFT JOIN home_base h ON h.user_id = u.id WHERE u.id = ?",
        (user_id,),
    ).one()
    week = working_week(json.loads(row[0]) if row[0] else None)
    return week, None if row[1] is None or row[2] is None else (row[1], row[2])


def _free_days(
    connection: Connection, ws: Workspace, user_id: int, start: date, days: int
) -> frozenset[date]:
    end = start + timedelta(days=days)
    found = {
        date.fromisoformat(row[0])
        for row in connection.exec_driver_sql(
            "SELECT date FROM holiday WHERE date >= ? AND date < ? AND country = ?",
            (start.isoformat(), end.isoformat(), ws.country),
        )
    }
    for first, last in connection.exec_driver_sql(
        "SELECT from_date, to_date FROM user_leave WHERE user_id = ? AND to_date >= ?"
        " AND from_date < ?",
        (user_id, start.isoformat(), end.isoformat()),
    ):
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            found.add(day)
            day += timedelta(days=1)
    return frozenset(found)


def _customers(connection: Connection, ws: Workspace, user_id: int) -> Sequence[Any]:
    return connection.exec_driver_sql(
        "SELECT a.id, a.name, a.class, a.latitude, a.longitude, a.opening_hours,"
        " a.usual_weekday,"
        " nullif(max(coalesce(s.last_visit_on, ''), coalesce((SELECT max(p.date)"
        " FROM planned_visit p WHERE p.account_id = a.id AND p.mode = 'person'"
        " AND p.status IN ('started', 'done')), '')), ''),"
        " s.expected_margin_minor, s.expected_net_minor,"
        " coalesce(s.net_12m_minor - s.cost_12m_minor, 0), a.acquired_on,"
        " (SELECT max(v.date) FROM visit v WHERE v.account_id = a.id AND v.mode <> 'person')"
        " FROM account a LEFT JOIN summary_account s ON s.account_id = a.id"
        " WHERE a.status IN ('active', 'prospect', 'lapsed') AND a.merged_into_uid IS NULL"
        " AND (a.territory_id IS NULL OR a.territory_id IN (SELECT territory_id FROM"
        " territory_user WHERE user_id = ? AND (valid_to IS NULL OR valid_to >= ?)))"
        " ORDER BY a.id",
        (user_id, ws.today().isoformat()),
    ).all()


def _centre(rows: Sequence[Any]) -> tuple[float, float]:
    known = [(row[3], row[4]) for row in rows if row[3] is not None and row[4] is not None]
    if not known:
        return (0.0, 0.0)
    return (sum(p[0] for p in known) / len(known), sum(p[1] for p in known) / len(known))


def _stop(
    row: Any,
    serving: Serving,
    place: int,
    dates: list[date],
    start: date,
    scale: int,
    objective: Objective,
) -> Stop:
    interval = max(round(serving.model.interval_days), 1)
    hours = opening_hours(json.loads(row[5]) if row[5] else None)
    last = date.fromisoformat(row[7]) if row[7] else None
    since = (last or (start - timedelta(days=interval))) - start
    yearly = max(row[10], 0) / scale
    margin = max(yearly * interval / 365, 2.0)
    if objective is Objective.COVERAGE:
        margin = 60.0
    contact = date.fromisoformat(row[12]) if row[12] else None
    acquired = date.fromisoformat(row[11]) if row[11] else None
    clocks = attention(serving.model, last, contact, start, since=acquired)
    call = clocks.virtual_due
    return Stop(
        key=str(row[0]),
        place=place,
        visit_minutes=serving.model.visit_minutes,
        opening=tuple(tuple((float(a), float(b)) for a, b in hours[d.weekday()]) for d in dates),
        interval_days=float(interval),
        last_visit=max(since.days, -400),
        margin=margin,
        overdue_per_day=margin * 0.01,
        usual_weekday=row[6],
        mode=VisitMode.VIRTUAL if serving.virtual_only else VisitMode.IN_PERSON,
        last_contact=None if contact is None else (contact - start).days,
        call_due=None if call is None else (call - start).days,
        location_known=row[3] is not None and row[4] is not None,
    )


def _where_now(
    connection: Connection, ws: Workspace, user_id: int, by_account: dict[int, int]
) -> tuple[int, int]:
    """(minute of the day, place) from which the rest of today can be planned."""
    now = ws.clock.local(ws.now())
    row = connection.exec_driver_sql(
        "SELECT account_id, ended_at FROM visit WHERE user_id = ? AND date = ? AND mode = 'person'"
        " ORDER BY started_at DESC LIMIT 1",
        (user_id, ws.today().isoformat()),
    ).first()
    minute = now.hour * 60 + now.minute
    if row is None:
        return minute, 0
    if row[1] is None:
        minute += _RUNNING_VISIT_MIN
    stop = by_account.get(row[0])
    return minute, 0 if stop is None else stop + 1


def _day(day: date, week: WorkingWeek, begin: tuple[int, int] | None) -> Day:
    hours = week.shift(day.weekday()) or (0, 0)
    start, place = float(hours[0]), 0
    pauses = [Break(float(a), float(minutes)) for a, minutes in week.pauses(day.weekday())]
    if begin is not None:
        start, place = min(max(start, float(begin[0])), float(hours[1])), begin[1]
        pauses = [pause for pause in pauses if pause.at + pause.minutes > start]
    return Day(
        date=day, start=start, end=float(hours[1]), start_place=place, end_place=0,
        max_km=float(week.max_km), breaks=tuple(pauses),
    )  # fmt: skip


def _planned(
    connection: Connection, user_id: int, dates: list[date], by_account: dict[int, int]
) -> tuple[list[list[int]], list[FixedVisit], dict[tuple[int, int], int]]:
    present: list[list[int]] = [[] for _ in dates]
    fixed: list[FixedVisit] = []
    fixed_ids: dict[tuple[int, int], int] = {}
    for index, day in enumerate(dates):
        rows = connection.exec_driver_sql(
            "SELECT id, account_id, locked, appointment, start_minute FROM planned_visit"
            " WHERE user_id = ? AND date = ? AND mode = 'person'"
            " AND status = 'planned' ORDER BY sequence",
            (user_id, day.isoformat()),
        )
        for key, account_id, locked, appointment, minute in rows:
            stop = by_account.get(account_id)
            if stop is None:
                continue
            present[index].append(stop)
            if locked or appointment:
                kind = FixedKind.APPOINTMENT if appointment else FixedKind.LOCKED
                at = float(minute) if appointment and minute is not None else None
                fixed.append(FixedVisit(stop, index, kind, at))
                fixed_ids[(stop, index)] = int(key)
    return present, fixed, fixed_ids
