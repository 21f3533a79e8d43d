"""Leads until they become an opportunity or nothing: enter, contact, qualify, disqualify.

The score follows from the answers given (:mod:`crmdesk.domain.leads`) and is never typed. What a
lead becomes is :mod:`crmdesk.services.lead_conversion`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.leads import (
    QUESTIONS,
    REASON_KIND,
    LeadStatus,
    check_lead_step,
    score,
    status_of,
)
from crmdesk.i18n import _
from crmdesk.services.accounts import contact_ways
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

_MOST_WORDS = 200
_MOST_NOTE = 4_000


@dataclass(frozen=True, slots=True)
class LeadInput:
    """What is known of a lead: who, where, and what has brought it."""

    name: str
    company: str = ""
    phone: str = ""
    email: str = ""
    city: str = ""
    source: str = ""
    campaign_id: int | None = None
    note: str = ""
    next_step: str = ""
    next_step_on: date | None = None


@dataclass(frozen=True, slots=True)
class AddedLead:
    """A new lead: its local id and what was touched."""

    lead_id: int
    changes: ChangeSet


def add_lead(ws: Workspace, made: LeadInput) -> AddedLead:
    """Enter a lead of one's own. FieldError without any name, or for an impossible address."""
    cells = {
        **_cells(ws, made),
        "uid": new_uid(),
        "user_id": ws.user.id,
        "status": LeadStatus.NEW.value,
        "created_on": ws.today().isoformat(),
        "score": 0,
    }
    marks = ", ".join("?" * len(cells))
    with ws.database.write() as tx:
        key = tx.connection.exec_driver_sql(
            f"INSERT INTO lead ({', '.join(cells)}) VALUES ({marks}) RETURNING id",  # noqa: S608
            tuple(cells.values()),
        ).scalar_one()
    return AddedLead(int(key), ChangeSet.of("lead", [int(key)], undo=tx.txn))


def edit_lead(ws: Workspace, lead_id: int, made: LeadInput) -> ChangeSet:
    """Change what is known of a lead; only what differs is written."""
    return _update(ws, lead_id, _cells(ws, made), None)


def contact_lead(ws: Workspace, lead_id: int) -> ChangeSet:
    """Somebody has spoken to them."""
    return _update(ws, lead_id, {}, LeadStatus.CONTACTED)


def qualify_lead(ws: Workspace, lead_id: int, replies: Mapping[str, str]) -> ChangeSet:
    """Answer questions of the qualification (``{question: reply}``, empty: not known again).

    The score follows. Once all are answered the lead is qualified; until then it was contacted.
    """
    with ws.database.read() as connection:
        row = lead_in(connection, lead_id)
    stored = json.loads(row.qualification) if row.qualification else {}
    given = dict(stored) if isinstance(stored, dict) else {}
    known = {q.key: {reply.key for reply in q.replies} for q in QUESTIONS}
    for question, reply in replies.items():
        if question not in known or (reply and reply not in known[question]):
            raise FieldError(question, _("There is no such answer."))
        if reply:
            given[question] = reply
        else:
            given.pop(question, None)
    found = score(given)
    cells = {"qualification": dump_json(given) if given else None, "score": found.points}
    status = status_of(row.status)
    wanted = LeadStatus.CONTACTED if status is LeadStatus.NEW else status
    if found.asked == len(QUESTIONS):
        wanted = LeadStatus.QUALIFIED
    elif status is LeadStatus.QUALIFIED:
        wanted = LeadStatus.CONTACTED
    return _update(ws, lead_id, cells, wanted)


def plan_lead_step(ws: Workspace, lead_id: int, step: str, on: date | None) -> ChangeSet:
    """The next step and its day."""
    cells = {
        "next_step": _words("next_step", step, _MOST_WORDS),
        "next_step_on": None if on is None else on.isoformat(),
    }
    return _update(ws, lead_id, cells, None)


