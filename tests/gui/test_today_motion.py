"""Today in motion: skipped, closed, late, re-planned, mended, driven; and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.ids import new_uid
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.views.today.motion_words import late_words, projection, skip_question
from crmdesk.gui.views.today.presenter import TodayPresenter
from crmdesk.gui.views.today.widget import TodayPlace
from crmdesk.services.queries.today import ReasonRow, day_route
from crmdesk.services.recovery import Cure
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.today_stage import FakeView, Stage, sql


def at(ws: Workspace, minutes: int) -> Workspace:
    """The same morning so many minutes later."""
    clock = ws.clock
    assert isinstance(clock, ZoneClock)
    return replace(ws, clock=replace(clock, offset=clock.offset + timedelta(minutes=minutes)))


@pytest.fixture
def stage(demo: Workspace) -> Stage:
    return stage_of(demo)


def miss(ws: Workspace) -> int:
    """Plan a visit for yesterday that nobody made; returns whose."""
    with ws.database.write() as tx:
        account = tx.connection.exec_driver_sql(
            "SELECT a.id FROM account a WHERE a.status = 'active' AND NOT EXISTS (SELECT 1 FROM"
            " planned_visit p WHERE p.account_id = a.id AND p.date BETWEEN '2026-11-23' AND"
            " '2026-11-25') AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.account_id = a.id"
            " AND v.date >= '2026-11-10') LIMIT 1"
        ).scalar_one()
        tx.connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date, sequence, start_minute)"
            " VALUES (?, ?, ?, '2026-11-23', 3, 660)",
            (new_uid(), account, ws.user.id),
        )
    return int(account)


def stage_of(ws: Workspace) -> Stage:
    runner, desk, view = DirectRunner(), FakeDesk(), FakeView()
    presenter = TodayPresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    return Stage(ws, view, presenter, runner, desk)


def letter(stage: Stage, words: str) -> object:
    """The value behind the words of a choice of the last question."""
    return next(c.value for c in stage.view.questions[-1].choices if c.words == words)


STATUS = "SELECT status, reason_id FROM planned_visit WHERE id = ?"


def test_a_stop_is_skipped_for_a_reason_and_it_is_taken_back(stage: Stage) -> None:
    stop = stage.presenter.selected()
    assert stop is not None
    stage.presenter.skip_stop()
    question = stage.view.questions[-1]
    assert stop.name in question.title
    keys = [choice.key for choice in question.choices]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 1 for key in keys)
    reason = letter(stage, "Customer cancelled")
    stage.presenter.motion.answer("skip", reason)
    stage.settle()
    assert sql(stage.ws, STATUS, stop.id) == [("missed", reason)]
    shown = [s for s in day_route(stage.ws).stops if s.id == stop.id]
    assert shown[0].reason == "Customer cancelled"
    assert stage.desk.undo is not None
    stage.desk.undo()
    assert sql(stage.ws, STATUS, stop.id) == [("planned", None)]


def test_a_closed_customer_is_asked_why_and_is_not_missed(stage: Stage) -> None:
    stop = stage.presenter.selected()
    assert stop is not None
    stage.presenter.skip_stop()
    stage.presenter.motion.answer("skip", "closed")
    assert stage.view.questions[-1].kind == "closed"
    reason = letter(stage, "Closing day")
    stage.presenter.motion.answer("closed", reason)
    assert sql(stage.ws, STATUS, stop.id) == [("closed", reason)]


def test_a_visit_that_runs_is_ended_not_skipped(stage: Stage) -> None:
    stage.presenter.visit()
    stage.settle()
    stage.presenter.skip_stop()
    assert not stage.view.questions
    assert stage.desk.banners == ["The visit has begun. End it with Space."]


def test_letters_of_reasons_never_meet() -> None:
    rows = [ReasonRow(n, "skipped", f"R{n}", key) for n, key in enumerate(("C", "T", "T", "", "é"))]
    keys = [choice.key for choice in skip_question("X", rows).choices]
    assert len(set(keys)) == len(keys) == 6
    assert all(key for key in keys)


def test_being_late_is_told_and_shown_at_the_stops(stage: Stage) -> None:
    assert "late" not in stage.view.heading
    stage.presenter.motion.late()
    assert stage.view.questions[-1].kind == "late"
    stage.presenter.motion.answer("late", 45)
    assert "37 min late" in stage.view.heading
    stop = stage.presenter.selected()
    assert stop is not None
    item = next(e for e in stage.view.entries if getattr(e, "key", None) == stop.id)
    assert item.detail.startswith("37 min late, planned 10:00")
    assert item.time == "10:37"
    stage.presenter.motion.answer("late", 0)
    assert "late" not in stage.view.heading


def test_lateness_comes_by_itself_and_a_shut_door_is_told(demo: Workspace) -> None:
    route = day_route(demo)
    found = projection(route, 14 * 60, 0)
    assert found.late > 60
    closed = {eta.key for eta in found.etas if eta.closed}
    names = [stop.name for stop in route.stops if stop.id in closed]
    assert all(name in late_words(found, route) for name in names[:3])
    assert bool(names) == bool(late_words(found, route))
    stage = stage_of(at(demo, 248))
    assert "min late" in stage.view.heading


PLAN = "SELECT id, date, sequence, status FROM planned_visit ORDER BY id"


def test_a_replan_says_what_moved_and_one_key_takes_it_back(stage: Stage) -> None:
    before = sql(stage.ws, PLAN)
    stage.presenter.motion.answer("late", 60)
    stage.presenter.motion.replan()
    stage.settle()
    story = stage.view.story
    assert story is not None
    assert story.title.startswith("Re-planned: ")
    assert story.lines
    assert all(line.words.endswith(".") for line in story.lines)
    assert not stage.view.busy
    assert "late" not in stage.view.heading
    stage.presenter.motion.take_back()
    assert stage.view.story is None
    assert sql(stage.ws, PLAN) == before


def test_what_was_missed_is_told_turned_over_mended_and_taken_back(demo: Workspace) -> None:
    account = miss(demo)
    stage = stage_of(demo)
    story = stage.view.story
    assert story is not None
    assert "did not happen" in story.title
    assert story.lines
    assert account in {one.missed.account_id for one in stage.presenter.motion._mendings}
    before = sql(stage.ws, PLAN)
    first = stage.presenter.motion._mendings[0]
    cures = []
    for _turn in first.cures:
        cures.append(stage.presenter.motion._mendings[0].cure)
        stage.presenter.motion.turn(0)
    assert sorted(cures) == sorted(first.cures)
    assert stage.presenter.motion._mendings[0].cure is first.cure
    while stage.presenter.motion._mendings[0].cure is not Cure.CALL:
        stage.presenter.motion.turn(0)
    stage.presenter.motion.mend()
    stage.settle()
    today = stage.ws.today().isoformat()
    assert sql(
        stage.ws,
        "SELECT count(*) FROM planned_visit WHERE account_id = ? AND date = ? AND mode <> 'person'"
        " AND moved_from_uid IS NOT NULL",
        first.missed.account_id, today,
    ) == [(1,)]  # fmt: skip
    assert stage.view.story is None
    stage.presenter.motion.take_back()
    assert sql(stage.ws, PLAN) == before


def test_kilometres_come_from_the_legs_or_from_the_odometer(stage: Stage) -> None:
    assert "km" in stage.view.driven
    assert "at customers" in stage.view.driven
    stage.presenter.motion.travel()
    assert stage.view.travel is not None
    assert len(stage.view.travel.legs) == 2
    stage.presenter.motion.record_odometer("48 210", "48x")
    assert "48210" in stage.view.travel_problem
    stage.presenter.motion.record_odometer("48210", "48100")
    assert "less than" in stage.view.travel_problem
    stage.presenter.motion.record_odometer("48210", "48297")
    day = stage.ws.today().isoformat()
    trips = "SELECT odometer_start_km, odometer_end_km, distance_m FROM trip WHERE date = ?"
    assert sql(stage.ws, trips, day) == [(48210, 48297, 87_000)]
    assert stage.view.travel is None
    assert "87 km" in stage.view.driven


# -------------------------------------------------------------------------------------- window


@pytest.fixture
def window(
    qtbot: QtBot, demo: Workspace, runner: Runner, synchronous_maps: None
) -> Iterator[MainWindow]:
    miss(demo)
    specs = [spec for spec in places_for(demo) if spec.key in ("today", "sync")]
    made = build_shell(demo, runner, Bus(), specs, ShellSources())
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def test_a_morning_by_keys_mend_skip_replan_and_back(
    qtbot: QtBot, window: MainWindow, demo: Workspace
) -> None:
    place = window.place("today")
    assert isinstance(place, TodayPlace)
    qtbot.waitUntil(lambda: place.brief.item() is not None)
    qtbot.waitUntil(place.story.isVisible)
    before = sql(demo, PLAN)

    def press(key: Qt.Key) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, key)

    press(Qt.Key.Key_H)
    qtbot.waitUntil(lambda: not place.story.isVisible())
    assert sql(demo, PLAN) != before
    stop = place.presenter.selected()
    assert stop is not None
    press(Qt.Key.Key_M)
    qtbot.waitUntil(place.asking.hasFocus)
    press(Qt.Key.Key_X)
    qtbot.waitUntil(lambda: sql(demo, STATUS, stop.id)[0][0] == "missed")
    qtbot.waitUntil(lambda: place.route.hasFocus() or QApplication.focusWidget() is not None)
    press(Qt.Key.Key_R)
    qtbot.waitUntil(place.story.isVisible)
    told = place.story.story()
    assert told is not None
    assert told.title.startswith(("Re-planned", "The rest of today stays"))
    press(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not place.story.isVisible())
