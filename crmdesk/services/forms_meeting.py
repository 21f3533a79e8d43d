"""What a form says when its row has changed since it was opened: only what was typed in it is said.

A round of sync may bring a colleague's words while a form is open. A field that still reads as it
did at the opening takes what stands now, so that saving the form never writes old words over new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

Form = TypeVar("Form")
Key = TypeVar("Key")


def met_form(typed: Form, opened: Form, now: Form) -> Form:
    """A form's fields (a dataclass), those that were not touched as they stand now."""
    untouched = {
        one.name: getattr(now, one.name)
        for one in fields(typed)  # type: ignore[arg-type]
        if getattr(typed, one.name) == getattr(opened, one.name)
    }
    made: Any = typed
    merged: Form = replace(made, **untouched)
    return merged


def met_values(
    typed: Mapping[Key, str], opened: Mapping[Key, str], now: Mapping[Key, str]
) -> dict[Key, str]:
    """The same of texts by key."""
    return {
        key: now.get(key, "") if text == opened.get(key, "") else text
        for key, text in typed.items()
    }
