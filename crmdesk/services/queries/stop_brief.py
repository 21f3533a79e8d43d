"""The brief of one stop: what the customer will need, owes, was promised and waits for.

Owns reading it in one consistent read. What the figures are called is left to the place.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, case, func, or_, select

from crmdesk.domain.errors import NotFound
from crmdesk.domain.week import Span, opening_hours
from crmdesk.i18n import _
from crmdesk.services.debts import read_debts
from crmdesk.services.queries.customers import parse_day
from crmdesk.storage.tables import summary_account, summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_NEEDS = 40
_URGENT = ("overdue", "due", "at_risk")
_account, _contact, _order = table("account"), table("contact"), table("order")
_quote, _promise, _ticket = table("quote"), table("promise"), table("ticket")
_ticket_event, _invoice = table("ticket_event"), table("invoice")
_product, _packaging = table("product"), table("packaging")
_sale, _sale_line, _override = table("sale"), table("sale_line"), table("reorder_override")
_p, _s = summary_pair.c, summary_account.c


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

    id: int
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


def _needs(connection: Connection, account_id: int, today: date) -> tuple[NeedRow, ...]:
    put_off = (
        select(_override.c.product_id)
        .where(
            _override.c.account_id == account_id,
            _override.c.kind != "quantity",
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
            row.product_id, row.name, row.state, row.n, row.median_gap, sure_day(row.last_on),
            row.p_14, row.packs, row.unit or row.base_unit, row.expected_net_minor,
            row.expected_margin_minor,
        )
        for row in rows
    )  # fmt: skip


def _late(connection: Connection, account_id: int, today: date) -> tuple[LateInvoice, ...]:
    # What was collected is not asked for again, though HQ has not booked it yet.
    return tuple(
        LateInvoice(debt.number, debt.due_on, debt.left_minor)
        for debt in read_debts(connection, account_id).invoices
        if debt.due_on < today and debt.left_minor > 0
    )


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
        OpenTicket(row.number, row.kind, row.subject, sure_day(row.date), row.word or "")
        for row in rows
    )


def _promises(connection: Connection, account_id: int) -> tuple[OpenPromise, ...]:
    c = _promise.c
    rows = connection.execute(
        select(c.id, c.text, c.made_on, c.due_on)
        .where(c.account_id == account_id, c.done_at.is_(None))
        .order_by(c.due_on, c.id)
    )
    return tuple(
        OpenPromise(row.id, row.text, day_of(row.made_on), day_of(row.due_on)) for row in rows
    )


def _quotes(connection: Connection, account_id: int) -> tuple[OpenQuote, ...]:
    c = _quote.c
    rows = connection.execute(
        select(c.id, c.number, c.title, c.net_minor, c.next_follow_up, c.valid_until)
        .where(c.account_id == account_id, c.status == "sent")
        .order_by(c.next_follow_up, c.number)
    )
    return tuple(
        OpenQuote(
            row.id, row.number, row.title or "", row.net_minor, day_of(row.next_follow_up),
            day_of(row.valid_until),
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
        select(
            _sale_line.c.quantity,
            _sale_line.c.factor,
            _sale_line.c.base_quantity,
            _packaging.c.unit,
            _product.c.name,
            _product.c.base_unit,
        )
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
        if line.base_quantity == line.quantity * line.factor:
            goods[(line.unit or line.base_unit, line.name)] += line.quantity
        else:
            goods[(line.base_unit, line.name)] += line.base_quantity
    return LastOrder(
        sure_day(sale.date),
        sale.line_count,
        sale.net_minor,
        tuple((count, unit, name) for (unit, name), count in goods.items()),
    )


def day_of(value: object) -> date | None:
    """A day as a column or a summary holds it (a date or its text); None stays None."""
    return value if isinstance(value, date) else parse_day(None if value is None else str(value))


def sure_day(value: object) -> date:
    """Like :func:`day_of` where there must be one; ValueError otherwise."""
    found = day_of(value)
    if found is None:
        raise ValueError("a required date is missing")
    return found
