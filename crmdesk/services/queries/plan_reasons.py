"""Who is left out of a week and why, and where else a visit could be: of the plan as it is, and of
one that is not written yet.

Owns the reasons; the plan itself is :mod:`crmdesk.services.queries.plan`'s, wording is left to the
place. Margins are in minor units, distances in kilometres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, func, or_, select

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.explain import Explainer, Omission, OmissionCode
from crmdesk.planning.model import Model
from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import Problem
from crmdesk.planning.replan import can_drive
from crmdesk.planning.routes import NO_POSITION, Routes
from crmdesk.services.planning_problem import Candidate, Objective, RepProblem, read_problem
from crmdesk.services.queries.plan import GONE, WeekRow
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_account, _planned = table("account"), table("planned_visit")
_FITS_AT_LEAST_EUR = 1.0
_NOT_SEEN = ("closed", "missed")
Orders = Sequence[Sequence[int]]
_COULD_FIT = (OmissionCode.NO_TIME, OmissionCode.NOT_DUE, OmissionCode.CALL_INSTEAD)


@dataclass(frozen=True, slots=True)
class DayReason:
    """Why a customer is not visited on a day; `km` is the detour it would take, None for none.

    `fits` is true where there is room for the visit.
    """

    day: date
    code: str
    expected_minor: int | None
    km: float | None
    fits: bool


@dataclass(frozen=True, slots=True)
class UnplannedRow:
    """A customer without a visit in the rest of the week, and why.

    `fits_on` is a day with room for it at `fits_km` more; `expected_minor` is what a visit would
    add, `break_even_minor` what it would have to bring. `closed_on`: was closed that day.
    `days` say it day by day.
    """

    account_id: int
    account: str
    city: str
    latitude: float | None
    longitude: float | None
    code: str
    due_on: date
    expected_minor: int
    detour_km: float | None
    break_even_minor: int | None
    fits_on: date | None
    fits_km: float
    closed_on: date | None
    days: tuple[DayReason, ...] = ()


def left_out(
    ws: Workspace, monday: date, user_id: int | None = None, *, weeks: int = 1
) -> tuple[UnplannedRow, ...]:
    """Customers without a visit in what is left of the weeks, the most valuable first.

    Reasons hold for the plan as it is. Empty for weeks that are over or have no working day left.
    """
    user = ws.user.id if user_id is None else user_id
    start, end = max(monday, ws.today()), monday + timedelta(days=7 * weeks)
    if start >= end:
        return ()
    source = read_problem(ws, user, start, (end - start).days, Objective.MARGIN)
    with ws.database.read() as connection:
        known = _known_stops(connection, user, monday, end)
    return _left_out(ws, user, monday, source, source.present, known)


def left_out_of(
    ws: Workspace, draft: WeekRow, source: RepProblem, orders: Orders, user_id: int
) -> tuple[UnplannedRow, ...]:
    """The same of a plan that is not written yet: ``draft`` is what it looks like."""
    known: dict[int, str] = {}
    for stop in (stop for day in draft.days for stop in day.stops):
        if known.get(stop.account_id) in (None, *_NOT_SEEN):
            known[stop.account_id] = stop.status
    return _left_out(ws, user_id, draft.monday, source, orders, known)


def _left_out(
    ws: Workspace,
    user: int,
    monday: date,
    source: RepProblem,
    given: Orders,
    known: Mapping[int, str],
) -> tuple[UnplannedRow, ...]:
    """``known`` is the status of each customer that has a stop in these weeks."""
    if not source.days or not source.candidates:
        return ()
    scale = 10 ** currency_exponent(ws.currency)
    orders = [_drivable(source.problem, d, list(o)) for d, o in enumerate(given)]
    explainer = Explainer(source.problem, plan_from_orders(source.problem, orders))
    omissions = explainer.omissions()
    with ws.database.read() as connection:
        places = _places(connection, [c.account_id for c in source.candidates])
    wanted = [
        one
        for one in omissions
        if known.get(source.candidates[one.stop].account_id, "closed") in _NOT_SEEN
    ]
    full = _overfull(given, orders)
    rows = _unplanned(source, orders, wanted, places, explainer, scale, full)
    closed = _closed_days(ws, user, monday, [row.account_id for row in rows])
    found = [_with_closed(row, closed.get(row.account_id)) for row in rows]
    found += [
        _not_weighed(candidate, due)
        for candidate, due in source.beyond
        if known.get(candidate.account_id, "closed") in _NOT_SEEN
    ]
    found.sort(key=lambda row: (-row.expected_minor, row.due_on, row.account_id))
    return tuple(found)


def _not_weighed(candidate: Candidate, due: date) -> UnplannedRow:
    latitude, longitude = candidate.place or (None, None)
    return UnplannedRow(
        candidate.account_id, candidate.name, candidate.city, latitude, longitude,
        code=OmissionCode.BEYOND.value, due_on=due, expected_minor=0, detour_km=None,
        break_even_minor=None, fits_on=None, fits_km=0.0, closed_on=None,
    )  # fmt: skip


def _overfull(given: Orders, orders: Orders) -> frozenset[int]:
    """Days on which more is planned than can be driven: nothing more fits there."""
    return frozenset(d for d, order in enumerate(orders) if len(order) < len(given[d]))


def _drivable(problem: Problem, day: int, order: list[int]) -> list[int]:
    """The beginning of a day's order that can be driven: moves by hand may overfill a day."""
    while order and not can_drive(problem, day, order):
        order = order[:-1]
    return order


