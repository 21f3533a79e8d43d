"""A request is a request however its bytes are cut up on the way."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.sync.conftest import Headquarters

pytestmark = pytest.mark.hq


def _said(hq: Headquarters, data: bytes) -> bytes:
    at = urlsplit(hq.url)
    with socket.create_connection((str(at.hostname), int(at.port or 0)), timeout=20) as line:
        line.sendall(data)
        try:
            return line.recv(4096)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("size", [0, 20_000, 60_000, 150_000])
def test_head_and_body_may_arrive_together(hq: Headquarters, size: int) -> None:
    body = json.dumps({"protocol": 1, "device": "x", "key": "y" * size}).encode()
    head = f"POST /v1/token HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    answer = _said(hq, head + body)

    # Whatever HQ thinks of it, it has read and answered it.
    assert answer.startswith(b"HTTP/1.1 4")


def test_an_endless_head_is_cut(hq: Headquarters) -> None:
    answer = _said(hq, b"POST /v1/token HTTP/1.1\r\nx: " + b"y" * 300_000)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
