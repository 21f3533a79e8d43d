"""How server processes end, and several of them at one address."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from crmdesk.domain.errors import CrmdeskError, EnvironmentProblem, UserError
from crmdesk.hq.running import serving
from crmdesk.hq.running.options import ServeOptions
from tests.sync.asked_pages import get, samples
from tests.sync.child_servers import child
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note

pytestmark = pytest.mark.hq


# -- how it ends ----------------------------------------------------------------------------


@contextmanager
def holding(hq: Headquarters, code: str) -> Iterator[None]:
    """An account that somebody keeps locked: whoever pushes to it waits."""
    with psycopg.connect(hq.database_url) as connection:
        connection.execute("SELECT 1 FROM account WHERE code = %s FOR UPDATE", (code,))
        yield
        connection.rollback()


def in_background(laptop: Laptop) -> tuple[threading.Thread, list[object]]:
    """A sync that runs meanwhile; its report or its error is put into the list."""
    outcome: list[object] = []

    def sync() -> None:
        try:
            outcome.append(laptop.sync())
        except CrmdeskError as error:
            outcome.append(error)

    thread = threading.Thread(target=sync)
    thread.start()
    return thread, outcome


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.02)


def waits_for_a_lock(hq: Headquarters) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    query += " AND datname = current_database()"
    return bool(hq.one(query))


def test_a_server_that_is_told_to_end_finishes_a_slow_push_and_takes_no_new_one(
    hq: Headquarters, tmp_path: Path
) -> None:
    one = hq.join("R1")
    with child(hq, tmp_path / "server") as server_:
        hq.point(server_.url)
        one.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")
        with holding(hq, "C0"):
            thread, outcome = in_background(one)
            until(lambda: waits_for_a_lock(hq), "the push")
            server_.terminate()
            until(lambda: server_.logged("ending"), "the end to begin")
            with httpx2.Client() as client:
                refused = client.post(f"{server_.url}/v1/token", content=b"{}")
                ill = client.get(f"{server_.url}/health")
            assert (refused.status_code, refused.json()["code"]) == (503, "ending")
            assert int(refused.headers["retry-after"]) > 0
            assert ill.status_code == 503
            assert server_.process.poll() is None
        assert server_.process.wait(15) == 0
        thread.join()
    assert hq.one("SELECT channel FROM account WHERE code = 'C0'") == "bar"
    assert one.waiting() == 0 or isinstance(outcome[0], CrmdeskError)


def test_a_server_ends_in_bounded_time_and_what_it_did_not_finish_is_undone(
    hq: Headquarters, tmp_path: Path
) -> None:
    one = hq.join("R1")
    with child(hq, tmp_path / "server", grace_s=1.0) as server_:
        hq.point(server_.url)
        one.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")
        with holding(hq, "C0"):
            thread, outcome = in_background(one)
            until(lambda: waits_for_a_lock(hq), "the push")
            told_s = time.monotonic()
            server_.terminate()
            assert server_.process.wait(12) == 0
            assert time.monotonic() - told_s > 0.9
        thread.join()
        assert isinstance(outcome[0], CrmdeskError)
    assert hq.one("SELECT count(*) FROM op_result") == 0
    hq.restart()
    assert one.sync().sent == 1
    assert hq.one("SELECT channel FROM account WHERE code = 'C0'") == "bar"


class Wire:
    """A way to PostgreSQL that can be cut without either side being told."""

    def __init__(self, database_url: str) -> None:
        where = conninfo_to_dict(database_url)
        self._target = f"{where['host']}/.s.PGSQL.{where.get('port', 5432)}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.silent = threading.Event()
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{where['dbname']}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _address = self._listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._target)
                self._open += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if not self.silent.is_set():
                    other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for one in self._open:
            one.close()


def test_a_server_ends_even_when_postgresql_answers_nothing_at_all(
    hq: Headquarters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, wire = hq.join("R1"), Wire(hq.database_url)
    direct, hq.database_url = hq.database_url, wire.url
    with child(hq, tmp_path / "server", grace_s=0.5, last_s=4.0) as server_:
        hq.point(server_.url)
        one.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")
        with monkeypatch.context() as patch:
            patch.setattr(hq, "database_url", direct)
            with holding(hq, "C0"):
                thread, outcome = in_background(one)
                until(lambda: waits_for_a_lock(hq), "the push")
                wire.silent.set()
                server_.terminate()
                assert server_.process.wait(25) == 0
                assert server_.logged("ended with requests that the database did not let go")
        thread.join()
        assert isinstance(outcome[0], CrmdeskError)
    wire.close()
    hq.restart()
    assert one.sync().sent == 1


def test_a_server_with_nothing_to_do_ends_at_once_and_its_manager_is_told(
    hq: Headquarters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0crmdesk-test-" + tmp_path.name)
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "@crmdesk-test-" + tmp_path.name)
        with child(hq, tmp_path / "server", grace_s=60.0) as server_:
            assert manager.recv(100) == b"READY=1"
            server_.terminate()
            assert server_.process.wait(10) == 0


def test_a_server_refuses_a_database_of_another_schema(hq: Headquarters, tmp_path: Path) -> None:
    with hq.store.transaction() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(EnvironmentProblem, match="crmdesk hq upgrade"):
        serving.start_server(tmp_path / "server", hq.database_url)


# -- several at one address -----------------------------------------------------------------


def pids_of(found: str) -> set[int]:
    return {json.loads(line)["process"] for line in found.splitlines() if line.startswith("{")}


def test_two_processes_at_one_address_take_pushes_and_pulls_at_once(
    hq: Headquarters, tmp_path: Path
) -> None:
    laptops = [hq.join(user) for user in ("R1", "R2", "O1")]
    first_port = free_ports(2)
    with child(hq, tmp_path / "s", processes=2, metrics_port=first_port) as server_:
        hq.point(server_.url)
        errors: list[object] = []

        def work(laptop: Laptop, user: str, codes: str) -> None:
            try:
                for number in range(15):
                    add_note(laptop, codes, user, f"{user} {number}")
                    laptop.sync()
            except CrmdeskError as error:
                errors.append(error)

        threads = [
            threading.Thread(target=work, args=arguments)
            for arguments in zip(laptops, ("R1", "R2", "O1"), ("C0", "C5", "C1"), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for laptop in laptops:
            laptop.sync()

        assert errors == []
        assert hq.one("SELECT count(*) FROM note") == 45
        assert laptops[2].one("SELECT count(*) FROM note") == 45
        assert [laptop.one("SELECT count(*) FROM note") for laptop in laptops[:2]] == [30, 15]
        served = [
            sum(v for (name, _l), v in samples(get(f"http://127.0.0.1:{port}/metrics").text).items()
                if name == "crmdesk_requests_total")
            for port in (first_port, first_port + 1)
        ]  # fmt: skip
        assert all(count > 0 for count in served), served

        # The way into the database is nobody else's business.
        for pid in pids_of(server_.log.read_text()):
            assert b"postgresql" not in Path(f"/proc/{pid}/cmdline").read_bytes()

        # A process that dies is replaced and nobody has to know.
        victim = sorted(pids_of(server_.log.read_text()) - {server_.process.pid})[0]
        os.kill(victim, signal.SIGKILL)
        add_note(laptops[0], "C0", "R1", "after")
        until(lambda: _synced(laptops[0]), "a sync after the death")
        until(lambda: _metrics_answer(first_port, 2), "its successor")

        server_.terminate()
        assert server_.process.wait(20) == 0
    assert not [pid for pid in pids_of(server_.log.read_text()) if _alive(pid)]


def _synced(laptop: Laptop) -> bool:
    try:
        return laptop.sync().refusals == 0
    except CrmdeskError:
        return False


def _metrics_answer(first_port: int, count: int) -> bool:
    try:
        for port in range(first_port, first_port + count):
            get(f"http://127.0.0.1:{port}/metrics")
    except httpx2.TransportError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_children_end_when_their_parent_is_killed(hq: Headquarters, tmp_path: Path) -> None:
    with child(hq, tmp_path / "s", processes=2) as server_:
        for _round in range(4):
            get(f"{server_.url}/health")
        pids = pids_of(server_.log.read_text()) - {server_.process.pid}
        assert pids
        server_.process.kill()
        server_.process.wait()
        until(lambda: not any(_alive(pid) for pid in pids), "the children's end")


def test_more_processes_than_postgresql_has_connections_for_are_refused(
    hq: Headquarters, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="PostgreSQL allows"):
        serving.serve(hq.database_url, ServeOptions(port=0, processes=9))


def free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody uses."""
    for first in range(20_000, 30_000, 7):
        found = []
        try:
            for port in range(first, first + count):
                found.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        finally:
            for one in found:
                one.close()
        return first
    raise AssertionError("no free ports")
