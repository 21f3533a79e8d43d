"""Margins by segment and category, and the way from the list price to the margin.

Read from the sale lines of the last twelve months. The list value of a line is its net and its
discount; why it was discounted stands on the line of its order. Lines that came with an import
have no list price: they are shown beside, never guessed. Margins count lines with a known cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from crmdesk.analytics.figures import Figure, Missing, share
from crmdesk.i18n import _
from crmdesk.services.price_lists import categories_below
from crmdesk.services.workspace import Workspace

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Slice:
    """Which lines: of a segment ("" is without one), category, customer, product; None is all."""

    segment: str | None = None
    category_id: int | None = None
    account_id: int | None = None
    product_id: int | None = None


EVERYTHING = Slice()


@dataclass(frozen=True, slots=True)
class MarginCell:
    """A cell of the map, or a row or column of it: money in minor units, lines counted."""

    segment: str
    category_id: int | None
    category: str
    lines: int
    net_minor: int
    costed_net_minor: int
    cost_minor: int

    @property
    def margin(self) -> Figure[float]:
        """Margin as a share of the net of lines whose cost is known."""
        if not self.costed_net_minor:
            return Figure(None, Missing.COST_UNKNOWN if self.net_minor else Missing.NO_SALES)
        return share(
            self.costed_net_minor - self.cost_minor, self.costed_net_minor, Missing.NO_SALES
        )


@dataclass(frozen=True, slots=True)
class MarginMap:
    """Cells by segment and category, both ordered by net, and the days they are of."""

    since: date
    until: date
    segments: tuple[str, ...]
    categories: tuple[tuple[int | None, str], ...]
    cells: dict[tuple[str, int | None], MarginCell]


class Step(StrEnum):
    """Steps from the list price to the margin, in their order."""

    LIST = "list"
    AGREED = "agreed"
    VOLUME = "volume"
    PROMOTION = "promotion"
    FREE = "free"
    MANUAL = "manual"
    OTHER = "other"
    UNLISTED = "unlisted"
    NET = "net"
    COST = "cost"
    UNCOSTED = "uncosted"
    MARGIN = "margin"


TOTALS = frozenset({Step.LIST, Step.NET, Step.MARGIN})


@dataclass(frozen=True, slots=True)
class PriceWaterfall:
    """Amounts in minor units by step (what takes away is below zero), lines behind each.

    ``unlisted`` is the net of lines without a list price, ``uncosted`` that of lines without a
    known cost, which have no margin.
    """

    since: date
    until: date
    steps: dict[Step, int]
    lines: dict[Step, int]


@dataclass(frozen=True, slots=True)
class LineRow:
    """A sale line behind a figure."""

    sale_id: int
    position: int
    day: date
    document: str
    account_id: int
    customer: str
    product_id: int
    sku: str
    product: str
    quantity: int
    net_minor: int
    discount_minor: int
    cost_minor: int | None
    step: Step


@dataclass(frozen=True, slots=True)
class PartMargin:
    """A customer or SKU of a slice: its lines, net and margin (of lines with a known cost)."""

    key: int
    code: str
    name: str
    lines: int
    net_minor: int
    discount_minor: int
    costed_net_minor: int
    cost_minor: int


_SEGMENT = "coalesce(a.segment, '')"
_CELLS = f"""
SELECT {_SEGMENT}, p.category_id, count(*), sum(l.net_minor),
       coalesce(sum(l.net_minor) FILTER (WHERE l.cost_minor IS NOT NULL), 0),
       coalesce(sum(l.cost_minor), 0)
FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id
JOIN account a ON a.id = s.account_id JOIN product p ON p.id = l.product_id
WHERE s.date BETWEEN :since AND :until AND s.currency = :currency GROUP BY 1, 2
"""
_STEP = """
CASE WHEN r.reason IS NULL THEN
         CASE WHEN r.batch_uid IS NOT NULL AND r.discount_minor = 0 THEN 'unlisted'
              WHEN r.discount_minor = 0 THEN 'list' ELSE 'other' END
     ELSE CASE json_extract(r.reason, '$.code')
         WHEN 'list' THEN 'list' WHEN 'agreed' THEN 'agreed' WHEN 'break' THEN 'volume'
         WHEN 'gift' THEN 'free' WHEN 'bundle' THEN 'promotion' WHEN 'mix' THEN 'promotion'
         WHEN 'extra' THEN 'promotion' WHEN 'manual' THEN 'manual'
         WHEN 'last' THEN 'unlisted' WHEN 'none' THEN 'unlisted'
         WHEN 'promotion' THEN
             CASE WHEN json_extract(r.reason, '$.free') IS NULL THEN 'promotion' ELSE 'free' END
         ELSE 'other' END END
