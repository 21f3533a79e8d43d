"""What HQ answers to each request: from the bytes of a body to the bytes of a reply, no HTTP.

Stateless: any number of processes may serve one PostgreSQL. Every answer that is not a success is a
:class:`Failure` with a code and a sentence. How requests come in is
:mod:`crmdesk.hq.running.app`'s; a kind of request is added to :data:`ENDPOINTS`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import psycopg
import zstandard
from psycopg import errors

from crmdesk.domain.clock import Clock
from crmdesk.domain.errors import CrmdeskError, EnvironmentProblem, Refused
from crmdesk.hq.access import auth, quarantine, signing_in
from crmdesk.hq.access.passwords import Passwords
from crmdesk.hq.database import schema, streams
from crmdesk.hq.database.company_day import company_day
from crmdesk.hq.database.scopes import Principal, principal, scopes_of
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.exchange import blobs, bounds, heal, telling
from crmdesk.hq.exchange.pull import pull
from crmdesk.hq.exchange.push import push
from crmdesk.hq.exchange.snapshot import snapshot
from crmdesk.hq.running.limits import NARROW, PIECE, QUESTION, WIDE, Room
from crmdesk.i18n import _
from crmdesk.storage.entities import OLDEST_SCHEMA, SCHEMA_VERSION
from crmdesk.sync.protocol import (
    COMPRESS_ABOVE,
    MEDIA_BYTES,
    MEDIA_PACKED,
    MEDIA_ROWS,
    OLDEST_PROTOCOL,
    PROTOCOL_VERSION,
    BlobFinish,
    BlobGet,
    BlobPut,
    BlobReceived,
    BlobStateRequest,
    BlobStates,
    BucketsRequest,
    EnrolRequest,
    Failure,
    HistoryAnswer,
    HistoryRequest,
    PullRequest,
    PushRequest,
    RowsRequest,
    SnapshotRequest,
    SumsRequest,
    TokenRequest,
    TokenResponse,
)

_log = logging.getLogger("crmdesk.hq")
_Message = TypeVar("_Message", bound=msgspec.Struct)
_SECRET_AGAIN_S = 1.0
_STATUS = {
    "token": 401, "device": 401, "code": 403, "too-large": 413, "malformed": 400,
    "protocol": 426, "outdated": 426, "epoch": 409, "too-many": 429, "timeout": 408,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hq:
    """What the endpoints need: the store, the clock, and what tokens are signed with."""

    store: Store
    clock: Clock
    signing: Signing
    passwords: Passwords = field(default_factory=Passwords)

    def now_ms(self) -> int:
        """HQ's time in milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def caller(self, connection: HqConnection, call: Call, *, leaving: bool = False) -> Principal:
        """Who sent a request, as the database knows the device now; Refused otherwise.

        ``leaving`` lets a device pass that is being retired.
        """
        device = auth.read_token(self.signing.secret, call.token, self.clock.now())
        found = principal(connection, device, company_day(connection, self.clock.now()))
        if found is None:
            raise Refused(_("HQ does not know this device."), code="device")
        call.notes.device = found.prefix
        auth.check_status(found.status, leaving=leaving)
        return found


class Signing:
    """The secret that tokens are signed with, kept so that forged ones cost no query.

    HQ may be restored from a backup under a running server: a token that does not fit makes it
    read the secret again, once a second at most.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read_s = time.monotonic()
        self.secret = schema.fact(store, "secret")

    def changed(self) -> bool:
        """Read the secret again; True when it is another one than before."""
        now_s = time.monotonic()
        if now_s - self._read_s < _SECRET_AGAIN_S:
            return False
        self._read_s = now_s
        before, self.secret = self.secret, schema.fact(self._store, "secret")
        return self.secret != before


@dataclass(slots=True)
class Notes:
    """What log and metrics are told of a request: nothing that names a customer or opens a door.

    ``device`` is the prefix; ``ops`` counts answers by (status, code); ``code`` says why the
    request itself was refused; ``request`` is its number in the log.
    """

    request: str = ""
    device: str = ""
    code: str = ""
    rows: int = 0
    ops: Counter[tuple[str, str]] = field(default_factory=Counter)

    def sent(self, rows: int) -> None:
        """So many more rows went out."""
        self.rows += rows


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the token (proven already where the endpoint is signed), the body, whence.

    ``program`` is what the client calls itself, as :func:`crmdesk.hq.running.app` lets it through.
    """

    token: str
    body: bytes
    address: str = ""
    program: str = ""
    notes: Notes = field(default_factory=Notes)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``body`` comes in pieces where it is a stream."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    media: str = "application/json"


