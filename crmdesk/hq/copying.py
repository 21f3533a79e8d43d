"""Rows of :mod:`crmdesk.storage.rows` as lines of PostgreSQL's COPY text format."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crmdesk.storage.entities import Field, Kind
from crmdesk.storage.rows import Value

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
NULL = "\\N"

Encoder = Callable[[Value], str]


def _text(value: Value) -> str:
    if value is None:
        return NULL
    text = str(value)
    if _SPECIAL.search(text):
        return _SPECIAL.sub(lambda found: _ESCAPES[found.group()], text)
    return text


def _uid(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) else NULL


def _plain(value: Value) -> str:
    return NULL if value is None else str(value)


def _real(value: Value) -> str:
    return NULL if value is None else repr(value)


_ENCODERS: dict[Kind, Encoder] = {
    Kind.REF: _uid, Kind.UID: _uid, Kind.TEXT: _text, Kind.JSON: _text, Kind.REAL: _real,
}  # fmt: skip


def encoders(fields: Sequence[Field]) -> list[Encoder]:
    """One encoder per field; integers, booleans, dates and instants are plain text."""
    return [_ENCODERS.get(field.kind, _plain) for field in fields]


def uid_text(uid: bytes) -> str:
    """A uid as PostgreSQL reads it."""
    return uid.hex()
