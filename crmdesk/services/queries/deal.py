"""One opportunity with its history, quotes, orders and people; and what can be chosen for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.domain.leads import REASON_KIND
from crmdesk.domain.pipeline import REASON_KINDS, Stage, read_splits, stage_of
from crmdesk.i18n import _
from crmdesk.services.queries.deals import DealRow, rows_in
from crmdesk.services.queries.quotes import quote_name

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Named:
    """Something that can be chosen: a reason, a campaign, a person, a contact."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One move: the day, from where to where, by whom and why. ``before`` None: the beginning."""

    on: date
    before: Stage | None
    after: Stage
    person: str
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class LinkedDocument:
    """A quote of the opportunity, or the order that a quote became; net in minor units."""

    kind: str
    id: int
    name: str
    status: str
    net_minor: int


@dataclass(frozen=True, slots=True)
class DealSheet:
    """Everything about one opportunity; the history from its beginning on."""

    row: DealRow
    note: str
    contact_id: int | None
    contact: str
    campaign_id: int | None
    campaign: str
    lead: str
    history: tuple[Step, ...]
    documents: tuple[LinkedDocument, ...]
    splits: tuple[tuple[int, str, int], ...]
    contacts: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: reasons of each end and of a disqualification, campaigns, people."""

    reasons: dict[Stage, tuple[Named, ...]]
    lead_reasons: tuple[Named, ...]
    campaigns: tuple[Named, ...]
    people: tuple[Named, ...]


def deal_sheet(ws: Workspace, opportunity_id: int) -> DealSheet:
    """One opportunity; NotFound when it is gone."""
    with ws.database.read() as connection:
        rows = rows_in(connection, ws.today(), [opportunity_id])
        if opportunity_id not in rows:
            raise NotFound(_("This opportunity is no longer here."), _("Choose another one."))
        return _sheet(connection, rows[opportunity_id])


def _sheet(connection: Connection, row: DealRow) -> DealSheet:
    more = connection.exec_driver_sql(
        "SELECT o.note, o.contact_id, c.name AS contact, o.campaign_id, k.name AS campaign,"
        " o.splits, l.name AS lead FROM opportunity o LEFT JOIN contact c ON c.id = o.contact_id"
        " LEFT JOIN campaign k ON k.id = o.campaign_id LEFT JOIN lead l ON l.uid = o.lead_uid"
        " WHERE o.id = ?",
        (row.id,),
    ).one()
    contacts = connection.exec_driver_sql(
        "SELECT id, name FROM contact WHERE account_id = ? AND erased_at IS NULL"
        " ORDER BY position, id LIMIT 9",
        (row.account_id,),
    )
    return DealSheet(
        row, more.note or "", more.contact_id, more.contact or "", more.campaign_id,
        more.campaign or "", more.lead or "", _history(connection, row),
        _documents(connection, row.id), _splits(connection, more.splits),
        tuple(Named(key, name) for key, name in contacts),
    )  # fmt: skip


def _history(connection: Connection, row: DealRow) -> tuple[Step, ...]:
    found = connection.exec_driver_sql(
        "SELECT local_day(c.at), c.from_stage, c.to_stage, u.name, r.name, c.note"
        " FROM stage_change c LEFT JOIN app_user u ON u.id = c.user_id LEFT JOIN outcome_reason r"
        " ON r.id = c.reason_id WHERE c.opportunity_id = ? ORDER BY c.at, c.id",
        (row.id,),
    ).all()
    first = stage_of(found[0][1] or found[0][2]) if found else row.stage
    steps = [Step(row.opened_on, None, first, row.person, "", "")]
    for on, before, after, person, reason, note in found:
        if before is not None:
            steps.append(
                Step(date.fromisoformat(on), stage_of(before), stage_of(after), person or "",
                     reason or "", note or "")
            )  # fmt: skip
    return tuple(steps)


def _documents(connection: Connection, opportunity_id: int) -> tuple[LinkedDocument, ...]:
    found: list[LinkedDocument] = []
    rows = connection.exec_driver_sql(
        "SELECT q.id, q.number, q.version, q.status, q.net_minor, s.id AS order_id,"
        " s.number AS order_number, s.status AS order_status, s.net_minor AS order_net"
        " FROM quote q LEFT JOIN sales_order s ON s.uid = q.order_uid"
        " WHERE q.opportunity_id = ? ORDER BY q.quote_date DESC, q.id DESC LIMIT 20",
        (opportunity_id,),
    )
    for row in rows:
        name = quote_name(row.number, row.version)
        found.append(LinkedDocument("quote", row.id, name, row.status, row.net_minor))
        if row.order_id is not None:
            found.append(
                LinkedDocument(
                    "order", row.order_id, row.order_number, row.order_status, row.order_net
                )
            )
    return tuple(found)


def _splits(connection: Connection, document: Any) -> tuple[tuple[int, str, int], ...]:
    shares = read_splits(json.loads(document) if document else None)
    people = {
        bytes(uid).hex(): (int(key), str(name))
        for key, uid, name in connection.exec_driver_sql("SELECT id, uid, name FROM app_user")
    }
    return tuple((*people[uid], share) for uid, share in shares.items() if uid in people)


def choices(ws: Workspace) -> Choices:
    """What can be chosen now: active people, campaigns that the newest first, reasons in order."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        reasons: dict[str, list[Named]] = {}
        for kind, key, name in run(
            "SELECT kind, id, name FROM outcome_reason ORDER BY kind, position, id"
        ):
            reasons.setdefault(kind, []).append(Named(key, name))
        campaigns = run("SELECT id, name FROM campaign ORDER BY from_date DESC, id DESC LIMIT 9")
        people = run("SELECT id, name FROM app_user WHERE active ORDER BY role = 'rep' DESC, name")
        return Choices(
            {stage: tuple(reasons.get(kind, ())) for stage, kind in REASON_KINDS.items()},
            tuple(reasons.get(REASON_KIND, ())),
            tuple(Named(key, name) for key, name in campaigns),
            tuple(Named(key, name) for key, name in people),
        )
