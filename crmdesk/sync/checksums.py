"""Checksums of a scope: what both sides agree to compare, and how; no I/O.

Every row is one text — kind, uid, revision, then its fields — and every line of a document is one
too. The first 64 bits of its MD5 are added up in the bucket of the row, so the order in which rows
are read does not matter. PostgreSQL makes these texts and sums in SQL
(:mod:`crmdesk.hq.exchange.sums`); the laptop reads its texts from SQLite
(:mod:`crmdesk.sync.local_sums`). MD5 finds accidents here, it keeps nobody out. Rows of accounts
themselves lie in buckets of their own: an account in the wrong place takes everything in it along,
so it has to be put right first.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from crmdesk.storage.entities import Field, Kind

UNIT, NOTHING = "\x1f", "\x1e"
"""What parts the fields of a text, and what stands for no value."""

ROW_BUCKETS = 256
BUCKETS = 2 * ROW_BUCKETS
"""The second half is for the accounts themselves."""

_MASK = (1 << 64) - 1
_PACKED = struct.Struct(f">{BUCKETS}Q{BUCKETS}I")
_REAL = struct.Struct(">d")
PACKED_BYTES = _PACKED.size


class Plan(NamedTuple):
    """The fields of a text in their order: plain ones, measured values, documents."""

    plain: tuple[Field, ...]
    reals: tuple[Field, ...]
    documents: tuple[Field, ...]


def plan(fields: Iterable[Field]) -> Plan:
    """How the fields of a row, or of a line, stand in its text."""
    every = tuple(fields)
    apart = {Kind.REAL, Kind.JSON}
    return Plan(
        tuple(f for f in every if f.kind not in apart),
        tuple(f for f in every if f.kind is Kind.REAL),
        tuple(f for f in every if f.kind is Kind.JSON),
    )


def digest(text: str) -> int:
    """64 bits of a text."""
    raw = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(raw[:8], "big")


def bucket_of(entity_name: str, uid: bytes) -> int:
    """The bucket of a row and of its lines."""
    first = hashlib.md5(uid, usedforsecurity=False).digest()[0]
    return first + ROW_BUCKETS if entity_name == "account" else first


def real_text(value: object) -> str:
    """A measured value as its eight bytes; minus nought is nought."""
    if value is None:
        return NOTHING
    if isinstance(value, int | float):
        return _REAL.pack(value + 0.0).hex()
    return str(value)


@lru_cache(maxsize=4096)
def document_text(text: str | None) -> str:
    """A document as PostgreSQL's ``jsonb`` prints it, whatever it was written like."""
    if text is None:
        return NOTHING
    try:
        return _printed(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    except ValueError:
        # Not a document: as different from HQ's as can be, so it is found.
        return text


def _printed(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{_quoted(k)}: {_printed(value[k])}" for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_printed(one) for one in value) + "]"
    if isinstance(value, Decimal):
        shown = f"{value:f}"
        return shown[1:] if shown.startswith("-") and not value else shown
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class Sums:
    """The sums and counts of one scope by bucket."""

    __slots__ = ("counts", "sums")

    def __init__(self) -> None:
        self.sums = [0] * BUCKETS
        self.counts = [0] * BUCKETS

    def add(self, bucket: int, value: int, count: int = 1) -> None:
        """Add a digest, or the sum of several."""
        self.sums[bucket] = (self.sums[bucket] + value) & _MASK
        self.counts[bucket] += count

    def packed(self) -> bytes:
        """All of it in a fixed number of bytes."""
        return _PACKED.pack(*self.sums, *self.counts)


def total(packed: bytes) -> str:
    """A short fingerprint of a scope's packed sums."""
    return hashlib.blake2b(packed, digest_size=12).hexdigest()


def added(one: int, other: int) -> int:
    """Two digests together."""
    return (one + other) & _MASK


def differing_buckets(mine: bytes, theirs: bytes) -> list[int]:
    """Where two packed sums differ. ValueError when one of them is none."""
    if len(mine) != PACKED_BYTES or len(theirs) != PACKED_BYTES:
        raise ValueError("these are no packed sums")
    here, there = _PACKED.unpack(mine), _PACKED.unpack(theirs)
    return [
        b for b in range(BUCKETS) if here[b] != there[b] or here[BUCKETS + b] != there[BUCKETS + b]
    ]
