"""Where stops fit into a day: the innermost loop of the search.

Owns the search for the best position of many stops on one day at once, each checked in O(1) by the
time slack of the routes. Leaves the routes themselves to `routes`, what is tried to `search`.
"""

# ruff: noqa: PLR1730  (loops without calls: the time goes here)
from __future__ import annotations

import math

from crmdesk.planning.routes import FAR, NO_POSITION, Routes


class Offers:
    """Stops that can be inserted into a day and pay, aligned: score, position, and their luck."""

    __slots__ = ("luck", "position", "score", "stops", "top")

    def __init__(self) -> None:
        self.stops: list[int] = []
        self.luck: list[float] = []
        self.score: list[float] = []
        self.position: list[int] = []
        self.top = 0.0

    def price(
        self, stop: int, luck: float, position: int, worth: float, minutes: float, alpha: float
    ) -> None:
        """One more stop that fits; kept when it pays."""
        if worth <= 0.0:
            return
        score = luck * worth
        if minutes > 1.0:
            score /= math.pow(minutes, alpha)
        self.stops.append(stop)
        self.luck.append(luck)
        self.position.append(position)
        self.score.append(score)
        if score > self.top:
            self.top = score


def offers(routes: Routes, d: int, stops: list[int], luck: list[float], alpha: float) -> Offers:
    """Best insertion of each of `stops` on day `d`; those that do not fit or pay are left out.

    The score is luck * (worth gained - cost of the detour) / minutes ^ alpha; the position is the
    one with the shortest detour. Where legs break the triangle inequality a feasible insertion may
    be missed, an infeasible one is never returned.
    """
    model = routes.model
    pick, gaps, room = routes.pick[d], routes.gaps[d], routes.room[d]
    ready, latest, nodes = routes.ready[d], routes.latest[d], routes.nodes[d]
    first_from, first_to = model.first_from[d], model.first_to[d]
    second_from, second_to = model.second_from[d], model.second_to[d]
    minutes_from, minutes_to, lengths = model.minutes_from, model.minutes_to, model.visit_minutes
    symmetric = model.symmetric
    per_km, per_minute = model.per_km, model.per_minute
    spare_km = model.max_km[d] - routes.km[d]
    found = Offers()
    for u, chance, gained in zip(stops, luck, _worths(routes, d, stops)):  # noqa: B905
        if gained <= 0.0:
            continue
        length = lengths[u]
        go = pick(minutes_to[u])
        back = go if symmetric else pick(minutes_from[u])
        best = FAR
        at = NO_POSITION
        k = -1
        for there, then, gap, free in zip(go, back[1:], gaps, room):  # noqa: B905
            k += 1
            both = there + then
            if both - gap < best and both + length <= free:
                clock = ready[k] + there
                if clock <= first_to[u]:
                    if clock < first_from[u]:
                        clock = first_from[u]
                elif clock <= second_to[u]:
                    if clock < second_from[u]:
                        clock = second_from[u]
                else:
                    clock = routes.later_window(d, u, clock)
                if clock + length + then <= latest[k + 1]:
                    best = both - gap
                    at = k + 1
        if at == NO_POSITION:
            continue
        before, after = nodes[at - 1], nodes[at]
        km = model.km_to[u][before] + model.km_from[u][after] - model.km_from[before][after]
        if km > spare_km:
            at = routes.find(u, d)
            if at == NO_POSITION:
                continue
            km = routes.found_km[u * model.days + d]
            best = routes.found_minutes[u * model.days + d] - length
        found.price(u, chance, at, gained - per_km * km - per_minute * best, best + length, alpha)
    return found


def _worths(routes: Routes, d: int, stops: list[int]) -> list[float]:
    """What seeing each of `stops` on day `d` adds, travel aside; 0 where it has no room."""
    model = routes.model
    wide, spare_load = routes.wide[d], routes.spare[d]
    visits, load, lengths = routes.visits, model.load, model.visit_minutes
    tables, alone = model.worth, model.alone[d]
    width = model.days + 1
    patterned = model.patterns is not None
    found: list[float] = []
    for u in stops:
        if lengths[u] > wide or load[u] > spare_load:
            found.append(0.0)
            continue
        seen = visits[u]
        if patterned:
            found.append(routes.gain(u, d))
        elif seen:
            p = -1
            q = width - 1
            for day in seen:
                if day < d:
                    p = day
                else:
                    q = day
                    break
            if q == d:
                found.append(0.0)
                continue
            table = tables[u]
            row = (p + 1) * width
            found.append(table[row + d] + table[(d + 1) * width + q] - table[row + q])
        else:
            found.append(alone[u])
    return found
