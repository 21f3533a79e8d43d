"""The week's stage: an office with a real HQ, a rep's window, the clock on every wall, pictures.

``CRMDESK_PICTURES`` names the folder in which the pictures stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.demo.company import company
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import ZoneClock
from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.rounds import SyncLine
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.views.plan import planner
from crmdesk.gui.views.plan.leaving import Asking
from crmdesk.gui.views.plan.widget import PlanPlace
from crmdesk.gui.views.today.widget import MINUTE_MS, TodayPlace
from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, schema
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store, create_database, drop_database
from crmdesk.services.queries.plan import WeekRow, week_plan
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.transport import HttpTransport
from tests.sync.conftest import _serve

SPEC = DemoSpec(customers=24, years=1, reps=1)
MONDAY = SPEC.today + timedelta(days=6)
ZONE = ZoneInfo("Europe/Andorra")
CTRL = Qt.KeyboardModifier.ControlModifier
_NAME = "week_on_the_window"


@dataclass
class Hands:
    """The time on every wall; it goes on when the test says so."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def at(self, day: date, minute: int) -> None:
        """Set the wall clock of the company, never back."""
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZONE)
        self.now = max(self.now, local.astimezone(UTC))


@dataclass
class Office:
    """HQ over the demo company: its address, its rows, and codes for laptops."""

    store: Store
    url: str
    hands: Hands

    def laptop(self, folder: Path) -> Database:
        clock = ZoneClock(self.hands, ZoneInfo("UTC"))
        code = admin.make_code(self.store, "R1", self.hands())
        join(folder, self.url, code, clock, device_name="R1", keeping=KeyKeeping("open"))
        return profile.open_database(folder, clock)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.store.transaction() as connection:
            return connection.execute(sql.encode(), parameters).fetchall()


@pytest.fixture
def office(postgres: Cluster) -> Iterator[Office]:
    from crmdesk.hq.running.app import make_app, open_hq

    create_database(postgres.url("postgres"), _NAME)
    store = Store(postgres.url(_NAME), bounded=True)
    schema.upgrade(store)
    bulk.load(store, company(SPEC))
    with store.transaction() as connection:
        # Objectives with mandatory answers are the visit sheet's, which has tests of its own.
        connection.execute(b"UPDATE attention_model SET objectives = NULL")
    evening = SPEC.today + timedelta(days=5)
    hands = Hands(datetime(evening.year, evening.month, evening.day, 18, tzinfo=UTC))
    url, stop = _serve(make_app(open_hq(store, ZoneClock(hands, ZoneInfo("UTC")))))
    yield Office(store, url, hands)
    stop()
    store.dispose()
    drop_database(postgres.url("postgres"), _NAME)


