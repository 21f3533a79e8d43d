"""What a request may cost: sizes are bounded before anything is decoded."""

from __future__ import annotations

import zstandard
from starlette.requests import Request

from crmdesk.domain.errors import Refused
from crmdesk.i18n import _
from crmdesk.sync.protocol import MAX_BODY_BYTES

_MAX_SENT_BYTES = 8 * 1024 * 1024


async def bounded_body(request: Request) -> bytes:
    """The body of a request, decompressed; Refused (``too-large``) beyond the limits."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > _MAX_SENT_BYTES:
            raise _too_large()
    if request.headers.get("content-encoding") != "zstd":
        return bytes(received)
    return expand(bytes(received))


def expand(data: bytes) -> bytes:
    """A zstd frame decompressed, never beyond :data:`MAX_BODY_BYTES`."""
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(data)
    try:
        found = reader.read(MAX_BODY_BYTES + 1)
    except zstandard.ZstdError as error:
        raise Refused(_("HQ could not read the request."), code="malformed") from error
    if len(found) > MAX_BODY_BYTES:
        raise _too_large()
    return found


def _too_large() -> Refused:
    return Refused(_("The request is too large for HQ."), code="too-large")
