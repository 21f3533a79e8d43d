"""Every place in three languages, light and dark: painted, silent, and nothing cut off.

Qt messages fail these tests by themselves. Contrast of the tokens is tests/gui/test_theme.py's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme, views
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for, title_of
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.i18n import use_language
from crmdesk.paths import resources_dir
from crmdesk.services import orders, quotes
from crmdesk.services.workspace import Workspace
from tests.gui import accuracy_story
from tests.gui.demo_profile import as_admin
from tests.gui.pictures import settle
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
    made = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(made)
    made.show()
    made.open_places(as_admin(demo), places_for(as_admin(demo)), ShellSources())
    yield made
    made.close()


def test_every_place_there_is_has_its_pictures(demo: Workspace) -> None:
    """A place that no admin reaches would be painted by nobody."""
    folders = {path.parent.name for path in Path(views.__file__).parent.glob("*/widget.py")}
    assert folders == {spec.key for spec in places_for(as_admin(demo))}


def test_places_are_painted_whole(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, qapp: QApplication,
    language: str,
) -> None:  # fmt: skip
    with demo.database.read() as connection:
        account = connection.exec_driver_sql("SELECT min(id) FROM account").scalar_one()
    order = orders.start_order(demo, account).order_id
    quote = quotes.start_quote(demo, account).quote_id
    shown = {"customer": {"account": account}, "order": {"order": order}, "quote": {"quote": quote}}
    shown |= {
        place: {"account": account}
        for place in ("returning", "collecting", "sampling", "visit", "brief")
    }
    cut: list[str] = []
    for spec in places_for(as_admin(demo)):
        window.go(spec.key, **shown.get(spec.key, {}))
        qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
        for size in SIZES:
            window.resize(*size)
            settle(10)
            cut += [f"{spec.key} {size[0]}: {words}" for words in cut_off(window)]
        pictures = []
        for scheme in ("dark", "light"):
            theme.apply(qapp, scheme)
            settle(10)
            picture = window.place(spec.key).grab().toImage()
            assert colours(picture) >= COLOURS, f"{spec.key} is blank in {scheme}"
            pictures.append(picture)
            keep(window, f"{spec.key}-{language}-{scheme}")
        assert pictures[0] != pictures[1], f"{spec.key} does not follow the scheme"
    window.go("tasks", new=account)
    qtbot.waitUntil(lambda: runner.running == 0 and window.place("tasks").form.isVisible())
    for size in SIZES:
        window.resize(*size)
        settle(10)
        cut += [f"new task {size[0]}: {words}" for words in cut_off(window)]
    keep(window, f"tasks-form-{language}-light")
    assert cut == []
    if language != "en":
        assert title_of("customers") != "Customers"


def keep(window: QWidget, name: str) -> None:
    """Save the window for whoever wants to look at it: ``CRMDESK_PICTURES`` names the folder."""
    folder = os.environ.get("CRMDESK_PICTURES", "")
    if folder:
        window.grab().save(str(Path(folder) / f"{name}.png"))


def colours(picture: QImage) -> int:
    """How many colours a coarse grid over the picture meets."""
    points = ((x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3))
    return len({picture.pixel(x, y) for x, y in points})


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
