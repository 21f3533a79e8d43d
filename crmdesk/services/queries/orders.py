"""The list of orders: which, in which order, and what stands in each row.

Owns filters by status, sorting and search of the list. One order with its lines is left to
:mod:`crmdesk.services.queries.order`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    UnaryExpression,
    func,
    literal_column,
    or_,
    select,
    true,
)

from crmdesk.domain.states import OrderStatus
from crmdesk.storage import search
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 5_000
_FEW = 20_000
"""So many orders of a group are found by their state and sorted; else the order is walked."""

_order, _account, _line = table("order"), table("account"), table("order_line")


class OrderGroup(StrEnum):
    """Which orders the list shows; one chip each."""

    ALL = "all"
    DRAFTS = "drafts"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"


class OrderSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    NUMBER = "number"
    CUSTOMER = "customer"
    DATE = "date"
    DELIVERY = "delivery"
    STATUS = "status"
    NET = "net"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the person asked to see; `text` is searched in numbers and customers' names."""

    text: str = ""
    group: OrderGroup = OrderGroup.ALL


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the list; money in minor units. `known_to_hq` is false until HQ has taken it."""

    id: int
    number: str
    account_id: int
    customer: str
    city: str
    status: str
    order_date: date
    delivery_date: date | None
    submitted_at: datetime | None
    lines: int
    net_minor: int
    total_minor: int
    margin_minor: int
    answer: str
    known_to_hq: bool


@dataclass(frozen=True, slots=True)
class OrderCount:
    """How many orders a chip would show and their net."""

    count: int
    net_minor: int


_STATES: Mapping[OrderGroup, tuple[str, ...]] = {
    OrderGroup.DRAFTS: ("draft",),
    OrderGroup.WAITING: ("submitted",),
    OrderGroup.ACCEPTED: ("accepted", "shipped"),
    OrderGroup.REFUSED: ("rejected", "cancelled"),
    OrderGroup.DONE: ("invoiced", "paid"),
}
_GROUPS: Mapping[OrderGroup, ColumnElement[bool]] = {
    OrderGroup.ALL: true(),
    **{group: _order.c.status.in_(states) for group, states in _STATES.items()},
}
# SQLite does not see that an index has the state where a plus stands before it.
_UNINDEXED: Mapping[OrderGroup, ColumnElement[bool]] = {
    group: literal_column(f"+{_order.name}.status", Text).in_(states)
    for group, states in _STATES.items()
}
_WITH_DAY = func.coalesce(_order.c.delivery_date, literal_column("''"), type_=Text()) > ""
_LAST = _order.c.order_date.desc()
_SORTS: Mapping[OrderSort, Sequence[ColumnElement[Any]]] = {
    OrderSort.NUMBER: (_order.c.number,),
    OrderSort.CUSTOMER: (func.lower(_account.c.name), _LAST),
    OrderSort.DATE: (_order.c.order_date, _order.c.number),
    OrderSort.DELIVERY: (
        func.coalesce(_order.c.delivery_date, literal_column("''"), type_=Text()),
    ),
    OrderSort.STATUS: (_LAST,),
    OrderSort.NET: (_order.c.net_minor,),
    OrderSort.MARGIN: (_order.c.net_minor - _order.c.cost_minor,),
}
_STRETCHES: Mapping[OrderSort, Sequence[ColumnElement[bool]]] = {
    # One after the other, so that each comes from an index: states, and no day after all days.
    OrderSort.STATUS: tuple(_order.c.status == state for state in sorted(OrderStatus)),
    OrderSort.DELIVERY: (_WITH_DAY, ~_WITH_DAY),
}
_SOURCE = _order.join(_account, _account.c.id == _order.c.account_id)


def order_keys(
    ws: Workspace,
    wanted: OrderFilter,
    sort: OrderSort = OrderSort.DATE,
    *,
    descending: bool = True,
    most: int | None = None,
) -> list[int]:
    """Local ids of all orders that match, in order; the rows are read as they are seen.

    With ``most`` the first of them.
    """
    # Of one direction throughout, so that an index can give the order without sorting.
    ways = [*_SORTS[sort], _order.c.id]
    order = [
        way if isinstance(way, UnaryExpression) else way.desc() if descending else way.asc()
        for way in ways
    ]
    stretches = _STRETCHES.get(sort, (true(),))
    keys: list[int] = []
    with ws.database.read() as connection:
        query = (
            select(_order.c.id)
            .select_from(_SOURCE if sort is OrderSort.CUSTOMER else _order)
            .where(_grouped(connection, wanted.group), _matching(connection, wanted.text))
            .order_by(*order)
        )
        for stretch in reversed(stretches) if descending else stretches:
            left = None if most is None else most - len(keys)
            keys += connection.execute(query.where(stretch).limit(left)).scalars()
            if len(keys) == most:
                break
    return keys


def order_counts(ws: Workspace) -> dict[OrderGroup, OrderCount]:
    """How many orders each chip would show, with their net."""
    columns: list[ColumnElement[Any]] = []
    for condition in _GROUPS.values():
        columns.append(func.count().filter(condition))
        columns.append(func.coalesce(func.sum(_order.c.net_minor).filter(condition), 0))
    with ws.database.read() as connection:
        row = connection.execute(select(*columns).select_from(_order)).one()
    return {
        group: OrderCount(int(row[2 * i]), int(row[2 * i + 1])) for i, group in enumerate(_GROUPS)
    }


def order_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, OrderRow]:
    """The rows of these orders by id; ids that are gone are left out."""
    o = _order.c
    lines = (
        select(func.count()).where(_line.c.parent_id == o.id).correlate(_order).scalar_subquery()
    )
    query = (
        select(
            o.id, o.number, o.account_id, _account.c.name, _account.c.city, o.status, o.order_date,
            o.delivery_date, o.submitted_at, lines.label("lines"), o.net_minor, o.total_minor,
            o.cost_minor, o.answer, o.rev,
        )
        .select_from(_SOURCE)
        .where(o.id.in_(list(ids)))
    )  # fmt: skip
    with ws.database.read() as connection:
        return {row.id: _order_row(row) for row in connection.execute(query)}


def _matching(connection: Connection, text: str) -> ColumnElement[bool]:
    if not text.strip():
        return true()
    hits = search.find(connection, text, kinds=("account", "order"), limit=_FOUND_LIMIT)
    return or_(
        _among(_order.c.account_id, [hit.id for hit in hits if hit.kind == "account"]),
        _among(_order.c.id, [hit.id for hit in hits if hit.kind == "order"]),
    )


def _among(column: ColumnElement[int], ids: list[int]) -> ColumnElement[bool]:
    every = func.json_each(json.dumps(ids)).table_valued("value")
    return column.in_(select(every.c.value))


def _grouped(connection: Connection, group: OrderGroup) -> ColumnElement[bool]:
    """The condition of a group; of a large one so that SQLite walks the order, not the states."""
    condition = _GROUPS[group]
    if group is OrderGroup.ALL:
        return condition
    some = select(_order.c.id).where(condition).limit(_FEW + 1).subquery()
    many = connection.execute(select(func.count()).select_from(some)).scalar_one() > _FEW
    return _UNINDEXED[group] if many else condition


def _order_row(row: Any) -> OrderRow:
    return OrderRow(
        id=row.id,
        number=row.number,
        account_id=row.account_id,
        customer=row.name,
        city=row.city or "",
        status=row.status,
        order_date=row.order_date,
        delivery_date=row.delivery_date,
        submitted_at=row.submitted_at,
        lines=row.lines,
        net_minor=row.net_minor,
        total_minor=row.total_minor,
        margin_minor=row.net_minor - row.cost_minor,
        answer=row.answer or "",
        known_to_hq=row.rev > 0,
    )
