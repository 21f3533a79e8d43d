"""Forms that are left open while a colleague's round changes what they are about, by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt

from crmdesk.domain.consents import Channel, Consent
from crmdesk.domain.custom_fields import CustomField
from crmdesk.domain.states import TicketStatus
from crmdesk.domain.tickets import Priority
from crmdesk.gui.views.prices.items import Section
from crmdesk.planning.serving import Exceptions
from crmdesk.services import leads, opportunities, price_rules, promotions, tasks, tickets
from crmdesk.services.attention_models import ModelFields, save_model, set_exceptions
from crmdesk.services.company import change_company
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.custom_fields import custom_fields, save_field
from crmdesk.services.leads import LeadInput
from crmdesk.services.opportunities import DealInput
from crmdesk.services.people import Person, Way, read_person, save_person
from crmdesk.services.price_rules import RuleInput
from crmdesk.services.promotions import PromotionInput
from crmdesk.services.queries.company import company
from crmdesk.services.queries.policy import company_policy
from crmdesk.services.sites import Site, read_site, save_site
from crmdesk.services.tasks import TaskInput
from crmdesk.services.ticket_links import Links, set_links
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import runner
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.together import ALT, CTRL, Desk, Sit, sit

__all__ = ["runner", "sit"]

pytestmark = [
    pytest.mark.hq,
    pytest.mark.qt_log_ignore("does not support (raise|grabbing)"),
]

ENTER, ESC = Qt.Key.Key_Return, Qt.Key.Key_Escape


def meanwhile(desk: Desk, colleague: Laptop, change: Callable[[Workspace], object]) -> None:
    """A colleague changes something, and a round brings it to the window that is open."""
    change(at(colleague))
    assert colleague.sync().refusals == 0
    desk.round()


def local(laptop: Laptop, table: str, uid: str) -> int:
    return int(laptop.one(f"SELECT id FROM {table} WHERE hex(uid) = ?", uid))


def uid_of(laptop: Laptop, table: str, key: int) -> str:
    return str(laptop.one(f"SELECT hex(uid) FROM {table} WHERE id = ?", key))


def row(laptop: Laptop, table: str, uid: str, *columns: str) -> tuple[Any, ...]:
    names = ", ".join(columns)
    return laptop.rows(f"SELECT {names} FROM {table} WHERE hex(uid) = ?", uid)[0]


def both_have(one: Laptop, other: Laptop, *asked: Any) -> tuple[Any, ...]:
    """What both have after their rounds; the same."""
    for laptop in (one, other, one):
        assert laptop.sync().refusals == 0
    found = row(one, *asked)
    assert found == row(other, *asked)
    return found


def test_opportunities_leads_and_tasks(hq: Headquarters, sit: Sit) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    ws = at(rep)
    account = rep.one("SELECT id FROM account WHERE code = 'C0'")
    deal = opportunities.start_deal(ws, account, DealInput("Terrace", 100_000)).opportunity_id
    task = tasks.add_task(
        ws, account, TaskInput("Call Ines", ws.today() + timedelta(days=3), ws.user.id)
    ).task_id
    lead = leads.add_lead(ws, LeadInput("Pau", city="Ordino")).lead_id
    rep.sync()
    office.sync()
    of_deal, of_task, of_lead = (
        uid_of(rep, "opportunity", deal), uid_of(rep, "promise", task), uid_of(rep, "lead", lead),
    )  # fmt: skip
    desk = sit(rep)

    # An opportunity: its day was theirs, its name both have changed, the note is mine.
    place = desk.go("pipeline", deal=deal)
    desk.press(Qt.Key.Key_T)
    theirs = DealInput("Terrace and bar", 240_000, ws.today() + timedelta(days=9))
    meanwhile(
        desk, office,
        lambda at_office: opportunities.edit_deal(
            at_office, local(office, "opportunity", of_deal), theirs
        ),
    )  # fmt: skip
    desk.fill(place.form._entries["name"], "Terrace for summer")
    desk.fill(place.form._entries["note"], "after Easter")
    desk.press(ENTER)
    assert place.form.form is None
    said = desk.banner()
    assert "“What” to “Terrace and bar”" in said and "Amount" not in said
    day = (ws.today() + timedelta(days=9)).isoformat()
    assert both_have(
        rep, office, "opportunity", of_deal, "name", "amount_minor", "expected_close", "note"
    ) == ("Terrace for summer", 240_000, day, "after Easter")
    desk.press(Qt.Key.Key_Z, modifiers=CTRL)
    assert row(rep, "opportunity", of_deal, "name", "amount_minor") == ("Terrace and bar", 240_000)

    # Its next step: the words are mine, the day theirs.
    desk.press(Qt.Key.Key_S)
    step_day = ws.today() + timedelta(days=2)
    meanwhile(
        desk, office,
        lambda at_office: opportunities.plan_step(
            at_office, local(office, "opportunity", of_deal), "", step_day
        ),
    )  # fmt: skip
    desk.fill(place.form._entries["step"], "Bring the samples")
    desk.press(ENTER)
    assert desk.banner() == ""
    assert both_have(rep, office, "opportunity", of_deal, "next_step", "next_step_on") == (
        "Bring the samples", step_day.isoformat(),
    )  # fmt: skip

    # A task: theirs are the day and the note, the words both have changed.
    place = desk.go("tasks", promise=task)
    desk.press(Qt.Key.Key_T)
    later = ws.today() + timedelta(days=5)
    meanwhile(
        desk, office,
        lambda at_office: tasks.edit_task(
            at_office, local(office, "promise", of_task),
            TaskInput("Call Ines at noon", later, at_id(office, "R1"), "her day off is Monday"),
        ),
    )  # fmt: skip
    desk.fill(place.form._entries["text"], "Call Ines in the evening")
    desk.press(ENTER)
    assert place.form.form is None
    assert "“Call Ines at noon”" in desk.banner()
    assert both_have(rep, office, "promise", of_task, "text", "due_on", "note") == (
        "Call Ines in the evening", later.isoformat(), "her day off is Monday",
    )  # fmt: skip

    # A lead: its town was theirs, its person mine.
    place = desk.go("pipeline", lead=lead)
    desk.press(Qt.Key.Key_T)
    meanwhile(
        desk, office,
        lambda at_office: leads.edit_lead(
            at_office, local(office, "lead", of_lead), LeadInput("Pau", city="Canillo")
        ),
    )  # fmt: skip
    desk.fill(place.form._entries["company"], "Bar Pau")
    desk.press(ENTER)
    assert place.form.form is None and desk.banner() == ""
    assert both_have(rep, office, "lead", of_lead, "company", "city") == ("Bar Pau", "Canillo")


def at_id(laptop: Laptop, code: str) -> int:
    return int(laptop.one("SELECT id FROM app_user WHERE code = ?", code))


def test_tickets(hq: Headquarters, sit: Sit) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    ws = at(rep)
    account = rep.one("SELECT id FROM account WHERE code = 'C0'")
    ticket = tickets.open_ticket(ws, account, tickets.Report("Broken pallet")).ticket_id
    rep.sync()
    office.sync()
    of = uid_of(rep, "ticket", ticket)
    there = local(office, "ticket", of)
    desk = sit(rep)
    place = desk.go("service", ticket=ticket)

    # What it is about: the person was theirs, the SKU both have chosen.
    desk.press(Qt.Key.Key_B)
    person = office.one("SELECT id FROM contact WHERE name = 'Person 0'")
    meanwhile(desk, office, lambda w: set_links(w, there, Links(person, "SKU2")))
    desk.fill(place.links.field("sku"), "SKU1")
    desk.press(ENTER, modifiers=CTRL)
    assert not place.links.isVisible()
    said = desk.banner()
    assert "“SKU”" in said and "“SKU2”" in said and "Contact" not in said
    mine = rep.one("SELECT hex(uid) FROM product WHERE sku = 'SKU1'")
    found = rep.rows(
        "SELECT c.name, hex(p.uid) FROM ticket t JOIN contact c ON c.id = t.contact_id"
        " JOIN product p ON p.id = t.product_id WHERE t.id = ?", ticket,
    )  # fmt: skip
    assert found == [("Person 0", mine)]
    both_have(rep, office, "ticket", of, "status")

    # Resolved by both: the words of whoever was later stay as a note, and it is said.
    desk.press(Qt.Key.Key_D)
    meanwhile(
        desk, office,
        lambda w: tickets.set_status(w, there, TicketStatus.RESOLVED, "Sent another"),
    )  # fmt: skip
    desk.type("Took it back myself")
    desk.press(ENTER)
    assert "taken this step" in desk.banner()
    assert both_have(rep, office, "ticket", of, "resolution") == ("Sent another",)
    notes = rep.rows("SELECT kind, text FROM ticket_event WHERE ticket_id = ? ORDER BY id", ticket)
    assert ("note", "Took it back myself") in notes
    assert row(rep, "ticket", of, "priority")[0] == Priority.NORMAL


def colleagues(hq: Headquarters) -> tuple[Laptop, Laptop]:
    """Two computers of the office."""
    here, there = hq.join("O1"), hq.join("O1", "second")
    here.sync()
    return here, there


def test_rules_own_fields_and_the_company(hq: Headquarters, sit: Sit) -> None:
    here, there = colleagues(hq)
    save_field(at(there), CustomField(0, "Terrace", position=1))
    there.sync()
    here.sync()
    desk = sit(here)

    # The rules are shown all the time: what came stands in them, what is being typed stays.
    place = desk.go("rules")
    desk.fill(place.service.field("ask_again_days"), "30")
    desk.fill(place.service.field("response_minutes_high"), "2")
    rules = {"ask_again_days": 60, "escalation_percent": 150}
    meanwhile(desk, there, lambda w: change_company_policy(w, rules))
    shown = place.service.values()
    assert (shown["ask_again_days"], shown["escalation_percent"]) == ("30", "150")
    assert shown["response_minutes_high"] == "2"
    said = place.service.problem.text()
    assert "“Ask again after, days”" in said and "“60”" in said and "Escalated" not in said
    desk.press(ENTER, modifiers=CTRL)
    assert "“60”" in desk.banner()
    policy = company_policy(at(here))
    assert (policy.ask_again_days, policy.escalation_percent) == (30, 150)
    assert policy.response_minutes_high == 120
    assert place.service.values()["response_minutes_high"] == "2:00"
    assert not place.service.problem.isVisible()
    here.sync()

    # A field of the company's own: its place was theirs, its name mine.
    desk.press(Qt.Key.Key_F, modifiers=ALT)
    place.table.setFocus()
    desk.press(ENTER)
    there.sync()
    field = custom_fields(at(there))[0]
    meanwhile(desk, there, lambda w: save_field(w, replace(field, position=7)))
    assert place.form.values()["position"] == "7"
    desk.fill(place.form.field("name"), "Terrace in summer")
    desk.press(ENTER, modifiers=CTRL)
    assert not place.form.isVisible() and desk.banner() == ""
    found = custom_fields(at(here))[0]
    assert (found.name, found.position) == ("Terrace in summer", 7)
    here.sync()
    there.sync()

    # What the company says of itself: the telephone was theirs, the street both have typed.
    place = desk.go("company")
    desk.fill(place.fields["street"], "Carrer Nou 1")
    place.terms["es"].setPlainText("Pago a 30 días.")
    theirs = {"street": "Carrer Vell 9", "phone": "+376 1"}
    meanwhile(desk, there, lambda w: change_company(w, theirs))
    assert place.fields["street"].text() == "Carrer Nou 1"
    assert place.fields["phone"].text() == "+376 1"
    assert "“Carrer Vell 9”" in place.problem.text()
    desk.press(ENTER, modifiers=CTRL)
    assert "“Carrer Vell 9”" in desk.banner()
    row_now = company(at(here))
    assert (row_now.fields["street"], row_now.fields["phone"], row_now.terms["es"]) == (
        "Carrer Nou 1", "+376 1", "Pago a 30 días.",
    )  # fmt: skip
    assert not place.problem.isVisible()


def test_attention_models_and_a_customers_own_figures(hq: Headquarters, sit: Sit) -> None:
    here, there = colleagues(hq)
    made = ModelFields("A", "Every two weeks", 14, 1, "call", 20, 8, ("A",))
    save_model(at(there), None, made)
    there.sync()
    here.sync()
    key = there.one("SELECT id FROM attention_model")
    desk = sit(here)
    place = desk.go("attention")
    desk.press(Qt.Key.Key_E)
    desk.fill(place.form.fields["every"].field, "21")
    desk.fill(place.form.fields["name"].field, "Every three weeks")
    theirs = replace(made, interval_days=28, visit_minutes=35)
    meanwhile(desk, there, lambda w: save_model(w, key, theirs))
    assert place.form.value().every == "21" and place.form.value().visit == "35"
    assert "“28”" in desk.banner()
    desk.press(ENTER, modifiers=CTRL)
    said = desk.banner()
    assert "“Every, days”" in said and "“28”" in said
    columns = "SELECT name, interval_days, visit_minutes FROM attention_model"
    assert here.rows(columns) == [("Every three weeks", 21, 35)]
    here.sync()
    there.sync()
    assert there.rows(columns) == here.rows(columns)

    # A customer's own figures: the minutes were theirs.
    desk.press(Qt.Key.Key_4, modifiers=ALT)
    shown = place.presenter._account_id
    code = here.one("SELECT code FROM account WHERE id = ?", shown)
    account = there.one("SELECT id FROM account WHERE code = ?", code)
    desk.fill(place.own.every.field, "9")
    meanwhile(desk, there, lambda w: set_exceptions(w, {account: Exceptions(visit_minutes=45)}))
    assert place.own.value().every == "9" and place.own.value().minutes == "45"
    desk.press(ENTER, modifiers=CTRL)
    assert desk.banner() == ""
    own = here.rows("SELECT interval_days, visit_minutes FROM account WHERE code = ?", code)
    assert own == [(9, 45)]


def test_prices_promotions_costs_and_the_rules_of_selling(hq: Headquarters, sit: Sit) -> None:
    here, there = colleagues(hq)
    today = at(there).today()
    product = there.one("SELECT id FROM product WHERE sku = 'SKU1'")
    other = at(there)
    there.run(
        "INSERT INTO price_list (uid, code, name, currency, status, is_default)"
        " VALUES (randomblob(16), 'L', 'List', 'EUR', 'active', 1)"
    )
    listed = there.one("SELECT id FROM price_list")
    price_rules.set_rule(other, listed, RuleInput(product, 1, 100_000))
    of_promotion, _changes = promotions.save_promotion(
        other, PromotionInput("P", "Ten off", "percent", today, today, product, discount_bp=1_000)
    )
    there.sync()
    here.sync()
    desk = sit(here)

    # A price: to when it holds was theirs, the price both have typed.
    place = desk.go("prices")
    rule = there.one("SELECT id FROM price_rule")
    place.presenter.lists.edit_rule(next(iter(place.presenter.lists.rules)))
    last = today + timedelta(days=30)
    theirs = RuleInput(product, 1, 120_000, valid_to=last)
    meanwhile(desk, there, lambda w: price_rules.set_rule(w, listed, theirs, rule))
    desk.fill(place.form.field("price"), "13")
    desk.press(ENTER)
    said = desk.banner()
    assert "“Price”" in said and "“12.00”" in said
    holds = "SELECT price_e4, valid_to FROM price_rule"
    assert here.rows(holds) == [(130_000, last.isoformat())]
    assert here.sync().refusals == 0

    # A promotion: its last day was theirs, its name mine.
    desk.press(Qt.Key.Key_2, modifiers=ALT)
    place.presenter.promotions.edit(next(iter(place.presenter.promotions.rows)))
    longer = PromotionInput("P", "Ten off", "percent", today, last, product, discount_bp=1_000)
    meanwhile(desk, there, lambda w: promotions.save_promotion(w, longer, of_promotion)[1])
    desk.fill(place.form.field("name"), "Ten off in autumn")
    desk.press(ENTER)
    assert desk.banner() == "" and place.form.isHidden()
    assert here.rows("SELECT name, valid_to FROM promotion") == [
        ("Ten off in autumn", last.isoformat())
    ]

    # The rules of selling: how long a quote is valid was theirs.
    place.presenter.choose(Section.LISTS)
    desk.press(Qt.Key.Key_O)
    meanwhile(desk, there, lambda w: change_company_policy(w, {"quote_valid_days": 45}))
    desk.fill(place.form.field("return_days"), "14")
    desk.press(ENTER)
    policy = company_policy(at(here))
    assert (policy.quote_valid_days, policy.return_days) == (45, 14)
    assert desk.banner() == ""


def test_a_person_and_a_site(hq: Headquarters, sit: Sit) -> None:
    """The person's telephone and consent by e-mail were theirs, the job both have typed."""
    rep, office = hq.join("R1"), hq.join("O1")
    account = rep.one("SELECT id FROM account WHERE code = 'C0'")
    mail = Consent(Channel.EMAIL, given=True, on=date(2026, 3, 2))
    made = Person("Inés", ways=(Way("phone", "+34600555127"),), consents=(mail,))
    (contact,) = save_person(at(rep), account, None, made).touched["contact"]
    rep.sync()
    office.sync()
    there = local(office, "contact", uid_of(rep, "contact", contact))
    theirs = read_person(at(office), there)
    desk = sit(rep)
    place = desk.go("customer", account=account)
    place.presenter.editing.open_person(contact)
    desk.settle()
    changed = replace(
        theirs, job="owner", ways=(replace(theirs.ways[0], value="+34600555128"),),
        consents=(replace(mail, given=False, on=date(2026, 11, 2)),),
    )  # fmt: skip
    home = office.one("SELECT id FROM account WHERE code = 'C0'")
    meanwhile(desk, office, lambda w: save_person(w, home, there, changed))
    form = place.pages.form
    desk.fill(form.entries["job"].field, "buyer")
    calls = next(one for one in form.consents if one.channel is Channel.CALL)
    calls.said.choose("yes")
    desk.press(ENTER, modifiers=CTRL)
    said = desk.banner()
    assert "“Job”" in said and "“owner”" in said and "E-mail" not in said
    found = read_person(at(rep), contact)
    assert (found.job, found.ways[0].value) == ("buyer", "+34600555128")
    given = {one.channel: one.given for one in found.consents}
    assert given == {Channel.CALL: True, Channel.EMAIL: False}
    # Undo takes back what was typed; what the colleague has changed stays.
    desk.press(Qt.Key.Key_Z, modifiers=CTRL)
    found = read_person(at(rep), contact)
    assert found.ways[0].value == "+34600555128"
    assert {one.channel: one.given for one in found.consents} == {Channel.EMAIL: False}

    save_site(at(rep), account, None, Site("Cellar", city="Ordino"))
    rep.sync()
    office.sync()
    of = rep.one("SELECT hex(uid) FROM site WHERE name = 'Cellar'")
    site = local(office, "site", of)
    place.presenter.editing.open_site(local(rep, "site", of))
    desk.settle()
    meanwhile(
        desk, office,
        lambda w: save_site(w, home, site, replace(read_site(w, site), delivery_note="ring")),
    )  # fmt: skip
    desk.fill(place.pages.asked.field("city"), "Canillo")
    desk.press(ENTER, modifiers=CTRL)
    assert row(rep, "site", of, "city", "delivery_note") == ("Canillo", "ring")
    assert desk.banner() == ""
