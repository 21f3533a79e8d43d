"""What a form says when its row has changed since it was opened: only what was typed in it is said.

A round of sync may bring a colleague's words while a form is open. A field that still reads as it
did at the opening takes what stands now, so that saving the form never writes old words over new.
Where both have changed the same field, what was typed stands, and the field is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

Form = TypeVar("Form")
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Met(Generic[Key, Value]):
    """What a form says, by field, and the fields that somebody else has made something else of."""

    values: dict[Key, Value]
    collided: tuple[Key, ...] = ()


def meet(
    typed: Mapping[Key, Value], opened: Mapping[Key, Value], now: Mapping[Key, Value]
) -> Met[Key, Value]:
    """A form's fields, those that were not touched as they stand now.

    A field that is no longer asked for stays as it was typed; one of which nothing is known of the
    opening counts as typed.
    """
    values: dict[Key, Value] = {}
    collided = []
    for key, value in typed.items():
        current = now.get(key, value)
        if key in opened and value == opened[key]:
            values[key] = current
            continue
        values[key] = value
        if current != value and current != opened.get(key, current):
            collided.append(key)
    return Met(values, tuple(collided))


def met_form(typed: Form, opened: Form, now: Form) -> Form:
    """The same of a dataclass: those of its fields that were not touched as they stand now."""
    made: Any = typed
    merged: Form = replace(made, **meet(cells_of(typed), cells_of(opened), cells_of(now)).values)
    return merged


def collided_fields(typed: Form, opened: Form, now: Form) -> tuple[str, ...]:
    """The names of a dataclass's fields that were typed and that somebody else has changed too."""
    return meet(cells_of(typed), cells_of(opened), cells_of(now)).collided


def cells_of(form: object) -> dict[str, Any]:
    """The fields of a dataclass by name."""
    return {one.name: getattr(form, one.name) for one in fields(form)}  # type: ignore[arg-type]
