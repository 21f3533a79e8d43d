"""Hard cases of delivery, order, merge and clocks, told on the whole company in one process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from crmdesk.domain.errors import Unreachable, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.database import feed
from crmdesk.hq.running.endpoints import Call, answer
from crmdesk.services.settling import restore_other
from crmdesk.services.workspace import workspace_of
from crmdesk.storage import capture
from crmdesk.sync import schedule
from crmdesk.sync.client import Syncer
from crmdesk.sync.protocol import PROTOCOL_VERSION, Op, PushRequest, PushResponse, Txn
from tests.sync import actions, company
from tests.sync.oracle import check_world
from tests.sync.virtual import Line, Trouble
from tests.sync.world import Peer, Stage, World

pytestmark = pytest.mark.hq

_NOTE = (
    "INSERT INTO note (uid, account_id, user_id, text, at, date) SELECT ?, a.id, u.id, ?,"
    " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account a, app_user u"
    " WHERE a.code = ? AND u.code = ?"
)


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A company whose laptops are at rest."""
    made = World(stage)
    yield made
    made.close()


def note(peer: Peer, text: str, account: str = "C0") -> None:
    peer.run(_NOTE, new_uid(), text, account, peer.user)
    peer.note_accepted()


def describe(peer: Peer, text: str, column: str = "description", account: str = "C1") -> None:
    peer.run(f"UPDATE account SET {column} = ? WHERE code = ?", text, account)
    peer.note_accepted()


def described(peer: Peer, column: str = "description") -> str:
    return str(peer.one(f"SELECT {column} FROM account WHERE code = 'C1'"))


# -- delivery --------------------------------------------------------------------------------


def test_case_02_requests_that_arrive_twice_or_late_count_once(world: World) -> None:
    north, office = world.peers["north"], world.peers["office"]
    note(north, "once")
    describe(north, "first")
    assert world.sync("north", Trouble("twice", "push")) is not None
    describe(north, "second")
    world.sync("north")
    world.sync("office")
    describe(office, "third")
    world.sync("office")

    for which in (1, 0):
        north.line.replay(which)

    world.rest()
    check_world(world)
    assert world.rows("SELECT text FROM note") == [("once",)]
    assert described(office) == described(north) == "third"


def test_case_03_a_laptop_that_dies_between_any_two_statements_loses_and_doubles_nothing(
    world: World,
) -> None:
    """Every statement and every commit of a round that pushes, acknowledges and applies."""
    north, office = world.peers["north"], world.peers["office"]
    for statement in range(1, 400):
        note(north, f"mine {statement}")
        describe(north, f"d{statement}")
        actions.submit_order(world, north, statement, 1, 1)
        north.note_accepted()
        note(office, f"theirs {statement}", "C1")
        world.sync("office")
        if not world.crash_during_sync("north", statement):
            break
        world.sync("north")
        assert north.one("SELECT applying FROM sync_state") == 0
        assert north.waiting() == 0
    assert statement > 40
    world.rest()
    check_world(world, files=True)
    assert north.rows("SELECT 1 FROM refusal UNION ALL SELECT 1 FROM conflict") == []
    assert north.one("SELECT count(*) FROM note") == 2 * statement


def test_case_04_a_server_that_dies_mid_push_leaves_each_step_wholly_in_or_out(
    world: World,
) -> None:
    north = world.peers["north"]
    for statement in range(60):
        with north.database.write() as tx:
            for part in ("a", "b"):
                tx.connection.exec_driver_sql(
                    _NOTE, (new_uid(), f"{statement}{part}", "C0", north.user)
                )
        north.note_accepted()
        trouble = Trouble("server-dies", "push", at=statement)
        world.sync("north", trouble)
        assert trouble.happened
        taken = {str(text) for (text,) in world.rows("SELECT text FROM note")}
        assert {t[:-1] for t in taken if t[-1] == "a"} == {t[:-1] for t in taken if t[-1] == "b"}
        world.sync("north")
    world.rest()
    check_world(world)
    assert world.one("SELECT count(*) FROM note") == 120


