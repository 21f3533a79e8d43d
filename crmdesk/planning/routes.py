"""The state of a plan during the search: routes, time slack, worth.

Owns feasibility (windows, shift, kilometres, spacing) and exact bookkeeping of the objective.
Leaves the search for insertions of many stops to `insertion` and the choice of moves to `search`.
Every day's lists are replaced, never changed in place, so that a snapshot is a copy of references.
"""

# ruff: noqa: PLR1730  (max() costs a call in the innermost loops)
from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

from crmdesk.planning.model import FORBIDDEN, NEVER, Model

NO_POSITION: Final = -1
FAR: Final = 1e18
#: Insertions must leave this much of a minute: rounding never breaks a window.
_GUARD: Final = 1e-7

Pick = Callable[[Sequence[float]], tuple[float, ...]]


class Snapshot:
    """The routes and visit days of one moment, to go back to."""

    def __init__(self, routes: Routes) -> None:
        self.nodes = routes.nodes[:]
        self.ready = routes.ready[:]
        self.latest = routes.latest[:]
        self.gaps = routes.gaps[:]
        self.room = routes.room[:]
        self.wide = routes.wide[:]
        self.pick = routes.pick[:]
        self.km = routes.km[:]
        self.spare = routes.spare[:]
        self.visits = routes.visits[:]
        self.worth = routes.worth


