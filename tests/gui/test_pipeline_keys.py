"""The pipeline in the real window: a lead becomes a won deal by keys; dragging does the same."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.pipeline import Stage
from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.pipeline.board import DEAL_MIME
from crmdesk.gui.views.pipeline.forms import Ask
from crmdesk.gui.views.pipeline.items import Mode
from crmdesk.services import leads
from crmdesk.services.leads import LeadInput
from crmdesk.services.queries.deals import DealGroup, deal_rows
from crmdesk.services.queries.leads import LeadFilter, LeadGroup, lead_keys, lead_rows
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import OpenWindow


@pytest.fixture
def window(demo: Workspace, open_window: OpenWindow) -> MainWindow:
    return open_window(demo, size=(1280, 800))


class Hands:
    """Sends keys to whatever has the focus, and counts them."""

    def __init__(self, window: MainWindow, runner: Runner, qtbot: QtBot) -> None:
        self.window, self.runner, self.qtbot = window, runner, qtbot
        self.count = 0

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.runner.running == 0, timeout=20_000)
        QApplication.processEvents()

    def press(
        self, *keys: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        for key in keys:
            focused = self.window.focusWidget() or self.window
            QTest.keyClick(focused, key, modifiers)
            self.count += 1
            self.settle()

    def type(self, text: str) -> None:
        focused = self.window.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, text)
        self.count += len(text)
        self.settle()


def test_a_lead_becomes_a_won_deal_by_keys(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    """C, its amount, Enter; three moves; W by moving on, its reason, Enter: ten keys and 4 digits.

    Not one of them is a click, and nothing is asked twice.
    """
    lead = leads.add_lead(demo, LeadInput("Núria Pla", "Xocolateria Qwerty")).lead_id
    leads.qualify_lead(
        demo, lead,
        {"need": "now", "volume": "weekly", "decider": "speaks", "price": "fits", "route": "on"},
    )  # fmt: skip
    window.go("pipeline", mode="leads")
    hands = Hands(window, runner, qtbot)
    hands.settle()
    place = window.place("pipeline")
    assert place.leads.current() == lead  # the best score stands first
    shift = Qt.KeyboardModifier.ShiftModifier

    hands.press(Qt.Key.Key_C)
    hands.type("2400")
    hands.press(Qt.Key.Key_Return)
    deal = place.presenter.deal
    assert place.presenter.mode is Mode.BOARD and deal is not None
    assert place.board.body.selected() == deal
    hands.press(Qt.Key.Key_Right, modifiers=shift)
    hands.press(Qt.Key.Key_Right, modifiers=shift)
    assert deal_rows(demo, [deal])[deal].stage is Stage.NEGOTIATION
    hands.press(Qt.Key.Key_Right, modifiers=shift)
    hands.press(Qt.Key.Key_2, Qt.Key.Key_Return)
    row = deal_rows(demo, [deal])[deal]
    assert (row.stage, row.amount_minor, row.customer) == (
        Stage.WON, 240_000, "Xocolateria Qwerty",
    )  # fmt: skip
    assert row.reason and hands.count == 7 + len("2400")
    with demo.database.read() as connection:
        steps = connection.exec_driver_sql(
            "SELECT to_stage FROM stage_change WHERE opportunity_id = ? ORDER BY at, id", (deal,)
        ).scalars()
        assert list(steps) == ["proposal", "negotiation", "won"]


def test_dragging_does_what_the_keys_do(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    window.go("pipeline")
    hands = Hands(window, runner, qtbot)
    hands.settle()
    place = window.place("pipeline")
    body = place.board.body
    key = body.selected()
    assert key is not None and deal_rows(demo, [key])[key].stage is Stage.QUALIFIED

    def drop(stage: Stage) -> None:
        data = QMimeData()
        data.setData(DEAL_MIME, str(key).encode())
        spot = QPointF(body.column_rect(stage).center().x(), 40)
        event = QDropEvent(spot, Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton,
                           Qt.KeyboardModifier.NoModifier)  # fmt: skip
        body.dropEvent(event)
        hands.settle()

    drop(Stage.NEGOTIATION)
    assert deal_rows(demo, [key])[key].stage is Stage.NEGOTIATION
    drop(Stage.LOST)
    assert place.form.isVisible() and place.form.form.kind == Ask.LOST
    hands.press(Qt.Key.Key_1, Qt.Key.Key_Return)
    assert deal_rows(demo, [key])[key].stage is Stage.LOST
    hands.press(Qt.Key.Key_Z, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert deal_rows(demo, [key])[key].stage is Stage.NEGOTIATION


def test_a_deal_is_begun_and_qualified_by_keys_and_the_form_keeps_what_cannot_be(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    window.go("pipeline")
    hands = Hands(window, runner, qtbot)
    hands.settle()
    place = window.place("pipeline")
    hands.press(Qt.Key.Key_N)
    qtbot.waitUntil(lambda: place.picker.model.rowCount() > 0)
    hands.press(Qt.Key.Key_Return)
    hands.type("Second bar")
    hands.press(Qt.Key.Key_Tab)
    hands.type("lots")
    hands.press(Qt.Key.Key_Return)
    assert place.form.isVisible() and place.form.values()["name"] == "Second bar"
    focused = window.focusWidget()
    assert focused is not None and focused.accessibleName() == "Amount"
    hands.type("900")
    hands.press(Qt.Key.Key_Return)
    deal = place.presenter.deal
    row = deal_rows(demo, [deal])[deal]
    assert (row.name, row.amount_minor) == ("Second bar", 90_000)
    assert row.expected_close == demo.today() + timedelta(days=45)

    hands.press(Qt.Key.Key_3, modifiers=Qt.KeyboardModifier.AltModifier)
    lead = place.leads.current()
    hands.press(
        Qt.Key.Key_A, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_1,
        Qt.Key.Key_Return,
    )  # fmt: skip
    assert lead_rows(demo, [lead])[lead].score.points == 30 + 12 + 20 + 0 + 15
    hands.press(Qt.Key.Key_R, Qt.Key.Key_1, Qt.Key.Key_Return)
    assert lead_rows(demo, [lead])[lead].status == "lost"


def test_what_is_asked_for_is_shown_with_its_chip_on(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    with demo.database.read() as connection:
        lead = connection.exec_driver_sql(
            "SELECT id FROM lead WHERE status = 'converted' AND user_id = ? LIMIT 1",
            (demo.user.id,),
        ).scalar_one()
    window.go("pipeline", lead=lead)
    hands = Hands(window, runner, qtbot)
    hands.settle()
    place = window.place("pipeline")
    qtbot.waitUntil(lambda: runner.running == 0 and place.leads.current() == lead)
    assert (place.leads.panel.chips.choice(), place.presenter.lead) == (LeadGroup.ALL, lead)
    place.presenter.choose_stage(Stage.WON)
    qtbot.waitUntil(lambda: place.deals.panel.chips.choice() == DealGroup.WON)


def test_enter_twice_makes_one_lead_and_a_late_move_leaves_the_form_open(
    window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    """A sync holds the database for a second: what is pressed meanwhile is not done twice."""
    window.go("pipeline")
    hands = Hands(window, runner, qtbot)
    hands.settle()
    place = window.place("pipeline")
    before = len(lead_keys(demo, LeadFilter(group=LeadGroup.ALL)))
    place.presenter.steps.ask_new_lead()
    hands.settle()
    hands.type("Nuria Pla")
    hands.press(Qt.Key.Key_Tab)
    hands.type("Xocolateria Qwerty")
    field = window.focusWidget()
    assert field is not None
    held = Event()
    runner.write(held.wait)
    for _time in range(2):
        QTest.keyClick(field, Qt.Key.Key_Return)
    held.set()
    hands.settle()
    assert len(lead_keys(demo, LeadFilter(group=LeadGroup.ALL))) == before + 1
    assert not place.form.isVisible()

    place.presenter.choose_mode(Mode.BOARD)
    hands.settle()
    held.clear()
    runner.write(held.wait)
    deal = place.presenter.deal
    place.presenter.steps.drop(deal, Stage.PROPOSAL)
    place.presenter.steps.ask(Ask.EDIT_DEAL)
    qtbot.waitUntil(place.form.isVisible)
    held.set()
    hands.settle()
    assert deal_rows(demo, [deal])[deal].stage is Stage.PROPOSAL
    assert place.form.isVisible()
