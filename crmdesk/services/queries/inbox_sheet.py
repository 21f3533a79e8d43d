"""One order beside the inbox: its sheet, what HQ's prices say, stock today, what was seen of it.

Owns joining what the office looks at before it decides. The sheet is
:mod:`crmdesk.services.queries.order`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.order_changes import Seen
from crmdesk.services.office_orders import seen_of
from crmdesk.services.queries.inbox_attention import Attention, read_attention
from crmdesk.services.queries.order import OrderSheet, order_sheet
from crmdesk.services.queries.order_stock import StockRow, stock_of

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class InboxSheet:
    """One order as the office sees it.

    ``hq_prices`` are HQ's net prices (1e-4 of the major unit) by line where they are others than
    the order's; ``proposal_ids`` the open notes about them. ``stock`` is by product.
    """

    sheet: OrderSheet
    rep: str
    territory: str
    attention: tuple[Attention, ...]
    stock: Mapping[int, StockRow]
    hq_prices: Mapping[int, int]
    proposal_ids: tuple[int, ...]
    seen: Seen


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """A structured reason of the office for an answer."""

    id: int
    name: str


def inbox_sheet(ws: Workspace, order_id: int) -> InboxSheet:
    """One order for the office. Raises NotFound when it is gone."""
    sheet = order_sheet(ws, order_id)
    with ws.database.read() as connection:
        rep, territory = connection.exec_driver_sql(
            "SELECT coalesce(u.name, ''), coalesce(t.name, '') FROM sales_order o"
            " JOIN account a ON a.id = o.account_id LEFT JOIN app_user u ON u.id = o.user_id"
            " LEFT JOIN territory t ON t.id = a.territory_id WHERE o.id = ?",
            (order_id,),
        ).one()
        waiting = [order_id] if sheet.status == "submitted" else []
        notes = read_attention(connection, waiting, ws.today())
        prices, proposals = _hq_prices(connection, order_id)
        return InboxSheet(
            sheet, rep, territory, notes.get(order_id, ()), stock_of(connection, order_id),
            prices, proposals, seen_of(connection, order_id),
        )  # fmt: skip


def reject_reasons(ws: Workspace, kind: str = "order_rejected") -> tuple[ReasonChoice, ...]:
    """The company's structured reasons of a kind, in its own order."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, name FROM outcome_reason WHERE kind = ? ORDER BY position, id LIMIT 9",
            (kind,),
        )
        return tuple(ReasonChoice(int(key), str(name)) for key, name in rows)


def _hq_prices(connection: Connection, order_id: int) -> tuple[dict[int, int], tuple[int, ...]]:
    prices: dict[int, int] = {}
    ids = []
    rows = connection.exec_driver_sql(
        "SELECT p.id, p.current FROM proposal p JOIN sales_order o ON o.uid = p.row_uid"
        " WHERE o.id = ? AND p.kind = 'price' AND p.status = 'open' ORDER BY p.at, p.id",
        (order_id,),
    )
    for key, current in rows:
        ids.append(int(key))
        for line in json.loads(current or "[]"):
            if isinstance(line, dict) and isinstance(line.get("price_e4"), int):
                prices[int(line.get("line", 0))] = line["price_e4"]
    return prices, tuple(ids)
