"""What a plan that is not written yet looks like on the board: a week's rows with its visits.

Owns putting a plan's visits, calls and reasons into the rows of a week. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmdesk.domain.money import currency_exponent
from crmdesk.planning.schedule import timetable
from crmdesk.services.plan_writing import call_why, visit_why
from crmdesk.services.planning_problem import RepProblem
from crmdesk.services.plans import Proposal
from crmdesk.services.queries.plan import DayRow, StopRow, WeekRow
from crmdesk.services.workspace import Workspace

_Rows = dict[int, list[StopRow]]


def draft_of(ws: Workspace, week: WeekRow, proposal: Proposal) -> WeekRow:
    """A week as it would be once a proposal is accepted, each visit and call with its reason."""
    source, orders = proposal.source, proposal.plan.orders()
    scale = 10 ** currency_exponent(ws.currency)
    draft = draft_week(week, source, orders, scale)
    reasons = {(r.stop, r.day): visit_why(r, proposal, scale) for r in proposal.reasons}
    stop_of = {candidate.account_id: u for u, candidate in enumerate(source.candidates)}

    def told(stop: StopRow) -> StopRow:
        if not (stop.waiting and stop.in_person) or stop.day not in source.days:
            return stop
        key = (stop_of.get(stop.account_id, -1), source.days.index(stop.day))
        return replace(stop, why=reasons.get(key, {}))

    calls = None if proposal.calls is None else _calls(week, proposal, scale)
    days = []
    for day in draft.days:
        stops = tuple(told(stop) for stop in day.stops)
        if calls is not None and day.day in source.days:
            index = source.days.index(day.day)
            stops = tuple(s for s in stops if s.in_person or not _may_go(s))
            stops += tuple(calls.get(index, ()))
        drives = sum(stop.in_person for stop in stops)
        days.append(replace(day, stops=stops, calls=len(stops) - drives))
    return replace(draft, days=tuple(days), calls=sum(day.calls for day in days))


def _may_go(stop: StopRow) -> bool:
    """A call that a new plan may move or take out."""
    return stop.waiting and not stop.in_person and not stop.locked and not stop.appointment


def _calls(week: WeekRow, proposal: Proposal, scale: int) -> dict[int, list[StopRow]]:
    """The calls of a proposal by day; those that are planned keep the id of their row."""
    source = proposal.source
    known: _Rows = {}
    for day in week.days:
        for stop in day.stops:
            if _may_go(stop):
                known.setdefault(stop.account_id, []).append(stop)
    found: dict[int, list[StopRow]] = {}
    for call in proposal.calls or ():
        candidate = source.candidates[call.stop]
        rows = known.get(candidate.account_id)
        row = rows.pop(0) if rows else _new_row(source, call.stop, call.day)
        found.setdefault(call.day, []).append(
            replace(
                row, day=source.days[call.day], sequence=0, start_minute=None,
                minutes=round(candidate.virtual_minutes), mode=candidate.virtual_mode,
                leg_m=0, leg_minutes=0, why=call_why(call, scale),
            )
        )  # fmt: skip
    return found


def draft_week(
    week: WeekRow, source: RepProblem, orders: Sequence[Sequence[int]], scale: int
) -> WeekRow:
    """A week as it would be with these orders: what is done, running or called stays.

    Customers that are planned keep the id of their row, new ones have the negative of theirs.
    Visits have no reason yet, or that of the plan that is there; calls stay as they are.
    """
    known: _Rows = {}
    for day in week.days:
        for stop in day.stops:
            if stop.waiting and stop.in_person:
                known.setdefault(stop.account_id, []).append(stop)
    days = []
    for day in week.days:
        if day.day not in source.days:
            days.append(day)
            continue
        index = source.days.index(day.day)
        made = _stops(source, index, orders[index], known, scale)
        kept = tuple(stop for stop in day.stops if not (stop.waiting and stop.in_person))
        drives = [stop for stop in kept if stop.in_person] + made
        calls = [stop for stop in kept if not stop.in_person]
        days.append(_day(day, tuple(drives + calls), source, index, orders[index]))
    return replace(
        week, days=tuple(days), visits=sum(day.visits for day in days),
        work_minutes=sum(day.work_minutes for day in days), km=sum(day.km for day in days),
        margin_minor=sum(day.margin_minor for day in days), usual_share=_usual(days),
    )  # fmt: skip


def _stops(
    source: RepProblem,
    index: int,
    order: Sequence[int],
    known: _Rows,
    scale: int,
) -> list[StopRow]:
    table = timetable(source.problem, index, order)
    made = []
    for place, u in enumerate(order):
        candidate, stop = source.candidates[u], source.problem.stops[u]
        rows = known.get(candidate.account_id)
        value = source.problem.value.visit_value(
            stop.margin, stop.interval_days, source.problem.offset(index) - stop.last_visit
        )
        timed = None if table is None else table.visits[place]
        row = rows.pop(0) if rows else _new_row(source, u, index)
        made.append(
            replace(
                row, day=source.days[index], sequence=place + 1,
                start_minute=None if timed is None else round(timed.start),
                minutes=round(stop.visit_minutes), margin_minor=round(value * scale),
                leg_m=0 if timed is None else round(timed.km * 1000),
                leg_minutes=0 if timed is None else round(timed.drive_minutes),
            )
        )  # fmt: skip
    return made


def _new_row(source: RepProblem, u: int, index: int) -> StopRow:
    candidate, stop = source.candidates[u], source.problem.stops[u]
    latitude, longitude = candidate.place or (None, None)
    return StopRow(
        id=-candidate.account_id, account_id=candidate.account_id, account=candidate.name,
        city=candidate.city, latitude=latitude, longitude=longitude, day=source.days[index],
        sequence=0, start_minute=None, minutes=0, mode="person", status="planned", locked=False,
        appointment=False, margin_minor=0, leg_m=0, leg_minutes=0,
        usual_weekday=stop.usual_weekday, why={},
    )  # fmt: skip


def _day(
    day: DayRow,
    stops: tuple[StopRow, ...],
    source: RepProblem,
    index: int,
    order: Sequence[int],
) -> DayRow:
    drives = [stop for stop in stops if stop.in_person]
    done = [stop for stop in drives if not (stop.waiting and stop.in_person)]
    table = timetable(source.problem, index, order)
    km = sum(stop.leg_m for stop in done) / 1000
    drive = sum(stop.leg_minutes for stop in done)
    work = drive + sum(stop.minutes for stop in done)
    if table is not None and table.visits:
        km += table.km
        drive += round(table.drive_minutes)
        work += round(
            table.drive_minutes
            + sum(v.wait + source.problem.stops[v.stop].visit_minutes for v in table.visits)
        )
    return replace(
        day, stops=stops, visits=len(drives), calls=len(stops) - len(drives), km=km,
        drive_minutes=drive, work_minutes=work,
        margin_minor=sum(stop.margin_minor or 0 for stop in stops), coverage=None,
    )  # fmt: skip


def _usual(days: Sequence[DayRow]) -> float | None:
    kept = [
        stop.day.weekday() == stop.usual_weekday
        for day in days
        for stop in day.stops
        if stop.usual_weekday is not None and stop.in_person
    ]
    return sum(kept) / len(kept) if kept else None
