"""Around every request: its number, its time, its line in the log, its count; and the end.

Knows nothing of what a request is about beyond the :class:`Notes` that the endpoints leave. While
the server is ending, requests that are running are finished and new ones are told to come back.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crmdesk.hq.running.endpoints import Notes
from crmdesk.hq.running.logs import REQUESTS
from crmdesk.hq.running.metrics import Metrics
from crmdesk.i18n import _
from crmdesk.sync.protocol import Failure

NOTES = "crmdesk.notes"
"""Where a request's scope has its :class:`Notes`."""

_log = logging.getLogger(REQUESTS)
_RETRY_AFTER_S = 5
# Answered while the server is ending as well.
_ALWAYS = frozenset({"/metrics"})


@dataclass(slots=True)
class Drain:
    """How a server ends: ``running`` requests are finished, with ``draining`` no more are taken."""

    draining: bool = False
    running: int = 0


@dataclass(slots=True)
class _Seen:
    """What went through of one request."""

    path: str
    number: str
    began_s: float = field(default_factory=time.perf_counter)
    status: int = 0
    received: int = 0
    sent: int = 0
    whole: bool = False


class Observed:
    """An ASGI application around another one."""

    def __init__(
        self, inner: ASGIApp, metrics: Metrics, drain: Drain, paths: Collection[str]
    ) -> None:
        self._inner = inner
        self._metrics = metrics
        self._drain = drain
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        # What a stranger asks for is no label and no line: it may be anything.
        path = str(scope["path"])
        notes = Notes(request=secrets.token_hex(6))
        seen = _Seen(path if path in self._paths else "other", notes.request)
        scope[NOTES] = notes
        if self._drain.draining and path not in _ALWAYS:
            await _refuse(send)
            seen.status, seen.whole, notes.code = 503, True, "ending"
            self._finished(seen, notes)
            return
        self._drain.running += 1
        self._metrics.running.inc()
        try:
            await self._inner(scope, _counting_in(receive, seen), _counting_out(send, seen))
        finally:
            self._drain.running -= 1
            self._metrics.running.dec()
            self._finished(seen, notes)

    def _finished(self, seen: _Seen, notes: Notes) -> None:
        took_s = time.perf_counter() - seen.began_s
        count = self._metrics
        count.requests.labels(seen.path, str(seen.status or "none")).inc()
        count.seconds.labels(seen.path).observe(took_s)
        count.received.labels(seen.path).inc(seen.received)
        count.sent.labels(seen.path).inc(seen.sent)
        if notes.rows:
            count.rows.labels(seen.path).inc(notes.rows)
        count.judged(notes.ops.items())
        if _log.isEnabledFor(logging.INFO):
            _log.info("request", extra=_told(seen, notes, took_s))


def _told(seen: _Seen, notes: Notes, took_s: float) -> dict[str, object]:
    told: dict[str, object] = {
        "request": seen.number, "device": notes.device, "path": seen.path, "status": seen.status,
        "ms": round(took_s * 1000, 1), "bytes_in": seen.received, "bytes_out": seen.sent,
    }  # fmt: skip
    if notes.code:
        told["code"] = notes.code
    if notes.rows:
        told["rows"] = notes.rows
    for (status, code), count in sorted(notes.ops.items()):
        told[f"ops_{status}_{code}" if code else f"ops_{status}"] = count
    if not seen.whole:
        told["cut"] = True
    return told


def _counting_in(receive: Receive, seen: _Seen) -> Receive:
    async def counted() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            seen.received += len(message.get("body", b""))
        return message

    return counted


def _counting_out(send: Send, seen: _Seen) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.status = message["status"]
            if seen.status >= 400:
                # So that a person's report and the line in the log can be brought together.
                number = (b"x-request-id", seen.number.encode())
                message = {**message, "headers": [*message.get("headers", []), number]}
        elif message["type"] == "http.response.body":
            seen.sent += len(message.get("body", b""))
            seen.whole = not message.get("more_body", False)
        await send(message)

    return counted


async def _refuse(send: Send) -> None:
    failure = Failure("ending", _("HQ is being restarted."), _("The next sync will try again."))
    body = msgspec.json.encode(failure)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(_RETRY_AFTER_S).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