@dataclass
class Rep:
    """A rep in front of the window, using nothing but keys and mouse."""

    qtbot: QtBot
    runner: Runner
    office: Office
    ws: Workspace
    window: MainWindow
    bus: Bus
    ends: list[Exception | None] = field(default_factory=list)
    pictures: list[QPixmap] = field(default_factory=list)

    @property
    def plan(self) -> PlanPlace:
        place = self.window.place("plan")
        assert isinstance(place, PlanPlace)
        return place

    @property
    def today(self) -> TodayPlace:
        place = self.window.place("today")
        assert isinstance(place, TodayPlace)
        return place

    def rest(self) -> None:
        """Wait until nothing is under way."""
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=30_000)
        QTest.qWait(1)
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=30_000)

    def press(self, key: Qt.Key, *held: Qt.KeyboardModifier) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= one
        self.qtbot.keyClick(focus, key, modifiers)
        self.rest()

    def type(self, field_key: str, text: str) -> None:
        """Into the field of the strip that has the keyboard; Tab goes on to it from another."""
        entry = self.plan.form.field(field_key)
        for _step in range(8):
            if QApplication.focusWidget() is entry:
                break
            self.press(Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is entry
        self.press(Qt.Key.Key_A, CTRL)
        self.qtbot.keyClicks(entry, text)

    def click_card(self, key: int) -> None:
        """A visit on the board, by the mouse."""
        body = self.plan.board.body
        at = body.card_rect(key).center().toPoint()
        self.qtbot.mouseClick(body, Qt.MouseButton.LeftButton, pos=at)
        self.rest()

    def open(self, place: str) -> None:
        self.press({"today": Qt.Key.Key_1, "plan": Qt.Key.Key_2}[place], CTRL)
        assert self.window.here() is not None
        assert self.window.here().place == place
        QTest.qWait(30)

    def morning(self, day: date, minute: int) -> None:
        """The clock goes on; the window sees it with its next minute, after midnight as a whole."""
        before = self.ws.today()
        self.office.hands.at(day, minute)
        if self.ws.today() != before:  # as the application does
            self.window.show_day(self.ws.today())
            self.bus.publish(ChangeSet(everything=True))
            self.rest()
        for timer in self.today.findChildren(
            QTimer, options=Qt.FindChildOption.FindDirectChildrenOnly
        ):
            if timer.interval() == MINUTE_MS:
                timer.timeout.emit()
        self.rest()

    def picture(self, name: str) -> None:
        """What the window looks like; of something, and not of what it was before."""
        QTest.qWait(30)
        shown = self.window.grab()
        assert shown.size() == self.window.size()
        image = shown.toImage()
        assert not self.pictures or image != self.pictures[-1].toImage(), name
        self.pictures.append(shown)
        folder = os.environ.get("CRMDESK_PICTURES", "")
        if folder:
            shown.save(str(Path(folder) / f"week-{len(self.pictures)}-{name}.png"))

    def sync(self) -> None:
        """A round from the sync centre, to its end: everything is at HQ afterwards."""
        before = len(self.ends)
        self.press(Qt.Key.Key_Y, CTRL, Qt.KeyboardModifier.ShiftModifier)
        self.press(Qt.Key.Key_F5)
        self.qtbot.waitUntil(lambda: len(self.ends) > before, timeout=30_000)
        self.rest()
        assert self.ends[-1] is None
        assert self.rows("SELECT count(*) FROM journal WHERE state = 'waiting'") == [(0,)]
        assert self.rows("SELECT count(*) FROM refusal WHERE state = 'open'") == [(0,)]

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.ws.database.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]

    def week(self) -> WeekRow:
        return week_plan(self.ws, MONDAY)

    def visit_all(self, day: date, *, until: int = 24 * 60) -> int:
        """Drive the day's open visits in order until the clock shows ``until``; how many."""
        made = 0
        while True:
            stop = self.today.presenter.selected()
            waiting = stop is not None and stop.mode == "person" and not stop.over
            if stop is None or not waiting or (stop.start_minute or 0) >= until:
                return made
            self.office.hands.at(day, stop.start_minute or 540)
            self.press(Qt.Key.Key_Space)
            self.office.hands.at(day, (stop.start_minute or 540) + stop.minutes)
            self.press(Qt.Key.Key_Space)
            self.press(Qt.Key.Key_N)
            self.press(Qt.Key.Key_1)
            assert self.rows("SELECT status FROM planned_visit WHERE id = ?", stop.id) == [
                ("done",)
            ]
            made += 1

    def leave_out(self, *letters: Qt.Key) -> int:
        """Skip the chosen stop, or say that it is closed; which one it was."""
        stop = self.today.presenter.selected()
        assert stop is not None
        self.press(Qt.Key.Key_M)
        for letter in letters:
            self.press(letter)
        return stop.id


class Saying(Asking):
    """The file dialog of the machine, answered with a path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def plan_file(self, parent: QWidget, stem: str, ending: str) -> str:
        assert ending == "ics"
        return self._path


@pytest.fixture
def rep(
    office: Office, qtbot: QtBot, runner: Runner, qapp: QApplication, tmp_path: Path,
    synchronous_maps: None, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rep]:  # fmt: skip
    monkeypatch.setattr(planner, "_seconds", lambda _ws: 0.5)
    theme.apply(qapp, "light")
    folder = tmp_path / "laptop"
    database = office.laptop(folder)
    ws = workspace_of(folder, database, office.hands)
    specs = [spec for spec in places_for(ws) if spec.key in ("today", "plan", "sync")]
    bus = Bus()
    window = build_shell(ws, runner, bus, specs, ShellSources())
    qtbot.addWidget(window)
    transport = HttpTransport(office.url)
    window.rounds.open(ws, SyncLine(ws, transport))
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made = Rep(qtbot, runner, office, ws, window, bus)
    window.rounds.on_ended = lambda error, _asked: made.ends.append(error)
    yield made
    transport.close()
    database.dispose()
