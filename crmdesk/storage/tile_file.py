"""Pictures of map tiles kept on the disk: SQLite in the layout of MBTiles.

Owns the file ``tiles.mbtiles`` beside a profile's maps: tables ``metadata`` and ``tiles``, zooms in
hundredths because the map stands between whole ones too. It belongs to one set of maps; with other
maps it begins anew. Tiles show what anybody's map shows, so the file is open. Whatever is wrong
with it, it is as good as none.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FILE = "tiles.mbtiles"
_MOST_TILES = 4_000
_MOST_BYTES = 2_000_000
_PASSING = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
}  # fmt: skip
_METADATA = "CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_TILES = (
    "CREATE TABLE IF NOT EXISTS tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,"
    " look TEXT, tile_data BLOB NOT NULL, PRIMARY KEY (zoom_level, tile_column, tile_row, look))"
)

Place = tuple[float, int, int, str]
"""Zoom, column, row, and look (colour scheme and pixel ratio)."""


def stamp_of(paths: Sequence[Path], look: str) -> str:
    """What changes when a map is added, removed or made anew, or tiles are painted otherwise."""
    digest = hashlib.sha256(look.encode())
    for path in sorted(paths):
        with suppress(OSError):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns};".encode())
    return digest.hexdigest()


class TileFile:
    """The kept tiles of one set of maps. Safe across threads."""

    def __init__(self, folder: Path, stamp: str) -> None:
        self._lock = threading.Lock()
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = self._open(self._path, stamp)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    @staticmethod
    def _open(path: Path, stamp: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_METADATA)
            connection.execute(_TILES)
            kept = connection.execute("SELECT value FROM metadata WHERE name = 'stamp'").fetchone()
            if kept is None or kept[0] != stamp:
                connection.execute("DELETE FROM tiles")
                connection.executemany(
                    "INSERT OR REPLACE INTO metadata VALUES (?, ?)",
                    [("stamp", stamp), ("name", "crmdesk"), ("format", "png")],
                )
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    def get(self, place: Place) -> bytes | None:
        """A kept tile."""
        zoom, column, row, look = place
        with self._lock:
            if self._connection is None:
                return None
            try:
                found = self._connection.execute(
                    "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ?"
                    " AND tile_row = ? AND look = ? AND length(tile_data) <= ?",
                    (round(zoom * 100), column, row, look, _MOST_BYTES),
                ).fetchone()
            except sqlite3.Error as error:
                self._give_up(error)
                return None
        return None if found is None else bytes(found[0])

    def put(self, place: Place, data: bytes) -> None:
        """Keep a tile; the oldest go when there are too many."""
        zoom, column, row, look = place
        with self._lock:
            if self._connection is None:
                return
            try:
                self._connection.execute(
                    "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?, ?)",
                    (round(zoom * 100), column, row, look, data),
                )
                self._connection.execute(
                    "DELETE FROM tiles WHERE rowid <= (SELECT max(rowid) FROM tiles) - ?",
                    (_MOST_TILES,),
                )
                self._connection.commit()
            except sqlite3.Error as error:
                self._give_up(error)

    def _give_up(self, error: Exception | None = None) -> None:
        """Go on without; a damaged file is removed, so that the next start has a new one.

        One that is merely in use by another window, or on a full disk, stays.
        """
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF not in _PASSING:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._give_up()
