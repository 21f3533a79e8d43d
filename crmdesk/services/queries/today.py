"""The rep's day: the route with what waits at each stop, and the brief of one stop.

Owns reading them, each in one consistent read of few statements. What the figures are called and
how a stop's line is put together is left to the place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, case, func, or_, select

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.domain.week import Span, opening_hours, working_week
from crmdesk.i18n import _
from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km
from crmdesk.services.queries.customers import parse_day
from crmdesk.storage.tables import summary_account, summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_NEEDS = 40
_URGENT = ("overdue", "due", "at_risk")
_plan, _account, _visit = table("planned_visit"), table("account"), table("visit")
_order, _order_line, _reason = table("order"), table("order_line"), table("outcome_reason")
_quote, _promise, _ticket = table("quote"), table("promise"), table("ticket")
_ticket_event, _invoice, _user = table("ticket_event"), table("invoice"), table("user")
_contact, _product, _packaging = table("contact"), table("product"), table("packaging")
_sale, _sale_line, _override = table("sale"), table("sale_line"), table("reorder_override")
_p, _s = summary_pair.c, summary_account.c


@dataclass(frozen=True, slots=True)
class DayStop:
    """A planned visit or call of the day, in its order, and what waits there.

    Minutes are after midnight, metres by road as planned, money in minor units. ``outcome`` and
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

    @property
    def over(self) -> bool:
        """True once nothing is left to do at this stop today."""
        return self.status in ("done", "missed", "closed")


@dataclass(frozen=True, slots=True)
class DayRoute:
    """A day of one rep. ``pauses`` are (begin, minutes) cut out of the shift.

    ``back_minute`` is when the rep is home again, ``home_leg_m`` the way there.
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


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A SKU the customer will need: rhythm, chance within 14 days, the suggestion in packs."""

    product_id: int
    name: str
    state: str
    times: int
    gap_days: float | None
    last_on: date
    p_14: float
    packs: int
    unit: str
    expected_net_minor: int
    expected_margin_minor: int


@dataclass(frozen=True, slots=True)
class LateInvoice:
    """An invoice past its day."""

    number: str
    due_on: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket that is not resolved, with the last word said about it."""

    number: str
    kind: str
    subject: str
    opened_on: date
    last_word: str


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """Something promised and not yet done."""

    id: int
    text: str
    made_on: date | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class OpenQuote:
    """A quote that waits for an answer."""

    number: str
    title: str
    net_minor: int
    follow_up: date | None
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class LastOrder:
    """The last sale: its day, lines, net, and the first goods as (packs, unit, name)."""

    day: date
    line_count: int
    net_minor: int
    goods: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class StopBrief:
    """What to know before going in to one customer."""

    account_id: int
    name: str
    street: str
    city: str
    status: str
    account_class: str
    spans: tuple[Span, ...]
    contact: str
    contact_job: str
    needs: tuple[NeedRow, ...]
    more_needs: int
    late: tuple[LateInvoice, ...]
    late_minor: int
    tickets: tuple[OpenTicket, ...]
    promises: tuple[OpenPromise, ...]
    quotes: tuple[OpenQuote, ...]
    last_order: LastOrder | None
    draft_order_id: int | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A reason for an outcome, in the order people pick it."""

    id: int
    kind: str
    name: str


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
        orders = connection.execute(
            select(func.count(), func.sum(_order.c.net_minor)).where(
                _order.c.user_id == ws.user.id, _order.c.order_date == wanted,
                _order.c.status.not_in(("draft", "cancelled")),
            )
        ).one()  # fmt: skip
    stops = tuple(_stop(row, waiting, made, wanted) for row in rows)
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
    )


def stop_brief(ws: Workspace, account_id: int) -> StopBrief:
    """The brief of one customer. Raises NotFound when it has left this profile."""
    today = ws.today()
    with ws.database.read() as connection:
        row = connection.execute(
            select(_account, _s.late_minor)
            .select_from(_account.outerjoin(summary_account, _s.account_id == _account.c.id))
            .where(_account.c.id == account_id)
        ).first()
        if row is None:
            raise NotFound(_("This customer is no longer here."))
        contact = connection.execute(
            select(_contact.c.name, _contact.c.job)
            .where(_contact.c.account_id == account_id, _contact.c.erased_at.is_(None))
            .order_by(_contact.c.position, _contact.c.id)
            .limit(1)
        ).first()
        needs = _needs(connection, account_id, today)
        return StopBrief(
            account_id=account_id,
            name=row.name,
            street=row.street or "",
            city=row.city or "",
            status=row.status,
            account_class=row.__getattr__("class") or "",
            spans=opening_hours(row.opening_hours)[today.weekday()],
            contact="" if contact is None else contact.name,
            contact_job="" if contact is None else contact.job or "",
            needs=needs[:MOST_NEEDS],
            more_needs=max(0, len(needs) - MOST_NEEDS),
            late=_late(connection, account_id, today),
            late_minor=row.late_minor or 0,
            tickets=_tickets(connection, account_id),
            promises=_promises(connection, account_id),
            quotes=_quotes(connection, account_id),
            last_order=_last_order(connection, account_id),
            draft_order_id=connection.execute(
                select(func.max(_order.c.id)).where(
                    _order.c.account_id == account_id, _order.c.status == "draft"
                )
            ).scalar(),
        )


