"""Places names and numbered markers so that they do not lie on each other.

Owns the two layouts: markers of one town are pushed apart until each can be read, and names take
the first free spot around their place, the important ones first. Arithmetic only, no Qt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ROUNDS = 60
_EDGE = 6.0  # a name this near the border of the view would look cut


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in view pixels."""

    left: float
    top: float
    width: float
    height: float

    def touches(self, other: Box) -> bool:
        """True where the two share any pixel."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )

    def grown(self, by: float) -> Box:
        """The same middle, larger by so much on every side."""
        return Box(self.left - by, self.top - by, self.width + 2 * by, self.height + 2 * by)

    def inside(self, width: float, height: float) -> bool:
        """True where it lies wholly in a view of this size."""
        return (
            self.left >= 0
            and self.top >= 0
            and self.left + self.width <= width
            and self.top + self.height <= height
        )


def spread_markers(
    points: Sequence[tuple[float, float]],
    radii: Sequence[float],
    *,
    gap: float = 1.0,
    fixed: Sequence[tuple[float, float, float]] = (),
) -> list[tuple[float, float]]:
    """Where to draw each marker: its own place, or beside it if another is there.

    Each pair that overlaps is pushed apart along the line between the two; equal places part
    sideways, in the order given. ``fixed`` circles (x, y, radius) stay and push. Deterministic.
    """
    placed = [list(point) for point in points]
    for _round in range(_ROUNDS):
        moved = False
        for i in range(len(placed)):
            for j in range(i + 1, len(placed)):
                moved = _push(placed[i], placed[j], radii[i] + radii[j] + gap, j - i) or moved
            for x, y, radius in fixed:
                moved = _push_away(placed[i], x, y, radii[i] + radius + gap) or moved
        if not moved:
            break
    return [(x, y) for x, y in placed]


def _push(a: list[float], b: list[float], wanted: float, order: int) -> bool:
    dx, dy = b[0] - a[0], b[1] - a[1]
    distance = math.hypot(dx, dy)
    if distance >= wanted - 0.25:
        return False
    if distance < 0.01:
        angle = 0.5 + order * 0.9
        dx, dy, distance = math.cos(angle), math.sin(angle), 1.0
        shift = wanted / 2
    else:
        shift = (wanted - distance) / 2
    a[0] -= dx / distance * shift
    a[1] -= dy / distance * shift
    b[0] += dx / distance * shift
    b[1] += dy / distance * shift
    return True


def _push_away(point: list[float], x: float, y: float, wanted: float) -> bool:
    dx, dy = point[0] - x, point[1] - y
    distance = math.hypot(dx, dy)
    if distance >= wanted - 0.25:
        return False
    if distance < 0.01:
        dx, dy, distance = 0.8, -0.6, 1.0  # to the upper right of what stays
    point[0], point[1] = x + dx / distance * wanted, y + dy / distance * wanted
    return True


def place_names(
    names: Iterable[tuple[float, float, float, float]],
    taken: Sequence[Box],
    width: float,
    height: float,
    *,
    gap: float = 4.0,
) -> list[Box | None]:
    """A box for each name (x, y of the place, width and height of the text), or None.

    Tried in turn: above, below, right and left of the place, then over it.
    """
    occupied = list(taken)
    found: list[Box | None] = []
    for x, y, text_width, text_height in names:
        box = next(
            (
                box
                for box in _spots(x, y, text_width, text_height, gap)
                if box.grown(_EDGE).inside(width, height)
                and not any(box.touches(other) for other in occupied)
            ),
            None,
        )
        found.append(box)
        if box is not None:
            occupied.append(Box(box.left - gap, box.top - 2, box.width + 2 * gap, box.height + 4))
    return found


def _spots(x: float, y: float, width: float, height: float, gap: float) -> Iterable[Box]:
    yield Box(x - width / 2, y - height - gap, width, height)
    yield Box(x - width / 2, y + gap, width, height)
    yield Box(x + gap * 2, y - height / 2, width, height)
    yield Box(x - width - gap * 2, y - height / 2, width, height)
    for lift in (18.0, 26.0):
        yield Box(x - width / 2, y - height - lift, width, height)
        yield Box(x - width / 2, y + lift, width, height)
        yield Box(x + lift, y - height / 2, width, height)
        yield Box(x - width - lift, y - height / 2, width, height)
