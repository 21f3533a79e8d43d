"""The planner on published problems: team orienteering with windows, periodic vehicle routing."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from crmdesk.planning.routes import Routes
from crmdesk.planning.search import Search
from tests.benchmarks.harness import Bench
from tests.benchmarks.published import (
    best_known,
    orienteering,
    periodic,
    periodic_length,
    periodic_model,
)
from tests.benchmarks.shared_territories import mean, searched


def measure_orienteering(bench: Bench, folder: Path, part: float) -> None:
    gaps = []
    for name, best in best_known(folder, "TOPTW").items():
        file, _space, routes = name.partition(" m=")
        problem = orienteering(folder / "toptw" / f"{file}.txt", int(routes))
        plan = searched(problem, 10.0 * part)
        profit = sum(problem.stops[u].margin for order in plan.orders() for u in order)
        gaps.append(1.0 - profit / best)
        bench.say(f"    {name}: {profit:.0f} of {best:.0f}, {gaps[-1]:.1%} short")
    bench.add("TOPTW, 10 s: short of the best known, mean", f"{mean(gaps):.1%}", bound="≤ 4 %",
              met=mean(gaps) <= 0.04)  # fmt: skip


def measure_periodic(bench: Bench, folder: Path, part: float) -> None:
    gaps, broken = [], 0
    for name, best in best_known(folder, "PVRP").items():
        instance = periodic(folder / "pvrp" / name)
        routes = Routes(periodic_model(instance))
        search = Search(routes.model, routes, Random(1))
        search.construct()
        began, share = time.process_time(), 0.0
        while share < 1.0:
            for _step in range(8):
                search.step(routes.model.scale * 0.8 * (0.015 / 0.8) ** share)
            share = (time.process_time() - began) / (30.0 * part)
        routes.restore(search.best)
        length = periodic_length(instance, [nodes[1:-1] for nodes in routes.nodes])
        broken += length is None
        if length is not None:
            gaps.append(length / best - 1.0)
            bench.say(f"    {name}: {length:.1f}, {gaps[-1]:.1%} over {best:.1f}")
    bench.add("Cordeau PVRP, 30 s on one core: over the best known, mean", f"{mean(gaps):.1%}",
              bound="≤ 5 %", met=mean(gaps) <= 0.05)  # fmt: skip
    bench.add("Cordeau PVRP: patterns, loads or lengths broken", str(broken), bound="0",
              met=broken == 0)  # fmt: skip
