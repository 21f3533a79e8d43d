"""Stock of what is on a draft, as HQ told it last, and what could be taken instead.

Owns reading ``stock_snapshot`` and substitutes for an order's lines. Quantities are base units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.packaging import Fitted, Pack
from crmdesk.domain.substitution import Instead, Ordered, instead_of

_STOCK = (
    "SELECT l.product_id, k.on_hand, k.as_of, k.next_arrival, u.id, u.name, u.base_unit,"
    " (SELECT v.on_hand FROM stock_snapshot v WHERE v.product_id = u.id"
    "  ORDER BY v.as_of DESC LIMIT 1),"
    " l.quantity, l.unit, l.factor, l.base_quantity, p.base_unit"
    " FROM order_line l JOIN product p ON p.id = l.product_id"
    " JOIN stock_snapshot k ON k.product_id = l.product_id AND k.as_of ="
    "  (SELECT max(x.as_of) FROM stock_snapshot x WHERE x.product_id = l.product_id)"
    " LEFT JOIN product u ON u.uid = p.substitute_uid AND u.status = 'active' AND u.id NOT IN"
    "  (SELECT y.product_id FROM order_line y WHERE y.parent_id = l.parent_id)"
    " WHERE l.parent_id = ?"
)
_PACKS = (
    "SELECT id, unit, factor, minimum, multiple FROM packaging"
    " WHERE product_id = ? AND sellable ORDER BY factor, id"
)


@dataclass(frozen=True, slots=True)
class SubstituteRow:
    """What could be taken instead: packs of a packaging (None: base units), and stock.

    ``fitted`` says why so many, ``asked`` the base units that they stand for; ``other_unit`` that
    the two are counted in different base units and a pack stands for a pack.
    """

    product_id: int
    name: str
    packaging_id: int | None
    unit: str
    factor: int
    fitted: Fitted
    asked: int
    base_unit: str
    on_hand: int | None
    other_unit: bool = False

    @property
    def packs(self) -> int:
        """How many."""
        return self.fitted.packs


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
    for row in connection.exec_driver_sql(_STOCK, (order_id,)).all():
        product, on_hand, as_of, arrival, other, name, other_unit, there, *line = row
        substitute = None
        if other is not None:
            substitute = _substitute(connection, Ordered(*line), other, name, other_unit, there)
        found[int(product)] = StockRow(
            int(on_hand), parse_instant(as_of),
            date.fromisoformat(arrival) if arrival else None, substitute,
        )  # fmt: skip
    return found


def _substitute(
    connection: Connection, line: Ordered, product_id: int, name: str, base_unit: str,
    on_hand: int | None,
) -> SubstituteRow:  # fmt: skip
    key, unit, factor, instead = packs_instead(connection, line, product_id, base_unit)
    return SubstituteRow(
        product_id, name, key, unit, factor, instead.fitted, line.base_quantity, base_unit,
        on_hand, instead.other_unit,
    )  # fmt: skip


def packs_instead(
    connection: Connection, line: Ordered, product_id: int, base_unit: str
) -> tuple[int | None, str, int, Instead]:
    """Packaging (None: base units), its unit and factor, and the packs of it for a line."""
    rows = connection.exec_driver_sql(_PACKS, (product_id,)).all()
    instead = instead_of(line, base_unit, [Pack(*row[1:]) for row in rows])
    if instead.option is None:
        return None, base_unit, 1, instead
    key, unit, factor = rows[instead.option][:3]
    return int(key), str(unit), int(factor), instead
