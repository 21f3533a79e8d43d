"""Two laptops and the office on real windows, by keys: views, divided deals, words that collide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt

from crmdesk.gui.views.sync.cards import CollisionGrid
from crmdesk.services import opportunities
from crmdesk.services.opportunities import DealInput
from crmdesk.services.workspace import workspace_of
from tests.gui.conftest import runner
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.together import CTRL_SHIFT, Desk, Sit, sit

__all__ = ["runner", "sit"]

pytestmark = [
    pytest.mark.hq,
    # What a menu asks of the screen, and the offscreen one does not have.
    pytest.mark.qt_log_ignore("does not support (raise|grabbing)"),
]


def test_a_view_is_shared_by_name_used_by_the_other_and_altered_by_nobody_else(
    hq: Headquarters, sit: Sit
) -> None:
    first, second, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    for laptop in (first, second, office):
        laptop.sync()
    mine = sit(first)
    place = mine.go("lists", list="customers")
    mine.press(Qt.Key.Key_F)
    mine.type("Customer contains a")
    mine.press(Qt.Key.Key_Return)
    mine.press(Qt.Key.Key_S, modifiers=CTRL_SHIFT)
    mine.press(Qt.Key.Key_A, modifiers=Qt.KeyboardModifier.ControlModifier)
    mine.type("Bars")
    mine.press(Qt.Key.Key_Return)
    for name in ("Olga Office", "Rolf Rep"):
        mine.press(Qt.Key.Key_V)
        mine.choose("Show “Bars” to", name)
    assert place.views_menu().actions()[0].text() == "Bars\tshown to Olga Office, Rolf Rep"
    # Chosen again, a name is taken off.
    mine.press(Qt.Key.Key_V)
    mine.choose("Show “Bars” to", "Olga Office")
    assert first.sync().refusals == 0
    for laptop in (second, office):
        laptop.sync()

    theirs = sit(second)
    shown = theirs.go("lists", list="customers")
    every = shown.model.rowCount()
    theirs.press(Qt.Key.Key_V)
    theirs.choose("Bars\tRuth Rep")
    assert shown.sentence.text() == "Customer contains a"
    assert 0 < shown.model.rowCount() < every
    theirs.press(Qt.Key.Key_V)
    assert [one for one in theirs.offered() if "Bars" in one] == ["Bars\tRuth Rep"]
    # What is kept under its name is a view of one's own; the colleague's stays as it is.
    theirs.press(Qt.Key.Key_F)
    theirs.press(Qt.Key.Key_A, modifiers=Qt.KeyboardModifier.ControlModifier)
    theirs.type("Customer contains o")
    theirs.press(Qt.Key.Key_Return)
    theirs.press(Qt.Key.Key_S, modifiers=CTRL_SHIFT)
    theirs.press(Qt.Key.Key_A, modifiers=Qt.KeyboardModifier.ControlModifier)
    theirs.type("Bars")
    theirs.press(Qt.Key.Key_Return)
    assert second.sync().refusals == 0
    first.sync()
    mine.go("lists")
    mine.press(Qt.Key.Key_V)
    mine.choose("Bars")
    assert place.sentence.text() == "Customer contains a"

    desk = sit(office)
    desk.go("lists", list="customers")
    desk.press(Qt.Key.Key_V)
    assert not [one for one in desk.offered() if "Bars" in one]


def open_amount(place: Any) -> str:
    """What the figures say is open, as it is shown."""
    return str(next(one.value for one in place.figures.tiles.figures() if one.label == "Open"))


def test_a_divided_opportunity_stands_in_the_forecast_of_each(hq: Headquarters, sit: Sit) -> None:
    first, second, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    first.sync()
    key = first.one("SELECT id FROM account WHERE code = 'C0'")
    ws = workspace_of(first.folder, first.database, lambda: datetime.now(UTC))
    deal = opportunities.start_deal(ws, key, DealInput("Terrace", 100_000)).opportunity_id
    mine = sit(first)
    place = mine.go("pipeline", deal=deal)
    mine.press(Qt.Key.Key_D)
    mine.type("Ruth 70, Rolf 20")
    mine.press(Qt.Key.Key_Return)
    assert "add to exactly 100" in place.form._problem.text()
    mine.press(Qt.Key.Key_Backspace, Qt.Key.Key_Backspace)
    mine.type("30")
    mine.press(Qt.Key.Key_Return)
    said = mine.window.toast_note.text()
    assert "The shares are set." in said and "Rolf Rep will see" in said
    mine.press(Qt.Key.Key_4, modifiers=Qt.KeyboardModifier.AltModifier)
    assert open_amount(place) == "€700"
    assert first.sync().refusals == 0

    # The office lets Rolf cover the territory: now his laptop shows the customer and his share.
    office.sync()
    office.run(
        "INSERT INTO territory_user (uid, territory_id, user_id) SELECT randomblob(16),"
        " t.id, u.id FROM territory t, app_user u WHERE t.code = 'T1' AND u.code = 'R2'"
    )
    assert office.sync().refusals == 0
    second.sync()
    theirs = sit(second)
    place = theirs.go("pipeline")
    assert place.board.body.part_count() == 1
    theirs.press(Qt.Key.Key_4, modifiers=Qt.KeyboardModifier.AltModifier)
    assert open_amount(place) == "€300"

    desk = sit(office)
    place = desk.go("pipeline")
    desk.press(Qt.Key.Key_4, modifiers=Qt.KeyboardModifier.AltModifier)
    for person, amount in (("Ruth Rep", "€700"), ("Rolf Rep", "€300"), ("Everybody", "€1,000")):
        desk.press(Qt.Key.Key_F)
        desk.choose(person)
        assert open_amount(place) == amount


LONG = "\n".join(
    f"{n}. Deliveries through the yard, ring twice; the dog is kind." for n in range(9)
)


def described(laptop: Laptop) -> str:
    return str(laptop.one("SELECT description FROM account WHERE code = 'C0'"))


def add_words(desk: Desk, words: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Add to the description in the form of the customer's data, by keys."""
    key = desk.laptop.one("SELECT id FROM account WHERE code = 'C0'")
    place = desk.go("customer", account=key)
    desk.press(Qt.Key.Key_E)
    meanwhile()
    field = place.pages.asked._fields["description"]
    field.setFocus()
    desk.press(Qt.Key.Key_End)
    desk.type(words)
    desk.press(Qt.Key.Key_Return, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert not place.pages.asked.isVisible()


def test_long_words_that_two_wrote_at_once_are_all_found_on_both_windows(
    hq: Headquarters, sit: Sit
) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    office.run("UPDATE account SET description = ?, channel = 'bar' WHERE code = 'C0'", LONG)
    office.sync()
    rep.sync()
    mine, theirs = sit(rep), sit(office)
    mine_words, their_words = f"{LONG} Ask for Ines.", f"{LONG} Pays by card only."

    def news() -> None:
        """A round of its own brings a colleague's change while the form is open."""
        office.run("UPDATE account SET channel = 'hotel' WHERE code = 'C0'")
        office.sync()
        rep.sync()

    add_words(mine, " Ask for Ines.", meanwhile=news)
    add_words(theirs, " Pays by card only.")
    assert (described(rep), described(office)) == (mine_words, their_words)
    assert office.sync().refusals == 0
    assert rep.sync().conflicts == 1
    office.sync()
    channel = "SELECT channel FROM account WHERE code = 'C0'"
    assert (rep.one(channel), described(rep), described(office)) == (
        "hotel", their_words, their_words,
    )  # fmt: skip

    place = mine.go("sync")
    (grid,) = place.findChildren(CollisionGrid)
    said = grid.accessibleName()
    assert "Ask for Ines." in said and "Pays by card only." in said
    mine.press(Qt.Key.Key_M)
    for laptop in (rep, office, office):
        laptop.sync()
    assert described(rep) == described(office) == mine_words
    desk = theirs.go("customer", account=office.one("SELECT id FROM account WHERE code = 'C0'"))
    theirs.press(Qt.Key.Key_H)
    model = desk.pages.details.table.model()
    shown = " ".join(
        str(model.data(model.index(row, column)))
        for row in range(model.rowCount())
        for column in range(model.columnCount())
    )
    assert "Ask for Ines." in shown and "Pays by card only." in shown
