"""Customers as the planner's stops: where, how long, how often, what for, and on which days.

Owns reading them from the local database; :mod:`crmdesk.services.planning_problem` makes the
problem of them. Margins go over as major units: they rank plans and are never stored as money.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.week import Days, opening_hours
from crmdesk.planning.attention import attention
from crmdesk.planning.problem import Stop, VisitMode, Window
from crmdesk.planning.serving import Serving
from crmdesk.services.holding import Holding
from crmdesk.services.serving import read_servings
from crmdesk.storage.met import somebody_met

_LEAST_MARGIN = 2.0
_COVERAGE_MARGIN = 60.0


class Objective(StrEnum):
    """What a plan is best at."""

    MARGIN = "margin"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as stored and how it is served; days as dates.

    ``last_visit`` counts what is planned before the days in question. ``yearly_margin_minor`` is
    what the last twelve months brought after the cost of the goods.
    """

    id: int
    name: str
    latitude: float | None
    longitude: float | None
    city: str
    country: str
    region: str
    hours: Days
    serving: Serving
    usual_weekday: int | None
    last_visit: date | None
    last_contact: date | None
    acquired_on: date | None
    territory_id: int | None
    expected_margin_minor: int
    expected_net_minor: int
    yearly_margin_minor: int

    @property
    def place(self) -> tuple[float, float] | None:
        """Latitude and longitude, where they are known."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude

    @property
    def interval_days(self) -> int:
        """Days from one visit to the next, one at least."""
        return max(round(self.serving.model.interval_days), 1)


_QUERY = (
    "SELECT a.id, a.name, a.latitude, a.longitude, a.city, a.country, a.region, a.opening_hours,"  # noqa: S608
    " a.usual_weekday, a.acquired_on,"
    " nullif(max(coalesce(s.last_visit_on, ''), coalesce((SELECT max(p.date)"
    " FROM planned_visit p WHERE p.account_id = a.id AND p.mode = 'person'"
    " AND (p.status IN ('started', 'done') AND NOT EXISTS (SELECT 1 FROM visit v"
    " WHERE v.account_id = p.account_id AND v.planned_visit_id = p.id"
    f" AND NOT ({somebody_met('v')}))"
    " OR (p.status = 'planned' AND p.date >= :today AND p.date < :start))), '')), '')"
    " AS last_visit,"
    " (SELECT max(v.date) FROM visit v WHERE v.account_id = a.id AND v.mode <> 'person'"
    f" AND {somebody_met('v')})"
    " AS last_contact, a.territory_id,"
    " coalesce(s.expected_margin_minor, 0) AS expected_margin_minor,"
    " coalesce(s.expected_net_minor, 0) AS expected_net_minor,"
    " coalesce(s.net_12m_minor - s.cost_12m_minor, 0) AS yearly_margin_minor"
    " FROM account a LEFT JOIN summary_account s ON s.account_id = a.id"
    " WHERE a.status IN ('active', 'prospect', 'lapsed') AND a.merged_into_uid IS NULL"
    " AND (a.territory_id IS NULL OR a.territory_id IN (SELECT value FROM json_each(:mine))"
    " OR a.id IN (SELECT value FROM json_each(:named))) ORDER BY a.id"
)


def customers_of(
    connection: Connection, holding: Holding, today: date, start: date
) -> list[CustomerRow]:
    """The customers that are the rep's on at least one of the days."""
    rows = connection.exec_driver_sql(
        _QUERY,
        {
            "today": today.isoformat(), "start": start.isoformat(),
            "mine": json.dumps(sorted(holding.territories())),
            "named": json.dumps(sorted(holding.accounts())),
        },
    ).all()  # fmt: skip
    mine = [row for row in rows if any(holding.on_days(row.id, row.territory_id))]
    servings = read_servings(connection, [row.id for row in mine])
    return [_customer(row, servings[row.id]) for row in mine]


def _customer(row: Any, serving: Serving) -> CustomerRow:
    return CustomerRow(
        row.id, row.name, row.latitude, row.longitude, row.city or "",
        row.country or "", row.region or "",
        opening_hours(json.loads(row.opening_hours) if row.opening_hours else None), serving,
        row.usual_weekday, _day(row.last_visit), _day(row.last_contact), _day(row.acquired_on),
        row.territory_id, row.expected_margin_minor, row.expected_net_minor,
        row.yearly_margin_minor,
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def stop_of(
    customer: CustomerRow,
    place: int,
    opening: Sequence[tuple[Window, ...]],
    start: date,
    scale: int,
    objective: Objective,
) -> Stop:
    """The stop at matrix position ``place``; ``opening`` has the windows of each day.

    ``scale`` is how many minor units the major unit has.
    """
    serving, interval = customer.serving, customer.interval_days
    seen = customer.last_visit or start - timedelta(days=interval)
    clocks = attention(
        serving.model, customer.last_visit, customer.last_contact, start,
        since=customer.acquired_on,
    )  # fmt: skip
    margin = max(max(customer.yearly_margin_minor, 0) / scale * interval / 365, _LEAST_MARGIN)
    if objective is Objective.COVERAGE:
        margin = _COVERAGE_MARGIN
    contact, call = customer.last_contact, clocks.virtual_due
    return Stop(
        key=str(customer.id),
        place=place,
        visit_minutes=serving.model.visit_minutes,
        opening=tuple(opening),
        interval_days=float(interval),
        last_visit=max((seen - start).days, -400),
        margin=margin,
        overdue_per_day=margin * 0.01,
        usual_weekday=customer.usual_weekday,
        mode=VisitMode.VIRTUAL if serving.virtual_only else VisitMode.IN_PERSON,
        last_contact=None if contact is None else (contact - start).days,
        call_due=None if call is None else (call - start).days,
        location_known=customer.latitude is not None and customer.longitude is not None,
    )


def opening_on(
    customer: CustomerRow,
    days: Sequence[date],
    mine: Sequence[bool],
    closed: Mapping[date, str],
    agreed: Mapping[int, tuple[int, int]],
) -> list[tuple[Window, ...]]:
    """Opening windows on each of the days.

    None on days on which the customer is not the rep's or has a holiday (``closed``); ``agreed``
    are hours within which a visit may begin, by position of the day: they replace the opening.
    """
    windows: list[tuple[Window, ...]] = []
    for n, day in enumerate(days):
        if n in agreed:
            first, last = agreed[n]
            windows.append(((float(first), last + customer.serving.model.visit_minutes),))
        elif not mine[n] or day in closed:
            windows.append(())
        else:
            hours = customer.hours[day.weekday()]
            windows.append(tuple((float(a), float(b)) for a, b in hours))
    return windows
