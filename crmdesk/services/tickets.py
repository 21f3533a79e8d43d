"""Tickets: report something, answer, wait for the customer, resolve, close, open again.

Every step is written twice in one: the ticket as it is now, and an event that stays. Which steps
are legal is :mod:`crmdesk.domain.tickets`', the same code that HQ asks; the clocks are there too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import FieldError, IllegalTransition, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role, TicketKind, TicketStatus
from crmdesk.domain.tickets import (
    MOST_ESCALATION,
    EventKind,
    Priority,
    check_ticket_step,
    ticket_status_of,
)
from crmdesk.i18n import _
from crmdesk.services.document_numbers import next_number
from crmdesk.services.ticket_clocks import clocks_of
from crmdesk.services.ticket_links import check_contact, order_uid, return_uid
from crmdesk.services.workspace import Workspace

MOST_SUBJECT, MOST_TEXT = 200, 4_000


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported. ``order_number`` and ``return_number`` are the customer's."""

    subject: str
    kind: TicketKind = TicketKind.INCIDENT
    description: str = ""
    product_id: int | None = None
    order_number: str = ""
    priority: Priority = Priority.NORMAL
    contact_id: int | None = None
    visit_id: int | None = None
    return_number: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new ticket: its local id, its number and what was touched."""

    ticket_id: int
    number: str
    changes: ChangeSet


def open_ticket(ws: Workspace, account_id: int, what: Report) -> Opened:
    """Report something of a customer.

    Its number starts with this device's letters, so that two laptops never make the same one.
    Raises FieldError for a report without words or an order that is not the customer's, NotFound.
    """
    if not what.subject.strip():
        raise FieldError("subject", _("Say in a few words what is wrong."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
            raise NotFound(_("This customer is no longer here."))
        order = order_uid(tx.connection, account_id, what.order_number)
        returned = return_uid(tx.connection, account_id, what.return_number)
        check_contact(tx.connection, account_id, what.contact_id)
        number = next_number(tx.connection, ws, "T", "ticket")
        now = format_instant(ws.now())
        key = run(
            "INSERT INTO ticket (uid, account_id, number, kind, product_id, order_uid, priority,"
            " status, subject, description, opened_at, date, opened_by_id, contact_id,"
            " return_request_uid, visit_uid)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?,"
            " (SELECT uid FROM visit WHERE id = ? AND account_id = ?)) RETURNING id",
            (
                new_uid(), account_id, number, what.kind.value, what.product_id, order,
                what.priority.value, what.subject.strip()[:MOST_SUBJECT],
                what.description.strip()[:MOST_TEXT] or None, now, ws.today().isoformat(),
                ws.user.id, what.contact_id, returned, what.visit_id, account_id,
            ),
        ).scalar_one()  # fmt: skip
        ticket = _ticket(tx.connection, int(key))
        event = _tell(tx.connection, ws, ticket, EventKind.MESSAGE, "in", what.description)
        _set_due(tx.connection, ws, int(key))
    return Opened(int(key), number, _touched(ticket, event))


def write_message(ws: Workspace, ticket_id: int, text: str, *, incoming: bool = False) -> ChangeSet:
    """Write down what was said to the customer, or by the customer.

    The first words to the customer are the first response. Words of the customer end the wait.
    Raises FieldError for nothing, NotFound.
    """
    if not text.strip():
        raise FieldError("text", _("A message needs words."))
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        direction = "in" if incoming else "out"
        event = _tell(tx.connection, ws, ticket, EventKind.MESSAGE, direction, text)
        if not incoming and ticket.first_response_at is None:
            tx.connection.exec_driver_sql(
                "UPDATE ticket SET first_response_at = ? WHERE id = ?",
                (format_instant(ws.now()), ticket_id),
            )
        if incoming and ticket.status == TicketStatus.WAITING:
            _step(tx.connection, ws, ticket, TicketStatus.OPEN, "")
        _set_due(tx.connection, ws, ticket_id)
    return _touched(ticket, event)


def write_note(ws: Workspace, ticket_id: int, text: str) -> ChangeSet:
    """Write something among ourselves: the customer is not answered by it."""
    if not text.strip():
        raise FieldError("text", _("A note needs words."))
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        event = _tell(tx.connection, ws, ticket, EventKind.NOTE, None, text)
    return _touched(ticket, event)


def set_status(ws: Workspace, ticket_id: int, to: TicketStatus, text: str = "") -> ChangeSet:
    """Take a ticket to another state.

    Whoever resolves it says how: FieldError without. IllegalTransition for a step that cannot be,
    or that is not this person's. Opened again, the solution of before stays in its history only.
    """
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        old = ticket_status_of(ticket.status)
        if old is to:
            # Somebody else was faster: the words said with it are kept beside theirs.
            if not text.strip():
                return ChangeSet()
            return _touched(ticket, _tell(tx.connection, ws, ticket, EventKind.NOTE, None, text))
        check_ticket_step(old, to, ws.user.role)
        if to is TicketStatus.RESOLVED and not text.strip():
            raise FieldError("resolution", _("Say how it was solved."))
        event = _step(tx.connection, ws, ticket, to, text)
        _set_due(tx.connection, ws, ticket_id)
    return _touched(ticket, event)


def _step(connection: Connection, ws: Workspace, ticket: Any, to: TicketStatus, text: str) -> int:
    cells: dict[str, Any] = {"status": to.value}
    if to is TicketStatus.RESOLVED:
        cells |= {
            "resolved_at": format_instant(ws.now()),
            "resolution": text.strip()[:MOST_TEXT],
        }
    elif to is TicketStatus.OPEN and ticket.status in ("resolved", "closed"):
        cells |= {"resolved_at": None, "resolution": None}
    _write(connection, ticket.id, cells)
    return _tell(connection, ws, ticket, EventKind.STATUS, None, text, to)


def assign(ws: Workspace, ticket_id: int, user_id: int | None) -> ChangeSet:
    """Give a ticket to somebody, or to nobody; a rep gives it to the office or keeps it.

    NotFound for a person that is not there, FieldError for another rep.
    """
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        if user_id is not None:
            role = tx.connection.exec_driver_sql(
                "SELECT role FROM app_user WHERE id = ?", (user_id,)
            ).scalar()
            if role is None:
                raise NotFound(_("This person is no longer here."))
            if Role.REP == role == ws.user.role and user_id != ws.user.id:
                raise FieldError("assignee", _("Give it to the office, or keep it."))
        _write(tx.connection, ticket_id, {"assignee_id": user_id})
    return _touched(ticket, undo=tx.txn)


def set_priority(ws: Workspace, ticket_id: int, priority: Priority) -> ChangeSet:
    """Say how soon somebody has to answer; the clocks follow."""
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        _write(tx.connection, ticket_id, {"priority": priority.value})
        _set_due(tx.connection, ws, ticket_id)
    return _touched(ticket, undo=tx.txn)


def escalate(ws: Workspace, ticket_id: int, why: str = "") -> ChangeSet:
    """Raise a ticket by hand, beside what the clocks say; with why, as a note of its history."""
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        level = min(MOST_ESCALATION, int(ticket.escalation or 0) + 1)
        _write(tx.connection, ticket_id, {"escalation": level})
        words = why.strip() or _("Escalated.")
        event = _tell(tx.connection, ws, ticket, EventKind.NOTE, None, words)
    return _touched(ticket, event)


def grant_credit(ws: Workspace, ticket_id: int, credit_minor: int) -> ChangeSet:
    """Write what the customer is credited, in minor units; the office's alone.

    Raises FieldError for less than nothing, IllegalTransition for a rep.
    """
    if ws.user.role is Role.REP:
        raise IllegalTransition(_("The office grants credit."))
    if credit_minor < 0:
        raise FieldError("credit", _("A credit is not less than nothing."))
    with ws.database.write() as tx:
        ticket = _ticket(tx.connection, ticket_id)
        _write(tx.connection, ticket_id, {"credit_minor": credit_minor or None})
    return _touched(ticket, undo=tx.txn)


def _ticket(connection: Connection, ticket_id: int) -> Any:
    row = connection.exec_driver_sql(
        "SELECT id, uid, account_id, status, first_response_at, escalation FROM ticket"
        " WHERE id = ?",
        (ticket_id,),
    ).first()
    if row is None:
        raise NotFound(_("This ticket is no longer here."))
    return row


def _write(connection: Connection, ticket_id: int, cells: dict[str, Any]) -> None:
    pairs = ", ".join(f"{name} = ?" for name in cells)
    connection.exec_driver_sql(
        f"UPDATE ticket SET {pairs} WHERE id = ?",  # noqa: S608 - names are our own
        (*cells.values(), ticket_id),
    )


def _tell(
    connection: Connection,
    ws: Workspace,
    ticket: Any,
    kind: EventKind,
    direction: str | None,
    text: str,
    to: TicketStatus | None = None,
) -> int:
    row = connection.exec_driver_sql(
        "INSERT INTO ticket_event (uid, account_id, ticket_id, at, user_id, kind, direction, text,"
        " to_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            new_uid(), ticket.account_id, ticket.id, format_instant(ws.now()), ws.user.id,
            kind.value, direction, text.strip()[:MOST_TEXT] or None,
            None if to is None else to.value,
        ),
    )  # fmt: skip
    return int(row.scalar_one())


def _set_due(connection: Connection, ws: Workspace, ticket_id: int) -> None:
    """Keep when a ticket is due, so that lists sort by it; nothing while its clock stands."""
    due = clocks_of(ws, connection, [ticket_id])[ticket_id].due
    _write(connection, ticket_id, {"due_at": None if due is None else format_instant(due)})


def _touched(ticket: Any, event: int | None = None, *, undo: int | None = None) -> ChangeSet:
    touched = {
        "ticket": frozenset({int(ticket.id)}),
        "account": frozenset({int(ticket.account_id)}),
    }
    if event is not None:
        touched["ticket_event"] = frozenset({event})
    return ChangeSet(touched, undo=undo)
