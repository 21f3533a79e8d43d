"""Memory is given back when nothing is under way, not before."""

from __future__ import annotations

import linecache
from threading import Event

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.gui import heap
from crmdesk.gui.heap import HeapKeeper
from crmdesk.gui.jobs import Runner


def test_memory_is_given_back_once_everything_has_come_back(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heap, "IDLE_MS", 30)
    runner = Runner()
    given: list[int] = []
    HeapKeeper(runner, lambda: given.append(runner.running))
    held = Event()
    try:
        runner.read(lambda: held.wait(5))
        runner.read(lambda: None)
        qtbot.wait(120)
        assert given == []
        held.set()
        qtbot.waitUntil(lambda: bool(given), timeout=5_000)
        assert given == [0]
    finally:
        held.set()
        runner.close()


def test_the_lines_of_sources_are_not_kept(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "IDLE_MS", 10)
    linecache.getlines(heap.__file__)
    assert heap.__file__ in linecache.cache
    runner = Runner()
    HeapKeeper(runner)
    try:
        runner.read(lambda: None)
        qtbot.waitUntil(lambda: heap.__file__ not in linecache.cache, timeout=5_000)
    finally:
        runner.close()


def test_no_timer_runs_on_when_the_runner_has_been_closed(qtbot: QtBot) -> None:
    runner = Runner()
    keeper = HeapKeeper(runner, lambda: None)
    came = Event()
    runner.write(came.set)
    assert came.wait(5)
    runner.close()
    qtbot.wait(20)
    assert not keeper._timer.isActive()


def test_this_system_is_asked_where_it_can_be(qtbot: QtBot) -> None:
    trim = heap._trimmer()
    assert trim is None or trim() in (0, 1)
