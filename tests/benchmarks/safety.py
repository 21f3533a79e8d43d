"""The big profile as a file: opening it, checking it, backing it up, and how large it is."""

from __future__ import annotations

from crmdesk.storage import backup, check, profile
from tests.benchmarks.companies import big_profile, facts_of, opened
from tests.benchmarks.harness import Bench, repeat, timed


def measure_safety(bench: Bench) -> None:
    """Open, back up, check."""
    folder = big_profile(bench.work, quick=bench.quick)
    made = facts_of(folder)
    size = (folder / profile.DATABASE_FILE).stat().st_size
    lines = 0 if made is None else made.lines
    bench.add(f"database with {lines:,} sale lines", f"{size / 1e6:,.0f} MB")

    def open_it() -> None:
        with opened(folder) as workspace:
            workspace.today()

    bench.add_times("opening the profile", repeat(open_it, runs=7, warm=2))
    target = bench.work / "benchmark.backup"
    with opened(folder) as workspace:
        took = timed(lambda: backup.back_up(workspace.database, folder, target))
        bench.add("backup while it is open", f"{took:.1f} s ({size / took / 1e6:,.0f} MB/s)")
        target.unlink()
        findings: list[object] = []
        took = timed(lambda: findings.extend(check.check(workspace.database, folder)))
        bench.add("check, summaries rebuilt and compared", f"{took:.1f} s")
        bench.add("findings of the check", str(len(findings)), met=not findings)
