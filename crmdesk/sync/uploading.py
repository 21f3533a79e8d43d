"""The journal on its way to HQ, and what HQ's answers mean for it.

Reading takes whole local transactions in order; acknowledging happens in one local transaction:
states, revisions, conflicts and refusals together, so a crash in between only means that the same
ops are sent again and get the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select

from crmdesk.storage import capture, resuming
from crmdesk.storage.customer_places import put_in_territory
from crmdesk.storage.engine import Tx
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION
from crmdesk.storage.rows import Row
from crmdesk.storage.tables import conflict, journal, refusal
from crmdesk.storage.types import dump_json
from crmdesk.sync.applying import Applier
from crmdesk.sync.protocol import LATER, MAX_BODY_BYTES, MAX_PUSH_OPS, Answer, Op, Txn
from crmdesk.sync.reading import RowReader
from crmdesk.sync.versions import OtherColumns, held_back, section_of

_j = journal.c
_WAITING = _j.state == "waiting"
_WAITING_COUNT = select(func.count()).select_from(journal).where(_WAITING)
_WAITING_OPS = (
    select(
        _j.seq, _j.txn, _j.entity, _j.uid, _j.account_uid, _j.op, _j.fields, _j.base_rev, _j.hlc,
        _j.schema_version,
    )
    .where(_WAITING, _j.seq > bindparam("after"))
    .order_by(_j.seq)
    .limit(bindparam("most"))
)  # fmt: skip
_NOTHING = b"null"
_REQUEST_BYTES = MAX_BODY_BYTES // 2
_OP_BYTES = 150


@dataclass(slots=True)
class Acknowledged:
    """What the answers to one push amounted to."""

    sent: int = 0
    conflicts: int = 0
    refusals: int = 0
    codes: set[str] = field(default_factory=set)
    # Numbers of transactions that HQ will take later (after a restore of HQ).
    put_off: set[int] = field(default_factory=set)


def waiting_count(connection: Connection, put_off: Collection[int] = ()) -> int:
    """How many ops wait to be sent, without those of the transactions ``put_off``."""
    query = _WAITING_COUNT
    if put_off:
        query = query.where(_j.txn.not_in(list(put_off)))
    return int(connection.scalar(query) or 0)


def waiting_txns(
    connection: Connection,
    *,
    limit: int = MAX_PUSH_OPS,
    after: int = 0,
    hq_schema: int = SCHEMA_VERSION,
    put_off: Collection[int] = (),
) -> list[Txn]:
    """Waiting transactions in order, together about ``limit`` ops, behind the op ``after``.

    A transaction larger than that (an import) goes in parts, in order. What an HQ of that schema
    cannot take yet goes on waiting, and so do the transactions ``put_off``.
    """
    query, held = _WAITING_OPS, [*held_back(connection, hq_schema), *put_off]
    if held:
        query = query.where(_j.txn.not_in(held))
    rows = connection.execute(query, {"most": limit + 1, "after": after}).all()
    txns: list[Txn] = []
    size = 0
    for seq, txn, entity, uid, account, op, fields, base_rev, hlc, schema in rows[:limit]:
        raw = msgspec.Raw(fields.encode() if fields is not None else _NOTHING)
        size += len(bytes(raw)) + _OP_BYTES
        if size > _REQUEST_BYTES and txns:
            break
        account_hex = None if account is None else account.hex()
        one = Op(seq, entity, uid.hex(), account_hex, op, raw, base_rev, hlc, schema)
        if txns and txns[-1].number == txn:
            txns[-1].ops.append(one)
        else:
            txns.append(Txn(txn, [one]))
    last = txns[-1] if len(txns) > 1 else None
    if last is not None and _goes_on(rows, last):
        # Not complete: it goes with the next request.
        txns.pop()
    return txns


def _goes_on(rows: Sequence[Any], txn: Txn) -> bool:
    return any(row[1] == txn.number and row[0] > txn.ops[-1].seq for row in rows)


def acknowledge(
    tx: Tx, txns: Sequence[Txn], answers: Sequence[Answer], at: str
) -> tuple[Acknowledged, Applier]:
    """Take over HQ's answers in an applying transaction; ``at`` is the present instant as text."""
    applier = Applier(tx.connection, room=True)
    result = Acknowledged()
    by_seq = {answer.seq: answer for answer in answers}
    every = [(op, txn, by_seq[op.seq]) for txn in txns for op in txn.ops if op.seq in by_seq]
    result.put_off = {txn.number for _op, txn, answer in every if answer.status == LATER}
    answered = [one for one in every if one[2].status != LATER]
    if not answered:
        return result, applier
    capture.mark_answered(
        tx.connection,
        [("refused" if a.status == "r" else "sent", op.seq) for op, _txn, a in answered],
    )
    result.sent = len(answered)
    _write_conflicts(tx.connection, answered, at, result)
    _write_refusals(tx.connection, answered, at, result)
    _take_over(tx.connection, applier, answered)
    applier.forget_images()
    return result, applier


