"""Fields of the company's own on a customer: their kinds, and what may be typed into each.

Owns the kinds and the check of a value. Definitions are the office's, values everybody's who has
the customer (:mod:`crmdesk.services.custom_fields`). Values are kept as texts: a number with a
point, a day in ISO form, ``yes`` or ``no``, a choice as the office wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from crmdesk.domain.errors import FieldError
from crmdesk.i18n import _

MOST_FIELDS, MOST_CHOICES, MOST_TEXT = 40, 30, 1_000
YES, NO = "yes", "no"
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


class FieldKind(StrEnum):
    """What a field of the company's own holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field as the office defined it; ``id`` is local, 0 for one that is not stored yet."""

    id: int
    name: str
    kind: FieldKind = FieldKind.TEXT
    choices: tuple[str, ...] = ()
    position: int = 0
    active: bool = True


def kind_word(kind: FieldKind) -> str:
    """The kind as people know it."""
    return {
        FieldKind.TEXT: _("Text"), FieldKind.NUMBER: _("Number"), FieldKind.DATE: _("Day"),
        FieldKind.CHOICE: _("Choice"), FieldKind.YES_NO: _("Yes or no"),
    }[kind]  # fmt: skip


def read_kind(value: object) -> FieldKind:
    """The kind a row says; text for one that this program does not know."""
    return FieldKind(str(value)) if value in set(FieldKind) else FieldKind.TEXT


def read_choices(value: object) -> tuple[str, ...]:
    """The choices a stored document means."""
    if not isinstance(value, list):
        return ()
    words = (one.strip() for one in value if isinstance(one, str) and one.strip())
    return tuple(dict.fromkeys(words))[:MOST_CHOICES]


def check_definition(name: str, kind: FieldKind, choices: Sequence[str]) -> None:
    """FieldError for a field that cannot be."""
    if not name.strip():
        raise FieldError("name", _("A field needs a name."))
    if len(name.strip()) > 60:
        raise FieldError("name", _("A name has 60 characters at most."))
    if kind is FieldKind.CHOICE and not 2 <= len(choices) <= MOST_CHOICES:
        raise FieldError("choices", _("A choice has 2 to 30 answers, parted by commas."))


def check_value(field: CustomField, typed: str) -> str:
    """What is stored for something typed; empty for nothing. FieldError for what is no value."""
    text = " ".join(typed.split())
    if not text:
        return ""
    if field.kind is FieldKind.NUMBER:
        plain = text.replace(",", ".")
        if _NUMBER.fullmatch(plain) is None:
            raise _wrong(field, _("“{text}” is no number.").format(text=text))
        return plain
    if field.kind is FieldKind.DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            words = _("{text} is not a date like 1980-11-24.").format(text=text)
            raise _wrong(field, words) from None
    if field.kind is FieldKind.YES_NO:
        said = {YES: YES, NO: NO, _("yes"): YES, _("no"): NO}.get(text.casefold())
        if said is None:
            raise _wrong(field, _("Answer “{name}” with yes or no.").format(name=field.name))
        return said
    if field.kind is FieldKind.CHOICE:
        found = next((one for one in field.choices if one.casefold() == text.casefold()), None)
        if found is None:
            words = _("“{text}” is none of the answers to “{name}”.")
            raise _wrong(field, words.format(text=text, name=field.name))
        return found
    return text[:MOST_TEXT]


def _wrong(field: CustomField, words: str) -> FieldError:
    return FieldError(f"custom.{field.id}", words)
