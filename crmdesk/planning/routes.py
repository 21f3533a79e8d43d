"""The state of a plan during the search: routes, time slack, worth; insertions checked in O(1).

Owns feasibility (windows, shift, kilometres, spacing) and exact bookkeeping of the objective.
Leaves the choice of moves to `search`. Every day's lists are replaced, never changed in place, so
that a snapshot is a copy of references.
"""

# ruff: noqa: PLR1730  (max() costs a call in the innermost loops)
from __future__ import annotations

from typing import Final

from crmdesk.planning.model import FORBIDDEN, NEVER, Model

NO_POSITION: Final = -1
_FAR: Final = 1e18
#: Insertions must leave this much of a minute: rounding never breaks a window.
_GUARD: Final = 1e-7


class Snapshot:
    """The routes and visit days of one moment, to go back to."""

    def __init__(self, routes: Routes) -> None:
        self.nodes = list(routes.nodes)
        self.ready = list(routes.ready)
        self.latest = list(routes.latest)
        self.legs = list(routes.legs)
        self.km = list(routes.km)
        self.version = list(routes.version)
        self.visits = list(routes.visits)
        self.worth = routes.worth


class Routes:
    """Routes of all days. `nodes[d]` starts and ends with the day's end places.

    `ready[d][k]` is when the rep can leave position k, `latest[d][k]` the last arrival at position
    k that keeps the rest of the day feasible, both on the work clock; `legs[d][k]` the minutes of
    driving that lead there. `visits[u]` are the days of
    stop u in order. `worth` is the objective.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        days = model.days
        self.nodes = [[model.start_node[d], model.end_node[d]] for d in range(days)]
        self.ready: list[list[float]] = [[] for _day in range(days)]
        self.latest: list[list[float]] = [[] for _day in range(days)]
        self.legs: list[list[float]] = [[] for _day in range(days)]
        self.km = [0.0] * days
        self.version = list(range(days))
        self.visits: list[tuple[int, ...]] = [() for _stop in range(model.stops)]
        self._next_version = days
        cells = model.stops * days
        self.found_version = [-1] * cells
        self.found_position = [NO_POSITION] * cells
        self.found_km = [0.0] * cells
        self.found_minutes = [0.0] * cells
        self.worth = 0.0
        width = days + 1
        for u in range(model.stops):
            self.worth += model.worth[u][width - 1]
        for d in range(days):
            self._retime(d)
            self.worth -= self.travel_cost(d)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to `snapshot`; the snapshot stays usable."""
        self.nodes = list(snapshot.nodes)
        self.ready = list(snapshot.ready)
        self.latest = list(snapshot.latest)
        self.legs = list(snapshot.legs)
        self.km = list(snapshot.km)
        self.version = list(snapshot.version)
        self.visits = list(snapshot.visits)
        self.worth = snapshot.worth

    def load(self, orders: list[list[int]]) -> None:
        """Take over a plan's orders of stops per day as they are."""
        worth = 0.0
        visits: list[list[int]] = [[] for _stop in self.visits]
        for d, order in enumerate(orders):
            self.nodes[d] = [self.nodes[d][0], *order, self.nodes[d][-1]]
            self._retime(d)
            worth -= self.travel_cost(d)
            for u in order:
                visits[u].append(d)
        width = self.model.days + 1
        for u, days in enumerate(visits):
            self.visits[u] = tuple(days)
            row = 0
            for d in [*days, width - 1]:
                worth += self.model.worth[u][row * width + d]
                row = d + 1
        self.worth = worth

    def travel_cost(self, d: int) -> float:
        """What driving day `d` costs."""
        model = self.model
        cost = model.per_km * self.km[d]
        if model.per_minute > 0.0:
            cost += model.per_minute * sum(self.legs[d])
        return cost

    def _retime(self, d: int) -> None:
        """Recompute times and kilometres of day `d` after its nodes changed."""
        model = self.model
        nodes = self.nodes[d]
        last = len(nodes) - 1
        days = model.days
        minutes_from = model.minutes_from
        km_from = model.km_from
        ready = [0.0] * (last + 1)
        legs = [0.0] * (last + 1)
        clock = model.opens[d]
        ready[0] = clock
        here = nodes[0]
        km = 0.0
        for k in range(1, last):
            u = nodes[k]
            leg = minutes_from[here][u]
            legs[k] = leg
            clock += leg
            km += km_from[here][u]
            cell = u * days + d
            if clock <= model.first_to[cell] + _GUARD:
                if clock < model.first_from[cell]:
                    clock = model.first_from[cell]
            elif clock <= model.second_to[cell] + _GUARD:
                if clock < model.second_from[cell]:
                    clock = model.second_from[cell]
            else:
                clock = self._later_window(cell, clock)
            clock += model.visit_minutes[u]
            ready[k] = clock
            here = u
        there = nodes[last]
        km += km_from[here][there]
        legs[last] = minutes_from[here][there]
        ready[last] = clock + legs[last]
        self.ready[d] = ready
        self.legs[d] = legs
        self.km[d] = km
        self.version[d] = self._next_version
        self._next_version += 1
        self._reckon_latest(d)

    def _reckon_latest(self, d: int) -> None:
        """The last arrivals of day `d` that keep the rest of it feasible, from its end back."""
        model = self.model
        nodes = self.nodes[d]
        legs = self.legs[d]
        days = model.days
        last = len(nodes) - 1
        latest = [0.0] * (last + 1)
        bound = model.closes[d]
        latest[last] = bound
        for k in range(last - 1, 0, -1):
            u = nodes[k]
            bound -= legs[k + 1] + model.visit_minutes[u]
            cell = u * days + d
            if bound < model.first_to[cell]:
                pass
            elif model.second_to[cell] == NEVER or bound < model.second_from[cell]:
                bound = model.first_to[cell]
            elif cell in model.more_windows:
                bound = self._last_window(cell, bound)
            elif bound > model.second_to[cell]:
                bound = model.second_to[cell]
            latest[k] = bound
        self.latest[d] = latest

    def _later_window(self, cell: int, clock: float) -> float:
        for begin, end in self.model.more_windows.get(cell, ()):
            if clock <= end + _GUARD:
                return max(clock, begin)
        return _FAR

    def _last_window(self, cell: int, bound: float) -> float:
        best = min(bound, self.model.second_to[cell])
        for begin, end in self.model.more_windows[cell]:
            if begin <= bound:
                best = min(bound, end)
        return best

    def gain(self, u: int, d: int) -> float:
        """Change of worth, travel aside, when stop `u` is also seen on day `d`."""
        table = self.model.worth[u]
        width = self.model.days + 1
        p = -1
        q = width - 1
        for day in self.visits[u]:
            if day < d:
                p = day
            elif day == d:
                return FORBIDDEN
            else:
                q = day
                break
        row = (p + 1) * width
        return table[row + d] + table[(d + 1) * width + q] - table[row + q]

    def loss(self, u: int, d: int) -> float:
        """Worth lost, travel aside, when stop `u` is no longer seen on day `d`."""
        table = self.model.worth[u]
        width = self.model.days + 1
        p = -1
        q = width - 1
        for day in self.visits[u]:
            if day < d:
                p = day
            elif day > d:
                q = day
                break
        row = (p + 1) * width
        return table[row + d] + table[(d + 1) * width + q] - table[row + q]

    def find(self, u: int, d: int) -> int:
        """Best position to insert stop `u` into day `d`, or NO_POSITION.

        Leaves the added kilometres and minutes (driving and visiting) in `found_km` and
        `found_minutes`; remembered until the day changes.
        """
        model = self.model
        cell = u * model.days + d
        if self.found_version[cell] == self.version[d]:
            return self.found_position[cell]
        self.found_version[cell] = self.version[d]
        nodes = self.nodes[d]
        ready = self.ready[d]
        latest = self.latest[d]
        legs = self.legs[d]
        from_u = model.minutes_from[u]
        to_u = model.minutes_to[u]
        first_to = model.first_to[cell]
        second_to = model.second_to[cell]
        length = model.visit_minutes[u]
        best = _FAR
        position = NO_POSITION
        go = to_u[nodes[0]]
        for k, there in enumerate(nodes[1:], 1):
            added = go + from_u[there] - legs[k]
            if added < best:
                clock = ready[k - 1] + go
                if clock <= first_to:
                    if clock < model.first_from[cell]:
                        clock = model.first_from[cell]
                elif clock <= second_to:
                    if clock < model.second_from[cell]:
                        clock = model.second_from[cell]
                else:
                    clock = self._later_window(cell, clock)
                if clock + length + from_u[there] <= latest[k]:
                    best = added
                    position = k
            go = to_u[there]
        if position != NO_POSITION and not self._remember(u, d, position):
            position = self._find_within_km(u, d)
            if position != NO_POSITION:
                self._remember(u, d, position)
        self.found_position[cell] = position
        return position

    def _remember(self, u: int, d: int, position: int) -> bool:
        """Note what inserting `u` there adds; False when it drives too far."""
        model = self.model
        cell = u * model.days + d
        before = self.nodes[d][position - 1]
        after = self.nodes[d][position]
        km = model.km_to[u][before] + model.km_from[u][after] - model.km_from[before][after]
        minutes = model.minutes_to[u][before] + model.minutes_from[u][after]
        self.found_km[cell] = km
        self.found_minutes[cell] = minutes - self.legs[d][position] + model.visit_minutes[u]
        total: float = self.km[d] + km
        return total <= model.max_km[d] + _GUARD

    def _find_within_km(self, u: int, d: int) -> int:
        """The feasible position with the fewest kilometres; where the quickest drives too far."""
        model = self.model
        cell = u * model.days + d
        nodes = self.nodes[d]
        allowed = model.max_km[d] + _GUARD - self.km[d]
        position = NO_POSITION
        for k in range(1, len(nodes)):
            before = nodes[k - 1]
            after = nodes[k]
            added = model.km_from[before][u] + model.km_from[u][after]
            added -= model.km_from[before][after]
            if added > allowed:
                continue
            clock = self.ready[d][k - 1] + model.minutes_from[before][u]
            if clock <= model.first_to[cell]:
                clock = max(clock, model.first_from[cell])
            elif clock <= model.second_to[cell]:
                clock = max(clock, model.second_from[cell])
            else:
                clock = self._later_window(cell, clock)
            clock += model.visit_minutes[u] + model.minutes_from[u][after]
            if clock <= self.latest[d][k]:
                position = k
                allowed = added
        return position

    def insertion_cost(self, u: int, d: int) -> float:
        """Travel cost of the insertion last found for stop `u` on day `d`."""
        cell = u * self.model.days + d
        cost = self.model.per_km * self.found_km[cell]
        if self.model.per_minute > 0.0:
            drive = self.found_minutes[cell] - self.model.visit_minutes[u]
            cost += self.model.per_minute * drive
        return cost

    def insert(self, u: int, d: int) -> None:
        """Insert stop `u` where `find` said."""
        position = self.find(u, d)
        before = self.travel_cost(d)
        self.worth += self.gain(u, d)
        nodes = self.nodes[d]
        self.nodes[d] = [*nodes[:position], u, *nodes[position:]]
        self._retime(d)
        self.worth += before - self.travel_cost(d)
        self.visits[u] = tuple(sorted((*self.visits[u], d)))

    def remove(self, d: int, gone: list[int]) -> None:
        """Take the stops `gone` out of day `d`; never breaks a rule when legs obey the triangle."""
        before = self.travel_cost(d)
        out = set(gone)
        for u in gone:
            self.worth -= self.loss(u, d)
            self.visits[u] = tuple([day for day in self.visits[u] if day != d])
        self.nodes[d] = [node for node in self.nodes[d] if node not in out]
        self._retime(d)
        self.worth += before - self.travel_cost(d)

    def is_feasible(self, d: int) -> bool:
        """Whether day `d` keeps its windows, shift and kilometres."""
        model = self.model
        return len(self.nodes[d]) == 2 or (
            self.ready[d][-1] <= model.closes[d] + _GUARD and self.km[d] <= model.max_km[d] + _GUARD
        )

    def take_order(self, d: int, order: list[int]) -> bool:
        """Make `order` the route of day `d` if it keeps every rule and every stop already there."""
        there = self.nodes[d][1:-1]
        added = [u for u in order if u not in there]
        if len(added) + len(there) != len(order):
            return False
        gained = 0.0
        for u in added:
            gain = self.gain(u, d)
            if gain <= FORBIDDEN / 2.0 or not self.model.can_visit[u * self.model.days + d]:
                return False
            gained += gain
        cost = self.travel_cost(d)
        self.nodes[d] = [self.nodes[d][0], *order, self.nodes[d][-1]]
        self._retime(d)
        if not self.is_feasible(d):
            self.nodes[d] = [self.nodes[d][0], *there, self.nodes[d][-1]]
            self._retime(d)
            return False
        self.worth += gained + cost - self.travel_cost(d)
        for u in added:
            self.visits[u] = tuple(sorted((*self.visits[u], d)))
        return True
