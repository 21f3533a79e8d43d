"""A person who was erased: no word of theirs in any table of HQ or of any laptop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from crmdesk.domain.consents import Channel, Consent
from crmdesk.domain.errors import NotFound
from crmdesk.services import accounts, erasing_people
from crmdesk.services.people import Person, Way, read_person, save_person
from crmdesk.services.queries.field_history import field_changes
from crmdesk.storage import erased_words
from crmdesk.sync import forgetting, history
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.plain_files import plaintext

pytestmark = pytest.mark.hq

WORDS = ("Quetzal", "quetzal", "555127", "555128", "zyxomma", "1980-11-24", "Ornithologue")


def account(laptop: Laptop) -> int:
    return int(laptop.one("SELECT id FROM account WHERE code = 'C0'"))


def person(laptop: Laptop) -> int:
    return int(laptop.one("SELECT id FROM contact WHERE name LIKE '%Quetzal%'"))


def traces_at_hq(hq: Headquarters) -> Iterator[str]:
    tables = hq.rows(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
    )
    assert len(tables) > 40
    for (name,) in tables:
        for word in WORDS:
            count = hq.one(f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE %s', f"%{word}%")
            if count:
                yield f"{name}: {word}"


def traces_here(laptop: Laptop) -> Iterator[str]:
    tables = laptop.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    assert len(tables) > 60
    for name, _sql in tables:
        columns = [row[1] for row in laptop.rows(f'PRAGMA table_info("{name}")')]
        shown = " || '|' || ".join(f"coalesce(CAST(\"{c}\" AS TEXT), '')" for c in columns)
        for word in WORDS:
            if laptop.one(f'SELECT count(*) FROM "{name}" WHERE instr({shown}, ?) > 0', word):
                yield f"{name}: {word}"


def bytes_here(laptop: Laptop) -> list[str]:
    return [
        f"{path.name}: {word}"
        for path in sorted(laptop.folder.rglob("*"))
        if path.is_file()
        for word in WORDS
        if word.encode() in path.read_bytes()
    ]


def rounds(*laptops: Laptop) -> None:
    """Until everybody has heard of everything, and has asked who changed what."""
    for _round in range(2):
        for laptop in laptops:
            laptop.sync()
            laptop.sync()


def full_of_words(hq: Headquarters) -> tuple[Laptop, Laptop]:
    """A rep's and the office's laptop, with a person whom both have written about."""
    rep, office = plaintext(hq.join("R1")), hq.join("O1")
    hq.laptops.append(rep)
    ways = (Way("mobile", "+34600555127"), Way("email", "zyxomma@v.example"))
    agreed = (Consent(Channel.CALL, given=True, on=date(2026, 3, 2)),)
    quetzal = Person("Ana Quetzal", "Ornithologue", birthday="1980-11-24", note="quetzal fan",
                     ways=ways, consents=agreed)  # fmt: skip
    save_person(at(rep), account(rep), None, quetzal)
    rounds(rep, office)
    # A way that was there before, a value that lost and one that won.
    stored = read_person(at(office), person(office))
    save_person(at(office), account(office), person(office),
                Person("Ana Quetzal", "Ornithologue", birthday="1980-11-24", note="quetzal fan",
                       ways=(*stored.ways, Way("phone", "+34600555128"))))  # fmt: skip
    rounds(office, rep)
    accounts.edit_contact(at(rep), person(rep), {"note": "quetzal of the rep"})
    accounts.edit_contact(at(office), person(office), {"note": "quetzal of the office"})
    rounds(rep, office)
    assert {line.split(":")[0] for line in traces_at_hq(hq)} >= {"change", "contact", "op_result"}
    assert {line.split(":")[0] for line in traces_here(rep)} >= {"told_change", "journal"}
    assert {line.split(":")[0] for line in traces_here(office)} >= {"told_change", "conflict"}
    return rep, office


def test_no_word_of_an_erased_person_is_left_anywhere(hq: Headquarters) -> None:
    rep, office = full_of_words(hq)
    erasing_people.erase_person(at(rep), person(rep))
    with pytest.raises(NotFound):
        read_person(at(rep), int(rep.one("SELECT id FROM contact WHERE erased_at IS NOT NULL")))
    rounds(rep, office)
    assert list(traces_at_hq(hq)) == []
    for laptop in (rep, office):
        assert list(traces_here(laptop)) == []
        assert [c for c in field_changes(at(laptop), account(laptop)) if "Quetzal" in str(c)] == []
    assert bytes_here(rep) == []
    late = hq.join("R1", "a later laptop")
    rounds(late)
    assert list(traces_here(late)) == []
    assert hq.rows("SELECT action FROM audit WHERE action = 'person-erased'") == [
        ("person-erased",)
    ]


def test_what_others_wrote_meanwhile_does_not_bring_the_person_back(hq: Headquarters) -> None:
    rep, office = full_of_words(hq)
    erasing_people.erase_person(at(rep), person(rep))
    # The office is offline and writes more: later by the clock, and a new telephone.
    accounts.edit_contact(at(office), person(office), {"job": "Quetzal keeper"})
    stored = read_person(at(office), person(office))
    ways = (*stored.ways, Way("phone", "+34611555127"))
    save_person(at(office), account(office), person(office),
                Person("Ana Quetzal", note="quetzal again", ways=ways))  # fmt: skip
    rep.sync()
    assert office.sync().refusals > 0
    rounds(office, rep)
    assert list(traces_at_hq(hq)) == []
    assert list(traces_here(office)) == []
    assert "erased" in office.one("SELECT group_concat(sentence) FROM refusal")


def test_an_erasure_wins_over_a_later_word_that_came_first(hq: Headquarters) -> None:
    rep, office = full_of_words(hq)
    erasing_people.erase_person(at(rep), person(rep))
    accounts.edit_contact(at(office), person(office), {"note": "quetzal, later and sent first"})
    office.sync()
    rounds(rep, office)
    assert list(traces_at_hq(hq)) == []
    assert [*traces_here(office), *traces_here(rep)] == []


def test_what_waits_about_other_customers_keeps_its_words(hq: Headquarters) -> None:
    """A refusal about somebody else's telephone that is gone: the person's own words stay."""
    rep, _office = full_of_words(hq)
    with rep.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO refusal (seq, txn, entity, uid, code, sentence, fields, at) VALUES"
            " (9001, 9001, 'contact_point', ?, 'gone', 'It is gone.', '{}', '2026-11-20')",
            (b"\x07" * 16,),
        )
    erasing_people.erase_person(at(rep), person(rep))
    rounds(rep)
    assert rep.rows("SELECT fields FROM refusal WHERE seq = 9001") == [("{}",)]


def test_a_round_looks_for_words_only_where_there_may_be_some(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, office = full_of_words(hq)
    erasing_people.erase_person(at(rep), person(rep))
    rounds(rep, office)
    looked = []
    forget = erased_words.forget_words
    monkeypatch.setattr(
        forgetting, "forget_words", lambda *args, **more: looked.append(1) or forget(*args, **more)
    )
    accounts.edit_account(at(rep), account(rep), {"channel": "bar"})
    rounds(rep, office)
    assert looked == []
    # A laptop that died between the news and this step makes it good in its next round.
    with rep.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO unknown_field (entity, uid, fields) SELECT 'contact', uid, '{}'"
            " FROM contact WHERE erased_at IS NOT NULL"
        )
        history.owe(connection)
    rep.sync()
    assert looked == [1] and rep.rows("SELECT 1 FROM unknown_field") == []
