"""HQ behind PgBouncer in transaction mode: sessions are handed on after every transaction.

Skipped where there is no ``pgbouncer`` (Debian's package of that name).
"""

from __future__ import annotations

import ast
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.administration import admin, checking
from crmdesk.hq.database.store import Store
from tests.sync.child_servers import child
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq

_PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
_SESSIONS = 3
"""Of PostgreSQL, for two server processes with up to 32 connections: they must be shared."""

_SETTINGS = """
[databases]
* = host={socket} port={port} user=postgres pool_size={sessions}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users
pool_mode = transaction
max_client_conn = 200
server_reset_query =
server_reset_query_always = 0
logfile = {folder}/log
pidfile = {folder}/pid
"""


@pytest.fixture
def pooled(hq: Headquarters) -> Iterator[str]:
    """The URL of HQ's database through PgBouncer."""
    if _PROGRAM is None:
        pytest.skip("no pgbouncer: apt-get install pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-pooler-"))
    where = conninfo_to_dict(hq.database_url)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        listen = probe.getsockname()[1]
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "settings.ini").write_text(
        _SETTINGS.format(
            socket=where["host"], port=where.get("port", 5432), listen=listen, folder=folder,
            sessions=_SESSIONS,
        )
    )  # fmt: skip
    # It refuses to be root; the socket's folder is open to the user of PostgreSQL only.
    owner = Path(str(where["host"])).stat().st_uid
    user = pwd.getpwuid(owner).pw_name if os.geteuid() == 0 else None
    if user is not None:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)
    process = subprocess.Popen(
        [_PROGRAM, "-q", str(folder / "settings.ini")], user=user,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"postgresql://postgres@127.0.0.1:{listen}/{where['dbname']}"
    try:
        _wait_for(url, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, log: Path) -> None:
    until_s = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < until_s, log.read_text()
            time.sleep(0.05)
        else:
            return


def test_two_processes_work_behind_a_pooler_with_few_sessions(
    hq: Headquarters, pooled: str, tmp_path: Path
) -> None:
    """First downloads, pushes and pulls at once, more connections than there are sessions."""
    stocked = [hq.join("R1"), hq.join("R2"), hq.join("O1")]
    direct, hq.database_url = hq.database_url, pooled
    with child(hq, tmp_path / "server", processes=2, pooler=True) as server:
        hq.point(server.url)
        laptops = [*stocked, hq.join("R1", "another"), hq.join("R2", "another")]
        errors: list[object] = []

        def work(laptop: Laptop, user: str, account: str) -> None:
            try:
                for number in range(8):
                    add_note(laptop, account, user, f"{user} {number}")
                    laptop.sync()
            except CrmdeskError as error:
                errors.append(error)

        who = (("R1", "C0"), ("R2", "C4"), ("O1", "C1"), ("R1", "C2"), ("R2", "C5"))
        threads = [
            threading.Thread(target=work, args=(laptop, *one))
            for laptop, one in zip(laptops, who, strict=True)
        ]
        for thread in threads:
            thread.start()
        admin.reassign_territory(hq.store, ["C3"], "T2", now_ms=hq.now_ms())
        for thread in threads:
            thread.join()
        for laptop in laptops:
            laptop.sync()
        assert errors == []
        assert '"error"' not in server.log.read_text()
        sessions = hq.one(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND client_addr IS NULL AND application_name IN ('', 'crmdesk')"
        )
        assert sessions <= _SESSIONS + hq.store.most_connections
    hq.database_url = direct
    assert hq.one("SELECT count(*) FROM note") == 40
    assert [laptop.one("SELECT count(*) FROM note") for laptop in laptops] == [24, 16, 40, 24, 16]
    assert checking.check(hq.store).findings == []


def test_a_pooler_that_loses_prepared_statements_is_why_there_is_the_option(pooled: str) -> None:
    """Without the option the same statement fails on the sixth time: the test can fail."""
    with pytest.raises(psycopg.Error):
        _many(Store(pooled, prepare=True))
    _many(Store(pooled, prepare=False))


def _many(store: Store) -> None:
    """The same statement from several threads again and again, so that sessions change hands."""
    odd: list[psycopg.Error] = []

    def run() -> None:
        try:
            for number in range(60):
                with store.transaction() as connection:
                    connection.execute("SELECT code FROM account WHERE rev > %s", (number,))
        except psycopg.Error as error:
            odd.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        store.dispose()
    if odd:
        raise odd[0]


def test_nothing_is_set_for_a_session() -> None:
    """Only what ends with its transaction: SET LOCAL and SET TRANSACTION, no LISTEN, no locks."""
    words = re.compile(
        r"(?:\A|;)\s*(SET\s+(?!LOCAL|TRANSACTION)|RESET\s|LISTEN\s|DISCARD\s|PREPARE\s|DECLARE\s)"
        r"|pg_advisory_lock|CREATE\s+TEMP|set_config\([^)]*false\)"
    )
    found = []
    for path in sorted(Path("crmdesk/hq").rglob("*.py")):
        if path.name == "restoring.py":  # a psql of its own, past the pooler
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += [f"{path}:{node.lineno}" for m in words.findall(node.value) if m]
    assert found == []
