"""The rep's day: the route with what waits at each stop, and what came of those behind.

Owns reading it in one consistent read of few statements. The brief of a stop is
:mod:`crmdesk.services.queries.stop_brief`; how a stop's line is put together is left to the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, func, literal, or_, select

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.states import OrderStatus
from crmdesk.domain.week import Span, opening_hours, working_week
from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km
from crmdesk.services.queries.stop_brief import day_of
from crmdesk.storage.tables import summary_account, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

# By name, so that the index on status and day is used.
_PLACED = tuple(s.value for s in OrderStatus if s not in {OrderStatus.DRAFT, OrderStatus.CANCELLED})
_plan, _account, _visit = table("planned_visit"), table("account"), table("visit")
_order, _reason, _user = table("order"), table("outcome_reason"), table("user")
_quote, _promise, _ticket = table("quote"), table("promise"), table("ticket")
_s = summary_account.c


@dataclass(frozen=True, slots=True)
class DayStop:
    """A planned visit or call of the day, in its order, and what waits there.

    A visit that was not planned has a negative ``id``. Minutes are after midnight, metres by road
    as planned, money in minor units; ``spans`` are the opening hours of the day. ``outcome`` and
    ``reason`` are those of the visit made today, ``order_net_minor`` what was ordered in it.
    """

    id: int
    account_id: int
    name: str
    city: str
    mode: str
    status: str
    start_minute: int | None
    minutes: int
    locked: bool
    appointment: bool
    latitude: float | None
    longitude: float | None
    leg_m: int
    leg_minutes: int
    expected_margin_minor: int
    expected_net_minor: int
    overdue: int
    due: int
    at_risk: int
    late_minor: int
    last_order_on: date | None
    closes_minute: int | None
    ticket_kind: str
    ticket_on: date | None
    quote_on: date | None
    promise: str
    visit_id: int | None
    outcome: str
    reason: str
    order_net_minor: int | None
    off_plan: bool = False
    spans: tuple[Span, ...] = ()

    @property
    def over(self) -> bool:
        """True once nothing is left to do at this stop today."""
        return self.status in ("done", "missed", "closed")


@dataclass(frozen=True, slots=True)
class DayRoute:
    """A day of one rep. ``pauses`` are (begin, minutes) cut out of the shift.

    ``back_minute`` is when the rep is home again, ``home_leg_m`` the way there; ``free_minute``
    when the last visit made so far has ended.
    """

    day: date
    stops: tuple[DayStop, ...]
    pauses: tuple[Span, ...]
    home: tuple[float, float] | None
    home_leg_m: int
    back_minute: int | None
    orders: int
    visits: int
    ordered_net_minor: int
    running_visit_id: int | None
    running_account_id: int | None
    running_since: datetime | None
    free_minute: int | None = None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A reason for an outcome, in the order people pick it, and the key that picks it."""

    id: int
    kind: str
    name: str
    key: str = ""


def day_route(ws: Workspace, day: date | None = None) -> DayRoute:
    """The rep's stops of a day (today without one), calls last."""
    wanted = day or ws.today()
    with ws.database.read() as connection:
        rows = connection.execute(_stops_query(ws, wanted)).all()
        ids = [row.account_id for row in rows]
        waiting = _Waiting(connection, ids, wanted)
        made = _visits_of(connection, ws, wanted)
        week = connection.execute(
            select(_user.c.working_week).where(_user.c.id == ws.user.id)
        ).scalar_one()
        running = _running(connection, ws)
        off_plan = connection.execute(_off_plan_query(ws, wanted, set(ids))).all()
        waiting.add(connection, [row.account_id for row in off_plan], wanted)
        orders = connection.execute(
            select(func.count(), func.sum(_order.c.net_minor)).where(
                _order.c.user_id == ws.user.id, _order.c.order_date == wanted,
                _order.c.status.in_(_PLACED),
            )
        ).one()  # fmt: skip
    planned = [_stop(row, waiting, made, wanted) for row in rows]
    others = [_off_plan_stop(ws, row, waiting, made, wanted) for row in off_plan]
    stops = _in_order(planned, others)
    home_leg, back = _way_home(stops, ws.user.home)
    return DayRoute(
        day=wanted,
        stops=stops,
        pauses=working_week(week).pauses(wanted.weekday()),
        home=ws.user.home,
        home_leg_m=home_leg,
        back_minute=back,
        orders=int(orders[0]),
        visits=len(made),
        ordered_net_minor=int(orders[1] or 0),
        running_visit_id=None if running is None else running.id,
        running_account_id=None if running is None else running.account_id,
        running_since=None if running is None else _instant(running.started_at),
        free_minute=_free_minute(ws, made),
    )


