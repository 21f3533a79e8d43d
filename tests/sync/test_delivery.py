"""Lost, repeated and cut messages; clones; several writers at once; idle rounds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psycopg
import pytest

from crmdesk.domain.errors import ProfileInUse, Refused, Unreachable
from crmdesk.hq.database import feed, schema
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.protocol import PROTOCOL_VERSION, PushRequest
from crmdesk.sync.uploading import waiting_txns
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note
from tests.sync.faults import FaultyTransport
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq


@pytest.mark.parametrize("fault", ["lose-request", "lose-response"])
def test_case_01_a_lost_message_is_made_good_without_a_second_effect(
    hq: Headquarters, wire: Wire, fault: str
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "once")
    lossy = FaultyTransport(
        wire(hq.url), lambda path, nth: fault if path == "/v1/push" and nth == 1 else ""
    )

    with pytest.raises(Unreachable):
        one.sync(lossy)
    assert one.waiting() == 1
    report = one.sync()

    assert (report.sent, report.refusals, report.waiting) == (1, 0, 0)
    assert hq.one("SELECT count(*) FROM note") == 1
    assert hq.one("SELECT count(*) FROM change WHERE entity = 'note'") == 1
    assert hq.one("SELECT rev FROM note") == one.one("SELECT rev FROM note") == 1


def test_a_request_that_arrives_twice_counts_once(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    doubled = FaultyTransport(wire(hq.url), lambda path, _nth: "twice" if "push" in path else "")

    assert one.sync(doubled).sent == 1

    assert hq.one("SELECT rev FROM account WHERE code = 'C1'") == 2
    assert one.one("SELECT rev FROM account WHERE code = 'C1'") == 2


def test_a_retry_is_told_the_stored_refusal(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    one.run("UPDATE product SET name = 'mine' WHERE sku = 'SKU1'")
    lossy = FaultyTransport(
        wire(hq.url), lambda path, nth: "lose-response" if "push" in path and nth == 1 else ""
    )
    with pytest.raises(Unreachable):
        one.sync(lossy)

    assert one.sync().refusals == 1
    assert hq.one("SELECT count(*) FROM op_result") == 1


@pytest.mark.parametrize("cut_after", [1, 40, 700, 1500])
def test_a_cut_snapshot_is_taken_up_again(hq: Headquarters, wire: Wire, cut_after: int) -> None:
    folder = hq.folder / "cut"
    cut = FaultyTransport(
        wire(hq.url), lambda path, nth: "cut" if "snap" in path and nth < 4 else ""
    )
    cut.cut_after = cut_after

    clock = serving.system_clock()
    join(folder, hq.url, hq.code("R1"), clock, device_name="x", keeping=KeyKeeping("open"),
         transport=cut)  # fmt: skip

    laptop = Laptop(folder, profile.open_database(folder, clock), hq.url)
    hq.laptops.append(laptop)
    whole = hq.join("R1")
    for table in ("account", "contact", "sale", "sale_line", "product", "territory_user"):
        query = f"SELECT count(*) FROM {table}"
        assert laptop.one(query) == whole.one(query) > 0
    assert laptop.one("PRAGMA integrity_check") == "ok"


def test_an_interrupted_join_is_taken_up_with_the_same_code(hq: Headquarters, wire: Wire) -> None:
    folder, code, clock = hq.folder / "again", hq.code("R1"), serving.system_clock()
    keeping = KeyKeeping("open")
    broken = FaultyTransport(wire(hq.url), lambda path, _nth: "cut" if "snap" in path else "")
    broken.cut_after = 1
    with pytest.raises(Unreachable):
        join(folder, hq.url, code, clock, device_name="x", keeping=keeping, transport=broken)
    assert not profile.exists(folder)

    report = join(folder, hq.url, code, clock, device_name="x", keeping=keeping)

    assert report.rows > 0
    assert hq.one("SELECT count(*) FROM hq_device") == 4
    with pytest.raises(Refused, match="not valid"):
        join(hq.folder / "third", hq.url, code, clock, device_name="x", keeping=keeping)


def test_a_reused_sequence_number_gives_the_clone_away(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "the original")
    one.sync()
    with one.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE journal SET fields = replace(fields, 'orig', 'fake'),"
                                   " state = 'waiting'")  # fmt: skip

    with pytest.raises(Refused) as caught:
        one.sync()

    assert caught.value.code == "cloned"
    assert hq.rows("SELECT text FROM note") == [("the original",)]
    device = one.fact("device.uid")
    assert hq.one("SELECT status FROM hq_device WHERE device_id = %s", device) == "cloned"
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'cloned-device'") == 1
    with pytest.raises(Refused):
        one.sync()


def test_one_refused_among_many_does_not_hold_up_the_others(hq: Headquarters) -> None:
    one = hq.join("R1")
    for number in range(60):
        if number == 31:
            one.run("UPDATE tax_rate SET rate_bp = 1")
        add_note(one, f"C{number % 4}", "R1", f"note {number}")

    report = one.sync()

    assert (report.sent, report.refusals, report.waiting) == (61, 1, 0)
    assert hq.one("SELECT count(*) FROM note") == 60


def test_a_row_postgres_refuses_stands_alone(hq: Headquarters, wire: Wire) -> None:
    """A value no column can take is found by halving; its neighbours are taken."""
    one = hq.join("R1")
    for number in range(9):
        add_note(one, "C0", "R1", f"note {number}")
    with one.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE journal SET fields = replace(fields, '2026-11-20\"', 'no day\"')"
            " WHERE fields LIKE '%note 4%'"
        )

    report = one.sync()

    assert (report.sent, report.refusals) == (9, 1)
    assert one.rows("SELECT code FROM refusal") == [("invalid",)]
    assert hq.one("SELECT count(*) FROM note") == 8
    assert one.one("SELECT count(*) FROM note") == 8


def test_text_that_postgres_cannot_hold_is_refused_not_stuck(hq: Headquarters) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "fine")
    one.run("INSERT INTO account (uid, code, name) VALUES (?, 'ZZ', 'x')", company.uid(80, 1))
    with one.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE journal SET fields = replace(fields, '\"ZZ\"', ?)", ('"nul \\u0000 inside"',)
        )

    report = one.sync()

    assert (report.sent, report.refusals, report.waiting) == (2, 1, 0)
    assert one.rows("SELECT code FROM refusal") in ([("invalid",)], [("malformed",)])


def test_an_idle_round_is_one_small_request(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    one.sync()
    transport = wire(hq.url)
    session = session_of(one, transport)
    session.epoch()
    before = transport.traffic.bytes_in + transport.traffic.bytes_out, transport.traffic.requests
    from crmdesk.sync.downloading import download

    received, changes = download(
        one.database, session, hq.one("SELECT value FROM hq_state WHERE key = 'epoch'"),
        nothing_sent=True, progress=lambda *_: None, check_cancelled=lambda: None,
    )  # fmt: skip

    assert (received, changes.touched) == (0, {})
    assert transport.traffic.requests - before[1] == 1
    assert transport.traffic.bytes_in + transport.traffic.bytes_out - before[0] <= 600


def test_case_06_of_two_syncs_of_one_profile_one_wins_cleanly(hq: Headquarters) -> None:
    one = hq.join("R1")
    with profile.locked(one.folder, "sync"), pytest.raises(ProfileInUse):
        one.sync()
    assert one.sync().waiting == 0


def test_case_08_concurrent_writers_with_late_commits_miss_nothing(hq: Headquarters) -> None:
    """Eight writers beside a transaction left open: the reader has every row in the end."""
    reader = hq.join("O1")
    stop = threading.Event()
    per_writer, writers = 25, 8

    def add(connection: HqConnection, number: int, row: int) -> None:
        uid, account = company.uid(50 + number, row).hex(), company.ACCOUNTS[row % 6].hex()
        connection.execute(
            "INSERT INTO note (account_id, uid, text, at, date)"
            " VALUES (%s, %s, %s, now(), '2026-01-01')",
            (account, uid, f"{number}/{row}"),
        )
        scope = f"t/{(company.T1 if row % 6 < 4 else company.T2).hex()}"
        feed.announce(connection, [(scope, "note", uid, account)])

    def write(number: int) -> None:
        with psycopg.connect(hq.database_url) as connection:
            for row in range(per_writer):
                add(connection, number, row)
                connection.execute("SELECT pg_sleep(random() * 0.01)")
                connection.commit()

    def follow() -> None:
        while not stop.is_set():
            reader.sync()

    with psycopg.connect(hq.database_url) as idle, ThreadPoolExecutor(writers + 1) as pool:
        # A writer that took its place in the outbox first and commits last of all.
        add(idle, 99, 0)
        following = pool.submit(follow)
        for future in [pool.submit(write, number) for number in range(writers)]:
            future.result()
        stop.set()
        following.result()
        reader.sync()
        # The transaction left open delays nobody else's rows.
        assert reader.one("SELECT count(*) FROM note") == writers * per_writer
        idle.commit()
    reader.sync()

    assert reader.one("SELECT count(*) FROM note") == writers * per_writer + 1


def test_a_request_too_large_or_malformed_is_refused(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "x")
    transport = wire(hq.url)
    session = session_of(one, transport)
    for body in (b"{", b"[]", b'{"protocol":1}', b"\xff" * 2000):
        with pytest.raises(Refused) as caught:
            session._signed(lambda token, sent=body: transport.post("/v1/push", sent, token))
        assert caught.value.code == "malformed"
    with one.database.read() as connection:
        txns = waiting_txns(connection)
    request = PushRequest(PROTOCOL_VERSION + 5, "x", 0, txns)
    with pytest.raises(Refused) as caught:
        session.post("/v1/push", request)
    assert caught.value.code == "protocol"
    with pytest.raises(Refused) as caught:
        transport.post("/v1/pull", msgspec.json.encode({}), "bm90IGEgdG9rZW4=")
    assert caught.value.code == "token"
    assert hq.one("SELECT count(*) FROM note") == 0


def test_a_short_answer_while_starting_over_is_no_failure_of_ours(
    hq: Headquarters, wire: Wire
) -> None:
    """HQ was restored, and the line cuts the sign-in that asks for the new epoch."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "kept")
    schema.new_epoch(hq.store)
    short = FaultyTransport(
        wire(hq.url), lambda path, nth: "short" if path == "/v1/token" and nth == 2 else ""
    )

    with pytest.raises(Unreachable):
        one.sync(short)
    report = one.sync()

    assert (report.refusals, report.waiting) == (0, 0)
    assert hq.one("SELECT count(*) FROM note") == 1
