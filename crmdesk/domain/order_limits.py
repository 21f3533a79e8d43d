"""Limits of an order as a whole: the smallest one that is delivered, and the customer's credit.

Amounts are in minor units. Which debts count, and as of when, is the caller's to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmdesk.i18n import _, format_date, format_money

MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes: open invoices less what was collected, and orders to be invoiced."""

    debts_minor: int
    ordered_minor: int = 0

    @property
    def owed_minor(self) -> int:
        """Both together."""
        return self.debts_minor + self.ordered_minor


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


def over_limit_sentence(
    exposure: Exposure, limit_minor: int, over_minor: int, currency: str, as_of: date
) -> str:
    """What a customer owes as of a day, what may be owed, and by how much an order passes it."""
    amounts = {
        "debts": format_money(exposure.debts_minor, currency),
        "ordered": format_money(exposure.ordered_minor, currency),
        "limit": format_money(limit_minor, currency),
        "over": format_money(over_minor, currency),
        "date": format_date(as_of),
    }
    if exposure.ordered_minor:
        return _(
            "The customer owes {debts} as of {date} and has ordered {ordered} more; the credit"
            " limit is {limit}. With this order it is passed by {over}."
        ).format(**amounts)
    return _(
        "The customer owes {debts} as of {date}; the credit limit is {limit}. With this order it"
        " is passed by {over}."
    ).format(**amounts)


def credit_reason(args: Mapping[str, Any]) -> str:
    """Why an order was accepted beyond a hard limit, from what its step says; empty without."""
    told = args.get("credit")
    reason = told.get("reason") if isinstance(told, Mapping) else None
    return reason.strip() if isinstance(reason, str) and len(reason) <= MOST_REASON else ""


def below_minimum_minor(net_minor: int, minimum_minor: int) -> int:
    """What is missing to the smallest order, 0 when it is reached."""
    return max(minimum_minor - net_minor, 0)
