"""Requests with a good token, made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest
import zstandard

from crmdesk.hq.access import auth
from crmdesk.hq.running import serving
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    Failure,
    Op,
    PushRequest,
    PushResponse,
    Txn,
)
from tests.sync.conftest import Headquarters, Laptop


class Hand:
    """Requests with a good token, made by hand."""

    def __init__(self, hq: Headquarters, laptop: Laptop, url: str = "") -> None:
        self._hq = hq
        self.client = httpx2.Client(base_url=url or hq.url, timeout=20)
        secret = hq.one("SELECT value FROM hq_state WHERE key = 'secret'")
        now = serving.system_clock().now()
        self.token = auth.make_token(secret, laptop.fact("device.uid"), now)
        self.epoch = laptop.fact("hq.epoch")

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, str]:
        """The status and the code of the failure, if it is one."""
        if isinstance(body, msgspec.Struct):
            body = msgspec.json.encode(body)
        sent = {"authorization": f"Bearer {self.token}", **headers}
        answer = self.client.post(path, content=body, headers=sent)
        code = ""
        if answer.status_code >= 400:
            code = msgspec.json.decode(answer.content, type=Failure).code
        return answer.status_code, code

    def push(self, *ops: Op) -> PushResponse:
        txns = [Txn(number, [op]) for number, op in enumerate(ops)]
        request = PushRequest(PROTOCOL_VERSION, self.epoch, self._hq.now_ms(), txns, 2)
        body = zstandard.ZstdCompressor().compress(msgspec.json.encode(request))
        sent = {"authorization": f"Bearer {self.token}", "content-encoding": "zstd"}
        answer = self.client.post("/v1/push", content=body, headers=sent)
        assert answer.status_code == 200, answer.content
        found = answer.content
        if answer.headers["content-type"] != "application/json":
            found = zstandard.ZstdDecompressor().decompress(found)
        return msgspec.json.decode(found, type=PushResponse)


@pytest.fixture
def hand(hq: Headquarters) -> Iterator[Hand]:
    found = Hand(hq, hq.join("R1"))
    yield found
    found.client.close()
