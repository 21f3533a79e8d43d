"""The office's inbox: orders that came in, oldest first, what needs a look, where each one stands.

Owns which orders the inbox shows and their rows. Why an order needs a look is
:mod:`crmdesk.services.queries.inbox_attention`'s, one order in full
:mod:`crmdesk.services.queries.inbox_sheet`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.states import Role
from crmdesk.services.queries.inbox_attention import Attention, read_attention
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST = 500
"""So many orders of a group are read at first, those that wait longest; more as they are wanted."""


class InboxGroup(StrEnum):
    """Which orders are shown; one chip each."""

    WAITING = "waiting"
    TO_SHIP = "to_ship"
    TO_INVOICE = "to_invoice"
    TODAY = "today"
    REJECTED = "rejected"


_GROUPS: Mapping[InboxGroup, str] = {
    InboxGroup.WAITING: "o.status = 'submitted'",
    InboxGroup.TO_SHIP: "o.status = 'accepted'",
    InboxGroup.TO_INVOICE: "o.status = 'shipped'",
    InboxGroup.TODAY: "o.status <> 'draft' AND o.order_date = :today",
    InboxGroup.REJECTED: "o.status IN ('rejected', 'cancelled') AND o.order_date >= :lately",
}
_LATELY_DAYS = 30


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What the person asked to see; ``text`` is searched in numbers and customers' names."""

    group: InboxGroup = InboxGroup.WAITING
    text: str = ""
    rep_id: int | None = None
    territory_id: int | None = None
    most: int = MOST


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One order of the inbox; money in minor units of the company's currency.

    ``entered_by`` names who keyed it in the rep's place. ``attention`` is empty unless it waits.
    """

    id: int
    number: str
    account_id: int
    customer: str
    city: str
    rep_id: int | None
    rep: str
    entered_by: str
    territory: str
    status: str
    order_date: date
    submitted_at: datetime | None
    delivery_date: date | None
    lines: int
    net_minor: int
    total_minor: int
    margin_minor: int
    answer: str
    altered: int
    attention: tuple[Attention, ...] = ()


@dataclass(frozen=True, slots=True)
class InboxCount:
    """How many orders a chip would show, and their net."""

    count: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A rep or a territory that orders of the inbox can be narrowed to."""

    id: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the inbox shows: the rows in order, counts of all groups, and what narrows them.

    Rows that need a look come first; within both parts the oldest day first, a rep's together.
    ``left_out`` orders of the group are not among the rows.
    """

    rows: tuple[InboxRow, ...]
    counts: Mapping[InboxGroup, InboxCount]
    reps: tuple[Choice, ...]
    territories: tuple[Choice, ...]
    left_out: int = 0
    today: Mapping[str, int] = field(default_factory=dict)


def sees_inbox(role: Role) -> bool:
    """Whether people of a role decide about orders that came in."""
    return role is not Role.REP


def waiting_count(ws: Workspace) -> int:
    """How many orders wait for the office: the badge at the place's name."""
    if not sees_inbox(ws.user.role):
        return 0
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM sales_order WHERE status = 'submitted'"
        )
        return int(found.scalar_one())


def inbox(ws: Workspace, wanted: InboxFilter) -> Inbox:
    """Everything the inbox shows for a filter, in one consistent read."""
    today = ws.today()
    keys: dict[str, Any] = {
        "today": today.isoformat(),
        "lately": date.fromordinal(today.toordinal() - _LATELY_DAYS).isoformat(),
        "rep": wanted.rep_id, "territory": wanted.territory_id, "most": wanted.most,
    }  # fmt: skip
    with ws.database.read() as connection:
        where = _where(connection, wanted)
        rows = [_row(row) for row in connection.exec_driver_sql(_ROWS.format(where=where), keys)]
        counts = _counts(connection, keys)
        if wanted.group in (InboxGroup.WAITING, InboxGroup.TODAY):
            waiting = [row.id for row in rows if row.status == "submitted"]
            notes = read_attention(connection, waiting, today)
            rows = [_noted(row, notes.get(row.id, ())) for row in rows]
        total = connection.exec_driver_sql(
            f"SELECT count(*) FROM sales_order o JOIN account a ON a.id = o.account_id {where}",
            keys,
        ).scalar_one()
        return Inbox(
            tuple(sorted(rows, key=_place)),
            counts,
            _choices(connection, "o.user_id", "app_user", _GROUPS[wanted.group], keys),
            _choices(connection, "a.territory_id", "territory", _GROUPS[wanted.group], keys),
            int(total) - len(rows),
            _today(connection, today),
        )