def test_case_07_a_failed_upload_retries_by_itself(world: World) -> None:
    """Nobody asks for anything; the network is away for five minutes."""
    north = world.peers["north"]
    rounds = schedule.Schedule(schedule.Pace(), lambda: 0.5)
    rounds.start(0.0)
    note(north, "sent in the end")
    rounds.note_change(0.0)
    for now in range(1_200):
        if not rounds.is_due(now):
            continue
        rounds.begin(now)
        north.line.trouble = Trouble("lose-request") if now < 300 else None
        error: Exception | None = None
        try:
            north.sync()
        except Unreachable as found:
            error = found
        rounds.end(now, schedule.outcome_of(error))
    assert world.rows("SELECT text FROM note") == [("sent in the end",)]
    assert north.waiting() == 0


# -- order -----------------------------------------------------------------------------------


def test_case_09_a_transaction_left_open_holds_nobody_else_up(world: World) -> None:
    """It has changed rows of the same scope, before everybody else, and commits last."""
    north, north2, office = (world.peers[name] for name in ("north", "north2", "office"))
    with psycopg.connect(world.stage.url) as idle:
        uid, account = company.uid(90, 1).hex(), company.ACCOUNTS[3].hex()
        idle.execute(
            "INSERT INTO note (account_id, uid, text, at, date)"
            " VALUES (%s, %s, 'an hour later', now(), '2026-01-01')",
            (account, uid),
        )
        feed.announce(idle, [(f"t/{company.T1.hex()}", "note", uid, account)])
        started = time.monotonic()
        note(north, "flows")
        describe(office, "flows too")
        for name in ("north", "office", "north2", "north"):
            world.sync(name)
        assert [described(peer) for peer in (north, north2)] == ["flows too"] * 2
        assert north2.rows("SELECT text FROM note") == [("flows",)]
        assert time.monotonic() - started < 15
        idle.commit()
    world.rest()
    check_world(world)
    assert sorted(north2.rows("SELECT text FROM note")) == [("an hour later",), ("flows",)]


@pytest.mark.parametrize("path", ["push", "pull"])
def test_case_10_an_edit_made_during_a_round_is_neither_lost_nor_echoed(
    world: World, path: str
) -> None:
    north, office = world.peers["north"], world.peers["office"]
    describe(office, "B", "segment")
    world.sync("office")
    if path == "push":
        describe(north, "bar", "channel")

    world.sync("north", Trouble("meanwhile", path, action=lambda: describe(north, "in between")))

    assert (described(north), described(north, "segment")) == ("in between", "B")
    world.rest()
    check_world(world)
    assert described(office) == described(north) == "in between"
    assert north.rows("SELECT 1 FROM conflict") == []


class OldNews(Line):
    """A line on which a proxy gives the answers to pulls of before once more."""

    old: list[bytes]

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        if path.endswith("pull") and self.old:
            return self.old.pop(0)
        return super().post(path, body, token)


def test_case_11_a_laptop_never_shows_older_after_newer(world: World) -> None:
    north, office = world.peers["north"], world.peers["office"]
    describe(office, "older")
    world.sync("office")
    heard: list[bytes] = []
    line = north.line

    class Recorder(Line):
        def post(self, path: str, body: bytes, token: str = "") -> bytes:
            found = line.post(path, body, token)
            if path.endswith("pull"):
                heard.append(found)
            return found

    Syncer(north.database, transport=Recorder(line.hq)).sync()
    assert described(north) == "older"
    describe(north, "newer")
    world.sync("north")
    again = OldNews(line.hq)
    again.old = list(heard)

    Syncer(north.database, transport=again).sync()

    assert described(north) == "newer"
    world.rest()
    check_world(world)


# -- merge -----------------------------------------------------------------------------------


def test_case_18_different_fields_on_both_sides_survive(world: World) -> None:
    north, office = world.peers["north"], world.peers["office"]
    describe(north, "bar", "channel")
    describe(office, "B", "segment")

    world.rest()

    check_world(world)
    for peer in (north, office, world.peers["north2"]):
        assert (described(peer, "channel"), described(peer, "segment")) == ("bar", "B")
        assert peer.rows("SELECT 1 FROM conflict") == []


