"""Territories as Hypothesis draws them."""

from __future__ import annotations

from math import inf

from hypothesis import strategies as st

from crmdesk.planning.problem import (
    Break,
    FixedKind,
    FixedVisit,
    Problem,
    Stop,
    VisitMode,
    Weights,
)
from crmdesk.planning.travel import Matrix
from tests.unit.planning.territories import (
    MONDAY,
    make_day,
)


@st.composite
def territories(draw, *, absurd: bool = True) -> Problem:
    """Random problems: strange windows, matrices without a triangle inequality, fixed visits."""
    n_days = draw(st.integers(0, 4))
    n_stops = draw(st.integers(0, 7))
    clock = st.integers(-100 if absurd else 360, 1600 if absurd else 1200).map(float)
    offsets = sorted(draw(st.sets(st.integers(0, 12), min_size=n_days, max_size=n_days)))
    size = n_stops + 2
    km = draw(st.lists(st.integers(0, 90), min_size=size * size, max_size=size * size))
    minutes = [cell * draw(st.sampled_from([1, 2])) for cell in km]
    place = st.integers(0, size - 1)
    days = tuple(
        make_day(
            offset,
            start=draw(st.sampled_from([420.0, 480.0, 600.0])),
            end=draw(st.sampled_from([1050.0] * 3) | clock),
            start_place=draw(place),
            end_place=draw(place),
            max_km=draw(st.sampled_from([0.0, 80.0, 200.0, 400.0, inf])),
            breaks=draw(
                st.sampled_from([(), (Break(750.0, 45.0),), (Break(500.0, 300.0, divides=True),)])
            ),
        )
        for offset in offsets
    )
    plain = st.sampled_from([((0.0, 1440.0),), ((540.0, 720.0), (840.0, 1080.0))])
    windows = plain | st.lists(st.tuples(clock, clock), max_size=4).map(tuple)
    stops = tuple(
        Stop(
            key=f"c{i}",
            place=i + 2,
            visit_minutes=float(draw(st.integers(0, 90))),
            opening=tuple(draw(windows) for _day in days),
            interval_days=float(draw(st.sampled_from([1, 3, 7, 28]))),
            last_visit=draw(st.integers(-60, 3)),
            margin=float(draw(st.integers(-20, 200))),
            overdue_per_day=float(draw(st.integers(0, 3))),
            usual_weekday=draw(st.sampled_from([None, 0, 3])),
            mode=draw(st.sampled_from([VisitMode.IN_PERSON] * 4 + [VisitMode.VIRTUAL])),
        )
        for i in range(n_stops)
    )
    fixed: tuple[FixedVisit, ...] = ()
    if n_days and n_stops:
        stop, day = st.integers(0, n_stops - 1), st.integers(0, n_days - 1)
        locked = st.builds(FixedVisit, stop, day)
        appointed = st.builds(FixedVisit, stop, day, st.just(FixedKind.APPOINTMENT), clock)
        fixed = tuple(
            draw(st.lists(locked | appointed, max_size=4, unique_by=lambda f: (f.stop, f.day)))
        )
    weights = Weights(
        per_km=draw(st.sampled_from([0.0, 0.3])),
        per_drive_minute=draw(st.sampled_from([0.0, 0.2])),
        usual_weekday=draw(st.sampled_from([0.0, 20.0])),
        carry_over=draw(st.sampled_from([0.0, 0.7])),
    )
    travel = Matrix(size, [float(cell) for cell in km], [float(cell) for cell in minutes])
    return Problem(
        stops,
        days,
        travel,
        weights,
        fixed=fixed,
        first_date=MONDAY,
        horizon_days=draw(st.sampled_from([None, 14])),
    )
