"""The sync centre: its queries, settling and restoring, its presenter, its keys in a window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import PlaceContext, RoundState, Target
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.sync_words import RoundItem, chip_state, when
from crmdesk.gui.views.sync.model import CentreItem, hours_text, value_text
from crmdesk.gui.views.sync.presenter import SyncPresenter
from crmdesk.gui.views.sync.widget import SyncPlace
from crmdesk.services import settling
from crmdesk.services.queries.sync import sync_centre, sync_status
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.pictures import grab
from tests.gui.sync_story import SHORT, tell


def sql(ws: Workspace, statement: str, *values: Any) -> list[Any]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement, values)]


@pytest.fixture
def story(demo: Workspace) -> Workspace:
    """The demo company after some days of syncing."""
    tell(demo)
    return demo


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


def open_conflict(ws: Workspace, field_name: str) -> int:
    query = "SELECT id FROM conflict WHERE field = ? AND state = 'open'"
    return int(sql(ws, query, field_name)[0][0])


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
    assert sync_centre(story).settled == 1
    settling.reopen(story, need.kind, need.ids)
    assert sync_centre(story).needs[0] == need


# ----------------------------------------------------------------------------------- presenter


@dataclass
class FakeView:
    item: CentreItem | None = None
    selected: str = ""
    rounds: list[RoundItem] = field(default_factory=list)

    def show_centre(self, item: CentreItem, selected: str) -> None:
        self.item, self.selected = item, selected

    def show_round(self, item: RoundItem) -> None:
        self.rounds.append(item)


def presenter_of(
    ws: Workspace, runner: DirectRunner, desk: FakeDesk
) -> tuple[SyncPresenter, FakeView]:
    view = FakeView()
    made = SyncPresenter(PlaceContext(ws, runner, desk), view)
    made.start()
    return made, view


def test_first_card_is_selected_and_the_bar_moves(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    assert view.item is not None
    keys = [need.key for need in view.item.needs]
    assert view.selected == keys[0]
    presenter.step(1)
    assert view.selected == keys[1]
    presenter.step(9)
    assert view.selected == keys[2]


def test_fine_can_be_undone(story: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.fine()
    presenter.refresh()
    assert view.item is not None
    assert len(view.item.needs) == 2
    assert desk.undo is not None
    desk.undo()
    presenter.refresh()
    assert len(view.item.needs) == 3


def test_restore_of_a_card_brings_all_its_values_back(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.step(1)
    presenter.restore()
    assert desk.toasts == ["2 values restored"]
    presenter.refresh()
    assert view.item is not None
    assert len(view.item.needs) == 2


def test_a_round_is_asked_for_followed_and_cancelled(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.try_now()
    assert desk.rounds.asked == 1
    running = RoundState(running=True, stage="pull", done=1204, bytes=240_000)
    desk.rounds.tell(running)
    assert view.rounds[-1].words == "Receiving · 1,204 rows · 240.0\xa0kB"
    desk.rounds.tell(replace(running, stage="push", done=3, total=14, bytes=0))
    assert view.rounds[-1].words == "Sending · 3 of 14 changes"
    presenter.cancel()
    assert desk.rounds.cancelled == 1
    desk.rounds.tell(replace(running, stopping=True))
    assert view.rounds[-1].stopping
    desk.rounds.tell(RoundState(next_in_s=250))
    assert view.rounds[-1] == RoundItem(next_try="next try in 4 min")
    presenter.close()
    assert desk.rounds.listeners == []


def test_profile_alone_is_told_how_to_join(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(demo, direct_runner, desk)
    presenter.try_now()
    assert len(desk.banners) == 1
    assert view.rounds == []
    assert desk.rounds.asked == 0


def test_refused_order_is_opened(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.open()
    assert view.item is not None
    need = view.item.needs[0]
    assert desk.went == [("order", {"order": need.order_id})]


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
