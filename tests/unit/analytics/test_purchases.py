"""Net purchase-days: returns are taken off the latest earlier purchase."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.reorder import PurchaseDays, SaleLines, purchase_days
from tests.unit.analytics.histories import lines_of, shuffled

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(100, 120), st.integers(-9, 9)),
    max_size=60,
)


def rows_of(purchases: PurchaseDays) -> list[tuple[int, ...]]:
    columns = (purchases.account, purchases.sku, purchases.day, purchases.quantity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def slowly(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    """The definition read aloud: a stack per pair, sales of a day before its returns."""
    stacks: dict[tuple[int, int], list[list[int]]] = {}
    for account, sku, day, quantity in sorted(rows, key=lambda row: (row[2], -row[3])):
        stack = stacks.setdefault((account, sku), [])
        if quantity > 0:
            stack.append([day, quantity])
            continue
        back = -quantity
        while back and stack:
            taken = min(back, stack[-1][1])
            stack[-1][1] -= taken
            back -= taken
            if stack[-1][1] == 0:
                stack.pop()
    result: dict[tuple[int, int, int], int] = {}
    for (account, sku), stack in stacks.items():
        for day, quantity in stack:
            key = (account, sku, day)
            result[key] = result.get(key, 0) + quantity
    return sorted((*key, quantity) for key, quantity in result.items())


@given(ROWS)
def test_netting_is_what_the_definition_says(rows):
    assert rows_of(purchase_days(lines_of(rows))) == slowly(rows)


@given(ROWS, st.integers(0, 99))
def test_the_order_of_lines_does_not_matter(rows, seed):
    lines = lines_of(rows)
    assert rows_of(purchase_days(lines)) == rows_of(purchase_days(shuffled(lines, seed)))


@given(ROWS)
def test_nothing_is_made_or_lost_where_returns_follow_sales(rows):
    covered = [*((a, s, 10, 10_000) for a in range(4) for s in range(3)), *rows]
    kept = purchase_days(lines_of(covered))
    assert int(kept.quantity.sum()) == sum(row[3] for row in covered)
    assert (kept.quantity > 0).all()


def test_a_keying_error_and_its_cancellation_vanish():
    rows = [(1, 7, 10, 6), (1, 7, 20, 8000), (1, 7, 21, -8000), (1, 7, 30, 6)]
    assert rows_of(purchase_days(lines_of(rows))) == [(1, 7, 10, 6), (1, 7, 30, 6)]


def test_a_return_reaches_back_over_several_purchases_but_not_forward():
    rows = [
        (1, 7, 10, 6),
        (1, 7, 20, 6),
        (1, 7, 25, -9),
        (1, 7, 30, 6),
        (1, 8, 9, -4),
        (1, 8, 10, 4),
    ]
    assert rows_of(purchase_days(lines_of(rows))) == [(1, 7, 10, 3), (1, 7, 30, 6), (1, 8, 10, 4)]


def test_ids_may_be_large_and_sparse():
    big = 2**40
    rows = [(big, 5 * big, 10, 2), (3, 5 * big, 11, 1), (big, 1, 10, 4)]
    assert rows_of(purchase_days(lines_of(rows))) == sorted(rows)


def test_no_lines_give_no_purchases():
    assert len(purchase_days(lines_of([]))) == 0


def test_arrays_of_different_length_are_refused():
    one, two = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="differ in length"):
        purchase_days(SaleLines(one, one, two, one))


def test_quantities_beyond_64_bits_are_refused():
    rows = [(1, 1, 1, 2**61), (1, 1, 2, -(2**61))]
    with pytest.raises(ValueError, match="too large"):
        purchase_days(lines_of(rows))


def test_until_keeps_the_day_itself():
    rows = [(1, 7, 10, 6), (1, 7, 20, 6)]
    assert len(purchase_days(lines_of(rows)).until(10)) == 1
    assert lines_of(rows).until(10).day.tolist() == [10]
