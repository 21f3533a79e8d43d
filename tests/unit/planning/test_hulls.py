"""Outlines of territories and the way a visit takes among its neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning.hulls import STOPS_A_DAY, convex_hull, way_km
from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km

SQUARE = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))


def test_the_outline_of_a_square_is_its_corners() -> None:
    inside = [(0.5, 0.5), (0.2, 0.7), (0.5, 0.0)]
    assert set(convex_hull([*SQUARE, *inside])) == set(SQUARE)


def test_few_or_straight_points_have_no_area() -> None:
    assert convex_hull([]) == ()
    assert convex_hull([(1.0, 2.0), (1.0, 2.0)]) == ((1.0, 2.0),)
    assert len(convex_hull([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])) == 2


whole = st.integers(-9, 9)
points = st.lists(st.tuples(whole.map(float), whole.map(float)), max_size=25)


@given(points)
def test_everybody_lies_within_the_outline(found) -> None:
    hull = convex_hull(found)
    assert set(hull) <= set(found)
    if len(hull) < 3:
        return
    for a, b in zip(hull, (*hull[1:], hull[0]), strict=True):
        for x, y in found:
            assert (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0


def test_a_visit_takes_the_way_to_its_neighbours_and_its_share_of_the_way_home() -> None:
    home, place, near = (42.0, 1.0), (42.5, 1.5), (42.51, 1.5)
    between = great_circle_km(*place, *near)
    share = 2 * great_circle_km(*place, *home) / STOPS_A_DAY
    assert way_km(place, [near], home) == pytest.approx(DEFAULT_SPEED.road_km(between + share))
    alone = DEFAULT_SPEED.road_km(2 * great_circle_km(*place, *home))
    assert way_km(place, [], home) == pytest.approx(alone)
    assert way_km(place, [], None) == 0.0
