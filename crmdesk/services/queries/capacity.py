"""Hours that reps have for customers in a month: the working week less leave, holidays, pauses."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.planning.effort import MONTH_DAYS
from crmdesk.services.rep_days import rep_days
from crmdesk.services.workspace import Workspace

LOOK_AHEAD_DAYS = 84


def reps(connection: Connection) -> list[tuple[int, str]]:
    """The active reps by name: local id and name."""
    return [
        (int(key), str(name))
        for key, name in connection.exec_driver_sql(
            "SELECT id, name FROM app_user WHERE active AND role = 'rep' ORDER BY name, id"
        )
    ]


def hours_there(connection: Connection, ws: Workspace, user_id: int) -> float:
    """Working hours of a rep in a month, as the coming twelve weeks have them."""
    first = ws.today()
    last = first + timedelta(days=LOOK_AHEAD_DAYS - 1)
    minutes = _minutes(connection, ws, user_id, first, last)
    return minutes / 60.0 * MONTH_DAYS / LOOK_AHEAD_DAYS


def _minutes(connection: Connection, ws: Workspace, user_id: int, first: date, last: date) -> float:
    total = 0.0
    for day in rep_days(connection, user_id, first, last, ws.country).values():
        if day.work is None:
            continue
        total += day.work.minutes
        total -= sum(until - begin for begin, until in day.away)
    return max(total, 0.0)
