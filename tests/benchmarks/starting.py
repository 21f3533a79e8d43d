"""From a process's start to a window that takes a key, and to Today's rows, beside a bare window.

Every run is two fresh processes, the bare window and the program, one right after the other, so
that whatever else the machine does meets both. The table has the medians and the median of the
pairs' ratios.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from crmdesk.demo.spec import DemoSpec
from tests.benchmarks.companies import demo_profile
from tests.benchmarks.harness import Bench, duration

_FLOOR, _PROGRAM = "tests.benchmarks.floor_window", "tests.benchmarks.started_program"


def measure_start(bench: Bench) -> None:
    """Pairs of fresh processes."""
    profile = demo_profile(bench.work, DemoSpec(), quick=bench.quick)
    pairs = 3 if bench.quick else 11
    _start(_FLOOR)
    _start(_PROGRAM, str(profile))
    bare, program = [], []
    for _pair in range(pairs):
        bare.append(_start(_FLOOR))
        program.append(_start(_PROGRAM, str(profile)))
    for mark, what, bound in (
        ("key", "shell takes a key", 2.0),
        ("rows", "Today's rows painted", 5.0),
    ):
        for column, kind in enumerate(("", ", processor time")):
            found = [one[mark][column] for one in program]
            floor = [one["key"][column] for one in bare]
            ratio = statistics.median(a / b for a, b in zip(found, floor, strict=True))
            bench.add(
                f"{what} ÷ bare window, {pairs} pairs{kind}",
                duration(statistics.median(found)),
                floor=duration(statistics.median(floor)),
                ratio=ratio,
                bound=f"≤ {bound:.1f} ×",
                met=ratio <= bound,
            )


def _start(module: str, *arguments: str) -> dict[str, tuple[float, float]]:
    """Seconds from the start of a fresh process to each of its marks, and processor seconds."""
    root = Path(__file__).resolve().parents[2]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-600:]}")
    marks: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return {name: (instant - began, cpu) for name, (instant, cpu) in marks.items()}
