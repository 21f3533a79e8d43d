"""A form saved after somebody else has changed what it is about: what was typed goes in, no more.

Owns the one way in which the forms of the window do this, and its words; no Qt. A widget hands in
what stands in a form with what it showed at first (:class:`Filled`), a presenter says what the same
form would show now, and how what is typed is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from crmdesk.gui.presenting import Desk
from crmdesk.i18n import _
from crmdesk.services.forms_meeting import cells_of, collided_fields, meet, met_form
from crmdesk.services.workspace import Workspace

T = TypeVar("T")
Form = TypeVar("Form")

Theirs = tuple[tuple[str, str], ...]
"""Labels of fields that both have changed, and what somebody else has made of each."""

_MOST_WORDS = 60


class Asked(Protocol):
    """A field of any form: key, label, text, and choices as (value, words) where it has some."""

    @property
    def key(self) -> str:
        """Its name among the values."""

    @property
    def label(self) -> str:
        """What people read beside it."""

    @property
    def text(self) -> str:
        """What it shows."""

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What can be chosen; empty where it is typed."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is given, by key of its fields: what stands in it, what it showed at first."""

    values: Mapping[str, str]
    opened: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(slots=True)
class TypedForm(Generic[Form]):
    """A form (a dataclass of texts) that is shown again after every change: typed, and opened as.

    ``typed`` is what stands in it, ``opened`` what stood there before anything was typed.
    """

    typed: Form
    opened: Form

    def show(self, now: Form, opened: Form | None = None) -> None:
        """Another thing is shown; ``opened``: where what is shown is itself a proposal."""
        self.typed, self.opened = now, now if opened is None else opened

    def renew(self, now: Form) -> tuple[str, ...]:
        """The same thing as it is now: what was typed stays. Names of what both have changed."""
        both = collided_fields(self.typed, self.opened, now)
        self.typed = met_form(self.typed, self.opened, now)
        made: Any = now
        self.opened = replace(made, **{name: getattr(self.opened, name) for name in both})
        return both

    @property
    def filled(self) -> Filled:
        """It as a form that is saved."""
        return Filled(cells_of(self.typed), cells_of(self.opened))


def keep(
    ws: Workspace,
    filled: Filled,
    now: Callable[[], Sequence[Asked]],
    save: Callable[[Mapping[str, str]], T],
) -> tuple[T, Theirs]:
    """Save a form on the writer's thread; nothing of a sync comes between reading and writing.

    ``now`` gives the fields as they would be shown now, ``save`` takes all values by key. What
    either raises is raised.
    """
    with ws.database.undisturbed():
        fields = now()
        met = meet(filled.values, filled.opened, {one.key: one.text for one in fields})
        return save(met.values), theirs_of(fields, met.collided)


def theirs_of(fields: Sequence[Asked], collided: Sequence[str]) -> Theirs:
    """What fields say as they would be shown now: label and words of each that collided."""
    return tuple(
        (one.label, dict(one.choices).get(one.text, one.text))
        for one in fields
        if one.key in collided
    )


def theirs_notice(theirs: Theirs) -> str:
    """What a form says while it is open and both have changed the same; empty where nobody has."""
    if not theirs:
        return ""
    return f"{_said(theirs)} {_('Yours stands if you save it.')}"


def say_theirs(desk: Desk, theirs: Theirs) -> None:
    """Say where both have changed the same, and what theirs was; nothing where nobody has."""
    if theirs:
        desk.banner(_said(theirs), _("Yours stands now; undo brings theirs back."))


def _said(theirs: Theirs) -> str:
    one = _("“{field}” to “{words}”")
    parts = [one.format(field=label, words=_short(words)) for label, words in theirs]
    said = _("Somebody else has changed {fields} meanwhile.")
    return said.format(fields=", ".join(parts))


def _short(words: str) -> str:
    line = " ".join(words.split()) or "–"
    return line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]}…"
