"""The local day of stored instants, told by one comparison, against telling each by the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmdesk.domain.clock import ZoneClock, format_instant
from crmdesk.storage.local_days import LocalDays

_ZONES = (
    "Europe/Madrid", "UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns",
    "America/Santiago", "Asia/Beirut", "Pacific/Kiritimati", "Pacific/Apia", "Australia/Lord_Howe",
    "America/Havana",
)  # fmt: skip
_INSTANTS = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2035-12-31"),
    timezones=st.just(UTC),
)  # fmt: skip


def _days(zone: str) -> tuple[ZoneClock, LocalDays]:
    clock = ZoneClock(lambda: datetime(2026, 11, 24, tzinfo=UTC), ZoneInfo(zone))
    return clock, LocalDays(clock)


@given(zone=st.sampled_from(_ZONES), instants=st.lists(_INSTANTS, min_size=1, max_size=8))
@example(zone="Pacific/Apia", instants=[datetime(2011, 12, 30, 9, 59, tzinfo=UTC)])
@example(zone="Pacific/Apia", instants=[datetime(2011, 12, 30, 10, 1, tzinfo=UTC)])
@example(zone="America/St_Johns", instants=[datetime(2006, 10, 29, 2, 31, 30, tzinfo=UTC)])
def test_a_day_is_what_the_clock_says(zone: str, instants: list[datetime]) -> None:
    clock, days = _days(zone)
    for one in instants:
        assert days.of(format_instant(one)) == clock.local(one).date().isoformat()
        assert days.of(f"{one:%Y-%m-%dT%H:%M:%S}Z") == clock.local(one).date().isoformat()


@pytest.mark.parametrize("zone", _ZONES)
def test_every_second_around_midnight_is_right_all_year(zone: str) -> None:
    clock, days = _days(zone)
    day = date(2026, 1, 1)
    while day.year == 2026:
        midnight = datetime(day.year, day.month, day.day, tzinfo=clock.zone).astimezone(UTC)
        for seconds in (-3600, -1, 0, 1, 3599):
            one = midnight + timedelta(seconds=seconds)
            assert days.of(format_instant(one)) == clock.local(one).date().isoformat(), one
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("stored", "day"),
    [
        (None, None),
        ("2026-11-24", "2026-11-24"),
        ("", ""),
        ("2026-11-24T23:30:00.000+00:00", "2026-11-25"),
        ("2026-11-24T22:30:00.000+02:00", "2026-11-24"),
        ("2026-13-41T10:00:00.000Z", "2026-13-41"),
        ("no instant at all", "no instant"),
    ],
)
def test_what_is_no_instant_of_utc_is_told_as_well_as_it_can_be(
    stored: str | None, day: str | None
) -> None:
    assert _days("Europe/Madrid")[1].of(stored) == day
