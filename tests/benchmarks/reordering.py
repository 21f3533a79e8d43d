"""The forecast: a file of sales to a file of suggestions, and scoring many pairs again.

The file has about 1.1 million lines of some 87,000 pairs: the wholesaler's history nine times
over, each time ten months further back, where the shared data are at hand, else made up orders.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from crmdesk.analytics.reorder import SaleLines, fit, purchase_days, score
from tests.benchmarks.harness import Bench, repeat, timed
from tests.benchmarks.importing import write_sales

_HISTORY_DAYS = 294
_ROOT = Path(__file__).resolve().parents[2]


def measure_reorder(bench: Bench) -> None:
    """``import sales`` and ``reorder`` as commands, then the calculation alone."""
    with tempfile.TemporaryDirectory(dir=bench.work, prefix="reorder-") as name:
        folder = Path(name)
        file = folder / "sales.csv"
        lines, what = _write(file, quick=bench.quick)
        profile, out = folder / "profile", folder / "reorder.csv"
        imported = _command("import", "sales", str(file), "--profile", str(profile), "--json")
        bench.add(f"import of {lines:,} lines ({what}), as a command", f"{imported:.1f} s")
        as_of = "2011-09-01" if "wholesaler" in what else "2026-01-01"
        took = _command(
            "reorder", "--as-of", as_of, "--out", str(out), "--profile", str(profile), "--json"
        )
        with out.open(encoding="utf-8") as target:
            pairs = sum(1 for _line in target) - 1
        bench.add_s(f"reorder --as-of with refit, {lines:,} lines, {pairs:,} pairs to a file", took)
        bench.add_s("both commands, file to file", imported + took, at_most_s=12)
    _measure_scoring(bench)


def _write(file: Path, *, quick: bool) -> tuple[int, str]:
    shared = Path(os.environ.get("CRMDESK_SHARED") or _ROOT.parent / "shared")
    source = shared / "data" / "online_retail_dev.csv.zst"
    if not source.is_file():
        count = 30_000 if quick else 1_100_000
        write_sales(file, count)
        return count, "made up"
    with zstandard.open(source, "rt", encoding="utf-8", newline="") as packed:
        head, *rows = csv.reader(io.StringIO(packed.read()))
    day, document = head.index("date"), head.index("order_no")
    copies = 1 if quick else 9
    rows = rows[:30_000] if quick else rows
    with file.open("w", newline="", encoding="utf-8") as target:
        out = csv.writer(target)
        out.writerow(head)
        for copy in range(copies):
            earlier: dict[str, str] = {}
            for row in rows:
                cells = list(row)
                shown = earlier.get(cells[day])
                if shown is None:
                    moved = date.fromisoformat(cells[day]) - timedelta(days=copy * _HISTORY_DAYS)
                    shown = earlier[cells[day]] = moved.isoformat()
                cells[day] = shown
                cells[document] += f"-{copy}"
                out.writerow(cells)
    return copies * len(rows), f"wholesaler × {copies}"


def _command(*arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "crmdesk", *arguments],
        capture_output=True, text=True, check=False, cwd=_ROOT,
        env={**os.environ, "CRMDESK_PASSPHRASE": "benchmark"},
    )  # fmt: skip
    took = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"crmdesk {arguments[0]}: {done.stderr[-600:]}")
    return took


def _measure_scoring(bench: Bench) -> None:
    pairs = 5_000 if bench.quick else 100_000
    sales, today = _sales(pairs)
    history = purchase_days(sales)
    models: list[Any] = []
    took = timed(lambda: models.append(fit(history, today)))
    bench.add_s(f"fit on {len(sales.day):,} lines of {pairs:,} pairs", took)
    times = repeat(lambda: score(purchase_days(sales), models[0], today), runs=3)
    bench.add_times(f"rescoring {pairs:,} pairs from their lines", times, at_most_ms=1000)
    times = repeat(lambda: score(history, models[0], today), runs=3)
    bench.add_times(f"rescoring {pairs:,} pairs from their purchase days", times, at_most_ms=1000)


def _sales(pairs: int) -> tuple[SaleLines, int]:
    """About eleven lines a pair, bought in a rhythm of its own over two years."""
    rng = np.random.default_rng(5)
    gaps = rng.gamma(4, 14, size=(pairs, 30)).astype(np.int64) + 1
    days = 20_000 + rng.integers(0, 60, size=(pairs, 1)) + gaps.cumsum(axis=1)
    today = 20_730
    pair, column = np.nonzero(days <= today)
    account, sku = pair // 20, pair % 20 + 20 * (pair // 20 % 100)
    quantity = rng.integers(1, 20, size=len(pair))
    return SaleLines(account, sku, days[pair, column], quantity), today
