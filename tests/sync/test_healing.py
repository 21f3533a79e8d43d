"""What differs from HQ although nothing is on its way is found by checksums and put right."""

from __future__ import annotations

import ast
import inspect
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

import crmdesk.sync
from crmdesk.domain.errors import Refused
from crmdesk.domain.ids import compose_uid, new_uid
from crmdesk.hq.database import bulk, feed, schema
from crmdesk.hq.exchange import heal, sums
from crmdesk.storage import check, profile, resuming
from crmdesk.storage.rows import Batch, line_maker, row_maker
from crmdesk.sync import healing
from crmdesk.sync.client import Syncer, SyncReport, sync_once
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    BucketsAnswer,
    BucketsRequest,
    Fate,
    RowsRequest,
    SnapshotRequest,
    SumsAnswer,
    SumsRequest,
)
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport
from tests.sync import company
from tests.sync.both_sums import both
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, draft_order
from tests.sync.wires import Wire

pytestmark = pytest.mark.hq

_NOTES, _SALES, _OTHERS = 12_000, 3_000, 2_000


def _uid(kind: int, number: int) -> bytes:
    return compose_uid(1_770_000_000_000 + kind, number)


def fill_scopes(hq: Headquarters) -> None:
    """Many rows in every scope that a rep holds; notes as long as people write them."""
    source = random.Random(29)
    note, sale, line = row_maker("note"), row_maker("sale"), line_maker("sale")
    product, holiday = row_maker("product"), row_maker("holiday")
    expense, reason = row_maker("expense"), row_maker("outcome_reason")
    bulk.load(hq.store, [
        Batch("product", [product(_uid(1, n), sku=f"P{n:05}", name=f"Product {n}")
                          for n in range(_OTHERS)]),
        Batch("holiday", [holiday(_uid(2, n), country="ES", date="2026-01-06", name=f"Day {n}")
                          for n in range(_OTHERS)]),
        Batch("outcome_reason", [reason(_uid(3, 1), kind="visit", code="X", name="Shut")]),
        Batch("expense", [expense(_uid(4, n), user=company.R1, date="2026-02-03", kind="meal",
                                  amount_minor=n) for n in range(_OTHERS)]),
        Batch("note", [note(_uid(5, n), account=company.ACCOUNTS[n % 4], user=company.R1,
                            text=f"Note {n}: {source.randbytes(40).hex()}",
                            at="2026-02-03T04:05:06.789Z", date="2026-02-03")
                       for n in range(_NOTES)]),
        Batch("sale", [sale(_uid(6, n), (line(product=company.PRODUCTS[n % 5], quantity=2,
                                              factor=12, base_quantity=24, net_minor=n),),
                            account=company.ACCOUNTS[n % 4], date="2026-03-04", user=company.R1)
                       for n in range(_SALES)]),
    ])  # fmt: skip


def tamper(laptop: Laptop, sql: str, *parameters: object) -> None:
    """A change that the journal does not see, as a bug or a hand might make it."""
    with laptop.database.write(applying=True) as tx:
        assert tx.connection.exec_driver_sql(sql, parameters).rowcount > 0


def compared(laptop: Laptop, transport: HttpTransport | None = None) -> SyncReport:
    """A round that compares now."""
    report = sync_once(laptop.database, transport=transport, compare=True)
    assert report.compared
    return report


