"""The clocks of tickets, read from the database: hours of the service, holidays, histories.

Owns reading what :mod:`crmdesk.domain.tickets` measures with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.domain.policy import Policy
from crmdesk.domain.service_hours import ServiceHours
from crmdesk.domain.states import TicketStatus
from crmdesk.domain.tickets import Clocks, Happened, Priority, Told, clocks
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Rules:
    """What the clocks go by: the company's rules and the hours that they and its holidays give."""

    policy: Policy
    hours: ServiceHours


def rules_in(connection: Connection) -> Rules:
    """The rules in force. Holidays are those of the company's country and of all of it."""
    policy = policy_in(connection)
    row = connection.exec_driver_sql(
        "SELECT country, time_zone FROM organisation ORDER BY id LIMIT 1"
    ).first()
    country, zone = (row[0], row[1]) if row is not None else ("", "UTC")
    days = connection.exec_driver_sql(
        "SELECT date FROM holiday WHERE country = ? AND coalesce(region, '') = ''", (country,)
    )
    holidays = frozenset(date.fromisoformat(one[0]) for one in days)
    return Rules(policy, ServiceHours(policy.service_hours, ZoneInfo(zone or "UTC"), holidays))


def told_of(connection: Connection, ids: Sequence[int]) -> dict[int, Told]:
    """Tickets with their histories as the clocks see them, by local id."""
    chosen = json.dumps(sorted(set(ids)))
    events: dict[int, list[Happened]] = defaultdict(list)
    for row in connection.exec_driver_sql(
        "SELECT ticket_id, at, kind, direction, to_status FROM ticket_event"
        " WHERE ticket_id IN (SELECT value FROM json_each(?)) ORDER BY at, id",
        (chosen,),
    ):
        events[int(row[0])].append(
            Happened(parse_instant(row[1]), row[2] or "", row[3] or "", row[4] or "")
        )
    rows = connection.exec_driver_sql(
        "SELECT id, opened_at, priority, status, first_response_at, resolved_at FROM ticket"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (chosen,),
    )
    return {
        int(row[0]): Told(
            parse_instant(row[1]),
            priority_of(row[2]),
            status_of(row[3]),
            events[int(row[0])],
            parse_instant(row[4]) if row[4] else None,
            parse_instant(row[5]) if row[5] else None,
        )
        for row in rows
    }


def clocks_of(ws: Workspace, connection: Connection, ids: Sequence[int]) -> dict[int, Clocks]:
    """The clocks of tickets now, by local id."""
    rules = rules_in(connection)
    now = ws.now().astimezone(UTC)
    return {
        key: clocks(told, rules.hours, rules.policy, now)
        for key, told in told_of(connection, ids).items()
    }


def priority_of(value: object) -> Priority:
    """The priority a row says; normal for what is none."""
    return Priority(str(value)) if value in set(Priority) else Priority.NORMAL


def status_of(value: object) -> TicketStatus:
    """The state a row says; open for what is none, so that nobody forgets it."""
    return TicketStatus(str(value)) if value in set(TicketStatus) else TicketStatus.OPEN
