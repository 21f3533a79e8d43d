"""A signature as drawn: strokes of points in ten-thousandths of the pad, bounded in size.

Pure. The stored form is ``{"strokes": [[[x, y], …], …], "aspect": a}``: x and y from 0 to 10,000
of width and height, the pad's width to its height in hundredths. It is small enough to travel with
its order and sharp enough to be printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCALE = 10_000
MOST_STROKES = 60
MOST_POINTS = 1_500
_LEAST_STEP = 25
_ASPECTS = (50, 2_000)

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Signature:
    """Strokes of one signature; ``aspect`` is the pad's width to its height in hundredths."""

    strokes: tuple[tuple[Point, ...], ...]
    aspect: int = 300

    def document(self) -> dict[str, object]:
        """The stored form."""
        return {
            "aspect": self.aspect,
            "strokes": [[list(point) for point in stroke] for stroke in self.strokes],
        }


def drawn(
    strokes: Sequence[Sequence[tuple[float, float]]], width: float, height: float
) -> Signature | None:
    """A signature from strokes in pixels of a pad; None when nothing was drawn.

    Points closer than a four-hundredth of the pad are left out, then, where there are still too
    many, every other one of each stroke, so that any scribble is kept and none is too large.
    """
    found = [_thinned([_normal(p, width, height) for p in stroke]) for stroke in strokes if stroke]
    found = found[:MOST_STROKES]
    while sum(len(stroke) for stroke in found) > MOST_POINTS:
        found = [stroke[::2] if len(stroke) > 2 else stroke for stroke in found]
    if not found:
        return None
    aspect = round(100 * width / max(height, 1.0))
    low, high = _ASPECTS
    return Signature(tuple(tuple(stroke) for stroke in found), min(max(aspect, low), high))


def read_signature(document: object) -> Signature | None:
    """A stored signature; None where there is none. ValueError when it cannot be one."""
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise ValueError("a signature is a document")
    aspect, strokes = document.get("aspect", 300), document.get("strokes")
    low, high = _ASPECTS
    if not _is_whole(aspect, low, high) or not isinstance(strokes, list):
        raise ValueError("a signature has strokes and an aspect")
    if not 0 < len(strokes) <= MOST_STROKES:
        raise ValueError("too many strokes")
    read = tuple(tuple(_point(point) for point in _points(stroke)) for stroke in strokes)
    if sum(len(stroke) for stroke in read) > MOST_POINTS:
        raise ValueError("too many points")
    return Signature(read, int(aspect))


def _points(stroke: object) -> list[object]:
    if not isinstance(stroke, list) or not stroke:
        raise ValueError("a stroke is a list of points")
    return stroke


def _point(point: object) -> Point:
    if not isinstance(point, list) or len(point) != 2:
        raise ValueError("a point is x and y")
    if not all(_is_whole(value, 0, SCALE) for value in point):
        raise ValueError("a point lies on the pad")
    return int(point[0]), int(point[1])


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _normal(point: tuple[float, float], width: float, height: float) -> Point:
    x, y = point
    return (
        min(max(round(SCALE * x / max(width, 1.0)), 0), SCALE),
        min(max(round(SCALE * y / max(height, 1.0)), 0), SCALE),
    )


def _thinned(stroke: Sequence[Point]) -> list[Point]:
    kept = [stroke[0]]
    for point in stroke[1:]:
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= _LEAST_STEP:
            kept.append(point)
    if kept[-1] != stroke[-1]:
        kept.append(stroke[-1])
    return kept
