"""Orders from the suggestion in the real window, by real key events alone, with their count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.gui.bus import Bus
from crmdesk.gui.errors import ErrorDesk
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import MainWindow, ShellSources
from crmdesk.services import visits
from crmdesk.services.queries.reorder_detail import sku_detail
from crmdesk.services.workspace import Workspace
from tests.gui.pictures import settle

LINES = 12
MOST_KEYS = 40
CHANGED = (2, 5, 8, 11)
_CTRL = Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_NONE = Qt.KeyboardModifier.NoModifier


class NoMouse(QObject):
    """Counts mouse buttons pressed anywhere in the application."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self.presses = 0
        self._app = app
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self.presses += 1
        return False

    def stop(self) -> None:
        self._app.removeEventFilter(self)


@dataclass
class Hands:
    """Two hands on the keyboard: every press is counted and waits for what it set going."""

    window: MainWindow
    runner: Runner
    qtbot: QtBot
    pressed: list[str] = field(default_factory=list)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = _NONE) -> None:
        focus = QApplication.focusWidget() or self.window
        QTest.keyClick(focus, key, modifier)
        self.pressed.append(f"{modifier.name}+{key.name}" if modifier != _NONE else str(key.name))
        self.still()

    def still(self) -> None:
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        settle(5)
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)


@pytest.fixture
def hands(demo: Workspace, runner: Runner, qtbot: QtBot, synchronous_maps: None) -> Iterator[Hands]:
    window = MainWindow(runner, Bus(), ErrorDesk())
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.open_places(demo, places_for(demo), ShellSources())
    made = Hands(window, runner, qtbot)
    made.still()
    yield made
    window.close()


@pytest.fixture
def mouse(qapp: QApplication) -> Iterator[NoMouse]:
    made = NoMouse(qapp)
    yield made
    made.stop()


def submitted(ws: Workspace) -> list[Any]:
    """Lines of the orders submitted just now: account, product, packs, suggested base units."""
    with ws.database.read() as connection:
        return list(
            connection.exec_driver_sql(
                "SELECT o.id, o.account_id, l.product_id, l.quantity FROM sales_order o"
                " JOIN order_line l ON l.parent_id = o.id WHERE o.status = 'submitted'"
                " AND o.order_date = ? AND o.submitted_at >= ? ORDER BY l.position",
                (ws.today().isoformat(), ws.today().isoformat()),
            )
        )


def busy_customers(ws: Workspace, lines: int) -> list[int]:
    """Customers with so many SKUs on the board, whose credit does not stop them."""
    with ws.database.read() as connection:
        return list(
            connection.exec_driver_sql(
                "SELECT p.account_id FROM summary_pair p JOIN account a ON a.id = p.account_id"
                " JOIN product k ON k.id = p.product_id"
                " WHERE p.state IN ('overdue', 'due', 'at_risk') AND a.credit_mode <> 'hard'"
                " AND k.status = 'active' AND p.packs > 0"
                " GROUP BY p.account_id HAVING count(*) >= ? ORDER BY count(*) DESC",
                (lines,),
            ).scalars()
        )


def test_twelve_lines_from_the_suggestion_take_under_forty_keys(
    hands: Hands, demo: Workspace, mouse: NoMouse
) -> None:
    before = {row[0] for row in submitted(demo)}
    place = hands.window.place("reorder")
    account = busy_customers(demo, LINES)[0]
    # The customer's card or the route leads here; the keys are counted from the board on.
    hands.window.go("reorder", account=account)
    hands.still()
    assert place.model.rowCount() > LINES
    rows = place.model.shown_keys()[:LINES]
    suggested = {key: place.model.row_of(key).packs for key in rows}
    for number, _key in enumerate(rows):
        if number in CHANGED:
            hands.press(Qt.Key.Key_4)
            hands.press(Qt.Key.Key_Return)
        else:
            hands.press(Qt.Key.Key_Space)
        if number < LINES - 1:
            hands.press(Qt.Key.Key_Down)
    hands.press(Qt.Key.Key_O)
    here = hands.window.here()
    assert here is not None
    assert here.place == "order"
    hands.press(Qt.Key.Key_Return, _CTRL)
    lines = [row for row in submitted(demo) if row[0] not in before]
    assert {(row[1], row[2]) for row in lines} == set(rows)
    wanted = {key: 4 if at in CHANGED else suggested[key] for at, key in enumerate(rows)}
    took = {(row[1], row[2]): row[3] for row in lines}
    assert sum(took[key] == packs for key, packs in wanted.items()) >= LINES - len(CHANGED)
    count = len(hands.pressed)
    print(f"\n{LINES} lines, {len(CHANGED)} of them changed: {count} key strokes, no mouse")  # noqa: T201 - the figure is wanted
    assert count < MOST_KEYS
    assert mouse.presses == 0


