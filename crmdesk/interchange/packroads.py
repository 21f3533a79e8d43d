"""The road network of a map pack, made ready for planning, and the file it is kept in.

Owns turning a pack's stretches into :mod:`crmdesk.planning.roadnet`'s and keeping the result
beside the pack (a line that names format and pack, then arrays in msgpack, zstd), so that it is
prepared once. What lies on the disk is checked before it is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.interchange.mappack import NO_STOPS, SCALE, MapPack, seconds_of, unpacked
from crmdesk.interchange.maproads import distance_m
from crmdesk.interchange.whole_files import write_whole
from crmdesk.planning.roadnet import NetworkTooLarge, RoadEdge, RoadNetwork, build_network
from crmdesk.planning.turns import Ban

ROADS_SUFFIX = ".roads"
ROADS_FORMAT = 3
"""Raised whenever drives come out otherwise: what was kept by an older version is made anew."""
_MOST_BYTES = 1_500_000_000
_LONGEST_LINE = 200
_ARRAYS: dict[str, type[np.generic]] = {
    "first": np.int64, "head": np.int32, "up": np.int64, "down": np.int64, "parent": np.int32,
    "edge_start": np.int32, "edge_end": np.int32, "onto_start": np.int32, "onto_end": np.int32,
    "forward": np.int64, "backward": np.int64, "line_first": np.int64, "line": np.int32,
}  # fmt: skip


def network_of(pack: MapPack, tell: Callable[[int, int], None] | None = None) -> RoadNetwork:
    """The network of a pack's roads; empty where it has none. ``tell`` as in ``build_network``.

    Raises:
        UserError: there are more roads than a laptop can prepare.
    """
    try:
        numbers, edges = _edges(pack)
        return build_network(edges, tell, _bans(pack, numbers))
    except NetworkTooLarge as error:
        raise UserError(
            _("This map has more roads than can be prepared for planning."),
            _("Choose a smaller region."),
        ) from error


def _edges(pack: MapPack) -> tuple[dict[int, int], list[RoadEdge]]:
    """The stretches that are driven, and the place of each by its place in the pack."""
    numbers: dict[int, int] = {}
    edges: list[RoadEdge] = []
    for number, edge in enumerate(pack.edges):
        line = list(zip(accumulate(edge.line[::2]), accumulate(edge.line[1::2]), strict=True))
        if edge.speed_kmh <= 0 or len(line) < 2:
            continue
        degrees = [(x / SCALE, y / SCALE) for x, y in line]
        metres = sum(map(distance_m, degrees, degrees[1:]))
        numbers[number] = len(edges)
        edges.append(RoadEdge(
            edge.start, edge.end, metres, seconds_of(edge, metres), edge.oneway,
            edge.road_class not in NO_STOPS, line,
        ))  # fmt: skip
    return numbers, edges


def _bans(pack: MapPack, numbers: dict[int, int]) -> list[Ban]:
    return [
        (numbers[arriving], junction, numbers[leaving])
        for arriving, junction, leaving in pack.bans
        if arriving in numbers and leaving in numbers
    ]


def write_network(network: RoadNetwork, path: Path, pack_sha256: str) -> None:
    """Keep a network beside its pack, whole or not at all. DiskFull where it cannot be."""
    arrays = {name: np.ascontiguousarray(getattr(network, name)).tobytes() for name in _ARRAYS}
    data = zstandard.ZstdCompressor(level=6).compress(msgspec.msgpack.encode(arrays))
    write_whole(path, _first_line(pack_sha256, len(data)) + data)


def _first_line(pack_sha256: str, size: int) -> bytes:
    return f"crmdesk roads {ROADS_FORMAT} {pack_sha256} {size}\n".encode()


def has_network(path: Path, pack_sha256: str) -> bool:
    """Whether a network of this version is kept for a pack, by its first line and its size."""
    return _begin(path, pack_sha256) > 0


def _begin(path: Path, pack_sha256: str) -> int:
    """Where the arrays begin; 0 for another pack, another version, and a file that was cut."""
    try:
        with path.open("rb") as file:
            found = file.readline(_LONGEST_LINE)
        size = path.stat().st_size - len(found)
    except OSError:
        return 0
    return len(found) if found == _first_line(pack_sha256, size) else 0


def read_network(path: Path, pack_sha256: str) -> RoadNetwork | None:
    """The network that was kept for a pack; None when there is none or it cannot be believed."""
    begin = _begin(path, pack_sha256)
    if not begin:
        return None
    try:
        kept = msgspec.msgpack.decode(unpacked(path.read_bytes()[begin:], _MOST_BYTES))
        arrays: dict[str, Any] = {
            name: np.frombuffer(kept[name], kind) for name, kind in _ARRAYS.items()
        }
        arrays["line"] = arrays["line"].reshape(-1, 2)
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None
    network = RoadNetwork(**arrays)
    return network if _sound(network) else None


def _sound(network: RoadNetwork) -> bool:
    """Every index leads somewhere, and every chain of junctions upwards."""
    count, edges = network.junctions, len(network.edge_start)
    parents = network.parent
    return bool(
        len(network.first) == count + 1
        and _steps(network.first, len(network.head))
        and len(network.up) == len(network.down) == len(network.head)
        and len(network.edge_end) == len(network.forward) == len(network.backward) == edges
        and len(network.onto_start) == len(network.onto_end) == edges
        and len(network.line_first) == edges + 1
        and _steps(network.line_first, len(network.line))
        and _within(network.head, 0, count)
        and _within(parents, -1, count)
        and ((parents == -1) | (parents > np.arange(count))).all()
        and _within(network.edge_start, 0, count)
        and _within(network.edge_end, 0, count)
        and _within(network.onto_start, 0, count)
        and _within(network.onto_end, 0, count)
    )


def _steps(first: Any, last: int) -> bool:
    return bool(len(first) and first[0] == 0 and first[-1] == last and (np.diff(first) >= 0).all())


def _within(numbers: Any, least: int, below: int) -> bool:
    return not len(numbers) or bool(numbers.min() >= least and numbers.max() < below)
