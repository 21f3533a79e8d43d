"""A customer's history: how many events each month has, and the events of a month.

Owns what counts as an event and to which filter it belongs. An order stands for its invoice and
its sale, so a sale is an event only where no order of ours is behind it, and an invoice only while
it is open. Wording is left to the places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    literal,
    select,
    union_all,
)

from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.domain.states import Role
from crmdesk.services.queries.field_history import FieldChange, read_changes
from crmdesk.services.queries.timeline_sources import SOURCES, EventGroup, Source
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

__all__ = ["EventGroup", "EventRow", "TimelineMonths"]
_order, _product = table("order"), table("product")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `title` and `text` are data as stored, `status` a code; None where there is none.

    `amount_minor` is net for documents and the sum for payments; `margin_minor` only for orders and
    sales; `number` counts lines, minutes of a visit, days late of a payment, bytes, or is a score.
    `change` is who changed which field; `price_e4` and `was_e4` are net prices per base unit.
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
    change: FieldChange | None = None
    price_e4: int | None = None
    was_e4: int | None = None


@dataclass(frozen=True, slots=True)
class TimelineMonths:
    """Events per month (first days, newest first) and when the history starts."""

    months: tuple[tuple[date, int], ...]
    total: int
    since: date | None


def timeline_months(
    ws: Workspace, account_id: int, group: EventGroup = EventGroup.ALL
) -> TimelineMonths:
    """Events per month of one customer, months without any left out."""
    with ws.database.read() as connection:
        if group is EventGroup.PRICES:
            rows = connection.exec_driver_sql(_PRICE_MONTHS, (account_id,))
            return _months_of(Counter({str(month): int(count) for month, count in rows}))
        made = made_events(ws, connection, account_id, group)
        return read_months(connection, account_id, group, made)


def made_events(
    ws: Workspace, connection: Connection, account_id: int, group: EventGroup
) -> tuple[EventRow, ...]:
    """The events that no row of their own stands for: changes of data, and of prices paid.

    Prices are told only where they are asked for: among all events the sales tell of them.
    """
    if group is EventGroup.PRICES:
        return _price_events(connection, account_id, ws.currency)
    if group not in (EventGroup.ALL, EventGroup.CHANGES):
        return ()
    changes = read_changes(
        connection, account_id, ws.user.name, in_office=ws.user.role is not Role.REP
    )
    return tuple(
        EventRow(
            "change", one.number, ws.clock.local(one.at).date(), title=one.field,
            text=" ".join(str(word) for word in (one.old, one.new, one.about) if word),
            status=one.by, change=one,
        )
        for one in changes
    )  # fmt: skip


def read_months(
    connection: Connection,
    account_id: int,
    group: EventGroup = EventGroup.ALL,
    made: Sequence[EventRow] = (),
) -> TimelineMonths:
    """The same inside a read transaction that is already open, with :func:`made_events`."""
    counts: Counter[str] = Counter(f"{row.day:%Y-%m}" for row in made)
    if _of(group):
        for name, count in connection.execute(_months_query(group), {"account": account_id}):
            counts[str(name)] += count
    return _months_of(counts)


def _months_of(counts: Counter[str]) -> TimelineMonths:
    months = tuple(
        (date(int(name[:4]), int(name[5:7]), 1), counts[name])
        for name in sorted(counts, reverse=True)
    )
    since = months[-1][0] if months else None
    return TimelineMonths(months, sum(counts.values()), since)


def count_by_kind(connection: Connection, account_id: int) -> dict[str, int]:
    """How many events each kind of row has given; those made of changes left out."""
    query = union_all(
        *(
            select(literal(source.kind).label("kind"), func.count()).where(*_in_account(source))
            for source in SOURCES
        )
    )
    return {str(k): int(n) for k, n in connection.execute(query, {"account": account_id})}


def timeline_month(
    ws: Workspace, account_id: int, month: date, group: EventGroup = EventGroup.ALL
) -> tuple[EventRow, ...]:
    """All events of a month (its first day), newest first."""
    with ws.database.read() as connection:
        made = made_events(ws, connection, account_id, group)
        return read_events(connection, account_id, (month, month), group, made)


def read_events(
    connection: Connection,
    account_id: int,
    months: tuple[date, date],
    group: EventGroup = EventGroup.ALL,
    made: Sequence[EventRow] = (),
) -> tuple[EventRow, ...]:
    """Events from one month to another (first days), newest first, in an open transaction."""
    first, last = months
    after = (last.replace(day=28) + timedelta(days=4)).replace(day=1)
    span = {"account": account_id, "since": first, "before": after}
    found = [
        _event(kind, row)
        for kind, query in _span_queries(group)
        for row in connection.execute(query, span)
    ]
    return _newest_first([*found, *(row for row in made if first <= row.day < after)])


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
    ws: Workspace,
    account_id: int,
    text: str,
    group: EventGroup = EventGroup.ALL,
    *,
    said: Callable[[EventRow], str] = lambda _event: "",
) -> tuple[EventRow, ...]:
    """Events in whose words every word of `text` occurs, letters and accents aside, newest first.

    Looks at documents' numbers, notes, promises, subjects, the products of orders, and at how an
    event is ``said`` where it is shown.
    """
    words = _plain(text).split()
    with ws.database.read() as connection:
        bought = _with_product(connection, account_id, words)
        rows = [
            event
            for source in _of(group)
            for event in (
                _event(source.kind, row)
                for row in connection.execute(
                    source.query.where(*_in_account(source)), {"account": account_id}
                )
            )
            if (event.kind, event.id) in bought or _contains(event, words, said)
        ]
        made = made_events(ws, connection, account_id, group)
        rows += [event for event in made if _contains(event, words, said)]
    return _newest_first(rows)


def _with_product(
    connection: Connection, account_id: int, words: Sequence[str]
) -> frozenset[tuple[str, int]]:
    """Orders, and sales without an order of ours, with a product whose name has all words."""
    found: set[tuple[str, int]] = set()
    for kind, document, lines in (
        ("order", _order, table("order_line")), ("sale", table("sale"), table("sale_line")),
    ):  # fmt: skip
        query = (
            select(lines.c.parent_id, _product.c.name, _product.c.sku)
            .distinct()
            .select_from(
                document.join(lines, lines.c.parent_id == document.c.id).join(
                    _product, _product.c.id == lines.c.product_id
                )
            )
            .where(document.c.account_id == account_id)
        )
        plain: dict[str, str] = {}
        for parent, name, sku in connection.execute(query):
            said = plain.get(sku) or plain.setdefault(sku, _plain(f"{name} {sku}"))
            if all(word in said for word in words):
                found.add((kind, parent))
    return frozenset(found)


def _contains(event: EventRow, words: Iterable[str], said: Callable[[EventRow], str]) -> bool:
    plain = _plain(f"{event.title} {event.text} {said(event)}")
    return all(word in plain for word in words)


_PRICES = """
SELECT id, date, document, name, net, base, was_net, was_base FROM (
    SELECT s.id, s.date, s.document, p.name, l.net_minor net, l.base_quantity base,
        lag(l.net_minor) OVER w was_net, lag(l.base_quantity) OVER w was_base
    FROM sale s JOIN sale_line l ON l.parent_id = s.id JOIN product p ON p.id = l.product_id
    WHERE s.account_id = ? AND l.base_quantity > 0
    WINDOW w AS (PARTITION BY l.product_id ORDER BY s.date, s.id, l.position)
) WHERE was_net IS NULL OR abs(net * was_base - was_net * base) * 200 > was_net * base
"""
"""The first price paid for each product, and each that differs by more than half a percent."""


_PRICE_MONTHS = f"SELECT substr(date, 1, 7), count(*) FROM ({_PRICES}) GROUP BY 1"


def _price_events(connection: Connection, account_id: int, currency: str) -> tuple[EventRow, ...]:
    scale = int(10 ** (4 - currency_exponent(currency)))

    def price(net: int, base: int) -> int:
        return divide_half_even(net * scale, base)

    rows = connection.exec_driver_sql(_PRICES, (account_id,))
    return tuple(
        EventRow(
            "price", row.id, date.fromisoformat(row.date), title=row.name,
            text=row.document or "", price_e4=price(row.net, row.base),
            was_e4=None if row.was_net is None else price(row.was_net, row.was_base),
        )
        for row in rows
    )  # fmt: skip


def _plain(text: str) -> str:
    return str(anyascii(text)).casefold()


def _of(group: EventGroup) -> tuple[Source, ...]:
    if group is EventGroup.ALL:
        return SOURCES
    return tuple(source for source in SOURCES if source.group is group)


def _in_account(source: Source) -> tuple[ColumnElement[bool], ...]:
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
