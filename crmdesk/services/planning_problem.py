"""The planning problem of one rep, read from the local database.

Owns putting customers, days, what is planned already and the weights together into the values that
:mod:`crmdesk.planning` works on. Customers are read by :mod:`crmdesk.services.planning_customers`,
days by :mod:`crmdesk.services.rep_days`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.foremost import MOST_STOPS, foremost
from crmdesk.planning.problem import Break, Day, FixedKind, FixedVisit, Problem, Weights
from crmdesk.planning.travel import Matrix
from crmdesk.services.holding import Holding
from crmdesk.services.plan_standing import what_is_planned
from crmdesk.services.planning_customers import (
    CustomerRow,
    Objective,
    customers_of,
    opening_on,
    stop_of,
)
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.rep_days import DayPlace, Region, RepDay, holidays, region_of, rep_days
from crmdesk.services.travel import travel_between
from crmdesk.services.workspace import Workspace

__all__ = ["Candidate", "Objective", "RepProblem", "committed_until", "read_problem"]

_CARRY_OVER = 0.95
_RUNNING_VISIT_MIN = 15
_LATELY_DAYS = 31
_KEEP_WEEKDAY_EUR, _STABILITY_EUR = 10.0, 4.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that may be visited: its keys beside the planner's stop."""

    account_id: int
    name: str
    expected_margin_minor: int
    expected_net_minor: int
    virtual_minutes: float = 8.0
    virtual_mode: str = "call"
    city: str = ""
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RepProblem:
    """The problem, its customers by stop position, and the visits already in these days.

    ``fixed_visit_ids`` are the rows of locked visits and appointments by stop and day;
    ``stranded`` are names and days of those that lie on a day off; ``standing`` is everything that
    was planned in the span when it was read, to tell whether it has changed since. ``beyond`` are
    the customers that are not weighed, for there are more than one plan can, and when they are due.
    """

    problem: Problem
    candidates: tuple[Candidate, ...]
    days: tuple[date, ...]
    present: tuple[tuple[int, ...], ...]
    fixed_visit_ids: dict[tuple[int, int], int]
    stranded: tuple[tuple[str, date], ...] = ()
    standing: frozenset[tuple[object, ...]] | None = None
    beyond: tuple[tuple[Candidate, date], ...] = ()


def committed_until(today: date, weeks: int) -> date:
    """The last day of the weeks that are committed: what lies after it is tentative.

    The running week counts as the first; from Friday on the next one does.
    """
    monday = today - timedelta(days=today.weekday())
    if today.weekday() >= 4:
        weeks += 1
    return monday + timedelta(days=7 * weeks - 1)


def read_problem(
    ws: Workspace, user_id: int, start: date, days: int, objective: Objective
) -> RepProblem:
    """The problem of a rep for the working days among ``days`` calendar days from ``start``.

    Days of leave and holidays are left out, hours of leave are cut out. Today's visits that are
    done or running stay as they are and their customers count as visited. Driving takes the
    company's slack longer than estimated; only what lies in committed weeks counts as announced.
    """
    with ws.database.read() as connection:
        policy = policy_in(connection)
        last = start + timedelta(days=days - 1)
        every = rep_days(connection, user_id, start, last, ws.country)
        working = [day for day in every.values() if day.work is not None]
        dates = [day.date for day in working]
        holding = Holding(connection, user_id, ws.today(), dates)
        everybody = customers_of(connection, holding, ws.today(), start)
        customers = _weighed(connection, ws, user_id, start, days, dates, everybody, holding)
        planned = _planned(connection, user_id, dates, customers)
        opening = _opening(connection, ws, user_id, dates, customers, holding, planned)
        scale = 10 ** currency_exponent(ws.currency)
        places = _Places(working, customers)
        stops = tuple(
            stop_of(customer, n, opening[n], start, scale, objective)
            for n, customer in enumerate(customers)
        )
        begin = _where_now(connection, ws, user_id, customers)
        stranded = _stranded(connection, user_id, start, last, dates)
        standing = what_is_planned(connection, user_id, start, last)
        days_of_work = tuple(
            _day(day, places, begin if day.date == ws.today() else None) for day in working
        )
        travel = travel_between(connection, places.points, policy, user_id)
    problem = Problem(
        stops=stops,
        days=days_of_work,
        travel=travel,
        weights=Weights(
            per_km=0.30, per_drive_minute=0.25, usual_weekday=_KEEP_WEEKDAY_EUR,
            stability=_STABILITY_EUR, carry_over=_CARRY_OVER,
        ),
        fixed=tuple(planned.fixed),
        announced=_announced(planned, dates, committed_until(ws.today(), policy.plan_weeks)),
        first_date=start,
        horizon_days=days,
    )  # fmt: skip
    return RepProblem(
        problem,
        tuple(map(_candidate, customers)),
        tuple(dates), tuple(map(tuple, planned.present)), planned.ids, stranded,
        standing, _beyond(everybody, customers, start),
    )  # fmt: skip