@pytest.mark.parametrize("first", ["north", "office"])
def test_case_19_of_one_field_the_later_wins_and_the_loser_can_be_put_back(
    world: World, first: str
) -> None:
    """Whoever syncs first, the same value wins everywhere; the other one is a key away."""
    north, office = world.peers["north"], world.peers["office"]
    describe(north, "early")
    world.time.pass_by(60_000)
    describe(office, "late")
    for name in (first, "office", "north"):
        world.sync(name)
    world.rest()
    check_world(world)
    assert [described(peer) for peer in world.peers.values() if peer.user != "R2"] == ["late"] * 3
    told = office if first == "north" else north
    ((number, field, mine, theirs, by),) = told.rows(
        "SELECT id, field, mine, theirs, theirs_by FROM conflict"
    )
    assert field == "description" and {mine, theirs} == {'"early"', '"late"'}
    assert by == ("Ruth Rep, north" if told is office else "Olga Office, office")

    world.time.pass_by(60_000)
    ws = workspace_of(told.folder, told.database, lambda: datetime.fromtimestamp(0, UTC))
    restore_other(ws, number)
    told.note_accepted()

    world.rest()
    check_world(world)
    assert described(north) == described(office) == "early"


def test_case_20_a_deletion_never_drops_an_edit_silently(world: World) -> None:
    north, office = world.peers["north"], world.peers["office"]
    edited, deleted = company.CONTACTS[1], company.CONTACTS[2]
    office.run("UPDATE contact SET job = 'owner' WHERE uid = ?", edited)
    office.run("DELETE FROM contact WHERE uid = ?", deleted)
    world.sync("office")
    north.run("DELETE FROM contact WHERE uid = ?", edited)
    north.run("UPDATE contact SET job = 'typed in vain?' WHERE uid = ?", deleted)
    north.note_accepted()

    world.rest()

    check_world(world)
    assert north.rows("SELECT job FROM contact WHERE uid = ?", edited) == [("owner",)]
    assert north.rows("SELECT kind, kept FROM conflict") == [("delete", "theirs")]
    assert north.rows("SELECT 1 FROM contact WHERE uid = ?", deleted) == []
    ((code, fields),) = north.rows("SELECT code, fields FROM refusal")
    assert code == "deleted" and "typed in vain?" in fields


def submitted(world: World) -> tuple[Peer, str]:
    """An order that HQ has taken, and its uid."""
    north = world.peers["north"]
    actions.submit_order(world, north, 0, 1, 1)
    north.note_accepted()
    world.rest()
    return north, str(north.one("SELECT lower(hex(uid)) FROM sales_order"))


def test_case_21_a_submitted_document_is_not_altered_through_the_file(world: World) -> None:
    peer, _uid = submitted(world)
    before = peer.rows("SELECT * FROM sales_order") + peer.rows("SELECT * FROM order_line")
    for statement in (
        "UPDATE sales_order SET net_minor = net_minor + 1",
        "UPDATE sales_order SET number = 'X', status = 'draft'",
        "DELETE FROM sales_order",
        "UPDATE order_line SET quantity = quantity + 1",
        "DELETE FROM order_line",
        "INSERT INTO order_line (parent_id, position, product_id) SELECT id, 9, 1 FROM sales_order",
    ):
        with pytest.raises(UserError, match="submitted"):
            peer.run(statement)
    after = peer.rows("SELECT * FROM sales_order") + peer.rows("SELECT * FROM order_line")
    assert after == before and peer.waiting() == 0


@pytest.mark.parametrize("schema", [1, 2])
def test_case_21_a_submitted_document_is_not_altered_by_sync(world: World, schema: int) -> None:
    """Neither by a client of today nor by an old one, whose file had no such triggers."""
    north, uid = submitted(world)
    before = world.rows("SELECT * FROM sales_order"), world.rows("SELECT * FROM order_line")
    rev = int(world.one("SELECT rev FROM sales_order"))
    account = world.one("SELECT encode(uuid_send(account_id),'hex') FROM sales_order")
    line = {"product_id": company.PRODUCTS[0].hex(), "quantity": 99}
    crafted: list[tuple[str, object]] = [
        ("U", {"net_minor": [1999, 1]}),
        ("U", {"number": ["x", "y"], "status": ["submitted", "draft"]}),
        ("L", {"lines": [line]}),
        ("D", None),
        ("I", {"account_id": [None, account], "number": [None, "z"],
               "order_date": [None, "2026-01-01"], "status": [None, "submitted"]}),
    ]  # fmt: skip
    for seq, (kind, fields) in enumerate(crafted, start=9_000):
        raw = msgspec.Raw(msgspec.json.encode(fields))
        op = Op(seq, "order", uid, account, kind, raw, rev, 1 << 60, schema)
        (found,) = push(world, north, [Txn(seq, [op])], schema).answers
        assert found.status == "r", (kind, found)
        assert found.sentence
    after = world.rows("SELECT * FROM sales_order"), world.rows("SELECT * FROM order_line")
    assert after == before


