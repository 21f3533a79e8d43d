"""Times of one day's visits in the order they have, after a change by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.week import USUAL_SHIFTS, opening_hours, working_week
from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km


@dataclass(frozen=True, slots=True)
class StopTime:
    """When a stop begins and how far it is from the one before."""

    id: int
    sequence: int
    start_minute: int
    leg_m: int
    leg_minutes: int


def times_of_day(connection: Connection, user_id: int, day: date) -> list[StopTime]:
    """Walk the day's open visits in sequence: drive, wait for the opening, visit, lunch.

    A stop that cannot begin within its opening hours keeps its place and begins late; the plan
    shows it, nothing is moved behind the person's back.
    """
    row = connection.exec_driver_sql(
        "SELECT u.working_week, h.latitude, h.longitude FROM app_user u"
        " LEFT JOIN home_base h ON h.user_id = u.id WHERE u.id = ?",
        (user_id,),
    ).one()
    week = working_week(json.loads(row[0]) if row[0] else None)
    hours = week.shift(day.weekday()) or USUAL_SHIFTS[0][0]
    here = _place(row[1], row[2])
    clock, result = float(hours[0]), []
    pauses = list(week.pauses(day.weekday()))
    rows = connection.exec_driver_sql(
        "SELECT p.id, p.minutes, p.status, p.start_minute, a.latitude, a.longitude,"
        " a.opening_hours, p.mode FROM planned_visit p JOIN account a ON a.id = p.account_id"
        " WHERE p.user_id = ? AND p.date = ? AND p.status <> 'cancelled' ORDER BY p.sequence",
        (user_id, day.isoformat()),
    ).all()
    for sequence, stop in enumerate(rows, start=1):
        place = _place(stop[4], stop[5])
        km = 0.0
        if stop[7] == "person" and place is not None:
            if here is not None:
                km = DEFAULT_SPEED.road_km(great_circle_km(*here, *place))
            here = place
        drive = DEFAULT_SPEED.drive_minutes(km) if km > 0 else 0.0
        if stop[2] != "planned":
            clock = max(clock, float(stop[3] or clock)) + float(stop[1])
            continue
        clock += drive
        while pauses and clock >= pauses[0][0]:
            clock += pauses.pop(0)[1]
        spans = opening_hours(json.loads(stop[6]) if stop[6] else None)[day.weekday()]
        opens = [a for a, b in spans if clock + float(stop[1]) <= b]
        if opens and stop[7] == "person":
            clock = max(clock, float(min(opens)))
        result.append(StopTime(stop[0], sequence, round(clock), round(km * 1000), round(drive)))
        clock += float(stop[1])
    return result


def _place(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    return None if latitude is None or longitude is None else (float(latitude), float(longitude))
