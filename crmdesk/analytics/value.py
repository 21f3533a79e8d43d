"""What one account brought over a period, what it cost to serve, and what it is worth.

Owns the contribution waterfall (time-driven activity-based costing), the break-even order and the
constant form of lifetime value (Gupta & Lehmann). Money is an integer in minor units, in and out,
rounded half to even once per step of the waterfall; rates are integers at 1e−4 of the major unit.
Leaves gathering rows, versions of rates and currencies to its callers.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from crmdesk.analytics.figures import Figure, Missing
from crmdesk.domain.money import PRICE_SCALE, divide_half_even

PRACTICAL_CAPACITY = Fraction(4, 5)
_DAYS_IN_YEAR = 365
_METRES_IN_KM = 1000


class Step(StrEnum):
    """Steps of the waterfall, in the order in which they are drawn."""

    REVENUE = "revenue"
    DISCOUNTS = "discounts"
    COST_OF_GOODS = "cost_of_goods"
    VISITS = "visits"
    DELIVERY = "delivery"
    ORDERS = "orders"
    TICKETS = "tickets"
    RETURNS = "returns"
    DEBT = "debt"
    CONTRIBUTION = "contribution"


COST_TO_SERVE = (Step.VISITS, Step.DELIVERY, Step.ORDERS, Step.TICKETS, Step.RETURNS, Step.DEBT)


@dataclass(frozen=True, slots=True)
class CostRates:
    """The version of the rates that holds in the period, at 1e−4 of the major unit each.

    ``capital_bp`` is the yearly cost of capital in basis points.
    """

    minute_e4: int = 0
    kilometre_e4: int = 0
    order_e4: int = 0
    line_e4: int = 0
    drop_e4: int = 0
    ticket_e4: int = 0
    return_e4: int = 0
    capital_bp: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened with an account in the period.

    ``revenue_minor`` is at list price, before ``discounts_minor``; ``cost_of_goods_minor`` is
    ``None`` when the cost of some line is not known. ``contact_minutes`` counts visits with their
    share of driving, and calls; ``travel_metres`` the driving. ``debt_minor_days`` is the balance
    summed over the days of the period.
    """

    revenue_minor: int
    discounts_minor: int = 0
    cost_of_goods_minor: int | None = 0
    contact_minutes: int = 0
    travel_metres: int = 0
    orders: int = 0
    lines: int = 0
    drops: int = 0
    tickets: int = 0
    returns: int = 0
    debt_minor_days: int = 0


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One bar: its signed amount and the running total after it; both in minor units."""

    step: Step
    amount_minor: int
    running_minor: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The bars from revenue to contribution, and the sums that other screens show.

    Margin and contribution are missing where the cost of goods is not known; the bars then show
    what is known, and there is no bar for contribution.
    """

    steps: tuple[WaterfallStep, ...]
    net_revenue_minor: int
    gross_margin_minor: Figure[int]
    cost_to_serve_minor: int
    contribution_minor: Figure[int]
    gross_margin_share: Figure[float] = field(repr=False)

    def amount(self, step: Step) -> int:
        """Signed amount of a step; 0 where it has no bar."""
        return next((bar.amount_minor for bar in self.steps if bar.step is step), 0)


@dataclass(frozen=True, slots=True)
class LifetimeValue:
    """Constant-form lifetime value with the parameters it was made of.

    ``margin_minor`` per period, ``retention`` and ``discount`` per period; ``multiple`` is what
    one unit of margin is worth; ``acquisition_minor`` was subtracted.
    """

    value_minor: int
    margin_minor: int
    retention: float
    discount: float
    multiple: float
    acquisition_minor: int


def capacity_rate_e4(
    cost_minor: int, minutes: int, exponent: int = 2, practical: Fraction = PRACTICAL_CAPACITY
) -> Figure[int]:
    """Cost of capacity supplied ÷ practical capacity: a minute at 1e−4 of the major unit.

    ``minutes`` is the theoretical capacity of which ``practical`` can be used; ``exponent`` is
    that of the currency.
    """
    usable = minutes * practical
    if usable <= 0:
        return Figure(None, Missing.NO_VISITS)
    rate = Fraction(cost_minor * PRICE_SCALE, 10**exponent) / usable
    return Figure(divide_half_even(rate.numerator, rate.denominator))


