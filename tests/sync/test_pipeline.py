"""Leads and opportunities between laptops and HQ: whose they are, which moves are taken."""

from __future__ import annotations

from typing import Any

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.domain.pipeline import Stage
from crmdesk.hq.exchange import editing
from crmdesk.services import leads, opportunities
from crmdesk.services.lead_conversion import convert_lead, take_back_conversion
from crmdesk.services.leads import LeadInput
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq


@pytest.fixture
def reasons(hq: Headquarters) -> None:
    for kind in ("opportunity_won", "opportunity_lost", "lead_lost"):
        editing.insert_row(
            hq.store, "outcome_reason", {"kind": kind, "code": "price", "name": "Price"},
            hq.now_ms(),
        )  # fmt: skip


def reason(laptop: Laptop, kind: str) -> int:
    return int(laptop.one("SELECT id FROM outcome_reason WHERE kind = ?", kind))


def new_deal(laptop: Laptop, account: str = "C0") -> int:
    key = laptop.one("SELECT id FROM account WHERE code = ?", account)
    return opportunities.start_deal(at(laptop), key, DealInput("Terrace", 90_000)).opportunity_id


def stage(laptop: Laptop) -> list[tuple[Any, ...]]:
    return laptop.rows(
        "SELECT o.stage, r.kind, o.closed_on IS NOT NULL FROM opportunity o"
        " LEFT JOIN outcome_reason r ON r.id = o.reason_id"
    )


def test_a_deal_and_its_history_reach_the_office(hq: Headquarters, reasons: None) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    deal = new_deal(rep)
    move_deal(at(rep), deal, Stage.PROPOSAL)
    move_deal(at(rep), deal, Stage.WON, reason_id=reason(rep, "opportunity_won"))
    report = rep.sync()
    office.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    assert stage(office) == [("won", "opportunity_won", 1)]
    assert office.rows("SELECT from_stage, to_stage FROM stage_change ORDER BY at, id") == [
        ("qualified", "proposal"), ("proposal", "won"),
    ]  # fmt: skip


def test_a_converted_lead_arrives_whole_and_is_taken_back_there_too(
    hq: Headquarters, reasons: None
) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    lead = leads.add_lead(at(rep), LeadInput("Núria Pla", "Bar Pla", "+376345678")).lead_id
    done = convert_lead(at(rep), lead, DealInput("Opening order", 90_000))
    assert rep.sync().refusals == 0
    office.sync()
    linked = (
        "SELECT l.status, a.name, o.name, p.value FROM lead l JOIN account a"
        " ON a.uid = l.account_uid JOIN opportunity o ON o.uid = l.opportunity_uid"
        " JOIN contact_point p ON p.contact_id = o.contact_id"
    )
    assert office.rows(linked) == [("converted", "Bar Pla", "Opening order", "+376345678")]

    assert take_back_conversion(at(rep), done).customer_stays
    report = rep.sync()
    office.sync()
    assert (report.refusals, report.conflicts) == (0, 0)
    assert office.rows("SELECT status FROM lead") == [("new",)]
    assert office.rows("SELECT status FROM account WHERE name = 'Bar Pla'") == [("lost",)]
    assert office.one("SELECT count(*) FROM opportunity") == 0


def test_of_two_ends_the_first_stands_whole(hq: Headquarters, reasons: None) -> None:
    """Stage, reason and day belong together: no won deal with the reason of a lost one."""
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    deal = new_deal(rep)
    rep.sync()
    office.sync()
    move_deal(at(rep), deal, Stage.WON, reason_id=reason(rep, "opportunity_won"))
    move_deal(
        at(office), office.one("SELECT id FROM opportunity"), Stage.LOST,
        reason_id=reason(office, "opportunity_lost"), lost_to="Makro",
    )  # fmt: skip
    rep.sync()
    report = office.sync()
    rep.sync()
    assert report.refusals == 0 and report.conflicts > 0
    for laptop in (rep, office):
        assert stage(laptop) == [("won", "opportunity_won", 1)]
        assert laptop.one("SELECT lost_to FROM opportunity") is None
        assert laptop.one("SELECT count(*) FROM stage_change") == 2


def test_what_another_program_writes_is_judged_by_the_same_rules(
    hq: Headquarters, reasons: None
) -> None:
    rep = hq.join("R1")
    rep.sync()
    new_deal(rep)
    why = reason(rep, "opportunity_lost")
    rep.run("UPDATE opportunity SET stage = 'lost', closed_on = '2026-11-20', reason_id = ?", why)
    assert rep.sync().refusals == 0
    for written in (
        "stage = 'won'",
        "stage = 'lost', reason_id = NULL",
        "stage = 'proposal'",  # with its day of the end
        "stage = 'thought of'",
        'splits = \'[{"bp":9000,"user":"aa"}]\'',
    ):
        rep.run(f"UPDATE opportunity SET {written}")
        assert rep.sync().refusals == 1, written
        assert stage(rep) == [("lost", "opportunity_lost", 1)], written
    rep.run("UPDATE opportunity SET note = 'still true'")
    assert rep.sync().refusals == 0

    leads.add_lead(at(rep), LeadInput("Pau Font"))
    assert rep.sync().refusals == 0
    for written in ("status = 'converted'", "status = 'lost', closed_on = '2026-11-20'",
                    "score = 900"):  # fmt: skip
        rep.run(f"UPDATE lead SET {written}")
        assert rep.sync().refusals == 1, written
    assert rep.rows("SELECT status, score FROM lead") == [("new", 0)]


def test_reps_have_their_own_leads_and_customers_only(hq: Headquarters, reasons: None) -> None:
    rep, other, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    for laptop in (rep, other, office):
        laptop.sync()
    leads.add_lead(at(rep), LeadInput("Núria Pla"))
    new_deal(rep)
    assert rep.sync().refusals == 0
    for laptop in (other, office):
        laptop.sync()
    assert other.one("SELECT count(*) FROM lead") == 0
    assert other.one("SELECT count(*) FROM opportunity") == 0
    assert office.one("SELECT count(*) FROM lead") == 1
    assert office.one("SELECT count(*) FROM opportunity") == 1

    other.run(
        "INSERT INTO lead (uid, user_id, name) SELECT ?, id, 'Stolen' FROM app_user"
        " WHERE code = 'R1'",
        new_uid(),
    )
    assert other.sync().refusals == 1
    assert hq.rows("SELECT name FROM lead") == [("Núria Pla",)]
