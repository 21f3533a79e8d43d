"""A device as HQ sees it: it signs in, pushes and pulls over HTTP, and keeps only its cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from crmdesk.domain.clock import HLC_COUNTER_BITS
from crmdesk.domain.ids import new_uid
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.sync.bootstrap import enrol
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    Op,
    PullHead,
    PullRequest,
    PushRequest,
    PushResponse,
    SnapshotHead,
    SnapshotRequest,
    Txn,
    cursor_hash,
)
from crmdesk.sync.reading import lines
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport


def _now_ms() -> int:
    return int(time.time() * 1000)


class LightDevice:
    """One of many; ``accounts`` (uids) are the customers it writes notes about."""

    def __init__(self, url: str, code: str, user: bytes, accounts: Sequence[bytes]) -> None:
        self._transport = HttpTransport(url)
        found = enrol(self._transport, code, "light")
        self._epoch = found.epoch
        self._session = Session(self._transport, found.device, found.key, _now_ms)
        self._user, self._accounts = user.hex(), [uid.hex() for uid in accounts]
        self._cursor: dict[str, int] = {}
        self._seq = 0

    def first_download(self) -> None:
        """The snapshot; the rows are read and thrown away."""
        with self._session.stream("/v1/snapshot", SnapshotRequest(PROTOCOL_VERSION)) as pieces:
            found = lines(pieces)
            self._cursor = msgspec.json.decode(next(found), type=SnapshotHead).heads
            for _line in found:
                pass

    def round(self, transactions: int, each: int) -> None:
        """Push notes in so many transactions, then pull what is new."""
        now_ms = _now_ms()
        txns = [self._txn(each, now_ms) for _number in range(transactions)]
        request = PushRequest(PROTOCOL_VERSION, self._epoch, now_ms, txns)
        answer = msgspec.json.decode(self._session.post("/v1/push", request), type=PushResponse)
        if any(one.status != "a" for one in answer.answers):
            raise RuntimeError("HQ did not take a note")
        while self._pull(self._cursor):
            pass

    def idle(self) -> None:
        """Ask whether there is news."""
        self._pull(None)

    def _pull(self, cursor: dict[str, int] | None) -> bool:
        known = cursor_hash(self._epoch, self._cursor)
        page = self._session.post(
            "/v1/pull", PullRequest(PROTOCOL_VERSION, self._epoch, known, cursor)
        )
        if not page:
            return False
        if cursor is not None:
            head = msgspec.json.decode(next(lines([page])), type=PullHead)
            self._cursor = head.cursor
        return True

    def _txn(self, each: int, now_ms: int) -> Txn:
        first = self._seq + 1
        self._seq += each
        return Txn(first, [self._note(seq, now_ms) for seq in range(first, first + each)])

    def _note(self, seq: int, now_ms: int) -> Op:
        account = self._accounts[seq % len(self._accounts)]
        values = {
            "account_id": account, "user_id": self._user, "text": f"note {seq} of a busy morning",
            "at": "2026-03-02T08:00:00.000Z", "date": "2026-03-02",
        }  # fmt: skip
        fields = msgspec.json.encode({column: [None, value] for column, value in values.items()})
        return Op(seq, "note", new_uid().hex(), account, "I", msgspec.Raw(fields), 0,
                  now_ms << HLC_COUNTER_BITS, SCHEMA_VERSION)  # fmt: skip

    def close(self) -> None:
        """Let go of the line."""
        self._transport.close()


Step = Callable[[LightDevice], None]
