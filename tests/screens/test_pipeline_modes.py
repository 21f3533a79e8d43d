"""The pipeline in each of its ways, with its forms open: painted whole, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.states import Role
from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.gui.views.pipeline.items import Mode
from crmdesk.services.workspace import Workspace
from tests.gui.pictures import settle
from tests.screens.looking import COLOURS, SIZES, colours, cut_off, keep, language

__all__ = ["language"]
FORMS = (
    (Mode.BOARD, Qt.Key.Key_L), (Mode.BOARD, Qt.Key.Key_T), (Mode.LEADS, Qt.Key.Key_C),
    (Mode.LEADS, Qt.Key.Key_A), (Mode.LEADS, Qt.Key.Key_T),
)  # fmt: skip


@pytest.fixture
def window(
    demo: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, language: str
) -> Iterator[MainWindow]:
    manager = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    made = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(made)
    made.show()
    made.open_places(manager, places_for(manager), ShellSources())
    yield made
    made.close()


def test_every_way_to_look_at_it_is_painted_whole(
    window: MainWindow, runner: Runner, qtbot: QtBot, qapp: QApplication, language: str
) -> None:
    cut: list[str] = []

    def still() -> None:
        qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)
        settle(10)
        qtbot.waitUntil(lambda: runner.running == 0, timeout=20_000)

    def look(name: str) -> None:
        for size in SIZES:
            window.resize(*size)
            still()
            cut.extend(f"{name} {size[0]}: {words}" for words in cut_off(window))

    window.go("pipeline")
    still()
    place = window.place("pipeline")
    for mode in Mode:
        place.presenter.choose_mode(mode)
        still()
        look(mode)
        pictures = []
        for scheme in ("dark", "light"):
            theme.apply(qapp, scheme)
            settle(10)
            picture = window.stack.currentWidget().grab().toImage()
            assert colours(picture) >= COLOURS, f"{mode} is blank in {scheme}"
            pictures.append(picture)
            keep(window, f"pipeline-{mode}-{language}-{scheme}")
        assert pictures[0] != pictures[1], f"{mode} does not follow the scheme"
    for mode, key in FORMS:
        place.presenter.choose_mode(mode)
        still()
        QTest.keyClick(place.focusProxy(), key)
        still()
        assert place.form.isVisible(), (mode, key)
        look(f"form {place.form.form.kind}")
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
        assert not place.form.isVisible()
    assert cut == []
