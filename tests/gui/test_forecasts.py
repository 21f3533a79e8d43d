"""Forecasts are renewed behind the window: by themselves, said at the top, stopped by a key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled
from crmdesk.gui import keys
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.forecasts import Forecasts
from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.services import forecasting
from crmdesk.services.workspace import Workspace


class Run:
    """Stands in for the service: goes on customer by customer as the test lets it."""

    def __init__(self) -> None:
        self.calls = 0
        self.go_on = threading.Semaphore(0)
        self.worked = True

    def __call__(
        self,
        _ws: Workspace,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> bool:
        self.calls += 1
        for done in range(1, 5):
            progress(done, 4)
            while not self.go_on.acquire(timeout=0.02):
                if cancelled():
                    raise Cancelled
        return self.worked


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    found = Run()
    monkeypatch.setattr(forecasting, "bring_up_to_date", found)
    return found


class Heard:
    """What the bar and the bus were told."""

    def __init__(self, runner: Runner) -> None:
        self.words: list[str] = []
        self.changes: list[ChangeSet] = []
        self.errors: list[Exception] = []
        runner.committed = self.changes.append


@pytest.fixture
def heard(runner: Runner) -> Heard:
    return Heard(runner)


@pytest.fixture
def forecasts(runner: Runner, heard: Heard) -> Iterator[Forecasts]:
    made = Forecasts(runner, heard.words.append, heard.errors.append)
    yield made
    made.close()


def test_a_day_begins_with_a_run_that_is_told(
    forecasts: Forecasts, heard: Heard, run: Run, demo: Workspace, qtbot: QtBot
) -> None:
    forecasts.begin_day(demo)
    qtbot.waitUntil(lambda: "forecasts 25\u00a0%" in heard.words)
    for _ in range(4):
        run.go_on.release()
    qtbot.waitUntil(lambda: not forecasts.state.running and run.calls == 1)
    assert heard.words[-1] == ""
    assert ChangeSet(everything=True) in heard.changes


def test_what_comes_during_a_run_is_looked_at_after_it(
    forecasts: Forecasts, heard: Heard, run: Run, demo: Workspace, qtbot: QtBot
) -> None:
    forecasts.begin_day(demo)
    qtbot.waitUntil(lambda: run.calls == 1)
    forecasts.note_changes(ChangeSet.of("note", [1]))
    forecasts.note_changes(ChangeSet.of("reorder_model", [1]))
    run.worked = False
    for _ in range(8):
        run.go_on.release()
    qtbot.waitUntil(lambda: run.calls == 2 and not forecasts.state.running)
    assert not any(changes.everything for changes in heard.changes)


def test_it_is_stopped_and_goes_on_when_asked(
    forecasts: Forecasts, heard: Heard, run: Run, demo: Workspace, qtbot: QtBot
) -> None:
    forecasts.begin_day(demo)
    qtbot.waitUntil(lambda: run.calls == 1)
    forecasts.toggle()
    assert heard.words[-1] == "forecasts stopped"
    forecasts.note_changes(ChangeSet(everything=True))
    forecasts.toggle()
    qtbot.waitUntil(lambda: run.calls == 2)
    for _ in range(8):
        run.go_on.release()
    qtbot.waitUntil(lambda: not forecasts.state.running)
    assert heard.words[-1] == ""
    assert heard.errors == []


def test_an_error_is_shown_and_ends_the_run(
    forecasts: Forecasts,
    heard: Heard,
    demo: Workspace,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_arguments: Any) -> bool:
        raise ValueError("a bug")

    monkeypatch.setattr(forecasting, "bring_up_to_date", broken)
    forecasts.begin_day(demo)
    qtbot.waitUntil(lambda: len(heard.errors) == 1)
    assert not forecasts.state.running


def test_the_window_has_a_key_for_it(runner: Runner, qtbot: QtBot) -> None:
    window = MainWindow(runner, Bus(), ErrorDesk(None, None))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert keys.hint("global.forecasts") == "Ctrl+Shift+R"
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_R, modifiers)
    assert window.forecasts.state.stopped
    qtbot.keyClick(window, Qt.Key.Key_R, modifiers)
    assert not window.forecasts.state.stopped
