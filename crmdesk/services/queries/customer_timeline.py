"""A customer's history: how many events each month has, and the events of a month.

Owns what counts as an event and to which filter it belongs. An order stands for its invoice and
its sale, so a sale is an event only where no order of ours is behind it, and an invoice only while
it is open. Wording is left to the places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from anyascii import anyascii
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    select,
    union_all,
)

from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


class EventGroup(StrEnum):
    """The filters above the timeline."""

    ALL = "all"
    VISITS = "visits"
    ORDERS = "orders"
    SERVICE = "service"
    MONEY = "money"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `title` and `text` are data as stored, `status` a code; None where there is none.

    `amount_minor` is net for documents and the sum for payments; `margin_minor` only for orders and
    sales; `number` counts lines, minutes of a visit, days late of a payment, or is a score.
    """

    kind: str
    id: int
    day: date
    title: str = ""
    text: str = ""
    status: str = ""
    amount_minor: int | None = None
    margin_minor: int | None = None
    number: int | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class TimelineMonths:
    """Events per month (first days, newest first) and when the history starts."""

    months: tuple[tuple[date, int], ...]
    total: int
    since: date | None


_visit, _order, _sale = table("visit"), table("order"), table("sale")
_quote, _invoice, _payment = table("quote"), table("invoice"), table("payment")
_collection, _return, _ticket = table("collection"), table("return_request"), table("ticket")
_score, _note, _promise = table("survey_score"), table("note"), table("promise")
_reason = table("outcome_reason")
_sample, _product = table("sample"), table("product")
_handover, _user = table("handover"), table("user")


@dataclass(frozen=True, slots=True)
class _Source:
    kind: str
    group: EventGroup
    day: ColumnElement[Any]
    account: ColumnElement[Any]
    query: Select[Any]
    where: ColumnElement[bool] | None = None


def _lines(name: str, parent: Any) -> Any:
    lines = table(name)
    return (
        select(func.count()).where(lines.c.parent_id == parent.c.id).correlate(parent)
    ).scalar_subquery()


def _minutes(start: Any, end: Any) -> Any:
    return func.round((func.julianday(end) - func.julianday(start)) * 1440)


def _columns(row_id: Any, day: Any, **named: Any) -> Select[Any]:
    return select(row_id.label("id"), day.label("day"), *(c.label(n) for n, c in named.items()))


