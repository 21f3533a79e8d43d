"""What serving a customer costs and brings in a month, as a function of how it is served.

Owns the arithmetic behind "what if we visited every 14 days": hours and kilometres follow from the
contacts, margin from the customer's own buying rhythms. Leaves reading rows to the services and
the rounding of money to whoever shows it. Money is in major units, times in minutes.

**Margin.** A customer who orders when somebody comes waits on average half the time between two
contacts with an empty shelf: of an observed cycle T the part W = min((1 − s)·C/2, T/2) is waiting,
with C the days between contacts and s the share of orders placed without one. With contacts every
C' days the cycle becomes T − W + W·C'/C, and the margin changes by T ÷ that. Waiting is at most
half of the cycle, so that no promise is larger than a doubling.

**In plans.** A model asks for visits; a plan makes most of them, and no more than the hours allow.
`kept_share` says how many, so that a change of models can be told as plans will show it. It was set
beside plans of generated territories (`docs/planning.md`); kilometres grow as visits do, because a
plan fills its days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crmdesk.planning.attention import AttentionModel

MONTH_DAYS: Final = 365.0 / 12.0
MOST_WAITING: Final = 0.5
INTERVALS: Final = (7, 14, 21, 28, 42, 56, 84)
MOST_BETWEEN: Final = 3
#: A customer buys much faster than it is seen below this ratio, much slower above the other.
MUCH_FASTER: Final = 0.75
MUCH_SLOWER: Final = 1.4
LEAST_OF_CYCLE: Final = 0.7
STEP_MAY_GROW: Final = 1.5
STEP_MAY_SHRINK: Final = 0.9
#: Of the visits asked for, those a plan makes where hours are no limit; the rest wait a little.
PLANNED_SHARE: Final = 0.8
#: Nine of ten answers of `in_plans` lay within this share of plans made for both variants.
PLANS_WITHIN: Final = 0.19


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One product's rhythm at a customer: days between purchases, margin a day it brings now."""

    cycle_days: float
    margin_per_day: float


@dataclass(frozen=True, slots=True)
class Practice:
    """How a customer was served so far, and what getting there takes.

    ``step_days`` are the days between two contacts as they were made; ``alone`` the share of its
    orders placed without a contact; ``call_worth`` what a call brings against a visit, 0 to 1;
    ``km`` and ``drive_minutes`` the usual way to it on a route.
    """

    step_days: float
    alone: float
    call_worth: float
    km: float
    drive_minutes: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What a minute of a rep's time and a kilometre cost."""

    per_minute: float
    per_km: float


@dataclass(frozen=True, slots=True)
class Effort:
    """A month of serving: contacts, hours, kilometres, and money in major units."""

    visits: float = 0.0
    calls: float = 0.0
    hours: float = 0.0
    km: float = 0.0
    margin: float = 0.0
    cost: float = 0.0

    @property
    def net(self) -> float:
        """Margin less what serving costs."""
        return self.margin - self.cost

    def __add__(self, other: Effort) -> Effort:
        return Effort(
            self.visits + other.visits, self.calls + other.calls, self.hours + other.hours,
            self.km + other.km, self.margin + other.margin, self.cost + other.cost,
        )  # fmt: skip

    def __sub__(self, other: Effort) -> Effort:
        return Effort(
            self.visits - other.visits, self.calls - other.calls, self.hours - other.hours,
            self.km - other.km, self.margin - other.margin, self.cost - other.cost,
        )  # fmt: skip


def contact_step(model: AttentionModel, call_worth: float) -> float:
    """Days between two contacts that count, a call for its share of a visit."""
    return model.interval_days / (1.0 + model.virtual_between * min(max(call_worth, 0.0), 1.0))


def margin_per_day(rhythm: Rhythm, practice: Practice, step_days: float) -> float:
    """What a product brings a day when contacts are ``step_days`` apart (see the module)."""
    if rhythm.cycle_days <= 0.0 or practice.step_days <= 0.0:
        return rhythm.margin_per_day
    waits = 1.0 - min(max(practice.alone, 0.0), 1.0)
    most = MOST_WAITING * rhythm.cycle_days
    waiting = min(waits * practice.step_days / 2.0, most)
    cycle = rhythm.cycle_days - waiting + waiting * step_days / practice.step_days
    return rhythm.margin_per_day * rhythm.cycle_days / cycle


