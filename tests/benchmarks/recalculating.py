"""Forecasts kept up to date: after an order, on a new day, and the first page that shows them.

On the big company, in transactions that are rolled back, so that the profile stays as it was. The
floor of a recalculation is to delete and insert the very rows that it writes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.ids import new_uid
from crmdesk.services.queries import reorder
from crmdesk.services.workspace import Workspace
from crmdesk.storage import rescoring, summaries
from tests.benchmarks.companies import big_profile, opened
from tests.benchmarks.harness import Bench, Times, p95, repeat, time_each

_ORDERS, _LINES_EACH = 150, 12
_WALKED_S = 8.0
_ROOT = Path(__file__).resolve().parents[2]
_WRITTEN = ("summary_pair", "summary_month", "summary_account")


def measure_recalculation(bench: Bench) -> None:
    """After an order; the walk to a new day; a million pairs at once; the first page."""
    with opened(big_profile(bench.work, quick=bench.quick)) as ws:
        _measure_order(bench, ws)
        _measure_walk(bench, ws)
        _measure_page(bench, ws)
    _measure_million(bench)


def _measure_order(bench: Bench, ws: Workspace) -> None:
    """A sale of twelve lines arrives at customers drawn at random."""
    accounts = _customers(ws)
    drawn = Random(5).sample(accounts, min(_ORDERS, len(accounts)))
    with ws.database.trial() as connection:
        for account in drawn[:5]:
            _sell(connection, ws, account)
            summaries.maintain(connection, ws.clock)
        found, floor = [], []
        for account in drawn:
            _sell(connection, ws, account)
            found.append(time_each([lambda: summaries.maintain(connection, ws.clock)]))
            floor.append(_rewrite(connection, account))
        pairs = connection.exec_driver_sql("SELECT count(*) FROM summary_pair").scalar_one()
    times = Times([t.seconds[0] for t in found], [t.cpu[0] for t in found])
    what = f"recalculation after an order of {_LINES_EACH} lines"
    bench.add_times(f"{what}, {pairs:,} pairs", times, at_most_ms=5)
    bench.add_times(f"{what}, 95th percentile", times, p95)
    bench.add_ratio("its rows deleted and inserted bare", times.median, Times(floor, floor).median)


def _customers(ws: Workspace) -> list[int]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT account_id FROM summary_pair GROUP BY account_id HAVING count(*) > 5"
        )
        return [int(row[0]) for row in rows]


def _sell(connection: Connection, ws: Workspace, account: int) -> None:
    run = connection.exec_driver_sql
    sale = run(
        "INSERT INTO sale (uid, account_id, date) VALUES (?, ?, ?) RETURNING id",
        (new_uid(), account, ws.today().isoformat()),
    ).scalar_one()
    run(
        "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity,"
        " net_minor) SELECT ?, row_number() OVER (), product_id, 1, expected_quantity,"
        " expected_net_minor"
        " FROM summary_pair WHERE account_id = ? LIMIT ?",
        (sale, account, _LINES_EACH),
    )


def _rewrite(connection: Connection, account: int) -> float:
    """Seconds of a bare delete and insert of what was just written."""
    rows: dict[str, list[Any]] = {}
    month = connection.exec_driver_sql(
        "SELECT max(month) FROM summary_month WHERE account_id = ?", (account,)
    ).scalar_one()
    for name in _WRITTEN:
        newest = f" AND month = {month}" if name == "summary_month" else ""
        query = f"FROM {name} WHERE account_id = {account}{newest}"
        rows[query] = list(connection.exec_driver_sql(f"SELECT * {query}").all())
    cursor = connection.connection.cursor()
    began = time.thread_time()
    for query, found in rows.items():
        cursor.execute(f"DELETE {query}")
        if found:
            name, marks = query.split()[1], ",".join("?" * len(found[0]))
            cursor.executemany(
                f"INSERT INTO {name} VALUES ({marks})", [tuple(row) for row in found]
            )
    return time.thread_time() - began


def _measure_walk(bench: Bench, ws: Workspace) -> None:
    """Part of the walk over all customers, and how long it holds whoever wants to write."""
    held, pairs, accounts = [], 0, 8
    with ws.database.trial() as connection:
        rescoring.begin(connection, ws.today())
        began = time.thread_time()
        while time.thread_time() - began < _WALKED_S:
            step = time.thread_time()
            if not rescoring.step(connection, accounts):
                break
            took = time.thread_time() - step
            held.append(took)
            accounts = max(1, min(int(accounts * 0.04 / took), 2 * accounts, 400))
        seconds = time.thread_time() - began
        reached = summaries.reached(connection)
        pairs = connection.exec_driver_sql(
            "SELECT count(*) FROM summary_pair WHERE ? IS NULL OR account_id <= ?",
            (reached, reached),
        ).scalar_one()
    bench.add("a new day in the background", f"{pairs / seconds:,.0f} pairs per second of CPU")
    bench.add_times("its hold on other writers, 95th percentile", Times(held, held), p95,
                    at_most_ms=100)  # fmt: skip


def _measure_page(bench: Bench, ws: Workspace) -> None:
    wanted = reorder.ReorderFilter()

    def page() -> None:
        keys = [entry.key for entry in reorder.board_page(ws, wanted)]
        reorder.board_rows(ws, keys[:60])

    with ws.database.read() as connection:
        lines = connection.exec_driver_sql("SELECT count(*) FROM sale_line").scalar_one()
    times = repeat(page, runs=15, warm=2)
    bench.add_times(f"Reorder: first page of {lines:,} lines", times, at_most_ms=50)


_MILLION = """
import resource, sys, time
from crmdesk.analytics.reorder import fit, purchase_days, score
from tests.benchmarks.reordering import _sales
sales, today = _sales(int(sys.argv[1]))
model = fit(purchase_days(_sales(20_000)[0]), today)
began = time.process_time()
found = score(purchase_days(sales), model, today)
print(len(found), time.process_time() - began)
unit = 1e9 if sys.platform == "darwin" else 1e6
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
"""


def _measure_million(bench: Bench) -> None:
    """In a process of its own, for its memory."""
    pairs = 50_000 if bench.quick else 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", _MILLION, str(pairs)], capture_output=True, text=True, check=True,
        cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    count, seconds, memory = (float(word) for word in done.stdout.split())
    bench.add_s(f"rescoring {count:,.0f} pairs from their lines, CPU", seconds, at_most_s=60)
    bench.add("its memory", f"{memory:.2f} GB", bound="≤ 3 GB", met=memory <= 3)