_SOURCES: tuple[_Source, ...] = (
    _Source(
        "visit", EventGroup.VISITS, _visit.c.date, _visit.c.account_id,
        _columns(
            _visit.c.id, _visit.c.date, title=_visit.c.mode, text=_visit.c.note,
            status=_visit.c.outcome, number=_minutes(_visit.c.started_at, _visit.c.ended_at),
            reason=_reason.c.name,
        ).select_from(_visit.outerjoin(_reason, _reason.c.id == _visit.c.reason_id)),
    ),
    _Source(
        "order", EventGroup.ORDERS, _order.c.order_date, _order.c.account_id,
        _columns(
            _order.c.id, _order.c.order_date, title=_order.c.number, status=_order.c.status,
            text=_order.c.note, amount_minor=_order.c.net_minor,
            margin_minor=_order.c.net_minor - _order.c.cost_minor,
            number=_lines("order_line", _order),
        ),
    ),
    _Source(
        "sale", EventGroup.ORDERS, _sale.c.date, _sale.c.account_id,
        _columns(
            _sale.c.id, _sale.c.date, title=_sale.c.document, status=_sale.c.kind,
            amount_minor=_sale.c.net_minor, margin_minor=_sale.c.net_minor - _sale.c.cost_minor,
            number=_sale.c.line_count,
        ),
        _sale.c.order_uid.is_(None),
    ),
    _Source(
        "quote", EventGroup.ORDERS, _quote.c.quote_date, _quote.c.account_id,
        _columns(
            _quote.c.id, _quote.c.quote_date, title=_quote.c.number, text=_quote.c.title,
            status=_quote.c.status, amount_minor=_quote.c.net_minor, due_on=_quote.c.valid_until,
        ),
    ),
    _Source(
        "return", EventGroup.ORDERS, _return.c.date, _return.c.account_id,
        _columns(
            _return.c.id, _return.c.date, title=_return.c.number, text=_return.c.note,
            amount_minor=-func.abs(_return.c.net_minor), number=_lines("return_line", _return),
        ),
    ),
    _Source(
        "sample", EventGroup.ORDERS, _sample.c.date, _sample.c.account_id,
        _columns(
            _sample.c.id, _sample.c.date, title=_product.c.name, number=_sample.c.quantity
        ).select_from(_sample.join(_product, _product.c.id == _sample.c.product_id)),
    ),
    _Source(
        "ticket", EventGroup.SERVICE, _ticket.c.date, _ticket.c.account_id,
        _columns(
            _ticket.c.id, _ticket.c.date, title=_ticket.c.number, text=_ticket.c.subject,
            status=_ticket.c.status, amount_minor=_ticket.c.credit_minor,
        ),
    ),
    _Source(
        "score", EventGroup.SERVICE, _score.c.date, _score.c.account_id,
        _columns(
            _score.c.id, _score.c.date, title=_score.c.kind, text=_score.c.comment,
            number=_score.c.score,
        ),
    ),
    _Source(
        "invoice", EventGroup.MONEY, _invoice.c.date, _invoice.c.account_id,
        _columns(
            _invoice.c.id, _invoice.c.date, title=_invoice.c.number, status=_invoice.c.status,
            amount_minor=_invoice.c.open_minor, due_on=_invoice.c.due_on,
        ),
        _invoice.c.open_minor != 0,
    ),
    _Source(
        "payment", EventGroup.MONEY, _payment.c.date, _payment.c.account_id,
        _columns(
            _payment.c.id, _payment.c.date, title=_invoice.c.number, text=_payment.c.method,
            amount_minor=_payment.c.amount_minor,
            number=func.julianday(_payment.c.date) - func.julianday(_invoice.c.due_on),
        ).select_from(_payment.outerjoin(_invoice, _invoice.c.id == _payment.c.invoice_id)),
    ),
    _Source(
        "collection", EventGroup.MONEY, _collection.c.date, _collection.c.account_id,
        _columns(
            _collection.c.id, _collection.c.date, title=_collection.c.method,
            text=_collection.c.number,
            amount_minor=_collection.c.amount_minor,
        ),
    ),
    _Source(
        "note", EventGroup.NOTES, _note.c.date, _note.c.account_id,
        _columns(_note.c.id, _note.c.date, title=_note.c.text),
    ),
    _Source(
        "promise", EventGroup.NOTES, _promise.c.made_on, _promise.c.account_id,
        _columns(
            _promise.c.id, _promise.c.made_on, title=_promise.c.text, status=_promise.c.kind,
            due_on=_promise.c.due_on, text=_promise.c.done_at,
        ),
        _promise.c.made_on.is_not(None),
    ),
    _Source(
        "handover", EventGroup.NOTES, func.substr(_handover.c.at, 1, 10, type_=Text()),
        _handover.c.account_id,
        _columns(
            _handover.c.id, func.date(_handover.c.at, type_=Date()), title=_handover.c.text,
            text=_user.c.name, status=_handover.c.kind, number=_handover.c.seen_at.is_not(None),
        ).select_from(_handover.outerjoin(_user, _user.c.id == _handover.c.user_id)),
    ),
)  # fmt: skip


def timeline_months(
    ws: Workspace, account_id: int, group: EventGroup = EventGroup.ALL
) -> TimelineMonths:
    """Events per month of one customer, months without any left out."""
    with ws.database.read() as connection:
        return read_months(connection, account_id, group)


def read_months(
    connection: Connection, account_id: int, group: EventGroup = EventGroup.ALL
) -> TimelineMonths:
    """The same inside a read transaction that is already open."""
    counts: Counter[str] = Counter()
    for name, count in connection.execute(_months_query(group), {"account": account_id}):
        counts[str(name)] += count
    months = tuple(
        (date(int(name[:4]), int(name[5:7]), 1), counts[name])
        for name in sorted(counts, reverse=True)
    )
    since = months[-1][0] if months else None
    return TimelineMonths(months, sum(counts.values()), since)


