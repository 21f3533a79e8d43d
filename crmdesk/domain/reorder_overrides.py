"""What a person may say against a suggestion, and for how long it holds.

Owns the kinds of ``reorder_override.kind`` and which of them take a SKU off the board. Writing them
is :mod:`crmdesk.services.reorder_overrides`'.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

LEAST_DAYS_OFF = 30


class OverrideKind(StrEnum):
    """Why a suggestion does not stand; the values are stored.

    ``NOT_NOW`` and ``WRONG_FORECAST`` put a SKU off until a day. ``QUANTITY`` keeps it and says
    how much instead (base units). ``DELISTED`` and ``SUBSTITUTED`` (by another product) end it.
    """

    NOT_NOW = "not_now"
    QUANTITY = "quantity"
    DELISTED = "delisted"
    SUBSTITUTED = "substituted"
    WRONG_FORECAST = "wrong_forecast"


SETS_ASIDE = frozenset(OverrideKind) - {OverrideKind.QUANTITY}
"""The kinds that take a SKU off the board and out of suggested orders."""
ENDS = frozenset({OverrideKind.DELISTED, OverrideKind.SUBSTITUTED})
"""The kinds after which the customer is not expected to buy the SKU again."""


def put_off_until(today: date, gap_days: float | None) -> date:
    """Until when "not now" holds: a month, or the SKU's own rhythm where that is longer."""
    return today + timedelta(days=max(LEAST_DAYS_OFF, round(gap_days or 0)))
