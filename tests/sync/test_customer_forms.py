"""What the card's forms write: one laptop edits, HQ takes it, another laptop sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.consents import Channel, Consent
from crmdesk.domain.custom_fields import CustomField, FieldKind
from crmdesk.domain.errors import FieldError, StaleRevision
from crmdesk.services import tickets
from crmdesk.services.custom_fields import save_field
from crmdesk.services.customer_data import read_data, save_data
from crmdesk.services.people import Person, Way, read_person, save_person
from crmdesk.services.queries.account_work import sites
from crmdesk.services.queries.field_history import field_changes
from crmdesk.services.queries.ticket_sheet import ticket_sheet
from crmdesk.services.sites import Site, close_site, read_site, save_site
from crmdesk.services.ticket_links import Links, attach_to_ticket, set_links
from crmdesk.services.tickets import Report
from crmdesk.services.undo import undo
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq


def account(laptop: Laptop) -> int:
    return int(laptop.one("SELECT id FROM account WHERE code = 'C0'"))


def test_people_sites_and_own_fields_reach_the_other_laptop(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    save_field(at(office), CustomField(0, "Fridges", FieldKind.NUMBER))
    office.sync()
    rep.sync()
    ways = (
        Way("mobile", "+34600555127", "private", preferred=True),
        Way("email", "i@v.example", preferred=True),
    )
    consents = (
        Consent(Channel.CALL, given=True, on=date(2026, 3, 2)),
        Consent(Channel.EMAIL, given=False, on=date(2026, 3, 4)),
    )
    ines = Person("Inés Vera", "buyer", language="es", ways=ways, consents=consents)
    save_person(at(rep), account(rep), None, ines)
    cellar = Site("Cellar", position="42.506300, 1.521800", hours="Mon 09:00–14:00, closed Tue–Sun",
                  delivery_note="ring twice", usual=True)  # fmt: skip
    save_site(at(rep), account(rep), None, cellar)
    data = read_data(at(rep), account(rep))
    own = {data.fields[0].id: "2"}
    save_data(at(rep), account(rep), replace(data, hours="Mon-Fri 8-15", custom=own))
    report = rep.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    office.sync()

    contact = int(office.one("SELECT id FROM contact WHERE name = 'Inés Vera'"))
    seen = read_person(at(office), contact)
    assert replace(seen, ways=tuple(replace(way, key=0) for way in seen.ways)) == ines
    site = int(office.one("SELECT id FROM site WHERE name = 'Cellar'"))
    assert read_site(at(office), site) == cellar
    theirs = read_data(at(office), account(office))
    assert (theirs.hours, list(theirs.custom.values())) == (
        "Mon–Fri 08:00–15:00, closed Sat–Sun", ["2"],
    )  # fmt: skip
    rep.sync()
    office.sync()
    told = {(one.about, str(one.new)) for one in field_changes(at(office), account(office))}
    assert {("Inés Vera", "Inés Vera"), ("Cellar", "Cellar"), ("Fridges", "2")} <= told

    close_site(at(office), site)
    save_person(at(office), account(office), contact, replace(seen, ways=seen.ways[:1]))
    office.sync()
    rep.sync()
    assert [one.closed_on is not None for one in sites(at(rep), account(rep))] == [True]
    assert rep.rows("SELECT kind, label FROM contact_point ORDER BY id DESC LIMIT 1") == [
        ("mobile", "private")
    ]


def test_two_first_values_of_one_field_are_one_row_and_both_words_are_found(
    hq: Headquarters,
) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    save_field(at(office), CustomField(0, "Fridges", FieldKind.NUMBER))
    office.sync()
    rep.sync()

    def fill(laptop: Laptop, value: str) -> ChangeSet:
        data = read_data(at(laptop), account(laptop))
        own = {data.fields[0].id: value}
        return save_data(at(laptop), account(laptop), replace(data, custom=own))

    first = fill(rep, "2")
    fill(office, "3")
    assert (office.sync().refusals, rep.sync().refusals, office.sync().refusals) == (0, 0, 0)
    for laptop in (rep, office):
        assert laptop.rows("SELECT value FROM custom_value") == [("3",)]
    assert hq.rows("SELECT value, deleted FROM custom_value") == [("3", False)]
    assert rep.rows("SELECT field, mine, theirs, kept FROM conflict") == [
        ("value", '"2"', '"3"', "theirs")
    ]
    rep.sync()
    told = {(str(one.new), one.kept) for one in field_changes(at(rep), account(rep))}
    assert {("2", False), ("3", True)} <= told

    # Taken back where nobody else has touched it, it can be given again.
    assert first.undo is not None
    with pytest.raises(StaleRevision):
        undo(at(rep), first.undo)
    for laptop in (rep, office):
        laptop.run("DELETE FROM custom_value")
        assert laptop.sync().refusals == 0
    rep.sync()
    fill(rep, "5")
    assert rep.sync().refusals == 0
    office.sync()
    for laptop in (rep, office):
        assert laptop.rows("SELECT value FROM custom_value") == [("5",)]
    fill(office, "6")
    assert office.sync().refusals == 0
    rep.sync()
    assert rep.rows("SELECT value FROM custom_value") == [("6",)]


def test_what_a_ticket_is_about_and_its_file_reach_the_office(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.sync()
    made = save_person(at(rep), account(rep), None, Person("Inés Vera"))
    (contact,) = made.touched["contact"]
    rep.run(
        "INSERT INTO return_request (uid, account_id, number, date, user_id) SELECT randomblob(16),"
        " id, 'RR01-1', '2026-01-01', ? FROM account WHERE code = 'C0'", at(rep).user.id,
    )  # fmt: skip
    ticket = tickets.open_ticket(at(rep), account(rep), Report("Wet boxes")).ticket_id
    with pytest.raises(FieldError, match="no return"):
        set_links(at(rep), ticket, Links(return_number="RR01-2"))
    set_links(at(rep), ticket, Links(contact, return_number="rr01-1"))
    attach_to_ticket(at(rep), ticket, b"%PDF-1.4 wet", "wet.pdf")
    assert rep.sync().refusals == 0
    office.sync()
    seen = ticket_sheet(at(office), office.one("SELECT id FROM ticket")).about
    assert (seen.contact, seen.return_number) == ("Inés Vera", "RR01-1")
    assert [name for _key, name in seen.files] == ["wet.pdf"]


def test_a_reps_program_cannot_define_a_field(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    rep.run("INSERT INTO custom_field (uid, name) VALUES (randomblob(16), 'Mine')")
    assert rep.sync().refusals == 1
    office.sync()
    assert office.rows("SELECT name FROM custom_field") == []
