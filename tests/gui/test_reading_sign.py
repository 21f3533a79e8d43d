"""The sign of a long read: late, quiet, gone with the last result, and not for what says itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.gui import reading_sign
from crmdesk.gui.jobs import Runner
from crmdesk.gui.reading_sign import ReadingSign
from crmdesk.gui.widgets.topbar import TopBar

_SHORT_MS = 300


@dataclass
class Place:
    """Who waits for a result."""

    closed: bool = False


@dataclass
class Shown:
    """What the sign has said, in turn."""

    said: list[bool]

    def __call__(self, on: bool) -> None:
        self.said.append(on)


@pytest.fixture
def shown(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A sign with little patience, on a real runner."""
    monkeypatch.setattr(reading_sign, "PATIENCE_S", 0.05)
    shown = Shown([])
    ReadingSign(runner, shown)
    return shown


@pytest.fixture
def held() -> Iterator[Event]:
    """What keeps a read from ending; let go at the end whatever happens."""
    event = Event()
    yield event
    event.set()


def test_a_long_read_is_shown_until_its_result_is_there(
    qtbot: QtBot, runner: Runner, shown: Shown, held: Event
) -> None:
    runner.read(held.wait, owner=Place())
    qtbot.waitUntil(lambda: shown.said == [True])
    held.set()
    qtbot.waitUntil(lambda: shown.said == [True, False])


def test_short_reads_one_after_the_other_show_nothing(
    qtbot: QtBot, runner: Runner, shown: Shown
) -> None:
    place, read = Place(), list[int]()
    for number in range(40):
        runner.read(lambda number=number: number, read.append, owner=place)
        qtbot.waitUntil(lambda number=number: number in read)
    assert shown.said == []


def test_what_nobody_waits_for_or_says_itself_shows_nothing(
    qtbot: QtBot, runner: Runner, shown: Shown, held: Event
) -> None:
    runner.read(held.wait, owner=Place(closed=True))
    runner.read(held.wait)
    runner.read(held.wait, owner=Place(), progressed=lambda _report: None)
    qtbot.wait(_SHORT_MS)
    assert shown.said == []


def test_the_bar_says_it_beside_the_date(qtbot: QtBot) -> None:
    bar = TopBar()
    qtbot.addWidget(bar)
    bar.set_date("Tue 24 Nov 2026", "week 48")
    bar.set_work("forecasts 34 %")
    bar.set_reading(True)
    assert bar.date.accessibleName().endswith("week 48 · forecasts 34 % · reading…")
    bar.set_reading(False)
    assert bar.date.accessibleName().endswith("week 48 · forecasts 34 %")
