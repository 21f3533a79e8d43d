"""Two edit one customer offline, each on a window: both find their words afterwards, by keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.services import visits
from tests.gui.conftest import runner
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.together import CTRL, Desk, Sit, sit

__all__ = ["runner", "sit"]

pytestmark = [
    pytest.mark.hq,
    pytest.mark.qt_log_ignore("does not support (raise|grabbing)"),
]


def customer(laptop: Laptop) -> int:
    return int(laptop.one("SELECT id FROM account WHERE code = 'C0'"))


def card(desk: Desk) -> Any:
    return desk.go("customer", account=customer(desk.laptop))


def change(desk: Desk, **texts: str) -> None:
    """The form of the customer's data, by keys."""
    place = card(desk)
    desk.press(Qt.Key.Key_E)
    for key, text in texts.items():
        desk.fill(place.pages.asked.field(key), text)
    desk.press(Qt.Key.Key_Return, modifiers=CTRL)
    assert not place.pages.asked.isVisible()


def history(desk: Desk) -> Any:
    """What changed here?: its table."""
    place = card(desk)
    desk.press(Qt.Key.Key_H)
    return place.pages.details.table


def said(table: Any) -> list[str]:
    model = table.model()
    return [
        " | ".join(
            str(model.data(model.index(row, column))) for column in range(model.columnCount())
        )
        for row in range(model.rowCount())
    ]


def fields(laptop: Laptop) -> tuple[Any, ...]:
    return laptop.rows("SELECT street, channel, city, description FROM account WHERE code = 'C0'")[
        0
    ]


def test_both_find_their_words_and_an_older_value_comes_back_as_a_new_change(
    hq: Headquarters, sit: Sit
) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    office.run("UPDATE account SET city = 'Ordino' WHERE code = 'C0'")
    for laptop in (office, rep):
        laptop.sync()
    # Offline: different fields, the same field, and a note each with a call.
    mine = sit(rep)
    change(mine, street="Carrer Nou 1", city="Canillo")
    visits.log_contact(
        at(rep), customer(rep), VisitMode.CALL, VisitOutcome.INFORMATION, note="Ines is away"
    )
    theirs = sit(office)
    change(theirs, channel="hotel", city="Encamp")
    visits.log_contact(
        at(office),
        customer(office),
        VisitMode.CALL,
        VisitOutcome.INFORMATION,
        note="Pays on Friday",
    )
    for laptop in (office, rep, office, rep, office):
        assert laptop.sync().refusals == 0
    found = fields(rep)
    assert found == fields(office)
    assert found[:2] == ("Carrer Nou 1", "hotel"), "different fields of both stand"
    assert found[2] == "Encamp", "of the same field the later one"

    for desk in (mine, theirs):
        # Both notes stand in the timeline of both, and the changes do.
        place = card(desk)
        place.presenter.find("Ines is away")
        desk.settle()
        assert place.history.list.events.rowCount() >= 1
        lines = said(history(desk))
        for words in ("Carrer Nou 1", "hotel", "Canillo", "Encamp"):
            assert any(words in line for line in lines), (words, lines)
        lost = next(line for line in lines if "Canillo" in line and "not kept" in line)
        assert "Ruth Rep" in lost
    for laptop in (rep, office):
        notes = {row[0] for row in laptop.rows("SELECT note FROM visit WHERE note IS NOT NULL")}
        assert notes == {"Ines is away", "Pays on Friday"}

    # R puts the value that lost back: a new change of its own, which the office gets.
    before = rep.one("SELECT count(*) FROM journal")
    table = history(mine)
    lines = said(table)
    at_row = next(n for n, line in enumerate(lines) if "Canillo" in line and "not kept" in line)
    table.setFocus()
    table.select_key(table.rows_model().key_at(at_row))
    mine.settle()
    mine.press(Qt.Key.Key_R)
    assert fields(rep)[2] == "Canillo"
    assert rep.one("SELECT count(*) FROM journal") > before
    for laptop in (rep, office, rep, office, office):
        assert laptop.sync().refusals == 0
    assert fields(office)[2] == "Canillo"
    newest = said(history(theirs))[0]
    assert "Canillo" in newest and "Ruth Rep" in newest and "not kept" not in newest
