"""One day on the clock: shifts, lunch, hours off."""

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.week import WorkingWeek
from crmdesk.domain.workday import DAY_MINUTES, WorkDay, hours_off, shifts_of, work_day

WEEK = WorkingWeek()  # 8:30 to 18:30, lunch of an hour at 13:30


def test_the_usual_day_has_its_lunch() -> None:
    assert work_day(WEEK, 0) == WorkDay(((510, 1110),), ((810, 60),), (810, 60))
    assert work_day(WEEK, 6) is None


def test_two_shifts_have_the_hours_between_them_instead_of_lunch() -> None:
    day = work_day(WEEK, 0, shifts=((510, 840), (1020, 1260)))
    assert day == WorkDay(((510, 840), (1020, 1260)), ((840, 180),), None)
    assert day is not None
    assert day.minutes == 330 + 240


def test_shifts_make_a_sunday_a_working_day_and_none_make_a_day_off() -> None:
    assert work_day(WEEK, 6, shifts=((600, 720),)) == WorkDay(((600, 720),), (), None)
    assert work_day(WEEK, 0, shifts=()) is None


def test_hours_off_are_cut_out() -> None:
    morning = work_day(WEEK, 0, away=[(0, 660)])
    assert morning == WorkDay(((660, 1110),), ((810, 60),), (810, 60))
    midday = work_day(WEEK, 0, away=[(780, 900)])
    assert midday == WorkDay(((510, 780), (900, 1110)), ((780, 120),), None)
    doctor = work_day(WEEK, 0, away=[(600, 660)])
    assert doctor == WorkDay(((510, 600), (660, 1110)), ((600, 60), (810, 60)), (810, 60))
    assert work_day(WEEK, 0, away=[(0, DAY_MINUTES)]) is None


def test_shifts_as_stored() -> None:
    assert shifts_of(None) is None
    assert shifts_of("08:00") is None
    assert shifts_of([]) == ()
    assert shifts_of([[900, 1200], [480, 780], [700, 800]]) == ((480, 800), (900, 1200))
    assert shifts_of([[900, 800], "x", [True, 5], [1, 2, 3]]) is None


def test_hours_of_leave() -> None:
    assert hours_off(None, None) is None
    assert hours_off(600, None) == (600, DAY_MINUTES)
    assert hours_off(None, 600) == (0, 600)
    assert hours_off(700, 600) is None


_span = st.tuples(st.integers(0, 1440), st.integers(0, 1440))


@given(st.lists(_span, max_size=4), st.lists(_span, max_size=4))
def test_pauses_lie_apart_within_the_day(
    shifts: list[tuple[int, int]], away: list[tuple[int, int]]
) -> None:
    known = shifts_of([list(span) for span in shifts])
    day = work_day(WEEK, 0, shifts=known, away=[span for span in away if span[0] < span[1]])
    if day is None:
        return
    assert 0 <= day.start < day.end <= DAY_MINUTES
    clock = day.start
    for at, length in day.pauses:
        assert at >= clock
        assert length > 0
        clock = at + length
    assert clock <= day.end
    assert day.minutes >= 0
    for begin, end in day.spans:
        assert not any(a < end and begin < b for a, b in away if a < b)
