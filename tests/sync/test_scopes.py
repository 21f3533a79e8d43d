"""Nobody in where they do not belong: foreign rows, moved customers, ended devices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crmdesk.domain.errors import Refused, Unreachable
from crmdesk.domain.ids import new_uid
from crmdesk.hq.access import auth
from crmdesk.hq.administration import admin
from crmdesk.services.queries.sync import sync_centre
from crmdesk.services.workspace import workspace_of
from crmdesk.sync.protocol import PROTOCOL_VERSION, Op, PullRequest
from crmdesk.sync.reading import lines
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.crafted import craft, op
from tests.sync.edits import add_note, draft_order, submit_order
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq

FOREIGN = company.ACCOUNTS[5].hex()
OWN = company.ACCOUNTS[0].hex()


NOTE = {"text": [None, "x"], "at": [None, "2026-01-01T00:00:00.000Z"], "date": [None, "2026-01-01"]}


@pytest.mark.parametrize(
    "crafted",
    [
        op("U", "account", FOREIGN, FOREIGN, {"name": ["x", "stolen"]}),
        op("U", "account", FOREIGN, OWN, {"name": ["x", "stolen"]}),
        op("U", "contact", company.CONTACTS[5].hex(), OWN, {"name": ["x", "stolen"]}),
        op("D", "contact", company.CONTACTS[5].hex(), OWN, None),
        op("I", "note", new_uid().hex(), FOREIGN, {**NOTE, "account_id": [None, FOREIGN]}),
        op("I", "note", new_uid().hex(), OWN, {**NOTE, "account_id": [None, FOREIGN]}),
        op("I", "contact", company.CONTACTS[5].hex(), OWN,
           {"account_id": [None, OWN], "name": [None, "takes a foreign uid"]}),
        op("U", "contact", company.CONTACTS[0].hex(), OWN, {"account_id": [OWN, FOREIGN]}),
        op("I", "leave", new_uid().hex(), None,
           {"user_id": [None, company.R2.hex()], "from_date": [None, "2026-01-01"],
            "to_date": [None, "2026-01-02"]}),
        op("I", "spend", new_uid().hex(), None,
           {"kind": [None, "ad"], "date": [None, "2026-01-01"]}),
        op("U", "user", company.R1.hex(), None, {"role": ["rep", "admin"]}),
        op("I", "territory_user", new_uid().hex(), None,
           {"territory_id": [None, company.T2.hex()], "user_id": [None, company.R1.hex()]}),
        op("I", "account", new_uid().hex(), None,
           {"code": [None, "Z"], "name": [None, "z"], "territory_id": [None, company.T2.hex()]}),
        op("C", "account", FOREIGN, FOREIGN, {"command": "close", "args": {}}),
        op("L", "sale", company.uid(9, 500).hex(), FOREIGN, {"lines": []}),
    ],
    ids=lambda found: f"{found.op}-{found.entity}",
)  # fmt: skip
def test_case_16_a_crafted_write_is_refused_and_tells_nothing(
    hq: Headquarters, wire: Wire, crafted: Op
) -> None:
    one = hq.join("R1")
    before = hq.rows("SELECT md5(string_agg(t::text, '' ORDER BY uid)) FROM account t")

    answer = craft(hq, one, wire(hq.url), crafted).answers[0]

    assert answer.status == "r", answer
    assert answer.row is None or answer.row[0] != FOREIGN
    assert company.NAMES[5] not in msgspec.json.encode(answer).decode()
    after = hq.rows("SELECT md5(string_agg(t::text, '' ORDER BY uid)) FROM account t")
    assert before == after
    assert hq.one("SELECT count(*) FROM note") == 0
    assert (
        hq.one("SELECT name FROM contact WHERE uid = %s", company.CONTACTS[5].hex()) == "Person 5"
    )
    if answer.code == "scope":
        assert hq.one("SELECT count(*) FROM audit WHERE action = 'refused-scope'") == 1


def test_a_forged_cursor_opens_no_foreign_scope(hq: Headquarters, wire: Wire) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(two, "C5", "R2", "secret")
    two.sync()
    session = session_of(one, wire(hq.url))
    cursor = {f"t/{company.T2.hex()}": 0, f"u/{company.R2.hex()}": 0, "office": 0, "t/none": 0}
    request = PullRequest(PROTOCOL_VERSION, session.epoch(), "", cursor)

    page = b"\n".join(lines([session.post("/v1/pull", request)])).decode()

    assert "secret" not in page and company.NAMES[5] not in page
    assert set(msgspec.json.decode(page.splitlines()[0])["lost"]) == set(cursor)


def test_a_snapshot_of_a_foreign_scope_is_empty(hq: Headquarters, wire: Wire) -> None:
    from crmdesk.sync.protocol import SnapshotRequest

    one = hq.join("R1")
    session = session_of(one, wire(hq.url))
    request = SnapshotRequest(PROTOCOL_VERSION, [f"t/{company.T2.hex()}", "office"])
    with session.stream("/v1/snapshot", request) as chunks:
        text = b"\n".join(lines(chunks)).decode()
    assert company.NAMES[5] not in text
    assert text.splitlines()[-1] == '{"rows":0}'


def test_case_13_an_offline_edit_on_a_customer_that_moved_is_refused_kept_and_handed_over(
    hq: Headquarters,
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    add_note(one, "C0", "R1", "written offline")
    order = submit_order(one, "C0", "R1", "R01-00009")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())

    report = one.sync()
    two.sync()

    assert (report.refusals, report.waiting) == (3, 0)
    refused = one.rows("SELECT entity, code, fields FROM refusal ORDER BY seq")
    assert [(entity, code) for entity, code, _f in refused] == [
        ("order", "left"), ("note", "scope"), ("order", "scope"), ("order", "together"),
    ]  # fmt: skip
    refused = refused[1:]
    assert "written offline" in refused[0][2] and "SKU" not in refused[2][2]
    assert one.rows("SELECT 1 FROM account WHERE code = 'C0'") == []
    assert (
        two.rows("SELECT 1 FROM note")
        == []
        == hq.rows("SELECT 1 FROM sales_order WHERE uid = %s", order.hex())
    )
    # The new owner reads on the own laptop what was meant for the customer, and who wrote it.
    told = two.rows(
        "SELECT a.code, u.code, h.kind, h.content FROM handover h JOIN account a"
        " ON a.id = h.account_id JOIN app_user u ON u.id = h.user_id ORDER BY h.id"
    )
    assert [(code, by, kind) for code, by, kind, _c in told] == [("C0", "R1", "refused")] * 2
    assert any("written offline" in content for *_rest, content in told)
    assert any("R01-00009" in content for *_rest, content in told)
    assert one.rows("SELECT 1 FROM handover") == []
    one.sync()
    assert one.rows("SELECT code FROM refusal WHERE code = 'scope'") == [("scope",)] * 2


def test_a_draft_of_a_customer_that_left_stays_readable(hq: Headquarters) -> None:
    one = hq.join("R1")
    submit_order(one, "C0", "R1", "R01-00009")
    uid = draft_order(one, "C0", "R1", "R01-00010")
    draft_order(one, "C1", "R1", "R01-00011")
    add_note(one, "C0", "R1", "written offline")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())

    one.sync()

    assert one.rows("SELECT number FROM sales_order") == [("R01-00011",)]
    left = one.rows("SELECT uid, fields FROM refusal WHERE code = 'left' ORDER BY id")
    kept = next(json.loads(fields) for found, fields in left if found == uid)
    assert kept["number"] == [None, "R01-00010"] and kept["customer"] == company.NAMES[0]
    assert [line["quantity"] for line in kept["lines"]] == [2, 2]
    ws = workspace_of(one.folder, one.database, lambda: datetime.now(UTC))
    needs = {need.number: need for need in sync_centre(ws).needs}
    assert set(needs) == {"R01-00009", "R01-00010", ""}
    assert {need.name for need in needs.values()} == {company.NAMES[0]}
    assert "2 CS SKU0 Product 0; 2 CS SKU1 Product 1" in needs["R01-00010"].sentence
    assert needs["R01-00009"].amount_minor == needs["R01-00010"].amount_minor == 3998
    assert all(need.row_id is None for need in needs.values())


def test_a_private_row_given_to_somebody_else_leaves_with_its_news(
    hq: Headquarters, wire: Wire
) -> None:
    one, two, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    one.run(
        "INSERT INTO lead (uid, user_id, name) SELECT randomblob(16), id, 'Hotel' FROM app_user"
        " WHERE code = 'R1'"
    )
    one.sync()
    office.sync()
    position = one.one("SELECT position FROM sync_cursor WHERE scope = ?", f"u/{company.R1.hex()}")
    office.run(
        "UPDATE lead SET phone = 'secret', user_id = (SELECT id FROM app_user WHERE code = 'R2')"
    )
    assert office.sync().refusals == 0
    session = session_of(one, wire(hq.url))
    cursor = {f"u/{company.R1.hex()}": position}
    answer = session.post("/v1/pull", PullRequest(PROTOCOL_VERSION, session.epoch(), "", cursor))
    assert b"secret" not in b"\n".join(lines([answer]))

    one.sync()
    two.sync()

    assert one.rows("SELECT * FROM lead") == []
    assert two.rows("SELECT name, phone FROM lead") == [("Hotel", "secret")]
    office.run("UPDATE lead SET phone = 'more'")
    office.sync()
    assert one.sync().received == 0 and two.sync().received == 1
    office.run("UPDATE lead SET user_id = (SELECT id FROM app_user WHERE code = 'R1')")
    office.sync()
    one.sync()
    two.sync()
    assert one.rows("SELECT name, phone FROM lead") == [("Hotel", "more")]
    assert two.rows("SELECT * FROM lead") == []
    assert office.rows("SELECT phone FROM lead") == [("more",)]


def test_a_customer_that_left_waits_for_our_last_words(hq: Headquarters) -> None:
    """What is written between push and pull is answered before the rows are taken away."""
    one = hq.join("R1")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    from crmdesk.sync import downloading

    original = downloading._fetch

    def fetch(*args: object) -> None:
        add_note(one, "C0", "R1", "just now")
        original(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloading, "_fetch", fetch)
        one.sync()
    assert one.rows("SELECT code FROM account WHERE code = 'C0'") == [("C0",)]
    assert one.waiting() == 1

    assert one.sync().refusals == 1
    assert one.rows("SELECT code FROM account WHERE code = 'C0'") == []
    assert "just now" in one.one("SELECT fields FROM refusal")


def test_case_15_out_and_back_in_before_the_laptop_syncs_changes_nothing(hq: Headquarters) -> None:
    one = hq.join("R1")
    before = one.rows("SELECT * FROM account ORDER BY code")
    add_note(one, "C0", "R1", "written while it was away")
    for territory in ("T2", "T1", "T2", "T1"):
        admin.reassign_territory(hq.store, ["C0"], territory, now_ms=hq.now_ms())

    assert one.sync().refusals == 0
    assert hq.rows("SELECT text FROM note") == [("written while it was away",)]

    after = one.rows("SELECT * FROM account ORDER BY code")
    assert [row[3:] for row in after] == [row[3:] for row in before]
    assert one.one("SELECT count(*) FROM sale") == 12


def test_out_seen_and_back_in_brings_everything_again(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "mine")
    one.sync()
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    one.sync()
    assert one.one("SELECT count(*) FROM sale") == 9
    admin.reassign_territory(hq.store, ["C0"], "T1", now_ms=hq.now_ms())
    one.sync()

    assert one.one("SELECT count(*) FROM sale") == 12
    assert one.one("SELECT count(*) FROM sale_line") == 36
    assert one.rows("SELECT text FROM note") == [("mine",)]
    assert one.rows("SELECT rev FROM account WHERE code = 'C0'") == [(3,)]


def test_a_move_within_the_office_s_view_removes_nothing(hq: Headquarters) -> None:
    office = hq.join("O1")
    admin.reassign_territory(hq.store, ["C0", "C1"], "T2", now_ms=hq.now_ms())
    office.sync()
    assert office.one("SELECT count(*) FROM account") == 6
    assert office.one("SELECT count(*) FROM sale") == 18
    assert office.rows(
        "SELECT a.code FROM account a JOIN territory t ON t.id = a.territory_id"
        " WHERE t.code = 'T2' ORDER BY 1"
    ) == [("C0",), ("C1",), ("C4",), ("C5",)]


def test_a_gained_territory_is_fetched_and_a_lost_one_dropped(hq: Headquarters) -> None:
    one = hq.join("R1")
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())
    one.sync()
    assert one.one("SELECT count(*) FROM account") == 6
    assert one.one("SELECT count(*) FROM sale") == 18

    from crmdesk.hq.exchange import editing

    link = hq.one(
        "SELECT encode(uuid_send(uid),'hex') FROM territory_user"
        " WHERE territory_id = %s AND user_id = %s",
        company.T1.hex(),
        company.R1.hex(),
    )
    editing.delete_row(hq.store, "territory_user", link, hq.now_ms())
    one.sync()

    assert one.rows("SELECT code FROM account ORDER BY code") == [("C4",), ("C5",)]
    assert one.one("SELECT count(*) FROM contact") == 2
    assert one.one("SELECT count(*) FROM sale_line") == 18
    assert one.rows("PRAGMA foreign_key_check") == []


def test_a_token_lives_at_most_a_quarter_of_an_hour() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    secret, device = "ab" * 32, company.R1.hex()
    token = auth.make_token(secret, device, now)
    assert auth.read_token(secret, token, now + timedelta(minutes=14)) == device
    for wrong, at in (
        (token, now + timedelta(minutes=15, seconds=1)),
        (token[:-2] + "AA", now),
        ("", now),
        ("é", now),
    ):
        with pytest.raises(Refused):
            auth.read_token(secret, wrong, at)
    with pytest.raises(Refused):
        auth.read_token("cd" * 32, token, now)


def test_a_proposed_move_does_not_hide_a_customer_from_the_loss_of_its_territory(
    hq: Headquarters,
) -> None:
    """The laptop shows it in T2 already when T1 is taken from its rep; R1 has neither."""
    from crmdesk.hq.exchange import editing

    one = hq.join("R1")
    one.run("UPDATE account SET territory_id = (SELECT id FROM territory WHERE code = 'T2')"
            " WHERE code = 'C1'")  # fmt: skip
    link = company.uid(7, 1).hex()
    editing.delete_row(hq.store, "territory_user", link, hq.now_ms())

    assert one.sync().refusals == 1

    assert one.rows("SELECT code FROM account") == []
    assert one.rows("SELECT 1 FROM sale UNION ALL SELECT 1 FROM contact") == []
    assert one.sync().received == 0


def test_case_12_a_deletion_is_heard_although_its_customer_moved_within_reach(
    hq: Headquarters,
) -> None:
    """The office sees both territories: the customer never leaves it, nor does what was deleted."""
    one, office = hq.join("R1"), hq.join("O1")
    one.run("DELETE FROM contact WHERE account_id = (SELECT id FROM account WHERE code = 'C1')")
    one.sync()
    admin.reassign_territory(hq.store, ["C1"], "T2", now_ms=hq.now_ms())

    office.sync()

    assert office.one(
        "SELECT count(*) FROM contact c JOIN account a ON a.id = c.account_id WHERE a.code = 'C1'"
    ) == 0  # fmt: skip


def test_a_deletion_is_heard_although_its_customer_moved_into_a_territory_gained_at_once(
    hq: Headquarters,
) -> None:
    """The old territory is silent about it by then, and the snapshot of the new has no tombstones.

    What waits to be sent stays until HQ has answered it.
    """
    one, other = hq.join("R1"), hq.join("O1")
    inside = (
        "SELECT c.name FROM contact c JOIN account a ON a.id = c.account_id WHERE a.code = 'C1'"
    )
    other.run("DELETE FROM contact WHERE account_id = (SELECT id FROM account WHERE code = 'C1')")
    other.sync()
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())
    admin.reassign_territory(hq.store, ["C1"], "T2", now_ms=hq.now_ms())
    assert one.rows(inside) != []
    add_note(one, "C1", "R1", "said before the move was known")

    one.sync()

    assert one.rows(inside) == []
    assert one.one("SELECT count(*) FROM note WHERE text LIKE 'said before%'") == 1
    assert one.one("SELECT count(*) FROM contact") == 5
    assert hq.one("SELECT count(*) FROM note WHERE text = 'said before the move was known'") == 1


def test_a_proposed_move_into_a_held_territory_does_not_hide_the_loss_of_the_other(
    hq: Headquarters,
) -> None:
    """R1 has both; HQ refuses the move, because T1 with the customer is taken from R1 meanwhile."""
    from crmdesk.hq.exchange import editing

    one = hq.join("R1")
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())
    one.sync()
    one.run("UPDATE account SET territory_id = (SELECT id FROM territory WHERE code = 'T2')"
            " WHERE code = 'C1'")  # fmt: skip
    editing.delete_row(hq.store, "territory_user", company.uid(7, 1).hex(), hq.now_ms())

    assert one.sync().refusals == 1

    assert one.rows("SELECT code FROM account ORDER BY code") == [("C4",), ("C5",)]
    assert one.one("SELECT count(*) FROM contact") == 2
    assert one.sync().received == 0


def test_an_edit_refused_while_its_territory_was_away_does_not_stay_when_it_is_back(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out when the edit arrives, in again when the laptop looks: the feed has nothing to tell."""
    from crmdesk.hq.exchange import editing
    from crmdesk.sync import client

    one = hq.join("R1")
    before = one.rows("SELECT uid, rev, job FROM contact ORDER BY uid")
    one.run("UPDATE contact SET job = 'typed' WHERE uid = ?", before[0][0])
    editing.delete_row(hq.store, "territory_user", company.uid(7, 1).hex(), hq.now_ms())

    def cut(*_: object, **__: object) -> None:
        raise Unreachable("cut")

    with monkeypatch.context() as patch:
        patch.setattr(client, "download", cut)
        with pytest.raises(Unreachable):
            one.sync()
    assert one.one("SELECT count(*) FROM refusal") == 1
    admin.assign_user(hq.store, "R1", "T1", now_ms=hq.now_ms())

    one.sync()
    one.sync()

    assert one.rows("SELECT uid, rev, job FROM contact ORDER BY uid") == before
