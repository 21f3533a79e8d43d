"""What a customer brought in the last twelve months and what it cost to serve, step by step.

Owns gathering sales and activity of the period and the rates in force; the arithmetic is left to
:mod:`crmdesk.analytics.value`. The period is the twelve calendar months up to today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Date, Integer, Select, bindparam, func, select

from crmdesk.analytics.figures import Figure, Missing
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
_sale, _line, _ticket, _invoice, _payment = (
    table("sale"), table("sale_line"), table("ticket"), table("invoice"), table("payment"),
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

    `contribution_prior_minor` is that of the same days a year before; None for a newer customer
    and where a cost of then is not known.
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
    """The value of one customer, from the sales and events of the period."""
    first_on = connection.execute(
        select(summary_account.c.first_on).where(summary_account.c.account_id == account_id)
    ).scalar()
    rates, exponent = read_rates(connection, today), currency_exponent(currency)
    since = period_start(today)
    year = _activity(connection, account_id, since, today, today)
    waterfall = contribution_waterfall(year, rates, exponent)
    # As many days of the year before: twelve whole months are more than eleven and a few days.
    prior_since, prior = since.replace(year=since.year - 1), None
    if first_on is not None and first_on < (prior_since + timedelta(days=31)).isoformat():
        before = _activity(connection, account_id, prior_since, _year_before(today), today)
        if before.revenue_minor - before.discounts_minor:
            prior = contribution_waterfall(before, rates, exponent).contribution_minor.value
    net, cost = waterfall.net_revenue_minor, year.cost_of_goods_minor
    return CustomerValue(
        waterfall=waterfall,
        contribution_prior_minor=prior,
        break_even=break_even_order(visit_cost_minor(rates, currency), net, cost),
        lifetime=Figure(None, Missing.COST_UNKNOWN)
        if cost is None
        else lifetime_value(net - cost, RETENTION, DISCOUNT),
    )


def visit_cost_minor(rates: CostRates, currency: str, minutes: int = USUAL_VISIT_MINUTES) -> int:
    """What a visit of so many minutes costs, driving aside."""
    scale = int(10 ** currency_exponent(currency))
    return divide_half_even(minutes * rates.minute_e4 * scale, 10_000)


def _year_before(day: date) -> date:
    """The same day a year before; of 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _activity(
    connection: Connection, account_id: int, since: date, until: date, today: date
) -> Activity:
    """What happened on some days; debts are counted up to ``today``.

    The cost of goods is not known where that of a line is not.
    """
    span = {"account": account_id, "since": since, "until": until, "today": today}
    row = connection.execute(_activity_query(), span).one()
    return Activity(
        revenue_minor=row.net + row.discount,
        discounts_minor=row.discount,
        cost_of_goods_minor=None if row.uncosted else row.cost,
        contact_minutes=round(row.visit_minutes) + row.leg_minutes,
        travel_metres=row.leg_m,
        orders=row.sales,
        lines=row.lines,
        drops=row.sales,
        tickets=row.tickets,
        returns=row.returns,
        debt_minor_days=round(row.debt),
    )


@lru_cache(maxsize=1)
def _activity_query() -> Select[Any]:
    """Everything that happened in a period as one row; built once."""
    account = bindparam("account", type_=Integer())
    since, until = bindparam("since", type_=Date()), bindparam("until", type_=Date())

    def one(rows: Any, figure: Any, *more: Any) -> Any:
        day = rows.c.date
        within = (rows.c.account_id == account, day >= since, day <= until, *more)
        return select(figure).where(*within).scalar_subquery()

    def total(column: Any) -> Any:
        return func.coalesce(func.sum(column), 0)

    bought = _sale.join(_line, _line.c.parent_id == _sale.c.id)
    within = (_sale.c.account_id == account, _sale.c.date >= since, _sale.c.date <= until)
    goods = (
        select(
            total(_line.c.net_minor).label("net"), total(_line.c.discount_minor).label("discount"),
            total(_line.c.cost_minor).label("cost"),
            total(_line.c.cost_minor.is_(None)).label("uncosted"),
        ).select_from(bought).where(*within).subquery("goods")
    )  # fmt: skip
    minutes = (func.julianday(_visit.c.ended_at) - func.julianday(_visit.c.started_at)) * 1440
    done, sold = _plan.c.status == "done", _sale.c.kind == "sale"
    lent = func.julianday(_payment.c.date) - func.julianday(_invoice.c.date)
    paid = (
        select(total(_payment.c.amount_minor * func.max(lent, 0)))
        .where(_payment.c.invoice_id == _invoice.c.id)
        .correlate(_invoice)
        .scalar_subquery()
    )
    still = func.julianday(bindparam("today", type_=Date())) - func.julianday(_invoice.c.date)
    debt = paid + _invoice.c.open_minor * still
    return select(
        *goods.c,
        one(_visit, total(minutes)).label("visit_minutes"),
        one(_plan, total(_plan.c.leg_minutes), done).label("leg_minutes"),
        one(_plan, total(_plan.c.leg_m), done).label("leg_m"),
        one(_sale, func.count(), sold).label("sales"),
        one(_sale, total(_sale.c.line_count), sold).label("lines"),
        one(_sale, func.count(), _sale.c.kind == "return").label("returns"),
        one(_ticket, func.count()).label("tickets"),
        one(_invoice, total(debt)).label("debt"),
    )
