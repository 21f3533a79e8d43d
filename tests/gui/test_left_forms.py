"""Esc loses nothing typed: short forms come back as they were left, forms of the card ask first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.quote_answers import Answer, AnswerItem
from crmdesk.gui.views.customer.person_form import PersonForm
from crmdesk.gui.views.service.form import ReportForm
from crmdesk.gui.widgets.answer_bar import AnswerBar
from crmdesk.gui.widgets.formbar import Form, FormBar, FormField, Given
from crmdesk.gui.widgets.rail import Rail
from crmdesk.services.people import PHONE, Person, Way

_FIELDS = (
    FormField("kind", "Kind", choices=(("a", "One"), ("b", "Two"))),
    FormField("name", "Name", value="Bar"), FormField("note", "Note", wide=True),
)  # fmt: skip


@pytest.fixture
def holder(qtbot: QtBot) -> QWidget:
    """A window that is not shown."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


def _form(about: str = "Araceli", name: str = "Bar") -> Form:
    fields = (_FIELDS[0], FormField("name", "Name", value=name), _FIELDS[2])
    return Form("lead", 0, "New lead", about, fields, "Keep")


def _left(bar: FormBar, qtbot: QtBot) -> None:
    bar.ask(_form())
    qtbot.keyClicks(bar, "2")
    entry = bar._entries["note"]
    qtbot.keyClicks(entry, "wants wine")
    qtbot.keyClick(entry, Qt.Key.Key_Escape)
    assert bar.form is None


def test_a_short_form_comes_back_as_it_was_left(qtbot: QtBot, holder: QWidget) -> None:
    bar = FormBar(holder)
    _left(bar, qtbot)
    bar.ask(_form("Somebody else"))
    assert bar.values() == {"kind": "", "name": "Bar", "note": ""}
    bar.put_away()
    bar.ask(_form())
    assert bar.values() == {"kind": "b", "name": "Bar", "note": "wants wine"}
    answers: list[Given] = []
    bar.given.connect(answers.append)
    qtbot.keyClick(bar._entries["note"], Qt.Key.Key_Return)
    assert answers[0].opened == {"kind": "", "name": "Bar", "note": ""}
    bar.put_away()
    bar.ask(_form())
    assert bar.values()["note"] == ""


def test_what_has_changed_meanwhile_is_not_typed_over(qtbot: QtBot, holder: QWidget) -> None:
    bar = FormBar(holder)
    bar.ask(_form())
    bar._entries["name"].setText("Mine")
    qtbot.keyClick(bar._entries["name"], Qt.Key.Key_Escape)
    bar.ask(_form(name="Theirs"))
    assert bar.values()["name"] == "Theirs"


def test_the_form_of_a_person_says_first_what_is_not_saved(qtbot: QtBot, holder: QWidget) -> None:
    form = PersonForm(holder)
    person = Person("Araceli", ways=(Way(PHONE, "600123456"),))
    closed: list[bool] = []
    form.closed.connect(lambda: closed.append(True))
    form.show_person("Araceli", person, "2026-11-24")
    name = form.entries["name"].field
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    assert closed == [True]
    form.show_person("Araceli", person, "2026-11-24")
    name.setText("Araceli Vidal")
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    assert closed == [True]
    assert name.text() == "Araceli Vidal"
    assert "not saved" in form.problem.text()
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    assert closed == [True, True]
    assert form.ways[0].value.minimumWidth() >= 120


def test_a_ticket_that_was_begun_waits_for_its_customer(qtbot: QtBot, holder: QWidget) -> None:
    form = ReportForm(holder)
    form.open("Bar Dona")
    qtbot.keyClicks(form.subject, "torn bags")
    qtbot.keyClick(form.subject, Qt.Key.Key_Escape)
    form.open("Forn Prat")
    assert form.subject.text() == ""
    form.open("Bar Dona")
    assert form.subject.text() == "torn bags"


def test_the_person_follows_the_places_for_the_keyboard(qtbot: QtBot) -> None:
    rail = Rail()
    qtbot.addWidget(rail)
    rail.set_places([("a", "One", "today"), ("b", "Two", "plan")])
    chain: list[QWidget] = []
    widget: QWidget | None = rail.buttons()[0]
    while widget is not None and widget not in chain:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    stops = [one for one in chain if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert stops == [*rail.buttons(), rail.person]


def test_the_note_of_an_answer_comes_back_for_the_same_quote(qtbot: QtBot, holder: QWidget) -> None:
    bar = AnswerBar(holder)
    item = AnswerItem("follow_up", 7, "Follow up", "Q-7", note="what was said", done="Save")
    bar.ask(item)
    qtbot.keyClicks(bar.note, "wants it by May")
    qtbot.keyClick(bar, Qt.Key.Key_Escape)
    bar.ask(replace(item, quote_id=8))
    assert bar.note.text() == ""
    qtbot.keyClick(bar, Qt.Key.Key_Escape)
    bar.ask(item)
    assert bar.note.text() == "wants it by May"
    answers: list[Answer] = []
    bar.answered.connect(answers.append)
    qtbot.keyClick(bar, Qt.Key.Key_Return)
    assert answers[0].note == "wants it by May"
    bar.ask(item)
    assert bar.note.text() == ""
