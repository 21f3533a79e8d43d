"""HQ backed up, put back, and checked: by the command line, with laptops that go on afterwards."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmdesk.domain.errors import EnvironmentProblem, NewerFile, Refused, UserError
from crmdesk.hq.administration import admin, checking, keeping, restoring
from crmdesk.hq.database import schema
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store, create_database, drop_database
from tests.sync import golden
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note
from tests.sync.hq_commands import crmdesk

__all__ = ["crmdesk"]

pytestmark = pytest.mark.hq

Command = Callable[..., tuple[int, Any, str]]
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


@pytest.fixture
def empty(postgres: Cluster) -> Iterator[str]:
    """The URL of an empty database."""
    create_database(postgres.url("postgres"), "empty")
    yield postgres.url("empty")
    drop_database(postgres.url("postgres"), "empty")


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for what a restore itself writes."""
    from crmdesk.hq.database.tables import metadata

    found = {}
    with store.transaction() as connection:
        for name in metadata.tables:
            rows = connection.execute(f'SELECT t::text FROM "{name}" t'.encode()).fetchall()
            found[name] = sorted(rows)
    del found["hq_state"], found["audit"], found["enrolment"]
    return found


def test_a_backup_comes_back_into_an_empty_database_row_by_row(
    hq: Headquarters, empty: str, tmp_path: Path, crmdesk: Command
) -> None:
    one = hq.join("R1")
    add_note(one, "C0", "R1", 'wörds; \\ "and"\ttabs\nlines')
    one.sync()
    folder = tmp_path / "backups"
    code, made, _err = crmdesk("backup", "--out", folder, "--keep", 3)
    assert code == 0 and made["bytes"] == Path(made["file"]).stat().st_size
    assert folder.stat().st_mode & 0o077 == 0
    assert Path(made["file"]).stat().st_mode & 0o077 == 0

    store = Store(empty)
    done = restoring.restore(store, Path(made["file"]), NOW)

    assert everything(store) == everything(hq.store)
    assert checking.check(store, contents=True).findings == []
    assert schema.fact(store, "epoch") == done.epoch != schema.fact(hq.store, "epoch")
    assert schema.fact(store, "secret") == schema.fact(hq.store, "secret")
    store.dispose()


def test_case_27_laptops_offer_again_what_a_restored_hq_has_lost(
    hq: Headquarters, tmp_path: Path, crmdesk: Command
) -> None:
    """The server goes on running: nobody is told, nothing is asked, nothing is lost."""
    one, office = hq.join("R1"), hq.join("O1")
    add_note(one, "C0", "R1", "before the backup")
    one.sync()
    crmdesk("backup", "--out", tmp_path / "dump")
    add_note(one, "C0", "R1", "after the backup")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    one.sync()
    office.sync()
    lost = hq.join("R2", "enrolled since")

    code, done, _err = crmdesk("restore", tmp_path / "dump", "--replace")
    assert code == 0 and Path(done["safety"]).stat().st_mode & 0o077 == 0
    assert hq.rows("SELECT text FROM note") == [("before the backup",)]

    assert one.sync().refusals == 0
    office.sync()
    for laptop in (one, office):
        assert sorted(laptop.rows("SELECT text FROM note")) == [
            ("after the backup",), ("before the backup",),
        ]  # fmt: skip
        assert laptop.one("SELECT channel FROM account WHERE code = 'C1'") == "bar"
    assert hq.one("SELECT count(*) FROM note") == 2
    assert checking.check(hq.store).findings == []
    lost.sync()
    assert hq.one("SELECT detail ->> 'epoch' FROM audit WHERE action = 'restored'") == done["epoch"]


