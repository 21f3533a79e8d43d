"""Plans that meet life: two cancellations at eleven, and customers who have their weekday."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from crmdesk.planning.plan import Plan, plan_from_orders
from crmdesk.planning.problem import Problem, Weights
from crmdesk.planning.replan import Situation, remaining_problem, replan_day
from crmdesk.planning.weekdays import propose_weekdays, share_on_usual_weekday
from tests.benchmarks.harness import Bench
from tests.benchmarks.shared_territories import Territory, mean, searched
from tests.benchmarks.wide import wide_territory

#: What a re-plan may take.
_SECONDS = 0.5
#: Customers and seed of territories that nobody has looked at while the planner was made.
_OWN = ((80, 61), (150, 62), (150, 63), (200, 64), (300, 65))


def measure_cancellations(
    bench: Bench, territories: Sequence[Territory], plans: dict[str, Plan]
) -> None:
    """Two visits of the afternoon fall out at 11:00; they may be seen on another day."""
    own = {f"own {n}.{seed}": wide_territory(n, seed=seed) for n, seed in _OWN}
    shared = {one.name: (one.problem, plans[one.name]) for one in territories}
    unseen = {name: (problem, searched(problem, 3.0)) for name, problem in own.items()}
    for which, found in (("shared", shared), ("own random", unseen)):
        _measure_mornings(bench, which, found)


def _measure_mornings(
    bench: Bench, which: str, territories: Mapping[str, tuple[Problem, Plan]]
) -> None:
    shares, changes, seconds = [], [], []
    random = Random(7)
    for name, (problem, plan) in territories.items():
        said = []
        for day in (2, 6, 11):
            found = _one_morning(problem, plan, day, random)
            if found is not None:
                shares.append(found[0])
                changes.append(found[1])
                seconds.append(found[2])
                said.append(f"{found[0]:.0%} ({found[1]} moved)")
        bench.say(f"    {name}: {', '.join(said)}")
    worst = max(changes)
    what = f"two cancellations, {which} territories, {_SECONDS:g} s"
    bench.add(
        f"{what}: share of the lost Z recovered, mean and least",
        f"{mean(shares):.0%}, {min(shares):.0%}", bound="≥ 50 %", met=mean(shares) >= 0.5,
    )  # fmt: skip
    bench.add(
        f"{what}: other customers moved, mean and most", f"{mean(changes):.1f}, {worst}",
        bound="≤ 12", met=worst <= 12,
    )  # fmt: skip
    bench.add_s(f"{what}: processor time, most", max(seconds), at_most_s=2.0)


def _one_morning(
    problem: Problem, plan: Plan, day: int, random: Random
) -> tuple[float, int, float] | None:
    """Share recovered, visits moved, seconds; None where nothing was left to cancel."""
    visits = plan.days[day].visits
    done = [visit for visit in visits if visit.timing.start <= 660.0]
    left = [visit.stop for visit in visits[len(done) :]]
    if len(left) < 2 or not done:
        return None
    cancelled = frozenset(random.sample(left, 2))
    place = problem.stops[done[-1].stop].place
    now = Situation(
        day, done[-1].timing.leave, place, sum(visit.timing.km for visit in done),
        done=tuple(visit.stop for visit in done),
    )  # fmt: skip
    rest = remaining_problem(problem, plan, now, 0.0)
    orders = [left, *(list(one.order) for one in plan.days[day + 1 :])]
    before = plan_from_orders(rest, orders).worth
    broken = [[u for u in left if u not in cancelled], *orders[1:]]
    without = plan_from_orders(rest, broken).worth
    if before - without < 1.0:
        return None
    began = time.process_time()
    after = replan_day(
        problem, plan, replace(now, closed_today=cancelled), seed=1, seconds=_SECONDS,
        clock=time.process_time,
    )  # fmt: skip
    took = time.process_time() - began
    recovered = plan_from_orders(rest, after.plan.orders()).worth - without
    moved = sum(1 for change in after.changes if change.stop not in cancelled)
    return recovered / (before - without), moved, took


def measure_regularity(
    bench: Bench, territories: Sequence[Territory], plans: dict[str, Plan], part: float
) -> None:
    """Weekdays proposed from the free plan, kept from there on for a bonus of 40 a visit."""
    kept, cost = [], []
    for one in territories:
        free = plans[one.name]
        usual = propose_weekdays(one.problem, free)
        stops = zip(one.problem.stops, usual, strict=True)
        regular = replace(
            one.problem,
            stops=tuple(replace(stop, usual_weekday=weekday) for stop, weekday in stops),
            weights=Weights(per_km=one.problem.weights.per_km, usual_weekday=40.0),
        )
        plan = searched(regular, 5.0 * part, free.orders())
        kept.append(share_on_usual_weekday(regular, plan))
        cost.append(1.0 - one.judge(plan.orders())["Z"] / one.judge(free.orders())["Z"])
        bench.say(f"    {one.name}: {kept[-1]:.0%} kept for {cost[-1]:.1%} of Z")
    bench.add("visits on the usual weekday, mean", f"{mean(kept):.0%}", bound="≥ 80 %",
              met=mean(kept) >= 0.8)  # fmt: skip
    bench.add("what that costs of Z, mean", f"{mean(cost):.1%}", bound="≤ 3 %",
              met=mean(cost) <= 0.03)  # fmt: skip
