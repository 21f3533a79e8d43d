"""The days of a rep as they will be: hours, pauses, where they begin and end, what is off.

Owns putting the working week, a day's own setting, leave and holidays together; the planner, the
times of a day and the week board all ask here. Entering leave is :mod:`crmdesk.services.leave`,
a day's own setting :mod:`crmdesk.services.day_settings`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.week import Span, WorkingWeek, working_week
from crmdesk.domain.workday import WorkDay, hours_off, shifts_of, work_day


@dataclass(frozen=True, slots=True)
class DayPlace:
    """Where a day begins or ends; without a name it is home."""

    latitude: float
    longitude: float
    name: str = ""

    @property
    def point(self) -> tuple[float, float]:
        """Latitude and longitude in degrees."""
        return self.latitude, self.longitude


@dataclass(frozen=True, slots=True)
class RepDay:
    """One calendar day of a rep.

    ``work`` is None when nothing is worked; ``off`` then names the holiday or the kind of leave
    (empty on an ordinary day off). ``away`` are hours of leave on a day that is worked.
    ``set_here`` is true when the day has hours, places or kilometres of its own.
    """

    date: date
    work: WorkDay | None
    off: str
    away: tuple[Span, ...]
    start: DayPlace | None
    end: DayPlace | None
    max_km: int
    set_here: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """Where somebody lives, for holidays: country and, where it is known, the region's code."""

    country: str
    region: str = ""


def rep_days(
    connection: Connection, user_id: int, first: date, last: date, country: str
) -> dict[date, RepDay]:
    """Every calendar day from ``first`` to ``last``, both included.

    A day begins where the one before ended when that was away from home (a hotel), unless it says
    otherwise. Hours of its own make a holiday a working day; leave stays leave.
    """
    week, home, region = _rep(connection, user_id, country)
    off = holidays(connection, first, last, region)
    leave = _leave(connection, user_id, first, last)
    settings = _settings(connection, user_id, first - timedelta(days=1), last)
    days = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        own = settings.get(day, {})
        shifts = shifts_of(own.get("shifts"))
        kinds, away = leave.get(day, ("", ()))
        reason = kinds or ("" if shifts else off.get(day, ""))
        work = None
        if not reason:
            work = work_day(week, day.weekday(), shifts=shifts, away=away)
        night = settings.get(day - timedelta(days=1), {}).get("end")
        days[day] = RepDay(
            day, work, reason, away if work is not None else (),
            own.get("start") or night or home, own.get("end") or home,
            own.get("max_km") or week.max_km, set_here=bool(own),
        )  # fmt: skip
    return days


def region_of(connection: Connection, user_id: int, country: str) -> Region:
    """Where a rep lives: what the working week says, else the company's country."""
    return _rep(connection, user_id, country)[2]


def _rep(
    connection: Connection, user_id: int, country: str
) -> tuple[WorkingWeek, DayPlace | None, Region]:
    row = connection.exec_driver_sql(
        "SELECT u.working_week, h.latitude, h.longitude FROM app_user u"
        " LEFT JOIN home_base h ON h.user_id = u.id WHERE u.id = ?",
        (user_id,),
    ).one()
    document = json.loads(row[0]) if row[0] else None
    home = None if row[1] is None or row[2] is None else DayPlace(float(row[1]), float(row[2]))
    said: Mapping[str, Any] = document if isinstance(document, dict) else {}
    own, region = said.get("country"), said.get("region")
    return (
        working_week(document),
        home,
        Region(own if isinstance(own, str) else country, region if isinstance(region, str) else ""),
    )


def holidays(connection: Connection, first: date, last: date, where: Region) -> dict[date, str]:
    """Names of the holidays of a country, and of the region in it, by day."""
    rows = connection.exec_driver_sql(
        "SELECT date, name FROM holiday WHERE date BETWEEN ? AND ? AND country = ?"
        " AND (coalesce(region, '') = '' OR region = ?) ORDER BY date, region IS NOT NULL DESC",
        (first.isoformat(), last.isoformat(), where.country, where.region),
    )
    return {date.fromisoformat(day): str(name) for day, name in rows}


def _leave(
    connection: Connection, user_id: int, first: date, last: date
) -> dict[date, tuple[str, tuple[Span, ...]]]:
    """By day: the kind when the whole day is off, and the hours off otherwise."""
    found: dict[date, tuple[str, tuple[Span, ...]]] = {}
    rows = connection.exec_driver_sql(
        "SELECT from_date, to_date, kind, from_minute, to_minute FROM user_leave"
        " WHERE user_id = ? AND from_date <= ? AND to_date >= ? ORDER BY from_date, id",
        (user_id, last.isoformat(), first.isoformat()),
    )
    for begin, end, kind, from_minute, to_minute in rows:
        hours = hours_off(from_minute, to_minute)
        day = max(first, date.fromisoformat(begin))
        while day <= min(last, date.fromisoformat(end)):
            whole, parts = found.get(day, ("", ()))
            found[day] = (whole or kind, parts) if hours is None else (whole, (*parts, hours))
            day += timedelta(days=1)
    return found


def _settings(
    connection: Connection, user_id: int, first: date, last: date
) -> dict[date, dict[str, Any]]:
    rows = connection.exec_driver_sql(
        "SELECT date, start_name, start_latitude, start_longitude, end_name, end_latitude,"
        " end_longitude, shifts, max_km FROM day_setting"
        " WHERE user_id = ? AND date BETWEEN ? AND ?",
        (user_id, first.isoformat(), last.isoformat()),
    )
    found = {}
    for row in rows:
        own: dict[str, Any] = {
            "start": _place(row[1], row[2], row[3]),
            "end": _place(row[4], row[5], row[6]),
            "shifts": _json(row[7]),
            "max_km": row[8] if row[8] and row[8] > 0 else None,
        }
        kept = {key: value for key, value in own.items() if value is not None}
        if kept:
            found[date.fromisoformat(row[0])] = kept
    return found


def _place(name: str | None, latitude: float | None, longitude: float | None) -> DayPlace | None:
    if latitude is None or longitude is None:
        return None
    return DayPlace(float(latitude), float(longitude), name or "")


def _json(text: str | None) -> object:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None
