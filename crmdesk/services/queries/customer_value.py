"""What a customer brought in the last twelve months and what it cost to serve, step by step.

Owns gathering the activity of the period and the rates in force; the arithmetic is left to
:mod:`crmdesk.analytics.value`. The period is the twelve calendar months up to today, as in the
summaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from crmdesk.analytics.figures import Figure
from crmdesk.analytics.value import (
    Activity,
    CostRates,
    LifetimeValue,
    Waterfall,
    break_even_order,
    contribution_waterfall,
    lifetime_value,
)
from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.storage.tables import summary_account, table

RETENTION = 0.8
DISCOUNT = 0.1
USUAL_VISIT_MINUTES = 20
_rate, _visit, _plan = table("cost_rate"), table("visit"), table("planned_visit")
_sale, _ticket, _invoice, _payment = (
    table("sale"), table("ticket"), table("invoice"), table("payment"),
)  # fmt: skip
_DRIVERS = {
    "minute": "minute_e4",
    "kilometre": "kilometre_e4",
    "order": "order_e4",
    "line": "line_e4",
    "drop": "drop_e4",
    "ticket": "ticket_e4",
    "return": "return_e4",
    "capital": "capital_bp",
}


@dataclass(frozen=True, slots=True)
class CustomerValue:
    """The waterfall of twelve months, the contribution before them, and what follows from both."""

    waterfall: Waterfall
    margin_prior_minor: int
    break_even: Figure[int]
    lifetime: Figure[LifetimeValue]


def period_start(today: date) -> date:
    """The first of the twelve calendar months that end with today's."""
    number = today.year * 12 + today.month - 12
    return date(number // 12, number % 12 + 1, 1)


def read_rates(connection: Connection, today: date) -> CostRates:
    """The newest version of every rate that is in force today."""
    query = (
        select(_rate.c.driver, _rate.c.rate_e4)
        .where(_rate.c.valid_from <= today)
        .order_by(_rate.c.valid_from)
    )
    found = {
        _DRIVERS[driver]: rate for driver, rate in connection.execute(query) if driver in _DRIVERS
    }
    return CostRates(**found)


def read_value(
    connection: Connection, account_id: int, today: date, currency: str
) -> CustomerValue:
    """The value of one customer, from its summary and the events of the period."""
    s = summary_account.c
    row = connection.execute(
        select(
            s.net_12m_minor, s.discount_12m_minor, s.cost_12m_minor, s.net_prior_12m_minor,
            s.cost_prior_12m_minor,
        ).where(s.account_id == account_id)
    ).first()  # fmt: skip
    net, discount, cost, net_prior, cost_prior = row or (0, 0, 0, 0, 0)
    rates = read_rates(connection, today)
    activity = _activity(connection, account_id, today, net + discount, discount, cost)
    waterfall = contribution_waterfall(activity, rates, currency_exponent(currency))
    return CustomerValue(
        waterfall=waterfall,
        margin_prior_minor=net_prior - cost_prior,
        break_even=break_even_order(visit_cost_minor(rates, currency), net, cost),
        lifetime=lifetime_value(net - cost, RETENTION, DISCOUNT),
    )


def visit_cost_minor(rates: CostRates, currency: str, minutes: int = USUAL_VISIT_MINUTES) -> int:
    """What a visit of so many minutes costs, driving aside."""
    scale = int(10 ** currency_exponent(currency))
    return divide_half_even(minutes * rates.minute_e4 * scale, 10_000)


def _activity(
    connection: Connection, account_id: int, today: date, revenue: int, discount: int, cost: int
) -> Activity:
    since = period_start(today)
    minutes = func.julianday(_visit.c.ended_at) - func.julianday(_visit.c.started_at)
    visits = _one(
        connection,
        select(func.coalesce(func.sum(minutes * 1440), 0)).where(
            _visit.c.account_id == account_id, _visit.c.date >= since
        ),
    )
    driven = _one(
        connection,
        select(
            func.coalesce(func.sum(_plan.c.leg_minutes), 0),
            func.coalesce(func.sum(_plan.c.leg_m), 0),
        ).where(_plan.c.account_id == account_id, _plan.c.date >= since, _plan.c.status == "done"),
    )
    sold = _one(
        connection,
        select(
            func.count().filter(_sale.c.kind == "sale"),
            func.coalesce(func.sum(_sale.c.line_count).filter(_sale.c.kind == "sale"), 0),
            func.count().filter(_sale.c.kind == "return"),
        ).where(_sale.c.account_id == account_id, _sale.c.date >= since),
    )
    tickets = _one(
        connection,
        select(func.count()).where(_ticket.c.account_id == account_id, _ticket.c.date >= since),
    )
    return Activity(
        revenue_minor=revenue,
        discounts_minor=discount,
        cost_of_goods_minor=cost,
        contact_minutes=round(visits[0]) + driven[0],
        travel_metres=driven[1],
        orders=sold[0],
        lines=sold[1],
        drops=sold[0],
        tickets=tickets[0],
        returns=sold[2],
        debt_minor_days=_debt_days(connection, account_id, since, today),
    )


def _debt_days(connection: Connection, account_id: int, since: date, today: date) -> int:
    """Invoice totals times the days until they were paid, or until today, in minor units × days."""
    paid_on = (
        select(func.max(_payment.c.date))
        .where(_payment.c.invoice_id == _invoice.c.id)
        .correlate(_invoice)
        .scalar_subquery()
    )
    until = func.coalesce(paid_on, today.isoformat(), type_=None)
    days = func.julianday(until) - func.julianday(_invoice.c.date)
    row = _one(
        connection,
        select(func.coalesce(func.sum(_invoice.c.total_minor * days), 0)).where(
            _invoice.c.account_id == account_id, _invoice.c.date >= since
        ),
    )
    minor_days: int = round(row[0])
    return minor_days


def _one(connection: Connection, query: Any) -> Any:
    return connection.execute(query).one()
