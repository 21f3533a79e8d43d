"""How good the estimates are that plans and managers go by: of what-if, and of drives.

Both stand beside what they estimate: plans made for either variant, and the roads of a map. Nothing
here is measured by the clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from crmdesk.interchange.mappack import read_pack
from crmdesk.interchange.packroads import network_of
from crmdesk.paths import resources_dir
from crmdesk.planning.effort import Effort, in_plans
from crmdesk.planning.problem import Day, Problem, Stop, Weights
from crmdesk.planning.roadmatrix import costs_between, km_of, minutes_of
from crmdesk.planning.roadnet import FAR
from crmdesk.planning.roadsnap import Snapper
from crmdesk.planning.solver import solve
from crmdesk.planning.travel import (
    DEFAULT_SPEED,
    Matrix,
    Trip,
    calibrate,
    great_circle_km,
    matrix_from_coordinates,
)
from tests.benchmarks.harness import Bench
from tests.benchmarks.wide import wide_territory

_TRIPS, _TOURS, _STOPS = 60, 60, 10
_ITERATIONS = 4_000


def measure_estimates(bench: Bench) -> None:
    """Both; a tenth of it when it has to be quick."""
    sizes = (60, 120) if bench.quick else (45, 60, 80, 100, 120, 150, 180, 220)
    errors = [error for seed, size in enumerate(sizes) for error in _what_if(size, seed)]
    for name, found in zip(
        ("visits", "hours", "kilometres"), zip(*errors, strict=True), strict=True
    ):
        bench.add(f"what-if beside {len(found)} pairs of plans: {name}", _spread(found))
    _measure_drives(bench)


def _spread(errors: Sequence[float]) -> str:
    ordered = sorted(abs(error) for error in errors)
    mean = sum(ordered) / len(ordered)
    return f"{mean:.0%} on average, nine of ten within {ordered[int(0.9 * len(ordered))]:.0%}"


# ------------------------------------------------------------------------------------- what-if


def _what_if(customers: int, seed: int) -> Iterator[tuple[float, float, float]]:
    """Errors of visits, hours and kilometres after a change, by change of a territory's rhythms."""
    territory = wide_territory(customers, seed=seed)
    there = sum(d.end - d.start - sum(b.minutes for b in d.breaks) for d in territory.days) / 60
    usual = [stop.interval_days for stop in territory.stops]
    before, ways = _planned(_steady(territory, usual, seed), seed)
    for wanted in _changes(territory, usual, seed):
        after, _ways = _planned(_steady(territory, wanted, seed), seed)
        now = in_plans(_asked(territory, usual, ways), there)
        then = in_plans(_asked(territory, wanted, ways), there)
        yield (
            then.visits / now.visits / (after.visits / before.visits) - 1,
            then.hours / now.hours / (after.hours / before.hours) - 1,
            then.km / now.km / (after.km / before.km) - 1,
        )


