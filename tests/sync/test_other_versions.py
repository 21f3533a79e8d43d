"""Laptop and HQ of different versions: nothing either side does not know is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from crmdesk.domain.errors import Refused
from crmdesk.domain.ids import new_uid
from crmdesk.hq.administration import admin
from crmdesk.hq.database import placing
from crmdesk.hq.running import endpoints, serving
from crmdesk.storage import check, profile, schema, upgrading
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION, Owner
from crmdesk.sync import merge, versions
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    PullRequest,
    PushRequest,
    PushResponse,
    Section,
)
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport
from crmdesk.sync.uploading import waiting_txns
from tests.sync import company, golden
from tests.sync.both_sums import both
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, submit_order

pytestmark = pytest.mark.hq

_OLDER = range(max(1, SCHEMA_VERSION - 2), SCHEMA_VERSION)


class Newer(HttpTransport):
    """An HQ that knows a column more than we do and lacks one: ``channel`` is called ``mood``."""

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        answer = super().post(path, body, token)
        return self._renamed(answer) if path == "/v1/pull" and answer else answer

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        with super().stream(path, body, token) as chunks:
            yield iter([self._renamed(b"".join(chunks))])

    def _renamed(self, packed: bytes) -> bytes:
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(packed).split(b"\n")
        renamed = [self._line(line) for line in lines]
        return zstandard.ZstdCompressor().compress(b"\n".join(renamed))

    def _line(self, line: bytes) -> bytes:
        if not line.startswith(b'{"entity":"account"'):
            return line
        section = msgspec.json.decode(line, type=Section)
        columns = ["mood" if c == "channel" else c for c in section.columns]
        return msgspec.json.encode(msgspec.structs.replace(section, columns=columns))


@pytest.fixture
def newer(hq: Headquarters) -> Iterator[Newer]:
    transport = Newer(hq.url)
    yield transport
    transport.close()


def forget_channel(patch: pytest.MonkeyPatch) -> None:
    """Make HQ an older one, that has not heard of an account's channel."""
    known = merge._defaults

    def without(name: str) -> dict[str, Any]:
        found = known(name)
        return {c: v for c, v in found.items() if (name, c) != ("account", "channel")}

    patch.setattr(merge, "_defaults", without)


