"""What waits to be sent, as lines a person can follow: documents one by one, the rest by number.

Owns reading the journal for the sync centre. Sending it is :mod:`crmdesk.sync.uploading`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, select

from crmdesk.domain.clock import hlc_instant
from crmdesk.storage.tables import journal, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_WAITING = 200
_CHUNK = 500
SHOWN_ONE_BY_ONE = frozenset(
    {"order", "quote", "visit", "collection", "account", "contact", "ticket", "return_request"}
)
"""Entities that get a line each; the rest is told by number ("4 notes")."""

_account, _journal = table("account"), journal.c


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
class WaitingOp:
    """A row that waits: its first op, and how many fields later ones touch."""

    entity: str
    uid: bytes
    op: str
    fields: int
    hlc: int
    account_uid: bytes | None


def waiting_ops(connection: Connection) -> list[WaitingOp]:
    """One per row that waits, in the order of its first change; commands go with their row."""
    found: dict[tuple[str, bytes], WaitingOp] = {}
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
            found[key] = WaitingOp(row.entity, row.uid, row.op, 0, row.hlc, row.account_uid)
    return [replace(op, fields=len(touched[key])) for key, op in found.items()]


def waiting_rows(
    connection: Connection, ws: Workspace, ops: Sequence[WaitingOp]
) -> tuple[WaitingRow, ...]:
    """The ops as lines, in their order; beyond the first hundreds by number only."""
    names = account_names(connection, {op.account_uid for op in ops if op.account_uid})
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


def _one(connection: Connection, op: WaitingOp, name: str, at: datetime) -> WaitingRow:
    row = facts_of(connection, op.entity, op.uid)
    return WaitingRow(
        op.entity, op.op, 1, row.get("name") or name, row.get("number") or "",
        row.get("amount"), row.get("minutes"), row.get("outcome") or "", op.fields, at,
    )  # fmt: skip


def facts_of(connection: Connection, entity_name: str, uid: bytes) -> dict[str, Any]:
    """The telling columns of one row, under the names that a waiting row uses."""
    t = table(entity_name)
    columns: list[ColumnElement[Any]] = [t.c.id]
    if entity_name in ("order", "quote", "return_request"):
        columns += [t.c.number, t.c.net_minor.label("amount"), t.c.status]
    elif entity_name == "ticket":
        columns += [t.c.number, t.c.status]
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


def account_names(connection: Connection, uids: set[bytes]) -> dict[bytes, str]:
    """Names of the customers that are here, by uid."""
    wanted = sorted(uids)
    found: dict[bytes, str] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = _account.c.uid.in_(wanted[start : start + _CHUNK])
        found |= {
            row.uid: row.name
            for row in connection.execute(select(_account.c.uid, _account.c.name).where(part))
        }
    return found