def _weighed(
    connection: Connection,
    ws: Workspace,
    user_id: int,
    start: date,
    days: int,
    dates: list[date],
    customers: list[CustomerRow],
    holding: Holding,
) -> list[CustomerRow]:
    """The customers that a plan weighs: all of them, or the foremost where there are too many.

    Whoever has been in this rep's plan lately, or is in it, stays in.
    """
    if len(customers) <= MOST_STOPS or not dates:
        return customers
    planned = _planned(connection, user_id, dates, customers)
    opening = _opening(connection, ws, user_id, dates, customers, holding, planned)
    scale = 10 ** currency_exponent(ws.currency)
    problem = Problem(
        tuple(
            stop_of(customer, n, opening[n], start, scale, Objective.MARGIN)
            for n, customer in enumerate(customers)
        ),
        tuple(Day(day, 0.0, 1440.0, 0, 0) for day in dates),
        Matrix(0, [], []),
        first_date=start,
        horizon_days=days,
    )
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT account_id FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ?",
        (
            user_id, (start - timedelta(days=_LATELY_DAYS)).isoformat(),
            (start + timedelta(days=days - 1)).isoformat(),
        ),
    )  # fmt: skip
    known = {int(row[0]) for row in rows}
    keep = [n for n, customer in enumerate(customers) if customer.id in known]
    return [customers[n] for n in foremost(problem, keep, most=MOST_STOPS)]


def _beyond(
    everybody: Sequence[CustomerRow], weighed: Sequence[CustomerRow], start: date
) -> tuple[tuple[Candidate, date], ...]:
    if len(weighed) == len(everybody):
        return ()
    keys = {one.id for one in weighed}
    return tuple(
        (_candidate(one), (one.last_visit or start) + timedelta(days=one.interval_days))
        for one in everybody
        if one.id not in keys
    )


def _candidate(c: CustomerRow) -> Candidate:
    return Candidate(
        c.id, c.name, c.expected_margin_minor, c.expected_net_minor,
        c.serving.model.virtual_minutes, c.serving.virtual_mode, c.city, c.place,
    )  # fmt: skip


class _Places:
    """The places of a problem: customers first, by position, then the ends of the days."""

    def __init__(self, days: Sequence[RepDay], customers: Sequence[CustomerRow]) -> None:
        known = [
            (c.latitude, c.longitude)
            for c in customers
            if c.latitude is not None and c.longitude is not None
        ]
        ends = [end for day in days for end in (day.start, day.end) if end is not None]
        middle = ends[0].point if ends else _middle(known)
        self.points: list[tuple[float, float]] = [
            middle if c.latitude is None or c.longitude is None else (c.latitude, c.longitude)
            for c in customers
        ]
        self._middle = middle
        self._known: dict[tuple[float, float], int] = {}

    def of(self, place: DayPlace | None) -> int:
        """The position of where a day begins or ends; the middle of everything without one."""
        point = self._middle if place is None else place.point
        if point not in self._known:
            self._known[point] = len(self.points)
            self.points.append(point)
        return self._known[point]


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not points:
        return (0.0, 0.0)
    return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))


def _day(day: RepDay, places: _Places, begin: tuple[int, int | None] | None) -> Day:
    work = day.work
    if work is None:
        raise ValueError(f"{day.date} is not worked")
    start, place = float(work.start), places.of(day.start)
    pauses = [
        Break(float(at), float(minutes), divides=(at, minutes) != work.lunch)
        for at, minutes in work.pauses
    ]
    if begin is not None:
        start = min(max(start, float(begin[0])), float(work.end))
        place = place if begin[1] is None else begin[1]
        pauses = [pause for pause in pauses if pause.at + pause.minutes > start]
    return Day(
        date=day.date, start=start, end=float(work.end), start_place=place,
        end_place=places.of(day.end), max_km=float(day.max_km), breaks=tuple(pauses),
    )  # fmt: skip


