"""The HQ server's endpoints: what comes over the network is checked here and handed on.

Stateless: any number of processes may serve one PostgreSQL. Every answer that is not a success is
a :class:`Failure` with a code and a sentence. Work on the database runs in threads.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import psycopg
import zstandard
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import CrmdeskError, EnvironmentProblem, Refused
from crmdesk.hq import auth, schema, streams
from crmdesk.hq.limits import bounded_body
from crmdesk.hq.pull import pull
from crmdesk.hq.push import push
from crmdesk.hq.scopes import Principal, principal, scopes_of
from crmdesk.hq.snapshot import snapshot
from crmdesk.hq.store import HqConnection, Store
from crmdesk.i18n import _
from crmdesk.sync.protocol import (
    COMPRESS_ABOVE,
    MEDIA_PACKED,
    MEDIA_ROWS,
    OLDEST_PROTOCOL,
    PROTOCOL_VERSION,
    EnrolRequest,
    Failure,
    PullRequest,
    PushRequest,
    SnapshotRequest,
    TokenRequest,
    TokenResponse,
)

_log = logging.getLogger("crmdesk.hq")
_Message = TypeVar("_Message", bound=msgspec.Struct)
_STATUS = {
    "token": 401, "device": 401, "code": 403, "too-large": 413, "malformed": 400,
    "protocol": 426, "epoch": 409,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hq:
    """What the endpoints need: the store, the clock, and two facts read once at the start."""

    store: Store
    clock: Clock
    epoch: str
    secret: str

    def now_ms(self) -> int:
        """HQ's time in milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def caller(self, connection: HqConnection, token: str) -> Principal:
        """Who sent a token, as the database knows the device now; Refused otherwise."""
        device = auth.read_token(self.secret, token, self.clock.now())
        found = principal(connection, device, self.clock.today())
        if found is None:
            raise Refused(_("HQ does not know this device."), code="device")
        auth.check_status(found.status)
        return found


def open_hq(store: Store, clock: Clock) -> Hq:
    """The facts of an HQ; UserError when the database is not one."""
    return Hq(store, clock, schema.fact(store, "epoch"), schema.fact(store, "secret"))