def test_case_32_what_was_ended_since_the_backup_stays_ended(
    hq: Headquarters, tmp_path: Path, crmdesk: Command
) -> None:
    one, code = hq.join("R1"), hq.code("R1")
    crmdesk("backup", "--out", tmp_path / "dump")
    admin.end_device(hq.store, "R01", "wiped")

    done = crmdesk("restore", tmp_path / "dump", "--replace")[1]

    assert done["ended_again"] == ["R01"]
    with pytest.raises(Refused):
        one.sync()
    assert hq.one("SELECT h.status FROM hq_device h JOIN device d ON d.uid = h.device_id"
                  " WHERE d.prefix = 'R01'") == "wiped"  # fmt: skip
    assert hq.one("SELECT status FROM device WHERE prefix = 'R01'") == "wiped"
    from crmdesk.sync.protocol import PROTOCOL_VERSION
    from crmdesk.sync.transport import HttpTransport

    wire = HttpTransport(hq.url)
    with pytest.raises(Refused) as caught:
        wire.post("/v1/enrol", b'{"protocol":%d,"code":"%s","name":"x"}' % (
            PROTOCOL_VERSION, code.encode()))  # fmt: skip
    assert caught.value.code == "code"
    wire.close()


def test_a_laptop_enrolled_since_the_backup_goes_on_and_keeps_its_prefix(
    hq: Headquarters, tmp_path: Path, crmdesk: Command
) -> None:
    """Its documents bear its prefix: given to another laptop, two would have one number."""
    crmdesk("backup", "--out", tmp_path / "dump")
    since = hq.join("R1", "O'Brien's \\ \"laptop\"")
    hq.stock.clear()
    another = hq.join("R1", "another")
    prefix = another.fact("device.prefix")
    admin.end_device(hq.store, prefix, "wiped")
    mine = hq.join("R1", "O'Brien's \\ \"laptop\"")
    add_note(mine, "C0", "R1", "kept here")
    mine.sync()

    assert crmdesk("restore", tmp_path / "dump", "--replace")[1]["ended_again"] == [prefix]

    assert mine.sync().refusals == 0
    assert hq.rows("SELECT text FROM note") == [("kept here",)]
    names = dict(hq.rows("SELECT prefix, name FROM device"))
    assert names[mine.fact("device.prefix")] == "O'Brien's \\ \"laptop\""
    assert hq.join("R1", "newest").fact("device.prefix") not in {
        prefix, mine.fact("device.prefix"), since.fact("device.prefix"),
    }  # fmt: skip
    with pytest.raises(Refused):
        another.sync()
    assert checking.check(hq.store).findings == []


def test_a_restore_needs_the_word_replace_and_leaves_all_as_it_was(
    hq: Headquarters, tmp_path: Path, crmdesk: Command
) -> None:
    crmdesk("backup", "--out", tmp_path / "dump")
    before = everything(hq.store), schema.fact(hq.store, "epoch")
    code, _document, complaint = crmdesk("restore", tmp_path / "dump")
    assert code == 2 and "--replace" in complaint
    assert (everything(hq.store), schema.fact(hq.store, "epoch")) == before


def test_half_a_backup_changes_nothing(hq: Headquarters, tmp_path: Path, crmdesk: Command) -> None:
    """Cut anywhere: the rows and the epoch of before are there, and the safety backup as well."""
    file = Path(crmdesk("backup", "--out", tmp_path / "dump")[1]["file"])
    whole = file.read_bytes()
    before = everything(hq.store), schema.fact(hq.store, "epoch")
    for part in (0.5, 0.8, 0.97):
        file.write_bytes(whole[: int(len(whole) * part)])
        code, _document, complaint = crmdesk("restore", file, "--replace")
        assert code in {2, 3} and complaint
        assert (everything(hq.store), schema.fact(hq.store, "epoch")) == before


