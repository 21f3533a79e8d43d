"""Objectives and questions in the short form, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.objective_text import objective_entries, objective_entry, objective_words
from crmdesk.domain.states import VisitMode
from crmdesk.domain.visit_work import AnswerKind, read_items


@pytest.mark.parametrize(
    ("words", "kind", "answer", "mandatory"),
    [
        ("Check the shelf", "objective", AnswerKind.DONE, False),
        ("Check the shelf!", "objective", AnswerKind.DONE, True),
        ("How many fridges?", "survey", AnswerKind.TEXT, False),
        ("Which day suits? Mon / Thu !", "survey", AnswerKind.CHOICE, True),
        ("How many fridges? # !", "survey", AnswerKind.NUMBER, True),
        ("Open on Sunday? yes / no", "survey", AnswerKind.YES_NO, False),
        ("Open on Sunday? Yes/No ! @call", "survey", AnswerKind.YES_NO, True),
        ("Ask @ the bar", "objective", AnswerKind.DONE, False),
    ],
)
def test_the_short_form_means_what_it_says(words, kind, answer, mandatory) -> None:
    (item,) = read_items([objective_entry(words)])
    assert (item.kind, item.answer, item.mandatory) == (kind, answer, mandatory)


def test_what_the_short_form_cannot_say_stays() -> None:
    stored = [{"key": "k", "name": "Fridges", "answer": "number", "modes": ["call"]}, "Look"]
    assert objective_entries(["Look", "Fridges @call"], stored) == [stored[1], stored[0]]
    assert objective_entries(["Fridges!"], stored) == [{"name": "Fridges", "mandatory": True}]


def test_the_contacts_in_which_it_is_asked_stand_at_the_end() -> None:
    (item,) = read_items([objective_entry("Which fridge? big / small ! @call, video")])
    assert item.modes == {VisitMode.CALL, VisitMode.VIDEO} and item.choices == ("big", "small")
    (item,) = read_items([objective_entry("Say hello @message")])
    assert (item.name, item.modes) == ("Say hello", {VisitMode.MESSAGE})
    (item,) = read_items([objective_entry("Ask @ the bar")])
    assert (item.name, item.modes) == ("Ask @ the bar", {VisitMode.PERSON})


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "survey", "name": "Fridges?", "answer": "number", "modes": ["call", "video"]},
        {"kind": "survey", "name": "Sunday?", "answer": "yes_no", "mandatory": True},
        {"kind": "survey", "name": "Day?", "answer": "choice", "choices": ["Mon", "Thu"]},
        {"name": "Look", "mandatory": True, "modes": ["person", "call"]},
    ],
)
def test_every_kind_of_entry_is_typed_as_it_is_shown(entry) -> None:
    assert objective_entry(objective_words(entry)) == entry


def test_nothing_is_no_objective() -> None:
    assert objective_entries(["", " ! ", "x"], None) == ["x"]
    assert objective_words({"name": ""}) == objective_words(7) == ""


@given(st.text(max_size=40))
def test_what_is_typed_comes_back_the_same_once_it_was_kept(words) -> None:
    entry = objective_entry(words)
    if entry is None:
        return
    again = objective_words(entry)
    assert objective_words(objective_entry(again)) == again
