"""Outliers and erosion of prices, from the monthly summaries: who pays what, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdesk.services.workspace import Workspace

if TYPE_CHECKING:
    from crmdesk.analytics.price_position import MonthPrices, Outlier

MONTHS = 12
_MOST = 200


@dataclass(frozen=True, slots=True)
class OutlierRow:
    """A customer's price beside its peers', with names."""

    customer: str
    segment: str
    sku: str
    product: str
    outlier: Outlier


def price_outliers(ws: Workspace, *, least_gap: float = 0.12) -> list[OutlierRow]:
    """Customers who pay much less or more than others for about as much of a product.

    Of the last twelve months; the :data:`_MOST` that matter most in money, most lost first.
    """
    from crmdesk.analytics.price_position import outliers

    since = _month_before(ws, MONTHS)
    with ws.database.read() as connection:
        columns = _arrays(
            connection,
            "SELECT account_id, product_id, sum(base_quantity), sum(net_minor) FROM summary_month"
            " WHERE month > ? GROUP BY 1, 2 HAVING sum(base_quantity) > 0",
            (since,), 4,
        )  # fmt: skip
        found = outliers(*columns, least_gap=least_gap)
        found = sorted(found, key=lambda one: -abs(one.worth_minor))[:_MOST]
        run = connection.exec_driver_sql
        accounts = {r[0]: r for r in run("SELECT id, name, coalesce(segment, '') FROM account")}
        products = {r[0]: r for r in run("SELECT id, sku, name FROM product")}
    rows = [
        OutlierRow(
            accounts[one.account][1], accounts[one.account][2], products[one.product][1],
            products[one.product][2], one,
        )
        for one in found
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.outlier.worth_minor)


def erosion_rows(ws: Workspace) -> list[MonthPrices]:
    """Prices, costs, discounts and margin by month of two years; the base is the first of them."""
    from crmdesk.analytics.price_position import price_erosion

    first, middle = _month_before(ws, 2 * MONTHS), _month_before(ws, MONTHS)
    with ws.database.read() as connection:
        columns = _arrays(
            connection,
            "SELECT month, product_id, sum(base_quantity), sum(net_minor), sum(discount_minor),"
            " sum(cost_minor) FROM summary_month WHERE month > ? GROUP BY 1, 2",
            (first,), 6,
        )  # fmt: skip
    month, product, quantity, net, discount, cost = columns
    return price_erosion(month, product, quantity, net, discount, cost, (first + 1, middle))


def _month_before(ws: Workspace, months: int) -> int:
    today = ws.today()
    number = today.year * 12 + today.month - 1 - months
    return number // 12 * 100 + number % 12 + 1


def _arrays(connection: Any, query: str, values: Sequence[object], width: int) -> Any:
    import numpy as np

    rows = connection.exec_driver_sql(query, tuple(values)).all()
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, width)
    return tuple(np.ascontiguousarray(column) for column in table.T)
