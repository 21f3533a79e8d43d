"""The share of a rep's customers that are not overdue, day by day of a week.

Owns that one figure: of the customers served in person, those whose last visit, made or planned,
lies at most 1.25 of their intervals back at the end of the day.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.planning.value import SaturatingValue
from crmdesk.services.holding import Holding
from crmdesk.services.planning_customers import CustomerRow, customers_of
from crmdesk.storage.met import somebody_met

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


def coverage_by_day(
    connection: Connection, ws: Workspace, user_id: int, monday: date
) -> dict[date, float]:
    """The share, 0 to 1, for each day of the week; empty without customers."""
    days = [monday + timedelta(days=n) for n in range(7)]
    holding = Holding(connection, user_id, ws.today(), days)
    customers = [
        customer
        for customer in customers_of(connection, holding, ws.today(), monday)
        if not customer.serving.virtual_only
    ]
    if not customers:
        return {}
    seen = _seen(connection, user_id, [one.id for one in customers], monday, ws.today())
    return {
        day: sum(_is_covered(c, seen.get(c.id, []), day) for c in customers) / len(customers)
        for day in days
    }


def _seen(
    connection: Connection, user_id: int, accounts: Sequence[int], monday: date, today: date
) -> dict[int, list[date]]:
    """Days of visits by customer: the last one before the week, and those made or planned in it."""
    found: dict[int, list[date]] = {}
    # Customer by customer: a company's visits are many more than those of one rep's customers.
    rows = connection.exec_driver_sql(
        "WITH mine AS MATERIALIZED (SELECT value AS key FROM json_each(:accounts))"
        " SELECT key, day FROM (SELECT key, (SELECT date FROM visit WHERE account_id = key"
        f" AND mode = 'person' AND date < :monday AND {somebody_met()}"
        " ORDER BY date DESC LIMIT 1) AS day FROM mine) WHERE day IS NOT NULL"
        " UNION SELECT key, date FROM mine CROSS JOIN visit WHERE account_id = key"
        f" AND mode = 'person' AND date >= :monday AND {somebody_met()}"
        " UNION SELECT account_id, date FROM planned_visit WHERE mode = 'person'"
        " AND user_id = :user AND (status IN ('started', 'done')"
        " OR (status = 'planned' AND date >= :today)) AND date < :sunday AND date >= :first",
        {
            "monday": monday.isoformat(), "today": today.isoformat(), "user": user_id,
            "accounts": json.dumps(list(accounts)),
            "sunday": (monday + timedelta(days=7)).isoformat(),
            "first": min(monday, today).isoformat(),
        },
    )  # fmt: skip
    for account, day in rows:
        found.setdefault(account, []).append(date.fromisoformat(day))
    for days in found.values():
        days.sort()
    return found


def _is_covered(customer: CustomerRow, seen: list[date], day: date) -> bool:
    before = bisect_right(seen, day)
    if not before:
        # Never visited: due since the relation began, as the planner takes it.
        since = customer.acquired_on
        return since is not None and (day - since).days <= customer.interval_days
    gap = (day - seen[before - 1]).days
    return SaturatingValue().overdue_days(float(customer.interval_days), float(gap)) <= 0.0
