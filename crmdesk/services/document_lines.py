"""Lines of a draft order or quote: packs put on it, and the whole priced after each change.

Owns rows of ``order_line`` and ``quote_line`` and the totals of their documents. What things cost
is :mod:`crmdesk.domain.order_pricing`; when lines may change is the commands' of the document
(:mod:`crmdesk.services.orders`, :mod:`crmdesk.services.quotes`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.money import discounted_price_e4
from crmdesk.domain.order_pricing import (
    NO_PRICE,
    AskedLine,
    PricedLine,
    price_order,
    reason_document,
)
from crmdesk.domain.packaging import Pack, fit_packs, is_weighed, to_base
from crmdesk.domain.pricing import Price, base_price
from crmdesk.domain.quote_rules import QuotedLine, quoted_price
from crmdesk.i18n import _
from crmdesk.services.prices import KnownRules, Terms, last_paid, read_rules
from crmdesk.services.quoted_prices import quoted_lines
from crmdesk.storage.types import dump_json

MAX_PACKS = 1_000_000
MAX_WEIGHED = 10**9


@dataclass(frozen=True, slots=True)
class LineInput:
    """What a person sets on a line: so many packs of a packaging of a product.

    ``packaging_id`` None is the base unit. ``suggested`` is the suggestion in base units.
    ``weighed_quantity`` is what the packs of a weighed product really come to, in base units.
    """

    product_id: int
    packaging_id: int | None
    packs: int
    suggested: int | None = None
    weighed_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentLines:
    """One kind of document with priced lines: its table and the table of its lines."""

    table: str
    line_table: str

    def read(self, connection: Connection, document_id: int) -> list[LineInput]:
        """The lines of a document as they were put in."""
        rows = connection.exec_driver_sql(
            "SELECT product_id, packaging_id, quantity, suggested_quantity, CASE WHEN base_quantity"
            f" <> quantity * factor THEN base_quantity END FROM {self.line_table}"
            " WHERE parent_id = ? ORDER BY position",
            (document_id,),
        )
        return [LineInput(int(p), k, int(n), s, w) for p, k, n, s, w in rows]

    def put(self, connection: Connection, document_id: int, line: LineInput) -> None:
        """Put a line on a draft, change it, or take it off (no packs); :meth:`reprice` follows."""
        run, lines = connection.exec_driver_sql, self.line_table
        if line.packs == 0:
            run(
                f"DELETE FROM {lines} WHERE parent_id = ? AND product_id = ?",
                (document_id, line.product_id),
            )
            return
        pack, base_unit = _packaging(connection, line)
        packs = fit_packs(line.packs, pack).packs
        base = to_base(packs, pack.factor)
        if line.weighed_quantity is not None and is_weighed(base_unit):
            packs, base = line.packs, min(line.weighed_quantity, MAX_WEIGHED)
        found = run(
            f"SELECT position, suggested_quantity FROM {lines}"
            " WHERE parent_id = ? AND product_id = ?",
            (document_id, line.product_id),
        ).first()
        suggested = line.suggested if line.suggested is not None else (found[1] if found else None)
        values = (line.packaging_id, pack.unit, packs, pack.factor, base, suggested)
        if found is not None:
            run(
                f"UPDATE {lines} SET packaging_id = ?, unit = ?, quantity = ?, factor = ?,"
                " base_quantity = ?, suggested_quantity = ? WHERE parent_id = ? AND position = ?",
                (*values, document_id, found[0]),
            )
            return
        run(
            f"INSERT INTO {lines} (parent_id, position, product_id, packaging_id, unit, quantity,"
            " factor, base_quantity, suggested_quantity) SELECT ?, coalesce(max(position), 0) + 1,"
            f" ?, ?, ?, ?, ?, ?, ? FROM {lines} WHERE parent_id = ?",
            (document_id, line.product_id, *values, document_id),
        )

    def set_discount(
        self, connection: Connection, document_id: int, product_id: int, discount_bp: int, why: str
    ) -> None:
        """Give a line a discount of one's own off the list price; 0 lets the rules decide again.

        ``why`` is kept with the price. :meth:`reprice` follows.
        """
        reason = dump_json({"code": "manual", "why": why}) if discount_bp else None
        row = connection.exec_driver_sql(
            f"SELECT list_price_e4 FROM {self.line_table} WHERE parent_id = ? AND product_id = ?",
            (document_id, product_id),
        ).first()
        if row is None:
            raise NotFound(_("This line is no longer here."))
        net = discounted_price_e4(int(row[0]), discount_bp)
        connection.exec_driver_sql(
            f"UPDATE {self.line_table} SET net_price_e4 = ?, discount_bp = ?, price_reason = ?"
            " WHERE parent_id = ? AND product_id = ?",
            (net, discount_bp, reason, document_id, product_id),
        )

    def reprice(self, connection: Connection, document_id: int, terms: Terms) -> None:
        """Price the whole draft and write what has changed, with its totals."""
        run = connection.exec_driver_sql
        currency = str(
            run(f"SELECT currency FROM {self.table} WHERE id = ?", (document_id,)).scalar_one()
        )
        rows = run(
            "SELECT position, product_id, base_quantity, list_price_e4, discount_bp, net_price_e4,"
            f" price_reason, net_minor, tax_bp, tax_minor, cost_minor FROM {self.line_table}"
            " WHERE parent_id = ? ORDER BY position",
            (document_id,),
        ).all()
        known = read_rules(connection, terms, [row[1] for row in rows], currency)
        quoted = quoted_lines(connection, document_id) if self is ORDER_LINES else {}
        asked = [
            _quoted(row, known, quoted, currency) or _asked(connection, row, known, terms, currency)
            for row in rows
        ]
        priced = price_order(asked, known.rules)
        for row, line in zip(rows, priced.lines, strict=True):
            values = _columns(line)
            if values != tuple(row[3:]):
                run(
                    f"UPDATE {self.line_table} SET list_price_e4 = ?, discount_bp = ?,"
                    " net_price_e4 = ?, price_reason = ?, net_minor = ?, tax_bp = ?,"
                    " tax_minor = ?, cost_minor = ? WHERE parent_id = ? AND position = ?",
                    (*values, document_id, row[0]),
                )
        run(
            f"UPDATE {self.table} SET net_minor = ?, discount_minor = ?, tax_minor = ?,"
            " total_minor = ?, cost_minor = ? WHERE id = ?",
            (
                priced.net_minor, priced.discount_minor, priced.tax_minor, priced.total_minor,
                priced.cost_minor, document_id,
            ),
        )  # fmt: skip

    def unpriced(self, connection: Connection, document_id: int) -> str | None:
        """The name of the first product on it without any price; None when all have one."""
        found = connection.exec_driver_sql(
            f"SELECT p.name FROM {self.line_table} l JOIN product p ON p.id = l.product_id"
            " WHERE l.parent_id = ? AND json_extract(l.price_reason, '$.code') = 'none'"
            " ORDER BY l.position LIMIT 1",
            (document_id,),
        ).scalar()
        return None if found is None else str(found)


ORDER_LINES = DocumentLines("sales_order", "order_line")
QUOTE_LINES = DocumentLines("quote", "quote_line")


def _quoted(
    row: Any, known: KnownRules, quoted: Mapping[int, QuotedLine], currency: str
) -> AskedLine | None:
    """The line as it was agreed in the quote that the order is made of; None where it is not."""
    line = quoted.get(row[1])
    if line is None:
        return None
    uid, wanted = known.uids[row[1]], int(row[2])
    found = quoted_price(line, wanted, known.rules.products[uid].price_per, currency)
    return None if found is None else AskedLine(uid, wanted, *found)


def _asked(
    connection: Connection, row: Any, known: KnownRules, terms: Terms, currency: str
) -> AskedLine:
    uid = known.uids[row[1]]
    of = known.rules.products[uid]
    fixed = _kept(row[3], row[5], row[4], json.loads(row[6]) if row[6] else None)
    if fixed is None and base_price(int(row[2]), of.rules, of.agreed) is None:
        fixed = last_paid(connection, terms, row[1], of.price_per, currency) or NO_PRICE
    return AskedLine(uid, int(row[2]), fixed)


def _kept(listed: int, net: int, off: int, reason: object) -> Price | None:
    """The price of a line that a person has set by hand."""
    if isinstance(reason, dict) and reason.get("code") == "manual":
        return Price(listed, net, off, 0, reason)
    return None


def _columns(line: PricedLine) -> tuple[object, ...]:
    price, amounts = line.price, line.amounts
    return (
        price.list_price_e4, price.discount_bp, price.net_price_e4,
        dump_json(reason_document(line.reasons)), amounts.net_minor, line.tax_bp,
        amounts.tax_minor, amounts.cost_minor,
    )  # fmt: skip


def _packaging(connection: Connection, line: LineInput) -> tuple[Pack, str]:
    """The pack of a line, and the product's base unit."""
    unit = connection.exec_driver_sql(
        "SELECT base_unit FROM product WHERE id = ?", (line.product_id,)
    ).scalar()
    base_unit = str(unit or "EA")
    if line.packaging_id is None:
        return Pack(base_unit, 1), base_unit
    row = connection.exec_driver_sql(
        "SELECT unit, factor, minimum, multiple FROM packaging WHERE id = ? AND product_id = ?",
        (line.packaging_id, line.product_id),
    ).first()
    if row is None:
        raise FieldError("packaging", _("This product is not sold in that pack."))
    return Pack(str(row[0]), int(row[1]), int(row[2]), int(row[3])), base_unit
