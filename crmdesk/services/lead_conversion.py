"""A lead becomes a customer with a person and an opportunity: one step, which can be taken back.

Customers that might be the same are named first; whether to take one of them is the person's to
say. HQ never deletes a customer: once it has one, taking back marks that customer as lost.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from anyascii import anyascii
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, StaleRevision, UserError
from crmdesk.domain.leads import LeadStatus, check_lead_step, status_of
from crmdesk.domain.states import AccountStatus
from crmdesk.i18n import _
from crmdesk.services.accounts import insert_account, insert_contact
from crmdesk.services.leads import lead_in
from crmdesk.services.opportunities import DealInput, insert_deal
from crmdesk.services.withdrawing import before_hq_has_it, forget, is_only_here
from crmdesk.services.workspace import Workspace
from crmdesk.storage import search

_ALIKE = 0.82
_MOST_CANDIDATES = 200
_MOST_SHOWN = 5
_LEGAL = re.compile(r"\b(s\.?l\.?u?|s\.?a\.?|gmbh|ltd|llc|ooo|bv|sarl|inc|co)\b\.?")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A customer that might be the same; ``why`` is phone, email, name or similar."""

    account_id: int
    name: str
    city: str
    why: str


@dataclass(frozen=True, slots=True)
class Converted:
    """What a lead has become; ids are local. ``contact_id`` is None where it was known already.

    ``step_before`` is the next step that the lead had, with its day.
    """

    lead_id: int
    account_id: int
    contact_id: int | None
    opportunity_id: int
    new_account: bool
    status_before: LeadStatus
    step_before: tuple[str | None, str | None]
    changes: ChangeSet


def duplicates(ws: Workspace, lead_id: int) -> list[Duplicate]:
    """Customers that might be the lead: same telephone, e-mail or name, or a name like it."""
    with ws.database.read() as connection:
        return duplicates_in(connection, lead_in(connection, lead_id))


def duplicates_in(connection: Connection, lead: Any) -> list[Duplicate]:
    """The same inside a read that is open."""
    found: dict[int, Duplicate] = {}
    for why, value in (("phone", lead.phone), ("email", lead.email)):
        if not value:
            continue
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT a.id, a.name, a.city FROM contact_point p JOIN account a"
            " ON a.id = p.account_id WHERE p.kind = ? AND lower(p.value) = lower(?) LIMIT 5",
            (why, value),
        )
        for key, name, city in rows:
            found.setdefault(key, Duplicate(key, name, city or "", why))
    for ratio, one in _by_name(connection, lead.company or lead.name):
        if ratio >= _ALIKE:
            found.setdefault(one.account_id, one)
    return list(found.values())[:_MOST_SHOWN]


def _by_name(connection: Connection, name: str) -> list[tuple[float, Duplicate]]:
    plain = _plain(name)
    words = sorted({word for word in plain.split() if len(word) > 2}, key=len, reverse=True)[:3]
    keys: set[int] = set()
    for word in words:
        # The beginning of a word is enough: typing errors sit further back.
        for hit in search.find(
            connection, word[: max(4, len(word) - 2)], kinds=("account",), limit=_MOST_CANDIDATES
        ):
            keys.add(hit.id)
    rows = connection.exec_driver_sql(
        "SELECT id, name, city FROM account WHERE id IN (SELECT value FROM json_each(?))"
        " AND merged_into_uid IS NULL",
        (json.dumps(sorted(keys)),),
    )
    scored = []
    for key, other, city in rows:
        same = _plain(other)
        ratio = 1.0 if same == plain else SequenceMatcher(None, plain, same).ratio()
        why = "name" if ratio == 1.0 else "similar"
        scored.append((ratio, Duplicate(key, other, city or "", why)))
    return sorted(scored, key=lambda pair: (-pair[0], pair[1].account_id))


def _plain(name: str) -> str:
    words = _LEGAL.sub(" ", anyascii(name).lower())
    return " ".join(re.findall(r"\w+", words))


def convert_lead(
    ws: Workspace, lead_id: int, deal: DealInput, *, account_id: int | None = None
) -> Converted:
    """Make of a lead a customer (or take ``account_id``), a contact and an opportunity.

    One transaction; :func:`take_back_conversion` takes it back. UserError for a lead that has
    become something already.
    """
    with ws.database.write() as tx:
        lead = lead_in(tx.connection, lead_id)
        before = status_of(lead.status)
        if before is LeadStatus.CONVERTED:
            raise UserError(
                _("This lead has become an opportunity already."), _("Open it with Enter.")
            )
        check_lead_step(before, LeadStatus.CONVERTED)
        is_new = account_id is None
        account = account_id if account_id is not None else _customer(tx.connection, ws, lead)
        contact, is_new_contact = _contact(tx.connection, account, lead)
        row = _with_lead(deal, lead, contact)
        opportunity = insert_deal(tx.connection, ws, account, row, bytes(lead.uid))
        tx.connection.exec_driver_sql(
            "UPDATE lead SET status = ?, closed_on = ?, next_step = NULL, next_step_on = NULL,"
            " reason_id = NULL, account_uid = (SELECT uid FROM account WHERE id = ?),"
            " opportunity_uid = (SELECT uid FROM opportunity WHERE id = ?) WHERE id = ?",
            (LeadStatus.CONVERTED, ws.today().isoformat(), account, opportunity, lead_id),
        )
    touched = {
        "lead": frozenset({lead_id}), "account": frozenset({account}),
        "opportunity": frozenset({opportunity}), "contact": frozenset({contact} if contact else ()),
    }  # fmt: skip
    return Converted(
        lead_id, account, contact if is_new_contact else None, opportunity, is_new, before,
        (lead.next_step, lead.next_step_on), ChangeSet(touched),
    )  # fmt: skip


