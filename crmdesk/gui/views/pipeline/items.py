"""What the pipeline shows, as frozen rows without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmdesk.domain.pipeline import Stage
from crmdesk.gui.widgets.items import Pair, Tone


class Mode(StrEnum):
    """The four ways to look at it."""

    BOARD = "board"
    LIST = "list"
    LEADS = "leads"
    FIGURES = "figures"


@dataclass(frozen=True, slots=True)
class DealCard:
    """One opportunity on the board; ``mark`` says why it wants attention."""

    key: int
    title: str
    customer: str
    value: str
    step: str
    step_tone: Tone
    stale: str
    is_open: bool

    def spoken(self) -> str:
        """The card as a screen reader says it."""
        parts = (self.title, self.customer, self.value, self.step, self.stale)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class ColumnItem:
    """One column of the board; ``stages`` are what stands in it, ``stage`` what a drop means."""

    stage: Stage
    title: str
    facts: str
    cards: tuple[DealCard, ...]
    more: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line at the side: a day or a label, words, and where it leads."""

    lead: str
    text: str
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class SideItem:
    """What stands beside the board: title, figures, and blocks of lines with their headings."""

    title: str
    about: str
    pairs: tuple[Pair, ...]
    blocks: tuple[tuple[str, tuple[LineItem, ...]], ...]
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that opens its rows: what it is called, says, rests on, and how it is made."""

    label: str
    value: str
    note: str
    sentence: str
    keys: tuple[int, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A cell of stage × reason; ``level`` 1 … 4 by how many."""

    text: str
    level: int
    figure: Figure


@dataclass(frozen=True, slots=True)
class BreaksItem:
    """Where deals break: heads of the columns, and a row with its cells for each reason."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[HeatCell | None, ...]], ...]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of bars: a label, parts (words, share of the widest, level) and a figure."""

    label: str
    parts: tuple[tuple[str, float, int], ...]
    value: str
    won: bool
    figure: Figure


@dataclass(frozen=True, slots=True)
class MonthItem:
    """One replay: shares of the largest amount for what was won, forecast and usual weights."""

    label: str
    actual: float
    expected: float | None
    usual: float
    figure: Figure


@dataclass(frozen=True, slots=True)
class FiguresItem:
    """All pictures of the figures."""

    tiles: tuple[Figure, ...]
    months: tuple[MonthItem, ...]
    months_note: str
    months_top: str
    flows: tuple[Bar, ...]
    people: tuple[Bar, ...]
    breaks: BreaksItem
    lines: tuple[Bar, ...]
    line_heads: tuple[str, ...]
