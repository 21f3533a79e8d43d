"""Kilometres and time of a rep's day, from the visits made and what the odometer showed.

Owns reading them; writing the trip is :mod:`crmdesk.services.trips`'. The rows behind every figure
come along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.clock import parse_instant
from crmdesk.services.legs import drive_minutes, home_of, last_place, metres

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TravelRow:
    """A visit or call of the day: when, how long, and the way to it (metres; 0 for a call)."""

    visit_id: int
    customer: str
    mode: str
    started_at: datetime
    minutes: int
    leg_m: int


@dataclass(frozen=True, slots=True)
class DayTravel:
    """The day so far. Metres and minutes; ``trip_m`` is what the trip's row says, None without one.

    ``home_m`` is the way home from where the rep was last, ``driving_minutes`` an estimate of
    the legs driven.
    """

    rows: tuple[TravelRow, ...]
    driven_m: int
    home_m: int
    visit_minutes: int
    call_minutes: int
    driving_minutes: int
    odometer_start_km: int | None
    odometer_end_km: int | None
    trip_m: int | None


def day_travel(ws: Workspace, day: date | None = None) -> DayTravel:
    """What this person has driven and how the time was spent on a day (today without one)."""
    with ws.database.read() as connection:
        return travel_in(connection, ws.user.id, day or ws.today())


def travel_in(connection: Connection, user_id: int, day: date) -> DayTravel:
    """The same for anybody, on a connection that is already open."""
    found = connection.exec_driver_sql(
        "SELECT v.id, a.name, v.mode, v.started_at, v.ended_at, coalesce(v.travel_m,"
        " (SELECT p.leg_m FROM planned_visit p WHERE p.id = v.planned_visit_id), 0)"
        " FROM visit v JOIN account a ON a.id = v.account_id WHERE v.user_id = ? AND v.date = ?"
        " ORDER BY v.started_at, v.id",
        (user_id, day.isoformat()),
    )
    rows = tuple(
        TravelRow(
            int(key), name, mode, parse_instant(started), _minutes(started, ended),
            int(leg) if mode == "person" else 0,
        )
        for key, name, mode, started, ended, leg in found
    )  # fmt: skip
    here, home = last_place(connection, user_id, day), home_of(connection, user_id)
    driven = sum(row.leg_m for row in rows)
    home_m = metres(here, home) if here is not None and home is not None and driven else 0
    trip = connection.exec_driver_sql(
        "SELECT odometer_start_km, odometer_end_km, distance_m FROM trip WHERE user_id = ?"
        " AND date = ? ORDER BY id LIMIT 1",
        (user_id, day.isoformat()),
    ).first()
    return DayTravel(
        rows=rows,
        driven_m=driven,
        home_m=home_m,
        visit_minutes=sum(row.minutes for row in rows if row.mode == "person"),
        call_minutes=sum(row.minutes for row in rows if row.mode != "person"),
        driving_minutes=sum(drive_minutes(row.leg_m) for row in rows),
        odometer_start_km=None if trip is None else trip[0],
        odometer_end_km=None if trip is None else trip[1],
        trip_m=None if trip is None or not trip[2] else int(trip[2]),
    )


def _minutes(started: str, ended: str | None) -> int:
    if ended is None:
        return 0
    return max(0, round((parse_instant(ended) - parse_instant(started)).total_seconds() / 60))
