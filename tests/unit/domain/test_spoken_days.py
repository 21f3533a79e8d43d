"""Days as people say and type them, in the three languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.spoken_days import spoken_day, weekday_names
from crmdesk.gui.dates import read_day
from crmdesk.i18n import format_date_near, speaking, weekday_short

_WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("today", (11, 25)), ("Tomorrow", (11, 26)), ("the day after tomorrow", (11, 27)),
        ("Friday", (11, 27)), ("on fri", (11, 27)), ("this Friday", (11, 27)),
        ("next Friday", (12, 4)), ("next Monday", (11, 30)), ("monday", (11, 30)),
        ("wed", (11, 25)), ("in 2 weeks", (12, 9)), ("in 10 days", (12, 5)),
        ("in a week", (12, 2)), ("next week", (11, 30)), ("end of the month", (11, 30)),
        ("next month", (12, 1)), ("3 Dec", (12, 3)), ("3. december", (12, 3)), ("3.12", (12, 3)),
        ("+2", (11, 27)), ("3.12.26", (12, 3)), ("2026-12-03", (12, 3)), ("24", (12, 24)),
    ],
)  # fmt: skip
def test_words_and_numbers_name_a_day(words: str, day: tuple[int, int]) -> None:
    assert read_day(words, _WEDNESDAY) == date(2026, *day)


@pytest.mark.parametrize(
    "words", ["", "soon", "next", "next 3", "the Friday", "mo", "31.2.2026", "a b friday", "in 3"]
)
def test_what_names_no_day_is_none(words: str) -> None:
    assert read_day(words, _WEDNESDAY) is None


def test_a_day_of_the_past_can_be_typed_with_its_year() -> None:
    assert read_day("1.11.2026", _WEDNESDAY) == date(2026, 11, 1)


@pytest.mark.parametrize("language", ["en", "es", "ru"])
@given(gap=st.integers(0, 6), start=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_what_is_shown_can_be_typed(language: str, gap: int, start: date) -> None:
    with speaking(language):
        day = start + timedelta(days=gap)
        assert read_day(format_date_near(day, start), start) == day
        assert spoken_day(weekday_names()[day.weekday()], start) == day
        assert spoken_day(weekday_short(day.weekday()).upper(), start) == day


@pytest.mark.parametrize(
    ("language", "words", "day"),
    [
        ("ru", "в среду", (11, 25)), ("ru", "в следующую пятницу", (12, 4)),
        ("ru", "через 3 дня", (11, 28)), ("es", "el próximo lunes", (11, 30)),
        ("es", "manana", (11, 26)), ("es", "en 2 semanas", (12, 9)),
    ],
)  # fmt: skip
def test_other_languages_decline_and_leave_accents_out(
    language: str, words: str, day: tuple[int, int]
) -> None:
    with speaking(language):
        if weekday_names()[2] == "Wednesday":
            pytest.skip("the translations are not compiled")
        assert spoken_day(words, _WEDNESDAY) == date(2026, *day)
