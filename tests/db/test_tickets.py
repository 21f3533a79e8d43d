"""Tickets in a profile: opened, answered, waited for, resolved; due dates that follow the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crmdesk.domain.clock import ZoneClock, parse_instant
from crmdesk.domain.errors import FieldError, IllegalTransition, NotFound
from crmdesk.domain.states import Role, TicketKind, TicketStatus
from crmdesk.domain.tickets import Priority
from crmdesk.services import tickets
from crmdesk.services.ticket_clocks import clocks_of
from crmdesk.services.ticket_links import Links, set_links
from crmdesk.services.tickets import Report
from crmdesk.services.workspace import Workspace
from tests.db.files import ask

MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def at(ws: Workspace, instant: datetime, role: Role = Role.OFFICE) -> Workspace:
    """The same profile at another instant, in another role."""
    clock = ws.clock
    assert isinstance(clock, ZoneClock)
    return replace(
        ws, clock=ZoneClock(lambda: instant, clock.zone), user=replace(ws.user, role=role)
    )


@pytest.fixture
def account(ws: Workspace) -> int:
    ((key,),) = ask(ws, "SELECT account_id FROM sales_order WHERE number <> '' ORDER BY id LIMIT 1")
    return int(key)


def test_a_ticket_has_its_order_its_number_and_when_it_is_due(ws: Workspace, account: int) -> None:
    ((number, uid),) = ask(
        ws, "SELECT number, uid FROM sales_order WHERE account_id = ? LIMIT 1", account
    )
    office = at(ws, MONDAY)
    what = Report(
        "4 dented tins", TicketKind.COMPLAINT, "On the lower pallet.", 1, number.lower(),
        Priority.HIGH,
    )  # fmt: skip
    first = tickets.open_ticket(office, account, what)
    second = tickets.open_ticket(office, account, Report("Late again"))
    assert first.number != second.number
    assert ws.device_prefix in first.number
    row = ask(
        ws, "SELECT kind, status, order_uid, priority, opened_by_id FROM ticket WHERE id = ?",
        first.ticket_id,
    )[0]  # fmt: skip
    assert row == ("complaint", "open", uid, "high", ws.user.id)
    assert parse_instant(due(ws, first.ticket_id)) > MONDAY
    assert due(ws, first.ticket_id) < due(ws, second.ticket_id)
    with pytest.raises(FieldError):
        tickets.open_ticket(office, account, Report("  "))
    with pytest.raises(FieldError, match="no order"):
        tickets.open_ticket(office, account, Report("x", order_number="NOPE"))
    with pytest.raises(NotFound):
        tickets.open_ticket(office, 10**9, Report("x"))


def due(ws: Workspace, ticket: int) -> str:
    return str(ask(ws, "SELECT due_at FROM ticket WHERE id = ?", ticket)[0][0])


def test_a_wait_for_the_customer_moves_the_due_date_by_its_length(
    ws: Workspace, account: int
) -> None:
    ticket = tickets.open_ticket(at(ws, MONDAY), account, Report("Price is wrong")).ticket_id
    before = parse_instant(due(ws, ticket))
    asked = at(ws, MONDAY + timedelta(hours=1))
    tickets.write_message(asked, ticket, "Which invoice?")
    tickets.set_status(asked, ticket, TicketStatus.WAITING)
    assert ask(ws, "SELECT due_at FROM ticket WHERE id = ?", ticket) == [(None,)]
    # The customer answers two hours later: words from outside end the wait by themselves.
    answered = at(ws, MONDAY + timedelta(hours=3))
    tickets.write_message(answered, ticket, "The one of May.", incoming=True)
    assert ask(ws, "SELECT status FROM ticket WHERE id = ?", ticket) == [("open",)]
    with ws.database.read() as connection:
        found = clocks_of(answered, connection, [ticket])[ticket]
    assert found.waited == timedelta(hours=2)
    assert found.spent == timedelta(hours=1)
    assert found.response == timedelta(hours=1)
    assert found.due == parse_instant(due(ws, ticket))
    assert found.due - before in (timedelta(hours=2), timedelta(hours=17))


def test_resolving_says_how_and_coming_back_is_counted(ws: Workspace, account: int) -> None:
    office = at(ws, MONDAY)
    ticket = tickets.open_ticket(office, account, Report("Torn bags")).ticket_id
    with pytest.raises(FieldError):
        tickets.set_status(office, ticket, TicketStatus.RESOLVED)
    later = at(ws, MONDAY + timedelta(hours=2))
    tickets.set_status(later, ticket, TicketStatus.RESOLVED, "Sent three new ones.")
    tickets.set_status(later, ticket, TicketStatus.CLOSED)
    with pytest.raises(IllegalTransition):
        tickets.set_status(later, ticket, TicketStatus.WAITING)
    tickets.set_status(later, ticket, TicketStatus.OPEN, "Torn again.")
    assert ask(ws, "SELECT resolved_at, resolution FROM ticket WHERE id = ?", ticket) == [
        (None, None)
    ]
    with ws.database.read() as connection:
        found = clocks_of(later, connection, [ticket])[ticket]
    assert (found.reopened, found.resolution) == (1, None)
    assert ask(
        ws, "SELECT kind, text, to_status FROM ticket_event WHERE ticket_id = ? ORDER BY id DESC",
        ticket,
    )[:3] == [
        ("status", "Torn again.", "open"), ("status", None, "closed"),
        ("status", "Sent three new ones.", "resolved"),
    ]  # fmt: skip


def test_rights_of_reps(ws: Workspace, account: int) -> None:
    rep = at(ws, MONDAY, Role.REP)
    ticket = tickets.open_ticket(rep, account, Report("Beer arrived warm")).ticket_id
    tickets.set_status(rep, ticket, TicketStatus.RESOLVED, "Took it back.")
    with pytest.raises(IllegalTransition):
        tickets.set_status(rep, ticket, TicketStatus.CLOSED)
    with pytest.raises(IllegalTransition):
        tickets.grant_credit(rep, ticket, 500)


def test_escalation_by_the_clock_and_by_hand(ws: Workspace, account: int) -> None:
    ticket = tickets.open_ticket(at(ws, MONDAY), account, Report("No answer")).ticket_id
    levels = []
    for hours in (1, 6, 24 * 14):
        later = at(ws, MONDAY + timedelta(hours=hours))
        with ws.database.read() as connection:
            levels.append(clocks_of(later, connection, [ticket])[ticket].escalation)
    assert levels == [0, 1, 2]
    tickets.escalate(at(ws, MONDAY), ticket, "The owner calls every hour.")
    assert ask(ws, "SELECT escalation FROM ticket WHERE id = ?", ticket) == [(1,)]


def test_notes_among_ourselves_do_not_answer_the_customer(ws: Workspace, account: int) -> None:
    office = at(ws, MONDAY)
    ticket = tickets.open_ticket(office, account, Report("Where is it?")).ticket_id
    tickets.write_note(office, ticket, "The lorry broke down.")
    assert ask(ws, "SELECT first_response_at FROM ticket WHERE id = ?", ticket) == [(None,)]
    tickets.write_message(office, ticket, "It comes tomorrow.")
    assert ask(ws, "SELECT first_response_at IS NULL FROM ticket WHERE id = ?", ticket) == [(0,)]


def test_an_order_that_is_not_on_this_laptop_stays_when_something_else_is_linked(
    ws: Workspace, account: int
) -> None:
    office, elsewhere = at(ws, MONDAY), b"\x07" * 16
    ticket = tickets.open_ticket(office, account, Report("Late")).ticket_id
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE ticket SET order_uid = ? WHERE id = ?", (elsewhere, ticket)
        )
    ((sku,),) = ask(ws, "SELECT sku FROM product ORDER BY id LIMIT 1")
    set_links(office, ticket, Links(sku=sku))
    assert ask(ws, "SELECT order_uid, product_id IS NULL FROM ticket WHERE id = ?", ticket) == [
        (elsewhere, 0)
    ]
