"""What a request may cost in bytes and time before anything of it is decoded.

What may stand in it once it is read is :mod:`crmdesk.hq.exchange.bounds`', how many requests
somebody may have open :mod:`crmdesk.hq.running.doors`'.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import zstandard
from starlette.requests import ClientDisconnect, Request

from crmdesk.domain.errors import Refused
from crmdesk.i18n import _
from crmdesk.sync.protocol import MAX_BODY_BYTES, MAX_PIECE_BYTES


@dataclass(frozen=True, slots=True)
class Room:
    """What a body may take: bytes as sent and unpacked, seconds in all and between two pieces."""

    sent: int = 8 * 1024 * 1024
    unpacked: int = MAX_BODY_BYTES
    seconds: float = 300.0
    pause_s: float = 30.0


WIDE = Room()
"""For what a known device sends."""

NARROW = Room(sent=16 * 1024, unpacked=64 * 1024, seconds=20.0, pause_s=10.0)
"""For what anybody may send: enrolment and tokens."""

PIECE = Room(sent=MAX_PIECE_BYTES + 64 * 1024, unpacked=MAX_PIECE_BYTES + 64 * 1024)
"""For a piece of an attachment and the line before it."""

QUESTION = Room(sent=1024 * 1024, unpacked=2 * 1024 * 1024, seconds=60.0)
"""For a question: a cursor of very many scopes."""


async def bounded_body(request: Request, room: Room = WIDE) -> bytes:
    """The body of a request as it was sent; :func:`unpacked` may take a while and comes later.

    Refused: ``too-large``, ``malformed``, and ``timeout`` for one that comes too slowly.
    """
    received = bytearray()
    pieces = aiter(request.stream())
    now = asyncio.get_running_loop().time
    ends = now() + room.seconds
    try:
        # One deadline, looked at for every piece: `wait_for` inside of another limit loses that one
        # when a piece comes just as it runs out (Python 3.11), and whoever drips on is waited for.
        while (left := min(room.pause_s, ends - now())) > 0:
            async with asyncio.timeout(left):
                piece = await anext(pieces, None)
            if piece is None:
                return bytes(received)
            received += piece
            if len(received) > room.sent:
                raise _too_large()
        raise TimeoutError
    except TimeoutError as error:
        raise Refused(_("The request came too slowly."), code="timeout") from error
    except ClientDisconnect as error:
        raise Refused(_("The request was cut off."), code="malformed") from error


def unpacked(sent: bytes, encoding: str, room: Room) -> bytes:
    """A body decompressed; Refused (``too-large``, ``malformed``)."""
    if encoding == "identity":
        if len(sent) > room.unpacked:
            raise _too_large()
        return sent
    if encoding != "zstd":
        raise _unreadable()
    return expand(sent, room.unpacked)


def expand(data: bytes, most: int = MAX_BODY_BYTES) -> bytes:
    """A zstd frame decompressed, never beyond ``most`` bytes; Refused."""
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(data)
    try:
        found = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise _unreadable() from error
    if len(found) > most:
        raise _too_large()
    return found


def _too_large() -> Refused:
    return Refused(_("The request is too large for HQ."), code="too-large")


def _unreadable() -> Refused:
    return Refused(_("HQ could not read the request."), code="malformed")
