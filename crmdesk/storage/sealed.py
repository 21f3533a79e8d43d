"""Sealed files: bytes of any length in an encrypted file of their own, page by page authenticated.

A sealed file is a SQLCipher database with two tables: facts about it, and numbered parts, each
with a label. Owns making, reading and verifying one; what is in it is its user's. Attachments and
the files of :mod:`crmdesk.sync.filesync` are such files.

Where a page cannot be decrypted the engine mostly fails, but at the end of a long value it gives
zeros: whoever has no digest of his own to compare opens the file with ``prove``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as dbapi

from crmdesk.domain.errors import CorruptFile
from crmdesk.i18n import _
from crmdesk.storage.engine import translate_error
from crmdesk.storage.profile import make_private

PART_BYTES = 256 * 1024
"""How large a part is where its maker has no other reason."""

_TABLES = {
    "fact": "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "part": (
        "CREATE TABLE part (position INTEGER PRIMARY KEY, label TEXT NOT NULL, data BLOB NOT NULL)"
    ),
}
_CAREFUL = (
    "PRAGMA cipher_log_level = NONE",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)


class SealedFile:
    """An open sealed file. Positions are the caller's numbers, unique within the file.

    Every method raises CorruptFile for a file that was changed, cut or made with another key, and
    what the engine's errors mean (DiskFull, ProfileInUse) otherwise.
    """

    def __init__(self, path: Path, connection: Any) -> None:
        self._path = path
        self._connection = connection

    def facts(self) -> dict[str, str]:
        """Everything said about the file."""
        with self._spoken():
            rows = self._connection.execute("SELECT key, value FROM fact").fetchall()
        return {str(key): str(value) for key, value in rows}

    def end(self) -> int:
        """The sum of all parts in bytes."""
        with self._spoken():
            found = self._connection.execute("SELECT sum(length(data)) FROM part").fetchone()
        return int(found[0] or 0)

    def parts(self, label: str | None = None, *, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Parts in order as (position, bytes), one in memory at a time."""
        test = "position >= ? AND (label = ? OR ?)"
        with self._spoken():
            rows = self._connection.execute(
                f"SELECT position, data FROM part WHERE {test} ORDER BY position",
                (start, label, label is None),
            )
            for position, data in rows:
                yield int(position), bytes(data)

    def labels(self) -> list[tuple[int, str]]:
        """Every part's position and label, in order."""
        with self._spoken():
            rows = self._connection.execute("SELECT position, label FROM part ORDER BY position")
            return [(int(position), str(label)) for position, label in rows]

    def before(self, position: int) -> int:
        """The position of the last part that begins at or before a position; 0 without one."""
        with self._spoken():
            found = self._connection.execute(
                "SELECT max(position) FROM part WHERE position <= ?", (position,)
            ).fetchone()
        return int(found[0] or 0)

    def add(self, position: int, data: bytes, *, label: str = "") -> None:
        """Add a part; it is on the disk when the surrounding :meth:`writing` has ended."""
        with self._spoken():
            self._connection.execute(
                "INSERT INTO part (position, label, data) VALUES (?, ?, ?)", (position, label, data)
            )

    def say(self, facts: Mapping[str, str]) -> None:
        """Write facts over those of the same name."""
        with self._spoken():
            for key, value in facts.items():
                self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (key, value))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is added in the block is kept together or not at all."""
        with self._spoken():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._spoken():
                self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except dbapi.Error as error:
            raise _problem(error, self._path) from error

    def _prove(self) -> None:
        """CorruptFile unless every page carries its maker's mark and the tables are ours."""
        with self._spoken():
            for (_word,) in self._connection.execute("PRAGMA cipher_integrity_check"):
                raise damaged(self._path)
            rows = self._connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        tables = {name: sql for name, sql in rows if not str(name).startswith("sqlite_")}
        if tables != _TABLES:
            raise damaged(self._path)


@contextmanager
def made(path: Path, key_hex: str | None) -> Iterator[SealedFile]:
    """A new sealed file, closed at the end; removed again when the block fails.

    ``key_hex`` is 256 bits as hexadecimal digits; None leaves the file open to everybody (for
    profiles that are so, in tests).
    """
    path.unlink(missing_ok=True)
    make_private(path)
    file = SealedFile(path, _connect(path, key_hex))
    try:
        with file._spoken():
            for statement in _TABLES.values():
                file._connection.execute(statement)
        yield file
    except BaseException:
        file.close()
        path.unlink(missing_ok=True)
        raise
    file.close()


@contextmanager
def opened(path: Path, key_hex: str | None, *, prove: bool = False) -> Iterator[SealedFile]:
    """A sealed file that is there. ``prove`` verifies all of it before anything is read."""
    file = SealedFile(path, _connect(path, key_hex))
    try:
        if prove:
            file._prove()
        yield file
    finally:
        file.close()


def _connect(path: Path, key_hex: str | None) -> Any:
    try:
        connection = dbapi.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    except dbapi.Error as error:
        raise _problem(error, path) from error
    connection.isolation_level = None
    for statement in _CAREFUL:
        connection.execute(statement)
    if key_hex is not None:
        connection.execute(f"PRAGMA key = \"x'{key_hex}'\"")
    return connection


def _problem(error: dbapi.Error, path: Path) -> Exception:
    text = str(error)
    broken = ("not a database", "malformed", "no such table", "no such column")
    if any(words in text for words in broken):
        return damaged(path)
    return translate_error(error, path) or damaged(path)


def damaged(path: Path) -> CorruptFile:
    """The sentence for a sealed file that cannot be trusted."""
    return CorruptFile(
        _("{file} is damaged, was changed, or is not meant for here.").format(file=path.name),
        _("Nothing was changed."),
    )
