"""The invented small companies that the forecast is learned from and judged on.

Owns the kinds, what of each is left to chance, and the cut-offs at which a company is asked. The
same kind and number always give the same company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from crmdesk.analytics.reorder import PurchaseDays, SaleLines, purchase_days
from crmdesk.analytics.reorder.exact import Ints
from crmdesk.analytics.reorder.snapshot import Snapshot, days_to_next, take_snapshot
from tests.benchmarks.small_trade import Rhythm, Span, Trade, lines_of

_FIRST_DAY = 17_900
_FEWEST_PURCHASES = 5
_MOST_PAIRS = 8_000
_STEADY: tuple[Rhythm, ...] = ("fixed", "regular")
_MOSTLY_STEADY: tuple[Rhythm, ...] = ("fixed", "regular", "loose")
_MONTHLY: tuple[Rhythm, ...] = ("regular", "loose")
_IRREGULAR: tuple[Rhythm, ...] = ("wild", "loose")

_Vary = Callable[[np.random.Generator, Trade], Trade]


@dataclass(frozen=True, slots=True)
class Company:
    """The sold lines of an invented company and the days as of which it asks for a forecast."""

    lines: SaleLines
    cutoffs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A history as of a day, its pairs, and the days until each was bought again."""

    as_of: int
    history: PurchaseDays
    snapshot: Snapshot
    days_to_next: Ints


def company(kind: str, number: int) -> Company:
    """The company of a kind of ``LEARNED`` or ``HELD_BACK``."""
    rng = np.random.default_rng([sum(map(ord, kind)), number])
    customers = int(rng.choice((3, 5, 8, 12, 20, 35, 80)))
    articles = int(rng.choice((5, 12, 30, 60, 200)))
    days = int(rng.choice((180, 270, 365, 550, 730)))
    if customers * articles > _MOST_PAIRS:
        articles = 60
    usual = Trade(customers, articles, days, _MOSTLY_STEADY, (7, 14, 14, 28))
    trade = (LEARNED | HELD_BACK)[kind](rng, usual)
    rows = np.array(lines_of(rng, trade), dtype=np.int64).reshape(-1, 4)
    end = trade.days
    cutoffs = trade.cutoffs or ((end - 34, end - 17, end) if end > 120 else (end - 14, end))
    return Company(
        SaleLines(rows[:, 0], rows[:, 1], rows[:, 2] + _FIRST_DAY, rows[:, 3]),
        tuple(_FIRST_DAY + day for day in cutoffs),
    )


def questions(kind: str, number: int) -> Iterator[Question]:
    """What a company is asked at each of its cut-offs; none where it has hardly sold a thing."""
    made = company(kind, number)
    purchases = purchase_days(made.lines)
    for as_of in made.cutoffs:
        history = purchases.until(as_of)
        if len(history) >= _FEWEST_PURCHASES:
            snapshot = take_snapshot(history, as_of)
            yield Question(as_of, history, snapshot, days_to_next(purchases, snapshot))


def _span(rng: np.random.Generator, start: int, least: int, end: int) -> tuple[Span]:
    """A span from ``start`` of at least ``least`` and fewer than ``end`` days."""
    return ((start, start + int(rng.integers(least, end))),)


def _mixed(rng: np.random.Generator, usual: Trade) -> Trade:
    return replace(
        usual,
        customers=int(rng.integers(10, 81)),
        articles=int(rng.choice((20, 60, 120))),
        rhythms=_STEADY + _MONTHLY + _IRREGULAR,
        gaps=(3, 7, 14, 21, 30, 60),
    )


def _august(rng: np.random.Generator, usual: Trade) -> Trade:
    """A closed month every year; asked before, at the beginning of, and after the last."""
    days = int(rng.choice((200, 565, 930)))
    closed = tuple((days - 40 - 365 * year, days - 9 - 365 * year) for year in range(3))
    cutoffs = (days - 48, days - 30, days - 7, days)
    return replace(usual, days=days, closed=closed, cutoffs=cutoffs)


def _missing(rng: np.random.Generator, usual: Trade) -> Trade:
    start = int(usual.days * rng.uniform(0.2, 0.8))
    return replace(usual, lost=_span(rng, start, 30, 75))


