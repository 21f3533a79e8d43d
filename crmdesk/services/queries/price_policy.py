"""What the office sees of prices: lists and versions, rules, promotions, costs, agreed prices.

Columns only; changing them is services.price_lists, price_rules, promotions and costs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmdesk.domain.errors import NotFound
from crmdesk.domain.price_book import PromotionRow
from crmdesk.i18n import _
from crmdesk.services.promotion_words import promotion_words
from crmdesk.services.promotions import PromotionInput, check_promotion, promotion_row
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PriceListRow:
    """A price list; ``state`` is draft, planned, in force or ended on the day asked."""

    id: int
    code: str
    name: str
    state: str
    valid_from: date | None
    valid_to: date | None
    is_default: bool
    replaces: str
    note: str
    prices: int
    customers: int


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A price or discount of a list, with the version before it and the cost for comparison."""

    id: int
    product_id: int
    sku: str
    product: str
    category: str
    price_per: int
    base_unit: str
    packaging_id: int | None
    minimum_quantity: int
    price_e4: int | None
    discount_bp: int | None
    valid_from: date | None
    valid_to: date | None
    before_e4: int | None
    cost_e4: int | None


@dataclass(frozen=True, slots=True)
class PromotionLine:
    """A promotion with what it says in words; ``state`` is planned, running or ended."""

    id: int
    code: str
    name: str
    kind: str
    state: str
    valid_from: date
    valid_to: date
    words: str
    segment: str
    product_id: int | None
    category_id: int | None
    discount_bp: int | None
    buy_quantity: int | None
    free_quantity: int | None
    minimum_quantity: int
    rule: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CostLine:
    """A product's cost now and to come (1e-4), and its price in the company's own list."""

    product_id: int
    sku: str
    product: str
    category: str
    cost_e4: int | None
    since: date | None
    before_e4: int | None
    next_e4: int | None
    next_from: date | None
    price_e4: int | None


@dataclass(frozen=True, slots=True)
class AgreedLine:
    """A price agreed with a customer."""

    id: int
    account_id: int
    customer: str
    product_id: int
    sku: str
    product: str
    minimum_quantity: int
    price_e4: int
    list_e4: int | None
    valid_from: date | None
    valid_to: date | None
    reason: str


