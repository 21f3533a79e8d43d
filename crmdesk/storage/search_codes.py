"""Rows by the very number or code that was typed: they stand before all else that a search finds.

Owns which columns are such codes; each of them has an index, so that asking costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

# For each kind: the query giving the ids of the rows whose code is one of the writings.
_CODES = {
    "account": "SELECT id FROM account WHERE code IN ({})",
    "product": (
        "SELECT id FROM product WHERE sku IN ({0}) UNION"
        " SELECT product_id FROM packaging WHERE gtin IN ({0})"
    ),
    "order": "SELECT id FROM sales_order WHERE number IN ({})",
    "quote": "SELECT id FROM quote WHERE number IN ({}) ORDER BY version DESC",
    "return_request": "SELECT id FROM return_request WHERE number IN ({})",
    "invoice": "SELECT id FROM invoice WHERE number IN ({})",
    "ticket": "SELECT id FROM ticket WHERE number IN ({})",
}
_WRITINGS = "?1, ?2, ?3"


def with_code(
    connection: Connection, text: str, kinds: Collection[str] = ()
) -> list[tuple[str, int]]:
    """(kind, id) of the rows of some kinds, or of all, whose number or code is the text.

    In the text's own letters, in capitals or in small ones.
    """
    typed = text.strip()
    if not typed:
        return []
    writings = (typed, typed.upper(), typed.lower())
    found: list[tuple[str, int]] = []
    for kind, query in _CODES.items():
        if not kinds or kind in kinds:
            cursor = connection.connection.cursor()
            rows = cursor.execute(query.format(_WRITINGS), writings)
            found += [(kind, int(key)) for (key,) in rows]
            cursor.close()
    return found
