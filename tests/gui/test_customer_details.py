"""What opens inside the card, by key events in a window: figures, history, people, tasks, files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.gui.jobs import Runner
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.customer import widget as card_widget
from crmdesk.gui.views.customer.widget import CustomerPlace, build
from crmdesk.services import accounts, people, visits
from crmdesk.services.people import Person, read_person, save_person
from crmdesk.services.queries.account_work import account_tasks
from crmdesk.services.queries.customer_timeline import EventGroup, timeline_months
from crmdesk.services.queries.customers import CustomerFilter, CustomerSort, customer_keys
from crmdesk.services.queries.field_history import field_changes
from crmdesk.services.restoring_values import restore_value
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
    table = place.details.table
    assert table is not None
    model = table.rows_model()
    return [
        [str(model.index(row, column).data() or "") for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_all_figures_open_by_keys_down_to_their_documents(place: CustomerPlace, keys: Keys) -> None:
    keys.press(Qt.Key.Key_F)
    names = [row[0] for row in texts(place)]
    assert len(names) == 22
    keys.press(Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert place.details.formula.text().startswith("Revenue at list price, less discounts")
    assert [row[0] for row in texts(place)][:3] == [
        "Revenue at list price", "Discounts", "Cost of goods",
    ]  # fmt: skip
    place.presenter.details.open_figure("revenue")
    keys.press(Qt.Key.Key_Home)
    keys.press(Qt.Key.Key_Return)
    assert "each" in texts(place)[0][1], "a sale opens with the prices paid"
    keys.press(Qt.Key.Key_Escape)
    assert not place.details.isVisible()


def test_the_strip_and_the_bars_open_their_figures(
    qtbot: QtBot, place: CustomerPlace, keys: Keys
) -> None:
    place.facts.setFocus()
    place.facts.set_part(2)
    keys.press(Qt.Key.Key_Return, widget=place.facts)
    assert place.details.isVisible()
    keys.press(Qt.Key.Key_Escape)
    place.waterfall.setFocus()
    place.waterfall.set_part(1)
    keys.press(Qt.Key.Key_Return, widget=place.waterfall)
    assert place.details.formula.text() == "What was given off the list price, sale by sale."


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


def test_a_person_is_added_and_changed_in_the_form(
    qtbot: QtBot, place: CustomerPlace, keys: Keys, demo: Workspace, busiest: int
) -> None:
    keys.press(Qt.Key.Key_N)
    form = place.form
    qtbot.waitUntil(form.entries["name"].field.hasFocus)
    qtbot.keyClicks(form.entries["name"].field, "Ines Vera")
    form.entries["birthday"].field.setText("yesterday")
    qtbot.keyClick(
        form.entries["name"].field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    qtbot.waitUntil(lambda: "not a date" in form.problem.text())
    assert form.person().name == "Ines Vera", "nothing typed is lost"
    form.entries["birthday"].field.setText("1980-11-30")
    form.entries["phone"].field.setText("+34600555127")
    form.submit()
    qtbot.waitUntil(lambda: not form.isVisible())
    with demo.database.read() as connection:
        key, birthday = connection.exec_driver_sql(
            "SELECT id, birthday FROM contact WHERE account_id = ? AND name = 'Ines Vera'",
            (busiest,),
        ).one()
    assert birthday == "1980-11-30"
    assert read_person(demo, key).phone == "+34600555127"
    changes = save_person(demo, busiest, key, Person("Ines Vera", email="ines@vera.example"))
    assert read_person(demo, key) == Person("Ines Vera", email="ines@vera.example")
    assert changes.undo is not None
    with pytest.raises(FieldError, match="e-mail"):
        save_person(demo, busiest, key, Person("Inés", email="no address"))
    added = [c for c in field_changes(demo, busiest) if c.field == "+"]
    assert [c.about for c in added] == ["Ines Vera"]


def test_saving_without_a_change_writes_nothing(demo: Workspace, busiest: int) -> None:
    people.save_person(demo, busiest, None, Person("Jan", "owner", "+34600555128"))
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
    monkeypatch.setattr(card_widget, "show_contents", lambda n, d: opened.append((n, d)))
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
    place.presenter.details.add_files([bad])
    qtbot.waitUntil(lambda: bool(desk.failures))
    assert "cannot be attached" in str(desk.failures[0])


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