def _where_now(
    connection: Connection, ws: Workspace, user_id: int, customers: Sequence[CustomerRow]
) -> tuple[int, int | None]:
    """(minute of the day, stop) from which the rest of today can be planned; None: the start."""
    now = ws.clock.local(ws.now())
    row = connection.exec_driver_sql(
        "SELECT account_id, ended_at FROM visit WHERE user_id = ? AND date = ? AND mode = 'person'"
        " ORDER BY started_at DESC LIMIT 1",
        (user_id, ws.today().isoformat()),
    ).first()
    minute = now.hour * 60 + now.minute
    if row is None:
        return minute, None
    if row[1] is None:
        minute += _RUNNING_VISIT_MIN
    return minute, next((n for n, c in enumerate(customers) if c.id == row[0]), None)


@dataclass(slots=True)
class _Planned:
    """What is planned on the days: stops in order, fixed visits, their rows and agreed hours."""

    present: list[list[int]]
    fixed: list[FixedVisit] = field(default_factory=list)
    ids: dict[tuple[int, int], int] = field(default_factory=dict)
    agreed: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)


def _planned(
    connection: Connection, user_id: int, dates: list[date], customers: Sequence[CustomerRow]
) -> _Planned:
    found = _Planned([[] for _ in dates])
    if not dates:
        return found
    position = {day.isoformat(): n for n, day in enumerate(dates)}
    by_account = {customer.id: n for n, customer in enumerate(customers)}
    rows = connection.exec_driver_sql(
        "SELECT id, account_id, locked, appointment, start_minute, window_from, window_to, date"
        " FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ? AND mode = 'person'"
        " AND status = 'planned' ORDER BY date, sequence, id",
        (user_id, dates[0].isoformat(), dates[-1].isoformat()),
    )
    for row in rows:
        stop, day = by_account.get(row.account_id), position.get(row.date)
        if stop is None or day is None or stop in found.present[day]:
            continue
        found.present[day].append(stop)
        if not (row.locked or row.appointment):
            continue
        found.ids[(stop, day)] = int(row.id)
        found.fixed.append(_fixed(found, row, stop, day))
    return found


def _fixed(found: _Planned, row: Any, stop: int, day: int) -> FixedVisit:
    """An hour agreed is exact; a window agreed replaces the opening hours of that day."""
    first, last = row.window_from, row.window_to
    if not row.appointment:
        return FixedVisit(stop, day, FixedKind.LOCKED)
    if first is not None and last is not None and first < last:
        found.agreed.setdefault(stop, {})[day] = (int(first), int(last))
        return FixedVisit(stop, day, FixedKind.LOCKED)
    at = first if first is not None else row.start_minute
    if at is None:
        return FixedVisit(stop, day, FixedKind.LOCKED)
    return FixedVisit(stop, day, FixedKind.APPOINTMENT, float(at))


def _stranded(
    connection: Connection, user_id: int, first: date, last: date, dates: Sequence[date]
) -> tuple[tuple[str, date], ...]:
    rows = connection.exec_driver_sql(
        "SELECT a.name, p.date FROM planned_visit p JOIN account a ON a.id = p.account_id"
        " WHERE p.user_id = ? AND p.date BETWEEN ? AND ? AND p.mode = 'person'"
        " AND p.status = 'planned' AND (p.locked OR p.appointment) ORDER BY p.date, p.sequence",
        (user_id, first.isoformat(), last.isoformat()),
    )
    found = ((str(name), date.fromisoformat(day)) for name, day in rows)
    return tuple((name, day) for name, day in found if day not in dates)


def _opening(
    connection: Connection,
    ws: Workspace,
    user_id: int,
    dates: Sequence[date],
    customers: Sequence[CustomerRow],
    holding: Holding,
    planned: _Planned,
) -> list[list[tuple[tuple[float, float], ...]]]:
    """Opening windows of every customer on every day; a customer's own country has its holidays."""
    if not dates:
        return [[] for _customer in customers]
    closed: dict[Region, dict[date, str]] = {region_of(connection, user_id, ws.country): {}}
    found = []
    for n, customer in enumerate(customers):
        where = Region(customer.country or ws.country, customer.region)
        if where not in closed:
            closed[where] = holidays(connection, dates[0], dates[-1], where)
        mine = holding.on_days(customer.id, customer.territory_id)
        agreed = planned.agreed.get(n, {})
        found.append(opening_on(customer, dates, mine, closed[where], agreed))
    return found


def _announced(planned: _Planned, dates: Sequence[date], until: date) -> frozenset[tuple[int, int]]:
    return frozenset(
        (stop, day)
        for day, order in enumerate(planned.present)
        if dates[day] <= until
        for stop in order
    )
