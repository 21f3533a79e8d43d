"""The full-text index: one FTS5 table over customers, people, products, documents, tasks and notes.

Entries are written in the transaction of their row (the triggers mark, :func:`refresh` writes).
Each word is indexed folded and in Latin letters, so that Ivanov finds Иванов; telephone numbers so
that any writing finds them. A row of the index is (kind, id) packed in its rowid. Finding is
:mod:`crmdesk.storage.search`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection

from crmdesk.storage import spelling, vocabulary

SHIFT = 40
"""A rowid is the kind's code, then so many bits of the id."""

_AT_ONCE = 500
# FTS5's own default: so many segments of a level are joined.
_MERGE_FROM = 4
CODES = {
    "account": 1, "contact": 2, "product": 3, "order": 4, "quote": 5, "ticket": 6, "note": 7,
    "return_request": 8, "opportunity": 9, "lead": 10, "promise": 11, "invoice": 12,
}  # fmt: skip
KINDS = {code: kind for kind, code in CODES.items()}
# Kinds whose titles are names, which are misspelt; numbers of documents are not.
_NAMED = frozenset({"account", "contact", "product", "opportunity", "lead", "ticket"})

# For each kind: the query giving (id, strong words, weak words, telephone numbers) of its rows.
_SOURCES = {
    "account": (
        "SELECT id, name || ' ' || code, coalesce(city,'') || ' ' || coalesce(street,'') || ' '"
        " || coalesce(tax_id,'') || ' ' || coalesce((SELECT group_concat(value, ' ') FROM"
        " custom_value v WHERE v.account_id = account.id), ''), '' FROM account"
    ),
    "contact": (
        "SELECT id, name, coalesce(job,'') || ' ' || coalesce((SELECT group_concat(value, ' ')"
        " FROM contact_point p WHERE p.contact_id = contact.id AND p.kind NOT IN ('phone',"
        " 'mobile')), ''), coalesce((SELECT group_concat(value, ';') FROM contact_point p"
        " WHERE p.contact_id = contact.id AND p.kind IN ('phone', 'mobile')), '') FROM contact"
    ),
    "product": (
        "SELECT id, name || ' ' || sku, coalesce(brand,'') || ' ' || coalesce((SELECT"
        " group_concat(gtin, ' ') FROM packaging p WHERE p.product_id = product.id), ''), ''"
        " FROM product"
    ),
    "order": "SELECT id, number, coalesce(customer_reference,''), '' FROM sales_order",
    "quote": "SELECT id, number, coalesce(title,''), '' FROM quote",
    "ticket": "SELECT id, number || ' ' || subject, coalesce(description,''), '' FROM ticket",
    "note": "SELECT id, '', text, '' FROM note",
    "return_request": "SELECT id, number, coalesce(note,''), '' FROM return_request",
    "opportunity": "SELECT id, name, coalesce(next_step,''), '' FROM opportunity",
    "lead": (
        "SELECT id, name || ' ' || coalesce(company,''), coalesce(city,'') || ' ' ||"
        " coalesce(email,''), coalesce(phone,'') FROM lead"
    ),
    "promise": "SELECT id, text, coalesce(note,''), '' FROM promise",
    "invoice": "SELECT id, number, '', '' FROM invoice",
}


def create_search_tables(connection: Connection) -> None:
    """Make the index in a new file."""
    connection.exec_driver_sql(
        "CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='',"
        " contentless_delete=1, prefix='2 3', tokenize='unicode61 remove_diacritics 2')"
    )
    create_vocabulary(connection)


def create_vocabulary(connection: Connection) -> None:
    """Make the table of words that titles are made of."""
    connection.exec_driver_sql(
        "CREATE TABLE search_word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE,"
        " sound TEXT NOT NULL)"
    )


def renew(connection: Connection) -> None:
    """Make the index of an upgraded profile anew, with what is searched by now."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS search_word")
    create_vocabulary(connection)
    rebuild(connection)


def forget_deleted(connection: Connection) -> None:
    """Take the words of deleted entries out: they stay in segments until these are joined."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('optimize')")
    vocabulary.empty(connection)
    for kind in _NAMED:
        cursor = connection.connection.cursor()
        cursor.execute(_SOURCES[kind])
        _learn(connection, (title for _key, title, _body, _phones in cursor.fetchall()))
        cursor.close()


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
    vocabulary.empty(connection)
    with _merging_later(connection):
        return sum(_write(connection, kind, source) for kind, source in _SOURCES.items())


def _write(connection: Connection, kind: str, query: str) -> int:
    offset = CODES[kind] << SHIFT
    cursor = connection.connection.cursor()
    cursor.execute(query)
    rows = cursor.fetchall()
    values = [
        (offset + key, spelling.indexed(title), _body(body, phones))
        for key, title, body, phones in rows
    ]
    cursor.executemany("INSERT INTO search_index(rowid, title, body) VALUES (?, ?, ?)", values)
    cursor.close()
    if kind in _NAMED:
        _learn(connection, (row[1] for row in rows))
    return len(values)


def _body(body: str, phones: str) -> str:
    words = spelling.indexed(body) if body else ""
    if not phones:
        return words
    return " ".join([words, *map(spelling.phone_forms, phones.split(";"))])


def _learn(connection: Connection, titles: Iterable[str]) -> None:
    vocabulary.add(connection, vocabulary.title_words(titles))


def refresh(connection: Connection, kind: str, ids: Iterable[int]) -> None:
    """Write the entries of these rows anew and drop those whose row is gone."""
    offset = CODES[kind] << SHIFT
    every = sorted(int(key) for key in ids)
    with _merging_later(connection) if len(every) > _AT_ONCE else nullcontext():
        for start in range(0, len(every), _AT_ONCE):
            keys = every[start : start + _AT_ONCE]
            rowids = ",".join(str(offset + key) for key in keys)
            connection.exec_driver_sql(f"DELETE FROM search_index WHERE rowid IN ({rowids})")
            _write(connection, kind, f"{_SOURCES[kind]} WHERE id IN ({','.join(map(str, keys))})")
