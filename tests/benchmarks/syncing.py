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
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import msgspec
import zstandard

from tests.benchmarks.harness import Bench, Times, repeat, timed
from tests.benchmarks.headquarters import Headquarters, Laptop, headquarters, person_rows
from tests.benchmarks.importing import bare_database
from tests.benchmarks.people_rows import mean_size

_ACCOUNT_AT = {"account": None, "contact": 2, "contact_point": 2, "note": 2}


def measure_sync(bench: Bench) -> None:
    """First download, upload, download of changes, nothing to do."""
    records = 4_000 if bench.quick else 50_000
    changes, transactions = (500, 50) if bench.quick else (5_000, 500)
    with tempfile.TemporaryDirectory(dir=bench.work, prefix="sync-") as name:
        folder = Path(name)
        floor = _floor(records, folder, runs=5)
        with headquarters(folder) as hq:
            hq.load(person_rows(records))
            joined = [hq.join(f"{n}") for n in range(3)]
            _add_first_download(bench, records, joined, floor)
            one, two = joined[0], joined[1]
            for laptop in (one, two):
                laptop.sync()
            _measure_upload(bench, one, changes, transactions)
            _measure_download(bench, hq, two, changes, folder)
            _measure_nothing(bench, two)


def _add_first_download(
    bench: Bench, records: int, joined: list[Laptop], floor: tuple[float, int]
) -> None:
    seconds = median([laptop.joined.seconds for laptop in joined])
    size = joined[0].joined.bytes_in / records
    bench.add_ratio(
        f"first download of {records:,} records of {mean_size(records):.0f} B, all of joining",
        seconds, floor[0], at_most=2.5,
    )  # fmt: skip
    bench.add(
        "on the wire", f"{size:.0f} B/record", floor=f"{floor[1] / records:.0f} B/record",
        ratio=size * records / floor[1], bound="≤ 80 B", met=size <= 80,
    )  # fmt: skip


def _floor(records: int, folder: Path, *, runs: int) -> tuple[float, int]:
    """Seconds (median) and bytes of the floor."""
    command = [sys.executable, "-m", "tests.benchmarks.floor_server", str(records)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        try:
            address = server.stdout.readline().strip() if server.stdout else ""
            found = []
            for run in range(runs + 1):
                file = folder / f"floor-{run}.db"
                sizes: list[int] = []
                found.append(timed(lambda file=file, sizes=sizes: _fetch(address, file, sizes)))
                file.unlink()
            return median(found[1:]), sum(sizes)
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
            with zstandard.ZstdDecompressor().stream_reader(counted) as plain:
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


def _measure_upload(bench: Bench, laptop: Laptop, changes: int, transactions: int) -> None:
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
                    (f"job {key}", f"{key % 12}:30", key),
                )
    before = laptop.transport.traffic.requests
    reports: list[Any] = []
    took = timed(lambda: reports.append(laptop.sync()))
    requests = laptop.transport.traffic.requests - before
    report = reports[0]
    if report.sent != len(keys) or report.refusals:
        raise RuntimeError(f"{report.sent} of {len(keys)} sent, {report.refusals} refused")
    rate = report.sent / took
    bench.add(
        f"upload of {report.sent:,} changes in {transactions} transactions, the whole round",
        f"{rate:,.0f} ops/s", bound="≥ 10,000 ops/s", met=rate >= 10_000,
    )  # fmt: skip
    bench.add("requests of that round", f"{requests}", bound="≤ 2 to push", met=requests <= 3)


def _measure_download(
    bench: Bench, hq: Headquarters, laptop: Laptop, changes: int, folder: Path
) -> None:
    reports: list[Any] = []
    took = timed(lambda: reports.append(laptop.sync()))
    received = reports[0].received
    if received != changes:
        raise RuntimeError(f"{received} of {changes} changes came down")
    floor = _bare_upsert(laptop, changes, folder)
    bench.add_ratio(f"download of {received:,} changes ÷ bare upsert", took, floor, at_most=6)


def _bare_upsert(laptop: Laptop, changes: int, folder: Path) -> float:
    """Seconds to upsert the changed rows into a copy of their table that has older ones."""
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
        with closing(bare_database(folder / f"upsert-{run}.db")) as bare:
            for statement in made:
                bare.execute(statement)
            bare.execute("BEGIN")
            bare.executemany(f"INSERT INTO contact ({names}) VALUES ({marks})", rows)
            bare.execute("COMMIT")
            found.append(timed(_upsert(bare, names, marks, taken, rows[:changes])))
    return median(found)


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
