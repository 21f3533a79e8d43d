"""The problem compiled into flat arrays for the solver's inner loops.

Owns the translation: node numbers (stops first, then the days' ends), matrices by row and column,
start windows, and the worth of every pair of consecutive visit days of a stop. Leaves the state of
a plan to `routes`.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Final

from crmdesk.planning.problem import FixedKind, Problem, VisitMode
from crmdesk.planning.schedule import start_windows, visit_windows, work_clock
from crmdesk.planning.value import carried_value

FORBIDDEN: Final = -1e18
#: How many of a stop's nearest stops are remembered, itself among them.
NEIGHBOURS: Final = 100
#: A window that no arrival can meet; fills the second place of stops with one window.
NEVER: Final = -1e18


class Model:
    """A `Problem` as arrays. Nodes 0..n-1 are the stops; the ends of days follow.

    `worth[u][(p + 1) * (days + 1) + q]` is the worth of seeing stop `u` on day `q` after day `p`
    (`p` = -1: the last visit in the past; `q` = number of days: no further visit). Where `patterns`
    is set it counts instead: the worth of a stop's set of visit days, as the sum of their
    `day_bits`; sets that are missing are not allowed. `load` of the visits may not exceed the
    `capacity` of a day.
    """

    def __init__(self, problem: Problem) -> None:
        self.stops = len(problem.stops)
        self.days = len(problem.days)
        self.visit_minutes = [float(stop.visit_minutes) for stop in problem.stops]
        self.opens = [work_clock(day.start, day.breaks) for day in problem.days]
        self.closes = [work_clock(day.end, day.breaks) for day in problem.days]
        self.max_km = [float(day.max_km) for day in problem.days]
        pinned: list[set[int]] = [set() for _stop in problem.stops]
        for visit in problem.fixed:
            pinned[visit.stop].add(visit.day)
        self.pinned = pinned
        self._lay_out_nodes(problem)
        self._read_windows(problem)
        self.worth = [_worth_table(problem, u, pinned[u]) for u in range(self.stops)]
        self.alone = [self._worth_alone(d) for d in range(self.days)]
        self.scale = _typical_margin(problem)
        self.load = [0.0] * self.stops
        self.capacity = [math.inf] * self.days
        self.patterns: list[dict[int, float]] | None = None
        self.day_bits = [1 << d for d in range(self.days)]

    def _lay_out_nodes(self, problem: Problem) -> None:
        places = [stop.place for stop in problem.stops]
        node_of_end: dict[int, int] = {}
        self.start_node: list[int] = []
        self.end_node: list[int] = []
        for day in problem.days:
            for place, nodes in (
                (day.start_place, self.start_node),
                (day.end_place, self.end_node),
            ):
                if place not in node_of_end:
                    node_of_end[place] = len(places)
                    places.append(place)
                nodes.append(node_of_end[place])
        weights = problem.weights
        size = problem.travel.size
        km, minutes = problem.travel.km, problem.travel.minutes
        self.minutes_from = _rows(minutes, size, places)
        self.minutes_to = _transposed(self.minutes_from)
        self.km_from = _rows(km, size, places)
        self.km_to = _transposed(self.km_from)
        self.symmetric = self.minutes_to is self.minutes_from
        self.per_km = weights.per_km
        self.per_minute = weights.per_drive_minute
        self._near: list[list[int]] = [[] for _stop in range(self.stops)]

    def near(self, u: int) -> list[int]:
        """The nearest stops of stop `u` by driving there, itself first; ranked when first asked."""
        ranked = self._near[u]
        if not ranked:
            row = self.minutes_from[u]
            ranked = sorted(range(self.stops), key=row.__getitem__)[:NEIGHBOURS]
            self._near[u] = ranked
        return ranked

    def _worth_alone(self, d: int) -> list[float]:
        """What a visit on day `d` adds for each stop without other visits; where it can be seen."""
        width = self.days + 1
        return [
            table[d] + table[(d + 1) * width + self.days] - table[self.days]
            if self.can_visit[u * self.days + d]
            else FORBIDDEN
            for u, table in enumerate(self.worth)
        ]

    def _read_windows(self, problem: Problem) -> None:
        """First two windows as `[day][stop]`, further ones (rare) in `more_windows`."""
        cells = self.stops * self.days
        self.can_visit = [False] * cells
        self.first_from = [[0.0] * self.stops for _day in problem.days]
        self.first_to = [[NEVER] * self.stops for _day in problem.days]
        self.second_from = [[0.0] * self.stops for _day in problem.days]
        self.second_to = [[NEVER] * self.stops for _day in problem.days]
        self.more_windows: dict[tuple[int, int], list[tuple[float, float]]] = {}
        appointed = {(v.stop, v.day) for v in problem.fixed if v.kind is FixedKind.APPOINTMENT}
        known: dict[tuple[object, ...], tuple[tuple[float, float], ...]] = {}
        for u, stop in enumerate(problem.stops):
            for d, day in enumerate(problem.days):
                if stop.mode is not VisitMode.IN_PERSON and d not in self.pinned[u]:
                    continue
                if (u, d) in appointed:
                    windows = visit_windows(problem, u, d)
                else:
                    key = (stop.opening[d], stop.visit_minutes, day.start, day.end, day.breaks)
                    cached = known.get(key)
                    if cached is None:
                        windows = start_windows(stop.opening[d], stop.visit_minutes, day)
                        known[key] = windows
                    else:
                        windows = cached
                self.can_visit[u * self.days + d] = bool(windows)
                if windows:
                    self.first_from[d][u], self.first_to[d][u] = windows[0]
                if len(windows) > 1:
                    self.second_from[d][u], self.second_to[d][u] = windows[1]
                if len(windows) > 2:
                    self.more_windows[d, u] = list(windows[2:])


def _rows(cells: list[float], size: int, places: list[int]) -> list[list[float]]:
    """The cells between `places`, row by row; staying where one is costs nothing."""
    pick = itemgetter(*places, 0)
    rows: list[list[float]] = []
    for a in places:
        row = cells[a * size : (a + 1) * size]
        row[a] = 0.0
        rows.append(list(map(float, pick(row)))[:-1])
    return rows


def _transposed(rows: list[list[float]]) -> list[list[float]]:
    """Columns as rows; the very same rows where they are their own columns."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return rows if columns == rows else columns


