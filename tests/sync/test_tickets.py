"""Tickets between laptops and HQ: which steps are taken, whose rights, whole steps only."""

from __future__ import annotations

import pytest

from crmdesk.domain.states import TicketStatus
from crmdesk.services import tickets
from crmdesk.services.tickets import Report
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq

STATE = "SELECT status, resolved_at IS NOT NULL, resolution FROM ticket"


def new_ticket(laptop: Laptop, account: str = "C0", subject: str = "4 dented tins") -> int:
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    return tickets.open_ticket(at(laptop), key, Report(subject)).ticket_id


def test_a_ticket_and_its_history_go_to_the_office_and_back(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    mine = new_ticket(rep)
    assert rep.sync().refusals == 0
    office.sync()
    theirs = office.one("SELECT id FROM ticket")
    tickets.write_message(at(office), theirs, "A credit note is on its way.")
    tickets.set_status(at(office), theirs, TicketStatus.RESOLVED, "Credited 4 tins.")
    tickets.grant_credit(at(office), theirs, 1_250)
    tickets.set_status(at(office), theirs, TicketStatus.CLOSED)
    report = office.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    rep.sync()
    assert rep.rows(STATE + " WHERE id = ?", mine) == [("closed", 1, "Credited 4 tins.")]
    assert rep.rows("SELECT kind, direction, to_status FROM ticket_event ORDER BY at, id") == [
        ("message", "in", None), ("message", "out", None), ("status", None, "resolved"),
        ("status", None, "closed"),
    ]  # fmt: skip
    assert rep.one("SELECT first_response_at IS NOT NULL FROM ticket") == 1


def test_two_offline_laptops_never_make_one_number(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    office.sync()
    for laptop in (rep, office, rep, office):
        new_ticket(laptop)
    assert rep.sync().refusals == 0
    assert office.sync().refusals == 0
    rep.sync()
    numbers = [row[0] for row in rep.rows("SELECT number FROM ticket")]
    assert len(numbers) == len(set(numbers)) == 4


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("UPDATE ticket SET status = 'closed'", "cannot become"),
        ("UPDATE ticket SET status = 'nonsense'", "no such state"),
    ],
)
def test_what_the_laptops_program_would_not_do_hq_does_not_take(
    hq: Headquarters, change: str, word: str
) -> None:
    """A changed program writes what it likes; HQ asks the same rules again."""
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    new_ticket(rep)
    rep.sync()
    with rep.database.write() as tx:
        tx.connection.exec_driver_sql(change)
    assert rep.sync().refusals == 1
    ((sentence,),) = rep.rows("SELECT sentence FROM refusal WHERE sentence <> ''")
    assert word in sentence
    office.sync()
    assert office.rows("SELECT status, credit_minor FROM ticket") == [("open", None)]


def test_what_a_rep_credits_is_a_proposal(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    new_ticket(rep)
    rep.sync()
    with rep.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE ticket SET credit_minor = 100000")
    rep.sync()
    office.sync()
    assert office.rows("SELECT credit_minor FROM ticket") == [(None,)]
    assert office.rows("SELECT entity, field FROM proposal") == [("ticket", "credit_minor")]


def test_a_rep_resolves_but_does_not_close(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    mine = new_ticket(rep)
    tickets.set_status(at(rep), mine, TicketStatus.RESOLVED, "Changed the tins at the door.")
    assert rep.sync().refusals == 0
    with rep.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE ticket SET status = 'closed'")
    assert rep.sync().refusals == 1
    office.sync()
    assert office.rows(STATE) == [("resolved", 1, "Changed the tins at the door.")]


def test_a_step_that_came_too_late_leaves_nothing_of_itself_behind(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    mine = new_ticket(rep)
    rep.sync()
    office.sync()
    theirs = office.one("SELECT id FROM ticket")
    # The rep resolves first, offline; the office, later, waits for the customer and syncs first.
    tickets.set_status(at(rep), mine, TicketStatus.RESOLVED, "Nothing to do.")
    tickets.set_status(at(office), theirs, TicketStatus.WAITING)
    office.sync()
    rep.sync()
    office.sync()
    assert office.rows(STATE) == rep.rows(STATE) == [("waiting", 0, None)]
    assert rep.one("SELECT count(*) FROM conflict") >= 1


def test_somebody_elses_customer_has_no_tickets_of_mine(hq: Headquarters) -> None:
    rep, other = hq.join("R1"), hq.join("R2")
    rep.sync()
    new_ticket(rep)
    rep.sync()
    other.sync()
    assert other.one("SELECT count(*) FROM ticket") == 0
