"""kill −9 of the laptop, the server and PostgreSQL: nothing lost, doubled or stuck."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.administration import admin, checking, keeping
from crmdesk.hq.database import bulk, home, schema
from crmdesk.hq.database.embedded import Cluster, installed_programs
from crmdesk.hq.database.store import Store, create_database
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.client import sync_once
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note

pytestmark = [pytest.mark.hq, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]


def killed_during_sync(laptop: Laptop, statement: int) -> bool:
    """Sync in a child that dies at its nth SQL statement; True if it did not get that far."""
    laptop.database.dispose()
    child = os.fork()
    if child == 0:
        try:
            _sync_and_die(laptop.folder, statement)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    laptop.database = profile.open_database(laptop.folder, serving.system_clock())
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def _sync_and_die(folder: Path, statement: int) -> None:
    database = profile.open_database(folder, serving.system_clock())
    count = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def _on_statement(_connection: Connection, *_rest: object) -> None:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(Engine, "commit")
    def _on_commit(_connection: Connection) -> None:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    sync_once(database)
    os._exit(0)


def assert_whole(laptop: Laptop) -> None:
    """The file is sound and nothing is stuck in it."""
    assert laptop.one("PRAGMA integrity_check") == "ok"
    assert laptop.rows("PRAGMA foreign_key_check") == []
    assert laptop.waiting() == 0
    assert laptop.one("SELECT applying FROM sync_state") == 0


def test_a_laptop_killed_at_any_statement_loses_and_doubles_nothing(hq: Headquarters) -> None:
    one, two = hq.join("R1"), hq.join("O1")
    kills = rounds = 0
    for statement in range(1, 400, 6):
        rounds += 1
        add_note(one, "C0", "R1", f"mine {rounds}")
        one.run("UPDATE account SET description = ? WHERE code = 'C1'", f"d{rounds}")
        add_note(two, "C1", "O1", f"theirs {rounds}")
        two.sync()
        if killed_during_sync(one, statement):
            break
        kills += 1
        one.sync()
        assert_whole(one)

    assert kills >= 6
    two.sync()
    mine, theirs = ([f"{word} {n}" for n in range(1, rounds + 1)] for word in ("mine", "theirs"))
    for rows in (
        hq.rows("SELECT text FROM note"),
        one.rows("SELECT text FROM note"),
        two.rows("SELECT text FROM note"),
    ):
        assert sorted(text for (text,) in rows) == sorted(mine + theirs)
    assert one.rows("SELECT 1 FROM refusal UNION ALL SELECT 1 FROM conflict") == []
    assert one.rows("SELECT rev, description FROM account WHERE code = 'C1'") == [
        (rounds + 1, f"d{rounds}")
    ]


def test_a_server_killed_during_pushes_takes_each_step_wholly_or_not(hq: Headquarters) -> None:
    one = hq.join("R1")
    folder = hq.folder / "server"
    server = serving.start_server(folder, hq.database_url)
    hq.point(server.url)
    for number in range(200):
        with one.database.write() as tx:
            for part in ("a", "b"):
                tx.connection.exec_driver_sql(
                    "INSERT INTO note (uid, account_id, text, at, date) SELECT ?, id, ?,"
                    " '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account WHERE code = 'C0'",
                    (company.uid(70, number * 2 + (part == "b")), f"{number}{part}"),
                )

    def kill_soon() -> None:
        time.sleep(0.05)
        server.kill()

    killer = threading.Thread(target=kill_soon)
    killer.start()
    with contextlib.suppress(CrmdeskError):
        one.sync()
    killer.join()
    taken = {str(text) for (text,) in hq.rows("SELECT text FROM note")}
    assert {t[:-1] for t in taken if t.endswith("a")} == {t[:-1] for t in taken if t.endswith("b")}

    server = serving.start_server(folder, hq.database_url)
    hq.point(server.url)
    try:
        one.sync()
    finally:
        server.stop()
    assert (
        hq.one("SELECT count(*) FROM note")
        == hq.one("SELECT count(DISTINCT text) FROM note")
        == 400
    )
    assert one.rows("SELECT 1 FROM refusal") == []
    assert_whole(one)


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster that keeps its promises, to be killed."""
    programs = sorted(installed_programs(), key=lambda p: not str(p.folder).startswith("/usr"))
    if not programs:
        pytest.skip("no PostgreSQL: install postgresql-15 or the extra hq-embedded")
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-hq-tests-"))
    cluster = Cluster(folder, programs=programs)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_postgres_killed_during_a_push(own_cluster: Cluster, tmp_path: Path) -> None:
    create_database(own_cluster.url("postgres"), "killed")
    url = own_cluster.url("killed")
    store = Store(url)
    schema.upgrade(store)
    bulk.load(store, company.batches())
    clock = serving.system_clock()
    code = admin.make_code(store, "R1", clock.now())
    server = serving.start_server(tmp_path / "server", url)
    join(tmp_path / "laptop", server.url, code, clock, device_name="x", keeping=KeyKeeping("open"))
    laptop = Laptop(
        tmp_path / "laptop", profile.open_database(tmp_path / "laptop", clock), server.url
    )
    store.dispose()
    for number in range(60):
        add_note(laptop, "C0", "R1", f"note {number}")
    killer = threading.Thread(target=own_cluster.kill)
    killer.start()
    with contextlib.suppress(CrmdeskError):
        laptop.sync()
    killer.join()

    own_cluster.start()
    report = laptop.sync()

    assert report.waiting == 0
    with store.transaction() as connection:
        found = connection.execute("SELECT count(*), count(DISTINCT text) FROM note").fetchone()
    assert found == (60, 60)
    assert_whole(laptop)
    laptop.database.dispose()
    server.stop()
    store.dispose()


def test_an_hq_folder_is_made_served_backed_up_and_stopped(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-hq-tests-"))
    clock = serving.system_clock()
    try:
        place = home.init(folder)
        with place.store() as store:
            code = admin.found_company(store, "Bäckerei", "Ada", clock.now())
            admin.add_user(store, "R1", "Rep", "rep", territories=["T1"], now_ms=0)
            assert checking.check(store).findings == []
        keeping.backup(place.url, folder / "dump", datetime.now(UTC))
        assert (folder / "dump").read_bytes()[:5] == b"PGDMP"
        assert (folder / "dump").stat().st_mode & 0o077 == 0
        again = home.open_home(folder)
        server = serving.start_server(folder / "server", again.url)
        join(tmp_path / "admin", server.url, code, clock, device_name="desk",
             keeping=KeyKeeping("open"))  # fmt: skip
        laptop = Laptop(tmp_path / "admin", profile.open_database(tmp_path / "admin", clock), "")
        laptop.run("UPDATE organisation SET name = 'Bäckerei Groß'")
        assert laptop.sync().refusals == 0
        assert [d.user_code for d in devices(again)] == ["A1"]
        laptop.database.dispose()
        server.stop()
        place.stop()
        assert place.cluster is not None and not place.cluster.running()
    finally:
        home.open_home(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def devices(place: home.HqHome) -> list[admin.DeviceRow]:
    with place.store() as store:
        return admin.devices(store)
