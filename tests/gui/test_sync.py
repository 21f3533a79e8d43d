"""The sync centre: its queries, settling and restoring, its keys in a window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import Target
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.sync_words import chip_state, when
from crmdesk.gui.views.sync.widget import SyncPlace
from crmdesk.services import settling
from crmdesk.services.field_words import hours_text, value_text
from crmdesk.services.queries.sync import sync_centre, sync_status
from crmdesk.services.workspace import Workspace
from tests.gui.pictures import grab
from tests.gui.sync_stage import (
    everything,
    office_of,
    open_conflict,
    sql,
    story,
)  # fmt: skip
from tests.gui.sync_story import SHORT

__all__ = ["everything", "story"]

# ------------------------------------------------------------------------------------- queries


def test_profile_without_hq_says_so(demo: Workspace) -> None:
    status = sync_status(demo)
    assert status.alone
    now = demo.clock.local(demo.now())
    assert chip_state(status, now).kind == "alone"
    assert sync_centre(demo).needs == ()


def test_waiting_counts_rows_not_operations(story: Workspace) -> None:
    rows = sql(
        story,
        "SELECT count(*) FROM (SELECT DISTINCT entity, uid FROM journal WHERE state = 'waiting'"
        " AND op <> 'C')",
    )[0][0]
    operations = sql(story, "SELECT count(*) FROM journal WHERE state = 'waiting'")[0][0]
    centre = sync_centre(story)
    assert centre.status.waiting == rows
    assert rows < operations
    assert sum(row.count for row in centre.waiting) == rows
    notes = next(row for row in centre.waiting if row.entity == "note")
    assert notes.count == 2


def test_chip_says_offline_since_the_last_consistent_time(story: Workspace) -> None:
    now = story.clock.local(story.now())
    state = chip_state(sync_status(story), now)
    assert (state.kind, state.when, state.need) == ("offline", "since Mon", 3)


def test_needs_are_newest_first_and_name_what_they_are(story: Workspace) -> None:
    needs = sync_centre(story).needs
    assert [need.kind for need in needs] == ["refused", "conflict", "conflict"]
    assert [need.at for need in needs] == sorted((n.at for n in needs), reverse=True)
    assert all(need.name for need in needs)
    collided = needs[1].collisions
    assert [row.field for row in collided] == ["opening_hours", "visit_minutes"]
    assert collided[0].mine == SHORT


def test_times_are_short_and_relative(story: Workspace) -> None:
    now = story.clock.local(story.now())
    at = now.replace(hour=8, minute=5)
    assert when(now, now) == "just now"
    assert when(now.replace(minute=50), now) == "2 min ago"
    assert when(at, now) == "08:05"
    assert when(at.replace(day=23), now) == "Mon 08:05"
    assert when(at.replace(month=3), now) == "24 Mar"


def test_values_are_read_as_people_write_them() -> None:
    assert hours_text(SHORT) == (
        "Mon 07:00–15:00, closed Tue, Wed–Fri 07:00–15:00, Sat 09:00–14:00, closed Sun"
    )
    assert value_text("credit_limit_minor", 150000, "EUR") == "1,500.00"
    assert value_text("visit_minutes", 15, "EUR") == "15 min"
    assert value_text("usual_weekday", 0, "EUR") == "Mon"
    assert value_text("due_on", "2026-11-24", "EUR") == "24 Nov 2026"
    assert value_text("name", None, "EUR") == "–"


# ------------------------------------------------------------------------------------ settling


def test_restoring_writes_the_other_value_and_waits_to_be_sent(story: Workspace) -> None:
    key = open_conflict(story, "visit_minutes")
    changes = settling.restore_other(story, key)
    assert changes.touches("account")
    account = sql(
        story, "SELECT visit_minutes FROM account WHERE id = ?", *changes.touched["account"]
    )
    assert account == [(15,)]
    waiting = sql(story, "SELECT fields FROM journal WHERE txn = ?", changes.undo)
    assert "visit_minutes" in json.loads(waiting[0][0])
    with pytest.raises(NotFound):
        settling.restore_other(story, key)


def test_restoring_hours_keeps_their_shape(story: Workspace) -> None:
    changes = settling.restore_other(story, open_conflict(story, "opening_hours"))
    stored = sql(
        story, "SELECT opening_hours FROM account WHERE id = ?", *changes.touched["account"]
    )[0][0]
    assert json.loads(stored) == [[[390, 990]]] * 6 + [[]]


def test_what_hq_owns_is_not_restored_here(story: Workspace) -> None:
    with pytest.raises(UserError, match="HQ decides"):
        settling.restore_other(story, open_conflict(story, "credit_limit_minor"))


def test_settled_cards_leave_and_come_back(story: Workspace) -> None:
    need = sync_centre(story).needs[0]
    settling.settle(story, need.kind, need.ids)
    assert len(sync_centre(story).needs) == 2
    assert [(row.kind, row.state) for row in sync_centre(story).settled] == [("refused", "settled")]
    settling.reopen(story, need.kind, need.ids)
    assert sync_centre(story).needs[0] == need


# -------------------------------------------------------------------------------------- widget


@pytest.fixture
def window(qtbot: QtBot, story: Workspace, runner: Runner) -> Iterator[MainWindow]:
    specs = [spec for spec in places_for(story) if spec.key == "sync"]
    made = build_shell(story, runner, Bus(), specs, ShellSources())
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def test_cards_are_settled_by_keys(
    qtbot: QtBot, window: MainWindow, story: Workspace, tmp_path: Path
) -> None:
    window.go("sync")
    assert window.here() == Target("sync", {})
    place = window.place("sync")
    assert isinstance(place, SyncPlace)
    qtbot.waitUntil(lambda: len(place.cards.cards()) == 3)
    qtbot.keyClick(place, Qt.Key.Key_Down)
    qtbot.keyClick(place, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: len(place.cards.cards()) == 2)
    qtbot.keyClick(place, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(place.cards.cards()) == 1)
    assert not grab(window, tmp_path / "sync.png").isNull()
    states = dict(sql(story, "SELECT state, count(*) FROM conflict GROUP BY state"))
    assert states.get("restored") == 2


def office_window(qtbot: QtBot, ws: Workspace, runner: Runner) -> tuple[MainWindow, SyncPlace]:
    office = office_of(ws)
    specs = [spec for spec in places_for(office) if spec.key in ("sync", "customers")]
    window = build_shell(office, runner, Bus(), specs, ShellSources())
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window, window.place("sync")


def test_the_keys_it_takes(qtbot: QtBot, everything: Workspace, runner: Runner) -> None:
    """From any place: one key to the centre, then one or two for each of the three."""
    window, place = office_window(qtbot, everything, runner)
    pressed: dict[str, int] = {}

    def press(what: str, key: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        pressed[what] = pressed.get(what, 0) + 1
        qtbot.keyClick(window.focusWidget() or window, key, modifier)
        qtbot.waitUntil(lambda: runner.running == 0)

    opened = "SELECT count(*) FROM proposal WHERE status = 'open'"
    before = sql(everything, opened)[0][0]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    press("proposal", Qt.Key.Key_Y, both)
    press("proposal", Qt.Key.Key_P)
    press("proposal", Qt.Key.Key_A)
    assert sql(everything, opened)[0][0] == before - 1
    key = open_conflict(everything, "visit_minutes")
    with everything.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE refusal SET state = 'settled', code = 'x'")
        connection.exec_driver_sql(
            "UPDATE conflict SET state = 'settled' WHERE state = 'open' AND id <> ?", (key,)
        )
        connection.exec_driver_sql("UPDATE transfer SET state = 'done'")
        connection.exec_driver_sql("INSERT INTO seen SELECT 'proposal', uid, '2026' FROM proposal")
    place.presenter.refresh()
    qtbot.waitUntil(lambda: runner.running == 0)
    window.go("customers")
    press("conflict", Qt.Key.Key_Y, both)
    press("conflict", Qt.Key.Key_N)
    press("conflict", Qt.Key.Key_M)
    assert sql(everything, "SELECT count(*) FROM conflict WHERE state = 'open'") == [(0,)]
    with everything.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO refusal (seq, txn, entity, uid, code, sentence, fields, at) SELECT 0, 0,"
            " 'account', uid, 'duplicate', 'No.', '{\"city\": [null, \"Wanted\"]}',"
            " '2026-11-24T08:00:00.000Z' FROM account WHERE id = 1"
        )
    place.presenter.refresh()
    qtbot.waitUntil(lambda: runner.running == 0)
    window.go("customers")
    press("refusal", Qt.Key.Key_Y, both)
    press("refusal", Qt.Key.Key_S)
    assert sql(everything, "SELECT city FROM account WHERE id = 1") == [("Wanted",)]
    # Where something needs the person, N is not needed: the cards are what the centre opens with.
    assert pressed == {"proposal": 3, "conflict": 3, "refusal": 2}
    titles = {hit.title for hit in window.commands("")}
    assert {"Keep mine", "Send again", "Accept", "Dismiss", "Take back", "Try now"} <= titles
    window.close()


def test_a_value_and_a_reason_are_typed_with_the_keyboard_alone(
    qtbot: QtBot, everything: Workspace, runner: Runner
) -> None:
    window, place = office_window(qtbot, everything, runner)
    window.go("sync")
    qtbot.waitUntil(lambda: runner.running == 0)
    numbers = [card.item.kind for card in place.cards.cards()]
    for _card in range(numbers.index("conflict")):
        qtbot.keyClick(place, Qt.Key.Key_Down)
    qtbot.keyClick(place, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(place, Qt.Key.Key_E)
    entry = place.board.entry()
    assert entry is not None
    qtbot.waitUntil(entry.field.hasFocus)
    qtbot.keyClicks(entry.field, "17")
    # What arrives meanwhile does not take away what is being typed.
    settling.settle(everything, "price", _ids(everything, "price"))
    place.presenter.refresh()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.board.entry() is entry
    assert entry.field.text() == "17"
    qtbot.keyClick(entry.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.board.entry() is None)
    assert sql(everything, "SELECT count(*) FROM account WHERE visit_minutes = 17") == [(1,)]
    assert place.hasFocus(), "the keys are the place's again"
    qtbot.waitUntil(lambda: runner.running == 0)
    qtbot.keyClick(place, Qt.Key.Key_P)
    qtbot.keyClick(place, Qt.Key.Key_X)
    reason = place.board.entry()
    assert reason is not None
    qtbot.keyClicks(reason.field, "Not mapx")
    assert place.board.entry() is reason, "letters are letters here"
    qtbot.keyClick(reason.field, Qt.Key.Key_Escape)
    assert place.board.entry() is None
    window.close()


def _ids(ws: Workspace, kind: str) -> tuple[int, ...]:
    return next(need.ids for need in sync_centre(ws).needs if need.kind == kind)


def test_a_session_opens_and_tells_all(qtbot: QtBot, everything: Workspace, runner: Runner) -> None:
    window, place = office_window(qtbot, everything, runner)
    window.go("sync")
    qtbot.waitUntil(lambda: runner.running == 0)
    before = place.sessions.sizeHint().height()
    qtbot.keyClick(place, Qt.Key.Key_D)
    assert place.sessions.sizeHint().height() > before
    place.sessions.setFocus()
    qtbot.keyClick(place.sessions, Qt.Key.Key_Down)
    assert place.sessions.part() == 1
    qtbot.keyClick(place.sessions, Qt.Key.Key_Up)
    qtbot.keyClick(place.sessions, Qt.Key.Key_D)
    assert place.sessions.sizeHint().height() == before
    window.close()


def test_empty_centre_teaches(
    qtbot: QtBot, demo: Workspace, runner: Runner, tmp_path: Path
) -> None:
    specs = [spec for spec in places_for(demo) if spec.key == "sync"]
    window = build_shell(demo, runner, Bus(), specs, ShellSources())
    qtbot.addWidget(window)
    window.show()
    window.go("sync")
    place = window.place("sync")
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.cards.cards() == []
    assert not grab(window, tmp_path / "sync.png").isNull()
    window.close()
