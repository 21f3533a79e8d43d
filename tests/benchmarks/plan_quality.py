"""How good plans are: the shared territories and published problems, beside other planners.

The bounds are the product's own; territories are judged by the evaluator that comes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crmdesk.planning import COMPILED
from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Problem
from tests.benchmarks.harness import Bench
from tests.benchmarks.naive import RULES, naive_plan
from tests.benchmarks.plan_growth import measure_growth
from tests.benchmarks.plan_mornings import measure_cancellations, measure_regularity
from tests.benchmarks.plan_published import measure_orienteering, measure_periodic
from tests.benchmarks.rivals import RIVALS
from tests.benchmarks.shared_territories import Orders, Territory, instances, mean, searched


def measure_planning(bench: Bench) -> None:
    """Everything; a tenth of the time with --quick."""
    folder = instances()
    if not folder.is_dir():
        bench.say(f"  no {folder}: set CRMDESK_SHARED to the folder that holds it")
        return
    bench.say(f"  the planner's inner modules are {'compiled' if COMPILED else 'plain Python'}")
    part = 0.1 if bench.quick else 1.0
    territories = [Territory(folder, path) for path in sorted((folder / "real").glob("*.json"))]
    plans = _measure_territories(bench, territories, part)
    _measure_against_nearest(bench, territories, plans)
    measure_cancellations(bench, territories, plans)
    measure_regularity(bench, territories, plans, part)
    measure_orienteering(bench, folder, part)
    measure_periodic(bench, folder, part)
    measure_growth(bench, part)


def _measure_territories(
    bench: Bench, territories: Sequence[Territory], part: float
) -> dict[str, Plan]:
    """Ratios to the best of the naive planners, for everybody who can plan at all."""
    naive: dict[str, float] = {}
    for one in territories:
        found = {
            name: one.judge(naive_plan(one.problem, one.points, rule))["Z"]
            for name, rule in RULES.items()
        }
        naive[one.name] = max(found.values())
        listed = ", ".join(f"{name} {z}" for name, z in found.items())
        bench.say(
            f"  {one.name}: best known {one.best:.0f}, told naive {one.naive_told:.0f}; {listed}"
        )
    plans: dict[str, Plan] = {}
    wrong = 0
    for seconds, least, each in ((2.0, 1.12, 0.0), (10.0, 1.20, 1.12)):
        ratios, known = [], []
        for one in territories:
            plans[one.name] = plan = searched(one.problem, part * seconds)
            found = one.judge(plan.orders())
            wrong += found["infeasible_days"] + found["spacing_violations"]
            ratios.append(found["Z"] / max(one.naive_told, 1.0))
            known.append(found["Z"] / max(one.best, 1.0))
            bench.add(
                f"{one.name}, {seconds:g} s: Z, its share of the best known",
                f"{found['Z']:,}, {known[-1]:.3f}", ratio=ratios[-1],
                floor=f"{one.naive_told:,.0f}", bound=f"≥ {each} ×" if each else "",
                met=ratios[-1] >= each if each else None,
            )  # fmt: skip
            ours = found["Z"] / naive[one.name]
            bench.say(f"    against the best of the naive planners here: {ours:.3f} ×")
        average = mean(ratios)
        bench.add(
            f"territories, {seconds:g} s, mean; share of the best known",
            f"{mean(known):.3f}", ratio=average, bound=f"≥ {least} ×", met=average >= least,
        )  # fmt: skip
    bench.add("days or spacings broken", str(wrong), bound="0", met=wrong == 0)
    for name, rival in RIVALS.items():
        _measure_rival(bench, territories, name, rival, 10.0 * part)
    return plans


def _measure_rival(
    bench: Bench,
    territories: Sequence[Territory],
    name: str,
    rival: Callable[[Problem, float], Orders],
    seconds: float,
) -> None:
    ratios = []
    for one in territories:
        try:
            found = one.judge(rival(one.problem, seconds))
        except ImportError:
            bench.say(f"  {name}: not installed")
            return
        if found["infeasible_days"] or found["spacing_violations"]:
            bench.say(f"    {name} on {one.name} breaks a rule: {found}")
        ratios.append(found["Z"] / max(one.naive_told, 1.0))
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    bench.add(f"{name}, {seconds:g} s: {each}", "", ratio=mean(ratios))


def _measure_against_nearest(
    bench: Bench, territories: Sequence[Territory], plans: dict[str, Plan]
) -> None:
    margin, minutes, served = [], [], []
    for one in territories:
        nearest = one.judge(naive_plan(one.problem, one.points, RULES["nearest among the due"]))
        ours = one.judge(plans[one.name].orders())
        margin.append(ours["margin"] / nearest["margin"] - 1.0)
        minutes.append(ours["drive_min_per_visit"] / nearest["drive_min_per_visit"])
        served.append(ours["compliance_pct"] - nearest["compliance_pct"])
    for what, found, bound, least, shown in (
        ("margin", mean(margin), "≥ +20 %", 0.20, "{:+.1%}"),
        ("minutes of driving per visit", mean(minutes), "≤ × 0.8", None, "× {:.2f}"),
        ("share of customer-days not overdue", mean(served), "≥ +3 points", 3.0, "{:+.1f} points"),
    ):
        met = found <= 0.8 if least is None else found >= least
        bench.add(
            f"against nearest among the due: {what}", shown.format(found), bound=bound, met=met
        )
