"""How this laptop stands to HQ: the chip, what waits, what needs the person, the last rounds.

Owns reading the journal, the conflicts, the refusals and the rounds as rows a person can follow.
Syncing itself is :mod:`crmdesk.sync`; settling a conflict is :mod:`crmdesk.services.settling`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from crmdesk.domain.clock import format_instant, hlc_instant, parse_instant
from crmdesk.storage import transfers
from crmdesk.storage.entities import ENTITIES, Kind
from crmdesk.storage.profile import get_fact
from crmdesk.storage.tables import (
    conflict,
    journal,
    refusal,
    summary_account,
    sync_session,
    table,
)
from crmdesk.sync import facts, lease
from crmdesk.sync.departing import CUSTOMER

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_WAITING = 200
SESSIONS = 12
SETTLED_DAYS = 30
SHOWN_ONE_BY_ONE = frozenset(
    {"order", "quote", "visit", "collection", "account", "contact", "ticket", "return_request"}
)
"""Entities that get a line each; the rest is told by number ("4 notes")."""

_account, _journal = table("account"), journal.c


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What the sync chip says. ``last_result`` is "done" or the code of what went wrong.

    ``locks_at`` is when the data lock themselves unless HQ is met; None while that is far.
    """

    alone: bool
    last_at: datetime | None
    last_result: str
    waiting: int
    need: int
    locks_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One change that waits, or several of a kind (``count``) when told by number.

    ``name`` is the customer, ``number`` the document's; money in minor units, ``minutes`` of a
    visit; ``fields`` is how many fields an edit touches.
    """

    entity: str
    op: str
    count: int
    name: str
    number: str
    amount_minor: int | None
    minutes: int | None
    outcome: str
    fields: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CollisionRow:
    """A field both sides changed, as wire values; ``kept`` is "mine" or "theirs".

    ``kind`` is field, proposal (HQ owns the field) or delete.
    """

    id: int
    field: str
    base: Any
    mine: Any
    theirs: Any
    kept: str
    kind: str
    theirs_by: str
    theirs_at: datetime | None


@dataclass(frozen=True, slots=True)
class NeedRow:
    """Something that needs the person: a refusal, or the collisions of one row.

    ``ids`` are the refusals' or conflicts' own ids. ``row_id`` is the local id of the document or
    customer concerned, None when it is no longer here.
    """

    kind: str
    ids: tuple[int, ...]
    entity: str
    row_id: int | None
    account_id: int | None
    name: str
    number: str
    amount_minor: int | None
    at: datetime
    code: str
    sentence: str
    collisions: tuple[CollisionRow, ...]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One round: how it ended, what went each way, how long it took."""

    id: int
    at: datetime
    result: str
    detail: str
    sent: int
    received: int
    seconds: float
    conflicts: int
    refusals: int


@dataclass(frozen=True, slots=True)
class SyncCentre:
    """The whole sync centre in one consistent read."""

    status: SyncStatus
    address: str
    device: str
    customers: int
    offset_ms: int
    lease_days: int
    waiting: tuple[WaitingRow, ...]
    oldest_at: datetime | None
    files: int
    file_bytes: int
    needs: tuple[NeedRow, ...]
    sessions: tuple[SessionRow, ...]
    settled: int
    restored: int


def sync_status(ws: Workspace) -> SyncStatus:
    """The chip's state; a few milliseconds."""
    with ws.database.read() as connection:
        return _status(connection, ws.now())


def sync_centre(ws: Workspace) -> SyncCentre:
    """Everything the sync centre shows."""
    with ws.database.read() as connection:
        rows = _waiting_rows(connection)
        organisation = table("organisation").c
        lease = connection.execute(select(organisation.offline_lease_days).limit(1)).scalar()
        member = facts.membership(connection)
        files = transfers.waiting(connection) if member is not None else (0, 0)
        settled = _settled(connection, ws.now() - timedelta(days=SETTLED_DAYS))
        return SyncCentre(
            status=_status(connection, ws.now()),
            address="" if member is None else member.url,
            device=ws.device_prefix,
            customers=connection.execute(
                select(func.count()).select_from(summary_account)
            ).scalar_one(),
            offset_ms=int(get_fact(connection, facts.OFFSET_MS) or 0),
            lease_days=int(lease or 0),
            waiting=_told(connection, ws, rows),
            oldest_at=min((hlc_instant(row.hlc) for row in rows), default=None),
            files=files[0],
            file_bytes=files[1],
            needs=_needs(connection),
            sessions=_sessions(connection),
            settled=settled.get("settled", 0),
            restored=settled.get("restored", 0),
        )