class Routes:
    """Routes of all days. `nodes[d]` starts and ends with the day's end places.

    `ready[d][k]` is when the rep can leave position k, `latest[d][k]` the last arrival at position
    k that keeps the rest of the day feasible, both on the work clock; `gaps[d][k]` the minutes of
    driving from position k to the next, `room[d][k]` how long the way there may take with a visit
    between, `wide[d]` the longest that any visit and its detour may take. `pick[d]` reads a row of
    the travel matrix at the day's nodes, `spare[d]` is the load that still fits in. `visits[u]` are
    the days of stop u in order. `worth` is the objective.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        days = model.days
        self.nodes = [[model.start_node[d], model.end_node[d]] for d in range(days)]
        self.ready: list[list[float]] = [[] for _day in range(days)]
        self.latest: list[list[float]] = [[] for _day in range(days)]
        self.gaps: list[list[float]] = [[] for _day in range(days)]
        self.room: list[list[float]] = [[] for _day in range(days)]
        self.wide = [0.0] * days
        self.pick: list[Pick] = [itemgetter(*nodes) for nodes in self.nodes]
        self.km = [0.0] * days
        self.spare = model.capacity[:]
        self.visits: list[tuple[int, ...]] = [() for _stop in range(model.stops)]
        cells = model.stops * days
        self.found_km = [0.0] * cells
        self.found_minutes = [0.0] * cells
        self.worth = 0.0
        width = days + 1
        for u in range(model.stops):
            if model.patterns is None:
                self.worth += model.worth[u][width - 1]
            else:
                self.worth += model.patterns[u][0]
        for d in range(days):
            self._retime(d)
            self.worth -= self.travel_cost(d)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to `snapshot`; the snapshot stays usable."""
        self.nodes = snapshot.nodes[:]
        self.ready = snapshot.ready[:]
        self.latest = snapshot.latest[:]
        self.gaps = snapshot.gaps[:]
        self.room = snapshot.room[:]
        self.wide = snapshot.wide[:]
        self.pick = snapshot.pick[:]
        self.km = snapshot.km[:]
        self.spare = snapshot.spare[:]
        self.visits = snapshot.visits[:]
        self.worth = snapshot.worth

    def load(self, orders: Sequence[Sequence[int]]) -> None:
        """Take over a plan's orders of stops per day as they are."""
        worth = 0.0
        visits: list[list[int]] = [[] for _stop in self.visits]
        for d, order in enumerate(orders):
            self.nodes[d] = [self.nodes[d][0], *order, self.nodes[d][-1]]
            self._retime(d)
            worth -= self.travel_cost(d)
            self.spare[d] = self.model.capacity[d] - sum(self.model.load[u] for u in order)
            for u in order:
                visits[u].append(d)
        width = self.model.days + 1
        for u, days in enumerate(visits):
            self.visits[u] = tuple(days)
            if self.model.patterns is not None:
                worth += self.model.patterns[u][self.days_seen(u)]
                continue
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
            cost += model.per_minute * sum(self.gaps[d])
        return cost

    def _retime(self, d: int) -> None:
        """Recompute times and kilometres of day `d` after its nodes changed."""
        model = self.model
        nodes = self.nodes[d]
        minutes_from = model.minutes_from
        km_from = model.km_from
        lengths = model.visit_minutes
        first_from, first_to = model.first_from[d], model.first_to[d]
        second_to = model.second_to[d]
        clock = model.opens[d]
        ready = [clock]
        gaps = []
        here = nodes[0]
        km = 0.0
        there = nodes[-1]
        for u in nodes[1:-1]:
            leg = minutes_from[here][u]
            gaps.append(leg)
            clock += leg
            km += km_from[here][u]
            if clock <= first_to[u] + _GUARD:
                if clock < first_from[u]:
                    clock = first_from[u]
            elif clock <= second_to[u] + _GUARD:
                if clock < model.second_from[d][u]:
                    clock = model.second_from[d][u]
            else:
                clock = self.later_window(d, u, clock)
            clock += lengths[u]
            ready.append(clock)
            here = u
        leg = minutes_from[here][there]
        gaps.append(leg)
        ready.append(clock + leg)
        self.ready[d] = ready
        self.gaps[d] = gaps
        self.km[d] = km + km_from[here][there]
        self.pick[d] = itemgetter(*nodes)
        self._reckon_latest(d)

    def _reckon_latest(self, d: int) -> None:
        """The last arrivals of day `d` that keep the rest of it feasible, from its end back."""
        model = self.model
        nodes = self.nodes[d]
        gaps = self.gaps[d]
        ready = self.ready[d]
        lengths = model.visit_minutes
        first_to = model.first_to[d]
        second_to = model.second_to[d]
        bound = model.closes[d]
        last = len(nodes) - 1
        latest = [bound] * (last + 1)
        room = [bound - ready[last - 1]] * last
        wide = room[-1] - gaps[-1]
        for k in range(last - 1, 0, -1):
            u = nodes[k]
            bound -= gaps[k] + lengths[u]
            if bound >= first_to[u]:
                if second_to[u] == NEVER or bound < model.second_from[d][u]:
                    bound = first_to[u]
                elif (d, u) in model.more_windows:
                    bound = self._last_window(d, u, bound)
                elif bound > second_to[u]:
                    bound = second_to[u]
            latest[k] = bound
            free = bound - ready[k - 1]
            room[k - 1] = free
            free -= gaps[k - 1]
            if free > wide:
                wide = free
        self.latest[d] = latest
        self.room[d] = room
        self.wide[d] = wide

    def later_window(self, d: int, u: int, clock: float) -> float:
        """When a visit can begin after its first two windows, or `FAR`."""
        for begin, end in self.model.more_windows.get((d, u), ()):
            if clock <= end + _GUARD:
                return max(clock, begin)
        return FAR

    def _last_window(self, d: int, u: int, bound: float) -> float:
        best = min(bound, self.model.second_to[d][u])
        for begin, end in self.model.more_windows[d, u]:
            if begin <= bound:
                best = min(bound, end)
        return best

    def gain(self, u: int, d: int) -> float:
        """Change of worth, travel aside, when stop `u` is also seen on day `d`."""
        if d in self.visits[u]:
            return FORBIDDEN
        return self._step(u, d)

    def loss(self, u: int, d: int) -> float:
        """Worth lost, travel aside, when stop `u` is no longer seen on day `d`."""
        return self._step(u, d)

    def _step(self, u: int, d: int) -> float:
        """What seeing stop `u` on day `d` adds beside its visits on other days."""
        if self.model.patterns is not None:
            bit = self.model.day_bits[d]
            sets = self.model.patterns[u]
            others = self.days_seen(u) & ~bit if d in self.visits[u] else self.days_seen(u)
            if others & bit:
                return FORBIDDEN
            return sets.get(others | bit, FORBIDDEN) - sets[others]
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

    def days_seen(self, u: int) -> int:
        """The set of days on which stop `u` is seen, as the sum of their bits."""
        bits = 0
        for d in self.visits[u]:
            bits |= self.model.day_bits[d]
        return bits

    def find(self, u: int, d: int) -> int:
        """Best position to insert stop `u` into day `d`, or NO_POSITION.

        The quickest one that keeps every rule. Leaves the added kilometres and minutes (driving and
        visiting) in `found_km` and `found_minutes`.
        """
        model = self.model
        nodes = self.nodes[d]
        if model.load[u] > self.spare[d]:
            return NO_POSITION
        allowed = model.max_km[d] + _GUARD - self.km[d]
        position = NO_POSITION
        best = FAR
        for k in range(1, len(nodes)):
            before, after = nodes[k - 1], nodes[k]
            added = model.minutes_to[u][before] + model.minutes_from[u][after]
            added -= self.gaps[d][k - 1]
            if added >= best or not self.fits(u, d, k):
                continue
            km = model.km_to[u][before] + model.km_from[u][after] - model.km_from[before][after]
            if km <= allowed:
                best, position = added, k
                self.found_km[u * model.days + d] = km
                self.found_minutes[u * model.days + d] = added + model.visit_minutes[u]
        return position

    def fits(self, u: int, d: int, k: int) -> bool:
        """Whether the clock allows stop `u` as position `k` of day `d`."""
        model = self.model
        nodes = self.nodes[d]
        clock = self.ready[d][k - 1] + model.minutes_to[u][nodes[k - 1]]
        if clock <= model.first_to[d][u]:
            clock = max(clock, model.first_from[d][u])
        elif clock <= model.second_to[d][u]:
            clock = max(clock, model.second_from[d][u])
        else:
            clock = self.later_window(d, u, clock)
        clock += model.visit_minutes[u] + model.minutes_from[u][nodes[k]]
        return clock <= self.latest[d][k]

    def insertion_cost(self, u: int, d: int) -> float:
        """Travel cost of the insertion last found for stop `u` on day `d`."""
        cell = u * self.model.days + d
        cost = self.model.per_km * self.found_km[cell]
        if self.model.per_minute > 0.0:
            drive = self.found_minutes[cell] - self.model.visit_minutes[u]
            cost += self.model.per_minute * drive
        return cost

    def insert(self, u: int, d: int, position: int) -> None:
        """Insert stop `u` into day `d` at a position found feasible."""
        before = self.travel_cost(d)
        self.worth += self.gain(u, d)
        self.spare[d] -= self.model.load[u]
        nodes = self.nodes[d]
        self.nodes[d] = [*nodes[:position], u, *nodes[position:]]
        self._retime(d)
        self.worth += before - self.travel_cost(d)
        seen = self.visits[u]
        self.visits[u] = tuple(sorted((*seen, d))) if seen else (d,)

    def remove(self, d: int, gone: list[int]) -> None:
        """Take the stops `gone` out of day `d`; never breaks a rule when legs obey the triangle."""
        before = self.travel_cost(d)
        out = set(gone)
        for u in gone:
            self.worth -= self.loss(u, d)
            self.visits[u] = tuple([day for day in self.visits[u] if day != d])
            self.spare[d] += self.model.load[u]
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
