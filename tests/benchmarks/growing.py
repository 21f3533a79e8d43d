"""What becomes slower when HQ grows: more records at HQ, and more scopes on one device.

The records lie in ten territories; the laptops hold one of them. The scopes are all held by the
laptops, with the same number of records in all.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.crowd_rows import crowd_rows
from tests.benchmarks.harness import Bench, milliseconds, repeat, timed
from tests.benchmarks.headquarters import Laptop, headquarters

_CHANGES, _TERRITORIES = 500, 10


@dataclass(frozen=True, slots=True)
class _Point:
    """One size: seconds of each step, rows per second of the first download."""

    size: int
    rows_s: float
    idle: float
    push: float
    pull: float


def measure_growth(bench: Bench) -> None:
    """Records, then scopes."""
    sizes = (2_000, 10_000) if bench.quick else (10_000, 100_000, 1_000_000)
    scopes = (10, 50) if bench.quick else (10, 100, 1_000)
    records = 5_000 if bench.quick else 50_000
    points = [_measured(bench, size, size, _TERRITORIES, "R1") for size in sizes]
    _add(bench, "records at HQ, a tenth of them on the laptop", points)
    points = [_measured(bench, count, records, count, "A1") for count in scopes]
    _add(bench, f"scopes on the laptop with {records:,} records in all", points)


def _measured(bench: Bench, size: int, records: int, territories: int, user: str) -> _Point:
    with (
        tempfile.TemporaryDirectory(dir=bench.work, prefix="growth-") as name,
        headquarters(Path(name)) as hq,
    ):
        hq.load(crowd_rows(records, territories, min(territories, 10)))
        one, two = hq.join("one", user), hq.join("two", user)
        for laptop in (one, two):
            laptop.sync()
        rows_s = median([laptop.joined.rows / laptop.joined.seconds for laptop in (one, two)])
        push, pull = _changes(one, two)
        idle = repeat(two.sync, runs=30, warm=3).median
    return _Point(size, rows_s, idle, push, pull)


def _changes(one: Laptop, two: Laptop) -> tuple[float, float]:
    """Seconds of a round that sends changes and of one that receives them, medians of three."""
    pushes, pulls = [], []
    for number in range(3):
        with one.database.write() as tx:
            tx.connection.exec_driver_sql(
                "UPDATE contact SET job = ? WHERE id IN (SELECT id FROM contact ORDER BY id"
                " LIMIT ?)",
                (f"job {number}", _CHANGES),
            )
        pushes.append(timed(one.sync))
        pulls.append(timed(two.sync))
    return median(pushes), median(pulls)


def _add(bench: Bench, what: str, points: list[_Point]) -> None:
    sizes = " / ".join(f"{point.size:,}" for point in points)
    first, last = points[0], points[-1]
    rates = " / ".join(f"{point.rows_s:,.0f}" for point in points)
    bench.add(f"{sizes} {what}: first download", f"{rates} rows/s",
              ratio=first.rows_s / last.rows_s)  # fmt: skip
    for name, say in (
        ("idle", "nothing to do"),
        ("push", f"sending {_CHANGES} changes"),
        ("pull", f"receiving {_CHANGES} changes"),
    ):
        found = [float(getattr(point, name)) for point in points]
        shown = " / ".join(milliseconds(seconds) for seconds in found)
        bench.add(f"the same: {say}", shown, ratio=found[-1] / found[0])
