"""Identifiers made on the client: UUIDv7 (RFC 9562) and document numbers.

A uid is 16 bytes, ordered by time of creation, so that indexes grow at their end.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from collections.abc import Callable

Uid = bytes


class UidMaker:
    """Makes UUIDv7 values; strictly increasing within one maker even inside one millisecond."""

    def __init__(
        self,
        now_ms: Callable[[], int] | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._random = random_bytes
        self._last = (0, 0)
        self._lock = threading.Lock()

    def __call__(self) -> Uid:
        with self._lock:
            ms = self._now_ms()
            last_ms, last_tail = self._last
            if ms <= last_ms:
                ms, tail = last_ms, last_tail + 1 + self._random(1)[0]
                if tail >> 74:
                    ms, tail = ms + 1, int.from_bytes(self._random(9), "big")
            else:
                tail = int.from_bytes(self._random(9), "big") >> 1
            self._last = (ms, tail)
        return compose_uid(ms, tail)


def compose_uid(ms: int, tail: int) -> Uid:
    """A UUIDv7 from a Unix time in milliseconds and 74 further bits."""
    high, low = tail >> 62 & 0xFFF, tail & (1 << 62) - 1
    value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return value.to_bytes(16, "big")


def uid_of(*parts: Uid) -> Uid:
    """The uid of the one row there can be for these rows: the same wherever it is made."""
    value = int.from_bytes(hashlib.sha256(b"".join(parts)).digest()[:16], "big")
    value = value & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62
    return value.to_bytes(16, "big")


def seeded_uids(seed: int, start_ms: int) -> UidMaker:
    """A deterministic maker for the demo company and tests."""
    source = random.Random(seed)
    return UidMaker(lambda: start_ms, source.randbytes)


new_uid = UidMaker()


def uid_text(uid: Uid) -> str:
    """32 hexadecimal digits."""
    return uid.hex()


def uid_from_text(text: str) -> Uid:
    """The uid behind 32 hexadecimal digits (hyphens allowed); ValueError when it is not one."""
    uid = bytes.fromhex(text.replace("-", ""))
    if len(uid) != 16:
        raise ValueError(f"not a uid: {text!r}")
    return uid


def document_number(kind: str, device_prefix: str, counter: int) -> str:
    """A human number that two offline devices can never share: ``M07-00412``, ``QM07-00412``."""
    return f"{kind}{device_prefix}-{counter:05d}"
