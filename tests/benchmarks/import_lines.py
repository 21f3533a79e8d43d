"""How many sold lines a second an import takes, beside a bare insert of the same rows.

    python tests/benchmarks/import_lines.py [--lines 500000] [FILE ...]

Owns nothing that a test run depends on: it prints, and the clock never makes anything red.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlcipher3.dbapi2 as dbapi

from crmdesk.domain.errors import Cancelled
from crmdesk.services.imports import import_file
from crmdesk.services.workspace import NewCompany, Workspace, start_alone

_NOW = datetime(2026, 11, 24, 8, 52, tzinfo=UTC)
_FIRST = date(2022, 1, 3)


def write_lines(path: Path, count: int, seed: int) -> None:
    """A file of sold lines: 3,000 customers, 2,000 SKUs, about eight lines a document."""
    source = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["document", "customer", "sku", "date", "qty", "unit_price", "country"])
        written = 0
        document = 0
        while written < count:
            document += 1
            customer = f"C{source.randrange(3000):05d}"
            day = _FIRST + timedelta(days=source.randrange(1700))
            for _line in range(min(source.randrange(1, 16), count - written)):
                sku = f"S{min(int(source.expovariate(1 / 300)), 1999):04d}"
                quantity = source.choice((1, 2, 3, 6, 12, 24, -1))
                price = f"{source.randrange(50, 5000) / 100:.2f}"
                writer.writerow([document, customer, sku, day, quantity, price, "ES"])
                written += 1


def bare_insert_seconds(path: Path, folder: Path) -> float:
    """Seconds of the floor: the same rows read by the csv module into one encrypted table."""
    begun = time.perf_counter()
    connection = dbapi.connect(str(folder / "bare.db"), isolation_level=None)
    connection.execute("PRAGMA key = \"x'" + "ab" * 32 + "'\"")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA cache_size = -64000")
    connection.execute("CREATE TABLE line (a, b, c, d, e INTEGER, f, g)")
    connection.execute("BEGIN")
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        connection.executemany("INSERT INTO line VALUES (?,?,?,?,?,?,?)", rows)
    connection.execute("COMMIT")
    connection.close()
    return time.perf_counter() - begun


def _fresh(folder: Path) -> Workspace:
    company = NewCompany("Benchmark", "Me")
    return start_alone(folder, lambda: _NOW, company, way="open")


def measure(path: Path, folder: Path) -> None:
    """Import a file into a new profile and print how it went."""
    workspace = _fresh(folder)
    marks: list[tuple[str, int, float]] = []
    begun = time.perf_counter()
    report = import_file(
        workspace, "sales", path,
        progress=lambda what, count: marks.append((what, count, time.perf_counter() - begun)),
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    rows_done = next((at for what, _count, at in marks if what == "summaries"), seconds)
    print(
        f"{path.name}: {report.rows:,} rows ({report.created:,} created, {report.rejected:,}"
        f" rejected) in {seconds:.2f} s = {report.rows / seconds:,.0f} rows/s;"
        f" rows {rows_done:.2f} s = {report.rows / rows_done:,.0f} rows/s,"
        f" summaries {seconds - rows_done:.2f} s, {len(marks)} progress calls"
    )
    workspace.close()


def measure_cancel(path: Path, folder: Path) -> None:
    """Cancel an import half-way and print how long it took to be gone."""
    workspace = _fresh(folder)
    asked: list[float] = []

    def cancelled() -> bool:
        if len(asked) < 10:
            asked.append(0.0)
            return False
        asked.append(time.perf_counter())
        return True

    try:
        import_file(workspace, "sales", path, cancelled=cancelled)
    except Cancelled:
        print(f"cancelled in {time.perf_counter() - asked[-1]:.3f} s")
    with workspace.database.read() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM sale").scalar()
    print(f"rows left behind: {left}")
    workspace.close()


def main() -> None:
    """Measure the generated lines, then the files that were named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", nargs="*", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        if chosen.lines:
            made = folder / "lines.csv"
            write_lines(made, chosen.lines, chosen.seed)
            floor = bare_insert_seconds(made, folder)
            print(f"bare insert of the same rows: {floor:.2f} s")
            measure(made, folder / "generated")
            measure_cancel(made, folder / "cancelled")
        for number, path in enumerate(chosen.files):
            measure(path, folder / f"file-{number}")


if __name__ == "__main__":
    main()
