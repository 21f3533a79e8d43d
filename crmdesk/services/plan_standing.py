"""What is planned in a span of days, to tell whether it has changed since a plan was begun.

Owns what counts as a change: anything that a plan keeps, moves or takes out.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection


def what_is_planned(
    connection: Connection, user_id: int, first: date, last: date
) -> frozenset[tuple[object, ...]]:
    """The planned visits and calls of a span of days as far as a plan must know of them."""
    rows = connection.exec_driver_sql(
        "SELECT id, account_id, date, mode, status, locked, appointment, window_from, window_to"
        " FROM planned_visit WHERE user_id = ? AND date BETWEEN ? AND ?"
        " AND status <> 'cancelled'",
        (user_id, first.isoformat(), last.isoformat()),
    )
    return frozenset(tuple(row) for row in rows)