Step = Callable[[Hq, Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of request. ``signed`` ones are answered only to a valid token; ``room`` is what
    its body may take; ``long`` ones work with a connection set aside for them.
    """

    step: Step
    signed: bool = True
    room: Room = WIDE
    long: bool = False


def open_hq(store: Store, clock: Clock) -> Hq:
    """The facts of an HQ; UserError when the database is not one."""
    return Hq(store, clock, Signing(store))


def answer(hq: Hq, path: str, call: Call) -> Reply:
    """The reply to a request at a path of :data:`ENDPOINTS`; never raises an expected error."""
    try:
        return _answered(hq, path, call)
    except CrmdeskError as error:
        call.notes.code = error.code
        return failed(error)


def _answered(hq: Hq, path: str, call: Call) -> Reply:
    endpoint = ENDPOINTS[path]
    try:
        if endpoint.signed:
            prove(hq, call.token)
        return endpoint.step(hq, call)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Its words would quote the request.
        _log.info("malformed request: %s", type(error).__name__)
        raise Refused(_("HQ could not read the request."), code="malformed") from error
    except (psycopg.DataError, errors.StatementTooComplex, errors.ProgramLimitExceeded) as error:
        _log.info("impossible values: %s", error.sqlstate)
        raise Refused(_("HQ could not read the request."), code="malformed") from error
    except RecursionError:
        raise Refused(_("HQ could not read the request."), code="malformed") from None
    except (errors.QueryCanceled, errors.LockNotAvailable) as error:
        _log.warning("a request took too long: %s", path)
        hint = _("The next sync will try again.")
        raise EnvironmentProblem(_("HQ is too busy."), hint) from error
    except psycopg.OperationalError as error:
        _log.exception("the database failed")
        raise EnvironmentProblem(_("The HQ database does not answer.")) from error


def prove(hq: Hq, token: str) -> str:
    """The device (hex) of a token that is ours and still good, else Refused; may query."""
    try:
        return proven(hq, token)
    except Refused:
        if not hq.signing.changed():
            raise
        return proven(hq, token)


def proven(hq: Hq, token: str) -> str:
    """The device (hex) of a token as far as memory knows, else Refused: no query."""
    return auth.read_token(hq.signing.secret, token, hq.clock.now())


def failed(error: CrmdeskError, status: int | None = None) -> Reply:
    """An expected error as a reply."""
    if status is None:
        status = 400
        if isinstance(error, EnvironmentProblem):
            status = 503
        elif isinstance(error, Refused):
            status = _STATUS.get(error.code, 403)
    return Reply(msgspec.json.encode(Failure(error.code, error.message, error.hint)), status)


def read(body: bytes, kind: type[_Message]) -> _Message:
    """A request's message; Refused for a protocol this HQ does not speak."""
    message = msgspec.json.decode(body, type=kind)
    bounds.check(message)
    protocol = getattr(message, "protocol", PROTOCOL_VERSION)
    if not OLDEST_PROTOCOL <= protocol <= PROTOCOL_VERSION:
        raise Refused(
            _("This version of crmdesk does not fit the HQ server."),
            _("Update crmdesk. Your work is kept."),
            code="protocol",
        )
    return message


def check_schema(schema_version: int) -> None:
    """Refused for a laptop too old to be given rows; what it has to send is still taken."""
    if schema_version < OLDEST_SCHEMA:
        raise Refused(
            _("This version of crmdesk is too old to receive from HQ."),
            _("Your changes have been sent. Update crmdesk to receive again."),
            code="outdated",
        )


def written(message: msgspec.Struct) -> Reply:
    """A message as a reply, packed when it is long."""
    body = msgspec.json.encode(message)
    if len(body) <= COMPRESS_ABOVE:
        return Reply(body)
    return Reply(zstandard.ZstdCompressor(level=3).compress(body), media=MEDIA_PACKED)


def _enrol(hq: Hq, call: Call) -> Reply:
    message = read(call.body, EnrolRequest)
    now = hq.clock.now()
    found = signing_in.enrol(hq.store, hq.passwords, message, address=call.address, now=now)
    call.notes.device = found.prefix
    return written(found)


def _token(hq: Hq, call: Call) -> Reply:
    message = read(call.body, TokenRequest)
    status = signing_in.sign_in(hq.store, message, address=call.address, now=hq.clock.now())
    with hq.store.transaction() as connection:
        if message.leaving and status == "retiring":
            quarantine.finish(connection, message.device)
            status = "retired"
        _note_program(connection, message.device, call.program)
        lease_days = auth.lease_days(connection)
        pins = auth.pins(connection)
        # Not from memory: every server process must sign alike, after a restore as well.
        epoch, hq.signing.secret = schema.facts(connection)
    auth.check_status(status, leaving=True)
    token = auth.make_token(hq.signing.secret, message.device, hq.clock.now())
    life_s = int(auth.TOKEN_LIFE.total_seconds())
    return written(
        TokenResponse(token, life_s, hq.now_ms(), epoch, SCHEMA_VERSION, lease_days, status, pins)
    )


def _note_program(connection: HqConnection, device: str, program: str) -> None:
    """Keep what a device runs, for the administrator's list."""
    connection.execute(
        "UPDATE hq_device SET program = %s WHERE device_id = %s AND program IS DISTINCT FROM %s",
        (program, device, program),
    )


def _push(hq: Hq, call: Call) -> Reply:
    message = read(call.body, PushRequest)
    with hq.store.transaction() as connection:
        who = hq.caller(connection, call, leaving=True)
    response = push(hq.store, who, message, hq.clock)
    call.notes.ops.update((one.status, one.code) for one in response.answers)
    return written(response)


def _pull(hq: Hq, call: Call) -> Reply:
    message = read(call.body, PullRequest)
    check_schema(message.schema)
    page = pull(
        hq.store, lambda c: hq.caller(c, call), message, hq.now_ms(), counted=call.notes.sent
    )
    return Reply(status=204) if page is None else Reply(page, media=MEDIA_ROWS)


def _snapshot(hq: Hq, call: Call) -> Reply:
    message = read(call.body, SnapshotRequest)
    check_schema(message.schema)
    stack = ExitStack()
    try:
        connection = stack.enter_context(hq.store.transaction(snapshot=True, long=True))
        who = hq.caller(connection, call)
        scopes = scopes_of(connection, who)
        if message.scopes:
            scopes = [scope for scope in scopes if scope in set(message.scopes)]
        lines = snapshot(
            connection, who.epoch, scopes, after=message.after, entities=message.entities,
            counted=call.notes.sent,
        )  # fmt: skip
        stream = streams.compressed(lines)
        first = next(stream)
    except BaseException:
        stack.close()
        raise
    return Reply(_streamed(stack, first, stream), media=MEDIA_ROWS)


def _sums(hq: Hq, call: Call) -> Reply:
    message = read(call.body, SumsRequest)
    return written(heal.compare(hq.store, lambda c: hq.caller(c, call), message, hq.clock.now()))


def _buckets(hq: Hq, call: Call) -> Reply:
    message = read(call.body, BucketsRequest)
    return written(heal.buckets(hq.store, lambda c: hq.caller(c, call), message))


def _rows(hq: Hq, call: Call) -> Reply:
    message = read(call.body, RowsRequest)
    check_schema(message.schema)
    body = heal.rows(hq.store, lambda c: hq.caller(c, call), message, counted=call.notes.sent)
    return Reply(body, media=MEDIA_ROWS)


def _history(hq: Hq, call: Call) -> Reply:
    message = read(call.body, HistoryRequest)
    check_schema(message.schema)
    with hq.store.transaction() as connection:
        who = hq.caller(connection, call)
        found = telling.changes(connection, who, message.accounts)
    call.notes.sent(len(found))
    return written(HistoryAnswer(found))


def _streamed(stack: ExitStack, first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    with stack:
        yield first
        yield from stream


def _caller(hq: Hq, call: Call, *, leaving: bool = False) -> Principal:
    with hq.store.transaction() as connection:
        return hq.caller(connection, call, leaving=leaving)


def _blob_state(hq: Hq, call: Call) -> Reply:
    message = read(call.body, BlobStateRequest)
    with hq.store.transaction() as connection:
        who = hq.caller(connection, call, leaving=True)
        found = blobs.states(connection, who, message.digests)
    return written(BlobStates(found))


def _blob_put(hq: Hq, call: Call) -> Reply:
    head, _newline, data = call.body.partition(b"\n")
    message = read(head, BlobPut)
    who = _caller(hq, call, leaving=True)
    return written(BlobReceived(blobs.put(hq.store, who, message, data, hq.clock.now())))


def _blob_finish(hq: Hq, call: Call) -> Reply:
    message = read(call.body, BlobFinish)
    who = _caller(hq, call, leaving=True)
    return written(BlobReceived(blobs.finish(hq.store, who, message.sha256)))


def _blob_get(hq: Hq, call: Call) -> Reply:
    message = read(call.body, BlobGet)
    return Reply(blobs.get(hq.store, _caller(hq, call), message), media=MEDIA_BYTES)


ENDPOINTS: dict[str, Endpoint] = {
    "/v1/enrol": Endpoint(_enrol, signed=False, room=NARROW),
    "/v1/token": Endpoint(_token, signed=False, room=NARROW),
    "/v1/push": Endpoint(_push),
    "/v1/pull": Endpoint(_pull, room=QUESTION),
    "/v1/snapshot": Endpoint(_snapshot, room=QUESTION, long=True),
    "/v1/sums": Endpoint(_sums, room=QUESTION, long=True),
    "/v1/buckets": Endpoint(_buckets, room=QUESTION, long=True),
    "/v1/rows": Endpoint(_rows, room=QUESTION),
    "/v1/history": Endpoint(_history, room=QUESTION),
    "/v1/blob/state": Endpoint(_blob_state, room=QUESTION),
    "/v1/blob/put": Endpoint(_blob_put, room=PIECE),
    "/v1/blob/finish": Endpoint(_blob_finish, room=NARROW),
    "/v1/blob/get": Endpoint(_blob_get, room=NARROW),
}
"""Every kind of request by its path."""
