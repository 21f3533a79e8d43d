"""A file of map pictures (MBTiles) with one tile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

PIXEL = b"\x89PNG\r\n\x1a\n of a quarter of the world"
_TILES = (
    "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)"
)


def map_pictures(path: Path, *, tiles: str = _TILES) -> Path:
    """Make the file; ``tiles`` is the statement that makes what its tiles are read from."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        said = {"name": "Drawn", "format": "png", "attribution": "Nobody"}
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
        connection.execute(tiles)
        if tiles is _TILES:
            connection.execute("INSERT INTO tiles VALUES (1, 0, 1, ?)", (PIXEL,))
        connection.commit()
    return path
