"""After a purge no name of a customer that left is in any byte of the profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyascii import anyascii

from crmdesk.domain.ids import new_uid
from crmdesk.hq.administration import admin
from crmdesk.hq.exchange import editing
from crmdesk.storage.engine import Database
from crmdesk.sync import erasing
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, submit_order
from tests.sync.every_row import fill
from tests.sync.plain_files import plaintext

pytestmark = pytest.mark.hq

SECRET = "Zyxomma Quetzal"
"""The first word of everything that belongs to the customer that leaves."""

WORDS = ("Zyxomma", "zyxomma", "Quetzal", "quetzal", "Ñandú", "ñandú", "nandu", "Nandu")


def traces(folder: Path) -> Iterator[str]:
    """Where a word of the customer still stands, as text or in Latin letters."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for word in WORDS:
            for written in {word.encode(), word.encode("utf-16-le"), anyascii(word).encode()}:
                if written in data:
                    yield f"{path.name}: {word}"


@pytest.fixture
def leaving(hq: Headquarters) -> Iterator[Laptop]:
    """R1's plaintext laptop full of words about C0, which moves to R2 at HQ."""
    office, one = hq.join("O1"), plaintext(hq.join("R1"))
    hq.laptops.append(one)
    uid = company.ACCOUNTS[0].hex()
    editing.update_rows(
        hq.store, "account", [uid],
        {"name": f"{SECRET} Ñandú", "street": f"{SECRET} street", "description": SECRET},
        hq.now_ms(),
    )  # fmt: skip
    for entity, values in (
        ("contact", {"name": f"{SECRET} person", "note": SECRET}),
        ("site", {"name": f"{SECRET} site", "street": SECRET}),
        ("attachment", {"name": f"{SECRET}.jpg", "sha256": "ab" * 32, "size": 9}),
    ):
        editing.insert_row(hq.store, entity, {**values, "account_id": uid}, hq.now_ms())
    one.sync()
    office.sync()
    # Own words of every kind: sent ones, a merge that was lost, one that was won, an order.
    add_note(one, "C0", "R1", f"{SECRET} in a note")
    one.run("UPDATE account SET city = ? WHERE code = 'C0'", f"{SECRET} city")
    office.run("UPDATE account SET segment = ? WHERE code = 'C0'", f"{SECRET} of the office")
    office.sync()
    one.run("UPDATE account SET segment = 'mine', channel = 'x' WHERE code = 'C0'")
    one.run(
        "INSERT INTO ticket (uid, account_id, number, subject, date, opened_at)"
        " SELECT ?, id, 'T-1', ?, '2026-01-01', '2026-01-01T00:00:00.000Z' FROM account"
        " WHERE code = 'C0'",
        new_uid(), SECRET,
    )  # fmt: skip
    submit_order(one, "C0", "R1", "R01-00001")
    one.run("UPDATE contact SET note = ? WHERE name LIKE ?", f"{SECRET} again", f"{SECRET}%")
    one.sync()
    assert one.rows("SELECT 1 FROM conflict") != []
    (one.folder / "attachments").mkdir(exist_ok=True)
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    yield one


def test_case_17_after_a_purge_no_byte_names_the_customer(
    hq: Headquarters, leaving: Laptop
) -> None:
    assert {word for word in WORDS if any(word in t for t in traces(leaving.folder))} >= {
        "Zyxomma", "zyxomma", "Ñandú", "nandu",
    }  # fmt: skip

    leaving.sync()

    assert leaving.rows("SELECT code FROM account ORDER BY code") == [("C1",), ("C2",), ("C3",)]
    # With the database open, as it stays for days, and after it is closed.
    assert list(traces(leaving.folder)) == []
    leaving.database.dispose()
    assert list(traces(leaving.folder)) == []


def test_a_reader_in_the_way_only_puts_the_wiping_off(hq: Headquarters, leaving: Laptop) -> None:
    with leaving.database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM account").scalar()
        leaving.sync()
        assert leaving.fact(erasing.UNTIDY) == "1"
    leaving.sync()
    assert leaving.rows("SELECT 1 FROM profile WHERE key = ?", erasing.UNTIDY) == []
    assert list(traces(leaving.folder)) == []


def test_a_territory_that_is_taken_away_leaves_no_byte_either(
    hq: Headquarters, leaving: Laptop
) -> None:
    link = hq.one(
        "SELECT encode(uuid_send(uid),'hex') FROM territory_user WHERE user_id = %s",
        company.R1.hex(),
    )
    editing.delete_row(hq.store, "territory_user", link, hq.now_ms())
    leaving.sync()
    assert leaving.rows("SELECT 1 FROM account") == []
    assert list(traces(leaving.folder)) == []


def test_own_words_that_hq_refused_stay_readable_without_hq_s(
    hq: Headquarters, leaving: Laptop
) -> None:
    add_note(leaving, "C0", "R1", "my own words, written offline")
    leaving.sync()
    assert leaving.rows("SELECT code, hq_row FROM refusal") == [("scope", None)]
    assert "my own words" in leaving.one("SELECT fields FROM refusal")


def test_every_kind_of_row_of_a_customer_leaves(hq: Headquarters, tmp_path: Path) -> None:
    """One row of every entity, with all its fields, before and after."""
    office = hq.join("O1")
    fill(office)
    assert office.sync().refusals == 0
    code = hq.one("SELECT code FROM account WHERE code NOT LIKE 'C_'")
    admin.reassign_territory(hq.store, [code], "T1", now_ms=hq.now_ms())
    one = plaintext(hq.join("R1"))
    hq.laptops.append(one)
    one.sync()
    (name,) = one.rows("SELECT name FROM account WHERE code = ?", code)[0]
    admin.reassign_territory(hq.store, [code], "T2", now_ms=hq.now_ms())
    one.sync()

    assert one.rows("SELECT 1 FROM account WHERE code = ?", code) == []
    for path in one.folder.rglob("*.db*"):
        assert str(name).encode() not in path.read_bytes()
        assert b"contact name" not in path.read_bytes()


def test_the_plain_copy_is_a_whole_profile(hq: Headquarters) -> None:
    one = plaintext(hq.join("R1"))
    assert isinstance(one.database, Database)
    assert one.sync().waiting == 0
    one.database.dispose()
