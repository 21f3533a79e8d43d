"""Steps inside a transaction that several changes of a plan share: whether a visit may still be
changed, its place by the clock, room for it, and the times of its day.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.day_times import times_of_day


def changeable(connection: Connection, planned_visit_id: int) -> tuple[int, date]:
    """Whose it is and its day. Raises NotFound, or UserError once it is done or under way."""
    row = connection.exec_driver_sql(
        "SELECT user_id, date, status FROM planned_visit WHERE id = ?", (planned_visit_id,)
    ).first()
    if row is None:
        raise NotFound(_("This stop is no longer in the plan."))
    if row[2] != "planned":
        raise UserError(_("This visit is finished and cannot be changed."))
    return int(row[0]), date.fromisoformat(row[1])


def insert(connection: Connection, user_id: int, account_id: int, day: date) -> int:
    """A new planned visit with nothing but whom, who and when; its local id."""
    return int(
        connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date) VALUES (?, ?, ?, ?)"
            " RETURNING id",
            (new_uid(), account_id, user_id, day.isoformat()),
        ).scalar_one()
    )


def place_by_clock(
    connection: Connection, user_id: int, day: date, minute: int, moving: int
) -> int:
    """The sequence at which a visit that begins at ``minute`` stands among those of a day."""
    later = connection.exec_driver_sql(
        "SELECT min(sequence) FROM planned_visit WHERE user_id = ? AND date = ? AND id <> ?"
        " AND mode = 'person' AND status = 'planned' AND start_minute > ?",
        (user_id, day.isoformat(), moving, minute),
    ).scalar()
    if later is not None:
        return int(later)
    last = connection.exec_driver_sql(
        "SELECT coalesce(max(sequence), 0) FROM planned_visit WHERE user_id = ? AND date = ?"
        " AND id <> ? AND mode = 'person' AND status <> 'cancelled'",
        (user_id, day.isoformat(), moving),
    ).scalar_one()
    return int(last) + 1


def make_room(connection: Connection, user_id: int, day: date, sequence: int, moving: int) -> None:
    """Shift those from ``sequence`` on by one."""
    connection.exec_driver_sql(
        "UPDATE planned_visit SET sequence = sequence + 1 WHERE user_id = ? AND date = ?"
        " AND sequence >= ? AND id <> ?",
        (user_id, day.isoformat(), sequence, moving),
    )


def retime(connection: Connection, user_id: int, day: date) -> list[int]:
    """Write sequence and times of a day anew after a change by hand, in the order it has.

    An hour that was agreed without a window is kept; returns the ids of the visits.
    """
    rows = times_of_day(connection, user_id, day)
    for row in rows:
        connection.exec_driver_sql(
            "UPDATE planned_visit SET sequence = ?, leg_m = ?, leg_minutes = ?, start_minute ="
            " CASE WHEN appointment AND window_from IS NULL THEN start_minute ELSE ? END"
            " WHERE id = ?",
            (row.sequence, row.leg_m, row.leg_minutes, row.start_minute, row.id),
        )
    return [row.id for row in rows]
