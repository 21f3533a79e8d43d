"""What a request may contain once it is read: names, numbers, depth and lengths.

Two kinds of bounds. What no honest laptop sends ends the request (:func:`check`); what a person
may have typed, too long a text, refuses only the change it is in (:func:`fields`, :func:`lines`),
so that nothing stops the rest. Bytes and time are :mod:`crmdesk.hq.running.limits`'.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from crmdesk.domain.errors import Refused
from crmdesk.i18n import _
from crmdesk.sync.checksums import BUCKETS
from crmdesk.sync.merge import RefusedOp
from crmdesk.sync.protocol import (
    MAX_ACCOUNTS_ASKED,
    MAX_DIGESTS,
    MAX_ROWS_ASKED,
    BlobFinish,
    BlobGet,
    BlobPut,
    BlobStateRequest,
    BucketsRequest,
    EnrolRequest,
    HistoryRequest,
    Op,
    PullRequest,
    PushRequest,
    RowsRequest,
    SnapshotRequest,
    SumsRequest,
    TokenRequest,
)

MOST_OPS = 10_000
MOST_SCOPES = 20_000
MOST_NAME = 64
MOST_TEXT = 64 * 1024
MOST_DOCUMENT = 256 * 1024
MOST_OP_BYTES = 1024 * 1024
MOST_FIELDS = 500
DEPTH = 100
_BIGINT = 1 << 63
_SMALL = 16 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UID = re.compile(r"[0-9a-f]{32}")
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)

_fields = msgspec.json.Decoder(dict[str, tuple[Any, Any]] | None).decode
_lines = msgspec.json.Decoder(dict[str, list[dict[str, Any]]]).decode


def may_say(op: Op, word: bytes) -> bool:
    """Whether a word may stand in an op, before it is read: as it is, or behind an escape."""
    return word in bytes(op.fields) or b"\\u" in bytes(op.fields)


def check(message: msgspec.Struct) -> None:
    """Refused (``malformed``, ``too-large``) for a message that no laptop of ours would send."""
    if isinstance(message, PushRequest):
        _check_push(message)
    elif isinstance(message, PullRequest):
        cursor = message.cursor or {}
        _few(len(cursor), MOST_SCOPES)
        _short(message.hash, message.epoch, *cursor)
        _whole(*cursor.values())
    elif isinstance(message, SnapshotRequest):
        _few(len(message.scopes) + len(message.entities), MOST_SCOPES)
        _short(*message.scopes, *message.entities, *(message.after or ()))
    elif isinstance(message, SumsRequest | BucketsRequest | RowsRequest):
        _check_comparison(message)
    elif isinstance(message, EnrolRequest):
        _short(message.code)
        _few(len(message.name) + len(message.password), 2_000)
    elif isinstance(message, TokenRequest):
        _short(message.device)
        _few(len(message.key), 200)
        _whole(message.waiting or 0)
    elif isinstance(message, BlobStateRequest):
        _few(len(message.digests), MAX_DIGESTS)
        _digests(*message.digests)
    elif isinstance(message, HistoryRequest):
        _few(len(message.accounts), MAX_ACCOUNTS_ASKED)
        _uids(*message.accounts)
    elif isinstance(message, BlobPut | BlobGet | BlobFinish):
        _digests(message.sha256)
    else:
        for name in message.__struct_fields__:
            _check_plain(getattr(message, name))
    schema = getattr(message, "schema", 1)
    if not 0 <= schema < 1 << 31:
        raise _malformed()


def _check_plain(value: object) -> None:
    """A question's names, numbers and lists of them."""
    if isinstance(value, str):
        _short(value)
    elif isinstance(value, int):
        _whole(value)
    elif isinstance(value, list | tuple | dict):
        _few(len(value), MOST_SCOPES)
        for one in value:
            _check_plain(one)
        if isinstance(value, dict):
            for one in value.values():
                _check_plain(one)