def _known_stops(connection: Connection, user_id: int, monday: date, end: date) -> dict[int, str]:
    """The best status of every customer in this week's plan: one that stands beats one missed."""
    p = _planned.c
    query = select(p.account_id, p.status).where(
        p.user_id == user_id, p.date >= monday, p.date < end, p.status.not_in(GONE)
    )
    found: dict[int, str] = {}
    for account, status in connection.execute(query):
        if found.get(account) in (None, *_NOT_SEEN):
            found[account] = status
    return found


def _places(
    connection: Connection, account_ids: Sequence[int]
) -> dict[int, tuple[str, float | None, float | None]]:
    a = _account.c
    query = select(a.id, a.city, a.latitude, a.longitude).where(a.id.in_(list(account_ids)))
    return {row[0]: (row[1] or "", row[2], row[3]) for row in connection.execute(query)}


def _unplanned(
    source: RepProblem,
    orders: list[list[int]],
    omissions: Sequence[Omission],
    places: dict[int, tuple[str, float | None, float | None]],
    explainer: Explainer,
    scale: int,
    full: frozenset[int],
) -> list[UnplannedRow]:
    routes = Routes(Model(source.problem))
    routes.load(orders)
    rows = []
    for one in omissions:
        candidate = source.candidates[one.stop]
        city, latitude, longitude = places.get(candidate.account_id, ("", None, None))
        fits, km = _best_fit(source, routes, one, full)
        rows.append(
            UnplannedRow(
                account_id=candidate.account_id,
                account=candidate.name,
                city=city,
                latitude=latitude,
                longitude=longitude,
                code=one.code.value,
                due_on=one.due,
                expected_minor=round((one.expected or 0.0) * scale),
                detour_km=one.detour_km,
                break_even_minor=None if one.break_even is None else round(one.break_even * scale),
                fits_on=fits,
                fits_km=km,
                closed_on=None,
                days=_by_day(source, routes, explainer, one.stop, scale, full),
            )
        )
    return rows


