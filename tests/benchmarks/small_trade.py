"""How an invented small company sells: the one place where its orders are drawn.

Owns the customers' rhythms, what they need of each article and when an article is sold at all.
Leaves to ``small_companies`` which companies there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crmdesk.analytics.reorder.exact import Floats

Rhythm = Literal["fixed", "regular", "loose", "wild"]
Span = tuple[int, int]
Line = tuple[int, int, int, int]

_USUAL_UNITS = (1, 2, 6, 6, 12, 12, 24)
_GAPS_A_PURCHASE_LASTS = (1, 1.5, 2, 3, 4)
_SHARES_OF_ARTICLES = (0.08, 0.2, 0.4)
_FEW_ARTICLES = 8
_OUT_OF_SEASON = 0.05
_DAYS_AFTER = 60


@dataclass(frozen=True, slots=True)
class Trade:
    """What a company is made from: days from its first, gaps in days, shares and chances to 1.

    ``closed`` and ``lost`` are spans of days without their end: nobody orders in the first, and
    the orders of the second are not in the data. ``changing`` articles come or go, ``lapsing``
    customers stop and ``joining`` ones begin later. ``using_up`` is the share of articles bought
    when the shelf is empty; the others are bought with one of ``chances`` at each order. ``bulk``
    is the chance of a purchase several times the usual, ``noise`` the spread of quantities (of
    their logarithm). With a giant the first customer orders the most often and the most articles.
    """

    customers: int
    articles: int
    days: int
    rhythms: Sequence[Rhythm]
    gaps: Sequence[int]
    closed: Sequence[Span] = ()
    lost: Sequence[Span] = ()
    cutoffs: Sequence[int] = ()
    lapsing: float = 0.1
    joining: float = 0.2
    changing: float = 0.05
    seasonal: float = 0.0
    bulk: float = 0.0
    noise: float = 0.0
    using_up: float = 0.3
    chances: Sequence[float] = (0.15, 0.3, 0.5, 0.7, 0.9, 0.97)
    has_giant: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    """A customer's order: its day, that of the one before, the usual gap."""

    day: int
    before: int | None
    gap: float


class _Articles:
    """When each article is sold, and in which months."""

    def __init__(self, rng: np.random.Generator, trade: Trade) -> None:
        count = trade.articles
        popularity = rng.dirichlet(np.full(count, 1.0)) * count + 0.05
        self.share: Floats = popularity / popularity.sum()
        self._first, self._last = np.zeros(count), np.full(count, 1e9)
        for article in range(count):
            if rng.random() < trade.changing:
                if rng.random() < 0.5:
                    self._first[article] = rng.random() * trade.days * 0.8
                else:
                    self._last[article] = trade.days * (0.3 + 0.7 * rng.random())
        self._peak = rng.random(count) * 365
        self._is_seasonal = rng.random(count) < trade.seasonal
        self._season_days = rng.uniform(60, 150, count)

    def demand(self, article: int, day: int) -> float | None:
        """1, less out of season; None while the article is not sold."""
        if not self._first[article] <= day <= self._last[article]:
            return None
        from_peak = abs((day - self._peak[article] + 182.5) % 365 - 182.5)
        if self._is_seasonal[article] and from_peak >= self._season_days[article] / 2:
            return _OUT_OF_SEASON
        return 1.0


@dataclass(slots=True)
class _UsedUp:
    """An article that is used evenly and bought when the shelf is about to be empty."""

    usual: int
    units_a_day: float
    stock: float = 0.0

    def bought(self, rng: np.random.Generator, trade: Trade, order: _Order, demand: float) -> int:
        """Units of an order."""
        if order.before is not None:
            usage = self.units_a_day * (order.day - order.before) * demand * rng.uniform(0.7, 1.3)
            self.stock = max(0.0, self.stock - usage)
        units = 0
        is_low = self.stock < self.units_a_day * order.gap * 0.6
        if is_low and (demand == 1.0 or rng.random() < demand):
            units = self.usual
        if units and trade.bulk and rng.random() < trade.bulk:
            units *= int(rng.integers(2, 6))
        self.stock += units
        return units


