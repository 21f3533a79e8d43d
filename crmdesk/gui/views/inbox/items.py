"""What the inbox shows, as frozen items without Qt: groups, one order in full, questions."""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.services.queries.inbox import Choice


@dataclass(frozen=True, slots=True)
class GroupItem:
    """A heading between rows: what it is about, how many, and an amount at the right."""

    key: str
    title: str
    note: str
    right: str
    tone: Tone = Tone.PLAIN
    icon: str = ""


@dataclass(frozen=True, slots=True)
class NoteItem:
    """One thing to look at, in words."""

    text: str
    tone: Tone
    icon: str


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of the order beside the list. ``packs`` is what stands in the field."""

    product_id: int
    name: str
    detail: str
    detail_tone: Tone
    packs: str
    pack: str
    price: str
    net: str
    changed: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """The order beside the list. ``altered`` says what the office has changed, newest last."""

    order_id: int
    account_id: int
    title: str
    badges: tuple[BadgeItem, ...]
    facts: tuple[str, ...]
    notes: tuple[NoteItem, ...]
    altered: tuple[NoteItem, ...]
    lines: tuple[LineItem, ...]
    totals: tuple[Pair, ...]
    credit: tuple[Pair, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """What can be done now: labels of the steps that fit, empty where one does not."""

    accept: str = ""
    reject: str = ""
    alter: str = ""
    ship: str = ""
    invoice: str = ""
    reopen: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question in place: what is asked, the structured answers, and the step that follows."""

    label: str
    choices: tuple[tuple[int, str], ...]
    step: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the list can be narrowed to, and what it is narrowed to now."""

    reps: tuple[Choice, ...]
    territories: tuple[Choice, ...]
    rep_id: int | None = None
    territory_id: int | None = None
