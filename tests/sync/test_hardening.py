"""What would wedge a careless sync: exchanged codes, big steps, restores, deleted parents."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from crmdesk.domain.errors import Refused
from crmdesk.domain.ids import new_uid
from crmdesk.hq.access import auth
from crmdesk.hq.administration import admin
from crmdesk.hq.database import schema
from crmdesk.hq.exchange import editing
from crmdesk.sync import client
from crmdesk.sync.uploading import waiting_txns
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq


def test_two_customers_may_exchange_their_codes(hq: Headquarters) -> None:
    one = hq.join("R1")
    uids = [a.hex() for a in company.ACCOUNTS[:2]]
    for number, code in ((0, "X"), (1, "C0"), (0, "C1")):
        editing.update_rows(hq.store, "account", [uids[number]], {"code": code}, hq.now_ms())

    one.sync()

    assert one.rows("SELECT code, name FROM account ORDER BY code LIMIT 2") == [
        ("C0", company.NAMES[1]), ("C1", company.NAMES[0]),
    ]  # fmt: skip


def test_nobody_enrols_while_there_is_no_company(hq: Headquarters) -> None:
    code = hq.code("R1")
    with hq.store.transaction() as connection:
        connection.execute("UPDATE organisation SET deleted = true")
        with pytest.raises(Refused, match="no company") as caught:
            auth.enrol(connection, code, "laptop", datetime.now(UTC), "e")
        assert caught.value.code == "no-company"
        connection.execute("UPDATE organisation SET deleted = false")
        assert auth.enrol(connection, code, "laptop", datetime.now(UTC), "e").organisation


def test_the_same_product_listed_on_both_sides_ends_as_one(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    for laptop, note in ((office, "office"), (one, "rep")):
        laptop.run(
            "INSERT INTO account_product (uid, account_id, product_id, note)"
            " SELECT ?, a.id, p.id, ? FROM account a, product p"
            " WHERE a.code = 'C0' AND p.sku = 'SKU0'",
            new_uid(), note,
        )  # fmt: skip
    office.sync()

    report = one.sync()

    assert report.refusals == 1
    assert one.rows("SELECT note FROM account_product") == [("office",)]
    assert "rep" in one.one("SELECT fields FROM refusal")


def test_a_large_step_goes_in_parts_and_arrives(hq: Headquarters) -> None:
    one = hq.join("R1")
    with one.database.write() as tx:
        for number in range(250):
            tx.connection.exec_driver_sql(
                "INSERT INTO note (uid, account_id, text, at, date) SELECT ?, id, ?,"
                " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account WHERE code = 'C0'",
                (new_uid(), f"note {number}"),
            )
    add_note(one, "C1", "R1", "after it")
    with one.database.read() as connection:
        first = waiting_txns(connection, limit=100)
        whole = waiting_txns(connection, limit=251)
    assert [len(txn.ops) for txn in first] == [100]
    assert [len(txn.ops) for txn in whole] == [250, 1]

    assert one.sync().sent == 251
    assert hq.one("SELECT count(*) FROM note") == 251


def test_a_step_that_does_not_fit_waits_whole_for_the_next_request(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "single")
    with one.database.write() as tx:
        for number in range(3):
            tx.connection.exec_driver_sql(
                "INSERT INTO note (uid, account_id, text, at, date) SELECT ?, id, ?,"
                " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account WHERE code = 'C0'",
                (new_uid(), f"pair {number}"),
            )
    with one.database.read() as connection:
        for limit, expected in ((1, [1]), (2, [1]), (3, [1]), (4, [1, 3])):
            found = waiting_txns(connection, limit=limit)
            assert [len(txn.ops) for txn in found] == expected


def test_a_person_others_refer_to_is_not_deleted_under_them(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    contact = company.CONTACTS[0]
    one.run(
        "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
        " SELECT ?, account_id, id, 'phone', '+34 600 000 000' FROM contact WHERE uid = ?",
        new_uid(), contact,
    )  # fmt: skip
    one.sync()
    office.run("DELETE FROM contact WHERE uid = ?", contact)

    assert office.sync().refusals == 1

    assert office.rows("SELECT code FROM refusal") == [("still-needed",)]
    assert office.rows("SELECT name FROM contact WHERE uid = ?", contact) == [("Person 0",)]
    assert office.one("SELECT count(*) FROM contact_point") == 1


def test_nothing_new_hangs_on_a_deleted_person(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    contact = company.CONTACTS[0]
    office.run("DELETE FROM contact WHERE uid = ?", contact)
    office.sync()
    one.run(
        "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
        " SELECT ?, account_id, id, 'phone', '+34 600 000 000' FROM contact WHERE uid = ?",
        new_uid(), contact,
    )  # fmt: skip

    assert one.sync().refusals == 1

    assert one.rows("SELECT 1 FROM contact WHERE uid = ?", contact) == []
    assert one.rows("SELECT 1 FROM contact_point") == []
    assert "600 000 000" in one.one("SELECT fields FROM refusal")
    assert one.waiting() == 0


def test_a_deletion_meets_an_edit_and_the_edit_stays(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    contact = company.CONTACTS[1]
    office.run("UPDATE contact SET job = 'owner' WHERE uid = ?", contact)
    office.sync()
    one.run("DELETE FROM contact WHERE uid = ?", contact)

    assert one.sync().conflicts == 1

    assert one.rows("SELECT job FROM contact WHERE uid = ?", contact) == [("owner",)]
    assert one.rows("SELECT kind, kept FROM conflict") == [("delete", "theirs")]


def test_a_deleted_row_leaves_the_others(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    one.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[1])
    one.sync()
    office.sync()
    assert office.one("SELECT count(*) FROM contact") == 5
    assert hq.one("SELECT count(*) FROM contact WHERE deleted") == 1


def test_an_edit_made_during_the_round_is_neither_lost_nor_echoed(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    office.run("UPDATE account SET segment = 'B' WHERE code = 'C1'")
    office.sync()
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    push = client.Round._acknowledge

    def acknowledge(self: object, *args: object) -> None:
        one.run("UPDATE account SET description = 'in between' WHERE code = 'C1'")
        push(self, *args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.Round, "_acknowledge", acknowledge)
        patch.setattr(client.Round, "_push", _push_once(client.Round._push))
        report = one.sync()
    assert report.waiting == 1
    query = "SELECT channel, segment, description FROM account WHERE code = 'C1'"
    assert one.rows(query) == [("bar", "B", "in between")]

    assert one.sync().conflicts == 0
    office.sync()
    assert office.rows(query) == [("bar", "B", "in between")]


def _push_once(push: object) -> object:
    """Only the first request of a push, as if the edit came just after the journal was read."""

    def once(self: object) -> None:
        original = waiting_txns
        calls = iter([original])

        def first_only(connection: object, **options: object) -> object:
            found = next(calls, None)
            return [] if found is None else found(connection, **options)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(client, "waiting_txns", first_only)
            push(self)

    return once


def test_after_a_restore_laptops_offer_again_what_hq_lost(hq: Headquarters) -> None:
    """HQ forgets a note and an edit, as an older backup would, and starts a new epoch."""
    one, office = hq.join("R1"), hq.join("O1")
    add_note(one, "C0", "R1", "kept")
    one.sync()
    add_note(one, "C0", "R1", "lost and found")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    one.sync()
    office.sync()
    with hq.store.transaction() as connection:
        run = connection.execute
        run("DELETE FROM note WHERE text = 'lost and found'")
        run("UPDATE account SET channel = NULL, rev = 1, clocks = NULL WHERE code = 'C1'")
        run("DELETE FROM op_result WHERE seq > 1")
    schema.new_epoch(hq.store)
    hq.restart()

    report = one.sync()
    office.sync()

    assert report.refusals == 0
    assert sorted(hq.rows("SELECT text FROM note")) == [("kept",), ("lost and found",)]
    assert hq.one("SELECT channel FROM account WHERE code = 'C1'") == "bar"
    for laptop in (one, office):
        assert laptop.one("SELECT channel FROM account WHERE code = 'C1'") == "bar"
        assert laptop.one("SELECT count(*) FROM note") == 2
        assert laptop.fact("hq.epoch") == hq.one("SELECT value FROM hq_state WHERE key = 'epoch'")


def test_moving_many_customers_does_not_hold_up_a_push(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C3", "R1", "meanwhile")
    admin.reassign_territory(hq.store, ["C0", "C1", "C2"] * 1, "T2", now_ms=hq.now_ms())
    started = time.perf_counter()
    assert one.sync().sent == 1
    assert time.perf_counter() - started < 10
    assert one.rows("SELECT code FROM account") == [("C3",)]
