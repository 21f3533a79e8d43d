"""What one connection and one device may hold of a server: heads, open requests, slow reading.

A connection that does not get on is cut, so that nobody keeps a server busy by doing nothing. How
large and how slow a body may be is :mod:`crmdesk.hq.running.limits`'.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from crmdesk.hq.running.limits import WIDE

_log = logging.getLogger("crmdesk.hq")

HEAD_S = 15.0
"""So long a request's head may take to arrive."""

HEAD_BYTES = 32 * 1024
STALL_S = 60.0
"""So long a reader may take over what fills the send buffer: less than a kilobyte a second."""

LINGER_S = 30.0
MOST_OF_DEVICE = 6
MOST_OF_ADDRESS = 256
WHOLE_S = 900.0
"""So long a request may take, reading its answer included; a first download is taken up again."""


class Doors:
    """Middleware: how many requests each caller has open in this process, and for how long.

    ``caller`` names who asks and how many requests they may have open, from a scope; ``refusal``
    is the reply beyond that.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        caller: Callable[[Scope], tuple[str, int]],
        refusal: Callable[[], ASGIApp],
        whole_s: float | None = None,
    ) -> None:
        self._app = app
        self._caller = caller
        self._refusal = refusal
        self._whole_s = WHOLE_S if whole_s is None else whole_s
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        who, most = self._caller(scope)
        if self._open[who] >= most:
            await self._refusal()(scope, receive, send)
            return
        self._open[who] += 1
        try:
            async with asyncio.timeout(self._whole_s):
                await self._app(scope, receive, send)
        except TimeoutError:
            # What was begun stays unfinished, so the connection is closed and the reader knows.
            _log.info("a request took longer than anybody may take")
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]


class Patience(asyncio.Protocol):
    """Mixed into uvicorn's protocol: cuts heads that drip and readers that do not read."""

    head_s, stall_s, linger_s = HEAD_S, STALL_S, LINGER_S
    head_bytes = HEAD_BYTES
    transport: asyncio.Transport
    cycle: Any
    loop: asyncio.AbstractEventLoop
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _head_seen = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection: its first head is awaited."""
        super().connection_made(transport)
        self._await_head(self.head_s)

    def data_received(self, data: bytes) -> None:
        """A piece: part of a head, or of a body whose request has been answered already."""
        before = self.cycle
        heading = before is None or before.response_complete
        unread = before is not None and bool(before.more_body)
        if heading:
            self._await_head(WIDE.seconds if unread else self.head_s)
        super().data_received(data)
        if self.cycle is not before:
            # The piece may hold the end of a head and much of its body.
            self._head_came()
        elif heading:
            self._head_seen += len(data)
            if self._head_seen > self.head_bytes + (WIDE.sent if unread else 0):
                self.transport.abort()

    def pause_writing(self) -> None:
        """The send buffer is full: the reader has a while to read on."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader has read on."""
        super().resume_writing()
        self._cancel_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end: no timer stays."""
        self._head_came()
        super().connection_lost(exc)
        self._cancel_stall()

    def timeout_keep_alive_handler(self) -> None:
        """An idle connection is closed, and cut when its last answer is not even read."""
        super().timeout_keep_alive_handler()  # type: ignore[misc]
        self.loop.call_later(self.linger_s, self.transport.abort)

    def _await_head(self, seconds: float) -> None:
        if self._head is None:
            self._head = self.loop.call_later(seconds, self.transport.abort)

    def _head_came(self) -> None:
        self._head_seen = 0
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


def protocol(**patience: float) -> type[asyncio.Protocol]:
    """The protocol class for uvicorn's ``http``; ``patience`` changes its bounds (tests)."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return type("PatientProtocol", (Patience, AutoHTTPProtocol), dict(patience))
