"""Either side put back from a backup or copied: nothing is overwritten, nothing stays lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli.program import Faces, main
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import Refused, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.administration import admin
from crmdesk.hq.database import schema
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import create_database, drop_database
from crmdesk.hq.exchange import editing
from crmdesk.hq.running import serving
from crmdesk.storage import backup, check, profile
from crmdesk.storage.entities import ENTITIES
from crmdesk.sync import facts
from crmdesk.sync.client import sync_once
from crmdesk.sync.rejoining import rejoin
from tests.sync import company
from tests.sync.both_sums import both
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note, submit_order

pytestmark = pytest.mark.hq

_PLAIN = "SELECT {columns} FROM {table} WHERE NOT deleted ORDER BY uid"


@pytest.fixture
def take_back(hq: Headquarters, postgres: Cluster) -> Callable[[], Callable[..., None]]:
    """Dumps HQ; what it returns puts the dump in place of what HQ is then."""

    def dump() -> Callable[..., None]:
        program = postgres.program
        plain = subprocess.run(
            [program("pg_dump"), "--no-owner", hq.database_url], capture_output=True, check=True
        ).stdout

        def restore(*, word: bool = True) -> None:
            hq.stop()
            hq.store.dispose()
            name = hq.store.engine.url.database
            assert name is not None
            drop_database(postgres.url("postgres"), name)
            create_database(postgres.url("postgres"), name)
            subprocess.run([program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", hq.database_url],
                           input=plain, check=True, capture_output=True)  # fmt: skip
            if word:
                schema.new_epoch(hq.store)
            hq.stop = lambda: None
            hq.restart()

        return restore

    return dump


@pytest.fixture
def crmdesk() -> Callable[..., int]:
    """Runs the command line on a profile; returns the exit code."""

    def face(*_: object) -> int:
        raise AssertionError("no window here")

    def run(*words: str, folder: Path) -> int:
        faces = Faces(face, face, face)
        arguments = [*words, "--profile", str(folder)]
        return main(arguments, faces, lambda: datetime.now(UTC))

    return run


def content(hq: Headquarters) -> dict[str, list[Any]]:
    """Every living row of HQ without revisions."""
    found: dict[str, list[Any]] = {}
    for entity in ENTITIES.values():
        columns = ", ".join(f'"{c}"' for c in ["uid", *(f.column for f in entity.fields)])
        table = entity.table or entity.name
        found[entity.name] = hq.rows(_PLAIN.format(columns=columns, table=f'"{table}"'))
        if entity.lines is not None:
            columns = ", ".join(f'"{f.column}"' for f in entity.lines.fields)
            found[entity.lines.name] = hq.rows(
                f"SELECT {columns} FROM {entity.lines.name} ORDER BY parent_uid, position"
            )
    return found


def agree(hq: Headquarters, *laptops: Laptop) -> None:
    for laptop in laptops:
        here, there = both(hq, laptop)
        assert {s for s in here if here[s] != there[s]} == set(), laptop.folder.name
        assert check.check(laptop.database, laptop.folder) == []


def new_customer(office: Laptop, code: str = "C9") -> bytes:
    """A customer that the office makes for the first rep."""
    uid = new_uid()
    office.run(
        "INSERT INTO account (uid, code, name, territory_id) SELECT ?, ?, 'New', id"
        " FROM territory WHERE code = 'T1'",
        uid, code,
    )  # fmt: skip
    return uid


def test_case_27_what_a_restored_hq_has_lost_is_offered_again(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    """Notes, orders, edits, deletions, new customers and what was written about them."""
    one, two, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    everybody = (one, two, office)
    add_note(one, "C0", "R1", "before the backup")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    for laptop in everybody:
        laptop.sync()
    restore = take_back()
    # All of this HQ is going to lose.
    new_customer(office)
    office.run(
        "INSERT INTO contact (uid, account_id, name) SELECT ?, id, 'Lost' FROM account"
        " WHERE code = 'C0'",
        new_uid(),
    )
    office.run("UPDATE account SET segment = 'A', name = 'Renamed' WHERE code = 'C4'")
    office.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[5])
    office.run("UPDATE product SET name = 'Dearer' WHERE sku = 'SKU2'")
    office.sync()
    one.sync()
    add_note(one, "C9", "R1", "about the new customer")
    submit_order(one, "C9", "R1", "R01-00001")
    one.run("UPDATE account SET channel = 'hotel' WHERE code = 'C1'")
    one.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[1])
    two.run("UPDATE account SET description = 'seen' WHERE code = 'C5'")
    for laptop in (one, two, office, one, two):
        assert laptop.sync().refusals == 0
    before = content(hq)
    agree(hq, *everybody)

    restore()
    assert content(hq) != before
    # The rep comes first: HQ does not know the customer yet that he wrote about.
    report = one.sync()
    assert (report.refusals, report.conflicts) == (0, 0)
    assert report.waiting > 0
    assert one.rows("SELECT name FROM account WHERE code = 'C9'") == [("New",)]
    assert one.one("SELECT count(*) FROM note") == 2
    assert report.compared
    assert one.one("SELECT count(*) FROM contact WHERE name = 'Lost'") == 1
    for laptop in (two, office, one, two, office):
        report = laptop.sync()
        assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)

    assert content(hq) == before
    agree(hq, *everybody)
    assert one.rows("SELECT 1 FROM refusal UNION ALL SELECT 1 FROM conflict") == []
    for laptop in everybody:
        assert sync_once(laptop.database, compare=True).healed == 0


def test_rows_of_devices_that_never_come_back_are_kept_and_offered(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    """A row that only others hold: kept for its author first, then offered by who may write it."""
    one, office = hq.join("R1"), hq.join("O1")
    one.sync()
    restore = take_back()
    new_customer(office)
    made_at_hq = editing.insert_row(
        hq.store, "contact", {"account_id": company.ACCOUNTS[0].hex(), "name": "At HQ"}, hq.now_ms()
    )
    office.sync()
    one.sync()
    add_note(one, "C9", "R1", "mine")
    one.sync()
    restore()
    # The office's machine is gone for good.
    report = sync_once(one.database, compare=True)
    assert (report.refusals, report.waiting) == (0, 1)
    detail = "SELECT detail FROM sync_session ORDER BY id DESC LIMIT 1"
    assert "kept here" in one.one(detail)
    names = "SELECT name FROM contact WHERE name = 'At HQ'"
    assert one.rows(names) == [("At HQ",)]
    assert hq.rows("SELECT name FROM account WHERE code = 'C9'") == []

    age(one, days=31)
    # Offered after the comparison, then taken; then what builds on it.
    reports = [sync_once(one.database, compare=True), one.sync(), one.sync()]

    assert [found.waiting for found in reports] == [3, 1, 0]
    assert sum(found.refusals for found in reports) == 0
    assert hq.rows("SELECT name FROM account WHERE code = 'C9'") == [("New",)]
    assert hq.rows("SELECT text FROM note") == [("mine",)]
    assert (
        hq.rows("SELECT uid::text FROM contact WHERE name = 'At HQ'")[0][0].replace("-", "")
        == made_at_hq
    )
    age(one, days=61)
    report = sync_once(one.database, compare=True)
    assert (report.healed, report.differing) == (0, 0)
    agree(hq, one)


def age(laptop: Laptop, *, days: int) -> None:
    """HQ was restored so long ago."""
    with laptop.database.maintenance() as connection:
        then = format_instant(datetime.now(UTC) - timedelta(days=days))
        profile.set_fact(connection, facts.RESTORED_AT, then)


def test_what_hq_deleted_before_its_backup_does_not_come_back(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    """A laptop that missed a deletion tells it from a loss: HQ knows the row as deleted."""
    one, office = hq.join("R1"), hq.join("O1")
    office.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[0])
    office.sync()
    admin.reassign_territory(hq.store, ["C3"], "T2", now_ms=hq.now_ms())
    restore = take_back()
    restore()
    report = one.sync()
    assert report.compared
    assert one.one("SELECT count(*) FROM contact WHERE uid = ?", company.CONTACTS[0]) == 0
    assert one.rows("SELECT code FROM account ORDER BY code") == [("C0",), ("C1",), ("C2",)]
    agree(hq, one)


def test_case_27_a_backup_put_in_place_without_a_word_is_noticed(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    """Nobody told HQ to begin a new epoch: who has seen more than HQ knows offers it again."""
    one, office = hq.join("R1"), hq.join("O1")
    one.sync()
    restore = take_back()
    add_note(one, "C0", "R1", "lost and found")
    one.sync()
    office.sync()
    restore(word=False)
    assert one.sync().refusals == 0
    assert office.sync().refusals == 0
    assert hq.rows("SELECT text FROM note") == [("lost and found",)]
    agree(hq, one, office)


def test_a_code_given_twice_after_a_restore_stops_nobody(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    """The office made C9; HQ lost it and gave the code to another customer before it came back."""
    one, office, second = hq.join("R1"), hq.join("O1"), hq.join("O1", "second")
    one.sync()
    office.sync()
    restore = take_back()
    lost = new_customer(office)
    office.sync()
    one.sync()
    restore()
    taken = new_customer(second)
    assert second.sync().refusals == 0

    for laptop in (one, office, one):
        laptop.sync()

    for laptop in (one, office, second):
        assert laptop.rows("SELECT uid FROM account WHERE code = 'C9'") == [(taken,)]
    assert "C9" in office.one("SELECT fields FROM refusal WHERE uid = ?", lost)
    held = one.rows("SELECT code FROM account WHERE uid = ?", lost)
    assert held == [(f"C9~{lost.hex().upper()}",)]
    agree(hq, office, second)


# -- the laptop ----------------------------------------------------------------------------


def reopened(laptop: Laptop) -> None:
    laptop.database = profile.open_database(laptop.folder, serving.system_clock())


def test_case_26_a_copied_disk_is_found_out_and_overwrites_nothing(hq: Headquarters) -> None:
    """Two machines that take themselves for one: the second is stopped, its words stay on it."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "before the copy")
    one.sync()
    one.database.dispose()
    folder = hq.folder / "copy"
    shutil.copytree(one.folder, folder)
    reopened(one)
    copy = Laptop(folder, profile.open_database(folder, serving.system_clock()), hq.url)
    hq.laptops.append(copy)
    for laptop, text in ((one, "by the original"), (copy, "by the copy")):
        add_note(laptop, "C1", "R1", text)
        laptop.run("UPDATE account SET description = ? WHERE code = 'C2'", text)
    assert one.sync().sent == 2

    with pytest.raises(Refused) as caught:
        copy.sync()

    assert caught.value.code == "cloned"
    assert copy.waiting() == 2
    assert "by the copy" in copy.one("SELECT group_concat(fields) FROM journal")
    assert sorted(hq.rows("SELECT text FROM note")) == [("before the copy",), ("by the original",)]
    assert hq.one("SELECT description FROM account WHERE code = 'C2'") == "by the original"
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'cloned-device'") == 1