_LISTS = """
SELECT l.id, l.code, l.name, l.status, l.valid_from, l.valid_to, l.is_default,
       coalesce(b.name || ' ' || b.code, '') replaces, coalesce(l.note, '') note,
       (SELECT count(*) FROM price_rule r WHERE r.price_list_id = l.id) prices,
       (SELECT count(*) FROM account a WHERE a.price_list_id = l.id) customers
FROM price_list l LEFT JOIN price_list b ON b.uid = l.replaces_uid
WHERE NOT (l.status = 'retired' AND l.valid_from IS NULL AND l.replaces_uid IS NOT NULL)
ORDER BY l.name, coalesce(l.valid_from, '9999') DESC, l.id DESC
"""
_RULES = """
SELECT r.id, r.product_id, p.sku, p.name product, coalesce(c.name, '') category, p.price_per,
       p.base_unit, r.packaging_id, r.minimum_quantity, r.price_e4, r.discount_bp, r.valid_from,
       r.valid_to,
       (SELECT o.price_e4 FROM price_rule o JOIN price_list l ON l.id = :list
        JOIN price_list b ON b.uid = l.replaces_uid WHERE o.price_list_id = b.id
        AND o.product_id = r.product_id AND o.minimum_quantity = r.minimum_quantity
        AND o.price_e4 IS NOT NULL AND (o.valid_from IS NULL OR o.valid_from <= :day)
        ORDER BY o.valid_from DESC, o.uid DESC LIMIT 1) before_e4,
       (SELECT v.cost_e4 FROM cost_version v WHERE v.product_id = r.product_id
        AND v.valid_from <= :day ORDER BY v.valid_from DESC, v.cost_e4 DESC LIMIT 1) cost_e4
FROM price_rule r JOIN product p ON p.id = r.product_id LEFT JOIN category c ON c.id = p.category_id
WHERE r.price_list_id = :list AND (r.valid_to IS NULL OR r.valid_to >= :day)
ORDER BY p.sku, r.minimum_quantity, r.valid_from, r.id
"""
_COSTS = """
SELECT p.id, p.sku, p.name, coalesce(c.name, ''),
  (SELECT v.cost_e4 FROM cost_version v WHERE v.product_id = p.id AND v.valid_from <= :day
   ORDER BY v.valid_from DESC, v.cost_e4 DESC LIMIT 1),
  (SELECT max(v.valid_from) FROM cost_version v WHERE v.product_id = p.id AND v.valid_from <= :day),
  (SELECT v.cost_e4 FROM cost_version v WHERE v.product_id = p.id AND v.valid_from <= :day
   ORDER BY v.valid_from DESC, v.cost_e4 DESC LIMIT 1 OFFSET 1),
  (SELECT v.cost_e4 FROM cost_version v WHERE v.product_id = p.id AND v.valid_from > :day
   ORDER BY v.valid_from, v.cost_e4 LIMIT 1),
  (SELECT min(v.valid_from) FROM cost_version v WHERE v.product_id = p.id AND v.valid_from > :day),
  (SELECT r.price_e4 FROM price_rule r WHERE r.price_list_id = :list AND r.product_id = p.id
   AND r.price_e4 IS NOT NULL AND (r.valid_from IS NULL OR r.valid_from <= :day)
   AND (r.valid_to IS NULL OR r.valid_to >= :day)
   ORDER BY r.minimum_quantity, r.valid_from DESC, r.uid DESC LIMIT 1)
FROM product p LEFT JOIN category c ON c.id = p.category_id WHERE p.status = 'active'
ORDER BY p.sku
"""
_AGREED = """
SELECT r.id, r.account_id, a.name, r.product_id, p.sku, p.name, r.minimum_quantity, r.price_e4,
       (SELECT o.price_e4 FROM price_rule o WHERE o.price_list_id = a.price_list_id
        AND o.product_id = r.product_id AND o.price_e4 IS NOT NULL
        AND (o.valid_from IS NULL OR o.valid_from <= :day)
        AND (o.valid_to IS NULL OR o.valid_to >= :day)
        ORDER BY o.minimum_quantity, o.valid_from DESC LIMIT 1),
       r.valid_from, r.valid_to, coalesce(r.reason, '')
FROM account_price r JOIN account a ON a.id = r.account_id JOIN product p ON p.id = r.product_id
WHERE (r.valid_to IS NULL OR r.valid_to >= :day)
ORDER BY a.name, p.sku, r.minimum_quantity
"""


def price_list_rows(ws: Workspace) -> list[PriceListRow]:
    """All lists, versions of one beside each other, the newest first."""
    today = ws.today()
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(_LISTS).all()
    return [
        PriceListRow(
            r.id, r.code, r.name, _list_state(r, today), _day(r.valid_from), _day(r.valid_to),
            bool(r.is_default), r.replaces, r.note, r.prices, r.customers,
        )
        for r in rows
    ]  # fmt: skip


def rule_lines(ws: Workspace, list_id: int, *, text: str = "", most: int = 5_000) -> list[RuleLine]:
    """The prices and discounts of a list that hold today or later, by SKU and quantity."""
    keys = {"list": list_id, "day": ws.today().isoformat()}
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(_RULES, keys).all()
    return [
        RuleLine(*(*row[:11], _day(row[11]), _day(row[12]), row[13], row[14]))
        for row in rows
        if _matches(text, row[2], row[3], row[4])
    ][:most]