def _typical_margin(problem: Problem) -> float:
    """The mean worth of a visit at its usual gap: the money scale of the search."""
    values = [
        problem.value.visit_value(stop.margin, stop.interval_days, stop.interval_days)
        for stop in problem.stops
    ]
    positive = [value for value in values if value > 0.0]
    return math.fsum(positive) / len(positive) if positive else 1.0


def _worth_table(problem: Problem, u: int, pinned: set[int]) -> list[float]:
    stop = problem.stops[u]
    weights = problem.weights
    days = len(problem.days)
    offsets = [problem.offset(d) for d in range(days)]
    end = problem.end_offset
    least = problem.spacing_factor * stop.interval_days
    bonus = [0.0] * days
    for d, day in enumerate(problem.days):
        if stop.usual_weekday is not None and day.date.weekday() == stop.usual_weekday:
            bonus[d] += weights.usual_weekday
        if (u, d) in problem.announced:
            bonus[d] += weights.stability
    visit_value: dict[int, float] = {}
    overdue: dict[int, float] = {}
    table = [FORBIDDEN] * ((days + 1) * (days + 1))
    for p in range(-1, days):
        last = stop.last_visit if p < 0 else offsets[p]
        before = p < 0 or p in pinned
        for q in range(p + 1, days + 1):
            upto = end if q == days else offsets[q]
            gap = upto - last
            if gap not in visit_value:
                visit_value[gap] = problem.value.visit_value(stop.margin, stop.interval_days, gap)
                overdue[gap] = problem.value.overdue_days(stop.interval_days, gap)
            late = min(overdue[gap], max(0, upto - max(last, 0)))
            worth = -weights.overdue * stop.overdue_per_day * late
            if q == days:
                if weights.carry_over > 0.0:
                    carried = carried_value(problem.value, stop.margin, stop.interval_days, gap)
                    worth += weights.carry_over * carried
            elif gap < least and not (before and q in pinned):
                continue
            else:
                worth += visit_value[gap] + bonus[q]
            table[(p + 1) * (days + 1) + q] = worth
    return table
