"""Tiles and routes of the bundled maps, made off the interface thread and kept in memory.

Owns loading the packs, the thread that renders tiles and finds routes by road, and the cache.
One store serves every map of the application. How a tile looks is ``map_paint``'s.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from crmdesk.domain.errors import UserError
from crmdesk.gui.theme_tokens import SCHEMES
from crmdesk.gui.widgets.map_cache import CACHE_FILE, TileCache
from crmdesk.gui.widgets.map_paint import PackPainter, paint_tile
from crmdesk.gui.widgets.map_pictures import PicturePainter
from crmdesk.interchange.mappack import SUFFIX, Label, MapPack, read_pack
from crmdesk.interchange.maproads import Leg, Point, RoadGraph, straight_leg
from crmdesk.interchange.mbtiles import SUFFIX as PICTURES
from crmdesk.interchange.mbtiles import PictureTiles
from crmdesk.paths import resources_dir

WORLD = "world"
_KEPT_BYTES = 96 << 20
_FIRST_WAIT_MS = 400


@dataclass(frozen=True, slots=True)
class TileKey:
    """One tile: colour scheme, zoom, column, row, and device pixel ratio."""

    scheme: str
    zoom: float
    column: int
    row: int
    ratio: float


class MapData:
    """The packs, read on first use, and what is computed from them. Safe across threads."""

    def __init__(self, names: Sequence[str] | None = None, folder: Path | None = None) -> None:
        self._names = names
        self.folder = folder
        self.version = 0
        self._lock = threading.RLock()
        self._painters: list[PackPainter] | None = None
        self._pictures: list[PicturePainter] = []
        self._graphs: list[tuple[MapPack, RoadGraph]] | None = None
        self._legs: dict[tuple[Point, Point], Leg] = {}

    @property
    def loaded(self) -> bool:
        """True once the packs are in memory."""
        return self._painters is not None

    def painters(self) -> list[PackPainter]:
        """One painter per pack, the world first."""
        ready = self._painters
        if ready is not None:
            # Whoever only asks must not wait for a tile that is just being painted.
            return ready
        with self._lock:
            if self._painters is None:
                folder = resources_dir() / "map"
                names = self._names or sorted(
                    (path.stem for path in folder.glob(f"*{SUFFIX}")),
                    key=lambda name: (name != WORLD, name),
                )
                packs = [read_pack(folder / f"{name}{SUFFIX}") for name in names]
                packs += self._own_packs()
                self._pictures = self._own_pictures()
                self._painters = [PackPainter(pack) for pack in packs]
            return self._painters

    def _own_packs(self) -> list[MapPack]:
        """The packs of the profile; one that cannot be read is not shown."""
        packs = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")) if self.folder is not None else ():
            with suppress(UserError):
                packs.append(read_pack(path))
        return packs

    def _own_pictures(self) -> list[PicturePainter]:
        """The map pictures of the profile; a file that cannot be read is not shown."""
        found = []
        for path in sorted(self.folder.glob(f"*{PICTURES}")) if self.folder is not None else ():
            if path.name != CACHE_FILE:
                with suppress(UserError, OSError):
                    found.append(PicturePainter(PictureTiles(path)))
        return found

    def look_again(self, folder: Path | None) -> None:
        """Read the packs anew when next asked: others are in the folder now."""
        with self._lock:
            self.folder = folder
            self.version += 1
            self._painters = self._graphs = None
            self._pictures = []
            self._legs.clear()

    def packs(self) -> list[MapPack]:
        """The packs in drawing order."""
        return [painter.pack for painter in self.painters()]

    def labels(self) -> list[Label]:
        """The names of all packs, the most important first."""
        found = [label for pack in self.packs() for label in pack.labels]
        return sorted(found, key=lambda label: label.rank)

    def attribution(self, west: float, south: float, east: float, north: float) -> str:
        """Whose data are shown in a window of degrees."""
        named = [
            pack.attribution for pack in self.packs() if _shows(pack, west, south, east, north)
        ]
        # Natural Earth asks for nothing, so it steps back where other data are in view.
        named = named[1:] or named
        for facts in (pictures.tiles.facts for pictures in self._pictures):
            left, bottom, right, top = facts.bounds
            if left < east and right > west and bottom < north and top > south:
                named.append(facts.attribution or facts.title)
        return " · ".join(dict.fromkeys(named))

    def render(self, key: TileKey) -> QImage:
        """Paint one tile."""
        with self._lock:
            return paint_tile(
                [*self.painters(), *self._pictures],
                SCHEMES[key.scheme],
                key.zoom,
                key.column,
                key.row,
                key.ratio,
            )

    def legs(self, stops: Sequence[Point]) -> list[Leg]:
        """Ways by road between consecutive (longitude, latitude) stops, kept once found."""
        with self._lock:
            return [self._leg(a, b) for a, b in itertools.pairwise(stops)]

    def _leg(self, a: Point, b: Point) -> Leg:
        if (a, b) not in self._legs:
            self._legs[(a, b)] = self._find_leg(a, b)
        return self._legs[(a, b)]

    def _find_leg(self, a: Point, b: Point) -> Leg:
        if self._graphs is None:
            self._graphs = [(pack, RoadGraph(pack)) for pack in self.packs() if pack.edges]
        for pack, graph in self._graphs:
            west, south, east, north = pack.bounds
            if all(west <= p[0] <= east and south <= p[1] <= north for p in (a, b)):
                return graph.leg(a, b)
        return straight_leg(a, b)


class TileStore(QObject):
    """Keeps tiles and asks a single worker for the missing ones, the latest wish first."""

    tile_ready = Signal(object)  # TileKey
    legs_ready = Signal(object, object)  # tuple of stops, list of Leg
    loaded = Signal()

    def __init__(self, data: MapData | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.data = data or MapData()
        self._tiles: OrderedDict[TileKey, QImage] = OrderedDict()
        self._bytes = 0
        self._in_view = 0
        self._cache: TileCache | None = None
        self._lock = threading.Lock()
        self._wanted: list[TileKey] = []
        self._routes: list[tuple[Point, ...]] = []
        self._working = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    @staticmethod
    def of_application() -> TileStore:
        """The store shared by the application's maps; made on first use."""
        app = QApplication.instance()
        if app is None:
            raise RuntimeError("a map needs a QApplication first")
        for child in app.children():
            if isinstance(child, TileStore):
                return child
        store = TileStore(parent=app)
        app.aboutToQuit.connect(store.close)
        return store

    def look_again(self, folder: Path | None) -> None:
        """Show the maps of a profile's folder, as they are now; every view paints itself anew."""
        with self._lock:
            cache, self._cache = self._cache, None
            self._tiles.clear()
            self._bytes = 0
        self.data.look_again(folder)
        if cache is not None:
            cache.close()
        if folder is not None and folder.is_dir():
            paths = [*(resources_dir() / "map").glob(f"*{SUFFIX}"), *folder.glob(f"*{SUFFIX}")]
            paths += [path for path in folder.glob(f"*{PICTURES}") if path.name != CACHE_FILE]
            self._cache = TileCache(folder, paths)
        self.loaded.emit()

    def _made(self, key: TileKey) -> QImage:
        """A tile from the disk, or painted and kept there."""
        cache, look = self._cache, f"{key.scheme}@{key.ratio:g}"
        place = (key.zoom, key.column, key.row, look)
        kept = cache.get(place) if cache is not None else None
        if kept is not None:
            kept.setDevicePixelRatio(key.ratio)
            return kept
        image = self.data.render(key)
        if cache is not None:
            cache.put(place, image)
        return image

    def tile(self, key: TileKey) -> QImage | None:
        """The tile if it is there."""
        with self._lock:
            image = self._tiles.get(key)
            if image is not None:
                self._tiles.move_to_end(key)
            return image

    def kept(self, scheme: str, zoom: float, ratio: float) -> list[tuple[TileKey, QImage]]:
        """The tiles of a zoom that are there."""
        with self._lock:
            return [
                (key, image)
                for key, image in self._tiles.items()
                if key.zoom == zoom and key.scheme == scheme and key.ratio == ratio
            ]

    def tile_now(self, key: TileKey) -> QImage:
        """The tile, painted on this thread if need be: for pictures and tests."""
        found = self.tile(key)
        if found is None:
            found = self.data.render(key)
            self._keep(key, found)
        return found

    def want(self, keys: Iterable[TileKey], *, in_view: int = 0) -> None:
        """Replace the wishes of the view; the first is made first.

        As many tiles as are ``in_view`` are kept, however much memory they take.
        """
        with self._lock:
            self._in_view = in_view
            self._wanted = [key for key in keys if key not in self._tiles]
            self._start()

    def want_legs(self, stops: tuple[Point, ...]) -> None:
        """Find the ways by road between stops; ``legs_ready`` brings them."""
        with self._lock:
            if stops not in self._routes:
                self._routes.append(stops)
            self._start()

    def close(self) -> None:
        """Stop the worker and wait for it."""
        with self._lock:
            self._wanted, self._routes = [], []
        self._pool.waitForDone()
        if self._cache is not None:
            self._cache.close()

    def _start(self) -> None:
        if not self._working and (self._wanted or self._routes):
            self._working = True
            if self.data.loaded:
                self._pool.start(_Worker(self))
            else:
                # Reading the packs takes the interpreter for itself: what stands beside the
                # first map is shown before.
                QTimer.singleShot(_FIRST_WAIT_MS, self, self._begin)

    def _begin(self) -> None:
        self._pool.start(_Worker(self))

    def work(self) -> None:
        """The worker's loop; runs on its thread."""
        if not self.data.loaded:
            self.data.painters()
            self.loaded.emit()
        while True:
            with self._lock:
                stops = self._routes.pop(0) if self._routes else None
                key = self._wanted.pop(0) if stops is None and self._wanted else None
                if stops is None and key is None:
                    self._working = False
                    return
            try:
                if stops is not None:
                    self.legs_ready.emit(stops, self.data.legs(stops))
                elif key is not None:
                    self._keep(key, self._made(key))
                    self.tile_ready.emit(key)
            except RuntimeError:
                # The window has closed and taken the store with it; nobody waits for the tile.
                return

    def _keep(self, key: TileKey, image: QImage) -> None:
        with self._lock:
            replaced = self._tiles.pop(key, None)
            self._tiles[key] = image
            self._bytes += image.sizeInBytes() - (replaced.sizeInBytes() if replaced else 0)
            while self._bytes > _KEPT_BYTES and len(self._tiles) > max(1, self._in_view):
                _oldest, gone = self._tiles.popitem(last=False)
                self._bytes -= gone.sizeInBytes()


class _Worker(QRunnable):
    def __init__(self, store: TileStore) -> None:
        super().__init__()
        self._store = store

    def run(self) -> None:
        self._store.work()


def _shows(pack: MapPack, west: float, south: float, east: float, north: float) -> bool:
    """True where the window has any of the pack's drawing, or of its names if it has only these."""
    if not pack.levels:
        return any(west < n.longitude < east and south < n.latitude < north for n in pack.labels)
    left, bottom, right, top = pack.bounds
    return left < east and right > west and bottom < north and top > south
