"""What is typed on the plan: hours, windows, shifts, places, leave; weeks, files, variants."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.form_meeting import Filled
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.plan import typed
from crmdesk.gui.views.plan import weekdays as weekdays_module
from crmdesk.gui.views.plan.presenter import PlanPresenter
from crmdesk.gui.views.plan.widget import PlanPlace
from crmdesk.gui.widgets.map_items import SYNCHRONOUS_MAPS
from crmdesk.services import appointments
from crmdesk.services.day_settings import USUAL_DAY, DaySettings, day_settings, set_day
from crmdesk.services.leave import leave_between
from crmdesk.services.queries import plan as queries
from crmdesk.services.rep_days import DayPlace
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.pictures import settle
from tests.gui.plan_stage import FakeView, Made, made, quick, template

__all__ = ["made", "quick", "template", "ws"]

pytestmark = pytest.mark.usefixtures("quick")

MONDAY = TODAY - timedelta(days=1)
THURSDAY = TODAY + timedelta(days=2)


# -------------------------------------------------------------------------------- what is typed


def test_hours_and_windows() -> None:
    for text, minute in (("9", 540), ("9:30", 570), ("0930", 570), ("9.30", 570), ("24", 1440)):
        assert typed.read_clock(text) == minute
    for text in ("", "25", "9:70", "nine", "-1", "12:345"):
        assert typed.read_clock(text) is None
    assert typed.read_window("10:30") == (630, 630)
    assert typed.read_window("10:30 – 11:15") == (630, 675)
    assert typed.read_window("11-10") is None
    assert typed.read_window("24") is None
    assert typed.read_shifts("8:30-13, 16-20") == ((510, 780), (960, 1200))
    assert typed.read_shifts("-") == ()
    assert typed.read_shifts("8:30") is None


@given(st.one_of(st.text(max_size=20), st.text("0129:.,;-– ", max_size=14)))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    minute, window = typed.read_clock(text), typed.read_window(text)
    assert minute is None or 0 <= minute <= 1440
    assert window is None or 0 <= window[0] <= window[1] < 1440
    for begin, end in typed.read_shifts(text) or ():
        assert 0 <= begin < end <= 1440
    place = typed.read_place(text, (DayPlace(1, 2, "Rute"),))
    assert place is None or (abs(place.latitude) <= 90 and abs(place.longitude) <= 180)


def test_places_are_towns_or_coordinates() -> None:
    known = (DayPlace(42.5, 1.5, "Canillo"), DayPlace(42.6, 1.6, "Canillo Alto"))
    assert typed.read_place("canillo", known) == known[0]
    assert typed.read_place("Hotel Canillo Alto", known) == DayPlace(
        42.6, 1.6, "Hotel Canillo Alto"
    )
    assert typed.read_place("42.54, 1.73", known) == DayPlace(42.54, 1.73, "42.54, 1.73")
    assert typed.read_place("Paris", known) is None
    assert typed.read_place("95, 1", known) is None


# ------------------------------------------------------------------------------------ presenter


def _choose(view: FakeView, presenter: PlanPresenter) -> int:
    card = next(k for k, (d, c) in view.cards().items() if d > TODAY and c.movable)
    presenter.select(card)
    return card


def test_an_hour_is_agreed_and_taken_away(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    card = _choose(view, presenter)
    presenter.strips.ask_hour()
    assert view.form is not None
    presenter.answer("hour", Filled({"day": "someday", "time": "10"}))
    assert view.complaint[0] == "day"
    presenter.answer("hour", Filled({"day": THURSDAY.isoformat(), "time": "late"}))
    assert view.complaint[0] == "time"
    presenter.answer("hour", Filled({"day": MONDAY.isoformat(), "time": "10"}))
    assert view.complaint[0] == "day"
    presenter.answer("hour", Filled({"day": THURSDAY.isoformat(), "time": "11:00-12:00"}))
    assert view.form is None
    day, item = view.cards()[card]
    assert day == THURSDAY
    assert item.icon_word == "appointment"
    presenter.select(card)
    assert view.explanation is not None
    assert "Agreed for 11:00–12:00" in view.explanation.sentence
    assert desk.undo is not None
    presenter.strips.ask_hour()
    presenter.strips.take_away("hour")
    assert view.cards()[card][1].icon_word != "appointment"


def test_a_day_has_hours_and_a_night_of_its_own(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    presenter.choose_day(THURSDAY)
    presenter.strips.ask_day()
    blank = {"shifts": "", "start": "", "end": "", "max_km": ""}
    for wrong, field in (
        ({"shifts": "8-"}, "shifts"), ({"end": "Atlantis"}, "end"), ({"max_km": "far"}, "max_km"),
        ({"shifts": "8-12, 10-14"}, "shifts"),
    ):  # fmt: skip
        view.complaint = ("", "")
        presenter.answer("day", Filled({**blank, **wrong}))
        assert view.complaint[0] == field
    assert day_settings(ws, THURSDAY) == USUAL_DAY
    town = next(stop.city for d in queries.week_plan(ws, MONDAY).days for stop in d.stops)
    presenter.answer("day", Filled({**blank, "shifts": "8:30-13, 16-20", "end": f"Hostal {town}"}))
    day = next(day for day in view.days if day.day == THURSDAY)
    assert "08:30–13:00, 16:00–20:00" in day.top_note
    assert day.end_note == f"ends at Hostal {town}"
    assert f"from Hostal {town}" in view.days[4].top_note
    presenter.strips.ask_day()
    # A place that is kept as typed.
    presenter.answer("day", Filled({**blank, "end": f"Hostal {town}"}))
    presenter.strips.take_away("day")
    assert day_settings(ws, THURSDAY) == USUAL_DAY


def test_what_the_office_has_changed_meanwhile_stays(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    card = _choose(view, presenter)
    presenter.strips.ask_hour()
    assert view.form is not None
    opened = {one.key: one.value for one in view.form.fields}
    # Moved to another day by whoever looks after the plan, and agreed for eleven.
    presenter.on_changes(appointments.agree_hour(ws, card, THURSDAY, 11 * 60))
    presenter.answer("hour", Filled({**opened, "time": "10:00"}, opened))
    day, _item = view.cards()[card]
    assert day == THURSDAY
    with ws.database.read() as connection:
        window = connection.exec_driver_sql(
            "SELECT window_from FROM planned_visit WHERE id = ?", (card,)
        ).scalar()
    assert window == 600
    assert "11:00" in desk.banners[-1]

    presenter.choose_day(THURSDAY)
    presenter.strips.ask_day()
    opened = {"shifts": "", "start": "", "end": "", "max_km": ""}
    set_day(ws, THURSDAY, DaySettings(max_km=90))
    presenter.answer("day", Filled({**opened, "shifts": "8:30-13"}, opened))
    assert day_settings(ws, THURSDAY) == DaySettings(shifts=((510, 780),), max_km=90)


def test_leave_is_entered_and_taken_away(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    presenter.choose_day(THURSDAY)
    presenter.strips.ask_leave()
    values = {"first": THURSDAY.isoformat(), "last": "", "hours": "8:30-11", "kind": "training"}
    presenter.answer("leave", Filled({**values, "hours": "morning"}))
    assert view.complaint[0] == "hours"
    presenter.answer("leave", Filled(values))
    (row,) = leave_between(ws, THURSDAY, THURSDAY)
    assert (row.leave.from_minute, row.leave.to_minute) == (510, 660)
    assert view.days[3].top_note == "11:00–18:30"
    presenter.strips.ask_leave()
    assert view.form is not None
    assert "08:30–11:00" in view.form.about
    presenter.strips.take_away("leave")
    assert leave_between(ws, THURSDAY, THURSDAY) == ()
    assert desk.undo is not None
    desk.undo()
    assert leave_between(ws, THURSDAY, THURSDAY)[0].leave == row.leave


def test_a_visit_moves_up_and_down_within_its_day(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    cards = [c.key for c in view.days[2].cards if c.movable]
    presenter.select(cards[0])
    presenter.hand.move_within(1)
    order = [c.key for c in view.days[2].cards]
    assert order.index(cards[0]) == order.index(cards[1]) + 1
    presenter.hand.move_within(-1)
    order = [c.key for c in view.days[2].cards]
    assert order.index(cards[0]) < order.index(cards[1])


def test_several_weeks_are_shown_and_planned_at_once(made: Made) -> None:
    presenter, view, _desk = made
    presenter.show_weeks(3)
    assert len(view.days) == 15
    assert view.heading is not None
    assert view.heading.week == "23 Nov – 11 Dec"
    presenter.replan()
    planned = {day.day for day in view.days if day.cards}
    assert max(planned) >= MONDAY + timedelta(days=14)
    assert [day.tentative for day in view.days] == [False] * 10 + [True] * 5


def test_plans_stand_side_by_side_and_one_is_taken(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    before = queries.week_plan(ws, MONDAY)
    presenter.choosing.compare()
    assert [item.key for item in view.variants] == ["now", "margin", "coverage"]
    assert view.chosen == "margin"
    assert queries.week_plan(ws, MONDAY) == before
    # Figures, map and those left out follow the plan that is drawn, not the one that is kept.
    drawn = {key: day for key, (day, _card) in view.cards().items()}
    assert view.heading is not None
    visits = sum(int(day.stats[0].split()[0]) for day in view.days if day.stats)
    assert view.heading.totals.startswith(f"{visits} visits")
    assert visits != before.visits
    assert not {item.key for item in view.unplanned} & {-key for key in drawn}
    assert {stop.key for stop in view.map[2]} <= {
        key for key, day in drawn.items() if day == presenter.day
    }
    presenter.choosing.step(1)
    assert view.chosen == "coverage"
    presenter.choosing.choose("now")
    presenter.choosing.accept()
    assert view.variants == ()
    assert desk.toasts[-1] == "The plan stays as it is."
    presenter.choosing.compare()
    presenter.choosing.accept()
    assert view.variants == ()
    assert queries.week_plan(ws, MONDAY) != before
    presenter.take_back()
    assert queries.week_plan(ws, MONDAY).days == before.days


def test_who_is_left_out_is_told_day_by_day(made: Made) -> None:
    presenter, view, _desk = made
    presenter.select_unplanned(view.unplanned[0].key)
    assert view.explanation is not None
    assert view.explanation.title.endswith(", not planned")
    assert "Thu" in view.explanation.sentence


def test_another_day_is_weighed_for_a_visit(made: Made) -> None:
    presenter, view, _desk = made
    _choose(view, presenter)
    presenter.telling.explain_more()
    assert view.explanation is not None
    assert "Elsewhere: " in view.explanation.sentence


def test_the_plan_is_given_away(made: Made, tmp_path: Path) -> None:
    presenter, view, desk = made
    presenter.giving.ask()
    assert view.form is not None
    for kind, begin in (("ics", b"BEGIN:VCALENDAR"), ("gpx", b"<?xml"), ("kml", b"<?xml")):
        view.file = str(tmp_path / f"plan.{kind}")
        presenter.answer("export", Filled({"format": kind, "days": "weeks"}))
        assert Path(view.file).read_bytes().startswith(begin)
    presenter.answer("export", Filled({"format": "osm", "days": "day"}))
    assert len(view.links) > 1
    view.file = ""
    toasts = len(desk.toasts)
    presenter.answer("export", Filled({"format": "gpx", "days": "day"}))
    assert len(desk.toasts) == toasts


def test_usual_weekdays_that_fit_are_proposed_and_taken(
    made: Made, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    presenter, view, desk = made
    monkeypatch.setattr(weekdays_module, "_SECONDS", 0.9)
    usual = "SELECT id, usual_weekday FROM account ORDER BY id"
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE account SET usual_weekday = NULL WHERE id <= 20")
        before = connection.exec_driver_sql(usual).all()
    presenter.weekdays.look()
    assert view.form is not None
    assert view.form.kind == "weekdays"
    presenter.answer("weekdays", Filled({"which": "without"}))
    with ws.database.read() as connection:
        after = connection.exec_driver_sql(usual).all()
    assert after[20:] == before[20:]
    assert all(day is not None and 0 <= day <= 5 for _key, day in after[:20])
    assert desk.undo is not None
    desk.undo()
    with ws.database.read() as connection:
        assert connection.exec_driver_sql(usual).all() == before


# --------------------------------------------------------------------------------------- widget


def test_the_strip_and_the_weeks_by_keys(
    qtbot: QtBot, qapp: QApplication, ws: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    qapp.setProperty(SYNCHRONOUS_MAPS, True)
    window = QWidget()
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
    body = place.board.body
    qtbot.keyClick(body, Qt.Key.Key_Right)
    qtbot.keyClick(body, Qt.Key.Key_T)
    assert place.form.item is not None
    entry = place.form.field("time")
    assert isinstance(entry, QLineEdit)
    entry.setText("never")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert "Type an hour" in place.form.words()
    qtbot.keyClick(entry, Qt.Key.Key_Escape)
    assert place.form.item is None
    qtbot.keyClick(body, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert place.presenter.weeks == 2
    first = place.presenter.selected
    assert first is not None
    upper = body.card_rect(first)
    qtbot.keyClick(body, Qt.Key.Key_R)
    settle(20)
    later = [c.key for d in body._days if d.day >= MONDAY + timedelta(7) for c in d.cards]
    assert later
    assert body.card_rect(later[0]).top() > upper.top()
    point = body.card_rect(later[0]).center()
    there = body.place_at(point)
    assert there is not None
    assert there.day >= MONDAY + timedelta(days=7)
    qtbot.keyClick(body, Qt.Key.Key_C)
    assert place.variants.isVisible()
    qtbot.keyClick(place.variants, Qt.Key.Key_1)
    qtbot.keyClick(place.variants, Qt.Key.Key_Escape)
    assert not place.variants.isVisible()
    assert place.paper().kind == "route"
    qtbot.keyClick(body, Qt.Key.Key_M)
    assert desk.went[-1] == ("maps", {})
    place.presenter.close()
    qapp.setProperty(SYNCHRONOUS_MAPS, False)
