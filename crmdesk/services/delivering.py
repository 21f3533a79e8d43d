"""When an order of a customer is delivered, by its lead days, our holidays and its own closures.

Owns reading these. The rule is :mod:`crmdesk.domain.delivery`'s.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.delivery import Closed, delivery_day, is_working

USUAL_LEAD_DAYS = 2
_HORIZON_DAYS = 120


def next_delivery(connection: Connection, account_id: int, ordered: date) -> date:
    """The day on which an order of a customer arrives when nobody says otherwise."""
    lead = connection.exec_driver_sql(
        "SELECT delivery_lead_days FROM account WHERE id = ?", (account_id,)
    ).scalar()
    return delivery_day(
        ordered,
        USUAL_LEAD_DAYS if lead is None else int(lead),
        holidays_from(connection, account_id, ordered),
        closed_days(connection, account_id),
    )


def cannot_arrive(connection: Connection, account_id: int, day: date) -> str:
    """Why nothing is delivered on a day: "weekend", "holiday", "closed", or empty."""
    if not is_working(day):
        return "weekend"
    if day in holidays_from(connection, account_id, day):
        return "holiday"
    closed = any(one.covers(day) for one in closed_days(connection, account_id))
    return "closed" if closed else ""


def holidays_from(connection: Connection, account_id: int, first: date) -> frozenset[date]:
    """The company's holidays of the next months, and those of the customer's region."""
    rows = connection.exec_driver_sql(
        "SELECT h.date FROM holiday h JOIN organisation o ON o.country = h.country"
        " WHERE h.date >= ? AND h.date <= ? AND (h.region IS NULL OR h.region ="
        " (SELECT region FROM account WHERE id = ?))",
        (first.isoformat(), (first + timedelta(days=_HORIZON_DAYS)).isoformat(), account_id),
    )
    return frozenset(date.fromisoformat(text) for (text,) in rows)


def closed_days(connection: Connection, account_id: int) -> tuple[Closed, ...]:
    """When a customer is closed, as it has told us."""
    rows = connection.exec_driver_sql(
        "SELECT from_date, to_date, yearly FROM closure WHERE account_id = ?", (account_id,)
    )
    return tuple(
        Closed(date.fromisoformat(first), date.fromisoformat(last), bool(yearly))
        for first, last, yearly in rows
    )
