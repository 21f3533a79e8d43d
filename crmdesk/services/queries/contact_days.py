"""The next days on which a contact can be planned, and how full they are.

Owns which days those are for the person working: no days off, no leave, no holidays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crmdesk.domain.week import working_week

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_LOOK_AHEAD = 60


@dataclass(frozen=True, slots=True)
class ContactDay:
    """A day with the visits and calls already planned on it."""

    day: date
    visits: int
    calls: int


def contact_days(ws: Workspace, count: int = 8) -> tuple[ContactDay, ...]:
    """The next ``count`` working days from today on."""
    today = ws.today()
    last = today + timedelta(days=_LOOK_AHEAD)
    span = (today.isoformat(), last.isoformat())
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        week = run("SELECT working_week FROM app_user WHERE id = ?", (ws.user.id,)).scalar()
        off = {
            date.fromisoformat(row[0])
            for row in run(
                "SELECT date FROM holiday WHERE date BETWEEN ? AND ? AND country ="
                " (SELECT country FROM organisation LIMIT 1)",
                span,
            )
        }
        leave = [
            (date.fromisoformat(first), date.fromisoformat(end))
            for first, end in run(
                "SELECT from_date, to_date FROM user_leave WHERE user_id = ? AND to_date >= ?",
                (ws.user.id, span[0]),
            )
        ]
        planned = {
            date.fromisoformat(day): (int(visits), int(every) - int(visits))
            for day, visits, every in run(
                "SELECT date, sum(mode = 'person'), count(*) FROM planned_visit WHERE user_id = ?"
                " AND date BETWEEN ? AND ? AND status <> 'cancelled' GROUP BY date",
                (ws.user.id, *span),
            )
        }
    working = working_week(json.loads(week) if week else None)
    days = (today + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD))
    free = [
        day
        for day in days
        if working.shift(day.weekday()) is not None
        and day not in off
        and not any(first <= day <= end for first, end in leave)
    ]
    return tuple(ContactDay(day, *planned.get(day, (0, 0))) for day in free[:count])
