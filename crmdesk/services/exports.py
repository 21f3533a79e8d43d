"""Exports: any of the main lists as columns and rows, with codes instead of keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from crmdesk.domain.errors import UserError
from crmdesk.domain.money import currency_exponent
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Export:
    """The heading and the rows of an export; the rows are read once."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


# Columns ending in _minor or _e4 leave as major units, written exactly.
_QUERIES = {
    "accounts": (
        "SELECT a.code, a.name, a.tax_id, a.class, a.channel, a.segment, a.status, a.street,"
        " a.city, a.postcode, a.region, a.country, a.latitude, a.longitude, t.code AS territory,"
        " m.code AS attention_model, s.last_on AS last_order, s.net_12m_minor,"
        " s.open_minor FROM account a LEFT JOIN territory t ON t.id = a.territory_id"
        " LEFT JOIN attention_model m ON m.id = a.attention_model_id"
        " LEFT JOIN summary_account s ON s.account_id = a.id ORDER BY a.code"
    ),
    "contacts": (
        "SELECT a.code AS account, c.name, c.job, (SELECT value FROM contact_point p WHERE"
        " p.contact_id = c.id AND p.kind = 'phone' LIMIT 1) AS phone, (SELECT value FROM"
        " contact_point p WHERE p.contact_id = c.id AND p.kind = 'email' LIMIT 1) AS email"
        " FROM contact c JOIN account a ON a.id = c.account_id"
        " WHERE c.erased_at IS NULL ORDER BY a.code, c.position"
    ),
    "products": (
        "SELECT p.sku, p.name, p.brand, c.name AS category, p.base_unit, p.price_per, p.status,"
        " p.description FROM product p LEFT JOIN category c ON c.id = p.category_id ORDER BY p.sku"
    ),
    "packagings": (
        "SELECT p.sku, k.unit, k.factor, k.gtin, k.sellable, k.minimum, k.multiple"
        " FROM packaging k JOIN product p ON p.id = k.product_id ORDER BY p.sku, k.factor"
    ),
    "prices": (
        "SELECT l.code AS price_list, p.sku, r.minimum_quantity, r.price_e4, r.discount_bp,"
        " r.valid_from, r.valid_to FROM price_rule r JOIN price_list l ON l.id = r.price_list_id"
        " JOIN product p ON p.id = r.product_id ORDER BY l.code, p.sku, r.minimum_quantity"
    ),
    "sales": (
        "SELECT a.code AS account, p.sku, s.date, l.base_quantity AS quantity,"
        " upper(p.base_unit) AS unit, l.net_minor, l.cost_minor AS line_cost_minor, s.document,"
        " p.name AS description FROM sale s"
        " JOIN account a ON a.id = s.account_id JOIN sale_line l ON l.parent_id = s.id"
        " JOIN product p ON p.id = l.product_id ORDER BY s.date, s.id, l.position"
    ),
    "orders": (
        "SELECT o.number, a.code AS account, a.name AS customer, o.status, o.order_date,"
        " o.delivery_date, o.net_minor, o.tax_minor, o.total_minor FROM sales_order o"
        " JOIN account a ON a.id = o.account_id ORDER BY o.order_date, o.number"
    ),
    "visits": (
        "SELECT a.code AS account, u.code AS user, v.date, v.started_at, v.ended_at, v.mode,"
        " v.outcome, r.name AS reason, v.note FROM visit v JOIN account a ON a.id = v.account_id"
        " JOIN app_user u ON u.id = v.user_id LEFT JOIN outcome_reason r ON r.id = v.reason_id"
        " ORDER BY v.date, v.id"
    ),
}
KINDS = tuple(_QUERIES)


@contextmanager
def export(ws: Workspace, kind: str) -> Iterator[Export]:
    """Open an export of a kind; UserError when there is no such kind."""
    query = _QUERIES.get(kind)
    if query is None:
        raise UserError(
            _("Nothing called {kind} can be exported.").format(kind=kind),
            _("Kinds are: {kinds}.").format(kinds=", ".join(KINDS)),
        )
    with ws.database.read() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(query)
        names = [column[0] for column in cursor.description]
        digits = currency_exponent(ws.currency)
        scales = [digits if n.endswith("_minor") else 4 if n.endswith("_e4") else 0 for n in names]
        heads = tuple(n.removesuffix("_minor").removesuffix("_e4") for n in names)
        try:
            yield Export(heads, _rows(cursor, scales))
        finally:
            cursor.close()


def _rows(cursor: Any, scales: list[int]) -> Iterator[tuple[Any, ...]]:
    while chunk := cursor.fetchmany(_CHUNK):
        for row in chunk:
            yield tuple(
                exact_decimal(value, scale) if scale and value is not None else value
                for value, scale in zip(row, scales, strict=True)
            )


def exact_decimal(value: int, digits: int) -> str:
    """An integer of so many decimal digits as its exact decimal text: 1234, 2 → ``12.34``."""
    whole, fraction = divmod(abs(value), 10**digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"
