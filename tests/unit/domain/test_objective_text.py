"""Objectives and questions in the short form, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.objective_text import objective_entries, objective_entry, objective_words
from crmdesk.domain.visit_work import AnswerKind, read_items


@pytest.mark.parametrize(
    ("words", "kind", "answer", "mandatory"),
    [
        ("Check the shelf", "objective", AnswerKind.DONE, False),
        ("Check the shelf!", "objective", AnswerKind.DONE, True),
        ("How many fridges?", "survey", AnswerKind.TEXT, False),
        ("Which day suits? Mon / Thu !", "survey", AnswerKind.CHOICE, True),
    ],
)
def test_the_short_form_means_what_it_says(words, kind, answer, mandatory) -> None:
    (item,) = read_items([objective_entry(words)])
    assert (item.kind, item.answer, item.mandatory) == (kind, answer, mandatory)


def test_what_the_short_form_cannot_say_stays() -> None:
    stored = [{"key": "k", "name": "Fridges", "answer": "number", "modes": ["call"]}, "Look"]
    assert objective_entries(["Look", "Fridges"], stored) == [stored[1], stored[0]]
    assert objective_entries(["Fridges!"], stored) == [{"name": "Fridges", "mandatory": True}]


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
