"""Today: its queries on the demo company, its presenter without Qt, its keys in a window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sqlalchemy import event
from sqlalchemy.engine import Engine

from crmdesk.domain.errors import NotFound
from crmdesk.gui import theme
from crmdesk.gui.bus import Bus
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.shell import MainWindow, ShellSources, build_shell
from crmdesk.gui.views.today.model import (
    CallsHeading,
    PauseItem,
    StopItem,
    brief_item,
    heading_facts,
    next_stop,
    route_entries,
)
from crmdesk.gui.views.today.presenter import Running, TodayPresenter
from crmdesk.gui.views.today.route_list import RouteList
from crmdesk.gui.views.today.widget import TodayPlace
from crmdesk.services import visits
from crmdesk.services.queries.stop_brief import stop_brief
from crmdesk.services.queries.today import (
    day_route,
    outcome_reasons,
)
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.pictures import grab
from tests.gui.today_stage import FakeView, Stage, sql


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def before(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", before)


# ------------------------------------------------------------------------------------- queries


def test_route_has_the_days_stops_in_order_calls_last(demo: Workspace) -> None:
    route = day_route(demo)
    day = demo.today().isoformat()
    planned = sql(
        demo,
        "SELECT id FROM planned_visit WHERE date = ? AND user_id = ? AND status <> 'cancelled'"
        " ORDER BY mode <> 'person', sequence, id",
        day, demo.user.id,
    )  # fmt: skip
    assert [(stop.id,) for stop in route.stops] == planned
    assert len(route.stops) > 3
    modes = [stop.mode == "person" for stop in route.stops]
    assert modes == sorted(modes, reverse=True)
    assert route.back_minute is not None


def test_stop_says_what_waits_there(demo: Workspace) -> None:
    for stop in day_route(demo).stops:
        counts = sql(
            demo,
            "SELECT sum(state = 'overdue'), sum(state = 'due'), sum(state = 'at_risk')"
            " FROM summary_pair WHERE account_id = ?",
            stop.account_id,
        )[0]
        assert (stop.overdue, stop.due, stop.at_risk) == tuple(n or 0 for n in counts)
        tickets = sql(
            demo,
            "SELECT count(*) FROM ticket WHERE account_id = ? AND status IN ('open', 'waiting')",
            stop.account_id,
        )[0][0]
        assert bool(stop.ticket_kind) == (tickets > 0)


def test_finished_stop_carries_what_came_of_it(demo: Workspace) -> None:
    done = [stop for stop in day_route(demo).stops if stop.over and stop.visit_id is not None]
    for stop in done:
        outcome = sql(demo, "SELECT outcome FROM visit WHERE id = ?", stop.visit_id)[0][0]
        assert stop.outcome == outcome
        if stop.order_net_minor is not None:
            net = sql(
                demo,
                "SELECT sum(net_minor) FROM sales_order WHERE visit_id = ?"
                " AND status NOT IN ('draft', 'cancelled')",
                stop.visit_id,
            )[0][0]
            assert stop.order_net_minor == net


def test_route_and_brief_take_few_statements(demo: Workspace) -> None:
    with counted() as statements:
        route = day_route(demo)
    assert len(statements) <= 10
    with counted() as statements:
        stop_brief(demo, route.stops[0].account_id)
    assert len(statements) <= 12


def test_brief_lists_urgent_skus_first(demo: Workspace) -> None:
    ranks = {"overdue": 0, "due": 1, "at_risk": 2}
    seen = 0
    for stop in day_route(demo).stops:
        needs = stop_brief(demo, stop.account_id).needs
        keys = [(ranks[need.state], -need.p_14) for need in needs]
        assert keys == sorted(keys)
        assert all(need.packs > 0 for need in needs)
        seen += len(needs)
    assert seen > 0


def test_brief_of_an_unknown_customer_is_not_found(demo: Workspace) -> None:
    with pytest.raises(NotFound):
        stop_brief(demo, 10_000_000)


def test_day_without_a_plan_is_empty(demo: Workspace) -> None:
    route = day_route(demo, demo.today().replace(year=2031))
    assert route.stops == ()
    assert route.back_minute is None


# --------------------------------------------------------------------------------------- model


def test_entries_put_the_pause_between_stops(demo: Workspace) -> None:
    route = day_route(demo)
    following = next_stop(route)
    assert following is not None
    entries = route_entries(route, following.id, demo.currency)
    stops = [entry for entry in entries if isinstance(entry, StopItem)]
    assert len(stops) == len(route.stops)
    assert [stop.number for stop in stops if not stop.is_call] == [
        str(n) for n in range(1, 1 + sum(stop.mode == "person" for stop in route.stops))
    ]
    pauses = [entry for entry in entries if isinstance(entry, PauseItem)]
    places = [place for place, entry in enumerate(entries) if isinstance(entry, PauseItem)]
    for pause, place in zip(pauses, places, strict=True):
        before, after = entries[place - 1], entries[place + 1]
        assert isinstance(before, StopItem)
        assert isinstance(after, StopItem)
        assert before.time <= pause.time <= after.time
    calls = sum(isinstance(entry, CallsHeading) for entry in entries)
    assert calls == any(stop.is_call for stop in stops)
    assert [stop.state for stop in stops].count("next") == 1


def test_heading_counts_what_is_done(demo: Workspace) -> None:
    route = day_route(demo)
    words = "".join(part.text for part in heading_facts(route, demo.currency))
    person = [stop for stop in route.stops if stop.mode == "person"]
    assert f"{len(person)} stops" in words
    assert "margin to come" in words
    assert words.rstrip()[-1].isdigit()


def test_brief_speaks_every_fact(demo: Workspace) -> None:
    for stop in day_route(demo).stops:
        brief = stop_brief(demo, stop.account_id)
        item = brief_item(brief, demo.currency, demo.today())
        assert item.address
        assert len(item.needs) == len(brief.needs)
        assert all(need.sentence.endswith(".") for need in item.needs)
        leads = " ".join(fact.lead for fact in item.facts)
        assert ("Collect" in leads) == bool(brief.late)
        assert ("Promised" in leads) == bool(brief.promises)


# ----------------------------------------------------------------------------------- presenter


@pytest.fixture
def stage(demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> Stage:
    view = FakeView()
    presenter = TodayPresenter(PlaceContext(demo, direct_runner, desk), view)
    presenter.start()
    return Stage(demo, view, presenter, direct_runner, desk)


def test_next_stop_is_selected_on_arrival(stage: Stage) -> None:
    following = next_stop(day_route(stage.ws))
    assert following is not None
    assert stage.view.selected == following.id
    assert stage.view.brief is not None
    assert stage.view.brief.account_id == following.account_id
    assert stage.view.startable


def test_a_visit_is_started_and_ended_by_its_order(stage: Stage) -> None:
    stop = stage.presenter.selected()
    assert stop is not None
    stage.presenter.visit()
    stage.settle()
    assert stage.view.running == Running(stop.account_id, 0, True)
    stage.presenter.visit()
    assert stage.view.asked == [stop.name]
    stage.presenter.end_visit(None)
    stage.settle()
    row = sql(stage.ws, "SELECT outcome, ended_at IS NOT NULL FROM visit ORDER BY id DESC LIMIT 1")[
        0
    ]
    assert row == ("no_order", 1)
    assert stage.desk.toasts == [f"Visit to {stop.name} logged"]
    after = stage.presenter.selected()
    assert after is not None
    assert after.id != stop.id


def test_outcome_with_reason_is_kept(stage: Stage) -> None:
    reason = outcome_reasons(stage.ws, "no_order")[0]
    stage.presenter.visit()
    stage.settle()
    stage.presenter.end_visit("no_order", reason.id)
    kept = sql(stage.ws, "SELECT reason_id FROM visit ORDER BY id DESC LIMIT 1")[0][0]
    assert kept == reason.id


def test_ending_a_visit_can_be_undone(stage: Stage) -> None:
    stage.presenter.visit()
    stage.settle()
    stage.presenter.end_visit("information")
    stage.settle()
    assert stage.desk.undo is not None
    stage.desk.undo()
    stage.settle()
    assert stage.view.running is not None


def test_lock_turns_over(stage: Stage) -> None:
    stop = stage.presenter.selected()
    assert stop is not None
    stage.presenter.lock_stop()
    locked = sql(stage.ws, "SELECT locked FROM planned_visit WHERE id = ?", stop.id)[0][0]
    assert bool(locked) is not stop.locked


def test_card_and_order_are_opened_for_the_shown_stop(stage: Stage) -> None:
    stop = stage.presenter.selected()
    assert stop is not None
    stage.presenter.open_card()
    stage.presenter.visit()
    stage.settle()
    stage.presenter.take_order()
    visit = stage.desk.went[1][1]["visit"]
    assert stage.desk.went[0] == ("customer", {"account": stop.account_id})
    assert stage.desk.went[1][0] == "order"
    assert isinstance(visit, int)


def test_visit_off_the_plan_is_a_stop_of_its_own(stage: Stage) -> None:
    planned = {stop.account_id for stop in day_route(stage.ws).stops}
    account = next(
        key for (key,) in sql(stage.ws, "SELECT id FROM account ORDER BY id") if key not in planned
    )
    stage.presenter.select_account(account)
    stage.runner.committed.append(visits.start_visit(stage.ws, account).changes)
    stage.settle()
    stop = stage.presenter.selected()
    assert stop is not None
    assert (stop.account_id, stop.off_plan, stop.status) == (account, True, "started")
    item = next(
        entry
        for entry in stage.view.entries
        if isinstance(entry, StopItem) and entry.key == stop.id
    )
    assert item.number == "+"
    stage.presenter.end_visit("information")
    stage.settle()
    done = [stop for stop in day_route(stage.ws).stops if stop.account_id == account]
    assert [(stop.status, stop.outcome) for stop in done] == [("done", "information")]


def test_closed_presenter_reads_no_more(stage: Stage) -> None:
    stage.presenter.close()
    assert stage.presenter.closed


# -------------------------------------------------------------------------------------- widget


@pytest.fixture
def window(
    qtbot: QtBot, demo: Workspace, runner: Runner, synchronous_maps: None
) -> Iterator[MainWindow]:
    specs = [spec for spec in places_for(demo) if spec.key in ("today", "sync")]
    made = build_shell(demo, runner, Bus(), specs, ShellSources())
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def today_of(qtbot: QtBot, window: MainWindow) -> TodayPlace:
    place = window.place("today")
    assert isinstance(place, TodayPlace)
    qtbot.waitUntil(lambda: place.brief.item() is not None)
    return place


def test_a_visit_by_keys_alone(qtbot: QtBot, window: MainWindow, demo: Workspace) -> None:
    place = today_of(qtbot, window)
    focus = QApplication.focusWidget()
    assert focus is not None
    item = place.brief.item()
    assert item is not None
    qtbot.keyClick(focus, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: place.brief.visit.text() == "End visit")
    qtbot.keyClick(focus, Qt.Key.Key_Space)
    qtbot.waitUntil(place.brief.outcome.isVisible)
    qtbot.waitUntil(place.brief.outcome.hasFocus)
    qtbot.keyClick(place.brief.outcome, Qt.Key.Key_N)
    qtbot.keyClick(place.brief.outcome, Qt.Key.Key_1)
    qtbot.waitUntil(window.toast_note.isVisible)
    qtbot.waitUntil(lambda: place.brief.item() is not None and place.brief.item() != item)
    assert sql(demo, "SELECT outcome FROM visit ORDER BY id DESC LIMIT 1") == [("no_order",)]
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(
        lambda: sql(demo, "SELECT ended_at FROM visit ORDER BY id DESC LIMIT 1") == [(None,)]
    )


def test_arrows_walk_the_route_and_the_brief_follows(qtbot: QtBot, window: MainWindow) -> None:
    place = today_of(qtbot, window)
    first = place.route.selected()
    focus = QApplication.focusWidget()
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Down)
    assert place.route.selected() != first
    stop = place.presenter.selected()
    assert stop is not None
    qtbot.waitUntil(lambda: place.brief.item().account_id == stop.account_id)
    assert place.map.selected() == stop.id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_it_draws_in_both_schemes_and_large(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, scheme: str, scale: float
) -> None:
    today_of(qtbot, window)
    window.set_look(scheme, scale)
    picture = grab(window, tmp_path / "today.png").toImage()
    ground = picture.pixelColor(picture.width() - 4, 120).name().upper()
    assert ground == theme.tokens().window


def test_route_model_keeps_qts_rules(
    demo: Workspace, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    routes = RouteList()
    qtbot.addWidget(routes)
    routes.set_entries(route_entries(day_route(demo), None, demo.currency))
    qtmodeltester.check(routes.rows_model())
