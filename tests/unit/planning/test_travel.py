"""Travel estimates: bands, matrices, calibration."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.planning import travel
from crmdesk.planning.travel import (
    Matrix,
    SpeedModel,
    Trip,
    calibrate,
    great_circle_km,
    matrix_from_coordinates,
    matrix_from_plane,
)

LATITUDES = st.floats(-89.0, 89.0)
LONGITUDES = st.floats(-180.0, 180.0)


def test_great_circle_of_known_cities():
    # Madrid to Barcelona, straight line.
    assert great_circle_km(40.4168, -3.7038, 41.3874, 2.1686) == pytest.approx(505.0, abs=2.0)
    assert great_circle_km(0.0, 0.0, 0.0, 180.0) == pytest.approx(math.pi * 6371.0088)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_great_circle_is_symmetric_and_bounded(lat_a, lon_a, lat_b, lon_b):
    there = great_circle_km(lat_a, lon_a, lat_b, lon_b)
    assert there == pytest.approx(great_circle_km(lat_b, lon_b, lat_a, lon_a), abs=1e-6)
    assert 0.0 <= there <= math.pi * 6371.01


def test_drive_minutes_follow_the_bands():
    speed = SpeedModel()
    assert speed.drive_minutes(0.0) == 0.0
    assert speed.drive_minutes(2.8) == pytest.approx(2.0 + 6.0)
    expected = 2.0 + 3 / 28 * 60 + 12 / 50 * 60 + 40 / 72 * 60 + 45 / 95 * 60
    assert speed.drive_minutes(100.0) == pytest.approx(expected)


def test_matrices_are_row_major_with_an_empty_diagonal():
    matrix = matrix_from_plane([(0.0, 0.0), (3.0, 4.0), (0.0, 8.0)])
    assert matrix.leg(0, 1)[0] == pytest.approx(6.5)
    assert matrix.leg(2, 2) == (0.0, 0.0)
    assert matrix.estimated
    points = [(40.0, -3.0), (40.1, -3.0)]
    assert matrix_from_coordinates(points).leg(0, 1)[0] == pytest.approx(1.3 * 11.12, abs=0.01)


def test_many_places_are_estimated_as_few_are(monkeypatch):
    draw = Random(3)
    plane = [(draw.uniform(-90, 90), draw.uniform(-90, 90)) for _place in range(40)]
    plane += [plane[0], (plane[1][0] + 1e-7, plane[1][1])]
    speed = SpeedModel(circuity=1.2, fixed_minutes=3.0, time_factor=1.1)
    few = matrix_from_plane(plane, speed), matrix_from_coordinates(plane, speed)
    monkeypatch.setattr(travel, "_MANY_PLACES", 2)
    many = matrix_from_plane(plane, speed), matrix_from_coordinates(plane, speed)
    for one, other in zip(few, many, strict=True):
        assert other.size == one.size
        assert other.km == pytest.approx(one.km, rel=1e-9, abs=1e-7)
        assert other.minutes == pytest.approx(one.minutes, rel=1e-9, abs=1e-7)
        assert {type(cell) for cell in (*other.km, *other.minutes)} == {float}


def test_a_matrix_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match="4 cells"):
        Matrix(2, [0.0] * 4, [0.0] * 3)


def test_calibration_moves_halfway_with_ten_trips_and_ignores_one_outlier():
    prior = SpeedModel()
    minutes = prior.drive_minutes(16.0)
    trips = [Trip(10.0, 16.0, 1.2 * minutes)] * 9 + [Trip(10.0, 60.0, 500.0)]
    fitted = calibrate(trips, prior)
    assert fitted.circuity == pytest.approx(1.45)
    assert fitted.time_factor == pytest.approx(1.1)


def test_calibration_without_usable_trips_changes_nothing():
    assert calibrate([Trip(0.2, 0.3, 4.0), Trip(10.0, 12.0, 0.0)]) == SpeedModel()


def test_scaling_leaves_the_kilometres():
    matrix = matrix_from_plane([(0.0, 0.0), (10.0, 0.0)])
    slack = matrix.scaled(1.1)
    assert slack.km == matrix.km
    assert slack.leg(0, 1)[1] == pytest.approx(1.1 * matrix.leg(0, 1)[1])
