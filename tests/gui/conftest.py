"""Fixtures of the interface tests: offscreen, themed, and silent unless something is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui import theme
from crmdesk.gui.jobs import Runner, changes_in
from crmdesk.gui.presenting import RoundState
from crmdesk.gui.widgets.map import SYNCHRONOUS
from crmdesk.services.workspace import Workspace, open_workspace
from tests.gui.demo_profile import SPEC, make_profile

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from pytestqt.qtbot import QtBot

    from crmdesk.gui.shell import MainWindow

OpenWindow = Callable[..., "MainWindow"]


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    """Every test starts in the light scheme at 100 %.

    Put on only where it is not: with the windows that earlier tests have just closed, which Qt
    still dresses anew, it costs as much as a small test.
    """
    if not qapp.styleSheet() or theme.tokens().is_dark or theme.text_scale() != 1.0:
        theme.apply(qapp, "light")
    yield
    if theme.tokens().is_dark or theme.text_scale() != 1.0:
        theme.apply(qapp, "light")


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[Runner]:
    """A real runner that is closed afterwards."""
    made = Runner()
    yield made
    made.close()


@dataclass
class DirectRunner:
    """Runs work at once on the caller's thread, for presenters; keeps what was committed."""

    committed: list[ChangeSet] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def read(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        **_rest: object,
    ) -> None:
        try:
            result = work()
        except Exception as error:
            self.errors.append(error)
            if failed is None:
                raise
            failed(error)
            return
        changes = changes_in(result)
        if changes is not None:
            self.committed.append(changes)
        if done is not None:
            done(result)

    write = read
    network = read


@dataclass
class FakeRounds:
    """The rounds of sync as a list of what was asked; a test tells how one goes."""

    asked: int = 0
    cancelled: int = 0
    state: RoundState = field(default_factory=RoundState)
    listeners: list[Callable[[RoundState], None]] = field(default_factory=list)

    def ask(self) -> None:
        self.asked += 1

    def cancel(self) -> None:
        self.cancelled += 1

    def listen(self, listener: Callable[[RoundState], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, state: RoundState) -> None:
        self.state = state
        for listener in tuple(self.listeners):
            listener(state)


@dataclass
class FakeDesk:
    """The window around a presenter, as a list of what it was asked."""

    went: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    undo: Callable[[], None] | None = None
    banners: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    backs: int = 0
    rounds: FakeRounds = field(default_factory=FakeRounds)
    exports: int = 0

    def export_list(self) -> None:
        self.exports += 1

    def go(self, place: str, **args: object) -> None:
        self.went.append((place, args))

    def back(self) -> None:
        self.backs += 1

    def toast(self, text: str, *, undo: Callable[[], None] | None = None) -> None:
        self.toasts.append(text)
        self.undo = undo

    def banner(self, message: str, hint: str = "", *, tone: str = "warning") -> None:
        self.banners.append(f"{message} {hint}".strip())

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


@pytest.fixture
def direct_runner() -> DirectRunner:
    return DirectRunner()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo company in a profile of its rep; copied per test, never opened itself."""
    return make_profile(tmp_path_factory.mktemp("demo") / "profile")


@pytest.fixture
def demo(demo_template: Path, tmp_path: Path) -> Iterator[Workspace]:
    """The rep's workspace on the demo company, on its own day and minute."""
    folder = tmp_path / "profile"
    shutil.copytree(demo_template, folder)
    workspace = open_workspace(folder, SPEC.instant)
    yield workspace
    workspace.close()


@pytest.fixture
def synchronous_maps(qapp: QApplication) -> Iterator[None]:
    """Maps are drawn at once, so that nothing is still under way when a test ends."""
    qapp.setProperty(SYNCHRONOUS, True)
    yield
    qapp.setProperty(SYNCHRONOUS, False)


@pytest.fixture
def open_window(runner: Runner, qtbot: QtBot, synchronous_maps: None) -> Iterator[OpenWindow]:
    """Opens the whole window of a workspace, in front and at rest; closed afterwards."""
    from crmdesk.gui.bus import Bus
    from crmdesk.gui.errors import ErrorDesk
    from crmdesk.gui.places import places_for
    from crmdesk.gui.shell import MainWindow, ShellSources

    made: list[MainWindow] = []

    def opened(
        ws: Workspace, settings: QSettings | None = None, size: tuple[int, int] = (1440, 900)
    ) -> MainWindow:
        window = MainWindow(runner, Bus(), ErrorDesk(), settings)
        made.append(window)
        qtbot.addWidget(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        window.open_places(ws, places_for(ws), ShellSources())
        qtbot.waitUntil(lambda: runner.running == 0)
        return window

    yield opened
    for window in made:
        window.close()


@pytest.fixture
def window(demo: Workspace, open_window: OpenWindow) -> MainWindow:
    """The whole window on the demo company, for its rep."""
    return open_window(demo)
