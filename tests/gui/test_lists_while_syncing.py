"""What a sync leaves in place in a list: the bar, marks and picks, and whom a change is for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.lists.widget import ListsPlace
from crmdesk.services.queries.lists import reading
from crmdesk.services.workspace import Workspace
from tests.gui.list_stage import opened


def _far_down(place: ListsPlace, runner: Runner, qtbot: QtBot, name: str = "visits") -> list[int]:
    """A list that is longer than its first page; all of its keys."""
    place.presenter.show(name)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() > reading.PAGE + 12)
    place.table.setFocus()
    return [key for key in place.model.shown_keys() if isinstance(key, int)]


def _synced(place: ListsPlace, runner: Runner, qtbot: QtBot) -> None:
    """What a round brings reaches the place as it does from the bus."""
    place.presenter.on_changes(ChangeSet(everything=True))
    qtbot.waitUntil(lambda: runner.running == 0)


def test_a_sync_leaves_the_bar_the_marks_and_the_picks_far_down_a_list(
    window: MainWindow, runner: Runner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = opened(window, runner, qtbot)
    keys = _far_down(place, runner, qtbot)
    here = reading.PAGE + 5
    place.model.set_picked([keys[2], keys[here], keys[here + 3]])
    place.table.select_key(keys[here])
    for _step in range(3):
        qtbot.keyClick(place.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    marked = place.table.selected_keys()
    assert len(marked) == 4
    monkeypatch.setattr(reading.following, "__defaults__", (8,))

    _synced(place, runner, qtbot)

    assert place.model.picked() == [keys[2], keys[here], keys[here + 3]]
    assert place.table.current_key() == keys[here + 3]
    assert place.table.selected_keys() == marked


def test_a_row_that_a_sync_takes_away_gives_the_bar_to_the_first(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(reading.first_page, "__defaults__", (3,))
    place = opened(window, runner, qtbot)
    place.presenter.filter("Class is B")
    qtbot.waitUntil(lambda: runner.running == 0)
    keys = place.model.shown_keys()
    assert len(keys) > 5
    place.table.select_key(keys[-1])
    place.model.set_picked([keys[-1], keys[-2]])
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE account SET class = 'A' WHERE id = ?", (keys[-1],))
    _synced(place, runner, qtbot)
    assert place.model.shown_keys() == keys[:-1]
    assert place.model.picked() == [keys[-2]]
    assert place.table.current_key() == keys[0]


def test_the_bar_of_changes_changes_the_rows_it_was_opened_for(
    window: MainWindow, runner: Runner, qtbot: QtBot, demo: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """While a value is typed a sync takes the row out of the filter: no other one gets it."""
    place = opened(window, runner, qtbot)
    place.presenter.filter("Class is B")
    qtbot.waitUntil(lambda: runner.running == 0)
    keys = [key for key in place.model.shown_keys() if isinstance(key, int)]
    meant, first = keys[-1], keys[0]
    place.table.select_key(meant)
    qtbot.keyClick(place.table, Qt.Key.Key_B)
    titles = [item.key for item in place.presenter.steps.editable()]
    place.edit_bar.column.setCurrentIndex(titles.index("visit_minutes"))
    place.edit_bar.value.setCurrentText("77")
    with demo.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE account SET class = 'A' WHERE id = ?", (meant,))
    _synced(place, runner, qtbot)
    line = place.edit_bar.value.lineEdit()
    assert line is not None
    line.setFocus()
    said: list[str] = []
    monkeypatch.setattr(window.toast_note, "say", lambda text, *_undo: said.append(text))
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: runner.running == 0)
    with demo.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM account WHERE visit_minutes = 77 ORDER BY id"
        ).scalars()
        assert list(found) == [meant]
    assert first != meant
    # Once: a second try changes nothing, and its words would take the way back away.
    assert said == ["1 row changed."]
