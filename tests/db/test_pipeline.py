"""Leads and opportunities on a real profile: entered, qualified, converted, moved, taken back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from crmdesk.domain.errors import FieldError, IllegalTransition, StaleRevision, UserError
from crmdesk.domain.pipeline import Stage
from crmdesk.services import leads, opportunities, undo
from crmdesk.services.lead_conversion import convert_lead, duplicates, take_back_conversion
from crmdesk.services.leads import LeadInput
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal, take_back_move
from crmdesk.services.workspace import Workspace
from tests.db.files import ask
from tests.db.quote_steps import ACCOUNT, one

TERRACE = DealInput("Terrace", 120_000, next_step="Tasting")


def reason(ws: Workspace, kind: str, place: int = 0) -> int:
    return int(one(ws, "SELECT id FROM outcome_reason WHERE kind = ? ORDER BY position LIMIT 1"
                       " OFFSET ?", kind, place))  # fmt: skip


def row_of(ws: Workspace, table: str, key: int) -> dict[str, Any]:
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table} WHERE id = ?", (key,)).one()
        return dict(found._mapping)


@pytest.fixture
def deal(ws: Workspace) -> int:
    return opportunities.start_deal(ws, ACCOUNT, TERRACE).opportunity_id


@pytest.fixture
def lead(ws: Workspace) -> int:
    made = LeadInput("Núria Pla", "Bar Pla", "376 345 678", "nuria@pla.example", "Ordino", "fair")
    return leads.add_lead(ws, made).lead_id


# -------------------------------------------------------------------------------------- deals


def test_a_deal_goes_through_its_stages_and_the_history_keeps_all(ws: Workspace, deal: int) -> None:
    move_deal(ws, deal, Stage.PROPOSAL)
    move_deal(ws, deal, Stage.QUALIFIED, note="wants to think")
    move_deal(ws, deal, Stage.NEGOTIATION)
    move_deal(ws, deal, Stage.WON, reason_id=reason(ws, "opportunity_won"))
    assert ask(
        ws, "SELECT from_stage, to_stage, reason_id IS NOT NULL, note FROM stage_change"
        " WHERE opportunity_id = ? ORDER BY id", deal
    ) == [
        ("qualified", "proposal", 0, None), ("proposal", "qualified", 0, "wants to think"),
        ("qualified", "negotiation", 0, None), ("negotiation", "won", 1, None),
    ]  # fmt: skip
    row = row_of(ws, "opportunity", deal)
    assert (row["stage"], row["closed_on"]) == ("won", ws.today().isoformat())
    assert row["next_step"] is None


@pytest.mark.parametrize("end", ["won", "lost", "ended"])
def test_no_end_without_its_own_reason(ws: Workspace, deal: int, end: str) -> None:
    wrong = reason(ws, "quote_lost")
    for given in (None, wrong, 10**9):
        with pytest.raises(FieldError) as caught:
            move_deal(ws, deal, Stage(end), reason_id=given)
        assert caught.value.field == "reason"
    assert row_of(ws, "opportunity", deal)["stage"] == "qualified"
    assert one(ws, "SELECT count(*) FROM stage_change WHERE opportunity_id = ?", deal) == 0


def test_a_lost_deal_is_not_won_before_it_is_opened_again(ws: Workspace, deal: int) -> None:
    moved = move_deal(ws, deal, Stage.LOST, reason_id=reason(ws, "opportunity_lost"),
                      lost_to="Makro")  # fmt: skip
    assert row_of(ws, "opportunity", deal)["lost_to"] == "Makro"
    with pytest.raises(IllegalTransition):
        move_deal(ws, deal, Stage.WON, reason_id=reason(ws, "opportunity_won"))
    assert moved.before is not None
    take_back_move(ws, deal, Stage.LOST, moved.before)
    row = row_of(ws, "opportunity", deal)
    assert (row["stage"], row["reason_id"], row["closed_on"], row["lost_to"], row["next_step"]) == (
        "qualified", None, None, None, "Tasting",
    )  # fmt: skip
    with pytest.raises(StaleRevision):
        take_back_move(ws, deal, Stage.LOST, moved.before)


def test_shares_add_to_exactly_the_whole(ws: Workspace, deal: int) -> None:
    first, second = (key for (key,) in ask(ws, "SELECT id FROM app_user ORDER BY id LIMIT 2"))
    changes = opportunities.split_deal(ws, deal, [(first, 6_000), (second, 4_000)])
    stored = json.loads(row_of(ws, "opportunity", deal)["splits"])
    assert [share["bp"] for share in stored] == [6_000, 4_000]
    for wrong in ([(first, 6_000), (second, 3_000)], [(first, 5_000), (first, 5_000)],
                  [(10**9, 10_000)]):  # fmt: skip
        with pytest.raises(FieldError):
            opportunities.split_deal(ws, deal, wrong)
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert row_of(ws, "opportunity", deal)["splits"] is None


def test_what_a_deal_says_is_changed_field_by_field(ws: Workspace, deal: int) -> None:
    on = ws.today() + timedelta(days=3)
    opportunities.plan_step(ws, deal, "Meet the manager", on)
    assert not opportunities.plan_step(ws, deal, "Meet the manager", on).touched
    row = row_of(ws, "opportunity", deal)
    assert (row["next_step"], row["next_step_on"]) == ("Meet the manager", on.isoformat())
    for wrong in (DealInput("  ", 1), DealInput("x", -1), DealInput("x" * 201, 1)):
        with pytest.raises(FieldError):
            opportunities.edit_deal(ws, deal, wrong)


def test_a_quote_is_started_for_a_deal(ws: Workspace, deal: int) -> None:
    started = opportunities.quote_for_deal(ws, deal)
    row = row_of(ws, "quote", started.quote_id)
    assert (row["opportunity_id"], row["account_id"], row["title"]) == (deal, ACCOUNT, "Terrace")
    assert opportunities.quote_for_deal(ws, deal).quote_id == started.quote_id


# -------------------------------------------------------------------------------------- leads


def test_a_lead_is_qualified_by_its_answers(ws: Workspace, lead: int) -> None:
    leads.contact_lead(ws, lead)
    leads.qualify_lead(ws, lead, {"need": "now", "volume": "weekly"})
    row = row_of(ws, "lead", lead)
    assert (row["status"], row["score"]) == ("contacted", 50)
    leads.qualify_lead(ws, lead, {"decider": "speaks", "price": "fits", "route": "far"})
    row = row_of(ws, "lead", lead)
    assert (row["status"], row["score"]) == ("qualified", 85)
    leads.qualify_lead(ws, lead, {"route": ""})
    assert row_of(ws, "lead", lead)["status"] == "contacted"
    with pytest.raises(FieldError):
        leads.qualify_lead(ws, lead, {"need": "perhaps"})


def test_a_lead_needs_a_name_and_a_possible_address(ws: Workspace) -> None:
    for wrong in (LeadInput(""), LeadInput("x", phone="12"), LeadInput("x", email="nobody")):
        with pytest.raises(FieldError):
            leads.add_lead(ws, wrong)


def test_a_disqualified_lead_says_why_and_can_come_back(ws: Workspace, lead: int) -> None:
    with pytest.raises(FieldError):
        leads.disqualify_lead(ws, lead, None)
    with pytest.raises(FieldError):
        leads.disqualify_lead(ws, lead, reason(ws, "quote_lost"))
    leads.disqualify_lead(ws, lead, reason(ws, "lead_lost"))
    assert row_of(ws, "lead", lead)["closed_on"] == ws.today().isoformat()
    leads.reopen_lead(ws, lead)
    row = row_of(ws, "lead", lead)
    assert (row["status"], row["reason_id"], row["closed_on"]) == ("contacted", None, None)


_STORED = ("account", "contact", "contact_point", "opportunity", "stage_change")


def counts(ws: Workspace) -> list[int]:
    return [int(one(ws, f"SELECT count(*) FROM {table}")) for table in _STORED]


def test_a_lead_becomes_customer_contact_and_deal_in_one_step_that_is_taken_back(
    ws: Workspace, lead: int
) -> None:
    before, journal = counts(ws), one(ws, "SELECT count(DISTINCT txn) FROM journal")
    done = convert_lead(ws, lead, DealInput("Opening order", 90_000))
    assert one(ws, "SELECT count(DISTINCT txn) FROM journal") == journal + 1
    made = row_of(ws, "opportunity", done.opportunity_id)
    row = row_of(ws, "lead", lead)
    assert row["status"] == "converted" and row["opportunity_uid"] == made["uid"]
    assert made["lead_uid"] == row["uid"] and made["contact_id"] == done.contact_id
    assert row_of(ws, "account", done.account_id)["status"] == "prospect"
    assert ask(
        ws,
        "SELECT kind, value FROM contact_point WHERE contact_id = ? ORDER BY kind",
        done.contact_id,
    ) == [("email", "nuria@pla.example"), ("phone", "+376345678")]
    with pytest.raises(UserError):
        convert_lead(ws, lead, DealInput("Twice", 1))

    taken = take_back_conversion(ws, done)
    assert not taken.customer_stays
    assert counts(ws) == before
    assert row_of(ws, "lead", lead)["status"] == "new"
    # Nothing of it is on its way to HQ but the lead, as it was before.
    assert ask(ws, "SELECT DISTINCT entity FROM journal WHERE state = 'waiting'") == [("lead",)]


def test_what_hq_has_of_a_conversion_stays_as_a_lost_customer(ws: Workspace, lead: int) -> None:
    done = convert_lead(ws, lead, DealInput("Opening order", 90_000))
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE journal SET state = 'sent'")
        for table in ("account", "contact", "contact_point", "opportunity"):
            tx.connection.exec_driver_sql(f"UPDATE {table} SET rev = 1 WHERE rev = 0")
    taken = take_back_conversion(ws, done)
    assert taken.customer_stays
    assert row_of(ws, "account", done.account_id)["status"] == "lost"
    assert one(ws, "SELECT count(*) FROM opportunity WHERE id = ?", done.opportunity_id) == 0
    assert ask(ws, "SELECT entity FROM journal WHERE state = 'waiting' AND op = 'D'"
                   " ORDER BY entity") == [
        ("contact",), ("contact_point",), ("contact_point",), ("opportunity",)
    ]  # fmt: skip


def test_a_conversion_that_was_worked_on_is_not_taken_back(ws: Workspace, lead: int) -> None:
    done = convert_lead(ws, lead, DealInput("Opening order", 90_000))
    move_deal(ws, done.opportunity_id, Stage.PROPOSAL)
    with pytest.raises(StaleRevision):
        take_back_conversion(ws, done)
    assert row_of(ws, "lead", lead)["status"] == "converted"

    other = leads.add_lead(ws, LeadInput("Pau Font", "Can Font")).lead_id
    done = convert_lead(ws, other, DealInput("Coffee", 1_000))
    opportunities.quote_for_deal(ws, done.opportunity_id)
    with pytest.raises(StaleRevision):
        take_back_conversion(ws, done)
    assert row_of(ws, "lead", other)["status"] == "converted"


def test_customers_that_might_be_the_same_are_named(ws: Workspace) -> None:
    name, city = ask(ws, "SELECT name, city FROM account WHERE id = ?", ACCOUNT)[0]
    phone = one(ws, "SELECT value FROM contact_point WHERE kind = 'phone' AND account_id <> ?",
                ACCOUNT)  # fmt: skip
    spoiled = name[:-1] + ("x" if name[-1] != "x" else "y")
    for company, why in ((name.upper() + " SL", "name"), (spoiled, "similar")):
        lead = leads.add_lead(ws, LeadInput("Somebody", company)).lead_id
        found = {one.account_id: one for one in duplicates(ws, lead)}
        assert found[ACCOUNT].why == why and found[ACCOUNT].city == (city or "")
    lead = leads.add_lead(ws, LeadInput("Other", "Zzz", phone=phone)).lead_id
    assert {one.why for one in duplicates(ws, lead)} == {"phone"}
    lead = leads.add_lead(ws, LeadInput("Nobody", "Xyzzy Qqq")).lead_id
    assert duplicates(ws, lead) == []


def test_a_lead_of_a_known_customer_becomes_a_deal_there(ws: Workspace, lead: int) -> None:
    before = counts(ws)
    done = convert_lead(ws, lead, DealInput("More", 5_000), account_id=ACCOUNT)
    assert (done.account_id, done.new_account) == (ACCOUNT, False)
    take_back_conversion(ws, done)
    assert counts(ws) == before