def timeline_month(
    ws: Workspace, account_id: int, month: date, group: EventGroup = EventGroup.ALL
) -> tuple[EventRow, ...]:
    """All events of a month (its first day), newest first."""
    with ws.database.read() as connection:
        return read_events(connection, account_id, month, month, group)


def read_events(
    connection: Connection,
    account_id: int,
    first: date,
    last: date,
    group: EventGroup = EventGroup.ALL,
) -> tuple[EventRow, ...]:
    """Events from one month to another (first days), newest first, in an open transaction."""
    after = (last.replace(day=28) + timedelta(days=4)).replace(day=1)
    span = {"account": account_id, "since": first, "before": after}
    return _newest_first(
        _event(kind, row)
        for kind, query in _span_queries(group)
        for row in connection.execute(query, span)
    )


@lru_cache(maxsize=len(EventGroup))
def _months_query(group: EventGroup) -> CompoundSelect[Any]:
    """Months and counts of every source; built once, since building costs more than running."""
    return union_all(
        *(
            select(func.substr(source.day, 1, 7, type_=Text()).label("month"), func.count())
            .where(*_in_account(source))
            .group_by("month")
            for source in _of(group)
        )
    )


@lru_cache(maxsize=len(EventGroup))
def _span_queries(group: EventGroup) -> tuple[tuple[str, Select[Any]], ...]:
    since, before = bindparam("since", type_=Date()), bindparam("before", type_=Date())
    return tuple(
        (
            source.kind,
            source.query.where(*_in_account(source), source.day >= since, source.day < before),
        )
        for source in _of(group)
    )


def search_timeline(
    ws: Workspace, account_id: int, text: str, group: EventGroup = EventGroup.ALL
) -> tuple[EventRow, ...]:
    """Events in whose words every word of `text` occurs, letters and accents aside, newest first.

    Looks at documents' numbers, notes, promises, subjects, and the products of orders.
    """
    words = _plain(text).split()
    with ws.database.read() as connection:
        ordered = _orders_with_product(connection, account_id, words)
        rows = [
            event
            for source in _of(group)
            for event in (
                _event(source.kind, row)
                for row in connection.execute(
                    source.query.where(*_in_account(source)), {"account": account_id}
                )
            )
            if _contains(event, words) or (event.kind == "order" and event.id in ordered)
        ]
    return _newest_first(rows)


def _orders_with_product(
    connection: Connection, account_id: int, words: Sequence[str]
) -> frozenset[int]:
    lines = table("order_line")
    query = (
        select(lines.c.parent_id, _product.c.name, _product.c.sku)
        .select_from(
            _order.join(lines, lines.c.parent_id == _order.c.id).join(
                _product, _product.c.id == lines.c.product_id
            )
        )
        .where(_order.c.account_id == account_id)
    )
    return frozenset(
        parent
        for parent, name, sku in connection.execute(query)
        if all(word in _plain(f"{name} {sku}") for word in words)
    )


def _contains(event: EventRow, words: Iterable[str]) -> bool:
    plain = _plain(f"{event.title} {event.text}")
    return all(word in plain for word in words)


def _plain(text: str) -> str:
    return str(anyascii(text)).casefold()


def _of(group: EventGroup) -> tuple[_Source, ...]:
    if group is EventGroup.ALL:
        return _SOURCES
    return tuple(source for source in _SOURCES if source.group is group)


def _in_account(source: _Source) -> tuple[ColumnElement[bool], ...]:
    mine = source.account == bindparam("account", type_=Integer())
    return (mine,) if source.where is None else (mine, source.where)


def _event(kind: str, row: Any) -> EventRow:
    named = row._mapping
    text = named.get("text")
    if kind == "visit":
        text = text or named.get("reason")
    number = named.get("number")
    return EventRow(
        kind=kind,
        id=row.id,
        day=row.day,
        title=named.get("title") or "",
        text=str(text or ""),
        status=named.get("status") or "",
        amount_minor=named.get("amount_minor"),
        margin_minor=named.get("margin_minor"),
        number=None if number is None else int(number),
        due_on=named.get("due_on"),
    )


def _newest_first(rows: Iterable[EventRow]) -> tuple[EventRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.day, row.kind, row.id), reverse=True))
