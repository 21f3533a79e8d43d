"""A form that was open while a colleague's words came says what was typed in it, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.services.customer_data import MOST_DESCRIPTION, read_data, save_data
from crmdesk.services.people import Person, Way, read_person, save_person
from crmdesk.services.sites import Site, read_site, save_site
from crmdesk.services.workspace import Workspace

ACCOUNT = 1


def test_ways_that_came_stay_and_those_that_went_do_not_come_back(ws: Workspace) -> None:
    ines = Person("Ines", ways=(Way("phone", "+34600555127"), Way("email", "i@v.example")))
    (key,) = save_person(ws, ACCOUNT, None, ines).touched["contact"]
    opened = read_person(ws, key)
    # Meanwhile: a job, another telephone, and the address is gone.
    theirs = (opened.ways[0], Way("mobile", "+34600555128"))
    save_person(ws, ACCOUNT, key, replace(opened, job="owner", ways=theirs))

    save_person(ws, ACCOUNT, key, replace(opened, note="after noon"), opened)
    now = read_person(ws, key)
    assert (now.job, now.note) == ("owner", "after noon")
    assert [way.value for way in now.ways] == ["+34600555127", "+34600555128"]

    # A way that was put away while it was being changed here is given anew.
    changed = (opened.ways[0], replace(opened.ways[1], value="ines@v.example"))
    save_person(ws, ACCOUNT, key, replace(opened, ways=changed), opened)
    values = {way.value for way in read_person(ws, key).ways}
    assert values == {"+34600555127", "+34600555128", "ines@v.example"}
    # What was taken out in the form goes.
    now = read_person(ws, key)
    save_person(ws, ACCOUNT, key, replace(now, ways=now.ways[:1]), now)
    assert len(read_person(ws, key).ways) == 1


def test_a_site_and_the_customers_data_keep_what_was_not_touched(ws: Workspace) -> None:
    (site,) = save_site(ws, ACCOUNT, None, Site("Cellar", city="Ordino")).touched["site"]
    opened = read_site(ws, site)
    save_site(ws, ACCOUNT, site, replace(opened, delivery_note="ring twice"))
    save_site(ws, ACCOUNT, site, replace(opened, city="Canillo"), opened)
    now = read_site(ws, site)
    assert (now.city, now.delivery_note) == ("Canillo", "ring twice")

    long = "x" * (MOST_DESCRIPTION + 1)
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET description = ?", (long,))
    data = read_data(ws, ACCOUNT)
    # Longer than the form would take: left as it is, and too much is said and not cut off.
    save_data(ws, ACCOUNT, replace(data, texts={**data.texts, "street": "Carrer 1"}), data)
    now_data = read_data(ws, ACCOUNT)
    assert (now_data.texts["street"], now_data.texts["description"]) == ("Carrer 1", long)
    with pytest.raises(FieldError, match="longer than"):
        save_data(ws, ACCOUNT, replace(data, texts={**data.texts, "description": f"{long}y"}), data)


def test_a_person_typed_for_a_customer_who_is_gone_is_said_not_to_have_one(ws: Workspace) -> None:
    with pytest.raises(NotFound):
        save_person(ws, 987_654, None, Person("Ana"))