def _status(connection: Connection, now: datetime) -> SyncStatus:
    standing = lease.read(connection, now)
    locks_at = now + standing.left if standing.near and standing.left is not None else None
    last = get_fact(connection, facts.LAST_SYNC)
    waiting = connection.execute(
        select(func.count()).select_from(
            select(_journal.entity, _journal.uid)
            .where(_journal.state == "waiting", _journal.op != "C")
            .distinct()
            .subquery()
        )
    ).scalar_one()
    collided = connection.execute(
        select(func.count()).select_from(
            select(conflict.c.entity, conflict.c.uid)
            .where(conflict.c.state == "open")
            .distinct()
            .subquery()
        )
    ).scalar_one()
    refused = connection.execute(
        select(func.count(refusal.c.uid.distinct())).where(refusal.c.state == "open")
    ).scalar_one()
    return SyncStatus(
        alone=facts.membership(connection) is None,
        last_at=None if last is None else parse_instant(last),
        last_result=get_fact(connection, facts.LAST_RESULT) or "",
        waiting=int(waiting),
        need=int(collided) + int(refused),
        locks_at=locks_at,
    )


# ------------------------------------------------------------------------------------ what waits


@dataclass(frozen=True, slots=True)
class _Op:
    entity: str
    uid: bytes
    op: str
    fields: int
    hlc: int
    account_uid: bytes | None


def _waiting_rows(connection: Connection) -> list[_Op]:
    """One per row that waits, in the order of its first change; commands go with their row."""
    found: dict[tuple[str, bytes], _Op] = {}
    touched: defaultdict[tuple[str, bytes], set[str]] = defaultdict(set)
    for row in connection.execute(
        select(
            _journal.entity, _journal.uid, _journal.op, _journal.fields, _journal.hlc,
            _journal.account_uid,
        )
        .where(and_(_journal.state == "waiting", _journal.op != "C"))
        .order_by(_journal.seq)
    ):  # fmt: skip
        key = (row.entity, row.uid)
        if row.op == "U" and row.fields:
            touched[key] |= set(json.loads(row.fields))
        if key not in found:
            found[key] = _Op(row.entity, row.uid, row.op, 0, row.hlc, row.account_uid)
    return [replace(op, fields=len(touched[key])) for key, op in found.items()]


def _told(connection: Connection, ws: Workspace, ops: Sequence[_Op]) -> tuple[WaitingRow, ...]:
    names = _account_names(connection, {op.account_uid for op in ops if op.account_uid})
    told: list[WaitingRow] = []
    grouped: dict[str, int] = {}
    for op in ops:
        name = names.get(op.account_uid or b"", "")
        at = ws.clock.local(hlc_instant(op.hlc))
        if op.entity in SHOWN_ONE_BY_ONE and len(told) < MOST_WAITING:
            told.append(_one(connection, op, name, at))
        elif op.entity in grouped:
            place = grouped[op.entity]
            told[place] = replace(told[place], count=told[place].count + 1)
        else:
            grouped[op.entity] = len(told)
            told.append(WaitingRow(op.entity, op.op, 1, name, "", None, None, "", op.fields, at))
    return tuple(told)


def _one(connection: Connection, op: _Op, name: str, at: datetime) -> WaitingRow:
    row = _facts_of(connection, op.entity, op.uid)
    return WaitingRow(
        op.entity, op.op, 1, row.get("name") or name, row.get("number") or "",
        row.get("amount"), row.get("minutes"), row.get("outcome") or "", op.fields, at,
    )  # fmt: skip


def _facts_of(connection: Connection, entity_name: str, uid: bytes) -> dict[str, Any]:
    """The telling columns of one row, under the names that a waiting row uses."""
    t = table(entity_name)
    columns: list[ColumnElement[Any]] = [t.c.id]
    if entity_name in ("order", "quote", "return_request"):
        columns += [t.c.number, t.c.net_minor.label("amount")]
    elif entity_name == "ticket":
        columns += [t.c.number]
    elif entity_name == "visit":
        columns += [t.c.started_at, t.c.ended_at, t.c.outcome]
    elif entity_name == "collection":
        columns += [t.c.amount_minor.label("amount")]
    elif entity_name == "account":
        columns += [t.c.name]
    found = connection.execute(select(*columns).where(t.c.uid == uid)).mappings().first()
    if found is None:
        return {}
    row = dict(found)
    if entity_name == "visit" and row["ended_at"] is not None:
        row["minutes"] = round((row["ended_at"] - row["started_at"]).total_seconds() / 60)
    return row


def _account_names(connection: Connection, uids: set[bytes]) -> dict[bytes, str]:
    rows = connection.execute(
        select(_account.c.uid, _account.c.name).where(_account.c.uid.in_(uids))
    )
    return {row.uid: row.name for row in rows}


# ---------------------------------------------------------------------------- what needs the person


def _needs(connection: Connection) -> tuple[NeedRow, ...]:
    needs = [*_refusals(connection), *_conflicts(connection)]
    return tuple(sorted(needs, key=lambda need: need.at, reverse=True))


def _refusals(connection: Connection) -> list[NeedRow]:
    """One per refused row; the sentence is HQ's own, in the person's words."""
    found: dict[bytes, NeedRow] = {}
    rows = connection.execute(
        select(refusal).where(refusal.c.state == "open").order_by(refusal.c.id)
    )
    for row in rows:
        present = found.get(row.uid)
        if present is not None:
            found[row.uid] = replace(present, ids=(*present.ids, row.id))
            continue
        found[row.uid] = _need(
            connection, "refused", (row.id,), row.entity, row.uid, row.at, row.code, row.sentence
        )
    return [_as_it_was(connection, need) for need in found.values()]


