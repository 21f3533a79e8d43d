"""The floor of a first download, HQ's side: rows in memory, msgpack, zstd, plain HTTP.

Run as a process of its own: ``floor_server COUNT``; prints its address when it is ready.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import IO, cast

import msgspec
import zstandard

from crmdesk.storage.rows import Value
from tests.benchmarks.people_rows import record_rows

ROWS_A_FRAME = 1000


def frames(count: int) -> list[tuple[str, list[tuple[Value, ...]]]]:
    """The records as the floor keeps them: entity and rows, at most 1,000 together."""
    found: list[tuple[str, list[tuple[Value, ...]]]] = []
    for batch in record_rows(count):
        rows: list[tuple[Value, ...]] = [(row.uid, row.rev, *row.values) for row in batch.rows]
        for start in range(0, len(rows), ROWS_A_FRAME):
            found.append((batch.entity, rows[start : start + ROWS_A_FRAME]))
    return found


def main() -> None:
    """Serve the records of as many as are named until the process is ended."""
    held = frames(int(sys.argv[1]))
    encode = msgspec.msgpack.Encoder().encode

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with zstandard.ZstdCompressor(level=3).stream_writer(
                cast("IO[bytes]", self.wfile), closefd=False
            ) as out:
                for frame in held:
                    data = encode(frame)
                    out.write(len(data).to_bytes(4, "big"))
                    out.write(data)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
