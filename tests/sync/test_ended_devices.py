"""Devices that end: retired with their work in quarantine, lost, cloned, changing hands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmdesk.domain.errors import NotFound, Refused, UserError
from crmdesk.hq.access import quarantine
from crmdesk.hq.administration import admin
from crmdesk.hq.exchange import editing, taking_over
from crmdesk.storage import profile
from crmdesk.sync import client, leaving
from crmdesk.sync.protocol import PROTOCOL_VERSION, PullRequest
from crmdesk.sync.reading import lines
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, submit_order
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq


def prefix(laptop: Laptop) -> str:
    return laptop.fact("device.prefix")


def audited(hq: Headquarters, action: str) -> int:
    return int(hq.one("SELECT count(*) FROM audit WHERE action = %s", action))


def litter(laptop: Laptop) -> None:
    """What restores and crashes may have left of older states."""
    for name in ("backups/before-restore-1", "attachments", "restoring", ".restore-x/ready"):
        (laptop.folder / name).mkdir(parents=True, exist_ok=True)
        (laptop.folder / name / "customers").write_bytes(b"left over")
        (laptop.folder / name / "key.json").write_bytes(b'{"way": "open", "key": "00"}')


def is_destroyed(laptop: Laptop) -> bool:
    laptop.database.dispose()
    left = [path.name for path in laptop.folder.rglob("*") if path.is_file()]
    return not profile.exists(laptop.folder) and all(
        name.endswith((".lock", ".log")) for name in left
    )


def test_a_retired_device_leaves_its_work_in_quarantine_and_destroys_itself(
    hq: Headquarters,
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "last words")
    submit_order(one, "C1", "R1", "R01-00001")
    admin.end_device(hq.store, prefix(one), "retired")
    litter(one)

    with pytest.raises(Refused) as caught:
        one.sync()

    assert caught.value.code == "retired"
    assert is_destroyed(one)
    assert hq.rows("SELECT status FROM hq_device WHERE status <> 'active'") == [("retired",)]
    assert hq.rows("SELECT 1 FROM note") == hq.rows("SELECT 1 FROM sales_order") == []
    with hq.store.transaction() as connection:
        held = quarantine.held(connection)
    assert [(txn.prefix, txn.user_code, len(txn.ops)) for txn in held] == [
        ("R01", "R1", 1), ("R01", "R1", 2),
    ]  # fmt: skip
    assert b"last words" in bytes(held[0].ops[0].fields)
    assert audited(hq, "quarantined") == audited(hq, "device-retired") == 1


def test_what_is_held_is_taken_over_in_the_user_s_name_though_the_customer_has_moved(
    hq: Headquarters,
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(one, "C0", "R1", "last words")
    one.run("UPDATE account SET payment_terms_days = 90, channel = 'bar' WHERE code = 'C0'")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    admin.end_device(hq.store, prefix(one), "retired")
    with pytest.raises(Refused):
        one.sync()

    taken = taking_over.take_over(hq.store, "R01", hq.now_ms())

    assert [t.refused for t in taken] == ["", ""]
    two.sync()
    assert two.rows(
        "SELECT n.text, u.code FROM note n JOIN app_user u ON u.id = n.user_id"
    ) == [("last words", "R1")]  # fmt: skip
    # What only the office changes is proposed, not done.
    assert two.rows("SELECT channel, payment_terms_days FROM account WHERE code = 'C0'") == [
        ("bar", 30)
    ]
    assert hq.rows("SELECT field, proposed FROM proposal") == [("payment_terms_days", 90)]
    assert audited(hq, "quarantine-taken") == 1
    with pytest.raises(NotFound):
        taking_over.take_over(hq.store, "R01", hq.now_ms())


def test_what_cannot_stand_stays_held_and_may_be_dismissed(hq: Headquarters) -> None:
    one = hq.join("R1")
    one.run("UPDATE product SET name = 'hacked' WHERE sku = 'SKU1'")
    admin.end_device(hq.store, prefix(one), "retired")
    with pytest.raises(Refused):
        one.sync()

    [result] = taking_over.take_over(hq.store, "R01", hq.now_ms())
    assert "office" in result.refused
    assert quarantine.dismiss(hq.store, "R01", [result.number]) == 1

    assert hq.rows("SELECT state FROM quarantine") == [("dismissed",)]
    assert hq.one("SELECT name FROM product WHERE sku = 'SKU1'") == "Product 1"
    assert audited(hq, "quarantine-dismissed") == 1


def test_a_lost_answer_to_the_last_words_brings_them_once(hq: Headquarters, wire: Wire) -> None:
    from crmdesk.domain.errors import Unreachable
    from tests.sync.faults import FaultyTransport

    one = hq.join("R1")
    add_note(one, "C0", "R1", "last words")
    admin.end_device(hq.store, prefix(one), "retired")
    lossy = FaultyTransport(
        wire(hq.url), lambda path, n: "lose-response" if path == "/v1/push" and n == 1 else ""
    )
    with pytest.raises(Unreachable):
        one.sync(lossy)
    assert profile.exists(one.folder)

    with pytest.raises(Refused):
        one.sync()

    assert is_destroyed(one)
    assert hq.one("SELECT count(*) FROM quarantine") == 1


def test_nothing_written_while_it_leaves_is_lost(hq: Headquarters) -> None:
    one = hq.join("R1")
    admin.end_device(hq.store, prefix(one), "retired")
    original = leaving.leave

    def leave(*args: object) -> None:
        add_note(one, "C0", "R1", "at the last moment")
        original(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "leave", leave)
        with pytest.raises(Refused):
            one.sync()
    assert is_destroyed(one)
    assert b"at the last moment" in hq.one("SELECT op FROM quarantine").encode()


def test_a_lost_device_destroys_itself_and_the_office_hears_what_may_be_lost(
    hq: Headquarters, wire: Wire
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "never sent")
    session = session_of(one, wire(hq.url))
    session.waiting = one.waiting
    session.reach()

    before = admin.end_device(hq.store, prefix(one), "wiped")

    assert (before.user_code, before.waiting) == ("R1", 1)
    assert hq.one("SELECT detail FROM audit WHERE action = 'device-wiped'") == {
        "device": "R01", "waiting": 1,
    }  # fmt: skip
    litter(one)
    with pytest.raises(Refused) as caught:
        one.sync()
    assert caught.value.code == "wiped"
    assert is_destroyed(one)
    assert hq.one("SELECT count(*) FROM note") == 0
    with pytest.raises(UserError, match="ended already"):
        admin.end_device(hq.store, "R01", "retired")


def test_case_32_an_ended_device_gets_nothing_from_its_next_request_on(
    hq: Headquarters, wire: Wire
) -> None:
    """The token is good for a quarter of an hour; the device row is looked at every time."""
    one = hq.join("R1")
    session = session_of(one, wire(hq.url))
    epoch = session.epoch()
    admin.reassign_territory(hq.store, ["C4"], "T1", now_ms=hq.now_ms())
    asked = PullRequest(PROTOCOL_VERSION, epoch, "", {f"t/{company.T1.hex()}": 0})
    assert b"Person 4" in b"\n".join(lines([session.post("/v1/pull", asked)]))

    for how, code in (("retired", "retiring"), ("wiped", "wiped")):
        admin.end_device(hq.store, prefix(one), how)
        for path in ("/v1/pull", "/v1/snapshot"):
            with pytest.raises(Refused) as caught:
                session.post(path, asked)
            assert caught.value.code == code, path
    with pytest.raises(Refused) as caught:
        session.post("/v1/push", asked)
    assert caught.value.code in {"wiped", "malformed"}
    add_note(one, "C0", "R1", "too late")
    with pytest.raises(Refused):
        one.sync()
    assert is_destroyed(one)
    assert hq.one("SELECT count(*) FROM note") == hq.one("SELECT count(*) FROM quarantine") == 0


def test_a_user_who_has_left_the_company_gets_nothing(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "kept here")
    editing.update_rows(hq.store, "user", [company.R1.hex()], {"active": 0}, hq.now_ms())

    with pytest.raises(Refused) as caught:
        one.sync()

    assert caught.value.code == "inactive"
    assert (one.waiting(), hq.one("SELECT count(*) FROM note")) == (1, 0)
    editing.update_rows(hq.store, "user", [company.R1.hex()], {"active": 1}, hq.now_ms())
    assert one.sync().sent == 1


def test_a_user_moved_between_territories_changes_customers(hq: Headquarters) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(two, "C5", "R2", "of before")
    two.sync()
    link = hq.one(
        "SELECT encode(uuid_send(uid),'hex') FROM territory_user WHERE user_id = %s",
        company.R1.hex(),
    )
    editing.delete_row(hq.store, "territory_user", link, hq.now_ms())
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())

    one.sync()

    assert one.rows("SELECT code FROM account ORDER BY code") == [("C4",), ("C5",)]
    assert one.rows("SELECT text FROM note") == [("of before",)]
    add_note(one, "C4", "R1", "of the new one")
    assert one.sync().refusals == 0
    two.sync()
    assert two.rows("SELECT text FROM note ORDER BY text") == [("of before",), ("of the new one",)]


def test_one_laptop_in_two_hands_shows_neither_what_the_other_has(hq: Headquarters) -> None:
    """One profile per device and user: another file, another key, another device at HQ."""
    one, two = hq.join("R1", "shared"), hq.join("R2", "shared")
    one.run(
        "INSERT INTO lead (uid, user_id, name) SELECT randomblob(16), id, 'Hotel Secreto'"
        " FROM app_user WHERE code = 'R1'"
    )
    add_note(one, "C0", "R1", "between us")
    one.sync()
    two.sync()

    assert one.fact("device.uid") != two.fact("device.uid")
    assert prefix(one) != prefix(two)
    for secret in ("Hotel Secreto", "between us", company.NAMES[0]):
        for name in ("lead", "note", "account"):
            rows = two.rows(f"SELECT * FROM {name}")
            assert secret not in repr(rows), name
    two.database.dispose()
    files = [path for path in two.folder.rglob("*") if path.is_file()]
    assert not any(b"Hotel Secreto" in path.read_bytes() for path in files)


def test_the_enrolment_of_a_device_is_audited(hq: Headquarters) -> None:
    hq.join("R1", "first")
    hq.join("R1", "second")
    assert audited(hq, "enrol") >= 2
    assert hq.one("SELECT max(at) FROM audit") <= datetime.now(UTC)
