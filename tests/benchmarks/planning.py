"""Planning a week for the demo's rep: until there is a plan at all, and until it is a good one."""

from __future__ import annotations

import time

from crmdesk.demo.spec import DemoSpec
from crmdesk.planning.solver import Progress
from crmdesk.services import plans
from tests.benchmarks.companies import demo_profile, opened
from tests.benchmarks.harness import Bench, Times, repeat, timed

_SECONDS = 3.0


def measure_plan(bench: Bench) -> None:
    """The coming week from nothing, then as the desktop asks for it."""
    with opened(demo_profile(bench.work, DemoSpec(), quick=bench.quick)) as ws:
        start = plans.plan_start(ws.today())
        first: list[float] = []

        def propose(seconds: float | None, iterations: int | None) -> plans.Proposal:
            began = time.perf_counter()

            def on_progress(_progress: Progress) -> None:
                if len(marks) == 0:
                    marks.append(time.perf_counter() - began)

            marks: list[float] = []
            proposal = plans.propose_plan(
                ws, start, 7, seconds=seconds, iterations=iterations, keep_present=False,
                on_progress=on_progress,
            )  # fmt: skip
            first.append(marks[0])
            return proposal

        times: Times = repeat(lambda: propose(None, 0), runs=5)
        proposal = propose(None, 0)
        days, stops = len(proposal.days), len(proposal.candidates)
        bench.add_times(f"plan of {days} days over {stops} customers, without search", times)
        bench.add_ms("until the first plan is there", sorted(first)[len(first) // 2])
        worth = proposal.plan.worth
        found: list[plans.Proposal] = []
        took = timed(lambda: found.append(propose(_SECONDS, None)))
        better = found[0].plan
        bench.add_s(f"plan with {_SECONDS:g} s of search ({better.iterations:,} steps)", took)
        bench.add("its worth against the first plan's", f"{better.worth / worth:.3f} ×")
