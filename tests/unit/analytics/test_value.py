"""Contribution, break-even order and lifetime value, to the minor unit."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.figures import Figure, Missing
from crmdesk.analytics.value import (
    COST_TO_SERVE,
    Activity,
    CostRates,
    Step,
    break_even_order,
    capacity_rate_e4,
    contribution_waterfall,
    gross_margin_share,
    lifetime_value,
    monthly_rate,
)

RATES = CostRates(
    minute_e4=5_500,
    kilometre_e4=3_200,
    order_e4=25_000,
    line_e4=1_500,
    drop_e4=90_000,
    ticket_e4=120_000,
    return_e4=150_000,
    capital_bp=800,
)
YEAR = Activity(
    revenue_minor=1_000_000,
    discounts_minor=50_000,
    cost_of_goods_minor=600_000,
    contact_minutes=480,
    travel_metres=120_500,
    orders=12,
    lines=140,
    drops=12,
    tickets=2,
    returns=1,
    debt_minor_days=36_500_000,
)


def test_the_waterfall_by_hand():
    result = contribution_waterfall(YEAR, RATES)
    expected = {
        Step.REVENUE: 1_000_000,
        Step.DISCOUNTS: -50_000,
        Step.COST_OF_GOODS: -600_000,
        Step.VISITS: -(26_400 + 3_856),
        Step.DELIVERY: -10_800,
        Step.ORDERS: -(3_000 + 2_100),
        Step.TICKETS: -2_400,
        Step.RETURNS: -1_500,
        Step.DEBT: -8_000,
    }
    assert {step: result.amount(step) for step in expected} == expected
    assert result.contribution_minor == Figure(sum(expected.values()))
    assert result.gross_margin_minor == Figure(350_000)
    assert result.net_revenue_minor == 950_000
    assert result.steps[-1].amount_minor == result.steps[-2].running_minor


AMOUNT = st.integers(0, 10**10)


@given(AMOUNT, AMOUNT, AMOUNT, st.integers(0, 10**5), st.integers(0, 10**7), AMOUNT)
def test_the_bars_add_up(revenue, discounts, goods, minutes, metres, debt):
    done = Activity(
        revenue,
        discounts,
        goods,
        contact_minutes=minutes,
        travel_metres=metres,
        debt_minor_days=debt,
    )
    result = contribution_waterfall(done, RATES)
    bars = result.steps[:-1]
    assert sum(bar.amount_minor for bar in bars) == result.contribution_minor.value
    assert -sum(result.amount(step) for step in COST_TO_SERVE) == result.cost_to_serve_minor
    assert result.contribution_minor.value == (
        result.gross_margin_minor.value - result.cost_to_serve_minor
    )


def test_currencies_without_or_with_three_decimals():
    one = Activity(revenue_minor=0, orders=2)
    rates = CostRates(order_e4=15_000)
    assert contribution_waterfall(one, rates, exponent=0).amount(Step.ORDERS) == -3
    assert contribution_waterfall(one, rates, exponent=3).amount(Step.ORDERS) == -3_000


def test_halves_round_to_even():
    rates = CostRates(order_e4=50)
    costs = [
        contribution_waterfall(Activity(0, orders=n), rates).cost_to_serve_minor for n in (1, 3, 5)
    ]
    assert costs == [0, 2, 2]


def test_an_unknown_cost_is_a_reason_and_not_a_zero():
    result = contribution_waterfall(Activity(1_000, cost_of_goods_minor=None, orders=1), RATES)
    unknown: Figure[int] = Figure(None, Missing.COST_UNKNOWN)
    assert result.contribution_minor == result.gross_margin_minor == unknown
    assert result.gross_margin_share == unknown
    assert Step.CONTRIBUTION not in [bar.step for bar in result.steps]
    assert Step.COST_OF_GOODS not in [bar.step for bar in result.steps]
    assert result.cost_to_serve_minor == 250


def test_break_even_order():
    assert break_even_order(3_000, 100_000, 70_000) == Figure(10_000)
    assert break_even_order(100, 3, 2) == Figure(300)
    assert break_even_order(1, 1_000, 700) == Figure(4)
    assert break_even_order(3_000, 0, 0) == Figure(None, Missing.NO_SALES)
    assert break_even_order(3_000, 100, 100) == Figure(None, Missing.NO_MARGIN)
    assert break_even_order(3_000, 100, None) == Figure(None, Missing.COST_UNKNOWN)


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_break_even_order_pays_for_the_visit_and_no_smaller_one_does(cost, margin, goods):
    net = goods + margin
    order = break_even_order(cost, net, goods).value
    assert order * Fraction(margin, net) >= cost
    assert (order - 1) * Fraction(margin, net) < cost


def test_gross_margin_share():
    assert gross_margin_share(1_000, 600) == Figure(0.4)


def test_capacity_rate():
    assert capacity_rate_e4(4_224_000, 96_000) == Figure(5_500)
    assert capacity_rate_e4(4_224_000, 0) == Figure(None, Missing.NO_VISITS)


def test_lifetime_value_as_published():
    later = lifetime_value(100_000, 0.8, 0.1).value
    assert later.multiple == pytest.approx(2.667, abs=1e-3)
    assert later.value_minor == 266_667
    today = lifetime_value(100_000, 0.8, 0.1, first_margin_today=True).value
    assert today.value_minor == 366_667
    prospect = lifetime_value(100_000, 0.8, 0.1, acquisition_minor=50_000).value
    assert prospect.value_minor == 216_667


def test_lifetime_value_where_it_has_none():
    assert lifetime_value(1, 1.0, 0.0) == Figure(None, Missing.RETENTION_TOO_HIGH)
    for retention, discount in ((1.1, 0.1), (-0.1, 0.1), (0.5, -1.0)):
        with pytest.raises(ValueError, match="retention"):
            lifetime_value(1, retention, discount)


def test_the_constant_form_is_the_sum_of_its_periods():
    summed = sum(1_000_000 * 0.7**t / 1.02**t for t in range(1, 400))
    assert lifetime_value(1_000_000, 0.7, 0.02).value.value_minor == round(summed)


def test_monthly_rate():
    assert (1.0 + monthly_rate(0.1)) ** 12 == pytest.approx(1.1)


def test_a_figure_is_a_value_or_a_reason():
    assert Figure(3).then(lambda value: value + 1) == Figure(4)
    missing: Figure[int] = Figure(None, Missing.NO_SALES)
    assert missing.then(lambda value: value + 1) == missing
    for wrong in ((None, None), (3, Missing.NO_SALES)):
        with pytest.raises(ValueError, match="either"):
            Figure(*wrong)
