"""What a search shows: hits of the index with their titles read from the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from crmdesk.services.workspace import Workspace
from crmdesk.storage import search as index

GROUPS = (
    "account", "contact", "product", "order", "quote", "return_request", "invoice", "opportunity",
    "lead", "ticket", "promise", "note",
)  # fmt: skip
"""Every kind that is searched, in the order in which a person reads what was found."""

# (id, title, code, where it belongs, account) of each kind; the row is called ``r``.
_OF_ACCOUNT = " JOIN account a ON a.id = r.account_id"
_TITLES = {
    "account": "SELECT r.id, r.name, r.code, coalesce(r.city, ''), r.id FROM account r",
    "contact": (
        f"SELECT r.id, r.name, coalesce(r.job, ''), a.name, a.id FROM contact r{_OF_ACCOUNT}"
    ),
    "product": "SELECT r.id, r.name, r.sku, coalesce(r.brand, ''), NULL FROM product r",
    "order": f"SELECT r.id, r.number, r.status, a.name, a.id FROM sales_order r{_OF_ACCOUNT}",
    "quote": f"SELECT r.id, r.number, r.status, a.name, a.id FROM quote r{_OF_ACCOUNT}",
    "ticket": f"SELECT r.id, r.subject, r.number, a.name, a.id FROM ticket r{_OF_ACCOUNT}",
    "note": (f"SELECT r.id, substr(r.text, 1, 80), r.date, a.name, a.id FROM note r{_OF_ACCOUNT}"),
    "return_request": (
        f"SELECT r.id, r.number, r.date, a.name, a.id FROM return_request r{_OF_ACCOUNT}"
    ),
    "opportunity": f"SELECT r.id, r.name, r.stage, a.name, a.id FROM opportunity r{_OF_ACCOUNT}",
    "lead": (
        "SELECT r.id, r.name, r.status, coalesce(r.company, ''), (SELECT a.id FROM account a"
        " WHERE a.uid = r.account_uid) FROM lead r"
    ),
    "promise": (
        f"SELECT r.id, r.text, coalesce(r.due_on, ''), a.name, a.id FROM promise r{_OF_ACCOUNT}"
    ),
    "invoice": f"SELECT r.id, r.number, r.status, a.name, a.id FROM invoice r{_OF_ACCOUNT}",
}


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One hit: what it is, its title, its code, state or day, where it belongs."""

    kind: str
    id: int
    title: str
    code: str
    detail: str
    account_id: int | None


def find(
    ws: Workspace,
    text: str,
    *,
    kinds: Iterable[str] = (),
    limit: int = 30,
    widen_below: int = 8,
) -> tuple[FoundRow, ...]:
    """The best hits for a text, best first; empty for a text without words.

    With fewer than ``widen_below`` also what was perhaps meant, behind the others.
    """
    with ws.database.read() as connection:
        return _titled(
            connection,
            index.find(connection, text, kinds=kinds, limit=limit, widen_below=widen_below),
        )


def find_of_each(
    ws: Workspace, text: str, *, each: int = 6, enough: int = 8
) -> tuple[FoundRow, ...]:
    """The best ``each`` hits of every kind, by kind in the order of :data:`GROUPS`.

    Kinds with something whose number or code the text is come first.
    """
    with ws.database.read() as connection:
        found = index.find_of_each(connection, text, GROUPS, each=each, enough=enough)
        kinds = sorted(GROUPS, key=lambda kind: not any(hit.is_exact for hit in found[kind]))
        return _titled(connection, [hit for kind in kinds for hit in found[kind]])


def titled(ws: Workspace, keys: Sequence[tuple[str, int]]) -> tuple[FoundRow, ...]:
    """Rows by (kind, id) as hits, in this order; those that are gone are left out."""
    with ws.database.read() as connection:
        return _titled(connection, [index.Hit(kind, key, 0.0) for kind, key in keys])


def _titled(connection: Connection, hits: Sequence[index.Hit]) -> tuple[FoundRow, ...]:
    found: dict[tuple[str, int], FoundRow] = {}
    for kind in {hit.kind for hit in hits}:
        keys = ",".join(str(hit.id) for hit in hits if hit.kind == kind)
        query = f"{_TITLES[kind]} WHERE r.id IN ({keys})"
        for row in connection.exec_driver_sql(query):
            found[(kind, row[0])] = FoundRow(kind, row[0], row[1], row[2], row[3], row[4])
    return tuple(found[(hit.kind, hit.id)] for hit in hits if (hit.kind, hit.id) in found)


def warm(ws: Workspace) -> None:
    """Read the words of names into memory, so that no search waits for that."""
    with ws.database.read() as connection:
        index.warm(connection)
