"""Opportunities as work: begin one, change what it says, its next step, whose it is, its quote.

Stages and how an opportunity ends are :mod:`crmdesk.services.opportunity_stages`'; one that comes
from a lead is made by :mod:`crmdesk.services.lead_conversion`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, IllegalTransition, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.domain.pipeline import DealKind, Stage, check_splits
from crmdesk.i18n import _
from crmdesk.services import quotes
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

MOST_WORDS = 200
_MOST_NOTE = 4_000
_MOST_MINOR = 10**13


@dataclass(frozen=True, slots=True)
class DealInput:
    """What an opportunity says; ``amount_minor`` is the value of a year, or of the sale."""

    name: str
    amount_minor: int
    expected_close: date | None = None
    kind: str = DealKind.SALE
    next_step: str = ""
    next_step_on: date | None = None
    contact_id: int | None = None
    campaign_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StartedDeal:
    """A new opportunity: its local id and what was touched."""

    opportunity_id: int
    changes: ChangeSet


def start_deal(ws: Workspace, account_id: int, made: DealInput) -> StartedDeal:
    """Begin an opportunity at a customer, in the first stage. FieldError for what cannot be."""
    with ws.database.write() as tx:
        found = tx.connection.exec_driver_sql(
            "SELECT id FROM account WHERE id = ?", (account_id,)
        ).scalar()
        if found is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        key = insert_deal(tx.connection, ws, account_id, made)
    touched = {"opportunity": frozenset({key}), "account": frozenset({account_id})}
    return StartedDeal(key, ChangeSet(touched, undo=tx.txn))


def insert_deal(
    connection: Connection, ws: Workspace, account_id: int, made: DealInput,
    lead_uid: bytes | None = None,
) -> int:  # fmt: skip
    """The row of a new opportunity inside a write that is open; its local id."""
    cells = {
        **_cells(made),
        "uid": new_uid(),
        "account_id": account_id,
        "user_id": ws.user.id,
        "stage": Stage.QUALIFIED.value,
        "currency": ws.currency,
        "opened_on": ws.today().isoformat(),
        "lead_uid": lead_uid,
    }
    marks = ", ".join("?" * len(cells))
    key = connection.exec_driver_sql(
        f"INSERT INTO opportunity ({', '.join(cells)}) VALUES ({marks}) RETURNING id",  # noqa: S608
        tuple(cells.values()),
    ).scalar_one()
    return int(key)


def edit_deal(ws: Workspace, opportunity_id: int, made: DealInput) -> ChangeSet:
    """Change what an opportunity says; only what differs is written."""
    return _update(ws, opportunity_id, _cells(made))


def plan_step(ws: Workspace, opportunity_id: int, step: str, on: date | None) -> ChangeSet:
    """The next step and its day; without a day the opportunity counts as left alone."""
    cells = {
        "next_step": _words("next_step", step, MOST_WORDS),
        "next_step_on": None if on is None else on.isoformat(),
    }
    return _update(ws, opportunity_id, cells)


def give_deal(ws: Workspace, opportunity_id: int, user_id: int) -> ChangeSet:
    """Make somebody the one who has the opportunity."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM app_user WHERE id = ? AND active", (user_id,)
        ).scalar()
    if found is None:
        raise FieldError("user", _("There is no such person."))
    return _update(ws, opportunity_id, {"user_id": user_id})


def split_deal(ws: Workspace, opportunity_id: int, shares: Sequence[tuple[int, int]]) -> ChangeSet:
    """Divide an opportunity between people: (local id of the person, basis points).

    They add to exactly 100 %; nothing means that whoever has it has it all. FieldError otherwise.
    """
    document = None
    if shares:
        with ws.database.read() as connection:
            people = {
                int(key): bytes(uid).hex()
                for key, uid in connection.exec_driver_sql("SELECT id, uid FROM app_user")
            }
        if len({user for user, _bp in shares}) != len(shares):
            raise FieldError("splits", _("Nobody can be named twice."))
        unknown = [user for user, _bp in shares if user not in people]
        if unknown:
            raise FieldError("splits", _("There is no such person."))
        document = [{"user": people[user], "bp": share} for user, share in shares]
    try:
        check_splits(document)
    except IllegalTransition as error:
        raise FieldError(
            "splits", error.message, _("Type a name and a share, like: Marta 60, Jordi 40.")
        ) from error
    cells = {"splits": None if document is None else dump_json(document)}
    return _update(ws, opportunity_id, cells)


def quote_for_deal(ws: Workspace, opportunity_id: int) -> quotes.StartedQuote:
    """Start a quote that belongs to an opportunity; an empty one of it is taken up again."""
    row = deal_row(ws, opportunity_id)
    started = quotes.start_quote(ws, int(row.account_id), title=str(row.name))
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE quote SET opportunity_id = ? WHERE id = ? AND status = 'draft'"
            " AND opportunity_id IS NOT ?",
            (opportunity_id, started.quote_id, opportunity_id),
        )
    touched = ChangeSet({"quote": frozenset({started.quote_id}),
                         "opportunity": frozenset({opportunity_id})})  # fmt: skip
    return quotes.StartedQuote(started.quote_id, started.changes | touched)


def deal_row(ws: Workspace, opportunity_id: int) -> Any:
    """The stored row; NotFound when it is gone."""
    with ws.database.read() as connection:
        return deal_in(connection, opportunity_id)


def deal_in(connection: Connection, opportunity_id: int) -> Any:
    """The same inside a read or write that is open."""
    row = connection.exec_driver_sql(
        "SELECT * FROM opportunity WHERE id = ?", (opportunity_id,)
    ).first()
    if row is None:
        raise NotFound(_("This opportunity is no longer here."), _("Choose another one."))
    return row


def _update(ws: Workspace, opportunity_id: int, cells: Mapping[str, Any]) -> ChangeSet:
    with ws.database.write() as tx:
        row = deal_in(tx.connection, opportunity_id)
        changed = {name: value for name, value in cells.items() if getattr(row, name) != value}
        if not changed:
            return ChangeSet()
        pairs = ", ".join(f"{name} = ?" for name in changed)
        tx.connection.exec_driver_sql(
            f"UPDATE opportunity SET {pairs} WHERE id = ?",  # noqa: S608 - names are our own
            (*changed.values(), opportunity_id),
        )
    touched = {
        "opportunity": frozenset({opportunity_id}), "account": frozenset({int(row.account_id)}),
    }  # fmt: skip
    return ChangeSet(touched, undo=tx.txn)


def _cells(made: DealInput) -> dict[str, Any]:
    name = _words("name", made.name, MOST_WORDS)
    if name is None:
        raise FieldError("name", _("An opportunity needs a name."), _("Say what you want to sell."))
    if not 0 <= made.amount_minor <= _MOST_MINOR:
        raise FieldError("amount", _("This amount cannot be."))
    return {
        "name": name,
        "kind": DealKind(made.kind).value,
        "amount_minor": made.amount_minor,
        "expected_close": None if made.expected_close is None else made.expected_close.isoformat(),
        "next_step": _words("next_step", made.next_step, MOST_WORDS),
        "next_step_on": None if made.next_step_on is None else made.next_step_on.isoformat(),
        "contact_id": made.contact_id,
        "campaign_id": made.campaign_id,
        "note": _words("note", made.note, _MOST_NOTE),
    }


def _words(field: str, text: str, most: int) -> str | None:
    text = text.strip()
    if len(text) > most:
        raise FieldError(field, _("At most {count} characters fit here.").format(count=most))
    return text or None
