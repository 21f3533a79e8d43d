"""Photos for the tests of attachments, and the bad lines they travel on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from crmdesk.domain.errors import Unreachable
from crmdesk.services.attachments import attach_file
from crmdesk.sync.client import SyncReport
from crmdesk.sync.protocol import BlobPut
from crmdesk.sync.transport import HttpTransport, Traffic
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

_JPEG = b"\xff\xd8\xff\xe0"


def photo(size: int, seed: int = 1) -> bytes:
    """Bytes that look like a photo and cannot be compressed."""
    return _JPEG + random.Random(seed).randbytes(size - len(_JPEG))


def attach(laptop: Laptop, account: str, data: bytes, name: str = "shelf.jpg") -> str:
    """Attach a photo to a customer by code; returns its digest."""
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    return attach_file(at(laptop), key, data, name=name, kind="photo").sha256


def stored(hq: Headquarters, sha256: str) -> bytes:
    rows = hq.rows("SELECT data FROM blob_chunk WHERE sha256 = %s ORDER BY start", sha256)
    return b"".join(bytes(row[0]) for row in rows)


class BadLine:
    """A line that breaks after some bytes of files, again and again; documents go through.

    ``meanwhile`` is called before every piece; ``pieces`` keeps the offsets that were sent.
    """

    def __init__(
        self, inner: HttpTransport, breaks_after: int, meanwhile: Callable[[int], None]
    ) -> None:
        self._inner, self._breaks_after, self._meanwhile = inner, breaks_after, meanwhile
        self._left = breaks_after
        self.pieces: list[tuple[int, int]] = []
        self.log: list[str] = []

    @property
    def traffic(self) -> Traffic:
        return self._inner.traffic

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        self.log.append(path)
        if path == "/v1/blob/put":
            head, _newline, data = body.partition(b"\n")
            offset = msgspec.json.decode(head, type=BlobPut).offset
            self.pieces.append((offset, len(data)))
            self._meanwhile(len(self.pieces))
            self._left -= len(data)
            if self._left < 0:
                self._left = self._breaks_after
                if len(self.pieces) % 2:
                    # The piece has arrived, its answer has not.
                    self._inner.post(path, body, token)
                raise Unreachable("the line broke")
        return self._inner.post(path, body, token)

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        self.log.append(path)
        with self._inner.stream(path, body, token) as chunks:
            yield self._cut(chunks) if path == "/v1/blob/get" else chunks

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._left -= len(chunk)
            if self._left < 0:
                self._left = self._breaks_after
                yield chunk[: len(chunk) // 2]
                raise Unreachable("the line broke")
            yield chunk

    def close(self) -> None:
        self._inner.close()


def at_once(laptop: Laptop) -> None:
    """Let what waits after a failure go now."""
    with laptop.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE transfer SET next_at = NULL")


def rounds(laptop: Laptop, line: BadLine, *, most: int = 60) -> list[SyncReport]:
    """Rounds until no file is left; each may break."""
    done = []
    for _round in range(most):
        done.append(laptop.sync(line))
        if laptop.one("SELECT count(*) FROM transfer WHERE state = 'waiting'") == 0:
            return done
        at_once(laptop)
    raise AssertionError("the file never arrived")
