"""Ruin and recreate: the moves of the search and the annealing around them.

Owns the choice of what to remove and where to put it back. Leaves feasibility and bookkeeping to
`routes` and the outer interface to `solver`. After Schrimpf et al. (2000) and the string removals
of Christiaens and Vanden Berghe (2020), on an objective that depends on the gap between visits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import Final

from crmdesk.planning.insertion import Offers, offers
from crmdesk.planning.model import Model
from crmdesk.planning.routes import Routes, Snapshot

#: With a focus, the share of moves that begin there, and how many of its stops join in the others.
_FOCUSED: Final = 0.7
_FOCUS_CANDIDATES: Final = 4


class Search:
    """One annealing run over a `Routes` state, drawing from one random source."""

    def __init__(self, model: Model, routes: Routes, random: Random) -> None:
        self.model = model
        self.routes = routes
        self.random = random
        self.best = Snapshot(routes)
        #: Stops around which something has happened on the first day; empty for a whole plan.
        self.focus: list[int] = []
        #: How many visits may leave the days on which they were announced; below 0: any number.
        self.most_moves = -1
        self.home: list[tuple[int, ...]] = []

    def construct(self) -> None:
        """Fill the days from what is there by worth per minute, every stop on every day."""
        before = Snapshot(self.routes)
        self._recreate(list(range(self.model.stops)), list(range(self.model.days)), 0.6, 0.0)
        if self._moves_too_many():
            self.routes.restore(before)
        self.best = Snapshot(self.routes)

    def fill(self) -> None:
        """Insert whatever still pays into the best plan."""
        self.routes.restore(self.best)
        self._recreate(list(range(self.model.stops)), list(range(self.model.days)), 0.6, 0.0)
        if self.routes.worth > self.best.worth and not self._moves_too_many():
            self.best = Snapshot(self.routes)

    def adopt(self, orders: list[list[int]]) -> None:
        """Take over a plan from elsewhere as the best one."""
        self.routes.load(orders)
        self.best = Snapshot(self.routes)

    def step(self, temperature: float) -> bool:
        """One ruin and recreate; keep it by the annealing rule. True when a new best was found."""
        routes = self.routes
        random = self.random
        before = Snapshot(routes)
        draw = random.random()
        if draw < 0.7:
            removed, touched, seed = self._ruin_strings()
        elif draw < 0.85:
            removed, touched, seed = self._ruin_customers()
        else:
            removed, touched, seed = self._ruin_day()
        if any(not routes.is_feasible(d) for d in touched):
            routes.restore(before)
            return False
        alpha = 0.35 + 0.65 * random.random()
        if self.model.patterns is not None:
            candidates = [u for u in range(self.model.stops) if self._is_open(u)]
            self._recreate(candidates, list(range(self.model.days)), alpha, 0.25)
        else:
            candidates, days = self._neighbourhood(removed, touched, seed)
            self._recreate(candidates, days, alpha, 0.25)
        if self._moves_too_many():
            routes.restore(before)
            return False
        if routes.worth >= before.worth + temperature * math.log(1.0 - random.random()):
            if routes.worth > self.best.worth + 1e-9:
                self.best = Snapshot(routes)
                return True
            return False
        routes.restore(before)
        return False

    def hold(self, announced: Iterable[tuple[int, int]], most_moves: int) -> None:
        """Let at most so many visits leave the days of `announced`, or what has left already."""
        home: list[list[int]] = [[] for _stop in range(self.model.stops)]
        for u, d in sorted(announced):
            home[u].append(d)
        self.home = [tuple(days) for days in home]
        self.most_moves = max(most_moves, self.moves())

    def _moves_too_many(self) -> bool:
        return self.most_moves >= 0 and self.moves() > self.most_moves

    def moves(self) -> int:
        """How many visits are on other days than announced, left out or new."""
        visits = self.routes.visits
        count = 0
        for u in range(self.model.stops):
            now, was = visits[u], self.home[u]
            if now != was:
                gone = len([d for d in was if d not in now])
                come = len([d for d in now if d not in was])
                count += max(gone, come)
        return count

    def _neighbourhood(
        self, removed: list[int], touched: list[int], seed: int
    ) -> tuple[list[int], list[int]]:
        """Who may be inserted on which days: what was removed, its surroundings, a few others."""
        random = self.random
        candidates = dict.fromkeys(removed)
        if self.focus:
            for _extra in range(_FOCUS_CANDIDATES):
                candidates[self.focus[int(random.random() * len(self.focus))]] = None
        for u in self.model.near(seed)[:20]:
            candidates[u] = None
        for _extra in range(6):
            candidates[int(random.random() * self.model.stops)] = None
        days = dict.fromkeys(touched)
        if self.focus and random.random() < _FOCUSED:
            days[0] = None
        for _extra in range(2):
            days[int(random.random() * self.model.days)] = None
        return list(candidates), list(days)

    def _is_open(self, u: int) -> bool:
        """Whether stop `u` lacks visits of its pattern."""
        sets = self.model.patterns
        return sets is not None and sets[u][self.routes.days_seen(u)] < 0.0

    def _recreate(self, candidates: list[int], days: list[int], alpha: float, noise: float) -> None:
        """Insert candidates on days, dearest first by worth / minutes^alpha, while it pays."""
        routes = self.routes
        random = self.random.random
        can_visit = self.model.can_visit
        n_days = self.model.days
        open_offers: list[Offers] = []
        tops: list[float] = []
        for d in days:
            there = [u for u in candidates if can_visit[u * n_days + d]]
            luck = [1.0 - noise + 2.0 * noise * random() for _stop in there]
            found = offers(routes, d, there, luck, alpha)
            open_offers.append(found)
            tops.append(found.top)
        while tops:
            top = max(tops)
            if top <= 0.0:
                return
            j = tops.index(top)
            mine = open_offers[j]
            chosen = mine.score.index(top)
            u = mine.stops.pop(chosen)
            mine.luck.pop(chosen)
            routes.insert(u, days[j], mine.position[chosen])
            open_offers[j] = mine = offers(routes, days[j], mine.stops, mine.luck, alpha)
            tops[j] = mine.top
            for other, found in enumerate(open_offers):
                if other != j and u in found.stops:
                    self._renew(found, u, days[other], alpha)
                    tops[other] = max(found.score, default=0.0)

    def _renew(self, found: Offers, u: int, d: int, alpha: float) -> None:
        """Reckon the offer of stop `u` on day `d` anew after it was inserted on another day."""
        at = found.stops.index(u)
        again = offers(self.routes, d, [u], [found.luck[at]], alpha)
        if again.stops:
            found.score[at] = again.score[0]
            found.position[at] = again.position[0]
        else:
            for column in (found.stops, found.luck, found.score, found.position):
                column.pop(at)

    def _random_seed(self) -> int:
        """A stop to ruin around: mostly one that is planned, sometimes any."""
        random = self.random
        routes = self.routes
        if self.focus and random.random() < _FOCUSED:
            return self.focus[int(random.random() * len(self.focus))]
        for _try in range(8):
            d = int(random.random() * self.model.days)
            inner = len(routes.nodes[d]) - 2
            if inner > 0:
                return routes.nodes[d][1 + int(random.random() * inner)]
        return int(random.random() * self.model.stops)

    def _take(self, d: int, stops: list[int]) -> list[int]:
        """Remove from day `d` those of `stops` that are not fixed there."""
        pinned = self.model.pinned
        gone = [u for u in stops if d not in pinned[u]]
        if gone:
            self.routes.remove(d, gone)
        return gone

    def _ruin_strings(self) -> tuple[list[int], list[int], int]:
        """Short strings of neighbouring stops on one to four days around a seed."""
        random = self.random
        routes = self.routes
        seed = self._random_seed() if random.random() < 0.8 else self._any_stop()
        wanted = 1 + int(random.random() * 4)
        longest = 2 + int(random.random() * 7)
        removed: list[int] = []
        touched: list[int] = []
        for u in self.model.near(seed)[:60]:
            for d in routes.visits[u]:
                if d in touched:
                    continue
                route = routes.nodes[d]
                at = route.index(u)
                length = min(1 + int(random.random() * longest), len(route) - 2)
                first = max(1, at - int(random.random() * length))
                first = min(first, len(route) - 1 - length)
                removed += self._take(d, route[first : first + length])
                touched.append(d)
                if len(touched) >= wanted:
                    return removed, touched, seed
        return removed, touched, seed

    def _any_stop(self) -> int:
        return int(self.random.random() * self.model.stops)

    def _ruin_customers(self) -> tuple[list[int], list[int], int]:
        """All visits of a few neighbouring customers."""
        random = self.random
        seed = self._random_seed()
        count = 1 + int(random.random() * 6)
        near = self.model.near(seed)
        removed: list[int] = []
        by_day: dict[int, list[int]] = {}
        for rank in range(count):
            u = near[min(int(rank * (1.0 + 2.0 * random.random())), len(near) - 1)]
            if u in removed:
                continue
            for d in self.routes.visits[u]:
                by_day.setdefault(d, []).append(u)
            removed.append(u)
        for d, stops in by_day.items():
            self._take(d, stops)
        return removed, list(by_day), seed

    def _ruin_day(self) -> tuple[list[int], list[int], int]:
        """Most of one day, or of two days at once."""
        random = self.random
        routes = self.routes
        removed: list[int] = []
        touched: list[int] = []
        seed = self._any_stop()
        for _day in range(1 + int(random.random() * 2)):
            d = int(random.random() * self.model.days)
            if d in touched:
                continue
            share = 0.5 + 0.5 * random.random()
            stops = [u for u in routes.nodes[d][1:-1] if random.random() < share]
            if stops:
                seed = stops[0]
            removed += self._take(d, stops)
            touched.append(d)
        return removed, touched, seed
