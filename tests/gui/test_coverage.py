"""The place of coverage: its presenter with fakes, and keys in the real place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.gui.effort_words import CompareRow
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.coverage import words
from crmdesk.gui.views.coverage.presenter import CoveragePresenter
from crmdesk.gui.views.coverage.widget import CoveragePlace
from crmdesk.gui.widgets.area_map import Area, AreaMap, Dot
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.stage import on_stage


@dataclass
class FakeView:
    heading: str = ""
    part: str = ""
    rows: dict[str, list[tuple[Any, Any]]] = field(default_factory=dict)
    lines_title: str = ""
    lines: list[tuple[int, Any]] = field(default_factory=list)
    areas: Sequence[Area] = ()
    dots: Sequence[Dot] = ()
    chosen: int | None = None
    targets: list[tuple[int, Any]] = field(default_factory=list)
    work: list[tuple[int, Any]] = field(default_factory=list)
    said: str = ""
    compared: Sequence[CompareRow] = ()
    step: str = ""
    cleared: int = 0

    def show_heading(self, facts: Sequence[FactPart]) -> None:
        self.heading = "".join(part.text for part in facts)

    def show_part(self, part: str, rows: Sequence[tuple[Any, Any]]) -> None:
        self.part = part
        self.rows[part] = list(rows)

    def show_lines(self, title: str, rows: Sequence[tuple[int, Any]], figure: str) -> None:
        self.lines_title, self.lines = title, list(rows)

    def show_map(self, areas: Sequence[Area], dots: Sequence[Dot], chosen: int | None) -> None:
        self.areas, self.dots, self.chosen = areas, dots, chosen

    def show_work(self, rows: Sequence[tuple[int, Any]]) -> None:
        self.work = list(rows)

    def show_targets(self, rows: Sequence[tuple[int, Any]]) -> None:
        self.targets = list(rows)

    def show_preview(self, sentence: str, rows: Sequence[CompareRow], step: str) -> None:
        self.said, self.compared, self.step = sentence, rows, step

    def clear_note(self) -> None:
        self.cleared += 1


@dataclass
class Stage:
    ws: Workspace
    view: FakeView
    presenter: CoveragePresenter
    runner: DirectRunner
    desk: FakeDesk

    def settle(self) -> None:
        while self.runner.committed:
            self.presenter.on_changes(self.runner.committed.pop())


def another_territory(ws: Workspace) -> int:
    with ws.database.write() as tx:
        return int(
            tx.connection.exec_driver_sql(
                "INSERT INTO territory (uid, code, name) VALUES (?, 'T9', 'North') RETURNING id",
                (new_uid(),),
            ).scalar_one()
        )


@pytest.fixture
def stage(demo: Workspace) -> Stage:
    another_territory(demo)
    ws = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    runner, desk, view = DirectRunner(), FakeDesk(), FakeView()
    presenter = CoveragePresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    return Stage(ws, view, presenter, runner, desk)


def sql(ws: Workspace, statement: str, *values: Any) -> list[Any]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement, values)]


def test_every_figure_opens_its_rows(stage: Stage) -> None:
    assert "customers visited" in stage.view.heading
    whole = stage.view.rows["reps"][0][1]
    for figure, count in (
        ("not_reached", whole.assigned - whole.reached), ("reached", whole.reached),
        ("missed", whole.plan.missed), ("late", whole.plan.early_or_late),
        ("closed", whole.plan.closed), ("on_day", whole.plan.on_day), ("asked", 0),
    ):  # fmt: skip
        stage.presenter.choose_figure(figure)
        assert len(stage.view.lines) == count, figure
    stage.presenter.choose_part("classes")
    key, row = stage.view.rows["classes"][1]
    stage.presenter.choose(key)
    stage.presenter.choose_figure("on_day")
    assert len(stage.view.lines) == row.plan.on_day
    assert all(words.line_detail(line, stage.ws.today()) for _n, line in stage.view.lines)


def test_reasons_open_the_visits_that_were_missed_for_them(stage: Stage) -> None:
    stage.presenter.choose_period("year")
    stage.presenter.choose_part("reasons")
    for key, row in stage.view.rows["reasons"]:
        stage.presenter.choose(key)
        assert stage.view.lines_title == words.reason_text(row.name)
        if key:
            assert len(stage.view.lines) == row.missed + row.late


def test_a_wish_for_help_is_a_row_of_its_own(stage: Stage) -> None:
    with stage.ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO handover (uid, account_id, user_id, kind, text, at)"
            " SELECT ?, id, ?, 'asked', 'Who can go?', '2026-11-24T08:00:00.000Z' FROM account"
            " WHERE id NOT IN (SELECT account_id FROM visit WHERE date >= '2026-11-24') LIMIT 1",
            (new_uid(), stage.ws.user.id),
        )
    stage.presenter.start()
    stage.presenter.choose_figure("asked")
    assert [line.text for _n, line in stage.view.lines] == ["Who can go?"]


def test_territories_stand_on_the_map_with_their_work(stage: Stage) -> None:
    stage.presenter.choose_part("balance")
    assert stage.view.areas
    area = stage.view.areas[0]
    assert [rep.name for _key, rep in stage.view.work] == ["Rocío Almagro"]
    assert "%" in area.label
    assert "a year" in area.detail
    assert len(stage.view.dots) > 10
    stage.presenter.choose_area(area.key)
    assert stage.view.chosen == area.key
    stage.presenter.open(area.key)
    assert stage.view.part == "move"


def test_customers_are_found_picked_previewed_moved_and_taken_back(stage: Stage) -> None:
    stage.presenter.choose_part("move")
    assert stage.view.step == ""
    every = len(stage.view.rows["move"])
    name = stage.view.rows["move"][3][1].facts.name
    stage.presenter.search(name[:6])
    assert 0 < len(stage.view.rows["move"]) < every
    stage.presenter.all_territories()
    picked = [key for key, _row in stage.view.rows["move"][:4]]
    stage.presenter.pick(picked)
    target = sql(stage.ws, "SELECT id FROM territory WHERE code = 'T9'")[0][0]
    stage.presenter.choose_target(target)
    assert stage.view.step == "Move 4 customers"
    assert "4 customers" in stage.view.said
    assert [row.key for row in stage.view.compared][2:4] == ["hours", "km"]
    assert sum(dot.strong for dot in stage.view.dots) == 4
    stage.presenter.move("They close on Mondays.")
    stage.settle()
    moved = sql(stage.ws, "SELECT count(*) FROM account WHERE territory_id = ?", target)
    assert moved == [(4,)]
    assert sql(stage.ws, "SELECT count(*) FROM handover WHERE text LIKE 'They%'") == [(4,)]
    assert stage.view.cleared == 1
    assert stage.desk.undo is not None
    stage.desk.undo()
    moved = sql(stage.ws, "SELECT count(*) FROM account WHERE territory_id = ?", target)
    assert moved == [(0,)]


def test_a_click_on_an_outline_chooses_it(qtbot: QtBot, synchronous_maps: None) -> None:
    area_map = AreaMap()
    window = on_stage(qtbot, area_map, 500, 400)
    outline = ((42.0, 1.0), (42.0, 2.0), (43.0, 2.0), (43.0, 1.0))
    area_map.set_areas([Area(7, "North 120 %", "", outline, Tone.DANGER)], [Dot((42.5, 1.5))])
    middle = QPoint(area_map.width() // 2, area_map.height() // 2)
    with qtbot.waitSignal(area_map.area_selected) as chosen:
        qtbot.mouseClick(area_map, Qt.MouseButton.LeftButton, pos=middle)
    assert chosen.args == [7]
    assert window.isVisible()
    assert "North 120 %" in area_map.accessibleDescription()


def test_the_place_by_keys(
    qtbot: QtBot, demo: Workspace, qtmodeltester: ModelTester, synchronous_maps: None
) -> None:
    another_territory(demo)
    ws = replace(demo, user=replace(demo.user, role=Role.MANAGER))
    desk = FakeDesk()
    place = CoveragePlace(PlaceContext(ws, DirectRunner(), desk))
    window = on_stage(qtbot, place, 1280, 860)
    place.presenter.start()
    place.tables["reps"].setFocus()
    qtbot.keyClick(place.tables["reps"], Qt.Key.Key_F)
    assert place.presenter.figure == "reached"
    qtbot.keyClick(place.tables["reps"], Qt.Key.Key_Return)
    assert place.lines.hasFocus()
    qtbot.keyClick(place.lines, Qt.Key.Key_Return)
    assert desk.went[-1][0] == "customer"
    qtbot.keyClick(place.lines, Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    assert place.tables["move"].hasFocus()
    qtbot.keyClick(place.tables["move"], Qt.Key.Key_Space)
    qtbot.keyClick(place.tables["move"], Qt.Key.Key_T)
    assert place.targets.hasFocus()
    qtbot.keyClick(place.targets, Qt.Key.Key_Down)
    place.presenter.choose_target(sql(ws, "SELECT id FROM territory WHERE code = 'T9'")[0][0])
    assert place._move.isEnabled()
    qtbot.keyClick(place.targets, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert "moved to North" in desk.toasts[-1]
    qtmodeltester.check(place.models["move"])
    assert window.isVisible()