def outcome_reasons(ws: Workspace, kind: str) -> tuple[ReasonRow, ...]:
    """The reasons of one kind (``no_order``, ``closed``…)."""
    with ws.database.read() as connection:
        rows = connection.execute(
            select(_reason.c.id, _reason.c.kind, _reason.c.name)
            .where(_reason.c.kind == kind)
            .order_by(_reason.c.position, _reason.c.id)
        )
        return tuple(ReasonRow(row.id, row.kind, row.name) for row in rows)


def visit_has_order(ws: Workspace, visit_id: int) -> bool:
    """True when an order was taken in the visit (a draft does not count)."""
    with ws.database.read() as connection:
        found = connection.execute(
            select(_order.c.id)
            .where(_order.c.visit_id == visit_id, _order.c.status.not_in(("draft", "cancelled")))
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
        )
        .select_from(
            _plan.join(_account, a.id == _plan.c.account_id)
            .outerjoin(summary_account, _s.account_id == a.id)
        )
        .where(
            _plan.c.user_id == ws.user.id, _plan.c.date == day, _plan.c.status != "cancelled"
        )
        .order_by(_plan.c.mode != "person", _plan.c.sequence, _plan.c.id)
    )  # fmt: skip


class _Waiting:
    """Tickets, quotes and promises that wait at the day's customers, by account."""

    def __init__(self, connection: Connection, ids: Sequence[int], day: date) -> None:
        self.tickets: dict[int, tuple[str, str]] = {}
        for account, kind, opened in connection.execute(
            select(_ticket.c.account_id, _ticket.c.kind, _ticket.c.date)
            .where(_ticket.c.account_id.in_(ids), _ticket.c.status.in_(("open", "waiting")))
            .order_by(_ticket.c.date.desc())
        ):
            self.tickets[account] = (kind, opened)
        self.quotes: dict[int, str] = {}
        for account, follow in connection.execute(
            select(_quote.c.account_id, func.min(_quote.c.next_follow_up))
            .where(
                _quote.c.account_id.in_(ids), _quote.c.status == "sent",
                _quote.c.next_follow_up <= day,
            )
            .group_by(_quote.c.account_id)
        ):  # fmt: skip
            self.quotes[account] = follow
        self.promises: dict[int, str] = {}
        for account, text in connection.execute(
            select(_promise.c.account_id, _promise.c.text)
            .where(_promise.c.account_id.in_(ids), _promise.c.done_at.is_(None))
            .order_by(_promise.c.due_on.desc())
        ):
            self.promises[account] = text


def _visits_of(connection: Connection, ws: Workspace, day: date) -> dict[int, Any]:
    net = (
        select(func.sum(_order.c.net_minor))
        .where(_order.c.visit_id == _visit.c.id, _order.c.status.not_in(("draft", "cancelled")))
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            _visit.c.id, _visit.c.account_id, _visit.c.outcome, _reason.c.name.label("reason"),
            net.label("net"),
        )
        .select_from(_visit.outerjoin(_reason, _reason.c.id == _visit.c.reason_id))
        .where(
            _visit.c.user_id == ws.user.id, _visit.c.date == day, _visit.c.ended_at.is_not(None)
        )
        .order_by(_visit.c.started_at)
    )  # fmt: skip
    return {row.account_id: row for row in rows}


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
        last_order_on=_day(row.last_on),
        closes_minute=_closes(spans, row.start_minute),
        ticket_kind=ticket_kind,
        ticket_on=_day(ticket_on),
        quote_on=_day(waiting.quotes.get(row.account_id)),
        promise=waiting.promises.get(row.account_id, ""),
        visit_id=None if visit is None else visit.id,
        outcome="" if visit is None else visit.outcome or "",
        reason="" if visit is None else visit.reason or "",
        order_net_minor=None if visit is None or visit.net is None else int(visit.net),
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


# ------------------------------------------------------------------------------------- the brief


