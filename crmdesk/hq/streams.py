"""Rows out of PostgreSQL as NDJSON in a zstd stream, without touching a value in Python.

PostgreSQL builds the JSON text, COPY carries it; what is left here is to undo COPY's escape of
the backslash and to compress.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
import zstandard

from crmdesk.hq.store import HqConnection
from crmdesk.hq.wire import row_sql
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
    connection: HqConnection, entity_name: str, rest: str, parameters: Sequence[object]
) -> Iterator[tuple[bytes, int]]:
    """Rows of an entity as chunks of lines with their count; ``rest`` is FROM and what follows."""
    query = f"COPY (SELECT {row_sql(entity_name)} {rest}) TO STDOUT"
    buffer: list[bytes | bytearray | memoryview] = []
    with connection.cursor().copy(query.encode(), parameters) as copy:
        for data in copy:
            buffer.append(data)
            if len(buffer) >= _ROWS_PER_CHUNK:
                yield b"".join(buffer).replace(b"\\\\", b"\\"), len(buffer)
                buffer = []
    if buffer:
        yield b"".join(buffer).replace(b"\\\\", b"\\"), len(buffer)


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
