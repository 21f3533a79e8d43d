"""How content customers are, how quickly they are served, which SKUs are complained about.

Pure. NPS, CSAT and first response are those of the formulas; the risk of losing a customer is the
sum of signs that is written at :func:`losing_risk`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crmdesk.analytics.figures import Figure, Missing

NPS_RANGE, CSAT_RANGE = (0, 10), (1, 5)
_PROMOTER, _DETRACTOR, _CONTENT = 9, 6, 4


@dataclass(frozen=True, slots=True)
class Content:
    """A satisfaction figure and the answers behind it."""

    share: float
    answers: int
    good: int
    bad: int


def nps(scores: Sequence[int]) -> Figure[Content]:
    """Net promoter score from answers of 0–10: share of 9–10 less share of 0–6, from −1 to 1."""
    told = [score for score in scores if NPS_RANGE[0] <= score <= NPS_RANGE[1]]
    if not told:
        return Figure(None, Missing.NO_ANSWERS)
    good = sum(score >= _PROMOTER for score in told)
    bad = sum(score <= _DETRACTOR for score in told)
    return Figure(Content((good - bad) / len(told), len(told), good, bad))


def csat(scores: Sequence[int]) -> Figure[Content]:
    """Customer satisfaction from answers of 1–5: the share of the top two boxes."""
    told = [score for score in scores if CSAT_RANGE[0] <= score <= CSAT_RANGE[1]]
    if not told:
        return Figure(None, Missing.NO_ANSWERS)
    good = sum(score >= _CONTENT for score in told)
    return Figure(Content(good / len(told), len(told), good, len(told) - good))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 90th percentile of some lengths of time, in minutes."""

    median: float
    most: float
    count: int


def spread(minutes: Sequence[float]) -> Figure[Spread]:
    """Median and 90th percentile, interpolated between neighbours."""
    if not minutes:
        return Figure(None, Missing.NO_TICKETS)
    told = sorted(minutes)
    return Figure(Spread(_quantile(told, 0.5), _quantile(told, 0.9), len(told)))


def _quantile(told: Sequence[float], share: float) -> float:
    place = (len(told) - 1) * share
    low = int(place)
    high = min(low + 1, len(told) - 1)
    return told[low] + (told[high] - told[low]) * (place - low)


# --------------------------------------------------------------------------- risk of losing


class Sign(StrEnum):
    """Why a customer may be lost."""

    LATE_ORDER = "late_order"
    TICKETS = "tickets"
    COMPLAINTS = "complaints"
    REOPENED = "reopened"
    DISCONTENT = "discontent"


_POINTS = {
    Sign.LATE_ORDER: 50, Sign.TICKETS: 15, Sign.COMPLAINTS: 20, Sign.REOPENED: 10,
    Sign.DISCONTENT: 15,
}  # fmt: skip
"""The most that each sign weighs; together they are at most 100."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a customer.

    ``lapse`` is days since the last order ÷ the usual interval, None with fewer than 3 orders;
    ``open_late`` counts open tickets beyond their target, ``complaints`` those of the last
    180 days, ``reopened`` tickets of these days that came back; ``low_score``: the latest
    score was 0–6 of 10
    or 1–3 of 5.
    """

    lapse: float | None = None
    open_late: int = 0
    complaints: int = 0
    reopened: int = 0
    low_score: bool = False


@dataclass(frozen=True, slots=True)
class Risk:
    """0 (none) to 100, and what makes it up, the heaviest first."""

    points: int
    parts: tuple[tuple[Sign, int], ...]


def losing_risk(signs: Signs) -> Risk:
    """The risk of losing a customer, as points.

    An order later than usual weighs from 0 at 1× the interval to 50 at 3×; open late tickets 15;
    complaints 10 each up to 20; tickets that came back 5 each up to 10; a low last score 15.
    """
    lapse = 0.0 if signs.lapse is None else min(max((signs.lapse - 1.0) / 2.0, 0.0), 1.0)
    weights = {
        Sign.LATE_ORDER: round(lapse * _POINTS[Sign.LATE_ORDER]),
        Sign.TICKETS: _POINTS[Sign.TICKETS] if signs.open_late else 0,
        Sign.COMPLAINTS: min(10 * signs.complaints, _POINTS[Sign.COMPLAINTS]),
        Sign.REOPENED: min(5 * signs.reopened, _POINTS[Sign.REOPENED]),
        Sign.DISCONTENT: _POINTS[Sign.DISCONTENT] if signs.low_score else 0,
    }
    parts = sorted(
        ((sign, points) for sign, points in weights.items() if points),
        key=lambda one: (-one[1], one[0]),
    )
    return Risk(min(100, sum(weights.values())), tuple(parts))
