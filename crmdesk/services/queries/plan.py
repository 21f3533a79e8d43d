"""The week's plan as the board shows it: days with totals, stops, and who is left out and why.

Owns reading planned visits into days and the reasons for omissions under the plan that is there.
Proposing and changing plans is :mod:`crmdesk.services.plans`'s; wording is left to the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, func, or_, select

from crmdesk.domain.week import WorkingWeek, working_week
from crmdesk.planning.explain import Explainer, Omission, OmissionCode
from crmdesk.planning.model import Model
from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import Problem
from crmdesk.planning.replan import can_drive
from crmdesk.planning.routes import NO_POSITION, Routes
from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km
from crmdesk.services.planning_problem import Objective, RepProblem, read_problem
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_account, _planned, _user = table("account"), table("planned_visit"), table("user")
_home = table("home_base")
_leave, _holiday = table("leave"), table("holiday")
_visit, _order = table("visit"), table("order")
GONE = ("cancelled",)
_FITS_AT_LEAST_EUR = 1.0


@dataclass(frozen=True, slots=True)
class StopRow:
    """One planned visit. `why` holds the planner's numbers for it, empty when planned by hand.

    `leg_m` and `leg_minutes` lead there from the stop before. `margin_minor` is expected, and once
    it is done what was sold on the visit; None when nothing was.
    """

    id: int
    account_id: int
    account: str
    city: str
    latitude: float | None
    longitude: float | None
    day: date
    sequence: int
    start_minute: int | None
    minutes: int
    mode: str
    status: str
    locked: bool
    appointment: bool
    margin_minor: int | None
    leg_m: int
    leg_minutes: int
    usual_weekday: int | None
    why: dict[str, Any]

    @property
    def waiting(self) -> bool:
        """True while it may still be moved: neither done nor running."""
        return self.status == "planned"

    @property
    def in_person(self) -> bool:
        """True for a drive, False for a call, video or message."""
        return self.mode == "person"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of the board, with its stops in driving order.

    `work_minutes` are driving, visiting and waiting from the first departure to being home again;
    `shift_minutes` is what the working week gives, without lunch. `off` names a holiday or leave.
    """

    day: date
    stops: tuple[StopRow, ...]
    visits: int
    calls: int
    km: float
    drive_minutes: int
    work_minutes: int
    shift_minutes: int
    lunch: tuple[int, int] | None
    margin_minor: int
    off: str

    @property
    def free_minutes(self) -> int:
        """What is left of the shift."""
        return max(0, self.shift_minutes - self.work_minutes)


@dataclass(frozen=True, slots=True)
class WeekRow:
    """A week of the plan: its days and their sums. `usual_share` of visits keep their weekday."""

    monday: date
    days: tuple[DayRow, ...]
    visits: int
    calls: int
    work_minutes: int
    km: float
    margin_minor: int
    usual_share: float | None


