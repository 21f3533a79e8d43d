"""Drives that were found once: a square of costs between places, kept sealed beside the database.

Owns the files ``maps/travel-….sealed`` of a profile, one per road network. Places are customers'
and homes, so the files are encrypted as attachments are. They can always be made again: a damaged
one counts as none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

from crmdesk.domain.errors import CrmdeskError
from crmdesk.storage import sealed
from crmdesk.storage.engine import Database

FOLDER = "maps"
_MOST_BYTES = 400_000_000
_LEFT_S = 3600
_PLACES, _COSTS = "places", "costs"


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Places as (latitude, longitude) in 1e-5 degrees, and the costs from each to each."""

    places: NDArray[np.int32]
    costs: NDArray[np.int64]


def rows_path(database: Database, network: str) -> Path:
    """Where the rows of a network lie or would lie; ``network`` begins with a digest."""
    return database.path.parent / FOLDER / f"travel-{network[:16]}.sealed"


def read_rows(database: Database, network: str) -> KeptRows | None:
    """The rows kept for a network; None without any, or for another network."""
    path = rows_path(database, network)
    if not path.exists():
        return None
    try:
        with sealed.opened(path, database.derived_key("travel")) as file:
            if file.facts().get("network") != network:
                return None
            found = {
                label: b"".join(data for _at, data in file.parts(label))
                for label in (_PLACES, _COSTS)
            }
        unpack = zstandard.ZstdDecompressor()
        places = np.frombuffer(found[_PLACES], np.int32).reshape(-1, 2)
        if zstandard.frame_content_size(found[_COSTS]) > _MOST_BYTES:
            return None
        costs = np.frombuffer(unpack.decompress(found[_COSTS]), np.int64)
        return KeptRows(places, costs.reshape(len(places), len(places)))
    except (CrmdeskError, OSError, ValueError, zstandard.ZstdError):
        return None


def write_rows(database: Database, network: str, rows: KeptRows) -> bool:
    """Keep rows in place of what was kept; False when the disk does not take them."""
    path = rows_path(database, network)
    draft = path.with_name(f"{path.name}.new-{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with sealed.made(draft, database.derived_key("travel")) as file, file.writing():
            file.say({"network": network})
            packed = zstandard.ZstdCompressor(level=3).compress(rows.costs.tobytes())
            file.add(0, rows.places.tobytes(), label=_PLACES)
            for n, begin in enumerate(range(0, len(packed), sealed.PART_BYTES)):
                file.add(n + 1, packed[begin : begin + sealed.PART_BYTES], label=_COSTS)
        draft.replace(path)
        _sweep(path)
    except (CrmdeskError, OSError):
        draft.unlink(missing_ok=True)
        return False
    return True


def _sweep(written: Path) -> None:
    """Remove drafts of programs that were killed an hour before a file just written."""
    now = written.stat().st_mtime
    for left in written.parent.glob("travel-*.new-*"):
        if now - left.stat().st_mtime > _LEFT_S:
            left.unlink(missing_ok=True)
