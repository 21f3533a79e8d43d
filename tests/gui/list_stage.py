"""The place of lists, reached as a person reaches it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.lists.widget import ListsPlace


def opened(window: MainWindow, runner: Runner, qtbot: QtBot) -> ListsPlace:
    """The list of customers, reached by the command field."""
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(window.top.field, "lists: cust")
    qtbot.waitUntil(
        lambda: [hit.title for hit in window.palette_list.hits_shown()] == ["Lists: Customers"]
    )
    qtbot.keyClick(window.top.field, Qt.Key.Key_Return)
    place = window.place("lists")
    assert isinstance(place, ListsPlace)
    qtbot.waitUntil(lambda: runner.running == 0 and place.model.rowCount() > 0)
    return place