def test_a_restore_that_dies_changes_nothing(
    hq: Headquarters, tmp_path: Path, crmdesk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been read so far is never committed, only the last word commits."""
    crmdesk("backup", "--out", tmp_path / "dump")
    before = everything(hq.store), schema.fact(hq.store, "epoch")

    def dies(_stream: object) -> Iterator[bytes]:
        yield b"CREATE TABLE public.half (x integer);\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "_script", dies)
    assert crmdesk("restore", tmp_path / "dump", "--replace")[0] == 3
    assert (everything(hq.store), schema.fact(hq.store, "epoch")) == before
    assert hq.one("SELECT to_regclass('half') IS NULL")


def test_a_backup_of_a_newer_version_and_another_database_are_refused(
    hq: Headquarters, empty: str, tmp_path: Path
) -> None:
    with hq.store.transaction() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    newer = keeping.backup(hq.database_url, tmp_path / "newer", NOW).file
    store = Store(empty)
    with pytest.raises(NewerFile):
        restoring.restore(store, newer, NOW)
    with store.transaction() as connection:
        connection.execute("CREATE TABLE something (x integer)")
    with pytest.raises(EnvironmentProblem, match="read back"):
        keeping.backup(empty, tmp_path / "other", NOW)
    assert not list(tmp_path.glob("other*"))
    foreign = tmp_path / "foreign"
    program = keeping.programs().path("pg_dump")
    subprocess.run([program, "-Fc", f"--file={foreign}", f"--dbname={empty}"], check=True)
    text = tmp_path / "text"
    text.write_text("not a dump at all")
    for file in (foreign, text):
        with pytest.raises(UserError, match="not a backup"):
            restoring.restore(store, file, NOW)
    store.dispose()


def test_a_backup_of_the_first_version_is_brought_up_to_date(empty: str, tmp_path: Path) -> None:
    store = Store(empty)
    subprocess.run(
        [keeping.programs().path("psql"), "--quiet", "--set=ON_ERROR_STOP=1", empty],
        input=golden.hq_sql(1), check=True, capture_output=True,
    )  # fmt: skip
    old = keeping.backup(empty, tmp_path / "old", NOW).file
    done = restoring.restore(store, old, NOW, replace=True, safety_folder=tmp_path / "safe")
    assert (done.revision, done.upgraded) == ("0001", True)
    assert schema.revision(store) == schema.HEAD_REVISION
    store.dispose()


def test_old_backups_make_room_and_a_failed_one_removes_none(
    hq: Headquarters, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    (folder / "other").mkdir(parents=True)
    (folder / "hq-notes.dump").write_text("mine")
    made = [
        keeping.backup(hq.database_url, folder, NOW + timedelta(days=day), keep=2).file
        for day in range(4)
    ]
    assert sorted(folder.glob("hq-2*.dump")) == made[2:]
    with pytest.raises(EnvironmentProblem):
        keeping.backup("postgresql://nobody@127.0.0.1:9/x", folder, NOW, keep=1)
    assert sorted(folder.iterdir()) == sorted([*made[2:], folder / "hq-notes.dump",
                                               folder / "other"])  # fmt: skip


def test_the_client_programs_are_enough_for_backups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine beside a PostgreSQL of its own has pg_dump, but nothing to make a cluster with."""
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setattr(keeping, "installed_programs", lambda _needed: [])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert keeping.programs().path("psql") == str(tmp_path / "psql")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentProblem, match="pg_dump"):
        keeping.programs()


def test_a_password_of_the_database_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    where, environment = keeping.connection_of("postgresql://u:hush@db.example/crm")
    assert "hush" not in where
    assert environment["PGPASSWORD"] == "hush"
    assert os.environ.get("PGPASSWORD") is None


@pytest.mark.logs_warnings
def test_a_restore_waits_for_running_requests_and_they_for_it(
    hq: Headquarters, tmp_path: Path, crmdesk: Command
) -> None:
    """Laptops sync all the while: each push is whole before or offered again after."""
    one = hq.join("R1")
    crmdesk("backup", "--out", tmp_path / "dump")
    stop = threading.Event()
    odd: list[BaseException] = []

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            add_note(one, "C0", "R1", f"note {number}")
            try:
                one.sync()
            except (EnvironmentProblem, Refused):
                continue
            except BaseException as error:
                odd.append(error)
                raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _round in range(2):
            assert crmdesk("restore", tmp_path / "dump", "--replace")[0] == 0
    finally:
        stop.set()
        thread.join()
    one.sync()
    assert odd == []
    here = one.rows("SELECT text FROM note ORDER BY text")
    assert here == hq.rows("SELECT text FROM note ORDER BY text")
    assert len(here) >= 1 and one.waiting() == 0


# -- check ----------------------------------------------------------------------------------


