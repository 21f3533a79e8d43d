"""Map packs: the compact file the offline map is drawn from, and its reader.

Owns the format: msgpack of the structures below, compressed with zstd, coordinates as integers
at 1e-5 degrees (about a metre), delta-coded. Making packs from OpenStreetMap is
``mapbuild``'s, from Natural Earth ``mapworld``'s; routes over a pack's roads are ``maproads``'s
and drawing is the map widget's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import zstandard

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.interchange.whole_files import write_whole

FORMAT = 1
SCALE = 100_000
SUFFIX = ".mappack"
_MAX_BYTES = 200_000_000
_MOST_SQUEEZED = 40
"""How many times smaller a pack may be than what is in it; maps come to two or three."""

# Road classes in drawing order, from the least to the most important; ferries are drawn apart.
ROAD_CLASSES = ("track", "service", "street", "minor", "tertiary", "secondary", "primary", "trunk",
                "ferry")  # fmt: skip
NO_STOPS = frozenset((ROAD_CLASSES.index("track"), ROAD_CLASSES.index("ferry")))
"""Classes on which nobody begins or ends a drive."""


if TYPE_CHECKING:
    Coded = array[int]
else:
    Coded = array
"""Delta-coded coordinates: four bytes each, where a list of Python's numbers takes forty."""


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """An area (rings, even-odd) or a line (one ring) of one kind, in delta-coded coordinates."""

    kind: str
    rings: list[Coded]


class Level(msgspec.Struct, frozen=True, array_like=True):
    """What to draw from a zoom upwards, until the next level's zoom."""

    zoom_from: float
    areas: list[Shape]
    lines: list[Shape]


class Label(msgspec.Struct, frozen=True, array_like=True):
    """A place's name; rank 0 is the most important."""

    text: str
    kind: str
    rank: int
    longitude: float
    latitude: float


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of road between two junctions; ``oneway`` is 1 forwards, -1 backwards, 0 both.

    ``speed_kmh`` is 0 where cars may not go. ``seconds`` is what a ferry takes, 0 on roads.
    """

    start: int
    end: int
    road_class: int
    speed_kmh: int
    oneway: int
    name: int
    line: Coded
    seconds: int = 0


class MapPack(msgspec.Struct, frozen=True):
    """One region's drawing and, where it has one, its road network.

    ``bans`` are forbidden turns: arriving by an edge, at a junction, not to be left by an edge.
    """

    format: int
    title: str
    attribution: str
    licence: str
    bounds: tuple[float, float, float, float]  # west, south, east, north in degrees
    levels: list[Level]
    labels: list[Label]
    names: list[str] = []
    edges: list[Edge] = []
    bans: list[tuple[int, int, int]] = []


def seconds_of(edge: Edge, metres: float) -> float:
    """How long a stretch that may be driven takes, from its length."""
    return float(edge.seconds) or metres / (edge.speed_kmh / 3.6)


def encode_line(points: Iterable[tuple[float, float]]) -> Coded:
    """Delta-coded integers of (longitude, latitude) pairs; repeated points are dropped."""
    coded: list[int] = []
    last_x = last_y = 0
    for longitude, latitude in points:
        x, y = round(longitude * SCALE), round(latitude * SCALE)
        if coded and x == last_x and y == last_y:
            continue
        coded += (x - last_x, y - last_y)
        last_x, last_y = x, y
    return array("i", coded)


def decode_line(coded: Sequence[int]) -> list[tuple[float, float]]:
    """(longitude, latitude) pairs in degrees of what :func:`encode_line` made."""
    return [
        (x / SCALE, y / SCALE)
        for x, y in zip(accumulate(coded[::2]), accumulate(coded[1::2]), strict=True)
    ]


def _plain(coded: Coded) -> list[int]:
    return coded.tolist()


def _packed(_type: object, coded: Any) -> Coded:
    if not isinstance(coded, list):
        raise ValueError("coordinates are a list of numbers")
    try:
        return array("i", coded)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def write_pack(pack: MapPack, path: Path) -> int:
    """Write the pack, whole or not at all, and return its size in bytes.

    Raises DiskFull when it cannot be written, UserError when it is more than could be read.
    """
    raw = msgspec.msgpack.encode(pack, enc_hook=_plain)
    if len(raw) > _MAX_BYTES:
        raise UserError(_("This map is too large."), _("Choose a smaller region."))
    data = zstandard.ZstdCompressor(level=19).compress(raw)
    write_whole(path, data)
    return len(data)


def read_pack(path: Path) -> MapPack:
    """Read a pack.

    Raises:
        UserError: the file is absent, damaged, or of another format.
    """
    hint = _("Choose a map pack made by this version, or make it again from its extract.")
    try:
        data = path.read_bytes()
        raw = unpacked(data, min(_MAX_BYTES, len(data) * _MOST_SQUEEZED + 1_000_000))
        pack = msgspec.msgpack.decode(raw, type=MapPack, dec_hook=_packed)
    except OSError as error:
        raise UserError(
            _("The map file {name} cannot be read.").format(name=path.name), hint
        ) from error
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise UserError(_("{name} is not a map pack.").format(name=path.name), hint) from error
    if pack.format != FORMAT:
        raise UserError(_("{name} is a map pack of another version.").format(name=path.name), hint)
    return pack


def unpacked(data: bytes, most: int) -> bytes:
    """What is compressed in ``data``, which may claim to be anything; ZstdError above ``most``."""
    if zstandard.frame_content_size(data) > most:
        raise zstandard.ZstdError("too much")
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=most)


def simplify(points: Sequence[tuple[float, float]], tolerance: float) -> list[tuple[float, float]]:
    """The line with every point farther than ``tolerance`` (same unit) from it kept.

    Douglas and Peucker's method, without recursion. Ends always stay.
    """
    if len(points) < 3:
        return list(points)
    keep = bytearray(len(points))
    keep[0] = keep[-1] = 1
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        worst, index = _farthest(points, first, last)
        if worst > tolerance * tolerance:
            keep[index] = 1
            stack += [(first, index), (index, last)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def _farthest(points: Sequence[tuple[float, float]], first: int, last: int) -> tuple[float, int]:
    """Squared distance and index of the point farthest from the chord between two points."""
    ax, ay = points[first]
    dx, dy = points[last][0] - ax, points[last][1] - ay
    length = dx * dx + dy * dy
    worst, found = -1.0, first
    for index in range(first + 1, last):
        px, py = points[index][0] - ax, points[index][1] - ay
        if length:
            t = min(1.0, max(0.0, (px * dx + py * dy) / length))
            px, py = px - t * dx, py - t * dy
        distance = px * px + py * py
        if distance > worst:
            worst, found = distance, index
    return worst, found
