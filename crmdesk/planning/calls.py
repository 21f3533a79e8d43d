"""Calls proposed beside the visits: between two of them, or instead of a drive that does not pay.

Owns which customer to call on which day. A call resets the attention clock, not the visit clock,
so calls never change the routes. Leaves the clocks to `attention` and the break-even to `explain`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crmdesk.planning.explain import OmissionCode, explain_omissions
from crmdesk.planning.plan import Plan
from crmdesk.planning.problem import Problem, VisitMode

#: A visit within so many days after a call makes the call superfluous.
VISIT_SOON_DAYS: Final = 3


class CallCode(Enum):
    """Why a call is proposed."""

    BETWEEN_VISITS = "between_visits"
    INSTEAD_OF_VISIT = "instead_of_visit"
    SERVED_BY_CALL = "served_by_call"


@dataclass(frozen=True, slots=True)
class CallProposal:
    """A call to a stop on a day; `break_even` is the margin from which driving there would pay."""

    stop: int
    day: int
    code: CallCode
    break_even: float | None = None


def propose_calls(
    problem: Problem, plan: Plan, *, per_day: int | None = None
) -> list[CallProposal]:
    """Calls for the days of the plan, by day and then by stop.

    Each falls on the first working day from its due day on which the customer is open (or simply
    the first, when it never is). With `per_day`, those beyond it move to the next day with room
    and are left out after the last.
    """
    if not problem.days:
        return []
    wanted = _wanted(problem, plan)
    wanted.sort(key=lambda entry: (entry[0], entry[1].stop))
    taken: Counter[int] = Counter()
    proposals = []
    for due, call in wanted:
        day = _day_for(problem, call.stop, due, taken, per_day)
        if day is None or _visit_makes_superfluous(problem, plan, call.stop, day):
            continue
        taken[day] += 1
        proposals.append(CallProposal(call.stop, day, call.code, call.break_even))
    return sorted(proposals, key=lambda call: (call.day, call.stop))


def _wanted(problem: Problem, plan: Plan) -> list[tuple[int, CallProposal]]:
    """Due day (calendar) and call, one per customer; the day of the call is not yet decided."""
    last = problem.offset(len(problem.days) - 1)
    instead = {
        omission.stop: omission
        for omission in explain_omissions(problem, plan)
        if omission.code is OmissionCode.CALL_INSTEAD
    }
    wanted = []
    for u, stop in enumerate(problem.stops):
        visit_due = (problem.due_date(u) - problem.origin).days
        if stop.last_contact is not None:
            # Whoever was called has had attention, though not a visit.
            contact_due = stop.last_contact + round(stop.interval_days)
            visit_due = max(visit_due, contact_due)
        if stop.mode is VisitMode.VIRTUAL:
            if visit_due <= last:
                wanted.append((visit_due, CallProposal(u, 0, CallCode.SERVED_BY_CALL)))
        elif u in instead and visit_due <= last:
            break_even = instead[u].break_even
            wanted.append((visit_due, CallProposal(u, 0, CallCode.INSTEAD_OF_VISIT, break_even)))
        elif stop.call_due is not None and stop.call_due <= last:
            wanted.append((stop.call_due, CallProposal(u, 0, CallCode.BETWEEN_VISITS)))
    return wanted


def _day_for(
    problem: Problem, stop: int, due: int, taken: Counter[int], per_day: int | None
) -> int | None:
    room = [
        d
        for d in range(len(problem.days))
        if problem.offset(d) >= due and (per_day is None or taken[d] < per_day)
    ]
    opening = problem.stops[stop].opening
    return next((d for d in room if opening[d]), room[0] if room else None)


def _visit_makes_superfluous(problem: Problem, plan: Plan, stop: int, day: int) -> bool:
    until = problem.offset(day) + VISIT_SOON_DAYS
    return any(problem.offset(d) <= until for d in plan.days_of(stop))
