"""Other people's solvers on the same territories, each with one model of its own kind.

None of them knows spacing or a value that depends on the gap: every customer becomes as many tasks
as its interval asks for, each in its own stretch of days, worth what a visit at the usual gap
brings. Optional: `./dev rivals` installs them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crmdesk.planning.problem import Problem
from crmdesk.planning.schedule import start_windows, timetable, work_clock

Rival = Callable[[Problem, float], list[list[int]]]
_EURO = 100
_DAY = 1440


@dataclass(frozen=True, slots=True)
class Task:
    """One visit to be made on one of `days`, worth `prize` cents."""

    stop: int
    days: tuple[int, ...]
    prize: int


def tasks(problem: Problem) -> list[Task]:
    """Visits in stretches of half an interval around each due date: spacing holds between them."""
    found = []
    for u, stop in enumerate(problem.stops):
        worth = problem.value.visit_value(stop.margin, stop.interval_days, stop.interval_days)
        worth += stop.overdue_per_day * 0.25 * stop.interval_days
        due = max(0.0, stop.last_visit + stop.interval_days)
        half = stop.interval_days / 4.0
        while due - half < problem.end_offset:
            days = tuple(
                d
                for d in range(len(problem.days))
                if due - half <= problem.offset(d) < due + half
                and problem.offset(d) - stop.last_visit
                >= problem.spacing_factor * stop.interval_days
                and stop.opening[d]
            )
            if days:
                found.append(Task(u, days, round(worth * _EURO)))
            due += stop.interval_days
    return found


def _windows(problem: Problem, u: int, d: int) -> list[tuple[int, int]]:
    pairs = start_windows(
        problem.stops[u].opening[d], problem.stops[u].visit_minutes, problem.days[d]
    )
    return [(int(a + 0.999), int(b)) for a, b in pairs if int(b) >= int(a + 0.999)]


def _shift(problem: Problem, d: int) -> tuple[int, int]:
    day = problem.days[d]
    return int(work_clock(day.start, day.breaks)), int(work_clock(day.end, day.breaks))


def _drivable(problem: Problem, orders: Sequence[Sequence[int]]) -> list[list[int]]:
    """The plan without the visits that a rival's rounding or missing limits make impossible."""
    kept = []
    for d, order in enumerate(orders):
        rest: list[int] = []
        for u in order:
            if u not in rest and timetable(problem, d, [*rest, u]) is not None:
                rest.append(u)
        kept.append(rest)
    return kept


