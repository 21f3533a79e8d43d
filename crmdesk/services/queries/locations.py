"""How well customers are placed on the map, and which of them deserve a look.

Owns what counts as poor: no place, a place known by postal code or town only, many customers on
one and the same spot (that of a postal code), a place far from every road, one far from all other
customers of its territory (a wrong sign), one that would be among them with latitude and longitude
exchanged, and the one where both are 0.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crmdesk.planning.travel import great_circle_km
from crmdesk.services.region_packs import pack_files, ready_roads

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

POOR_QUALITIES = ("postcode", "town", "region")
"""What ``location_quality`` says of places that are not the customer's own."""
_SHARED_FROM = 4
_ENOUGH = 5
_OUTLIER_KM, _OUTLIER_ALONE_KM, _OUTLIER_TIMES = 120.0, 500.0, 6.0


class PlaceProblem(StrEnum):
    """What is wrong with a customer's place, the worst first."""

    NONE = "none"
    ZERO = "zero"
    SWAPPED = "swapped"
    OUTLIER = "outlier"
    POSTCODE = "postcode"
    SHARED = "shared"
    OFF_ROAD = "off road"


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A customer whose place deserves a look. ``km`` is the distance the problem speaks of."""

    account_id: int
    code: str
    name: str
    town: str
    problem: PlaceProblem
    latitude: float | None
    longitude: float | None
    km: float = 0.0


@dataclass(frozen=True, slots=True)
class PlaceQuality:
    """How many customers there are, how many are placed well, and the others."""

    customers: int
    good: int
    rows: tuple[PlaceRow, ...]

    def count(self, problem: PlaceProblem) -> int:
        """How many have a problem."""
        return sum(row.problem is problem for row in self.rows)


_QUERY = (
    "SELECT id, code, name, city, latitude, longitude, location_quality, territory_id"
    " FROM account WHERE status IN ('active', 'prospect', 'lapsed') AND merged_into_uid IS NULL"
    " ORDER BY name, id"
)


def is_known(latitude: float | None, longitude: float | None, quality: str | None) -> bool:
    """Whether a place is a customer's own, so that an hour there can be promised."""
    nowhere = latitude is None or longitude is None or (latitude == 0 and longitude == 0)
    return not nowhere and quality not in POOR_QUALITIES


def place_quality(ws: Workspace) -> PlaceQuality:
    """The customers of this profile by how well they are placed."""
    with ws.database.read() as connection:
        accounts = connection.exec_driver_sql(_QUERY).all()
    spots = Counter((row.latitude, row.longitude) for row in accounts if _placed(row))
    far = _outliers([row for row in accounts if _placed(row)])
    off = _off_road(ws, [row for row in accounts if _placed(row)])
    rows = []
    for row in accounts:
        found = _problem(row, spots, far, off)
        if found is not None:
            rows.append(
                PlaceRow(
                    row.id, row.code, row.name, row.city or "", found[0], row.latitude,
                    row.longitude, found[1],
                )
            )  # fmt: skip
    order = list(PlaceProblem)
    rows.sort(key=lambda row: order.index(row.problem))
    return PlaceQuality(len(accounts), len(accounts) - len(rows), tuple(rows))


def _placed(row: Any) -> bool:
    return row.latitude is not None and row.longitude is not None


def _problem(
    row: Any,
    spots: Counter[tuple[float, float]],
    far: dict[int, tuple[float, bool]],
    off: dict[int, float],
) -> tuple[PlaceProblem, float] | None:
    if not _placed(row):
        return PlaceProblem.NONE, 0.0
    if _is_zero(row):
        return PlaceProblem.ZERO, 0.0
    if row.id in far:
        km, swapped = far[row.id]
        return PlaceProblem.SWAPPED if swapped else PlaceProblem.OUTLIER, km
    if row.location_quality in POOR_QUALITIES:
        return PlaceProblem.POSTCODE, 0.0
    if row.location_quality != "pin" and spots[(row.latitude, row.longitude)] >= _SHARED_FROM:
        return PlaceProblem.SHARED, 0.0
    if row.id in off:
        return PlaceProblem.OFF_ROAD, off[row.id]
    return None


def _is_zero(row: Any) -> bool:
    """Whether a place is the one that empty fields come to."""
    return bool(row.latitude == 0 and row.longitude == 0)


def _outliers(rows: Sequence[Any]) -> dict[int, tuple[float, bool]]:
    """Customers far from the middle of their territory, where the others are not.

    Kilometres, and whether the pair seems exchanged. A territory of few is judged by all customers
    of the profile, more generously.
    """
    judged = [row for row in rows if row.location_quality != "pin" and not _is_zero(row)]
    by_territory: defaultdict[int | None, list[Any]] = defaultdict(list)
    for row in judged:
        by_territory[row.territory_id].append(row)
    found: dict[int, tuple[float, bool]] = {}
    for group in by_territory.values():
        if len(group) >= _ENOUGH:
            found.update(_far_from(group, group, _OUTLIER_KM))
        elif len(judged) >= _ENOUGH:
            found.update(_far_from(group, judged, _OUTLIER_ALONE_KM))
    return found


def _far_from(
    group: Sequence[Any], others: Sequence[Any], least_km: float
) -> dict[int, tuple[float, bool]]:
    middle = (
        statistics.median(row.latitude for row in others),
        statistics.median(row.longitude for row in others),
    )
    usual = statistics.median(
        great_circle_km(row.latitude, row.longitude, *middle) for row in others
    )
    limit = max(least_km, usual * _OUTLIER_TIMES)
    found = {}
    for row in group:
        km = great_circle_km(row.latitude, row.longitude, *middle)
        if km > limit:
            near = great_circle_km(row.longitude, row.latitude, *middle) <= limit
            found[row.id] = (km, near and abs(row.longitude) <= 85.0)
    return found


def _off_road(ws: Workspace, rows: Sequence[Any]) -> dict[int, float]:
    """Customers on a map with roads, but too far from all of them; km to the nearest, at most 20.

    One that several maps hold is well placed when one of them has a road to it.
    """
    reached: set[int] = set()
    away: dict[int, float] = {}
    for pack in pack_files(ws.folder):
        inside = [
            row for row in rows if pack.facts.roads and pack.covers(row.latitude, row.longitude)
        ]
        roads = ready_roads(ws.folder, pack) if inside else None
        for row in inside if roads is not None else ():
            assert roads is not None  # noqa: S101 - the line above
            if roads.snapper.snap(row.latitude, row.longitude) is not None:
                reached.add(row.id)
            else:
                far = roads.snapper.snap(row.latitude, row.longitude, 20_000.0)
                away[row.id] = 20.0 if far is None else far.away_m / 1000
    return {key: km for key, km in away.items() if key not in reached}
