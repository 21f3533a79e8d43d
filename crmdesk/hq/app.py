"""The HQ server's HTTP: requests are bounded here and handed to the endpoints in threads."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from crmdesk.domain.errors import CrmdeskError, EnvironmentProblem, Refused
from crmdesk.hq import schema
from crmdesk.hq.doors import MOST_OF_ADDRESS, MOST_OF_DEVICE, Doors
from crmdesk.hq.endpoints import ENDPOINTS, Call, Hq, Reply, answer, failed, open_hq, prove, proven
from crmdesk.hq.limits import bounded_body
from crmdesk.i18n import _
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.sync.protocol import PROTOCOL_VERSION

__all__ = ["make_app", "open_hq"]

_log = logging.getLogger("crmdesk.hq")

Handler = Callable[[Request], Awaitable[Response]]


def make_app(hq: Hq) -> Starlette:
    """The application for uvicorn."""
    routes = [Route(path, _handler(hq, path), methods=["POST"]) for path in ENDPOINTS]
    routes.append(Route("/health", _health(hq), methods=["GET"]))
    doors = Middleware(Doors, caller=_caller(hq), refusal=_too_many)
    return Starlette(routes=routes, middleware=[doors], exception_handlers={500: _bug})


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


def _handler(hq: Hq, path: str) -> Handler:
    async def handle(request: Request) -> Response:
        token = _token(request.scope)
        try:
            if ENDPOINTS[path].signed:
                await _prove(hq, token)
            body = await bounded_body(request, ENDPOINTS[path].room)
        except CrmdeskError as error:
            return _response(failed(error))
        address = _address(request.scope)
        return _response(await run_in_threadpool(answer, hq, path, Call(token, body, address)))

    return handle


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
    return StreamingResponse(reply.body, status_code=reply.status, media_type=reply.media)


def _bug(_request: Request, error: Exception) -> Response:
    """A bug of ours: the log has it, the laptop is told to try later and keeps its work."""
    _log.error("unexpected failure", exc_info=error)
    problem = EnvironmentProblem(_("HQ has made a mistake."), _("Your work is kept here."))
    return _response(failed(problem, 500))


def _health(hq: Hq) -> Handler:
    def ask() -> None:
        schema.check(hq.store)

    async def handle(_request: Request) -> Response:
        try:
            await run_in_threadpool(ask)
        except CrmdeskError as error:
            return _response(failed(error))
        return JSONResponse(
            {"status": "ok", "protocol": PROTOCOL_VERSION, "schema": SCHEMA_VERSION}
        )

    return handle