def give_lead(ws: Workspace, lead_id: int, user_id: int) -> ChangeSet:
    """Make somebody the one who has the lead; HQ takes that from the office and managers only."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM app_user WHERE id = ? AND active", (user_id,)
        ).scalar()
    if found is None:
        raise FieldError("user", _("There is no such person."))
    return _update(ws, lead_id, {"user_id": user_id}, None)


def disqualify_lead(ws: Workspace, lead_id: int, reason_id: int | None) -> ChangeSet:
    """Nothing will come of it; the reason (of kind ``lead_lost``) must be given."""
    if reason_id is None:
        raise FieldError("reason", _("Say why."), _("Choose a reason by its number."))
    with ws.database.read() as connection:
        kind = connection.exec_driver_sql(
            "SELECT kind FROM outcome_reason WHERE id = ?", (reason_id,)
        ).scalar()
    if kind != REASON_KIND:
        raise FieldError("reason", _("This is no reason for that."))
    cells = {
        "reason_id": reason_id, "closed_on": ws.today().isoformat(), "next_step": None,
        "next_step_on": None,
    }  # fmt: skip
    return _update(ws, lead_id, cells, LeadStatus.LOST)


def reopen_lead(ws: Workspace, lead_id: int) -> ChangeSet:
    """Take a disqualification back; UserError for a lead that has become a customer."""
    with ws.database.read() as connection:
        row = lead_in(connection, lead_id)
    if row.status == LeadStatus.CONVERTED:
        raise UserError(
            _("This lead has become an opportunity."), _("Work on with the opportunity.")
        )
    whole = score(json.loads(row.qualification) if row.qualification else None)
    status = LeadStatus.QUALIFIED if whole.asked == len(QUESTIONS) else LeadStatus.CONTACTED
    return _update(ws, lead_id, {"reason_id": None, "closed_on": None}, status)


def lead_in(connection: Connection, lead_id: int) -> Any:
    """The stored row; NotFound when it is gone."""
    row = connection.exec_driver_sql("SELECT * FROM lead WHERE id = ?", (lead_id,)).first()
    if row is None:
        raise NotFound(_("This lead is no longer here."), _("Choose another one."))
    return row


def _update(
    ws: Workspace, lead_id: int, cells: Mapping[str, Any], status: LeadStatus | None
) -> ChangeSet:
    with ws.database.write() as tx:
        row = lead_in(tx.connection, lead_id)
        wanted = dict(cells)
        if status is not None:
            check_lead_step(status_of(row.status), status)
            wanted["status"] = status.value
        changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        if not changed:
            return ChangeSet()
        pairs = ", ".join(f"{name} = ?" for name in changed)
        tx.connection.exec_driver_sql(
            f"UPDATE lead SET {pairs} WHERE id = ?",  # noqa: S608 - names are our own
            (*changed.values(), lead_id),
        )
    return ChangeSet.of("lead", [lead_id], undo=tx.txn)


def _cells(ws: Workspace, made: LeadInput) -> dict[str, Any]:
    name, company = made.name.strip(), made.company.strip()
    if not name and not company:
        raise FieldError("name", _("A lead needs a name: of a person or of a business."))
    ways = dict(contact_ways(ws, made.phone, made.email))
    return {
        "name": _words("name", name or company, _MOST_WORDS),
        "company": _words("company", company, _MOST_WORDS),
        "phone": ways.get("phone"),
        "email": ways.get("email"),
        "city": _words("city", made.city, _MOST_WORDS),
        "source": _words("source", made.source, _MOST_WORDS),
        "campaign_id": made.campaign_id,
        "note": _words("note", made.note, _MOST_NOTE),
        "next_step": _words("next_step", made.next_step, _MOST_WORDS),
        "next_step_on": None if made.next_step_on is None else made.next_step_on.isoformat(),
    }


def _words(field: str, text: str, most: int) -> str | None:
    text = text.strip()
    if len(text) > most:
        raise FieldError(field, _("At most {count} characters fit here.").format(count=most))
    return text or None
