"""Objectives and questions of an attention model as one types them in a line.

Owns the short form: a bare text is an objective, ``Which day suits? Mon / Thu`` a question with
choices, ``How many fridges?`` one that is answered in words, and a ``!`` at the end makes either
mandatory. What an entry means is :mod:`crmdesk.domain.visit_work`'s; what the short form cannot say
(its key, its modes) stays as it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Entry = str | dict[str, object]


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
    choices = entry.get("choices")
    if isinstance(choices, list) and len(choices) > 1:
        words += " " + " / ".join(str(choice).strip() for choice in choices)
    return words + (" !" if entry.get("mandatory") is True else "")


def objective_entry(words: str) -> Entry | None:
    """What was typed as a stored entry; None for nothing."""
    text = words.strip()
    mandatory = text.endswith("!")
    text = text.rstrip("! ")
    if not text:
        return None
    question, mark, rest = text.rpartition("?")
    if not mark:
        return {"name": text, "mandatory": True} if mandatory else text
    entry: dict[str, object] = {"kind": "survey", "name": question.strip() + "?"}
    choices = [choice.strip() for choice in rest.split("/") if choice.strip()]
    if len(choices) > 1:
        entry |= {"answer": "choice", "choices": choices}
    if mandatory:
        entry["mandatory"] = True
    return entry


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