def make_app(hq: Hq) -> Starlette:
    """The application for uvicorn."""
    steps: dict[str, Callable[[Hq, Request], Awaitable[Response]]] = {
        "/v1/enrol": _enrol,
        "/v1/token": _token,
        "/v1/push": _push,
        "/v1/pull": _pull,
        "/v1/snapshot": _snapshot,
    }
    routes = [Route(path, _endpoint(hq, step), methods=["POST"]) for path, step in steps.items()]
    routes.append(Route("/health", _endpoint(hq, _health), methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={500: _bug})


def _bug(_request: Request, error: Exception) -> Response:
    """A bug of ours: the log has it, the laptop is told to try later and keeps its work."""
    _log.error("unexpected failure", exc_info=error)
    problem = EnvironmentProblem(_("HQ has made a mistake."), _("Your work is kept here."))
    return _failure(problem, 500)


def _endpoint(
    hq: Hq, step: Callable[[Hq, Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await step(hq, request)
        except (Refused, EnvironmentProblem) as error:
            unavailable = isinstance(error, EnvironmentProblem)
            status = 503 if unavailable else _STATUS.get(error.code, 403)
            return _failure(error, status)
        except CrmdeskError as error:
            return _failure(error, 400)
        except msgspec.DecodeError as error:
            _log.info("malformed request: %s", error)
            problem = Refused(_("HQ could not read the request."), code="malformed")
            return _failure(problem, 400)
        except psycopg.DataError as error:
            _log.info("impossible values: %s", error)
            problem = Refused(_("HQ could not read the request."), code="malformed")
            return _failure(problem, 400)
        except psycopg.OperationalError:
            _log.exception("the database failed")
            return _failure(EnvironmentProblem(_("The HQ database does not answer.")), 503)

    return answer


def _failure(error: CrmdeskError, status: int) -> Response:
    body = msgspec.json.encode(Failure(error.code, error.message, error.hint))
    return Response(body, status_code=status, media_type="application/json")


def _read(body: bytes, kind: type[_Message]) -> _Message:
    message = msgspec.json.decode(body, type=kind)
    protocol = getattr(message, "protocol", PROTOCOL_VERSION)
    if not OLDEST_PROTOCOL <= protocol <= PROTOCOL_VERSION:
        raise Refused(
            _("This version of crmdesk does not fit the HQ server."),
            _("Update crmdesk. Your work is kept."),
            code="protocol",
        )
    return message


def _bearer(hq: Hq, request: Request) -> str:
    """The token of a request, proven before anything of the body is read."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    auth.read_token(hq.secret, token, hq.clock.now())
    return token


def _json(message: msgspec.Struct) -> Response:
    body = msgspec.json.encode(message)
    if len(body) <= COMPRESS_ABOVE:
        return Response(body, media_type="application/json")
    return Response(zstandard.ZstdCompressor(level=3).compress(body), media_type=MEDIA_PACKED)


async def _health(hq: Hq, _request: Request) -> Response:
    def ask() -> None:
        with hq.store.transaction() as connection:
            connection.execute("SELECT 1")

    await run_in_threadpool(ask)
    return JSONResponse({"status": "ok", "protocol": PROTOCOL_VERSION, "epoch": hq.epoch})


async def _enrol(hq: Hq, request: Request) -> Response:
    message = _read(await bounded_body(request), EnrolRequest)

    def step() -> Response:
        with hq.store.transaction() as connection:
            found = auth.enrol(connection, message.code, message.name, hq.clock.now(), hq.epoch)
        return _json(found)

    return await run_in_threadpool(step)


async def _token(hq: Hq, request: Request) -> Response:
    message = _read(await bounded_body(request), TokenRequest)

    def step() -> Response:
        with hq.store.transaction() as connection:
            auth.check_key(connection, message.device, message.key)
            connection.execute(
                "UPDATE hq_device SET last_seen_at = %s WHERE device_id = %s",
                (hq.clock.now(), message.device),
            )
        token = auth.make_token(hq.secret, message.device, hq.clock.now())
        life_s = int(auth.TOKEN_LIFE.total_seconds())
        return _json(TokenResponse(token, life_s, hq.now_ms(), hq.epoch))

    return await run_in_threadpool(step)


async def _push(hq: Hq, request: Request) -> Response:
    token, body = _bearer(hq, request), await bounded_body(request)

    def step() -> Response:
        message = _read(body, PushRequest)
        with hq.store.transaction() as connection:
            who = hq.caller(connection, token)
        return _json(push(hq.store, who, message, epoch=hq.epoch, clock=hq.clock))

    return await run_in_threadpool(step)


async def _pull(hq: Hq, request: Request) -> Response:
    token, body = _bearer(hq, request), await bounded_body(request)

    def step() -> Response:
        message = _read(body, PullRequest)
        page = pull(hq.store, lambda c: hq.caller(c, token), message, hq.epoch, hq.now_ms())
        if page is None:
            return Response(status_code=204)
        return Response(page, media_type=MEDIA_ROWS)

    return await run_in_threadpool(step)


async def _snapshot(hq: Hq, request: Request) -> Response:
    token, body = _bearer(hq, request), await bounded_body(request)
    message = _read(body, SnapshotRequest)

    def opened() -> Iterator[bytes]:
        stack = ExitStack()
        try:
            connection = stack.enter_context(hq.store.transaction(snapshot=True, long=True))
            who = hq.caller(connection, token)
            scopes = scopes_of(connection, who)
            if message.scopes:
                scopes = [scope for scope in scopes if scope in set(message.scopes)]
            lines = snapshot(connection, hq.epoch, scopes, after=message.after)
            stream = streams.compressed(lines)
            first = next(stream)
        except BaseException:
            stack.close()
            raise
        return _streamed(stack, first, stream)

    return StreamingResponse(await run_in_threadpool(opened), media_type=MEDIA_ROWS)


def _streamed(stack: ExitStack, first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    with stack:
        yield first
        yield from stream