def _missing_late(rng: np.random.Generator, usual: Trade) -> Trade:
    start = usual.days - int(rng.integers(70, 110))
    return replace(usual, lost=_span(rng, start, 30, 60))


def _long(_rng: np.random.Generator, usual: Trade) -> Trade:
    customers, articles = min(usual.customers, 20), min(usual.articles, 60)
    return replace(usual, days=1825, customers=customers, articles=articles)


def _daily(_rng: np.random.Generator, usual: Trade) -> Trade:
    return replace(
        usual,
        gaps=(1, 2, 3),
        customers=min(usual.customers, 12),
        articles=min(usual.articles, 30),
        days=min(usual.days, 365),
    )


def _sparse(rng: np.random.Generator, usual: Trade) -> Trade:
    return replace(
        usual,
        customers=int(rng.integers(20, 81)),
        articles=int(rng.choice((100, 200, 300))),
        rhythms=_IRREGULAR,
        gaps=(7, 14, 25, 40),
        using_up=0.0,
        chances=(0.03, 0.06, 0.12, 0.25, 0.5),
        lapsing=0.4,
        joining=0.4,
        bulk=0.1,
        noise=float(rng.choice((0, 0.5))),
        changing=0.15,
    )


def _single(rng: np.random.Generator, usual: Trade) -> Trade:
    return replace(
        usual,
        customers=int(rng.integers(40, 161)),
        articles=int(rng.integers(1, 4)),
        rhythms=("wild", "wild", "loose"),
        gaps=(7, 15, 30, 60, 120),
        using_up=0.0,
        chances=(0.5, 0.9, 1.0),
        lapsing=float(rng.choice((0.2, 0.5, 0.8))),
        joining=0.5,
        noise=0.5,
    )


def _noisy(rng: np.random.Generator, usual: Trade) -> Trade:
    return replace(
        usual,
        rhythms=_IRREGULAR,
        gaps=(7, 14, 21, 30),
        chances=(0.08, 0.15, 0.3, 0.6),
        using_up=0.15,
        noise=0.6,
        lapsing=float(rng.choice((0.1, 0.5))),
        changing=0.2,
    )


def _strike(rng: np.random.Generator, usual: Trade) -> Trade:
    start = usual.days - int(rng.integers(20, 60))
    return replace(usual, closed=_span(rng, start, 14, 40))


LEARNED: dict[str, _Vary] = {
    "weekly": lambda rng, usual: replace(usual, rhythms=_STEADY, gaps=(7,)),
    "fortnight": lambda rng, usual: replace(usual, gaps=(14,)),
    "monthly": lambda rng, usual: replace(
        usual, rhythms=_MONTHLY, gaps=(28, 30, 35), days=max(usual.days, 365)
    ),
    "irregular": lambda rng, usual: replace(usual, rhythms=_IRREGULAR, gaps=(5, 10, 20, 40)),
    "mixed": _mixed,
    "season": lambda rng, usual: replace(
        usual, seasonal=0.5, days=int(rng.choice((500, 800, 1100)))
    ),
    "august": _august,
    "missing": _missing,
    "missing_late": _missing_late,
    "short": lambda rng, usual: replace(usual, days=int(rng.integers(42, 150))),
    "long": _long,
    "whale": lambda rng, usual: replace(usual, has_giant=True),
    "churn": lambda rng, usual: replace(usual, changing=0.6, lapsing=0.4, joining=0.4),
    "bulk": lambda rng, usual: replace(usual, bulk=0.12),
    "tiny": lambda rng, usual: replace(usual, customers=3, articles=5, gaps=(7, 14)),
    "need": lambda rng, usual: replace(usual, using_up=0.95),
    "daily": _daily,
    "sparse": _sparse,
    "single": _single,
    "noisy": _noisy,
}
"""The kinds that the shared coefficients are learned from; a kind's name is part of its seed."""
HELD_BACK: dict[str, _Vary] = {
    "strike": _strike,
    "drift": lambda rng, usual: replace(
        usual, rhythms=("loose",), gaps=(10, 17, 24), lapsing=0.5, using_up=0.6
    ),
    "slow": lambda rng, usual: replace(
        usual, rhythms=_MONTHLY + _IRREGULAR, gaps=(45, 60, 90), days=1095
    ),
}
"""Kinds that nothing is learned from."""
