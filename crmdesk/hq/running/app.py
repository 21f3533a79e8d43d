"""The HQ server's HTTP: requests are bounded here and handed to the endpoints in threads.

Beside the laptops' requests it answers ``GET /health`` to anybody and ``GET /metrics`` to whoever
has the token for it; without such a token there is no ``/metrics`` on this port.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from crmdesk.domain.errors import CrmdeskError, EnvironmentProblem, Refused
from crmdesk.hq.database import schema
from crmdesk.hq.running import metrics as measures
from crmdesk.hq.running.doors import MOST_OF_ADDRESS, MOST_OF_DEVICE, Doors
from crmdesk.hq.running.endpoints import (
    ENDPOINTS,
    Call,
    Hq,
    Notes,
    Reply,
    answer,
    failed,
    open_hq,
    prove,
    proven,
)
from crmdesk.hq.running.limits import bounded_body, unpacked
from crmdesk.hq.running.metrics import Metrics
from crmdesk.hq.running.observing import NOTES, Drain, Observed
from crmdesk.hq.running.workers import Workers
from crmdesk.i18n import _
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.sync.protocol import PROTOCOL_VERSION

__all__ = ["make_app", "open_hq"]

_log = logging.getLogger("crmdesk.hq")

_PROGRAM = re.compile(r"crmdesk(/[0-9A-Za-z.+-]{1,40})?")

Handler = Callable[[Request], Awaitable[Response]]


def make_app(
    hq: Hq,
    *,
    metrics: Metrics | None = None,
    drain: Drain | None = None,
    metrics_token: str | None = None,
) -> ASGIApp:
    """The application for uvicorn.

    ``drain`` is how the server tells it that it is ending; ``metrics_token`` opens ``/metrics``.
    """
    measured = metrics or Metrics(hq.store)
    workers = Workers(hq.store.connections, hq.store.streams)
    routes = [Route(path, _Asked(hq, path, workers), methods=["POST"]) for path in ENDPOINTS]
    routes.append(Route("/health", _health(hq), methods=["GET"]))
    routes.append(Route("/metrics", _metrics(measured, metrics_token), methods=["GET"]))
    doors = Middleware(Doors, caller=_caller(hq), refusal=_too_many)
    inner = Starlette(routes=routes, middleware=[doors], exception_handlers={500: _bug})
    paths = [*ENDPOINTS, "/health", "/metrics"]
    return Observed(inner, measured, drain or Drain(), paths)


def _caller(hq: Hq) -> Callable[[Scope], tuple[str, int]]:
    """Whose request it is for the count of open ones: the device's, else the address's."""

    def caller(scope: Scope) -> tuple[str, int]:
        try:
            return proven(hq, _token(scope)), MOST_OF_DEVICE
        except Refused:
            return _address(scope), MOST_OF_ADDRESS

    return caller


def _token(scope: Scope) -> str:
    sent = Headers(scope=scope).get("authorization", "")
    return sent.removeprefix("Bearer ")


def _program(request: Request) -> str:
    """What a client calls itself, when it is one of ours: ``crmdesk/1.2.3``."""
    said = request.headers.get("user-agent", "")
    return said if _PROGRAM.fullmatch(said) else ""


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _too_many() -> Response:
    return _response(
        failed(
            Refused(
                _("Too many requests at once."), _("The next sync will try again."), code="too-many"
            )
        )
    )


class _Asked:
    """The requests to one path, as an ASGI application."""

    def __init__(self, hq: Hq, path: str, workers: Workers) -> None:
        self._hq = hq
        self._path = path
        self._workers = workers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read what is asked, let it be worked on in its turn, and send the answer."""
        request, endpoint = Request(scope, receive), ENDPOINTS[self._path]
        token = _token(scope)
        notes: Notes = scope[NOTES]
        try:
            if endpoint.signed:
                await _prove(self._hq, token)
            body = await bounded_body(request, endpoint.room)
        except CrmdeskError as error:
            notes.code = error.code
            await _response(failed(error))(scope, receive, send)
            return
        call = Call(token, body, _address(scope), _program(request), notes)
        encoding = request.headers.get("content-encoding", "identity")
        work = partial(_answer, self._hq, self._path, call, encoding)
        if endpoint.long:
            async with self._workers.streaming():
                await _response(await run_in_threadpool(work))(scope, receive, send)
        else:
            await _response(await self._workers.short(work))(scope, receive, send)


def _answer(hq: Hq, path: str, call: Call, encoding: str) -> Reply:
    try:
        body = unpacked(call.body, encoding, ENDPOINTS[path].room)
    except CrmdeskError as error:
        call.notes.code = error.code
        return failed(error)
    return answer(hq, path, replace(call, body=body))


async def _prove(hq: Hq, token: str) -> None:
    """Refused before anything of the body is read; only a token that does not fit may query."""
    try:
        proven(hq, token)
    except Refused:
        await run_in_threadpool(prove, hq, token)


def _response(reply: Reply) -> Response:
    if isinstance(reply.body, bytes):
        media = reply.media if reply.body else None
        return Response(reply.body, status_code=reply.status, media_type=media)
    return _Stream(reply.body, status_code=reply.status, media_type=reply.media)


class _Stream(StreamingResponse):
    """A stream that lets go of what it holds as soon as it ends or its reader has gone."""

    def __init__(self, pieces: Iterator[bytes], *, status_code: int, media_type: str) -> None:
        super().__init__(pieces, status_code=status_code, media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self._pieces, Generator):
                # Otherwise a snapshot would keep its connection until the next garbage collection.
                await asyncio.shield(asyncio.to_thread(self._pieces.close))


def _bug(request: Request, error: Exception) -> Response:
    """A bug of ours: the log has it, the laptop is told to try later and keeps its work."""
    notes: Notes = request.scope[NOTES]
    notes.code = "bug"
    _log.error("unexpected failure", exc_info=error, extra={"request": notes.request})
    problem = EnvironmentProblem(_("HQ has made a mistake."), _("Your work is kept here."))
    return _response(failed(problem, 500))


def _health(hq: Hq) -> Handler:
    """Whether this process can do its work: for a balancer and for a person's first look."""

    async def handle(request: Request) -> Response:
        try:
            await run_in_threadpool(schema.check, hq.store)
        except CrmdeskError as error:
            request.scope[NOTES].code = error.code
            return _response(failed(error))
        found = {"status": "ok", "protocol": PROTOCOL_VERSION, "schema": SCHEMA_VERSION}
        return JSONResponse(found, headers={"cache-control": "no-store"})

    return handle


def _metrics(metrics: Metrics, token: str | None) -> Handler:
    async def handle(request: Request) -> Response:
        given = _token(request.scope).encode()
        if token is None or not hmac.compare_digest(given, token.encode()):
            request.scope[NOTES].code = "token"
            refused = Refused(
                _("Metrics are given to whoever has the token for them."),
                _("Start the server with --metrics-token-file, or with --metrics-port."),
                code="token",
            )
            return _response(failed(refused))
        text = await run_in_threadpool(metrics.text)
        return Response(text, headers={"content-type": measures.MEDIA})

    return handle