_ROWS = (
    "SELECT o.id, o.number, o.account_id, a.name, coalesce(a.city, ''), o.user_id,"
    " coalesce(u.name, ''), coalesce(e.name, ''), coalesce(t.name, ''), o.status, o.order_date,"
    " o.submitted_at, o.delivery_date, (SELECT count(*) FROM order_line WHERE parent_id = o.id),"
    " o.net_minor, o.total_minor, o.net_minor - o.cost_minor, coalesce(o.answer, ''),"
    " (SELECT count(*) FROM order_alteration x WHERE x.order_id = o.id)"
    " FROM sales_order o JOIN account a ON a.id = o.account_id"
    " LEFT JOIN app_user u ON u.id = o.user_id"
    " LEFT JOIN app_user e ON e.id = o.entered_by_id AND e.id IS NOT o.user_id"
    " LEFT JOIN territory t ON t.id = a.territory_id"
    " {where} ORDER BY o.order_date, o.submitted_at, o.id LIMIT :most"
)


def _where(connection: Connection, wanted: InboxFilter) -> str:
    tests = [f"WHERE {_GROUPS[wanted.group]}"]
    if wanted.rep_id is not None:
        tests.append("o.user_id = :rep")
    if wanted.territory_id is not None:
        tests.append("a.territory_id = :territory")
    if wanted.text.strip():
        hits = search.find(connection, wanted.text, kinds=("account", "order"), limit=2_000)
        accounts = ",".join(str(hit.id) for hit in hits if hit.kind == "account")
        orders = ",".join(str(hit.id) for hit in hits if hit.kind == "order")
        tests.append(f"(o.account_id IN ({accounts}) OR o.id IN ({orders}))")
    return " AND ".join(tests)


def _row(row: Any) -> InboxRow:
    values = list(row)
    values[10] = date.fromisoformat(values[10])
    values[11] = parse_instant(values[11]) if values[11] else None
    values[12] = date.fromisoformat(values[12]) if values[12] else None
    return InboxRow(*values)


def _noted(row: InboxRow, notes: Sequence[Attention]) -> InboxRow:
    return replace(row, attention=tuple(notes)) if notes else row


def _place(row: InboxRow) -> tuple[object, ...]:
    at = row.submitted_at.isoformat() if row.submitted_at is not None else ""
    return (not row.attention, row.order_date, row.rep, at, row.id)


def _counts(connection: Connection, keys: Mapping[str, Any]) -> dict[InboxGroup, InboxCount]:
    parts = ", ".join(
        f"count(*) FILTER (WHERE {test}), coalesce(sum(o.net_minor) FILTER (WHERE {test}), 0)"
        for test in _GROUPS.values()
    )
    row = connection.exec_driver_sql(
        f"SELECT {parts} FROM sales_order o WHERE o.status IN ('submitted', 'accepted', 'shipped')"
        " OR o.order_date >= :lately",
        dict(keys),
    ).one()
    return {
        group: InboxCount(int(row[2 * n]), int(row[2 * n + 1])) for n, group in enumerate(_GROUPS)
    }


def _choices(
    connection: Connection, column: str, table: str, test: str, keys: Mapping[str, Any]
) -> tuple[Choice, ...]:
    rows = connection.exec_driver_sql(
        f"SELECT n.id, n.name, count(*) FROM sales_order o JOIN account a ON a.id = o.account_id"
        f" JOIN {table} n ON n.id = {column} WHERE {test} GROUP BY n.id ORDER BY n.name",
        dict(keys),
    )
    return tuple(Choice(int(key), str(name), int(count)) for key, name, count in rows)


def _today(connection: Connection, today: date) -> dict[str, int]:
    rows = connection.exec_driver_sql(
        "SELECT status, count(*) FROM sales_order WHERE order_date = ? AND status <> 'draft'"
        " GROUP BY status",
        (today.isoformat(),),
    )
    return {str(status): int(count) for status, count in rows}


def orders_by_number(ws: Workspace, numbers: Sequence[str]) -> dict[str, int]:
    """Local ids of submitted orders by their numbers; unknown ones are left out."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT number, id FROM sales_order WHERE status <> 'draft'"
            " AND number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )
        return {str(number): int(key) for number, key in rows}


def reason_by_code(ws: Workspace, kind: str, code: str) -> int | None:
    """The structured reason of a kind by its code."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM outcome_reason WHERE kind = ? AND code = ?", (kind, code)
        ).scalar()
    return None if found is None else int(found)
