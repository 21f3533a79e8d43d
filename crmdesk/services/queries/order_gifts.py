"""Gifts that an order has earned and does not hold yet.

Owns putting names to what :mod:`crmdesk.domain.order_pricing` finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from crmdesk.domain.order_pricing import AskedLine, unclaimed_gifts
from crmdesk.services.prices import Terms, read_rules
from crmdesk.storage.tables import table

_product = table("product")


@dataclass(frozen=True, slots=True)
class GiftRow:
    """Units of a product that would cost nothing if they were put on the order."""

    offer: str
    product: str
    quantity: int
    product_id: int = 0


def unclaimed(
    connection: Connection, terms: Terms, lines: Mapping[int, int], currency: str
) -> tuple[GiftRow, ...]:
    """Gifts for an order of these products (base units by id) that it has a right to."""
    known = read_rules(connection, terms, lines.keys(), currency)
    asked = [AskedLine(known.uids[product], quantity) for product, quantity in lines.items()]
    found = unclaimed_gifts(asked, known.rules)
    if not found:
        return ()
    ids = [known.ids[gift.product] for gift in found]
    query = select(_product.c.id, _product.c.name).where(
        _product.c.id.in_(ids), _product.c.status == "active"
    )
    names = {row.id: row.name for row in connection.execute(query)}
    return tuple(
        GiftRow(gift.name, names[key], gift.quantity, key)
        for gift, key in zip(found, ids, strict=True)
        if key in names
    )