def _by_day(
    source: RepProblem,
    routes: Routes,
    explainer: Explainer,
    stop: int,
    scale: int,
    full: frozenset[int],
) -> tuple[DayReason, ...]:
    found = []
    for d, day in enumerate(source.days):
        one = explainer.why_not(stop, d)
        could = one.code in _COULD_FIT
        fits = could and d not in full and routes.find(stop, d) != NO_POSITION
        code = OmissionCode.NO_TIME if could and d in full else one.code
        km = routes.found_km[stop * len(source.days) + d] if fits else one.detour_km
        minor = None if one.expected is None else round(one.expected * scale)
        found.append(DayReason(day, code.value, minor, km, fits))
    return tuple(found)


def other_days(
    ws: Workspace,
    monday: date,
    planned_visit_id: int,
    user_id: int | None = None,
    *,
    weeks: int = 1,
) -> tuple[DayReason, ...]:
    """What seeing a planned customer on each other day of the week's rest would mean.

    Kilometres are those of the detour on that day; the visit itself is taken out first. Empty for
    a visit that is over or not of this week.
    """
    user = ws.user.id if user_id is None else user_id
    start, end = max(monday, ws.today()), monday + timedelta(days=7 * weeks)
    if start >= end:
        return ()
    with ws.database.read() as connection:
        row = connection.execute(
            select(_planned.c.account_id, _planned.c.date).where(
                _planned.c.id == planned_visit_id, _planned.c.status == "planned",
                _planned.c.mode == "person",
            )
        ).first()  # fmt: skip
    if row is None:
        return ()
    source = read_problem(ws, user, start, (end - start).days, Objective.MARGIN)
    return other_days_of(ws, source, source.present, row[0], _as_day(row[1]))


def other_days_of(
    ws: Workspace, source: RepProblem, given: Orders, account_id: int, own: date
) -> tuple[DayReason, ...]:
    """The same for a customer whom a plan that may not be written yet sees on the day ``own``."""
    stop = next((n for n, c in enumerate(source.candidates) if c.account_id == account_id), None)
    if stop is None:
        return ()
    others = [[u for u in order if u != stop] for order in given]
    orders = [_drivable(source.problem, d, order) for d, order in enumerate(others)]
    # Locked or agreed, it may still be asked where else it could be.
    fixed = tuple(one for one in source.problem.fixed if one.stop != stop)
    problem = replace(source.problem, fixed=fixed)
    explainer = Explainer(problem, plan_from_orders(problem, orders))
    routes = Routes(Model(problem))
    routes.load(orders)
    scale = 10 ** currency_exponent(ws.currency)
    reasons = _by_day(source, routes, explainer, stop, scale, _overfull(others, orders))
    return tuple(one for one in reasons if one.day != own)


def _best_fit(
    source: RepProblem, routes: Routes, one: Omission, full: frozenset[int]
) -> tuple[date | None, float]:
    """The day on which the customer can be added and pays for the drive, with its kilometres."""
    if one.code not in _COULD_FIT:
        return None, 0.0
    weights, days = source.problem.weights, len(source.days)
    best: tuple[float, int, float] | None = None
    for d in range(days):
        if d in full or routes.find(one.stop, d) == NO_POSITION:
            continue
        cell = one.stop * days + d
        km = routes.found_km[cell]
        gain = routes.gain(one.stop, d) - weights.per_km * km
        if gain > _FITS_AT_LEAST_EUR and (best is None or gain > best[0]):
            best = (gain, d, km)
    return (None, 0.0) if best is None else (source.days[best[1]], best[2])


def _closed_days(
    ws: Workspace, user_id: int, monday: date, account_ids: Sequence[int]
) -> dict[int, date]:
    p = _planned.c
    query = (
        select(p.account_id, func.max(p.date))
        .where(
            and_(p.user_id == user_id, p.date >= monday, p.date <= ws.today()),
            or_(p.status == "closed", p.status == "missed"),
            p.account_id.in_(list(account_ids)),
        )
        .group_by(p.account_id)
    )
    with ws.database.read() as connection:
        return {account: _as_day(day) for account, day in connection.execute(query)}


def _as_day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _with_closed(row: UnplannedRow, day: date | None) -> UnplannedRow:
    return row if day is None else replace(row, closed_on=day)