def _changes(territory: Problem, usual: list[float], seed: int) -> Iterator[list[float]]:
    order = sorted(range(len(usual)), key=lambda u: territory.stops[u].margin / usual[u])
    third = len(usual) // 3
    some = set(Random(seed).sample(range(len(usual)), len(usual) // 6))
    yield [days * 2 / 3 for days in usual]
    yield [days * 3 / 2 for days in usual]
    for group, factor in ((order[-third:], 0.5), (order[:third], 2.0), (some, 0.5), (some, 2.0)):
        chosen = set(group)
        yield [days * factor if u in chosen else days for u, days in enumerate(usual)]


def _steady(territory: Problem, intervals: Sequence[float], seed: int) -> Problem:
    """The territory with these rhythms, last visits spread over them as in a life that goes on."""
    draw = Random(seed)
    stops = tuple(
        replace(stop, interval_days=days, last_visit=-max(1, round(draw.random() * days)))
        for stop, days in zip(territory.stops, intervals, strict=True)
    )
    return replace(territory, stops=stops, weights=replace(territory.weights, carry_over=0.95))


def _planned(problem: Problem, seed: int) -> tuple[Effort, list[tuple[float, float]]]:
    """What a plan comes to, and kilometres and minutes to each customer on its routes."""
    plan = solve(problem, seed=seed, iterations=_ITERATIONS)
    legs: dict[int, list[tuple[float, float]]] = {}
    for day in plan.days:
        for visit in day.visits:
            legs.setdefault(visit.stop, []).append((visit.timing.km, visit.timing.drive_minutes))
    served = sum(problem.stops[u].visit_minutes * len(found) for u, found in legs.items())
    visits = plan.visit_count
    usual = (plan.km / visits, plan.drive_minutes / visits)
    ways = []
    for u in range(len(problem.stops)):
        found = legs.get(u, [usual])
        ways.append(
            (sum(k for k, _m in found) / len(found), sum(m for _k, m in found) / len(found))
        )
    made = Effort(visits=visits, hours=(plan.drive_minutes + served) / 60, km=plan.km)
    return made, ways


def _asked(
    territory: Problem, intervals: Sequence[float], ways: Sequence[tuple[float, float]]
) -> Effort:
    total = Effort()
    for stop, days, (km, minutes) in zip(territory.stops, intervals, ways, strict=True):
        visits = (territory.horizon_days or 28) / days
        total += Effort(visits, 0.0, visits * (stop.visit_minutes + minutes) / 60, visits * km)
    return total


# -------------------------------------------------------------------------------------- drives


def _measure_drives(bench: Bench) -> None:
    """The estimate of distances, calibrated on trips, beside the roads of the bundled map."""
    pack = read_pack(Path(resources_dir()) / "map" / "andorra.mappack")
    network = network_of(pack)
    places = sorted({(one.latitude, one.longitude) for one in pack.labels})
    snapper = Snapper(network)
    snaps = [snapper.snap(*place) for place in places]
    costs = costs_between(network, snaps, snaps)
    near = [n for n in range(len(places)) if (costs[n] < FAR).mean() > 0.8]
    km, minutes = km_of(costs), minutes_of(costs)
    pairs = [
        (a, b) for a, b in itertools.permutations(near, 2)
        if costs[a, b] < FAR and great_circle_km(*places[a], *places[b]) >= 1.0
    ]  # fmt: skip
    draw = Random(1)
    draw.shuffle(pairs)
    trips = [
        Trip(great_circle_km(*places[a], *places[b]), float(km[a, b]), float(minutes[a, b]))
        for a, b in pairs[:_TRIPS]
    ]
    calibrated = calibrate(trips)
    for name, speed in (("not calibrated", DEFAULT_SPEED), ("calibrated on 60 trips", calibrated)):
        off_km, off_minutes = [], []
        for a, b in pairs[_TRIPS:]:
            road = speed.road_km(great_circle_km(*places[a], *places[b]))
            off_km.append(road / float(km[a, b]) - 1)
            off_minutes.append(speed.drive_minutes(road) / float(minutes[a, b]) - 1)
        bench.add(f"drives estimated, {name}: kilometres", _spread(off_km))
        bench.add(f"drives estimated, {name}: minutes", _spread(off_minutes))
    longer = []
    for _tour in range(6 if bench.quick else _TOURS):
        chosen = draw.sample(near, _STOPS + 1)
        cells = list(itertools.product(chosen, chosen))
        by_road = Matrix(
            len(chosen), [0.0 if a == b else float(km[a, b]) for a, b in cells],
            [0.0 if a == b else float(minutes[a, b]) for a, b in cells], estimated=False,
        )  # fmt: skip
        guess = matrix_from_coordinates([places[n] for n in chosen], calibrated)
        best, guessed = (_length(by_road, _tour_by(matrix)) for matrix in (by_road, guess))
        longer.append(guessed / best - 1)
    bench.add("tours of ten stops by the estimate, driven on roads: longer by", _spread(longer))


def _tour_by(travel: Matrix) -> list[int]:
    day = Day(wide_territory(5, seed=0).days[0].date, 0.0, 1440.0, 0, 0)
    stops = tuple(
        Stop(str(n), n, 1.0, (((0.0, 1440.0),),), 7.0, -20, 1_000.0)
        for n in range(1, travel.size)
    )  # fmt: skip
    plan = solve(Problem(stops, (day,), travel, Weights(per_km=1.0)), seed=1, iterations=600)
    return [0, *(u + 1 for u in plan.days[0].order), 0]


def _length(roads: Matrix, order: Sequence[int]) -> float:
    return sum(roads.leg(a, b)[0] for a, b in itertools.pairwise(order))