_Answered = Sequence[tuple[Op, Txn, Answer]]


def _write_conflicts(
    connection: Connection, answered: _Answered, at: str, result: Acknowledged
) -> None:
    rows = [
        {
            "entity": op.entity, "uid": bytes.fromhex(op.uid), "field": c.field,
            "base": dump_json(c.base), "mine": dump_json(c.mine), "theirs": dump_json(c.theirs),
            "kept": c.kept, "kind": c.kind, "at": at,
            "theirs_by": c.by or None, "theirs_at": c.at or None,
        }
        for op, _txn, answer in answered
        for c in answer.collisions
    ]  # fmt: skip
    result.conflicts = len(rows)
    if rows:
        connection.execute(insert(conflict), rows)


def _write_refusals(
    connection: Connection, answered: _Answered, at: str, result: Acknowledged
) -> None:
    rows = [
        {
            "seq": op.seq, "txn": txn.number, "entity": op.entity, "uid": bytes.fromhex(op.uid),
            "code": answer.code, "sentence": answer.sentence,
            "fields": None if bytes(op.fields) == _NOTHING else bytes(op.fields).decode(),
            "hq_row": None if answer.row is None else json.dumps(answer.row), "at": at,
        }
        for op, txn, answer in answered
        if answer.status == "r"
    ]  # fmt: skip
    result.refusals = len(rows)
    result.codes = {str(row["code"]) for row in rows}
    if rows:
        connection.execute(insert(refusal), rows)


def _take_over(connection: Connection, applier: Applier, answered: _Answered) -> None:
    """Bring our rows to what HQ has: new revisions, HQ's rows, refused ones taken back."""
    last: dict[tuple[str, str], Answer] = {}
    shown: dict[tuple[str, str], Answer] = {}
    refused_new: dict[tuple[str, str], str] = {}
    for op, _txn, answer in answered:
        if op.op == "C" or op.entity not in ENTITIES:
            continue
        key = (op.entity, op.uid)
        last[key] = answer
        if answer.row is not None:
            shown[key] = answer
        if answer.status == "r" and op.op == "I":
            refused_new[key] = answer.code
    revisions: dict[str, dict[bytes, int]] = {}
    for key, answer in last.items():
        if key not in shown and answer.status != "r":
            revisions.setdefault(key[0], {})[bytes.fromhex(key[1])] = answer.rev
    for name, found in revisions.items():
        applier.set_revisions(name, found)
    for name in ENTITIES:
        rows = _rows_shown(connection, name, shown)
        if rows:
            applier.put(name, rows, force=True)
    unseen = [one for one in answered if one[2].status == "r" and one[0].uid not in _uids(shown)]
    _put_back_territories(connection, unseen)
    if any(op.op != "I" for op, _txn, _answer in unseen):
        # HQ has not shown what it has instead. Mostly the row is about to leave; where it stays,
        # because it is ours again by now, no news corrects it: the comparison does.
        resuming.make_due(connection)
    _take_back(applier, {k: c for k, c in refused_new.items() if k not in shown})


def _uids(keys: Iterable[tuple[str, str]]) -> set[str]:
    return {uid for _name, uid in keys}


def _put_back_territories(connection: Connection, answered: _Answered) -> None:
    """Customers that HQ would not let us move, nor show us, lie where they lay before.

    Else one whose territory we have lost would hide in the territory it was to go to.
    """
    for op, _txn, _answer in reversed(answered):
        if op.entity != "account" or op.op != "U":
            continue
        change = msgspec.json.decode(op.fields).get("territory_id")
        if change is not None:
            put_in_territory(connection, op.uid, change[0])


def _rows_shown(
    connection: Connection, name: str, shown: Mapping[tuple[str, str], Answer]
) -> list[Row]:
    """HQ's rows of an entity, in whatever columns HQ has; unreadable ones are left out."""
    rows, other = [], OtherColumns()
    for (entity, _uid), answer in shown.items():
        section = section_of(ENTITIES[name], answer.row or []) if entity == name else None
        if section is not None and answer.row is not None:
            reader, cells = RowReader(section), list(answer.row)
            if reader.differs:
                other.note(reader, cells)
            rows.append(reader.row(cells))
    return other.completed(connection, name, rows)


def _take_back(applier: Applier, refused: dict[tuple[str, str], str]) -> None:
    """Rows HQ never took: documents become drafts again, others go, children first."""
    for name in reversed(ENTITIES):
        entity = ENTITIES[name]
        uids = [bytes.fromhex(uid) for (n, uid), _code in refused.items() if n == name]
        if not uids:
            continue
        if entity.local_while is not None:
            for uid in uids:
                applier.back_to_draft(entity, uid)
        else:
            applier.remove(name, uids)