@dataclass(slots=True)
class _ByChance:
    """An article that is bought now and then, and not while a large purchase lasts."""

    usual: int
    chance: float
    lasts_until: float = 0.0

    def bought(self, rng: np.random.Generator, trade: Trade, order: _Order, demand: float) -> int:
        """Units of an order."""
        if self.lasts_until > order.day or rng.random() >= self.chance * demand:
            return 0
        if not trade.bulk or rng.random() >= trade.bulk:
            return self.usual
        times = int(rng.integers(2, 6))
        self.lasts_until = order.day + order.gap * (times - 1) * 0.8 / max(self.chance, 0.3)
        return self.usual * times


def lines_of(rng: np.random.Generator, trade: Trade) -> list[Line]:
    """Customer, article, day and units of every sold line, until 60 days after the last day."""
    articles = _Articles(rng, trade)
    lines = [
        line
        for customer in range(trade.customers)
        for line in _customer_lines(rng, trade, articles, customer)
    ]
    return [line for line in lines if not _within(line[2], trade.lost)]


def _customer_lines(
    rng: np.random.Generator, trade: Trade, articles: _Articles, customer: int
) -> Iterator[Line]:
    is_giant = trade.has_giant and customer == 0
    gap, days = _order_days(rng, trade, is_giant=is_giant)
    needs = _needs(rng, trade, articles, gap, is_giant=is_giant)
    before: int | None = None
    for day in days:
        if _within(day, trade.closed):
            continue
        order = _Order(day, before, gap)
        for article, need in needs.items():
            demand = articles.demand(article, day)
            units = 0 if demand is None else need.bought(rng, trade, order, demand)
            if units and trade.noise:
                units = max(1, round(units * np.exp(trade.noise * rng.normal())))
            if units:
                yield customer, article, day, units
        before = day


def _order_days(
    rng: np.random.Generator, trade: Trade, *, is_giant: bool
) -> tuple[float, list[int]]:
    """A customer's usual gap and the days of the orders."""
    gap = float(rng.choice(trade.gaps))
    rhythm = str(rng.choice(trade.rhythms))
    if is_giant:
        gap = float(min(trade.gaps))
    first = int(rng.random() * trade.days * 0.7) if rng.random() < trade.joining else 0
    end = trade.days + _DAYS_AFTER
    if rng.random() < trade.lapsing:
        end = int(trade.days * (0.3 + 0.8 * rng.random()))
    keeps_weekday = (rhythm == "fixed" or rng.random() < 0.4) and gap >= 7
    weekday = int(rng.integers(0, 5)) + 4 if keeps_weekday else None
    days = set()
    at = first + rng.random() * gap
    while at < end:
        days.add(int(at) if weekday is None else _nearest(int(at), weekday))
        at += _next_gap(rng, rhythm, gap)
    return gap, sorted(day for day in days if first <= day < end)


def _next_gap(rng: np.random.Generator, rhythm: str, gap: float) -> float:
    if rhythm == "fixed":
        return gap if rng.random() > 0.06 else 2 * gap
    if rhythm == "regular":
        return max(1.0, rng.normal(gap, 0.15 * gap))
    shape = 3.0 if rhythm == "loose" else 1.0
    return max(1.0, rng.gamma(shape, gap / shape))


def _nearest(day: int, weekday: int) -> int:
    """The nearest day of a weekday."""
    late = (day - weekday) % 7
    return day - late + (7 if late > 3 else 0)


def _needs(
    rng: np.random.Generator, trade: Trade, articles: _Articles, gap: float, *, is_giant: bool
) -> dict[int, _UsedUp | _ByChance]:
    """What a customer buys at all, in the order in which it is drawn."""
    count = trade.articles
    if count <= _FEW_ARTICLES:
        size = int(rng.integers(1, count + 1))
    else:
        share = 0.7 if is_giant else rng.choice(_SHARES_OF_ARTICLES)
        size = min(count, max(1, int(rng.poisson(count * share))))
    needs: dict[int, _UsedUp | _ByChance] = {}
    for article in rng.choice(count, size=size, replace=False, p=articles.share).tolist():
        usual = int(rng.choice(_USUAL_UNITS))
        if rng.random() < trade.using_up:
            lasts = gap * float(rng.choice(_GAPS_A_PURCHASE_LASTS))
            needs[article] = _UsedUp(usual, usual / lasts)
        else:
            needs[article] = _ByChance(usual, float(rng.choice(trade.chances)))
    return needs


def _within(day: int, spans: Sequence[Span]) -> bool:
    return any(start <= day < end for start, end in spans)
