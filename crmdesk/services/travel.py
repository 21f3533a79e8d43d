"""Drives between places as a rep would drive them: by the roads of a map pack, else estimated.

Owns choosing between the two, pair by pair, and keeping what was found: once found, a drive is
known until the place moves or the map changes, also after a restart. How trips that were logged
correct both is :mod:`crmdesk.services.travel_trips`'s.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from crmdesk.domain.policy import Policy
from crmdesk.interchange.packroads import ROADS_FORMAT
from crmdesk.planning.roadmatrix import costs_between, km_of, minutes_of
from crmdesk.planning.roadnet import FAR
from crmdesk.planning.travel import Matrix, matrix_from_coordinates
from crmdesk.services.region_packs import PackFile, pack_files, ready_roads
from crmdesk.services.travel_trips import Experience, experience_of
from crmdesk.storage import travel_rows
from crmdesk.storage.engine import Database, database_of

Point = tuple[float, float]
"""Latitude and longitude in degrees."""
_Key = tuple[int, int]

_MOST_PLACES = 2_000
_MOST_PACKS = 4


def travel_between(
    connection: Connection, points: Sequence[Point], policy: Policy, user_id: int | None = None
) -> Matrix:
    """Kilometres and minutes between places, the company's slack on the minutes.

    By road where a map pack has the roads; ``estimated`` says when not one drive is. What a rep
    has logged (``user_id``) corrects the minutes of roads and both of estimates.
    """
    database = database_of(connection)
    known = experience_of(connection, database, user_id)
    estimate = matrix_from_coordinates(points, known.speed)
    if database is not None and len(points) > 1:
        estimate = _over_roads(travel_of(database), points, estimate, known)
    return estimate.scaled(1.0 + policy.travel_slack_percent / 100)


def _over_roads(
    travel: Travel, points: Sequence[Point], estimate: Matrix, known: Experience
) -> Matrix:
    costs = travel.costs(points)
    if costs is None:
        return estimate
    by_road = costs < FAR
    np.fill_diagonal(by_road, val=False)
    if not by_road.any():
        return estimate
    shape = (estimate.size, estimate.size)
    km = np.where(by_road, km_of(costs), np.reshape(estimate.km, shape))
    minutes = np.where(
        by_road, minutes_of(costs) * known.road_time, np.reshape(estimate.minutes, shape)
    )
    reached = by_road.any(axis=0) & by_road.any(axis=1)
    return Matrix(
        estimate.size, km.ravel().tolist(), minutes.ravel().tolist(), estimated=False,
        off_road=frozenset(np.flatnonzero(~reached).tolist()),
    )  # fmt: skip


class Travel:
    """The drives of one profile. Safe across threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        self._books: dict[str, _Book] = {}

    def costs(self, points: Sequence[Point]) -> NDArray[np.int64] | None:
        """Costs by road (see :mod:`crmdesk.planning.roadnet`); None where no pack has any."""
        keys = [_key(point) for point in points]
        with self._lock:
            together: NDArray[np.int64] | None = None
            for pack in self._packs(points):
                inside = [n for n, point in enumerate(points) if pack.covers(*point)]
                found = self._book(pack).costs([keys[n] for n in inside])
                if found is None:
                    continue
                if together is None:
                    together = np.full((len(points), len(points)), FAR, np.int64)
                cells = np.ix_(inside, inside)
                together[cells] = np.minimum(together[cells], found)
            return together

    def _packs(self, points: Sequence[Point]) -> list[PackFile]:
        """The packs with roads that hold at least two of the places, the fullest first."""
        counted = [
            (sum(pack.covers(*point) for point in points), pack)
            for pack in pack_files(self._database.path.parent)
            if pack.facts.roads
        ]
        useful = [(count, pack) for count, pack in counted if count > 1]
        useful.sort(key=lambda one: -one[0])
        return [pack for _count, pack in useful[:_MOST_PACKS]]

    def _book(self, pack: PackFile) -> _Book:
        digest = pack.facts.sha256
        if digest not in self._books:
            self._books[digest] = _Book(self._database, pack)
        return self._books[digest]


_travels: WeakKeyDictionary[Database, Travel] = WeakKeyDictionary()
_travels_lock = threading.Lock()


def travel_of(database: Database) -> Travel:
    """The drives of a profile's database, one for all who ask."""
    with _travels_lock:
        if database not in _travels:
            _travels[database] = Travel(database)
        return _travels[database]


class _Book:
    """What is known of one pack's drives: a square of costs that grows with the places."""

    def __init__(self, database: Database, pack: PackFile) -> None:
        self._database = database
        self._pack = pack
        # Of the same roads another version may have found other drives.
        self._network = f"{pack.facts.sha256}/{ROADS_FORMAT}"
        kept = travel_rows.read_rows(database, self._network)
        self._places: list[_Key] = (
            [] if kept is None else [(p[0], p[1]) for p in kept.places.tolist()]
        )
        self._costs = np.zeros((0, 0), np.int64) if kept is None else kept.costs
        self._at = {place: n for n, place in enumerate(self._places)}

    def costs(self, keys: Sequence[_Key]) -> NDArray[np.int64] | None:
        """Costs between places; None where the pack's roads cannot be had now."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._at]
        if missing and not self._add(missing, keys):
            return None
        at = [self._at[key] for key in keys]
        found: NDArray[np.int64] = self._costs[np.ix_(at, at)]
        return found

    def _add(self, missing: Sequence[_Key], wanted: Sequence[_Key]) -> bool:
        roads = ready_roads(self._database.path.parent, self._pack)
        if roads is None:
            return False
        if len(self._places) + len(missing) > _MOST_PLACES:
            self._keep_only(wanted)
        places = [*self._places, *missing]
        snaps = roads.snapper.snap_all([(lat / 1e5, lon / 1e5) for lat, lon in places])
        old = len(self._places)
        costs = np.full((len(places), len(places)), FAR, np.int64)
        costs[:old, :old] = self._costs
        costs[old:, :] = costs_between(roads.network, snaps[old:], snaps)
        costs[:old, old:] = costs_between(roads.network, snaps[:old], snaps[old:])
        self._places, self._costs = places, costs
        self._at = {place: n for n, place in enumerate(places)}
        if len(places) <= _MOST_PLACES:
            rows = travel_rows.KeptRows(np.array(places, np.int32), costs)
            travel_rows.write_rows(self._database, self._network, rows)
        return True

    def _keep_only(self, wanted: Sequence[_Key]) -> None:
        """Forget places that nobody asks for any more: customers that have moved."""
        keep = sorted({self._at[key] for key in wanted if key in self._at})
        self._places = [self._places[n] for n in keep]
        self._costs = self._costs[np.ix_(keep, keep)]
        self._at = {place: n for n, place in enumerate(self._places)}


def _key(point: Point) -> _Key:
    return round(point[0] * 1e5), round(point[1] * 1e5)
