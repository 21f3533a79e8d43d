"""The week's plan as the board shows it: days with totals and stops.

Owns reading planned visits into days. Who is left out and why is
:mod:`crmdesk.services.queries.plan_reasons`', proposing and changing plans
:mod:`crmdesk.services.plans`'; wording is left to the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from crmdesk.domain.policy import Policy
from crmdesk.services.planning_problem import committed_until
from crmdesk.services.queries.plan_coverage import coverage_by_day
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.rep_days import RepDay, rep_days
from crmdesk.services.travel import travel_between
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_account, _planned = table("account"), table("planned_visit")
_visit, _order = table("visit"), table("order")
GONE = ("cancelled",)


@dataclass(frozen=True, slots=True)
class StopRow:
    """One planned visit. `why` holds the planner's numbers for it, empty when planned by hand.

    `leg_m` and `leg_minutes` lead there from the stop before. `margin_minor` is expected, and once
    it is done what was sold on the visit; None when nothing was. An appointment may begin within
    its `window`.
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
    window: tuple[int, int] | None = None

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

    `work_minutes` are driving, visiting and waiting from the first departure to being back;
    `shift_minutes` is what the day gives, pauses cut out. `off` names a holiday or leave.
    `coverage` is the share of the customers that are not overdue at the end of the day; a
    `tentative` day lies after the weeks that are committed. `estimated_stops` are those the
    drives to and from are estimated of, for want of roads on a map.
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
    rep: RepDay
    coverage: float | None = None
    tentative: bool = False
    estimated_stops: int = 0

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
    coverage: float | None = None

    @property
    def estimated_stops(self) -> int:
        """How many stops the drives to and from are estimated of, for want of roads."""
        return sum(day.estimated_stops for day in self.days)

    @property
    def tentative(self) -> bool:
        """True when nothing of the week is committed."""
        return bool(self.days) and all(day.tentative for day in self.days)


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def weeks_plan(ws: Workspace, monday: date, weeks: int, user_id: int | None = None) -> WeekRow:
    """So many weeks from a Monday on as one row: all their days, and their sums."""
    found = [week_plan(ws, monday + timedelta(days=7 * n), user_id) for n in range(weeks)]
    return _week(monday, tuple(day for week in found for day in week.days))


def week_plan(ws: Workspace, monday: date, user_id: int | None = None) -> WeekRow:
    """The plan of a week: the days that are worked or have stops."""
    user = ws.user.id if user_id is None else user_id
    sunday = monday + timedelta(days=6)
    with ws.database.read() as connection:
        every = rep_days(connection, user, monday, sunday, ws.country)
        policy = policy_in(connection)
        stops = _stops(connection, user, monday, sunday)
        covered = coverage_by_day(connection, ws, user, monday)
        backs = {day: _way_back(connection, user, stops, rep, policy) for day, rep in every.items()}
    tentative_after = committed_until(ws.today(), policy.plan_weeks)
    days = []
    for day, rep in every.items():
        of_day = tuple(stop for stop in stops if stop.day == day)
        if of_day or rep.work is not None or rep.off or rep.set_here:
            if rep.off and not of_day and day.weekday() >= 5:
                continue  # a weekend that is off is nothing new
            row = _day(rep, of_day, backs[day], covered.get(day))
            days.append(replace(row, tentative=day > tentative_after))
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
        coverage=days[-1].coverage if days else None,
    )


def _stops(connection: Connection, user_id: int, first: date, last: date) -> tuple[StopRow, ...]:
    p, a = _planned.c, _account.c
    sold = _sold(connection, user_id, first, last)
    query = (
        select(
            p.id, p.account_id, a.name, a.city, a.latitude, a.longitude, p.date, p.sequence,
            p.start_minute, p.minutes, p.mode, p.status, p.locked, p.appointment,
            p.expected_margin_minor, p.leg_m, p.leg_minutes, a.usual_weekday, p.explanation,
            p.window_from, p.window_to,
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
            row.explanation if isinstance(row.explanation, dict) else {}, _window(row),
        )
        for row in connection.execute(query)
    )  # fmt: skip


def _window(row: Any) -> tuple[int, int] | None:
    if not row.appointment:
        return None
    first = row.start_minute if row.window_from is None else row.window_from
    last = first if row.window_to is None else row.window_to
    return None if first is None or last is None else (first, last)


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
    if row.status in ("missed", "closed"):
        return None
    return sold.get(row.id) if row.status == "done" else row.expected_margin_minor or 0


def _day(
    rep: RepDay, stops: tuple[StopRow, ...], back: tuple[float, int, int], coverage: float | None
) -> DayRow:
    drives = [stop for stop in stops if stop.in_person]
    back_km, back_minutes, estimated = back
    driving = sum(stop.leg_minutes for stop in drives if stop.status != "missed") + back_minutes
    work = rep.work
    pauses = work.pauses if work is not None else ()
    return DayRow(
        day=rep.date,
        stops=stops,
        visits=sum(stop.status != "missed" for stop in drives),
        calls=len(stops) - len(drives),
        km=sum(stop.leg_m for stop in drives if stop.status != "missed") / 1000 + back_km,
        drive_minutes=driving,
        work_minutes=_span(drives, back_minutes, pauses)
        or driving + sum(stop.minutes for stop in stops),
        shift_minutes=work.minutes if work is not None else 0,
        lunch=work.lunch if work is not None else None,
        margin_minor=sum(stop.margin_minor or 0 for stop in stops),
        off=rep.off,
        rep=rep,
        coverage=coverage,
        estimated_stops=estimated,
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


def _way_back(
    connection: Connection, user: int, stops: Sequence[StopRow], rep: RepDay, policy: Policy
) -> tuple[float, int, int]:
    """Kilometres and minutes from the last stop to the end; stops with estimated drives."""
    placed = [
        stop
        for stop in stops
        if stop.day == rep.date
        and stop.in_person
        and stop.latitude is not None
        and stop.longitude is not None
    ]
    if not placed:
        return 0.0, 0, 0
    points = [(stop.latitude or 0.0, stop.longitude or 0.0) for stop in placed]
    if rep.end is not None:
        points.append(rep.end.point)
    matrix = travel_between(connection, points, policy, user)
    estimated = len(placed) if matrix.estimated else sum(n < len(placed) for n in matrix.off_road)
    if rep.end is None:
        return 0.0, 0, estimated
    km, minutes = matrix.leg(len(placed) - 1, len(placed))
    return km, round(minutes), estimated
