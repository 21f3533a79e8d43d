"""A real PostgreSQL, a real HQ server on the loopback, and laptops that join it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="HQ's libraries are not installed (extra hq)")

import psycopg

from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, schema
from crmdesk.hq.database.embedded import Cluster, installed_programs
from crmdesk.hq.database.store import Store, create_database, drop_database
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.sync import facts
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.client import SyncReport, sync_once
from crmdesk.sync.transport import HttpTransport, Transport
from tests.sync import company

_TEMPLATE = "company_template"
_names = (f"test_{n}" for n in itertools.count(1))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A throw-away cluster: the system's PostgreSQL where there is one, else the bundled one."""
    programs = sorted(installed_programs(), key=lambda p: not str(p.folder).startswith("/usr"))
    if not programs:
        pytest.skip("no PostgreSQL: install postgresql-15 or the extra hq-embedded")
    # Not below pytest's own folder: every run closes that to other users, PostgreSQL's included.
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-hq-tests-"))
    cluster = Cluster(folder, programs=programs, durable=False)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Stock:
    """What every test starts from a copy of: the company's database, a laptop of each user."""

    database: str
    laptops: dict[str, Path]


@pytest.fixture(scope="session")
def stock(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """The company at HQ with R1, R2 and O1 joined, made once."""
    from crmdesk.hq.running.app import make_app, open_hq

    create_database(postgres.url("postgres"), _TEMPLATE)
    store = Store(postgres.url(_TEMPLATE))
    schema.upgrade(store)
    bulk.load(store, company.batches())
    url, stop = _serve(make_app(open_hq(store, serving.system_clock())))
    laptops = {user: tmp_path_factory.mktemp("stock") / user for user in ("R1", "R2", "O1")}
    for user, folder in laptops.items():
        code = admin.make_code(store, user, datetime.now(UTC))
        join(folder, url, code, serving.system_clock(), device_name=user,
             keeping=KeyKeeping("open"))  # fmt: skip
    stop()
    store.dispose()
    return Stock(_TEMPLATE, laptops)


@pytest.fixture(scope="session")
def stage(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The company and four laptops for histories in one process (:mod:`tests.sync.world`)."""
    from tests.sync.world import Stage

    folder = tmp_path_factory.mktemp("stage")
    made = Stage(postgres.url("postgres"), postgres.url("stage"), folder)
    yield made
    made.dispose()


@dataclass
class Laptop:
    """A joined profile and its ways to HQ."""

    folder: Path
    database: Database
    url: str

    def sync(self, transport: Transport | None = None) -> SyncReport:
        """One round."""
        return sync_once(self.database, transport=transport)

    def run(self, sql: str, *parameters: object) -> None:
        """One local change, captured by the journal."""
        with self.database.write() as tx:
            tx.connection.exec_driver_sql(sql, parameters)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read."""
        with self.database.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]

    def one(self, sql: str, *parameters: object) -> Any:
        """The first column of the first row."""
        return self.rows(sql, *parameters)[0][0]

    def fact(self, key: str) -> str:
        """A fact of the profile."""
        return str(self.one("SELECT value FROM profile WHERE key = ?", key))

    def waiting(self) -> int:
        """Ops not yet answered."""
        return int(self.one("SELECT count(*) FROM journal WHERE state = 'waiting'"))


@dataclass
class Headquarters:
    """A running HQ over its own copy of the company."""

    store: Store
    url: str
    database_url: str
    folder: Path
    stock: dict[str, Path]
    stop: Callable[[], None]
    laptops: list[Laptop] = field(default_factory=list)

    def now_ms(self) -> int:
        return int(time.time() * 1000)

    def code(self, user: str) -> str:
        return admin.make_code(self.store, user, datetime.now(UTC))

    def join(self, user: str, name: str = "") -> Laptop:
        """A laptop of this user: the stock one first, then new ones."""
        folder = self.folder / f"laptop-{len(self.laptops)}-{name or user}"
        clock = serving.system_clock()
        ready = self.stock.pop(user, None)
        if ready is None:
            code = self.code(user)
            keeping = KeyKeeping("open")
            join(folder, self.url, code, clock, device_name=name or user, keeping=keeping)
        else:
            shutil.copytree(ready, folder)
        laptop = Laptop(folder, profile.open_database(folder, clock), self.url)
        with laptop.database.maintenance() as connection:
            profile.set_fact(connection, facts.URL, self.url)
        if ready is not None:
            # The other stock devices enrolled after the snapshot of this one.
            laptop.sync()
        self.laptops.append(laptop)
        return laptop

    def restart(self) -> None:
        """A new server process over the same database, at another address."""
        from crmdesk.hq.running.app import make_app, open_hq

        self.stop()
        url, self.stop = _serve(make_app(open_hq(self.store, serving.system_clock())))
        self.point(url)

    def point(self, url: str) -> None:
        """Tell every laptop that HQ is elsewhere now."""
        self.url = url
        for laptop in self.laptops:
            laptop.url = url
            with laptop.database.maintenance() as connection:
                profile.set_fact(connection, facts.URL, url)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.store.transaction() as connection:
            return connection.execute(sql.encode(), parameters).fetchall()

    def one(self, sql: str, *parameters: object) -> Any:
        return self.rows(sql, *parameters)[0][0]


@pytest.fixture
def fresh_database(postgres: Cluster, stock: Stock) -> Iterator[str]:
    """The URL of a copy of the company's database."""
    name = next(_names)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        # File by file: PostgreSQL's usual way writes every page to its log as well.
        command = f'CREATE DATABASE "{name}" TEMPLATE "{stock.database}" STRATEGY FILE_COPY'
        connection.execute(command.encode())
    yield postgres.url(name)
    drop_database(postgres.url("postgres"), name)


def _serve(app: Any, **more: Any) -> tuple[str, Callable[[], None]]:
    import uvicorn

    from crmdesk.hq.running import doors
    from tests.sync.prompt_server import PromptServer

    listener = serving._listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="error", access_log=False, date_header=False,
                            server_header=False, lifespan="off",
                            **{"http": doors.protocol(), "ws": "none", "proxy_headers": False,
                               **more})  # fmt: skip
    server = PromptServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    server.wait_until_started()

    def stop() -> None:
        server.end()
        thread.join()
        listener.close()

    host, port = listener.getsockname()[:2]
    scheme = "https" if "ssl_certfile" in more else "http"
    return f"{scheme}://{host}:{port}", stop


@pytest.fixture
def hq(fresh_database: str, stock: Stock, tmp_path: Path) -> Iterator[Headquarters]:
    """An HQ server in a thread of this process, on a port of its own."""
    from crmdesk.hq.running.app import make_app, open_hq

    store = Store(fresh_database, bounded=True)
    url, stop = _serve(make_app(open_hq(store, serving.system_clock())))
    found = Headquarters(store, url, fresh_database, tmp_path, dict(stock.laptops), stop)
    yield found
    for laptop in found.laptops:
        laptop.database.dispose()
    found.stop()
    store.dispose()


@pytest.fixture
def wire() -> Iterator[Callable[[str], HttpTransport]]:
    """Makes transports that are closed after the test."""
    made: list[HttpTransport] = []

    def make(url: str) -> HttpTransport:
        made.append(HttpTransport(url))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
