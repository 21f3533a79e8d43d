"""What is to be done and asked in a visit: objectives and questions of an attention model.

Owns reading that document, which answers are possible, and which are still missing when a visit
ends. Writing answers is :mod:`crmdesk.services.visit_reports`'.

The document is a list. A bare text is an objective; otherwise an entry is ``{"key", "kind":
"objective" | "survey", "name", "mandatory": bool, "answer": "done" | "yes_no" | "choice" |
"number" | "text", "choices": [text, …], "modes": ["person", "call", "video", "message"]}``, of
which only ``name`` has to be there. Reading is tolerant: what cannot be meant is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crmdesk.domain.errors import FieldError
from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.i18n import _

MOST_ITEMS = 30
MOST_CHOICES = 9
MOST_ANSWER = 400


class AnswerKind(StrEnum):
    """How an item is answered. A choice is one of the item's own words."""

    DONE = "done"
    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"


DONE, NOT_DONE, YES, NO = "done", "not done", "yes", "no"
"""Answers as they are stored; choices, numbers and texts are stored as they are."""

REPORTED = frozenset({VisitOutcome.ORDER, VisitOutcome.NO_ORDER, VisitOutcome.INFORMATION})
"""Outcomes of a visit in which somebody was spoken to: its mandatory items are answered."""

NOBODY_MET = frozenset(VisitOutcome) - REPORTED
"""Outcomes of one that does not count as contact: the customer is as due as before."""

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")
_PERSON_ONLY = frozenset({VisitMode.PERSON})


@dataclass(frozen=True, slots=True)
class VisitItem:
    """One objective or question; ``key`` finds its answer again when the words change."""

    key: str
    name: str
    kind: str = "objective"
    answer: AnswerKind = AnswerKind.DONE
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    modes: frozenset[VisitMode] = _PERSON_ONLY

    def options(self) -> tuple[str, ...]:
        """The stored answers that a digit stands for, in order; none where one types."""
        if self.answer is AnswerKind.DONE:
            return (DONE, NOT_DONE)
        if self.answer is AnswerKind.YES_NO:
            return (YES, NO)
        return self.choices


def read_items(document: object) -> tuple[VisitItem, ...]:
    """The items a stored document means, at most MOST_ITEMS; of two with one key the first."""
    if not isinstance(document, list):
        return ()
    found: dict[str, VisitItem] = {}
    for entry in document[:MOST_ITEMS]:
        item = _item(entry)
        if item is not None:
            found.setdefault(item.key, item)
    return tuple(found.values())


def _item(entry: object) -> VisitItem | None:
    if isinstance(entry, str):
        return VisitItem(key_of(entry), entry.strip()) if entry.strip() else None
    if not isinstance(entry, Mapping):
        return None
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        return None
    key = entry.get("key")
    kind = "survey" if entry.get("kind") == "survey" else "objective"
    usual = AnswerKind.TEXT if kind == "survey" else AnswerKind.DONE
    try:
        answer = AnswerKind(str(entry.get("answer", usual)))
    except ValueError:
        answer = usual
    choices = _choices(entry.get("choices"))
    if answer is AnswerKind.CHOICE and len(choices) < 2:
        answer = AnswerKind.TEXT
    return VisitItem(
        key if isinstance(key, str) and key else key_of(name),
        name.strip(),
        kind,
        answer,
        choices if answer is AnswerKind.CHOICE else (),
        entry.get("mandatory") is True,
        _modes(entry.get("modes")),
    )


def key_of(name: str) -> str:
    """The key of an item that has none of its own."""
    return " ".join(name.split()).casefold()[:80]


def _choices(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    words = (one.strip() for one in value if isinstance(one, str) and one.strip())
    return tuple(dict.fromkeys(words))[:MOST_CHOICES]


def _modes(value: object) -> frozenset[VisitMode]:
    if not isinstance(value, list):
        return _PERSON_ONLY
    return frozenset(mode for mode in VisitMode if mode.value in value) or _PERSON_ONLY


def check_answer(item: VisitItem, typed: str) -> str | None:
    """What is stored for something typed; None for nothing. FieldError for what is no answer.

    A digit stands for one of the options; so do their first letters, where they are clear.
    """
    text = " ".join(typed.split())
    if not text:
        return None
    options = item.options()
    if options:
        return _option(item, options, text)
    if item.answer is AnswerKind.NUMBER:
        return _number(item, text)
    return text[:MOST_ANSWER]


def _option(item: VisitItem, options: Sequence[str], text: str) -> str:
    if text.isdecimal() and 1 <= int(text) <= len(options):
        return options[int(text) - 1]
    said = text.casefold()
    words = [option_word(item, option).casefold() for option in options]
    for option, word in zip(options, words, strict=True):
        if said in (option.casefold(), word):
            return option
    begun = [o for o, word in zip(options, words, strict=True) if word.startswith(said)]
    if len(begun) == 1:
        return begun[0]
    raise FieldError(
        item.key,
        _("“{text}” is none of the answers to “{name}”.").format(text=text, name=item.name),
        _("Type the number of an answer."),
    )


def _number(item: VisitItem, text: str) -> str:
    plain = text.replace(",", ".")
    if _NUMBER.fullmatch(plain) is None:
        raise FieldError(
            item.key,
            _("“{text}” is no number.").format(text=text),
            _("“{name}” is answered with a number.").format(name=item.name),
        )
    return plain


def option_word(item: VisitItem, stored: str) -> str:
    """A stored answer as people read it."""
    if item.answer is AnswerKind.CHOICE:
        return stored
    return answer_word(stored)


def answer_word(stored: str) -> str:
    """A stored answer as people read it, where its item is not at hand."""
    return {DONE: _("Done"), NOT_DONE: _("Not done"), YES: _("Yes"), NO: _("No")}.get(
        stored, stored
    )


def missing(
    items: Sequence[VisitItem],
    answers: Mapping[str, str | None],
    mode: VisitMode,
    outcome: VisitOutcome | None = None,
) -> tuple[VisitItem, ...]:
    """The mandatory items of such a contact that have no answer yet.

    ``answers`` by item key. None are asked for where nobody was met; without an outcome it is
    taken that somebody was.
    """
    if outcome is not None and outcome not in REPORTED:
        return ()
    return tuple(
        item
        for item in items
        if item.mandatory and mode in item.modes and not (answers.get(item.key) or "").strip()
    )
