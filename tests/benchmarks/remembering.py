"""How much memory the real window holds with the big company, place by place.

The window runs in a process of its own, so that nothing of the benchmark is counted; what is
counted is resident memory (RSS) after each place has come to rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.companies import big_profile, peak_memory_mb
from tests.benchmarks.harness import Bench

_BOUND_MB = 400
_MARK = "MEMORY "


def measure_memory(bench: Bench) -> None:
    """Resident memory after each place, and the most there was."""
    folder = big_profile(bench.work, quick=bench.quick)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.remembering", str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            name, held = json.loads(line.removeprefix(_MARK))
            bench.add(
                name, f"{held:,.0f} MB", bound=f"≤ {_BOUND_MB} MB", met=held <= _BOUND_MB
            )  # fmt: skip


def resident_mb() -> float:
    """What this process holds in memory now, in MB (Linux; elsewhere the most it ever held)."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return peak_memory_mb()


def main() -> None:
    """Open the window on a profile and go through the places."""
    from crmdesk.gui.app import make_application
    from crmdesk.gui.heap import IDLE_MS
    from crmdesk.services.queries import search
    from crmdesk.services.queries.lists.registry import all_lists
    from tests.benchmarks.queries import largest_customers
    from tests.benchmarks.window import opened_window, settle

    app = make_application()
    desktop = opened_window(Path(sys.argv[1]))
    window, workspace = desktop.window, desktop.workspace
    if workspace is None:
        raise RuntimeError("the profile did not open")
    largest = largest_customers(workspace, 6)

    def go(place: str, **where: Any) -> Callable[[], object]:
        return lambda: window.go(place, **where)

    def find() -> None:
        search.warm(workspace)
        for text in ("bar", "ivan", "600 12", "qzxw"):
            search.find_of_each(workspace, text)

    steps: list[tuple[str, Callable[[], object]]] = [
        ("opened on Today", go("today")), ("Customers", go("customers")),
        ("the card of the largest customer", go("customer", account=largest[0])),
        *((f"and of {n} more", go("customer", account=key))
          for n, key in enumerate(largest[1:], 1)),
        *((f"Lists: {key}", go("lists", list=key)) for key in all_lists()),
        ("search", find), ("Reorder", go("reorder")), ("Pipeline", go("pipeline")),
        ("Plan", go("plan")), ("Orders", go("orders")), ("Tasks", go("tasks")),
    ]  # fmt: skip
    for name, step in steps:
        step()
        for _wait in range(40):
            settle(app, for_ms=150)
            if not desktop.runner.running:
                # And until what it has freed was given back.
                settle(app, for_ms=IDLE_MS + 500)
                if not desktop.runner.running:
                    break
        print(f"{_MARK}{json.dumps([name, resident_mb()])}", flush=True)
    print(f"{_MARK}{json.dumps(['the most there was', peak_memory_mb()])}", flush=True)
    desktop.close()
    settle(app)


if __name__ == "__main__":
    main()
