"""What a map pack from somebody else may hold, checked before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.interchange.mappack import ROAD_CLASSES, SCALE, MapPack

_MOST_SHAPES, _MOST_NUMBERS, _MOST_LEVELS = 4_000_000, 60_000_000, 12
_MOST_TEXT, _MOST_SPEED, _MOST_JUNCTION = 200, 200, 1 << 40
_MOST_SECONDS = 7 * 86_400
_EAST, _NORTH = 190 * SCALE, 86 * SCALE


def check_pack(pack: MapPack, name: str) -> None:
    """UserError for a pack with lines off the earth, roads of no class, or simply too much."""
    west, south, east, north = pack.bounds
    sound = (
        -181 <= west < east <= 181
        and -86 <= south < north <= 86
        and len(pack.levels) <= _MOST_LEVELS
        and all(len(text) <= _MOST_TEXT for text in (pack.title, pack.attribution, pack.licence))
        and len(pack.labels) + len(pack.names) <= _MOST_SHAPES
        and all(
            len(label.text) <= _MOST_TEXT
            and abs(label.longitude) <= 181
            and abs(label.latitude) <= 86
            for label in pack.labels
        )
        and _lines_sound(pack)
        and all(
            0 <= edge.road_class < len(ROAD_CLASSES)
            and 0 <= edge.speed_kmh <= _MOST_SPEED
            and edge.oneway in (-1, 0, 1)
            and 0 <= edge.seconds <= _MOST_SECONDS
            and 0 <= edge.start < _MOST_JUNCTION
            and 0 <= edge.end < _MOST_JUNCTION
            for edge in pack.edges
        )
        and _bans_sound(pack)
    )
    if not sound:
        raise UserError(
            _("{name} holds what no map pack may hold.").format(name=name),
            _("Nothing was taken from it. Ask whoever made it for a new one."),
        )


def _bans_sound(pack: MapPack) -> bool:
    """Forbidden turns are between edges that meet at their junction."""
    edges = pack.edges
    return len(pack.bans) <= _MOST_SHAPES and all(
        0 <= arriving < len(edges)
        and 0 <= leaving < len(edges)
        and junction in (edges[arriving].start, edges[arriving].end)
        and junction in (edges[leaving].start, edges[leaving].end)
        for arriving, junction, leaving in pack.bans
    )


def _lines_sound(pack: MapPack) -> bool:
    shapes = [s for level in pack.levels for s in (*level.areas, *level.lines)]
    if len(shapes) + len(pack.edges) > _MOST_SHAPES:
        return False
    rings: list[Sequence[int]] = [ring for shape in shapes for ring in shape.rings]
    rings += [edge.line for edge in pack.edges]
    if sum(map(len, rings)) > _MOST_NUMBERS:
        return False
    return all(
        len(ring) % 2 == 0
        and _within(accumulate(ring[::2]), _EAST)
        and _within(accumulate(ring[1::2]), _NORTH)
        for ring in rings
    )


def _within(numbers: Iterable[int], most: int) -> bool:
    return all(-most <= number <= most for number in numbers)
