"""Towns of the customers, for saying where a day begins or ends. Owns reading them with a place."""

from __future__ import annotations

from crmdesk.services.rep_days import DayPlace
from crmdesk.services.workspace import Workspace


def towns(ws: Workspace) -> tuple[DayPlace, ...]:
    """Every town with a customer whose place is known, in the middle of those; by name."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT city, avg(latitude), avg(longitude) FROM account WHERE city <> ''"
            " AND latitude IS NOT NULL AND longitude IS NOT NULL GROUP BY city ORDER BY city"
        ).all()
    return tuple(DayPlace(row[1], row[2], row[0]) for row in rows)
