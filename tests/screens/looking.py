"""Whole windows in several languages, colours and sizes, and what is cut off in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.app import person_line
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.i18n import use_language
from crmdesk.paths import resources_dir
from crmdesk.services.workspace import Workspace
from tests.gui import accuracy_story
from tests.gui.demo_profile import as_admin
from tests.gui.sync_story import tell

SIZES = ((1440, 900), (1280, 800))


COLOURS = 12


@pytest.fixture(params=["en", "es", "ru"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    code = str(request.param)
    compiled = resources_dir() / "translations" / code / "LC_MESSAGES" / "crmdesk.mo"
    if code != "en" and not compiled.exists():
        pytest.skip("the translations are not compiled")
    use_language(code)
    yield code
    use_language("en")


@pytest.fixture
def window(
    demo: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None, language: str
) -> Iterator[MainWindow]:
    tell(demo)
    accuracy_story.tell(demo)
    made = opened(demo, runner)
    qtbot.addWidget(made)
    yield made
    made.close()


def opened(ws: Workspace, runner: Runner) -> MainWindow:
    """The whole window, for somebody who sees every place."""
    made = MainWindow(runner, Bus(), ErrorDesk())
    made.show()
    made.set_person(ws.user.name, person_line(ws))
    made.open_places(as_admin(ws), places_for(as_admin(ws)), ShellSources())
    return made


def keep(window: QWidget, name: str) -> None:
    """Save the window for whoever wants to look at it: ``CRMDESK_PICTURES`` names the folder."""
    folder = os.environ.get("CRMDESK_PICTURES", "")
    if folder:
        window.grab().save(str(Path(folder) / f"{name}.png"))


def pixels(picture: QImage) -> np.ndarray:
    """A coarse grid over the picture, each point as its blue, green, red and alpha."""
    plain = picture.convertToFormat(QImage.Format.Format_ARGB32)
    points = np.frombuffer(plain.constBits(), np.uint8)
    return points.reshape(plain.height(), plain.width(), 4)[::3, ::3].copy()


def colours(picture: QImage) -> int:
    """How many colours the grid meets."""
    return len(np.unique(pixels(picture).view(np.uint32)))


def cut_off(window: QWidget) -> list[str]:
    """Buttons that are narrower than their words or stand outside of the window."""
    found = []
    for button in window.findChildren(QAbstractButton):
        if not button.isVisible() or not button.text():
            continue
        corner = button.mapTo(window, QPoint(0, 0))
        outside = corner.x() < 0 or corner.x() + button.width() > window.width()
        if outside or button.width() + 1 < button.sizeHint().width():
            found.append(f"{type(button).__name__} “{button.text()}” {button.width()} px")
    return found
