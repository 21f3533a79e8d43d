"""Stock of what is on a draft, as HQ told it last, and what could be taken instead.

Owns reading ``stock_snapshot`` and substitutes for an order's lines. Quantities are base units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant

_STOCK = (
    "SELECT l.product_id, k.on_hand, k.as_of, k.next_arrival, u.id, u.name,"
    " (SELECT v.on_hand FROM stock_snapshot v WHERE v.product_id = u.id"
    "  ORDER BY v.as_of DESC LIMIT 1),"
    " (SELECT w.id FROM packaging w WHERE w.product_id = u.id AND w.sellable"
    "  AND w.factor = l.factor ORDER BY w.id LIMIT 1), l.base_quantity, l.quantity"
    " FROM order_line l JOIN product p ON p.id = l.product_id"
    " JOIN stock_snapshot k ON k.product_id = l.product_id AND k.as_of ="
    "  (SELECT max(x.as_of) FROM stock_snapshot x WHERE x.product_id = l.product_id)"
    " LEFT JOIN product u ON u.uid = p.substitute_uid AND u.status = 'active' AND u.id NOT IN"
    "  (SELECT y.product_id FROM order_line y WHERE y.parent_id = l.parent_id)"
    " WHERE l.parent_id = ?"
)


@dataclass(frozen=True, slots=True)
class SubstituteRow:
    """What could be taken instead: the packaging of the same size if there is one, and stock."""

    product_id: int
    name: str
    packaging_id: int | None
    packs: int
    on_hand: int | None


@dataclass(frozen=True, slots=True)
class StockRow:
    """What was there of a product, when, when more comes, and what could be taken instead."""

    on_hand: int
    as_of: datetime
    next_arrival: date | None
    substitute: SubstituteRow | None = None

    def is_stale(self, now: datetime, hours: int) -> bool:
        """Whether the figure is too old to be relied on."""
        return now - self.as_of > timedelta(hours=hours)


def stock_of(connection: Connection, order_id: int) -> dict[int, StockRow]:
    """By product what was in stock of the lines of an order; none where nobody has counted."""
    found = {}
    for row in connection.exec_driver_sql(_STOCK, (order_id,)):
        product, on_hand, as_of, arrival, other, name, there, packaging, base, packs = row
        substitute = None
        if other is not None:
            substitute = SubstituteRow(
                other, name, packaging, packs if packaging is not None else base, there
            )
        found[int(product)] = StockRow(
            int(on_hand), parse_instant(as_of),
            date.fromisoformat(arrival) if arrival else None, substitute,
        )  # fmt: skip
    return found
