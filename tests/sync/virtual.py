"""A virtual clock and a line to HQ without HTTP, on which things go wrong on demand.

The line calls the server's own endpoints in this process, so that a whole history of syncs takes
less than a second. What happens to a request is said beforehand, by :class:`Trouble`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import zstandard

from crmdesk.domain.errors import Unreachable
from crmdesk.hq.running.endpoints import Call, Hq, Reply, answer
from crmdesk.sync.protocol import MEDIA_PACKED
from crmdesk.sync.transport import Traffic, _failure

START_MS = 1_795_680_000_000
"""The instant at which every history begins: in November 2026."""

TROUBLES = ("lose-request", "lose-response", "twice", "cut", "server-dies", "meanwhile")


@dataclass(slots=True)
class VirtualTime:
    """The true time, the same for everybody; it passes only when it is told to."""

    ms: int = START_MS

    def pass_by(self, ms: int) -> None:
        """Let time go by."""
        self.ms += ms


@dataclass(slots=True)
class VirtualClock:
    """The clock of one machine, wrong by ``offset_ms``."""

    time: VirtualTime
    offset_ms: int = 0

    def now(self) -> datetime:
        # Every look takes a moment, so that no two instants are the same.
        self.time.ms += 1
        return datetime.fromtimestamp((self.time.ms + self.offset_ms) / 1000, UTC)

    def today(self) -> date:
        return self.now().date()

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(UTC)


class ServerDied(BaseException):
    """The server process ended in the middle of a request; nothing else may catch this."""


@dataclass(slots=True)
class Trouble:
    """What happens to the ``nth`` request whose path ends in ``path`` (empty: any).

    ``at`` is the byte of a cut and the statement at which the server dies; ``action`` is done
    while the request is on its way, whatever the kind.
    """

    kind: str
    path: str = ""
    nth: int = 1
    at: int = 0
    action: Callable[[], None] | None = None
    seen: int = 0
    happened: bool = False

    def meets(self, path: str) -> bool:
        """True for the one request it was meant for."""
        if self.happened or not path.endswith(self.path):
            return False
        self.seen += 1
        self.happened = self.seen == self.nth
        return self.happened


@dataclass(slots=True)
class Line:
    """A laptop's transport to an HQ in this process; ``hq`` gives the one that is there now."""

    hq: Callable[[], Hq]
    trouble: Trouble | None = None
    traffic: Traffic = field(default_factory=Traffic)
    pushed: list[tuple[str, bytes]] = field(default_factory=list)

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        trouble = self._trouble(path)
        kind = trouble.kind if trouble else ""
        if kind == "lose-request":
            raise Unreachable("lost on the way")
        if path.endswith("push"):
            self.pushed.append((token, body))
        reply = self._answer(path, token, body, trouble)
        if trouble is not None and trouble.action is not None:
            trouble.action()
        if kind == "lose-response":
            raise Unreachable("lost on the way back")
        if kind == "twice":
            reply = self._answer(path, token, body, None)
        data = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        if reply.status >= 400:
            raise _failure(reply.status, data)
        if reply.media == MEDIA_PACKED:
            data = zstandard.ZstdDecompressor().decompress(data)
        elif trouble is not None and kind == "cut" and data:
            # A proxy passes a short answer on as if it were whole.
            data = data[: 1 + trouble.at % len(data)]
        return data

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        trouble = self._trouble(path)
        if trouble is not None and trouble.kind in {"lose-request", "lose-response"}:
            raise Unreachable("lost")
        reply = self._answer(path, token, body, trouble)
        if isinstance(reply.body, bytes):
            raise _failure(reply.status, reply.body)
        try:
            cut = trouble is not None and trouble.kind == "cut"
            yield _cut(reply.body, trouble.at) if trouble is not None and cut else reply.body
        finally:
            close: Any = getattr(reply.body, "close", None)
            if close is not None:
                close()

    def _trouble(self, path: str) -> Trouble | None:
        self.traffic.requests += 1
        if self.trouble is not None and self.trouble.meets(path):
            return self.trouble
        return None

    def _answer(self, path: str, token: str, body: bytes, trouble: Trouble | None) -> Reply:
        hq = self.hq()
        if trouble is None or trouble.kind != "server-dies":
            return answer(hq, path, Call(token, body))
        try:
            with _dying(hq, trouble.at):
                reply = answer(hq, path, Call(token, body))
        except ServerDied:
            raise Unreachable("the server went away") from None
        # It did not get that far: the answer is lost instead.
        close: Any = getattr(reply.body, "close", None)
        if close is not None:
            close()
        raise Unreachable("lost on the way back")

    def replay(self, which: int) -> None:
        """An old request of this laptop arrives (again) now; nobody waits for its answer."""
        if self.pushed:
            token, body = self.pushed[which % len(self.pushed)]
            answer(self.hq(), "/v1/push", Call(token, body))

    def close(self) -> None:
        """Nothing is held."""


def _cut(chunks: Iterator[bytes], after: int) -> Iterator[bytes]:
    left = after
    for chunk in chunks:
        if len(chunk) >= left:
            yield chunk[:left]
            raise Unreachable("cut off")
        left -= len(chunk)
        yield chunk


@contextmanager
def _dying(hq: Hq, statement: int) -> Iterator[None]:
    """End the request at its nth statement: what it has not committed by then is undone."""
    store, count = hq.store, 0
    plain = store.transaction
    seen: list[Any] = []

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count > statement:
                raise ServerDied
            return step(*args, **kwargs)

        return call

    @contextmanager
    def transaction(**how: bool) -> Iterator[Any]:
        with plain(**how) as connection:
            seen.append(connection)
            for name in ("execute", "cursor", "commit"):
                setattr(connection, name, counted(getattr(connection, name)))
            try:
                yield connection
            finally:
                # The commit that ends the transaction is counted too.
                for name in ("execute", "cursor"):
                    delattr(connection, name)

    store.transaction = transaction  # type: ignore[method-assign]
    try:
        yield
    finally:
        del store.transaction
        for connection in seen:
            vars(connection).pop("commit", None)