def outcome_reasons(ws: Workspace, kind: str) -> tuple[ReasonRow, ...]:
    """The reasons of one kind (``no_order``, ``closed``…)."""
    with ws.database.read() as connection:
        rows = connection.execute(
            select(_reason.c.id, _reason.c.kind, _reason.c.name, _reason.c.key)
            .where(_reason.c.kind == kind)
            .order_by(_reason.c.position, _reason.c.id)
        )
        return tuple(ReasonRow(row.id, row.kind, row.name, row.key or "") for row in rows)


def visit_has_order(ws: Workspace, visit_id: int) -> bool:
    """True when an order was taken in the visit (a draft does not count)."""
    with ws.database.read() as connection:
        found = connection.execute(
            select(_order.c.id)
            .where(
                _order.c.visit_id == visit_id,
                _order.c.status.in_(_PLACED),
                _order.c.account_id
                == select(_visit.c.account_id).where(_visit.c.id == visit_id).scalar_subquery(),
            )
            .limit(1)
        )
        return found.first() is not None


# ------------------------------------------------------------------------------------- the route


def _stops_query(ws: Workspace, day: date) -> Any:
    a = _account.c
    return (
        select(
            _plan.c.id, _plan.c.account_id, a.name, a.city, _plan.c.mode, _plan.c.status,
            _plan.c.start_minute, _plan.c.minutes, _plan.c.locked, _plan.c.appointment,
            a.latitude, a.longitude, a.opening_hours, _plan.c.leg_m, _plan.c.leg_minutes,
            func.coalesce(_plan.c.expected_margin_minor, _s.expected_margin_minor, 0)
            .label("margin"),
            func.coalesce(_plan.c.expected_net_minor, _s.expected_net_minor, 0).label("net"),
            _s.overdue, _s.due, _s.at_risk, _s.late_minor, _s.last_on,
            _reason.c.name.label("skipped"),
        )
        .select_from(
            _plan.join(_account, a.id == _plan.c.account_id)
            .outerjoin(summary_account, _s.account_id == a.id)
            .outerjoin(_reason, _reason.c.id == _plan.c.reason_id)
        )
        .where(
            _plan.c.user_id == ws.user.id, _plan.c.date == day, _plan.c.status != "cancelled"
        )
        .order_by(_plan.c.mode != "person", _plan.c.sequence, _plan.c.id)
    )  # fmt: skip


def _off_plan_query(ws: Workspace, day: date, planned: set[int]) -> Any:
    """Visits of the day to customers who are not on its plan, as stops."""
    a, v = _account.c, _visit.c
    status = case((v.ended_at.is_(None), "started"), else_="done")
    return (
        select(
            (-v.id).label("id"), v.account_id, a.name, a.city, v.mode, status.label("status"),
            v.started_at, literal(20).label("minutes"), literal(0).label("locked"),
            literal(0).label("appointment"), a.latitude, a.longitude, a.opening_hours,
            literal(0).label("leg_m"), literal(0).label("leg_minutes"),
            func.coalesce(_s.expected_margin_minor, 0).label("margin"),
            func.coalesce(_s.expected_net_minor, 0).label("net"),
            _s.overdue, _s.due, _s.at_risk, _s.late_minor, _s.last_on,
            literal("").label("skipped"),
        )
        .select_from(
            _visit.join(_account, a.id == v.account_id)
            .outerjoin(summary_account, _s.account_id == a.id)
        )
        .where(
            v.user_id == ws.user.id, v.date == day, v.account_id.not_in(planned),
            or_(v.mode == "person", v.ended_at.is_(None)),
        )
        .order_by(v.started_at)
    )  # fmt: skip


def _off_plan_stop(
    ws: Workspace, row: Any, waiting: _Waiting, made: dict[int, Any], day: date
) -> DayStop:
    local = ws.clock.local(row.started_at)
    values = {**row._mapping, "start_minute": local.hour * 60 + local.minute}
    return replace(_stop(SimpleNamespace(**values), waiting, made, day), off_plan=True)


def _in_order(planned: Sequence[DayStop], others: Sequence[DayStop]) -> tuple[DayStop, ...]:
    """The plan with the other visits put where their time falls; calls stay last."""
    stops = list(planned)
    for other in others:
        place = sum(
            stop.mode == "person" and (stop.start_minute or 0) <= (other.start_minute or 0)
            for stop in stops
        )
        stops.insert(place, other)
    return tuple(stops)