def test_a_stopped_device_is_enrolled_again_and_loses_nothing(
    hq: Headquarters, crmdesk: Callable[..., int]
) -> None:
    """Both copies become devices of their own; what only waited is sent, nothing twice."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "waits on both")
    one.database.dispose()
    folder = hq.folder / "copy"
    shutil.copytree(one.folder, folder)
    reopened(one)
    copy = Laptop(folder, profile.open_database(folder, serving.system_clock()), hq.url)
    hq.laptops.append(copy)
    for laptop, text in ((one, "by the original"), (copy, "by the copy")):
        add_note(laptop, "C1", "R1", text)
    one.sync()
    with pytest.raises(Refused):
        copy.sync()
    with pytest.raises(UserError, match="somebody else"):
        rejoin(copy.database, hq.url, hq.code("R2"), device_name="x")

    for laptop in (copy, one):
        laptop.database.dispose()
        assert (
            crmdesk("join", hq.url, "--code", hq.code("R1"), "--again", folder=laptop.folder) == 0
        )
        reopened(laptop)
        assert laptop.sync().refusals == 0
    one.sync()
    copy.sync()

    assert sorted(text for (text,) in hq.rows("SELECT text FROM note")) == [
        "by the copy", "by the original", "waits on both",
    ]  # fmt: skip
    assert len({one.fact("device.uid"), copy.fact("device.uid")}) == 2
    agree(hq, one, copy)
    with pytest.raises(UserError, match="need not"):
        rejoin(one.database, hq.url, hq.code("R1"), device_name="x")


def test_a_device_enrolled_after_the_backup_is_enrolled_again_with_its_work(
    hq: Headquarters, take_back: Callable[[], Callable[..., None]]
) -> None:
    hq.join("R1")
    restore = take_back()
    late = hq.join("R1", "late")
    add_note(late, "C0", "R1", "sent")
    submit_order(late, "C1", "R1", "R09-00001")
    late.sync()
    before = content(hq)
    add_note(late, "C0", "R1", "not sent")
    restore()
    with pytest.raises(Refused) as caught:
        late.sync()
    assert caught.value.code == "device"

    rejoin(late.database, hq.url, hq.code("R1"), device_name="late")
    report = late.sync()

    assert (report.refusals, report.waiting) == (0, 0)
    assert content(hq)["order"] == before["order"]
    assert content(hq)["order_line"] == before["order_line"]
    assert sorted(hq.rows("SELECT text FROM note")) == [("not sent",), ("sent",)]
    # Only the device's own row of before is still kept here; HQ has lost it.
    here, there = both(hq, late)
    assert {s for s in here if here[s] != there[s]} == {"reference"}


def test_the_command_line_compares_with_hq(
    hq: Headquarters, crmdesk: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    one = hq.join("R1")
    with one.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE contact SET name = 'flipped'")
    one.database.dispose()
    assert crmdesk("check", "--hq", folder=one.folder) == 0
    assert "4 rows" in capsys.readouterr().out
    reopened(one)
    assert one.rows("SELECT count(*) FROM contact WHERE name = 'flipped'") == [(0,)]
    agree(hq, one)


def test_case_26_a_restored_laptop_counts_on_and_gets_its_own_work_back(
    hq: Headquarters, tmp_path: Path
) -> None:
    """Work sent after the backup comes back from HQ; new work never takes its numbers."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "in the backup")
    one.sync()
    file = tmp_path / "laptop.backup"
    backup.back_up(one.database, one.folder, file)
    add_note(one, "C0", "R1", "sent after the backup")
    submit_order(one, "C1", "R1", "R01-00001")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C2'")
    one.run("DELETE FROM contact WHERE uid = ?", company.CONTACTS[3])
    assert one.sync().refusals == 0
    before = content(hq)
    one.database.dispose()
    backup.restore(file, one.folder, serving.system_clock())
    reopened(one)
    add_note(one, "C0", "R1", "written before the first sync")

    report = one.sync()

    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    assert report.compared
    assert hq.rows("SELECT status FROM hq_device WHERE device_id = %s", one.fact("device.uid")) == [
        ("active",)
    ]
    assert len(content(hq)["note"]) == len(before["note"]) + 1
    assert {n: r for n, r in content(hq).items() if n != "note"} == {
        n: r for n, r in before.items() if n != "note"
    }
    agree(hq, one)
    assert one.one("SELECT count(*) FROM note") == 3
    assert one.one("SELECT count(*) FROM contact WHERE uid = ?", company.CONTACTS[3]) == 0
