"""200 simulated devices at one HQ server: how long they wait, how fair it is, what it takes.

The devices are threads of this process and share the cores with the server and PostgreSQL, so
what they measure is more than the server alone would take.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.administration import admin
from tests.benchmarks.crowd_rows import account_uids, crowd_rows, user_uid
from tests.benchmarks.harness import Bench, milliseconds
from tests.benchmarks.headquarters import Headquarters, headquarters
from tests.benchmarks.light_device import LightDevice, Step
from tests.benchmarks.spent import children

_TRANSACTIONS, _EACH = 5, 5


def measure_devices(bench: Bench) -> None:
    """First downloads, rounds and idle rounds of all devices at once."""
    count, records = (20, 2_000) if bench.quick else (200, 20_000)
    with (
        tempfile.TemporaryDirectory(dir=bench.work, prefix="crowd-") as name,
        headquarters(Path(name)) as hq,
    ):
        hq.load(crowd_rows(records, count, count))
        devices = [_enrolled(hq, n, records, count) for n in range(count)]
        try:
            with _watched(hq) as memory:
                _measure(bench, devices, records // count)
            bench.add("most memory of the server process", f"{memory.server_mb:.0f} MB")
            bench.add("most memory of PostgreSQL", f"{memory.postgres_mb:.0f} MB")
        finally:
            for device in devices:
                device.close()


def _enrolled(hq: Headquarters, number: int, records: int, count: int) -> LightDevice:
    code = admin.make_code(hq.store, f"R{number + 1}", datetime.now(UTC))
    accounts = account_uids(records, count, number)
    return LightDevice(hq.server.url, code, user_uid(number), accounts)


def _measure(bench: Bench, devices: list[LightDevice], rows: int) -> None:
    count = len(devices)
    errors: list[str] = []

    def at_once(step: Step, times: int) -> tuple[list[list[float]], float]:
        """Seconds of each device's steps, and of all together."""
        began = time.perf_counter()
        with ThreadPoolExecutor(count) as pool:
            found = list(pool.map(lambda device: _timed(device, step, times, errors), devices))
        return found, time.perf_counter() - began

    first, _whole = at_once(LightDevice.first_download, 1)
    _add(bench, f"{count} devices at once: first download of {rows:,} rows each", first)
    changes = _TRANSACTIONS * _EACH
    rounds, whole = at_once(lambda device: device.round(_TRANSACTIONS, _EACH), 3)
    _add(bench, f"a round of {changes} changes in {_TRANSACTIONS} transactions", rounds)
    bench.add("all changes of all devices", f"{count * 3 * changes / whole:,.0f} ops/s")
    slowest = max(sum(one) for one in rounds)
    middle = median([sum(one) for one in rounds])
    bench.add("the slowest device ÷ the median", milliseconds(slowest), floor=milliseconds(middle),
              ratio=slowest / middle, bound="≤ 2 ×", met=slowest <= 2 * middle)  # fmt: skip
    idle, _whole = at_once(LightDevice.idle, 5)
    _add(bench, "a round with nothing to do", idle)
    bench.add("errors and time-outs", f"{len(errors)}", bound="0", met=not errors)


def _timed(device: LightDevice, step: Step, times: int, errors: list[str]) -> list[float]:
    found = []
    for _time in range(times):
        began = time.perf_counter()
        try:
            step(device)
        except CrmdeskError as error:
            errors.append(error.message)
        found.append(time.perf_counter() - began)
    return found


def _add(bench: Bench, what: str, found: list[list[float]]) -> None:
    every = sorted(seconds for one in found for seconds in one)
    p99 = every[min(len(every) - 1, int(len(every) * 0.99))]
    bench.add(f"{what}, median and 99th percentile", f"{milliseconds(median(every))},"
              f" {milliseconds(p99)}")  # fmt: skip


# -- memory ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Memory:
    server_mb: float = 0.0
    postgres_mb: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _watched(hq: Headquarters) -> Iterator[_Memory]:
    """The most memory that the server and PostgreSQL take meanwhile (Linux; else 0)."""
    memory = _Memory()
    server, postgres = hq.server.process.pid, hq.postgres_pid()

    def watch() -> None:
        while not memory.stop.wait(0.25):
            memory.server_mb = max(memory.server_mb, _megabytes([server]))
            memory.postgres_mb = max(
                memory.postgres_mb, _megabytes([postgres, *children(postgres)])
            )

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        memory.stop.set()
        thread.join()


def _megabytes(processes: list[int]) -> float:
    """Resident memory; what processes share is counted once."""
    total = 0
    for pid in processes:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        found = [line for line in text.splitlines() if line.startswith("Pss:")]
        total += sum(int(line.split()[1]) for line in found)
    return total / 1024