class _Waiting:
    """Tickets, quotes and promises that wait at the day's customers, by account."""

    def __init__(self, connection: Connection, ids: Sequence[int], day: date) -> None:
        self.tickets: dict[int, tuple[str, str]] = {}
        self.quotes: dict[int, str] = {}
        self.promises: dict[int, str] = {}
        self.add(connection, ids, day)

    def add(self, connection: Connection, ids: Sequence[int], day: date) -> None:
        """Read what waits at some more customers."""
        if not ids:
            return
        for account, kind, opened in connection.execute(
            select(_ticket.c.account_id, _ticket.c.kind, _ticket.c.date)
            .where(_ticket.c.account_id.in_(ids), _ticket.c.status.in_(("open", "waiting")))
            .order_by(_ticket.c.date.desc())
        ):
            self.tickets[account] = (kind, opened)
        for account, follow in connection.execute(
            select(_quote.c.account_id, func.min(_quote.c.next_follow_up))
            .where(
                _quote.c.account_id.in_(ids), _quote.c.status == "sent",
                _quote.c.next_follow_up <= day,
            )
            .group_by(_quote.c.account_id)
        ):  # fmt: skip
            self.quotes[account] = follow
        for account, text in connection.execute(
            select(_promise.c.account_id, _promise.c.text)
            .where(_promise.c.account_id.in_(ids), _promise.c.done_at.is_(None))
            .order_by(_promise.c.due_on.desc())
        ):
            self.promises[account] = text


def _visits_of(connection: Connection, ws: Workspace, day: date) -> dict[int, Any]:
    net = (
        select(func.sum(_order.c.net_minor))
        .where(
            _order.c.account_id == _visit.c.account_id,
            _order.c.visit_id == _visit.c.id,
            _order.c.status.in_(_PLACED),
        )
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            _visit.c.id, _visit.c.account_id, _visit.c.outcome, _reason.c.name.label("reason"),
            net.label("net"), _visit.c.mode, _visit.c.ended_at,
        )
        .select_from(_visit.outerjoin(_reason, _reason.c.id == _visit.c.reason_id))
        .where(
            _visit.c.user_id == ws.user.id, _visit.c.date == day, _visit.c.ended_at.is_not(None)
        )
        .order_by(_visit.c.started_at)
    )  # fmt: skip
    return {row.account_id: row for row in rows}


def _free_minute(ws: Workspace, made: dict[int, Any]) -> int | None:
    ends = [row.ended_at for row in made.values() if row.mode == "person"]
    if not ends:
        return None
    local = ws.clock.local(_instant(max(ends)))
    return local.hour * 60 + local.minute


def _running(connection: Connection, ws: Workspace) -> Any:
    return connection.execute(
        select(_visit.c.id, _visit.c.account_id, _visit.c.started_at)
        .where(
            _visit.c.user_id == ws.user.id, _visit.c.ended_at.is_(None),
            _visit.c.date == ws.today(),
        )
        .order_by(_visit.c.id.desc())
        .limit(1)
    ).first()  # fmt: skip


def _stop(row: Any, waiting: _Waiting, made: dict[int, Any], day: date) -> DayStop:
    visit = made.get(row.account_id) if row.status != "planned" else None
    ticket_kind, ticket_on = waiting.tickets.get(row.account_id, ("", None))
    spans = opening_hours(row.opening_hours)[day.weekday()]
    return DayStop(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        city=row.city or "",
        mode=row.mode,
        status=row.status,
        start_minute=row.start_minute,
        minutes=row.minutes,
        locked=bool(row.locked),
        appointment=bool(row.appointment),
        latitude=row.latitude,
        longitude=row.longitude,
        leg_m=row.leg_m or 0,
        leg_minutes=row.leg_minutes or 0,
        expected_margin_minor=row.margin,
        expected_net_minor=row.net,
        overdue=row.overdue or 0,
        due=row.due or 0,
        at_risk=row.at_risk or 0,
        late_minor=row.late_minor or 0,
        last_order_on=day_of(row.last_on),
        closes_minute=_closes(spans, row.start_minute),
        ticket_kind=ticket_kind,
        ticket_on=day_of(ticket_on),
        quote_on=day_of(waiting.quotes.get(row.account_id)),
        promise=waiting.promises.get(row.account_id, ""),
        visit_id=None if visit is None else visit.id,
        outcome="" if visit is None else visit.outcome or "",
        reason=row.skipped or "" if visit is None else visit.reason or "",
        order_net_minor=None if visit is None or visit.net is None else int(visit.net),
        spans=tuple(spans),
    )


def _closes(spans: Sequence[Span], minute: int | None) -> int | None:
    """When the shop closes for good on the day, where the visit is in its last two hours."""
    if not spans or minute is None:
        return None
    end = spans[-1][1]
    return end if end - 120 <= minute < end else None


def _way_home(stops: Sequence[DayStop], home: tuple[float, float] | None) -> tuple[int, int | None]:
    driven = [stop for stop in stops if stop.mode == "person" and stop.start_minute is not None]
    if not driven:
        return 0, None
    last = driven[-1]
    end = (last.start_minute or 0) + last.minutes
    if home is None or last.latitude is None or last.longitude is None:
        return 0, end
    km = DEFAULT_SPEED.road_km(great_circle_km(last.latitude, last.longitude, *home))
    return round(km * 1000), round(end + DEFAULT_SPEED.drive_minutes(km))


def _instant(value: object) -> datetime:
    return value if isinstance(value, datetime) else parse_instant(str(value))
