"""The reorder place in each of its modes and the accuracy page: painted whole, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.services.workspace import Workspace
from tests.gui import accuracy_story
from tests.gui.pictures import settle
from tests.screens.looking import COLOURS, SIZES, colours, cut_off, language

__all__ = ["language"]
MODES = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5)


@pytest.fixture
def window(
    demo: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, language: str
) -> Iterator[MainWindow]:
    accuracy_story.tell(demo)
    # Two territories, so that everything that needs a choice of them is there.
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE account SET territory_id = (SELECT max(id) FROM territory) WHERE id % 2"
        )
    made = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(made)
    made.show()
    made.open_places(demo, places_for(demo), ShellSources())
    yield made
    made.close()


def test_every_mode_is_painted_whole(
    window: MainWindow, runner: Runner, qtbot: QtBot, qapp: QApplication
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
        pictures = []
        for scheme in ("dark", "light"):
            theme.apply(qapp, scheme)
            settle(10)
            picture = window.stack.currentWidget().grab().toImage()
            assert colours(picture) >= COLOURS, f"{name} is blank in {scheme}"
            pictures.append(picture)
        assert pictures[0] != pictures[1], f"{name} does not follow the scheme"

    window.go("reorder")
    still()
    place = window.place("reorder")
    for key in MODES:
        QTest.keyClick(place.focusProxy(), key, Qt.KeyboardModifier.AltModifier)
        still()
        look(f"mode {place.presenter.grouping}")
    QTest.keyClick(place.focusProxy(), MODES[0], Qt.KeyboardModifier.AltModifier)
    still()
    QTest.keyClick(place.table, Qt.Key.Key_N)
    still()
    assert place.answer.isVisible()
    look("question")
    QTest.keyClick(place.answer.field, Qt.Key.Key_Escape)
    QTest.keyClick(place.table, Qt.Key.Key_G)
    still()
    here = window.here()
    assert here is not None
    assert here.place == "accuracy"
    look("accuracy")
    assert cut == []
