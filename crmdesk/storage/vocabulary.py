"""The words that titles are made of: what a part of a word, a sound or a typing error may mean.

Owns the table ``search_word`` (only added to until the index is made anew) and its copy in memory,
which follows by row number. Words of numbers and of long texts are left out.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from crmdesk.storage import spelling

_LEAST, _MOST_LETTERS = 3, 40
_SMALL = 2_000
_MANY = 40


@dataclass(frozen=True, slots=True)
class Chunk:
    """Words in order, as one text between line ends, by length and by sound."""

    ordered: tuple[str, ...]
    joined: str
    by_length: dict[int, list[str]]
    by_sound: dict[str, list[str]]
    sounds: tuple[str, ...]

    @staticmethod
    def of(pairs: Iterable[tuple[str, str]]) -> Chunk:
        ordered = sorted(pairs)
        by_length: dict[int, list[str]] = defaultdict(list)
        by_sound: dict[str, list[str]] = defaultdict(list)
        for word, heard in ordered:
            by_length[len(word)].append(word)
            by_sound[heard].append(word)
        texts = tuple(word for word, _heard in ordered)
        joined = "\n" + "\n".join(texts) + "\n"
        return Chunk(texts, joined, by_length, by_sound, tuple(sorted(by_sound)))


class Vocabulary:
    """The words of one profile, shared by its connections; each question reads what is new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reached = 0
        self._large = Chunk.of(())
        self._small = Chunk.of(())
        self._recent: list[tuple[str, str]] = []

    def follow(self, connection: Connection) -> tuple[Chunk, ...]:
        """The words as this connection sees them (and perhaps some that are gone)."""
        run = connection.exec_driver_sql
        newest = int(run("SELECT coalesce(max(id), 0) FROM search_word").scalar_one())
        with self._lock:
            if newest > self._reached:
                rows = run(
                    "SELECT word, sound FROM search_word WHERE id > ?", (self._reached,)
                ).all()
                self._recent += [(str(word), str(heard)) for word, heard in rows]
                if len(self._recent) > _SMALL:
                    known = [
                        (word, heard) for heard, some in self._large.by_sound.items()
                        for word in some
                    ]  # fmt: skip
                    self._large = Chunk.of({*known, *self._recent})
                    self._recent = []
                self._small = Chunk.of(set(self._recent))
                self._reached = newest
            return (self._large, self._small)


def add(connection: Connection, found: Iterable[str]) -> None:
    """Note the words of titles (as :func:`title_words` gives them)."""
    cursor = connection.connection.cursor()
    cursor.executemany(
        "INSERT INTO search_word (word, sound) VALUES (?, ?) ON CONFLICT (word) DO NOTHING",
        [(word, spelling.sound(word)) for word in sorted(set(found))],
    )
    cursor.close()


def empty(connection: Connection) -> None:
    """Drop all words; numbers go on, so that copies in memory notice what comes."""
    run = connection.exec_driver_sql
    newest = int(run("SELECT coalesce(max(id), 0) FROM search_word").scalar_one())
    run("DELETE FROM search_word")
    # An empty word holds the place; it is part of nothing.
    run("INSERT INTO search_word (id, word, sound) VALUES (?, '', '')", (newest + 1,))


def title_words(titles: Iterable[str]) -> set[str]:
    """The words of titles that may be misspelt, folded and in Latin letters."""
    found: set[str] = set()
    for word in set(spelling.words("\n".join(titles))):
        if _LEAST <= len(word) <= _MOST_LETTERS and not word.isdecimal():
            found.update(spelling.forms(word))
    return found


def has_prefix(chunks: Sequence[Chunk], start: str) -> bool:
    """Whether a word begins like this."""
    for chunk in chunks:
        place = bisect_left(chunk.ordered, start)
        if place < len(chunk.ordered) and chunk.ordered[place].startswith(start):
            return True
    return False


def containing(chunks: Sequence[Chunk], part: str) -> list[str]:
    """Words with this part somewhere (three letters or more), the shortest first."""
    if len(part) < _LEAST:
        return []
    found: list[str] = []
    for chunk in chunks:
        place = chunk.joined.find(part)
        while place >= 0 and len(found) < 5 * _MANY:
            first = chunk.joined.rfind("\n", 0, place) + 1
            last = chunk.joined.find("\n", place)
            found.append(chunk.joined[first:last])
            place = chunk.joined.find(part, last)
    return sorted(found, key=len)[:_MANY]


def sounding(chunks: Sequence[Chunk], word: str) -> list[str]:
    """Words that sound like this, or go on from a sound of four or more."""
    heard = spelling.sound(word)
    if len(heard) < _LEAST:
        return []
    found: list[str] = []
    for chunk in chunks:
        if len(heard) == _LEAST:
            found += chunk.by_sound.get(heard, ())
            continue
        place = bisect_left(chunk.sounds, heard)
        while place < len(chunk.sounds) and chunk.sounds[place].startswith(heard):
            found += chunk.by_sound[chunk.sounds[place]]
            place += 1
            if len(found) > _MANY:
                break
    return found[:_MANY]


def resembling(chunks: Sequence[Chunk], word: str) -> list[str]:
    """Words one typing error away (two from seven letters on), the nearest first.

    An error is a letter too many, missing, another one, or two that changed places.
    """
    if len(word) < 4 or not word.isalpha():
        return []
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 1 if len(word) < 7 else 2
    found: list[tuple[float, str]] = []
    for chunk in chunks:
        for length in range(len(word) - most, len(word) + most + 1):
            some = chunk.by_length.get(length)
            if some:
                near = process.extract(
                    word, some, scorer=OSA.distance, score_cutoff=most, limit=_MANY
                )
                found += [(distance, other) for other, distance, _place in near]
    return [other for _distance, other in sorted(found)[:_MANY]]
