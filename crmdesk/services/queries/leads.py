"""The list of leads: which, in which order, and each with its score explained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.leads import LeadScore, LeadStatus, score, status_of
from crmdesk.domain.states import Role
from crmdesk.services.queries.deals import matches
from crmdesk.services.queries.grouped import group_counts, keys_in_order

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


class LeadGroup(StrEnum):
    """Which leads the list shows; one chip each."""

    OPEN = "open"
    DO = "do"
    CONVERTED = "converted"
    LOST = "lost"
    ALL = "all"


class LeadSort(StrEnum):
    """What the list can be sorted by; the values are the column keys of the table."""

    SCORE = "score"
    NAME = "name"
    STATUS = "status"
    CAMPAIGN = "campaign"
    STEP = "step"
    CREATED = "created"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """What the person asked to see; ``person`` is a local id, a rep sees the own ones only."""

    text: str = ""
    group: LeadGroup = LeadGroup.OPEN
    person: int | None = None


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead. ``opportunity_id`` is what it has become, while that is on this laptop."""

    id: int
    name: str
    company: str
    city: str
    phone: str
    email: str
    campaign_id: int | None
    campaign: str
    source: str
    status: LeadStatus
    score: LeadScore
    next_step: str
    next_step_on: date | None
    created_on: date | None
    closed_on: date | None
    reason: str
    note: str
    person: str
    opportunity_id: int | None

    @property
    def title(self) -> str:
        """What it is called: its business, else its person."""
        return self.company or self.name


_OPEN = "l.status IN ('new', 'contacted', 'qualified')"
_GROUPS = {
    LeadGroup.OPEN: _OPEN,
    LeadGroup.DO: f"{_OPEN} AND (l.next_step_on IS NULL OR l.next_step_on <= :today)",
    LeadGroup.CONVERTED: "l.status = 'converted'",
    LeadGroup.LOST: "l.status = 'lost'",
    LeadGroup.ALL: "true",
}
_PLACE = (
    "CASE l.status WHEN 'new' THEN 0 WHEN 'contacted' THEN 1 WHEN 'qualified' THEN 2"
    " WHEN 'converted' THEN 3 ELSE 4 END"
)
_SORTS = {
    LeadSort.SCORE: ("coalesce(l.score, 0)",),
    LeadSort.NAME: ("lower(coalesce(l.company, l.name))",),
    LeadSort.STATUS: (_PLACE,),
    LeadSort.CAMPAIGN: ("lower(coalesce(k.name, l.source, ''))",),
    LeadSort.STEP: ("coalesce(l.closed_on, l.next_step_on, '')",),
    LeadSort.CREATED: ("l.created_on",),
    LeadSort.PERSON: ("lower(coalesce(u.name, ''))",),
}
_FROM = (
    " FROM lead l LEFT JOIN campaign k ON k.id = l.campaign_id"
    " LEFT JOIN app_user u ON u.id = l.user_id"
)


def lead_keys(
    ws: Workspace, wanted: LeadFilter, sort: LeadSort = LeadSort.SCORE, *, descending: bool = True
) -> list[int]:
    """Local ids of all leads that match, in order; the rows are read as they are seen."""
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, wanted)
        source = f"{_FROM} WHERE {where} AND {_GROUPS[wanted.group]}"
        return keys_in_order(connection, "l.id", source, _SORTS[sort], keys, descending=descending)


def lead_counts(ws: Workspace, wanted: LeadFilter) -> dict[LeadGroup, int]:
    """How many leads each chip would show, by the same text and person."""
    with ws.database.read() as connection:
        where, keys = _narrowed(connection, ws, wanted)
        return group_counts(connection, _GROUPS, f"{_FROM} WHERE {where}", keys)


def lead_rows(ws: Workspace, ids: Sequence[int]) -> dict[int, LeadRow]:
    """The rows of these leads by id; ids that are gone are left out."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT l.*, k.name AS campaign, u.name AS person, r.name AS why,"
            " (SELECT o.id FROM opportunity o WHERE o.uid = l.opportunity_uid) AS opportunity_id"
            f"{_FROM} LEFT JOIN outcome_reason r ON r.id = l.reason_id"
            " WHERE l.id IN (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps(list(ids))},
        ).all()
    return {int(row.id): _row(row) for row in rows}


def _row(row: Any) -> LeadRow:
    return LeadRow(
        id=row.id,
        name=row.name,
        company=row.company or "",
        city=row.city or "",
        phone=row.phone or "",
        email=row.email or "",
        campaign_id=row.campaign_id,
        campaign=row.campaign or "",
        source=row.source or "",
        status=status_of(row.status),
        score=score(json.loads(row.qualification) if row.qualification else None),
        next_step=row.next_step or "",
        next_step_on=_day(row.next_step_on),
        created_on=_day(row.created_on),
        closed_on=_day(row.closed_on),
        reason=row.why or "",
        note=row.note or "",
        person=row.person or "",
        opportunity_id=row.opportunity_id,
    )


def _narrowed(
    connection: Connection, ws: Workspace, wanted: LeadFilter
) -> tuple[str, dict[str, Any]]:
    keys: dict[str, Any] = {"today": ws.today().isoformat()}
    where = ["true"]
    person = ws.user.id if ws.user.role is Role.REP else wanted.person
    if person is not None:
        where.append("l.user_id = :person")
        keys["person"] = person
    if wanted.text.strip():
        where.append("l.id IN (SELECT value FROM json_each(:found))")
        rows = connection.exec_driver_sql("SELECT id, name, company, city FROM lead")
        found = [key for key, *words in rows if matches(wanted.text, *words)]
        keys["found"] = json.dumps(found)
    return " AND ".join(where), keys


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])
