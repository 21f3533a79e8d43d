"""Full-text search: one FTS5 index over customers, people, products, documents, tasks and notes.

Entries are written in the transaction of their row (the triggers mark, :func:`refresh` writes).
Each word is indexed folded and in Latin letters, so that Ivanov finds Иванов; telephone numbers so
that any writing finds them. Parts of words, other transliterations and typing errors are answered
by :mod:`crmdesk.storage.vocabulary`: what was typed becomes words that exist. A row of the index is
(kind, id) packed in its rowid; titles are read from the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection

from crmdesk.storage import spelling, vocabulary
from crmdesk.storage.vocabulary import Vocabulary

VOCABULARY = "vocabulary"
"""Where a connection of a profile keeps its :class:`Vocabulary`."""

_SHIFT = 40
_AT_ONCE = 500
# FTS5's own default: so many segments of a level are joined.
_MERGE_FROM = 4
_MOST_WORDS = 12
# From so many entries on they are not ranked.
_RANKED = 600
_CODES = {
    "account": 1, "contact": 2, "product": 3, "order": 4, "quote": 5, "ticket": 6, "note": 7,
    "return_request": 8, "opportunity": 9, "lead": 10, "promise": 11, "invoice": 12,
}  # fmt: skip
_KINDS = {code: kind for kind, code in _CODES.items()}
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
    offset = _CODES[kind] << _SHIFT
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
    offset = _CODES[kind] << _SHIFT
    every = sorted(int(key) for key in ids)
    with _merging_later(connection) if len(every) > _AT_ONCE else nullcontext():
        for start in range(0, len(every), _AT_ONCE):
            keys = every[start : start + _AT_ONCE]
            rowids = ",".join(str(offset + key) for key in keys)
            connection.exec_driver_sql(f"DELETE FROM search_index WHERE rowid IN ({rowids})")
            _write(connection, kind, f"{_SOURCES[kind]} WHERE id IN ({','.join(map(str, keys))})")


def match_expression(text: str) -> str:
    """The FTS5 expression for what a person typed: every word as a prefix, in all its forms.

    A text that may be a telephone number means that number too, and nothing else where it has
    gaps. Empty when there is no word in it. Words are quoted, so nothing typed is read as syntax.
    """
    words = spelling.words(text)[:_MOST_WORDS]
    phones = _any(spelling.phone_searches(text), "*")
    if phones and len(words) > 1:
        return phones
    whole = _words_expression(words)
    return f"{whole} OR {phones}" if whole and phones else whole


def _words_expression(words: Sequence[str], ending: str = "*") -> str:
    groups = [_any(spelling.forms(word), ending) for word in words]
    return " AND ".join(group for group in groups if group)


def _any(forms: Iterable[str], ending: str = "") -> str:
    quoted = [f'"{form}"{ending}' for form in forms]
    return "(" + " OR ".join(quoted) + ")" if quoted else ""


def find(
    connection: Connection,
    text: str,
    *,
    kinds: Iterable[str] = (),
    limit: int = 30,
    widen_below: int = 1,
) -> list[Hit]:
    """The best entries for the text, best first; title words weigh more than others.

    With fewer than ``widen_below`` of them also those with parts of words, other
    transliterations, and in the end typing errors, behind the others.
    """
    within = _within(kinds)
    hits = _best(connection, text, within, limit)
    enough = min(widen_below, limit)
    if len(hits) >= enough or not _can_widen(text, len(hits)):
        return hits
    seen = {(hit.kind, hit.id) for hit in hits}
    for expression in _wider(connection, text):
        for hit in _matching(connection, expression, within, limit):
            if (hit.kind, hit.id) not in seen and len(hits) < limit:
                seen.add((hit.kind, hit.id))
                hits.append(hit)
        if len(hits) >= enough:
            break
    return hits


def find_of_each(
    connection: Connection, text: str, kinds: Sequence[str], *, each: int, enough: int
) -> dict[str, list[Hit]]:
    """The best ``each`` entries of every kind; wider ones when there are not ``enough`` in all."""
    found = {kind: _best(connection, text, _within((kind,)), each) for kind in kinds}
    have = sum(map(len, found.values()))
    if have >= enough or not _can_widen(text, have):
        return found
    for expression in _wider(connection, text):
        for hit in _matching(connection, expression, _within(kinds), enough * 4):
            some = found[hit.kind]
            if len(some) < each and all(hit.id != other.id for other in some):
                some.append(hit)
                have += 1
        if have >= enough:
            break
    return found


def warm(connection: Connection) -> None:
    """Read the words now that the first misspelt one would wait for."""
    _chunks(connection)


def _can_widen(text: str, have: int) -> bool:
    if have and spelling.phone_searches(text):
        return False
    return any(len(word) >= 3 for word in spelling.words(text))


def _best(connection: Connection, text: str, within: str, limit: int) -> list[Hit]:
    """The entries with every word. Of very many, those with the words themselves come first.

    Ranking goes over all that match: for the beginning that a quarter of all names have it would
    take longer than a person types the next letter.
    """
    expression = match_expression(text)
    if not expression:
        return []
    ids = _rowids(connection, expression, within, _RANKED)
    if len(ids) < _RANKED:
        return _matching(connection, expression, within, limit) if ids else []
    exact = _words_expression(spelling.words(text)[:_MOST_WORDS], "")
    first = _rowids(connection, f"title : ({exact})", within, limit)
    if len(first) < limit:
        first += _rowids(connection, f"title : ({expression})", within, limit)
    chosen = list(dict.fromkeys([*first, *ids]))[:limit]
    return [_hit(key, float(place)) for place, key in enumerate(chosen)]


def _rowids(connection: Connection, expression: str, within: str, limit: int) -> list[int]:
    rows = connection.exec_driver_sql(
        f"SELECT rowid FROM search_index WHERE search_index MATCH ?{within} LIMIT ?",
        (expression, limit),
    )
    return [int(key) for (key,) in rows]


def _within(kinds: Iterable[str]) -> str:
    spans = [
        f"rowid BETWEEN {code << _SHIFT} AND {((code + 1) << _SHIFT) - 1}"
        for code in (_CODES[kind] for kind in kinds)
    ]
    return f" AND ({' OR '.join(spans)})" if spans else ""


def _matching(connection: Connection, expression: str, within: str, limit: int) -> list[Hit]:
    rows = connection.exec_driver_sql(
        "SELECT rowid, bm25(search_index, 8.0, 1.0) AS rank_ FROM search_index"
        f" WHERE search_index MATCH ?{within} ORDER BY rank_ LIMIT ?",
        (expression, limit),
    ).all()
    return [_hit(key, float(rank)) for key, rank in rows]


def _hit(rowid: int, rank: float) -> Hit:
    return Hit(_KINDS[rowid >> _SHIFT], rowid & ((1 << _SHIFT) - 1), rank)


def _chunks(connection: Connection) -> tuple[vocabulary.Chunk, ...]:
    known = connection.info.get(VOCABULARY)
    return cast("Vocabulary", known or Vocabulary()).follow(connection)


def _wider(connection: Connection, text: str) -> Iterator[str]:
    """Expressions for what else may have been meant, the likelier first."""
    chunks = _chunks(connection)
    words = spelling.words(text)[:_MOST_WORDS]
    if len(words) > 1 and spelling.phone_searches(text):
        yield _words_expression(words)
        return
    ways: list[dict[str, list[str]]] = []

    def meanings(look: Callable[[str], list[str]], some: Sequence[str]) -> bool:
        found = {word: look(word) for word in some}
        ways.append(found)
        return any(found.values())

    def parts(word: str) -> list[str]:
        own = [vocabulary.containing(chunks, form) for form in spelling.forms(word)]
        alike = vocabulary.sounding(chunks, word)
        return list(dict.fromkeys([*(other for some in own for other in some), *alike]))

    def errors(word: str) -> list[str]:
        near = [vocabulary.resembling(chunks, form) for form in spelling.forms(word)]
        return list(dict.fromkeys(other for some in near for other in some))

    if meanings(parts, words):
        yield _expression(words, ways)
    strange = [word for word in words if not _is_known(chunks, word)]
    if meanings(errors, strange or words):
        yield _expression(words, ways)


def _is_known(chunks: Sequence[vocabulary.Chunk], word: str) -> bool:
    return word.isdecimal() or any(
        vocabulary.has_prefix(chunks, form) for form in spelling.forms(word)
    )


def _expression(words: Sequence[str], ways: Sequence[dict[str, list[str]]]) -> str:
    groups = []
    for word in words:
        exact = [f'"{form}"*' for form in spelling.forms(word)]
        other = [f'"{meant}"' for found in ways for meant in found.get(word, ())]
        if exact or other:
            groups.append("(" + " OR ".join([*exact, *dict.fromkeys(other)]) + ")")
    return " AND ".join(groups)
