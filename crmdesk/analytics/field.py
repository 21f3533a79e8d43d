"""How the field work went: coverage, plan compliance, strike rate, drop size, lines per call.

Owns the measures of the visits of a period, from arrays of one element per visit. Leaves the
choice of the period, of the person and of what counts as a visit to its callers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.figures import Figure, Missing, share
from crmdesk.domain.money import divide_half_even

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits done, one element each; an order's net in minor units, 0 without an order."""

    account: Ints
    ordered: Flags
    net_minor: Ints
    lines: Ints


@dataclass(frozen=True, slots=True)
class Planned:
    """Planned visits, one element each: the planned day, the day done (−1 if not), customer closed.

    A visit to a customer who was closed has a day done and is told apart from a missed one.
    """

    planned_day: Ints
    done_day: Ints
    closed: Flags


@dataclass(frozen=True, slots=True)
class Compliance:
    """Planned visits by what became of them; they add up to ``planned``."""

    planned: int
    on_day: int
    early_or_late: int
    closed: int
    missed: int
    share: Figure[float]


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """Figures of a period; money in minor units."""

    visits: int
    visits_with_order: int
    coverage: Figure[float]
    strike_rate: Figure[float]
    drop_size_minor: Figure[int]
    lines_per_call: Figure[float]


def field_figures(visits: Visits, assigned: Ints) -> FieldFigures:
    """Coverage, strike rate, drop size and lines per call.

    ``assigned`` holds the accounts assigned; visits to others do not count towards coverage.
    """
    done = len(visits.account)
    hits = int(visits.ordered.sum())
    accounts = np.unique(assigned)
    reached = int(np.isin(accounts, visits.account).sum())
    net = int(visits.net_minor[visits.ordered].sum())
    lines = int(visits.lines[visits.ordered].sum())
    no_order = Missing.NO_ORDERS if done else Missing.NO_VISITS
    return FieldFigures(
        visits=done,
        visits_with_order=hits,
        coverage=share(reached, len(accounts), Missing.NO_ACCOUNTS),
        strike_rate=share(hits, done, Missing.NO_VISITS),
        drop_size_minor=Figure(divide_half_even(net, hits)) if hits else Figure(None, no_order),
        lines_per_call=share(lines, hits, no_order),
    )


def plan_compliance(planned: Planned, today: int) -> Compliance:
    """Visits done on their planned day ÷ planned, with late, missed and closed apart.

    Visits planned for ``today`` or later that are not done yet are not judged.
    """
    done = planned.done_day >= 0
    judged = done | (planned.planned_day < today)
    total = int(judged.sum())
    closed = int((planned.closed & judged).sum())
    visited = done & ~planned.closed
    on_day = int((visited & (planned.done_day == planned.planned_day)).sum())
    other_day = int(visited.sum()) - on_day
    return Compliance(
        planned=total,
        on_day=on_day,
        early_or_late=other_day,
        closed=closed,
        missed=total - on_day - other_day - closed,
        share=share(on_day, total, Missing.NO_PLAN),
    )
