"""What the sync centre shows, as frozen items without Qt.

Owns their shapes. They are made by the modules beside: model, waiting, needs and offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmdesk.gui.widgets.items import BadgeItem, Tone


@dataclass(frozen=True, slots=True)
class TileItem:
    """One figure of the strip at the top; ``waits``: a round by itself will try to better it."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN
    waits: bool = False


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of a list: icon, words, muted words, and what stands at the right.

    ``more`` is told when the line is opened.
    """

    icon: str
    words: str
    note: str
    right: str
    tone: Tone = Tone.MUTED
    detail: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SideItem:
    """Mine or theirs: the value, a muted word above it, and whether it is the kept one."""

    value: str
    word: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class FieldItem:
    """A collided field; ``restorable`` when a side can be chosen, ``typed`` when another value can.

    ``plain`` is the kept value as one would type it.
    """

    conflict_id: int
    name: str
    before: str
    mine: SideItem
    theirs: SideItem
    restorable: bool
    typed: bool = False
    plain: str = ""


@dataclass(frozen=True, slots=True)
class NeedItem:
    """A card of "need you"; ``fields`` are empty where there is nothing to compare.

    ``heads`` are the titles of the four columns with a note below each; ``lines`` what is told
    below the sentence. ``order_id`` is the draft to go on with (``quote_id`` where it is a quote),
    ``copy_id`` the document to copy.
    """

    key: str
    kind: str
    ids: tuple[int, ...]
    badge: BadgeItem
    title: str
    note: str
    at: str
    sentence: str
    hint: str
    heads: tuple[tuple[str, str], ...] = ()
    fields: tuple[FieldItem, ...] = ()
    lines: tuple[str, ...] = ()
    account_id: int | None = None
    order_id: int | None = None
    copy_id: int | None = None
    quote_id: int | None = None
    can_retry: bool = False

    @property
    def restorable(self) -> tuple[FieldItem, ...]:
        """The fields in which a side can be chosen."""
        return tuple(field for field in self.fields if field.restorable)


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """A row of a list that is walked: proposals, and what was settled.

    ``before`` and ``after`` stand at the right with an arrow between; ``warning`` beside ``note``.
    """

    key: str
    icon: str
    title: str
    note: str
    right: str
    before: str = ""
    after: str = ""
    warning: str = ""
    tone: Tone = Tone.MUTED
    ids: tuple[int, ...] = ()
    kind: str = ""
    account_id: int | None = None
    order_id: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class CentreItem:
    """The whole sync centre in words; ``decides`` when the person decides proposals."""

    subtitle: str
    tiles: tuple[TileItem, ...]
    waiting: tuple[LineItem, ...]
    waiting_count: int
    sessions: tuple[LineItem, ...]
    footnote: str
    needs: tuple[NeedItem, ...]
    proposals: tuple[ChoiceItem, ...]
    settled: tuple[ChoiceItem, ...]
    summary: str
    alone: bool
    decides: bool

    def tiles_with(self, next_try: str) -> tuple[TileItem, ...]:
        """The figures, with when the next round comes where that matters."""
        return tuple(
            replace(tile, note=next_try) if tile.waits and next_try else tile for tile in self.tiles
        )
