"""One edit saved: with the journal and without it, through the service, and while a sync runs.

And an order saved, with the indexes of the lists and without.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from crmdesk.services import accounts
from crmdesk.services.workspace import NewCompany, Workspace, start_alone
from crmdesk.storage.capture import drop_triggers
from tests.benchmarks.companies import now
from tests.benchmarks.harness import Bench, Times, milliseconds, time_each
from tests.benchmarks.headquarters import Headquarters, headquarters, person_rows
from tests.benchmarks.saved_orders import measure_orders

_EDIT = "UPDATE contact SET job = ? WHERE id = ?"


def measure_save(bench: Bench) -> None:
    """Single edits in a small profile, orders in the big one, then edits beside a running sync."""
    count = 200 if bench.quick else 1500
    with tempfile.TemporaryDirectory(dir=bench.work, prefix="save-") as name:
        folder = Path(name)
        workspace = start_alone(folder / "profile", now, NewCompany("Bench", "Bench"), way="open")
        try:
            _measure_journal(bench, workspace, count)
        finally:
            workspace.close()
        measure_orders(bench, folder)
        with headquarters(folder) as hq:
            _measure_beside_sync(bench, hq, count)


def _measure_journal(bench: Bench, ws: Workspace, count: int) -> None:
    keys = [accounts.create_account(ws, {"name": f"Customer {n}"})[0] for n in range(300)]
    for key in keys:
        accounts.add_contact(ws, key, f"Person {key}")
    with ws.database.read() as connection:
        contacts = list(connection.exec_driver_sql("SELECT id FROM contact").scalars())
    captured = _median_edit(ws, contacts, count, "captured")
    with ws.database.maintenance() as connection:
        drop_triggers(connection)
    bare = _median_edit(ws, contacts, count, "bare")
    bench.add_ratio("one edit in a transaction with journal ÷ without triggers", captured, bare)
    statement = _in_one_transaction(ws, contacts, count)
    bench.add("the bare statement, many in one transaction", milliseconds(statement))
    pieces = [_service_edit(ws, contacts[n % 300], n) for n in range(min(count, 300))]
    time_each(pieces[:20])
    bench.add_times("edit_contact, the service, without triggers", time_each(pieces))


def _median_edit(ws: Workspace, contacts: list[int], count: int, word: str) -> float:
    def edit(number: int) -> Callable[[], None]:
        def work() -> None:
            with ws.database.write() as tx:
                tx.connection.exec_driver_sql(_EDIT, (f"{word} {number}", contacts[number % 300]))

        return work

    pieces = [edit(number) for number in range(count)]
    time_each(pieces[:50])
    return time_each(pieces).median


def _in_one_transaction(ws: Workspace, contacts: list[int], count: int) -> float:
    with ws.database.write() as tx:
        cursor = tx.connection.connection.cursor()
        began = time.perf_counter()
        cursor.executemany(_EDIT, [(f"many {n}", contacts[n % 300]) for n in range(count)])
        took = time.perf_counter() - began
        cursor.close()
    return took / count


def _service_edit(ws: Workspace, contact: int, number: int) -> Callable[[], object]:
    return lambda: accounts.edit_contact(ws, contact, {"job": f"service {number}"})


def _measure_beside_sync(bench: Bench, hq: Headquarters, count: int) -> None:
    hq.load(person_rows(2_000 if bench.quick else 10_000))
    one, two = hq.join("one"), hq.join("two")
    alone = _paced_saves(one, count // 5)
    stop = threading.Event()
    rounds: list[int] = []

    def sync() -> None:
        while not stop.is_set():
            _edit_many(two, 1_000, f"{len(rounds)}")
            two.sync()
            rounds.append(one.sync().received)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sync)
        time.sleep(0.3)
        beside = _paced_saves(one, count // 5)
        stop.set()
        running.result()
    more = beside.median - alone.median
    bench.add(
        f"a save while sync runs ({sum(rounds):,} rows came in), beyond one without",
        f"{more * 1e3:+.3f} ms",
        floor=milliseconds(alone.median),
        bound="≤ 0.3 ms",
        met=more <= 0.3e-3,
    )
    bench.add("the slowest save while sync runs", milliseconds(max(beside.seconds)))


def _paced_saves(laptop: Any, count: int) -> Times:
    """Saves with pauses between them, as a person would make them, only quicker."""
    found, cpu = [], []
    for number in range(count):
        time.sleep(0.004)
        began, began_cpu = time.perf_counter(), time.thread_time()
        with laptop.database.write() as tx:
            tx.connection.exec_driver_sql(_EDIT, (f"paced {number}", 1 + number % 100))
        cpu.append(time.thread_time() - began_cpu)
        found.append(time.perf_counter() - began)
    return Times(found, cpu)


def _edit_many(laptop: Any, count: int, word: str) -> None:
    with laptop.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE contact SET best_time = ? WHERE id > 100 AND id <= ?", (word, 100 + count)
        )
