"""Places and cards in the real window: from the wish to the painted answer, on the big company.

The window is the desktop's own, offscreen, with its jobs and threads. A place counts as painted
when its view was given what it shows and the event loop has painted everything that was stale.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from crmdesk.gui.app import Desktop, Start, make_application
from tests.benchmarks.companies import big_profile, now
from tests.benchmarks.harness import Bench, Times, median, p95
from tests.benchmarks.queries import largest_customers

_LIMIT_MS = 60_000
_SCROLLED = ("customers", "contacts", "visits")
_PLACES = ("customers", "plan", "reorder", "orders", "today")


def measure_window(bench: Bench) -> None:
    """Cards of many customers, then the places again and again."""
    app = make_application()
    desktop = opened_window(big_profile(bench.work, quick=bench.quick))
    try:
        window, workspace = desktop.window, desktop.workspace
        if workspace is None:
            raise RuntimeError("the profile did not open")
        card = window.place("customer")
        some = largest_customers(workspace, 400)
        chosen = [some[0], *Random(4).sample(some, 30)]
        found = []
        for key in chosen:
            found.append(
                _until(card, "show_card", lambda key=key: window.go("customer", account=key))
            )
            settle(app)
        times = Times([wall for wall, _cpu in found[1:]], [cpu for _wall, cpu in found[1:]])
        bench.add_times("card painted in the window, median", times, median)
        bench.add_times("card painted in the window, 95th percentile", times, p95)
        for name in _PLACES:
            _measure_place(bench, app, window, name)
        for name in _SCROLLED:
            _measure_scrolling(bench, app, window, name)
    finally:
        desktop.close()
        settle(app)


def opened_window(folder: Path) -> Desktop:
    """The desktop with a profile open, at rest."""
    desktop = Desktop(make_application(), Start(folder, now, sync_by_itself=False))
    desktop.show()
    loop = QEventLoop()
    ticks = QTimer(interval=20)
    ticks.timeout.connect(lambda: loop.quit() if desktop.workspace is not None else None)
    ticks.start()
    QTimer.singleShot(_LIMIT_MS, loop.quit)
    loop.exec()
    ticks.stop()
    settle(make_application())
    return desktop


def _measure_place(bench: Bench, app: QApplication, window: Any, name: str) -> None:
    began = time.perf_counter()
    window.go(name)
    app.processEvents()
    first = time.perf_counter() - began
    settle(app)
    again = []
    cpu = []
    for _round in range(5):
        window.go("customer" if name != "customer" else "today")
        settle(app)
        began, began_cpu = time.perf_counter(), time.thread_time()
        window.go(name)
        app.processEvents()
        again.append(time.perf_counter() - began)
        cpu.append(time.thread_time() - began_cpu)
        settle(app)
    bench.add_times(f"{name}: shown again", Times(again, cpu), at_most_ms=100)
    bench.add_ms(f"{name}: shown the first time, rows may follow", first)


def _measure_scrolling(bench: Bench, app: QApplication, window: Any, name: str) -> None:
    """A step of three rows down a list, painted; rows that are not read yet come later."""
    window.go("lists", list=name)
    settle(app, for_ms=600)
    table = window.place("lists").table
    bar, step = table.verticalScrollBar(), 3 * table.verticalHeader().defaultSectionSize()
    walls, cpus = [], []
    for number in range(300):
        began, began_cpu = time.perf_counter(), time.thread_time()
        bar.setValue(bar.value() + step)
        app.processEvents()
        walls.append(time.perf_counter() - began)
        cpus.append(time.thread_time() - began_cpu)
        if number % 10 == 0:
            settle(app, for_ms=10)
    bench.add_times(f"Lists, {name}: a scroll step painted, 95th percentile",
                    Times(walls, cpus), p95, at_most_ms=16)  # fmt: skip


def _until(view: Any, method: str, wish: Callable[[], object]) -> tuple[float, float]:
    """Wall and interface-thread seconds from a wish until the view was filled and painted."""
    loop = QEventLoop()
    shown: list[bool] = []
    original = getattr(view, method)

    def filled(*args: Any) -> None:
        original(*args)
        if not shown:
            shown.append(True)
            # Paint events were posted by now; this comes after them.
            QTimer.singleShot(0, lambda: QTimer.singleShot(0, loop.quit))

    setattr(view, method, filled)
    began, began_cpu = time.perf_counter(), time.thread_time()
    QTimer.singleShot(_LIMIT_MS, loop, loop.quit)
    wish()
    loop.exec()
    taken = time.perf_counter() - began, time.thread_time() - began_cpu
    delattr(view, method)
    return taken


def settle(app: QApplication, *, for_ms: int = 150) -> None:
    """Let late answers and paintings pass, so that they are not counted to what comes next."""
    loop = QEventLoop()
    QTimer.singleShot(for_ms, loop.quit)
    loop.exec()
    app.processEvents()
