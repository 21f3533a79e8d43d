"""Sync with a real HQ beside its floors.

First download: the same records over loopback HTTP, zstd and msgpack into an indexed SQLite file,
without encryption, search, summaries, journal or checks. Download of changes: a bare upsert of the
same rows into the same table, encrypted.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import IO, Any, cast
from urllib.request import urlopen

import msgspec
import sqlcipher3.dbapi2 as dbapi
import zstandard

from crmdesk.sync.client import SyncReport
from tests.benchmarks.harness import BUSY, Bench, Times, milliseconds, repeat
from tests.benchmarks.headquarters import Headquarters, Laptop, headquarters, person_rows
from tests.benchmarks.importing import bare_database
from tests.benchmarks.people_rows import mean_size
from tests.benchmarks.spent import Spent, spent

_ACCOUNT_AT = {"account": None, "contact": 2, "contact_point": 2, "note": 2}


def measure_sync(bench: Bench) -> None:
    """First download, upload, download of changes, nothing to do."""
    records = 4_000 if bench.quick else 50_000
    changes, transactions = (500, 50) if bench.quick else (5_000, 500)
    with tempfile.TemporaryDirectory(dir=bench.work, prefix="sync-") as name:
        folder = Path(name)
        with headquarters(folder) as hq:
            hq.load(person_rows(records))
            _measure_first_download(bench, hq, records, folder)
            one, two = hq.laptops[:2]
            for laptop in (one, two):
                laptop.sync()
            _measure_changes(bench, hq, changes, transactions, folder)
            _measure_nothing(bench, two)


def _measure_first_download(bench: Bench, hq: Headquarters, records: int, folder: Path) -> None:
    """Joins and their floor in turn, so that both meet the same neighbours on the machine."""
    joins, floors = [], []
    sizes: list[int] = []
    with _floor_server(records) as address:
        for run in range(6):
            file = folder / f"floor-{run}.db"
            sizes.clear()
            floor = _here(lambda file=file: _fetch(address, file, sizes))
            join = _here(lambda run=run: hq.join(f"{run}"))
            file.unlink()
            if run:
                floors.append(floor)
                joins.append(join)
    what = f"first download of {records:,} records of {mean_size(records):.0f} B, all of joining"
    seconds = median([laptop.joined.seconds for laptop in hq.laptops[1:]])
    clock, processor = (median(column) for column in zip(*floors, strict=True))
    bench.add_ratio(what, seconds, clock, at_most=2.5)
    spent_here = median([cpu for _seconds, cpu in joins])
    bench.add_ratio(f"{what}, processor time of the laptop", spent_here, processor, at_most=2.5)
    size = hq.laptops[0].joined.bytes_in / records
    bench.add(
        "on the wire", f"{size:.0f} B/record", floor=f"{sum(sizes) / records:.0f} B/record",
        ratio=size * records / sum(sizes), bound="≤ 80 B", met=size <= 80,
    )  # fmt: skip


def _here(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of a piece of work: by the clock, and of this process's processor time."""
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - began_cpu


