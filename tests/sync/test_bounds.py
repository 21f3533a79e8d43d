"""A hostile client cannot exhaust HQ: bytes, depth, numbers, lengths, time, connections."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
import pytest
import zstandard

from crmdesk.domain.errors import EnvironmentProblem, Unreachable
from crmdesk.domain.ids import new_uid
from crmdesk.hq.database import store
from crmdesk.hq.exchange import bounds, push
from crmdesk.hq.running import limits
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    Failure,
    Op,
    PullRequest,
    PushRequest,
    SnapshotRequest,
    Txn,
)
from tests.sync import company
from tests.sync.by_hand import Hand, hand
from tests.sync.conftest import Headquarters

__all__ = ["hand"]

pytestmark = pytest.mark.hq

OWN = company.ACCOUNTS[0].hex()


_seqs = iter(range(1, 1_000_000))


def note(text: Any, **fields: Any) -> Op:
    raw = msgspec.json.encode(
        {
            "account_id": [None, OWN], "text": [None, text], "date": [None, "2026-01-01"],
            "at": [None, "2026-01-01T00:00:00.000Z"],
            **{name: [None, value] for name, value in fields.items()},
        }
    )  # fmt: skip
    return Op(next(_seqs), "note", new_uid().hex(), OWN, "I", msgspec.Raw(raw), 0, 1 << 60, 2)


def nested(depth: int) -> Any:
    found: Any = 1
    for _level in range(depth):
        found = [found]
    return found


def test_a_body_beyond_the_limit_is_refused(hand: Hand) -> None:
    assert hand.post("/v1/push", b"x" * (limits.WIDE.sent + 1)) == (413, "too-large")
    assert hand.post("/v1/pull", b"x" * (limits.QUESTION.sent + 1)) == (413, "too-large")
    assert hand.post("/v1/token", b"x" * (limits.NARROW.sent + 1)) == (413, "too-large")


def test_a_bomb_is_not_unpacked(hand: Hand) -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 28))
    assert len(bomb) < 64 * 1024
    zstd = {"content-encoding": "zstd"}
    assert hand.post("/v1/push", bomb, **zstd) == (413, "too-large")
    small = zstandard.ZstdCompressor().compress(bytes(1 << 20))
    assert hand.post("/v1/enrol", small, **zstd) == (413, "too-large")
    assert hand.post("/v1/push", b"not zstd", **zstd) == (400, "malformed")
    assert hand.post("/v1/push", b"{}", **{"content-encoding": "gzip"}) == (400, "malformed")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("path", ["/v1/push", "/v1/pull", "/v1/token", "/v1/enrol"])
def test_endless_nesting_is_told_malformed(hand: Hand, path: str, opening: str) -> None:
    assert hand.post(path, opening.encode() * 3_000) == (400, "malformed")
    within = b'{"protocol":1,"unknown":' + opening.encode() * 3_000
    assert hand.post(path, within) == (400, "malformed")


def test_too_deep_a_document_refuses_that_change_only(hq: Headquarters, hand: Hand) -> None:
    deep = Op(
        next(_seqs), "account", OWN, OWN, "U",
        msgspec.Raw(b'{"opening_hours":[null,' + b"[" * 150 + b"]" * 150 + b"]}"), 1, 1 << 60, 2,
    )  # fmt: skip
    first, second = hand.push(deep, note("fine")).answers
    assert (first.status, first.code, second.status) == ("r", "too-long", "a")
    assert bounds.too_deep(msgspec.json.encode(nested(150)))
    assert not bounds.too_deep(msgspec.json.encode([nested(50), *([[]] * 500), "[" * 500]))


@pytest.mark.parametrize(
    "text", ["x" * (bounds.MOST_TEXT + 1), ["x" * 1000] * 300, "x" * bounds.MOST_OP_BYTES],
    ids=["text", "document", "whole"],
)  # fmt: skip
def test_too_long_a_text_refuses_that_change_only(hand: Hand, text: Any) -> None:
    first, second = hand.push(note(text), note("fine")).answers
    assert (first.status, first.code, second.status) == ("r", "too-long", "a")


def test_a_text_as_long_as_allowed_is_taken(hq: Headquarters, hand: Hand) -> None:
    [answer] = hand.push(note("x" * bounds.MOST_TEXT)).answers
    assert answer.status == "a"
    assert hq.one("SELECT length(text) FROM note") == bounds.MOST_TEXT


def test_a_code_too_long_for_an_index_is_refused_and_does_not_stop_the_rest(
    hq: Headquarters, hand: Hand
) -> None:
    """PostgreSQL cannot index it: that is the change's fault, not a failure of HQ."""
    import random

    code = "".join(random.Random(1).choices("abcdefghijklmnop0123456789", k=30_000))
    fields = msgspec.json.encode({"code": [None, code], "name": [None, "n"]})
    op = Op(next(_seqs), "account", new_uid().hex(), None, "I", msgspec.Raw(fields), 0, 1 << 60, 2)
    first, second = hand.push(op, note("fine")).answers
    assert (first.status, first.code, second.status) == ("r", "invalid", "a")


def _many(count: int) -> PushRequest:
    return PushRequest(PROTOCOL_VERSION, "e", 0, [Txn(1, [note("x") for _n in range(count)])], 2)