_FLIPS = {
    "a note's text": ("UPDATE note SET text = 'flipped' WHERE uid = ?", _uid(5, 77)),
    "a note's revision": ("UPDATE note SET rev = rev + 3 WHERE uid = ?", _uid(5, 78)),
    "a missing note": ("DELETE FROM note WHERE uid = ?", _uid(5, 79)),
    "an extra note": (
        """INSERT INTO note (uid, rev, account_id, text, at, date) SELECT ?, 1, min(id), 'extra',
        '2026-02-03T04:05:06.789Z', '2026-02-03' FROM account""", _uid(9, 1),
    ),
    "a flipped line": (
        """UPDATE sale_line SET net_minor = net_minor + 1 WHERE parent_id =
        (SELECT id FROM sale WHERE uid = ?)""", _uid(6, 5),
    ),
    "a missing line": (
        "DELETE FROM sale_line WHERE parent_id = (SELECT id FROM sale WHERE uid = ?)", _uid(6, 6),
    ),
    "a product's name": ("UPDATE product SET name = 'flipped' WHERE uid = ?", _uid(1, 9)),
    "a missing product": ("DELETE FROM product WHERE uid = ?", _uid(1, 10)),
    "a holiday's day": ("UPDATE holiday SET date = '2026-01-07' WHERE uid = ?", _uid(2, 3)),
    "a missing holiday": ("DELETE FROM holiday WHERE uid = ?", _uid(2, 4)),
    "an expense": ("UPDATE expense SET amount_minor = 1 WHERE uid = ?", _uid(4, 900)),
    "a missing expense": ("DELETE FROM expense WHERE uid = ?", _uid(4, 901)),
    "a customer's coordinates": (
        "UPDATE account SET latitude = latitude + 1e-12 WHERE uid = ?", company.ACCOUNTS[1],
    ),
    "a customer's opening hours": (
        "UPDATE account SET opening_hours = '{}' WHERE uid = ?", company.ACCOUNTS[2],
    ),
    "a customer's revision": (
        "UPDATE account SET rev = rev + 1 WHERE uid = ?", company.ACCOUNTS[3],
    ),
}  # fmt: skip


_IN_TERRITORY = {what for what in _FLIPS if "note" in what or "line" in what or "cust" in what}


class Counting(HttpTransport):
    """Counts the rows that are asked for by their key; ``meanwhile`` runs just before that."""

    asked = 0
    meanwhile: Callable[[], None] | None = None

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        if path == "/v1/rows":
            self.asked += len(msgspec.json.decode(body, type=RowsRequest).keys)
            if self.meanwhile is not None:
                self.meanwhile()
        return super().post(path, body, token)


@pytest.fixture
def counting(hq: Headquarters) -> Iterator[Counting]:
    """A counting line to HQ."""
    transport = Counting(hq.url)
    yield transport
    transport.close()


def size_on_the_wire(laptop: Laptop, transport: HttpTransport, scope: str) -> int:
    """The bytes of a scope as a snapshot, compressed."""
    device, key = laptop.fact("device.uid"), laptop.fact("device.key")
    session = Session(transport, device, key, lambda: int(time.time() * 1000))
    with session.stream("/v1/snapshot", SnapshotRequest(PROTOCOL_VERSION, [scope])) as chunks:
        return sum(len(chunk) for chunk in chunks)


def test_case_29_a_flipped_row_is_found_and_healed(hq: Headquarters, counting: Counting) -> None:
    """Whatever was flipped in whichever scope, under 1 % of it is fetched to put it right."""
    fill_scopes(hq)
    one = hq.join("R1")
    transport = counting
    assert compared(one, transport).healed == 0
    whole = size_on_the_wire(one, transport, f"t/{company.T1.hex()}")
    for what, (sql, uid) in _FLIPS.items():
        tamper(one, sql, uid)
        before, transport.asked = transport.traffic.bytes_in, 0

        report = compared(one, transport)

        assert (report.healed, report.differing) == (1, 0), what
        # One row is asked for, of 2,000 in the smallest scope that is filled.
        assert transport.asked == 1, what
        here, there = both(hq, one)
        assert here == there, what
        if what in _IN_TERRITORY:
            fetched = transport.traffic.bytes_in - before
            assert fetched < whole / 100, (what, fetched, whole)
    assert one.rows("SELECT healed, result FROM sync_session WHERE healed > 0") == [
        (1, "done")
    ] * len(_FLIPS)
    assert check.check(one.database, one.folder) == []
    assert one.one("SELECT count(*) FROM journal") == 0


def test_what_only_the_office_has_is_healed_too(hq: Headquarters) -> None:
    office = hq.join("O1")
    office.run(
        "INSERT INTO cost_pool (uid, name, cost_minor, valid_from)"
        " VALUES (?, 'Vans', 5000, '2026-01-01')",
        new_uid(),
    )
    office.sync()
    tamper(office, "UPDATE cost_pool SET cost_minor = 1")
    assert compared(office).healed == 1
    assert office.one("SELECT cost_minor FROM cost_pool") == 5000


