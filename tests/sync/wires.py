"""Lines to HQ made by a test, and a laptop's session over one."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from crmdesk.domain.errors import Refused
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport
from tests.sync.conftest import Laptop

Wire = Callable[[str], HttpTransport]


def session_of(laptop: Laptop, transport: HttpTransport) -> Session:
    device, key = laptop.fact("device.uid"), laptop.fact("device.key")
    return Session(transport, device, key, lambda: int(time.time() * 1000))


def told(session: Session, path: str, message: msgspec.Struct, data: bytes | None) -> object:
    """The answer's code, or the bytes."""
    try:
        if data is not None:
            return session.send(path, message, data)
        with session.stream(path, message) as chunks:
            return b"".join(chunks)
    except Refused as error:
        return error.code, error.message
