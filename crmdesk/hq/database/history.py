"""The organisation's sold lines out of PostgreSQL, as arrays.

One COPY gives a row per customer with all its lines in bytes, so that Python touches customers and
not lines. Customers and SKUs get numbers of their own here; what is made of the lines is left to
:mod:`crmdesk.analytics.reorder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder import SaleLines
from crmdesk.hq.database.store import HqConnection

_LINES = (
    "COPY (SELECT s.account_id, string_agg(uuid_send(l.product_id)"
    " || int4send(s.date - DATE '1970-01-01') || int8send(l.base_quantity), ''::bytea)"
    " FROM sale_line l JOIN sale s ON s.account_id = l.account_id AND s.uid = l.parent_uid"
    " WHERE NOT s.deleted GROUP BY s.account_id) TO STDOUT (FORMAT binary)"
)
_LINE = np.dtype([("high", ">u8"), ("low", ">u8"), ("day", ">i4"), ("quantity", ">i8")])
_UID = np.dtype([("high", ">u8"), ("low", ">u8")])
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_Folded = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class History:
    """All sold lines, and whose numbers ``sales.account`` and ``sales.sku`` are: uids by place."""

    sales: SaleLines
    accounts: list[bytes]
    products: list[bytes]

    def __len__(self) -> int:
        return len(self.sales.day)


def count_lines(connection: HqConnection) -> int:
    """How many sold lines there are; those of deleted documents too, for it is only compared."""
    row = connection.execute("SELECT count(*) FROM sale_line").fetchone()
    return 0 if row is None else int(row[0])


def read_history(connection: HqConnection) -> History:
    """Every sold line of every territory."""
    products = [
        row[0].bytes
        for row in connection.execute("SELECT uid FROM product ORDER BY uid").fetchall()
    ]
    accounts: list[bytes] = []
    parts = []
    with connection.cursor().copy(_LINES.encode()) as copy:
        copy.set_types(["uuid", "bytea"])
        for account, lines in copy.rows():
            accounts.append(account.bytes)
            parts.append(np.frombuffer(lines, dtype=_LINE))
    sizes = [len(part) for part in parts]
    lines = np.concatenate(parts) if parts else np.zeros(0, dtype=_LINE)
    del parts
    sales = SaleLines(
        account=np.repeat(np.arange(len(accounts)), sizes),
        sku=_numbers(lines, products),
        day=lines["day"].astype(np.int64),
        quantity=lines["quantity"].astype(np.int64),
    )
    return History(sales, accounts, products)


def _numbers(lines: npt.NDArray[Any], products: list[bytes]) -> npt.NDArray[np.int64]:
    """The place of each line's product in the list, by a number of 64 bits that no two share."""
    known = np.frombuffer(b"".join(products), dtype=_UID)
    for multiplier in _MULTIPLIERS:
        folded = _folded(known, multiplier)
        order = np.argsort(folded)
        if len(np.unique(folded)) == len(folded):
            return np.asarray(order[np.searchsorted(folded[order], _folded(lines, multiplier))])
    raise ValueError("the uids of products cannot be told apart")


def _folded(uids: npt.NDArray[Any], multiplier: int) -> _Folded:
    high, low = uids["high"].astype(np.uint64), uids["low"].astype(np.uint64)
    return np.asarray(high * np.uint64(multiplier) ^ low)