def push(world: World, peer: Peer, txns: list[Txn], schema: int) -> PushResponse:
    """Send transactions that no honest laptop would."""
    assert peer.syncer is not None
    peer.sync()
    session = peer.syncer._session
    assert session is not None
    request = PushRequest(PROTOCOL_VERSION, session.epoch(), world.time.ms, txns, schema)
    reply = answer(world.hq, "/v1/push", Call(session._token, msgspec.json.encode(request)))
    assert isinstance(reply.body, bytes)
    return msgspec.json.decode(reply.body, type=PushResponse)


def test_case_23_one_refused_among_five_thousand_holds_nobody_up(world: World) -> None:
    north = world.peers["north"]
    with north.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        account, user = north.one("SELECT min(id) FROM account"), north.one("SELECT 1")
        run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
            " INSERT INTO note (uid, account_id, user_id, text, at, date) SELECT randomblob(16),"
            " ?, ?, 'note ' || i, '2026-11-20T08:00:00.000Z', '2026-11-20' FROM n",
            (account, user),
        )
        capture.journal_facts(tx.connection, "note", "n.text LIKE 'note %'", ())
        run(
            "UPDATE journal SET fields = replace(fields, '2026-11-20\"', 'no day\"')"
            " WHERE fields LIKE '%\"note 2500\"%'"
        )

    report = world.sync("north")

    assert report is not None
    assert (report.sent, report.refusals, report.waiting) == (5_000, 1, 0)
    assert world.one("SELECT count(*) FROM note") == 4_999
    assert north.rows("SELECT code FROM refusal") == [("invalid",)]
    assert "note 2500" in north.one("SELECT fields FROM refusal")


# -- clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [-10, 10])
def test_case_24_a_clock_ten_years_off_syncs_is_told_and_does_not_win_for_ever(
    world: World, years: int
) -> None:
    north, office = world.peers["north"], world.peers["office"]
    north.clock.offset_ms = int(timedelta(days=3_652 * years // 10).total_seconds() * 1000)
    describe(north, "by the wrong clock")

    report = world.sync("north")

    assert report is not None and report.clock_is_wrong and report.waiting == 0
    offset = world.one("SELECT clock_offset_ms FROM hq_device WHERE device_id = %s", north.device)
    assert abs(int(offset)) > timedelta(days=3_000).total_seconds() * 1000
    world.time.pass_by(3_600_000)
    describe(office, "an hour later")
    world.sync("office")
    assert world.one("SELECT description FROM account WHERE code = 'C1'") == "an hour later"
    world.time.pass_by(3_600_000)
    describe(north, "two hours later")
    world.rest()
    check_world(world)
    # It had not seen the office's word; a clock that is slow does not lose for ever either.
    assert described(north) == described(office) == "two hours later"


def test_what_hq_deleted_goes_once_nothing_unsent_refers_to_it(world: World) -> None:
    """A telephone typed in for a person who is being deleted at HQ at that moment."""
    north, office = world.peers["north"], world.peers["office"]
    contact = company.CONTACTS[0]
    office.run("DELETE FROM contact WHERE uid = ?", contact)
    world.sync("office")

    def type_in() -> None:
        north.run(
            "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
            " SELECT ?, account_id, id, 'phone', '+34 600' FROM contact WHERE uid = ?",
            new_uid(), contact,
        )  # fmt: skip
        north.note_accepted()

    world.sync("north", Trouble("meanwhile", "pull", action=type_in))
    assert north.rows("SELECT 1 FROM contact WHERE uid = ?", contact) == [(1,)]

    world.rest()

    check_world(world)
    assert north.rows("SELECT 1 FROM contact WHERE uid = ?", contact) == []
    assert "+34 600" in north.one("SELECT fields FROM refusal")


def test_a_refused_new_customer_leaves_no_figures_behind(world: World) -> None:
    for name in ("north", "south"):
        actions.add_account(world, world.peers[name], 1, 1, 1)
        world.peers[name].note_accepted()

    world.rest()

    check_world(world, files=True)
    assert world.peers["south"].rows("SELECT code FROM refusal") == [("duplicate",)]
