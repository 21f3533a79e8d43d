"""Cover in the real window, by keys: who, days, visits that move, one undo for all of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.ids import new_uid
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.services.workspace import Workspace
from tests.gui.inbox_stage import Stage, office

__all__ = ["office"]

Key = Qt.Key
Control = Qt.KeyboardModifier.ControlModifier
_LINKS = "SELECT count(*) FROM territory_user WHERE valid_to IS NOT NULL"
_MOVED = (
    "SELECT count(*) FROM planned_visit p JOIN app_user u ON u.id = p.user_id"
    " WHERE p.status = 'planned' AND u.code = ?"
)


@pytest.fixture
def stage(office: Workspace, runner: Runner, qtbot: QtBot) -> Iterator[Stage]:
    """The place, with a second rep who can stand in and two visits planned."""
    with office.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE planned_visit SET status = 'cancelled' WHERE status = 'planned'")
        run(
            "INSERT INTO app_user (uid, code, name, role) VALUES (?, 'R9', 'Zoe Stand-in', 'rep')",
            (new_uid(),),
        )
        for days in (0, 1):
            run(
                "INSERT INTO planned_visit (uid, account_id, user_id, date) SELECT ?, min(a.id),"
                " u.id, ? FROM account a, app_user u WHERE u.code = 'R1'",
                (new_uid(), (office.today() + timedelta(days=days)).isoformat()),
            )
    window = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(window)
    window.open_places(office, places_for(office), ShellSources())
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made = Stage(window, runner, qtbot, office)
    made.rest()
    made.press(Key.Key_C)
    made.place = window.place("cover")
    made.rest()
    yield made
    window.close()


def choose_sick_rep(stage: Stage) -> None:
    rep = stage.one("SELECT id FROM app_user WHERE code = 'R1'")
    stage.place.away.select_key(rep)
    stage.rest()
    stage.place.colleague.select_key(stage.one("SELECT id FROM app_user WHERE code = 'R9'"))
    stage.rest()


def test_cover_is_given_with_the_visits_and_taken_back_as_one_step(stage: Stage) -> None:
    choose_sick_rep(stage)
    assert len(stage.place.model.picked()) == 2
    said = stage.place._said.text()
    assert "Zoe Stand-in gets" in said and "2 of 2 planned visits move along" in said
    stage.place.table.setFocus()
    stage.press(Key.Key_Space)
    assert "1 of 2" in stage.place._said.text()
    stage.press((Key.Key_Return, Control))
    assert stage.one(_LINKS) == 1
    assert (stage.one(_MOVED, "R9"), stage.one(_MOVED, "R1")) == (1, 1)
    assert stage.one("SELECT kind FROM user_leave ORDER BY id DESC LIMIT 1") == "sick"
    assert stage.place.covers_model.shown_keys() == [0]
    assert "stands in" in stage.window.toast_note.text()

    stage.press((Key.Key_Z, Control))
    assert stage.one(_LINKS) == 0
    assert (stage.one(_MOVED, "R9"), stage.one(_MOVED, "R1")) == (0, 2)
    assert stage.place.covers_model.shown_keys() == []


def test_days_are_typed_and_what_is_none_is_said(stage: Stage) -> None:
    choose_sick_rep(stage)
    stage.press(Key.Key_D, "nonsense", Key.Key_Return)
    assert "is no day" in stage.place._said.text()
    assert not stage.place._give.isEnabled()
    stage.press(Key.Key_D, "+1", Key.Key_Return)
    assert len(stage.place.model.shown_keys()) == 1, "only tomorrow's visit is in these days"
    stage.press(Key.Key_D)
    stage.place.last.field.setText("2020-01-01")
    stage.press("+3", Key.Key_Return)
    assert "before the first" in stage.place._said.text()


def test_a_running_cover_is_ended_by_a_key(stage: Stage) -> None:
    choose_sick_rep(stage)
    stage.press((Key.Key_Return, Control))
    assert stage.one(_LINKS) == 1
    stage.place.covers.setFocus()
    stage.press(Key.Key_Delete)
    assert stage.one(_LINKS) == 0
    assert "does not stand in" in stage.window.toast_note.text()


def test_esc_returns_to_the_inbox(stage: Stage) -> None:
    stage.press(Key.Key_Escape)
    here = stage.window.here()
    assert here is not None and here.place == "inbox"
