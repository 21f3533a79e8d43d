"""While another plan is on the board: what is said is of that one, and nothing else is changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import UserError
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import planner
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.planning.explain import OmissionCode
from crmdesk.services import plans
from crmdesk.services.queries.plan import WeekRow, weeks_plan
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json
from tests.gui.conftest import FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import FakeView, Made, made, quick, template

__all__ = ["made", "quick", "template", "ws"]

pytestmark = pytest.mark.usefixtures("quick")

MONDAY = TODAY - timedelta(days=1)
NEXT = MONDAY + timedelta(days=7)
SHORT = {"days": [[[540, 720]]] * 5 + [[], []], "max_km": 280}


def _short_days(ws: Workspace) -> None:
    """Three hours a day: not everybody can be seen, so plans differ in whom they leave out."""
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE app_user SET working_week = ?", (dump_json(SHORT),))


def _compare(made: Made, ws: Workspace) -> WeekRow:
    """Next week planned by coverage stands beside its plan by margin; the latter is kept."""
    presenter = made[0]
    _short_days(ws)
    plans.accept_plan(ws, plans.propose_plan(ws, NEXT, 7, iterations=300))
    presenter.show_week(1)
    presenter.choosing.compare()
    presenter.choosing.choose("coverage")
    return weeks_plan(ws, NEXT, 1)


def _new_cards(presenter: PlanPresenter, view: FakeView) -> list[int]:
    return [key for key in view.cards() if key < 0 and presenter.stop(key) is not None]


def test_the_reason_is_that_of_the_plan_on_the_board(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    kept = _compare(made, ws)
    there = {stop.account_id for day in kept.days for stop in day.stops}
    drives = [k for k in _new_cards(presenter, view) if view.cards()[k][1].clock != "call"]
    assert drives
    for key in drives:
        presenter.select(key)
        stop = presenter.stop(key)
        assert stop is not None
        assert stop.account_id not in there or -key in there
        assert view.selected == key
        assert view.explanation is not None
        assert view.explanation.title.startswith(stop.account)
        assert "expects" in view.explanation.sentence
        assert "by hand" not in view.explanation.sentence
        assert "off the route" in view.explanation.sentence
    presenter.telling.explain_more()
    assert view.explanation is not None
    assert "Elsewhere: " in view.explanation.sentence


def test_who_is_left_out_is_told_of_the_plan_on_the_board(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    kept = _compare(made, ws)
    before = {stop.account_id for day in kept.days for stop in day.stops if stop.in_person}
    drawn = presenter.drawn
    assert drawn is not None
    now = {stop.account_id for day in drawn.days for stop in day.stops}
    dropped = before - now
    assert dropped
    listed = {item.key for item in view.unplanned}
    assert dropped <= listed
    assert not listed & now
    presenter.select_unplanned(min(dropped))
    assert view.explanation is not None
    assert view.explanation.title.endswith(", not planned")
    codes = {row.code for row in presenter.left_out if row.account_id in dropped}
    assert OmissionCode.PLANNED.value not in codes
    presenter.choosing.discard()
    assert not dropped & {item.key for item in view.unplanned}


def _changes(presenter: PlanPresenter, view: FakeView) -> list[Callable[[], object]]:
    other = NEXT + timedelta(days=1)
    return [
        presenter.toggle_lock,
        presenter.drop_selected,
        lambda: presenter.move_selected(1),
        lambda: presenter.hand.move_within(1),
        lambda: presenter.move(presenter.selected or 0, other, 1),
        lambda: presenter.plan_customer(view.unplanned[0].key, other),
        lambda: presenter.plan_fitting(view.unplanned[0].key),
        presenter.strips.ask_hour,
        presenter.strips.ask_day,
        presenter.strips.ask_leave,
        presenter.weekdays.look,
        presenter.giving.ask,
    ]


@pytest.mark.parametrize("chosen", ["now", "coverage"])
def test_nothing_is_changed_by_hand_while_plans_are_compared(
    made: Made, ws: Workspace, chosen: str
) -> None:
    presenter, view, desk = made
    kept = _compare(made, ws)
    presenter.choosing.choose(chosen)
    presenter.select(next(k for k, (_d, card) in view.cards().items() if card.movable))
    for change in _changes(presenter, view):
        told = len(desk.toasts)
        change()
        assert len(desk.toasts) == told + 1
        assert desk.toasts[-1].startswith("Plans are being compared: take one (A)")
        assert view.form is None
    assert weeks_plan(ws, NEXT, 1) == kept
    assert len(view.variants) == 3


def test_plans_beside_one_that_has_changed_are_put_away(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    kept = _compare(made, ws)
    presenter.on_changes(ChangeSet.of("planned_visit", []))
    presenter.start()
    assert len(view.variants) == 3  # read again, and found as it was
    visit = next(s for d in kept.days for s in d.stops if s.waiting)
    presenter.on_changes(plans.drop_visit(ws, visit.id))
    assert view.variants == ()
    assert desk.toasts[-1].startswith("The plan has changed, so the plans to compare")
    assert visit.id not in view.cards()
    assert all(key > 0 for key in view.cards())


def test_a_plan_made_of_what_is_no_longer_so_is_not_written(ws: Workspace) -> None:
    proposal = plans.propose_plan(ws, NEXT, 7, iterations=50)
    plans.accept_plan(ws, proposal)
    stale = plans.propose_plan(ws, NEXT, 7, iterations=50)
    visit = next(s for d in weeks_plan(ws, NEXT, 1).days for s in d.stops if s.in_person)
    plans.lock_visit(ws, visit.id, locked=True)
    before = weeks_plan(ws, NEXT, 1)
    with pytest.raises(UserError, match="has changed while"):
        plans.accept_plan(ws, stale)
    assert weeks_plan(ws, NEXT, 1) == before


def test_while_a_plan_is_made_its_reasons_are_not_made_up(
    ws: Workspace, runner: Runner, desk: FakeDesk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "_seconds", lambda _ws: 30.0)
    view = FakeView()
    presenter = PlanPresenter(PlaceContext(ws, runner, desk), view)
    presenter.show_week(1)
    qtbot.waitUntil(lambda: bool(view.days) and bool(view.unplanned))
    presenter.replan()
    qtbot.waitUntil(lambda: presenter.drawn is not None, timeout=10_000)
    presenter.select(next(iter(view.cards())))
    assert view.explanation is not None
    assert view.explanation.sentence.startswith("This plan is still being made; its reasons")
    presenter.drop_selected()
    assert desk.toasts[-1].startswith("A plan is being made: take the best so far (A)")
    presenter.choosing.accept()
    qtbot.waitUntil(lambda: bool(view.outcome[0]), timeout=10_000)
    assert presenter.drawn is None
    qtbot.waitUntil(lambda: runner.running == 0, timeout=10_000)
    assert "still being made" not in view.explanation.sentence
    presenter.close()


def test_a_fixed_visit_that_cannot_be_kept_is_not_planned_a_second_time(ws: Workspace) -> None:
    plans.accept_plan(ws, plans.propose_plan(ws, NEXT, 14, iterations=300))
    fullest = max(weeks_plan(ws, NEXT, 1).days, key=lambda day: day.visits)
    fixed = [stop for stop in fullest.stops if stop.in_person]
    for stop in fixed:
        plans.lock_visit(ws, stop.id, locked=True)
    with ws.database.maintenance() as connection:  # one hour a day has room for few of them
        hour = {"days": [[[540, 600]]] * 5 + [[], []], "max_km": 280}
        connection.exec_driver_sql("UPDATE app_user SET working_week = ?", (dump_json(hour),))
    proposal = plans.propose_plan(ws, NEXT, 14, iterations=300)
    assert len(proposal.plan.conflicts) > 1
    plans.accept_plan(ws, proposal)
    after = [stop for day in weeks_plan(ws, NEXT, 2).days for stop in day.stops]
    for stop in fixed:
        mine = [one for one in after if one.account_id == stop.account_id and one.in_person]
        kept = {proposal.candidates[c.stop].account_id for c in proposal.plan.conflicts}
        assert [one.day for one in mine if one.id == stop.id] == [fullest.day]
        assert len(mine) == 1 or stop.account_id not in kept
