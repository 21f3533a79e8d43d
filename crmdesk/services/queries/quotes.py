"""The list of quotes and the queue of follow-ups: which, in which order, what stands in each row.

Owns groups, order and search of the list. One quote with its lines is
:mod:`crmdesk.services.queries.quote`'s, figures are :mod:`crmdesk.services.queries.quote_figures`'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.analytics.figures import Figure, Missing
from crmdesk.analytics.quotes import WinChance
from crmdesk.domain.quote_rules import EXPIRING_DAYS, FollowUp, follow_up_state
from crmdesk.domain.states import QuoteStatus
from crmdesk.services.queries.grouped import group_counts, keys_in_order
from crmdesk.services.queries.quote_figures import (
    ENDED_ON,
    SENT_ON,
    UNTOUCHED,
    UNTOUCHED_DAYS,
    chances_of,
)
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_FOUND_LIMIT = 5_000


class QuoteGroup(StrEnum):
    """Which quotes the list shows; one chip each. The queue is what is to be done today."""

    QUEUE = "queue"
    OPEN = "open"
    DRAFTS = "drafts"
    WON = "won"
    LOST = "lost"
    UNTOUCHED = "untouched"
    ALL = "all"


class QuoteSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    URGENCY = "urgency"
    NUMBER = "number"
    CUSTOMER = "customer"
    SENT = "sent"
    VALID = "valid"
    NET = "net"


@dataclass(frozen=True, slots=True)
class QuoteFilter:
    """What the person asked to see; ``text`` is searched in numbers, titles and customers."""

    text: str = ""
    group: QuoteGroup = QuoteGroup.QUEUE


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """One line of the list; money in minor units. ``state`` is None unless the quote waits."""

    id: int
    number: str
    version: int
    title: str
    account_id: int
    customer: str
    city: str
    status: str
    state: FollowUp | None
    next_follow_up: date | None
    valid_until: date | None
    sent_on: date | None
    decided_on: date | None
    net_minor: int
    follow_ups: int
    last_follow_up: date | None
    last_result: str
    rep: str
    reason: str
    chance: Figure[WinChance]

    @property
    def name(self) -> str:
        """Number and version: ``QM07-00012/2``; the first version has the number alone."""
        return quote_name(self.number, self.version)


@dataclass(frozen=True, slots=True)
class QuoteCounts:
    """How many quotes each chip would show, and the queue by its parts."""

    groups: dict[QuoteGroup, int]
    queue: dict[FollowUp, int]


def quote_name(number: str, version: int) -> str:
    """How a quote is called: its number, and the version from the second on."""
    return number if version <= 1 else f"{number}/{version}"


# The same order and the same limits as follow_up_state's.
_STATE = (
    "CASE WHEN q.status <> 'sent' THEN 9 WHEN q.valid_until < :today THEN 0"
    " WHEN q.next_follow_up < :today THEN 1 WHEN q.next_follow_up = :today THEN 2"
    " WHEN q.valid_until <= :soon AND (q.next_follow_up IS NULL"
    " OR q.next_follow_up > q.valid_until) THEN 3 WHEN q.next_follow_up IS NULL THEN 4 ELSE 5 END"
)
_STATES = (
    FollowUp.EXPIRED, FollowUp.OVERDUE, FollowUp.TODAY, FollowUp.EXPIRING, FollowUp.NONE,
    FollowUp.LATER,
)  # fmt: skip
_GROUPS = {
    QuoteGroup.QUEUE: f"{_STATE} <= 4",
    QuoteGroup.OPEN: "q.status = 'sent'",
    QuoteGroup.DRAFTS: "q.status = 'draft'",
    QuoteGroup.WON: "q.status = 'won'",
    QuoteGroup.LOST: "q.status IN ('lost', 'expired')",
    QuoteGroup.UNTOUCHED: f"{UNTOUCHED} AND {ENDED_ON} >= :year",
    QuoteGroup.ALL: "true",
}
_SORTS = {
    QuoteSort.URGENCY: (_STATE, "q.next_follow_up", "-q.net_minor"),
    QuoteSort.NUMBER: ("q.number", "q.version"),
    QuoteSort.CUSTOMER: ("lower(a.name)",),
    QuoteSort.SENT: (SENT_ON,),
    QuoteSort.VALID: ("q.valid_until",),
    QuoteSort.NET: ("q.net_minor",),
}


def quote_keys(
    ws: Workspace,
    wanted: QuoteFilter,
    sort: QuoteSort = QuoteSort.URGENCY,
    *,
    descending: bool = False,
) -> list[int]:
    """Local ids of all quotes that match, in order; the rows are read as they are seen."""
    with ws.database.read() as connection:
        keys = _days(ws.today())
        where = _GROUPS[wanted.group]
        if wanted.text.strip():
            keys |= _found(connection, wanted.text)
            where += (
                " AND (q.id IN (SELECT value FROM json_each(:quotes))"
                " OR q.account_id IN (SELECT value FROM json_each(:accounts)))"
            )
        source = f" FROM quote q JOIN account a ON a.id = q.account_id WHERE {where}"
        return keys_in_order(connection, "q.id", source, _SORTS[sort], keys, descending=descending)


def quote_counts(ws: Workspace) -> QuoteCounts:
    """How many quotes each chip would show, and how the queue divides."""
    states = {state: f"{_STATE} = {place}" for place, state in enumerate(_STATES)}
    with ws.database.read() as connection:
        days = _days(ws.today())
        return QuoteCounts(
            group_counts(connection, _GROUPS, " FROM quote q", days),
            group_counts(connection, states, " FROM quote q", days),
        )


def waiting_count(ws: Workspace) -> int:
    """How many quotes are to be followed up today: the badge at the place's name."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            f"SELECT count(*) FROM quote q WHERE {_GROUPS[QuoteGroup.QUEUE]}", _days(ws.today())
        )
        return int(found.scalar_one())