def promotion_lines(ws: Workspace) -> list[PromotionLine]:
    """All promotions: running, then to come, then ended."""
    today, currency = ws.today(), ws.currency
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        named = run(
            "SELECT lower(hex(uid)), name FROM product"
            " UNION ALL SELECT lower(hex(uid)), name FROM category"
        ).all()
        names: dict[str, str] = {row[0]: row[1] for row in named}
        rows = run(
            "SELECT o.*, nullif(lower(hex(p.uid)), '') product_uid,"
            " nullif(lower(hex(c.uid)), '') category_uid FROM promotion o"
            " LEFT JOIN product p ON p.id = o.product_id"
            " LEFT JOIN category c ON c.id = o.category_id ORDER BY o.valid_from DESC, o.code"
        ).all()
    found = []
    for r in rows:
        start, end = date.fromisoformat(r.valid_from), date.fromisoformat(r.valid_to)
        rule = None if r.rule is None else json.loads(r.rule)
        row = PromotionRow(
            r.code, r.name, r.kind, r.product_uid, r.category_uid, r.segment, r.discount_bp,
            r.buy_quantity, r.free_quantity, r.minimum_quantity, rule, start, end,
        )  # fmt: skip
        words = promotion_words(row, lambda uid: names.get(uid, "?"), currency)
        state = "planned" if start > today else "ended" if end < today else "running"
        found.append(
            PromotionLine(
                r.id, r.code, r.name, r.kind, state, start, end, words, r.segment or "",
                r.product_id, r.category_id, r.discount_bp, r.buy_quantity, r.free_quantity,
                r.minimum_quantity, rule,
            )
        )  # fmt: skip
    order = {"running": 0, "planned": 1, "ended": 2}
    return sorted(found, key=lambda one: order[one.state])


def cost_lines(ws: Workspace, *, text: str = "", most: int = 5_000) -> list[CostLine]:
    """Active products with their costs and the company's own list price."""
    from crmdesk.services.prices import price_lists

    today = ws.today()
    with ws.database.read() as connection:
        lists, ids = price_lists(connection)
        own = lists.in_force(None, today)
        keys = {"day": today.isoformat(), "list": None if own is None else ids[own.uid]}
        rows = connection.exec_driver_sql(_COSTS, keys).all()
    return [
        CostLine(*(*r[:5], _day(r[5]), r[6], r[7], _day(r[8]), r[9]))
        for r in rows
        if _matches(text, r[1], r[2], r[3])
    ][:most]


def agreed_lines(ws: Workspace, *, text: str = "", most: int = 2_000) -> list[AgreedLine]:
    """Prices agreed with customers that hold today or later."""
    keys = {"day": ws.today().isoformat()}
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(_AGREED, keys).all()
    return [
        AgreedLine(*(*r[:9], _day(r[9]), _day(r[10]), r[11]))
        for r in rows
        if _matches(text, r[2], r[4], r[5])
    ][:most]


def category_names(ws: Workspace) -> list[tuple[int, str]]:
    """Categories that products are in, by name."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, name FROM category WHERE id IN (SELECT category_id FROM product)"
            " ORDER BY name"
        ).all()
    return [(int(key), str(name)) for key, name in rows]


def segment_names(ws: Workspace) -> list[str]:
    """The segments customers are in."""
    with ws.database.read() as connection:
        rows: Sequence[Any] = (
            connection.exec_driver_sql(
                "SELECT DISTINCT segment FROM account WHERE segment IS NOT NULL ORDER BY 1"
            )
            .scalars()
            .all()
        )
    return [str(one) for one in rows]


def product_by_text(ws: Workspace, text: str) -> tuple[int, str, str, str] | None:
    """The product a SKU or the beginning of a name means: id, uid in hex, SKU, name."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT id, lower(hex(uid)), sku, name FROM product WHERE sku = :text"
            " OR instr(lower(name), lower(:text)) > 0 ORDER BY sku = :text DESC,"
            " status = 'active' DESC, name LIMIT 1",
            {"text": text.strip()},
        ).first()
    return None if row is None or not text.strip() else (row[0], row[1], row[2], row[3])


