"""The sync centre with every kind of item, in three languages, light and dark, and with long words.

Every part is walked through with the keyboard: painted in both schemes, no button cut off, and
what must be read whole is not elided. ``CRMDESK_PICTURES`` names a folder to keep the pictures in.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk import i18n
from crmdesk.domain.states import Role
from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import RoundState
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.gui.views.sync.widget import SyncPlace
from crmdesk.gui.widgets.lines import LineLabel, runs_width
from crmdesk.paths import resources_dir
from crmdesk.services.workspace import Workspace
from tests.gui.pictures import settle
from tests.gui.sync_story import tell_all
from tests.screens.looking import COLOURS, SIZES, colours, cut_off

LONGER_BY = 0.35
"""How much longer than English the words are where no translation is there to be measured."""


class Lengthened(gettext.NullTranslations):
    """English with every message a good third longer, as Russian tends to be."""

    def _longer(self, message: str) -> str:
        more = max(1, round(len(message) * LONGER_BY))
        return f"{message} {('слово ' * 40)[:more].strip()}"

    def gettext(self, message: str) -> str:
        return self._longer(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._longer(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self._longer(message)


@pytest.fixture(params=["en", "es", "ru", "longer"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    code = str(request.param)
    if code == "longer":
        i18n.use_language("en")
        monkeypatch.setattr(
            i18n._State, "tongue", replace(i18n._State.tongue, translations=Lengthened())
        )
    else:
        compiled = resources_dir() / "translations" / code / "LC_MESSAGES" / "crmdesk.mo"
        if code != "en" and not compiled.exists():
            pytest.skip("the translations are not compiled")
        i18n.use_language(code)
    yield code
    i18n.use_language("en")


@pytest.fixture(params=["rep", "office"])
def window(
    request: pytest.FixtureRequest, demo: Workspace, runner: Runner, qtbot: QtBot, language: str
) -> Iterator[MainWindow]:
    tell_all(demo)
    role = Role.REP if request.param == "rep" else Role.OFFICE
    ws = replace(demo, user=replace(demo.user, role=role))
    made = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(made)
    made.show()
    specs = [spec for spec in places_for(ws) if spec.key == "sync"]
    made.open_places(ws, specs, ShellSources())
    made.go("sync")
    qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
    yield made
    made.close()


def test_every_part_is_painted_whole(
    window: MainWindow, runner: Runner, qtbot: QtBot, qapp: QApplication, language: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    place = window.place("sync")
    assert isinstance(place, SyncPlace)
    cut: list[str] = []
    pictures = Pictures(window, qapp, request.node.name)

    def look(name: str) -> None:
        qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
        for size in SIZES:
            window.resize(*size)
            settle(10)
            cut.extend(f"{name} {size[0]}: {words}" for words in cut_off(window))
            if size == SIZES[0]:
                cut.extend(f"{name}: {words}" for words in elided(place))
        pictures.take(name)

    def press(key: Qt.Key, times: int = 1) -> None:
        for _time in range(times):
            qtbot.keyClick(place, key)

    look("needs")
    for number in range(len(place.cards.cards()) - 1):
        press(Qt.Key.Key_Down)
        look(f"needs {number + 2}")
    press(Qt.Key.Key_D)
    window.rounds._show(RoundState(running=True, stage="push", done=1204, total=5000, bytes=240000))
    qtbot.waitUntil(place.progress.isVisible)
    look("round")
    window.rounds._show(RoundState(next_in_s=240))
    typed = next(n for n in place.presenter._item.needs if any(f.typed for f in n.fields))
    place.presenter.select(typed.key)
    place.presenter.step_field(1)
    press(Qt.Key.Key_E)
    entry = place.board.entry()
    assert entry is not None
    qtbot.keyClick(entry.field, Qt.Key.Key_A)
    qtbot.keyClick(entry.field, Qt.Key.Key_Return)
    look("typing")
    qtbot.keyClick(entry.field, Qt.Key.Key_Escape)
    press(Qt.Key.Key_P)
    press(Qt.Key.Key_Space)
    look("proposals")
    if place.board.steps.isVisible() and place.presenter.choosing.picked:
        press(Qt.Key.Key_X)
        look("reason")
        reason = place.board.entry()
        assert reason is not None
        qtbot.keyClick(reason.field, Qt.Key.Key_Escape)
    press(Qt.Key.Key_N)
    for _card in range(len(place.cards.cards())):
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
    look("nothing needed")
    press(Qt.Key.Key_H)
    look("settled")
    assert cut == []


class Pictures:
    """Both schemes of what is shown, checked, and kept where somebody wants to look at them."""

    def __init__(self, window: MainWindow, app: QApplication, name: str) -> None:
        self._window = window
        self._app = app
        folder = os.environ.get("CRMDESK_PICTURES", "")
        self._folder = Path(folder) / name if folder else None

    def take(self, name: str) -> None:
        """Look at the place in both schemes."""
        self._window.resize(*SIZES[0])
        found: list[QImage] = []
        for scheme in ("dark", "light"):
            theme.apply(self._app, scheme)
            settle(10)
            picture = self._window.grab().toImage()
            assert colours(picture) >= COLOURS, f"{name} is blank in {scheme}"
            found.append(picture)
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                picture.save(str(self._folder / f"{name} {scheme}.png"))
        assert found[0] != found[1], f"{name} does not follow the scheme"


def elided(place: SyncPlace) -> list[str]:
    """Lines that must be read whole and are not: the heads of cards, and what is going on."""
    found = []
    whole: Callable[[LineLabel], bool] = lambda line: (  # noqa: E731
        runs_width(line._runs) <= line.width() + 1
    )
    for card in place.cards.cards():
        if card.isVisible():
            found += [
                f"card “{line.text()}”" for line in card.findChildren(LineLabel) if not whole(line)
            ]
    if place.progress.isVisible():
        lines = place.progress.findChildren(LineLabel)
        found += [f"progress “{line.text()}”" for line in lines if not whole(line)]
    return found