def _needs(connection: Connection, account_id: int, today: date) -> tuple[NeedRow, ...]:
    put_off = (
        select(_override.c.product_id)
        .where(
            _override.c.account_id == account_id,
            or_(_override.c.until.is_(None), _override.c.until >= today),
        )
        .scalar_subquery()
    )
    rank = case({state: place for place, state in enumerate(_URGENT)}, value=_p.state, else_=9)
    rows = connection.execute(
        select(
            _p.product_id, _product.c.name, _p.state, _p.n, _p.median_gap, _p.last_on, _p.p_14,
            _p.packs, _packaging.c.unit, _product.c.base_unit, _p.expected_net_minor,
            _p.expected_margin_minor,
        )
        .select_from(
            summary_pair.join(_product, _product.c.id == _p.product_id)
            .outerjoin(_packaging, _packaging.c.id == _p.packaging_id)
        )
        .where(
            and_(_p.account_id == account_id, _p.state.in_(_URGENT)),
            _product.c.status == "active", _p.product_id.not_in(put_off),
        )
        .order_by(rank, _p.p_14.desc(), _p.product_id)
    )  # fmt: skip
    return tuple(
        NeedRow(
            row.product_id, row.name, row.state, row.n, row.median_gap, _sure(row.last_on),
            row.p_14, row.packs, row.unit or row.base_unit, row.expected_net_minor,
            row.expected_margin_minor,
        )
        for row in rows
    )  # fmt: skip


def _late(connection: Connection, account_id: int, today: date) -> tuple[LateInvoice, ...]:
    c = _invoice.c
    rows = connection.execute(
        select(c.number, c.due_on, c.open_minor)
        .where(c.account_id == account_id, c.status == "open", c.due_on < today, c.open_minor > 0)
        .order_by(c.due_on, c.number)
    )
    return tuple(LateInvoice(row.number, _sure(row.due_on), row.open_minor) for row in rows)


def _tickets(connection: Connection, account_id: int) -> tuple[OpenTicket, ...]:
    c = _ticket.c
    word = (
        select(_ticket_event.c.text)
        .where(_ticket_event.c.ticket_id == c.id, _ticket_event.c.text.is_not(None))
        .order_by(_ticket_event.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(c.number, c.kind, c.subject, c.date, word.label("word"))
        .where(c.account_id == account_id, c.status.in_(("open", "waiting")))
        .order_by(c.date, c.number)
    )
    return tuple(
        OpenTicket(row.number, row.kind, row.subject, _sure(row.date), row.word or "")
        for row in rows
    )


def _promises(connection: Connection, account_id: int) -> tuple[OpenPromise, ...]:
    c = _promise.c
    rows = connection.execute(
        select(c.id, c.text, c.made_on, c.due_on)
        .where(c.account_id == account_id, c.done_at.is_(None))
        .order_by(c.due_on, c.id)
    )
    return tuple(OpenPromise(row.id, row.text, _day(row.made_on), _day(row.due_on)) for row in rows)


def _quotes(connection: Connection, account_id: int) -> tuple[OpenQuote, ...]:
    c = _quote.c
    rows = connection.execute(
        select(c.number, c.title, c.net_minor, c.next_follow_up, c.valid_until)
        .where(c.account_id == account_id, c.status == "sent")
        .order_by(c.next_follow_up, c.number)
    )
    return tuple(
        OpenQuote(
            row.number, row.title or "", row.net_minor, _day(row.next_follow_up),
            _day(row.valid_until),
        )
        for row in rows
    )  # fmt: skip


def _last_order(connection: Connection, account_id: int) -> LastOrder | None:
    c = _sale.c
    sale = connection.execute(
        select(c.id, c.date, c.line_count, c.net_minor)
        .where(c.account_id == account_id, c.kind == "sale")
        .order_by(c.date.desc(), c.id.desc())
        .limit(1)
    ).first()
    if sale is None:
        return None
    lines = connection.execute(
        select(_sale_line.c.quantity, _packaging.c.unit, _product.c.name, _product.c.base_unit)
        .select_from(
            _sale_line.join(_product, _product.c.id == _sale_line.c.product_id).outerjoin(
                _packaging, _packaging.c.id == _sale_line.c.packaging_id
            )
        )
        .where(_sale_line.c.parent_id == sale.id)
        .order_by(_sale_line.c.net_minor.desc())
        .limit(4)
    )
    goods: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        goods[(line.unit or line.base_unit, line.name)] += line.quantity
    return LastOrder(
        _sure(sale.date),
        sale.line_count,
        sale.net_minor,
        tuple((count, unit, name) for (unit, name), count in goods.items()),
    )


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else parse_day(None if value is None else str(value))


def _sure(value: object) -> date:
    found = _day(value)
    if found is None:
        raise ValueError("a required date is missing")
    return found


def _instant(value: object) -> datetime:
    return value if isinstance(value, datetime) else parse_instant(str(value))
