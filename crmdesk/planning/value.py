"""What a visit is worth as a function of the days since the last one.

Owns the value models a `Problem` can carry. Leaves the margins themselves to the reorder and value
analytics, which know the customer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class ValueModel(Protocol):
    """Turns a gap in days into an expected contribution and into days that count as overdue."""

    def visit_value(self, margin: float, interval_days: float, gap_days: float) -> float:
        """Expected contribution of a visit `gap_days` after the last one."""
        ...

    def overdue_days(self, interval_days: float, gap_days: float) -> float:
        """How many of the `gap_days` lie beyond what the customer was promised."""
        ...


@dataclass(frozen=True, slots=True)
class SaturatingValue:
    """Margin that builds up with the gap: M * (1 - exp(-((gap / interval) / scale) ^ power)).

    A visit right after another sells nothing; one at the usual gap about 70 %; waiting longer than
    `tolerance` intervals counts as overdue. Source: the planning instances' format.
    """

    scale: float = 0.9
    power: float = 2.2
    tolerance: float = 1.25

    def visit_value(self, margin: float, interval_days: float, gap_days: float) -> float:
        """Expected contribution of a visit `gap_days` after the last one."""
        if gap_days <= 0.0:
            return 0.0
        ratio = min(gap_days / interval_days / self.scale, 1e3)
        return float(margin * (1.0 - math.exp(-(ratio**self.power))))

    def overdue_days(self, interval_days: float, gap_days: float) -> float:
        """Days beyond `tolerance` intervals."""
        return max(0.0, gap_days - self.tolerance * interval_days)


def carried_value(model: ValueModel, margin: float, interval_days: float, gap_days: float) -> float:
    """What a customer is worth to the time after the plan, `gap_days` after the last visit.

    The relative value of a renewal process: at the usual interval a customer brings V(interval) /
    interval a day, which accrues from visit to visit; later, what a visit would bring at once.
    """
    at_interval = model.visit_value(margin, interval_days, interval_days)
    accrued = at_interval * min(1.0, max(0.0, gap_days) / interval_days)
    return max(accrued, model.visit_value(margin, interval_days, gap_days))


@dataclass(frozen=True, slots=True)
class CoverageValue:
    """Every customer counts the same: a visit is worth `worth` once its gap has passed.

    For plans that should reach everybody on time rather than earn the most.
    """

    worth: float = 100.0
    tolerance: float = 1.0

    def visit_value(
        self,
        margin: float,
        interval_days: float,
        gap_days: float,
    ) -> float:
        """The same for every customer; grows with the square of the gap up to the interval."""
        ratio = min(1.0, max(0.0, gap_days) / interval_days)
        return self.worth * ratio * ratio

    def overdue_days(self, interval_days: float, gap_days: float) -> float:
        """Days beyond `tolerance` intervals."""
        return max(0.0, gap_days - self.tolerance * interval_days)
