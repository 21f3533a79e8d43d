"""Rows out of PostgreSQL as NDJSON in a zstd stream, without touching a value in Python.

PostgreSQL builds the JSON text; what is left here is to join the lines and to compress. Many rows
come through a cursor: COPY would hand them over one by one, which costs ten times as much here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
import zstandard
from psycopg import ServerCursor
from psycopg.rows import scalar_row

from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.database.wire import row_sql
from crmdesk.storage.entities import ENTITIES
from crmdesk.sync.protocol import Section

_LEVEL = 3
_ROWS_PER_CHUNK = 500
_FLUSH_BYTES = 128 * 1024


def section(entity_name: str) -> bytes:
    """The line that opens the rows of an entity."""
    entity = ENTITIES[entity_name]
    lines = [] if entity.lines is None else [f.column for f in entity.lines.fields]
    return line(Section(entity_name, [f.column for f in entity.fields], lines))


def line(message: msgspec.Struct) -> bytes:
    """A message as one line."""
    return msgspec.json.encode(message) + b"\n"


def rows(
    connection: HqConnection,
    entity_name: str,
    rest: str,
    parameters: Sequence[object],
    *,
    most: int | None = None,
) -> Iterator[tuple[bytes, int]]:
    """Rows of an entity as chunks of lines with their count; ``rest`` is FROM and what follows.

    ``most`` is how many there can be: few come as one answer, else they are fetched as they are
    sent on.
    """
    query = f"SELECT {row_sql(entity_name)}::text {rest}".encode()
    if most is not None and most <= _ROWS_PER_CHUNK:
        with connection.cursor(row_factory=scalar_row) as cursor:
            found = cursor.execute(query, parameters).fetchall()
        if found:
            yield _lines(found), len(found)
        return
    with ServerCursor(connection, "rows", row_factory=scalar_row) as cursor:
        cursor.execute(query, parameters)
        while found := cursor.fetchmany(_ROWS_PER_CHUNK):
            yield _lines(found), len(found)


def _lines(found: list[str]) -> bytes:
    return "\n".join([*found, ""]).encode()


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks as a zstd stream, flushed now and then so that the reader can go on."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    waiting = 0
    for chunk in chunks:
        data = compressor.compress(chunk)
        waiting += len(chunk)
        if waiting >= _FLUSH_BYTES:
            data += compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            waiting = 0
        if data:
            yield data
    yield compressor.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
