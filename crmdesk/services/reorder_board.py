"""What a person does on the reorder board: put picks into orders.

Quantities and prices of the orders are :mod:`crmdesk.services.orders`'s; what the board shows is
:mod:`crmdesk.services.queries.reorder`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from crmdesk.domain.changes import ChangeSet
from crmdesk.services.document_lines import LineInput
from crmdesk.services.orders import set_line, start_order
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Pick:
    """So many packs of a product for a customer; ``suggested`` in base units."""

    account_id: int
    product_id: int
    packaging_id: int | None
    packs: int
    suggested: int


@dataclass(frozen=True, slots=True)
class PicksAdded:
    """The drafts the picks went into, by account."""

    orders: dict[int, int]
    lines: int
    changes: ChangeSet


def add_to_orders(ws: Workspace, picks: Sequence[Pick]) -> PicksAdded:
    """Put picks into today's draft of each customer, starting it where there is none.

    A product that is already on the draft gets the new quantity.
    """
    orders: dict[int, int] = {}
    changes = ChangeSet()
    ordered = sorted(picks, key=lambda pick: pick.account_id)
    for account_id, group in groupby(ordered, key=lambda pick: pick.account_id):
        started = start_order(ws, account_id, suggested=False)
        orders[account_id] = started.order_id
        changes |= started.changes
        for pick in group:
            line = LineInput(pick.product_id, pick.packaging_id, pick.packs, pick.suggested)
            changes |= set_line(ws, started.order_id, line)
    return PicksAdded(orders, len(ordered), changes)
