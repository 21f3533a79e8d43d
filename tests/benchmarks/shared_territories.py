"""The shared territories with the evaluator that judges plans of them, and one search for all.

The search counts processor time in each of its two processes: on an idle machine that is the clock.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crmdesk.planning.instance import problem_from_instance
from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Problem
from crmdesk.planning.together import solve_together
from tests.benchmarks.published import best_known

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 120.0
Orders = Sequence[Sequence[int]]


def instances() -> Path:
    """Where the shared instances lie, or would."""
    return Path(os.environ.get("CRMDESK_SHARED") or _ROOT.parent / "shared") / "instances"


class Territory:
    """One of the shared territories, with its evaluator and what is known about it."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.name = path.stem
        self.document = json.loads(path.read_text("utf-8"))
        self.problem = problem_from_instance(self.document)
        self.points = [tuple(self.document["home"])]
        self.points += [(c["x"], c["y"]) for c in self.document["customers"]]
        self.best = best_known(folder, "REAL").get(self.name, 0.0)
        told = re.search(
            rf"REAL,{self.name},.*naive [^=]*Z=(\d+)", (folder / "BKS.csv").read_text()
        )
        self.naive_told = float(told.group(1)) if told else 0.0
        spec = importlib.util.spec_from_file_location("judge", folder / "evaluate_plan.py")
        assert spec is not None
        assert spec.loader is not None
        self._judge = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._judge)

    def judge(self, orders: Orders) -> dict[str, Any]:
        """What the evaluator says."""
        days = {str(self.problem.offset(d)): list(o) for d, o in enumerate(orders) if o}
        found: dict[str, Any] = self._judge.judge(self.document, days)
        return found


def searched(problem: Problem, seconds: float, start: Orders | None = None) -> Plan:
    """The plan of two searches that meet."""
    return solve_together(
        problem, seed=1, seconds=seconds, start=start, clock=time.process_time,
        patience=_PATIENCE_S,
    )  # fmt: skip


def mean(values: Sequence[float]) -> float:
    """The average; 0 of nothing."""
    return sum(values) / max(1, len(values))