def test_rows_of_a_customer_that_is_not_ours_any_more_go(hq: Headquarters) -> None:
    """A purge that a bug left out is made good: the customer and everything in it."""
    one = hq.join("R1")
    with hq.store.transaction() as connection:
        connection.execute(
            "UPDATE account SET territory_id = %s WHERE uid = %s",
            (company.T2.hex(), company.ACCOUNTS[0].hex()),
        )
    report = compared(one)
    assert (report.healed, report.differing) == (1, 0)
    assert one.rows("SELECT code FROM account ORDER BY code") == [("C1",), ("C2",), ("C3",)]
    assert one.one("SELECT count(*) FROM contact WHERE uid = ?", company.CONTACTS[0]) == 0


def test_a_customer_hidden_by_a_flipped_territory_comes_back_whole(hq: Headquarters) -> None:
    """The round takes it for one that has left; the comparison fetches it with all it holds."""
    fill_scopes(hq)
    one = hq.join("R1")
    rows = one.one("SELECT count(*) FROM note") + one.one("SELECT count(*) FROM sale_line")
    tamper(one, "UPDATE account SET territory_id = NULL WHERE uid = ?", company.ACCOUNTS[3])
    report = compared(one)
    assert report.differing == 0
    assert one.one("SELECT count(*) FROM note") + one.one("SELECT count(*) FROM sale_line") == rows
    here, there = both(hq, one)
    assert here == there
    assert check.check(one.database, one.folder) == []


def test_drafts_do_not_count_and_stay(hq: Headquarters) -> None:
    one = hq.join("R1")
    draft = draft_order(one, "C0", "R1", "R01-00009")
    add_note(one, "C0", "R1", "goes first")
    report = compared(one)
    assert (report.sent, report.healed, report.differing) == (1, 0, 0)
    assert one.rows("SELECT uid, status FROM sales_order") == [(draft, "draft")]


def test_a_comparison_waits_for_its_day_and_its_moment(hq: Headquarters) -> None:
    one = hq.join("R1")
    device = one.fact("device.uid")
    start = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    with one.database.maintenance() as connection:
        profile.set_fact(connection, resuming.COMPARED_ON, "2026-03-01")
    moments = [start + timedelta(minutes=10 * n) for n in range(14)]
    answers = [healing.due(one.database, device, moment) for moment in moments]
    assert answers[0] is False
    assert answers[-1] is True
    assert answers == sorted(answers)
    with one.database.maintenance() as connection:
        profile.set_fact(connection, resuming.COMPARED_ON, "2026-03-02")
    assert not healing.due(one.database, device, moments[-1])


