"""Bytes to HQ and back over HTTP, counted; what failed is said as an expected error.

The HTTP library is imported on first use, because it costs start-up time. Tests put a transport
of their own in its place to lose, repeat and cut messages.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec
import zstandard

from crmdesk import __version__
from crmdesk.domain.errors import Refused, Unreachable, UserError
from crmdesk.i18n import _
from crmdesk.sync.pinning import Pins, WrongPin
from crmdesk.sync.protocol import COMPRESS_ABOVE, MEDIA_PACKED, Failure

if TYPE_CHECKING:
    import httpx2

_TIMEOUT_S, _CONNECT_S = 120.0, 10.0
_LATER = frozenset({408, 429})
"""HQ says that now is not the time: nothing is wrong with the request."""

_HEADERS = {
    "user-agent": f"crmdesk/{__version__}", "accept": "*/*", "accept-encoding": "identity",
}  # fmt: skip


@dataclass(slots=True)
class Traffic:
    """Bytes on the wire and requests so far, headers included as far as they are known."""

    bytes_out: int = 0
    bytes_in: int = 0
    requests: int = 0


class Transport(Protocol):
    """What the client needs of a connection to HQ."""

    @property
    def traffic(self) -> Traffic:
        """What has gone over it so far."""

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        """One request; Refused with HQ's code, Unreachable when there was no answer."""

    def stream(
        self, path: str, body: bytes, token: str = ""
    ) -> AbstractContextManager[Iterator[bytes]]:
        """One request whose answer comes in pieces."""

    def close(self) -> None:
        """Let go of the connection."""


@contextmanager
def understood() -> Iterator[None]:
    """Unreachable for an answer that is not HQ's, or was cut and passed on as if it were whole.

    Hotel networks answer with their sign-in page, some proxies with half of what they got.
    """
    try:
        yield
    except (msgspec.DecodeError, zstandard.ZstdError) as error:
        raise Unreachable(
            _("What answered is not a crmdesk HQ, or its answer broke off."),
            _("Check the connection and the address; the next sync will try again."),
        ) from error


class HttpTransport:
    """HQ over HTTP; ``url`` is the server's address without a path.

    With ``pins`` only a server that has one of these keys is spoken to, without any the system's
    authorities decide. UserError for pins without TLS.
    """

    def __init__(
        self, url: str, *, timeout_s: float = _TIMEOUT_S, pins: Pins | None = None
    ) -> None:
        import httpx2

        self.url = url.rstrip("/")
        self.traffic = Traffic()
        self.pins = pins or Pins()
        if self.pins and not self.url.startswith("https://"):
            raise UserError(
                _("HQ is known by its key, which only an https:// address shows."),
                _("Use the https:// address of HQ."),
            )
        self._client = httpx2.Client(
            base_url=self.url,
            verify=self._trusted(),
            timeout=httpx2.Timeout(timeout_s, connect=_CONNECT_S),
            headers=_HEADERS,
        )

    def _trusted(self) -> ssl.SSLContext | bool:
        if self.pins:
            return self.pins.context()
        if self.url.startswith("http://"):
            # Reading the authorities takes its time for nothing: this context trusts nobody.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return True

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        with self._answer(path, body, token) as response:
            data = response.read()
            self.traffic.bytes_in += len(data)
            if response.headers.get("content-type") == MEDIA_PACKED:
                return zstandard.ZstdDecompressor().decompress(data)
            return data

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        with self._answer(path, body, token) as response:
            yield self._counted(response)

    def _counted(self, response: httpx2.Response) -> Iterator[bytes]:
        for chunk in response.iter_raw():
            self.traffic.bytes_in += len(chunk)
            yield chunk

    @contextmanager
    def _answer(self, path: str, body: bytes, token: str) -> Iterator[httpx2.Response]:
        import httpx2

        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if len(body) > COMPRESS_ABOVE:
            body = zstandard.ZstdCompressor(level=3).compress(body)
            headers["content-encoding"] = "zstd"
        try:
            with self._client.stream("POST", path, content=body, headers=headers) as response:
                self._count(response, len(body))
                if response.status_code >= 400:
                    raise _failure(response.status_code, response.read())
                yield response
        except httpx2.TransportError as error:
            raise _unreachable(error) from error

    def _count(self, response: httpx2.Response, sent: int) -> None:
        request = response.request
        self.traffic.requests += 1
        self.traffic.bytes_out += sent + _head_size(request.headers.raw, str(request.url.raw_path))
        self.traffic.bytes_in += _head_size(response.headers.raw, "HTTP/1.1 200 OK")

    def close(self) -> None:
        self._client.close()


def _unreachable(error: Exception) -> Unreachable:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, WrongPin):
        return Unreachable(
            _("What answers does not have the key of your HQ; nothing was sent to it."),
            _("Somebody may be in between, or HQ has a new key. Ask the office."),
            code="certificate",
        )
    if cause is not None:
        return Unreachable(
            _("The certificate of HQ is not trusted by this computer."),
            _("An HQ with a certificate of its own has codes with letters after a #."),
            code="certificate",
        )
    return Unreachable(
        _("HQ cannot be reached."),
        _("Your work is kept here and sent when the connection is back."),
    )


def _head_size(headers: list[tuple[bytes, bytes]], line: str) -> int:
    return len(line) + 16 + sum(len(name) + len(value) + 4 for name, value in headers)


def _failure(status: int, body: bytes) -> Refused | Unreachable:
    try:
        failure = msgspec.json.decode(body, type=Failure)
    except msgspec.DecodeError:
        return Unreachable(
            _("What answered is not a crmdesk HQ (HTTP {status}).").format(status=status),
            _("Check the address."),
        )
    if status >= 500 or status in _LATER:
        return Unreachable(failure.sentence, failure.hint)
    return Refused(failure.sentence, failure.hint, code=failure.code)
