"""What has been: the last rounds with all that is known of them, and what was settled, by whom.

Owns reading both. Taking a settled card back is :func:`crmdesk.services.settling.reopen`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, select

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.services.queries.sync_needs import account_of, name_of
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.tables import conflict, refusal, seen, sync_session, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

SESSIONS = 30
SETTLED_DAYS = 30
MOST_SETTLED = 200


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One round: how it ended, what went each way, how long it took.

    ``way`` is network or file; ``healed`` rows were put right by checksums.
    """

    id: int
    at: datetime
    result: str
    detail: str
    sent: int
    received: int
    seconds: float
    conflicts: int
    refusals: int
    bytes_out: int = 0
    bytes_in: int = 0
    healed: int = 0
    way: str = "network"


@dataclass(frozen=True, slots=True)
class SettledRow:
    """Something that was settled here; ``kind`` and ``ids`` take it back.

    ``state`` is settled, restored, retried; ``kept`` mine or theirs, as HQ decided before.
    ``about`` is the SKU of a price.
    """

    kind: str
    ids: tuple[int, ...]
    entity: str
    account_id: int | None
    name: str
    field: str
    mine: Any
    theirs: Any
    kept: str
    state: str
    sentence: str
    at: datetime
    about: str = ""


def session_rows(connection: Connection) -> tuple[SessionRow, ...]:
    """The last rounds that did something or failed, newest first."""
    c = sync_session.c
    rows = connection.execute(select(sync_session).order_by(c.id.desc()).limit(SESSIONS))
    return tuple(
        SessionRow(
            row.id, parse_instant(row.started_at), row.result, row.detail or "", row.sent,
            row.received, row.seconds or 0.0, row.conflicts, row.refusals, row.bytes_out,
            row.bytes_in, row.healed, row.way,
        )
        for row in rows
    )  # fmt: skip


def settled_rows(connection: Connection, ws: Workspace) -> tuple[SettledRow, ...]:
    """What was settled in the last month, the last first."""
    since = ws.now() - timedelta(days=SETTLED_DAYS)
    rows = [
        *_conflicts(connection, format_instant(since)),
        *_refusals(connection, format_instant(since)),
        *_handovers(connection, ws, since),
        *_outcomes(connection, format_instant(since)),
    ]
    rows.sort(key=lambda row: row.at, reverse=True)
    return tuple(rows[:MOST_SETTLED])


def _last(connection: Connection, source: Table, since: str) -> list[Any]:
    c = source.c
    return list(
        connection.execute(
            select(source)
            .where(c.settled_at.is_not(None), c.settled_at >= since, c.state != "open")
            .order_by(c.settled_at.desc())
            .limit(MOST_SETTLED)
        )
    )


def _conflicts(connection: Connection, since: str) -> Iterator[SettledRow]:
    for row in _last(connection, conflict, since):
        account_id, name = _whose(connection, row.entity, row.uid)
        mine, theirs = (
            name_of(connection, row.entity, row.field, json.loads(text or "null"))
            for text in (row.mine, row.theirs)
        )
        yield SettledRow(
            "conflict", (row.id,), row.entity, account_id, name, row.field, mine, theirs,
            row.kept, row.state, "", parse_instant(row.settled_at), _sku(row),
        )  # fmt: skip


def _sku(row: Any) -> str:
    base = json.loads(row.base or "null") if row.kind == "price" else None
    return str(base.get("sku", "")) if isinstance(base, dict) else ""


def _refusals(connection: Connection, since: str) -> Iterator[SettledRow]:
    for row in _last(connection, refusal, since):
        if row.code == "together":
            continue
        account_id, name = _whose(connection, row.entity, row.uid)
        yield SettledRow(
            "refused", (row.id,), row.entity, account_id, name, "", None, None, "theirs",
            row.state, row.sentence, parse_instant(row.settled_at),
        )  # fmt: skip


def _handovers(connection: Connection, ws: Workspace, since: datetime) -> Iterator[SettledRow]:
    c, account = table("handover").c, table("account")
    rows = connection.execute(
        select(c.id, c.text, c.seen_at, account.c.id.label("account_id"), account.c.name)
        .select_from(table("handover").join(account, account.c.id == c.account_id))
        .where(c.seen_by_id == ws.user.id, c.seen_at >= since)
    )
    for row in rows:
        yield SettledRow(
            "handover", (row.id,), "handover", row.account_id, row.name, "", None, None, "",
            "settled", row.text, row.seen_at,
        )  # fmt: skip


def _outcomes(connection: Connection, since: str) -> Iterator[SettledRow]:
    proposal = table("proposal")
    rows = connection.execute(
        select(proposal, seen.c.at.label("noted"))
        .select_from(seen.join(proposal, proposal.c.uid == seen.c.uid))
        .where(seen.c.entity == "proposal", seen.c.at >= since)
    )
    for row in rows:
        account_id, name = _whose(connection, row.entity, row.row_uid)
        yield SettledRow(
            "outcome", (row.id,), row.entity, account_id, name, row.field or "",
            name_of(connection, row.entity, row.field or "", row.proposed),
            name_of(connection, row.entity, row.field or "", row.current),
            "mine" if row.status == "accepted" else "theirs", row.status, row.answer or "",
            parse_instant(row.noted),
        )  # fmt: skip


def _whose(connection: Connection, entity_name: str, uid: bytes) -> tuple[int | None, str]:
    return account_of(connection, entity_name, uid) if entity_name in ENTITIES else (None, "")
