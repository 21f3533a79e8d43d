"""Histories of very different character: always a forecast of every pair, never nonsense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.analytics.reorder import STATES, SaleLines, backtest, fit, purchase_days, score
from crmdesk.analytics.reorder.musts import musts, usual_cutoffs
from tests.unit.analytics.histories import lines_of

END = 20_000


def grocery(random):
    return [
        (account, sku, END - 7 * week - account % 7, int(random.integers(1, 40)))
        for account in range(60) for sku in range(8) for week in range(60)
        if random.random() < 0.7
    ]  # fmt: skip


def machines(random):
    return [
        (account, sku, END - 365 * year - int(random.integers(0, 40)), 1)
        for account in range(80) for sku in range(3) for year in range(5)
    ]  # fmt: skip


def two_customers(random):
    return [(k % 2, k % 5, END - 3 * k, 6) for k in range(150)]


def one_huge_customer(random):
    small = [(1 + k % 30, k % 4, END - k, 2) for k in range(300)]
    return small + [(0, sku, END - day, 500) for sku in range(200) for day in range(0, 300, 10)]


def constant_intervals(random):
    return [(account, 0, END - 14 * k, 12) for account in range(100) for k in range(20)]


def all_new(random):
    return [(account, sku, END - account % 90, 5) for account in range(200) for sku in range(3)]


def summer_only(random):
    return [
        (account, sku, END - 365 * year - int(random.integers(0, 60)), 9)
        for account in range(60) for sku in range(3) for year in range(4) for _ in range(6)
    ]  # fmt: skip


def far_apart(random):
    return [(account, 0, END - 1_000_000 * k, 3) for account in range(30) for k in range(2)] + [
        (40, 0, END - 300_000 * k, 3) for k in range(3)
    ]


def returns_only(random):
    return [(account, 0, END - k, -4) for account in range(10) for k in range(5)]


def absurd_quantities(random):
    return [(0, 0, END - 10 * k, 10**14) for k in range(8)] + [(0, 1, END, 1)]


KINDS = [
    grocery, machines, two_customers, one_huge_customer, constant_intervals, all_new, summer_only,
    far_apart, returns_only, absurd_quantities,
]  # fmt: skip


def check(lines: SaleLines, as_of: int) -> None:
    purchases = purchase_days(lines)
    found = score(purchases, fit(purchases, as_of), as_of)
    known = purchases.day <= as_of
    pairs = set(zip(purchases.account[known].tolist(), purchases.sku[known].tolist(), strict=True))
    assert set(zip(found.account.tolist(), found.sku.tolist(), strict=True)) == pairs
    assert len(found) == len(pairs)
    for chance in (found.p7, found.p14, found.p30):
        assert ((chance >= 0.0) & (chance <= 1.0)).all()
    assert (found.p7 <= found.p14).all()
    assert (found.p14 <= found.p30).all()
    assert (found.expected_next_day > as_of).all()
    assert (found.expected_quantity > 0).all()
    assert ((found.state >= 0) & (found.state < len(STATES))).all()
    assert not np.isnan(found.interval_days[found.n > 1]).any()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_pair_of_an_odd_history_has_a_forecast(kind):
    lines = lines_of(kind(np.random.default_rng(7)))
    for as_of in (END, END - 45, END + 400):
        check(lines, as_of)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_odd_history_can_be_judged(kind):
    lines = lines_of(kind(np.random.default_rng(7)))
    days = usual_cutoffs(int(lines.day.min()), int(lines.day.max()))
    for must in musts(backtest(lines, days[-1:])):
        assert must.value is None or np.isfinite(must.value)
    if kind in (grocery, constant_intervals):
        assert all(one.met is not False for one in musts(backtest(lines, days[-1:]))[-1:])


_LINE = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.integers(-500_000, 500_000),
    st.integers(-(10**9), 10**9),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(_LINE, max_size=40), as_of=st.integers(-500_000, 500_100))
def test_any_lines_at_all(rows, as_of):
    check(lines_of(rows), as_of)


def test_one_bulk_order_moves_neither_quantity_nor_gap():
    usual = [(1, 1, END - 14 * k, 12) for k in range(1, 10)]
    plain, bulk = (
        purchase_days(lines_of([*usual, (1, 1, END - 14 * 10, last)])) for last in (12, 1200)
    )
    one, other = (score(each, fit(each, END), END) for each in (plain, bulk))
    assert one.expected_quantity.tolist() == other.expected_quantity.tolist() == [12]
    assert one.median_gap.tolist() == other.median_gap.tolist() == [14.0]
    assert one.p14.tolist() == other.p14.tolist()