def _customer(connection: Connection, ws: Workspace, lead: Any) -> int:
    return insert_account(
        connection, ws,
        {
            "name": lead.company or lead.name, "city": lead.city or "",
            "status": AccountStatus.PROSPECT, "source_campaign": lead.campaign_id,
            "description": lead.note or "",
        },
    )  # fmt: skip


def _contact(connection: Connection, account_id: int, lead: Any) -> tuple[int | None, bool]:
    """The lead's person at the customer: the one that is known by that name, or a new one."""
    rows = connection.exec_driver_sql(
        "SELECT id, name FROM contact WHERE account_id = ? AND erased_at IS NULL", (account_id,)
    ).all()
    known = next((row.id for row in rows if _plain(row.name) == _plain(lead.name)), None)
    if known is not None:
        return int(known), False
    ways = [(kind, value) for kind, value in (("phone", lead.phone), ("email", lead.email))
            if value]  # fmt: skip
    if not ways and lead.name == lead.company:
        return None, False
    return insert_contact(connection, account_id, lead.name, "", ways), True


def _with_lead(deal: DealInput, lead: Any, contact: int | None) -> DealInput:
    return DealInput(
        deal.name, deal.amount_minor, deal.expected_close, deal.kind,
        deal.next_step or lead.next_step or "", deal.next_step_on, contact,
        deal.campaign_id if deal.campaign_id is not None else lead.campaign_id,
        deal.note or (lead.note or ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was touched, and whether the customer stays because HQ has it."""

    changes: ChangeSet
    customer_stays: bool


def take_back_conversion(ws: Workspace, done: Converted) -> TakenBack:
    """Open the lead again and take away what the conversion made.

    StaleRevision when somebody has worked on the opportunity or the customer since.
    """
    try:
        with before_hq_has_it(ws) as tx:
            stays = _take_back(tx.connection, ws, done)
    except IntegrityError as error:
        raise _worked_on() from error
    touched = {
        "lead": frozenset({done.lead_id}), "account": frozenset({done.account_id}),
        "opportunity": frozenset({done.opportunity_id}),
        "contact": frozenset({done.contact_id} if done.contact_id else ()),
    }  # fmt: skip
    return TakenBack(ChangeSet(touched), stays)


def _take_back(connection: Connection, ws: Workspace, done: Converted) -> bool:
    run = connection.exec_driver_sql
    lead = lead_in(connection, done.lead_id)
    account = run("SELECT uid, rev FROM account WHERE id = ?", (done.account_id,)).first()
    if account is None:
        raise NotFound(_("This customer is no longer here."))
    check_lead_step(status_of(lead.status), done.status_before)
    run(
        "UPDATE lead SET status = ?, closed_on = NULL, account_uid = NULL, opportunity_uid = NULL,"
        " next_step = ?, next_step_on = ? WHERE id = ?",
        (done.status_before, *done.step_before, done.lead_id),
    )
    moved = run(
        "SELECT 1 FROM stage_change WHERE opportunity_id = ?", (done.opportunity_id,)
    ).first()
    if moved is not None:
        raise _worked_on()
    here = is_only_here(connection, bytes(account.uid), int(account.rev))
    _remove(connection, "opportunity", done.opportunity_id, only_here=here)
    if done.contact_id is not None:
        points = run(
            "SELECT id FROM contact_point WHERE contact_id = ?", (done.contact_id,)
        ).scalars()
        for point in list(points):
            _remove(connection, "contact_point", point, only_here=here)
        _remove(connection, "contact", done.contact_id, only_here=here)
    if not done.new_account:
        return False
    if here:
        _remove(connection, "account", done.account_id, only_here=True)
        return False
    run(
        "UPDATE account SET status = ?, lost_on = ? WHERE id = ?",
        (AccountStatus.LOST, ws.today().isoformat(), done.account_id),
    )
    return True


def _remove(connection: Connection, table: str, key: int, *, only_here: bool) -> None:
    run = connection.exec_driver_sql
    uid = run(f"SELECT uid FROM {table} WHERE id = ?", (key,)).scalar()  # noqa: S608
    if uid is None:
        return
    if only_here:
        forget(connection, table, bytes(uid))
    else:
        run(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608


def _worked_on() -> StaleRevision:
    return StaleRevision(
        _("Somebody has worked on this since, so it was not taken back."),
        _("Close the opportunity with its reason instead."),
    )
