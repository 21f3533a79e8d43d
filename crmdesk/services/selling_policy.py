"""What the company has decided about selling, as far as a rep's documents go by it.

Owns reading these keys of ``organisation.policy``; whatever is missing or makes no sense has the
usual value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from crmdesk.domain.returning import RETURN_DAYS

STALE_STOCK_HOURS = 48
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SellingPolicy:
    """``below_cost`` is warn or block; hours and days are counted from now."""

    below_cost: str = "warn"
    stale_stock_hours: int = STALE_STOCK_HOURS
    return_days: int = RETURN_DAYS

    @property
    def blocks_below_cost(self) -> bool:
        """True where a line that brings less than it costs cannot be submitted."""
        return self.below_cost == "block"


def read_selling_policy(connection: Connection) -> SellingPolicy:
    """The policy in force."""
    text = connection.exec_driver_sql(
        "SELECT policy FROM organisation ORDER BY id LIMIT 1"
    ).scalar()
    try:
        found = json.loads(str(text)) if text else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        return SellingPolicy()
    return SellingPolicy(
        "block" if found.get("below_cost") == "block" else "warn",
        _whole(found.get("stale_stock_hours"), STALE_STOCK_HOURS),
        _whole(found.get("return_days"), RETURN_DAYS),
    )


def _whole(value: object, usual: int) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST
    return value if fits and isinstance(value, int) else usual
