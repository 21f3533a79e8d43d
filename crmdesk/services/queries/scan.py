"""A product by its scanned barcode: the packaging with that GTIN, or the SKU typed as it is.

Owns finding; what is said where nothing is found, and adding to an order, are left to others.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from crmdesk.domain.barcodes import read_scan, written_forms
from crmdesk.storage.tables import table

_product, _packaging = table("product"), table("packaging")


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan stands for. ``code`` is ok, unknown, check-digit, no-code or delisted.

    ``weight`` is in base units, from the barcode of weighed goods.
    """

    code: str
    product_id: int = 0
    name: str = ""
    packaging_id: int | None = None
    weight: int | None = None


def scanned_product(connection: Connection, text: str) -> Scanned:
    """Find what was scanned: by GTIN with or without leading zeros, else by exact SKU or code.

    Of several packagings with one GTIN an active product's sellable, smallest one counts.
    """
    scan = read_scan(text)
    typed = text.strip()
    forms = [typed, *(written_forms(scan.gtin) if scan.gtin else ())]
    query = (
        select(_packaging.c.id, _product.c.id, _product.c.name, _product.c.status)
        .select_from(_packaging.join(_product, _product.c.id == _packaging.c.product_id))
        .where(_packaging.c.gtin.in_(forms))
        .order_by(
            _product.c.status != "active", ~_packaging.c.sellable, _packaging.c.factor,
            _packaging.c.id,
        )
    )  # fmt: skip
    row = connection.execute(query).first() if typed else None
    if row is not None:
        return Scanned(_known(row[3]), row[1], row[2], row[0], scan.weight_g)
    by_sku = (
        select(_product.c.id, _product.c.name, _product.c.status)
        .where(func.lower(_product.c.sku) == typed.lower())
        .limit(1)
    )
    found = connection.execute(by_sku).first() if typed else None
    if found is not None:
        return Scanned(_known(found[2]), found[0], found[1], _smallest(connection, found[0]))
    return Scanned({"ok": "unknown", "no-gtin": "no-code"}.get(scan.code, scan.code))


def _known(status: str) -> str:
    return "ok" if status == "active" else "delisted"


def _smallest(connection: Connection, product_id: int) -> int | None:
    query = (
        select(_packaging.c.id)
        .where(_packaging.c.product_id == product_id, _packaging.c.sellable)
        .order_by(_packaging.c.factor, _packaging.c.id)
        .limit(1)
    )
    found: int | None = connection.execute(query).scalar()
    return found
