"""The place of attention: its presenter with fakes, and keys in the real place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.states import Role
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.attention.presenter import AttentionPresenter, ChangeItem
from crmdesk.gui.views.attention.widget import AttentionPlace
from crmdesk.gui.views.attention.words import ModelTyped, OwnTyped, read_whole
from crmdesk.gui.widgets.items import FactPart
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.stage import on_stage


@dataclass
class FakeView:
    heading: str = ""
    parts: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    mode: str = ""
    typed: ModelTyped = field(default_factory=ModelTyped)
    own: OwnTyped = field(default_factory=OwnTyped)
    facts: str = ""
    change: ChangeItem = field(default_factory=lambda: ChangeItem(""))
    may_change: bool = False

    def show_heading(self, facts: Sequence[FactPart], modes: Sequence[tuple[str, str]]) -> None:
        self.heading = "".join(part.text for part in facts)

    def show_part(self, mode: str, rows: Sequence[tuple[int, Any]], title: str) -> None:
        self.mode = mode
        self.parts[mode] = list(rows)

    def show_model(self, typed: ModelTyped, title: str, *, may_change: bool) -> None:
        self.typed, self.may_change = typed, may_change

    def model_typed(self) -> ModelTyped:
        return self.typed

    def show_customer(self, name: str, facts: str, typed: OwnTyped, usual: OwnTyped) -> None:
        self.facts, self.own = facts, typed

    def show_change(self, item: ChangeItem) -> None:
        self.change = item


@dataclass
class Stage:
    ws: Workspace
    view: FakeView
    presenter: AttentionPresenter
    runner: DirectRunner
    desk: FakeDesk

    def settle(self) -> None:
        while self.runner.committed:
            self.presenter.on_changes(self.runner.committed.pop())


def stage_of(ws: Workspace, role: Role) -> Stage:
    ws = replace(ws, user=replace(ws.user, role=role))
    runner, desk, view = DirectRunner(), FakeDesk(), FakeView()
    presenter = AttentionPresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    return Stage(ws, view, presenter, runner, desk)


@pytest.fixture
def stage(demo: Workspace) -> Stage:
    return stage_of(demo, Role.MANAGER)


def sql(ws: Workspace, statement: str, *values: Any) -> list[Any]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement, values)]


def test_models_are_shown_with_what_a_change_does(stage: Stage) -> None:
    assert "a month needed" in stage.view.heading
    assert [row.model.code for _key, row in stage.view.parts["models"]] == ["A", "B", "C", "D"]
    assert stage.view.change.sentence.startswith("Nobody is served differently")
    stage.presenter.type_model(replace(stage.view.typed, every="28"))
    assert "takes" in stage.view.change.sentence
    assert "h less" in stage.view.change.sentence
    assert [row.key for row in stage.view.change.rows][:3] == ["visits", "calls", "hours"]
    stage.presenter.show_behind()
    assert stage.view.mode == "customers"
    rows = [row for _key, row in stage.view.parts["customers"]]
    assert rows
    assert all(row.before.hours > row.after.hours for row in rows)


def test_a_change_is_told_rep_by_rep_where_there_are_several(demo: Workspace) -> None:
    with demo.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        idle = run(
            "INSERT INTO app_user (uid, code, name, role, active, working_week)"
            " SELECT randomblob(16), 'R9', 'Idle Hands', 'rep', 1, working_week FROM app_user"
            " WHERE role = 'rep' RETURNING id"
        ).scalar_one()
        short = '{"days": [[[540, 600]],[[540, 600]],[],[],[],[],[]], "max_km": 280}'
        run("UPDATE app_user SET working_week = ? WHERE role = 'rep' AND id <> ?", (short, idle))
    stage = stage_of(demo, Role.MANAGER)
    assert "1 of 2 reps is full" in stage.view.heading
    stage.presenter.type_model(replace(stage.view.typed, every="7"))
    first, second = stage.view.change.reps
    assert (second.name, second.after.hours, second.load_after) == ("Idle Hands", 0.0, 0.0)
    assert (first.load_after or 0) > (first.load_before or 0) > 1
    assert f"1 of 2 reps then has more to do than hours: {first.name}." in (
        stage.view.change.sentence
    )


def test_a_model_is_saved_and_taken_back(stage: Stage) -> None:
    stage.presenter.type_model(replace(stage.view.typed, every="10", objectives="Ask; Look"))
    stage.presenter.save()
    stage.settle()
    saved = "SELECT interval_days, objectives FROM attention_model WHERE code = 'A'"
    assert sql(stage.ws, saved) == [(10, '["Ask","Look"]')]
    assert stage.desk.undo is not None
    stage.desk.undo()
    assert sql(stage.ws, saved)[0][0] == 14


def test_bad_input_is_said_and_nothing_is_lost(stage: Stage) -> None:
    stage.presenter.type_model(replace(stage.view.typed, every="often"))
    assert stage.view.change.problem
    stage.presenter.type_model(replace(stage.view.typed, every="20", classes="A, B"))
    stage.presenter.save()
    assert "already" in stage.view.change.problem
    assert stage.view.change.field == "classes"


def test_a_new_model_is_made(stage: Stage) -> None:
    stage.presenter.new_model()
    stage.presenter.type_model(ModelTyped("E", "Every other month", "60", "2", "video"))
    stage.presenter.save()
    stage.settle()
    made = sql(stage.ws, "SELECT interval_days, virtual_mode FROM attention_model WHERE code = 'E'")
    assert made == [(60, "video")]


def test_proposals_are_accepted_together_and_taken_back(demo: Workspace) -> None:
    with demo.database.write() as tx:
        # Time so dear that visits to many cost more than they bring.
        tx.connection.exec_driver_sql(
            "UPDATE cost_rate SET rate_e4 = rate_e4 * 12 WHERE driver = 'minute'"
        )
    stage = stage_of(demo, Role.MANAGER)
    stage.presenter.choose_mode("proposals")
    rows = dict(stage.view.parts["proposals"])
    assert rows
    assert "uys every" in stage.view.facts
    stage.presenter.accept(list(rows))
    stage.settle()
    for key, row in rows.items():
        own = sql(stage.ws, "SELECT interval_days, virtual_between FROM account WHERE id = ?", key)
        assert own == [(round(row.wanted.interval_days), row.wanted.virtual_between)]
    again = dict(stage.view.parts["proposals"])
    assert all(again[key].wanted != row.wanted for key, row in rows.items() if key in again)
    assert stage.desk.undo is not None
    stage.desk.undo()
    stage.settle()
    assert dict(stage.view.parts["proposals"]).keys() == rows.keys()


def test_a_customer_gets_figures_of_its_own_and_follows_the_model_again(stage: Stage) -> None:
    stage.presenter.choose_mode("customers")
    key = stage.view.parts["customers"][0][0]
    stage.presenter.type_own(OwnTyped("9", "", ""))
    assert stage.view.change.rows
    stage.presenter.save()
    stage.settle()
    assert sql(stage.ws, "SELECT interval_days FROM account WHERE id = ?", key) == [(9,)]
    stage.presenter.choose_mode("exceptions")
    assert key in dict(stage.view.parts["exceptions"])
    stage.presenter.remove([key])
    stage.settle()
    assert key not in dict(stage.view.parts["exceptions"])
    stage.presenter.open(key)
    assert stage.desk.went == [("customer", {"account": key})]


def test_a_rep_reads_models_and_does_not_change_them(demo: Workspace) -> None:
    stage = stage_of(demo, Role.REP)
    assert not stage.view.may_change
    stage.presenter.new_model()
    assert stage.desk.banners


@pytest.mark.parametrize(("text", "value"), [("12", 12), (" 7 ", 7), ("", 5), ("x", -1), ("²", -1)])
def test_whole_numbers_are_read(text: str, value: int) -> None:
    assert read_whole(text, 5) == value


def test_the_place_by_keys(qtbot: QtBot, demo: Workspace, qtmodeltester: ModelTester) -> None:
    ws = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    runner = DirectRunner()
    place = AttentionPlace(PlaceContext(ws, runner, FakeDesk()))
    window = on_stage(qtbot, place)
    place.presenter.start()
    place.tables["models"].setFocus()
    qtbot.keyClick(place.tables["models"], Qt.Key.Key_E)
    assert place.form.fields["every"].field.hasFocus()
    qtbot.keyClicks(place.form.fields["every"].field, "30")
    qtbot.keyClick(place.form.fields["every"].field, Qt.Key.Key_Return,
                   Qt.KeyboardModifier.ControlModifier)  # fmt: skip
    assert sql(ws, "SELECT interval_days FROM attention_model WHERE code = 'A'") == [(30,)]
    qtbot.keyClick(QApplication.focusWidget() or place, Qt.Key.Key_Escape)
    qtbot.keyClick(place.tables["models"], Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert place.presenter.mode == "customers"
    qtmodeltester.check(place.models["customers"])
    assert window.isVisible()
