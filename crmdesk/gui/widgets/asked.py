"""What a form asks: fields with their labels, texts and choices. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field: its key, label and text; ``choices`` are (value, words); ``wide``: a whole row."""

    key: str
    label: str
    text: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    wide: bool = False
