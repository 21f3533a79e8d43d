"""What a rep's own logged trips say about distances and times on the road.

Owns reading them: the way from one visit to the next on the same day, with its minutes from the
end of one to the begin of the other, and its kilometres where the odometer was noted.
"""

from __future__ import annotations

import itertools
import statistics
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from crmdesk.planning.travel import DEFAULT_SPEED, SpeedModel, Trip, calibrate, great_circle_km
from crmdesk.storage.engine import Database

_DAYS = 180
_LONGEST_MINUTES = 150.0
_LEAST_FACTOR, _MOST_FACTOR = 0.7, 1.5
_MOST_TRIPS = 2_000
_MOST_ROUND, _AROUND_KM = 4.0, 10.0
_FASTEST_KMH = 160.0


@dataclass(frozen=True, slots=True)
class Experience:
    """How estimates are made, what road minutes are multiplied by, and from how many trips."""

    speed: SpeedModel = DEFAULT_SPEED
    road_time: float = 1.0
    trips: int = 0


_kept: WeakKeyDictionary[Database, dict[tuple[int, date], Experience]] = WeakKeyDictionary()
_lock = threading.Lock()


def experience_of(
    connection: Connection, database: Database | None, user_id: int | None
) -> Experience:
    """A rep's experience of the last half year, read once a day."""
    if database is None or user_id is None:
        return Experience()
    key = (user_id, database.clock.today())
    with _lock:
        known = _kept.setdefault(database, {})
        if key in known:
            return known[key]
    found = read_experience(connection, *key)
    with _lock:
        known.clear()
        known[key] = found
    return found


def read_experience(connection: Connection, user_id: int, today: date) -> Experience:
    """What the trips up to today say; the usual figures without any."""
    trips = logged_trips(connection, user_id, today)
    speed = calibrate(trips)
    speed = SpeedModel(
        min(speed.circuity, 2.5), speed.fixed_minutes, speed.bands,
        min(max(speed.time_factor, _LEAST_FACTOR), _MOST_FACTOR),
    )  # fmt: skip
    return Experience(speed, speed.time_factor, len(trips))


def logged_trips(connection: Connection, user_id: int, today: date) -> list[Trip]:
    """Trips between visits in person of one day, the newest first.

    Where no kilometres were noted, the usual way round is taken, so that only minutes count.
    """
    rows = connection.exec_driver_sql(
        "SELECT v.date, v.started_at, v.ended_at, v.travel_m,"
        " coalesce(v.latitude, a.latitude) AS latitude,"
        " coalesce(v.longitude, a.longitude) AS longitude"
        " FROM visit v JOIN account a ON a.id = v.account_id"
        " WHERE v.user_id = ? AND v.mode = 'person' AND v.date BETWEEN ? AND ?"
        " ORDER BY v.date DESC, v.started_at LIMIT ?",
        (user_id, (today - timedelta(days=_DAYS)).isoformat(), today.isoformat(), _MOST_TRIPS),
    ).all()
    found = []
    for before, after in itertools.pairwise(rows):
        trip = _trip(before, after) if before.date == after.date else None
        if trip is not None:
            found.append(trip)
    return found


def _trip(before: Any, after: Any) -> Trip | None:
    placed = (before.latitude, before.longitude, after.latitude, after.longitude)
    if before.ended_at is None or any(value is None for value in placed):
        return None
    try:
        gap = datetime.fromisoformat(after.started_at) - datetime.fromisoformat(before.ended_at)
    except (ValueError, TypeError):  # no time of day, or one without its zone beside one with it
        return None
    minutes = gap.total_seconds() / 60.0
    straight = great_circle_km(*(float(value) for value in placed))
    road = after.travel_m / 1000 if after.travel_m else DEFAULT_SPEED.road_km(straight)
    if not 0.0 < minutes <= _LONGEST_MINUTES or road < straight * 0.95:
        return None
    # A mistyped odometer or a clock that was wrong says nothing about roads.
    if road > straight * _MOST_ROUND + _AROUND_KM or road / minutes * 60.0 > _FASTEST_KMH:
        return None
    return Trip(straight, road, minutes)


def spread(trips: list[Trip], speed: SpeedModel) -> float:
    """The median share by which a model misses the minutes of the trips; 0 without trips."""
    misses = [
        abs(speed.drive_minutes(trip.road_km) - trip.minutes) / trip.minutes
        for trip in trips
        if trip.straight_km >= 1.0 and trip.minutes > 0
    ]
    return statistics.median(misses) if misses else 0.0