def quote_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, QuoteRow]:
    """The rows of these quotes by id; ids that are gone are left out."""
    with ws.database.read() as connection:
        return rows_in(connection, ws.today(), ids)


def rows_in(connection: Connection, today: date, ids: Sequence[int]) -> dict[int, QuoteRow]:
    """The same inside a read that is already open."""
    wanted = json.dumps(list(ids))
    last = "FROM quote_follow_up f WHERE f.quote_id = q.id ORDER BY f.date DESC, f.id DESC LIMIT 1"
    rows = connection.exec_driver_sql(
        "SELECT q.id, q.number, q.version, q.title, q.account_id, a.name AS customer, a.city,"
        f" q.status, q.next_follow_up, q.valid_until, iif(q.sent_at IS NULL, NULL, {SENT_ON})"
        " AS sent_on, q.decided_on, q.net_minor, (SELECT count(*) FROM quote_follow_up f WHERE"
        f" f.quote_id = q.id) AS follow_ups, (SELECT f.date {last}) AS last_on,"
        f" (SELECT f.result {last}) AS last_result, u.name AS rep, r.name AS reason"
        " FROM quote q JOIN account a ON a.id = q.account_id"
        " LEFT JOIN app_user u ON u.id = q.user_id LEFT JOIN outcome_reason r ON r.id = q.reason_id"
        " WHERE q.id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).all()
    chances = chances_of(
        connection, today, "q.id IN (SELECT value FROM json_each(?))", (wanted,)
    )  # fmt: skip
    none: tuple[int, Figure[WinChance]] = (0, Figure(None, Missing.NO_QUOTES))
    return {row.id: _row(row, today, chances.get(row.id, none)[1]) for row in rows}


def _row(row: Any, today: date, chance: Figure[WinChance]) -> QuoteRow:
    follow, until = _day(row.next_follow_up), _day(row.valid_until)
    waits = row.status == QuoteStatus.SENT
    return QuoteRow(
        id=row.id,
        number=row.number,
        version=row.version,
        title=row.title or "",
        account_id=row.account_id,
        customer=row.customer,
        city=row.city or "",
        status=row.status,
        state=follow_up_state(follow, until, today) if waits else None,
        next_follow_up=follow,
        valid_until=until,
        sent_on=_day(row.sent_on),
        decided_on=_day(row.decided_on),
        net_minor=row.net_minor,
        follow_ups=row.follow_ups,
        last_follow_up=_day(row.last_on),
        last_result=row.last_result or "",
        rep=row.rep or "",
        reason=row.reason or "",
        chance=chance,
    )


def _days(today: date) -> dict[str, Any]:
    return {
        "today": today.isoformat(),
        "soon": (today + timedelta(days=EXPIRING_DAYS)).isoformat(),
        "year": (today - timedelta(days=UNTOUCHED_DAYS)).isoformat(),
    }


def _found(connection: Connection, text: str) -> dict[str, str]:
    hits = search.find(connection, text, kinds=("account", "quote"), limit=_FOUND_LIMIT)
    return {
        "quotes": json.dumps([hit.id for hit in hits if hit.kind == "quote"]),
        "accounts": json.dumps([hit.id for hit in hits if hit.kind == "account"]),
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
