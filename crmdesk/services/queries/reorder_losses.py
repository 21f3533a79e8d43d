"""Customers who stop buying: their SKUs at risk or lapsed, what they were worth, what was agreed.

Owns the list of customers with something to lose. A SKU counts while its last purchase lies within
:data:`LOST_DAYS`; its worth a month is its usual purchase in its usual rhythm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, select

from crmdesk.services.queries.agreements import Agreed, agreed_with
from crmdesk.services.queries.customers import parse_day
from crmdesk.services.queries.reorder_filter import (
    ReorderFilter,
    in_area,
    matching,
    not_set_aside,
    on_route,
)
from crmdesk.services.queries.reorder_order import BY_CUSTOMER
from crmdesk.storage.tables import summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

LOST_DAYS = 365
_STATES = ("at_risk", "lapsed")
_MONTH_CENTI_DAYS = 3044
_SKUS = 4
_p = summary_pair.c
_account, _product = table("account"), table("product")
# Whole hundredths of days, so that no money is ever a float; rounded down for each SKU.
_A_MONTH: ColumnElement[Any] = (
    _p.expected_net_minor
    * _MONTH_CENTI_DAYS
    // func.max(100, cast(func.coalesce(_p.median_gap, 30) * 100, Integer))
)


class LossSort(StrEnum):
    """What the list can be sorted by; the values are the table's column keys."""

    CUSTOMER = "customer"
    LAST = "last"
    WORTH = "worth"


@dataclass(frozen=True, slots=True)
class LossEntry:
    """A customer with SKUs at risk or lapsed; worth in net minor units a month."""

    account_id: int
    name: str
    at_risk: int
    lapsed: int
    worth_minor: int
    last_on: date | None


@dataclass(frozen=True, slots=True)
class LostSku:
    """One of them: what it was worth a month, and since when it is missing."""

    product_id: int
    product: str
    state: str
    last_on: date | None
    worth_minor: int


@dataclass(frozen=True, slots=True)
class LossRow:
    """The dearest SKUs of an entry, and what was last agreed."""

    skus: tuple[LostSku, ...]
    agreed: Agreed


def loss_entries(
    ws: Workspace,
    wanted: ReorderFilter,
    sort: LossSort = LossSort.WORTH,
    *,
    descending: bool = True,
) -> tuple[LossEntry, ...]:
    """Every customer that matches the filter's route, area and words."""
    lapsed, worth, last = func.sum(_p.state == "lapsed"), func.sum(_A_MONTH), func.max(_p.last_on)
    column: ColumnElement[Any] = {
        LossSort.CUSTOMER: func.lower(_account.c.name), LossSort.LAST: last, LossSort.WORTH: worth,
    }[sort]  # fmt: skip
    with ws.database.read() as connection:
        query = (
            select(_account.c.id, _account.c.name, func.count(), lapsed, worth, last)
            .select_from(BY_CUSTOMER)
            .where(
                _lost(ws), on_route(ws, wanted.route, wanted.area),
                in_area(connection, ws, wanted.area), matching(connection, wanted.text),
            )
            .group_by(_account.c.id)
            .order_by(column.desc() if descending else column.asc(), _account.c.id)
        )  # fmt: skip
        return tuple(
            LossEntry(key, name, count - int(gone), int(gone), int(worth or 0), parse_day(day))
            for key, name, count, gone, worth, day in connection.execute(query)
        )


def loss_rows(ws: Workspace, account_ids: Sequence[int]) -> dict[int, LossRow]:
    """What stands beside these customers."""
    if not account_ids:
        return {}
    with ws.database.read() as connection:
        skus = _skus(connection, ws, account_ids)
    agreed = agreed_with(ws, account_ids)
    return {key: LossRow(tuple(skus[key]), agreed[key]) for key in account_ids}


def _skus(
    connection: Connection, ws: Workspace, account_ids: Sequence[int]
) -> dict[int, list[LostSku]]:
    query = (
        select(_p.account_id, _product.c.id, _product.c.name, _p.state, _p.last_on, _A_MONTH)
        .select_from(BY_CUSTOMER)
        .where(_lost(ws), _account.c.id.in_(account_ids))
        .order_by(_p.account_id, _A_MONTH.desc(), _p.product_id)
    )
    found: defaultdict[int, list[LostSku]] = defaultdict(list)
    for account, product, name, state, day, worth in connection.execute(query):
        if len(found[account]) < _SKUS:
            found[account].append(LostSku(product, name, state, parse_day(day), int(worth)))
    return found


def _lost(ws: Workspace) -> ColumnElement[bool]:
    """States, of customers and products that live, within the year, and nobody has put it off."""
    first = (ws.today() - timedelta(days=LOST_DAYS)).isoformat()
    return and_(
        _p.state.in_(_STATES),
        _p.last_on >= first,
        _account.c.merged_into_uid.is_(None),
        _account.c.status != "lost",
        _product.c.status == "active",
        not_set_aside(ws.today()),
    )
