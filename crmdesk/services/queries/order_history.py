"""What a customer ordered before: the last sales, the same order today, the lines to repeat.

Owns looking back from an order. The order itself is :mod:`crmdesk.services.queries.order`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from crmdesk.domain.substitution import Ordered
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.order_stock import packs_instead
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

LAST_ORDERS = 6
_sale = table("sale")

_SAME_DAY = (
    "SELECT o.id, o.number, o.net_minor, (SELECT count(*) FROM order_line WHERE parent_id = o.id),"
    " NOT EXISTS (SELECT product_id, base_quantity FROM order_line WHERE parent_id = o.id EXCEPT"
    " SELECT product_id, base_quantity FROM order_line WHERE parent_id = h.id)"
    " AND NOT EXISTS (SELECT product_id, base_quantity FROM order_line WHERE parent_id = h.id"
    " EXCEPT SELECT product_id, base_quantity FROM order_line WHERE parent_id = o.id)"
    " FROM sales_order h JOIN sales_order o ON o.account_id = h.account_id"
    " AND o.order_date = h.order_date AND o.id <> h.id"
    " AND o.status NOT IN ('draft', 'rejected', 'cancelled')"
    " WHERE h.id = ? AND h.status = 'draft' ORDER BY o.id DESC LIMIT 5"
)


@dataclass(frozen=True, slots=True)
class LastOrder:
    """An earlier sale: its day, net and number of lines."""

    day: date
    net_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class SameDay:
    """Another order of the customer for the same day; ``identical`` has the same quantities."""

    id: int
    number: str
    net_minor: int
    lines: int
    identical: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """The lines of the last order, and the names of products that are not sold any more."""

    day: date | None
    lines: tuple[LineInput, ...]
    gone: tuple[str, ...]


def last_orders(connection: Connection, account_id: int) -> tuple[LastOrder, ...]:
    """The last sales of a customer, latest first."""
    query = (
        select(_sale.c.date, _sale.c.net_minor, _sale.c.line_count)
        .where(_sale.c.account_id == account_id, _sale.c.kind == "sale")
        .order_by(_sale.c.date.desc(), _sale.c.id.desc())
        .limit(LAST_ORDERS)
    )
    return tuple(
        LastOrder(row.date, row.net_minor, row.line_count) for row in connection.execute(query)
    )


def same_day(connection: Connection, order_id: int) -> tuple[SameDay, ...]:
    """Other orders of a draft's customer for its day that have been submitted."""
    rows = connection.exec_driver_sql(_SAME_DAY, (order_id,))
    return tuple(SameDay(key, number, net, n, bool(same)) for key, number, net, n, same in rows)


def last_order_lines(ws: Workspace, order_id: int) -> Repeated:
    """What the customer of a draft ordered last, by order or sale, that is not on it yet.

    Products that have left the range give way to their substitute, or are named.
    """
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        account_id = run("SELECT account_id FROM sales_order WHERE id = ?", (order_id,)).scalar()
        last = run(
            "SELECT day, source, id FROM (SELECT order_date AS day, 'order' AS source, id"
            " FROM sales_order WHERE account_id = :account AND id <> :order AND status NOT IN"
            " ('draft', 'rejected', 'cancelled') UNION ALL SELECT date, 'sale', id FROM sale"
            " WHERE account_id = :account AND kind = 'sale') ORDER BY day DESC, id DESC LIMIT 1",
            {"account": account_id, "order": order_id},
        ).first()
        if last is None:
            return Repeated(None, (), ())
        lines = "order_line" if last[1] == "order" else "sale_line"
        rows = run(
            "SELECT p.id, p.name, p.status, l.packaging_id, l.quantity, l.base_quantity, l.factor,"
            " coalesce(k.unit, p.base_unit), p.base_unit, u.id, u.base_unit"
            f" FROM {lines} l JOIN product p ON p.id = l.product_id"
            " LEFT JOIN packaging k ON k.id = l.packaging_id"
            " LEFT JOIN product u ON u.uid = p.substitute_uid AND u.status = 'active'"
            " WHERE l.parent_id = ?"
            " AND l.base_quantity > 0 ORDER BY l.position",
            (last[2],),
        ).all()
        there = set(
            run("SELECT product_id FROM order_line WHERE parent_id = ?", (order_id,)).scalars()
        )
        found: dict[int, LineInput] = {}
        gone = []
        for product, name, status, packaging, packs, base, factor, unit, of, other, by in rows:
            if status == "active":
                count = max(int(packs), 1) if packaging is not None else int(base)
                weighed = int(base) if packaging is not None and base != packs * factor else None
                line = LineInput(product, packaging, count, weighed_quantity=weighed)
            elif other is not None:
                before = Ordered(packs, unit, factor, base, of)
                key, _unit, _factor, instead = packs_instead(connection, before, other, by)
                line = LineInput(other, key, instead.fitted.packs)
            else:
                gone.append(str(name))
                continue
            if line.product_id not in there:
                found.setdefault(line.product_id, line)
    return Repeated(date.fromisoformat(last[0]), tuple(found.values()), tuple(gone))
