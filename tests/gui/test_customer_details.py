"""What opens inside the card, by key events in a window: figures, history, people, tasks, files."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.consents import Channel
from crmdesk.domain.custom_fields import CustomField, FieldKind
from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.states import Role
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer import pages as card_pages
from crmdesk.gui.views.customer.widget import CustomerPlace, build
from crmdesk.services import accounts, opportunities, people, satisfaction, tickets, visits
from crmdesk.services.custom_fields import save_field
from crmdesk.services.customer_data import read_data, save_data
from crmdesk.services.opportunities import DealInput
from crmdesk.services.people import Person, Way, read_person, save_person
from crmdesk.services.queries.account_work import account_tasks, sites
from crmdesk.services.queries.customer import documents
from crmdesk.services.queries.customer_figures import FigureKey
from crmdesk.services.queries.customer_timeline import EventGroup, timeline_months
from crmdesk.services.queries.customers import CustomerFilter, CustomerSort, customer_keys
from crmdesk.services.queries.field_history import field_changes
from crmdesk.services.queries.search import find
from crmdesk.services.restoring_values import restore_value
from crmdesk.services.tickets import Report
from crmdesk.services.workspace import Workspace
from tests.gui.conftest import FakeDesk
from tests.gui.stage import on_stage

_PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 64


@pytest.fixture
def busiest(demo: Workspace) -> int:
    return customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]


@pytest.fixture
def place(
    qtbot: QtBot, demo: Workspace, runner: Runner, desk: FakeDesk, busiest: int
) -> Iterator[CustomerPlace]:
    made = build(PlaceContext(demo, runner, desk))
    window = on_stage(qtbot, made)
    made.presenter.start()
    made.show_target({"account": busiest})
    qtbot.waitUntil(lambda: made.matrix.table.heat.rowCount() > 0 and runner.running == 0)
    yield made
    made.presenter.close()
    window.close()


class Keys:
    """Presses keys in the place and waits until nothing runs."""

    def __init__(self, qtbot: QtBot, place: CustomerPlace, runner: Runner) -> None:
        self._qtbot, self._place, self._runner = qtbot, place, runner

    def press(self, *keys: Qt.Key, widget: Any = None) -> None:
        for key in keys:
            self._qtbot.keyClick(widget or self._place.focusWidget() or self._place, key)
            self._qtbot.waitUntil(lambda: self._runner.running == 0)


@pytest.fixture
def keys(qtbot: QtBot, place: CustomerPlace, runner: Runner) -> Keys:
    place.matrix.table.setFocus()
    return Keys(qtbot, place, runner)


def texts(place: CustomerPlace) -> list[list[str]]:
    table = place.pages.details.table
    assert table is not None
    model = table.rows_model()
    return [
        [str(model.index(row, column).data() or "") for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_all_figures_open_by_keys_down_to_their_documents(place: CustomerPlace, keys: Keys) -> None:
    keys.press(Qt.Key.Key_F)
    names = [row[0] for row in texts(place)]
    assert len(names) == len(FigureKey)
    keys.press(Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert place.pages.details.formula.text().startswith("Revenue at list price, less discounts")
    assert [row[0] for row in texts(place)][:3] == [
        "Revenue at list price", "Discounts", "Cost of goods",
    ]  # fmt: skip
    place.presenter.details.open_figure("revenue")
    keys.press(Qt.Key.Key_Home)
    keys.press(Qt.Key.Key_Return)
    assert "each" in texts(place)[0][1], "a sale opens with the prices paid"
    keys.press(Qt.Key.Key_Escape)
    assert not place.pages.details.isVisible()


def test_the_opportunities_stand_on_the_card_and_open_in_the_pipeline(
    place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    made = opportunities.start_deal(
        demo, busiest, DealInput("Terrace", 120_000, next_step="Call", next_step_on=demo.today())
    )
    keys.press(Qt.Key.Key_I)
    assert ["Terrace" in row for row in texts(place)].count(True) == 1
    place.pages.details.table.select_key(f"deal:{made.opportunity_id}")
    keys.press(Qt.Key.Key_Return)
    assert desk.went[-1] == ("pipeline", {"deal": made.opportunity_id})
    keys.press(Qt.Key.Key_Escape)
    place.presenter.new_at("tasks")
    assert desk.went[-1] == ("tasks", {"new": busiest})


def test_the_strip_and_the_bars_open_their_figures(
    qtbot: QtBot, place: CustomerPlace, keys: Keys
) -> None:
    place.facts.setFocus()
    place.facts.set_part(2)
    keys.press(Qt.Key.Key_Return, widget=place.facts)
    assert place.pages.details.isVisible()
    keys.press(Qt.Key.Key_Escape)
    place.pages.both.waterfall.setFocus()
    place.pages.both.waterfall.set_part(1)
    keys.press(Qt.Key.Key_Return, widget=place.pages.both.waterfall)
    assert place.pages.details.formula.text() == "What was given off the list price, sale by sale."


def test_an_older_value_comes_back_by_a_key_and_can_be_undone(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    with demo.database.read() as connection:
        before = connection.exec_driver_sql(
            "SELECT street FROM account WHERE id = ?", (busiest,)
        ).scalar_one()
    accounts.edit_account(demo, busiest, {"street": "Calle Nueva 1"})
    keys.press(Qt.Key.Key_H)
    assert texts(place)[0][2:5] == ["Street", before, "Calle Nueva 1"]
    keys.press(Qt.Key.Key_U)

    def street() -> str:
        with demo.database.read() as connection:
            found = connection.exec_driver_sql(
                "SELECT street FROM account WHERE id = ?", (busiest,)
            ).scalar_one()
        return str(found)

    assert street() == before
    assert desk.toasts == ["The value was put back."]
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: street() == "Calle Nueva 1")
    changes = timeline_months(demo, busiest, EventGroup.CHANGES)
    assert changes.total == 3
    with pytest.raises(UserError, match="this value already"):
        restore_value(demo, field_changes(demo, busiest)[0], older=False)


def test_a_person_with_several_ways_and_consents_is_added_in_the_form(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, busiest: int
) -> None:
    keys.press(Qt.Key.Key_N)
    form = place.pages.form
    qtbot.waitUntil(form.entries["name"].field.hasFocus)
    qtbot.keyClicks(form.entries["name"].field, "Ines Vera")
    form.entries["birthday"].field.setText("yesterday")
    save(qtbot, form.entries["name"].field)
    qtbot.waitUntil(lambda: "not a date" in form.problem.text())
    assert form.person().name == "Ines Vera", "nothing typed is lost"
    form.entries["birthday"].field.setText("1980-11-30")
    form.entries["language"].field.setText("RU")
    qtbot.keyClicks(form.ways[0].value, "+34 600 555 12")
    assert len(form.ways) == 2, "typing in the last row makes another one"
    qtbot.keyClicks(form.ways[1].value, "ines@vera.example")
    qtbot.keyClicks(form.ways[2].value, "+34 600 555 129")
    qtbot.keyClicks(form.ways[2].label, "private")
    form.ways[2].first.choose("1")
    agreed = form.consents[1].said
    agreed.setFocus()
    qtbot.keyClick(agreed, Qt.Key.Key_Down)
    form.consents[2].said.choose("no")
    form.consents[2].on.setText("2026-11-02")
    save(qtbot, form.consents[2].on)
    qtbot.waitUntil(lambda: "not a telephone" in form.problem.text())
    assert form.ways[0].value.hasFocus()
    qtbot.keyClicks(form.ways[0].value, "7")
    save(qtbot, form.ways[0].value)
    qtbot.waitUntil(lambda: not form.isVisible())
    with demo.database.read() as connection:
        key, since = connection.exec_driver_sql(
            "SELECT id, consent_at FROM contact WHERE account_id = ? AND name = 'Ines Vera'",
            (busiest,),
        ).one()
    person = read_person(demo, key)
    ways = {(way.kind, way.value, way.label, way.preferred) for way in person.ways}
    phone, private = sorted(way.value for way in person.ways if way.kind == "phone")
    assert ways == {
        ("phone", phone, "", False), ("email", "ines@vera.example", "", True),
        ("phone", private, "private", True),
    }  # fmt: skip
    assert (person.birthday, person.language) == ("1980-11-30", "ru")
    today = demo.today()
    assert [(one.channel, one.given, one.on) for one in person.consents] == [
        (Channel.EMAIL, True, today), (Channel.MESSAGE, False, date(2026, 11, 2)),
    ]  # fmt: skip
    assert since[:10] == today.isoformat(), "lists read the newest consent"
    added = [c for c in field_changes(demo, busiest) if c.field == "+"]
    assert [c.about for c in added] == ["Ines Vera"]


def save(qtbot: QtBot, widget: Any) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_a_person_is_erased_by_the_second_press_only(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    visits.add_note(demo, busiest, "Zyx of Quetzal wants a call in May.")
    made = save_person(demo, busiest, None, Person("Zyx Quetzal", ways=(Way("email", "z@q.ad"),)))
    (key,) = made.touched["contact"]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    place.presenter.editing.open_person(key)
    form = place.pages.form
    qtbot.waitUntil(form.isVisible)
    field = form.entries["name"].field
    qtbot.keyClick(field, Qt.Key.Key_Delete, both)
    assert "no way back" in form.problem.text() and read_person(demo, key).name == "Zyx Quetzal"
    qtbot.keyClick(field, Qt.Key.Key_Delete, both)
    qtbot.waitUntil(lambda: not form.isVisible())
    said = "The person was erased. The name stands in 1 entry of the history, which is shown."
    assert desk.toasts == [said] and desk.undo is None
    # Notes are what happened: they stay, and whoever erases is led to them.
    model: Any = place.history.list.model()
    qtbot.waitUntil(lambda: "Quetzal" in str(model.item(model.rowCount() - 1)))
    assert model.rowCount() == 2, "the month and the note"
    assert place.history.search.isVisible() and place.history.search.text() == "Zyx Quetzal"
    assert find(demo, "quetzal", kinds=("contact",)) == ()
    rows = (
        "SELECT count(*) FROM journal WHERE entity <> 'note'"
        " AND (fields LIKE '%Quetzal%' OR fields LIKE '%z@q.ad%')"
    )
    assert one(demo, rows) == 0, "who works alone has nobody to send it to"


def test_an_answer_opens_in_place_with_what_it_was_about(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, busiest: int
) -> None:
    ticket = tickets.open_ticket(demo, busiest, Report("Dented tins"))
    made = satisfaction.record_score(
        demo, busiest, "csat", 4, comment="Quick.", about=("ticket", ticket.ticket_id)
    )
    (key,) = made.touched["survey_score"]
    place.presenter.details.open_target(f"score:{key}")
    qtbot.waitUntil(lambda: place.pages.details.isVisible() and len(texts(place)) == 2)
    assert "Quick." in place.pages.details.formula.text()
    assert [row for row in texts(place) if ticket.number in row]
    keys.press(Qt.Key.Key_Down, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Dented tins" in place.pages.details.formula.text())


def test_one_way_goes_and_the_others_stay(demo: Workspace, busiest: int) -> None:
    ways = (Way("phone", "+34600555127"), Way("email", "i@vera.example"))
    made = save_person(demo, busiest, None, Person("Ines", ways=ways))
    (key,) = made.touched["contact"]
    stored = read_person(demo, key)
    changes = save_person(demo, busiest, key, replace(stored, ways=stored.ways[1:]))
    assert [way.value for way in read_person(demo, key).ways] == ["i@vera.example"]
    assert changes.undo is None
    save_person(demo, busiest, key, stored)
    assert {way.value for way in read_person(demo, key).ways} == {"+34600555127", "i@vera.example"}
    with pytest.raises(FieldError, match="e-mail") as failed:
        save_person(demo, busiest, key, Person("Inés", ways=(Way("email", "no address"),)))
    assert failed.value.field == "way.0"


def test_a_site_is_added_changed_closed_and_opened_by_keys(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    keys.press(Qt.Key.Key_A)
    before = len(sites(demo, busiest))
    qtbot.keyClick(place, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    form = place.pages.asked
    qtbot.waitUntil(form.isVisible)
    qtbot.keyClicks(form.field("name"), "Cellar")
    for key, text in (("hours", "Mon-Fri 9-14, 13-19"), ("position", "42.5063, 1.5218"),
                      ("delivery_note", "ring twice")):  # fmt: skip
        form.field(key).setText(text)
    save(qtbot, form.field("name"))
    qtbot.waitUntil(lambda: "overlap" in form.problem.text())
    assert form.field("hours").hasFocus() and form.values()["delivery_note"] == "ring twice"
    form.field("hours").setText("Mon-Fri 9-14, 16-19; Sat 9-13")
    save(qtbot, form.field("hours"))
    qtbot.waitUntil(lambda: not form.isVisible())
    keys.press(Qt.Key.Key_A)
    assert len(sites(demo, busiest)) == before + 1
    (row,) = [r for r in texts(place) if r[0] == "Cellar"]
    assert row[2:4] == ["Mon–Fri 09:00–14:00, 16:00–19:00, Sat 09:00–13:00, closed Sun",
                        "ring twice"]  # fmt: skip
    cellar = next(one.id for one in sites(demo, busiest) if one.name == "Cellar")
    assert place.pages.details.table is not None
    place.pages.details.table.select_key(cellar)
    keys.press(Qt.Key.Key_Return)
    qtbot.waitUntil(form.isVisible)
    save(qtbot, form.field("name"))
    qtbot.waitUntil(lambda: not form.isVisible())
    assert desk.toasts[-1] == "Nothing was changed."
    keys.press(Qt.Key.Key_A)
    place.pages.details.table.select_key(cellar)
    qtbot.keyClick(place.pages.details.table, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    closed = "SELECT closed_on FROM site WHERE id = ?"
    qtbot.waitUntil(lambda: one(demo, closed, cellar) == demo.today().isoformat())
    assert sites(demo, busiest)[-1].name == "Cellar", "what is closed stands last"
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: one(demo, closed, cellar) is None)


def one(ws: Workspace, query: str, *args: Any) -> Any:
    with ws.database.read() as connection:
        return connection.exec_driver_sql(query, args).scalar()


def test_own_fields_are_filled_in_checked_found_and_undone(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    with pytest.raises(UserError, match="office decides"):
        save_field(demo, CustomField(0, "Fridges"))
    office = replace(demo, user=replace(demo.user, role=Role.OFFICE))
    for field in (
        CustomField(0, "Fridges", FieldKind.NUMBER),
        CustomField(0, "Terrace", FieldKind.CHOICE, ("none", "summer", "all year")),
        CustomField(0, "Wholesaler"),
    ):
        save_field(office, field)
    keys.press(Qt.Key.Key_E)
    form = place.pages.asked
    qtbot.waitUntil(form.isVisible)
    own = [key for key in form.values() if key.startswith("custom.")]
    qtbot.keyClicks(form.field(own[0]), "two")
    form.field(own[1]).choose("summer")
    qtbot.keyClicks(form.field(own[2]), "Comercial Zyx")
    save(qtbot, form.field(own[0]))
    qtbot.waitUntil(lambda: "is no number" in form.problem.text())
    form.field(own[0]).setText("2")
    save(qtbot, form.field(own[0]))
    qtbot.waitUntil(lambda: not form.isVisible())
    assert list(read_data(demo, busiest).custom.values()) == ["2", "summer", "Comercial Zyx"]
    assert [hit.id for hit in find(demo, "zyx", kinds=("account",))] == [busiest]
    assert "Terrace" in {c.about for c in field_changes(demo, busiest)}
    assert desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: set(read_data(demo, busiest).custom.values()) == {""})
    with pytest.raises(FieldError, match="values of this kind"):
        data = read_data(demo, busiest)
        save_data(demo, busiest, replace(data, custom={**data.custom, data.fields[0].id: "3"}))
        save_field(office, replace(data.fields[0], kind=FieldKind.DATE))


def test_saving_without_a_change_writes_nothing(demo: Workspace, busiest: int) -> None:
    people.save_person(
        demo, busiest, None, Person("Jan", "owner", ways=(Way("phone", "+34600555128"),))
    )
    with demo.database.read() as connection:
        key = connection.exec_driver_sql("SELECT max(id) FROM contact").scalar_one()
        count = "SELECT count(*) FROM journal"
        before = connection.exec_driver_sql(count).scalar_one()
    save_person(demo, busiest, key, read_person(demo, key))
    with demo.database.read() as connection:
        assert connection.exec_driver_sql(count).scalar_one() == before


def test_tasks_are_done_by_a_key_and_can_be_taken_back(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, desk: FakeDesk, busiest: int
) -> None:
    visits.add_promise(demo, busiest, "Bring the oil", demo.today())
    waiting = [row for row in account_tasks(demo, busiest) if not row.done]
    keys.press(Qt.Key.Key_W)
    assert len(texts(place)) == len(account_tasks(demo, busiest))
    keys.press(Qt.Key.Key_X)
    left = len(waiting) - 1
    qtbot.waitUntil(lambda: sum(not r.done for r in account_tasks(demo, busiest)) == left)
    assert desk.toasts == ["Done."] and desk.undo is not None
    desk.undo()
    qtbot.waitUntil(lambda: sum(not r.done for r in account_tasks(demo, busiest)) > left)


def test_files_are_added_opened_and_stand_in_the_timeline(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, runner: Runner, desk: FakeDesk,
    busiest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shelf = tmp_path / "shelf.png"
    shelf.write_bytes(_PNG)
    opened: list[tuple[str, bytes]] = []
    monkeypatch.setattr(card_pages, "show_contents", lambda n, d: opened.append((n, d)))
    place.presenter.details.add_files([shelf])
    qtbot.waitUntil(lambda: desk.toasts == ["1 file added."])
    keys.press(Qt.Key.Key_D)
    assert texts(place)[0][:2] == ["shelf.png", "Photo"]
    keys.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [("shelf.png", _PNG)]
    assert timeline_months(demo, busiest, EventGroup.FILES).total == 1
    bad = tmp_path / "x.exe"
    bad.write_bytes(b"MZ" + b"\0" * 100)
    door = tmp_path / "door.png"
    door.write_bytes(_PNG + b"2")
    place.presenter.details.add_files([door, bad])
    qtbot.waitUntil(lambda: bool(desk.failures))
    assert "cannot be attached" in str(desk.failures[0])
    # The one before it is kept, and said to be.
    assert desk.toasts == ["1 file added.", "1 file added."]
    assert [one.name for one in documents(demo, busiest)][:1] == ["door.png"]


def test_prices_paid_are_told_where_they_changed(demo: Workspace, busiest: int) -> None:
    from crmdesk.services.queries.customer_timeline import timeline_month

    months = timeline_months(demo, busiest, EventGroup.PRICES)
    events = [
        event
        for month, _count in months.months
        for event in timeline_month(demo, busiest, month, EventGroup.PRICES)
    ]
    assert len(events) == months.total > 0
    for event in events:
        assert event.price_e4 is not None
        if event.was_e4 is not None:
            assert abs(event.price_e4 - event.was_e4) * 200 >= event.was_e4 - 200
