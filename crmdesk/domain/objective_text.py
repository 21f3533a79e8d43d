"""Objectives and questions of an attention model as one types them in a line.

Owns the short form: a bare text is an objective, ``Which day suits? Mon / Thu`` a question with
choices, ``How many fridges? #`` one that is answered with a number, ``Open on Sunday? yes / no``
with one of both, ``What else?`` in words; a ``!`` makes any mandatory, and ``@call, video`` at the
end says in which contacts it is asked (else in person). What an entry means is
:mod:`crmdesk.domain.visit_work`'s; what the short form cannot say (its key) stays as it is
stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmdesk.domain.states import VisitMode
from crmdesk.i18n import _

Entry = str | dict[str, object]
_NUMBER, _YES_NO = "#", "yes / no"
_YES_NO_WORDS = ["yes", "no"]


def objective_words(entry: object) -> str:
    """A stored entry in the short form; empty for what cannot be meant."""
    if isinstance(entry, str):
        return entry.strip()
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(name, str) or not name.strip():
        return ""
    words = name.strip()
    if entry.get("kind") == "survey" and not words.endswith("?"):
        words += "?"
    answer, choices = entry.get("answer"), entry.get("choices")
    asked = entry.get("kind") == "survey"
    if asked and answer == "number":
        words += f" {_NUMBER}"
    elif asked and answer == "yes_no":
        words += f" {_YES_NO}"
    elif isinstance(choices, list) and len(choices) > 1:
        words += " " + " / ".join(str(choice).strip() for choice in choices)
    if entry.get("mandatory") is True:
        words += " !"
    modes = entry.get("modes")
    if isinstance(modes, list) and modes and modes != ["person"]:
        words += " @" + ", ".join(str(mode) for mode in modes)
    return words


def objective_entry(words: str) -> Entry | None:
    """What was typed as a stored entry; None for nothing."""
    text, modes = _without_modes(words.strip())
    mandatory = text.endswith("!")
    text = text.rstrip("! ")
    if not text:
        return None
    question, mark, rest = text.rpartition("?")
    if not mark:
        plain: dict[str, object] = {"name": text}
        if mandatory:
            plain["mandatory"] = True
        if modes:
            plain["modes"] = modes
        return plain if len(plain) > 1 else text
    entry: dict[str, object] = {"kind": "survey", "name": question.strip() + "?"}
    choices = [choice.strip() for choice in rest.split("/") if choice.strip()]
    if rest.strip() == _NUMBER:
        entry["answer"] = "number"
    elif [choice.casefold() for choice in choices] in (_YES_NO_WORDS, [_("yes"), _("no")]):
        entry["answer"] = "yes_no"
    elif len(choices) > 1:
        entry |= {"answer": "choice", "choices": choices}
    if mandatory:
        entry["mandatory"] = True
    if modes:
        entry["modes"] = modes
    return entry


def _without_modes(words: str) -> tuple[str, list[str]]:
    """The text before ``@call, video``, and these; words behind an @ that are no modes stay."""
    text, mark, rest = words.rpartition("@")
    named = [word.strip().casefold() for word in rest.split(",")]
    if not mark or not all(word in set(VisitMode) for word in named):
        return words, []
    return text.strip(), list(dict.fromkeys(named))


def objective_entries(typed: Sequence[str], stored: object) -> list[Entry]:
    """What was typed as the document; an entry whose words are unchanged stays as it is stored."""
    known = {objective_words(one): one for one in stored} if isinstance(stored, list) else {}
    found: list[Entry] = []
    for words in typed:
        entry = known.get(words.strip())
        if not isinstance(entry, (str, dict)):
            entry = objective_entry(words)
        if entry is not None:
            found.append(entry)
    return found
