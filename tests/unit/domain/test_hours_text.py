"""Opening hours as one types them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import FieldError
from crmdesk.domain.hours_text import read_week
from crmdesk.services.field_words import hours_text

_DAY = [[540, 840], [960, 1140]]


@pytest.mark.parametrize(
    ("text", "open_on"),
    [
        ("Mon-Fri 9-14, 16-19", [0, 1, 2, 3, 4]),
        ("mon – fri 9:00–14:00 16.00–19.00, closed Sun", [0, 1, 2, 3, 4]),
        ("9-14, 16-19", [0, 1, 2, 3, 4, 5, 6]),
        ("Tue, Thursday 9-14, 16-19", [1, 3]),
        ("Sat-Mon 9-14, 16-19", [5, 6, 0]),
    ],
)
def test_days_and_hours_are_read(text: str, open_on: list[int]) -> None:
    week = read_week("hours", text)
    assert week == [_DAY if day in open_on else [] for day in range(7)]


@pytest.mark.parametrize(
    "text",
    [
        "whenever", "Mon 14-9", "Mon 9-9", "Mon 9-25", "Mon 9-14, 13-19", "Mon",
        "closed Sun 9-10 11", "9", "Mon 1-2, 3-4, 5-6, 7-8, 9-10, 11-12, 13-14",
    ],
)  # fmt: skip
def test_what_is_no_hours_is_said(text: str) -> None:
    with pytest.raises(FieldError) as failed:
        read_week("hours", text)
    assert failed.value.field == "hours"


def test_hours_of_a_day_may_touch_and_come_in_any_order() -> None:
    assert read_week("hours", "Mon 14-19, 9-14") == [[[540, 840], [840, 1140]], *([[]] * 6)]


_ENDS = st.lists(st.integers(0, 1440), min_size=4, max_size=4, unique=True).map(sorted)
_DAYS: list[st.SearchStrategy[list[list[int]]]] = [
    st.just([]), _ENDS.map(lambda e: [e[:2]]), _ENDS.map(lambda e: [e[:2], e[2:]])
]  # fmt: skip
_SPANS = st.one_of(_DAYS)


@given(st.lists(_SPANS, min_size=7, max_size=7).filter(any))
def test_what_is_shown_can_be_typed_again(week: list[list[list[int]]]) -> None:
    assert read_week("hours", hours_text(week)) == week
