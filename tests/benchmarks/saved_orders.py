"""What the lists' indexes cost an order of twelve lines, from its start until it is submitted.

Measured in a copy of a company: orders as they are made line by line with the indexes, then
without them, in turns, so that a busy moment of the machine meets both.
"""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace
from crmdesk.storage import indexes
from tests.benchmarks.companies import big_profile, opened
from tests.benchmarks.harness import Bench, duration

LINES = 12
_ROUNDS = 4


def measure_orders(bench: Bench, folder: Path) -> None:
    """Processor time of one order, everything it does included, with the indexes and without."""
    source = big_profile(bench.work, quick=bench.quick)
    copy = folder / "orders"
    shutil.copytree(source, copy)
    with opened(copy) as ws:
        accounts, products = _some(ws)
        waiting = iter(accounts)
        with_them: list[float] = []
        without: list[float] = []
        _order(ws, next(waiting), products)
        for _round in range(_ROUNDS):
            with_them += [_order(ws, next(waiting), products) for _n in range(10)]
            with ws.database.maintenance() as connection:
                indexes.drop_list_indexes(connection)
            _order(ws, next(waiting), products)
            without += [_order(ws, next(waiting), products) for _n in range(10)]
            with ws.database.maintenance() as connection:
                indexes.create_list_indexes(connection)
            _order(ws, next(waiting), products)
    value, floor = statistics.median(with_them), statistics.median(without)
    bench.add(
        f"an order of {LINES} lines, line by line and submitted, with the lists'"
        f" {len(indexes.LIST_INDEXES)} indexes ÷ without, processor time",
        duration(value), floor=duration(floor), ratio=value / floor,
    )  # fmt: skip
    shutil.rmtree(copy)


def _some(ws: Workspace) -> tuple[list[int], list[int]]:
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        accounts = run(
            "SELECT account_id FROM summary_account JOIN account a ON a.id = account_id"
            " WHERE order_days > 3 AND a.status = 'active' AND a.minimum_order_minor IS NULL"
            " AND coalesce(a.credit_mode, 'none') = 'none'"
            " AND account_id NOT IN (SELECT account_id FROM sales_order WHERE status = 'draft')"
            " ORDER BY account_id LIMIT 400"
        ).scalars()
        products = run(
            "SELECT product_id FROM summary_pair GROUP BY product_id"
            " ORDER BY count(*) DESC LIMIT ?",
            (LINES,),
        ).scalars()
        return [int(key) for key in accounts], [int(key) for key in products]


def _order(ws: Workspace, account: int, products: list[int]) -> float:
    began = time.thread_time()
    started = orders.start_order(ws, account, suggested=False)
    for product in products:
        orders.set_line(ws, started.order_id, LineInput(product, None, 24))
    orders.submit_order(ws, started.order_id)
    return time.thread_time() - began
