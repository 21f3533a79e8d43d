"""The way to a customer from where the rep was last: metres by road, as far as they are known.

Owns where somebody was last on a day: the customer of the visit before, or home.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km

Place = tuple[float, float]


def last_place(connection: Connection, user_id: int, day: date) -> Place | None:
    """Where a person was last on a day; home before the first visit, None where nobody knows."""
    row = connection.exec_driver_sql(
        "SELECT a.latitude, a.longitude FROM visit v JOIN account a ON a.id = v.account_id"
        " WHERE v.user_id = ? AND v.date = ? AND v.mode = 'person'"
        " ORDER BY v.started_at DESC, v.id DESC LIMIT 1",
        (user_id, day.isoformat()),
    ).first()
    return _place(row) or home_of(connection, user_id)


def home_of(connection: Connection, user_id: int) -> Place | None:
    """Where a person's day begins and ends."""
    return _place(
        connection.exec_driver_sql(
            "SELECT latitude, longitude FROM home_base WHERE user_id = ?", (user_id,)
        ).first()
    )


def place_of(connection: Connection, account_id: int) -> Place | None:
    """Where a customer is."""
    return _place(
        connection.exec_driver_sql(
            "SELECT latitude, longitude FROM account WHERE id = ?", (account_id,)
        ).first()
    )


def leg_m(connection: Connection, user_id: int, day: date, account_id: int) -> int | None:
    """Metres by road from where a person was last to a customer; None where either is unknown."""
    here, there = last_place(connection, user_id, day), place_of(connection, account_id)
    return None if here is None or there is None else metres(here, there)


def metres(here: Place, there: Place) -> int:
    """Metres by road between two places, estimated from the straight line."""
    return round(DEFAULT_SPEED.road_km(great_circle_km(*here, *there)) * 1000)


def drive_minutes(road_m: int) -> int:
    """Minutes for so many metres by road."""
    return round(DEFAULT_SPEED.drive_minutes(road_m / 1000)) if road_m > 0 else 0


def _place(row: Sequence[Any] | None) -> Place | None:
    if row is None:
        return None
    if row[0] is None or row[1] is None:
        return None
    return float(row[0]), float(row[1])
