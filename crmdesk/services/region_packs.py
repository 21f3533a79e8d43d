"""The map packs of this computer: those that come with the program and those of the profile.

Owns finding them, their facts, adding one safely, removing one, and making their roads ready for
planning. A pack of the profile lies in its folder ``maps``; what was made from any pack (the
network, facts) lies there too and can be made again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crmdesk.domain.errors import DiskFull, NotFound, UserError
from crmdesk.i18n import _
from crmdesk.interchange.mappack import SUFFIX, MapPack, read_pack
from crmdesk.interchange.mbtiles import SUFFIX as PICTURES
from crmdesk.interchange.mbtiles import PictureTiles, is_mbtiles
from crmdesk.paths import resources_dir
from crmdesk.storage import tile_file

if TYPE_CHECKING:
    from crmdesk.planning.roadnet import RoadNetwork
    from crmdesk.planning.roadsnap import Snapper

FOLDER = "maps"
MOST_PACK_BYTES = 400_000_000
_AT_ONCE_ROADS = 20_000
"""Networks up to this many stretches are prepared when they are first asked for (a second)."""
_KEPT_NETWORKS = 3
_LEFT_S = 3600
_PLAIN = re.compile(r"[^a-z0-9]+")


class PackFacts(msgspec.Struct, frozen=True):
    """What is known of a pack without reading it. ``bounds``: west, south, east, north.

    ``zooms`` are the least and the most of a file of pictures, None for a pack.
    """

    title: str
    sha256: str
    size: int
    bounds: tuple[float, float, float, float]
    roads: int
    labels: int
    attribution: str
    licence: str
    zooms: tuple[int, int] | None = None

    @property
    def is_pictures(self) -> bool:
        """Pictures of somebody else (MBTiles): to be looked at, without roads and names."""
        return self.zooms is not None


@dataclass(frozen=True, slots=True)
class PackFile:
    """A pack on this computer; ``bundled`` came with the program and cannot be removed."""

    path: Path
    facts: PackFacts
    bundled: bool

    def covers(self, latitude: float, longitude: float) -> bool:
        """Whether a place in degrees lies within the pack's bounds."""
        west, south, east, north = self.facts.bounds
        return west <= longitude <= east and south <= latitude <= north


@dataclass(frozen=True, slots=True)
class ReadyRoads:
    """A network that can be asked at once, and what puts places on it."""

    network: RoadNetwork
    snapper: Snapper


_lock = threading.RLock()
_facts: dict[tuple[Path, int, int], PackFacts] = {}
_ready: OrderedDict[str, ReadyRoads] = OrderedDict()


def pack_files(folder: Path) -> tuple[PackFile, ...]:
    """The packs of a profile's folder and of the program, by title; damaged ones are left out."""
    found = []
    for place, bundled in ((resources_dir() / "map", True), (folder / FOLDER, False)):
        for path in sorted((*place.glob(f"*{SUFFIX}"), *place.glob(f"*{PICTURES}"))):
            if path.name == tile_file.FILE:
                continue
            try:
                found.append(PackFile(path, facts_of(path), bundled))
            except (UserError, OSError):
                continue
    return tuple(sorted(found, key=lambda pack: (pack.facts.title.casefold(), pack.facts.sha256)))


def facts_of(path: Path) -> PackFacts:
    """The facts of a pack; UserError when it is none. Read once per file."""
    stat = path.stat()
    key = (path, stat.st_mtime_ns, stat.st_size)
    with _lock:
        if key not in _facts:
            _facts[key] = _read_facts(path)
        return _facts[key]


def _read_facts(path: Path) -> PackFacts:
    beside = path.with_suffix(".facts")
    digest = _digest(path)
    try:
        facts = msgspec.json.decode(beside.read_bytes(), type=PackFacts)
        if facts.sha256 == digest:
            return facts
    except (OSError, msgspec.MsgspecError):
        pass
    if path.suffix == PICTURES:
        return _picture_facts(path, digest)
    return _facts_in(read_pack(path), digest, path.stat().st_size)


def _picture_facts(path: Path, digest: str) -> PackFacts:
    said = PictureTiles(path).facts
    return PackFacts(
        said.title, digest, path.stat().st_size, said.bounds, 0, 0, said.attribution, "",
        said.zooms,
    )  # fmt: skip


def _facts_in(pack: MapPack, digest: str, size: int) -> PackFacts:
    return PackFacts(
        pack.title, digest, size, pack.bounds, len(pack.edges), len(pack.labels),
        pack.attribution, pack.licence,
    )  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def add_pack(
    folder: Path, source: Path, *, tell: Callable[[int, int], None] | None = None
) -> PackFile:
    """Take a pack or a file of map pictures into the profile, checked, its roads made ready.

    ``tell`` hears how many junctions of how many are prepared and may raise to stop; then nothing
    is left behind. Adding the same pack again changes nothing.

    Raises:
        NotFound: there is no such file.
        UserError: it is too large, no pack, or holds what no pack may hold.
        DiskFull: the profile's folder does not take it; what is there stays.
    """
    if not source.is_file():
        raise NotFound(_("There is no file {file}.").format(file=source))
    if source.stat().st_size > MOST_PACK_BYTES:
        raise UserError(_("{name} is too large for a map pack.").format(name=source.name))
    place = folder / FOLDER
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix=".export-") as work:
            # What is checked is what is kept, whatever happens to the file meanwhile.
            draft = Path(work) / "pack" / source.name
            draft.parent.mkdir()
            shutil.copyfile(source, draft)
            digest = _digest(draft)
            facts, suffix = _checked(place, draft, digest, tell)
            target = place / f"{_plain(facts.title)}-{digest[:12]}{suffix}"
            beside = Path(work) / "facts"
            beside.write_bytes(msgspec.json.encode(facts))
            beside.replace(target.with_suffix(".facts"))
            if not target.exists():
                draft.replace(target)
    except OSError as error:
        raise DiskFull(
            _("{file} cannot be written: {reason}.").format(file=place, reason=error.strerror),
            _("Check the folder and the space on the disk."),
        ) from error
    _sweep(place, target.with_suffix(".facts"))
    return PackFile(target, facts, bundled=False)