@contextmanager
def _floor_server(records: int) -> Iterator[str]:
    """The address of the plain server that holds the records."""
    command = [sys.executable, "-m", "tests.benchmarks.floor_server", str(records)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


def _fetch(address: str, file: Path, sizes: list[int]) -> None:
    decode = msgspec.msgpack.Decoder().decode
    with closing(sqlite3.connect(file, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = NORMAL")
        target.execute("BEGIN")
        known: dict[str, str] = {}
        with urlopen(address) as response:  # noqa: S310 - our own loopback server
            counted = _Counted(response, sizes)
            with zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", counted)) as plain:
                while head := plain.read(4):
                    entity, rows = decode(_exactly(plain, int.from_bytes(head, "big")))
                    if entity not in known:
                        known[entity] = _make_table(target, entity, len(rows[0]))
                    target.executemany(known[entity], rows)
        for entity in known:
            target.execute(f"CREATE UNIQUE INDEX u_{entity} ON {entity} (c0)")
            place = _ACCOUNT_AT[entity]
            if place is not None:
                target.execute(f"CREATE INDEX a_{entity} ON {entity} (c{place})")
        target.execute("COMMIT")


class _Counted:
    def __init__(self, source: Any, sizes: list[int]) -> None:
        self._source, self._sizes = source, sizes

    def read(self, size: int) -> bytes:
        data: bytes = self._source.read(size)
        self._sizes.append(len(data))
        return data


def _exactly(plain: Any, size: int) -> bytes:
    parts = []
    while size:
        part = plain.read(size)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _make_table(target: sqlite3.Connection, entity: str, columns: int) -> str:
    names = ", ".join(f"c{n}" for n in range(columns))
    target.execute(f"CREATE TABLE {entity} (id INTEGER PRIMARY KEY, {names})")
    return f"INSERT INTO {entity} ({names}) VALUES ({', '.join('?' * columns)})"


def _measure_changes(
    bench: Bench, hq: Headquarters, changes: int, transactions: int, folder: Path
) -> None:
    """The same number of changes up and down again, five times."""
    one, two = hq.laptops[:2]
    server, postgres = hq.server.process.pid, hq.postgres_pid()
    ups, downs, requests = [], [], []
    for run in range(5):
        _edit(one, changes, transactions, run)
        reports: list[SyncReport] = []
        before = one.transport.traffic.requests
        ups.append(spent(lambda found=reports: found.append(one.sync()), server, postgres))
        requests.append(one.transport.traffic.requests - before)
        downs.append(spent(lambda found=reports: found.append(two.sync()), server, postgres))
        if (reports[0].sent, reports[0].refusals, reports[1].received) != (changes, 0, changes):
            raise RuntimeError(f"not every change went through: {reports}")
    _add_upload(bench, ups, changes, transactions, median(requests))
    _add_download(bench, downs, changes, two, folder)


def _edit(laptop: Laptop, changes: int, transactions: int, run: int) -> None:
    each = changes // transactions
    with laptop.database.read() as connection:
        keys = connection.exec_driver_sql(
            "SELECT id FROM contact ORDER BY id LIMIT ?", (changes,)
        ).scalars().all()  # fmt: skip
    for start in range(0, len(keys), each):
        with laptop.database.write() as tx:
            for key in keys[start : start + each]:
                tx.connection.exec_driver_sql(
                    "UPDATE contact SET job = ?, best_time = ? WHERE id = ?",
                    (f"job {key} {run}", f"{key % 12}:3{run}", key),
                )


def _add_upload(
    bench: Bench, ups: list[Spent], changes: int, transactions: int, requests: float
) -> None:
    rate = changes / median([one.clock for one in ups])
    at_rest = changes / median([one.processor for one in ups])
    met = rate >= 10_000 or (BUSY if at_rest >= 10_000 else False)
    bench.add(
        f"upload of {changes:,} changes in {transactions} transactions, the whole round",
        f"{rate:,.0f} ops/s, CPU {at_rest:,.0f} ops/s", bound="≥ 10,000 ops/s", met=met,
    )  # fmt: skip
    bench.add("of that, processor time of laptop / server / PostgreSQL", _shares(ups))
    bench.add("requests of that round, push and pull", f"{requests:.0f}", bound="≤ 2",
              met=requests <= 2)  # fmt: skip


def _shares(found: list[Spent]) -> str:
    parts = [[one.here for one in found], [one.server for one in found],
             [one.postgres for one in found]]  # fmt: skip
    return " / ".join(milliseconds(median(part)) for part in parts)


def _add_download(
    bench: Bench, downs: list[Spent], changes: int, laptop: Laptop, folder: Path
) -> None:
    clock, processor = (
        median([one.clock for one in downs]),
        median([one.processor for one in downs]),
    )
    what = f"download of {changes:,} changes"
    for word, quick in (("as the driver comes", False), ("with our quick binding", True)):
        floor, floor_cpu = _bare_upsert(laptop, changes, folder, quick=quick)
        bench.add_ratio(f"{what} ÷ bare upsert, {word}", clock, floor, at_most=6)
        bench.add_ratio(f"{what} ÷ bare upsert, {word}, processor time of all three", processor,
                        floor_cpu, at_most=6)  # fmt: skip
    bench.add("of that, processor time of laptop / server / PostgreSQL", _shares(downs))


@contextmanager
def _binding(*, quick: bool) -> Iterator[None]:
    """With or without the adapters that the program registers (``storage/engine.py``)."""
    kinds = [] if quick else [(kind, dbapi.PrepareProtocol) for kind in (type(None), bytes)]
    taken = {kind: dbapi.adapters.pop(kind) for kind in kinds if kind in dbapi.adapters}
    try:
        yield
    finally:
        dbapi.adapters.update(taken)


def _bare_upsert(laptop: Laptop, changes: int, folder: Path, *, quick: bool) -> tuple[float, float]:
    """Seconds to upsert the changed rows into a copy of their table that has older ones.

    By the clock, and of processor time.
    """
    with laptop.database.read() as connection:
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = 'contact'"
            " AND type IN ('table', 'index') ORDER BY type DESC"
        ).scalars().all()  # fmt: skip
        result = connection.exec_driver_sql("SELECT * FROM contact ORDER BY id")
        columns = list(result.keys())
        rows = [tuple(row) for row in result]
    marks, names = ", ".join("?" * len(columns)), ", ".join(columns)
    taken = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in {"id", "uid"})
    found = []
    for run in range(5):
        with closing(bare_database(folder / f"upsert-{quick}-{run}.db")) as bare:
            for statement in made:
                bare.execute(statement)
            bare.execute("BEGIN")
            bare.executemany(f"INSERT INTO contact ({names}) VALUES ({marks})", rows)
            bare.execute("COMMIT")
            with _binding(quick=quick):
                found.append(_here(_upsert(bare, names, marks, taken, rows[:changes])))
    return median([clock for clock, _cpu in found]), median([cpu for _clock, cpu in found])


def _upsert(
    bare: Any, names: str, marks: str, taken: str, rows: list[tuple[Any, ...]]
) -> Callable[[], None]:
    statement = (
        f"INSERT INTO contact ({names}) VALUES ({marks}) ON CONFLICT (uid) DO UPDATE SET {taken}"
    )

    def work() -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany(statement, rows)
        bare.execute("COMMIT")

    return work


def _measure_nothing(bench: Bench, laptop: Laptop) -> None:
    laptop.sync()
    traffic = laptop.transport.traffic
    requests, size = traffic.requests, traffic.bytes_in + traffic.bytes_out
    runs, warm = 40, 3
    times: Times = repeat(laptop.sync, runs=runs, warm=warm)
    size = (traffic.bytes_in + traffic.bytes_out - size) // (runs + warm)
    each = (traffic.requests - requests) / (runs + warm)
    bench.add_times("nothing to do, one round", times, at_most_ms=3)
    bench.add("of which bytes, headers included", f"{size} B", bound="≤ 600 B", met=size <= 600)
    bench.add("of which requests", f"{each:.0f}", bound="1", met=each <= 1)
