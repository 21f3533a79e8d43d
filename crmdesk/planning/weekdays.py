"""Usual weekdays that fit the geography, proposed from a plan made without them.

Owns the proposal and the measure of regularity. Leaves keeping to them to the solver's
`Weights.usual_weekday`, and the decision to a person.
"""

from __future__ import annotations

from collections import Counter

from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Problem

_NEIGHBOURS = 8


def propose_weekdays(problem: Problem, plan: Plan) -> list[int | None]:
    """A weekday (Monday is 0) for every stop, by position.

    The weekday on which the plan sees the stop and its nearest planned neighbours most often, each
    of its own visits counting as three; only weekdays on which the stop is open. None when it
    never is.
    """
    weekday = [day.date.weekday() for day in problem.days]
    visits: list[list[int]] = [[] for _stop in problem.stops]
    for d, order in enumerate(plan.orders()):
        for u in order:
            visits[u].append(weekday[d])
    planned = [u for u, days in enumerate(visits) if days]
    proposals: list[int | None] = []
    for u, stop in enumerate(problem.stops):
        open_on = {weekday[d] for d, windows in enumerate(stop.opening) if windows}
        row = stop.place * problem.travel.size
        nearest = sorted(
            planned, key=lambda v: problem.travel.minutes[row + problem.stops[v].place]
        )
        votes: Counter[int] = Counter()
        for v in nearest[:_NEIGHBOURS]:
            votes.update(visits[v])
        for _vote in range(3):
            votes.update(visits[u])
        ranked = sorted(open_on, key=lambda day: (-votes[day], day))
        proposals.append(ranked[0] if ranked else None)
    return proposals


def share_on_usual_weekday(problem: Problem, plan: Plan) -> float:
    """Share of the visits that fall on the customer's usual weekday; 1 without any visit."""
    kept = total = 0
    for day in plan.days:
        weekday = problem.days[day.day].date.weekday()
        for visit in day.visits:
            usual = problem.stops[visit.stop].usual_weekday
            if usual is not None:
                total += 1
                kept += usual == weekday
    return kept / total if total else 1.0
