"""The list of opportunities and the board: which, in which order, what stands in each.

Owns groups, order and search. One opportunity with its history is
:mod:`crmdesk.services.queries.deal`'s, figures are
:mod:`crmdesk.services.queries.pipeline_figures`'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from anyascii import anyascii
from sqlalchemy import Connection

from crmdesk.domain.pipeline import OPEN_STAGES, Stage, stage_of, stale_after_days
from crmdesk.domain.states import Role
from crmdesk.services.queries.grouped import group_counts, keys_in_order
from crmdesk.services.queries.policy import policy_in
from crmdesk.storage import search

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

RECENT_DAYS = 90
"""Deals closed within so many days are still on the board."""

BOARD_CARDS = 60
"""So many cards of a column are read; the rest is in the list."""

_FOUND_LIMIT = 5_000


class DealGroup(StrEnum):
    """Which opportunities are shown; one chip each. ``DO``: a next step is due, or missing."""

    OPEN = "open"
    DO = "do"
    STALE = "stale"
    WON = "won"
    LOST = "lost"
    ALL = "all"


class DealSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    STEP = "step"
    NAME = "name"
    CUSTOMER = "customer"
    STAGE = "stage"
    AMOUNT = "amount"
    SINCE = "since"
    CLOSE = "close"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class DealFilter:
    """What the person asked to see. ``ids`` are the deals behind a figure; None: all.

    ``person`` is a local id; a rep always sees the own deals only.
    """

    text: str = ""
    group: DealGroup = DealGroup.OPEN
    person: int | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class DealRow:
    """One opportunity; money in minor units. ``since`` is the day its stage began."""

    id: int
    name: str
    kind: str
    account_id: int
    customer: str
    city: str
    stage: Stage
    since: date
    days: int
    stale: bool
    amount_minor: int
    opened_on: date
    expected_close: date | None
    next_step: str
    next_step_on: date | None
    closed_on: date | None
    reason: str
    lost_to: str
    person: str
    shared: bool
    quotes: int

    @property
    def is_open(self) -> bool:
        """True while it can still be won."""
        return self.stage in OPEN_STAGES

    def is_due(self, today: date) -> bool:
        """True when something is to be done about it: a step is due, or there is none."""
        return self.is_open and (self.next_step_on is None or self.next_step_on <= today)


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A stage on the board: all its deals counted, those read first, the most urgent first."""

    stage: Stage
    count: int
    amount_minor: int
    ids: tuple[int, ...]


SINCE = (
    "coalesce((SELECT max(c.at) FROM stage_change c WHERE c.opportunity_id = o.id"
    " AND c.to_stage = o.stage), o.opened_on)"
)
_OPEN = "o.stage IN ('qualified', 'proposal', 'negotiation')"
STALE = f"""({_OPEN} AND local_day({SINCE}) < CASE o.stage WHEN 'qualified' THEN :stale_qualified
 WHEN 'proposal' THEN :stale_proposal ELSE :stale_negotiation END)"""
"""Whether ``opportunity o`` is stale; its parameters are :func:`stale_before`'s."""
_DUE = f"({_OPEN} AND (o.next_step_on IS NULL OR o.next_step_on <= :today))"
_GROUPS = {
    DealGroup.OPEN: _OPEN,
    DealGroup.DO: _DUE,
    DealGroup.STALE: STALE,
    DealGroup.WON: "o.stage = 'won'",
    DealGroup.LOST: "o.stage IN ('lost', 'ended')",
    DealGroup.ALL: "true",
}
_PLACE = (
    "CASE o.stage WHEN 'qualified' THEN 0 WHEN 'proposal' THEN 1 WHEN 'negotiation' THEN 2"
    " WHEN 'won' THEN 3 WHEN 'lost' THEN 4 ELSE 5 END"
)
_URGENT = (f"NOT {_OPEN}", "coalesce(o.next_step_on, '')", "-o.amount_minor")
_SORTS: dict[DealSort, tuple[str, ...]] = {
    DealSort.STEP: (*_URGENT[:1], "coalesce(o.closed_on, o.next_step_on, '')", "-o.amount_minor"),
    DealSort.NAME: ("lower(o.name)",),
    DealSort.CUSTOMER: ("lower(a.name)",),
    DealSort.STAGE: (_PLACE, "-o.amount_minor"),
    DealSort.AMOUNT: ("o.amount_minor",),
    DealSort.SINCE: (SINCE,),
    DealSort.CLOSE: ("o.expected_close",),
    DealSort.PERSON: ("lower(coalesce(u.name, ''))",),
}
_FROM = (
    " FROM opportunity o JOIN account a ON a.id = o.account_id"
    " LEFT JOIN app_user u ON u.id = o.user_id"
)


def deal_keys(
    ws: Workspace, wanted: DealFilter, sort: DealSort = DealSort.STEP, *, descending: bool = False
) -> list[int]:
    """Local ids of all opportunities that match, in order; the rows are read as they are seen."""
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, wanted)
        source = f"{_FROM} WHERE {where} AND {_GROUPS[wanted.group]}"
        return keys_in_order(connection, "o.id", source, _SORTS[sort], keys, descending=descending)


def deal_counts(ws: Workspace, wanted: DealFilter) -> dict[DealGroup, int]:
    """How many opportunities each chip would show, by the same text, person and ids."""
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, wanted)
        return group_counts(connection, _GROUPS, f"{_FROM} WHERE {where}", keys)


def waiting_count(ws: Workspace) -> int:
    """How many next steps are due or missing: the badge at the place's name."""
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, DealFilter())
        found = connection.exec_driver_sql(
            f"SELECT count(*){_FROM} WHERE {where} AND {_DUE}",
            keys,
        )
        return int(found.scalar_one())