def _check_comparison(message: SumsRequest | BucketsRequest | RowsRequest) -> None:
    _short(message.epoch)
    if isinstance(message, SumsRequest):
        _few(len(message.cursor) + len(message.totals), 2 * MOST_SCOPES)
        _short(*message.cursor, *message.totals.values())
        _whole(*message.cursor.values())
    elif isinstance(message, BucketsRequest):
        _few(len(message.buckets), BUCKETS)
        _short(message.scope)
        _whole(message.position)
        if any(not 0 <= bucket < BUCKETS for bucket in message.buckets):
            raise _malformed()
    else:
        _few(len(message.keys), MAX_ROWS_ASKED)
        _short(*(text for key in message.keys for text in key))


def _check_push(message: PushRequest) -> None:
    _short(message.epoch)
    if abs(message.clock) >= 1 << 50:
        raise _malformed()
    count = 0
    seen: set[int] = set()
    for txn in message.txns:
        count += len(txn.ops)
        if not txn.ops or not 0 <= txn.number < _BIGINT:
            raise _malformed()
        _few(count, MOST_OPS)
        for op in txn.ops:
            _check_op(op)
            seen.add(op.seq)
    if len(seen) != count:
        # One number for two changes: which of them would the stored answer be about?
        raise _malformed()


def _check_op(op: Op) -> None:
    if (
        not 0 < op.seq < _BIGINT
        or not 0 <= op.base_rev < _BIGINT
        or not -_BIGINT <= op.hlc < _BIGINT
        or not 0 <= op.schema < 1 << 31
        or len(op.entity) > MOST_NAME
        or len(op.uid) > MOST_NAME
        or len(op.op) > MOST_NAME
        or (op.account is not None and len(op.account) > MOST_NAME)
        or "\x00" in op.entity
    ):
        raise _malformed()


def _short(*names: str) -> None:
    if any(len(name) > MOST_NAME or "\x00" in name for name in names):
        raise _malformed()


def _digests(*names: str) -> None:
    if not all(_DIGEST.fullmatch(name) for name in names):
        raise _malformed()


def _uids(*names: str) -> None:
    if not all(_UID.fullmatch(name) for name in names):
        raise _malformed()


def _few(count: int, most: int) -> None:
    if count > most:
        raise Refused(_("The request is too large for HQ."), code="too-large")


def _whole(*numbers: int) -> None:
    if any(not -_BIGINT <= number < _BIGINT for number in numbers):
        raise _malformed()


def _malformed() -> Refused:
    return Refused(_("HQ could not read the request."), code="malformed")


def fields(raw: msgspec.Raw) -> dict[str, tuple[Any, Any]]:
    """The fields of an op, bounded; RefusedOp (``too-long``) beyond, DecodeError for nonsense."""
    data = _bounded(raw)
    found = _fields(data) or {}
    if len(found) > MOST_FIELDS:
        raise _too_long()
    if len(data) > _SMALL:
        for pair in found.values():
            _check_value(pair[1])
    return found


def lines(raw: msgspec.Raw) -> dict[str, list[dict[str, Any]]]:
    """The lines of a document, bounded like :func:`fields`."""
    data = _bounded(raw)
    found = _lines(data)
    if len(data) > _SMALL:
        for line in found.get("lines", []):
            for value in line.values():
                _check_value(value)
    return found


def _bounded(raw: msgspec.Raw) -> bytes:
    data = bytes(raw)
    if len(data) > MOST_OP_BYTES or too_deep(data):
        raise _too_long()
    return data


def _check_value(value: Any) -> None:
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise _too_long()
    elif isinstance(value, dict | list) and len(msgspec.json.encode(value)) > MOST_DOCUMENT:
        raise _too_long()


def _too_long() -> RefusedOp:
    return RefusedOp("too-long", _("This is longer than HQ takes. Shorten it and try again."))


def too_deep(data: bytes, most: int = DEPTH) -> bool:
    """Whether JSON text nests deeper than any store of ours reads it."""
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    depth = 0
    for found in _MARKS.finditer(data):
        mark = data[found.start()]
        if mark in b"[{":
            depth += 1
            if depth > most:
                return True
        elif mark in b"]}":
            depth -= 1
    return False