"""
_FROM = """
FROM (SELECT s.id sale_id, s.date, s.document, s.account_id, s.batch_uid, s.order_uid, l.position,
             l.product_id, l.base_quantity, l.net_minor, l.discount_minor, l.cost_minor,
             (SELECT ol.price_reason FROM sales_order o JOIN order_line ol ON ol.parent_id = o.id
              WHERE o.uid = s.order_uid AND ol.position = l.position
              AND ol.product_id = l.product_id) reason
      FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id WHERE {where}) r
"""


def margin_map(ws: Workspace) -> MarginMap:
    """Net and margin by segment and category of the last twelve months."""
    since, until = _span(ws)
    with ws.database.read() as connection:
        found = connection.exec_driver_sql("SELECT id, name FROM category").all()
        names: dict[int | None, str] = {key: name for key, name in found}  # noqa: C416 - rows
        rows = connection.exec_driver_sql(_CELLS, _keys(ws, since, until)).all()
    cells = {
        (segment, category): MarginCell(
            segment, category, names.get(category) or _("without a category"), *figures
        )
        for segment, category, *figures in rows
    }
    by_segment: dict[str, int] = {}
    by_category: dict[int | None, int] = {}
    for (segment, category), cell in cells.items():
        by_segment[segment] = by_segment.get(segment, 0) + cell.net_minor
        by_category[category] = by_category.get(category, 0) + cell.net_minor
    return MarginMap(
        since, until,
        tuple(sorted(by_segment, key=lambda one: (-by_segment[one], one))),
        tuple((one, names.get(one) or _("without a category"))
              for one in sorted(by_category, key=lambda c: (-by_category[c], c or 0))),
        cells,
    )  # fmt: skip


def price_waterfall(ws: Workspace, of: Slice = EVERYTHING) -> PriceWaterfall:
    """From list price to margin over the last twelve months."""
    since, until = _span(ws)
    with ws.database.read() as connection:
        where, keys = _where(connection, ws, of, since, until)
        query = (
            f"SELECT {_STEP}, count(*), sum(r.net_minor), sum(r.discount_minor),"
            " coalesce(sum(r.cost_minor), 0),"
            " coalesce(sum(r.net_minor) FILTER (WHERE r.cost_minor IS NULL), 0),"
            f" sum(r.cost_minor IS NULL) {_FROM.format(where=where)} GROUP BY 1"
        )
        rows = connection.exec_driver_sql(query, keys).all()
    steps = dict.fromkeys(Step, 0)
    lines = dict.fromkeys(Step, 0)
    for name, count, net, discount, cost, uncosted, uncosted_lines in rows:
        step = Step(name)
        if step is Step.UNLISTED:
            steps[step] += net
        else:
            steps[Step.LIST] += net + discount
            lines[Step.LIST] += count
            if step is not Step.LIST:
                steps[step] -= discount
            elif discount:
                steps[Step.OTHER] -= discount
        if step is not Step.LIST:
            lines[step] += count
        steps[Step.NET] += net
        steps[Step.COST] -= cost
        steps[Step.UNCOSTED] -= uncosted
        lines[Step.NET] += count
        lines[Step.COST] += count - uncosted_lines
        lines[Step.UNCOSTED] += uncosted_lines
    steps[Step.MARGIN] = steps[Step.NET] + steps[Step.COST] + steps[Step.UNCOSTED]
    lines[Step.MARGIN] = lines[Step.COST]
    return PriceWaterfall(since, until, steps, lines)


def parts_of(ws: Workspace, of: Slice, *, by_customer: bool) -> list[PartMargin]:
    """The customers, or the SKUs, of a slice; the largest net first."""
    since, until = _span(ws)
    key, columns, table = (
        ("account_id", "x.code, x.name", "account")
        if by_customer
        else ("product_id", "x.sku, x.name", "product")
    )
    with ws.database.read() as connection:
        where, keys = _where(connection, ws, of, since, until)
        rows = connection.exec_driver_sql(
            f"SELECT x.id, {columns}, t.* FROM (SELECT {key} k, count(*), sum(l.net_minor) net,"
            " sum(l.discount_minor), coalesce(sum(l.net_minor)"
            " FILTER (WHERE l.cost_minor IS NOT NULL), 0), coalesce(sum(l.cost_minor), 0)"
            f" FROM sale s CROSS JOIN sale_line l ON l.parent_id = s.id WHERE {where} GROUP BY k) t"
            f" JOIN {table} x ON x.id = t.k ORDER BY t.net DESC, x.id",
            keys,
        ).all()
    return [PartMargin(*(*row[:3], *row[4:])) for row in rows]


def lines_behind(
    ws: Workspace, of: Slice, step: Step | None = None, *, most: int = 500,
    after: tuple[str, int, int] | None = None,
) -> list[LineRow]:  # fmt: skip
    """The lines behind a figure, newest first; ``after`` is (date, sale, position) of the last."""
    since, until = _span(ws)
    with ws.database.read() as connection:
        where, keys = _where(connection, ws, of, since, until)
        more = ""
        if after is not None:
            more = " AND (r.date, r.sale_id, r.position) < (:after_date, :after_sale, :after_at)"
            keys |= dict(zip(("after_date", "after_sale", "after_at"), after, strict=True))
        keys["most"] = most
        query = (
            f"SELECT r.*, {_STEP} step, a.name customer, p.sku, p.name product"
            f" {_FROM.format(where=where)} JOIN account a ON a.id = r.account_id"
            f" JOIN product p ON p.id = r.product_id WHERE {_of_step(step)}{more}"
            " ORDER BY r.date DESC, r.sale_id DESC, r.position DESC LIMIT :most"
        )
        rows = connection.exec_driver_sql(query, keys).all()
    return [
        LineRow(
            r.sale_id, r.position, date.fromisoformat(r.date), r.document or "", r.account_id,
            r.customer, r.product_id, r.sku, r.product, r.base_quantity, r.net_minor,
            r.discount_minor, r.cost_minor, Step(r.step),
        )
        for r in rows
    ]  # fmt: skip


def _of_step(step: Step | None) -> str:
    if step is None or step is Step.NET:
        return "true"
    if step is Step.LIST:
        return f"{_STEP} <> 'unlisted'"
    if step in (Step.COST, Step.MARGIN):
        return "r.cost_minor IS NOT NULL"
    if step is Step.UNCOSTED:
        return "r.cost_minor IS NULL"
    return f"{_STEP} = '{step.value}'"


def _span(ws: Workspace) -> tuple[date, date]:
    until = ws.today()
    return until - YEAR + timedelta(days=1), until


def _keys(ws: Workspace, since: date, until: date) -> dict[str, Any]:
    return {
        "since": since.isoformat(), "until": until.isoformat(), "currency": ws.currency,
    }  # fmt: skip


def _where(
    connection: Any, ws: Workspace, of: Slice, since: date, until: date
) -> tuple[str, dict[str, Any]]:
    parts = ["s.date BETWEEN :since AND :until AND s.currency = :currency"]
    keys = _keys(ws, since, until)
    if of.account_id is not None:
        parts.append("s.account_id = :account")
        keys["account"] = of.account_id
    if of.segment is not None:
        parts.append(
            "s.account_id IN (SELECT a.id FROM account a WHERE coalesce(a.segment, '') = :segment)"
        )
        keys["segment"] = of.segment
    if of.product_id is not None:
        parts.append("l.product_id = :product")
        keys["product"] = of.product_id
    if of.category_id is not None:
        below = ",".join(str(key) for key in sorted(categories_below(connection, [of.category_id])))
        parts.append(
            f"l.product_id IN (SELECT p.id FROM product p WHERE p.category_id IN ({below}))"
        )
    return " AND ".join(parts), keys


def name_of(ws: Workspace, entity: str, key: int) -> str:
    """The name of a customer (``account``) or ``product``."""
    query = {"account": "SELECT name FROM account", "product": "SELECT name FROM product"}[entity]
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(f"{query} WHERE id = ?", (key,)).scalar()
    return str(found or "")
