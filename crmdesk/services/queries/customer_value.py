"""What a customer brought in the last twelve months and what it cost to serve, step by step.

Owns gathering the activity of the period and the rates in force; the arithmetic is left to
:mod:`crmdesk.analytics.value`. The period is the twelve calendar months up to today, as in the
summaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
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
    """The waterfall of twelve months and what follows from it.

    `contribution_prior_minor` is that of the twelve months before; None for a newer customer.
    """

    waterfall: Waterfall
    contribution_prior_minor: int | None
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
            s.first_on,
        ).where(s.account_id == account_id)
    ).first()  # fmt: skip
    net, discount, cost, net_prior, cost_prior, first_on = row or (0, 0, 0, 0, 0, None)
    rates, exponent = read_rates(connection, today), currency_exponent(currency)
    since = period_start(today)
    year = _Period(since, today, today, net + discount, discount, cost)
    prior_since = since.replace(year=since.year - 1)
    before = _Period(prior_since, since - timedelta(days=1), today, net_prior, 0, cost_prior)
    waterfall = contribution_waterfall(_activity(connection, account_id, year), rates, exponent)
    prior = None
    if (
        net_prior
        and first_on is not None
        and first_on < (prior_since + timedelta(days=31)).isoformat()
    ):
        activity = _activity(connection, account_id, before)
        prior = contribution_waterfall(activity, rates, exponent).contribution_minor.value
    return CustomerValue(
        waterfall=waterfall,
        contribution_prior_minor=prior,
        break_even=break_even_order(visit_cost_minor(rates, currency), net, cost),
        lifetime=lifetime_value(net - cost, RETENTION, DISCOUNT),
    )


def visit_cost_minor(rates: CostRates, currency: str, minutes: int = USUAL_VISIT_MINUTES) -> int:
    """What a visit of so many minutes costs, driving aside."""
    scale = int(10 ** currency_exponent(currency))
    return divide_half_even(minutes * rates.minute_e4 * scale, 10_000)


@dataclass(frozen=True, slots=True)
class _Period:
    """Days from `since` to `until`, what was sold in them, and the day debts are counted to."""

    since: date
    until: date
    today: date
    revenue: int
    discount: int
    cost: int


def _activity(connection: Connection, account_id: int, period: _Period) -> Activity:
    def within(rows: Any) -> tuple[Any, ...]:
        day = rows.c.date
        return rows.c.account_id == account_id, day >= period.since, day <= period.until

    minutes = func.julianday(_visit.c.ended_at) - func.julianday(_visit.c.started_at)
    visits = _one(
        connection, select(func.coalesce(func.sum(minutes * 1440), 0)).where(*within(_visit))
    )
    driven = _one(
        connection,
        select(
            func.coalesce(func.sum(_plan.c.leg_minutes), 0),
            func.coalesce(func.sum(_plan.c.leg_m), 0),
        ).where(*within(_plan), _plan.c.status == "done"),
    )
    sold = _one(
        connection,
        select(
            func.count().filter(_sale.c.kind == "sale"),
            func.coalesce(func.sum(_sale.c.line_count).filter(_sale.c.kind == "sale"), 0),
            func.count().filter(_sale.c.kind == "return"),
        ).where(*within(_sale)),
    )
    tickets = _one(connection, select(func.count()).where(*within(_ticket)))
    return Activity(
        revenue_minor=period.revenue,
        discounts_minor=period.discount,
        cost_of_goods_minor=period.cost,
        contact_minutes=round(visits[0]) + driven[0],
        travel_metres=driven[1],
        orders=sold[0],
        lines=sold[1],
        drops=sold[0],
        tickets=tickets[0],
        returns=sold[2],
        debt_minor_days=_debt_days(connection, within(_invoice), period.today),
    )


def _debt_days(connection: Connection, invoices: tuple[Any, ...], today: date) -> int:
    """Invoice totals times the days until they were paid, or until today, in minor units × days."""
    paid_on = (
        select(func.max(_payment.c.date))
        .where(_payment.c.invoice_id == _invoice.c.id)
        .correlate(_invoice)
        .scalar_subquery()
    )
    until = func.coalesce(paid_on, today.isoformat(), type_=None)
    days = func.julianday(until) - func.julianday(_invoice.c.date)
    total = func.coalesce(func.sum(_invoice.c.total_minor * days), 0)
    minor_days: int = round(_one(connection, select(total).where(*invoices))[0])
    return minor_days


def _one(connection: Connection, query: Any) -> Any:
    return connection.execute(query).one()
