"""The price engine against a slow reference that tries everything unit by unit.

Thousands of situations by Hypothesis (which makes a failure small) and in seeded bulk.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.domain.money import share_of_minor
from crmdesk.domain.order_pricing import AskedLine, OrderRules, PricedOrder, price_order
from tests.unit.domain import price_reference as reference
from tests.unit.domain.price_situations import crowded, situation

_SETTINGS = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)  # fmt: skip


def compare(lines: list[AskedLine], rules: OrderRules) -> PricedOrder:
    """Price both ways; they are the same to the minor unit."""
    order = price_order(lines, rules)
    found = [
        (line.amounts.net_minor, line.amounts.tax_minor, line.price.free_quantity)
        for line in order.lines
    ]
    assert found == reference.priced(lines, rules), (lines, rules)
    return order


@_SETTINGS
@given(st.data())
def test_any_situation_costs_what_the_reference_says(data: st.DataObject) -> None:
    compare(*situation(lambda low, high: data.draw(st.integers(low, high))))


@pytest.mark.parametrize("seed", range(8))
def test_thousands_of_situations_cost_what_the_reference_says(seed: int) -> None:
    random = Random(seed)
    seen: Counter[str] = Counter()
    for _situation in range(1_000):
        order = compare(*situation(random.randint))
        for line in order.lines:
            seen.update({str(reason["code"]) for reason in line.reasons})
    # Every kind of price has really been met, and often.
    wanted = ("list", "break", "agreed", "promotion", "bundle", "mix", "gift", "extra", "none")
    assert all(seen[code] >= 10 for code in wanted), seen


@pytest.mark.parametrize("seed", range(2))
def test_where_too_many_offers_compete_the_four_best_take_part(seed: int) -> None:
    random = Random(seed)
    for _situation in range(60):
        compare(*crowded(random.randint))


# ------------------------------------------------------------------------------- properties


@_SETTINGS
@given(st.data())
def test_totals_are_the_sums_of_the_lines(data: st.DataObject) -> None:
    order = price_order(*situation(lambda low, high: data.draw(st.integers(low, high))))
    amounts = [line.amounts for line in order.lines]
    assert order.net_minor == sum(one.net_minor for one in amounts)
    assert order.tax_minor == sum(one.tax_minor for one in amounts)
    assert order.list_minor == sum(one.list_minor for one in amounts)
    assert order.cost_minor == sum(one.cost_minor for one in amounts)
    assert order.total_minor == order.net_minor + order.tax_minor
    assert order.discount_minor == order.list_minor - order.net_minor
    for line in order.lines:
        assert line.amounts.tax_minor == share_of_minor(line.amounts.net_minor, line.tax_bp)
        assert line.amounts.net_minor >= 0
        assert 0 <= line.price.free_quantity <= line.base_quantity


@_SETTINGS
@given(st.data())
def test_the_order_of_lines_rules_and_offers_does_not_matter(data: st.DataObject) -> None:
    lines, rules = situation(lambda low, high: data.draw(st.integers(low, high)))
    shuffle = data.draw(st.permutations(range(len(lines))))
    other = OrderRules(
        dict(list(rules.products.items())[::-1]), rules.offers[::-1], rules.extras[::-1],
        rules.currency, rules.list_name,
    )  # fmt: skip
    one = price_order(lines, rules)
    two = price_order([lines[place] for place in shuffle], other)
    assert (one.net_minor, one.tax_minor) == (two.net_minor, two.tax_minor)

    def kinds(order: PricedOrder) -> Counter[tuple[str, int, int, int]]:
        return Counter(
            (x.product, x.base_quantity, x.amounts.net_minor, x.price.net_price_e4)
            for x in order.lines
        )

    assert kinds(one) == kinds(two)


@_SETTINGS
@given(st.data())
def test_splitting_a_line_changes_no_more_than_its_rounding(data: st.DataObject) -> None:
    lines, rules = situation(lambda low, high: data.draw(st.integers(low, high)))
    place = data.draw(st.integers(0, len(lines) - 1))
    whole = lines[place]
    if whole.base_quantity < 2 or whole.fixed is not None:
        return
    first = data.draw(st.integers(1, whole.base_quantity - 1))
    parts = [
        AskedLine(whole.product, first),
        AskedLine(whole.product, whole.base_quantity - first),
    ]
    split = [*lines[:place], *parts, *lines[place + 1 :]]
    one, two = price_order(lines, rules), price_order(split, rules)
    # Each line of the product rounds for itself, by less than one minor unit.
    of = sum(line.product == whole.product for line in split)
    assert abs(one.net_minor - two.net_minor) <= of


@_SETTINGS
@given(st.data())
def test_no_offer_ever_makes_an_order_dearer(data: st.DataObject) -> None:
    lines, rules = situation(lambda low, high: data.draw(st.integers(low, high)))
    merged = list({line.product: line for line in lines if line.fixed is None}.values())
    without = OrderRules(rules.products, (), rules.extras, rules.currency, rules.list_name)
    assert price_order(merged, rules).net_minor <= price_order(merged, without).net_minor


def test_quantities_of_millions_are_priced_without_counting_units() -> None:
    random = Random(4)
    for _situation in range(200):
        lines, rules = situation(random.randint)
        huge = [AskedLine(x.product, x.base_quantity * 10**9 + 7, x.fixed) for x in lines]
        order = price_order(huge, rules)
        assert order.net_minor >= 0
