"""What the painted widgets show, as frozen rows without Qt, so that presenters can make them.

Owns the display items (facts, badges, timeline events, heat map rows, waterfall steps, purchases)
and the pure scales behind them. Painting is left to the widget modules, wording and number formats
to the presenters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import accumulate

_BUSY = 2.0


class Tone(StrEnum):
    """What a colour says; a tone is always shown beside an icon or a word."""

    PLAIN = "plain"
    MUTED = "muted"
    ACCENT = "accent"
    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class BadgeItem:
    """A status chip: short text, a tone and an optional icon name."""

    text: str
    tone: Tone = Tone.MUTED
    icon: str = ""
    figure: str = ""


@dataclass(frozen=True, slots=True)
class FactPart:
    """A run of a fact's value in one tone and weight."""

    text: str
    tone: Tone = Tone.PLAIN
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled figure of a facts strip; `why` is said when the figure is "–".

    `figure` names what opens it, where it can be opened.
    """

    label: str
    parts: tuple[FactPart, ...]
    why: str = ""
    figure: str = ""

    @property
    def text(self) -> str:
        """The value as a screen reader says it."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One event of a customer's history; `kind` decides the icon and the filter it belongs to."""

    key: str
    day: date
    kind: str
    icon: str
    title: str
    detail: str = ""
    value: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class MonthCount:
    """How many events a month holds; `month` is its first day."""

    month: date
    count: int


@dataclass(frozen=True, slots=True)
class HeatItem:
    """One SKU of the heat map: base units per month, oldest first, and what follows from them."""

    key: int
    name: str
    levels: tuple[int, ...]
    units: tuple[int, ...]
    every: str = ""
    next_due: str = ""
    next_tone: Tone = Tone.PLAIN
    next_icon: str = ""
    usual: str = ""
    suggest: str = ""
    sentence: str = ""
    faded: bool = False
    price: str = ""
    margin: str = ""
    margin_tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """A bar of a waterfall: a total stands on the base line, a change hangs from the one before."""

    key: str
    label: str
    amount_minor: int
    text: str
    total: bool = False
    tone: Tone = Tone.MUTED


@dataclass(frozen=True, slots=True)
class WaterfallBar:
    """Where a step stands: from `low_minor` to `high_minor`, ending at `end_minor`."""

    step: WaterfallStep
    low_minor: int
    high_minor: int
    end_minor: int


@dataclass(frozen=True, slots=True)
class CreditPart:
    """A stretch of a credit bar with the words and amount that stand below it."""

    key: str
    label: str
    amount_minor: int
    text: str
    tone: Tone = Tone.ACCENT


@dataclass(frozen=True, slots=True)
class Purchases:
    """Purchase-days of one SKU at one customer: days before now (0 = today) and base units."""

    span_days: int
    marks: tuple[tuple[int, int], ...] = field(default=())


def waterfall_bars(steps: Sequence[WaterfallStep]) -> tuple[WaterfallBar, ...]:
    """Stack the steps: a change starts where the one before ended, a total restarts from zero."""
    bars: list[WaterfallBar] = []
    level = 0
    for step in steps:
        start = 0 if step.total else level
        level = start + step.amount_minor
        bars.append(WaterfallBar(step, min(start, level), max(start, level), level))
    return tuple(bars)


def heat_thresholds(rows: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Quarters of a busy month (the 95th percentile of those bought at all); zeros without any.

    The rows are months in usual purchases, so that SKUs of different units can be compared: a
    frequent SKU is darker than a rare one, and a season stands out within its row. A busy month is
    at least two usual purchases, or a steady buyer's months would all be the darkest.
    """
    values = sorted(value for row in rows for value in row if value > 0)
    if not values:
        return (0.0, 0.0, 0.0)
    busy = max(values[(len(values) - 1) * 95 // 100], _BUSY)
    return (busy / 4, busy / 2, busy * 3 / 4)


def heat_level(value: float, thresholds: tuple[float, float, float]) -> int:
    """0 for nothing bought, then 1 to 4 by the quarter of a busy month that was reached."""
    if value <= 0:
        return 0
    return 1 + sum(value > limit for limit in thresholds)


class MonthIndex:
    """Rows of a list grouped by month: one heading and then `count` events for each month.

    Knows which row is a heading and which event of which month, from counts alone, so that a list
    of any length can be scrolled and jumped in before an event has been read.
    """

    def __init__(self, months: Sequence[MonthCount]) -> None:
        self.months = tuple(m for m in months if m.count > 0)
        self._starts = [0, *accumulate(m.count + 1 for m in self.months)]
        self._by_month = {m.month: i for i, m in enumerate(self.months)}

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def events(self) -> int:
        """How many events there are, headings not counted."""
        return len(self) - len(self.months)

    def locate(self, row: int) -> tuple[int, int]:
        """Which month (position) and which event in it; -1 is the month's heading."""
        month = bisect_right(self._starts, row) - 1
        return month, row - self._starts[month] - 1

    def heading_row(self, position: int) -> int:
        """The row of a month's heading."""
        return self._starts[position]

    def row_of(self, month: date) -> int | None:
        """The heading of that month, or of the nearest older one; None in an empty list."""
        if month in self._by_month:
            return self._starts[self._by_month[month]]
        for position, entry in enumerate(self.months):
            if entry.month <= month:
                return self._starts[position]
        return self._starts[len(self.months) - 1] if self.months else None


@dataclass(frozen=True, slots=True)
class NeedItem:
    """A SKU that will be needed: its state in a word, the sentence why, how likely, how much."""

    key: int
    name: str
    word: str
    icon: str
    tone: Tone
    sentence: str
    probability: float
    suggest: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled figure on a line of its own; `note` stands muted after the figure."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN
    label_tone: Tone = Tone.PLAIN
    strong: bool = False
    icon: str = ""


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """What is said: loudly, then quietly; ``action`` are the words of its button, empty: none."""

    loud: str
    quiet: str = ""
    tone: str = "warning"
    icon: str = "warning"
    action: str = ""
    key: str = ""
