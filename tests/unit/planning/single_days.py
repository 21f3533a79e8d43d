"""Single days for comparing the planner's order with PyVRP's: `python -m ...single_days` stores it.

Owns the days and the oracle's answer; the stored distances are metres found by PyVRP in a second.
"""

import json
from pathlib import Path
from random import Random

from crmdesk.planning.problem import Problem
from crmdesk.planning.schedule import start_windows
from tests.unit.planning.territories import make_day, make_problem, make_stop

STORED = Path(__file__).with_name("single_days.json")
SEEDS = range(16)


def single_day(seed: int) -> Problem:
    """Ten to eighteen stops around home, a third of them open for part of the day only."""
    draw = Random(seed)
    count = 10 + seed % 9
    points = [(draw.gauss(0.0, 12.0), draw.gauss(0.0, 12.0)) for _stop in range(count)]
    hours = [((480.0, 1140.0),)] * 4 + [((480.0, 750.0),), ((840.0, 1140.0),)]
    stops = tuple(
        make_stop(
            f"c{i}", i + 1, 1, visit_minutes=float(draw.choice((5, 10, 15))),
            opening=(draw.choice(hours),),
        )
        for i in range(count)
    )  # fmt: skip
    return make_problem(points, stops=stops, day_list=(make_day(max_km=2000.0, breaks=()),))


def oracle_metres(problem: Problem, seconds: float = 1.0) -> int | None:
    """The shortest round that PyVRP finds, in metres; None when it sees nobody fit."""
    import pyvrp
    from pyvrp.stop import MaxRuntime

    model = pyvrp.Model()
    size = problem.travel.size
    places = [model.add_location(x=0, y=0) for _place in range(size)]
    for a in range(size):
        for b in range(size):
            if a != b:
                km, minutes = problem.travel.leg(a, b)
                model.add_edge(places[a], places[b], distance=round(km * 1000),
                               duration=round(minutes * 1000))  # fmt: skip
    home = model.add_depot(places[0])
    day = problem.days[0]
    model.add_vehicle_type(1, start_depot=home, end_depot=home, tw_early=round(day.start * 1000),
                           tw_late=round(day.end * 1000))  # fmt: skip
    for stop in problem.stops:
        ((first, last),) = start_windows(stop.opening[0], stop.visit_minutes, day)
        model.add_client(places[stop.place], service_duration=round(stop.visit_minutes * 1000),
                         tw_early=round(first * 1000), tw_late=round(last * 1000))  # fmt: skip
    found = model.solve(MaxRuntime(seconds), display=False).best
    return found.distance() if found.is_feasible() else None


def main() -> None:
    """Ask the oracle anew."""
    answers = {seed: oracle_metres(single_day(seed)) for seed in SEEDS}
    STORED.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
