"""The office's rules of the service and its own fields, typed by keys in a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.custom_fields import CustomField, FieldKind
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.policy import DEFAULTS
from crmdesk.domain.states import Role
from crmdesk.gui.jobs import Runner
from crmdesk.gui.places import places_for
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.rules.widget import RulesPlace, build
from crmdesk.gui.views.rules.words import read_time
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.custom_fields import custom_fields
from crmdesk.services.queries.policy import company_policy
from crmdesk.services.queries.tickets import TicketFilter, TicketGroup, ticket_keys, ticket_rows
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import FakeDesk
from tests.gui.stage import on_stage

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def office(demo: Workspace) -> Workspace:
    return replace(demo, user=replace(demo.user, role=Role.OFFICE))


@pytest.fixture
def place(qtbot: QtBot, office: Workspace, runner: Runner, desk: FakeDesk) -> Iterator[RulesPlace]:
    made = build(PlaceContext(office, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    qtbot.waitUntil(lambda: bool(made.service.values()) and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


def save(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_Return, CTRL)


def test_hours_targets_and_asking_again_are_typed_saved_and_undone(
    qtbot: QtBot, place: RulesPlace, office: Workspace, desk: FakeDesk
) -> None:
    form = place.service
    for key, text in (
        ("service_hours", "Mon-Fri 8-20, 19-21"), ("response_minutes_high", "0:30"),
        ("resolution_minutes_low", "60"), ("escalation_percent", "150"), ("ask_again_days", "30"),
    ):  # fmt: skip
        form.field(key).setText(text)
    save(qtbot, form.field("service_hours"))
    qtbot.waitUntil(lambda: "overlap" in form.problem.text())
    assert form.field("service_hours").hasFocus()
    assert company_policy(office) == DEFAULTS, "nothing of it was saved"
    form.field("service_hours").setText("Mon-Sat 8-20")
    save(qtbot, form.field("service_hours"))
    qtbot.waitUntil(lambda: bool(desk.toasts))
    policy = company_policy(office)
    assert policy.service_hours == (*([((480, 1200),)] * 6), ())
    assert (policy.response_minutes_high, policy.resolution_minutes_low) == (30, 3_600)
    assert (policy.escalation_percent, policy.ask_again_days) == (150, 30)
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: company_policy(office) == DEFAULTS)


def test_what_is_typed_stays_when_a_sync_touches_the_company_but_not_its_rules(
    qtbot: QtBot, place: RulesPlace, runner: Runner
) -> None:
    place.service.field("ask_again_days").setText("30")
    place.service.field("escalation_percent").setFocus()
    place.presenter.on_changes(ChangeSet.of("organisation", [1]))
    qtbot.waitUntil(lambda: runner.running == 0)
    assert place.service.values()["ask_again_days"] == "30"
    assert place.service.field("escalation_percent").hasFocus()


def test_the_share_for_escalation_counts(office: Workspace) -> None:
    def twice() -> int:
        keys = ticket_keys(office, TicketFilter(group=TicketGroup.WORK))
        return sum(row.clocks.escalation == 2 for row in ticket_rows(office, keys).values())

    change_company_policy(office, {"resolution_minutes_normal": 600})
    seen = []
    for percent in (100, 200, 1_000):
        change_company_policy(office, {"escalation_percent": percent})
        seen.append(twice())
    assert seen[0] >= seen[1] >= seen[2] and seen[0] > seen[2]
    with pytest.raises(FieldError):
        change_company_policy(office, {"escalation_percent": 99})


def test_a_field_is_defined_changed_and_put_away_by_keys(
    qtbot: QtBot, place: RulesPlace, office: Workspace, runner: Runner, desk: FakeDesk
) -> None:
    qtbot.keyClick(place, Qt.Key.Key_N, ALT)
    form = place.form
    assert form.isVisible() and form.field("name").hasFocus()
    qtbot.keyClicks(form.field("name"), "Terrace")
    form.field("kind").choose("choice")
    qtbot.keyClicks(form.field("choices"), "none")
    save(qtbot, form.field("name"))
    qtbot.waitUntil(lambda: "2 to 30 answers" in form.problem.text())
    qtbot.keyClicks(form.field("choices"), ", summer")
    save(qtbot, form.field("choices"))
    qtbot.waitUntil(lambda: not form.isVisible() and runner.running == 0)
    place.presenter.on_changes(ChangeSet.of("custom_field", [1]))
    qtbot.waitUntil(lambda: place.model.rowCount() == 1)
    (made,) = custom_fields(office)
    assert (made.name, made.kind, made.choices) == ("Terrace", FieldKind.CHOICE, ("none", "summer"))
    qtbot.waitUntil(place.table.hasFocus)
    qtbot.keyClick(place.table, Qt.Key.Key_Return)
    form.field("active").choose("")
    save(qtbot, form.field("name"))
    qtbot.waitUntil(lambda: custom_fields(office) == () and runner.running == 0)
    assert [one.active for one in custom_fields(office, retired=True)] == [False]
    qtbot.keyClick(place.table, Qt.Key.Key_Escape)
    assert desk.backs == 1


def test_reps_have_no_such_place_and_cannot_change_rules(demo: Workspace) -> None:
    assert "rules" not in {spec.key for spec in places_for(demo)}
    with pytest.raises(UserError):
        change_company_policy(demo, {"ask_again_days": 1})
    with pytest.raises(FieldError):
        read_time("response_minutes_high", "soon")
    assert CustomField(0, "x").active
