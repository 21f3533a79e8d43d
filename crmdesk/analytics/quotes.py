"""How likely an open quote is to be won, from the company's own decided quotes.

A share of similar quotes, never a typed percentage. *Similar* narrows step by step: quotes that
were still open at the same age, then of the same segment, then of the same size, then followed up
as often by then. Each step is shrunk to the one before it (as if ``_WEIGHT`` quotes had been
decided like those), so that a handful of cases never speaks alone. With too few cases there is no
figure.
Owns these figures; which rows they rest on is left to the queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdesk.analytics.figures import Figure, Missing

FEWEST = 20
"""With fewer decided quotes that were open at that age there is no honest share."""

_WEIGHT = 8.0
_MOST_FOLLOW_UPS = 2


@dataclass(frozen=True, slots=True)
class DecidedQuote:
    """A quote that was won, lost or expired.

    ``days_open`` from sending to the decision; ``follow_ups`` are the days after sending on which
    it was followed up; ``net_minor`` is what it came to.
    """

    segment: str
    net_minor: int
    days_open: int
    follow_ups: tuple[int, ...]
    won: bool


@dataclass(frozen=True, slots=True)
class OpenQuote:
    """A quote that waits: its age in days and how often it was followed up."""

    segment: str
    net_minor: int
    age_days: int
    follow_ups: int


@dataclass(frozen=True, slots=True)
class WinChance:
    """The share won, of how many ``similar`` quotes, and of how many in all at that age."""

    share: float
    similar: int
    of: int
    company_share: float


_Path = tuple[object, ...]


class WinHistory:
    """Chances of open quotes against one set of decided ones; counts of an age are made once."""

    def __init__(self, decided: Sequence[DecidedQuote]) -> None:
        self._cuts = _terciles([quote.net_minor for quote in decided])
        self._decided = [
            (quote.segment, self._size(quote.net_minor), quote.days_open, quote.follow_ups,
             quote.won)
            for quote in decided
        ]  # fmt: skip
        self._counts: dict[int, dict[_Path, list[int]]] = {}

    def chance(self, quote: OpenQuote) -> Figure[WinChance]:
        """The chance of one quote, or TOO_FEW_QUOTES."""
        counts = self._at(max(quote.age_days, 0))
        path: _Path = (
            quote.segment, self._size(quote.net_minor), min(quote.follow_ups, _MOST_FOLLOW_UPS)
        )  # fmt: skip
        of, won = counts.get((), [0, 0])
        if of < FEWEST:
            return Figure(None, Missing.TOO_FEW_QUOTES)
        company = share = won / of
        similar = of
        for depth in range(1, len(path) + 1):
            similar, won = counts.get(path[:depth], [0, 0])
            share = (won + _WEIGHT * share) / (similar + _WEIGHT)
        return Figure(WinChance(share, similar, of, company))

    def _at(self, age: int) -> dict[_Path, list[int]]:
        """How many were decided and won among those still open at an age, by every step."""
        found = self._counts.get(age)
        if found is not None:
            return found
        whole: dict[_Path, list[int]] = {}
        for segment, size, days_open, follow_ups, won in self._decided:
            if days_open < age:
                continue
            by_then = 0
            for day in follow_ups:
                by_then += day <= age
            path = (segment, size, min(by_then, _MOST_FOLLOW_UPS))
            count = whole.setdefault(path, [0, 0])
            count[0] += 1
            count[1] += won
        found = self._counts[age] = {}
        for full, (decided, of_them) in whole.items():
            for depth in range(len(full) + 1):
                count = found.setdefault(full[:depth], [0, 0])
                count[0] += decided
                count[1] += of_them
        return found

    def _size(self, net_minor: int) -> int:
        return sum(net_minor > cut for cut in self._cuts)


def expected_minor(chances: Sequence[tuple[int, Figure[WinChance]]]) -> Figure[int]:
    """What open quotes are worth: Σ net × chance in minor units; ``chances`` are (net, chance).

    Quotes without a chance are left out; TOO_FEW_QUOTES when none has one.
    """
    known = [(net, found.value.share) for net, found in chances if found.value is not None]
    if chances and not known:
        return Figure(None, Missing.TOO_FEW_QUOTES)
    return Figure(round(sum(net * share for net, share in known)))


def _terciles(values: Sequence[int]) -> tuple[int, ...]:
    ordered = sorted(values)
    if len(ordered) < 3:
        return ()
    return ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
