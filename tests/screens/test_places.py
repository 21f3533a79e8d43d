"""Every place in three languages, light and dark: painted, silent, and nothing cut off.

Qt messages fail these tests by themselves. Contrast of the tokens is tests/gui/test_theme.py's.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme, views
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for, title_of
from crmdesk.gui.shell import MainWindow
from crmdesk.services import orders, quotes
from crmdesk.services.workspace import Workspace
from tests.gui import accuracy_story
from tests.gui.demo_profile import as_admin
from tests.gui.pictures import settle
from tests.gui.sync_story import tell
from tests.screens.looking import (
    COLOURS,
    SIZES,
    colours,
    cut_off,
    keep,
    language,
    opened,
    pixels,
    window,
)

__all__ = ["language", "window"]

DARKER = 0.5

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> None:
    theme.apply(qapp, "light")


def arguments(demo: Workspace) -> dict[str, dict[str, object]]:
    """What those places show that show one thing: a customer, a new order, a new quote."""
    with demo.database.read() as connection:
        account = connection.exec_driver_sql("SELECT min(id) FROM account").scalar_one()
    order = orders.start_order(demo, account).order_id
    quote = quotes.start_quote(demo, account).quote_id
    shown = {"customer": {"account": account}, "order": {"order": order}, "quote": {"quote": quote}}
    return shown | {
        place: {"account": account}
        for place in ("returning", "collecting", "sampling", "visit", "brief")
    }


def test_every_place_there_is_has_its_pictures(demo: Workspace) -> None:
    """A place that no admin reaches would be painted by nobody."""
    folders = {path.parent.name for path in Path(views.__file__).parent.glob("*/widget.py")}
    assert folders == {spec.key for spec in places_for(as_admin(demo))}


def test_places_are_painted_whole(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot, qapp: QApplication,
    language: str,
) -> None:  # fmt: skip
    places, shown = [spec.key for spec in places_for(as_admin(demo))], arguments(demo)
    light: dict[str, QImage] = {}
    cut: list[str] = []
    for place in places:
        go(window, runner, qtbot, place, shown.get(place, {}))
        for size in SIZES:
            window.resize(*size)
            settle(10)
            cut += [f"{place} {size[0]}: {words}" for words in cut_off(window)]
        light[place] = picture_of(window, place, f"{place}-{language}-light")
    window.go("tasks", new=shown["customer"]["account"])
    qtbot.waitUntil(lambda: runner.running == 0 and window.place("tasks").form.isVisible())
    for size in SIZES:
        window.resize(*size)
        settle(10)
        cut += [f"new task {size[0]}: {words}" for words in cut_off(window)]
    keep(window, f"tasks-form-{language}-light")
    theme.apply(qapp, "dark")
    for place in places:
        go(window, runner, qtbot, place, shown.get(place, {}))
        settle(10)
        dark = picture_of(window, place, f"{place}-{language}-dark")
        assert shade(dark) < DARKER * shade(light[place]), f"{place} does not follow the scheme"
    assert cut == []
    if language != "en":
        assert title_of("customers") != "Customers"


def test_the_open_place_follows_the_scheme_while_it_is_looked_at(
    demo: Workspace, runner: Runner, qtbot: QtBot, qapp: QApplication, synchronous_maps: None
) -> None:
    """In a window for each: Qt dresses all places of one anew whenever the scheme changes."""
    tell(demo)
    accuracy_story.tell(demo)
    shown = arguments(demo)
    for spec in places_for(as_admin(demo)):
        window = opened(demo, runner)
        go(window, runner, qtbot, spec.key, shown.get(spec.key, {}))
        window.resize(*SIZES[-1])
        settle(10)
        pictures = []
        for scheme in ("light", "dark", "light"):
            theme.apply(qapp, scheme)
            settle(10)
            pictures.append(picture_of(window, spec.key, f"{spec.key}-open-{scheme}"))
        assert shade(pictures[1]) < DARKER * shade(pictures[0]), f"{spec.key} stays light"
        assert shade(pictures[1]) < DARKER * shade(pictures[2]), f"{spec.key} stays dark"
        window.close()
        window.deleteLater()
        settle(0)


def go(
    window: MainWindow, runner: Runner, qtbot: QtBot, place: str, shown: dict[str, object]
) -> None:
    """Open a place and wait until it has read what it shows."""
    window.go(place, **shown)
    qtbot.waitUntil(lambda: runner.running == 0, timeout=30_000)


def picture_of(window: MainWindow, place: str, name: str) -> QImage:
    """What the place looks like; fails when it is blank."""
    picture = window.place(place).grab().toImage()
    assert colours(picture) >= COLOURS, f"{name} is blank"
    keep(window, name)
    return picture


def shade(picture: QImage) -> float:
    """How light the picture is in the mean, 0 to 255."""
    return float(pixels(picture)[..., :3].mean())
