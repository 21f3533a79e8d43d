"""Full-text search: one FTS5 index over customers, contacts, products, documents and notes.

Entries are written in the transaction of their row (the triggers mark, :func:`refresh` writes).
Each word is indexed as written and in Latin letters, so that Ivanov finds Иванов. A row of the
index is (kind, id) packed in its rowid; titles are read from the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from sqlalchemy import Connection

_SHIFT = 40
_AT_ONCE = 500
# FTS5's own default: so many segments of a level are joined.
_MERGE_FROM = 4
_CODES = {"account": 1, "contact": 2, "product": 3, "order": 4, "quote": 5, "ticket": 6, "note": 7}
_KINDS = {code: kind for kind, code in _CODES.items()}
_WORD = re.compile(r"\w+")

# For each kind: the query giving (id, strong words, weak words) of the rows asked for.
_SOURCES = {
    "account": (
        "SELECT id, name || ' ' || code, coalesce(city,'') || ' ' || coalesce(street,'') || ' '"
        " || coalesce(tax_id,'') FROM account"
    ),
    "contact": (
        "SELECT id, name, coalesce(job,'') || ' ' || coalesce((SELECT group_concat(value, ' ')"
        " FROM contact_point p WHERE p.contact_id = contact.id), '') FROM contact"
    ),
    "product": (
        "SELECT id, name || ' ' || sku, coalesce(brand,'') || ' ' || coalesce((SELECT"
        " group_concat(gtin, ' ') FROM packaging p WHERE p.product_id = product.id), '')"
        " FROM product"
    ),
    "order": "SELECT id, number, coalesce(customer_reference,'') FROM sales_order",
    "quote": "SELECT id, number, coalesce(title,'') FROM quote",
    "ticket": "SELECT id, number || ' ' || subject, '' FROM ticket",
    "note": "SELECT id, '', text FROM note",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found: its kind, local id and rank (smaller is better)."""

    kind: str
    id: int
    rank: float


def create_search_tables(connection: Connection) -> None:
    """Make the index in a new file."""
    connection.exec_driver_sql(
        "CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='',"
        " contentless_delete=1, prefix='2 3', tokenize='unicode61 remove_diacritics 2')"
    )


def forget_deleted(connection: Connection) -> None:
    """Take the words of deleted entries out: they stay in segments until these are joined."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('optimize')")


def _latin(text: str) -> str:
    if text.isascii():
        return text
    latin = [_word_in_latin(word) for word in text.split() if not word.isascii()]
    return " ".join([text, *latin])


@lru_cache(maxsize=20_000)
def _word_in_latin(word: str) -> str:
    return anyascii(word)


@contextmanager
def _merging_later(connection: Connection) -> Iterator[None]:
    """Leave joining the index's segments to the small writes that follow.

    With every page it writes FTS5 merges some older ones; for thousands of entries at once that
    takes several times as long as the entries.
    """
    command = "INSERT INTO search_index(search_index, rank) VALUES ('automerge', ?)"
    connection.exec_driver_sql(command, (0,))
    yield
    connection.exec_driver_sql(command, (_MERGE_FROM,))


def rebuild(connection: Connection) -> int:
    """Index everything anew; returns the number of entries."""
    connection.exec_driver_sql("INSERT INTO search_index(search_index) VALUES ('delete-all')")
    with _merging_later(connection):
        return sum(_write(connection, kind, source) for kind, source in _SOURCES.items())


def _write(connection: Connection, kind: str, query: str) -> int:
    offset = _CODES[kind] << _SHIFT
    cursor = connection.connection.cursor()
    cursor.execute(query)
    values = [(offset + key, _latin(title), _latin(body)) for key, title, body in cursor.fetchall()]
    cursor.executemany("INSERT INTO search_index(rowid, title, body) VALUES (?, ?, ?)", values)
    cursor.close()
    return len(values)


def refresh(connection: Connection, kind: str, ids: Iterable[int]) -> None:
    """Write the entries of these rows anew and drop those whose row is gone."""
    offset = _CODES[kind] << _SHIFT
    every = sorted(int(key) for key in ids)
    with _merging_later(connection) if len(every) > _AT_ONCE else nullcontext():
        for start in range(0, len(every), _AT_ONCE):
            keys = every[start : start + _AT_ONCE]
            rowids = ",".join(str(offset + key) for key in keys)
            connection.exec_driver_sql(f"DELETE FROM search_index WHERE rowid IN ({rowids})")
            _write(connection, kind, f"{_SOURCES[kind]} WHERE id IN ({','.join(map(str, keys))})")


def match_expression(text: str) -> str:
    """The FTS5 expression for what a person typed: every word as a prefix, in both alphabets.

    Empty when there is no word in it. Words are quoted, so nothing typed is read as syntax.
    """
    parts = []
    for word in _WORD.findall(text):
        forms = dict.fromkeys((word, *_WORD.findall(anyascii(word))))
        parts.append("(" + " OR ".join(f'"{form}"*' for form in forms) + ")")
    return " AND ".join(parts)


def find(
    connection: Connection, text: str, *, kinds: Iterable[str] = (), limit: int = 30
) -> list[Hit]:
    """The best entries for the text, best first; title words weigh more than others."""
    expression = match_expression(text)
    if not expression:
        return []
    wanted = [_CODES[kind] for kind in kinds]
    within = ""
    if wanted:
        spans = " OR ".join(
            f"rowid BETWEEN {code << _SHIFT} AND {((code + 1) << _SHIFT) - 1}" for code in wanted
        )
        within = f" AND ({spans})"
    short = max(len(word) for word in _WORD.findall(text)) < 3
    order = "rowid" if short else "bm25(search_index, 8.0, 1.0)"
    rows = connection.exec_driver_sql(
        f"SELECT rowid, {'0.0' if short else order} FROM search_index"
        f" WHERE search_index MATCH ?{within} ORDER BY {order} LIMIT ?",
        (expression, limit),
    ).all()
    mask = (1 << _SHIFT) - 1
    return [Hit(_KINDS[key >> _SHIFT], key & mask, float(rank)) for key, rank in rows]
