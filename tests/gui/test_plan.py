"""The plan: what is read, moves, locks, re-planning with undo, and the board under real input."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui import theme
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import planner as planner_module
from crmdesk.gui.views.plan.board import CUSTOMER_MIME, VISIT_MIME
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.gui.views.plan.widget import PlanPlace
from crmdesk.gui.widgets.map_items import SYNCHRONOUS_MAPS, Home, StopState
from crmdesk.services.queries import plan as queries
from crmdesk.services.queries import plan_reasons
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.pictures import settle
from tests.gui.plan_stage import FakeView, Made, made, quick, template

__all__ = ["made", "quick", "template", "ws"]

pytestmark = pytest.mark.usefixtures("quick")

MONDAY = TODAY - timedelta(days=1)


def _week(ws: Workspace) -> queries.WeekRow:
    return queries.week_plan(ws, MONDAY)


def _days(week: queries.WeekRow) -> dict[int, date]:
    return {stop.id: stop.day for day in week.days for stop in day.stops}


# ---------------------------------------------------------------------------------- presenter


def test_it_opens_on_this_week_at_the_next_stop(made: Made) -> None:
    _presenter, view, _desk = made
    assert [day.title for day in view.days] == ["Mon 23", "Tue 24", "Wed 25", "Thu 26", "Fri 27"]
    assert view.heading is not None
    assert view.heading.week == "23–27 Nov"
    assert view.heading.totals.startswith("25 visits · ")
    assert view.selected is not None
    day, card = view.cards()[view.selected]
    assert day == TODAY
    assert not card.past
    title, note, stops, home = view.map
    assert title == "Tuesday"
    assert " driving · coverage " in note
    assert home == Home(42.4637, 1.4914)
    assert [stop.number for stop in stops] == ["1", "2", "3", "4", "5"]
    assert [stop.state for stop in stops][:3] == [
        StopState.DONE, StopState.NEXT, StopState.TO_COME,
    ]  # fmt: skip


def test_cards_say_what_they_are(made: Made) -> None:
    _presenter, view, _desk = made
    cards = [card for _day, card in view.cards().values()]
    assert {card.icon for card in cards} == {"", "check", "lock"}
    assert [card.value for card in cards if card.value == "closed"] == ["closed"]
    assert all(not card.movable for card in cards if card.past or card.locked)
    lunches = {day.lunch_before for day in view.days}
    assert lunches == {4}
    assert any(day.free.endswith(" free") for day in view.days)
    assert view.days[0].free == ""


def test_choosing_a_card_explains_it_and_turns_the_map(made: Made) -> None:
    presenter, view, _desk = made
    card = next(key for key, (day, _c) in view.cards().items() if day == TODAY + timedelta(2))
    presenter.select(card)
    assert view.map[0] == "Thursday"
    assert view.explanation is not None
    assert view.explanation.title.endswith(view.cards()[card][1].clock)
    assert "expects" in view.explanation.sentence


def test_weeks_turn(made: Made) -> None:
    presenter, view, _desk = made
    presenter.show_week(1)
    assert view.heading is not None
    assert view.heading.week == "30 Nov – 4 Dec"
    assert view.cards() == {}
    assert view.heading.totals == "no visits planned yet"
    assert view.explanation is not None
    assert "Re-plan" in view.explanation.sentence
    assert view.card is None
    presenter.show_week(-1)
    assert len(view.cards()) == 25


def test_moving_by_a_day_locks_and_is_undone(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    card = next(k for k, (d, c) in view.cards().items() if d == TODAY + timedelta(1) and c.movable)
    before = _days(_week(ws))
    presenter.select(card)
    presenter.move_selected(1)
    day, item = view.cards()[card]
    assert day == TODAY + timedelta(2)
    assert item.locked
    assert view.selected == card
    assert "moved to Thu" in desk.toasts[-1]
    assert desk.undo is not None
    desk.undo()
    assert _days(_week(ws)) == before
    assert view.cards()[card][0] == TODAY + timedelta(1)


def test_a_move_keeps_about_its_hour(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    wednesday = [c for c in view.days[2].cards if c.movable]
    presenter.select(wednesday[1].key)
    presenter.move_selected(1)
    thursday = [card.key for card in view.days[3].cards]
    assert 0 < thursday.index(wednesday[1].key) < len(thursday) - 1
    sequences = [stop.sequence for stop in _week(ws).days[3].stops]
    assert sequences == sorted(set(sequences))


def test_what_is_done_stays_and_the_past_takes_nothing(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    done = next(key for key, (_d, card) in view.cards().items() if card.past)
    before = _days(_week(ws))
    presenter.select(done)
    presenter.move_selected(1)
    presenter.toggle_lock()
    open_card = next(key for key, (_d, card) in view.cards().items() if card.movable)
    presenter.move(open_card, MONDAY, 1)
    assert _days(_week(ws)) == before
    assert desk.toasts[-1] == "That day is over."


def test_locking_says_where_it_stays(made: Made) -> None:
    presenter, view, desk = made
    card = next(key for key, (_d, card) in view.cards().items() if card.movable)
    presenter.select(card)
    presenter.toggle_lock()
    assert view.cards()[card][1].locked
    assert " stays on " in desk.toasts[-1]
    presenter.toggle_lock()
    assert view.cards()[card][1].movable


def test_replanning_keeps_done_and_locked_and_is_undone(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    before = _days(_week(ws))
    kept = {key for key, (_d, c) in view.cards().items() if c.past or c.locked}
    presenter.replan()
    after = _days(_week(ws))
    assert all(after[key] == before[key] for key in kept)
    strong, middle, margin = view.outcome
    assert strong.startswith("Re-planned in ")
    moved = [key for key in before if key in after and after[key] != before[key]]
    assert middle.startswith(f"{len(moved)} visit")
    assert margin.startswith("+")
    marked = {key for key, (_d, card) in view.cards().items() if card.moved}
    assert marked == set(moved) | (after.keys() - before.keys())
    assert view.progress[0][0] == "Planning the week"
    assert view.progress[-1] == ("", 0, 0)
    presenter.take_back()
    assert _days(_week(ws)) == before
    assert view.outcome == ("", "", "")
    assert desk.toasts[-1].startswith("Taken back")


def test_an_appointment_that_cannot_be_kept_is_told(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    card = next(c for day in view.days if day.day == TODAY for c in day.cards if c.movable)
    with ws.database.write() as tx:  # at three in the morning nobody works
        tx.connection.exec_driver_sql(
            "UPDATE planned_visit SET appointment = 1, start_minute = 180 WHERE id = ?",
            (card.key,),
        )
    presenter.start()
    presenter.replan()
    assert len(desk.banners) == 1
    assert desk.banners[0].startswith(f"{card.title} on Tue cannot be kept: ")
    assert _days(_week(ws))[card.key] == TODAY


def test_moved_cards_are_visited_in_turn(made: Made) -> None:
    presenter, view, _desk = made
    presenter.replan()
    marked = [key for key, (_d, card) in view.cards().items() if card.moved]
    seen = []
    for _step in marked:
        presenter.next_moved()
        seen.append(view.selected)
    assert sorted(k for k in seen if k is not None) == sorted(marked)


def test_filling_adds_and_says_so(made: Made) -> None:
    presenter, view, _desk = made
    presenter.fill()
    assert "0 visits moved" in view.outcome[1]
    assert " added" in view.outcome[1]
    assert "none dropped" in view.outcome[1]


def test_a_plan_that_cannot_be_better_is_left_in_words_too(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    presenter, view, desk = made
    presenter.fill()
    monkeypatch.setattr(planner_module, "_seconds", lambda _ws: 0.0)
    presenter.fill()
    assert view.outcome == ("", "", "")
    assert desk.toasts[-1].startswith("Nothing better was found")


def test_a_past_week_is_not_planned(made: Made) -> None:
    presenter, view, desk = made
    presenter.show_week(-1)
    presenter.replan()
    assert view.control is None
    assert "over" in desk.toasts[-1]


def test_a_customer_left_out_is_added_where_it_fits(made: Made) -> None:
    presenter, view, desk = made
    fitting = next(item for item in view.unplanned if item.badge.text.startswith("fits "))
    presenter.plan_fitting(fitting.key)
    assert fitting.key not in {item.key for item in view.unplanned}
    assert view.selected is not None
    assert view.cards()[view.selected][1].title == fitting.title
    assert " added to " in desk.toasts[-1]


def test_the_list_of_those_left_out_sorts_by_due_date(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    due = {row.account_id: row.due_on for row in plan_reasons.left_out(ws, MONDAY)}
    presenter.telling.sort_unplanned(by_due=True)
    order = [due[item.key] for item in view.unplanned]
    assert order == sorted(order)


def test_dropping_takes_a_visit_out(made: Made) -> None:
    presenter, view, desk = made
    card = next(key for key, (_d, card) in view.cards().items() if card.movable)
    presenter.select(card)
    presenter.drop_selected()
    assert card not in view.cards()
    assert desk.undo is not None
    desk.undo()
    assert card in view.cards()


def test_cancelling_leaves_the_plan_as_it_was(
    ws: Workspace, runner: Runner, desk: FakeDesk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner_module, "_seconds", lambda _ws: 30.0)
    view = FakeView()
    presenter = PlanPresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    qtbot.waitUntil(lambda: bool(view.days) and bool(view.unplanned))
    before = _days(_week(ws))
    presenter.replan()
    qtbot.waitUntil(lambda: any(done for _text, done, _total in view.progress), timeout=10_000)
    presenter.cancel()
    qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
    assert _days(_week(ws)) == before
    assert view.progress[-1] == ("", 0, 0)
    assert desk.failures == []


# ------------------------------------------------------------------------------------- widget


@pytest.fixture
def place(
    qtbot: QtBot, qapp: QApplication, ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> Iterator[PlanPlace]:
    qapp.setProperty(SYNCHRONOUS_MAPS, True)
    window = QWidget()  # without a layout it gives no size hints, which offscreen cannot take
    qtbot.addWidget(window)
    window.resize(1248, 851)
    place = PlanPlace(PlaceContext(ws, direct_runner, desk))
    place.setParent(window)
    place.resize(1248, 851)
    with qtbot.waitExposed(window):
        window.show()
    place.presenter.start()
    place.show_target({})
    settle(20)
    yield place
    place.presenter.close()
    qapp.setProperty(SYNCHRONOUS_MAPS, False)


def test_arrows_walk_the_board(place: PlanPlace, qtbot: QtBot) -> None:
    body, presenter = place.board.body, place.presenter
    start = presenter.selected
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left):
        qtbot.keyClick(body, key)
    assert presenter.selected == start
    qtbot.keyClick(body, Qt.Key.Key_Right)
    assert presenter.selected != start
    assert "Wed 25" in body.accessibleDescription()
    assert place.map.selected() == presenter.selected


def test_shift_arrows_move_and_l_locks(place: PlanPlace, qtbot: QtBot, ws: Workspace) -> None:
    body = place.board.body
    card = place.presenter.selected
    assert card is not None
    qtbot.keyClick(body, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert _days(_week(ws))[card] == TODAY + timedelta(1)
    qtbot.keyClick(body, Qt.Key.Key_L)
    stop = next(s for d in _week(ws).days for s in d.stops if s.id == card)
    assert not stop.locked


def test_del_takes_off_the_plan_on_the_board_only(
    place: PlanPlace, qtbot: QtBot, ws: Workspace
) -> None:
    card = place.presenter.selected
    assert card is not None
    place.unplanned.setFocus()
    qtbot.keyClick(place.unplanned, Qt.Key.Key_Delete)
    assert card in _days(_week(ws))
    place.board.setFocus()
    qtbot.keyClick(place.board.body, Qt.Key.Key_Delete)
    assert card not in _days(_week(ws))


def test_enter_opens_the_customer(place: PlanPlace, qtbot: QtBot, desk: FakeDesk) -> None:
    qtbot.keyClick(place.board.body, Qt.Key.Key_Return)
    assert desk.went[-1][0] == "customer"


def _drop(place: PlanPlace, kind: str, key: int, at: QPointF) -> None:
    data = QMimeData()
    data.setData(kind, str(key).encode())
    event = QDropEvent(
        at, Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    place.board.body.dropEvent(event)


def test_a_card_dropped_on_another_goes_before_it(place: PlanPlace, ws: Workspace) -> None:
    week = _week(ws)
    moving = next(s for s in week.days[3].stops if not s.locked)
    target = week.days[2].stops[1]
    rect = place.board.body.card_rect(target.id)
    _drop(place, VISIT_MIME, moving.id, rect.topLeft() + QPointF(20, 2))
    order = [stop.id for stop in _week(ws).days[2].stops]
    assert order.index(moving.id) == order.index(target.id) - 1


def test_a_customer_dropped_on_a_day_is_planned_there(place: PlanPlace, ws: Workspace) -> None:
    account = place.unplanned.items()[0].key
    friday = place.board.body.card_rect(_week(ws).days[4].stops[-1].id)
    _drop(place, CUSTOMER_MIME, account, friday.bottomLeft() + QPointF(20, 80))
    assert account in {stop.account_id for stop in _week(ws).days[4].stops}


def test_a_day_that_is_over_takes_no_drop(place: PlanPlace, ws: Workspace) -> None:
    monday = place.board.body.card_rect(_week(ws).days[0].stops[0].id)
    assert place.board.body.place_at(monday.center()) is None


def test_a_click_on_the_map_chooses_the_card(place: PlanPlace, qtbot: QtBot) -> None:
    place.map.grab()
    marker = place.map.markers()[-1]
    at = QPoint(round(marker.x), round(marker.y))
    qtbot.mouseClick(place.map, Qt.MouseButton.LeftButton, pos=at)
    assert place.presenter.selected == marker.stop.key


def test_replanning_shows_its_outcome_and_ctrl_z_takes_it_back(
    place: PlanPlace, qtbot: QtBot, ws: Workspace
) -> None:
    before = _days(_week(ws))
    elsewhere = QShortcut(QKeySequence("Ctrl+Z"), place.window())  # as the window has it
    others: list[bool] = []
    elsewhere.activated.connect(lambda: others.append(True))
    place.presenter.replan()
    assert place.banner.text().startswith("Re-planned in ")
    assert _days(_week(ws)) != before
    qtbot.keyClick(place.board.body, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not place.banner.isVisibleTo(place)
    assert _days(_week(ws)) == before
    assert not others
    qtbot.keyClick(place.board.body, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert others


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_it_paints_in_both_schemes(place: PlanPlace, qapp: QApplication, scale: float) -> None:
    pictures = []
    for scheme in ("light", "dark"):
        theme.apply(qapp, scheme, scale=scale)
        settle(20)
        pictures.append(place.grab().toImage())
    assert pictures[0] != pictures[1]
