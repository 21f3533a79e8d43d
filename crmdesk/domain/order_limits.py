"""Limits of an order as a whole: the smallest one that is delivered, and the customer's credit.

Amounts are in minor units. Which debts count, and as of when, is the caller's to read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CreditCheck:
    """By how much an order passes the limit. ``mode`` is none, soft (warn) or hard (refuse)."""

    mode: str
    over_minor: int

    @property
    def warns(self) -> bool:
        """True where somebody should know."""
        return self.mode != "none" and self.over_minor > 0

    @property
    def blocks(self) -> bool:
        """True where the order cannot be submitted."""
        return self.mode == "hard" and self.over_minor > 0


def check_credit(
    mode: str, limit_minor: int | None, owed_minor: int, order_minor: int
) -> CreditCheck:
    """Hold debts and a new order against the limit; None is no limit."""
    if limit_minor is None:
        return CreditCheck("none", 0)
    return CreditCheck(mode, max(owed_minor + order_minor - limit_minor, 0))


def below_minimum_minor(net_minor: int, minimum_minor: int) -> int:
    """What is missing to the smallest order, 0 when it is reached."""
    return max(minimum_minor - net_minor, 0)