def effort(
    model: AttentionModel, practice: Practice, rhythms: Iterable[Rhythm], rates: Rates
) -> Effort:
    """A month of serving a customer by a model."""
    visits = MONTH_DAYS / model.interval_days
    calls = visits * model.virtual_between
    minutes = visits * (model.visit_minutes + practice.drive_minutes)
    minutes += calls * model.virtual_minutes
    km = visits * practice.km
    step = contact_step(model, practice.call_worth)
    brings = math.fsum(margin_per_day(rhythm, practice, step) for rhythm in rhythms)
    return Effort(
        visits=visits,
        calls=calls,
        hours=minutes / 60.0,
        km=km,
        margin=brings * MONTH_DAYS,
        cost=minutes * rates.per_minute + km * rates.per_km,
    )


def kept_share(hours_needed: float, hours_there: float) -> float:
    """The share, 0 to 1, of the visits asked for that plans make in the hours there."""
    if hours_needed <= 0.0 or hours_there <= 0.0:
        return PLANNED_SHARE
    return min(PLANNED_SHARE, hours_there / hours_needed)


def in_plans(asked: Effort, hours_there: float) -> Effort:
    """What plans make of what models ask for in a month; margin and cost are left out."""
    share = kept_share(asked.hours, hours_there)
    return Effort(
        visits=asked.visits * share,
        calls=asked.calls * share,
        hours=asked.hours * share,
        km=asked.km * share,
    )


def total(efforts: Iterable[Effort]) -> Effort:
    """All of them together."""
    result = Effort()
    for one in efforts:
        result += one
    return result


class Misfit(Enum):
    """What does not fit between how a customer buys and how it is served."""

    BUYS_FASTER = "buys_faster"
    BUYS_SLOWER = "buys_slower"
    COSTS_MORE = "costs_more"


@dataclass(frozen=True, slots=True)
class Fitting:
    """A model that would fit better, and why."""

    model: AttentionModel
    misfit: Misfit


def fitting_model(
    model: AttentionModel,
    practice: Practice,
    rhythms: Sequence[Rhythm],
    rates: Rates,
    buys_every: float,
    visited_every: float | None,
) -> Fitting | None:
    """A rhythm that fits how a customer buys, where the data speak for one; the minutes stay.

    Only what was seen counts: the interval goes towards the days between its orders, at most to
    half or double the present one, and calls between keep what visits no longer do. None where
    everything fits, or nothing within these bounds brings more than it costs.
    """
    seen = model.interval_days if visited_every is None else visited_every
    before = effort(model, practice, rhythms, rates)
    fittings = []
    for interval in INTERVALS:
        ratio = interval / model.interval_days
        if not 0.5 <= ratio <= 2.0 or ratio == 1.0:
            continue
        for between in range(MOST_BETWEEN + 1):
            wanted = AttentionModel(
                float(interval), between, model.visit_minutes, model.virtual_minutes
            )
            misfit = _misfit(model, wanted, buys_every, seen, costly=before.net < 0.0)
            if misfit is not None:
                fittings.append(Fitting(wanted, misfit))
    if not fittings:
        return None
    best = max(fittings, key=lambda one: effort(one.model, practice, rhythms, rates).net)
    gains = effort(best.model, practice, rhythms, rates).net > before.net
    return best if gains else None


def _misfit(
    model: AttentionModel, wanted: AttentionModel, buys: float, seen: float, *, costly: bool
) -> Misfit | None:
    """Why a customer would go from one model to another; None where nothing speaks for it."""
    if wanted.interval_days < model.interval_days:
        if wanted.virtual_between > model.virtual_between:
            return None
        faster = buys <= MUCH_FASTER * seen and wanted.interval_days >= LEAST_OF_CYCLE * buys
        return Misfit.BUYS_FASTER if faster else None
    # Calls between keep the contacts about as near as they were, and no nearer.
    grows = wanted.contact_step_days / model.contact_step_days
    if not STEP_MAY_SHRINK <= grows <= STEP_MAY_GROW:
        return None
    if costly:
        return Misfit.COSTS_MORE
    slower = buys >= MUCH_SLOWER * seen and wanted.interval_days <= buys * STEP_MAY_GROW
    return Misfit.BUYS_SLOWER if slower else None
