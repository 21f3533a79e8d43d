"""The day at the company: where its people are it may be tomorrow before HQ's machine says so."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmdesk.hq.database.store import HqConnection


def company_day(connection: HqConnection, now: datetime) -> date:
    """The day of an instant in the company's time zone; in UTC where it names none known."""
    row = connection.execute(
        "SELECT time_zone FROM organisation WHERE NOT deleted ORDER BY uid LIMIT 1"
    ).fetchone()
    try:
        zone = ZoneInfo("UTC" if row is None else str(row[0]))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return now.astimezone(zone).date()
