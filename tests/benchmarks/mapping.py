"""Frames of the map: panned and zoomed with 2,000 customers, worth, territories and region tiles.

A frame is one step of the camera and its painting, in a window of 1,240 × 800 pixels, offscreen.
The floor is filling a picture of the same size, in the same run. Tiles are made by the map's own
worker: once all are there, and once while they are still coming and both share the interpreter.
With a pause after each step also counts whatever the window does meanwhile, painting what was
stretched anew among it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from crmdesk.gui.app import make_application
from crmdesk.gui.widgets.map_layers import ClusterLayer, HeatLayer, MapPoint, TerritoryLayer
from crmdesk.gui.widgets.map_placing import PlacingMap
from crmdesk.gui.widgets.map_tiles import TileStore
from tests.benchmarks.harness import Bench, Times, duration, median, p95
from tests.benchmarks.remembering import resident_mb
from tests.benchmarks.window import settle

_SIZE = (1240, 800)
_FRAME_MS = 16.0
_CUSTOMERS, _TERRITORIES = 2_000, 8
_WEST, _SOUTH, _EAST, _NORTH = 1.45, 42.45, 1.75, 42.62
_TILES_MB = 200
_PAUSE_S, _A_FRAME_S = 0.15, 0.001
_ALL_TILES_S = 60.0

Step = Callable[[PlacingMap], None]


def measure_map(bench: Bench) -> None:
    """The 95th percentile of a frame, panning and zooming, and what the map holds in memory."""
    app = make_application()
    before = resident_mb()
    store = TileStore(parent=app)
    view = _map(store, 200 if bench.quick else _CUSTOMERS)
    steps = 40 if bench.quick else 200
    try:
        view.show()
        view.repaint()
        _wait_for_tiles(app, view)
        floor = _fill(steps)
        walks: Sequence[tuple[str, list[Step]]] = (
            ("everybody in view, panned", [_pan(7, 3)] * steps),
            ("zoomed in and out", [*[_zoom(0.5)] * 6, *[_zoom(-0.5)] * 6] * (steps // 12)),
        )
        for name, walk in walks:
            _add(bench, f"{name}, tiles coming", _frames(app, view, walk), floor)
            view.fit()
            _wait_for_tiles(app, view)
        paused = [*[_zoom(0.5)] * 6, *[_zoom(-0.5)] * 6] * (1 if bench.quick else 6)
        _add(bench, "zoomed step by step, tiles coming",
             _frames(app, view, paused, pause_s=_PAUSE_S), floor)  # fmt: skip
        view.fit()
        _wait_for_tiles(app, view)
        there_and_back = ([_pan(9, 5)] * 10 + [_pan(-9, -5)] * 10) * (steps // 20)
        _add(bench, "everybody, panned, tiles there", _frames(app, view, there_and_back), floor)
        view.zoom_by(3.0)
        _wait_for_tiles(app, view)
        _frames(app, view, there_and_back[:20])
        _wait_for_tiles(app, view)
        _add(bench, "close, panned, tiles there", _frames(app, view, there_and_back), floor)
        held = resident_mb() - before
        bench.add("memory the map takes", f"{held:,.0f} MB", bound=f"≤ {_TILES_MB} MB",
                  met=held <= _TILES_MB)  # fmt: skip
    finally:
        view.close()
        store.close()
        settle(app)


def _map(store: TileStore, customers: int) -> PlacingMap:
    """A map of customers around towns, as they live: close together, and a few far away."""
    chance = Random(11)
    towns = [(chance.uniform(_SOUTH, _NORTH), chance.uniform(_WEST, _EAST)) for _n in range(20)]
    points = []
    for number in range(customers):
        town = chance.randrange(len(towns))
        latitude, longitude = towns[town]
        points.append(MapPoint(
            number, chance.gauss(latitude, 0.006), chance.gauss(longitude, 0.008),
            chance.random(), number % 50 == 0, f"Territory {town % _TERRITORIES + 1}",
        ))  # fmt: skip
    view = PlacingMap(store=store)
    view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    view.resize(*_SIZE)
    view.clusters = ClusterLayer(points)
    view.layers = [HeatLayer(points), TerritoryLayer(points), view.clusters]
    view.fit()
    return view


def _pan(right: int, down: int) -> Step:
    return lambda view: view._move_to(view.camera().moved(float(right), float(down)))


def _zoom(change: float) -> Step:
    return lambda view: view.zoom_by(change)


def _frames(
    app: QApplication, view: PlacingMap, walk: Sequence[Step], *, pause_s: float = 0.0
) -> Times:
    """How long the window was busy with each step, and with each thing it did in the pauses."""
    walls, cpus = [], []

    def timed(work: Callable[[], None], least_s: float) -> None:
        began, began_cpu = time.perf_counter(), time.thread_time()
        work()
        taken = time.perf_counter() - began
        if taken >= least_s:
            walls.append(taken)
            cpus.append(time.thread_time() - began_cpu)

    def frame(step: Step) -> None:
        step(view)
        view.repaint()

    for step in walk:
        timed(partial(frame, step), 0.0)
        app.processEvents()
        until = time.perf_counter() + pause_s
        while time.perf_counter() < until:
            timed(app.processEvents, _A_FRAME_S)
            time.sleep(0.002)
    return Times(walls, cpus)


def _fill(runs: int) -> Times:
    picture = QPixmap(*_SIZE)
    walls, cpus = [], []
    for number in range(runs):
        began, began_cpu = time.perf_counter(), time.thread_time()
        picture.fill(Qt.GlobalColor.white if number % 2 else Qt.GlobalColor.black)
        walls.append(time.perf_counter() - began)
        cpus.append(time.thread_time() - began_cpu)
    return Times(walls, cpus)


def _wait_for_tiles(app: QApplication, view: PlacingMap) -> None:
    until = time.perf_counter() + _ALL_TILES_S
    while time.perf_counter() < until:
        view.repaint()
        settle(app, for_ms=50)
        if all(view._store.tile(key) is not None for key in view._keys()):
            return


def _add(bench: Bench, what: str, times: Times, floor: Times) -> None:
    bench.add_times(f"{what}: a frame, 95th percentile", times, p95, at_most_ms=_FRAME_MS)
    cpu, least = median(times.cpu), median(floor.cpu)
    bench.add(f"{what}: a frame, median of processor time", duration(cpu), floor=duration(least),
              ratio=cpu / least)  # fmt: skip
