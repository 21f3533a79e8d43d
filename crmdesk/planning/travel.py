"""Travel between places: kilometres and minutes, estimated from coordinates or given as matrices.

Owns the fallback estimate (great circle x circuity with speed bands), its calibration on logged
trips and the `Matrix` every other planning module reads. Road networks are built elsewhere and
handed in as an explicit `Matrix`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EARTH_RADIUS_KM: Final = 6371.0088
#: (kilometres in the band, km/h): the first kilometres of any drive are the slow ones.
DEFAULT_BANDS: Final = ((3.0, 28.0), (12.0, 50.0), (40.0, 72.0), (math.inf, 95.0))
_TRIPS_FOR_HALF_TRUST: Final = 10
#: From this many places on numpy is worth loading.
_MANY_PLACES: Final = 500


@dataclass(frozen=True, slots=True)
class SpeedModel:
    """How road distance and time follow from the straight line.

    `circuity` multiplies the straight line into road kilometres; a drive takes `fixed_minutes`
    plus its kilometres through `bands`, all times `time_factor`.
    """

    circuity: float = 1.3
    fixed_minutes: float = 2.0
    bands: tuple[tuple[float, float], ...] = DEFAULT_BANDS
    time_factor: float = 1.0

    def road_km(self, straight_km: float) -> float:
        """Road kilometres for a straight line of `straight_km`."""
        return self.circuity * straight_km

    def drive_minutes(self, road_km: float) -> float:
        """Minutes for a drive of `road_km`; 0 for no drive at all."""
        if road_km <= 0.0:
            return 0.0
        minutes = self.fixed_minutes
        left = road_km
        for band_km, speed in self.bands:
            if left <= band_km:
                minutes += left / speed * 60.0
                break
            minutes += band_km / speed * 60.0
            left -= band_km
        return minutes * self.time_factor


DEFAULT_SPEED: Final = SpeedModel()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Distances and times between `size` places, row-major flat lists (`from * size + to`).

    `estimated` is true when they come from coordinates and not from roads: the interface says so.
    Over roads, `off_road` are the places that no road reaches: their drives are estimated still.
    """

    size: int
    km: list[float]
    minutes: list[float]
    estimated: bool = True
    off_road: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        cells = self.size * self.size
        if len(self.km) != cells or len(self.minutes) != cells:
            raise ValueError(f"a travel matrix of {self.size} places needs {cells} cells")

    def leg(self, origin: int, target: int) -> tuple[float, float]:
        """Kilometres and minutes from place `origin` to place `target`; staying costs nothing."""
        if origin == target:
            return 0.0, 0.0
        cell = origin * self.size + target
        return self.km[cell], self.minutes[cell]

    def scaled(self, time_factor: float) -> Matrix:
        """The same matrix with all minutes multiplied, e.g. by 1.1 for ten per cent of slack."""
        return replace(self, minutes=[minutes * time_factor for minutes in self.minutes])


@dataclass(frozen=True, slots=True)
class Trip:
    """A drive that was logged: straight line between its ends, odometer kilometres, minutes."""

    straight_km: float
    road_km: float
    minutes: float


def great_circle_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Kilometres along the great circle between two points in degrees (haversine)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_phi = (phi_b - phi_a) / 2.0
    half_lambda = math.radians(lon_b - lon_a) / 2.0
    h = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2.0 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def matrix_from_coordinates(
    points: Sequence[tuple[float, float]], speed: SpeedModel = DEFAULT_SPEED
) -> Matrix:
    """Estimated travel between `points`, each (latitude, longitude) in degrees."""
    if len(points) >= _MANY_PLACES:
        chords = _straight_lines([_on_unit_sphere(*point) for point in points])
        return _estimated(2.0 * EARTH_RADIUS_KM * _arcsine(chords / 2.0), speed)
    return _symmetric(
        [[great_circle_km(*a, *b) for b in points[:i]] for i, a in enumerate(points)], speed
    )


def matrix_from_plane(
    points: Sequence[tuple[float, float]], speed: SpeedModel = DEFAULT_SPEED
) -> Matrix:
    """Estimated travel between `points`, each (x, y) in kilometres on a flat map."""
    if len(points) >= _MANY_PLACES:
        return _estimated(_straight_lines(points), speed)
    return _symmetric([[math.dist(a, b) for b in points[:i]] for i, a in enumerate(points)], speed)


def _symmetric(lower: list[list[float]], speed: SpeedModel) -> Matrix:
    """The matrix of the straight lines below its diagonal."""
    road_km, drive_minutes = speed.road_km, speed.drive_minutes
    roads = [[road_km(straight) for straight in row] for row in lower]
    drives = [[drive_minutes(road) for road in row] for row in roads]
    return Matrix(len(lower), _mirrored(roads), _mirrored(drives))


def _mirrored(lower: Sequence[list[float]]) -> list[float]:
    """The flat symmetric square of the rows below its diagonal."""
    size = len(lower)
    cells = [0.0] * (size * size)
    for i, row in enumerate(lower):
        # The row left of the diagonal and the column above it.
        cells[i * size : i * size + i] = row
        cells[i : i * size : size] = row
    return cells


def _on_unit_sphere(lat: float, lon: float) -> tuple[float, float, float]:
    phi, far = math.radians(lat), math.radians(lon)
    return math.cos(phi) * math.cos(far), math.cos(phi) * math.sin(far), math.sin(phi)


def _straight_lines(points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """The distances between all points, axis by axis so that near ones stay exact."""
    import numpy as np

    squares = np.zeros((len(points), len(points)))
    for axis in np.asarray(points, np.float64).T:
        squares += (axis[:, None] - axis[None, :]) ** 2
    return np.sqrt(squares)


def _arcsine(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.arcsin(np.minimum(values, 1.0))


def _estimated(straight: NDArray[np.float64], speed: SpeedModel) -> Matrix:
    """The matrix of many straight lines: `SpeedModel`'s arithmetic for all cells at once."""
    import numpy as np

    km = speed.circuity * straight
    minutes = np.where(km > 0.0, speed.fixed_minutes, 0.0)
    left = km.copy()
    for band_km, band_speed in speed.bands:
        part = np.minimum(left, band_km)
        minutes += part / band_speed * 60.0
        left -= part
    minutes *= speed.time_factor
    # Both halves share their numbers: half the memory.
    below = [[row[:i].tolist() for i, row in enumerate(cells)] for cells in (km, minutes)]
    return Matrix(len(km), _mirrored(below[0]), _mirrored(below[1]))


def calibrate(trips: Sequence[Trip], prior: SpeedModel = DEFAULT_SPEED) -> SpeedModel:
    """The speed model that fits a rep's own logged trips.

    Medians, so that a detour for lunch does not count, and shrunk towards `prior`: ten trips get
    half of the trust. Trips under one kilometre or without minutes are left out.
    """
    usable = [t for t in trips if t.straight_km >= 1.0 and t.road_km >= 1.0 and t.minutes > 0.0]
    if not usable:
        return prior
    trust = len(usable) / (len(usable) + _TRIPS_FOR_HALF_TRUST)
    circuity = statistics.median(t.road_km / t.straight_km for t in usable)
    pace = statistics.median(t.minutes / prior.drive_minutes(t.road_km) for t in usable)
    return replace(
        prior,
        circuity=max(1.0, prior.circuity + trust * (circuity - prior.circuity)),
        time_factor=prior.time_factor * (1.0 + trust * (pace - 1.0)),
    )
