"""The outline of a territory: the convex hull of its customers, and how near they lie together.

Owns plane geometry on degrees, good enough for drawing and comparing; distances are estimates of
road kilometres from the straight line.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmdesk.planning.travel import DEFAULT_SPEED, great_circle_km

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

NEIGHBOURS = 2
STOPS_A_DAY = 8


def convex_hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The corners of the smallest convex outline, counter-clockwise; fewer than three as they are.

    Andrew's monotone chain.
    """
    found = sorted(set(points))
    if len(found) < 3:
        return tuple(found)

    def half(ordered: Sequence[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in ordered:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0.0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    hull = half(found) + half(found[::-1])
    return tuple(hull) if len(hull) > 2 else (found[0], found[-1])


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def way_km(place: Point, others: Sequence[Point], home: Point | None) -> float:
    """Road kilometres a visit takes on a day among ``others``; 0 where nothing is known.

    The way to the nearest neighbours, and the stop's share of the way from home and back: tour
    length by continuous approximation (Daganzo, Transportation Science 18, 1984).
    """
    near = sorted(great_circle_km(*place, *other) for other in others if other != place)
    nearest = near[:NEIGHBOURS]
    straight = sum(nearest) / len(nearest) if nearest else 0.0
    if home is not None:
        there_and_back = 2.0 * great_circle_km(*place, *home)
        straight += there_and_back / (STOPS_A_DAY if nearest else 1)
    return float(DEFAULT_SPEED.road_km(straight))
