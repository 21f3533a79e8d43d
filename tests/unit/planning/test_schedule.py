"""The clock of a day: breaks, windows, timetables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.problem import Break, FixedKind, FixedVisit
from crmdesk.planning.schedule import start_windows, timetable, wall_clock, work_clock
from tests.unit.planning.territories import LUNCH, make_day, make_problem, make_stop


def test_lunch_is_cut_out_of_the_clock():
    assert [work_clock(m, (LUNCH,)) for m in (700, 750, 770, 795, 800)] == [
        700, 750, 750, 750, 755,
    ]  # fmt: skip


def test_the_end_of_lunch_is_told_by_what_happens_there():
    assert wall_clock(750.0, (LUNCH,), after_break=False) == 750.0
    assert wall_clock(750.0, (LUNCH,), after_break=True) == 795.0
    assert wall_clock(760.0, (LUNCH,), after_break=False) == 805.0


@given(st.floats(0.0, 1440.0), st.booleans())
def test_wall_clock_undoes_work_clock(work, after):
    breaks = (LUNCH, Break(960.0, 20.0), Break(600.0, 0.0))
    assert work_clock(wall_clock(work, breaks, after_break=after), breaks) == pytest.approx(work)


def test_start_windows_leave_room_for_the_visit_and_the_shift():
    day = make_day()
    assert start_windows(((420.0, 720.0), (780.0, 1200.0)), 30.0, day) == (
        (480.0, 690.0),
        (750.0, 975.0),
    )
    assert start_windows(((540.0, 560.0),), 30.0, day) == ()
    assert start_windows(((1000.0, 900.0),), 0.0, day) == ()


def test_no_visit_spans_the_hours_between_two_shifts():
    siesta = Break(840.0, 180.0, divides=True)
    day = make_day(end=1200.0, breaks=(siesta,))
    assert start_windows(((540.0, 1140.0),), 30.0, day) == ((540.0, 810.0), (840.0, 930.0))
    assert start_windows(((800.0, 1030.0),), 45.0, day) == ()
    stops = (make_stop("a", 1, 1, visit_minutes=45.0, opening=(((800.0, 1140.0),),)),)
    table = timetable(make_problem([(1.0, 0.0)], stops=stops, day_list=(day,)), 0, [0])
    assert table.visits[0].start == 1020.0
    spans = make_day(end=1200.0, breaks=(Break(840.0, 180.0),))
    table = timetable(make_problem([(1.0, 0.0)], stops=stops, day_list=(spans,)), 0, [0])
    assert (table.visits[0].start, table.visits[0].leave) == (800.0, 1025.0)


def test_overlapping_windows_become_one():
    day = make_day(breaks=())
    assert start_windows(((600.0, 800.0), (540.0, 700.0)), 20.0, day) == ((540.0, 780.0),)


def test_timetable_waits_drives_and_spans_lunch():
    problem = make_problem([(10.0, 0.0), (10.0, 1.0)])
    table = timetable(problem, 0, [0, 1])
    assert table is not None
    first, second = table.visits
    assert first.arrive == pytest.approx(480.0 + problem.travel.leg(0, 1)[1])
    assert (first.start, first.leave) == (540.0, 570.0)
    assert first.wait == pytest.approx(540.0 - first.arrive)
    assert second.start == pytest.approx(570.0 + problem.travel.leg(1, 2)[1])
    assert table.km == pytest.approx(13.0 + 1.3 + 1.3 * (101.0**0.5))
    assert table.end == pytest.approx(second.leave + problem.travel.leg(2, 0)[1])


def test_a_visit_in_the_middle_of_lunch_ends_later():
    stop = make_stop("a", 1, 1, opening=(((735.0, 1080.0),),))
    table = timetable(make_problem([(1.0, 0.0)], stops=(stop,)), 0, [0])
    assert table is not None
    assert (table.visits[0].start, table.visits[0].leave) == (735.0, 810.0)


def test_slack_is_exact():
    stop = make_stop("a", 1, 1, opening=(((540.0, 600.0),),))
    problem = make_problem([(1.0, 0.0)], stops=(stop,))
    table = timetable(problem, 0, [0])
    assert table is not None
    drive = problem.travel.leg(0, 1)[1]
    assert table.slack == pytest.approx(570.0 - 480.0 - drive)
    later = make_problem([(1.0, 0.0)], stops=(stop,), day_list=(make_day(start=570.0 - drive),))
    assert timetable(later, 0, [0]) is not None
    too_late = make_problem([(1.0, 0.0)], stops=(stop,), day_list=(make_day(start=571.0 - drive),))
    assert timetable(too_late, 0, [0]) is None


def test_shift_and_kilometres_are_hard():
    assert timetable(make_problem([(200.0, 0.0)]), 0, [0]) is None
    near = make_problem([(20.0, 0.0)], day_list=(make_day(max_km=51.9),))
    assert timetable(near, 0, [0]) is None
    allowed = make_problem([(20.0, 0.0)], day_list=(make_day(max_km=52.0),))
    assert timetable(allowed, 0, [0]) is not None


def test_an_appointment_replaces_the_opening_hours():
    closed = make_stop("a", 1, 1, opening=((),))
    fixed = (FixedVisit(0, 0, FixedKind.APPOINTMENT, 900.0),)
    table = timetable(make_problem([(1.0, 0.0)], stops=(closed,), fixed=fixed), 0, [0])
    assert table is not None
    assert table.visits[0].start == 900.0
    early = (FixedVisit(0, 0, FixedKind.APPOINTMENT, 300.0),)
    assert timetable(make_problem([(1.0, 0.0)], stops=(closed,), fixed=early), 0, [0]) is None


def test_a_day_may_end_elsewhere():
    day = make_day(end_place=2)
    problem = make_problem([(10.0, 0.0), (20.0, 0.0)], day_list=(day,))
    table = timetable(problem, 0, [0])
    assert table is not None
    assert table.km == pytest.approx(26.0)


def test_an_empty_day_has_no_kilometres():
    table = timetable(make_problem([]), 0, [])
    assert table is not None
    assert (table.km, table.end) == (0.0, 480.0)
