"""Links that open a day's route in a map program of the phone, in stretches it takes.

Owns the addresses of Google Maps (developers.google.com/maps/documentation/urls: nine places on
the way), Apple Maps (developer.apple.com, unified map links) and OpenStreetMap, whose directions
know a beginning and an end only. Nothing is sent from here: a link is opened by the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

from crmdesk.interchange.route import Point, chunks


class MapProgram(StrEnum):
    """Whose maps."""

    GOOGLE = "google"
    APPLE = "apple"
    OSM = "osm"


MOST_POINTS: Final = {MapProgram.GOOGLE: 11, MapProgram.APPLE: 15, MapProgram.OSM: 2}
"""Places in one link, its beginning and end included."""


@dataclass(frozen=True, slots=True)
class MapLink:
    """One stretch: positions of its first and last point in the route, and the address."""

    first: int
    last: int
    url: str


def map_links(
    points: Sequence[Point], program: MapProgram, *, most: int | None = None
) -> tuple[MapLink, ...]:
    """The route through ``points`` in links of at most ``most`` points, or what the program takes.

    Each stretch begins where the one before ended; nothing for fewer than two points.
    """
    limit = MOST_POINTS[program]
    size = limit if most is None else max(2, min(most, limit))
    make = {
        MapProgram.GOOGLE: _google, MapProgram.APPLE: _apple, MapProgram.OSM: _osm,
    }[program]  # fmt: skip
    links, at = [], 0
    for stretch in chunks(points, size):
        links.append(MapLink(at, at + len(stretch) - 1, make(stretch)))
        at += len(stretch) - 1
    return tuple(links)


def _pair(point: Point) -> str:
    return f"{point[0]:.6f},{point[1]:.6f}"


def _google(points: Sequence[Point]) -> str:
    query = {
        "api": "1", "travelmode": "driving", "origin": _pair(points[0]),
        "destination": _pair(points[-1]),
    }  # fmt: skip
    if len(points) > 2:
        query["waypoints"] = "|".join(_pair(point) for point in points[1:-1])
    return f"https://www.google.com/maps/dir/?{urlencode(query)}"


def _apple(points: Sequence[Point]) -> str:
    query = [("source", _pair(points[0])), ("destination", _pair(points[-1]))]
    query += [("waypoint", _pair(point)) for point in points[1:-1]]
    return f"https://maps.apple.com/directions?{urlencode([*query, ('mode', 'driving')])}"


def _osm(points: Sequence[Point]) -> str:
    route = quote(";".join(_pair(point) for point in (points[0], points[-1])), safe=",;")
    return f"https://www.openstreetmap.org/directions?engine=fossgis_osrm_car&route={route}"
