"""How plans and the time they need grow with the customers, on random territories."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crmdesk.planning.plan import plan_from_orders
from crmdesk.planning.problem import Problem
from crmdesk.planning.solver import solve
from tests.benchmarks.harness import Bench
from tests.benchmarks.naive import RULES, naive_plan
from tests.benchmarks.shared_territories import mean
from tests.benchmarks.wide import wide_map

_SIZES = (50, 100, 200, 300, 500, 1000)
#: The sizes whose ratio is bounded are made from two seeds.
_SEEDS = {300: (5, 6), 1000: (5, 6)}
#: Processor seconds of the long run for each customer.
_LONG_RUN = 0.048
_SHORT_S = 2.0
_GOAL = 0.97


@dataclass(frozen=True, slots=True)
class _Run:
    """One size: the best naive value, ours after a short and a long run, time to the goal."""

    naive: float
    short: float
    long: float
    seconds: float


def measure_growth(bench: Bench, part: float) -> None:
    """Processor time until a plan is as good, relative to the long run; values against naive."""
    took: dict[int, float] = {}
    for customers in _SIZES:
        runs = [_grown(customers, seed, part) for seed in _SEEDS.get(customers, (5,))]
        took[customers] = mean([run.seconds for run in runs])
        bench.add(
            f"{customers} customers, {_SHORT_S * part:g} s and {customers * _LONG_RUN * part:g} s:"
            " ÷ best naive", f"{mean([run.short / run.naive for run in runs]):.2f}",
            ratio=mean([run.long / run.naive for run in runs]),
            floor=f"{took[customers]:.2f} s to {_GOAL} of it",
        )  # fmt: skip
    allowed = (1000 / 300) ** 1.3
    ratio = took[1000] / took[300]
    bench.add(f"300 → 1,000 customers: time to {_GOAL} of the long run's Z",
              f"{took[300]:.2f} s → {took[1000]:.2f} s", ratio=ratio,
              bound=f"≤ {allowed:.2f} ×", met=ratio <= allowed)  # fmt: skip


def _grown(customers: int, seed: int, part: float) -> _Run:
    problem, points = wide_map(customers, seed=seed)
    marks: list[tuple[float, float]] = []
    began = time.process_time()
    plan = solve(
        problem, seed=1, seconds=_LONG_RUN * customers * part, clock=time.process_time,
        on_progress=lambda p: marks.append((time.process_time() - began, p.worth)),
    )  # fmt: skip
    goal = _GOAL * plan.worth
    early = [worth for seconds, worth in marks if seconds <= _SHORT_S * part]
    return _Run(
        naive=_best_naive(problem, points),
        short=max(early, default=marks[0][1]),
        long=plan.worth,
        seconds=next(seconds for seconds, worth in marks if worth >= goal),
    )


def _best_naive(problem: Problem, points: list[tuple[float, float]]) -> float:
    return max(
        plan_from_orders(problem, naive_plan(problem, points, rule)).worth
        for rule in RULES.values()
    )
