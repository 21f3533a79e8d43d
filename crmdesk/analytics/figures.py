"""Figures that may have no meaning, and why.

Owns the pair "a value, or the reason there is none", so that no screen has to show a made-up zero.
Leaves the wording of reasons to the interface.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")


class Missing(StrEnum):
    """Why a figure has no meaning."""

    NO_ACCOUNTS = "no_accounts"
    NO_PLAN = "no_plan"
    NO_VISITS = "no_visits"
    NO_ORDERS = "no_orders"
    NO_SALES = "no_sales"
    NO_MARGIN = "no_margin"
    COST_UNKNOWN = "cost_unknown"
    RETENTION_TOO_HIGH = "retention_too_high"
    TOO_FEW_DAYS = "too_few_days"
    TOO_FEW_PURCHASES = "too_few_purchases"
    TOO_FEW_QUOTES = "too_few_quotes"
    NO_QUOTES = "no_quotes"
    TOO_FEW_DEALS = "too_few_deals"
    NO_DEALS = "no_deals"
    NO_ANSWERS = "no_answers"
    NO_TICKETS = "no_tickets"


@dataclass(frozen=True, slots=True)
class Figure(Generic[T]):
    """A value, or ``None`` with the reason."""

    value: T | None
    reason: Missing | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` unless exactly one of the two is given."""
        if (self.value is None) == (self.reason is None):
            raise ValueError("a figure has either a value or the reason why there is none")

    def then(self, change: Callable[[T], S]) -> "Figure[S]":
        """The figure computed from this one; the reason is handed on."""
        if self.value is None:
            return Figure(None, self.reason)
        return Figure(change(self.value))


def share(part: int, whole: int, reason: Missing) -> Figure[float]:
    """``part`` ÷ ``whole``, or the reason where ``whole`` is 0."""
    return Figure(part / whole) if whole else Figure(None, reason)
