"""``python -m tests.benchmarks [NAME…]``: measure, print the table, on request write it down."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

# Without .pyc files a start measures the compiler.
_FOREIGN = (
    "CRMDESK_PROFILE", "CRMDESK_PASSPHRASE", "QT_SCALE_FACTOR", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip

BENCHMARKS: Mapping[str, tuple[str, str]] = {
    "start": ("starting", "from the process's start to a key, and to Today's rows"),
    "card": ("queries", "the customer card on the big company"),
    "window": ("window", "places and cards painted in the real window, big company"),
    "lists": ("queries", "top 200 due, first pages, Today and search on the big company"),
    "listing": ("listing", "every list in every order, with every filter, and its totals"),
    "map": ("mapping", "frames of the map with 2,000 customers, panned and zoomed; its memory"),
    "memory": ("remembering", "what the real window holds in memory, place by place"),
    "import": ("importing", "a file of sold lines against the bare insert of its rows"),
    "sync": ("syncing", "first download, upload, download of changes, idle round"),
    "devices": ("crowding", "200 simulated devices at one server: waiting, fairness, memory"),
    "growth": ("growing", "more records at HQ, more scopes on a laptop"),
    "save": ("saving", "one edit with journal and without, and while a sync runs"),
    "demo": ("making", "making companies: straight into a profile, and through HQ"),
    "reorder": ("reordering", "the forecast from file to file, and scoring again"),
    "recalculation": (
        "recalculating",
        "forecasts after an order and on a new day, a million pairs",
    ),
    "musts": ("mustering", "how good the forecast is, against what it must reach"),
    "small": ("small_forecast", "the forecast of invented small companies beside simple rules"),
    "price": ("pricing", "an order of 200 lines priced as a whole"),
    "print": ("printing", "an order of 200 lines as PDF"),
    "plan": ("planning", "a week of the demo's rep: the first plan, a good plan"),
    "planning": (
        "plan_quality",
        "plans of the shared territories and published problems beside other planners",
    ),
    "estimates": ("estimating", "what-if beside plans, estimated drives beside roads"),
    "safety": ("safety", "opening, checking and backing up the big profile; its size"),
}


def main() -> int:
    """Run what was asked for; 0 whatever the clock says, 2 for wrong usage."""
    chosen = _parser().parse_args()
    if chosen.list:
        for name, (_module, about) in BENCHMARKS.items():
            print(f"{name:10} {about}")
        return 0
    unknown = sorted(set(chosen.names) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; see --list", file=sys.stderr)
        return 2
    work = chosen.work or _default_work()
    work.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="crmdesk-benchmarks-"))
    try:
        _isolate(home)
        return _run(chosen, work)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all without a name")
    parser.add_argument("--list", action="store_true", help="say which there are")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that they run")
    parser.add_argument("--long", action="store_true", help="also what takes over five minutes")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    parser.add_argument("--work", type=Path, help="where the profiles are kept")
    return parser


def _default_work() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("crmdesk", appauthor=False)) / "benchmarks"


def _isolate(home: Path) -> None:
    """Point what belongs to a person at a throw-away folder, as the tests do."""
    for name in ("CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    os.environ.update(LANGUAGE="en", QT_QPA_PLATFORM="offscreen")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    for name in _FOREIGN:
        os.environ.pop(name, None)


def _run(chosen: argparse.Namespace, work: Path) -> int:
    from tests.benchmarks import report
    from tests.benchmarks.harness import Bench

    bench = Bench(work, chosen.quick, lambda text: print(text, flush=True), long=chosen.long)
    bench.say(report.machine())
    bench.say(f"load {report.load_average():.1f}; profiles in {work}")
    for name in chosen.names or BENCHMARKS:
        module, about = BENCHMARKS[name]
        bench.say(f"{name}: {about}")
        bench.current = name
        began = time.perf_counter()
        measure: Callable[[Bench], None] = getattr(
            import_module(f"tests.benchmarks.{module}"), f"measure_{name.replace('import', 'file')}"
        )
        measure(bench)
        bench.say(f"  ({time.perf_counter() - began:.0f} s)")
    print()
    print(report.as_text(bench.figures))
    if chosen.write:
        if chosen.quick:
            print("the small sizes are not written into the document", file=sys.stderr)
            return 2
        report.write(bench.figures, datetime.now(UTC).date(), tuple(BENCHMARKS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
