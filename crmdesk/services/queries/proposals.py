"""Proposals: what reps would like to see changed, for the office that decides, and for the rep.

Owns reading them with what stands now. Deciding is :mod:`crmdesk.services.proposals`; that a
proposal comes into being is HQ's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, or_, select

from crmdesk.domain.states import Role
from crmdesk.services.queries.sync_needs import account_of, name_of
from crmdesk.services.queries.sync_waiting import facts_of
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.tables import table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST = 500
ANSWERED_DAYS = 60
"""For how long a rep sees answered proposals in the list."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal. ``kind`` is field (a value for a field that HQ decides) or price (an order).

    ``now`` is what the row holds at present, ``before`` what it held when HQ got the proposal,
    ``proposed`` the wish, as wire values with references by name. For a price the last two are
    lists of lines: ``{"line", "sku", "price_e4"}``. ``status`` is open, accepted or dismissed.
    """

    id: int
    kind: str
    entity: str
    row_id: int | None
    account_id: int | None
    name: str
    number: str
    field: str
    now: Any
    before: Any
    proposed: Any
    by: str
    at: datetime
    status: str
    answer: str
    decided_by: str
    decided_at: datetime | None
    mine: bool

    @property
    def has_changed(self) -> bool:
        """Whether the row holds something else by now than when it was proposed."""
        return self.kind == "field" and self.row_id is not None and self.now != self.before


def decides(role: Role) -> bool:
    """Whether people of a role decide proposals."""
    return role is not Role.REP


def open_count(connection: Connection) -> int:
    """How many proposals wait for the office."""
    c = table("proposal").c
    return int(connection.scalar(select(func.count(c.id)).where(c.status == "open")) or 0)


def proposals(ws: Workspace) -> tuple[ProposalRow, ...]:
    """Open proposals, oldest first: all of them for the office; a rep's own, and their answers."""
    with ws.database.read() as connection:
        return proposal_rows(connection, ws)


def proposal_rows(connection: Connection, ws: Workspace) -> tuple[ProposalRow, ...]:
    """The same inside a read that is already open."""
    proposal, asker, judge = table("proposal"), table("user").alias(), table("user").alias()
    c = proposal.c
    query = (
        select(proposal, asker.c.name.label("by"), judge.c.name.label("judge"))
        .select_from(
            proposal.join(asker, asker.c.id == c.user_id).outerjoin(
                judge, judge.c.id == c.decided_by_id
            )
        )
        .order_by(c.status != "open", c.at, c.id)
        .limit(MOST)
    )
    if decides(ws.user.role):
        query = query.where(c.status == "open")
    else:
        lately = c.decided_at >= ws.now() - timedelta(days=ANSWERED_DAYS)
        query = query.where(c.user_id == ws.user.id, or_(c.status == "open", lately))
    return tuple(_row(connection, ws, row) for row in connection.execute(query))


def _row(connection: Connection, ws: Workspace, row: Any) -> ProposalRow:
    known = row.entity in ENTITIES
    facts = facts_of(connection, row.entity, row.row_uid) if known else {}
    account_id, name = account_of(connection, row.entity, row.row_uid) if known else (None, "")
    field = row.field or ""

    def named(wire: Any) -> Any:
        return name_of(connection, row.entity, field, wire) if row.kind == "field" else wire

    return ProposalRow(
        id=row.id, kind=row.kind, entity=row.entity, row_id=facts.get("id"),
        account_id=account_id, name=name, number=facts.get("number") or "", field=field,
        now=_value_now(connection, row) if row.kind == "field" else row.current,
        before=named(row.current), proposed=named(row.proposed), by=row.by, at=row.at,
        status=row.status, answer=row.answer or "", decided_by=row.judge or "",
        decided_at=row.decided_at, mine=row.user_id == ws.user.id,
    )  # fmt: skip


def _value_now(connection: Connection, row: Any) -> Any:
    """What the field holds here, references by name; None where the row is not here."""
    spec = ENTITIES.get(row.entity)
    field = None if spec is None else next((f for f in spec.fields if f.column == row.field), None)
    if field is None:
        return None
    source = table(row.entity)
    query = select(source.c[field.column]).where(source.c.uid == row.row_uid)
    if field.ref is not None:
        target = table(field.ref)
        label = next(target.c[n] for n in ("name", "number", "code", "uid") if n in target.c)
        query = (
            select(label)
            .select_from(source.join(target, target.c.id == source.c[field.column]))
            .where(source.c.uid == row.row_uid)
        )
    return connection.scalar(query)
