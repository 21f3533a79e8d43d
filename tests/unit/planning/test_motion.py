"""The rest of a day under way: lateness carried on, eaten by slack, pauses and closing doors."""

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.motion import Leg, project


def test_who_is_on_time_stays_on_time() -> None:
    legs = [Leg(1, 600, 20, 10), Leg(2, 640, 20, 15)]
    found = project(legs, 585, 590, home_minutes=30)
    assert [(eta.begin, eta.late) for eta in found.etas] == [(600, 0), (640, 0)]
    assert (found.back, found.late) == (690, 0)


def test_lateness_is_carried_and_eaten_by_slack() -> None:
    legs = [Leg(1, 600, 20, 10), Leg(2, 640, 20, 15), Leg(3, 720, 20, 10)]
    found = project(legs, 620, 625)
    assert [eta.late for eta in found.etas] == [30, 25, 0]
    assert found.late == 30


def test_a_told_delay_moves_the_next_stop() -> None:
    assert project([Leg(1, 600, 20, 10)], 570, 580, delay=45).etas[0].begin == 625


def test_a_pause_is_cut_out_where_the_work_crosses_it() -> None:
    legs = [Leg(1, 780, 30, 0), Leg(2, 905, 20, 20)]
    found = project(legs, 820, 820, pauses=[(810, 75)])
    assert found.etas[0].begin == 820  # the visit first, lunch after it
    assert found.etas[1].begin == 945
    late = project(legs, 850, 850, pauses=[(810, 75)])
    assert late.etas[0].begin == 925
    assert project(legs, 890, 890, pauses=[(810, 75)]).etas[0].begin == 890


def test_waiting_for_the_planned_time_is_time_for_lunch() -> None:
    legs = [Leg(1, 780, 30, 0), Leg(2, 905, 20, 20), Leg(3, 945, 20, 20)]
    found = project(legs, 770, 770, pauses=[(810, 75)])
    assert [eta.late for eta in found.etas] == [0, 0, 0]


def test_a_door_that_shuts_before_one_is_there_is_said_and_costs_no_time() -> None:
    legs = [Leg(1, 600, 30, 10, ((540, 640),)), Leg(2, 650, 20, 10)]
    found = project(legs, 620, 620)
    assert found.etas[0].closed
    assert found.etas[1].begin == 650
    later = project([Leg(1, 600, 30, 10, ((540, 640), (1020, 1200)))], 620, 620)
    assert (later.etas[0].begin, later.etas[0].closed) == (1020, False)


def test_hours_the_plan_did_not_keep_are_not_lateness() -> None:
    assert not project([Leg(1, 600, 30, 10, ())], 590, 590).etas[0].closed


minute = st.integers(0, 1440)
legs = st.lists(
    st.builds(
        Leg,
        st.integers(0, 99),
        st.none() | minute,
        st.integers(0, 120),
        st.integers(0, 120),
        st.lists(st.tuples(minute, minute), max_size=3).map(tuple),
        st.booleans(),
    ),
    max_size=8,
)


@given(legs, minute, minute, st.integers(0, 240), st.lists(st.tuples(minute, minute), max_size=2))
def test_stops_follow_one_another_and_never_begin_early(stops, free, now, delay, pauses) -> None:
    found = project(stops, free, now, delay=delay, pauses=pauses, home_minutes=7)
    assert len(found.etas) == len(stops)
    done = free
    for leg, eta in zip(stops, found.etas, strict=True):
        assert eta.begin >= done
        assert leg.planned is None or eta.begin >= leg.planned
        assert eta.late >= 0
        done = eta.begin + (0 if eta.closed else leg.minutes)
    if stops:
        assert found.back == done + 7
        assert found.etas[0].begin >= now + delay


@given(legs, minute, st.integers(0, 240))
def test_more_delay_never_begins_earlier(stops, now, delay) -> None:
    early = project(stops, now, now)
    late = project(stops, now, now, delay=delay)
    if stops:
        assert late.etas[0].begin >= early.etas[0].begin