def _checked(
    place: Path, path: Path, digest: str, tell: Callable[[int, int], None] | None
) -> tuple[PackFacts, str]:
    """A file's facts and what its name ends with, its roads made ready; UserError for no map."""
    from crmdesk.interchange.packcheck import check_pack

    if is_mbtiles(path):
        return _picture_facts(path, digest), PICTURES
    pack = read_pack(path)
    check_pack(pack, path.name)
    if pack.edges:
        _prepare(place, pack, digest, tell)
    return _facts_in(pack, digest, path.stat().st_size), SUFFIX


def _sweep(place: Path, written: Path) -> None:
    """Remove what a killed program had not finished writing an hour before a file just written."""
    with suppress(OSError):
        now = written.stat().st_mtime
        for left in place.glob(".export-*"):
            if now - left.stat().st_mtime > _LEFT_S:
                shutil.rmtree(left, ignore_errors=True)


def _plain(title: str) -> str:
    return _PLAIN.sub("-", title.casefold()).strip("-")[:40] or "map"


def remove_pack(folder: Path, sha256: str) -> None:
    """Take a pack of the profile away, with everything made from it. NotFound for none."""
    for pack in pack_files(folder):
        if pack.facts.sha256 == sha256 and not pack.bundled:
            place = folder / FOLDER
            for path in (
                pack.path, pack.path.with_suffix(".facts"), _roads_path(place, sha256),
                place / f"travel-{sha256[:16]}.sealed",
            ):  # fmt: skip
                path.unlink(missing_ok=True)
            with _lock:
                _ready.pop(sha256, None)
            return
    raise NotFound(_("There is no such map in this profile."))


def ready_roads(folder: Path, pack: PackFile) -> ReadyRoads | None:
    """The pack's roads if they can be had at once.

    None for a pack without roads, and for a large one that is not prepared (`prepare_roads`).
    """
    from crmdesk.interchange.packroads import read_network
    from crmdesk.planning.roadsnap import Snapper

    digest = pack.facts.sha256
    if not pack.facts.roads:
        return None
    with _lock:
        if digest in _ready:
            _ready.move_to_end(digest)
            return _ready[digest]
        place = folder / FOLDER
        network = read_network(_roads_path(place, digest), digest)
        if network is None:
            if pack.facts.roads > _AT_ONCE_ROADS:
                # What cannot be read is no preparation, so that it is made anew.
                _roads_path(place, digest).unlink(missing_ok=True)
                return None
            network = _prepare(place, read_pack(pack.path), digest, None)
        if not len(network.edge_start):
            return None
        _ready[digest] = ReadyRoads(network, Snapper(network))
        while len(_ready) > _KEPT_NETWORKS:
            _ready.popitem(last=False)
        return _ready[digest]


def is_prepared(folder: Path, pack: PackFile) -> bool:
    """Whether the pack's roads are ready for planning, as this version prepares them."""
    from crmdesk.interchange.packroads import has_network

    digest = pack.facts.sha256
    return digest in _ready or has_network(_roads_path(folder / FOLDER, digest), digest)


def needs_preparing(folder: Path, pack: PackFile) -> bool:
    """Whether a pack's roads are not ready and take too long to be prepared in passing.

    They were prepared by an older version, or the preparation was lost; until it is made anew
    (:func:`prepare_roads`) their drives are estimated.
    """
    return pack.facts.roads > _AT_ONCE_ROADS and not is_prepared(folder, pack)


def unready_packs(folder: Path) -> tuple[PackFile, ...]:
    """The packs that need preparing."""
    return tuple(pack for pack in pack_files(folder) if needs_preparing(folder, pack))


def prepare_roads(
    folder: Path, pack: PackFile, tell: Callable[[int, int], None] | None = None
) -> None:
    """Make a pack's roads ready for planning, however long it takes; ``tell`` as in `add_pack`.

    UserError for a pack that cannot be read any more.
    """
    if not is_prepared(folder, pack):
        _prepare(folder / FOLDER, read_pack(pack.path), pack.facts.sha256, tell)


def _prepare(
    place: Path, pack: MapPack, digest: str, tell: Callable[[int, int], None] | None
) -> RoadNetwork:
    from crmdesk.interchange.packroads import network_of, read_network, write_network

    path = _roads_path(place, digest)
    kept = read_network(path, digest)
    if kept is not None:
        return kept
    network = network_of(pack, tell)
    # A full disk costs the preparation next time, not the plan.
    with suppress(OSError, DiskFull):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_network(network, path, digest)
        _sweep(place, path)
    return network


def _roads_path(place: Path, digest: str) -> Path:
    return place / f"{digest[:16]}.roads"
