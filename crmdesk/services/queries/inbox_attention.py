"""Why an order that came in needs a look: read for all waiting orders at once.

Owns the rules of what is worth a look and their figures; an order without any of them can be
accepted as it is. The words are the inbox's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.order_guards import UsualRow, unusual_quantity
from crmdesk.domain.order_limits import check_credit
from crmdesk.services.credit import read_exposure


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at. ``code`` and what its figures say:

    credit_hard, credit_soft: minor units over the limit · below_cost: lines, minor units lost ·
    price: lines that HQ prices otherwise · stock: lines that stock does not cover · unusual: lines
    of unusual quantity · twice: orders of the same customer, day and amount · late: days by which
    the delivery day has passed. ``name`` is a product or the other order's number.
    """

    code: str
    count: int = 0
    amount_minor: int = 0
    name: str = ""


_ORDER = ("credit_hard", "below_cost", "price", "stock", "credit_soft", "twice", "unusual", "late")

_BELOW_COST = (
    "SELECT l.parent_id, count(*), sum(l.cost_minor - l.net_minor), min(p.name) FROM order_line l"
    " JOIN product p ON p.id = l.product_id WHERE l.parent_id IN (SELECT value FROM json_each(?))"
    " AND l.net_minor < l.cost_minor AND NOT (l.net_minor = 0 AND coalesce(json_extract("
    "l.price_reason, '$.code'), '') IN ('gift', 'promotion', 'bundle', 'mix'))"
    " GROUP BY l.parent_id"
)
_PRICE = (
    "SELECT o.id, max(json_array_length(p.proposed)) FROM proposal p JOIN sales_order o"
    " ON o.uid = p.row_uid WHERE p.kind = 'price' AND p.status = 'open' AND p.entity = 'order'"
    " AND o.id IN (SELECT value FROM json_each(?)) GROUP BY o.id"
)
_STOCK = (
    "SELECT l.parent_id, count(*), min(p.name) FROM order_line l JOIN product p"
    " ON p.id = l.product_id JOIN stock_snapshot k ON k.product_id = l.product_id AND k.as_of ="
    " (SELECT max(x.as_of) FROM stock_snapshot x WHERE x.product_id = l.product_id)"
    " WHERE l.parent_id IN (SELECT value FROM json_each(?)) AND k.on_hand < l.base_quantity"
    " GROUP BY l.parent_id"
)
_TWICE = (
    "SELECT o.id, count(*), max(x.number) FROM sales_order o JOIN sales_order x"
    " ON x.account_id = o.account_id AND x.order_date = o.order_date AND x.id <> o.id"
    " AND x.total_minor = o.total_minor AND x.status IN ('submitted', 'accepted', 'shipped')"
    " WHERE o.id IN (SELECT value FROM json_each(?)) GROUP BY o.id"
)
_LATE = (
    "SELECT o.id, CAST(julianday(?) - julianday(o.delivery_date) AS INTEGER) FROM sales_order o"
    " WHERE o.id IN (SELECT value FROM json_each(?)) AND o.delivery_date < ?"
)
_CREDIT = (
    "SELECT o.id, o.account_id, o.total_minor, a.credit_limit_minor, a.credit_mode"
    " FROM sales_order o JOIN account a ON a.id = o.account_id"
    " WHERE o.id IN (SELECT value FROM json_each(?)) AND a.credit_limit_minor IS NOT NULL"
    " AND a.credit_mode <> 'none' ORDER BY o.order_date, o.submitted_at, o.id"
)
_QUANTITIES = (
    "SELECT l.parent_id, l.quantity, l.unit, l.factor, s.expected_quantity,"
    " coalesce(k.unit, p.base_unit), coalesce(k.factor, 1), s.packs, s.median_gap, s.n, p.name,"
    " (SELECT max(v.base_quantity) FROM sale_line v JOIN sale w ON w.id = v.parent_id"
    "  WHERE w.account_id = o.account_id AND v.product_id = l.product_id)"
    " FROM order_line l JOIN sales_order o ON o.id = l.parent_id"
    " JOIN product p ON p.id = l.product_id JOIN summary_pair s"
    " ON s.account_id = o.account_id AND s.product_id = l.product_id"
    " LEFT JOIN packaging k ON k.id = s.packaging_id"
    " WHERE l.parent_id IN (SELECT value FROM json_each(?)) AND s.expected_quantity > 0"
    " AND (l.base_quantity > 2 * s.expected_quantity"
    "  OR 2 * l.base_quantity < s.expected_quantity)"
)


def read_attention(
    connection: Connection, order_ids: Sequence[int], today: date
) -> dict[int, tuple[Attention, ...]]:
    """By order what there is to look at, the gravest first; orders without any are left out."""
    found: dict[int, list[Attention]] = {}
    if not order_ids:
        return {}
    ids = json.dumps(list(order_ids))
    for order_id, note in _notes(connection, ids, today):
        found.setdefault(order_id, []).append(note)
    return {
        key: tuple(sorted(notes, key=lambda note: _ORDER.index(note.code)))
        for key, notes in found.items()
    }


def _notes(connection: Connection, ids: str, today: date) -> Iterator[tuple[int, Attention]]:
    run = connection.exec_driver_sql
    for key, count, lost, name in run(_BELOW_COST, (ids,)):
        yield key, Attention("below_cost", count, lost, name)
    for key, count in run(_PRICE, (ids,)):
        yield key, Attention("price", count or 1)
    for key, count, name in run(_STOCK, (ids,)):
        yield key, Attention("stock", count, name=name)
    for key, count, number in run(_TWICE, (ids,)):
        yield key, Attention("twice", count, name=number)
    day = today.isoformat()
    for key, days in run(_LATE, (day, ids, day)):
        yield key, Attention("late", days)
    yield from _over_credit(connection, ids)
    yield from _unusual(connection, ids)


def _over_credit(connection: Connection, ids: str) -> Iterator[tuple[int, Attention]]:
    """Orders over their customer's limit; those of a customer that came before count as owed."""
    owed: dict[int, int] = {}
    for key, account, total, limit, mode in connection.exec_driver_sql(_CREDIT, (ids,)).all():
        if account not in owed:
            owed[account] = read_exposure(connection, account, waiting=False).owed_minor
        check = check_credit(mode, limit, owed[account], total)
        owed[account] += total
        if check.warns:
            code = "credit_hard" if check.blocks else "credit_soft"
            yield key, Attention(code, amount_minor=check.over_minor)


def _unusual(connection: Connection, ids: str) -> Iterator[tuple[int, Attention]]:
    counts: dict[int, tuple[int, str]] = {}
    for row in connection.exec_driver_sql(_QUANTITIES, (ids,)):
        key, packs, unit, factor, expected, usual_unit, usual_factor, usual, gap, n, name, most = (
            row
        )
        known = UsualRow(expected, usual_unit, usual_factor, usual, most or 0, gap, n)
        if unusual_quantity(packs, unit, factor, known) is not None:
            count, first = counts.get(key, (0, name))
            counts[key] = (count + 1, first)
    for key, (count, name) in counts.items():
        yield key, Attention("unusual", count, name=name)
