"""The list of tickets: which, in which order, what stands in each row, and the load per person.

Owns filters, sorting and search of the list. One ticket is
:mod:`crmdesk.services.queries.ticket_sheet`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.states import TicketStatus
from crmdesk.domain.tickets import Clocks
from crmdesk.services.queries.grouped import group_counts
from crmdesk.services.ticket_clocks import clocks_of, status_of
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 2_000


class TicketGroup(StrEnum):
    """Which tickets the list shows; one chip each."""

    WORK = "work"
    MINE = "mine"
    NOBODY = "nobody"
    LATE = "late"
    WAITING = "waiting"
    RESOLVED = "resolved"
    ALL = "all"


class TicketSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    DUE = "due"
    NUMBER = "number"
    CUSTOMER = "customer"
    OPENED = "opened"
    PRIORITY = "priority"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What the person asked to see; of one customer with ``account_id``."""

    text: str = ""
    group: TicketGroup = TicketGroup.WORK
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of the list. ``escalation`` is the higher of what the clocks and people say."""

    id: int
    number: str
    account_id: int
    customer: str
    kind: str
    subject: str
    product: str
    priority: str
    status: TicketStatus
    day: date
    due_at: datetime | None
    resolved_at: datetime | None
    assignee: str
    escalation: int
    clocks: Clocks


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has at work; ``user_id`` None: nobody has it."""

    user_id: int | None
    name: str
    at_work: int
    late: int


_GROUPS: Mapping[TicketGroup, str] = {
    TicketGroup.WORK: "t.status IN ('open', 'waiting')",
    TicketGroup.MINE: "t.status IN ('open', 'waiting') AND t.assignee_id = :me",
    TicketGroup.NOBODY: "t.status IN ('open', 'waiting') AND t.assignee_id IS NULL",
    TicketGroup.LATE: "t.status = 'open' AND t.due_at < :now",
    TicketGroup.WAITING: "t.status = 'waiting'",
    TicketGroup.RESOLVED: "t.status = 'resolved'",
    TicketGroup.ALL: "1",
}
_SORTS: Mapping[TicketSort, str] = {
    TicketSort.DUE: "t.due_at IS NULL, t.due_at {way}, t.id",
    TicketSort.NUMBER: "t.number {way}, t.id",
    TicketSort.CUSTOMER: "lower(a.name) {way}, t.opened_at DESC, t.id",
    TicketSort.OPENED: "t.opened_at {way}, t.id",
    TicketSort.PRIORITY: (
        "CASE t.priority WHEN 'high' THEN 0 WHEN 'normal' THEN 1 ELSE 2 END {way},"
        " t.opened_at, t.id"
    ),
    TicketSort.STATUS: "t.status {way}, t.opened_at DESC, t.id",
}


def _where(ws: Workspace, wanted: TicketFilter) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"me": ws.user.id, "now": format_instant(ws.now())}
    parts = [_GROUPS[wanted.group]]
    if wanted.account_id is not None:
        parts.append("t.account_id = :account")
        values["account"] = wanted.account_id
    if wanted.text.strip():
        with ws.database.read() as connection:
            hits = search.find(
                connection, wanted.text, kinds=("ticket", "account"), limit=_FOUND_LIMIT
            )
        parts.append(
            "(t.id IN (SELECT value FROM json_each(:tickets))"
            " OR t.account_id IN (SELECT value FROM json_each(:accounts)))"
        )
        values["tickets"] = json.dumps([hit.id for hit in hits if hit.kind == "ticket"])
        values["accounts"] = json.dumps([hit.id for hit in hits if hit.kind == "account"])
    return " AND ".join(parts), values


def ticket_keys(
    ws: Workspace,
    wanted: TicketFilter,
    sort: TicketSort = TicketSort.DUE,
    *,
    descending: bool = False,
) -> list[int]:
    """Local ids of all tickets that match, in order; the rows are read as they are seen."""
    where, values = _where(ws, wanted)
    order = _SORTS[sort].format(way="DESC" if descending else "ASC")
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT t.id FROM ticket t JOIN account a ON a.id = t.account_id"
            f" WHERE {where} ORDER BY {order}",
            values,
        )
        return [int(row[0]) for row in rows]


def ticket_counts(ws: Workspace, account_id: int | None = None) -> dict[TicketGroup, int]:
    """How many tickets each chip would show."""
    where = "" if account_id is None else " WHERE t.account_id = :account"
    values = {"me": ws.user.id, "now": format_instant(ws.now()), "account": account_id}
    with ws.database.read() as connection:
        return group_counts(connection, _GROUPS, f" FROM ticket t{where}", values)


def ticket_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, TicketRow]:
    """The rows of these tickets by id; ids that are gone are left out."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT t.id, t.number, t.account_id, a.name, t.kind, t.subject, p.name, t.priority,"
            " t.status, t.date, t.due_at, t.resolved_at, u.name, t.escalation FROM ticket t"
            " JOIN account a ON a.id = t.account_id LEFT JOIN product p ON p.id = t.product_id"
            " LEFT JOIN app_user u ON u.id = t.assignee_id"
            " WHERE t.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        ).all()
        found = clocks_of(ws, connection, [int(row[0]) for row in rows])
    return {
        int(row[0]): TicketRow(
            int(row[0]), row[1], int(row[2]), row[3], row[4] or "", row[5], row[6] or "",
            row[7] or "", status_of(row[8]), date.fromisoformat(row[9]),
            parse_instant(row[10]) if row[10] else None,
            parse_instant(row[11]) if row[11] else None,
            row[12] or "",
            max(found[int(row[0])].escalation, int(row[13] or 0)), found[int(row[0])],
        )
        for row in rows
    }  # fmt: skip


def loads(ws: Workspace) -> tuple[Load, ...]:
    """What each person has at work, the most first; those with nothing are left out."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT t.assignee_id, u.name, count(*), sum(t.status = 'open' AND t.due_at < ?)"
            " FROM ticket t LEFT JOIN app_user u ON u.id = t.assignee_id"
            " WHERE t.status IN ('open', 'waiting') GROUP BY t.assignee_id ORDER BY 3 DESC, 2",
            (format_instant(ws.now()),),
        )
        return tuple(
            Load(None if row[0] is None else int(row[0]), row[1] or "", row[2], int(row[3] or 0))
            for row in rows
        )


def late_count(ws: Workspace) -> int:
    """How many open tickets are beyond when they were due: what the rail shows."""
    return ticket_counts(ws)[TicketGroup.LATE]
