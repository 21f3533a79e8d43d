"""A signed-in conversation with HQ: the device's key is changed for tokens as they run out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from crmdesk.domain.errors import Refused
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.sync.clock import Offset, measure
from crmdesk.sync.protocol import PROTOCOL_VERSION, TokenRequest, TokenResponse
from crmdesk.sync.transport import Transport

_Answer = TypeVar("_Answer")
_RENEW_BEFORE_S = 60


class Session:
    """The device's calls to HQ. ``now_ms`` is the laptop's clock in milliseconds."""

    def __init__(
        self, transport: Transport, device: str, key: str, now_ms: Callable[[], int]
    ) -> None:
        self.transport = transport
        self.now_ms = now_ms
        self.offset: Offset | None = None
        self.schema = SCHEMA_VERSION
        # What HQ said of itself with the last token.
        self.hq_schema, self.lease_days = 0, 0
        self.pins: list[str] = []
        # How many changes wait, told to HQ with every new token: it may be the last it hears.
        self.waiting: Callable[[], int] | None = None
        # True where HQ's answers may end before its present head, as in a file they do.
        self.partial = False
        self._device, self._key = device, key
        self._token, self._until = "", 0.0
        self._epoch = ""

    def hq_now(self) -> datetime:
        """The present instant by HQ's clock as last heard; the laptop's before it has answered.

        What waits for days is judged by it: the laptop's clock may be set back by years meanwhile.
        """
        offset = 0 if self.offset is None else self.offset.ms
        return datetime.fromtimestamp((self.now_ms() + offset) / 1000, UTC)

    def epoch(self) -> str:
        """HQ's epoch as it says now."""
        self._token = ""
        self._valid_token()
        return self._epoch

    def reach(self) -> None:
        """Make sure that HQ answers and knows this device; raises what a request would raise."""
        self._valid_token()

    def leave(self) -> None:
        """Tell HQ that this device, which is being retired, has nothing left; raises Refused."""
        self._sign_in(leaving=True)

    def post(self, path: str, message: msgspec.Struct) -> bytes:
        """One signed request; a token that has run out meanwhile is renewed once."""
        body = self._written(message)
        return self._signed(lambda token: self.transport.post(path, body, token))

    def send(self, path: str, message: msgspec.Struct, data: bytes) -> bytes:
        """One signed request that carries bytes as they are, after the line with the message."""
        body = self._written(message) + b"\n" + data
        return self._signed(lambda token: self.transport.post(path, body, token))

    def stream(self, path: str, message: msgspec.Struct) -> AbstractContextManager[Iterator[bytes]]:
        """One signed request whose answer comes in pieces."""
        body = self._written(message)
        return self._signed(lambda token: self.transport.stream(path, body, token))

    def _written(self, message: msgspec.Struct) -> bytes:
        """The message with the schema this program knows in it."""
        return msgspec.json.encode(msgspec.structs.replace(message, schema=self.schema))

    def _signed(self, call: Callable[[str], _Answer]) -> _Answer:
        try:
            return call(self._valid_token())
        except Refused as error:
            if error.code != "token":
                raise
        self._token = ""
        return call(self._valid_token())

    def _valid_token(self) -> str:
        if self._token and time.monotonic() < self._until:
            return self._token
        self._sign_in()
        return self._token

    def _sign_in(self, *, leaving: bool = False) -> None:
        sent = self.now_ms()
        waiting = 0 if leaving or self.waiting is None else self.waiting()
        request = TokenRequest(
            PROTOCOL_VERSION, self._device, self._key, waiting=waiting, leaving=leaving
        )
        answer = msgspec.json.decode(
            self.transport.post("/v1/token", self._written(request)), type=TokenResponse
        )
        self.hq_schema, self.lease_days = answer.schema, answer.lease_days
        self.pins = answer.pins
        self.offset = measure(sent, answer.time, self.now_ms())
        self._token, self._epoch = answer.token, answer.epoch
        self._until = time.monotonic() + answer.expires_s - _RENEW_BEFORE_S
