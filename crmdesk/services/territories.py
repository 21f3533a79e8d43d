"""Whose territories are whose on a day.

Owns reading ``territory_user`` by its dates: a cover that has ended, or is still to come, counts
for nothing.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

_HOLDS = (
    "(m.valid_from IS NULL OR m.valid_from <= :day) AND (m.valid_to IS NULL OR m.valid_to >= :day)"
)


def territory_names(connection: Connection, user_id: int, day: date) -> str:
    """The territories somebody has on a day, their own before those they stand in for."""
    names = connection.exec_driver_sql(
        "SELECT t.name FROM territory_user m JOIN territory t ON t.id = m.territory_id"  # noqa: S608
        f" WHERE m.user_id = :user AND {_HOLDS}"
        " GROUP BY t.id ORDER BY min(m.valid_to IS NOT NULL), min(m.id)",
        {"user": user_id, "day": day.isoformat()},
    ).scalars()
    return ", ".join(str(name) for name in names)


def territory_holders(connection: Connection, territory_id: int | None, day: date) -> str:
    """Who has a territory on a day, its own people before those who stand in."""
    names = connection.exec_driver_sql(
        "SELECT u.name FROM territory_user m JOIN app_user u ON u.id = m.user_id"  # noqa: S608
        f" WHERE m.territory_id = :territory AND {_HOLDS}"
        " GROUP BY u.id ORDER BY min(m.valid_to IS NOT NULL), min(m.id)",
        {"territory": territory_id, "day": day.isoformat()},
    ).scalars()
    return ", ".join(str(name) for name in names)


def own_territory(connection: Connection, user_id: int, day: date) -> int | None:
    """The territory that a new customer of somebody lies in; one of their own before a cover."""
    found = connection.exec_driver_sql(
        f"SELECT m.territory_id FROM territory_user m WHERE m.user_id = :user AND {_HOLDS}"  # noqa: S608
        " ORDER BY m.valid_to IS NOT NULL, m.id LIMIT 1",
        {"user": user_id, "day": day.isoformat()},
    ).scalar()
    return None if found is None else int(found)