def _as_it_was(connection: Connection, need: NeedRow) -> NeedRow:
    """A refusal whose customer has left says who and which document it was about."""
    if need.name:
        return need
    was: dict[str, Any] = {}
    texts = select(refusal.c.fields).where(
        refusal.c.id.in_(need.ids), refusal.c.fields.is_not(None)
    )
    for text in connection.scalars(texts):
        was |= json.loads(text)
    number, amount = was.get("number", (None, None)), was.get("net_minor", (None, None))
    return replace(
        need,
        name=was.get(CUSTOMER, ""),
        number=need.number or number[1] or "",
        amount_minor=amount[1] if need.amount_minor is None else need.amount_minor,
    )


def _conflicts(connection: Connection) -> list[NeedRow]:
    grouped: defaultdict[tuple[str, bytes], list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(conflict).where(conflict.c.state == "open").order_by(conflict.c.id)
    ):
        grouped[(row.entity, row.uid)].append(row)
    return [
        replace(
            _need(
                connection, "conflict", tuple(row.id for row in rows), entity_name, uid,
                rows[-1].at, rows[0].kind, "",
            ),
            collisions=tuple(_collision(connection, row) for row in rows),
        )
        for (entity_name, uid), rows in grouped.items()
    ]  # fmt: skip


def _need(
    connection: Connection,
    kind: str,
    ids: tuple[int, ...],
    entity_name: str,
    uid: bytes,
    at: str,
    code: str,
    sentence: str,
) -> NeedRow:
    row: dict[str, Any] = {}
    account_id: int | None = None
    name = ""
    if entity_name in ENTITIES:
        row = _facts_of(connection, entity_name, uid)
        account_id, name = _account_of(connection, entity_name, uid)
    return NeedRow(
        kind=kind, ids=ids, entity=entity_name, row_id=row.get("id"), account_id=account_id,
        name=name, number=row.get("number") or "", amount_minor=row.get("amount"),
        at=parse_instant(at), code=code, sentence=sentence, collisions=(),
    )  # fmt: skip


def _account_of(connection: Connection, entity_name: str, uid: bytes) -> tuple[int | None, str]:
    t = table(entity_name)
    if entity_name == "account":
        query = select(t.c.id, t.c.name).where(t.c.uid == uid)
    elif "account_id" in t.c:
        query = (
            select(_account.c.id, _account.c.name)
            .select_from(t.join(_account, _account.c.id == t.c.account_id))
            .where(t.c.uid == uid)
        )
    else:
        return None, ""
    found = connection.execute(query).first()
    return (None, "") if found is None else (int(found[0]), str(found[1]))


def _collision(connection: Connection, row: Any) -> CollisionRow:
    def value(text: str | None) -> Any:
        wire = None if text is None else json.loads(text)
        return _name_of(connection, row.entity, row.field, wire)

    return CollisionRow(
        id=row.id, field=row.field, base=value(row.base), mine=value(row.mine),
        theirs=value(row.theirs), kept=row.kept, kind=row.kind, theirs_by=row.theirs_by or "",
        theirs_at=None if row.theirs_at is None else parse_instant(row.theirs_at),
    )  # fmt: skip


def _name_of(connection: Connection, entity_name: str, field_name: str, wire: Any) -> Any:
    """What a reference refers to, by name; other values as they are."""
    if not isinstance(wire, str) or entity_name not in ENTITIES:
        return wire
    spec = ENTITIES[entity_name]
    field = next((f for f in spec.fields if field_name in (f.name, f.column)), None)
    if field is None or field.kind is not Kind.REF or field.ref is None:
        return wire
    target = table(field.ref)
    column = next((target.c[name] for name in ("name", "number", "code") if name in target.c), None)
    if column is None:
        return wire
    found = connection.execute(select(column).where(target.c.uid == bytes.fromhex(wire))).scalar()
    return wire if found is None else found


# ----------------------------------------------------------------------------------- what has been


def _sessions(connection: Connection) -> tuple[SessionRow, ...]:
    c = sync_session.c
    rows = connection.execute(select(sync_session).order_by(c.id.desc()).limit(SESSIONS))
    return tuple(
        SessionRow(
            row.id, parse_instant(row.started_at), row.result, row.detail or "", row.sent,
            row.received, row.seconds or 0.0, row.conflicts, row.refusals,
        )
        for row in rows
    )  # fmt: skip


def _settled(connection: Connection, since: datetime) -> dict[str, int]:
    """How many collisions and refusals were settled since then, by how."""
    first = format_instant(since)
    found: defaultdict[str, int] = defaultdict(int)
    for source in (conflict, refusal):
        for state, count in connection.execute(
            select(source.c.state, func.count())
            .where(source.c.at >= first, source.c.state != "open")
            .group_by(source.c.state)
        ):
            found[state] += int(count)
    return dict(found)
