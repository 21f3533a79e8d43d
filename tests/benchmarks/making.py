"""What it takes to make a company: the big one straight into a profile, the demo through its HQ.

The big company is the profile the other benchmarks use; its making was measured when it was made.
With ``--long`` it is also made at an HQ, and a rep's laptop joins.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from crmdesk.demo.spec import DemoSpec
from crmdesk.hq.database.embedded import installed_programs
from tests.benchmarks.companies import (
    SMALL,
    big_profile,
    facts_of,
    now,
    peak_memory_mb,
    spec_for,
)
from tests.benchmarks.harness import Bench


def measure_demo(bench: Bench) -> None:
    """Figures of the big profile, then the demo as `./dev run` makes it."""
    folder = big_profile(bench.work, quick=bench.quick)
    made = facts_of(folder)
    if made is not None:
        bench.add(
            f"{made.lines:,} sale lines ({made.rows:,} rows) into a profile",
            f"{made.load_s / 60:.1f} min",
        )
        bench.add_s("its summaries, forecasts and search index", made.summaries_s)
        bench.add("most memory while making it", f"{made.memory_mb:,.0f} MB")
        spent = f"{made.size / 1e6:,.0f} MB ({made.size / max(1, made.lines):.0f} B a sale line)"
        bench.add("the profile's file", spent)
    if not installed_programs():
        bench.add("demo through HQ", "no PostgreSQL here")
        return
    _measure_hq(bench, SMALL if bench.quick else DemoSpec(), "demo")
    if bench.long:
        _measure_hq(bench, spec_for(quick=bench.quick), "big company")


def _measure_hq(bench: Bench, spec: DemoSpec, name: str) -> None:
    from crmdesk.cli import demo_company

    with tempfile.TemporaryDirectory(prefix="crmdesk-benchmark-demo-") as place:
        made = demo_company.make(Path(place) / "demo", spec, now)
    limit = None if spec.customers > 1000 else 180.0
    seconds = made.hq_seconds + made.laptop_seconds
    bench.add(
        f"{name} at HQ: {made.lines:,} lines, {made.rows:,} rows",
        str(timedelta(seconds=round(made.hq_seconds))),
    )
    bench.add(
        f"{name}, the rep's laptop: {made.laptop_rows:,} rows, {made.laptop_bytes / 1e6:.1f} MB",
        f"{made.laptop_seconds:.1f} s",
    )
    bench.add_s(f"{name}, until it can be opened", seconds, at_most_s=limit)
    bench.add("most memory of that process so far", f"{peak_memory_mb():,.0f} MB")
