"""Which customers a plan weighs when a rep has more than one plan can.

Owns the limit and the choice: those whose visits promise most within the plan for the time they
take, on days on which they are open and not too soon; then those to be called. Saying who is left
out is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from crmdesk.planning.problem import Problem, VisitMode

#: Tables of travel and worth grow with the square: more than this and a laptop waits for seconds.
MOST_STOPS: Final = 1000
#: Minutes of driving that a visit among many customers costs beside its own.
_DRIVE_MINUTES: Final = 20.0


def foremost(problem: Problem, keep: Collection[int] = (), *, most: int) -> list[int]:
    """Positions of at most `most` stops, in their order: those in `keep`, then the most promising.

    Locked visits, appointments and what is announced are kept whatever they promise. Travel is not
    looked at, so the problem's matrix may still be empty.
    """
    kept = {visit.stop for visit in problem.fixed} | {u for u, _day in problem.announced}
    kept.update(keep)
    offsets = [problem.offset(d) for d in range(len(problem.days))]
    promises = [_promise(problem, u, offsets) for u in range(len(problem.stops))]
    ranked = sorted(
        range(len(problem.stops)),
        key=lambda u: (u not in kept, -promises[u], not _is_called(problem, u), u),
    )
    return sorted(ranked[: max(most, len(kept))])


def _is_called(problem: Problem, u: int) -> bool:
    """Whether a call is due within the plan."""
    due = problem.stops[u].call_due
    return due is not None and due < problem.end_offset


def _promise(problem: Problem, u: int, offsets: list[int]) -> float:
    """What seeing the stop within the plan may bring for each minute it takes."""
    stop, value, end = problem.stops[u], problem.value, problem.end_offset
    interval = stop.interval_days
    if interval <= 0.0 or stop.mode is VisitMode.VIRTUAL or not stop.location_known:
        return 0.0
    usual = value.visit_value(stop.margin, interval, interval)
    overdue_at_end = value.overdue_days(interval, end - stop.last_visit)
    best = 0.0
    for d, offset in enumerate(offsets):
        gap = offset - stop.last_visit
        if not stop.opening[d] or gap < problem.spacing_factor * interval:
            continue
        saved = min(end - offset, overdue_at_end - value.overdue_days(interval, gap))
        worth = value.visit_value(stop.margin, interval, gap)
        worth += (end - offset) // interval * usual
        worth += problem.weights.overdue * stop.overdue_per_day * max(0.0, saved)
        best = max(best, worth)
    return best / (stop.visit_minutes + _DRIVE_MINUTES)