def _list_state(row: Any, today: date) -> str:
    start, end = _day(row.valid_from), _day(row.valid_to)
    if row.status == "draft":
        return "draft"
    if start is not None and start > today:
        return "planned"
    return "ended" if end is not None and end < today else "in force"


def _matches(text: str, *words: str) -> bool:
    """Whether every word typed is in one of these; here, for SQL knows only Latin capitals."""
    said = " ".join(words).casefold()
    return all(part in said for part in text.casefold().split())


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


_CODED = {("price_list", "code"), ("category", "code"), ("account", "code"), ("product", "sku")}


def id_of(ws: Workspace, name: str, column: str, value: str) -> int | None:
    """The local id of a price list, category or customer by its code, of a product by its SKU."""
    if (name, column) not in _CODED:
        raise KeyError(name)
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            f"SELECT id FROM {name} WHERE {column} = ?",
            (value,),
        ).scalar()
    return None if found is None else int(found)


def account_by_text(ws: Workspace, text: str) -> tuple[int, str] | None:
    """The customer a code, or else the beginning of a name, means: id and name."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, code, name FROM account").all()
    wanted = text.strip().casefold()
    if not wanted:
        return None
    for matches in (
        [row for row in rows if row[1].casefold() == wanted],
        [row for row in rows if row[2].casefold() == wanted],
        [row for row in rows if row[2].casefold().startswith(wanted)],
    ):
        if matches:
            return int(matches[0][0]), str(matches[0][2])
    return None


def uid_of(ws: Workspace, name: str, key: int) -> str:
    """The uid of a product or category in hex."""
    query = {"product": "SELECT uid FROM product", "category": "SELECT uid FROM category"}[name]
    with ws.database.read() as connection:
        found: bytes = connection.exec_driver_sql(f"{query} WHERE id = ?", (key,)).scalar_one()
    return found.hex()


def uid_names(ws: Workspace) -> dict[str, str]:
    """SKUs of products and names of categories by uid in hex, as they are typed."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT lower(hex(uid)), sku FROM product"
            " UNION ALL SELECT lower(hex(uid)), name FROM category"
        ).all()
    return {row[0]: row[1] for row in rows}


def subject_text(ws: Workspace, product_id: int | None, category_id: int | None) -> str:
    """What a promotion is about as it is typed: a SKU or a category's name."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        if product_id is not None:
            found = run("SELECT sku FROM product WHERE id = ?", (product_id,)).scalar()
        else:
            found = run("SELECT name FROM category WHERE id = ?", (category_id,)).scalar()
    return str(found or "")


def promotion_preview(
    ws: Workspace, wanted: PromotionInput, promotion_id: int | None = None
) -> str:
    """What a promotion that is being typed says; FieldError for what HQ would refuse."""
    with ws.database.read() as connection:
        check_promotion(connection, wanted, promotion_id)
        row = promotion_row(connection, wanted)
        named = connection.exec_driver_sql(
            "SELECT lower(hex(uid)), name FROM product"
            " UNION ALL SELECT lower(hex(uid)), name FROM category"
        ).all()
    names: dict[str, str] = {one[0]: one[1] for one in named}
    return promotion_words(row, lambda uid: names.get(uid, "?"), ws.currency)


def promotion_input(ws: Workspace, promotion_id: int) -> PromotionInput:
    """A stored promotion as it would be typed; NotFound when it is no longer here."""
    row = next((one for one in promotion_lines(ws) if one.id == promotion_id), None)
    if row is None:
        raise NotFound(_("This promotion is no longer here."))
    return PromotionInput(
        row.code, row.name, row.kind, row.valid_from, row.valid_to, row.product_id,
        row.category_id, row.segment or None, row.discount_bp, row.buy_quantity,
        row.free_quantity, row.minimum_quantity, row.rule,
    )  # fmt: skip
