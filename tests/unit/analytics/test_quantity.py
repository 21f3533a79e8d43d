"""Usual quantities and their packs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.analytics.reorder import Packaging, packs, purchase_days
from crmdesk.analytics.reorder.quantity import usual_quantities
from tests.unit.analytics.histories import lines_of

UNIT, CASE, PALLET = Packaging(1), Packaging(12), Packaging(480)


def usual(quantities: list[int]) -> int:
    rows = [(1, 1, 100 + place, quantity) for place, quantity in enumerate(quantities)]
    return int(usual_quantities(purchase_days(lines_of(rows)))[0])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_the_usual_quantity_is_the_weighted_lower_median(quantities):
    weight = [max(int(0.85**age * 2**30), 1) for age in reversed(range(len(quantities)))]
    ranked = sorted(zip(quantities, weight, strict=True))
    enough = [
        quantity
        for place, (quantity, _share) in enumerate(ranked)
        if 2 * sum(share for _quantity, share in ranked[: place + 1]) >= sum(weight)
    ]
    assert usual(quantities) == enough[0]


def test_one_bulk_order_does_not_move_it():
    assert usual([12, 12, 24, 12, 9600]) == 12


def test_a_lasting_change_does():
    assert usual([12] * 8 + [24] * 5) == 24


def test_pairs_do_not_mix():
    rows = [(1, 1, 100, 6), (1, 2, 100, 600), (2, 1, 100, 60), (2, 1, 101, 60)]
    assert usual_quantities(purchase_days(lines_of(rows))).tolist() == [6, 600, 60]


@pytest.mark.parametrize(
    ("quantity", "usual_index", "expected"),
    [
        (36, 1, (1, 3)),
        (41, 1, (1, 3)),
        (42, 1, (1, 4)),
        (5, 1, (1, 1)),
        (36, None, (1, 3)),
        (37, None, (0, 37)),
        (960, None, (2, 2)),
    ],
)
def test_packs(quantity, usual_index, expected):
    assert packs(quantity, [UNIT, CASE, PALLET], usual_index) == expected


def test_minimum_and_multiple_are_kept():
    sold = [Packaging(6, minimum=4, multiple=2)]
    assert packs(6, sold, 0) == (0, 4)
    assert packs(40, sold, 0) == (0, 6)
    assert packs(7, sold) == (0, 4)


@given(st.integers(1, 10**9), st.integers(1, 1000), st.integers(1, 9), st.integers(1, 9))
def test_packs_are_as_near_as_the_rules_allow(quantity, factor, minimum, multiple):
    index, count = packs(quantity, [Packaging(factor, minimum, multiple)], 0)
    assert index == 0
    assert count % multiple == 0
    assert count >= minimum
    if count - multiple >= max(minimum, 1):
        assert 2 * abs(count * factor - quantity) <= factor * multiple


@pytest.mark.parametrize(
    ("quantity", "offered"), [(0, [UNIT]), (5, []), (5, [Packaging(0)]), (5, [Packaging(1, 0)])]
)
def test_what_cannot_be_packed_is_refused(quantity, offered):
    with pytest.raises(ValueError, match="above zero"):
        packs(quantity, offered)
