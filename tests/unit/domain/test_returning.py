"""Returns: credited at what was paid, never more, and what is too much or too old is counted."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.returning import Bought, credit_of, left_of

TODAY = date(2026, 11, 24)
OLDEST = TODAY - timedelta(days=90)

purchases = st.lists(
    st.builds(
        Bought,
        st.integers(0, 300).map(lambda n: TODAY - timedelta(days=n)),
        st.integers(1, 5_000),
        st.integers(0, 10**7),
    ),
    max_size=8,
)


@given(purchases, st.integers(0, 30_000))
def test_what_is_left_is_what_was_bought_less_what_came_back(
    bought: list[Bought], returned: int
) -> None:
    left = left_of(bought, returned)
    units = sum(one.base_quantity for one in bought)
    assert sum(one.base_quantity for one in left) == max(units - returned, 0)
    assert sum(one.net_minor for one in left) <= sum(one.net_minor for one in bought)
    days = [one.day for one in left]
    assert days == sorted(days, reverse=True)


@given(purchases, st.integers(1, 60_000))
def test_a_credit_is_never_more_than_was_paid(bought: list[Bought], quantity: int) -> None:
    left = left_of(bought, 0)
    credit = credit_of(quantity, left, OLDEST)
    units = sum(one.base_quantity for one in left)
    paid = sum(one.net_minor for one in left)
    assert 0 <= credit.net_minor <= paid
    if quantity >= units:
        assert credit.net_minor == paid
    in_time = sum(one.base_quantity for one in left if one.day >= OLDEST)
    assert credit.beyond == max(quantity - in_time, 0)
    assert credit.late == max(min(quantity, units) - in_time, 0)


@given(purchases, st.integers(1, 9_000), st.integers(1, 9_000))
def test_more_units_are_never_worth_less(bought: list[Bought], some: int, more: int) -> None:
    left = left_of(bought, 0)
    first, second = credit_of(some, left, OLDEST), credit_of(some + more, left, OLDEST)
    assert second.net_minor >= first.net_minor


def test_the_latest_price_counts_first() -> None:
    left = left_of(
        [
            Bought(TODAY - timedelta(days=10), 12, 1_200),
            Bought(TODAY - timedelta(days=40), 12, 900),
        ],
        6,
    )
    assert [(one.base_quantity, one.net_minor) for one in left] == [(6, 600), (12, 900)]
    assert credit_of(8, left, OLDEST).net_minor == 600 + 150
    late = credit_of(20, left, TODAY - timedelta(days=20))
    assert (late.net_minor, late.beyond, late.late) == (1_500, 14, 12)
