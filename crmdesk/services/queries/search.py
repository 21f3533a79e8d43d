"""What a search shows: hits of the index with their titles read from the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crmdesk.services.workspace import Workspace
from crmdesk.storage import search as index

_TITLES = {
    "account": "SELECT id, name, code, coalesce(city, ''), id FROM account",
    "contact": (
        "SELECT c.id, c.name, a.code, a.name, a.id FROM contact c JOIN account a ON"
        " a.id = c.account_id"
    ),
    "product": "SELECT id, name, sku, coalesce(brand, ''), NULL FROM product",
    "order": (
        "SELECT o.id, o.number, o.status, a.name, a.id FROM sales_order o JOIN account a ON"
        " a.id = o.account_id"
    ),
    "quote": (
        "SELECT q.id, q.number, q.status, a.name, a.id FROM quote q JOIN account a ON"
        " a.id = q.account_id"
    ),
    "ticket": (
        "SELECT t.id, t.subject, t.number, a.name, a.id FROM ticket t JOIN account a ON"
        " a.id = t.account_id"
    ),
    "note": (
        "SELECT n.id, substr(n.text, 1, 80), n.date, a.name, a.id FROM note n JOIN account a ON"
        " a.id = n.account_id"
    ),
}
_ALIAS = {"account": "", "contact": "c.", "product": "", "order": "o.", "quote": "q.",
          "ticket": "t.", "note": "n."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One hit: what it is, its title, its code or number, where it belongs."""

    kind: str
    id: int
    title: str
    code: str
    detail: str
    account_id: int | None


def find(
    ws: Workspace, text: str, *, kinds: Iterable[str] = (), limit: int = 30
) -> tuple[FoundRow, ...]:
    """The best hits for a text, best first; empty for a text without words."""
    with ws.database.read() as connection:
        hits = index.find(connection, text, kinds=kinds, limit=limit)
        found: dict[tuple[str, int], FoundRow] = {}
        for kind in {hit.kind for hit in hits}:
            keys = ",".join(str(hit.id) for hit in hits if hit.kind == kind)
            query = f"{_TITLES[kind]} WHERE {_ALIAS[kind]}id IN ({keys})"
            for row in connection.exec_driver_sql(query):
                found[(kind, row[0])] = FoundRow(kind, row[0], row[1], row[2], row[3], row[4])
    return tuple(found[(hit.kind, hit.id)] for hit in hits if (hit.kind, hit.id) in found)
