"""Map pictures of others: MBTiles files with PNG, JPEG or WebP tiles, read and never trusted.

Owns opening a file by its content, its facts, and one tile at a time. The file is somebody else's
database: it is opened for reading only, may do nothing but be asked for tiles, and is stopped when
an answer takes too long. What a picture holds is for whoever decodes it to check. Vector tiles
(format ``pbf``) are refused: roads and names come from an OpenStreetMap extract
(:mod:`crmdesk.interchange.mapbuild`).
"""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

SUFFIX = ".mbtiles"
FORMATS = {"png": b"\x89PNG", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}
"""What a file may say its tiles are, and how each of them begins."""
MOST_ZOOM = 22
MOST_TILE_BYTES = 1_000_000
_MAGIC = b"SQLite format 3\x00"
_LATITUDE_LIMIT = 85.06
_MOST_S = 2.0
_STEPS = 20_000
_MOST_TEXT = 2_000
_TILE = (
    "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
    " AND typeof(tile_data) = 'blob' AND length(tile_data) <= ? LIMIT 1"
)
_MODULES = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND coalesce(rootpage, 0) = 0 LIMIT 1"
"""Tables that are code of a module, which a map of pictures needs none of."""
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_FUNCTIONS = {"min", "max", "substr", "length", "typeof", "coalesce"}
"""A view of the file may call these too. Others may take minutes in one call, as LIKE does."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a file says of itself. ``bounds``: west, south, east, north in degrees."""

    title: str
    bounds: tuple[float, float, float, float]
    zooms: tuple[int, int]
    attribution: str


def is_mbtiles(path: Path) -> bool:
    """Whether a file is a database, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


class PictureTiles:
    """A file of map pictures, open only while it is asked, so that it can be removed any time.

    Safe across threads. Raises UserError (a sentence for the person) when it cannot be shown; what
    goes wrong later is a tile that is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = path.name
        try:
            self.facts = self._facts()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._unreadable() from error

    def _ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        address = self._path.resolve().as_uri() + "?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA mmap_size = 0")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 4 * MOST_TILE_BYTES)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.set_authorizer(_authorize)
            until = time.monotonic() + _MOST_S
            connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
            return connection.execute(statement, values).fetchall()

    def _facts(self) -> PictureFacts:
        if self._ask(_MODULES):
            raise self._unreadable()
        rows = self._ask(
            "SELECT substr(CAST(name AS TEXT), 1, 100), substr(CAST(value AS TEXT), 1, ?)"
            " FROM metadata LIMIT 200",
            _MOST_TEXT,
        )
        said = {str(name).lower(): str(value or "") for name, value in rows}
        kind = said.get("format", "").lower()
        if kind == "pbf":
            raise UserError(
                _("{name} holds vector tiles, which cannot be shown.").format(name=self._name),
                _("Make a map of an OpenStreetMap extract (.osm.pbf) instead."),
            )
        if kind not in FORMATS:
            raise self._unreadable()
        found = self._ask("SELECT min(zoom_level), max(zoom_level) FROM tiles")
        low, high = found[0] if found else (None, None)
        if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= high <= MOST_ZOOM):
            raise self._unreadable()
        title = _shown(said.get("name", "")) or _shown(self._name.removesuffix(SUFFIX))
        facts = PictureFacts(
            title[:80], self._bounds(said.get("bounds", ""), high), (low, high),
            _shown(_plain(said.get("attribution", "")))[:120],
        )  # fmt: skip
        self._check_first(kind, high)
        return facts

    def _bounds(self, text: str, zoom: int) -> tuple[float, float, float, float]:
        """What the file says; without that, what its tiles of the last zoom cover."""
        with suppress(ValueError):
            west, south, east, north = (float(edge) for edge in text.split(","))
            inside = -180.0 <= west < east <= 180.0
            if inside and -_LATITUDE_LIMIT <= south < north <= _LATITUDE_LIMIT:
                return west, south, east, north
        rows = self._ask(
            "SELECT min(tile_column), max(tile_column), min(tile_row), max(tile_row) FROM tiles"
            " WHERE zoom_level = ?",
            zoom,
        )
        side = 1 << zoom
        cells = [cell for cell in rows[0] if isinstance(cell, int) and 0 <= cell < side]
        if len(cells) != 4:
            raise self._unreadable()
        left, right, bottom, top = cells
        return (
            left / side * 360.0 - 180.0, _latitude(bottom / side),
            (right + 1) / side * 360.0 - 180.0, _latitude((top + 1) / side),
        )  # fmt: skip

    def _check_first(self, kind: str, zoom: int) -> None:
        rows = self._ask(
            "SELECT substr(tile_data, 1, 4) FROM tiles WHERE zoom_level = ?"
            " AND typeof(tile_data) = 'blob' LIMIT 1",
            zoom,
        )
        first = rows[0][0] if rows else b""
        if not (isinstance(first, bytes) and first.startswith(FORMATS[kind])):
            raise self._unreadable()

    def _unreadable(self) -> UserError:
        return UserError(
            _("{name} is no map that can be read.").format(name=self._name),
            _("Maps of crmdesk, and MBTiles with PNG, JPEG or WebP pictures can be added."),
        )

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """A picture by zoom, column and row from the north; None where there is none."""
        try:
            rows = self._ask(_TILE, zoom, column, (1 << zoom) - 1 - row, MOST_TILE_BYTES)
        except sqlite3.Error:
            return None
        data = rows[0][0] if rows else None
        return data if isinstance(data, bytes) else None


def _authorize(action: int, _first: object, second: object, *_where: object) -> int:
    """Reading is all that is allowed: no pragma, no other file, no change, no code of modules."""
    known = action == sqlite3.SQLITE_FUNCTION and str(second).lower() in _FUNCTIONS
    return sqlite3.SQLITE_OK if known or action in _ALLOWED else sqlite3.SQLITE_DENY


def _latitude(share: float) -> float:
    """The latitude at a share (from the south) of the square of Web Mercator."""
    return math.degrees(math.atan(math.sinh(math.pi * (2.0 * share - 1.0))))


def _shown(text: str) -> str:
    """A text without what nobody sees: controls, and marks that turn the writing around."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _plain(markup: str) -> str:
    """The words of an attribution, which often is a link."""
    words, inside = [], False
    for letter in markup:
        if letter in "<>":
            inside = letter == "<"
        elif not inside:
            words.append(letter)
    return "".join(words).replace("&copy;", "©").replace("&amp;", "&").strip()
