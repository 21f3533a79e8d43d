"""Objectives and questions: read from any document, answered, and asked for only where met."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.errors import FieldError
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.domain.visit_work import (
    MOST_ITEMS,
    AnswerKind,
    VisitItem,
    check_answer,
    missing,
    read_items,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "name", "kind", "answer", "choices", "modes", "mandatory"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.lists(JSON, max_size=40))
def test_any_document_is_read_and_whatever_is_asked_can_be_answered(document: object) -> None:
    items = read_items(document)
    assert len(items) <= MOST_ITEMS
    assert len({item.key for item in items}) == len(items)
    for item in items:
        assert item.name.strip()
        assert item.modes
        options = item.options()
        typed = [str(at) for at in range(1, len(options) + 1)] or ["12"]
        for at, text in enumerate(typed):
            stored = check_answer(item, text)
            assert stored
            assert not options or stored == options[at]
            assert check_answer(item, stored) in {stored, *options}


def test_names_alone_are_objectives() -> None:
    (item,) = read_items(["Offer the new range"])
    assert item == VisitItem("offer the new range", "Offer the new range")
    assert item.answer is AnswerKind.DONE


def test_choices_need_two_words_to_choose_between() -> None:
    one, two = read_items(
        [
            {"name": "a", "answer": "choice", "choices": ["x"]},
            {"name": "b", "answer": "choice", "choices": ["x", "y", "x"]},
        ]
    )
    assert (one.answer, one.options()) == (AnswerKind.TEXT, ())
    assert (two.answer, two.options()) == (AnswerKind.CHOICE, ("x", "y"))


@pytest.mark.parametrize("typed", ["0", "4", "m", "x", "-1"])
def test_what_is_none_of_the_options_is_no_answer(typed: str) -> None:
    item = VisitItem("k", "Day?", "survey", AnswerKind.CHOICE, ("Mon", "Mars", "Fri"))
    with pytest.raises(FieldError):
        check_answer(item, typed)
    assert check_answer(item, "f") == "Fri"


def test_numbers() -> None:
    item = VisitItem("k", "How many?", "survey", AnswerKind.NUMBER)
    assert [check_answer(item, one) for one in ("12", "-3", "1,5", " 7 ", "")] == [
        "12", "-3", "1.5", "7", None,
    ]  # fmt: skip
    for typed in ("a few", "1.2.3", "--1", "9" * 20, "."):
        with pytest.raises(FieldError):
            check_answer(item, typed)


def test_mandatory_items_are_asked_where_somebody_was_met() -> None:
    items = (
        VisitItem("a", "a", mandatory=True),
        VisitItem("b", "b", mandatory=True, modes=frozenset({VisitMode.CALL})),
        VisitItem("c", "c"),
    )
    for outcome in VisitOutcome:
        met = outcome not in (VisitOutcome.CLOSED, VisitOutcome.ABSENT)
        left = missing(items, {}, VisitMode.PERSON, outcome)
        assert [one.key for one in left] == (["a"] if met else [])
    assert [one.key for one in missing(items, {}, VisitMode.CALL)] == ["b"]
    assert missing(items, {"a": "done"}, VisitMode.PERSON) == ()
    assert [one.key for one in missing(items, {"a": "  "}, VisitMode.PERSON)] == ["a"]
