"""Importing a file of sold lines, beside the bare insert of the rows it ended up as.

The floor writes the identical rows into the identical tables with the identical indexes of an
encrypted database, in one transaction and with one statement per table: no parsing, no rules, no
summaries, no search.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import sqlcipher3.dbapi2 as dbapi

from crmdesk.services.imports import import_file
from crmdesk.services.workspace import NewCompany, Workspace, start_alone
from crmdesk.storage import crypto
from tests.benchmarks.companies import now
from tests.benchmarks.harness import Bench, timed

_HEAD = ("order_no", "customer", "sku", "description", "date", "qty", "unit_price", "country")
_TABLES = ("account", "product", "packaging", "sale", "sale_line")


def measure_file(bench: Bench) -> None:
    """500,000 lines from a CSV file into a new profile."""
    count = 20_000 if bench.quick else 500_000
    with tempfile.TemporaryDirectory(dir=bench.work, prefix="import-") as name:
        folder = Path(name)
        file = folder / "sales.csv"
        write_sales(file, count)
        workspace = start_alone(folder / "profile", now, NewCompany("Bench", "Bench"), way="open")
        try:
            marks: dict[str, float] = {}
            took = timed(lambda: _import(workspace, file, marks))
            inserted = bare_insert(workspace, folder / "bare.db")
        finally:
            workspace.close()
        ratio = took / inserted
        bench.add(
            f"import of {count:,} lines, summaries and search included",
            f"{count / took:,.0f} lines/s",
            floor=f"{count / inserted:,.0f} lines/s",
            ratio=ratio,
        )
        rows = marks["summaries"]
        bench.add(
            "of which until all rows are written",
            f"{count / rows:,.0f} lines/s",
            floor=f"{count / inserted:,.0f} lines/s",
            ratio=rows / inserted,
        )
        shutil.rmtree(folder / "profile", ignore_errors=True)


def _import(workspace: Workspace, file: Path, marks: dict[str, float]) -> None:
    import time

    began = time.perf_counter()

    def progress(what: str, _count: int) -> None:
        marks.setdefault(what, time.perf_counter() - began)

    report = import_file(workspace, "sales", file, progress=progress)
    counts = report.created + report.updated + report.merged + report.skipped + report.rejected
    if report.rows != counts or report.rejected:
        raise RuntimeError(f"the import does not balance: {report.rows} rows")


def write_sales(file: Path, count: int) -> None:
    """A file like a wholesaler's export: orders of about 14 lines, 2 % of them credits.

    A customer buys some forty articles again and again.
    """
    rng = Random(11)
    customers = [f"C{n:05d}" for n in range(max(50, count // 250))]
    goods = [
        (f"S{n:04d}", f"Article number {n}", rng.randrange(80, 4000) / 100) for n in range(3000)
    ]
    with file.open("w", newline="", encoding="utf-8") as target:
        out = csv.writer(target)
        out.writerow(_HEAD)
        written = order = 0
        while written < count:
            order += 1
            place = rng.randrange(len(customers))
            usual = place * 37 % (len(goods) - 40)
            day = f"20{rng.randrange(22, 26)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
            for _line in range(min(count - written, rng.randrange(1, 28))):
                sku, title, price = goods[usual + rng.randrange(40)]
                quantity = rng.choice((1, 2, 3, 4, 6, 6, 12, 12, 24))
                if rng.random() < 0.02:
                    quantity = -quantity
                out.writerow((order, customers[place], sku, title, day, quantity, price, "Andorra"))
                written += 1


def bare_insert(workspace: Workspace, target: Path) -> float:
    """Seconds to insert the rows of a profile's sales tables into a new database that has them."""
    with workspace.database.read() as connection:
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index')"
            f" AND tbl_name IN ({', '.join('?' * len(_TABLES))}) ORDER BY type DESC",
            _TABLES,
        ).scalars().all()  # fmt: skip
        rows = {
            name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]
            for name in _TABLES
        }
    with closing(bare_database(target)) as bare:
        for statement in made:
            bare.execute(statement)
        return timed(lambda: _insert(bare, rows))


def _insert(bare: Any, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    bare.execute("BEGIN IMMEDIATE")
    for name, values in _filled(rows):
        marks = ", ".join("?" * len(values[0]))
        bare.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
    bare.execute("COMMIT")


def _filled(rows: dict[str, list[tuple[Any, ...]]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    return ((name, values) for name, values in rows.items() if values)


def bare_database(target: Path) -> Any:
    """An encrypted database with the product's pragmas and nothing else in it."""
    bare = dbapi.connect(str(target), isolation_level=None)
    bare.execute("PRAGMA cipher_log_level = NONE")
    bare.execute(f"PRAGMA key = \"x'{crypto.new_key()}'\"")
    for pragma in ("cache_size = -64000", "journal_mode = WAL", "synchronous = NORMAL"):
        bare.execute(f"PRAGMA {pragma}")
    return bare