def test_the_whole_suggestion_of_a_stop_takes_a_handful_of_keys(
    hands: Hands, demo: Workspace, mouse: NoMouse
) -> None:
    before = {row[0] for row in submitted(demo)}
    with demo.database.read() as connection:
        stops = list(
            connection.exec_driver_sql(
                "SELECT v.account_id FROM planned_visit v WHERE v.user_id = ? AND v.date = ?"
                " AND v.status = 'planned' AND v.mode = 'person'"
                " ORDER BY (SELECT count(*) FROM summary_pair p WHERE p.account_id = v.account_id"
                " AND p.state IN ('overdue', 'due')) DESC",
                (demo.user.id, demo.today().isoformat()),
            ).scalars()
        )
    hands.window.go("today", account=stops[0])
    hands.still()
    hands.press(Qt.Key.Key_O)
    here = hands.window.here()
    assert here is not None
    assert here.place == "order"
    hands.press(Qt.Key.Key_Return, _CTRL)
    lines = [row for row in submitted(demo) if row[0] not in before]
    assert {row[1] for row in lines} == {stops[0]}
    assert len(lines) >= LINES
    print(f"\n{len(lines)} lines as suggested: {len(hands.pressed)} key strokes, no mouse")  # noqa: T201 - the figure is wanted
    assert len(hands.pressed) <= 6
    assert mouse.presses == 0


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_visit_is_planned_and_a_word_is_kept_by_keys(hands: Hands, demo: Workspace) -> None:
    place = hands.window.place("reorder")
    hands.window.go("reorder")
    hands.still()
    account, product = place.table.current_key()
    hands.press(Qt.Key.Key_V)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    QTest.keyClick(menu, Qt.Key.Key_2)
    hands.still()
    with demo.database.read() as connection:
        planned = connection.exec_driver_sql(
            "SELECT count(*) FROM planned_visit WHERE account_id = ? AND locked AND date > ?",
            (account, demo.today().isoformat()),
        ).scalar_one()
    assert planned >= 1
    hands.press(Qt.Key.Key_X)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    QTest.keyClick(menu, Qt.Key.Key_Q)
    hands.still()
    assert place.answer.isVisible()
    hands.press(Qt.Key.Key_X)
    hands.press(Qt.Key.Key_Return)
    assert "whole number" in place.answer.beside()
    place.answer.field.clear()
    hands.press(Qt.Key.Key_7)
    hands.press(Qt.Key.Key_Return)
    assert not place.answer.isVisible()
    with demo.database.read() as connection:
        kind = connection.exec_driver_sql(
            "SELECT kind, base_quantity FROM reorder_override WHERE account_id = ?"
            " AND product_id = ? ORDER BY id DESC LIMIT 1",
            (account, product),
        ).one()
    assert kind[0] == "quantity"
    assert kind[1] % 7 == 0
    hands.press(Qt.Key.Key_Z, _CTRL)
    with demo.database.read() as connection:
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM reorder_override WHERE account_id = ? AND product_id = ?"
            " AND kind = 'quantity'",
            (account, product),
        ).scalar_one()
    assert left == 0


def test_a_shelf_is_counted_in_a_call_and_nothing_is_lost_without_one(
    hands: Hands, demo: Workspace
) -> None:
    place = hands.window.place("reorder")
    with demo.database.read() as connection:
        account = connection.exec_driver_sql(
            "SELECT p.account_id FROM summary_pair p WHERE p.state = 'due' AND NOT EXISTS"
            " (SELECT 1 FROM visit v WHERE v.account_id = p.account_id AND v.date = ?)"
            " ORDER BY p.p_14 DESC LIMIT 1",
            (demo.today().isoformat(),),
        ).scalar_one()
    hands.window.go("reorder", account=account)
    hands.still()
    key = place.table.current_key()
    hands.press(Qt.Key.Key_N)
    hands.press(Qt.Key.Key_6)
    hands.press(Qt.Key.Key_Return)
    assert "there was none today" in hands.window.notice.text()
    visits.log_contact(demo, account, VisitMode.CALL, VisitOutcome.INFORMATION)
    hands.press(Qt.Key.Key_N)
    hands.press(Qt.Key.Key_6)
    hands.press(Qt.Key.Key_Return)
    with demo.database.read() as connection:
        counted = connection.exec_driver_sql(
            "SELECT counted FROM visit_task WHERE account_id = ? AND product_id = ?"
            " ORDER BY id DESC LIMIT 1",
            key,
        ).scalar_one()
    assert counted > 0
    assert counted % 6 == 0
    # What was counted counts: the SKU is less likely now, and may have left the board.
    assert sku_detail(demo, key).counted is not None