def test_case_30_a_heal_that_cannot_succeed_is_bounded_and_reported(
    hq: Headquarters, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HQ keeps sending a row that is not the one it summed up; two attempts, then tomorrow."""
    one = hq.join("R1")
    rows = heal._row_lines

    def other_rows(*args: Any) -> Any:
        for line in rows(*args):
            yield line.replace(b"Person 0", b"Person X")

    monkeypatch.setattr(heal, "_row_lines", other_rows)
    tamper(one, "UPDATE contact SET name = 'flipped' WHERE uid = ?", company.CONTACTS[0])
    transport = wire(hq.url)
    one.sync(transport)
    before = transport.traffic.requests

    report = compared(one, transport)

    assert report.differing == 1
    # The question whether there is news, a token, and three comparisons with two attempts.
    assert transport.traffic.requests - before <= 2 + 3 + 2 * 2
    result, healed, detail = one.rows(
        "SELECT result, healed, detail FROM sync_session ORDER BY id DESC LIMIT 1"
    )[0]
    assert (result, healed) == ("done", report.healed)
    assert "1 part" in detail
    # Not again today, however often it syncs; and nobody is asked anything.
    before = transport.traffic.requests
    for _time in range(3):
        later = one.sync(transport)
        assert (later.compared, later.healed) == (False, 0)
    # A token and whether there is news; once who changed the customer whose row came again.
    assert transport.traffic.requests - before <= 3 * 2 + 1
    assert one.rows("SELECT 1 FROM conflict UNION ALL SELECT 1 FROM refusal") == []


def test_a_comparison_shows_nothing_of_what_is_not_the_callers(
    hq: Headquarters, wire: Wire
) -> None:
    """Foreign scopes count as moved, foreign rows as gone; what asks too much is refused."""
    one = hq.join("R1")
    transport = wire(hq.url)
    session = Session(transport, one.fact("device.uid"), one.fact("device.key"), hq.now_ms)
    epoch, theirs = session.epoch(), f"t/{company.T2.hex()}"
    foreign = [theirs, "office", f"u/{company.R2.hex()}", "t/none", "nonsense"]
    everything = list(range(512))
    with hq.store.transaction() as connection:
        heads = feed.heads(connection, foreign)
    body = session.post("/v1/sums", SumsRequest(PROTOCOL_VERSION, epoch, heads, {}))
    answer = msgspec.json.decode(body, type=SumsAnswer)
    assert (answer.buckets, answer.moved) == ({}, sorted(foreign))
    for scope in foreign:
        request = BucketsRequest(PROTOCOL_VERSION, epoch, scope, heads[scope], everything)
        found = msgspec.json.decode(session.post("/v1/buckets", request), type=BucketsAnswer)
        assert (found.rows, found.moved) == ({}, True)
    stranger = new_uid().hex()
    keys = [
        ("account", company.ACCOUNTS[4].hex()), ("contact", company.CONTACTS[4].hex()),
        ("contact", company.CONTACTS[0].hex()), ("contact", stranger), ("nothing", stranger),
    ]  # fmt: skip
    body = session.post("/v1/rows", RowsRequest(PROTOCOL_VERSION, epoch, keys))
    text = zstandard.ZstdDecompressor().decompressobj().decompress(body).decode()
    assert "Person 0" in text
    assert "Person 4" not in text
    assert company.NAMES[4] not in text
    fate = msgspec.json.decode(text.splitlines()[-1], type=Fate)
    assert fate.gone == [keys[0], keys[1]]
    assert fate.unknown == [keys[3]]

    one_key = [("contact", company.CONTACTS[0].hex())]
    refused = [
        ("/v1/rows", RowsRequest(PROTOCOL_VERSION, epoch, one_key * 1_001), "too-large"),
        ("/v1/rows", RowsRequest(PROTOCOL_VERSION, epoch, [("contact", "x")]), "malformed"),
        ("/v1/rows", RowsRequest(PROTOCOL_VERSION, "other", one_key), "epoch"),
        ("/v1/sums", SumsRequest(PROTOCOL_VERSION, "other", {}, {}), "epoch"),
        ("/v1/buckets", BucketsRequest(PROTOCOL_VERSION, epoch, theirs, 0, [512]), "malformed"),
        ("/v1/buckets", BucketsRequest(PROTOCOL_VERSION, epoch, theirs, 0, [1] * 513),
         "too-large"),
    ]  # fmt: skip
    for path, message, code in refused:
        with pytest.raises(Refused) as caught:
            session.post(path, message)
        assert caught.value.code == code, path


def test_sums_are_kept_while_nothing_changes_and_no_longer(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[set[str]] = []
    original = sums.scope_sums

    def counted(connection: Any, scopes: Any) -> Any:
        made.append(set(scopes))
        return original(connection, scopes)

    monkeypatch.setattr(heal, "scope_sums", counted)
    one, office = hq.join("R1"), hq.join("O1")
    compared(one)
    compared(one)
    assert made[0] >= {"catalogue", "reference", f"t/{company.T1.hex()}"}
    assert made[1] == set()
    office.run("UPDATE account SET segment = 'A' WHERE code = 'C0'")
    office.sync()
    compared(one)
    assert made[2] == {f"t/{company.T1.hex()}"}
    with hq.store.transaction() as connection:
        connection.execute("UPDATE scope_sum SET at = at - interval '25 hours'")
    compared(one)
    assert made[3] == made[0]


# -- nobody is ever asked which side to throw away --------------------------------------------


def words_of(laptop: Laptop, hq: Headquarters) -> str:
    """Everything that can still be read of what was typed: at HQ, on its way, or refused."""
    here = laptop.rows("SELECT fields FROM journal WHERE state = 'waiting'")
    here += laptop.rows("SELECT fields || sentence FROM refusal")
    here += laptop.rows("SELECT mine FROM conflict")
    there = hq.rows("SELECT text FROM note") + hq.rows("SELECT concat(name, job) FROM contact")
    return "\n".join(str(row[0]) for row in [*here, *there])


def flipped(one: Laptop, hq: Headquarters) -> None:
    tamper(one, "UPDATE contact SET name = 'flipped' WHERE uid = ?", company.CONTACTS[0])


def alone(one: Laptop, hq: Headquarters) -> None:
    """HQ has no trace of the row that is edited meanwhile."""
    with hq.store.transaction() as connection:
        connection.execute("DELETE FROM contact WHERE uid = %s", (company.CONTACTS[0].hex(),))


def elsewhere(one: Laptop, hq: Headquarters) -> None:
    """The customer is somebody else's, and no feed has said so."""
    with hq.store.transaction() as connection:
        connection.execute(
            "UPDATE account SET territory_id = %s WHERE uid = %s",
            (company.T2.hex(), company.ACCOUNTS[0].hex()),
        )


def restored(one: Laptop, hq: Headquarters) -> None:
    schema.new_epoch(hq.store)


def deleted(one: Laptop, hq: Headquarters) -> None:
    with hq.store.transaction() as connection:
        connection.execute(
            "UPDATE contact SET deleted = true, rev = rev + 1 WHERE uid = %s",
            (company.CONTACTS[0].hex(),),
        )


@pytest.mark.parametrize("diverge", [flipped, alone, elsewhere, restored, deleted])
def test_case_31_no_divergence_asks_which_side_to_throw_away(
    hq: Headquarters,
    counting: Counting,
    monkeypatch: pytest.MonkeyPatch,
    diverge: Callable[..., None],
) -> None:
    """However the sides came apart: rounds end by themselves, and every typed word is kept.

    The person goes on working while the comparison runs: what is typed then is unsent work.
    """
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("somebody was asked"))
    one = hq.join("R1")
    draft = draft_order(one, "C1", "R1", "R01-00009")
    diverge(one, hq)
    add_note(one, "C0", "R1", "typed before")
    transport = counting

    def typing() -> None:
        transport.meanwhile = None
        one.run("UPDATE contact SET job = 'typed meanwhile' WHERE uid = ?", company.CONTACTS[0])
        add_note(one, "C0", "R1", "typed as well")

    transport.meanwhile = typing
    for _round in range(3):
        sync_once(one.database, transport=transport, compare=True)
        words = words_of(one, hq)
        assert "typed before" in words
        if transport.meanwhile is None:
            assert "typed meanwhile" in words
            assert "typed as well" in words
    if diverge is not restored:
        assert transport.meanwhile is None, "the comparison was to fetch something"
    assert one.waiting() == 0
    assert one.rows("SELECT uid FROM sales_order WHERE status = 'draft'") == [(draft,)]
    here, there = both(hq, one)
    assert here == there


def test_nothing_in_sync_can_ask_or_forget_the_journal() -> None:
    """Rounds take no decision from outside; sync deletes answered entries at most."""
    given = inspect.signature(Syncer.sync).parameters.values()
    asked = {one.name for one in given if "Callable" in str(one.annotation)}
    assert asked <= {"progress", "cancelled"}
    for path in sorted(Path(crmdesk.sync.__path__[0]).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "DELETE FROM journal" not in text, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                named = [a.id for a in node.args if isinstance(a, ast.Name)]
                assert node.func.id != "input", path.name
                if node.func.id == "delete" and "journal" in named:
                    line = text.splitlines()[node.lineno - 1]
                    assert 'journal.c.state == "sent"' in line, path.name