def plan_with_vroom(problem: Problem, seconds: float) -> list[list[int]]:
    """VROOM: one vehicle a day, days as skills, worth as priority."""
    import numpy
    import vroom

    todo = tasks(problem)
    size = problem.travel.size
    minutes = numpy.array(problem.travel.minutes).reshape(size, size)
    numpy.fill_diagonal(minutes, 0.0)
    model = vroom.Input()
    model.set_durations_matrix("car", numpy.ceil(minutes).astype(numpy.uint32))
    for d, day in enumerate(problem.days):
        model.add_vehicle(
            vroom.Vehicle(d, day.start_place, day.end_place, skills={d},
                          time_window=vroom.TimeWindow(*_shift(problem, d)))
        )  # fmt: skip
    # A job has one set of windows and must match all its skills: one job for each day.
    best = max((task.prize for task in todo), default=1)
    where: dict[int, tuple[int, int]] = {}
    for number, task in enumerate(todo):
        middle = task.days[len(task.days) // 2]
        windows = _windows(problem, task.stop, middle)
        if windows:
            where[number] = (task.stop, middle)
            model.add_job(
                vroom.Job(number, problem.stops[task.stop].place,
                          default_service=int(problem.stops[task.stop].visit_minutes),
                          skills={middle}, priority=min(100, 1 + 99 * task.prize // best),
                          time_windows=[vroom.TimeWindow(*pair) for pair in windows])
            )  # fmt: skip
    routes = model.solve(exploration_level=5, nb_threads=2).routes
    orders: list[list[int]] = [[] for _day in problem.days]
    for row in routes.itertuples():
        if row.type == "job":
            orders[int(row.vehicle_id)].append(where[int(row.id)][0])
    return _drivable(problem, orders)


def plan_with_pyvrp(problem: Problem, seconds: float) -> list[list[int]]:
    """PyVRP: one vehicle a day on one long clock; a task is a group of a client for each day."""
    import pyvrp
    from pyvrp.stop import MaxRuntime

    model = pyvrp.Model()
    places = range(problem.travel.size)
    locations = [model.add_location(x=0, y=0) for _place in places]
    for a in places:
        for b in places:
            if a != b:
                km, minutes = problem.travel.leg(a, b)
                model.add_edge(locations[a], locations[b], distance=round(km * 1000),
                               duration=int(minutes + 0.999))  # fmt: skip
    home = model.add_depot(locations[problem.days[0].start_place])
    for d, day in enumerate(problem.days):
        opens, closes = _shift(problem, d)
        model.add_vehicle_type(
            1, start_depot=home, end_depot=home, tw_early=_DAY * d + opens,
            tw_late=_DAY * d + closes, max_distance=int(min(day.max_km, 1e5) * 1000),
        )  # fmt: skip
    whose: list[int] = []
    for task in tasks(problem):
        stop = problem.stops[task.stop]
        group = model.add_client_group(required=False)
        for d in task.days:
            for first, last in _windows(problem, task.stop, d):
                model.add_client(
                    locations[stop.place], service_duration=int(stop.visit_minutes),
                    tw_early=_DAY * d + first, tw_late=_DAY * d + last,
                    prize=_metres(problem, task.prize), required=False, group=group,
                )  # fmt: skip
                whose.append(task.stop)
    found = model.solve(MaxRuntime(seconds), display=False)
    orders: list[list[int]] = [[] for _day in problem.days]
    for route in found.best.routes():
        orders[route.vehicle_type()] += [whose[one.idx] for one in route if one.is_client()]
    return _drivable(problem, orders)


def _metres(problem: Problem, cents: int) -> int:
    """PyVRP adds costs in metres driven: what the money buys of them."""
    return round(cents / _EURO / max(problem.weights.per_km, 1e-6) * 1000)


def plan_with_ortools(problem: Problem, seconds: float) -> list[list[int]]:
    """OR-Tools routing: one vehicle a day, a disjunction of one node for each task."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    todo = tasks(problem)
    places = [problem.days[0].start_place, *(problem.stops[task.stop].place for task in todo)]
    manager = pywrapcp.RoutingIndexManager(len(places), len(problem.days), 0)
    routing = pywrapcp.RoutingModel(manager)
    legs = [[problem.travel.leg(a, b) for b in places] for a in places]
    stay = [0, *(int(problem.stops[task.stop].visit_minutes) for task in todo)]

    euros = [[round(km * problem.weights.per_km * _EURO) for km, _min in row] for row in legs]
    minutes = [[stay[i] + int(leg[1] + 0.999) for leg in row] for i, row in enumerate(legs)]
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(euros))
    routing.AddDimension(routing.RegisterTransitMatrix(minutes), 1440, 1440, False, "time")
    clock = routing.GetDimensionOrDie("time")
    for d in range(len(problem.days)):
        opens, closes = _shift(problem, d)
        clock.CumulVar(routing.Start(d)).SetRange(opens, closes)
        clock.CumulVar(routing.End(d)).SetRange(opens, closes)
    for number, task in enumerate(todo, 1):
        index = manager.NodeToIndex(number)
        routing.AddDisjunction([index], task.prize)
        usable = [d for d in task.days if _windows(problem, task.stop, d)]
        if not usable:
            routing.VehicleVar(index).SetValue(-1)
            continue
        routing.VehicleVar(index).SetValues([-1, *usable])
        windows = _windows(problem, task.stop, usable[0])
        clock.CumulVar(index).SetRange(windows[0][0], windows[-1][1])
        for (_a, closed), (opened, _b) in pairwise(windows):
            clock.CumulVar(index).RemoveInterval(closed + 1, opened - 1)
    how = pywrapcp.DefaultRoutingSearchParameters()
    how.first_solution_strategy = (
        routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    )
    how.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    how.time_limit.FromMilliseconds(int(seconds * 1000))
    found = routing.SolveWithParameters(how)
    orders: list[list[int]] = [[] for _day in problem.days]
    for d in range(len(problem.days)):
        index = routing.Start(d)
        while found is not None and not routing.IsEnd(index):
            if node := manager.IndexToNode(index):
                orders[d].append(todo[node - 1].stop)
            index = found.Value(routing.NextVar(index))
    return _drivable(problem, orders)


RIVALS: dict[str, Rival] = {
    "VROOM, one model": plan_with_vroom,
    "PyVRP, one model": plan_with_pyvrp,
    "OR-Tools, one model": plan_with_ortools,
}
