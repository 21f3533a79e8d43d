"""A form that was open while a colleague's words came says what was typed in it, and no more."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.consents import Channel, Consent
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.gui.form_meeting import Filled, keep
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.services.customer_data import MOST_DESCRIPTION, read_data, save_data
from crmdesk.services.forms_meeting import meet
from crmdesk.services.people import Person, Way, met_consents, read_person, save_person
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


def test_consents_meet_channel_by_channel(ws: Workspace) -> None:
    call = Consent(Channel.CALL, given=True, on=date(2026, 3, 2))
    mail = Consent(Channel.EMAIL, given=True, on=date(2026, 3, 2))
    refused = replace(mail, given=False, on=date(2026, 11, 2))
    message = Consent(Channel.MESSAGE, given=True, on=date(2026, 11, 2))
    # Theirs: no more e-mail. Mine: messages, and the call was taken out.
    met = met_consents((mail, message), (call, mail), (call, refused))
    assert met == (refused, message)


def test_the_customers_data_keep_what_was_not_touched(ws: Workspace) -> None:
    long = "x" * (MOST_DESCRIPTION + 1)
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET description = ?", (long,))
    data = read_data(ws, ACCOUNT)
    # Longer than the form would take: left as it is, and too much is said and not cut off.
    save_data(ws, ACCOUNT, replace(data, texts={**data.texts, "street": "Carrer 1"}))
    now_data = read_data(ws, ACCOUNT)
    assert (now_data.texts["street"], now_data.texts["description"]) == ("Carrer 1", long)
    with pytest.raises(FieldError, match="longer than"):
        save_data(ws, ACCOUNT, replace(data, texts={**data.texts, "description": f"{long}y"}))


def test_what_both_have_typed_is_named_and_nobody_writes_in_between(ws: Workspace) -> None:
    opened = {"name": "Terrace", "amount": "1000", "note": ""}
    typed = {"name": "Terrace for summer", "amount": "1000", "note": "after Easter"}
    stored = {"name": "Terrace and bar", "amount": "2400", "note": "after Easter"}
    written: list[dict[str, str]] = []
    waits = threading.Event()

    def sync() -> None:
        waits.set()
        with ws.database.write(applying=True):
            stored["name"] = "written in between"

    other = threading.Thread(target=sync)

    def now() -> list[AskedField]:
        other.start()
        waits.wait()
        return [AskedField(key, key.capitalize(), text) for key, text in stored.items()]

    def save(values: Mapping[str, str]) -> int:
        with ws.database.write():
            assert stored["name"] == "Terrace and bar"
            written.append(dict(values))
        return 7

    assert keep(ws, Filled(typed, opened), now, save) == (7, (("Name", "Terrace and bar"),))
    other.join()
    assert written == [{"name": "Terrace for summer", "amount": "2400", "note": "after Easter"}]


FORMS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "y"]), min_size=4)


@given(FORMS, FORMS, FORMS)
def test_a_field_is_typed_or_as_it_is_now(
    typed: dict[str, str], opened: dict[str, str], now: dict[str, str]
) -> None:
    met = meet(typed, opened, now)
    for key, text in met.values.items():
        assert text == (now[key] if typed[key] == opened[key] else typed[key])
        three = {typed[key], opened[key], now[key]}
        assert (key in met.collided) == (len(three) == 3)


def test_a_person_typed_for_a_customer_who_is_gone_is_said_not_to_have_one(ws: Workspace) -> None:
    with pytest.raises(NotFound):
        save_person(ws, 987_654, None, Person("Ana"))