def contribution_waterfall(activity: Activity, rates: CostRates, exponent: int = 2) -> Waterfall:
    """Revenue − discounts − cost of goods − cost to serve, bar by bar."""
    costs = _service_costs(activity, rates, exponent)
    goods = activity.cost_of_goods_minor
    amounts = {Step.REVENUE: activity.revenue_minor, Step.DISCOUNTS: -activity.discounts_minor}
    if goods is not None:
        amounts[Step.COST_OF_GOODS] = -goods
    amounts.update({step: -cost for step, cost in costs.items()})
    bars: list[WaterfallStep] = []
    running = 0
    for step, amount in amounts.items():
        running += amount
        bars.append(WaterfallStep(step, amount, running))
    net = activity.revenue_minor - activity.discounts_minor
    margin: Figure[int] = Figure(None, Missing.COST_UNKNOWN)
    contribution: Figure[int] = Figure(None, Missing.COST_UNKNOWN)
    if goods is not None:
        margin = Figure(net - goods)
        contribution = Figure(running)
        bars.append(WaterfallStep(Step.CONTRIBUTION, running, running))
    return Waterfall(
        steps=tuple(bars),
        net_revenue_minor=net,
        gross_margin_minor=margin,
        cost_to_serve_minor=sum(costs.values()),
        contribution_minor=contribution,
        gross_margin_share=gross_margin_share(net, goods),
    )


def gross_margin_share(net_minor: int, cost_of_goods_minor: int | None) -> Figure[float]:
    """(Net revenue − cost of goods) ÷ net revenue."""
    if cost_of_goods_minor is None:
        return Figure(None, Missing.COST_UNKNOWN)
    if net_minor <= 0:
        return Figure(None, Missing.NO_SALES)
    return Figure((net_minor - cost_of_goods_minor) / net_minor)


def break_even_order(
    visit_cost_minor: int, net_minor: int, cost_of_goods_minor: int | None
) -> Figure[int]:
    """Net order value at which its gross margin pays for the visit: cost ÷ margin share.

    Rounded up to the next minor unit, since anything less does not break even.
    """
    share = gross_margin_share(net_minor, cost_of_goods_minor)
    if share.value is None or cost_of_goods_minor is None:
        return Figure(None, share.reason)
    margin = net_minor - cost_of_goods_minor
    if margin <= 0:
        return Figure(None, Missing.NO_MARGIN)
    return Figure(-(-visit_cost_minor * net_minor // margin))


def lifetime_value(
    margin_minor: int,
    retention: float,
    discount: float,
    *,
    first_margin_today: bool = False,
    acquisition_minor: int = 0,
) -> Figure[LifetimeValue]:
    """m·r / (1 + i − r) − AC, or m·(1 + i) / (1 + i − r) − AC with the first margin today.

    Pass ``acquisition_minor`` for prospects only; it never concerns an existing customer. Raises
    ``ValueError`` for a retention outside 0 to 1 or a discount not above −1.
    """
    if not 0.0 <= retention <= 1.0 or discount <= -1.0:
        raise ValueError("retention must be within 0 and 1, and the discount above −1")
    rate, keep = Fraction(discount), Fraction(retention)
    spread = 1 + rate - keep
    if spread <= 0:
        return Figure(None, Missing.RETENTION_TOO_HIGH)
    multiple = ((1 + rate) if first_margin_today else keep) / spread
    worth = margin_minor * multiple
    value = divide_half_even(worth.numerator, worth.denominator) - acquisition_minor
    return Figure(
        LifetimeValue(value, margin_minor, retention, discount, float(multiple), acquisition_minor)
    )


def monthly_rate(yearly: float) -> float:
    """(1 + i)^(1/12) − 1."""
    return float((1.0 + yearly) ** (1.0 / 12.0) - 1.0)


def _service_costs(activity: Activity, rates: CostRates, exponent: int) -> dict[Step, int]:
    """Cost of each driver in minor units, every one rounded once."""
    scale = Fraction(10**exponent, PRICE_SCALE)
    driven = Fraction(activity.travel_metres, _METRES_IN_KM) * rates.kilometre_e4
    exact = {
        Step.VISITS: (activity.contact_minutes * rates.minute_e4 + driven) * scale,
        Step.DELIVERY: activity.drops * rates.drop_e4 * scale,
        Step.ORDERS: (activity.orders * rates.order_e4 + activity.lines * rates.line_e4) * scale,
        Step.TICKETS: activity.tickets * rates.ticket_e4 * scale,
        Step.RETURNS: activity.returns * rates.return_e4 * scale,
        Step.DEBT: Fraction(activity.debt_minor_days * rates.capital_bp, 10_000 * _DAYS_IN_YEAR),
    }
    return {
        step: divide_half_even(cost.numerator, cost.denominator) for step, cost in exact.items()
    }
