"""A real HQ for the benchmarks: PostgreSQL of its own, a server process, laptops that join it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, schema
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store, create_database
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.storage.rows import Batch
from crmdesk.sync.bootstrap import JoinReport, KeyKeeping, join
from crmdesk.sync.client import Syncer, SyncReport
from crmdesk.sync.transport import HttpTransport
from tests.benchmarks.people_rows import company_rows, record_rows

_NAME = "crmdesk"


@dataclass(slots=True)
class Laptop:
    """A joined profile with its line to HQ, kept between rounds as the desktop keeps it."""

    folder: Path
    database: Database
    transport: HttpTransport
    joined: JoinReport
    _syncer: Syncer | None = None

    def sync(self) -> SyncReport:
        """One round."""
        if self._syncer is None:
            self._syncer = Syncer(self.database, transport=self.transport)
        return self._syncer.sync()

    def close(self) -> None:
        """Let go of the line and the database."""
        self.transport.close()
        self.database.dispose()


@dataclass(slots=True)
class Headquarters:
    """A running HQ."""

    store: Store
    server: serving.ServerProcess
    folder: Path
    laptops: list[Laptop] = field(default_factory=list)

    def load(self, batches: Iterable[Batch]) -> bulk.BulkReport:
        """Fill it."""
        return bulk.load(self.store, batches)

    def postgres_pid(self) -> int:
        """The process above all of PostgreSQL's."""
        with self.store.transaction() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        lock = Path(str(row[0] if row else "")) / "postmaster.pid"
        return int(lock.read_text(encoding="utf-8").split()[0])

    def join(self, name: str, user: str = "R1") -> Laptop:
        """A new laptop of the rep, or of another user."""
        folder = self.folder / f"laptop-{len(self.laptops)}-{name}"
        code = admin.make_code(self.store, user, datetime.now(UTC))
        clock = serving.system_clock()
        report = join(
            folder, self.server.url, code, clock, device_name=name, keeping=KeyKeeping("open")
        )
        database = profile.open_database(folder, clock)
        laptop = Laptop(folder, database, HttpTransport(self.server.url), report)
        self.laptops.append(laptop)
        return laptop


def person_rows(count: int) -> Iterator[Batch]:
    """A company with so many records."""
    return chain(company_rows(), record_rows(count))


@contextmanager
def headquarters(folder: Path) -> Iterator[Headquarters]:
    """An empty HQ whose server is a process of its own; all of it is gone after the block."""
    # PostgreSQL runs as another user, who has to pass through every folder above.
    place = Path(tempfile.mkdtemp(prefix="crmdesk-benchmark-hq-"))
    cluster = Cluster(place)
    cluster.start()
    try:
        create_database(cluster.url("postgres"), _NAME)
        store = Store(cluster.url(_NAME))
        schema.upgrade(store)
        server = serving.start_server(folder / "server", cluster.url(_NAME))
        found = Headquarters(store, server, folder)
        try:
            yield found
        finally:
            for laptop in found.laptops:
                laptop.close()
            server.stop()
            store.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(place, ignore_errors=True)
