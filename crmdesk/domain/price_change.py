"""Changing many prices at once: by a percent, by an amount, to a rounding rule.

Owns the arithmetic, in integers at 1e-4 of the major unit. Which prices are changed and when is
:mod:`crmdesk.services.price_lists`; what a change would have brought is
:mod:`crmdesk.analytics.price_simulation`.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.money import divide_half_even

MOST_E4 = 10**11


@dataclass(frozen=True, slots=True)
class PriceChange:
    """First the percent (basis points, may be negative), then the amount, then the rounding.

    ``step_e4`` rounds to the nearest multiple (half up), ``ending_e4`` is what prices end in within
    a step: a step of 10,000 and an ending of 9,900 give prices like 4.99.
    """

    percent_bp: int = 0
    amount_e4: int = 0
    step_e4: int = 1
    ending_e4: int = 0

    def __post_init__(self) -> None:
        if self.percent_bp <= -10_000 or self.percent_bp > 100_000:
            raise ValueError("percent")
        if abs(self.amount_e4) > MOST_E4:
            raise ValueError("amount")
        if not 1 <= self.step_e4 <= MOST_E4 or not 0 <= self.ending_e4 < self.step_e4:
            raise ValueError("rounding")

    @property
    def is_nothing(self) -> bool:
        """True when no price would move."""
        return self == NO_CHANGE

    def of(self, price_e4: int) -> int:
        """A price after the change; a price stays above nothing, and nothing stays nothing."""
        if price_e4 <= 0:
            return price_e4
        moved = divide_half_even(price_e4 * (10_000 + self.percent_bp), 10_000) + self.amount_e4
        steps = (2 * (moved - self.ending_e4) + self.step_e4) // (2 * self.step_e4)
        rounded = steps * self.step_e4 + self.ending_e4
        while rounded <= 0:
            rounded += self.step_e4
        return min(rounded, MOST_E4)


NO_CHANGE = PriceChange()
