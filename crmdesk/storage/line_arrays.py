"""Sale lines as arrays of whole numbers: of everything, or of a few accounts after an order.

Owns the way from the tables; imported on first use because numpy costs start-up time. Ids are
local, quantities in base units, money in minor units, days those since 1970-01-01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from crmdesk.analytics.reorder import SaleLines
from crmdesk.analytics.reorder.exact import Ints
from crmdesk.storage.driver import chosen
from crmdesk.storage.whole_columns import whole_columns

_EPOCH = date(1970, 1, 1)
_DOCUMENTS_TOLD = 10_000

_LINES = (
    "SELECT s.account_id, l.product_id, CAST(julianday(s.date) - 2440587.5 AS INTEGER),"
    " l.base_quantity, l.net_minor, coalesce(l.packaging_id, 0)"
    " FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id"
)
# Of everything, documents and lines are read one table after the other and joined as arrays:
# half the time of a join, which makes the day anew for every line.
_DOCUMENTS = "SELECT id, account_id, CAST(julianday(date) - 2440587.5 AS INTEGER) FROM sale"
_LINES_TOLD = (
    "SELECT group_concat(parent_id), group_concat(product_id), group_concat(base_quantity),"
    " group_concat(net_minor), group_concat(coalesce(packaging_id, 0))"
    " FROM (SELECT * FROM sale_line WHERE parent_id BETWEEN ? AND ? ORDER BY parent_id, position)"
)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date behind :func:`day_number`."""
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True, slots=True)
class LineArrays:
    """Sale lines as columns of equal length, in no particular order of accounts."""

    sales: SaleLines
    net_minor: Any
    packaging: Any

    def kept(self, keep: Any) -> LineArrays:
        """The lines at these places, or those that a mask keeps."""
        sales = self.sales
        return LineArrays(
            SaleLines(sales.account[keep], sales.sku[keep], sales.day[keep], sales.quantity[keep]),
            self.net_minor[keep],
            self.packaging[keep],
        )


def read_lines(connection: Connection, account_ids: Sequence[int] | None = None) -> LineArrays:
    """All sale lines, or those of some accounts, ordered by document and position."""
    if account_ids is None:
        sale, owner, date_of = whole_columns(connection, _DOCUMENTS + " ORDER BY id", 3)
        parent, product, quantity, net, packaging = _sold(connection, sale)
        at = np.searchsorted(sale, parent)
        return LineArrays(SaleLines(owner[at], product, date_of[at], quantity), net, packaging)
    only, values = chosen("s.account_id", account_ids)
    account, product, day, quantity, net, packaging = whole_columns(
        connection, f"{_LINES} WHERE {only} ORDER BY s.id, l.position", 6, values
    )
    return LineArrays(SaleLines(account, product, day, quantity), net, packaging)


def _sold(connection: Connection, documents: Ints) -> list[Any]:
    """:data:`_LINES_TOLD` of these documents, sorted, as arrays; half the time of reading rows."""
    cursor = connection.connection.cursor()
    told: list[Any] = [("",) * 5]
    for at in range(0, len(documents), _DOCUMENTS_TOLD):
        part = documents[at : at + _DOCUMENTS_TOLD]
        told += cursor.execute(_LINES_TOLD, (int(part[0]), int(part[-1]))).fetchall()
    cursor.close()
    columns = zip(*(texts for texts in told if texts[0] is not None), strict=True)
    return [
        np.concatenate([np.fromstring(text, np.int64, sep=",") for text in column])
        for column in columns
    ]
