"""Times of one day's visits in the order they have, after a change by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.week import USUAL_SHIFTS, Span, opening_hours
from crmdesk.planning.travel import Matrix
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.rep_days import rep_days
from crmdesk.services.travel import travel_between


@dataclass(frozen=True, slots=True)
class StopTime:
    """When a stop begins and how far it is from the one before."""

    id: int
    sequence: int
    start_minute: int
    leg_m: int
    leg_minutes: int


def times_of_day(connection: Connection, user_id: int, day: date) -> list[StopTime]:
    """Walk the day's open visits in sequence: drive, wait for the opening, visit, pauses.

    An hour agreed with a customer stays as it is. A stop that cannot begin within its opening
    hours keeps its place and begins late; the plan shows it, nothing is moved behind the person's
    back.
    """
    country = connection.exec_driver_sql("SELECT country FROM organisation LIMIT 1").scalar()
    rep = rep_days(connection, user_id, day, day, country or "")[day]
    begins = rep.work.start if rep.work is not None else USUAL_SHIFTS[0][0][0]
    rows = connection.exec_driver_sql(
        "SELECT p.id, p.minutes, p.status, p.start_minute, a.latitude, a.longitude,"
        " a.opening_hours, p.mode, p.appointment, p.window_from, p.window_to"
        " FROM planned_visit p JOIN account a ON a.id = p.account_id"
        " WHERE p.user_id = ? AND p.date = ? AND p.status <> 'cancelled'"
        " ORDER BY p.mode <> 'person', p.sequence, p.id",
        (user_id, day.isoformat()),
    ).all()
    start = None if rep.start is None else rep.start.point
    legs = _Legs(connection, user_id, start, rows)
    clock, result = float(begins), []
    pauses = list(rep.work.pauses) if rep.work is not None else []
    for sequence, stop in enumerate(rows, start=1):
        km, drive = legs.to(sequence - 1)
        if stop.status != "planned":
            clock = max(clock, float(stop.start_minute or clock)) + float(stop.minutes)
            continue
        clock += drive
        while pauses and clock >= pauses[0][0]:
            clock += pauses.pop(0)[1]
        clock = _begin(stop, clock, day)
        result.append(StopTime(stop.id, sequence, round(clock), round(km * 1000), round(drive)))
        clock += float(stop.minutes)
    return result


class _Legs:
    """The ways between the stops of a day that are driven to, from where the day begins."""

    def __init__(
        self,
        connection: Connection,
        user_id: int,
        start: tuple[float, float] | None,
        rows: Sequence[Any],
    ) -> None:
        points: list[tuple[float, float]] = [] if start is None else [start]
        self._at: list[int | None] = []
        for stop in rows:
            placed = stop.latitude is not None and stop.longitude is not None
            self._at.append(len(points) if placed and stop.mode == "person" else None)
            if self._at[-1] is not None:
                points.append((float(stop.latitude), float(stop.longitude)))
        self._matrix: Matrix = travel_between(connection, points, policy_in(connection), user_id)
        self._here = None if start is None else 0

    def to(self, row: int) -> tuple[float, float]:
        """Kilometres and minutes to the next stop; nothing for a call or an unknown place."""
        there, here = self._at[row], self._here
        if there is None:
            return 0.0, 0.0
        self._here = there
        return (0.0, 0.0) if here is None else self._matrix.leg(here, there)


def _begin(stop: Any, arrival: float, day: date) -> float:
    """When a stop begins: as agreed, else with the opening that leaves time for the visit."""
    if stop.mode != "person":
        return arrival
    if stop.appointment:
        agreed = stop.start_minute if stop.window_from is None else stop.window_from
        return arrival if agreed is None else max(arrival, float(agreed))
    spans: Sequence[Span] = opening_hours(
        json.loads(stop.opening_hours) if stop.opening_hours else None
    )[day.weekday()]
    opens = [a for a, b in spans if arrival + float(stop.minutes) <= b]
    return max(arrival, float(min(opens))) if opens else arrival
