"""Whose plan: a rep has the own one only, the office looks at and changes anybody's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.gui.views.plan.widget import PlanPlace
from crmdesk.gui.widgets.map_items import SYNCHRONOUS_MAPS
from crmdesk.services.queries.plan import week_plan
from crmdesk.services.queries.plan_people import plan_people
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import FakeView, made, quick, template

__all__ = ["made", "quick", "template", "ws"]

pytestmark = pytest.mark.usefixtures("quick")

MONDAY = TODAY - timedelta(days=1)
ROCIO, MARC, ALBERT = 1, 2, 3


@pytest.fixture
def manager(ws: Workspace) -> Workspace:
    """The same company seen by a manager; a second rep has a territory without customers."""
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        for key, code, name, role in (
            (MARC, "M08", "Marc & Pujol", "rep"), (ALBERT, "ALB", "Albert Casal", "manager"),
        ):  # fmt: skip
            run(
                "INSERT INTO app_user (id, uid, code, name, role, active, working_week)"
                " SELECT ?, ?, ?, ?, ?, 1, working_week FROM app_user WHERE id = 1",
                (key, new_uid(), code, name, role),
            )
        run(
            "INSERT INTO territory (id, uid, code, name) VALUES (9, ?, 'T9', 'Valley 9')",
            (new_uid(),),
        )
        run(
            "INSERT INTO territory_user (uid, territory_id, user_id) VALUES (?, 9, ?)",
            (new_uid(), MARC),
        )
        assert not run("SELECT count(*) FROM account WHERE territory_id IS NULL").scalar_one()
    person = replace(ws.user, id=ALBERT, code="ALB", name="Albert Casal", role=Role.MANAGER,
                     home=None)  # fmt: skip
    return replace(ws, user=person)


def _shown(ws: Workspace, runner: DirectRunner) -> tuple[PlanPresenter, FakeView, FakeDesk]:
    view, desk = FakeView(), FakeDesk()
    presenter = PlanPresenter(PlaceContext(ws, runner, desk), view)
    presenter.start()
    return presenter, view, desk


def test_a_rep_has_no_choice(ws: Workspace, direct_runner: DirectRunner) -> None:
    presenter, view, _desk = _shown(ws, direct_runner)
    presenter.whose.ask()
    assert [one.id for one in plan_people(ws)] == [ws.user.id]
    assert (view.person, view.people) == ("", ())


def test_a_manager_begins_with_a_rep_and_not_with_an_empty_week(
    manager: Workspace, direct_runner: DirectRunner
) -> None:
    presenter, view, _desk = _shown(manager, direct_runner)
    assert [one.name for one in plan_people(manager)] == ["Marc & Pujol", "Rocío Almagro"]
    presenter.whose.choose(ROCIO)
    assert view.person == "Rocío Almagro"
    theirs = {stop.id for day in week_plan(manager, MONDAY, ROCIO).days for stop in day.stops}
    assert theirs
    assert set(view.cards()) == theirs
    assert view.unplanned
    presenter.whose.choose(MARC)
    assert (view.person, view.cards(), view.unplanned) == ("Marc & Pujol", {}, ())


def test_the_office_drives_only_where_it_has_customers_or_visits(manager: Workspace) -> None:
    with manager.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date) VALUES (?, 1, ?, ?)",
            (new_uid(), ALBERT, TODAY.isoformat()),
        )
    assert [one.id for one in plan_people(manager)] == [ALBERT, MARC, ROCIO]


def test_what_a_manager_plans_is_the_reps(manager: Workspace, direct_runner: DirectRunner) -> None:
    presenter, view, desk = _shown(manager, direct_runner)
    presenter.whose.choose(ROCIO)
    left = view.unplanned[0].key
    presenter.plan_customer(left, TODAY + timedelta(days=1))
    added = [
        stop for day in week_plan(manager, MONDAY, ROCIO).days for stop in day.stops
        if stop.account_id == left and stop.in_person
    ]  # fmt: skip
    assert len(added) == 1
    assert not [day for day in week_plan(manager, MONDAY, ALBERT).days if day.stops]
    before = {stop.id for day in week_plan(manager, MONDAY, ROCIO).days for stop in day.stops}
    presenter.fill()
    presenter.replan()
    assert not desk.failures
    now = [stop for day in week_plan(manager, MONDAY, ROCIO).days for stop in day.stops]
    assert before & {stop.id for stop in now}
    assert not [day for day in week_plan(manager, MONDAY, ALBERT).days if day.stops]


def test_leave_and_the_day_are_entered_for_the_rep(
    manager: Workspace, direct_runner: DirectRunner
) -> None:
    presenter, view, _desk = _shown(manager, direct_runner)
    presenter.whose.choose(ROCIO)
    presenter.choose_day(TODAY + timedelta(days=2))
    presenter.strips.ask_leave()
    leave = {"first": "+2", "last": "", "hours": "", "kind": "holiday"}
    presenter.answer("leave", Filled(leave))
    assert view.complaint == ("", "")
    presenter.strips.ask_day()
    day = {"shifts": "8:30-13", "start": "", "end": "", "max_km": ""}
    presenter.answer("day", Filled(day))
    with manager.database.read() as connection:
        run = connection.exec_driver_sql
        assert run("SELECT user_id FROM user_leave").scalars().all() == [ROCIO]
        assert run("SELECT user_id FROM day_setting").scalars().all() == [ROCIO]


@pytest.fixture
def place(
    qtbot: QtBot, qapp: QApplication, manager: Workspace, direct_runner: DirectRunner,
    desk: FakeDesk,
) -> Iterator[PlanPlace]:  # fmt: skip
    """The manager's plan on a screen."""
    qapp.setProperty(SYNCHRONOUS_MAPS, True)
    window = QWidget()  # without a layout it gives no size hints, which offscreen cannot take
    qtbot.addWidget(window)
    window.resize(1248, 851)
    place = PlanPlace(PlaceContext(manager, direct_runner, desk))
    place.setParent(window)
    place.resize(1248, 851)
    with qtbot.waitExposed(window):
        window.show()
    place.presenter.start()
    yield place
    place.presenter.close()
    qapp.setProperty(SYNCHRONOUS_MAPS, False)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_p_and_a_number_choose_the_person(place: PlanPlace, qtbot: QtBot) -> None:
    assert place.heading.person.isVisible()
    assert place.heading.person.text() == "Marc & Pujol"
    qtbot.keyClick(place.board, Qt.Key.Key_P)
    menu = place.links
    assert isinstance(menu, QMenu)
    qtbot.keyClick(menu, Qt.Key.Key_2)
    assert place.presenter.person.id == ROCIO
    assert place.heading.person.text() == "Rocío Almagro"
    assert place.paper().key == ROCIO
    assert place.presenter.selected is not None


def test_another_place_can_name_the_person(place: PlanPlace) -> None:
    place.show_target({"person": ROCIO, "day": TODAY})
    assert place.presenter.person.id == ROCIO
