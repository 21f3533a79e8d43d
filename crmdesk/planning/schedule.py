"""The clock of one working day: breaks cut out, opening windows, the timetable of an order.

Owns the conversion between the wall clock and the work clock (minutes of work, breaks removed) and
exact timetables. Leaves the choice and order of stops to the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from crmdesk.planning.problem import Break, Day, FixedKind, Problem, Window

#: Rounding allowed when two times are compared, in minutes.
TIME_TOLERANCE: Final = 1e-6


def work_clock(minute: float, breaks: Sequence[Break]) -> float:
    """Minutes on the clock with the breaks cut out; any minute inside a break is its beginning."""
    cut = 0.0
    for pause in sorted(breaks, key=lambda b: b.at):
        if minute > pause.at:
            cut += min(minute - pause.at, pause.minutes)
    return minute - cut


def wall_clock(work: float, breaks: Sequence[Break], *, after_break: bool) -> float:
    """The wall clock for a work-clock time.

    The instant a break begins and ends is one on the work clock: `after_break` says which is meant
    (arrivals and departures before it, the start of a visit after it).
    """
    wall = work
    for pause in sorted(breaks, key=lambda b: b.at):
        over = wall - pause.at
        if over > TIME_TOLERANCE or (after_break and over > -TIME_TOLERANCE):
            wall += pause.minutes
    return wall


def start_windows(
    opening: Sequence[Window], visit_minutes: float, day: Day
) -> tuple[tuple[float, float], ...]:
    """When a visit may begin, on the work clock: sorted, disjoint (first, last) pairs.

    A visit must end before its opening window closes, fit into the shift and lie on one side of a
    pause that divides the day.
    """
    opens = work_clock(day.start, day.breaks)
    closes = work_clock(day.end, day.breaks)
    pairs = []
    for first, last in _divided(opening, day.breaks):
        begin = max(work_clock(first, day.breaks), opens)
        end = min(work_clock(last, day.breaks), closes) - visit_minutes
        if end >= begin:
            pairs.append((begin, end))
    pairs.sort()
    merged: list[tuple[float, float]] = []
    for begin, end in pairs:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _divided(opening: Sequence[Window], breaks: Sequence[Break]) -> Sequence[Window]:
    """The opening windows cut at the pauses that no visit may span."""
    for pause in breaks:
        if pause.divides:
            over = pause.at + pause.minutes
            opening = [
                part
                for first, last in opening
                for part in ((first, min(last, pause.at)), (max(first, over), last))
                if part[0] <= part[1]
            ]
    return opening


def visit_windows(problem: Problem, stop: int, day: int) -> tuple[tuple[float, float], ...]:
    """`start_windows` of a stop on a day; an appointment replaces the opening hours."""
    the_day = problem.days[day]
    minutes = problem.stops[stop].visit_minutes
    for fixed in problem.fixed:
        if fixed.stop == stop and fixed.day == day and fixed.kind is FixedKind.APPOINTMENT:
            start = fixed.start
            if start is None:
                break
            at = work_clock(start, the_day.breaks)
            inside = work_clock(the_day.start, the_day.breaks) <= at and at + minutes <= work_clock(
                the_day.end, the_day.breaks
            )
            return ((at, at),) if inside else ()
    return start_windows(problem.stops[stop].opening[day], minutes, the_day)


@dataclass(frozen=True, slots=True)
class TimedVisit:
    """One stop of a timetable, wall clock minutes; `km` and `drive_minutes` lead to it."""

    stop: int
    arrive: float
    start: float
    leave: float
    wait: float
    km: float
    drive_minutes: float
    slack: float


@dataclass(frozen=True, slots=True)
class Timetable:
    """A day in driving order. `slack` is how many minutes the whole day could start later."""

    visits: tuple[TimedVisit, ...]
    km: float
    drive_minutes: float
    end: float
    slack: float


def timetable(problem: Problem, day: int, order: Sequence[int]) -> Timetable | None:
    """Earliest timetable of `order` on `day`, or None when it breaks a window, the shift or the km.

    Worked out on the work clock, told on the wall clock. A day without visits is always possible,
    even when it only moves from one place to another.
    """
    the_day = problem.days[day]
    if not order:
        km, drive = problem.travel.leg(the_day.start_place, the_day.end_place)
        return Timetable((), km, drive, the_day.start, max(0.0, the_day.end - the_day.start))
    windows = [visit_windows(problem, stop, day) for stop in order]
    lengths = [problem.stops[stop].visit_minutes for stop in order]
    places = [problem.stops[stop].place for stop in order]
    chain = [the_day.start_place, *places, the_day.end_place]
    legs = [problem.travel.leg(a, b) for a, b in pairwise(chain)]
    breaks = the_day.breaks
    arrivals, starts = [], []
    clock = work_clock(the_day.start, breaks)
    for k, pairs in enumerate(windows):
        clock += legs[k][1]
        arrivals.append(clock)
        begin = _earliest_start(pairs, clock)
        if begin is None:
            return None
        starts.append(begin)
        clock = begin + lengths[k]
    clock += legs[-1][1]
    closes = work_clock(the_day.end, breaks)
    km = sum(leg[0] for leg in legs)
    if clock > closes + TIME_TOLERANCE or km > the_day.max_km + TIME_TOLERANCE:
        return None
    slacks = _slacks(windows, lengths, [leg[1] for leg in legs], arrivals, closes)
    visits = tuple(
        TimedVisit(
            stop,
            arrive=wall_clock(arrivals[k], breaks, after_break=False),
            start=wall_clock(starts[k], breaks, after_break=True),
            leave=wall_clock(starts[k] + lengths[k], breaks, after_break=lengths[k] <= 0.0),
            wait=starts[k] - arrivals[k],
            km=legs[k][0],
            drive_minutes=legs[k][1],
            slack=slacks[k],
        )
        for k, stop in enumerate(order)
    )
    drive = sum(leg[1] for leg in legs)
    end = wall_clock(clock, breaks, after_break=False)
    return Timetable(visits, km, drive, end, min(slacks))


def _slacks(
    windows: Sequence[Sequence[tuple[float, float]]],
    lengths: Sequence[float],
    drives: Sequence[float],
    arrivals: Sequence[float],
    closes: float,
) -> list[float]:
    """How many minutes later each stop could be reached without breaking the rest of the day."""
    slacks = [0.0] * len(arrivals)
    latest = closes
    for k in range(len(arrivals) - 1, -1, -1):
        latest = _latest_start(windows[k], latest - drives[k + 1] - lengths[k])
        slacks[k] = max(0.0, latest - arrivals[k])
    return slacks


def _earliest_start(pairs: Sequence[tuple[float, float]], arrival: float) -> float | None:
    for begin, end in pairs:
        if arrival <= end + TIME_TOLERANCE:
            return max(arrival, begin)
    return None


def _latest_start(pairs: Sequence[tuple[float, float]], bound: float) -> float:
    for begin, end in reversed(pairs):
        if begin <= bound + TIME_TOLERANCE:
            return min(end, bound)
    return bound