@pytest.mark.parametrize(
    ("path", "message", "code"),
    [
        ("/v1/pull", PullRequest(1, "e", "", {f"t/{n:x}": 0 for n in range(20_001)}), "too-large"),
        ("/v1/pull", PullRequest(1, "e", "", {"t" * 65: 0}), "malformed"),
        ("/v1/pull", PullRequest(1, "e", "", {"office": 1 << 63}), "malformed"),
        ("/v1/pull", PullRequest(1, "e" * 65), "malformed"),
        ("/v1/snapshot", SnapshotRequest(1, ["t"] * 20_001), "too-large"),
        ("/v1/snapshot", SnapshotRequest(1, [], ("account", "\x00")), "malformed"),
        ("/v1/snapshot", SnapshotRequest(1, [], ("account", "no uid")), "malformed"),
        ("/v1/push", PushRequest(1, "e", 0, [Txn(1, [])]), "malformed"),
        ("/v1/push", PushRequest(1, "e", 1 << 60, []), "malformed"),
        ("/v1/push", PushRequest(1, "e", 0, [], 1 << 40), "malformed"),
    ],
)  # fmt: skip
def test_numbers_and_names_are_bounded(
    hand: Hand, path: str, message: msgspec.Struct, code: str
) -> None:
    assert hand.post(path, message)[1] == code


def test_the_number_of_ops_is_bounded(hand: Hand) -> None:
    packed = zstandard.ZstdCompressor().compress(msgspec.json.encode(_many(bounds.MOST_OPS + 1)))
    assert hand.post("/v1/push", packed, **{"content-encoding": "zstd"}) == (413, "too-large")


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0}, {"seq": 1 << 63}, {"base_rev": -1}, {"hlc": 1 << 63}, {"entity": "x" * 65},
        {"uid": "f" * 65}, {"account": "f" * 65}, {"op": "I" * 65}, {"schema": -1},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_no_part_of_an_op_is_without_bounds(hand: Hand, change: dict[str, Any]) -> None:
    op = msgspec.structs.replace(note("x"), **change)
    request = PushRequest(PROTOCOL_VERSION, hand.epoch, 0, [Txn(1, [op])], 2)
    assert hand.post("/v1/push", request) == (400, "malformed")


def test_one_number_for_two_changes_is_malformed(hand: Hand) -> None:
    one = note("x")
    other = msgspec.structs.replace(note("y"), seq=one.seq)
    request = PushRequest(PROTOCOL_VERSION, hand.epoch, 0, [Txn(1, [one]), Txn(2, [other])], 2)
    assert hand.post("/v1/push", request) == (400, "malformed")


# -- time ------------------------------------------------------------------------------------


def test_a_statement_that_takes_too_long_ends(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_SHORT", "SET LOCAL statement_timeout = '100ms'")
    with pytest.raises(psycopg.errors.QueryCanceled), hq.store.transaction() as connection:
        connection.execute("SELECT pg_sleep(20)")
    with hq.store.transaction() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_bounds_hold_for_one_transaction_and_no_longer(hq: Headquarters) -> None:
    """A pooler gives the session to somebody else afterwards."""
    with hq.store.transaction() as connection:
        inside = connection.execute("SHOW statement_timeout").fetchone()
        connection.rollback()
        outside = connection.execute("SHOW statement_timeout").fetchone()
    assert (inside, outside) == (("1min",), ("0",))


@pytest.mark.logs_warnings
def test_who_waits_too_long_for_a_lock_is_told_to_come_again(
    hq: Headquarters, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_SHORT", "SET LOCAL lock_timeout = '100ms'")
    blocker = psycopg.connect(hq.database_url)
    blocker.execute("UPDATE account SET rev = rev WHERE code = 'C0'")
    edit = Op(
        next(_seqs), "account", OWN, OWN, "U", msgspec.Raw(b'{"channel":[null,"bar"]}'), 1,
        1 << 60, 2,
    )  # fmt: skip
    request = PushRequest(PROTOCOL_VERSION, hand.epoch, 0, [Txn(1, [edit])], 2)
    assert hand.post("/v1/push", request) == (503, "EnvironmentProblem")
    blocker.rollback()
    blocker.close()
    assert hand.post("/v1/push", request) == (200, "")


def test_a_push_of_very_many_impossible_changes_is_answered_in_part(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs HQ a search for the one at fault; the laptop sends the rest again."""
    one = hq.join("R1")
    for number in range(8):
        one.run(
            "INSERT INTO note (uid, account_id, text, at, date) SELECT ?, id, ?,"
            " '2026-11-20T08:00:00.000Z', 'no date' FROM account WHERE code = 'C0'",
            new_uid(), f"note {number}",
        )  # fmt: skip
    monkeypatch.setattr(push, "_PATIENCE_S", 0.0)
    report = one.sync()
    assert (report.refusals, report.waiting) == (8, 0)


# -- connections -----------------------------------------------------------------------------


def test_a_laptop_that_comes_too_often_tries_again_later(hq: Headquarters) -> None:
    """HQ being busy is no refusal: nothing needs the person."""
    from crmdesk.sync import transport

    busy = Failure("too-many", "Too many requests at once.", "")
    assert isinstance(transport._failure(429, msgspec.json.encode(busy)), Unreachable)
    problem = Failure("EnvironmentProblem", "HQ is too busy.", "")
    assert isinstance(transport._failure(503, msgspec.json.encode(problem)), Unreachable)
    assert issubclass(Unreachable, EnvironmentProblem)
