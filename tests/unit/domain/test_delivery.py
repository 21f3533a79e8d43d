"""Delivery days: working days only, and never to a closed door."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.delivery import Closed, delivery_day, is_working

THURSDAY = date(2026, 11, 26)


def test_lead_days_are_working_days() -> None:
    assert delivery_day(THURSDAY, 0) == THURSDAY
    assert delivery_day(THURSDAY, 1) == date(2026, 11, 27)
    assert delivery_day(THURSDAY, 2) == date(2026, 11, 30)
    assert delivery_day(date(2026, 11, 28), 0) == date(2026, 11, 30)
    holidays = {date(2026, 11, 30)}
    assert delivery_day(THURSDAY, 2, holidays) == date(2026, 12, 1)


def test_a_closed_customer_gets_the_next_working_day() -> None:
    closed = [Closed(date(2026, 11, 30), date(2026, 12, 4))]
    assert delivery_day(THURSDAY, 2, (), closed) == date(2026, 12, 7)
    yearly = [Closed(date(2020, 12, 24), date(2021, 1, 6), yearly=True)]
    assert delivery_day(date(2026, 12, 23), 1, (), yearly) == date(2027, 1, 7)
    assert not Closed(date(2020, 8, 1), date(2020, 8, 15), yearly=True).covers(date(2026, 8, 16))


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 30),
    st.sets(st.integers(0, 60), max_size=12),
    st.integers(0, 40),
    st.integers(0, 20),
)
def test_it_is_the_first_day_that_can_be(
    ordered: date, lead: int, off: set[int], start: int, length: int
) -> None:
    holidays = {ordered + timedelta(days=n) for n in off}
    closed = Closed(ordered + timedelta(days=start), ordered + timedelta(days=start + length))
    day = delivery_day(ordered, lead, holidays, [closed])
    assert is_working(day, holidays)
    assert not closed.covers(day)
    days = [ordered + timedelta(days=n) for n in range((day - ordered).days + 1)]
    between = sum(is_working(one, holidays) for one in days[1:])
    assert between >= lead
    for earlier in days[:-1]:
        reached = sum(is_working(one, holidays) for one in days[1:] if one <= earlier) >= lead
        assert not (reached and is_working(earlier, holidays) and not closed.covers(earlier))