def test_case_25_what_one_side_does_not_know_survives_on_both(
    hq: Headquarters, newer: Newer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    # A newer laptop writes a field that its older HQ does not know; HQ keeps it for later.
    with pytest.MonkeyPatch.context() as older:
        forget_channel(older)
        one.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")
        assert one.sync().refusals == 0
        office.run("UPDATE account SET segment = 'B' WHERE code = 'C0'")
        office.sync()
        one.sync()
    account = "SELECT channel, segment FROM account WHERE code = 'C0'"
    assert hq.rows(account) == [(None, "B")]
    # HQ is upgraded: the field goes into its place, and everybody hears of it.
    with hq.store.transaction() as connection:
        assert placing.place_extra(connection) == 1
        assert placing.place_extra(connection) == 0
    assert hq.rows(account) == [("bar", "B")]
    assert hq.one("SELECT extra FROM account WHERE code = 'C0'") is None
    office.sync()
    one.sync()
    assert one.rows(account) == office.rows(account) == [("bar", "B")]

    # A newer HQ sends a field that the laptop does not know; the laptop keeps it for later,
    # and what it knows itself and HQ does not send stays as it is.
    office.run("UPDATE account SET channel = 'hotel', name = 'Inn' WHERE code = 'C0'")
    office.sync()
    one.sync(newer)
    assert one.rows("SELECT channel, name FROM account WHERE code = 'C0'") == [("bar", "Inn")]
    kept = "SELECT fields FROM unknown_field WHERE entity = 'account' AND uid = ?"
    assert json.loads(one.one(kept, company.ACCOUNTS[0])) == {"mood": "hotel"}
    # The laptop is upgraded: "mood" is what it calls "channel" by now.
    with one.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE unknown_field SET fields = replace(fields, 'mood',"
                                      " 'channel')")  # fmt: skip
        assert upgrading.place_unknown(tx.connection) == 1
    assert one.rows("SELECT channel, name FROM account WHERE code = 'C0'") == [("hotel", "Inn")]
    assert one.rows("SELECT 1 FROM unknown_field") == []
    here, there = both(hq, one)
    assert here == there
    assert one.waiting() == 0


def test_a_first_download_keeps_what_it_does_not_know(hq: Headquarters, newer: Newer) -> None:
    office = hq.join("O1")
    office.run("UPDATE account SET channel = 'hotel' WHERE code = 'C1'")
    office.sync()
    folder, clock = hq.folder / "older", serving.system_clock()
    join(folder, hq.url, hq.code("R1"), clock, device_name="x", keeping=KeyKeeping("open"),
         transport=newer)  # fmt: skip
    laptop = Laptop(folder, profile.open_database(folder, clock), hq.url)
    hq.laptops.append(laptop)
    assert laptop.rows("SELECT channel FROM account WHERE code = 'C1'") == [(None,)]
    assert laptop.rows("SELECT fields FROM unknown_field") == [('{"mood":"hotel"}',)]


def test_a_cleared_field_is_forgotten(hq: Headquarters, newer: Newer) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    for value, rows in (("hotel", 1), (None, 0)):
        office.run("UPDATE account SET channel = ? WHERE code = 'C1'", value)
        office.sync()
        one.sync(newer)
        assert one.one("SELECT count(*) FROM unknown_field") == rows


def test_what_is_kept_of_a_row_goes_with_the_row(hq: Headquarters, newer: Newer) -> None:
    """Of a customer that left nothing stays behind, not even what this program cannot read."""
    one, office = hq.join("R1"), hq.join("O1")
    office.run("UPDATE account SET channel = 'secret' WHERE code IN ('C1', 'C2')")
    office.sync()
    one.sync(newer)
    assert one.one("SELECT count(*) FROM unknown_field") == 2
    admin.reassign_territory(hq.store, ["C1"], "T2", now_ms=hq.now_ms())
    one.sync(newer)
    assert one.rows("SELECT uid FROM unknown_field") == [(company.ACCOUNTS[2],)]


def test_kept_fields_of_every_kind_find_their_column_and_others_stay(hq: Headquarters) -> None:
    one = hq.join("R1")
    order = submit_order(one, "C0", "R1", "R01-00001")
    one.sync()
    strange = new_uid()
    kept = {
        ("account", company.ACCOUNTS[0]): {
            "channel": "bar", "opening_hours": {"mon": []}, "parent_uid": strange.hex(),
            "price_list_id": strange.hex(), "not_yet": 1,
        },
        ("account", strange): {"channel": "bar"},
        ("no_such_entity", strange): {"x": 1},
        ("order", order): {"_": None, "lines": [{"net_minor": 7}, {"grade": "A"}]},
    }  # fmt: skip
    with one.database.write(applying=True) as tx:
        for (name, uid), fields in kept.items():
            tx.connection.exec_driver_sql(
                "INSERT INTO unknown_field VALUES (?, ?, ?)", (name, uid, json.dumps(fields))
            )
        assert upgrading.place_unknown(tx.connection) == 3
    assert one.rows(
        "SELECT channel, opening_hours, parent_uid, price_list_id FROM account WHERE code = 'C0'"
    ) == [("bar", '{"mon":[]}', strange, None)]
    assert one.rows("SELECT net_minor FROM order_line ORDER BY position") == [(7,), (1999,)]
    left = {(n, u): json.loads(f) for n, u, f in one.rows("SELECT * FROM unknown_field")}
    assert left == {
        ("account", company.ACCOUNTS[0]): {"price_list_id": strange.hex(), "not_yet": 1},
        ("no_such_entity", strange): {"x": 1},
        ("order", order): {"_": None, "lines": [{}, {"grade": "A"}]},
    }
    assert check.check(one.database, one.folder) == []


def test_a_rep_does_not_smuggle_a_field_of_the_office(hq: Headquarters) -> None:
    """What arrived while HQ did not know whose a field is: only the office's word counts."""
    owned = "credit_limit_minor"
    assert ENTITIES["account"].owner_of("credit_limit_minor") is Owner.HQ
    unplaced = {"latitude": "nowhere", "mood": 1}
    kept = {
        "C0": {owned: 1, "channel": "bar"},
        "C1": {owned: 2, "_by_office": [owned]},
        "C2": unplaced,
    }
    with hq.store.transaction() as connection:
        for code, extra in kept.items():
            connection.execute(
                "UPDATE account SET extra = %s WHERE code = %s", (json.dumps(extra), code)
            )
        assert placing.place_extra(connection) == 2
    query = f"SELECT code, channel, {owned}, extra FROM account WHERE code < 'C3' ORDER BY code"
    assert hq.rows(query) == [
        ("C0", "bar", None, {owned: 1}),
        ("C1", None, 2, None),
        ("C2", None, None, unplaced),
    ]


def test_changes_that_hq_does_not_know_yet_wait_and_go_by_themselves(hq: Headquarters) -> None:
    """With them waits what builds on them; the rest goes, and nothing is refused."""
    one = hq.join("R1")
    with pytest.MonkeyPatch.context() as older:
        older.setattr(endpoints, "SCHEMA_VERSION", 1)
        home = (
            "INSERT INTO home_base (uid, user_id, latitude, longitude)"
            " SELECT ?, id, 42.5, 1.5 FROM app_user WHERE code = 'R1'"
        )
        one.run(home, new_uid())
        one.run("UPDATE home_base SET address = 'Main Street 1'")
        add_note(one, "C0", "R1", "goes at once")
        report = one.sync()
        assert (report.sent, report.refusals, report.waiting) == (1, 0, 2)
        assert one.sync().waiting == 2
    assert hq.rows("SELECT text FROM note") == [("goes at once",)]
    assert hq.one("SELECT count(*) FROM home_base") == 0

    report = one.sync()

    assert (report.sent, report.refusals, report.waiting) == (2, 0, 0)
    assert hq.rows("SELECT address FROM home_base") == [("Main Street 1",)]


def test_entities_that_an_upgrade_brings_are_fetched(hq: Headquarters) -> None:
    one = hq.join("R1")
    one.run(
        "INSERT INTO home_base (uid, user_id, address) SELECT ?, id, 'Main Street 1'"
        " FROM app_user WHERE code = 'R1'",
        new_uid(),
    )
    one.sync()
    with one.database.write(applying=True) as tx:
        # As it is just after the upgrade: the feed passed these rows over long ago.
        tx.connection.exec_driver_sql("DELETE FROM home_base")
        upgrading.after_upgrade(tx.connection, 1)
    assert one.fact(upgrading.ENTITIES_SINCE) == "1"
    assert one.sync().received == 1
    assert one.rows("SELECT address FROM home_base") == [("Main Street 1",)]
    assert one.rows("SELECT 1 FROM profile WHERE key = ?", upgrading.ENTITIES_SINCE) == []
    assert one.sync().received == 0


def test_a_laptop_too_old_to_receive_may_still_send(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", "from an old program")
    monkeypatch.setattr(endpoints, "OLDEST_SCHEMA", SCHEMA_VERSION + 1)
    with pytest.raises(Refused) as caught:
        one.sync()
    assert caught.value.code == "outdated"
    assert one.waiting() == 0
    assert hq.rows("SELECT text FROM note") == [("from an old program",)]
    monkeypatch.undo()
    office = hq.join("O1")
    office.run("UPDATE account SET segment = 'A' WHERE code = 'C0'")
    office.sync()
    assert one.sync().received == 1


@pytest.mark.parametrize("version", _OLDER)
def test_columns_of_older_schemas_are_remembered_in_their_order(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the golden laptop's own tables: answers to its pushes have no names with them."""
    golden.unpack_laptop(version, tmp_path)
    monkeypatch.setattr(schema, "ensure", lambda _database: None)
    database = profile.open_database(tmp_path, serving.system_clock())
    with database.read() as connection:
        for entity in ENTITIES.values():
            if entity.since > version:
                continue
            table = entity.table or entity.name
            rows = connection.exec_driver_sql(f"PRAGMA table_info({table})")
            columns = [row[1] for row in rows][3:]
            assert versions.columns_at(entity, version) == columns, entity.name
            if entity.lines is not None:
                rows = connection.exec_driver_sql(f"PRAGMA table_info({entity.lines.name})")
                lines = [row[1] for row in rows][2:]
                assert versions.line_columns_at(entity, version) == lines
    database.dispose()


@pytest.mark.parametrize("version", _OLDER)
def test_an_older_laptop_is_answered_in_its_own_columns(hq: Headquarters, version: int) -> None:
    """It pushes onto rows that have changed meanwhile, and pulls what it can take."""
    office, other = hq.join("O1"), hq.join("O1", "second")
    order = submit_order(other, "C0", "O1", "O02-00001")
    other.run("UPDATE app_user SET phone = '1' WHERE code = 'R1'")
    other.sync()
    office.run("UPDATE app_user SET email = 'r1@example.com' WHERE code = 'R1'")
    with office.database.read() as connection:
        txns = waiting_txns(connection)
    transport = HttpTransport(hq.url)
    device, key = office.fact("device.uid"), office.fact("device.key")
    session = Session(transport, device, key, hq.now_ms)
    session.schema = version
    epoch = session.epoch()
    assert session.hq_schema == SCHEMA_VERSION
    body = session.post("/v1/push", PushRequest(PROTOCOL_VERSION, epoch, hq.now_ms(), txns))
    (answer,) = msgspec.json.decode(body, type=PushResponse).answers
    assert answer.row is not None
    columns = versions.columns_at(ENTITIES["user"], version)
    told = dict(zip(columns, answer.row[2:], strict=True))
    assert (told["code"], told["phone"], told["email"]) == ("R1", "1", "r1@example.com")
    # This program reads such a row by its length, as after an upgrade between push and answer.
    section = versions.section_of(ENTITIES["user"], answer.row)
    assert section is not None
    assert section.columns == columns
    with office.database.read() as connection:
        cursor = {s: 0 for s, _p in connection.exec_driver_sql("SELECT * FROM sync_cursor")}
    page = session.post("/v1/pull", PullRequest(PROTOCOL_VERSION, epoch, "", cursor))
    text = zstandard.ZstdDecompressor().decompressobj().decompress(page)
    found = [msgspec.json.decode(line) for line in text.splitlines()]
    sections = {s["entity"]: s for s in found if isinstance(s, dict) and "entity" in s}
    gone = {"home_address", "home_latitude", "home_longitude"}
    wanted = set(versions.columns_at(ENTITIES["order"], version)) - gone
    assert wanted <= set(sections["order"]["columns"])
    assert order.hex() in text.decode()
    transport.close()
