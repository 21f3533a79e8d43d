"""Finding by what a person typed: the best entries of the full-text index, as kind and id.

Parts of words, other transliterations and typing errors are answered by
:mod:`crmdesk.storage.vocabulary`: what was typed becomes words that exist. What is indexed and how
is :mod:`crmdesk.storage.search_index`'s; titles are read from the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection

from crmdesk.storage import spelling, vocabulary
from crmdesk.storage.search_codes import with_code
from crmdesk.storage.search_index import CODES, KINDS, SHIFT
from crmdesk.storage.vocabulary import Vocabulary

VOCABULARY = "vocabulary"
"""Where a connection of a profile keeps its :class:`Vocabulary`."""

_MOST_WORDS = 12
# From so many entries on they are not ranked.
_RANKED = 600
# So many are looked at by one statement: more than are ranked of a kind.
_SCANNED = 2_000
# The rank of what was typed as its number: none is better.
_EXACT = float("-inf")


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found: its kind, local id and rank (smaller is better)."""

    kind: str
    id: int
    rank: float

    @property
    def is_exact(self) -> bool:
        """Whether its number or code is the very text that was typed."""
        return self.rank == _EXACT


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

    What has the text as its number or code comes before all others. With fewer than
    ``widen_below`` of them also those with parts of words, other transliterations, and in the end
    typing errors, behind the others.
    """
    kinds = tuple(kinds)
    within = _within(kinds)
    exact = _coded(connection, text, kinds)
    hits = _together(exact, _best(connection, text, within, limit))[:limit]
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
    """The best ``each`` entries of every kind; wider ones when there are not ``enough`` in all.

    Of each kind those come first that have the text as their number or code.
    """
    expression = match_expression(text)
    ids = _rowids_of_each(connection, expression, kinds) if expression else {}
    found: dict[str, list[Hit]] = {kind: [] for kind in kinds}
    if sum(map(len, ids.values())) < _RANKED:
        for hit in _matching(connection, expression, _within(kinds), _RANKED) if ids else []:
            if len(found[hit.kind]) < each:
                found[hit.kind].append(hit)
    else:
        for kind, keys in ids.items():
            found[kind] = _chosen(connection, text, expression, _within((kind,)), keys, each)
    exact = _coded(connection, text, kinds)
    for kind in {hit.kind for hit in exact}:
        own = [hit for hit in exact if hit.kind == kind]
        found[kind] = _together(own, found[kind])[:each]
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


def _coded(connection: Connection, text: str, kinds: Sequence[str]) -> list[Hit]:
    return [Hit(kind, key, _EXACT) for kind, key in with_code(connection, text, kinds)]


def _together(first: Sequence[Hit], rest: Sequence[Hit]) -> list[Hit]:
    """Hits in order, each once."""
    seen = {(hit.kind, hit.id) for hit in first}
    return [*first, *(hit for hit in rest if (hit.kind, hit.id) not in seen)]


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
    return _chosen(connection, text, expression, within, ids, limit)


def _chosen(
    connection: Connection, text: str, expression: str, within: str, ids: list[int], limit: int
) -> list[Hit]:
    """Of these that match, at most :data:`_RANKED`, the best."""
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


def _rowids_of_each(
    connection: Connection, expression: str, kinds: Iterable[str]
) -> dict[str, list[int]]:
    """Up to :data:`_RANKED` entries of every kind that has any.

    By few statements for all kinds: each of them first gathers what begins like the words, which
    for a single letter is a large part of the index.
    """
    wanted = {CODES[kind] for kind in kinds}
    found: dict[str, list[int]] = {}
    start = min(wanted, default=0) << SHIFT
    while True:
        rows = _rowids(connection, expression, f" AND rowid >= {start}", _SCANNED)
        for key in rows:
            if key >> SHIFT in wanted:
                some = found.setdefault(KINDS[key >> SHIFT], [])
                if len(some) < _RANKED:
                    some.append(key)
        if len(rows) < _SCANNED:
            return found
        last = rows[-1]
        full = len(found.get(KINDS[last >> SHIFT], ())) >= _RANKED or last >> SHIFT not in wanted
        start = ((last >> SHIFT) + 1) << SHIFT if full else last + 1


def _within(kinds: Iterable[str]) -> str:
    spans = [
        f"rowid BETWEEN {code << SHIFT} AND {((code + 1) << SHIFT) - 1}"
        for code in (CODES[kind] for kind in kinds)
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
    return Hit(KINDS[rowid >> SHIFT], rowid & ((1 << SHIFT) - 1), rank)


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