_DAMAGES = {
    "ahead of its head": "UPDATE feed SET position = position + 1000000",
    "horizon": "UPDATE scope_head SET horizon = position + 1",
    "rows of user that are not there": """INSERT INTO feed (scope, entity, uid, position)
        VALUES ('reference', 'user', gen_random_uuid(), -1)""",
    "kind that does not exist": """INSERT INTO outbox (scope, entity, uid)
        VALUES ('reference', 'ghost', gen_random_uuid())""",
    "6 rows of account": "DELETE FROM unique_value WHERE entity = 'account'",
    "rows of account are not": "UPDATE unique_value SET value = 'x' || value",
    "belong to no row": """INSERT INTO unique_value
        VALUES ('account', 'code', 'Z', gen_random_uuid(), gen_random_uuid())""",
    "refer to a deleted product": "UPDATE product SET deleted = true",
    "do not exist": "INSERT INTO op_result VALUES (gen_random_uuid(), 1, '', '')",
    "not kept whole": """INSERT INTO blob (sha256, size, received, complete)
        VALUES ('00', 5, 5, true)""",
    "scope_sum is missing": "DROP TABLE scope_sum",
    "account lacks channel": "ALTER TABLE account DROP COLUMN channel",
    "lacks the rule ix_account_territory": "DROP INDEX ix_account_territory",
    "lacks the rule fk_contact": "ALTER TABLE contact DROP CONSTRAINT fk_contact_account_id",
}


@pytest.mark.parametrize(("words", "damage"), _DAMAGES.items(), ids=list(_DAMAGES))
def test_check_finds_what_is_wrong(
    hq: Headquarters, crmdesk: Command, words: str, damage: str
) -> None:
    hq.join("R1")
    code, found, _err = crmdesk("check")
    assert (code, found["findings"]) == (0, [])
    assert found["counts"]["account"] == 6
    with hq.store.transaction() as connection:
        connection.execute(damage.encode())
    code, found, _err = crmdesk("check")
    assert code == 1
    assert [sentence for sentence in found["findings"] if words in sentence]


def test_check_reads_the_bytes_of_attachments_when_asked(
    hq: Headquarters, crmdesk: Command
) -> None:
    import hashlib

    name = hashlib.sha256(b"photo").hexdigest()
    with hq.store.transaction() as connection:
        connection.execute(
            "INSERT INTO blob (sha256, size, received, complete) VALUES (%s, 5, 5, true)", (name,)
        )
        for start, data in ((0, b"ph"), (2, b"oto")):
            connection.execute("INSERT INTO blob_chunk VALUES (%s, %s, %s)", (name, start, data))
    assert crmdesk("check", "--contents")[1]["findings"] == []
    with hq.store.transaction() as connection:
        connection.execute("UPDATE blob_chunk SET data = 'OTO' WHERE start = 2")
    assert crmdesk("check")[0] == 0
    code, found, _err = crmdesk("check", "--contents")
    assert code == 1 and "damaged" in found["findings"][0]


def test_check_tidies_when_asked_and_a_server_does_it_by_itself(
    hq: Headquarters, crmdesk: Command
) -> None:
    import time

    from crmdesk.hq.running import serving
    from crmdesk.hq.running.upkeep import upkeep

    hq.code("R1")
    with hq.store.transaction() as connection:
        connection.execute("UPDATE enrolment SET expires_at = now() - interval '1 year'")
    made = hq.one("SELECT count(*) FROM enrolment")
    assert "tidied" not in crmdesk("check")[1]
    assert crmdesk("check", "--tidy")[1]["tidied"]["codes"] == made
    hq.code("R1")
    with hq.store.transaction() as connection:
        connection.execute("UPDATE enrolment SET expires_at = now() - interval '1 year'")
    store = Store(hq.database_url)
    with upkeep(store, serving.system_clock(), first_s=0.01, every_s=0.01):
        until_s = time.monotonic() + 10
        while hq.one("SELECT count(*) FROM enrolment") and time.monotonic() < until_s:
            time.sleep(0.02)
    assert hq.one("SELECT count(*) FROM enrolment") == 0
    store.dispose()