def board(ws: Workspace, wanted: DealFilter) -> list[BoardColumn]:
    """The columns of the board in order of the stages; ends hold what closed recently."""
    recent = (ws.today() - timedelta(days=RECENT_DAYS)).isoformat()
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, wanted)
        keys |= {"recent": recent, "most": BOARD_CARDS}
        order = ", ".join((*_URGENT, "o.id"))
        rows = connection.exec_driver_sql(
            "SELECT * FROM (SELECT o.id, o.stage, count(*) OVER w AS deals,"
            " sum(o.amount_minor) OVER w AS amount, row_number() OVER (PARTITION BY o.stage"
            f" ORDER BY o.closed_on DESC, {order}) AS place{_FROM} WHERE {where}"
            f" AND ({_OPEN} OR o.closed_on >= :recent) WINDOW w AS (PARTITION BY o.stage))"
            " WHERE place <= :most ORDER BY place",
            keys,
        ).all()
    columns = []
    for stage in Stage:
        mine = [row for row in rows if row.stage == stage]
        count, amount = (int(mine[0].deals), int(mine[0].amount)) if mine else (0, 0)
        columns.append(BoardColumn(stage, count, amount, tuple(int(row.id) for row in mine)))
    return columns


def deal_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, DealRow]:
    """The rows of these opportunities by id; ids that are gone are left out."""
    with ws.database.read() as connection:
        return rows_in(connection, ws.today(), ids)


def rows_in(connection: Connection, today: date, ids: Sequence[int]) -> dict[int, DealRow]:
    """The same inside a read that is already open."""
    rows = connection.exec_driver_sql(
        f"SELECT o.*, a.name AS customer, a.city, local_day({SINCE}) AS since, u.name AS person,"
        " r.name AS why, (SELECT count(*) FROM quote q WHERE q.opportunity_id = o.id) AS quotes"
        f"{_FROM} LEFT JOIN outcome_reason r ON r.id = o.reason_id"
        " WHERE o.id IN (SELECT value FROM json_each(:ids))",
        {"ids": json.dumps(list(ids))},
    ).all()
    policy = policy_in(connection)
    limits = {stage: stale_after_days(stage, policy) for stage in OPEN_STAGES}
    return {int(row.id): _row(row, today, limits) for row in rows}


def _row(row: Any, today: date, limits: dict[Stage, int | None]) -> DealRow:
    stage = stage_of(row.stage)
    since = _day(row.since) or today
    days = max(0, (today - since).days)
    limit = limits.get(stage)
    return DealRow(
        id=row.id,
        name=row.name,
        kind=row.kind,
        account_id=row.account_id,
        customer=row.customer,
        city=row.city or "",
        stage=stage,
        since=since,
        days=days,
        stale=limit is not None and days > limit,
        amount_minor=row.amount_minor,
        opened_on=_day(row.opened_on) or since,
        expected_close=_day(row.expected_close),
        next_step=row.next_step or "",
        next_step_on=_day(row.next_step_on),
        closed_on=_day(row.closed_on),
        reason=row.why or "",
        lost_to=row.lost_to or "",
        person=row.person or "",
        shared=row.splits is not None and row.splits not in ("null", "[]"),
        quotes=row.quotes,
    )


def stale_before(connection: Connection, today: date) -> dict[str, str]:
    """The day of each open stage before which a deal that still stands in it is stale."""
    policy, keys = policy_in(connection), {}
    for stage in OPEN_STAGES:
        days = stale_after_days(stage, policy) or 0
        keys[f"stale_{stage}"] = (today - timedelta(days=days)).isoformat()
    return keys


def _narrowed(
    connection: Connection, ws: Workspace, wanted: DealFilter
) -> tuple[str, dict[str, Any]]:
    """The condition on rows of ``opportunity o`` and its parameters."""
    keys: dict[str, Any] = {"today": ws.today().isoformat()}
    keys |= stale_before(connection, ws.today())
    where = ["true"]
    person = ws.user.id if ws.user.role is Role.REP else wanted.person
    if person is not None:
        uid = connection.exec_driver_sql(
            "SELECT uid FROM app_user WHERE id = ?", (person,)
        ).scalar()
        where.append("(o.user_id = :person OR o.splits LIKE :share)")
        keys |= {"person": person, "share": f"%{bytes(uid or b'').hex()}%"}
    if wanted.ids is not None:
        where.append("o.id IN (SELECT value FROM json_each(:ids))")
        keys["ids"] = json.dumps(list(wanted.ids))
    if wanted.text.strip():
        where.append(
            "(o.id IN (SELECT value FROM json_each(:named))"
            " OR o.account_id IN (SELECT value FROM json_each(:accounts)))"
        )
        keys |= _found(connection, wanted.text)
    return " AND ".join(where), keys


def _found(connection: Connection, text: str) -> dict[str, str]:
    hits = search.find(connection, text, kinds=("account",), limit=_FOUND_LIMIT)
    # Names in Latin letters only are looked through by SQLite, the others by what they sound like.
    rows = connection.exec_driver_sql(
        "SELECT id, name FROM opportunity WHERE name GLOB '*[^ -~]*' OR NOT EXISTS"
        " (SELECT 1 FROM json_each(:words) WHERE instr(lower(name), value) = 0)",
        {"words": json.dumps(_plain(text).split())},
    )
    return {
        "accounts": json.dumps([hit.id for hit in hits]),
        "named": json.dumps([key for key, name in rows if matches(text, name)]),
    }


def matches(text: str, *words: str | None) -> bool:
    """Whether every word typed begins or stands in what is named, in any alphabet."""
    said = _plain(" ".join(word for word in words if word))
    return all(word in said for word in _plain(text).split())


def _plain(text: str) -> str:
    return (text if text.isascii() else f"{text} {anyascii(text)}").lower()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])