@dataclass(frozen=True, slots=True)
class UnplannedRow:
    """A customer without a visit in the rest of the week, and why.

    `fits_on` is a day with room for it at `fits_km` more; `expected_minor` is what a visit would
    add, `break_even_minor` what it would have to bring. `closed_on`: was closed that day.
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


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def week_plan(ws: Workspace, monday: date, user_id: int | None = None) -> WeekRow:
    """The plan of a week: the days that are worked or have stops."""
    user = ws.user.id if user_id is None else user_id
    sunday = monday + timedelta(days=6)
    with ws.database.read() as connection:
        week, home = _rep(connection, user)
        off = _days_off(connection, ws, user, monday, sunday)
        stops = _stops(connection, user, monday, sunday)
    days = []
    for n in range(7):
        day = monday + timedelta(days=n)
        of_day = tuple(stop for stop in stops if stop.day == day)
        if of_day or week.shift(day.weekday()) is not None:
            days.append(_day(day, of_day, week, home, off.get(day, "")))
    return _week(monday, tuple(days))


def _week(monday: date, days: tuple[DayRow, ...]) -> WeekRow:
    usual = [
        stop.day.weekday() == stop.usual_weekday
        for day in days
        for stop in day.stops
        if stop.usual_weekday is not None and stop.in_person
    ]
    return WeekRow(
        monday=monday,
        days=days,
        visits=sum(day.visits for day in days),
        calls=sum(day.calls for day in days),
        work_minutes=sum(day.work_minutes for day in days),
        km=sum(day.km for day in days),
        margin_minor=sum(day.margin_minor for day in days),
        usual_share=sum(usual) / len(usual) if usual else None,
    )


def _rep(connection: Connection, user_id: int) -> tuple[WorkingWeek, tuple[float, float] | None]:
    row = connection.execute(
        select(_user.c.working_week, _home.c.latitude, _home.c.longitude)
        .join_from(_user, _home, _home.c.user_id == _user.c.id, isouter=True)
        .where(_user.c.id == user_id)
    ).one()
    home = None if row[1] is None or row[2] is None else (float(row[1]), float(row[2]))
    return working_week(row[0]), home


def _days_off(
    connection: Connection, ws: Workspace, user_id: int, first: date, last: date
) -> dict[date, str]:
    """Holidays by their name and leave by its kind."""
    h, v = _holiday.c, _leave.c
    found = {
        day: str(name)
        for day, name in connection.execute(
            select(h.date, h.name).where(h.date.between(first, last), h.country == ws.country)
        )
    }
    leaves = select(v.from_date, v.to_date, v.kind).where(
        v.user_id == user_id, v.from_date <= last, v.to_date >= first
    )
    for start, end, kind in connection.execute(leaves):
        day = max(start, first)
        while day <= min(end, last):
            found[day] = str(kind)
            day += timedelta(days=1)
    return found


def _stops(connection: Connection, user_id: int, first: date, last: date) -> tuple[StopRow, ...]:
    p, a = _planned.c, _account.c
    sold = _sold(connection, user_id, first, last)
    query = (
        select(
            p.id, p.account_id, a.name, a.city, a.latitude, a.longitude, p.date, p.sequence,
            p.start_minute, p.minutes, p.mode, p.status, p.locked, p.appointment,
            p.expected_margin_minor, p.leg_m, p.leg_minutes, a.usual_weekday, p.explanation,
        )
        .select_from(_planned.join(_account, a.id == p.account_id))
        .where(p.user_id == user_id, p.date.between(first, last), p.status.not_in(GONE))
        .order_by(p.date, p.mode != "person", p.sequence, p.start_minute, p.id)
    )  # fmt: skip
    return tuple(
        StopRow(
            row.id, row.account_id, row.name, row.city or "", row.latitude, row.longitude,
            row.date, row.sequence, row.start_minute, row.minutes, row.mode, row.status,
            bool(row.locked), bool(row.appointment), _worth(row, sold),
            row.leg_m or 0, row.leg_minutes or 0, row.usual_weekday,
            row.explanation if isinstance(row.explanation, dict) else {},
        )
        for row in connection.execute(query)
    )  # fmt: skip


def _sold(connection: Connection, user_id: int, first: date, last: date) -> dict[int, int]:
    """Margin of the orders taken on the visits behind planned ones, by planned visit."""
    v, o = _visit.c, _order.c
    query = (
        select(v.planned_visit_id, func.sum(o.net_minor - o.cost_minor))
        # The customer is the indexed way from a visit to its orders.
        .select_from(
            _visit.join(_order, (o.visit_id == v.id) & (o.account_id == v.account_id))
        )
        .where(
            v.user_id == user_id, v.date.between(first, last), v.planned_visit_id.is_not(None),
            o.status.not_in(("draft", "cancelled", "rejected")),
        )
        .group_by(v.planned_visit_id)
    )  # fmt: skip
    return {planned: int(margin) for planned, margin in connection.execute(query)}


def _worth(row: Any, sold: dict[int, int]) -> int | None:
    return sold.get(row.id) if row.status == "done" else row.expected_margin_minor or 0


def _day(
    day: date,
    stops: tuple[StopRow, ...],
    week: WorkingWeek,
    home: tuple[float, float] | None,
    off: str,
) -> DayRow:
    drives = [stop for stop in stops if stop.in_person]
    back_km, back_minutes = _way_home(drives, home)
    driving = sum(stop.leg_minutes for stop in drives) + back_minutes
    pauses = week.pauses(day.weekday())
    shift = week.shift(day.weekday())
    worked = 0 if shift is None or off else shift[1] - shift[0] - sum(p[1] for p in pauses)
    return DayRow(
        day=day,
        stops=stops,
        visits=len(drives),
        calls=len(stops) - len(drives),
        km=sum(stop.leg_m for stop in drives) / 1000 + back_km,
        drive_minutes=driving,
        work_minutes=_span(drives, back_minutes, pauses)
        or driving + sum(stop.minutes for stop in stops),
        shift_minutes=max(0, worked),
        lunch=pauses[0] if pauses and not off else None,
        margin_minor=sum(stop.margin_minor or 0 for stop in stops),
        off=off,
    )


def _span(drives: Sequence[StopRow], back_minutes: int, pauses: Sequence[tuple[int, int]]) -> int:
    """Minutes from leaving home to being back, pauses on the way taken out; 0 without times."""
    timed = [stop for stop in drives if stop.start_minute is not None]
    if not timed or len(timed) < len(drives):
        return 0
    leaves = (timed[0].start_minute or 0) - timed[0].leg_minutes
    back = (timed[-1].start_minute or 0) + timed[-1].minutes + back_minutes
    return (
        back - leaves - sum(length for at, length in pauses if leaves <= at and at + length <= back)
    )


def _way_home(drives: Sequence[StopRow], home: tuple[float, float] | None) -> tuple[float, int]:
    """Kilometres and minutes from the last stop home, estimated."""
    placed = [stop for stop in drives if stop.latitude is not None and stop.longitude is not None]
    if not placed or home is None:
        return 0.0, 0
    last = placed[-1]
    straight = great_circle_km(last.latitude or 0.0, last.longitude or 0.0, *home)
    km = DEFAULT_SPEED.road_km(straight)
    return km, round(DEFAULT_SPEED.drive_minutes(km))


# ---------------------------------------------------------------------------------- left out


def left_out(ws: Workspace, monday: date, user_id: int | None = None) -> tuple[UnplannedRow, ...]:
    """Customers without a visit in what is left of the week, the most valuable first.

    Reasons hold for the plan as it is. Empty for a week that is over or has no working day left.
    """
    user = ws.user.id if user_id is None else user_id
    start, end = max(monday, ws.today()), monday + timedelta(days=7)
    if start >= end:
        return ()
    source = read_problem(ws, user, start, (end - start).days, Objective.MARGIN)
    if not source.days or not source.candidates:
        return ()
    orders = [_drivable(source.problem, d, list(o)) for d, o in enumerate(source.present)]
    omissions = Explainer(source.problem, plan_from_orders(source.problem, orders)).omissions()
    with ws.database.read() as connection:
        known = _known_stops(connection, user, monday, end)
        places = _places(connection, [c.account_id for c in source.candidates])
    wanted = [
        one
        for one in omissions
        if known.get(source.candidates[one.stop].account_id, "closed") in ("closed", "missed")
    ]
    rows = _unplanned(source, orders, wanted, places)
    closed = _closed_days(ws, user, monday, [row.account_id for row in rows])
    found = [_with_closed(row, closed.get(row.account_id)) for row in rows]
    found.sort(key=lambda row: (-row.expected_minor, row.due_on, row.account_id))
    return tuple(found)


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
        if found.get(account) in (None, "closed", "missed"):
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
) -> list[UnplannedRow]:
    routes = Routes(Model(source.problem))
    routes.load(orders)
    rows = []
    for one in omissions:
        candidate = source.candidates[one.stop]
        city, latitude, longitude = places.get(candidate.account_id, ("", None, None))
        fits, km = _best_fit(source, routes, one)
        rows.append(
            UnplannedRow(
                account_id=candidate.account_id,
                account=candidate.name,
                city=city,
                latitude=latitude,
                longitude=longitude,
                code=one.code.value,
                due_on=one.due,
                expected_minor=round((one.expected or 0.0) * 100),
                detour_km=one.detour_km,
                break_even_minor=None if one.break_even is None else round(one.break_even * 100),
                fits_on=fits,
                fits_km=km,
                closed_on=None,
            )
        )
    return rows


def _best_fit(source: RepProblem, routes: Routes, one: Omission) -> tuple[date | None, float]:
    """The day on which the customer can be added and pays for the drive, with its kilometres."""
    if one.code not in (OmissionCode.NO_TIME, OmissionCode.NOT_DUE, OmissionCode.CALL_INSTEAD):
        return None, 0.0
    weights, days = source.problem.weights, len(source.days)
    best: tuple[float, int, float] | None = None
    for d in range(days):
        if routes.find(one.stop, d) == NO_POSITION:
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
